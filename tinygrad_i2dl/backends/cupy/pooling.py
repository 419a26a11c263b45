"""Maximum and average pooling of one to three dimensions, a thread a window or a place."""

from __future__ import annotations

import math
from typing import Any

import numpy

from .launch import accumulator, launcher

Array = Any
Sizes = tuple[int, ...]
FILE = "pooling.cu"


def counts_of(
    spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Sizes | None:
    """How many windows there are in each dimension; None for sizes that do not fit together, which the reference
    kernel explains."""
    counts = []
    for n, k, s, p, d in zip(spatial, kernel, stride, padding, dilation, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        if room < 0 or min(k, s, d) < 1 or p < 0 or 2 * p > k:
            return None
        count = (room + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (count - 1) * s >= n + p:  # a window must not start in the padding behind
            count -= 1
        counts.append(count)
    return tuple(counts)


def three(sizes: Sizes, missing: int) -> Sizes:
    """One to three sizes as three, `missing` in front."""
    return (missing,) * (3 - len(sizes)) + tuple(sizes)


def geometry(spatial: Sizes, counts: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> list[int]:
    """The sizes as the kernels take them."""
    ones = [three(each, 1) for each in (spatial, counts, kernel, stride)]
    return [size for each in (*ones, three(padding, 0), three(dilation, 1)) for size in each]


def max_pool(input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool) -> Any:
    """Largest values of windows, and their int64 positions in each plane."""
    launch, dims = launcher(), len(kernel_size)
    if not launch.serves(input) or input.ndim < dims or dims > 3:
        return NotImplemented
    spatial = input.shape[input.ndim - dims :]
    counts = counts_of(spatial, kernel_size, stride, padding, dilation, ceil_mode)
    if counts is None:
        return NotImplemented
    shape = (*input.shape[: input.ndim - dims], *counts)
    values = launch.library.empty(shape, dtype=input.dtype)
    indices = launch.library.empty(shape, dtype=numpy.int64)
    launch.elementwise(
        FILE, "max_pool", input.dtype, values.size, launch.plain(input), values, indices, values.size,
        *geometry(spatial, counts, kernel_size, stride, padding, dilation),
    )  # fmt: skip
    return values, indices


def max_pool_backward(grad: Array, indices: Array, input_shape: Sizes) -> Any:
    """The gradient of `max_pool`: each gradient is added to the position that its window took."""
    launch, dims = launcher(), len(input_shape) - 2
    if not launch.serves(grad) or indices.dtype != numpy.int64 or indices.shape != grad.shape:
        return NotImplemented
    sums = launch.library.zeros(input_shape, dtype=accumulator(grad.dtype))
    windows, plane = math.prod(grad.shape[grad.ndim - dims :]), math.prod(input_shape[2:])
    launch.elementwise(
        FILE, "max_pool_backward", grad.dtype, grad.size, launch.plain(grad), launch.plain(indices), sums, grad.size,
        windows, plane,
    )  # fmt: skip
    return sums.astype(grad.dtype, copy=False)


def avg_pool(
    input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, ceil_mode: bool, count_include_pad: bool,
    divisor_override: int | None,
) -> Any:  # fmt: skip
    """Mean values of windows; the divisor is `divisor_override`, or the window's size with or without its padding."""
    launch, dims = launcher(), len(kernel_size)
    if not launch.serves(input) or input.ndim < dims or dims > 3:
        return NotImplemented
    spatial, ones = input.shape[input.ndim - dims :], (1,) * dims
    counts = counts_of(spatial, kernel_size, stride, padding, ones, ceil_mode)
    if counts is None:
        return NotImplemented
    values = launch.library.empty((*input.shape[: input.ndim - dims], *counts), dtype=input.dtype)
    launch.elementwise(
        FILE, "avg_pool", input.dtype, values.size, launch.plain(input), values, values.size,
        *geometry(spatial, counts, kernel_size, stride, padding, ones), count_include_pad, divisor_override or 0,
    )  # fmt: skip
    return values


def avg_pool_backward(
    grad: Array, input_shape: Sizes, kernel_size: Sizes, stride: Sizes, padding: Sizes, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None,
) -> Any:  # fmt: skip
    """The gradient of `avg_pool`."""
    launch, dims = launcher(), len(kernel_size)
    if not launch.serves(grad) or dims > 3 or 0 in input_shape:
        return NotImplemented
    spatial, counts, ones = tuple(input_shape[-dims:]), grad.shape[grad.ndim - dims :], (1,) * dims
    result = launch.library.empty(input_shape, dtype=grad.dtype)
    launch.elementwise(
        FILE, "avg_pool_backward", grad.dtype, result.size, launch.plain(grad), result, result.size,
        *geometry(spatial, counts, kernel_size, stride, padding, ones), count_include_pad, divisor_override or 0,
    )  # fmt: skip
    return result
