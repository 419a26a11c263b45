"""Read a checkpoint: PyTorch's zip format, and the older format in which pickles and storages follow each other."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
from collections.abc import Callable, Mapping
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np

from tinygrad_i2dl.archive.container import Container
from tinygrad_i2dl.archive.rebuilding import AllowList, StorageClass, TypedStorage
from tinygrad_i2dl.archive.records import Builders, Storage, element_dtype
from tinygrad_i2dl.archive.unpickling import PICKLE_LIMIT, AllowedCall, unpickle

__all__ = ["read_archive"]

MapLocation = Callable[[Storage, str], Any] | Mapping[str, Any] | str | None
Bytes = np.ndarray[Any, np.dtype[np.uint8]]

ZIP_START = b"PK\3\4"
PYTHON_2_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # as protocol 2 calls them
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # the first of three pickles at the start of a file in the older format
LEGACY_PROTOCOL = 1001

# What people load by mistake: first bytes, and what they mean.
OTHER_FORMATS = (
    (b"\x93NUMPY", "a NumPy array; read it with numpy.load"),
    (b"version https://git-lfs", "a Git LFS pointer in place of the file itself; fetch it with `git lfs pull`"),
    (b"<", "a web page or XML, perhaps an error page saved in place of the download"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"\x89HDF", "an HDF5 file, as Keras writes; convert it in Keras"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8", "a picture"),
)


def read_archive(
    path_or_file: Any,
    builders: Builders | None = None,
    map_location: MapLocation = None,
    trusted_find: Callable[[str, str], Any] | None = None,
) -> Any:
    """Read a checkpoint that PyTorch or `write_archive` wrote, running no code from it.

    The file may name only what is on a fixed list of plain data; every size it claims is compared with what it holds
    before memory is allocated. Tensors that shared memory when they were saved share it again.

    Args:
        path_or_file: a path, or a seekable file object open for reading bytes.
        builders: make the tensors, dtypes, devices and shapes; by default NumPy arrays and plain values.
        map_location: where tensors are to live in place of where they lived: a device or its text, a dict from old to
            new, or a function of (storage, old location) that returns the storage, ``storage.cpu()``,
            ``storage.cuda(index)`` or None to leave it.
        trusted_find: None refuses every name off the list. A function of (module, name) gives up all protection: names
            off the list are looked up by it and *called as the file says*. Only for files whose makers you trust as
            much as a program you run; and only in the zip format.

    Raises:
        FileNotFoundError: no such file.
        EOFError: a file object has nothing left to read, as after writing without ``seek(0)``.
        RuntimeError: the file is damaged, or is no checkpoint.
        UnpicklingError: the file asks for more than plain data; the message says for what.

    >>> import io
    >>> from tinygrad_i2dl.archive import write_archive
    >>> file = io.BytesIO()
    >>> write_archive({"bias": np.zeros(2)}, file)
    >>> _ = file.seek(0)
    >>> read_archive(file)
    {'bias': array([0., 0.])}
    """
    if isinstance(path_or_file, (str, os.PathLike)):
        with open(path_or_file, "rb") as file:
            return _read(file, repr(os.fspath(path_or_file)), builders, map_location, trusted_find)
    if not all(hasattr(path_or_file, name) for name in ("read", "seek", "tell")):
        raise TypeError(
            "expected a path or a file object with read, seek and tell (wrap streams: io.BytesIO(stream.read())), got "
            f"{type(path_or_file).__name__}"
        )
    return _read(path_or_file, "the file object", builders, map_location, trusted_find)


def _read(
    file: BinaryIO,
    source: str,
    builders: Builders | None,
    map_location: MapLocation,
    trusted_find: Callable[[str, str], Any] | None,
) -> Any:
    position = file.tell()
    start = file.read(64)
    if not start:
        hint = f"; it stands at its end, byte {position}: call seek(0) before reading" if position else ""
        raise EOFError(f"{source} has nothing to read{hint}")
    names = AllowList(builders or Builders())
    locate = _Locations(map_location)
    if start.startswith(ZIP_START):
        return _read_zip(Container(file, source, position), source, names, locate, trusted_find)
    for magic, meaning in OTHER_FORMATS:
        if start.startswith(magic):
            raise UnpicklingError(f"{source} is no checkpoint but {meaning}")
    if not start.startswith(b"\x80"):
        raise UnpicklingError(
            f"{source} is no checkpoint: it starts with {start[:8]!r}, "
            "expected a zip archive or a pickle of protocol 2 or more"
        )
    file.seek(position)
    try:
        return _read_legacy(file.read(), source, names, locate)
    except UnpicklingError as error:
        raise UnpicklingError(f"cannot load {source}: {error}") from error.__cause__


def _interpret(
    data: bytes,
    source: str,
    names: AllowList,
    load_storage: Callable[[Any], TypedStorage],
    trusted_find: Callable[[str, str], Any] | None,
) -> Any:
    if trusted_find is None:
        try:
            return unpickle(data, names.find, load_storage)[0]
        except UnpicklingError as error:
            raise UnpicklingError(f"cannot load {source}: {error}") from error.__cause__
    return _TrustedUnpickler(data, names, load_storage, trusted_find).load()


class _TrustedUnpickler(pickle.Unpickler):
    """Python's unpickler for files that may run code, with PyTorch's own constructors replaced by ours."""

    def __init__(
        self,
        data: bytes,
        names: AllowList,
        load_storage: Callable[[Any], TypedStorage],
        trusted_find: Callable[[str, str], Any],
    ) -> None:
        super().__init__(io.BytesIO(data))
        self._names = names
        self._load_storage = load_storage
        self._trusted_find = trusted_find

    def find_class(self, module: str, name: str) -> Any:
        if not module.startswith("torch") or (module, name) not in self._names:
            return self._trusted_find(PYTHON_2_MODULES.get(module, module), name)
        found = self._names.find(module, name)
        return found.function if isinstance(found, AllowedCall) else found

    def persistent_load(self, pid: Any) -> TypedStorage:
        return self._load_storage(pid)


class _Locations:
    """Where storages are to live, as `map_location` says."""

    def __init__(self, map_location: MapLocation) -> None:
        self._map = map_location

    def place(self, memory: Bytes, location: str) -> Storage:
        """Return the storage for `memory` with its new location."""
        storage, wanted = Storage(memory, location), self._map
        if wanted is None:
            return storage
        if isinstance(wanted, Mapping):
            return Storage(memory, str(wanted.get(location, location)))
        if not callable(wanted):
            return Storage(memory, str(wanted))
        placed = wanted(Storage(memory, "cpu"), location)
        if placed is None:
            return storage
        if not isinstance(placed, Storage):
            raise TypeError(
                "map_location: the function must return the storage, storage.cpu(), storage.cuda(index) or None, got "
                f"{type(placed).__name__}"
            )
        return Storage(memory, placed.location)


def _parsed_id(pid: Any, length: int) -> tuple[StorageClass, str, str, int]:
    """Take apart and check what a pickle says about a storage: class, key, location and number of elements."""
    if type(pid) is not tuple or len(pid) != length or pid[0] != "storage":
        raise UnpicklingError("the file refers to something outside its pickle that is no storage")
    storage_class, key, location, elements = pid[1:5]
    if not isinstance(storage_class, StorageClass):
        raise UnpicklingError("the file describes a storage whose class is none of PyTorch's")
    if type(key) is not str or not (key.isascii() and key.replace("_", "").isalnum() and len(key) <= 100):
        raise UnpicklingError(f"the file describes a storage with the key {key!r:.100}; expected letters and digits")
    if type(location) is not str or len(location) > 100:
        raise UnpicklingError("the file describes a storage whose location is no short text")
    if type(elements) is not int or not 0 <= elements < 1 << 63:
        raise UnpicklingError(
            f"the file describes a storage of {elements!r:.100} elements; expected an integer of at least 0"
        )
    return storage_class, key, location, elements


def _itemsize(storage_class: StorageClass) -> int:
    return 1 if storage_class.element is None else int(element_dtype(storage_class.element).itemsize)


def _clean_bools(memory: Bytes, storage_class: StorageClass) -> None:
    """Make every byte of a bool storage 0 or 1: NumPy's loops rely on it."""
    if storage_class.element == "bool" and memory.size and memory.max() > 1:
        np.not_equal(memory, 0, out=memory.view(np.bool_))


