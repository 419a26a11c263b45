"""How a tensor lies in memory: its size and strides, contiguity, and the names of layouts and memory formats."""

from __future__ import annotations

from typing import Any

from ..backends import cupy as gpu
from ..dtypes import from_numpy_dtype
from ..tensors import Operations, Size, Tensor, make
from ._define import composite
from .movement import clone, wrap_dim

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "is_complex", "is_floating_point", "is_nonzero",
    "is_same_size", "is_signed", "is_tensor", "layout", "memory_format", "numel", "preserve_format", "strided",
]  # fmt: skip


class layout:
    """Kind of memory layout. The only one here is ``torch.strided``."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class memory_format:
    """Order of the dimensions in memory."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")

_CHANNELS_LAST = {"channels_last": 4, "channels_last_3d": 5}  # names, and the number of dimensions that they need


def _channels_last_dims(name: str, format: memory_format, ndim: int) -> int | None:
    """Number of dimensions where `format` puts the channels last, else None. Raises if the tensor does not have so
    many."""
    needed = _CHANNELS_LAST.get(format.name)
    if needed is not None and needed != ndim:
        raise RuntimeError(f"{name}(): {format} needs a tensor of {needed} dimensions, got {ndim}")
    return needed


@composite(method=True)
def contiguous(input: Tensor, memory_format: memory_format = contiguous_format) -> Tensor:
    """The tensor itself if its elements lie one after the other in memory, else a copy for which that holds.

    >>> import tinygrad_i2dl as torch
    >>> torch.zeros(2, 3).t().contiguous().stride()
    (2, 1)
    """
    if is_contiguous(input, memory_format):
        return input
    _channels_last_dims("contiguous", memory_format, input.ndim)
    result: Tensor = clone(input, memory_format)
    return result


def is_contiguous(self: Tensor, memory_format: memory_format = contiguous_format) -> bool:
    """Whether the elements lie one after the other in memory, the last dimension fastest (or in the order of
    `memory_format`)."""
    array = self._array
    if memory_format.name in _CHANNELS_LAST:
        if array.ndim != _CHANNELS_LAST[memory_format.name]:
            return False
        expected = array.itemsize
        for dim in (1, *range(array.ndim - 1, 1, -1), 0):
            if array.shape[dim] != 1:
                if array.strides[dim] != expected:
                    return False
                expected *= array.shape[dim]
        return True
    return bool(array.flags.c_contiguous)


def _size(self: Tensor, dim: int | None = None) -> Any:
    """Size of every dimension, or of the dimension `dim`.

    >>> import tinygrad_i2dl as torch
    >>> torch.zeros(2, 3).size(), torch.zeros(2, 3).size(-1)
    (torch.Size([2, 3]), 3)
    """
    shape = self._array.shape
    return Size(shape) if dim is None else shape[wrap_dim(dim, len(shape))] if shape else wrap_dim_of_none(dim)


def wrap_dim_of_none(dim: int) -> int:
    """A tensor without dimensions has no size to ask for."""
    raise IndexError(f"dimension {dim} of a tensor that has no dimensions")


def _stride(self: Tensor, dim: int | None = None) -> Any:
    """Distance in elements between neighbours along every dimension, or along `dim`."""
    array = self._array
    strides = tuple([step // array.itemsize for step in array.strides])
    return strides if dim is None else strides[wrap_dim(dim, array.ndim)]


def numel(input: Tensor) -> int:
    """Number of elements.

    >>> import tinygrad_i2dl as torch
    >>> torch.numel(torch.zeros(2, 3))
    6
    """
    return int(input._array.size)


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are floating-point numbers."""
    return from_numpy_dtype(input._array.dtype).is_floating_point


def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex numbers: never, here."""
    return False


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers."""
    return from_numpy_dtype(input._array.dtype).is_signed


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element of `input` is not zero. Raises `RuntimeError` if it has more or fewer."""
    if input._array.size != 1:
        raise RuntimeError(f"is_nonzero() needs a tensor with exactly one element, got shape {tuple(input.shape)}")
    return bool(input._array.item() != 0)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape."""
    return bool(input._array.shape == other._array.shape)


def _storage_offset(self: Tensor) -> int:
    """Distance in elements of the first element from the start of the memory that the tensor lies in."""
    if self._array.size == 0:
        return 0
    base = self._array
    while getattr(base, "base", None) is not None and hasattr(base.base, "__array_interface__"):
        base = base.base
    return int((_data_ptr(self) - base.__array_interface__["data"][0]) // self._array.itemsize)


def _data_ptr(self: Tensor) -> int:
    """Address of the first element; 0 if there is none."""
    array = self._array
    if array.size == 0:
        return 0
    return int(array.data.ptr) if self.is_cuda else int(array.__array_interface__["data"][0])


def _get_device(self: Tensor) -> int:
    """Number of the GPU that the tensor is on, -1 for main memory."""
    return -1 if not self.is_cuda else int(self._array.device.id)


def _share_memory_(self: Tensor) -> Tensor:
    """The tensor itself: threads share its memory as it is."""
    return self


def _pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """A copy in page-locked memory, from which transfers to a GPU are fast and may run beside the computation; the
    tensor itself where there is no GPU, or if it lies there already.

    Raises:
        RuntimeError: the tensor is on a GPU.
    """
    if self.is_cuda:
        raise RuntimeError(f"pin_memory() is for tensors in main memory, this one is on {self.device}")
    if gpu.connect() is None or gpu.is_pinned(self._array):
        return self
    return make(gpu.pinned(self._array))


_METHODS = {
    "size": _size,
    "stride": _stride,
    "dim": lambda self: self._array.ndim,
    "ndimension": lambda self: self._array.ndim,
    "numel": numel,
    "nelement": numel,
    "element_size": lambda self: self._array.itemsize,
    "storage_offset": _storage_offset,
    "data_ptr": _data_ptr,
    "is_contiguous": is_contiguous,
    "is_floating_point": is_floating_point,
    "is_complex": is_complex,
    "is_signed": is_signed,
    "is_nonzero": is_nonzero,
    "is_same_size": is_same_size,
    "is_inference": lambda self: False,
    "is_pinned": lambda self, device=None: not self.is_cuda and gpu.is_pinned(self._array),
    "pin_memory": _pin_memory,
    "is_shared": lambda self: False,
    "share_memory_": _share_memory_,
    "is_conj": lambda self: False,
    "is_neg": lambda self: False,
    "resolve_conj": lambda self: self,
    "resolve_neg": lambda self: self,
    "get_device": _get_device,
    "has_names": lambda self: False,
}
_ATTRIBUTES = {
    "layout": lambda self: strided,
    "itemsize": lambda self: self._array.itemsize,
    "nbytes": lambda self: self._array.nbytes,
    "names": lambda self: (None,) * self._array.ndim,
    "is_cpu": lambda self: not self.is_cuda,
    "is_meta": lambda self: False,
    "is_mps": lambda self: False,
    "is_sparse": lambda self: False,
    "is_quantized": lambda self: False,
    "is_nested": lambda self: False,
}
for _name, _function in _METHODS.items():
    setattr(Operations, _name, _function)
for _name, _function in _ATTRIBUTES.items():
    setattr(Operations, _name, property(_function))
