"""Meeting NumPy and other array libraries: protocols by which tensors and foreign arrays become each other."""

from __future__ import annotations

from typing import Any

import numpy

from .dtypes import from_numpy_dtype
from .tensors import Operations, Tensor, current_node, make

__all__ = ["from_dlpack", "to_dlpack"]


def _array_wrap(self: Tensor, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """What a NumPy function makes of a tensor is a tensor again: ``numpy.exp(tensor)``."""
    try:
        from_numpy_dtype(array.dtype)
    except TypeError:
        return array
    return make(numpy.asarray(array))


def _dlpack(
    self: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
) -> Any:
    """The memory as a DLPack capsule, for ``other_library.from_dlpack(tensor)``."""
    if current_node(self) is not None:
        raise BufferError("a tensor that requires a gradient cannot be given to another library: use tensor.detach()")
    array = self._array
    if not array.flags.writeable:
        array = array.copy()
    if max_version is None:
        return array.__dlpack__(stream=stream)
    return array.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)


def _dlpack_device(self: Tensor) -> Any:
    return self._array.__dlpack_device__()


def _cuda_array_interface(self: Tensor) -> Any:
    if not self.is_cuda:
        raise AttributeError("a tensor in main memory has no __cuda_array_interface__: move it by tensor.cuda() first")
    return self._array.__cuda_array_interface__


Operations.__array_wrap__ = _array_wrap
Operations.__dlpack__ = _dlpack
Operations.__dlpack_device__ = _dlpack_device
Operations.__cuda_array_interface__ = property(_cuda_array_interface)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of another library's array that speaks DLPack.

    >>> import numpy
    >>> import tinygrad_i2dl as torch
    >>> array = numpy.zeros(2, dtype="float32")
    >>> tensor = torch.from_dlpack(array)
    >>> array[0] = 5
    >>> tensor
    tensor([5., 0.])

    Raises:
        TypeError: the object has no ``__dlpack__``.
    """
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(
            f"from_dlpack() needs an array that has __dlpack__, got {type(ext_tensor).__name__}; "
            "capsules of the old protocol are not taken: pass the array itself"
        )
    array = numpy.from_dlpack(ext_tensor)
    from_numpy_dtype(array.dtype)
    return make(array)


def to_dlpack(tensor: Tensor) -> Any:
    """The DLPack capsule of a tensor."""
    return tensor.__dlpack__()