# ------------------------------------------------------------------------------------------------- the zip format


def _read_zip(
    container: Container,
    source: str,
    names: AllowList,
    locate: _Locations,
    trusted_find: Callable[[str, str], Any] | None,
) -> Any:
    if "data.pkl" not in container:
        raise RuntimeError(
            f"{source} is a zip archive without a data.pkl, so no checkpoint; a .npz file is read with numpy.load"
        )
    if "constants.pkl" in container:
        raise RuntimeError(
            f"{source} is a TorchScript program (torch.jit.save), not a checkpoint; save its state_dict() in PyTorch"
        )
    if "byteorder" in container:
        if container.size("byteorder") > 100:
            raise RuntimeError(f"{source}: the member 'byteorder' is no short text")
        order = container.read("byteorder").tobytes()
        if order != sys.byteorder.encode():
            raise RuntimeError(
                f"{source} was written in the byte order {order!r}; this machine needs {sys.byteorder!r}"
            )
    if container.size("data.pkl") > PICKLE_LIMIT:
        raise RuntimeError(
            f"{source}: its pickle has {container.size('data.pkl'):,} bytes, "
            f"more than the {PICKLE_LIMIT:,} that are allowed; save large data as tensors, which lie outside the pickle"
        )
    storages: dict[str, tuple[StorageClass, Storage]] = {}

    def load_storage(pid: Any) -> TypedStorage:
        storage_class, key, location, elements = _parsed_id(pid, 5)
        member, size = f"data/{key}", elements * _itemsize(storage_class)
        if container.size(member) != size:
            raise UnpicklingError(
                f"the file claims a storage of {elements:,} elements ({size:,} bytes), but its member {member!r} has "
                f"{container.size(member):,} bytes; it is damaged or was made to deceive"
            )
        if key not in storages:
            memory = container.read(member)
            _clean_bools(memory, storage_class)
            storages[key] = storage_class, locate.place(memory, location)
        first_class, storage = storages[key]
        if storage_class != first_class and "bool" in (storage_class.element, first_class.element):
            raise UnpicklingError(f"the file describes the storage {key!r} as bool and as another type; it is refused")
        return TypedStorage(storage, storage_class.element, 0, elements)

    return _interpret(container.read("data.pkl").tobytes(), source, names, load_storage, trusted_find)


