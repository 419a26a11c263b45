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
def total_of(x: Array) -> Any:
    """The sum of a vector as a float64."""
    zero = x.dtype.type(0)
    everything = 0.0
    for start in range(0, x.size, PIECE):
        piece = x[start : start + PIECE]
        part = zero
        for i in range(piece.size):
            part += piece[i]
        everything += part
    return everything


@inlined(LOOP_FLAGS)
def squares_of(x: Array, mean: Any) -> Any:
    """The sum of ``(x - mean)^2`` over a vector as a float64."""
    zero = x.dtype.type(0)
    everything = 0.0
    for start in range(0, x.size, PIECE):
        piece = x[start : start + PIECE]
        part = zero
        for i in range(piece.size):
            d = piece[i] - mean
            part += d * d
        everything += part
    return everything


@inlined(LOOP_FLAGS)
def products_of(g: Array, x: Array, mean: Any) -> Any:
    """The sums of ``g`` and of ``g * (x - mean)`` over two vectors as float64."""
    zero = x.dtype.type(0)
    total, dots = 0.0, 0.0
    for start in range(0, x.size, PIECE):
        slopes, piece = g[start : start + PIECE], x[start : start + PIECE]
        part, product = zero, zero
        for i in range(piece.size):
            part += slopes[i]
            product += slopes[i] * (piece[i] - mean)
        total += part
        dots += product
    return total, dots


@inlined(LOOP_FLAGS)
def write_scaled(x: Array, mean: Any, factor: Any, shift: Any, out: Array) -> None:
    """``(x - mean) * factor + shift`` into `out`."""
    for i in range(x.size):
        out[i] = (x[i] - mean) * factor + shift


# ---------------------------------------------------------------- rows


@loop("in2", "in", "in", "out2", "out", "out", "number", "count")
def rows_forward(
    x: Array, weight: Array, bias: Array, out: Array, means: Array, scales: Array, eps: float, centred: int
) -> None:
    """Weight and bias lie along the rows."""
    zero = x.dtype.type(0)
    length = x.shape[1]
    for r in range(x.shape[0]):
        row, result = x[r], out[r]
        mean = x.dtype.type(total_of(row) / length) if centred else zero
        scale = x.dtype.type(reciprocal_root(squares_of(row, mean) / length, eps))
        scales[r] = scale
        if centred:
            means[r] = mean
        if weight.size and bias.size:
            for i in range(row.size):
                result[i] = (row[i] - mean) * scale * weight[i] + bias[i]
        elif weight.size:
            for i in range(row.size):
                result[i] = (row[i] - mean) * scale * weight[i]
        elif bias.size:
            for i in range(row.size):
                result[i] = (row[i] - mean) * scale + bias[i]
        else:
            write_scaled(row, mean, scale, zero, result)


@loop("in3", "in", "in", "out3", "out", "out", "number", "count")
def groups_forward(
    x: Array, weight: Array, bias: Array, out: Array, means: Array, scales: Array, eps: float, centred: int
) -> None:
    """A row ``x[r]`` holds several channels; weight and bias are vectors of all channels."""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    rows, per_row, positions = x.shape
    for r in range(rows):
        total = 0.0
        if centred:
            for k in range(per_row):
                total += total_of(x[r, k])
        mean = x.dtype.type(total / (per_row * positions))
        total = 0.0
        for k in range(per_row):
            total += squares_of(x[r, k], mean)
        scale = x.dtype.type(reciprocal_root(total / (per_row * positions), eps))
        scales[r] = scale
        if centred:
            means[r] = mean
        for k in range(per_row):
            channel = r * per_row + k
            factor = scale * (weight[channel % weight.size] if weight.size else one)
            write_scaled(x[r, k], mean, factor, bias[channel % bias.size] if bias.size else zero, out[r, k])


@loop("in2", "in2", "in", "in", "in", "out2", "out", "out", "count")
def rows_backward(
    g: Array, x: Array, weight: Array, means: Array, scales: Array, of_x: Array, of_weight: Array, of_bias: Array,
    wanted: int,
) -> None:  # fmt: skip
    """Weight along the rows; gradients are added into `of_weight` and `of_bias` unless these have no elements."""
    zero, length = g.dtype.type(0), g.shape[1]
    count = g.dtype.type(length)
    for r in range(g.shape[0]):
        slopes, row = g[r], x[r]
        scale = scales[r]
        mean = means[r] if means.size else zero
        if of_weight.size:
            for i in range(length):
                of_weight[i] += slopes[i] * ((row[i] - mean) * scale)
        if of_bias.size:
            for i in range(length):
                of_bias[i] += slopes[i]
        if wanted:
            result = of_x[r]
            total, dots = zero, zero
            if weight.size:
                for i in range(length):
                    u = slopes[i] * weight[i]
                    total += u
                    dots += u * (row[i] - mean)
            else:
                for i in range(length):
                    total += slopes[i]
                    dots += slopes[i] * (row[i] - mean)
            total = total / count * scale if means.size else zero
            dots = dots / count * scale * scale * scale
            if weight.size:
                for i in range(length):
                    result[i] = slopes[i] * weight[i] * scale - total - (row[i] - mean) * dots
            else:
                for i in range(length):
                    result[i] = slopes[i] * scale - total - (row[i] - mean) * dots


