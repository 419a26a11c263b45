"""Operations that reduce dimensions: sums, means, extrema and their kin."""

from __future__ import annotations

from typing import Any

import numpy

from ..dtypes import to_numpy_dtype
from ..tensors import Tensor
from ._define import composite, primitive
from .movement import cast, expand_view, reshape_to, wrap_dims

__all__ = ["mean", "sum", "sum_to_size"]


def restored(g: Any, shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    """`g`, of a tensor of `shape` reduced over `dims` with or without keepdim, stretched back to `shape`."""
    kept = tuple(1 if axis in dims else size for axis, size in enumerate(shape))
    return expand_view(reshape_to(g, kept), tuple(shape))


@primitive("input")
def sum_over(xp: Any, input: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
    """Sum over the dimensions `dims`; integers and bools are summed as int64."""
    dtype = numpy.int64 if input.dtype.kind in "iub" else None
    return input.sum(axis=dims, keepdims=keepdim, dtype=dtype)


sum_over.op.title = "SumBackward0"
sum_over.gradient(lambda g, input_shape, dims: restored(g, input_shape, dims))


@composite(method=True)
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Sum over the dimension(s) `dim`, or over all of them.

    >>> import tinygrad_i2dl as torch
    >>> torch.sum(torch.ones(2, 3), dim=1)
    tensor([3., 3.])
    """
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    return sum_over(input, wrap_dims(dim, input.ndim), keepdim)


@primitive("input")
def mean_over(xp: Any, input: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
    """Mean over the dimensions `dims`; NaN over no elements."""
    if input.dtype.kind in "iub":
        raise RuntimeError(f"mean() needs floating-point elements, got {input.dtype}: convert with .float() or pass dtype=")
    return input.mean(axis=dims, keepdims=keepdim)


@mean_over.gradient
def _(g: Any, input_shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    count = 1
    for axis in dims:
        count *= input_shape[axis]
    return restored(g / count, input_shape, dims)


mean_over.op.title = "MeanBackward0"


@composite(method=True)
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Mean over the dimension(s) `dim`, or over all of them."""
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    return mean_over(input, wrap_dims(dim, input.ndim), keepdim)


@composite(method=True)
def sum_to_size(input: Any, *size: Any) -> Any:
    """Sum over the dimensions along which a tensor of shape `size` would be stretched to the shape of `input`."""
    shape = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    extra = input.ndim - len(shape)
    dims = (*range(extra), *(axis + extra for axis, n in enumerate(shape) if n == 1 and input.shape[axis + extra] != 1))
    result = sum_over(input, dims, False) if dims else input
    return reshape_to(result, tuple(shape))