# ------------------------------------------------------------------------------------------------ the older format


def _read_legacy(data: bytes, source: str, names: AllowList, locate: _Locations) -> Any:
    """Read five pickles (magic number, version, machine, the value, storage keys) and the storages behind them.

    The pickle of the value comes first and names the storages' types, without which their bytes cannot be found. So it
    is interpreted twice: once over empty memory, to learn the types, and once over the storages.
    """
    position = 0

    def next_pickle(find: Callable[[str, str], Any], load_storage: Callable[[Any], Any]) -> Any:
        nonlocal position
        value, length = unpickle(data[position : position + PICKLE_LIMIT], find, load_storage)
        position += length
        return value

    def no_storage(pid: Any) -> Any:
        raise UnpicklingError("it names a storage where none is expected")

    if next_pickle(names.find, no_storage) != LEGACY_MAGIC:
        raise UnpicklingError(
            "it is a pickle, but no checkpoint of PyTorch; read it with Python's pickle if you trust it"
        )
    version = next_pickle(names.find, no_storage)
    if version != LEGACY_PROTOCOL:
        raise UnpicklingError(f"version {version!r:.100} of the older format; expected {LEGACY_PROTOCOL}")
    machine = next_pickle(names.find, no_storage)
    if type(machine) is not dict or machine.get("little_endian") is not (sys.byteorder == "little"):
        raise UnpicklingError(f"it was written in another byte order than this machine's, {sys.byteorder}")

    value_start = position
    declared = _DeclaredStorages(len(data))
    next_pickle(AllowList(NOTHING_BUILT).find, declared.load)
    keys = next_pickle(names.find, no_storage)
    if (
        type(keys) is not list
        or len(keys) != len(declared.found)
        or set(map(type, keys)) - {str}
        or set(keys) != set(declared.found)
    ):
        raise UnpicklingError("its list of storages does not fit the storages that its value uses")
    storages = {}
    for key in keys:
        storage_class, location, elements = declared.found[key]
        start = position + LENGTH.size
        end = start + elements * _itemsize(storage_class)
        if end > len(data) or LENGTH.unpack_from(data, position)[0] != elements:
            raise UnpicklingError(
                f"the storage {key!r} of {elements:,} elements is not where it should be; "
                "the file was cut short or changed"
            )
        memory = np.frombuffer(data, np.uint8, end - start, start).copy()
        _clean_bools(memory, storage_class)
        storages[key] = locate.place(memory, location)
        position = end

    def load_storage(pid: Any) -> TypedStorage:
        storage_class, key, _, elements = _parsed_id(pid, 6)
        return _part_of_storage(storages[key], storage_class, elements, pid[5])

    position = value_start
    return next_pickle(names.find, load_storage)


LENGTH = struct.Struct("<q")
NOTHING_BUILT = Builders(
    tensor=lambda stored: None,
    parameter=lambda tensor, requires_grad: None,
    attributes=lambda value, attributes: None,
)


class _DeclaredStorages:
    """The storages that a pickle of the older format uses, over empty memory that is never touched."""

    def __init__(self, available: int) -> None:
        self.found: dict[str, tuple[StorageClass, str, int]] = {}
        self._available = available

    def load(self, pid: Any) -> TypedStorage:
        storage_class, key, location, elements = _parsed_id(pid, 6)
        found = storage_class, location, elements
        if key not in self.found:
            self._available -= elements * _itemsize(storage_class)
            if self._available < 0:
                raise UnpicklingError(f"it claims a storage of {elements:,} elements, more than the whole file holds")
            self.found[key] = found
        elif self.found[key] != found:
            raise UnpicklingError(f"it describes the storage {key!r} in two ways")
        empty = np.zeros(elements * _itemsize(storage_class), np.uint8)
        return _part_of_storage(Storage(empty, location), storage_class, elements, pid[5])


def _part_of_storage(storage: Storage, storage_class: StorageClass, elements: int, part: Any) -> TypedStorage:
    """Apply the (key, offset, length) by which old files name a part of a storage."""
    if part is None:
        return TypedStorage(storage, storage_class.element, 0, elements)
    if type(part) is not tuple or len(part) != 3 or any(type(number) is not int for number in part[1:]):
        raise UnpicklingError("it describes a part of a storage by other things than a key, an offset and a length")
    _, start, length = part
    if not 0 <= start <= start + length <= elements:
        raise UnpicklingError(f"it describes elements {start} to {start + length} of a storage of {elements}")
    return TypedStorage(storage, storage_class.element, start, length)
