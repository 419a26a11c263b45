"""What a checkpoint says about tensors and about PyTorch's own small values, free of any tensor class."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinygrad_i2dl import dtypes

__all__ = [
    "ELEMENT_NAMES",
    "STORAGE_CLASSES",
    "Builders",
    "Storage",
    "StoredTensor",
    "TorchCall",
    "TorchName",
    "element_dtype",
]

Array = Any

# PyTorch's class name for the storage of each element type. The types without a class came later to PyTorch: their
# bytes are an untyped storage, and the tensor's record names the dtype.
STORAGE_CLASSES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
    "complex64": "ComplexFloatStorage",
    "complex128": "ComplexDoubleStorage",
}
ELEMENT_NAMES = (*STORAGE_CLASSES, "uint16", "uint32", "uint64")


def element_dtype(name: str) -> Any:
    """Return the NumPy dtype for one of `ELEMENT_NAMES`; bfloat16 needs the package ml_dtypes."""
    return dtypes.bfloat16.numpy if name == "bfloat16" else np.dtype(name)


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as a file holds it.

    Attributes:
        array: the elements; strides and shared memory are kept, so that two tensors that alias before alias after.
        requires_grad: whether it asks for a gradient.
        is_parameter: whether it is a module's parameter (only for writing; a reader learns of it from
        `Builders.parameter`). location: PyTorch's name for where it lives, such as ``"cpu"`` or ``"cuda:0"``.
    """

    array: Array
    requires_grad: bool = False
    is_parameter: bool = False
    location: str = "cpu"


@dataclass(frozen=True)
class TorchName:
    """A value that PyTorch finds under a name, such as the dtype ``TorchName("torch", "float32")``."""

    module: str
    name: str

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class TorchCall:
    """A value that PyTorch makes by calling a name, such as ``TorchCall(TorchName("torch", "Size"), ((2, 3),))``."""

    function: TorchName
    arguments: tuple[Any, ...]


class Storage:
    """The bytes of one storage of a file and where they are to live; `map_location` functions receive and return it.

    >>> storage = Storage(np.zeros(8, np.uint8), "cuda:0")
    >>> storage.cpu().location
    'cpu'
    """

    __slots__ = ("location", "memory")

    def __init__(self, memory: Array, location: str) -> None:
        self.memory = memory
        self.location = location

    def cpu(self) -> Storage:
        """Return the same bytes, to live in main memory."""
        return Storage(self.memory, "cpu")

    def cuda(self, device: int = 0) -> Storage:
        """Return the same bytes, to live on CUDA device number `device`."""
        return Storage(self.memory, f"cuda:{device}")

    def nbytes(self) -> int:
        """Return the size in bytes."""
        return int(self.memory.nbytes)

    def __len__(self) -> int:
        return int(self.memory.nbytes)


def _refuse_attributes(value: Any, attributes: dict[str, Any]) -> Any:
    raise pickle.UnpicklingError(
        f"the file holds a tensor with Python attributes ({', '.join(sorted(attributes))}), which this reader cannot "
        "attach; save it without them"
    )


class Builders(NamedTuple):
    """How a reader turns what it finds into values; the defaults make NumPy arrays, names and tuples.

    Attributes:
        tensor: makes a tensor from its record. Called once per tensor in the file.
        parameter: makes a parameter from what `tensor` made, and whether it requires a gradient.
        dtype: makes a dtype from its name, such as ``"float32"``.
        device: makes a device from its text, such as ``"cuda:0"``.
        size: makes a shape from a tuple of ints.
        attributes: attaches Python attributes to what `tensor` or `parameter` made and returns it.
    """

    tensor: Callable[[StoredTensor], Any] = lambda stored: stored.array
    parameter: Callable[[Any, bool], Any] = lambda tensor, requires_grad: tensor
    dtype: Callable[[str], Any] = lambda name: TorchName("torch", name)
    device: Callable[[str], Any] = lambda text: TorchCall(TorchName("torch", "device"), (text,))
    size: Callable[[tuple[int, ...]], Any] = lambda sizes: sizes
    attributes: Callable[[Any, dict[str, Any]], Any] = _refuse_attributes
