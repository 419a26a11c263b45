"""Write the pickle inside a checkpoint, naming PyTorch's functions without PyTorch being there.

Python's own pickler imports every name it writes, to be sure that it exists; ``torch._utils._rebuild_tensor_v2`` does
not exist where this library runs. So the opcodes are written here: protocol 2, which every PyTorch reads. Containers
and numbers have their own opcodes, tensors go through `StoredTensor`, and any other object is written the way
``object.__reduce_ex__`` describes it.
"""

from __future__ import annotations

import copyreg
import pickle
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import islice
from types import FunctionType
from typing import Any

from tinygrad_i2dl.archive.records import STORAGE_CLASSES, StoredTensor, TorchCall, TorchName

__all__ = ["Pickle", "StorageSlice"]

BATCH = 1000  # items per APPENDS or SETITEMS: bounds the reader's stack
REBUILD_TENSOR = TorchName("torch._utils", "_rebuild_tensor_v2")
REBUILD_TENSOR_OF_DTYPE = TorchName("torch._utils", "_rebuild_tensor_v3")
REBUILD_PARAMETER = TorchName("torch._utils", "_rebuild_parameter")
UNTYPED_STORAGE = TorchName("torch.storage", "UntypedStorage")
ENCODE = TorchName("_codecs", "encode")

ToStored = Callable[[Any], StoredTensor | TorchCall | TorchName | None]


class StorageSlice:
    """Where a tensor's elements will lie: a storage's key and length and an offset, known when all tensors are."""

    __slots__ = ("elements", "key", "offset", "unit")

    def __init__(self) -> None:
        self.key = ""
        self.elements = 0  # the storage's length in `unit`
        self.offset = 0
        self.unit = 1


