"""Normalization over rows and over channels, a block of threads each."""

from __future__ import annotations

import math
from typing import Any

from .launch import accumulator, launcher

Array = Any
FILE = "normalization.cu"


def _together(*arrays: Array) -> bool:
    return launcher().serves(*[each for each in arrays if each is not None])


def normalize_rows(
    input: Array, weight: Array, bias: Array, length: int, affine: tuple[int, ...], eps: float, centred: bool,
    saved: list[Any],
) -> Any:  # fmt: skip
    """``(x - mean) / sqrt(var + eps)`` of every row of `length` elements, scaled and shifted along axis 1 of `affine`;
    `saved` receives means (None unless `centred`) and reciprocal deviations."""
    launch = launcher()
    if not _together(input, weight, bias):
        return NotImplemented
    result = launch.library.empty(input.shape, dtype=input.dtype)
    means, scales = (launch.library.empty(input.size // length, dtype=accumulator(input.dtype)) for _ in range(2))
    launch(
        FILE, "normalize_rows", input.dtype, (means.size,), launch.plain(input), launch.plain(weight),
        launch.plain(bias), result, means, scales, length, affine[1], math.prod(affine[2:]), float(eps), centred,
    )  # fmt: skip
    saved[:] = means if centred else None, scales
    return result


def normalize_rows_backward(
    g: Array, input: Array, weight: Array, length: int, affine: tuple[int, ...], eps: float, centred: bool,
    saved: Any, needs: Any,
) -> Any:  # fmt: skip
    """Gradients of `normalize_rows` by input, weight and bias, None where not in `needs`."""
    launch = launcher()
    if not _together(g, input, weight):
        return NotImplemented
    means, scales = saved
    empty, dtype = launch.library.empty, input.dtype
    if means is None:
        means = launch.library.zeros_like(scales)
    g, input = launch.plain(g), launch.plain(input)
    channels, positions = affine[1], math.prod(affine[2:])
    result = of_weight = of_bias = None
    if needs[0]:
        result = empty(input.shape, dtype=dtype)
        launch(
            FILE, "normalize_rows_backward", dtype, (scales.size,), g, input, launch.plain(weight), means, scales,
            result, length, channels, positions, centred,
        )  # fmt: skip
    if needs[1] or needs[2]:
        of_weight, of_bias = empty(channels, dtype=dtype), empty(channels, dtype=dtype)
        launch(
            FILE, "normalize_rows_parameters", dtype, (channels,), g, input, means, scales, of_weight, of_bias,
            affine[0], channels, positions, length,
        )  # fmt: skip
    return result, of_weight if needs[1] else None, of_bias if needs[2] else None


def normalize_channels(input: Array, weight: Array, bias: Array, eps: float, saved: list[Any]) -> Any:
    """``(x - mean) / sqrt(var + eps)`` of every channel of ``(N, C)`` or ``(N, C, S)``, scaled and shifted; `saved`
    receives means, variances and reciprocal deviations."""
    launch = launcher()
    if not _together(input, weight, bias):
        return NotImplemented
    samples, channels, positions = input.shape[0], input.shape[1], math.prod(input.shape[2:])
    result = launch.library.empty(input.shape, dtype=input.dtype)
    found = [launch.library.empty(channels, dtype=accumulator(input.dtype)) for _ in range(3)]
    launch(
        FILE, "normalize_channels", input.dtype, (channels,), launch.plain(input), launch.plain(weight),
        launch.plain(bias), result, *found, samples, channels, positions, float(eps),
    )  # fmt: skip
    saved[:] = found
    return result


def normalize_channels_backward(
    g: Array, input: Array, weight: Array, eps: float, saved: list[Any], needs: tuple[bool, ...]
) -> Any:
    """Gradients of `normalize_channels` by input, weight and bias, None where not in `needs`."""
    launch = launcher()
    if not _together(g, input, weight):
        return NotImplemented
    means, _, scales = saved
    empty, dtype = launch.library.empty, input.dtype
    channels, positions = input.shape[1], math.prod(input.shape[2:])
    result, of_weight, of_bias = empty(input.shape, dtype=dtype), empty(channels, dtype=dtype), empty(channels, dtype)
    launch(
        FILE, "normalize_channels_backward", dtype, (channels,), launch.plain(g), launch.plain(input),
        launch.plain(weight), means, scales, result, of_weight, of_bias, input.shape[0], channels, positions,
    )  # fmt: skip
    return tuple(each if needed else None for each, needed in zip((result, of_weight, of_bias), needs, strict=True))
