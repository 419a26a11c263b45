"""Operations that move or re-arrange elements: views where memory allows it, copies otherwise."""

from __future__ import annotations

from typing import Any

import numpy

from ..dtypes import dtype as torch_dtype
from ..dtypes import to_numpy_dtype
from ..engine.mode import state
from ..errors import DtypeError, ShapeError
from ..tensors import Operations, Tensor, make, rebase, refuse_change, version_of
from ._define import composite, explain, node_of, primitive, view

__all__ = ["cat", "clone", "fill", "permute", "reshape", "stack", "transpose", "unbind", "unsqueeze"]


def wrap_dim(dim: int, ndim: int, name: str = "dim") -> int:
    """`dim` counted from the front. Raises `IndexError` if a tensor of `ndim` dimensions has no such dimension."""
    size = ndim if ndim > 0 else 1
    if not -size <= dim < size:
        raise IndexError(f"dimension out of range: expected {name} between {-size} and {size - 1}, got {dim}")
    return dim + size if dim < 0 else dim


def wrap_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the front, as a tuple; None or an empty sequence mean all of them."""
    if dim is None:
        return tuple(range(ndim))
    if isinstance(dim, int):
        return (wrap_dim(dim, ndim),) if ndim else ()
    dims = tuple(wrap_dim(int(each), ndim) for each in dim)
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"dim names a dimension more than once: {tuple(dim)} of {ndim} dimensions")
    return dims if dims and ndim else tuple(range(ndim))


def sizes_from(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given as ``f(2, 3)`` or ``f((2, 3))``."""
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        arguments = tuple(arguments[0])
    return tuple(int(size) for size in arguments)


