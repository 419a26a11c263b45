"""Pooling: the largest value or the mean of each window, and the inverses used by decoders."""

from __future__ import annotations

import functools
from typing import Any

import numpy

from ..dtypes import int64
from ..errors import DtypeError, ShapeError
from ..tensors import Tensor
from ._define import composite, primitive
from .movement import reshape_to
from .precision import half_as_single, is_half
from .resampling import Taps, resample
from .windows import (
    Sizes,
    count_windows,
    flat_positions,
    flat_starts,
    offsets,
    padded,
    sizes_of,
    slices_at,
    span,
    text,
)

Array = Any

__all__ = [
    "adaptive_avg_pool1d", "adaptive_max_pool1d", "avg_pool1d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool3d",
]  # fmt: skip


# ---------------------------------------------------------------- kernels: the largest value


def lowest(xp: Any, dtype: Any) -> Any:
    """What is below every value of a dtype."""
    return xp.iinfo(dtype).min if dtype.kind in "iu" else -xp.inf


def first_inside(xp: Any, counts: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, spatial: Sizes) -> Array:
    """Per window the distance, in the flattened plane, from its start to its first position that is not padding."""
    result: Array = numpy.zeros((), numpy.int64)
    for axis, (n, s, p, d) in enumerate(zip(counts, stride, padding, dilation, strict=True)):
        outside = numpy.maximum(p - numpy.arange(n) * s, 0)
        step = int(numpy.prod(spatial[axis + 1 :], dtype=numpy.int64))
        result = result[..., None] + -(-outside // d) * d * step
    return xp.asarray(result)


@primitive("input", outputs=("values", "indices"))
def max_pool(
    xp: Any, input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[Array, Array]:
    """Largest value of each window, and where it is: int64 positions in the flattened plane of the last dimensions.

    Padding counts as minus infinity. A NaN is larger than everything. Of equal values the first is taken.
    """
    dtype = input.dtype
    if is_half(input):
        values, indices = max_pool.op.kernels[type(input)](
            input.astype(xp.float32), kernel_size, stride, padding, dilation, ceil_mode
        )
        return values.astype(dtype), indices
    dims = len(kernel_size)
    spatial = input.shape[input.ndim - dims :]
    counts = count_windows(spatial, kernel_size, stride, padding, dilation, ceil_mode)
    reach = span(kernel_size, dilation)
    extra = tuple(
        [
            max(0, (n - 1) * s + r - size - 2 * p)
            for n, s, r, size, p in zip(counts, stride, reach, spatial, padding, strict=True)
        ]
    )
    source = padded(xp, input, padding, lowest(xp, dtype), extra)
    distances = flat_positions(kernel_size, spatial, dilation)
    shape = input.shape[: input.ndim - dims] + counts
    small = xp.int32 if source.size < 2**31 else xp.int64
    if source is input:
        values = input[slices_at((0,) * dims, counts, stride, dilation)].copy()
        indices = xp.zeros(shape, dtype=small)
        first = 1
    else:
        values = xp.full(shape, lowest(xp, dtype), dtype=dtype)
        indices = xp.empty(shape, dtype=small)
        indices[...] = first_inside(xp, counts, stride, padding, dilation, spatial)
        first = 0
    for number, offset in enumerate(offsets(kernel_size)):
        if number < first:
            continue
        candidate = source[slices_at(offset, counts, stride, dilation)]
        # `larger` is also false where the candidate is NaN; then the maximum becomes NaN, and stays it
        xp.copyto(indices, small(distances[number]), where=candidate > values)
        xp.maximum(values, candidate, out=values)
    if dtype.kind == "f" and bool(xp.isnan(values).any()):
        for number, offset in enumerate(offsets(kernel_size)):  # PyTorch's CPU kernel names the last NaN of a window
            candidate = source[slices_at(offset, counts, stride, dilation)]
            xp.copyto(indices, small(distances[number]), where=xp.isnan(candidate))
    return values, indices + xp.asarray(flat_starts(spatial, counts, stride, padding))


def flat_in_planes(xp: Any, indices: Array, dims: int, plane: int) -> Array:
    """Positions within each plane as positions in the whole flattened array of planes."""
    flat = indices.reshape(-1, int(numpy.prod(indices.shape[indices.ndim - dims :], dtype=numpy.int64)))
    return (flat + xp.arange(flat.shape[0])[:, None] * plane).reshape(-1)


@primitive("grad", "indices")
@half_as_single
def max_pool_backward(xp: Any, grad: Array, indices: Array, input_shape: Sizes) -> Array:
    """Gradient of `max_pool`: each element of `grad` is added to the position in its plane that `indices` names."""
    dims = len(input_shape) - 2
    size = int(numpy.prod(input_shape, dtype=numpy.int64))
    plane = int(numpy.prod(input_shape[len(input_shape) - dims :], dtype=numpy.int64))
    if grad.size == 0:
        return xp.zeros(input_shape, dtype=grad.dtype)
    flat = flat_in_planes(xp, indices, dims, plane)
    sums = xp.bincount(flat, weights=grad.reshape(-1), minlength=size)
    return sums.astype(grad.dtype, copy=False).reshape(input_shape)


@primitive("input", "indices")
def take_in_planes(xp: Any, input: Array, indices: Array) -> Array:
    """Elements of each plane of ``(N, C, *spatial)`` at the flat positions `indices`, ``(N, C, *counts)``."""
    dims = input.ndim - 2
    plane = int(numpy.prod(input.shape[2:], dtype=numpy.int64))
    return input.reshape(-1)[flat_in_planes(xp, indices, dims, plane)].reshape(indices.shape)


max_pool.op.title = lambda node: f"MaxPool{len(node.outputs[0][0]) - 2}DWithIndicesBackward0"


max_pool.gradient(lambda g, indices, input_shape: max_pool_backward(g[0], indices, input_shape))
max_pool_backward.gradient(grad=lambda g, indices: take_in_planes(g, indices))
take_in_planes.gradient(input=lambda g, indices, input_shape: max_pool_backward(g, indices, input_shape))


@primitive("input", "indices")
def max_unpool(xp: Any, input: Array, indices: Array, shape: Sizes) -> Array:
    """Zeros of `shape` with the elements of `input` at the flat positions `indices` of each plane; of several the last
    stays."""
    plane = int(numpy.prod(shape[2:], dtype=numpy.int64))
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= plane):
        raise RuntimeError(
            f"max_unpool(): indices must lie in 0 to {plane - 1}, the plane of the output {tuple(shape)}; "
            f"got {int(indices.min())} to {int(indices.max())}"
        )
    result = xp.zeros(int(numpy.prod(shape, dtype=numpy.int64)), dtype=input.dtype)
    result[flat_in_planes(xp, indices, len(shape) - 2, plane)] = input.reshape(-1)
    return result.reshape(shape)


max_unpool.gradient(input=lambda g, indices: take_in_planes(g, indices))


# ---------------------------------------------------------------- kernels: the mean


@functools.lru_cache(maxsize=128)
def divisors(
    spatial: Sizes, counts: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, include_pad: bool, override: int | None
) -> Any:
    """What the sum of each window is divided by: a number where it is the same for all, else an array (*counts)."""
    if override is not None:
        return override
    result: Array = numpy.ones((), numpy.int64)
    for size, n, k, s, p in zip(spatial, counts, kernel, stride, padding, strict=True):
        start = numpy.arange(n) * s - p
        stop = numpy.minimum(start + k, size + p)
        if not include_pad:
            start, stop = numpy.maximum(start, 0), numpy.minimum(stop, size)
        result = result[..., None] * (stop - start)
    if result.size and bool((result == result.flat[0]).all()):
        return int(result.flat[0])
    result.flags.writeable = False
    return result


def divided(xp: Any, array: Array, divisor: Any) -> Array:
    """`array` divided by the windows' divisors; integers as PyTorch divides them, rounding towards zero."""
    if not isinstance(divisor, int):
        divisor = xp.asarray(divisor)
    if array.dtype.kind in "iu":
        return (xp.sign(array) * (abs(array) // divisor)).astype(array.dtype)
    return array / (divisor if isinstance(divisor, int) else divisor.astype(array.dtype))


@primitive("input")
@half_as_single
def avg_pool(
    xp: Any,
    input: Array,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """Mean of each window: its sum divided by `divisor_override`, or by its size with or without its padding."""
    dims = len(kernel_size)
    ones = (1,) * dims
    spatial = input.shape[input.ndim - dims :]
    counts = count_windows(spatial, kernel_size, stride, padding, ones, ceil_mode)
    extra = tuple(
        [
            max(0, (n - 1) * s + k - z - 2 * p)
            for n, s, k, z, p in zip(counts, stride, kernel_size, spatial, padding, strict=True)
        ]
    )
    sums = padded(xp, input, padding, 0, extra)
    for axis in range(dims):  # a window's sum is a sum of sums, one dimension after the other
        lead = (slice(None),) * (input.ndim - dims + axis)
        n, k, s = counts[axis], kernel_size[axis], stride[axis]
        total = sums[(*lead, slice(0, (n - 1) * s + 1, s))].copy()
        for offset in range(1, k):
            total += sums[(*lead, slice(offset, offset + (n - 1) * s + 1, s))]
        sums = total
    return divided(
        xp, sums, divisors(spatial, counts, kernel_size, stride, padding, count_include_pad, divisor_override)
    )


@primitive("grad")
@half_as_single
def avg_pool_backward(
    xp: Any,
    grad: Array,
    input_shape: Sizes,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """Gradient of `avg_pool`: each element of `grad`, divided, is added to all of its window."""
    dims = len(kernel_size)
    lead_dims = len(input_shape) - dims
    spatial, counts = tuple(input_shape[lead_dims:]), grad.shape[lead_dims:]
    divisor = divisors(spatial, counts, kernel_size, stride, padding, count_include_pad, divisor_override)
    spread = divided(xp, grad, divisor)
    for axis in range(dims):
        lead = (slice(None),) * (lead_dims + axis)
        n, k, s, p, size = counts[axis], kernel_size[axis], stride[axis], padding[axis], spatial[axis]
        shape = list(spread.shape)
        shape[lead_dims + axis] = max(size + 2 * p, (n - 1) * s + k)
        total = xp.zeros(tuple(shape), dtype=grad.dtype)
        for offset in range(k):
            total[(*lead, slice(offset, offset + (n - 1) * s + 1, s))] += spread
        spread = total[(*lead, slice(p, p + size))]
    return spread if spread.base is None else spread.copy()


avg_pool.op.title = lambda node: f"AvgPool{len(node.shape) - 2}DBackward0"
avg_pool.gradient(
    lambda g, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: (
        avg_pool_backward(g, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    )
)
avg_pool_backward.gradient(
    lambda g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: avg_pool(
        g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
)


# ---------------------------------------------------------------- arguments


def check_input(op: str, dims: int, input: Any, error: type[Exception] = ShapeError, lenient: bool = False) -> bool:
    """Whether `input` has a batch dimension. Raises unless it is ``(N, C, *spatial)`` or ``(C, *spatial)`` with
    elements in each image. `lenient`: the first dimension may be empty even where it is that of channels."""
    if input.ndim not in (dims + 1, dims + 2):
        raise error(
            f"{op}(): input must have {dims + 2} dimensions (batch, channels, *spatial), or {dims + 1} without a "
            "batch, "
            f"got shape {tuple(input.shape)}"
        )
    batched: bool = input.ndim == dims + 2
    if 0 in tuple(input.shape)[1 if batched or lenient else 0 :]:
        may = "the first dimension" if lenient else "the batch"
        raise ShapeError(f"{op}(): only {may} may be empty, got shape {tuple(input.shape)}")
    return batched


@functools.lru_cache(maxsize=1024)  # a network asks for the same few shapes again and again
def check_windows(
    op: str, dims: int, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> None:
    """Raise unless windows of these sizes fit into an input of `shape`."""
    for name, sizes, least in (
        ("kernel_size", kernel, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if min(sizes) < least:
            raise RuntimeError(f"{op}(): {name} must be {'positive' if least else 'non-negative'}, got {sizes}")
    reach = span(kernel, dilation)
    if any(p > r // 2 for p, r in zip(padding, reach, strict=True)):
        raise RuntimeError(
            f"{op}(): padding must be at most half of what the window reaches over, or a window could lie outside: "
            f"padding {padding}, window {text(reach)}"
        )
    spatial = tuple(shape[len(shape) - dims :])
    counts = count_windows(spatial, kernel, stride, padding, dilation, ceil_mode)
    if min(counts) < 1:
        room = tuple([n + 2 * p for n, p in zip(spatial, padding, strict=True)])
        raise ShapeError(
            f"{op}(): window {text(reach)} is larger than the padded input {text(room)} (input of shape {tuple(shape)})"
        )


def batch_of_one(input: Any, batched: bool) -> Any:
    return input if batched else reshape_to(input, (1, *input.shape))


def without_batch(result: Any, batched: bool) -> Any:
    return result if batched else reshape_to(result, tuple(result.shape[1:]))


def steps_of(op: str, dims: int, kernel_size: Any, stride: Any) -> tuple[Sizes, Sizes]:
    """kernel_size and stride as tuples; without a stride windows lie side by side."""
    kernel = sizes_of(kernel_size, dims, op, "kernel_size")
    absent = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    return kernel, kernel if absent else sizes_of(stride, dims, op, "stride")


def pool_max(
    op: str, dims: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Any, Any]:
    """What max_pool1d, max_pool2d and max_pool3d share: values and indices."""
    kernel, stride = steps_of(op, dims, kernel_size, stride)
    padding = sizes_of(padding, dims, op, "padding")
    dilation = sizes_of(dilation, dims, op, "dilation")
    batched = check_input(op, dims, input)
    check_windows(op, dims, tuple(input.shape), kernel, stride, padding, dilation, ceil_mode)
    values, indices = max_pool(batch_of_one(input, batched), kernel, stride, padding, dilation, bool(ceil_mode))
    return without_batch(values, batched), without_batch(indices, batched)


def pool_avg(
    op: str,
    dims: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None = None,
) -> Any:
    """What avg_pool1d, avg_pool2d and avg_pool3d share."""
    kernel, stride = steps_of(op, dims, kernel_size, stride)
    padding = sizes_of(padding, dims, op, "padding")
    batched = check_input(op, dims, input)
    if divisor_override == 0:
        raise RuntimeError(f"{op}(): divisor_override must not be zero")
    check_windows(op, dims, tuple(input.shape), kernel, stride, padding, (1,) * dims, ceil_mode)
    result = avg_pool(
        batch_of_one(input, batched),
        kernel,
        stride,
        padding,
        bool(ceil_mode),
        bool(count_include_pad),
        divisor_override,
    )
    return without_batch(result, batched)


# ---------------------------------------------------------------- max pooling


@composite
def max_pool1d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> Any:
    """Largest values of windows of the last dimension, and their positions."""
    return pool_max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


@composite
def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest values of windows of the last dimension; arguments as `max_pool2d`'s."""
    pooled = pool_max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)
    return pooled if return_indices else pooled[0]


@composite
def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest values of windows of the last two dimensions.

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        kernel_size: size of a window, an integer or one for each dimension.
        stride: distance of the windows; `kernel_size` if left out.
        padding: added on both sides, counting as minus infinity; at most half of the window.
        dilation: distance of the elements inside a window.
        ceil_mode: keep windows that reach over the end.
        return_indices: also return the positions of the largest values in each flattened plane, as `max_unpool2d` takes
            them.

    Raises:
        RuntimeError: the windows do not fit the input.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.max_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    pooled = pool_max("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)
    return pooled if return_indices else pooled[0]


@composite
def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest values of windows of the last three dimensions; arguments as `max_pool2d`'s."""
    pooled = pool_max("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode)
    return pooled if return_indices else pooled[0]


def unpool(
    op: str, dims: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Any:
    """What max_unpool1d, max_unpool2d and max_unpool3d share."""
    kernel, stride = steps_of(op, dims, kernel_size, stride)
    padding = sizes_of(padding, dims, op, "padding")
    batched = check_input(op, dims, input, lenient=True)
    if tuple(indices.shape) != tuple(input.shape):
        raise ShapeError(
            f"{op}(): indices must have the shape of input, {tuple(input.shape)}, got {tuple(indices.shape)}"
        )
    if indices.dtype is not int64:
        raise DtypeError(f"{op}(): indices must be int64, got {indices.dtype}")
    default = tuple(
        [
            (n - 1) * s - 2 * p + k
            for n, s, p, k in zip(input.shape[input.ndim - dims :], stride, padding, kernel, strict=True)
        ]
    )
    spatial = default
    if output_size is not None:
        spatial = tuple([int(size) for size in output_size])[-dims:]
        if len(spatial) != dims:
            raise ValueError(
                f"{op}(): output_size must hold {dims} sizes, or the whole shape, got {tuple(output_size)}"
            )
        for wanted, usual, s in zip(spatial, default, stride, strict=True):
            if not usual - s < wanted < usual + s:
                raise ValueError(
                    f"{op}(): output_size {spatial} is not one that pooling maps to {tuple(input.shape)}: "
                    f"each size must be less than the stride {stride} away from {default}"
                )
    data = batch_of_one(input, batched)
    places = reshape_to(indices, tuple(data.shape))
    return without_batch(max_unpool(data, places, (*data.shape[:2], *spatial)), batched)


@composite
def max_unpool1d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """Partial inverse of `max_pool1d`; arguments as `max_unpool2d`'s."""
    return unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


@composite
def max_unpool2d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """Partial inverse of `max_pool2d`: the values back at their positions, zeros elsewhere.

    Args:
        input, indices: ``(N, C, H, W)`` or ``(C, H, W)``, as `max_pool2d` with ``return_indices=True`` gives them.
        output_size: decides among the sizes that pooling maps to the same.

    Raises:
        RuntimeError: the shapes differ or an index lies outside. ValueError: `output_size` does not fit.
    """
    return unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


@composite
def max_unpool3d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    """Partial inverse of `max_pool3d`; arguments as `max_unpool2d`'s."""
    return unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


# ---------------------------------------------------------------- average pooling


@composite
def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Means of windows of the last dimension; arguments as `avg_pool2d`'s."""
    return pool_avg("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


@composite
def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Means of windows of the last two dimensions.

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        kernel_size, stride, padding, ceil_mode: as `max_pool2d`'s; padding counts as zeros.
        count_include_pad: whether padding counts in the size that a sum is divided by.
        divisor_override: divide by this instead of by the window's size.

    Raises:
        RuntimeError: the windows do not fit the input.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.avg_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """
    return pool_avg(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@composite
def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Means of windows of the last three dimensions; arguments as `avg_pool2d`'s."""
    return pool_avg(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def pool_power(op: str, dims: int, input: Any, norm_type: Any, kernel_size: Any, stride: Any, ceil_mode: bool) -> Any:
    """What lp_pool1d, lp_pool2d and lp_pool3d share: ``(sum of x ** p) ** (1 / p)``, with the sign of the sum of
    ``x ** p``."""
    kernel, stride = steps_of(op, dims, kernel_size, stride)
    mean = pool_avg(op, dims, input**norm_type, kernel, stride, 0, ceil_mode, True)
    count = 1
    for size in kernel:
        count *= size
    return ((mean.sign() * mean.relu()) * float(count)).pow(1.0 / norm_type)


@composite
def lp_pool1d(input: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """Power means (without the division) of windows of the last dimension: ``(sum of x ** p) ** (1 / p)``."""
    return pool_power("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


@composite
def lp_pool2d(input: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """Power means (without the division) of windows of the last two dimensions: ``(sum of x ** p) ** (1 / p)``."""
    return pool_power("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


@composite
def lp_pool3d(input: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """Power means (without the division) of windows of the last three dimensions: ``(sum of x ** p) ** (1 / p)``."""
    return pool_power("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


# ---------------------------------------------------------------- adaptive pooling


def bounds(size: int, count: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """First and one past the last element of each of `count` windows that cover `size` elements as evenly as they
    can."""
    number = numpy.arange(count)
    return number * size // count, -(-(number + 1) * size // count)


@functools.lru_cache(maxsize=128)
def averaging_taps(size: int, count: int) -> Taps:
    """The mean of each adaptive window of a dimension."""
    start, stop = bounds(size, count)
    length = stop - start
    steps = numpy.arange(int(length.max()))[:, None]
    inside = steps < length
    return Taps(numpy.where(inside, start + steps, start), inside / length, size)


def adaptive_sizes(op: str, dims: int, input: Any, output_size: Any) -> Sizes:
    """`output_size` with None replaced by the input's size."""
    spatial = tuple(input.shape)[input.ndim - dims :]
    if isinstance(output_size, (tuple, list)):
        if len(output_size) != dims and not (len(output_size) == 1 and dims == 1):
            raise ShapeError(
                f"{op}(): output_size must be an integer or {dims} of them (None keeps a size), got {output_size!r}"
            )
        wanted = tuple(output_size)
    else:
        wanted = (output_size,) * dims
    sizes = tuple([n if size is None else int(size) for size, n in zip(wanted, spatial, strict=True)])
    if min(sizes) < 0:
        raise RuntimeError(f"{op}(): output_size must not be negative, got {output_size!r}")
    return sizes


def pool_avg_adaptive(op: str, dims: int, input: Any, output_size: Any) -> Any:
    """What adaptive_avg_pool1d, adaptive_avg_pool2d and adaptive_avg_pool3d share."""
    error = ShapeError if dims == 1 else ValueError
    batched = check_input(op, dims, input, error, lenient=True)
    if not is_floating(input):
        raise DtypeError(f"{op}(): input must be floating point, got {input.dtype}")
    sizes = adaptive_sizes(op, dims, input, output_size)
    spatial = tuple(input.shape)[input.ndim - dims :]
    if 0 not in sizes and not any(n % size for n, size in zip(spatial, sizes, strict=True)):
        kernel = tuple([n // size for n, size in zip(spatial, sizes, strict=True)])
        result = avg_pool(batch_of_one(input, batched), kernel, kernel, (0,) * dims, False, True, None)
        return without_batch(result, batched)
    result = input
    for number, (n, size) in enumerate(zip(spatial, sizes, strict=True)):
        dim = input.ndim - dims + number
        if size == 0:
            result = resample(result, dim, Taps(numpy.zeros((1, 0), numpy.int64), None, n))
        elif size != n:
            result = resample(result, dim, averaging_taps(n, size))
    return result


def is_floating(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating_point) if isinstance(tensor, Tensor) else tensor.dtype.kind in "fV"


@composite
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Means of `output_size` windows that cover the last dimension evenly."""
    return pool_avg_adaptive("adaptive_avg_pool1d", 1, input, output_size)


@composite
def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Means of windows that cover the last two dimensions evenly; window i covers ``floor(i * n / m)`` to
    ``ceil((i + 1) * n / m)``.

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        output_size: number of windows, an integer or one for each dimension; None keeps a dimension.

    Raises:
        RuntimeError: `output_size` does not fit. ValueError: `input` has too few dimensions.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.adaptive_avg_pool2d(torch.arange(6.0).reshape(1, 1, 2, 3), (1, 2))
    tensor([[[[2., 3.]]]])
    """
    return pool_avg_adaptive("adaptive_avg_pool2d", 2, input, output_size)


@composite
def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """Means of windows that cover the last three dimensions evenly; arguments as `adaptive_avg_pool2d`'s."""
    return pool_avg_adaptive("adaptive_avg_pool3d", 3, input, output_size)


@primitive("input", outputs=("values", "indices"))
def adaptive_max_pool(xp: Any, input: Array, sizes: Sizes) -> tuple[Array, Array]:
    """Largest value of each of `sizes` windows that cover the last dimensions evenly, and its position in the flattened
    plane."""
    dims = len(sizes)
    spatial = input.shape[input.ndim - dims :]
    values, places = input, xp.arange(int(numpy.prod(spatial, dtype=numpy.int64))).reshape(spatial)
    values = values.astype(xp.float32) if is_half(input) else values
    places = xp.broadcast_to(places, values.shape)
    # One dimension after the other, last first, so that of equal values the first in memory order is found.
    for axis in reversed(range(dims)):
        dim = input.ndim - dims + axis
        start, stop = bounds(spatial[axis], sizes[axis])
        best = xp.take(values, xp.asarray(start), axis=dim)
        where = xp.take(places, xp.asarray(start), axis=dim)
        for step in range(1, int((stop - start).max()) if len(start) else 1):
            index = xp.asarray(numpy.minimum(start + step, stop - 1))
            candidate = xp.take(values, index, axis=dim)
            better = (candidate > best) | (
                xp.isnan(candidate) & ~xp.isnan(best) if candidate.dtype.kind == "f" else False
            )
            best = xp.where(better, candidate, best)
            where = xp.where(better, xp.take(places, index, axis=dim), where)
        values, places = best, where
    return values.astype(input.dtype, copy=False), places


adaptive_max_pool.op.title = lambda node: f"AdaptiveMaxPool{len(node.outputs[0][0]) - 2}DBackward0"

adaptive_max_pool.gradient(lambda g, indices, input_shape: max_pool_backward(g[0], indices, input_shape))


def pool_max_adaptive(op: str, dims: int, input: Any, output_size: Any) -> tuple[Any, Any]:
    """What adaptive_max_pool1d, adaptive_max_pool2d and adaptive_max_pool3d share: values and indices."""
    error = ShapeError if dims == 1 else ValueError
    batched = check_input(op, dims, input, error, lenient=True)
    if not is_floating(input):
        raise DtypeError(f"{op}(): input must be floating point, got {input.dtype}")
    sizes = adaptive_sizes(op, dims, input, output_size)
    values, indices = adaptive_max_pool(batch_of_one(input, batched), sizes)
    return without_batch(values, batched), without_batch(indices, batched)


@composite
def adaptive_max_pool1d_with_indices(input: Any, output_size: Any, return_indices: bool = True) -> Any:
    """Largest values of `output_size` windows that cover the last dimension evenly, and their positions."""
    return pool_max_adaptive("adaptive_max_pool1d", 1, input, output_size)


@composite
def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Largest values of `output_size` windows that cover the last dimension evenly."""
    pooled = pool_max_adaptive("adaptive_max_pool1d", 1, input, output_size)
    return pooled if return_indices else pooled[0]


@composite
def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Largest values of windows that cover the last two dimensions evenly; arguments as `adaptive_avg_pool2d`'s.

    `return_indices`: also return the positions of the largest values in each flattened plane.
    """
    pooled = pool_max_adaptive("adaptive_max_pool2d", 2, input, output_size)
    return pooled if return_indices else pooled[0]


@composite
def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Largest values of windows that cover the last three dimensions evenly; arguments as `adaptive_max_pool2d`'s."""
    pooled = pool_max_adaptive("adaptive_max_pool3d", 3, input, output_size)
    return pooled if return_indices else pooled[0]


# ---------------------------------------------------------------- what does not exist


def _refuse_fractional(name: str) -> Any:
    def refused(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"{name}(): fractional max pooling is not implemented; adaptive_{name.removeprefix('fractional_')} pools "
            "to any output size "
            "with deterministic windows"
        )

    refused.__name__ = refused.__qualname__ = name
    refused.__doc__ = "Refused: raises NotImplementedError."
    return refused


fractional_max_pool2d = _refuse_fractional("fractional_max_pool2d")
fractional_max_pool3d = _refuse_fractional("fractional_max_pool3d")
