"""Indexing and assignment: ``x[index]``, ``x[index] = values``, and the operations that gather and scatter.

An index is taken in two steps, as PyTorch defines it: integers, slices, ``None`` and ``...`` first, which give a
view; then the
index tensors and masks, which give a copy. (NumPy counts an integer beside an index array among the arrays, which moves
dimensions.)
"""

from __future__ import annotations

import functools
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..engine.mode import state
from ..errors import DtypeError, ShapeError
from ..tensors import Operations, Tensor, make, rebase, refuse_unrecorded_view
from ._define import as_array, composite, node_of, operand, primitive, view, write_out
from .comparison import choose
from .movement import (
    broadcast_tensors,
    clone,
    expand_view,
    narrow_view,
    numel_of,
    reshape_to,
    select_view,
    sizes_from,
    wrap_dim,
)
from .placement import beside, shares_memory

__all__ = [
    "argwhere", "gather", "index_add", "index_copy", "index_fill", "index_put", "index_put_", "index_reduce",
    "index_select", "masked_scatter", "masked_select", "nonzero", "put", "scatter", "scatter_add", "scatter_reduce",
    "select_scatter", "slice_scatter", "take", "take_along_dim", "unravel_index",
]  # fmt: skip

Array = Any
Shape = tuple[int, ...]
ALL = slice(None)


# ---------------------------------------------------------------- reading an index


def _component(part: Any) -> Any:
    """One component of an index: None, Ellipsis, a slice, an int, a bool, or an array of int64 or bool."""
    if part is None or part is Ellipsis or type(part) is int or type(part) is bool:
        return part
    if isinstance(part, slice):
        if part.start is None and part.stop is None and part.step is None:
            return ALL
        try:
            start, stop, step = [None if x is None else x.__index__() for x in (part.start, part.stop, part.step)]
        except AttributeError:
            raise TypeError(
                f"a slice is made of integers and None, got {part.start!r}:{part.stop!r}:{part.step!r}: "
                "divide integers by //, or convert by int()"
            ) from None
        if step is not None and step <= 0:
            raise ValueError(f"a slice's step must be positive, got {step}: use torch.flip to reverse a dimension")
        return slice(start, stop, step)
    if isinstance(part, Tensor):
        part = part._array
    elif isinstance(part, (list, tuple, range)):
        part = _array_of_list(part)
    if hasattr(part, "dtype"):
        kind = part.dtype.kind
        if kind == "b":
            return part if part.ndim else bool(part)
        if kind in "iu":
            if part.dtype == numpy.uint8:
                return part.astype(bool) if part.ndim else bool(part)  # PyTorch's old masks
            return int(part) if part.ndim == 0 else part.astype(numpy.int64, copy=False)
        raise IndexError(f"tensors used as indices must be integer or bool, got {part.dtype}")
    if hasattr(part, "__index__"):
        return part.__index__()
    raise IndexError(
        f"an index is made of integers, slices, None, ..., tensors, lists or bools; got {type(part).__name__}"
    )


def _array_of_list(part: Any) -> Array:
    array = numpy.asarray([each.tolist() if isinstance(each, Tensor) else each for each in part])
    if array.size == 0:
        return array.astype(numpy.int64)
    if array.dtype.kind not in "biu":
        raise IndexError(f"a list used as an index must hold integers or bools, got {array.dtype}")
    return array.astype(numpy.int64) if array.dtype.kind == "u" else array


def _placed(advanced: tuple[Any, ...], array: Array) -> tuple[Any, ...]:
    """An advanced index of `array` with its parts in the memory where that is.

    Raises:
        IndexError: an index is out of range. A device would take another element without a word.
    """
    if type(array) is numpy.ndarray:
        return advanced
    parts, axis = [], 0
    for part in advanced:
        if not isinstance(part, slice):
            part = beside(part, array)
            size = array.shape[axis]
            if part.dtype.kind != "b" and part.size:
                low, high = int(part.min()), int(part.max())
                if low < -size or high >= size:
                    raise IndexError(
                        f"index {high if high >= size else low} is out of bounds for dimension {axis} with size "
                        f"{size}, in a tensor of shape {tuple(array.shape)}"
                    )
            axis += part.ndim - 1 if part.dtype.kind == "b" else 0
        parts.append(part)
        axis += 1
    return tuple(parts)


def read_index(index: Any, ndim: int) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """An index as its two steps: the basic one, and the arrays and full slices to apply to its result (None: no such).

    Raises:
        IndexError: more dimensions are indexed than there are, or a component is of a wrong kind.
    """
    if type(index) is int:
        return (index,), None
    parts = tuple([_component(part) for part in index]) if isinstance(index, tuple) else (_component(index),)
    for part in parts:
        if not (part is None or part is Ellipsis or type(part) is int or type(part) is slice):
            return _two_steps(parts, ndim)
    return parts, None