class Pickle:
    """One pickle being written; `finished` gives its bytes once the storage slices are filled in.

    Args:
        to_stored: tells what a value that is no plain Python is, or None to let Python's reduce protocol describe it.
        place: registers a tensor's array and returns its storage slice.
    """

    def __init__(self, to_stored: ToStored, place: Callable[[StoredTensor], StorageSlice]) -> None:
        self._to_stored = to_stored
        self._place = place
        self._parts: list[bytes | Callable[[], bytes]] = [b"\x80\x02"]
        self._memo: dict[Any, int] = {}
        self._kept: list[Any] = []  # what the memo knows by id() must stay alive

    def finished(self) -> bytes:
        """Return the pickle's bytes."""
        return b"".join(part if isinstance(part, bytes) else part() for part in self._parts) + b"."

    # Memo: a value written once is referred to by number afterwards, so that identity (and cycles) survive.

    def _remember(self, key: Any, value: Any = None) -> None:
        number = len(self._memo)
        self._memo[key] = number
        self._kept.append(value)
        self._write(b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<I", number))

    def _recall(self, key: Any) -> bool:
        number = self._memo.get(key)
        if number is None:
            return False
        self._write(b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<I", number))
        return True

    def _write(self, part: bytes) -> None:
        self._parts.append(part)

    # Values

    def save(self, value: Any) -> None:
        """Write one value and all it refers to.

        Raises:
            PicklingError: the value, or something inside it, cannot be written.
        """
        if self._recall(id(value)):
            return
        writer = WRITERS.get(type(value))
        if writer is not None:
            writer(self, value)
            return
        stored = self._to_stored(value)
        if isinstance(stored, StoredTensor):
            self._save_tensor(stored)
            self._remember(id(value), value)
        elif isinstance(stored, TorchName):
            self._save_name(stored)
        elif isinstance(stored, TorchCall):
            self._save_call(stored.function, stored.arguments)
            self._remember(id(value), value)
        elif isinstance(value, (type, FunctionType)):
            self._save_name(_importable_name(value))
        else:
            self._save_reduced(value)

    def _save_none(self, value: None) -> None:
        self._write(b"N")

    def _save_bool(self, value: bool) -> None:
        self._write(b"\x88" if value else b"\x89")

    def _save_int(self, value: int) -> None:
        self._write(_int_opcode(value))

    def _save_float(self, value: float) -> None:
        self._write(b"G" + struct.pack(">d", value))

    def _save_complex(self, value: complex) -> None:
        self._save_call(TorchName("__builtin__", "complex"), (value.real, value.imag))

    def _save_text(self, value: str) -> None:
        if not self._recall(("text", value)):
            encoded = value.encode("utf-8", "surrogatepass")
            self._write(b"X" + struct.pack("<I", len(encoded)) + encoded)
            self._remember(("text", value))

    def _save_bytes(self, value: bytes) -> None:
        # Protocol 2 has no opcode for bytes: they travel as the Latin-1 text of the same numbers.
        self._save_call(ENCODE, (value.decode("latin-1"), "latin1"))
        self._remember(id(value), value)

    def _save_bytearray(self, value: bytearray) -> None:
        self._save_call(TorchName("__builtin__", "bytearray"), (bytes(value),))
        self._remember(id(value), value)

    def _save_tuple(self, value: tuple[Any, ...]) -> None:
        if not value:
            self._write(b")")
            return
        short = len(value) <= 3
        if not short:
            self._write(b"(")
        for item in value:
            self.save(item)
        if id(value) in self._memo:  # an item led back to this tuple, which is complete by now: drop the second copy
            self._write(b"0" * len(value) if short else b"1")
            self._recall(id(value))
            return
        self._write((b"", b"\x85", b"\x86", b"\x87")[len(value)] if short else b"t")
        self._remember(id(value), value)

    def _save_list(self, value: list[Any]) -> None:
        self._write(b"]")
        self._remember(id(value), value)
        self._save_items(value)

    def _save_items(self, items: Iterable[Any]) -> None:
        for batch in _batches(items):
            self._write(b"(")
            for item in batch:
                self.save(item)
            self._write(b"e")

    def _save_dict(self, value: dict[Any, Any]) -> None:
        self._write(b"}")
        self._remember(id(value), value)
        self._save_pairs(value.items())

    def _save_pairs(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        for batch in _batches(pairs):
            self._write(b"(")
            for key, item in batch:
                self.save(key)
                self.save(item)
            self._write(b"u")

    def _save_ordered_dict(self, value: OrderedDict[Any, Any]) -> None:
        self._save_call(TorchName("collections", "OrderedDict"), ())
        self._remember(id(value), value)
        self._save_pairs(value.items())
        if vars(value):  # a state dict carries its modules' versions as the attribute `_metadata`
            self.save(dict(vars(value)))
            self._write(b"b")

    def _save_set(self, value: set[Any]) -> None:
        self._save_call(TorchName("__builtin__", "set"), (list(value),))
        self._remember(id(value), value)

    # Names, calls and tensors

    def _save_name(self, name: TorchName) -> None:
        if not self._recall(name):
            self._write(b"c" + f"{name.module}\n{name.name}\n".encode())
            self._remember(name)

    def _save_call(self, function: TorchName, arguments: tuple[Any, ...]) -> None:
        self._save_name(function)
        self.save(arguments)
        self._write(b"R")

    def _save_tensor(self, stored: StoredTensor) -> None:
        if stored.is_parameter:
            self._save_name(REBUILD_PARAMETER)
        element = stored.array.dtype.name
        typed = element in STORAGE_CLASSES
        self._save_name(REBUILD_TENSOR if typed else REBUILD_TENSOR_OF_DTYPE)
        place = self._place(stored)
        self._write(b"((")
        self._save_text("storage")
        self._save_name(TorchName("torch", STORAGE_CLASSES[element]) if typed else UNTYPED_STORAGE)
        self._parts.append(lambda: b"X" + struct.pack("<I", len(place.key)) + place.key.encode())
        self._save_text(stored.location)
        self._parts.append(lambda: _int_opcode(place.elements) + b"tQ" + _int_opcode(place.offset))
        self.save(tuple(map(int, stored.array.shape)))
        self.save(tuple(stride // stored.array.dtype.itemsize for stride in stored.array.strides))
        self._save_bool(stored.requires_grad and not stored.is_parameter)
        self._save_call(TorchName("collections", "OrderedDict"), ())  # PyTorch's backward hooks, never stored
        if not typed:
            self._save_name(TorchName("torch", element))
        self._write(b"tR")
        if stored.is_parameter:
            self._save_bool(stored.requires_grad)
            self._save_call(TorchName("collections", "OrderedDict"), ())
            self._write(b"\x87R")

    def _save_reduced(self, value: Any) -> None:
        """Write any other object as its reduce protocol describes it; only a reader that may run code will load it."""
        try:
            reduced = value.__reduce_ex__(2)
        except TypeError as error:
            raise pickle.PicklingError(f"cannot save a {type(value).__name__}: {error}") from error
        if isinstance(reduced, str):
            self._save_name(_importable_name(value, reduced))
            return
        function, arguments, state, items, pairs, *setter = (*reduced, None, None, None)[:6]
        if setter and setter[0] is not None:
            raise pickle.PicklingError(f"cannot save a {type(value).__name__}: it restores its state by a function")
        if function is copyreg.__newobj__:  # type: ignore[attr-defined]  # what classes without a constructor call give
            self.save(arguments[0])
            self.save(arguments[1:])
            self._write(b"\x81")
        else:
            self.save(function)
            self.save(arguments)
            self._write(b"R")
        self._remember(id(value), value)
        if items is not None:
            self._save_items(items)
        if pairs is not None:
            self._save_pairs(pairs)
        if state is not None:
            self.save(state)
            self._write(b"b")


WRITERS: dict[type, Callable[[Pickle, Any], None]] = {
    type(None): Pickle._save_none,
    bool: Pickle._save_bool,
    int: Pickle._save_int,
    float: Pickle._save_float,
    complex: Pickle._save_complex,
    str: Pickle._save_text,
    bytes: Pickle._save_bytes,
    bytearray: Pickle._save_bytearray,
    tuple: Pickle._save_tuple,
    list: Pickle._save_list,
    dict: Pickle._save_dict,
    OrderedDict: Pickle._save_ordered_dict,
    set: Pickle._save_set,
}


def _batches(items: Iterable[Any]) -> Iterable[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _int_opcode(value: int) -> bytes:
    if 0 <= value < 1 << 8:
        return b"K" + bytes([value])
    if 0 <= value < 1 << 16:
        return b"M" + struct.pack("<H", value)
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    encoded = pickle.encode_long(value)
    return (
        b"\x8a" + bytes([len(encoded)]) + encoded
        if len(encoded) < 256
        else b"\x8b" + struct.pack("<i", len(encoded)) + encoded
    )


def _importable_name(value: Any, name: str | None = None) -> TorchName:
    """Name a class or function by which a reader can import it, after making sure that the name leads to it."""
    name = getattr(value, "__qualname__", "") if name is None else name
    module = getattr(value, "__module__", None) or "builtins"
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not value:
        raise pickle.PicklingError(
            f"cannot save {value!r}: it is not importable as {module}.{name} (functions defined inside functions and "
            "lambdas are not); save what it was made from instead, such as a state_dict"
        )
    return TorchName("__builtin__" if module == "builtins" else module, name)
