"""Tensors from data, and tensors filled with something."""

from __future__ import annotations

from typing import Any

import numpy

from ..devices import is_cpu
from ..dtypes import from_numpy_dtype, get_default_dtype, to_numpy_dtype
from ..tensors import Tensor, make

__all__ = ["from_numpy", "full", "ones", "tensor", "zeros"]


def placed(array: Any, device: Any, requires_grad: bool) -> Tensor:
    """A Tensor of `array` on `device`."""
    if not is_cpu(device):
        raise RuntimeError(f"device {device!r} is not available")  # the GPU backend replaces this
    result = make(array)
    return result.requires_grad_() if requires_grad else result


def array_of(data: Any, dtype: Any) -> Any:
    """A new NumPy array of nested sequences, numbers, arrays or tensors, with PyTorch's choice of dtype where None is asked."""
    wanted = None if dtype is None else to_numpy_dtype(dtype)
    if isinstance(data, Tensor):
        return numpy.array(data._array, dtype=wanted, order="C")
    if isinstance(data, (numpy.ndarray, numpy.generic)):
        array = numpy.array(data, dtype=wanted, order="C", subok=False)
        from_numpy_dtype(array.dtype)
        return array
    if isinstance(data, (list, tuple)):
        data = _plain(data)
    try:
        array = numpy.array(data, dtype=wanted)
    except ValueError as error:
        raise ValueError(f"expected nested sequences of equal length and numbers, as for a rectangular array: {error}") from error
    if wanted is None:
        if array.dtype == numpy.float64 and not _holds_float64_arrays(data):
            array = array.astype(get_default_dtype().numpy)
        if array.dtype == object or array.dtype.kind in "USOM":
            raise TypeError(f"a tensor is made of numbers, got {data!r:.80}")
    if array.size == 0 and wanted is None and array.dtype.kind == "f":
        array = array.astype(get_default_dtype().numpy)
    return array


def _plain(data: Any) -> Any:
    """Nested sequences with the tensors in them replaced by arrays or numbers."""
    return [
        _plain(each) if isinstance(each, (list, tuple)) else each._array if isinstance(each, Tensor) else each for each in data
    ]


def _holds_float64_arrays(data: Any) -> bool:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (numpy.ndarray, numpy.float64)) and data.dtype == numpy.float64


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A new tensor with a copy of `data`: a number, nested sequences of numbers, an array or a tensor.

    Python floats become the default dtype, integers int64, bools bool; arrays keep their dtype.

    >>> import tinygrad_i2dl as torch
    >>> torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    return placed(array_of(data, dtype), device, requires_grad)


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares memory with a NumPy array."""
    if not isinstance(ndarray, numpy.ndarray):
        raise TypeError(f"from_numpy() needs a numpy.ndarray, got {type(ndarray).__name__}")
    from_numpy_dtype(ndarray.dtype)
    return make(ndarray.view(numpy.ndarray) if type(ndarray) is not numpy.ndarray else ndarray)


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    if len(size) == 1 and not isinstance(size[0], int) and not isinstance(size[0], Tensor):
        size = tuple(size[0])
    shape = tuple(int(each) for each in size)
    if any(each < 0 for each in shape):
        raise RuntimeError(f"a size cannot be negative, got shape {list(shape)}")
    return shape


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of shape `size` filled with one value, whose type decides the dtype unless `dtype` is given."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    wanted = to_numpy_dtype(type(value) if dtype is None else dtype)
    return placed(numpy.full(_shape((size,)), value, dtype=wanted), device, requires_grad)


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return placed(numpy.zeros(_shape(size), dtype=to_numpy_dtype(dtype or get_default_dtype())), device, requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return placed(numpy.ones(_shape(size), dtype=to_numpy_dtype(dtype or get_default_dtype())), device, requires_grad)
