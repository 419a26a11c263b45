"""Operations that reduce dimensions: sums, means, extrema, norms and their kin, and the running forms of these."""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..dtypes import get_default_dtype, to_numpy_dtype
from ..engine.mode import state
from ..errors import DtypeError
from ..tensors import Operations, Tensor, make
from ._define import as_array, composite, named_result, node_of, primitive
from .comparison import choose, isnan, maximum, minimum
from .indexing import add_along_zeros
from .memory_order import contiguous
from .movement import (
    cast,
    cat,
    clone,
    expand_view,
    flip,
    narrow_view,
    numel_of,
    reshape_to,
    sizes_from,
    transpose,
    unsqueeze,
    wrap_dim,
    wrap_dims,
)
from .pointwise import abs as absolute_value
from .pointwise import exp, log, pow, sign

__all__ = [
    "all", "amax", "amin", "aminmax", "any", "argmax", "argmin", "count_nonzero", "cummax", "cummin", "cumprod",
    "cumsum", "cumulative_trapezoid", "diff", "dist", "gradient", "logcumsumexp", "logsumexp", "max", "mean", "min",
    "nanmean", "nansum", "prod", "renorm", "std", "std_mean", "sum", "sum_to_size", "trapezoid", "trapz", "var",
    "var_mean",
]  # fmt: skip

Array = Any
Shape = tuple[int, ...]
Dims = tuple[int, ...]
WIDE = numpy.dtype("float32")  # what float16 and bfloat16 are summed in


def restored(g: Any, shape: Shape, dims: Dims) -> Any:
    """`g`, of a tensor of `shape` reduced over `dims` with or without keepdim, stretched back to `shape`."""
    if len(g.shape) != len(shape):
        g = reshape_to(g, tuple([1 if axis in dims else size for axis, size in enumerate(shape)]))
    return expand_view(g, shape)


def kept(value: Any, shape: Shape, dims: Dims) -> Any:
    """A result reduced over `dims`, with these as dimensions of size 1."""
    if len(value.shape) == len(shape):
        return value
    return reshape_to(value, tuple([1 if axis in dims else size for axis, size in enumerate(shape)]))


def _is_half(array: Array) -> bool:
    return bool(array.dtype.itemsize == 2 and array.dtype.kind in "fV")


def _count(shape: Shape, dims: Dims) -> int:
    count = 1
    for axis in dims:
        count *= shape[axis]
    return count


# ---------------------------------------------------------------- sums and means


@functools.lru_cache(maxsize=64)
def _ones(count: int, dtype: Any) -> Array:
    ones = numpy.ones(count, dtype=dtype)
    ones.flags.writeable = False
    return ones


_BLOCK = 512  # elements summed by one dot product: short enough that the rounding errors stay those of pairwise sums


def _summed(xp: Any, input: Array, dims: Dims, keepdim: bool) -> Array:
    """Sum of a floating-point array; of a large one by products with ones, a third to a sixth of NumPy's time."""
    if xp is not numpy or input.size < 1024 or not dims or not input.flags.c_contiguous:
        return input.sum(dims, None, None, keepdim)
    shape, ndim = input.shape, input.ndim
    if len(dims) == ndim:
        flat = input.reshape(-1)
        rows = flat.size // _BLOCK
        total = (flat[: rows * _BLOCK].reshape(rows, _BLOCK) @ _ones(_BLOCK, input.dtype)).sum()
        total += flat[rows * _BLOCK :].sum()
        return numpy.asarray(total).reshape((1,) * ndim if keepdim else ())
    first, last = 0, ndim
    while first in dims:
        first += 1
    while last - 1 in dims:
        last -= 1
    count, tail = _count(shape, tuple(range(first))), _count(shape, tuple(range(last, ndim)))
    inner = [axis for axis in dims if first <= axis < last]
    if inner or (first and last < ndim) or count > 1 << 16 or (last < ndim and not 8 <= tail <= _BLOCK):
        return input.sum(dims, None, None, keepdim)
    if first:
        result = _ones(count, input.dtype) @ input.reshape(count, -1)
    else:
        result = input.reshape(-1, tail) @ _ones(tail, input.dtype)
    return result.reshape(
        [1 if axis in dims else size for axis, size in enumerate(shape) if keepdim or axis not in dims]
    )


@primitive("input")
def sum_over(xp: Any, input: Any, dims: Dims, keepdim: bool) -> Any:
    """Sum over the dimensions `dims`; integers and bools are summed as int64."""
    kind = input.dtype.kind
    if kind == "f" and input.dtype.itemsize > 2:
        return _summed(xp, input, dims, keepdim)
    if kind in "iub":
        return input.sum(axis=dims, keepdims=keepdim, dtype=numpy.int64)
    return as_array(input.astype(WIDE).sum(axis=dims, keepdims=keepdim)).astype(input.dtype)


def titled_by_dims(name: str) -> Callable[[Any], str]:
    """PyTorch's names of a reduction's node: one over all dimensions, another over those that were named."""

    def title(node: Any) -> str:
        dims = node.argument("dims")
        return f"{name}Backward{0 if dims is None or dims is wrap_dims(None, len(dims)) else 1}"

    return title


sum_over.op.title = titled_by_dims("Sum")
sum_over.gradient(lambda g, input_shape, dims: restored(g, input_shape, dims))


