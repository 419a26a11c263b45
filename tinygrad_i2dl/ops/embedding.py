"""Embedding: rows of a table looked up by number, one by one or in bags."""

from __future__ import annotations

from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..engine.mode import state
from ..errors import DtypeError
from ..tensors import make, rebase
from ._define import composite, node_of, primitive
from .indexing import sum_rows
from .movement import reshape_to
from .placement import beside, on_host

__all__: list[str] = []

Array = Any


@primitive("input")
def take_rows(xp: Any, input: Array, index: Array) -> Array:
    """``input[index]`` for a table ``(V, *)`` and indices known to be in range."""
    return xp.take(input, index, axis=0)


@primitive("input")
def add_rows(xp: Any, input: Array, index: Array, count: int) -> Array:
    """Table of `count` rows to whose row ``index[i]`` row ``input[i]`` is added, all others zero."""
    return sum_rows(xp, index.reshape(-1), input.reshape(index.size, *input.shape[index.ndim :]), count)


take_rows.op.title = "EmbeddingBackward0"
take_rows.gradient(lambda g, index, input_shape: add_rows(g, index, input_shape[0]))
add_rows.gradient(lambda g, index: take_rows(g, index))


@primitive("input")
def scale_gradient(xp: Any, input: Array, factor: Array) -> Array:
    """The input itself, whose gradient is multiplied by the constant `factor`."""
    return input


scale_gradient.gradient(lambda g, factor: g * factor)


def _indices(name: str, input: Any, rows: int) -> Array:
    """Indices as int64, checked.

    Raises:
        RuntimeError: the dtype is not an integer one.
        IndexError: an index is outside of ``[0, rows)``.
    """
    index = input._array
    if index.dtype.kind not in "iu":
        raise DtypeError(
            f"{name}() expected indices of dtype int64 or int32, got {input.dtype}: convert them with .long()"
        )
    index = index.astype(numpy.int64, copy=False)
    if index.size and (index.view(numpy.uint64) >= rows).any():
        raise IndexError(
            f"{name}() expected indices from 0 to {rows - 1}, got {int(index.min())} to {int(index.max())}"
        )
    return index


def _renormalize(weight: Any, index: Array, max_norm: float, norm_type: float) -> None:
    """Shorten, in place, the rows looked up that are longer than `max_norm`."""
    table = weight._array
    xp = namespace_of(type(table))
    used = xp.unique(index)
    lengths = xp.linalg.norm(table[used], ord=norm_type, axis=1)
    long = lengths > max_norm
    if long.any():
        chosen = used[long]
        table[chosen] = table[chosen] * (max_norm / (lengths[long] + 1e-7)).astype(table.dtype)[:, None]
        rebase(weight, None)


def _padding_row(name: str, padding_idx: int | None, rows: int, error: type[Exception]) -> int | None:
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise error(f"{name}() expected padding_idx between {-rows} and {rows - 1}, got {padding_idx}")
    return padding_idx % rows


@composite
def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """Rows of `weight` named by `input`.

    Args:
        input: indices of any shape ``(*)``.
        weight: ``(V, D)``; the result is ``(*, D)``.
        padding_idx: the row that gets no gradient.
        max_norm: rows looked up that are longer are shortened to this length, in `weight` itself.
        norm_type: the p of that length.
        scale_grad_by_freq: divide a row's gradient by how often it is looked up.
        sparse: accepted; gradients are dense all the same.

    Raises:
        IndexError: an index is out of range.
        RuntimeError: `weight` is not a matrix, or `input` holds no integers.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.embedding(torch.tensor([2, 0]), torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    tensor([[4., 5.],
            [0., 1.]])
    """
    if weight.ndim != 2:
        raise RuntimeError(f"embedding() expected weight of shape (V, D), got {tuple(weight.shape)}")
    rows = weight.shape[0]
    padding_idx = _padding_row("embedding", padding_idx, rows, AssertionError)
    index = _indices("embedding", input, rows)
    if state.recording and node_of(weight) is not None:
        index = index.copy()  # the backward pass needs it, and the user may change the tensor it came from
    if max_norm is not None:
        _renormalize(weight, index, max_norm, norm_type)
    result = take_rows(weight, index)
    if (padding_idx is None and not scale_grad_by_freq) or not result.requires_grad:
        return result
    return scale_gradient(result, _factor(index, rows, padding_idx, scale_grad_by_freq, weight._array.dtype)[..., None])


def _factor(index: Array, rows: int, padding_idx: int | None, by_frequency: bool, dtype: Any) -> Array:
    """What each looked-up row's gradient is multiplied by."""
    xp = namespace_of(type(index))
    factor = xp.ones(index.shape, dtype=dtype)
    if by_frequency:
        factor /= xp.bincount(index.reshape(-1), minlength=rows)[index].astype(dtype)
    if padding_idx is not None:
        factor[index == padding_idx] = 0
    return factor


# ---------------------------------------------------------------- bags


@primitive("input")
def take_elements(xp: Any, input: Array, index: Array) -> Array:
    """``input[index[i, j], j]`` of a matrix; zero where the index is -1."""
    result = xp.take_along_axis(input, xp.maximum(index, 0), axis=0)
    result[index < 0] = 0
    return result


@primitive("input")
def place_elements(xp: Any, input: Array, index: Array, count: int) -> Array:
    """Zeros ``(count, D)`` with ``input[i, j]`` at ``[index[i, j], j]``; no two share a place; none for index -1."""
    result = xp.zeros((count, input.shape[1]), dtype=input.dtype)
    bag, column = xp.nonzero(index >= 0)
    result[index[bag, column], column] = input[bag, column]
    return result


