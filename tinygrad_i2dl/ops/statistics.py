"""Statistics: medians, quantiles, the most frequent value, histograms, covariance."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..dtypes import get_default_dtype
from ..errors import DtypeError
from ..tensors import Tensor, make
from ._define import as_array, composite, named_result, primitive
from .comparison import choose
from .indexing import gather_along
from .movement import cast, diagonal, expand_view, reshape_to, transpose, unsqueeze, wrap_dim
from .placement import beside, on_host
from .pointwise import clamp, sqrt
from .reduction import kept, mean_over, placed_along, sum_over
from .sorting import kth_along, order_along, sort_along

__all__ = [
    "bincount", "corrcoef", "cov", "histc", "histogram", "histogramdd", "median", "mode", "nanmedian", "nanquantile",
    "quantile",
]  # fmt: skip

Array = Any
Shape = tuple[int, ...]


# ---------------------------------------------------------------- order statistics


@primitive("input")
def median_of_all(xp: Any, input: Any, skip: bool) -> Any:
    """The lower median of all elements; NaN if there is one, or of the others (`skip`)."""
    flat = input.reshape(-1)
    if not flat.size:
        return xp.full((), numpy.nan, dtype=input.dtype)
    ordered = xp.sort(flat)
    missing = int((flat != flat).sum())
    if missing and (not skip or missing == flat.size):
        return as_array(ordered[-1])
    return as_array(ordered[(flat.size - missing - 1) // 2])


median_of_all.op.title = "MedianBackward0"


@median_of_all.gradient
def _(g: Any, input: Any, out: Any) -> Any:
    shape = tuple(input.shape)
    same = (input == out) | ((input != input) & (out != out))
    dims = tuple(range(len(shape)))
    return expand_view(kept(g / sum_over(same, dims, False), shape, dims), shape) * same


def _median_along(input: Any, dim: int, keepdim: bool, skip: bool) -> Any:
    array = input._array
    if not array.ndim:
        return kth_along(input, 0, 0, keepdim)
    size = array.shape[dim]
    if not size:
        raise IndexError(
            f"median() over dimension {dim} of size 0 has no result, in a tensor of shape {tuple(array.shape)}"
        )
    if array.dtype.kind in "iub":
        return kth_along(input, (size - 1) // 2, dim, keepdim)
    missing = (array != array).sum(axis=dim)
    place = (size - missing - 1) // 2
    # NaN is sorted last: the first of them is number size - missing
    xp = namespace_of(type(array))
    place = xp.where(missing == size, 0, place) if skip else xp.where(missing > 0, size - missing, place)
    return kth_along(input, place, dim, keepdim)


def _named(name: str, result: Any) -> Any:
    return _NAMES[name](*result)


_NAMES = {name: named_result(name, "values", "indices") for name in ("median", "nanmedian", "mode")}


def _median_function(name: str, skip: bool, which: str) -> Any:
    def function(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
        if dim is None:
            result = median_of_all(input, skip)
            return result if out is None else median_of_all(input, skip, out=out)
        result = _named(name, _median_along(input, wrap_dim(dim, input.ndim), keepdim, skip))
        if out is None:
            return result
        for each, into in zip(result, out, strict=True):
            into.resize_(each.shape).copy_(each)
        return _named(name, out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Median of {which}: of all, or along `dim` as a named tuple ``(values, indices)``.

    Of an even number of elements the lower one of the two in the middle is taken.
    """
    return composite(function, method=True)


median = _median_function("median", False, "the elements, NaN if one of them is")
nanmedian = _median_function("nanmedian", True, "the elements that are not NaN")


@primitive("input", outputs=("values", "indices"))
def mode_along(xp: Any, input: Any, dim: int, keepdim: bool) -> Any:
    """The most frequent value along `dim`, the smallest of equally frequent ones, and its last index."""
    if not input.ndim:
        return input.copy(), xp.zeros((), dtype=numpy.int64)
    order = order_along(xp, input, dim, False)
    values = xp.take_along_axis(input, order, dim)
    last, first = xp.moveaxis(values, dim, -1), xp.arange(input.shape[dim])
    new = xp.ones(last.shape, dtype=bool)
    new[..., 1:] = last[..., 1:] != last[..., :-1]
    run = first - xp.maximum.accumulate(xp.where(new, first, 0), axis=-1)  # how many equal ones came before
    at = xp.expand_dims(run.argmax(axis=-1), -1)
    at = xp.moveaxis(at, -1, dim)
    place = xp.take_along_axis(order, at, dim)
    best = xp.take_along_axis(values, at, dim)
    return (best, place) if keepdim else (best.squeeze(dim), place.squeeze(dim))


