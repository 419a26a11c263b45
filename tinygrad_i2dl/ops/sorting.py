"""Operations that order elements: sorting, the largest ones, searching in sorted values, distinct values."""

from __future__ import annotations

from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..tensors import Tensor, make
from ._define import as_array, composite, named_result, primitive
from .indexing import add_along_zeros
from .memory_order import contiguous
from .movement import numel_of, unsqueeze, wrap_dim
from .placement import beside, on_host, shares_memory

__all__ = ["argsort", "bucketize", "kthvalue", "msort", "searchsorted", "sort", "topk", "unique", "unique_consecutive"]

Array = Any
Shape = tuple[int, ...]


def sort_keys(array: Array) -> Array:
    """`array` in a dtype that NumPy sorts fast, in the same order."""
    if array.dtype.kind == "V":
        return array.astype(numpy.float32)
    return array.view(numpy.uint8) if array.dtype.kind == "b" else array


def order_along(xp: Any, input: Array, dim: int, descending: bool) -> Array:
    """Indices that sort along `dim`, equal elements in their order, NaN counting as the largest."""
    keys = sort_keys(input)
    if not descending:
        return _ascending(xp, keys, dim)
    turned = tuple([slice(None, None, -1) if axis == dim else slice(None) for axis in range(input.ndim)])
    # backwards, so that equal elements keep their order
    return (input.shape[dim] - 1 - _ascending(xp, keys[turned], dim))[turned]


def _ascending(xp: Any, keys: Array, dim: int) -> Array:
    """Indices that sort along `dim`: by vector instructions where no equal elements are in doubt, else by merging."""
    if xp is not numpy or keys.dtype.kind != "f" or keys.shape[dim] < 16:
        return keys.argsort(axis=dim, kind="stable")
    order = keys.argsort(axis=dim)
    values = numpy.take_along_axis(keys, order, dim)
    before, after = (values[(slice(None),) * dim + (part,)] for part in (slice(None, -1), slice(1, None)))
    if (before < after).all():
        return order
    return keys.argsort(axis=dim, kind="stable")


@primitive("input", outputs=("values", "indices"))
def sort_along(xp: Any, input: Any, dim: int, descending: bool) -> Any:
    """Sorted values along `dim` and the indices they came from."""
    if not input.ndim:
        return input.copy(), xp.zeros((), dtype=numpy.int64)
    order = order_along(xp, input, dim, descending)
    return xp.take_along_axis(input, order, dim), order


sort_along.op.title = "SortBackward0"
sort_along.op.result = named_result("sort", "values", "indices")


@sort_along.gradient
def _(g: Any, input_shape: Shape, dim: int, indices: Any) -> Any:
    return add_along_zeros(g[0], dim, indices, input_shape) if input_shape else g[0]


@composite(method=True)
def sort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = True) -> Any:
    """Elements sorted along `dim`: a named tuple ``(values, indices)``.

    Equal elements keep their order; NaN is the largest.

    >>> import tinygrad_i2dl as torch
    >>> torch.sort(torch.tensor([3, 1, 2]), descending=True).values
    tensor([3, 2, 1])
    """
    return sort_along(input, wrap_dim(dim, input.ndim), bool(descending))