@composite(method=True)
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Sum over the dimension(s) `dim`, or over all of them; integers and bools are summed as int64.

    Args:
        input: the tensor.
        dim: an integer or several; None: all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: convert to this first.

    >>> import tinygrad_i2dl as torch
    >>> torch.sum(torch.ones(2, 3), dim=1)
    tensor([3., 3.])
    """
    if dtype is not None:
        wanted = to_numpy_dtype(dtype)
        result = sum_over(cast(input, wanted), wrap_dims(dim, input.ndim), keepdim)
        return cast(result, wanted) if wanted.kind in "iub" else result  # integers were summed as int64
    return sum_over(input, wrap_dims(dim, input.ndim), keepdim)


def _real_only(name: str, input: Any, dtype: Any = None) -> Any:
    """`input` as floating-point numbers; raises for integers unless `dtype` converts them."""
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    array = input._array if isinstance(input, Tensor) else input
    if array.dtype.kind in "iub":
        raise DtypeError(
            f"{name}() needs floating-point elements, got {input.dtype}: convert with .float() or pass dtype="
        )
    return input


@primitive("input")
def mean_over(xp: Any, input: Any, dims: Dims, keepdim: bool) -> Any:
    """Mean over the dimensions `dims`; NaN over no elements."""
    count = _count(input.shape, dims)
    if _is_half(input):
        return as_array(input.astype(WIDE).sum(axis=dims, keepdims=keepdim) / WIDE.type(count)).astype(input.dtype)
    if input.dtype.kind in "iub":
        raise DtypeError(
            f"mean() needs floating-point elements, got {input.dtype}: convert with .float() or pass dtype="
        )
    total = as_array(_summed(xp, input, dims, keepdim))  # a third of the time of NumPy's own mean for small arrays
    total /= count
    return total


@mean_over.gradient
def _(g: Any, input_shape: Shape, dims: Dims) -> Any:
    return restored(g / _count(input_shape, dims), input_shape, dims)


mean_over.op.title = titled_by_dims("Mean")


@composite(method=True)
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Mean over the dimension(s) `dim`, or over all of them; NaN over no elements.

    Raises:
        RuntimeError: the elements are integers and no `dtype` is given.

    >>> import tinygrad_i2dl as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 5.0]]), dim=0)
    tensor([2.0000, 3.5000])
    """
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    return mean_over(input, wrap_dims(dim, input.ndim), keepdim)


@composite(method=True)
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Sum over the elements that are not NaN."""
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    if input._array.dtype.kind not in "iub":
        input = choose(isnan(input), 0.0, input)
    return sum_over(input, wrap_dims(dim, input.ndim), keepdim)


@composite(method=True)
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Mean over the elements that are not NaN."""
    input = _real_only("nanmean", input, dtype)
    missing = isnan(input)
    dims = wrap_dims(dim, input.ndim)
    count = sum_over(cast(~missing, input._array.dtype), dims, keepdim)
    return sum_over(choose(missing, 0.0, input), dims, keepdim) / count


@composite(method=True)
def sum_to_size(input: Any, *size: Any) -> Any:
    """Sum over the dimensions along which a tensor of shape `size` would be stretched to the shape of `input`."""
    shape = sizes_from(size)
    extra = input.ndim - len(shape)
    if extra < 0 or builtins.any(n not in (1, m) for n, m in zip(shape, input.shape[extra:], strict=True)):
        raise RuntimeError(
            f"sum_to_size(): shape {list(shape)} does not broadcast to the shape {list(input.shape)} of the tensor"
        )
    dims = (*range(extra), *(axis + extra for axis, n in enumerate(shape) if n == 1 and input.shape[axis + extra] != 1))
    result = sum_over(input, dims, False) if dims or input._array.dtype.kind in "iub" else input
    return reshape_to(result, tuple(shape))


# ---------------------------------------------------------------- products


@primitive("input")
def prod_over(xp: Any, input: Any, dims: Dims, keepdim: bool) -> Any:
    """Product over the dimensions `dims`; integers and bools are multiplied as int64."""
    if _is_half(input):
        return as_array(input.astype(WIDE).prod(axis=dims, keepdims=keepdim)).astype(input.dtype)
    return input.prod(axis=dims, keepdims=keepdim, dtype=numpy.int64 if input.dtype.kind in "iub" else None)


prod_over.op.title = titled_by_dims("Prod")


@prod_over.gradient
def _(g: Any, input: Any, out: Any, dims: Dims) -> Any:
    shape = tuple(input.shape)
    if not _has_zero(input):
        return restored(g * out, shape, dims) / input
    return restored(g, shape, dims) * _others(input, dims)


def _has_zero(input: Any) -> bool:
    return not (input._array if isinstance(input, Tensor) else input).all()


def _others(input: Any, dims: Dims) -> Any:
    """Product, over `dims`, of all other elements: running products from both ends, so that zeros do no harm."""
    shape = tuple(input.shape)
    if not shape:
        return input * 0 + 1
    rest = tuple([axis for axis in range(len(shape)) if axis not in dims])
    order = rest + dims
    flat = reshape_to(
        _permuted(input, order), (*[shape[axis] for axis in rest], -1 if numel_of(shape) else _count(shape, dims))
    )
    last = len(rest)
    one = narrow_view(flat, last, 0, builtins.min(1, flat.shape[last])) * 0 + 1
    before = (
        running_product(cat([one, narrow_view(flat, last, 0, flat.shape[last] - 1)], last), last)
        if flat.shape[last]
        else flat
    )
    after = narrow_view(flat, last, 1, flat.shape[last]) if flat.shape[last] else flat
    after = flip(running_product(cat([one, flip(after, (last,))], last), last), (last,)) if flat.shape[last] else flat
    product = reshape_to(before * after, tuple([shape[axis] for axis in order]))
    back = [0] * len(order)
    for place, axis in enumerate(order):
        back[axis] = place
    return _permuted(product, tuple(back))


