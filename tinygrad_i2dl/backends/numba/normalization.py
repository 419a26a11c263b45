"""Normalization over rows (layers, groups, instances) and over channels (batches), forward and backward."""

from __future__ import annotations

from typing import Any

import numpy

from .serving import Loops, alike, dense, fitting, limits, plain

Array = Any
Shape = tuple[int, ...]

loops = Loops("normalization")
_NOTHING = {numpy.dtype(name): numpy.empty(0, name) for name in ("float32", "float64")}


def _positions(affine: Shape, length: int) -> int:
    """How many neighbours share a weight, 1 where weights lie along the rows; 0 for a shape that is not served."""
    if len(affine) == 2:
        return 1 if affine[1] == length else 0
    return affine[2] if len(affine) == 3 and affine[2] and not length % affine[2] else 0


def normalize_rows(
    input: Array,
    weight: Array,
    bias: Array,
    length: int,
    affine: Shape,
    eps: float,
    centred: bool,
    saved: list[Any],
) -> Array:
    """``(x - mean) / sqrt(var + eps)`` of every row of `length` elements, then scaled and shifted.

    Saves the rows' means (None unless `centred`) and reciprocal deviations, as the reference kernel does.
    """
    if input.size < limits.rows or not input.size or not plain(input):
        return NotImplemented
    positions = _positions(affine, length)
    if not positions or not fitting(input, weight, affine[1]) or not fitting(input, bias, affine[1]):
        return NotImplemented
    nothing = _NOTHING[input.dtype]
    result = numpy.empty(input.shape, input.dtype)
    means, scales = numpy.empty((2, input.size // length), input.dtype)
    vectors = nothing if weight is None else weight, nothing if bias is None else bias
    form = (-1, length) if len(affine) == 2 else (-1, length // positions, positions)
    normalize = loops.rows_forward if len(affine) == 2 else loops.groups_forward
    normalize[input.dtype](input.reshape(form), *vectors, result.reshape(form), means, scales, float(eps), int(centred))
    saved[:] = means if centred else None, scales
    return result


def normalize_rows_backward(
    g: Array,
    input: Array,
    weight: Array,
    length: int,
    affine: Shape,
    eps: float,
    centred: bool,
    saved: list[Any],
    needs: Any,
) -> Any:
    """Gradients of `normalize_rows` by input, weight and bias (None where not in `needs`)."""
    if input.size < limits.rows or not input.size or not alike(input, g := dense(g)) or len(saved) != 2:
        return NotImplemented
    means, scales = saved
    positions, rows, channels = _positions(affine, length), input.size // length, affine[1]
    if (
        not positions
        or not fitting(input, weight, channels)
        or not fitting(input, means, rows)
        or not fitting(input, scales, rows)
    ):
        return NotImplemented
    nothing = _NOTHING[input.dtype]
    result = numpy.empty(input.shape if needs[0] else (0,), input.dtype)
    of_weight = numpy.zeros(channels, input.dtype) if needs[1] else nothing
    of_bias = numpy.zeros(channels, input.dtype) if needs[2] else nothing
    form = (rows, length) if len(affine) == 2 else (rows, length // positions, positions)
    differentiate = loops.rows_backward if len(affine) == 2 else loops.groups_backward
    differentiate[input.dtype](
        g.reshape(form), input.reshape(form), nothing if weight is None else weight,
        nothing if means is None else means, scales, result.reshape(form if needs[0] else (0,) * len(form)), of_weight,
        of_bias, int(needs[0]),
    )  # fmt: skip
    return result if needs[0] else None, of_weight if needs[1] else None, of_bias if needs[2] else None


def normalize_channels(input: Array, weight: Array, bias: Array, eps: float, saved: list[Any]) -> Array:
    """``(x - mean) / sqrt(var + eps)`` of every channel of ``(N, C)`` or ``(N, C, S)``, then scaled and shifted.

    Saves the channels' means, variances and reciprocal deviations.
    """
    if input.ndim not in (2, 3) or input.size < limits.rows or not input.size or not plain(input):
        return NotImplemented
    channels = input.shape[1]
    if not fitting(input, weight, channels) or not fitting(input, bias, channels):
        return NotImplemented
    nothing = _NOTHING[input.dtype]
    result = numpy.empty(input.shape, input.dtype)
    statistics = [numpy.empty(channels, input.dtype) for _ in range(3)]
    vectors = nothing if weight is None else weight, nothing if bias is None else bias
    if input.ndim == 2:
        loops.features_forward[input.dtype](input, *vectors, result, *statistics, float(eps))
    else:
        loops.channels_forward[input.dtype](input, *vectors, result, *statistics, float(eps))
    saved[:] = statistics
    return result


def normalize_channels_backward(
    g: Array, input: Array, weight: Array, eps: float, saved: list[Any], needs: tuple[bool, ...]
) -> Any:
    """Gradients of `normalize_channels` by input, weight and bias (None where not in `needs`)."""
    if input.ndim not in (2, 3) or input.size < limits.rows or not input.size or len(saved) != 3:
        return NotImplemented
    channels = input.shape[1]
    means, _, scales = saved
    g = dense(g)
    if not alike(input, g) or not all(fitting(input, vector, channels) for vector in (weight, means, scales)):
        return NotImplemented
    nothing = _NOTHING[input.dtype]
    result = numpy.empty(input.shape if needs[0] else (0,) * input.ndim, input.dtype)
    of_weight, of_bias = numpy.zeros(channels, input.dtype), numpy.zeros(channels, input.dtype)
    arrays = nothing if weight is None else weight, means, scales
    if input.ndim == 2:
        work = numpy.empty((3, channels), input.dtype)
        loops.features_backward[input.dtype](g, input, *arrays, result, of_weight, of_bias, *work, int(needs[0]))
    else:
        loops.channels_backward[input.dtype](g, input, *arrays, result, of_weight, of_bias, int(needs[0]))
    return result if needs[0] else None, of_weight if needs[1] else None, of_bias if needs[2] else None


def scale_channels(input: Array, scale: Array, shift: Array) -> Array:
    """``input * scale + shift`` with vectors along axis 1 of ``(N, C, S)``."""
    if input.ndim != 3 or input.size < limits.simple or not plain(input):
        return NotImplemented
    if not fitting(input, scale, input.shape[1]) or not fitting(input, shift, input.shape[1]):
        return NotImplemented
    result = numpy.empty(input.shape, input.dtype)
    loops.scale_channels[input.dtype](input, scale, shift, result)
    return result


KERNELS = {
    kernel.__name__: kernel
    for kernel in (
        normalize_rows, normalize_rows_backward, normalize_channels, normalize_channels_backward, scale_channels,
    )
}  # fmt: skip
