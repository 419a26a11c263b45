"""Loops of normalization over rows (layers, groups, instances) and over channels (batches).

A vector without elements stands for one that is missing. ``h`` is the normalized input, computed anew in the backward
pass from the input, the mean and the reciprocal deviation.
"""

from __future__ import annotations

import math
from typing import Any

from ..compilation import EXACT_FLAGS, LOOP_FLAGS, inlined, loop

Array = Any

PIECE = 1024  # elements summed before the sum goes into a float64


@inlined(EXACT_FLAGS)
def reciprocal_root(x: Any, eps: Any) -> Any:
    """``1 / sqrt(x + eps)``."""
    return 1.0 / math.sqrt(x + eps)


@inlined(LOOP_FLAGS)
def total_of(x: Array, start: Any, stop: Any) -> Any:
    """The sum of ``x[start:stop]`` as a float64."""
    zero = x.dtype.type(0)
    everything = 0.0
    for begin in range(start, stop, PIECE):
        part = zero
        for i in range(begin, min(begin + PIECE, stop)):
            part += x[i]
        everything += part
    return everything


@inlined(LOOP_FLAGS)
def squares_of(x: Array, start: Any, stop: Any, mean: Any) -> Any:
    """The sum of ``(x[start:stop] - mean)^2`` as a float64."""
    zero = x.dtype.type(0)
    everything = 0.0
    for begin in range(start, stop, PIECE):
        part = zero
        for i in range(begin, min(begin + PIECE, stop)):
            d = x[i] - mean
            part += d * d
        everything += part
    return everything


# ---------------------------------------------------------------- rows


@loop("in", "in", "in", "out", "out", "out", "count", "number", "count")
def rows_forward(
    x: Array, weight: Array, bias: Array, out: Array, means: Array, scales: Array, length: int, eps: float, centred: int
) -> None:
    """Weight and bias lie along the rows."""
    zero = x.dtype.type(0)
    for r in range(scales.size):
        start = r * length
        mean = x.dtype.type(total_of(x, start, start + length) / length) if centred else zero
        scale = x.dtype.type(reciprocal_root(squares_of(x, start, start + length, mean) / length, eps))
        scales[r] = scale
        if centred:
            means[r] = mean
        if weight.size and bias.size:
            for i in range(length):
                out[start + i] = (x[start + i] - mean) * scale * weight[i] + bias[i]
        elif weight.size:
            for i in range(length):
                out[start + i] = (x[start + i] - mean) * scale * weight[i]
        elif bias.size:
            for i in range(length):
                out[start + i] = (x[start + i] - mean) * scale + bias[i]
        else:
            for i in range(length):
                out[start + i] = (x[start + i] - mean) * scale