def _permuted(input: Any, order: Dims) -> Any:
    from_, to = input, list(range(len(order)))
    for place, axis in enumerate(order):  # by exchanges, which run on arrays and Tensors alike
        at = to.index(axis)
        if at != place:
            from_ = transpose(from_, at, place)
            to[at], to[place] = to[place], to[at]
    return from_


@composite(method=True)
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Product over dimension `dim`, or over all; integers and bools are multiplied as int64.

    >>> import tinygrad_i2dl as torch
    >>> torch.prod(torch.tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    if dtype is not None:
        wanted = to_numpy_dtype(dtype)
        result = prod_over(cast(input, wanted), wrap_dims(dim, input.ndim), keepdim)
        return cast(result, wanted) if wanted.kind in "iub" else result  # integers were multiplied as int64
    return prod_over(input, wrap_dims(dim, input.ndim), keepdim)


# ---------------------------------------------------------------- variance


@primitive("input")
def var_over(xp: Any, input: Any, dims: Dims, correction: Any, keepdim: bool) -> Any:
    """Variance over the dimensions `dims`: squared deviations from the mean, over their number less `correction`."""
    values = input.astype(WIDE) if _is_half(input) else input
    count = _count(input.shape, dims)
    centred = values - values.sum(axis=dims, keepdims=True) / values.dtype.type(count)
    centred *= centred
    total = as_array(centred.sum(axis=dims, keepdims=keepdim))
    total /= builtins.max(count - correction, 0)
    return total.astype(input.dtype, copy=False)


var_over.op.title = "VarBackward0"


@var_over.gradient
def _(g: Any, input: Any, dims: Dims, correction: Any) -> Any:
    shape = tuple(input.shape)
    freedom = builtins.max(_count(shape, dims) - correction, 0)
    factor = 2 / freedom if freedom else math.nan
    return restored(g * factor, shape, dims) * (input - mean_over(input, dims, True))


def _variance_arguments(name: str, input: Any, dim: Any, unbiased: Any, correction: Any) -> tuple[Dims, Any]:
    if isinstance(dim, bool) and unbiased is None:  # var(input, unbiased)
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}() takes unbiased= or correction=, not both")
    _real_only(name, input)
    return wrap_dims(dim, input.ndim), (1 if unbiased is None else int(unbiased)) if correction is None else correction


@composite(method=True)
def var(input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None) -> Any:
    """Variance over the dimension(s) `dim`, or over all: squared deviations over their number less `correction` (or 1).

    ``unbiased=False`` is the older way to say ``correction=0``.
    """
    dims, less = _variance_arguments("var", input, dim, unbiased, correction)
    return var_over(input, dims, less, keepdim)


def _root(variance: Any) -> Any:
    return standard_deviation(variance)


@primitive("input")
def standard_deviation(xp: Any, input: Any) -> Any:
    """Square root of a variance; its derivative at zero is taken as zero, as PyTorch takes it."""
    return xp.sqrt(input)


@standard_deviation.gradient
def _(g: Any, out: Any) -> Any:
    return choose(out == 0, 0.0, g / (2 * out))


standard_deviation.op.title = "StdBackward0"


@composite(method=True)
def std(input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None) -> Any:
    """Standard deviation over the dimension(s) `dim`, or over all: the square root of `var`.

    >>> import tinygrad_i2dl as torch
    >>> torch.std(torch.tensor([1.0, 3.0]), correction=0)
    tensor(1.)
    """
    dims, less = _variance_arguments("std", input, dim, unbiased, correction)
    return _root(var_over(input, dims, less, keepdim))


