"""The names that a checkpoint may use, each with a constructor of our own that checks what it is given."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pickle import UnpicklingError
from typing import Any

import numpy as np

from tinygrad_i2dl.archive.records import ELEMENT_NAMES, STORAGE_CLASSES, Builders, Storage, StoredTensor, element_dtype
from tinygrad_i2dl.archive.unpickling import AllowedCall, checked_key

__all__ = ["AllowList", "StorageClass", "TypedStorage"]

DIMENSION_LIMIT = 64
# A stride of 0 shows one element many times, so a tensor may rightly claim more elements than its storage holds. Beyond
# this many, whoever touches it would need memory that the file does not account for.
EXPANDED_LIMIT = 1 << 31
TEXT_ENCODINGS = ("latin1", "latin-1", "utf-8", "utf8", "ascii")


@dataclass(frozen=True)
class StorageClass:
    """The class of a storage as a pickle names it; `element` is None for bytes without a type."""

    element: str | None


@dataclass(frozen=True)
class TypedStorage:
    """A storage, the element type that the pickle reads it as, and the part of it (in elements) that is meant."""

    storage: Storage
    element: str | None
    start: int
    length: int


def _checked_ints(what: str, values: Any) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)) or len(values) > DIMENSION_LIMIT:
        raise UnpicklingError(
            f"a tensor's {what} must be a tuple of at most {DIMENSION_LIMIT} integers, got {_short(values)}"
        )
    for value in values:
        if type(value) is not int or not 0 <= value < 1 << 63:
            raise UnpicklingError(
                f"a tensor's {what} must consist of integers of at least 0 and below 2^63, got {_short(values)}"
            )
    return tuple(values)


def _short(value: Any) -> str:
    if type(value) is tuple and all(type(item) is int and item.bit_length() < 200 for item in value[:100]):
        text = repr(value[:100])
        return text if len(text) < 200 else text[:200] + "..."
    return f"a value of type {type(value).__name__}"


def strided_view(typed: TypedStorage, element: str, offset: Any, size: Any, stride: Any) -> np.ndarray[Any, Any]:
    """View a storage as a tensor, after making sure that every element lies inside it. Nothing is copied."""
    size, stride = _checked_ints("size", size), _checked_ints("stride", stride)
    (offset,) = _checked_ints("offset", (offset,))
    if len(size) != len(stride):
        raise UnpicklingError(f"a tensor has size {size} but stride {stride}: their lengths differ")
    dtype = element_dtype(element)
    count, held = 1, typed.length
    for length in size:
        count *= length
    if count == 0:
        # Its strides say nothing, and no element is touched.
        return np.empty(0, dtype).reshape(size)
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if last >= held:
        raise UnpicklingError(
            f"a tensor of size {size}, stride {stride} and offset {offset} needs {last + 1:,} elements, "
            f"but its storage holds {held:,}; the file is damaged or was made to deceive"
        )
    if count > max(held, EXPANDED_LIMIT):
        raise UnpicklingError(
            f"a tensor of size {size} claims {count:,} elements over a storage of {held:,}; it is refused"
        )
    end = typed.start + typed.length
    flat = typed.storage.memory[typed.start * dtype.itemsize : end * dtype.itemsize].view(dtype)
    steps = tuple(step * dtype.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(flat[offset:], size, steps)


class _Rebuilders:
    """The constructors that PyTorch's checkpoints call, made of a reader's `Builders`."""

    def __init__(self, builders: Builders) -> None:
        self.builders = builders
        self.elements: dict[int, str] = {}  # id of a built dtype to its name; the values themselves live in `dtypes`
        self.dtypes: dict[str, Any] = {}

    def dtype(self, element: str) -> Any:
        if element not in self.dtypes:
            self.dtypes[element] = self.builders.dtype(element)
            self.elements[id(self.dtypes[element])] = element
        return self.dtypes[element]

    def tensor(self, storage: Any, offset: Any, size: Any, stride: Any) -> Any:
        return self.tensor_v2(storage, offset, size, stride, False, None)

    def tensor_v2(
        self, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any, metadata: Any = None
    ) -> Any:
        if not isinstance(storage, TypedStorage) or storage.element is None:
            raise UnpicklingError(f"a tensor's storage must be a typed storage of the file, got {_short(storage)}")
        return self._tensor(storage, storage.element, offset, size, stride, requires_grad, hooks, metadata)

    def tensor_v3(
        self,
        storage: Any,
        offset: Any,
        size: Any,
        stride: Any,
        requires_grad: Any,
        hooks: Any,
        dtype: Any,
        metadata: Any = None,
    ) -> Any:
        if not isinstance(storage, TypedStorage) or storage.element is not None:
            raise UnpicklingError(f"a tensor's storage must be an untyped storage of the file, got {_short(storage)}")
        element = self.elements.get(id(dtype))
        if element is None:
            raise UnpicklingError(f"a tensor's dtype must be a torch.dtype, got {_short(dtype)}")
        itemsize = element_dtype(element).itemsize
        if storage.start % itemsize or storage.length % itemsize:
            raise UnpicklingError(f"a storage of {storage.length} bytes cannot hold elements of {itemsize} bytes")
        storage = replace(storage, start=storage.start // itemsize, length=storage.length // itemsize)
        return self._tensor(storage, element, offset, size, stride, requires_grad, hooks, metadata)

    def _tensor(
        self,
        storage: TypedStorage,
        element: str,
        offset: Any,
        size: Any,
        stride: Any,
        requires_grad: Any,
        hooks: Any,
        metadata: Any,
    ) -> Any:
        if type(requires_grad) is not bool:
            raise UnpicklingError(f"a tensor's requires_grad must be a bool, got {_short(requires_grad)}")
        if hooks:
            raise UnpicklingError(
                "the file holds a tensor with backward hooks, which are functions and never loaded; save it without"
            )
        if metadata:
            raise UnpicklingError(
                "the file holds a tensor in PyTorch's lazy form (conjugated or negated); save it with "
                "resolve_conj() or resolve_neg()"
            )
        array = strided_view(storage, element, offset, size, stride)
        return self.builders.tensor(StoredTensor(array, requires_grad, location=storage.storage.location))

    def parameter(self, tensor: Any, requires_grad: Any, hooks: Any) -> Any:
        if type(requires_grad) is not bool:
            raise UnpicklingError(f"a parameter's requires_grad must be a bool, got {_short(requires_grad)}")
        if hooks:
            raise UnpicklingError(
                "the file holds a parameter with backward hooks, which are functions and never loaded; save it without"
            )
        return self.builders.parameter(tensor, requires_grad)

    def parameter_with_state(self, tensor: Any, requires_grad: Any, hooks: Any, state: Any) -> Any:
        return self._with_attributes(self.parameter(tensor, requires_grad, hooks), state)

    def from_type(self, function: Any, kind: Any, arguments: Any, state: Any) -> Any:
        function = function.function if type(function) is AllowedCall else function
        if not any(function == allowed for allowed in (self.tensor, self.tensor_v2, self.tensor_v3)):
            raise UnpicklingError(
                f"a tensor with attributes must be rebuilt by one of torch._utils, got {_short(function)}"
            )
        if kind is not TENSOR_CLASS:
            raise UnpicklingError(
                "the file holds a tensor of a subclass of torch.Tensor; save it as_subclass(torch.Tensor)"
            )
        return self._with_attributes(function(*arguments), state)

    def _with_attributes(self, value: Any, state: Any) -> Any:
        if type(state) is not dict or any(type(name) is not str or not _plain_attribute(name) for name in state):
            raise UnpicklingError("a tensor's attributes must be a dict of plain names")
        return self.builders.attributes(value, state) if state else value

    def size(self, sizes: Any) -> Any:
        return self.builders.size(_checked_ints("size", sizes))

    def device(self, kind: Any, index: Any = None) -> Any:
        if type(kind) is not str or len(kind) > 100 or not (index is None or type(index) is int):
            raise UnpicklingError("a torch.device must be made of a text and an integer")
        return self.builders.device(kind if index is None else f"{kind}:{index}")


def _plain_attribute(name: str) -> bool:
    return name.isidentifier() and not name.startswith("__")


class _NamedOnly:
    """A class that a pickle may name as an argument, and that is never called."""


TENSOR_CLASS = _NamedOnly()
NUMPY_ARRAY_CLASS = _NamedOnly()

# NumPy values: PyTorch's own weights_only mode refuses them unless asked; numbers are as harmless as tensors.


def _numpy_dtype(code: Any, align: Any = False, copy: Any = True) -> np.dtype[Any]:
    if type(code) is not str or len(code) > 10 or code.lstrip("<|=")[:1] not in tuple("biufc"):
        raise UnpicklingError(
            "a NumPy dtype that is no plain number type; convert the array to numbers before saving it"
        )
    return np.dtype(code)


def _complete_numpy_dtype(dtype: np.dtype[Any], state: Any) -> np.dtype[Any]:
    if type(state) is not tuple or len(state) < 2 or state[1] not in ("<", "|", "="):
        raise UnpicklingError("a NumPy dtype that is not little-endian; convert the array before saving it")
    return dtype


def _numpy_scalar(dtype: Any, content: Any) -> Any:
    if not isinstance(dtype, np.dtype) or type(content) is not bytes or len(content) != dtype.itemsize:
        raise UnpicklingError("a NumPy number whose bytes do not fit its dtype")
    return np.frombuffer(content, dtype)[0]


def _empty_numpy_array(kind: Any, shape: Any, code: Any) -> None:
    if kind is not NUMPY_ARRAY_CLASS:
        raise UnpicklingError("a subclass of numpy.ndarray; convert it with numpy.asarray before saving it")


def _complete_numpy_array(nothing: None, state: Any) -> np.ndarray[Any, Any]:
    if type(state) is not tuple or len(state) != 5:
        raise UnpicklingError("a NumPy array whose state has not the five parts that NumPy writes")
    _, shape, dtype, fortran_order, content = state
    shape = _checked_ints("size", shape)
    if not isinstance(dtype, np.dtype) or type(content) is not bytes:
        raise UnpicklingError("a NumPy array of other things than numbers")
    count = 1
    for length in shape:
        count *= length
    if count * dtype.itemsize != len(content):
        raise UnpicklingError(
            f"a NumPy array of shape {shape} and dtype {dtype} over {len(content):,} bytes; they do not fit"
        )
    flat = np.frombuffer(bytearray(content), dtype) if content else np.empty(0, dtype)  # a bytearray: writable
    return flat.reshape(shape, order="F" if fortran_order else "C")


# Python's own types, as functions that cannot be made to allocate what they are only told.


def _encode(text: Any, encoding: Any = "utf-8") -> bytes:
    if type(text) is not str or encoding not in TEXT_ENCODINGS:
        raise UnpicklingError("bytes must be given as a text and one of the encodings " + ", ".join(TEXT_ENCODINGS))
    return text.encode(encoding)


def _bytes(content: Any = b"") -> bytes:
    if type(content) not in (bytes, tuple, list):
        raise UnpicklingError(f"bytes must be made of bytes, got {_short(content)}")
    return bytes(content)


def _bytearray(content: Any = b"", encoding: Any = None) -> bytearray:
    return bytearray(_bytes(content) if encoding is None else _encode(content, encoding))


def _complex(real: Any, imaginary: Any = 0.0) -> complex:
    if type(real) not in (int, float) or type(imaginary) not in (int, float):
        raise UnpicklingError("a complex number must be made of two numbers")
    return complex(real, imaginary)


def _plain_set(items: Any = ()) -> set[Any]:
    if type(items) not in (list, tuple):
        raise UnpicklingError(f"a set must be made of a list, got {_short(items)}")
    return set(map(checked_key, items))


def _ordered_dict(pairs: Any = ()) -> OrderedDict[Any, Any]:
    if type(pairs) not in (tuple, list) or any(type(pair) not in (tuple, list) or len(pair) != 2 for pair in pairs):
        raise UnpicklingError(f"an OrderedDict must be made of pairs, got {_short(pairs)}")
    return OrderedDict((checked_key(key), value) for key, value in pairs)


def _counter(counts: Any = None) -> Counter[Any]:
    if counts is not None and type(counts) is not dict:
        raise UnpicklingError("a Counter must be made of a dict")
    return Counter(counts)


FACTORIES = {"list": list, "dict": dict, "set": set, "int": int, "float": float, "str": str, "bool": bool}


def _defaultdict(factory: Any = None) -> defaultdict[Any, Any]:
    if factory is None:
        return defaultdict(None)
    name = factory.name.rpartition(".")[2] if type(factory) is AllowedCall else None
    if name not in FACTORIES:
        raise UnpicklingError(f"a defaultdict whose default is made by a function other than {', '.join(FACTORIES)}")
    return defaultdict(FACTORIES[name])


def _never_called(name: str) -> Callable[..., Any]:
    def refuse(*arguments: Any) -> Any:
        raise UnpicklingError(f"it calls {name}, which may only be named as the default of a defaultdict")

    return refuse


class AllowList:
    """Everything a checkpoint may name. `find` is the only way from a name in a file to a value of ours."""

    def __init__(self, builders: Builders) -> None:
        rebuild = _Rebuilders(builders)
        calls: dict[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): _ordered_dict,
            ("collections", "defaultdict"): _defaultdict,
            ("collections", "Counter"): _counter,
            ("_codecs", "encode"): _encode,
            ("torch._utils", "_rebuild_tensor"): rebuild.tensor,
            ("torch._utils", "_rebuild_tensor_v2"): rebuild.tensor_v2,
            ("torch._utils", "_rebuild_tensor_v3"): rebuild.tensor_v3,
            ("torch._utils", "_rebuild_parameter"): rebuild.parameter,
            ("torch._utils", "_rebuild_parameter_with_state"): rebuild.parameter_with_state,
            ("torch._tensor", "_rebuild_from_type_v2"): rebuild.from_type,
            ("torch", "Size"): rebuild.size,
            ("torch", "device"): rebuild.device,
            ("numpy", "dtype"): _numpy_dtype,
        }
        completed_by: dict[tuple[str, str], Callable[[Any, Any], Any]] = {("numpy", "dtype"): _complete_numpy_dtype}
        for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            calls[module, "scalar"] = _numpy_scalar
            calls[module, "_reconstruct"] = _empty_numpy_array
            completed_by[module, "_reconstruct"] = _complete_numpy_array
        for module in ("__builtin__", "builtins"):
            calls |= {(module, name): _never_called(name) for name in FACTORIES}
            calls[module, "set"] = _plain_set
            calls[module, "bytes"] = _bytes
            calls[module, "bytearray"] = _bytearray
            calls[module, "complex"] = _complex
        self._dtype = rebuild.dtype
        self._values: dict[tuple[str, str], Any] = {
            key: AllowedCall(".".join(key), function, completed_by.get(key)) for key, function in calls.items()
        }
        for element, storage_class in STORAGE_CLASSES.items():
            self._values["torch", storage_class] = StorageClass(element)
            self._values["torch.cuda", storage_class] = StorageClass(element)
        self._values["torch.storage", "UntypedStorage"] = StorageClass(None)
        self._values["torch", "Tensor"] = TENSOR_CLASS
        self._values["numpy", "ndarray"] = NUMPY_ARRAY_CLASS

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._values or (key[0] == "torch" and key[1] in ELEMENT_NAMES)

    def find(self, module: str, name: str) -> Any:
        """Return the value or `AllowedCall` for a name, or raise UnpicklingError saying what the name means."""
        if module == "torch" and name in ELEMENT_NAMES:
            return self._dtype(name)
        try:
            return self._values[module, name]
        except KeyError:
            raise explained_refusal(module, name) from None


# What the names that are not allowed would do, and what helps: (module prefix, name prefix) to sentence.
REFUSALS = (
    (
        "torchvision",
        "",
        "a whole model was saved, of which loading runs code; save its state_dict() in PyTorch instead",
    ),
    ("torch.nn.", "", "a whole module was saved, of which loading runs code; save its state_dict() in PyTorch instead"),
    ("torch.optim", "", "a whole optimizer was saved, of which loading runs code; save its state_dict() instead"),
    ("torch._utils", "_rebuild_sparse", "a sparse tensor, which this library has not; save it with to_dense()"),
    ("torch._utils", "_rebuild_qtensor", "a quantized tensor, which this library has not; save it with dequantize()"),
    ("torch._utils", "_rebuild_nested", "a nested tensor, which this library has not; save its parts"),
    ("torch._utils", "_rebuild_meta", "a tensor on the device 'meta', which has no elements to load"),
    ("torch._utils", "_rebuild_device_tensor", "a tensor of a device that this library has not; save it with cpu()"),
    ("torch", "Q", "the storage of a quantized tensor, which this library has not; save it with dequantize()"),
    ("torch", "float8", "a dtype that this library has not; save the tensor in another"),
    ("torch", "complex32", "a dtype that this library has not; save the tensor as complex64"),
    ("torch", "", "a part of PyTorch that is no plain data, or that this library has not; save plain tensors instead"),
    (
        "numpy",
        "",
        "a NumPy object other than arrays of numbers; convert it to a tensor or a Python value before saving",
    ),
    ("argparse", "Namespace", "command line arguments; save vars(args), a dict, instead"),
    ("pathlib", "", "a path; save str(path) instead"),
    ("__main__", "", "an object of a class from the script that saved it; save plain values instead"),
    ("", "", "an object whose loading would run code that the file chooses"),
)


def explained_refusal(module: str, name: str) -> UnpicklingError:
    """Make the error for a name that is not allowed: what it is, what it means and what to do."""
    meaning = next(text for prefix, start, text in REFUSALS if module.startswith(prefix) and name.startswith(start))
    return UnpicklingError(
        f"the file asks for {module[:200]}.{name[:200]}, which is not on the list of plain data that may be loaded: "
        f"{meaning}. Only if you trust the file's maker as much as a program you run, load it with weights_only=False"
    )