@loop("in", "in", "in", "out", "out", "out", "count", "count", "number", "count")
def groups_forward(
    x: Array, weight: Array, bias: Array, out: Array, means: Array, scales: Array, length: int, positions: int,
    eps: float, centred: int,
) -> None:  # fmt: skip
    """A row holds several channels of `positions` elements; weight and bias are vectors of all channels."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    per_row = length // positions
    for r in range(scales.size):
        start = r * length
        mean = x.dtype.type(total_of(x, start, start + length) / length) if centred else zero
        scale = x.dtype.type(reciprocal_root(squares_of(x, start, start + length, mean) / length, eps))
        scales[r] = scale
        if centred:
            means[r] = mean
        for k in range(per_row):
            channel = r * per_row + k
            factor = scale * (weight[channel % weight.size] if weight.size else one)
            shift = bias[channel % bias.size] if bias.size else zero
            begin = start + k * positions
            for i in range(begin, begin + positions):
                out[i] = (x[i] - mean) * factor + shift


@loop("in", "in", "in", "in", "in", "out", "out", "out", "count", "count")
def rows_backward(
    g: Array, x: Array, weight: Array, means: Array, scales: Array, of_x: Array, of_weight: Array, of_bias: Array,
    length: int, wanted: int,
) -> None:  # fmt: skip
    """Weight along the rows; gradients are added into `of_weight` and `of_bias` unless these have no elements."""
    zero = g.dtype.type(0)
    count = g.dtype.type(length)
    for r in range(scales.size):
        start = r * length
        scale = scales[r]
        mean = means[r] if means.size else zero
        if of_weight.size:
            for i in range(length):
                of_weight[i] += g[start + i] * ((x[start + i] - mean) * scale)
        if of_bias.size:
            for i in range(length):
                of_bias[i] += g[start + i]
        if wanted:
            total, dots = zero, zero
            if weight.size:
                for i in range(length):
                    u = g[start + i] * weight[i]
                    total += u
                    dots += u * ((x[start + i] - mean) * scale)
            else:
                for i in range(length):
                    total += g[start + i]
                    dots += g[start + i] * ((x[start + i] - mean) * scale)
            total = total / count if means.size else zero
            dots = dots / count
            if weight.size:
                for i in range(length):
                    h = (x[start + i] - mean) * scale
                    of_x[start + i] = (g[start + i] * weight[i] - total - h * dots) * scale
            else:
                for i in range(length):
                    h = (x[start + i] - mean) * scale
                    of_x[start + i] = (g[start + i] - total - h * dots) * scale


@loop("in", "in", "in", "in", "in", "out", "out", "out", "count", "count", "count")
def groups_backward(
    g: Array, x: Array, weight: Array, means: Array, scales: Array, of_x: Array, of_weight: Array, of_bias: Array,
    length: int, positions: int, wanted: int,
) -> None:  # fmt: skip
    """As `rows_backward`, for rows that hold several channels of `positions` elements."""
    zero, one = g.dtype.type(0), g.dtype.type(1)
    per_row = length // positions
    for r in range(scales.size):
        start = r * length
        scale = scales[r]
        mean = means[r] if means.size else zero
        total, dots = 0.0, 0.0
        for k in range(per_row):
            channel = r * per_row + k
            part, product = zero, zero
            begin = start + k * positions
            for i in range(begin, begin + positions):
                part += g[i]
                product += g[i] * ((x[i] - mean) * scale)
            if of_weight.size:
                of_weight[channel % of_weight.size] += product
            if of_bias.size:
                of_bias[channel % of_bias.size] += part
            factor = weight[channel % weight.size] if weight.size else one
            total += factor * part
            dots += factor * product
        if wanted:
            centre = g.dtype.type(total / length) if means.size else zero
            slope = g.dtype.type(dots / length)
            for k in range(per_row):
                channel = r * per_row + k
                factor = weight[channel % weight.size] if weight.size else one
                begin = start + k * positions
                for i in range(begin, begin + positions):
                    h = (x[i] - mean) * scale
                    of_x[i] = (g[i] * factor - centre - h * slope) * scale


# ---------------------------------------------------------------- channels of (N, C, S)


@loop("in", "in", "in", "out", "out", "out", "out", "count", "count", "number")
def channels_forward(
    x: Array, weight: Array, bias: Array, out: Array, means: Array, variances: Array, scales: Array, samples: int,
    positions: int, eps: float,
) -> None:  # fmt: skip
    zero, one = x.dtype.type(0), x.dtype.type(1)
    channels = scales.size
    count = samples * positions
    for c in range(channels):
        total = 0.0
        for n in range(samples):
            start = (n * channels + c) * positions
            total += total_of(x, start, start + positions)
        mean = x.dtype.type(total / count)
        total = 0.0
        for n in range(samples):
            start = (n * channels + c) * positions
            total += squares_of(x, start, start + positions, mean)
        scale = x.dtype.type(reciprocal_root(total / count, eps))
        means[c], variances[c], scales[c] = mean, x.dtype.type(total / count), scale
        factor = scale * (weight[c] if weight.size else one)
        shift = bias[c] if bias.size else zero
        for n in range(samples):
            start = (n * channels + c) * positions
            for i in range(start, start + positions):
                out[i] = (x[i] - mean) * factor + shift


@loop("in", "in", "in", "in", "in", "out", "out", "out", "count", "count", "count")
def channels_backward(
    g: Array, x: Array, weight: Array, means: Array, scales: Array, of_x: Array, of_weight: Array, of_bias: Array,
    samples: int, positions: int, wanted: int,
) -> None:  # fmt: skip
    zero, one = g.dtype.type(0), g.dtype.type(1)
    channels = scales.size
    count = samples * positions
    for c in range(channels):
        mean, scale = means[c], scales[c]
        total, dots = 0.0, 0.0
        for n in range(samples):
            start = (n * channels + c) * positions
            for begin in range(start, start + positions, PIECE):
                part, product = zero, zero
                for i in range(begin, min(begin + PIECE, start + positions)):
                    part += g[i]
                    product += g[i] * (x[i] - mean)
                total += part
                dots += product
        dots *= scale
        of_weight[c], of_bias[c] = g.dtype.type(dots), g.dtype.type(total)
        if wanted:
            factor = scale * (weight[c] if weight.size else one)
            centre, slope = g.dtype.type(total / count), g.dtype.type(dots / count) * scale
            for n in range(samples):
                start = (n * channels + c) * positions
                for i in range(start, start + positions):
                    of_x[i] = (g[i] - centre - (x[i] - mean) * slope) * factor


@loop("in", "in", "in", "out", "count", "count")
def scale_channels(x: Array, scale: Array, shift: Array, out: Array, samples: int, positions: int) -> None:
    channels = scale.size
    for n in range(samples):
        for c in range(channels):
            factor, addend = scale[c], shift[c]
            start = (n * channels + c) * positions
            for i in range(start, start + positions):
                out[i] = x[i] * factor + addend


# ---------------------------------------------------------------- channels of (N, C)


@loop("in2", "in", "in", "out2", "out", "out", "out", "number")
def features_forward(
    x: Array, weight: Array, bias: Array, out: Array, means: Array, variances: Array, scales: Array, eps: float
) -> None:
    """`scales` and `variances` serve as working space before they are filled."""
    samples, channels = x.shape
    zero, share = x.dtype.type(0), x.dtype.type(1 / samples)
    for c in range(channels):
        means[c] = zero
        variances[c] = zero
    for n in range(samples):
        row = x[n]
        for c in range(channels):
            means[c] += row[c]
    for c in range(channels):
        means[c] *= share
    for n in range(samples):
        row = x[n]
        for c in range(channels):
            d = row[c] - means[c]
            variances[c] += d * d
    for c in range(channels):
        variances[c] *= share
        scales[c] = x.dtype.type(reciprocal_root(variances[c], eps))
    for n in range(samples):
        row, result = x[n], out[n]
        if weight.size and bias.size:
            for c in range(channels):
                result[c] = (row[c] - means[c]) * scales[c] * weight[c] + bias[c]
        elif weight.size:
            for c in range(channels):
                result[c] = (row[c] - means[c]) * scales[c] * weight[c]
        elif bias.size:
            for c in range(channels):
                result[c] = (row[c] - means[c]) * scales[c] + bias[c]
        else:
            for c in range(channels):
                result[c] = (row[c] - means[c]) * scales[c]


@loop("in2", "in2", "in", "in", "in", "out2", "out", "out", "out", "out", "out", "count")
def features_backward(
    g: Array, x: Array, weight: Array, means: Array, scales: Array, of_x: Array, of_weight: Array, of_bias: Array,
    factor: Array, centre: Array, slope: Array, wanted: int,
) -> None:  # fmt: skip
    """`of_weight` and `of_bias` are zeros to begin with; `factor`, `centre` and `slope` are working space."""
    samples, channels = g.shape
    one, share = g.dtype.type(1), g.dtype.type(1 / samples)
    for n in range(samples):
        slopes, row = g[n], x[n]
        for c in range(channels):
            of_bias[c] += slopes[c]
            of_weight[c] += slopes[c] * (row[c] - means[c])
    for c in range(channels):
        of_weight[c] *= scales[c]
    if not wanted:
        return
    for c in range(channels):
        factor[c] = scales[c] * (weight[c] if weight.size else one)
        centre[c] = of_bias[c] * share
        slope[c] = of_weight[c] * share * scales[c]
    for n in range(samples):
        slopes, row, result = g[n], x[n], of_x[n]
        for c in range(channels):
            result[c] = (slopes[c] - centre[c] - (row[c] - means[c]) * slope[c]) * factor[c]