def fill_in_size(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """`shape` with its -1, if any, replaced so that it has `count` elements."""
    if -1 in shape:
        known = 1
        for size in shape:
            known *= size if size != -1 else 1
        if shape.count(-1) > 1:
            raise RuntimeError(f"only one size can be inferred (-1), got shape {list(shape)}")
        if known == 0 or count % known:
            raise RuntimeError(f"shape {list(shape)} is invalid for a tensor of {count} elements: -1 cannot be inferred")
        shape = tuple(count // known if size == -1 else size for size in shape)
    product = 1
    for size in shape:
        product *= size
        if size < 0:
            raise RuntimeError(f"invalid size {size} in shape {list(shape)}")
    if product != count:
        raise ShapeError(f"shape {list(shape)} is invalid for a tensor of {count} elements")
    return shape


# ---------------------------------------------------------------- shape


@view()
def reshape_to(xp: Any, input: Any, shape: tuple[int, ...]) -> Any:
    """The elements in another shape: a view if the memory allows it, else a copy."""
    return input.reshape(shape)


reshape_to.op.title = "ReshapeBackward0"
reshape_to.gradient(lambda g, input_shape: reshape_to(g, input_shape))


@composite
def reshape(input: Any, shape: Any) -> Any:
    """The elements of `input` in another shape; one size may be -1.

    >>> import tinygrad_i2dl as torch
    >>> torch.reshape(torch.arange(4), (2, -1))
    tensor([[0, 1],
            [2, 3]])
    """
    return reshape_to(input, fill_in_size(sizes_from((shape,)), input._array.size if isinstance(input, Tensor) else input.size))


@view()
def permute(xp: Any, input: Any, dims: Any) -> Any:
    """View with the dimensions in the order `dims`."""
    if len(dims) != input.ndim:
        raise RuntimeError(f"permute() needs one entry for each of the {input.ndim} dimensions, got dims={tuple(dims)}")
    return input.transpose(wrap_dims(dims, input.ndim))


permute.gradient(lambda g, dims: permute(g, tuple(int(i) for i in numpy.argsort([d % len(dims) for d in dims]))))


@view(method=True)
def transpose(xp: Any, input: Any, dim0: int, dim1: int) -> Any:
    """View with two dimensions exchanged."""
    if input.ndim == 0:
        wrap_dim(dim0, 0), wrap_dim(dim1, 0)
        return input[...]
    return input.swapaxes(wrap_dim(dim0, input.ndim), wrap_dim(dim1, input.ndim))


transpose.gradient(lambda g, dim0, dim1: transpose(g, dim0, dim1))


@view()
def expand_view(xp: Any, input: Any, shape: tuple[int, ...]) -> Any:
    """View stretched to `shape` along dimensions of size 1 and new leading dimensions, without copying."""
    result = xp.broadcast_to(input, shape)
    if xp is numpy:
        result = numpy.lib.stride_tricks.as_strided(input, shape, result.strides)  # writable, as PyTorch's is
    return result


expand_view.op.title = "ExpandBackward0"
expand_view.gradient(lambda g: g)  # the engine sums over stretched dimensions


@view()
def unsqueeze(xp: Any, input: Any, dim: int) -> Any:
    """View with a new dimension of size 1 at `dim`."""
    return xp.expand_dims(input, wrap_dim(dim, input.ndim + 1))


unsqueeze.gradient(lambda g, input_shape: reshape_to(g, input_shape))


@view()
def squeeze_dims(xp: Any, input: Any, dims: tuple[int, ...]) -> Any:
    """View without the dimensions `dims`, which have size 1."""
    return input.reshape([size for axis, size in enumerate(input.shape) if axis not in dims])


squeeze_dims.gradient(lambda g, input_shape: reshape_to(g, input_shape))


@view(several=True)
def unbind(xp: Any, input: Any, dim: int = 0) -> Any:
    """Views of all slices along `dim`, as a tuple."""
    dim = wrap_dim(dim, input.ndim)
    return tuple(input[(slice(None),) * dim + (i, Ellipsis)] for i in range(input.shape[dim]))


unbind.gradient(lambda g, dim: stack_on(list(g), dim))


# ---------------------------------------------------------------- joining


@primitive("tensors*", promotes=())
def concatenate(xp: Any, dim: int, tensors: Any) -> Any:
    """Tensors joined along an existing dimension."""
    return xp.concatenate(tensors, axis=dim)


@concatenate.gradient
def _(g: Any, dim: int, tensors_shape: Any) -> Any:
    shares, start = [], 0
    for shape in tensors_shape:
        shares.append(g[(slice(None),) * dim + (slice(start, start + shape[dim]),)])
        start += shape[dim]
    return shares


@primitive("tensors*")
def stack_on(xp: Any, tensors: Any, dim: int) -> Any:
    """Tensors of one shape joined along a new dimension."""
    return xp.stack(tensors, axis=dim)


stack_on.gradient(lambda g, dim: unbind(g, dim))


@composite
def cat(tensors: Any, dim: int = 0) -> Any:
    """Tensors joined along an existing dimension.

    >>> import tinygrad_i2dl as torch
    >>> torch.cat([torch.zeros(1, 2), torch.ones(1, 2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    tensors = list(tensors)
    return concatenate(wrap_dim(dim, tensors[0].ndim), tensors)


@composite
def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape joined along a new dimension."""
    tensors = list(tensors)
    return stack_on(tensors, wrap_dim(dim, tensors[0].ndim + 1))


# ---------------------------------------------------------------- copies and casts


@primitive("input", method=True)
def clone(xp: Any, input: Any) -> Any:
    """Copy with its own memory; gradients flow through."""
    return input.copy()


clone.gradient(lambda g: g)


@primitive("input", method="_cast")
def cast(xp: Any, input: Any, dtype: Any) -> Any:
    """The values in another (NumPy) dtype."""
    return input.astype(dtype)


cast.op.title = "ToCopyBackward0"
cast.gradient(lambda g: g)  # the engine casts it to the input's dtype


@primitive("input", "src", method=False, inplace=True)
def copy(xp: Any, input: Any, src: Any) -> Any:
    """The values of `src`, broadcast to the shape and cast to the dtype of `input`."""
    return xp.broadcast_to(src, input.shape).astype(input.dtype)


copy.gradient(src=lambda g: g)


@primitive("input", "value", method=True, inplace=True)
def fill(xp: Any, input: Any, value: Any) -> Any:
    """Tensor of the shape and dtype of `input` with every element `value` (a number or a tensor without dimensions)."""
    return xp.full_like(input, value)


fill.gradient(input=lambda g: g * 0, value=lambda g: g)


def _zero_(self: Tensor) -> Tensor:
    """Set every element to zero in place."""
    result: Tensor = self.fill_(0)  # type: ignore[attr-defined]
    return result


Operations.zero_ = _zero_  # type: ignore[attr-defined]