def _two_steps(parts: tuple[Any, ...], ndim: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    taken = 0
    for part in parts:
        if part is not None and part is not Ellipsis and type(part) is not bool:
            taken += part.ndim if hasattr(part, "ndim") and part.dtype.kind == "b" else 1
    if taken > ndim:
        raise IndexError(f"too many indices: {taken} dimensions are indexed, the tensor has {ndim}")
    basic: list[Any] = []
    advanced: list[Any] = []
    for part in parts:
        if part is None:
            basic.append(None)
            advanced.append(ALL)
        elif part is Ellipsis:
            if taken <= ndim:
                basic.extend([ALL] * (ndim - taken))
                advanced.extend([ALL] * (ndim - taken))
                taken = ndim
        elif type(part) is int:
            basic.append(part)
        elif type(part) is slice:
            basic.append(part)
            advanced.append(ALL)
        elif type(part) is bool:  # a mask without dimensions: a new dimension of size 1 or 0
            basic.append(None)
            advanced.append(numpy.arange(1 if part else 0))
        else:
            basic.extend([ALL] * (part.ndim if part.dtype.kind == "b" else 1))
            advanced.append(part)
    while basic and basic[-1] is ALL:
        basic.pop()
    while advanced and advanced[-1] is ALL:
        advanced.pop()
    return () if all(part is ALL for part in basic) else tuple(basic), tuple(advanced)


# ---------------------------------------------------------------- basic indices: views


@view()
def slice_view(xp: Any, input: Any, index: tuple[Any, ...]) -> Any:
    """View of the elements that a basic index names."""
    return (
        input[index] if Ellipsis in index else input[(*index, Ellipsis)]
    )  # with `...` a single element stays an array


def _slice_title(node: Any) -> str:
    """The last step of the steps in which PyTorch takes a basic index."""
    whole = slice(None)
    steps = [step for step in node.argument("index") or () if step is not Ellipsis and step != whole]
    last = steps[-1] if steps else Ellipsis
    kind = "Unsqueeze" if last is None else "Slice" if isinstance(last, slice) else "Select"
    return f"{kind if steps else 'Alias'}Backward0"


slice_view.op.title = _slice_title
slice_view.gradient(lambda g, index, input_shape: slice_into_zeros(g, index, input_shape))


@primitive("input")
def slice_into_zeros(xp: Any, input: Any, index: tuple[Any, ...], shape: Shape) -> Any:
    """Zeros of `shape` with `input` at a basic index."""
    result = xp.zeros(shape, dtype=input.dtype)
    result[index] = input
    return result


slice_into_zeros.gradient(lambda g, index: slice_view(g, index))


# ---------------------------------------------------------------- advanced indices: copies


def _check_masks(input: Any, index: tuple[Any, ...]) -> None:
    """Raise an IndexError that names the shapes where a mask's shape is not that of what it indexes."""
    axis = 0
    for part in index:
        mask = not isinstance(part, slice) and part.dtype.kind == "b"
        if mask and part.shape != input.shape[axis : axis + part.ndim]:
            raise IndexError(
                f"a mask of shape {tuple(part.shape)} does not fit the indexed dimensions of shape "
                f"{tuple(input.shape[axis : axis + part.ndim])}, of a tensor of shape {tuple(input.shape)}"
            )
        axis += part.ndim if mask else 1


@primitive("input")
def take_at(xp: Any, input: Any, index: tuple[Any, ...]) -> Any:
    """Copy of the elements that an advanced index names, contiguous."""
    if index[-1].__class__ is not slice and index[-1].dtype.kind != "b":
        if all(part.__class__ is slice and part == ALL for part in index[:-1]):
            return input.take(index[-1], axis=len(index) - 1)
    try:
        result = input[index]
        return result if result.flags.c_contiguous else xp.ascontiguousarray(result)
    except (IndexError, ValueError) as error:
        _check_masks(input, index)
        raise IndexError(f"{error}, in a tensor of shape {tuple(input.shape)}") from error


take_at.op.title = "IndexBackward0"
take_at.gradient(lambda g, index, input_shape: add_at_zeros(g, index, input_shape))


def sum_at_positions(xp: Any, positions: Array, values: Array, count: int) -> Array:
    """Vector of `count` elements to which `values` are added at `positions` (equal shapes, no position negative)."""
    if values.dtype.kind == "f":  # counts in float64, four times faster than `add.at`
        return xp.bincount(positions.ravel(), weights=values.ravel(), minlength=count).astype(values.dtype, copy=False)
    result = xp.zeros(count, dtype=values.dtype)
    xp.add.at(result, positions.ravel(), values.ravel())
    return result


_FEW = 8  # places that still have rows to add, below which they are worked on one by one


def sum_rows(xp: Any, index: Array, rows: Array, count: int) -> Array:
    """Zeros of ``(count, ...)`` to which each of `rows` is added at its place in the vector `index`.

    Rows are sorted by their place and summed in runs: no step per element in Python, and memory traffic of a few
    copies.
    """
    result = xp.zeros((count, *rows.shape[1:]), dtype=rows.dtype)
    if index.size == 0 or rows.size == 0:
        return result
    if rows.ndim == 1 or rows[0].size == 1:
        return sum_at_positions(xp, xp.where(index < 0, index + count, index), rows, count).reshape(result.shape)
    if index.min() < 0:
        index = xp.where(index < 0, index + count, index)
    table, values = result.reshape(count, -1), rows.reshape(index.size, -1)
    order = xp.argsort(index, kind="stable")
    places = index[order]
    starts = xp.flatnonzero(xp.concatenate((xp.ones(1, dtype=bool), places[1:] != places[:-1])))
    lengths = xp.diff(starts, append=index.size)
    table[places[starts]] = values[order[starts]]
    done = 1
    while True:
        more = lengths > done
        starts, lengths = starts[more], lengths[more]
        if len(starts) < _FEW:
            break
        table[places[starts]] += values[order[starts + done]]
        done += 1
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        table[places[start]] += values[order[start + done : start + length]].sum(axis=0)
    return result


@primitive("input")
def add_at_zeros(xp: Any, input: Any, index: tuple[Any, ...], shape: Shape) -> Any:
    """Zeros of `shape` to which `input` is added at an advanced index; an element named several times gets them all."""
    if len(index) == 1 and index[0].dtype.kind != "b":
        return sum_rows(xp, index[0].ravel(), input.reshape(index[0].size, *shape[1:]), shape[0])
    result = xp.zeros(shape, dtype=input.dtype)
    arrays = [part for part in index if not isinstance(part, slice)]
    if all(part.dtype.kind == "b" for part in arrays) and len(arrays) == 1:
        result[index] = input  # a mask names no element twice
        return result
    places = xp.arange(result.size).reshape(shape)[index]
    return sum_at_positions(xp, places, input, result.size).reshape(shape)


add_at_zeros.gradient(lambda g, index: take_at(g, index))


@primitive("input", "values", inplace=True)
def put_at(xp: Any, input: Any, values: Any, index: tuple[Any, ...], accumulate: bool) -> Any:
    """Copy of `input` with `values` written (or added) at an advanced index."""
    result = input.copy()
    assign(xp, result, index, values, accumulate)
    return result


put_at.op.title = "IndexPutBackward0"
put_at.gradient(
    input=lambda g, index, accumulate: g if accumulate else put_at(g, 0.0, index, False),
    values=lambda g, index: take_at(g, index),
)


def assign(xp: Any, array: Array, index: tuple[Any, ...], values: Array, accumulate: bool) -> None:
    """Write (or add) `values` to the elements of `array` that an index names."""
    try:
        if not accumulate:
            array[index] = values
        elif array.dtype.kind == "b":
            array[index] |= values
        elif array.dtype.itemsize == 2 and array.dtype.kind in "fV":
            wide = array.astype(numpy.float32)
            xp.add.at(wide, index, values)
            array[...] = wide
        else:
            xp.add.at(array, index, values)
    except (ValueError, IndexError) as error:
        _check_masks(array, index)
        if isinstance(error, IndexError):
            raise
        raise ShapeError(
            f"the values have shape {tuple(values.shape)}, the elements to be set have shape "
            f"{tuple(array[index].shape)}, in a tensor of shape {tuple(array.shape)}"
        ) from error


def _own(index: tuple[Any, ...], tensor: Tensor) -> tuple[Any, ...]:
    """`index` in memory of its own where a backward pass will need it: the user may change the tensors it came from."""
    if state.recording and node_of(tensor) is not None:
        return tuple([part if isinstance(part, slice) else part.copy() for part in index])
    return index


def _getitem(self: Tensor, index: Any) -> Tensor:
    """Elements named by an index: a view for integers, slices, None and ..., a copy for index tensors, lists and masks.

    Raises:
        IndexError: an index is out of range, or there are too many.
        ValueError: the step of a slice is not positive.
    """
    basic, advanced = read_index(index, self._array.ndim)
    if advanced is None:
        return slice_view(self, basic)  # type: ignore[no-any-return]
    if basic:
        self = slice_view(self, basic)
    if type(self._array) is not numpy.ndarray:
        advanced = _placed(advanced, self._array)
    return take_at(self, _own(advanced, self)) if advanced else clone(self)  # type: ignore[no-any-return]


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    """Write a number or a tensor, which broadcasts, to the elements named by an index."""
    array = self._array
    basic, advanced = read_index(index, array.ndim)
    if advanced and type(array) is not numpy.ndarray:
        advanced = _placed(advanced, slice_view(array, basic) if basic else array)
    if not isinstance(value, Tensor):
        known = operand(slice_view.op, value)
        if known is None:
            raise TypeError(f"can't assign a {type(value).__name__} to elements of a {self.dtype} tensor")
        value = make(beside(numpy.asarray(known).astype(array.dtype), array))
    elif advanced and value._array.dtype != array.dtype and value._array.ndim:
        raise DtypeError(
            f"x[index] = values: with tensors or lists as the index both must have one dtype, x has {self.dtype}, the "
            f"values {value.dtype}: convert them by values.to({self.dtype})"
        )
    if state.recording and (node_of(self) is not None or node_of(value) is not None):
        target: Tensor = slice_view(self, basic) if basic or not advanced else self
        if not advanced:
            target.copy_(_without_leading_ones(value, target._array.shape))
        else:
            values = _without_leading_ones(value, target._array[advanced].shape)
            if values._array.dtype != array.dtype:  # a value without dimensions
                values = values._cast(array.dtype)
            put_at.in_place(target, values, _own(advanced, target) if target._node is not None else advanced, False)
        return
    if state.recording and self._view is not None:
        refuse_unrecorded_view(self, "x[index] = value")
    try:
        if advanced is None:
            array[basic] = value._array
        else:
            part = array[basic] if basic else array
            part[advanced] = value._array
    except ValueError as error:
        part = array[basic]
        shape = part.shape if not advanced else part[advanced].shape
        raise ShapeError(
            f"x[index] = value: the value has shape {tuple(value.shape)}, the elements to be set have shape "
            f"{tuple(shape)}, in a tensor of shape {tuple(self.shape)}"
        ) from error
    except IndexError:
        if advanced:
            _check_masks(array[basic], advanced)
        raise
    rebase(self, None)


def _without_leading_ones(value: Tensor, shape: Shape) -> Tensor:
    while value.ndim > len(shape) and value._array.shape[0] == 1:
        value = slice_view(value, (0,))
    return value


for _operator, _function in (("__getitem__", _getitem), ("__setitem__", _setitem)):
    setattr(Operations, _operator, _function)


def _indices(indices: Any, ndim: int) -> tuple[Any, ...]:
    """The advanced index that a sequence of tensors (or None) makes."""
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"indices must be a tuple of tensors, got {type(indices).__name__}")
    parts = tuple([ALL if each is None else _component(each) for each in indices])
    parts = tuple([numpy.asarray(part) if type(part) is int else part for part in parts])
    if not parts or all(part is ALL for part in parts):
        raise IndexError("index_put() needs at least one index tensor")
    return parts