take_elements.gradient(lambda g, index, input_shape: place_elements(g, index, input_shape[0]))
place_elements.gradient(lambda g, index: take_elements(g, index))


def _largest(values: Array, bag: Array, bags: int) -> Array:
    """Number of the row with each bag's largest element, per column; -1 for a bag without rows. `bag` ascends."""
    result = numpy.full((bags, values.shape[1]), -1, dtype=numpy.int64)
    if not len(values):
        return result
    starts = numpy.flatnonzero(numpy.concatenate(([True], bag[1:] != bag[:-1])))
    top = numpy.maximum.reduceat(values, starts, axis=0)
    nth = numpy.cumsum(numpy.concatenate(([0], bag[1:] != bag[:-1])))
    place = numpy.where(values == top[nth], numpy.arange(len(values))[:, None], len(values))
    result[bag[starts]] = numpy.minimum.reduceat(place, starts, axis=0)
    return result


def _bags(input: Any, offsets: Any, include_last_offset: bool) -> tuple[Array, int]:
    """The bag of each index, and the number of bags."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "embedding_bag() takes offsets only where input has one dimension: the rows of a matrix are the bags"
            )
        return numpy.repeat(numpy.arange(input.shape[0]), input.shape[1]), int(input.shape[0])
    if input.ndim != 1:
        raise ValueError(f"embedding_bag() expected an input of one or two dimensions, got shape {tuple(input.shape)}")
    if offsets is None or offsets.ndim != 1:
        raise ValueError("embedding_bag() expected offsets of one dimension beside an input of one dimension")
    count = int(input.shape[0])
    starts = on_host(offsets._array).astype(numpy.int64)
    if len(starts) and starts[0] != 0:
        raise RuntimeError(f"embedding_bag() expected the first offset to be 0, got {int(starts[0])}")
    if len(starts) and (starts[-1] > count or (numpy.diff(starts) < 0).any()):
        raise RuntimeError(f"embedding_bag() expected ascending offsets up to {count}, got {starts.tolist()}")
    if include_last_offset:
        if not len(starts):
            raise RuntimeError("embedding_bag() expected at least one offset with include_last_offset=True")
        ends, starts = starts[1:], starts[:-1]
    else:
        ends = numpy.append(starts[1:], count)
    bag = numpy.full(count, -1, dtype=numpy.int64)
    covered = int(ends[-1]) if len(ends) else 0
    bag[:covered] = numpy.repeat(numpy.arange(len(starts)), ends - starts)
    return bag, len(starts)


@composite
def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """Sums, means or maxima of bags of rows of `weight`.

    Args:
        input: indices ``(B, n)``: B bags, or ``(n,)`` with `offsets`.
        weight: ``(V, D)``; the result is ``(B, D)``.
        offsets: ``(B,)``, where each bag starts (with `include_last_offset`, ``(B + 1,)``: also where the last one
            ends).
        mode: "sum", "mean" or "max"; an empty bag gives zeros.
        per_sample_weights: of the input's shape, factors of the rows; for "sum" only.
        padding_idx: indices equal to it are left out.

    Raises:
        ValueError: the mode is unknown, or dimensions do not fit.
        NotImplementedError: `per_sample_weights` with a mode other than "sum".
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag() expected mode 'sum', 'mean' or 'max', got {mode!r}")
    if per_sample_weights is not None:
        if tuple(per_sample_weights.shape) != tuple(input.shape):
            raise ValueError(
                f"embedding_bag() expected per_sample_weights of the input's shape {tuple(input.shape)}, got "
                f"{tuple(per_sample_weights.shape)}"
            )
        if mode != "sum":
            raise NotImplementedError(
                f"embedding_bag() takes per_sample_weights with mode='sum' only, got mode={mode!r}"
            )
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("embedding_bag() cannot scale gradients by frequency with mode='max'")
    if weight.ndim != 2:
        raise RuntimeError(f"embedding_bag() expected weight of shape (V, D), got {tuple(weight.shape)}")
    bag, bags = _bags(input, offsets, include_last_offset)
    xp = namespace_of(type(weight._array))
    bag = beside(bag, weight._array)
    rows = weight.shape[0]
    padding_idx = _padding_row("embedding_bag", padding_idx, rows, ValueError)
    index = _indices("embedding_bag", input, rows).reshape(-1)
    if max_norm is not None:
        _renormalize(weight, index, max_norm, norm_type)
    kept = bag >= 0
    if padding_idx is not None:
        kept &= index != padding_idx
    index, bag = index[kept], bag[kept]
    vectors = take_rows(weight, index)
    if scale_grad_by_freq and vectors.requires_grad:
        vectors = scale_gradient(vectors, _factor(index, rows, None, True, weight._array.dtype)[:, None])
    if mode == "max":
        if not len(bag):
            return add_rows(vectors, bag, bags)
        places = _largest(on_host(vectors._array), on_host(bag), bags)
        return take_elements(vectors, beside(places, weight._array))
    if per_sample_weights is not None:
        factors = take_rows(reshape_to(per_sample_weights, (-1,)), xp.flatnonzero(kept))
        vectors = vectors * reshape_to(factors, (-1, 1))
    result = add_rows(vectors, bag, bags)
    if mode == "mean":
        sizes = xp.maximum(xp.bincount(bag, minlength=bags), 1).astype(weight._array.dtype)
        result = result / make(sizes[:, None])
    return result