@composite(method=True)
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Indices that sort the elements along `dim`.

    >>> import tinygrad_i2dl as torch
    >>> torch.argsort(torch.tensor([3, 1, 2]))
    tensor([1, 2, 0])
    """
    dim = wrap_dim(dim, input.ndim)
    array = input._array
    xp = namespace_of(type(array))
    return make(order_along(xp, array, dim, descending) if array.ndim else xp.zeros((), dtype=numpy.int64))


@composite(method=True)
def msort(input: Any) -> Any:
    """Elements sorted along the first dimension."""
    return sort_along(input, 0, False).values


@primitive("input", outputs=("values", "indices"))
@contiguous
def topk_along(xp: Any, input: Any, k: int, dim: int, largest: bool) -> Any:
    """The `k` largest or smallest elements along `dim`, in order, and their indices."""
    if not input.ndim:
        return input.copy(), xp.zeros((), dtype=numpy.int64)
    size = input.shape[dim]
    head = (slice(None),) * dim + (slice(0, k),)
    if size <= 32 or 4 * k > size:
        order = order_along(xp, input, dim, largest)[head]
        return xp.take_along_axis(input, order, dim), order
    keys = sort_keys(input)
    if largest:  # those at the end
        chosen = (
            xp.argpartition(keys, size - k, axis=dim)[(slice(None),) * dim + (slice(size - k, None),)]
            if k
            else keys.argsort(dim)[head]
        )
    else:
        chosen = xp.argpartition(keys, k - 1, axis=dim)[head] if k else keys.argsort(dim)[head]
    chosen = xp.sort(chosen, axis=dim)  # so that equal elements stay in order
    inside = order_along(xp, xp.take_along_axis(keys, chosen, dim), dim, largest)
    order = xp.take_along_axis(chosen, inside, dim)
    return xp.take_along_axis(input, order, dim), order


topk_along.op.title = "TopkBackward0"
topk_along.op.result = named_result("topk", "values", "indices")


@topk_along.gradient
def _(g: Any, input_shape: Shape, dim: int, indices: Any) -> Any:
    return add_along_zeros(g[0], dim, indices, input_shape) if input_shape else g[0]


@composite(method=True)
def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (or smallest) elements along `dim`, in order: a named tuple ``(values, indices)``.

    Raises:
        RuntimeError: the dimension has fewer than `k` elements.

    >>> import tinygrad_i2dl as torch
    >>> torch.topk(torch.tensor([1.0, 5.0, 3.0]), 2).indices
    tensor([1, 2])
    """
    dim = wrap_dim(dim, input.ndim)
    k = k.__index__()
    size = input.shape[dim] if input.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError(f"topk(): k={k} is out of range for dimension {dim} of size {size}")
    return topk_along(input, k, dim, largest)


@primitive("input", outputs=("values", "indices"))
def kth_along(xp: Any, input: Any, k: Any, dim: int, keepdim: bool) -> Any:
    """The element that is number `k` (from 0; one integer or an array) along `dim` in sorted order, and its index."""
    if not input.ndim:
        return input.copy(), xp.zeros((), dtype=numpy.int64)
    order = order_along(xp, input, dim, False)
    place = (
        xp.expand_dims(xp.asarray(k), dim)
        if hasattr(k, "ndim")
        else xp.full([1 if a == dim else n for a, n in enumerate(input.shape)], k)
    )
    at = xp.take_along_axis(order, place, dim)
    values = xp.take_along_axis(input, at, dim)
    return (values, at) if keepdim else (values.squeeze(dim), at.squeeze(dim))


kth_along.op.title = "KthvalueBackward0"
kth_along.op.result = named_result("kthvalue", "values", "indices")


@kth_along.gradient
def _(g: Any, input_shape: Shape, dim: int, indices: Any) -> Any:
    share, index = g[0], indices
    if not input_shape:
        return share
    if len(share.shape) < len(input_shape):
        share, index = unsqueeze(share, dim), unsqueeze(index, dim)
    return add_along_zeros(share, dim, index, input_shape)