@composite(method=True)
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """Copy of `input` with `values` written (or added) at the elements that the tuple of tensors `indices` names."""
    _same_dtype("index_put", input, values)
    return put_at(input, values, _placed(_indices(indices, input.ndim), input._array), accumulate)


def index_put_(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """`index_put` in place."""
    _same_dtype("index_put_", input, values)
    result: Tensor = put_at.in_place(input, values, _placed(_indices(indices, input.ndim), input._array), accumulate)
    return result


Operations.index_put_ = index_put_


def _same_dtype(name: str, input: Any, other: Any, what: str = "values") -> None:
    if hasattr(other, "dtype") and input.dtype != other.dtype:
        raise DtypeError(
            f"{name}(): {what} of {other.dtype} cannot go into a tensor of {input.dtype}: convert them first"
        )


def _index_array(name: str, index: Any, *, vector: bool = False) -> Array:
    array = index._array if isinstance(index, Tensor) else index
    if not hasattr(array, "dtype") or array.dtype.kind not in "iu":
        raise (IndexError if vector else RuntimeError)(
            f"{name}(): index must be a tensor of integers, got {getattr(index, 'dtype', type(index).__name__)}"
        )
    if vector and array.ndim > 1:
        raise IndexError(f"{name}(): index must be a vector, got shape {tuple(array.shape)}")
    return array


# ---------------------------------------------------------------- along one dimension: gather and scatter


@functools.lru_cache(maxsize=64)
def _column(count: int) -> Array:
    column = numpy.arange(count).reshape(-1, 1)
    column.flags.writeable = False
    return column


def _grid(xp: Any, index: Array, dim: int) -> tuple[Any, ...]:
    """The advanced index that names, for each element of `index`, its own place with `dim` replaced by its value."""
    ndim = index.ndim
    if ndim == 2 and xp is numpy:
        return (_column(index.shape[0]), index) if dim == 1 else (index, _column(index.shape[1]).reshape(-1))
    return tuple(
        [
            index if axis == dim else xp.arange(n).reshape((-1,) + (1,) * (ndim - axis - 1))
            for axis, n in enumerate(index.shape)
        ]
    )


@primitive("input", "index")
def gather_along(xp: Any, input: Any, dim: int, index: Any) -> Any:
    """Elements of `input` at `index` along `dim`, the other places being those in `index`."""
    if not input.ndim:
        return input.reshape(1)[index] if index.ndim else input.copy()
    try:
        return input[_grid(xp, index, dim)]
    except IndexError as error:
        raise RuntimeError(
            f"gather(): index {int(index.max())} is out of range for dimension {dim} of size {input.shape[dim]}"
        ) from error


gather_along.op.title = "GatherBackward0"
gather_along.gradient(input=lambda g, input_shape, dim, index: add_along_zeros(g, dim, index, input_shape))


@primitive("input", "index")
def add_along_zeros(xp: Any, input: Any, dim: int, index: Any, shape: Shape) -> Any:
    """Zeros of `shape` to which `input` is added at `index` along `dim`: the transpose of `gather_along`."""
    if not shape:
        return input.sum(dtype=input.dtype).reshape(())
    result = xp.zeros(shape, dtype=input.dtype)
    if index.shape[dim] == 1:
        result[_grid(xp, index, dim)] = input  # no place twice
        return result
    step, places = 1, 0
    for axis in range(len(shape) - 1, -1, -1):
        steps = index if axis == dim else xp.arange(index.shape[axis]).reshape((-1,) + (1,) * (index.ndim - axis - 1))
        places = places + steps * step
        step *= shape[axis]
    return sum_at_positions(xp, places, input, result.size).reshape(shape)


add_along_zeros.gradient(input=lambda g, dim, index: gather_along(g, dim, index))


@primitive("input", "index", "src")
def set_along(xp: Any, input: Any, dim: int, index: Any, src: Any) -> Any:
    """Copy of `input` with `src` (a number or of the shape of `index`) written at `index` along `dim`."""
    result = input.copy()
    if not result.ndim:
        result[...] = src if not hasattr(src, "reshape") or not index.size else src.reshape(-1)[-1]
    else:
        result[_grid(xp, index, dim)] = src
    return result


set_along.op.title = "ScatterBackward0"
set_along.gradient(
    input=lambda g, dim, index: set_along(g, dim, index, 0.0),
    src=lambda g, dim, index: gather_along(g, dim, index),
)


def _checked(name: str, input: Any, dim: int, index: Any, src: Any = None, reads: bool = False) -> int:
    """`dim` from the front; raises where the shapes or values of `index` do not fit `input` (and `src`)."""
    array = _index_array(name, index)
    dim = wrap_dim(dim, input.ndim)
    shape, wanted = tuple(input.shape), tuple(array.shape)
    if array.dtype.name not in ("int64", "int32") and array.size:
        raise RuntimeError(f"{name}(): index must be of dtype int64, got {array.dtype}")
    if array.size == 0:
        return dim
    if max(len(wanted), 1) != max(len(shape), 1):
        raise RuntimeError(f"{name}(): index needs as many dimensions as input, got shapes {wanted} and {shape}")
    for axis, size in enumerate(wanted):
        if axis != dim and size > (shape[axis] if shape else 1):
            raise RuntimeError(
                f"{name}(): index of shape {wanted} exceeds input of shape {shape} in dimension {axis} other than "
                f"dim {dim}"
            )
    if src is not None:
        its = tuple(src.shape)
        if max(len(its), 1) != max(len(wanted), 1) or any(a > b for a, b in zip(wanted, its, strict=False)):
            raise RuntimeError(f"{name}(): src of shape {its} has no element for every one of index of shape {wanted}")
    size = shape[dim] if shape else 1
    if reads and type(array) is numpy.ndarray:  # reading finds an index that is too large by itself
        low, high = int(array.min()), 0
    else:
        low, high = int(array.min()), int(array.max())
    if low < 0 or high >= size:
        raise RuntimeError(
            f"{name}(): index {low if low < 0 else high} is out of range for dimension {dim} of size {size}"
        )
    return dim


def _cut(src: Any, shape: Shape) -> Any:
    """The first elements of `src` in each dimension: as many as `shape` says."""
    if tuple(src.shape) == tuple(shape):
        return src
    if len(src.shape) != len(shape):
        return reshape_to(src, tuple(shape))
    for axis, size in enumerate(shape):
        if src.shape[axis] != size:
            src = narrow_view(src, axis, 0, size)
    return src


def _strictly_into(out: Any, name: str, result: Any, inputs: tuple[Any, ...]) -> Any:
    """Store `result` in `out`, which must have its dtype and share no memory with the inputs."""
    if out._array.dtype != result._array.dtype:
        raise DtypeError(f"{name}(out=...): out must have the dtype of the result, {result.dtype}, got {out.dtype}")
    if any(isinstance(each, Tensor) and shares_memory(out._array, each._array) for each in inputs):
        raise RuntimeError(f"{name}(out=...): out shares memory with an input: clone() it first")
    if out._array.shape != result._array.shape and out._array.base is not None:
        raise RuntimeError(
            f"{name}(out=...): out of shape {tuple(out.shape)} does not own its memory and cannot be resized to "
            f"{tuple(result.shape)}"
        )
    return write_out(name, result._array, out, inputs)


@composite(method=True)
def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False, out: Any = None) -> Any:
    """Elements at `index` along `dim`: for ``dim=1``, ``out[i][j] = input[i][index[i][j]]``.

    Args:
        input: tensor of n dimensions.
        dim: the dimension that `index` counts along.
        index: integers, n dimensions, no larger than `input` in the other dimensions.

    Raises:
        RuntimeError: the shapes do not fit, or an index is out of range.

    >>> import tinygrad_i2dl as torch
    >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    dim = _checked("gather", input, dim, index, reads=True)
    if out is not None:
        return _strictly_into(out, "gather", gather(input, dim, index), (input, index))
    if not numel_of(index.shape):
        return reshape_to(narrow_view(reshape_to(input, (-1,)), 0, 0, 0), tuple(index.shape))
    return gather_along(input, dim, index)


def _for_empty(input: Any, index: Any) -> bool:
    return not numel_of(index.shape)


@composite(method=True, inplace=True)
def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Any:
    """Copy of `input` with values written at `index` along `dim`: for ``dim=1``, ``out[i][index[i][j]] = src[i][j]``.

    Args:
        input: tensor of n dimensions.
        dim: the dimension that `index` counts along.
        index: integers, n dimensions.
        src: a tensor at least as large as `index`, or a number (also as `value`).
        reduce: ``"add"`` or ``"multiply"``: combine with what is there.

    >>> import tinygrad_i2dl as torch
    >>> torch.zeros(2, 3).scatter(1, torch.tensor([[2], [0]]), 1.0)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if src is None:
        src = value
    if src is None:
        raise TypeError("scatter() needs src, a tensor or a number")
    tensor = hasattr(src, "shape")
    if tensor and len(src.shape) == 0 and len(index.shape):  # PyTorch reads a tensor without dimensions as a number too
        tensor = bool(value is None and isinstance(src, Tensor) and index.ndim == 0)
    dim = _checked("scatter", input, dim, index, src if tensor else None)
    if tensor:
        _same_dtype("scatter", input, src, "src")
    if _for_empty(input, index):
        return clone(input)
    if tensor:
        src = _cut(src, index.shape)
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError(f"scatter(): reduce is 'add' or 'multiply', got {reduce!r}")
        if not tensor:
            src = make(beside(numpy.asarray(src, dtype=input._array.dtype), input._array))
            src = expand_view(src, tuple(index.shape))
        if reduce == "add":
            return input + add_along_zeros(src, dim, index, tuple(input.shape))
        return combine_along(input, dim, index, src, "prod")
    return set_along(input, dim, index, src)


