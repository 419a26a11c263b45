"""Indexing and assignment: ``x[index]``, ``x[index] = values``, and the operations that gather and scatter."""

from __future__ import annotations

from typing import Any

import numpy

from ..engine.mode import state
from ..errors import ShapeError
from ..tensors import Operations, Tensor, make, rebase
from ._define import as_array, node_of, operand, primitive, view

__all__ = ["index_put"]


# ---------------------------------------------------------------- reading an index


def _component(part: Any, ndim: int) -> Any:
    """One component of an index as NumPy takes it."""
    if part is None or part is Ellipsis or type(part) is int or type(part) is bool:
        return part
    if isinstance(part, slice):
        start, stop, step = (None if each is None else each.__index__() for each in (part.start, part.stop, part.step))
        if step is not None and step <= 0:
            raise ValueError(f"a slice's step must be positive, got {step}: use torch.flip to reverse a dimension")
        return slice(start, stop, step)
    if isinstance(part, Tensor):
        part = part._array
    elif isinstance(part, (list, tuple, range)):
        part = numpy.asarray([each._array if isinstance(each, Tensor) else each for each in part])
        if part.size == 0:
            part = part.astype(numpy.int64)
    if hasattr(part, "dtype"):
        if part.dtype.kind == "b":
            return part
        if part.dtype.kind in "iu":
            if part.dtype == numpy.uint8 and part.ndim:
                return part.astype(bool)  # PyTorch's old masks
            return int(part) if part.ndim == 0 else part.astype(numpy.int64, copy=False)
        raise IndexError(f"tensors used as indices must be integer or bool, got {part.dtype}")
    if hasattr(part, "__index__"):
        return part.__index__()
    raise IndexError(f"an index is made of integers, slices, None, ..., tensors, lists or bools; got {type(part).__name__}")


def read_index(index: Any, ndim: int) -> tuple[tuple[Any, ...], bool]:
    """The components of an index, and whether it is basic (integers, slices, None and ``...``: the result is a view)."""
    if type(index) is int:
        return (index,), True
    parts = tuple(_component(part, ndim) for part in (index if isinstance(index, tuple) else (index,)))
    basic = all(part is None or part is Ellipsis or isinstance(part, slice) or type(part) is int for part in parts)
    return parts, basic


# ---------------------------------------------------------------- basic indices: views


@view()
def slice_view(xp: Any, input: Any, index: tuple[Any, ...]) -> Any:
    """View of the elements that a basic index names."""
    return input[index] if Ellipsis in index else input[(*index, Ellipsis)]  # with `...` a single element stays an array


slice_view.op.title = "SliceBackward0"
slice_view.gradient(lambda g, index, input_shape: slice_into_zeros(g, index, input_shape))


@primitive("input")
def slice_into_zeros(xp: Any, input: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `input` at a basic index."""
    result = xp.zeros(shape, dtype=input.dtype)
    result[index] = input
    return result


slice_into_zeros.gradient(lambda g, index: slice_view(g, index))


# ---------------------------------------------------------------- advanced indices: copies


@primitive("input")
def take_at(xp: Any, input: Any, index: tuple[Any, ...]) -> Any:
    """Copy of the elements that an advanced index names."""
    return input[index]


take_at.op.title = "IndexBackward0"
take_at.gradient(lambda g, index, input_shape: add_at_zeros(g, index, input_shape))


@primitive("input")
def add_at_zeros(xp: Any, input: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` to which `input` is added at an advanced index; an element named several times gets them all."""
    result = xp.zeros(shape, dtype=input.dtype)
    if any(getattr(part, "dtype", None) == bool for part in index) and len(index) == 1:
        result[index] = input  # a mask names no element twice
    else:
        xp.add.at(result, index, input)
    return result


add_at_zeros.gradient(lambda g, index: take_at(g, index))


@primitive("input", "values", inplace=True)
def put_at(xp: Any, input: Any, values: Any, index: tuple[Any, ...], accumulate: bool) -> Any:
    """Copy of `input` with `values` written (or added) at an index."""
    result = input.copy()
    if accumulate:
        xp.add.at(result, index, values)
    else:
        result[index] = values
    return result


put_at.op.title = "IndexPutBackward0"
put_at.gradient(
    input=lambda g, index, accumulate, values_shape: g if accumulate else put_at(g, as_array(0.0), index, False),
    values=lambda g, index: take_at(g, index),
)


def _getitem(self: Tensor, index: Any) -> Tensor:
    parts, basic = read_index(index, self._array.ndim)
    result: Tensor = (slice_view if basic else take_at)(self, parts)
    return result


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    parts, basic = read_index(index, self._array.ndim)
    if not isinstance(value, Tensor):
        known = operand(slice_view.op, value)
        if known is None:
            raise TypeError(f"can't assign a {type(value).__name__} to elements of a {self.dtype} tensor")
        value = make(numpy.asarray(known).astype(self._array.dtype))
    if state.recording and (node_of(self) is not None or node_of(value) is not None):
        if basic:
            slice_view(self, parts).copy_(value)
        else:
            put_at.in_place(self, _without_leading_ones(value, self._array[parts].shape), parts, False)
        return
    try:
        self._array[parts] = value._array
    except ValueError as error:
        raise ShapeError(
            f"x[index] = value: the value has shape {tuple(value.shape)}, the elements to be set have shape "
            f"{tuple(self._array[parts].shape)}, in a tensor of shape {tuple(self.shape)}"
        ) from error
    rebase(self, None)


def _without_leading_ones(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    while value.ndim > len(shape) and value._array.shape[0] == 1:
        value = slice_view(value, (0,))
    return value


Operations.__getitem__ = _getitem  # type: ignore[attr-defined]
Operations.__setitem__ = _setitem  # type: ignore[attr-defined]


def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Copy of `input` with `values` written (or added, if `accumulate`) at the elements that the tuple of tensors `indices` names."""
    parts, _ = read_index(tuple(indices), input.ndim)
    result: Tensor = put_at(input, values, parts, accumulate)
    return result