@composite(method=True)
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The `k`-th smallest element (from 1) along `dim`: a named tuple ``(values, indices)``."""
    dim = wrap_dim(dim, input.ndim)
    size = input.shape[dim] if input.ndim else 1
    if input.ndim and size == 0:
        raise IndexError(f"kthvalue() over dimension {dim} of size 0 has no result")
    if not 1 <= k <= size:
        raise RuntimeError(f"kthvalue(): k={k} is out of range 1 to {size} for dimension {dim}")
    if out is None:
        return kth_along(input, k - 1, dim, keepdim)
    if any(isinstance(each, Tensor) and shares_memory(each._array, input._array) for each in out):
        raise RuntimeError("kthvalue(out=...): out shares memory with the input: clone() it first")
    return kth_along(input, k - 1, dim, keepdim, out=out)


# ---------------------------------------------------------------- searching


@composite
def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """Where elements would have to be inserted into sorted values, along the last dimension, to keep the order.

    Args:
        sorted_sequence: sorted values; leading dimensions must be those of `input`, or absent.
        input: a tensor or a number.
        out_int32: return int32 instead of int64.
        right: after equal values instead of before; ``side="right"`` is the same.
        sorter: indices that sort `sorted_sequence`, if it is not sorted.
    """
    if side not in (None, "left", "right") or (side == "left" and right):
        raise RuntimeError(
            f"searchsorted(): side is 'left' or 'right' and agrees with right=, got side={side!r} and right={right}"
        )
    values = input._array if isinstance(input, Tensor) else numpy.asarray(input)
    edges = sorted_sequence._array
    xp = namespace_of(type(edges))
    if isinstance(input, Tensor) and values.dtype != edges.dtype:
        raise RuntimeError(
            f"searchsorted() needs one dtype, got boundaries of {sorted_sequence.dtype} and values of {input.dtype}"
        )
    if edges.ndim == 0:
        raise RuntimeError("searchsorted(): the sorted sequence needs at least one dimension")
    if edges.ndim > 1 and (values.ndim != edges.ndim or values.shape[:-1] != edges.shape[:-1]):
        raise RuntimeError(
            f"searchsorted(): all dimensions but the last must be equal, got {tuple(edges.shape)} and "
            f"{tuple(values.shape)}"
        )
    if sorter is not None:
        order = sorter._array
        if order.shape != edges.shape or order.dtype != numpy.int64:
            raise RuntimeError(
                f"searchsorted(): sorter must be int64 of shape {tuple(edges.shape)}, got {sorter.dtype} of "
                f"{tuple(order.shape)}"
            )
        if order.size and (order.min() < 0 or order.max() >= edges.shape[-1]):
            raise RuntimeError("searchsorted(): an index in sorter is out of range")
        edges = xp.take_along_axis(edges, order, -1)
    kind = numpy.int32 if out_int32 else numpy.int64
    where: Any = "right" if right or side == "right" else "left"
    if edges.ndim == 1:
        return make(as_array(xp.searchsorted(edges, xp.asarray(values), where)).astype(kind))
    found = xp.empty(values.shape, dtype=kind)
    rows, wanted = edges.reshape(-1, edges.shape[-1]), values.reshape(-1, values.shape[-1])
    for number, into in enumerate(
        found.reshape(-1, values.shape[-1])
    ):  # one search per row, each on all its elements at once
        into[...] = xp.searchsorted(rows[number], wanted[number], where)
    return make(found)


@composite
def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """Number of the interval between sorted `boundaries` that each element lies in."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"bucketize() needs boundaries of one dimension, got shape {tuple(boundaries.shape)}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


# ---------------------------------------------------------------- distinct values


def _with_extras(values: Array, inverse: Array, counts: Array, return_inverse: bool, return_counts: bool) -> Any:
    result = [make(values)]
    if return_inverse:
        result.append(make(inverse))
    if return_counts:
        result.append(make(counts))
    return result[0] if len(result) == 1 else tuple(result)


@composite(method=True)
def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The distinct elements, or distinct slices along `dim`, in ascending order.

    Args:
        input: the tensor.
        sorted: accepted for compatibility: the result is always sorted.
        return_inverse: also return where in the result each element went.
        return_counts: also return how often each occurs.
        dim: compare slices along this dimension.

    >>> import tinygrad_i2dl as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    array = input._array
    if dim is not None:
        dim = wrap_dim(dim, array.ndim)
        if (
            array.ndim
            and not array.size
            and array.shape[dim] != 0
            and numel_of(array.shape[:dim] + array.shape[dim + 1 :]) == 0
        ):
            raise RuntimeError(
                f"unique(): slices along dimension {dim} of shape {tuple(array.shape)} have no elements to compare"
            )
        if not array.ndim:
            dim = None
            array = array.reshape(1)
    if not return_inverse and not return_counts:
        return make(beside(numpy.unique(on_host(array), axis=dim, equal_nan=False), array))
    values, inverse, counts = [
        beside(each, array)
        for each in numpy.unique(on_host(array), return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    ]
    inverse = inverse.reshape(-1) if dim is not None else inverse.reshape(array.shape)
    return _with_extras(values, inverse, counts, return_inverse, return_counts)


@composite(method=True)
def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or slices along `dim`, without those equal to the one before."""
    array = input._array
    xp = namespace_of(type(array))
    shape = array.shape
    if dim is None:
        rows = array.reshape(-1, 1)
    else:
        dim = wrap_dim(dim, array.ndim)
        moved = array.swapaxes(0, dim) if array.ndim else array.reshape(1)
        rows = moved.reshape(moved.shape[0], -1) if moved.size else moved.reshape(moved.shape[0], 0)
    new = xp.ones(rows.shape[0], dtype=bool)
    if rows.shape[0] > 1:
        new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    first = xp.flatnonzero(new)
    counts = xp.diff(xp.append(first, rows.shape[0]))
    inverse = xp.cumsum(new) - 1
    values = rows[first, 0] if dim is None else moved[first].swapaxes(0, dim) if array.ndim else array.reshape(1)[first]
    return _with_extras(
        values, inverse.reshape(shape) if dim is None else inverse, counts, return_inverse, return_counts
    )