@composite(method=True, inplace=True)
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """Copy of `input` with `src` added at `index` along `dim`: for ``dim=1``, ``out[i][index[i][j]] += src[i][j]``."""
    dim = _checked("scatter_add", input, dim, index, src)
    _same_dtype("scatter_add", input, src, "src")
    if _for_empty(input, index):
        return clone(input)
    return input + add_along_zeros(_cut(src, index.shape), dim, index, tuple(input.shape))


_COMBINING = {"prod": "multiply", "amax": "maximum", "amin": "minimum"}


@primitive("input", "index", "src")
def combine_along(xp: Any, input: Any, dim: int, index: Any, src: Any, how: str) -> Any:
    """Copy of `input` combined with `src` at `index` along `dim` by a product, maximum or minimum."""
    result = input.copy() if input.ndim else input.reshape(1).copy()
    place = _grid(xp, index if index.ndim else index.reshape(1), dim)
    getattr(xp, _COMBINING[how]).at(result, place, src if src.ndim else src.reshape(1))
    return result.reshape(input.shape)


@combine_along.gradient
def _(g: Any, needs: tuple[bool, ...], input: Any, index: Any, src: Any, out: Any, dim: int, how: str) -> Any:
    shape = tuple(input.shape)
    if how != "prod":  # shared evenly among the elements that equal the result
        own, theirs = input == out, src == gather_along(out, dim, index)
        count = own * 1.0 + add_along_zeros(theirs * 1.0, dim, index, shape)
        share = g / count
        return share * own, None, gather_along(share, dim, index) * theirs
    # Without one factor the product is what remains after dividing by it; a single zero among the factors is replaced
    # by one first.
    without_zero = choose(input == 0, 1.0, input)
    of_input = g * combine_along(without_zero, dim, index, src, "prod") / without_zero
    zero = src == 0
    zeros = gather_along(add_along_zeros(zero * 1.0, dim, index, shape), dim, index)
    single = zero * (zeros == 1)
    others = gather_along(g * combine_along(input, dim, index, choose(single, 1.0, src), "prod"), dim, index)
    return of_input, None, choose(single, others, gather_along(g * out, dim, index) / choose(zero, 1.0, src))