@composite
def var_mean(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> Any:
    """Variance and mean over the dimension(s) `dim`, or over all, as a tuple."""
    dims, less = _variance_arguments("var_mean", input, dim, unbiased, correction)
    return var_over(input, dims, less, keepdim), mean_over(input, dims, keepdim)


@composite
def std_mean(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> Any:
    """Standard deviation and mean over the dimension(s) `dim`, or over all, as a tuple."""
    dims, less = _variance_arguments("std_mean", input, dim, unbiased, correction)
    return _root(var_over(input, dims, less, keepdim)), mean_over(input, dims, keepdim)


# ---------------------------------------------------------------- extrema


def _not_empty(name: str, input: Any, dims: Dims) -> None:
    for axis in dims:
        if input.shape[axis] == 0:
            raise IndexError(
                f"{name}() over dimension {axis} of size 0 has no result, in a tensor of shape {tuple(input.shape)}"
            )


def _reduces_extremum(name: str) -> Any:
    """The primitive that takes the largest (or smallest) element over dimensions; ties share the gradient evenly."""

    def kernel(xp: Any, input: Any, dims: Dims, keepdim: bool) -> Any:
        if not input.size:
            _not_empty(name, input, dims)
        if input.dtype.kind == "V":
            return as_array(getattr(input.astype(WIDE), name[1:])(axis=dims, keepdims=keepdim)).astype(input.dtype)
        return getattr(input, name[1:])(axis=dims, keepdims=keepdim)

    kernel.__name__ = kernel.__qualname__ = f"{name}_over"
    kernel.__doc__ = (
        f"The {'largest' if name == 'amax' else 'smallest'} element over the dimensions `dims`; NaN if there is one."
    )
    function = primitive("input")(kernel)

    def title(node: Any) -> str:
        dims = node.argument("dims")
        whole = dims is not None and dims is wrap_dims(None, len(dims))
        return f"{name[1:].capitalize()}Backward1" if whole else f"{name.capitalize()}Backward0"

    function.op.title = title

    def formula(g: Any, input: Any, out: Any, dims: Dims) -> Any:
        shape = tuple(input.shape)
        same = input == kept(out, shape, dims)
        count = sum_over(same, dims, True)
        return (kept(g, shape, dims) / count) * same

    function.gradient(formula)
    return function


amax_over = _reduces_extremum("amax")
amin_over = _reduces_extremum("amin")


def _dims_or_all(name: str, input: Any, dim: Any) -> Dims:
    if not isinstance(dim, int) and (dim is None or not len(dim)) and 0 in input.shape:
        raise RuntimeError(f"{name}() of an empty tensor has no result: pass dim= of a dimension that is not empty")
    return wrap_dims(dim, input.ndim)


@composite(method=True)
def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """Largest element over the dimension(s) `dim`, or over all; equal ones share the gradient evenly."""
    return amax_over(input, _dims_or_all("amax", input, dim), keepdim)


@composite(method=True)
def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """Smallest element over the dimension(s) `dim`, or over all; equal ones share the gradient evenly."""
    return amin_over(input, _dims_or_all("amin", input, dim), keepdim)


def _position(xp: Any, input: Array, which: str, dim: int | None) -> Array:
    """Index of the extremum along `dim` (of the first NaN if there is one)."""
    if input.dtype.kind == "b":
        input = input.view(numpy.uint8)
    elif input.dtype.kind == "V":
        input = input.astype(WIDE)
    return as_array(getattr(xp, which)(input, axis=dim))


@functools.lru_cache(maxsize=64)
def _steps(count: int) -> Array:
    steps = numpy.arange(count)
    steps.flags.writeable = False
    return steps


def _extremum_along(name: str) -> Any:
    """The primitive that gives the extremum along one dimension with its index."""

    def kernel(xp: Any, input: Any, dim: int, keepdim: bool) -> Any:
        if not input.ndim:
            return input.copy(), xp.zeros((), dtype=numpy.int64)
        if not input.size:
            _not_empty(name, input, (dim,))
        place = _position(xp, input, f"arg{name}", dim)
        if input.ndim == 2 and xp is numpy:  # the most frequent case, at a quarter of the time of `take_along_axis`
            steps = _steps(place.size)
            values = input[steps, place] if dim == 1 else input[place, steps]
            return (xp.expand_dims(values, dim), xp.expand_dims(place, dim)) if keepdim else (values, place)
        at = xp.expand_dims(place, dim)
        values = xp.take_along_axis(input, at, dim)
        return (values, at) if keepdim else (values.reshape(place.shape), place)

    kernel.__name__ = kernel.__qualname__ = f"{name}_along"
    kernel.__doc__ = f"Values and indices of the {name}imum along `dim`."
    function = primitive("input", outputs=("values", "indices"))(kernel)
    function.op.title = f"{name.capitalize()}Backward0"
    function.op.result = named_result(name, "values", "indices")
    function.gradient(_from_places)
    return function


def _from_places(g: Any, input_shape: Shape, dim: int, indices: Any) -> Any:
    """Gradient of a result that copies the element at an index along `dim`."""
    return placed_along(g[0], indices, dim, input_shape)


def placed_along(g: Any, index: Any, dim: int, shape: Shape) -> Any:
    """Zeros of `shape` with `g` at `index` along `dim`, where both lack or have that dimension."""
    if not shape:
        return g
    if len(g.shape) < len(shape):
        g, index = unsqueeze(g, dim), unsqueeze(index, dim)
    return add_along_zeros(g, dim, index, shape)


max_along = _extremum_along("max")
min_along = _extremum_along("min")


def _three_forms(name: str, over: Any, along: Any, elementwise: Any) -> Any:
    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}() needs a Tensor, got {type(input).__name__}")
        if not args and not kwargs:
            if not input._array.size:
                raise RuntimeError(
                    f"{name}() of an empty tensor has no result: pass dim= of a dimension that is not empty"
                )
            result = over(input, wrap_dims(None, input.ndim), False)
            return result if out is None else elementwise(input, input, out=out)
        if (args and isinstance(args[0], Tensor)) or "other" in kwargs:
            return (
                elementwise(input, *args, **kwargs, out=out) if out is not None else elementwise(input, *args, **kwargs)
            )
        return _with_dim(input, *args, **kwargs, out=out)

    def _with_dim(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None, axis: Any = None) -> Any:
        dim = axis if dim is None else dim
        if not isinstance(dim, int) or isinstance(dim, bool):
            raise TypeError(f"{name}() takes no more arguments, another tensor, or dim, an integer; got {dim!r}")
        dim = wrap_dim(dim, input.ndim)
        return along(input, dim, keepdim) if out is None else along(input, dim, keepdim, out=out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""The {name}imum of all elements, along a dimension, or of two tensors elementwise.

    ``{name}(input)``: of all elements; equal ones share the gradient evenly.
    ``{name}(input, dim, keepdim=False)``: a named tuple ``(values, indices)``; the gradient goes to the element at
    the index.
    ``{name}(input, other)``: elementwise, the same as `{name}imum`.

    >>> import tinygrad_i2dl as torch
    >>> torch.{name}(torch.tensor([[1, 5], [7, 2]]), dim=1).indices
    tensor({"[1, 0]" if name == "max" else "[0, 1]"})
    """
    return composite(function, method=True)


max = _three_forms("max", amax_over, max_along, maximum)
min = _three_forms("min", amin_over, min_along, minimum)


@composite
def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False, out: Any = None) -> Any:
    """Smallest and largest element along `dim`, or of all: a named tuple ``(min, max)``."""
    dims = wrap_dims(dim, input.ndim)
    if not input._array.size and dim is None:
        raise RuntimeError("aminmax() of an empty tensor has no result: pass dim= of a dimension that is not empty")
    if keepdim and dim is None:
        result = _AMINMAX(amin_over(input, dims, True), amax_over(input, dims, True))
    else:
        result = _AMINMAX(amin_over(input, dims, keepdim), amax_over(input, dims, keepdim))
    if out is None:
        return result
    for each, into in zip(result, out, strict=True):
        if into.dtype != each.dtype:
            raise RuntimeError(f"aminmax(out=...): out must be of {each.dtype}, got {into.dtype}")
        amax_over(each, (), False, out=into)
    return _AMINMAX(*out)


def _aminmax_method(self: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    return aminmax(self, dim=dim, keepdim=keepdim)


_AMINMAX = named_result("aminmax", "min", "max")


def _position_function(name: str) -> Any:
    which = name

    def function(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        array = input._array
        if array.dtype.kind == "b":
            raise NotImplementedError(f"{name}() is not defined for bool: convert it first, as in x.int().{name}()")
        if dim is None:
            if not array.size:
                raise IndexError(
                    f"{name}() of an empty tensor has no result: pass dim= of a dimension that is not empty"
                )
            place = _position(namespace_of(type(array)), array, which, None)
            return make(as_array(place).reshape((1,) * array.ndim)) if keepdim else make(as_array(place))
        dim = wrap_dim(dim, array.ndim)
        if not array.ndim:
            return make(namespace_of(type(array)).zeros((), dtype=numpy.int64))
        _not_empty(name, array, (dim,))
        wide = array.astype(WIDE) if array.dtype.kind == "V" else array
        place = as_array(getattr(wide, which)(dim))
        return make(place.reshape([*array.shape[:dim], 1, *array.shape[dim + 1 :]]) if keepdim else place)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Index of the {name[3:]}imum along `dim`, or in the flattened tensor; the first of equal ones.

    >>> import tinygrad_i2dl as torch
    >>> torch.{name}(torch.tensor([[1, 5], [7, 2]]), dim=1)
    tensor({"[1, 0]" if name == "argmax" else "[0, 1]"})
    """
    return composite(function, method=True)


argmax = _position_function("argmax")
argmin = _position_function("argmin")


# ---------------------------------------------------------------- logic and counts


def _quantifier(name: str) -> Any:
    def function(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
        array = input._array
        dims = wrap_dims(dim, array.ndim) if not isinstance(dim, (tuple, list)) or len(dim) else ()
        if dim is None and array.dtype.kind == "b" and not keepdim:
            result = as_array(getattr(array, name)())
        else:
            result = as_array(getattr(array.astype(bool, copy=False), name)(axis=dims, keepdims=keepdim))
        return make(result.astype(numpy.uint8) if array.dtype == numpy.uint8 else result)

    function.__name__ = function.__qualname__ = name
    verb = "s are" if name == "all" else " is"
    function.__doc__ = f"Whether {name} element{verb} true (not zero), over `dim` or over all dimensions."
    return composite(function, method=True)


all = _quantifier("all")
any = _quantifier("any")


@composite(method=True)
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """Number of elements that are not zero, over `dim` or over all dimensions, as int64."""
    array = input._array
    return make(as_array((array != 0).sum(axis=wrap_dims(dim, array.ndim), dtype=numpy.int64)))


# ---------------------------------------------------------------- logarithm of a sum of exponentials


@primitive("input", floating=True)
def logsumexp_over(xp: Any, input: Any, dims: Dims, keepdim: bool) -> Any:
    """``log(sum(exp(input)))`` over the dimensions `dims`, with the largest element taken out: nothing overflows."""
    values = input.astype(WIDE) if _is_half(input) else input
    if not input.size:
        return xp.log(values.sum(axis=dims, keepdims=keepdim)).astype(input.dtype)
    top = as_array(values.max(axis=dims, keepdims=True))
    top = xp.where(xp.isfinite(top), top, 0)  # of infinities alone the sum is the answer
    total = xp.log(xp.exp(values - top).sum(axis=dims, keepdims=True)) + top
    if not keepdim:
        total = total.reshape([size for axis, size in enumerate(input.shape) if axis not in dims])
    return total.astype(input.dtype, copy=False)


logsumexp_over.op.title = "LogsumexpBackward0"


@logsumexp_over.gradient
def _(g: Any, input: Any, out: Any, dims: Dims) -> Any:
    shape = tuple(input.shape)
    return restored(g, shape, dims) * exp(input - restored(_finite(out), shape, dims))


def _finite(out: Any) -> Any:
    """`out` with infinities replaced by zero: the exponential of what remains is then zero, not NaN."""
    return choose(absolute_value(out) == math.inf, 0.0, out)


@composite(method=True)
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """``log(sum(exp(input)))`` over the dimension(s) `dim`, computed so that nothing overflows.

    >>> import tinygrad_i2dl as torch
    >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), dim=0) > 1000.6
    tensor(True)
    """
    return logsumexp_over(input, wrap_dims(dim, input.ndim), keepdim)


# ---------------------------------------------------------------- running forms


def _running(kernel: Any, input: Array, dim: int) -> Array:
    if not input.ndim:
        return input.astype(numpy.int64) if input.dtype.kind in "iub" else input.copy()
    if _is_half(input):
        return kernel(input.astype(WIDE), axis=dim).astype(input.dtype)
    return kernel(input, axis=dim, dtype=numpy.int64 if input.dtype.kind in "iub" else None)


@primitive("input")
@contiguous
def running_sum(xp: Any, input: Any, dim: int) -> Any:
    """Sums of all elements up to each one along `dim`."""
    return _running(xp.cumsum, input, dim)


running_sum.op.title = "CumsumBackward0"
running_sum.gradient(lambda g, dim: running_sum_back(g, dim))


@primitive("input")
def running_sum_back(xp: Any, input: Any, dim: int) -> Any:
    """Sums of all elements from each one on along `dim`."""
    if not input.ndim:
        return input.copy()
    turned = tuple([slice(None, None, -1) if axis == dim else slice(None) for axis in range(input.ndim)])
    return _running(xp.cumsum, input[turned], dim)[turned]


running_sum_back.gradient(lambda g, dim: running_sum(g, dim))


@primitive("input")
@contiguous
def running_product(xp: Any, input: Any, dim: int) -> Any:
    """Products of all elements up to each one along `dim`."""
    return _running(xp.cumprod, input, dim)


running_product.op.title = "CumprodBackward0"


@running_product.gradient
def _(g: Any, input: Any, out: Any, dim: int) -> Any:
    if not len(input.shape):
        return g
    if not _has_zero(input):
        return running_sum_back(g * out, dim) / input
    return _running_product_gradient(g, input, dim)


def _running_product_gradient(g: Any, input: Any, dim: int) -> Any:
    """The gradient where some elements are zero: for each element k the products up to n >= k without it.

    Quadratic in the length of the dimension, but without division: product (up to k - 1) times products (from k + 1
    to n).
    """
    count = input.shape[dim]
    pieces = []
    one = narrow_view(input, dim, 0, 1) * 0 + 1
    before = one
    for k in range(count):
        after = running_product(cat([one, narrow_view(input, dim, k + 1, count)], dim), dim) if k + 1 < count else one
        pieces.append(sum_over(narrow_view(g, dim, k, count) * after * before, (dim,), True))
        before = before * narrow_view(input, dim, k, k + 1)
    return cat(pieces, dim)


def _cumulative(name: str, primitive_: Any, what: str) -> Any:
    def function(input: Any, dim: int, *, dtype: Any = None) -> Any:
        if dtype is not None:
            wanted = to_numpy_dtype(dtype)
            return cast(primitive_(cast(input, wanted), wrap_dim(dim, input.ndim)), wanted)
        return primitive_(input, wrap_dim(dim, input.ndim))

    def in_place(self: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
        result = function(clone(self) if state.recording and node_of(self) is not None else self, dim, dtype=dtype)
        return self.copy_(result)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{what} of all elements up to each one along `dim`; integers and bools as int64."
    setattr(Operations, name + "_", in_place)
    return composite(function, method=True)


cumsum = _cumulative("cumsum", running_sum, "Sums")
cumprod = _cumulative("cumprod", running_product, "Products")


def _running_extremum(name: str, ufunc: str) -> Any:
    def kernel(xp: Any, input: Any, dim: int) -> Any:
        if not input.ndim:
            return input.copy(), xp.zeros((), dtype=numpy.int64)
        values = input.astype(WIDE) if input.dtype.kind == "V" else input
        best = getattr(xp, ufunc).accumulate(values, axis=dim)
        places = xp.arange(input.shape[dim]).reshape([-1 if axis == dim else 1 for axis in range(input.ndim)])
        new = values == best  # the last of equal ones, as PyTorch counts
        if input.dtype.kind not in "iub":
            new |= values != values
        return best.astype(input.dtype, copy=False), xp.maximum.accumulate(xp.where(new, places, 0), axis=dim)

    kernel.__name__ = kernel.__qualname__ = f"{name}_along"
    kernel.__doc__ = f"Values and indices of the {name[3:]}imum of all elements up to each one along `dim`."
    along = primitive("input", outputs=("values", "indices"))(contiguous(kernel))
    along.op.title = f"{name.capitalize()}Backward0"
    along.op.result = named_result(name, "values", "indices")
    along.gradient(_from_places)

    def function(input: Any, dim: int) -> Any:
        return along(input, wrap_dim(dim, input.ndim))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The {name[3:]}imum of all elements up to each one along `dim`: a named tuple ``(values, indices)``."
    )
    return composite(function, method=True)


cummax = _running_extremum("cummax", "maximum")
cummin = _running_extremum("cummin", "minimum")


@primitive("input", floating=True)
@contiguous
def running_logsumexp(xp: Any, input: Any, dim: int) -> Any:
    """``log(sum(exp(...)))`` of all elements up to each one along `dim`."""
    if not input.ndim:
        return input.copy()
    values = input.astype(WIDE) if _is_half(input) else input
    return xp.logaddexp.accumulate(values, axis=dim).astype(input.dtype, copy=False)


running_logsumexp.op.title = "LogcumsumexpBackward0"


@running_logsumexp.gradient
def _(g: Any, input: Any, out: Any, dim: int) -> Any:
    if not len(input.shape):
        return g
    # g * exp(input - out) summed over all later outputs; positive and negative parts by logarithms, so that nothing
    # overflows
    up = choose(g > 0, log(choose(g > 0, g, 1.0)) - _finite(out), -math.inf)
    down = choose(g < 0, log(choose(g < 0, -g, 1.0)) - _finite(out), -math.inf)
    return exp(_back(up, dim) + input) - exp(_back(down, dim) + input)


def _back(values: Any, dim: int) -> Any:
    return flip(running_logsumexp(flip(values, (dim,)), dim), (dim,))


@composite(method=True)
def logcumsumexp(input: Any, dim: int) -> Any:
    """``log(sum(exp(...)))`` of all elements up to each one along `dim`."""
    return running_logsumexp(input, wrap_dim(dim, input.ndim))


# ---------------------------------------------------------------- differences and integrals


@composite(method=True)
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along `dim`, taken `n` times."""
    if input.ndim == 0:
        raise RuntimeError("diff() needs at least one dimension, got none")
    dim = wrap_dim(dim, input.ndim)
    if n < 0:
        raise RuntimeError(f"diff(): n must not be negative, got {n}")
    if n and (prepend is not None or append is not None):
        parts = [part for part in (prepend, input, append) if part is not None]
        for part in parts:
            if part.ndim != input.ndim:
                raise RuntimeError(
                    f"diff(): prepend and append need the {input.ndim} dimensions of input, got {part.ndim}"
                )
        input = cat(parts, dim)
    for _ in range(builtins.min(n, input.shape[dim])):
        size = input.shape[dim]
        after, before = (
            narrow_view(input, dim, builtins.min(1, size), size),
            narrow_view(input, dim, 0, builtins.max(size - 1, 0)),
        )
        input = after ^ before if input._array.dtype.kind == "b" else after - before
    return clone(input) if n == 0 else input


def _spacing(name: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[int, Any]:
    """`dim` from the front, and the distance between neighbours along it: a number or a tensor."""
    dim = wrap_dim(dim, y.ndim)
    if x is None:
        return dim, 1.0 if dx is None else dx
    if x.ndim == 1 and y.ndim > 1:
        if x.shape[0] != y.shape[dim]:
            raise RuntimeError(
                f"{name}(): {x.shape[0]} places for {y.shape[dim]} values along dimension {dim}; they must be as many"
            )
        x = reshape_to(x, (-1,) + (1,) * (y.ndim - dim - 1))
        return dim, diff(x, 1, 0)
    axis = x.ndim - (y.ndim - dim)
    return dim, diff(x, 1, axis if 0 <= axis < x.ndim else -1)


def _strips(name: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[int, Any]:
    if not isinstance(y, Tensor):
        raise TypeError(f"{name}() needs a Tensor, got {type(y).__name__}")
    if y._array.dtype.kind == "b" or (x is not None and x._array.dtype.kind == "b"):
        raise RuntimeError(f"{name}() is not defined for bool tensors")
    if x is not None and not isinstance(x, Tensor):
        x, dx = None, x
    dim, width = _spacing(name, y, x, dx, dim)
    size = y.shape[dim]
    left, right = narrow_view(y, dim, 0, builtins.max(size - 1, 0)), narrow_view(y, dim, builtins.min(1, size), size)
    return dim, (left + right) * width / 2.0


@composite
def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """Integral along `dim` by the trapezoidal rule, with the places `x` of the values or their distance `dx`."""
    dim, areas = _strips("trapezoid", y, x, dx, dim)
    extra = areas.ndim - y.ndim  # places of more dimensions than values
    return sum_over(areas, (dim + builtins.max(extra, 0),), False)


trapz = trapezoid


@composite
def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """Running integral along `dim` by the trapezoidal rule."""
    dim, areas = _strips("cumulative_trapezoid", y, x, dx, dim)
    return running_sum(areas, dim + builtins.max(areas.ndim - y.ndim, 0))


@composite
def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> Any:
    """Estimated derivative along each dimension by central differences of second order, as a tuple.

    Args:
        input: values on a grid.
        spacing: distance of neighbours, one for each dimension, or the coordinates along each as vectors.
        dim: the dimension(s) to differentiate along; None: all.
        edge_order: order of the one-sided differences at the borders, 1 or 2.

    The formula for uneven places is that of Quarteroni, Sacco, Saleri, "Numerical Mathematics", section 10.10, as
    NumPy uses it.
    """
    single = isinstance(dim, int)
    dims = wrap_dims(dim, input.ndim)
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient(): edge_order is 1 or 2, got {edge_order}")
    if spacing is None:
        places: list[Any] = [1.0] * len(dims)
    elif isinstance(spacing, (int, float)):
        places = [spacing] * len(dims)
    else:
        places = list(spacing) if not isinstance(spacing, Tensor) else [spacing]
        if len(places) != len(dims):
            raise RuntimeError(f"gradient(): {len(places)} spacings for {len(dims)} dimensions; they must be as many")
    del single
    if input._array.dtype.kind in "iub":
        input = cast(input, get_default_dtype().numpy)
    for axis in dims:
        if input.shape[axis] < edge_order + 1:
            raise RuntimeError(
                f"gradient(): dimension {axis} has size {input.shape[axis]}, edge_order {edge_order} needs at least "
                f"{edge_order + 1}"
            )
    return tuple([_derivative(input, axis, each, edge_order) for axis, each in zip(dims, places, strict=True)])


def _derivative(input: Any, dim: int, spacing: Any, edge_order: int) -> Any:
    size = input.shape[dim]

    def part(start: int, stop: int) -> Any:
        return narrow_view(input, dim, start, stop)

    if isinstance(spacing, Tensor) and spacing.ndim:
        if spacing.ndim != 1 or spacing.shape[0] != size:
            raise RuntimeError(
                f"gradient(): coordinates of shape {tuple(spacing.shape)} for dimension {dim} of size {size}"
            )
        steps = cast(diff(spacing), input._array.dtype)
        shape = (-1,) + (1,) * (input.ndim - dim - 1)
        before, after = (reshape_to(narrow_view(steps, 0, *ends), shape) for ends in ((0, size - 2), (1, size - 1)))
        inner = (
            part(0, size - 2) * (-after / (before * (before + after)))
            + part(1, size - 1) * ((after - before) / (before * after))
            + part(2, size) * (before / (after * (before + after)))
        )
        first, last = [reshape_to(narrow_view(steps, 0, *ends), ()) for ends in ((0, 1), (size - 2, size - 1))]
        near_first, near_last = (
            reshape_to(narrow_view(steps, 0, *ends), ()) if size > 2 else None
            for ends in ((1, 2), (size - 3, size - 2))
        )
    else:
        step = spacing
        inner = (part(2, size) - part(0, size - 2)) / (2 * step)
        first = last = near_first = near_last = step
    if edge_order == 1:
        start, end = (part(1, 2) - part(0, 1)) / first, (part(size - 1, size) - part(size - 2, size - 1)) / last
    else:
        start = (
            part(0, 1) * (-(2.0 * first + near_first) / (first * (first + near_first)))
            + part(1, 2) * ((first + near_first) / (first * near_first))
            - part(2, 3) * (first / (near_first * (first + near_first)))
        )
        end = (
            part(size - 3, size - 2) * (last / (near_last * (near_last + last)))
            - part(size - 2, size - 1) * ((last + near_last) / (near_last * last))
            + part(size - 1, size) * ((2.0 * last + near_last) / (last * (near_last + last)))
        )
    return cat([start, inner, end], dim)


# ---------------------------------------------------------------- norms


def _largest(xp: Any, magnitude: Array, dims: Dims, keepdim: bool) -> Array:
    """The largest of numbers that are not negative, 0 of none."""
    if all_sizes := [magnitude.shape[axis] for axis in dims]:
        if 0 in all_sizes:
            return magnitude.sum(axis=dims, keepdims=keepdim)
    return magnitude.max(axis=dims, keepdims=keepdim)


@primitive("input")
def norm_over(xp: Any, input: Any, p: Any, dims: Dims, keepdim: bool) -> Any:
    """``(sum |x| ** p) ** (1 / p)`` over `dims`; largest or smallest magnitude for infinite `p`, count for 0."""
    values = input.astype(WIDE) if _is_half(input) else input
    if p == 2:
        result = xp.sqrt((values * values).sum(axis=dims, keepdims=keepdim))
    elif p == 0:
        result = (values != 0).sum(axis=dims, keepdims=keepdim)
    else:
        magnitude = xp.abs(values)
        if p == 1:
            result = magnitude.sum(axis=dims, keepdims=keepdim)
        elif p == math.inf:
            result = _largest(xp, magnitude, dims, keepdim)
        elif p == -math.inf:
            result = magnitude.min(axis=dims, keepdims=keepdim)
        else:
            result = (magnitude**p).sum(axis=dims, keepdims=keepdim) ** (1.0 / p)
    return as_array(result).astype(input.dtype, copy=False)


norm_over.op.title = "LinalgVectorNormBackward0"


@norm_over.gradient
def _(g: Any, input: Any, out: Any, p: Any, dims: Dims) -> Any:
    shape = tuple(input.shape)
    g, out = kept(g, shape, dims), kept(out, shape, dims)
    if p == 0:
        return input * 0 * g
    if p == 1:
        return sign(input) * g
    if p == 2:
        return g * choose(out == 0, 0.0, input / out)
    magnitude = absolute_value(input)
    if p in (math.inf, -math.inf):
        same = magnitude == out
        return sign(input) * ((g / sum_over(same, dims, True)) * same)
    if p < 2:  # without the factor |x| ** (p - 2), which is infinite at zero
        scaled = sign(input) * pow(magnitude, p - 1)
        if p < 1:
            return choose(input == 0, 0.0, scaled) * g * pow(out, 1 - p)
        return scaled * choose(out == 0, 0.0, g / pow(out, p - 1))
    return input * pow(magnitude, p - 2) * choose(out == 0, 0.0, g / pow(out, p - 1))


@composite(method=True)
def dist(input: Any, other: Any, p: Any = 2) -> Any:
    """`p`-norm of ``input - other``."""
    difference = input - other
    return norm_over(difference, float(p), tuple(range(difference.ndim)), False)


@composite(method=True)
def renorm(input: Any, p: Any, dim: int, maxnorm: float) -> Any:
    """Copy in which each slice along `dim` whose `p`-norm exceeds `maxnorm` is scaled down to it."""
    if input.ndim < 2:
        raise RuntimeError(f"renorm() needs at least two dimensions, got {input.ndim}")
    if p <= 0 or maxnorm < 0:
        raise RuntimeError(f"renorm() needs p > 0 and maxnorm >= 0, got p={p} and maxnorm={maxnorm}")
    dim = wrap_dim(dim, input.ndim)
    dims = tuple([axis for axis in range(input.ndim) if axis != dim])
    size = norm_over(input, float(p), dims, True)
    return input * choose(size > maxnorm, maxnorm / (size + 1e-7), 1.0)


def _renorm_(self: Tensor, p: Any, dim: int, maxnorm: float) -> Tensor:
    result = renorm(clone(self) if state.recording and node_of(self) is not None else self, p, dim, maxnorm)
    return self.copy_(result)


Operations.renorm_ = _renorm_
Operations.aminmax = _aminmax_method
