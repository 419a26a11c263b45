"""Convolution of one to three dimensions: tiles of an implicit product of matrices, and direct sums where groups are
narrow.

What is a product of matrices as it lies (a kernel of size one, stride one and no padding) is left to the reference
kernel, which hands it to cuBLAS.
"""

from __future__ import annotations

import math
from typing import Any

from .launch import launcher
from .pooling import geometry

Array = Any
Sizes = tuple[int, ...]
FILE = "convolution.cu"
TILE = 64
NARROW = 4  # outputs (or channels) of a group up to which most of a tile would be computed for nothing


def is_product_of_matrices(kernel: Sizes, stride: Sizes, padding: Sizes) -> bool:
    """Whether a convolution is a product of matrices as they lie."""
    return set(kernel) == {1} == set(stride) and not any(padding)


def counts_of_windows(spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Sizes | None:
    """How many windows there are in each dimension; None for sizes that the reference kernel refuses."""
    counts = []
    for n, k, s, p, d in zip(spatial, kernel, stride, padding, dilation, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        if room < 0 or min(s, d) < 1 or p < 0:
            return None
        counts.append(room // s + 1)
    return tuple(counts)


def _sizes(input_shape: Sizes, weight_shape: Sizes, counts: Sizes, *steps: Sizes, groups: int) -> list[int]:
    kernel, (stride, padding, dilation) = weight_shape[2:], steps
    places = geometry(tuple(input_shape[2:]), counts, tuple(kernel), stride, padding, dilation)
    return [input_shape[0], input_shape[1], weight_shape[0], groups, *places]


def sizes_fit(input_shape: Sizes, weight_shape: Sizes, groups: int) -> bool:
    """Whether neither array is empty and the channels are those of the groups."""
    return (
        3 <= len(weight_shape) == len(input_shape) <= 5
        and groups > 0
        and weight_shape[0] % groups == 0
        and input_shape[1] == weight_shape[1] * groups
        and 0 not in input_shape
        and 0 not in weight_shape
        and groups < 1 << 16
    )


def _tiles(rows: int, columns: int, groups: int) -> tuple[int, int, int]:
    return -(-columns // TILE), -(-rows // TILE), groups


def conv(
    input: Array, weight: Array, bias: Array | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """Cross-correlation of ``(N, C, *spatial)`` with ``(O, C / groups, *kernel)``."""
    launch = launcher()
    if not launch.serves(*[each for each in (input, weight, bias) if each is not None]):
        return NotImplemented
    if not sizes_fit(input.shape, weight.shape, groups) or is_product_of_matrices(weight.shape[2:], stride, padding):
        return NotImplemented
    counts = counts_of_windows(input.shape[2:], weight.shape[2:], stride, padding, dilation)
    if counts is None:
        return NotImplemented
    samples, outputs = input.shape[0], weight.shape[0]
    result = launch.library.empty((samples, outputs, *counts), dtype=input.dtype)
    arguments = (
        launch.plain(input), launch.plain(weight), launch.plain(bias), result,
        *_sizes(input.shape, weight.shape, counts, stride, padding, dilation, groups=groups),
    )  # fmt: skip
    if outputs // groups <= NARROW:
        launch.elementwise(FILE, "conv_direct", input.dtype, result.size, *arguments)
    else:
        launch(FILE, "conv", input.dtype, _tiles(outputs // groups, samples * math.prod(counts), groups), *arguments)
    return result


def conv_input_gradient(
    grad: Array, weight: Array, input_shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """Gradient of `conv` by its input: transposed convolution."""
    launch = launcher()
    if not launch.serves(grad, weight) or not sizes_fit(input_shape, weight.shape, groups):
        return NotImplemented
    if is_product_of_matrices(weight.shape[2:], stride, padding):
        return NotImplemented
    result = launch.library.empty(input_shape, dtype=grad.dtype)
    arguments = (
        launch.plain(grad), launch.plain(weight), result,
        *_sizes(input_shape, weight.shape, grad.shape[2:], stride, padding, dilation, groups=groups),
    )  # fmt: skip
    channels = weight.shape[1]
    if channels <= NARROW:
        launch.elementwise(FILE, "conv_input_gradient_direct", grad.dtype, result.size, *arguments)
    else:
        tiles = _tiles(channels, input_shape[0] * math.prod(input_shape[2:]), groups)
        launch(FILE, "conv_input_gradient", grad.dtype, tiles, *arguments)
    return result


def conv_weight_gradient(
    grad: Array, input: Array, weight_shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """Gradient of `conv` by its weight."""
    launch = launcher()
    if not launch.serves(grad, input) or not sizes_fit(input.shape, weight_shape, groups):
        return NotImplemented
    if is_product_of_matrices(weight_shape[2:], stride, padding):
        return NotImplemented
    result = launch.library.empty(weight_shape, dtype=grad.dtype)
    arguments = (
        launch.plain(grad), launch.plain(input), result,
        *_sizes(input.shape, weight_shape, grad.shape[2:], stride, padding, dilation, groups=groups),
    )  # fmt: skip
    outputs = weight_shape[0] // groups
    if outputs <= NARROW:
        launch(FILE, "conv_weight_gradient_direct", grad.dtype, (result.size,), *arguments)
    else:
        tiles = _tiles(outputs, math.prod(weight_shape[1:]), groups)
        launch(FILE, "conv_weight_gradient", grad.dtype, tiles, *arguments)
    return result


def im2col(input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Any:
    """All windows of ``(N, C, *spatial)`` as columns: ``(N, C * window volume, windows)``."""
    launch = launcher()
    if not launch.serves(input) or not 3 <= input.ndim <= 5:
        return NotImplemented
    counts = counts_of_windows(input.shape[2:], kernel_size, stride, padding, dilation)
    if counts is None:
        return NotImplemented
    samples, channels = input.shape[:2]
    shape = (samples, channels * math.prod(kernel_size), math.prod(counts))
    result = launch.library.empty(shape, dtype=input.dtype)
    launch.elementwise(
        FILE, "im2col", input.dtype, result.size, launch.plain(input), result, result.size, samples, channels, 0, 1,
        *geometry(input.shape[2:], counts, kernel_size, stride, padding, dilation),
    )  # fmt: skip
    return result


def col2im(input: Array, input_shape: Sizes, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Any:
    """The adjoint of `im2col`: columns summed into an array of `input_shape`."""
    launch = launcher()
    if not launch.serves(input) or not 3 <= len(input_shape) <= 5 or 0 in input_shape:
        return NotImplemented
    spatial = tuple(input_shape[2:])
    counts = counts_of_windows(spatial, kernel_size, stride, padding, dilation)
    if counts is None or input.size != math.prod((*input_shape[:2], *kernel_size, *counts)):
        return NotImplemented
    result = launch.library.empty(input_shape, dtype=input.dtype)
    launch.elementwise(
        FILE, "col2im", input.dtype, result.size, launch.plain(input), result, result.size, *input_shape[:2], 0, 1,
        *geometry(spatial, counts, kernel_size, stride, padding, dilation),
    )  # fmt: skip
    return result