@composite(method=True, inplace=True)
def scatter_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
    """Copy of `input` with all elements of `src` that `index` sends to one place reduced there.

    Args:
        input: tensor of n dimensions.
        dim: the dimension that `index` counts along.
        index: integers, n dimensions.
        src: at least as large as `index`.
        reduce: ``"sum"``, ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the element of `input` takes part.
    """
    if reduce not in ("sum", "mean", *_COMBINING):
        raise RuntimeError(f"scatter_reduce(): reduce is 'sum', 'prod', 'mean', 'amax' or 'amin', got {reduce!r}")
    dim = _checked("scatter_reduce", input, dim, index, src)
    _same_dtype("scatter_reduce", input, src, "src")
    if _for_empty(input, index):
        return clone(input)
    src, shape = _cut(src, index.shape), tuple(input.shape)
    floating = input._array.dtype.kind not in "biu"
    if not include_self:
        start: Any = {"sum": 0, "mean": 0, "prod": 1}.get(reduce)
        if start is None:
            info = numpy.finfo if input._array.dtype.kind == "f" else numpy.iinfo
            least: Any = (
                False if input._array.dtype.kind == "b" else -numpy.inf if floating else info(input._array.dtype).min
            )
            most: Any = (
                True if input._array.dtype.kind == "b" else numpy.inf if floating else info(input._array.dtype).max
            )
            start = least if reduce == "amax" else most
        input = set_along(input, dim, index, start)
    if reduce in _COMBINING:
        return combine_along(input, dim, index, src, reduce)
    total = input + add_along_zeros(src, dim, index, shape)
    if reduce == "sum":
        return total
    ones = namespace_of(type(input._array)).ones(tuple(index.shape), dtype=input._array.dtype)
    count = as_array((add_along_zeros(ones, dim, index._array, shape) + (1 if include_self else 0)).clip(1))
    return total / make(count) if floating else make(as_array(total._array // count))


# ---------------------------------------------------------------- slices along one dimension


@primitive("input", "index")
def take_slices(xp: Any, input: Any, dim: int, index: Any) -> Any:
    """The slices of `input` at `index` along `dim`."""
    if not input.ndim:
        return input.reshape(1)[index.reshape(-1)].reshape(())
    return input.take(index if index.ndim else index.reshape(1), axis=dim)


take_slices.op.title = "IndexSelectBackward0"
take_slices.gradient(input=lambda g, input_shape, dim, index: add_slices(g, dim, index, input_shape))


@primitive("input", "index")
def add_slices(xp: Any, input: Any, dim: int, index: Any, shape: Shape) -> Any:
    """Zeros of `shape` to which slices are added at `index` along `dim`: the transpose of `take_slices`."""
    if not shape:
        return input.sum(dtype=input.dtype).reshape(())
    index = index.reshape(-1)
    rows = (input if input.ndim else input.reshape(1)).swapaxes(0, dim)
    return sum_rows(xp, index, rows, shape[dim]).swapaxes(0, dim)


add_slices.gradient(input=lambda g, dim, index, input_shape: _in_shape(take_slices(g, dim, index), input_shape))


def _in_shape(g: Any, shape: Shape) -> Any:
    return g if tuple(g.shape) == shape else reshape_to(g, shape)


@primitive("input", "index", "source")
def set_slices(xp: Any, input: Any, dim: int, index: Any, source: Any) -> Any:
    """Copy of `input` with slices of `source` (or a number) written at `index` along `dim`."""
    result = input.copy() if input.ndim else input.reshape(1).copy()
    where = index.reshape(-1)
    if not input.ndim:
        result[where] = source.reshape(-1) if hasattr(source, "reshape") else source
        return result.reshape(())
    result[(ALL,) * dim + (where,)] = source
    return result


set_slices.op.title = "IndexCopyBackward0"
set_slices.gradient(
    input=lambda g, dim, index: set_slices(g, dim, index, 0.0),
    source=lambda g, dim, index, source_shape: _slices_like(g, dim, index, source_shape),
)


def _slices_like(g: Any, dim: int, index: Any, shape: Shape) -> Any:
    if shape or not index.ndim:
        return _in_shape(take_slices(g, dim, index), shape)
    array = index._array if isinstance(index, Tensor) else index
    places = namespace_of(type(array)).unique(
        array % (g.shape[dim] if g.ndim else 1)
    )  # one number fills each place once
    return take_slices(g, dim, make(places) if isinstance(g, Tensor) else places)


def _check_slices(name: str, input: Any, dim: int, index: Any) -> int:
    array = _index_array(name, index, vector=True)
    dim = wrap_dim(dim, input.ndim)
    if array.size:
        low, high, size = int(array.min()), int(array.max()), input.shape[dim] if input.ndim else 1
        if high >= size or low < (0 if name in ("index_select", "index_add", "index_copy") else -size):
            raise IndexError(
                f"{name}(): index {high if high >= size else low} is out of range for dimension {dim} of size {size}"
            )
    return dim


@composite(method=True)
def index_select(input: Any, dim: int, index: Any, *, out: Any = None) -> Any:
    """Copy of the slices at `index` (a vector of integers) along `dim`.

    >>> import tinygrad_i2dl as torch
    >>> torch.index_select(torch.tensor([[1, 2], [3, 4]]), 0, torch.tensor([1, 1]))
    tensor([[3, 4],
            [3, 4]])
    """
    result = take_slices(input, _check_slices("index_select", input, dim, index), index)
    return result if out is None else _strictly_into(out, "index_select", result, (input, index))


def _check_source(name: str, input: Any, dim: int, index: Any, source: Any) -> Any:
    """`source`, checked to have a slice for every index."""
    _same_dtype(name, input, source, "source")
    count = numel_of(index.shape)
    expected = (*input.shape[:dim], count, *input.shape[dim + 1 :]) if input.ndim else (count,)
    if tuple(source.shape) == expected:
        return source
    if source.ndim == 0 and numel_of(expected) == 1:
        return reshape_to(source, expected)
    raise (
        IndexError
        if name == "index_copy" and (source.ndim != input.ndim or source.shape[dim] != count)
        else RuntimeError
    )(
        f"{name}(): source has shape {tuple(source.shape)}, expected {tuple(expected)} for {count} indices along "
        f"dimension {dim} of input of shape {tuple(input.shape)}"
    )


@composite(method=True, inplace=True)
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """Copy of `input` with ``alpha * source`` added to the slices at `index` along `dim`; repeated indices add up."""
    dim = _check_slices("index_add", input, dim, index)
    source = _check_source("index_add", input, dim, index, source)
    if type(alpha) is not int or alpha != 1:
        source = source * alpha
    if not input.ndim:
        return input + add_slices(source, dim, index, ())
    return input + add_slices(source, dim, index, tuple(input.shape))


@composite(method=True, inplace=True)
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """Copy of `input` with the slices of `source` written at `index` along `dim`."""
    dim = _check_slices("index_copy", input, dim, index)
    return set_slices(input, dim, index, _check_source("index_copy", input, dim, index, source))


@composite(method=True, inplace=True)
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """Copy of `input` with a number written to the slices at `index` along `dim`."""
    dim = _check_slices("index_fill", input, dim, index)
    if hasattr(value, "ndim") and value.ndim:
        raise RuntimeError(
            f"index_fill() needs a number or a tensor without dimensions as value, got shape {tuple(value.shape)}"
        )
    if isinstance(value, Tensor) and value._array.dtype != input._array.dtype:
        value = value._cast(input._array.dtype)
    return set_slices(input, dim, index, value)


@composite(method=True, inplace=True)
def index_reduce(input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True) -> Any:
    """Copy of `input` with all slices of `source` that `index` sends to one place of `dim` reduced there."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): reduce is 'prod', 'mean', 'amax' or 'amin', got {reduce!r}")
    dim = _check_slices("index_reduce", input, dim, index)
    source = _check_source("index_reduce", input, dim, index, source)
    if not input.ndim:
        return reshape_to(
            scatter_reduce(
                reshape_to(input, (1,)), 0, reshape_to(index, (-1,)), source, reduce, include_self=include_self
            ),
            (),
        )
    places = reshape_to(index, (1,) * dim + (-1,) + (1,) * (input.ndim - dim - 1))
    return scatter_reduce(
        input, dim, expand_view(places, tuple(source.shape)), source, reduce, include_self=include_self
    )


# ---------------------------------------------------------------- masks and flat positions


def _mask_array(name: str, mask: Any) -> Array:
    if not isinstance(mask, Tensor) or mask._array.dtype.kind != "b":
        raise RuntimeError(
            f"{name}() needs a mask of dtype torch.bool, got {getattr(mask, 'dtype', type(mask).__name__)}"
        )
    return mask._array


@composite(method=True)
def masked_select(input: Any, mask: Any, *, out: Any = None) -> Any:
    """Vector of the elements where `mask`, broadcast together with `input`, holds."""
    _mask_array("masked_select", mask)
    if out is not None:
        return _strictly_into(out, "masked_select", masked_select(input, mask), (input, mask))
    input, mask = broadcast_tensors(input, mask)
    if not input.ndim:
        input, mask = reshape_to(input, (1,)), reshape_to(mask, (1,))
    return take_at(input, (mask._array.copy(),))


@composite(method=True)
def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """Copy of `input` with the elements of `source`, in order, written where `mask`, broadcast to `input`, holds."""
    array = _mask_array("masked_scatter", mask)
    _same_dtype("masked_scatter", input, source, "source")
    input, mask = broadcast_tensors(input, mask)
    count = int(mask._array.sum())
    if count > source._array.size:
        raise RuntimeError(
            f"masked_scatter(): the mask has {count} elements to be set, source only {source._array.size}"
        )
    del array
    values = narrow_view(reshape_to(source, (-1,)), 0, 0, count)
    if not input.ndim:
        return reshape_to(put_at(reshape_to(input, (1,)), values, (mask._array.reshape(1),), False), ())
    return put_at(input, values, (mask._array.copy(),), False)


def _masked_scatter_(self: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    if tuple(numpy.broadcast_shapes(self._array.shape, mask._array.shape)) != self._array.shape:
        raise RuntimeError(
            f"masked_scatter_(): the mask of shape {tuple(mask.shape)} does not broadcast to {tuple(self.shape)}"
        )
    result = masked_scatter(clone(self), mask, source)
    return self.copy_(result)


Operations.masked_scatter_ = _masked_scatter_


def _fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
    """Write a number to the main diagonal, in place; with `wrap`, a tall matrix has another one below each."""
    shape = tuple(self.shape)
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise RuntimeError(f"fill_diagonal_() needs a matrix, or more dimensions of equal size, got shape {shape}")
    mask = numpy.zeros(shape, dtype=bool)
    if mask.size:
        numpy.fill_diagonal(mask, True, wrap)
    return self.masked_fill_(make(mask).to(self.device), fill_value)


Operations.fill_diagonal_ = _fill_diagonal_


@composite(method=True)
def take(input: Any, index: Any, *, out: Any = None) -> Any:
    """Elements at positions `index` of the flattened `input`, in the shape of `index`."""
    if out is not None:
        return _strictly_into(out, "take", take(input, index), (input, index))
    array = _index_array("take", index)
    if array.dtype != numpy.int64:
        raise RuntimeError(f"take(): index must be of dtype int64, got {array.dtype}")
    flat = reshape_to(input, (-1,))
    if not flat.shape[0] and array.size:
        raise IndexError("take(): an empty tensor has no elements to take")
    _in_range("take", array, flat.shape[0])
    return reshape_to(take_slices(flat, 0, reshape_to(index, (-1,))), tuple(index.shape))


def _in_range(name: str, index: Array, size: int) -> None:
    if index.size and (int(index.max()) >= size or int(index.min()) < -size):
        raise IndexError(
            f"{name}(): an index is out of range for {size} elements: {int(index.min())} to {int(index.max())}"
        )


@composite(method=True, inplace=True)
def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """Copy of `input` with `source` written (or added) at positions `index` of its flattened form."""
    array = _index_array("put", index)
    if array.dtype != numpy.int64:
        raise RuntimeError(f"put(): index must be of dtype int64, got {array.dtype}")
    _same_dtype("put", input, source, "source")
    if array.size != source._array.size:
        raise RuntimeError(f"put(): {array.size} indices and {source._array.size} values; they must be as many")
    _in_range("put", array, input._array.size)
    flat = put_at(reshape_to(input, (-1,)), reshape_to(source, (-1,)), (array.reshape(-1).copy(),), accumulate)
    return reshape_to(flat, tuple(input.shape))


@composite(method=True)
def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """Elements at `indices` along `dim`, both broadcast elsewhere; without `dim`, of the flattened input."""
    array = indices._array if isinstance(indices, Tensor) else indices
    if array.dtype != numpy.int64:
        raise RuntimeError(f"take_along_dim(): indices must be of dtype int64, got {array.dtype}")
    if dim is None:
        return gather(reshape_to(input, (-1,)), 0, reshape_to(indices, (-1,)))
    if input.ndim != indices.ndim:
        raise RuntimeError(
            f"take_along_dim() needs as many dimensions in indices as in input, got {indices.ndim} and {input.ndim}"
        )
    dim = wrap_dim(dim, input.ndim)
    if not input.ndim:
        return gather(input, dim, indices)
    if array.size and array.min() < 0:  # counts from the end
        indices = make(namespace_of(type(array)).where(array < 0, array + input.shape[dim], array))
    a, b = list(input.shape), list(indices.shape)
    a[dim], b[dim] = 1, 1
    common = list(numpy.broadcast_shapes(tuple(a), tuple(b)))
    own, theirs = list(common), list(common)
    own[dim], theirs[dim] = input.shape[dim], indices.shape[dim]
    return gather(expand_view(input, tuple(own)), dim, expand_view(indices, tuple(theirs)))


# ---------------------------------------------------------------- where things are


@composite(method=True)
def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Indices of the elements that are not zero: one row an element, or a tuple of one vector for each dimension.

    >>> import tinygrad_i2dl as torch
    >>> torch.nonzero(torch.tensor([0, 5, 6]))
    tensor([[1],
            [2]])
    """
    array = input._array
    found = (array if array.ndim else array.reshape(1)).nonzero()
    if as_tuple:
        return tuple([make(each) for each in found])
    if not array.ndim:
        return make(namespace_of(type(array)).zeros((found[0].size, 0), dtype=numpy.int64))
    return make(namespace_of(type(array)).stack(found, axis=1))


@composite(method=True)
def argwhere(input: Any) -> Any:
    """Indices of the elements that are not zero, one row an element."""
    return nonzero(input)


@composite
def unravel_index(indices: Any, shape: Any) -> Any:
    """Coordinates, a tensor for each dimension, of positions in a flattened tensor of `shape`."""
    if not isinstance(indices, Tensor) or indices._array.dtype.kind not in "iu":
        raise TypeError(
            f"unravel_index() needs a tensor of integers, got {getattr(indices, 'dtype', type(indices).__name__)}"
        )
    if isinstance(shape, int):
        shape = (shape,)
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"unravel_index(): shape is an integer or a sequence of them, got {type(shape).__name__}")
    sizes = sizes_from((shape,))
    if any(size < 0 for size in sizes):
        raise ValueError(f"unravel_index(): a size in {list(sizes)} is negative")
    rest, result = indices._array.astype(numpy.int64, copy=False), []
    for size in reversed(sizes):
        result.append(make(as_array(rest % size if size else rest)))
        rest = as_array(rest // size if size else rest)
    return tuple(reversed(result))


# ---------------------------------------------------------------- copies with a part replaced


@composite(method=True)
def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """Copy of `input` with the slice at `index` along `dim` replaced by `src`."""
    dim = wrap_dim(dim, input.ndim)
    size = input.shape[dim]
    if not -size <= index < size:
        raise IndexError(f"select_scatter(): index {index} is out of range for dimension {dim} of size {size}")
    result = clone(input)
    part = select_view(result, dim, index)
    if tuple(part.shape) != tuple(src.shape):
        raise ShapeError(
            f"select_scatter(): src has shape {tuple(src.shape)}, the slice {tuple(part.shape)}; they must be equal"
        )
    part.copy_(src)
    return result


@composite(method=True)
def slice_scatter(
    input: Any, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """Copy of `input` with the elements `start` to `end` along `dim` replaced by `src`."""
    dim = wrap_dim(dim, input.ndim)
    first, last, step = slice(start, end, step).indices(input.shape[dim])
    result = clone(input)
    part = narrow_view(result, dim, first, max(first, last), step)
    if tuple(part.shape) != tuple(src.shape):
        raise ShapeError(
            f"slice_scatter(): src has shape {tuple(src.shape)}, the part {tuple(part.shape)}; they must be equal"
        )
    part.copy_(src)
    return result


@composite
def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Tensor of int64 with a new last dimension that is 1 at the class and 0 elsewhere.

    Args:
        tensor: classes, int64, from 0 on.
        num_classes: size of the new dimension; -1: one more than the largest class.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    array = tensor._array
    if array.dtype != numpy.int64:
        raise RuntimeError(f"one_hot() needs classes of dtype int64, got {array.dtype}")
    if not array.size and num_classes <= 0:
        raise RuntimeError("one_hot() of an empty tensor needs num_classes")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, -1)
    if low < 0:
        raise RuntimeError(f"one_hot(): classes must not be negative, got {low}")
    if num_classes == -1:
        num_classes = high + 1
    if num_classes < 1 or high >= num_classes:
        raise RuntimeError(f"one_hot(): class {high} needs more than num_classes={num_classes} classes")
    xp = namespace_of(type(array))
    result = xp.zeros((*array.shape, num_classes), dtype=numpy.int64)
    result.reshape(-1)[xp.arange(array.size) * num_classes + array.reshape(-1)] = 1
    return make(result)