@loop("in3", "in3", "in", "in", "in", "out3", "out", "out", "count")
def groups_backward(
    g: Array, x: Array, weight: Array, means: Array, scales: Array, of_x: Array, of_weight: Array, of_bias: Array,
    wanted: int,
) -> None:  # fmt: skip
    """As `rows_backward`, for rows ``x[r]`` that hold several channels."""
    zero, one = g.dtype.type(0), g.dtype.type(1)
    rows, per_row, positions = x.shape
    for r in range(rows):
        scale = scales[r]
        mean = means[r] if means.size else zero
        total, dots = 0.0, 0.0
        for k in range(per_row):
            channel = r * per_row + k
            part, product = products_of(g[r, k], x[r, k], mean)
            product *= scale
            if of_weight.size:
                of_weight[channel % of_weight.size] += g.dtype.type(product)
            if of_bias.size:
                of_bias[channel % of_bias.size] += g.dtype.type(part)
            factor = weight[channel % weight.size] if weight.size else one
            total += factor * part
            dots += factor * product
        if wanted:
            centre = g.dtype.type(total / (per_row * positions)) * scale if means.size else zero
            slope = g.dtype.type(dots / (per_row * positions)) * scale * scale
            for k in range(per_row):
                channel = r * per_row + k
                factor = scale * (weight[channel % weight.size] if weight.size else one)
                slopes, row, result = g[r, k], x[r, k], of_x[r, k]
                for i in range(row.size):
                    result[i] = slopes[i] * factor - centre - (row[i] - mean) * slope


# ---------------------------------------------------------------- channels of (N, C, S)


@loop("in3", "in", "in", "out3", "out", "out", "out", "number")
def channels_forward(
    x: Array, weight: Array, bias: Array, out: Array, means: Array, variances: Array, scales: Array, eps: float
) -> None:
    zero, one = x.dtype.type(0), x.dtype.type(1)
    samples, channels, positions = x.shape
    count = samples * positions
    for c in range(channels):
        total = 0.0
        for n in range(samples):
            total += total_of(x[n, c])
        mean = x.dtype.type(total / count)
        total = 0.0
        for n in range(samples):
            total += squares_of(x[n, c], mean)
        scale = x.dtype.type(reciprocal_root(total / count, eps))
        means[c], variances[c], scales[c] = mean, x.dtype.type(total / count), scale
        factor = scale * (weight[c] if weight.size else one)
        shift = bias[c] if bias.size else zero
        for n in range(samples):
            write_scaled(x[n, c], mean, factor, shift, out[n, c])


@loop("in3", "in3", "in", "in", "in", "out3", "out", "out", "count")
def channels_backward(
    g: Array, x: Array, weight: Array, means: Array, scales: Array, of_x: Array, of_weight: Array, of_bias: Array,
    wanted: int,
) -> None:  # fmt: skip
    one = g.dtype.type(1)
    samples, channels, positions = x.shape
    count = samples * positions
    for c in range(channels):
        mean, scale = means[c], scales[c]
        total, dots = 0.0, 0.0
        for n in range(samples):
            part, product = products_of(g[n, c], x[n, c], mean)
            total += part
            dots += product
        dots *= scale
        of_weight[c], of_bias[c] = g.dtype.type(dots), g.dtype.type(total)
        if wanted:
            factor = scale * (weight[c] if weight.size else one)
            centre, slope = g.dtype.type(total / count), g.dtype.type(dots / count) * scale
            for n in range(samples):
                slopes, row, result = g[n, c], x[n, c], of_x[n, c]
                for i in range(row.size):
                    result[i] = (slopes[i] - centre - (row[i] - mean) * slope) * factor


@loop("in3", "in", "in", "out3")
def scale_channels(x: Array, scale: Array, shift: Array, out: Array) -> None:
    zero = x.dtype.type(0)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            write_scaled(x[n, c], zero, scale[c], shift[c], out[n, c])


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