mode_along.op.title = "ModeBackward0"
mode_along.gradient(lambda g, input_shape, dim, indices: placed_along(g[0], indices, dim, input_shape))


@composite(method=True)
def mode(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent value along `dim` (of several the smallest): a named tuple ``(values, indices)``."""
    dim = wrap_dim(dim, input.ndim)
    if input.ndim and not input.shape[dim]:
        raise IndexError(
            f"mode() over dimension {dim} of size 0 has no result, in a tensor of shape {tuple(input.shape)}"
        )
    return _named("mode", mode_along(input, dim, keepdim))


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(name: str, input: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip: bool) -> Any:
    array = input._array
    if array.dtype not in (numpy.float32, numpy.float64):
        raise RuntimeError(f"{name}() needs elements of float32 or float64, got {input.dtype}")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(f"{name}(): interpolation is one of {', '.join(_INTERPOLATIONS)}, got {interpolation!r}")
    if not array.size:
        raise RuntimeError(f"{name}() of an empty tensor has no result")
    if isinstance(q, Tensor):
        if q.ndim > 1:
            raise RuntimeError(f"{name}(): q must be a number or a vector, got shape {tuple(q.shape)}")
        if q._array.dtype != array.dtype:
            raise RuntimeError(f"{name}(): q must have the dtype of input, {input.dtype}, got {q.dtype}")
        places = q._array
    else:
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}(): q must lie between 0 and 1, got {q}")
        places = beside(numpy.asarray(q, dtype=array.dtype), array)
    if ((places < 0) | (places > 1)).any():
        raise RuntimeError(f"{name}(): all q must lie between 0 and 1")
    shape = array.shape
    if dim is None:
        dim, rows = 0, reshape_to(input, (-1,))
        kept_shape: tuple[int, ...] = (1,) * len(shape)
    else:
        dim, rows = wrap_dim(dim, array.ndim), input if array.ndim else reshape_to(input, (1,))
        kept_shape = tuple([1 if axis == dim else size for axis, size in enumerate(shape)])
    ordered = transpose(sort_along(rows, dim, False).values, dim, -1)
    flat = ordered._array
    missing = (flat != flat).sum(axis=-1, keepdims=True)
    xp = namespace_of(type(flat))
    ranks = places.reshape(-1) * (flat.shape[-1] - 1 - (missing if skip else 0 * missing)).astype(array.dtype)
    ranks = xp.maximum(ranks, 0)
    if not skip:
        ranks = xp.where(missing > 0, flat.shape[-1] - 1, ranks)  # NaN, which is sorted last
    ranks = ranks.astype(array.dtype)
    if interpolation == "lower":
        ranks = xp.floor(ranks)
    elif interpolation == "higher":
        ranks = xp.ceil(ranks)
    elif interpolation == "nearest":
        ranks = xp.rint(ranks)
    below = xp.floor(ranks).astype(numpy.int64)
    result = _pick(ordered, below)
    if interpolation in ("linear", "midpoint"):
        weight = xp.full_like(ranks, 0.5) if interpolation == "midpoint" else (ranks - below).astype(array.dtype)
        above = xp.ceil(ranks).astype(numpy.int64)
        upper = _pick(ordered, above)
        result = result + choose(make(above == below), 0.0, (upper - result) * make(weight))
    # the quantiles are the last dimension, at the place of `dim`: they come first
    result = transpose(result, -1, dim)
    count = places.size
    for axis in range(dim, 0, -1):
        result = transpose(result, axis, axis - 1)
    tail = tuple([size for axis, size in enumerate(rows.shape) if axis != dim])
    if keepdim:
        tail = kept_shape
    return reshape_to(result, (count, *tail) if places.ndim else tail)


def _pick(ordered: Any, places: Array) -> Any:
    return gather_along(ordered, ordered.ndim - 1, make(places))


@composite(method=True)
def quantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The `q`-th quantiles (between 0 and 1) along `dim`, or of all elements; NaN where there is a NaN.

    The result has a leading dimension for the quantiles if `q` is a vector.

    >>> import tinygrad_i2dl as torch
    >>> torch.quantile(torch.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    tensor(1.5000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


@composite(method=True)
def nanquantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The `q`-th quantiles of the elements that are not NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


# ---------------------------------------------------------------- counting


@composite(method=True)
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2, ... occurs in a vector, or the sums of `weights` there.

    >>> import tinygrad_i2dl as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    array = input._array
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise RuntimeError(f"bincount() needs a vector of integers, got {input.dtype} of shape {tuple(array.shape)}")
    if minlength < 0:
        raise RuntimeError(f"bincount(): minlength must not be negative, got {minlength}")
    if array.size and array.min() < 0:
        raise RuntimeError(f"bincount() needs integers that are not negative, got {int(array.min())}")
    xp = namespace_of(type(array))
    if weights is None:
        return make(xp.bincount(array, minlength=minlength))
    if weights._array.shape != array.shape:
        raise RuntimeError(
            f"bincount(): weights have shape {tuple(weights.shape)}, input {tuple(array.shape)}; they must be equal"
        )
    counts = xp.bincount(array, weights=weights._array, minlength=minlength)
    return make(counts.astype(numpy.float32 if weights._array.dtype == numpy.float32 else numpy.float64))


@composite(method=True)
def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """Histogram with `bins` intervals of one width between `min` and `max` (both 0: the range of the elements)."""
    array = input._array
    if bins <= 0:
        raise RuntimeError(f"histc() needs a positive number of bins, got {bins}")
    low, high = min, max
    if low == high and array.size:
        low, high = array.min().item(), array.max().item()
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"histc() needs a finite range, got {low} to {high}")
    if low > high:
        raise RuntimeError(f"histc(): max must be larger than min, got {min} and {max}")
    values = array.reshape(-1)
    values = values[(values >= low) & (values <= high)]
    place = ((values - low) / (high - low) * bins).astype(numpy.int64)
    xp = namespace_of(type(place))
    counts = xp.bincount(xp.minimum(place, bins - 1), minlength=bins)
    return make(counts.astype(array.dtype))


def _edges(name: str, values: Array, bins: Any, range: Any, dtype: Any) -> Array:
    """Borders of the intervals along one dimension."""
    if isinstance(bins, Tensor):
        if bins._array.dtype != dtype:
            raise RuntimeError(f"{name}(): the borders must have the dtype of input, {dtype}, got {bins.dtype}")
        if bins.ndim != 1 or bins._array.size == 0:
            raise RuntimeError(f"{name}() needs a vector of borders, got shape {tuple(bins.shape)}")
        return on_host(bins._array)
    if bins <= 0:
        raise RuntimeError(f"{name}() needs a positive number of bins, got {bins}")
    if range is None:
        low, high = (values.min().item(), values.max().item()) if values.size else (0.0, 0.0)
    else:
        low, high = range
        if low > high:
            raise RuntimeError(f"{name}(): a range must rise, got {low} to {high}")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}() needs a finite range, got {low} to {high}")
    if low == high:
        low, high = (low - 0.5, high + 0.5) if values.size else (low, high + 1.0)
    return numpy.linspace(low, high, bins + 1).astype(dtype)


def _histogram(
    name: str, points: Array, bins: list[Any], ranges: list[Any], weight: Any, density: bool
) -> tuple[Array, list[Array]]:
    dtype = points.dtype
    edges = [_edges(name, points[:, axis], each, ranges[axis], dtype) for axis, each in enumerate(bins)]
    inside = numpy.ones(points.shape[0], dtype=bool)
    places = numpy.zeros(points.shape[0], dtype=numpy.int64)
    for axis, border in enumerate(edges):
        values = points[:, axis]
        inside &= (values >= border[0]) & (values <= border[-1])
        place = numpy.searchsorted(border, values, side="right") - 1
        place[values == border[-1]] = border.size - 2
        places = places * (border.size - 1) + place
    shape = tuple([border.size - 1 for border in edges])
    total = int(numpy.prod(shape))
    weights = None if weight is None else weight.reshape(-1)[inside]
    if weights is None:
        counts = numpy.bincount(places[inside], minlength=total).astype(dtype).reshape(shape)
    else:
        counts = numpy.zeros(total, dtype=dtype)
        numpy.add.at(counts, places[inside], weights)  # in order and in the dtype of the elements, as PyTorch adds
        counts = counts.reshape(shape)
    if density:
        volume: Any = 1.0
        for axis, border in enumerate(edges):
            volume = volume * numpy.diff(border).reshape([-1 if axis == a else 1 for a in range(len(edges))])
        counts = (counts / (volume * counts.sum())).astype(dtype)
    return counts, edges


_HISTOGRAM = named_result("histogram", "hist", "bin_edges")
_HISTOGRAMDD = named_result("histogramdd", "hist", "bin_edges")


@composite(method=True)
def histogram(input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False) -> Any:
    """Histogram of all elements: a named tuple ``(hist, bin_edges)``. `bins`: number of intervals, or their borders."""
    array = input._array
    if array.dtype.kind != "f":
        raise DtypeError(f"histogram() needs floating-point elements, got {input.dtype}")
    if weight is not None and weight._array.shape != array.shape:
        raise RuntimeError(
            f"histogram(): weight has shape {tuple(weight.shape)}, input {tuple(array.shape)}; they must be equal"
        )
    weights = None if weight is None else on_host(weight._array)
    counts, edges = _histogram("histogram", on_host(array).reshape(-1, 1), [bins], [range], weights, density)
    return _HISTOGRAM(make(beside(counts, array)), make(beside(edges[0], array)))


@composite
def histogramdd(input: Any, bins: Any, range: Any = None, weight: Any = None, density: bool = False) -> Any:
    """Histogram of the rows of `input` as points: a named tuple ``(hist, bin_edges)``.

    `bins`: intervals in every dimension, or a sequence of such numbers or of vectors of borders; `range`: lower and
    upper ends in turn.
    """
    array = input._array
    if array.dtype.kind != "f":
        raise DtypeError(f"histogramdd() needs floating-point elements, got {input.dtype}")
    if array.ndim < 2:
        raise RuntimeError(f"histogramdd() needs points as rows: at least two dimensions, got {array.ndim}")
    size = array.shape[-1]
    each = [bins] * size if isinstance(bins, (int, Tensor)) else list(bins)
    if len(each) != size:
        raise RuntimeError(f"histogramdd(): {len(each)} bins for points of {size} coordinates; they must be as many")
    ranges = [None] * size if range is None else [(range[2 * i], range[2 * i + 1]) for i in numpy.arange(size)]
    points, weights = on_host(array).reshape(-1, size), None if weight is None else on_host(weight._array)
    counts, edges = _histogram("histogramdd", points, each, ranges, weights, density)
    return _HISTOGRAMDD(make(beside(counts, array)), tuple([make(beside(border, array)) for border in edges]))


# ---------------------------------------------------------------- covariance


@composite(method=True)
def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """Covariance matrix of variables given as rows of observations.

    Args:
        input: ``(variables, observations)``, or one variable.
        correction: subtracted from the number of observations.
        fweights: how often each observation counts (integers).
        aweights: relative importance of each observation.
    """
    if input.ndim > 2:
        raise RuntimeError(f"cov() needs at most two dimensions, got {input.ndim}")
    if input._array.dtype.kind == "b":
        raise RuntimeError("cov() is not defined for bool tensors")
    count = input.shape[-1] if input.ndim else 1
    weight: Any = None
    for name, given, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if given is None:
            continue
        if given.ndim > 1 or given._array.size != count:
            raise RuntimeError(f"cov(): {name} must be a vector of {count} elements, got shape {tuple(given.shape)}")
        if given._array.dtype.kind not in kinds:
            raise RuntimeError(
                f"cov(): {name} must be {'integers' if kinds == 'iu' else 'floating-point'}, got {given.dtype}"
            )
        if given._array.size and given._array.min() < 0:
            raise RuntimeError(f"cov(): {name} must not be negative")
        weight = given if weight is None else weight * given
    if input._array.dtype.kind in "iu":
        input = cast(input, get_default_dtype().numpy)
    rows = reshape_to(input, (1, -1)) if input.ndim < 2 else input
    if weight is None:
        centred = rows - mean_over(rows, (1,), True)
        freedom: Any = count - correction
        product = centred @ transpose(centred, 0, 1)
        result = product / max(freedom, 0)
    else:
        total = sum_over(weight, tuple(range(weight.ndim)), False)
        centred = rows - sum_over(rows * weight, (1,), True) / total
        used = (
            total
            if aweights is None or correction == 0
            else sum_over(weight * aweights, tuple(range(weight.ndim)), False) / total
        )
        freedom = total - correction if aweights is None else total - correction * used
        result = centred @ transpose(centred * weight, 0, 1) / clamp(freedom, min=0)
    return result if rows.shape[0] != 1 else reshape_to(result, ())


@composite(method=True)
def corrcoef(input: Any) -> Any:
    """Matrix of the correlation coefficients of variables given as rows of observations."""
    if input.ndim > 2:
        raise RuntimeError(f"corrcoef() needs at most two dimensions, got {input.ndim}")
    matrix = cov(input)
    if not matrix.ndim:
        return matrix / matrix
    deviation = sqrt(diagonal(matrix))
    return clamp(matrix / unsqueeze(deviation, 1) / unsqueeze(deviation, 0), min=-1, max=1)
