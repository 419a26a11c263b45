"""Sliding windows as columns of a matrix, and the sum of such columns back into images."""

from __future__ import annotations

from math import prod
from typing import Any

from ..errors import ShapeError
from ._define import composite, primitive
from .movement import reshape_to
from .precision import half_as_single
from .windows import Sizes, add_windows, count_windows, padded, sizes_of, span, text, windows

Array = Any

__all__: list[str] = []


@primitive("input")
def im2col(xp: Any, input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Array:
    """All windows of ``(N, C, *spatial)`` as columns: ``(N, C * window volume, windows)``."""
    counts = count_windows(input.shape[2:], kernel_size, stride, padding, dilation)
    view = windows(xp, padded(xp, input, padding), kernel_size, counts, stride, dilation)
    return view.reshape(input.shape[0], input.shape[1] * prod(kernel_size), prod(counts))


@primitive("input")
@half_as_single
def col2im(
    xp: Any, input: Array, input_shape: Sizes, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Array:
    """The adjoint of `im2col`: columns summed into an array of `input_shape`."""
    spatial = tuple(input_shape[2:])
    counts = count_windows(spatial, kernel_size, stride, padding, dilation)
    columns = input.reshape(*input_shape[:2], *kernel_size, *counts)
    return add_windows(xp, columns, spatial, kernel_size, stride, padding, dilation)


im2col.op.title = "Im2ColBackward0"
im2col.gradient(
    lambda g, input_shape, kernel_size, stride, padding, dilation: col2im(
        g, input_shape, kernel_size, stride, padding, dilation
    )
)
col2im.gradient(lambda g, kernel_size, stride, padding, dilation: im2col(g, kernel_size, stride, padding, dilation))


def window_arguments(
    op: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[Sizes, Sizes, Sizes, Sizes]:
    """The arguments as pairs. Raises if one is out of range."""
    pairs = []
    for name, value, least in (
        ("kernel_size", kernel_size, 1),
        ("dilation", dilation, 1),
        ("padding", padding, 0),
        ("stride", stride, 1),
    ):
        pair = sizes_of(value, 2, op, name)
        if min(pair) < least:
            raise RuntimeError(f"{op}(): {name} must be {'positive' if least else 'non-negative'}, got {pair}")
        pairs.append(pair)
    return pairs[0], pairs[1], pairs[2], pairs[3]


@composite
def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """All windows of images as columns.

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``; the result is ``(N, C * kH * kW, windows)`` or without N.

    Raises:
        RuntimeError: the windows do not fit.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.unfold(torch.arange(9.0).reshape(1, 1, 3, 3), 2).shape
    torch.Size([1, 4, 4])
    """
    kernel, gaps, margin, steps = window_arguments("unfold", kernel_size, dilation, padding, stride)
    if input.ndim not in (3, 4) or 0 in tuple(input.shape)[-3:]:
        raise ShapeError(
            f"unfold(): input must be (N, C, H, W) or (C, H, W), of which N may be 0, got shape {tuple(input.shape)}"
        )
    batched = input.ndim == 4
    if not batched:
        input = reshape_to(input, (1, *input.shape))
    counts = count_windows(tuple(input.shape)[2:], kernel, steps, margin, gaps)
    if min(counts) < 1:
        raise ShapeError(
            f"unfold(): window {text(span(kernel, gaps))} is larger than the padded input, of shape "
            f"{tuple(input.shape)} and padding {margin}"
        )
    columns = im2col(input, kernel, steps, margin, gaps)
    return columns if batched else reshape_to(columns, tuple(columns.shape[1:]))


@composite
def fold(input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Columns summed into images of `output_size`, where windows overlap: the adjoint of `unfold`.

    Args:
        input: ``(N, C * kH * kW, windows)`` or ``(C * kH * kW, windows)``.

    Raises:
        RuntimeError: the columns are not those of windows of such an image.
    """
    kernel, gaps, margin, steps = window_arguments("fold", kernel_size, dilation, padding, stride)
    spatial = sizes_of(output_size, 2, "fold", "output_size")
    if input.ndim not in (2, 3):
        raise ShapeError(
            f"fold(): input must be (N, C * window volume, windows) or without N, got shape {tuple(input.shape)}"
        )
    batched = input.ndim == 3
    if not batched:
        input = reshape_to(input, (1, *input.shape))
    counts = count_windows(spatial, kernel, steps, margin, gaps)
    samples, rows, columns = tuple(input.shape)
    if rows % prod(kernel):
        raise ShapeError(
            f"fold(): dimension 1 of input must be a multiple of the window volume {prod(kernel)}, got shape "
            f"{tuple(input.shape)}"
        )
    if min(counts) < 1 or columns != prod(counts):
        raise ShapeError(
            f"fold(): an image of size {text(spatial)} has {text(counts)} windows {text(kernel)} (stride {steps}, "
            f"padding {margin}, "
            f"dilation {gaps}), but input of shape {tuple(input.shape)} has {columns}"
        )
    image = col2im(input, (samples, rows // prod(kernel), *spatial), kernel, steps, margin, gaps)
    return image if batched else reshape_to(image, tuple(image.shape[1:]))
