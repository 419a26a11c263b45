"""Loops of softmax, its logarithm, their gradients, and attention's softmax with a mask.

Arrays are ``(rows, length)``, a row being one piece of memory; or ``(outer, length, inner)``, the sums being over the
middle: then ``inner`` neighbours are worked on side by side, their maxima in `highest` and their sums in `total`.
"""

from __future__ import annotations

from typing import Any

from ..compilation import loop
from . import elementary

Array = Any

_exp, _log, _greatest, _shifted = elementary.exp, elementary.log, elementary.greatest, elementary.shifted


@loop("in2", "out2")
def softmax_rows(x: Array, out: Array) -> None:
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for r in range(x.shape[0]):
        row, result = x[r], out[r]
        highest = _greatest(row)
        total = zero
        for i in range(row.size):
            value = _exp(row[i] - highest)
            result[i] = value
            total += value
        share = one / total
        for i in range(row.size):
            result[i] *= share


@loop("in2", "out2")
def log_softmax_rows(x: Array, out: Array) -> None:
    zero = x.dtype.type(0)
    for r in range(x.shape[0]):
        row, result = x[r], out[r]
        highest = _greatest(row)
        total = zero
        for i in range(row.size):
            total += _exp(row[i] - highest)
        rest = _log(total)
        for i in range(row.size):
            result[i] = _shifted(row[i], highest, rest)


@loop("in2", "in2", "out2")
def softmax_backward_rows(g: Array, y: Array, out: Array) -> None:
    zero = g.dtype.type(0)
    for r in range(g.shape[0]):
        slope, row, result = g[r], y[r], out[r]
        total = zero
        for i in range(row.size):
            total += slope[i] * row[i]
        for i in range(row.size):
            result[i] = row[i] * (slope[i] - total)


@loop("in2", "in2", "out2")
def log_softmax_backward_rows(g: Array, y: Array, out: Array) -> None:
    zero = g.dtype.type(0)
    for r in range(g.shape[0]):
        slope, row, result = g[r], y[r], out[r]
        total = zero
        for i in range(row.size):
            total += slope[i]
        for i in range(row.size):
            result[i] = slope[i] - _exp(row[i]) * total


# ---------------------------------------------------------------- along another dimension than the last


@loop("in3", "out3", "out", "out")
def softmax_columns(x: Array, out: Array, highest: Array, total: Array) -> None:
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for o in range(x.shape[0]):
        first = x[o, 0]
        for j in range(first.size):
            highest[j] = first[j]
            total[j] = zero
        for k in range(1, x.shape[1]):
            row = x[o, k]
            for j in range(row.size):
                highest[j] = row[j] if row[j] > highest[j] else highest[j]
        for k in range(x.shape[1]):
            row, result = x[o, k], out[o, k]
            for j in range(row.size):
                value = _exp(row[j] - highest[j])
                result[j] = value
                total[j] += value
        for j in range(total.size):
            total[j] = one / total[j]
        for k in range(x.shape[1]):
            result = out[o, k]
            for j in range(result.size):
                result[j] *= total[j]


@loop("in3", "out3", "out", "out")
def log_softmax_columns(x: Array, out: Array, highest: Array, total: Array) -> None:
    zero = x.dtype.type(0)
    for o in range(x.shape[0]):
        first = x[o, 0]
        for j in range(first.size):
            highest[j] = first[j]
            total[j] = zero
        for k in range(1, x.shape[1]):
            row = x[o, k]
            for j in range(row.size):
                highest[j] = row[j] if row[j] > highest[j] else highest[j]
        for k in range(x.shape[1]):
            row = x[o, k]
            for j in range(row.size):
                total[j] += _exp(row[j] - highest[j])
        for j in range(total.size):
            total[j] = _log(total[j])
        for k in range(x.shape[1]):
            row, result = x[o, k], out[o, k]
            for j in range(row.size):
                result[j] = _shifted(row[j], highest[j], total[j])


@loop("in3", "in3", "out3", "out", "out")
def softmax_backward_columns(g: Array, y: Array, out: Array, highest: Array, total: Array) -> None:
    for o in range(g.shape[0]):
        total[:] = g.dtype.type(0)
        for k in range(g.shape[1]):
            slope, row = g[o, k], y[o, k]
            for j in range(row.size):
                total[j] += slope[j] * row[j]
        for k in range(g.shape[1]):
            slope, row, result = g[o, k], y[o, k], out[o, k]
            for j in range(row.size):
                result[j] = row[j] * (slope[j] - total[j])


@loop("in3", "in3", "out3", "out", "out")
def log_softmax_backward_columns(g: Array, y: Array, out: Array, highest: Array, total: Array) -> None:
    for o in range(g.shape[0]):
        total[:] = g.dtype.type(0)
        for k in range(g.shape[1]):
            slope = g[o, k]
            for j in range(slope.size):
                total[j] += slope[j]
        for k in range(g.shape[1]):
            slope, row, result = g[o, k], y[o, k], out[o, k]
            for j in range(row.size):
                result[j] = slope[j] - _exp(row[j]) * total[j]


# ---------------------------------------------------------------- attention


@loop("in2", "flags2", "index", "out2")
def masked_softmax(scores: Array, mask: Array, mask_of_row: Array, out: Array) -> None:
    """Row r counts the keys where row ``mask_of_row[r]`` of the mask is True; without any it is zero."""
    zero, one, lowest = scores.dtype.type(0), scores.dtype.type(1), scores.dtype.type(-float("inf"))
    length = scores.shape[1]
    for r in range(scores.shape[0]):
        row, allowed, result = scores[r], mask[mask_of_row[r]], out[r]
        for i in range(length):
            result[i] = row[i] if allowed[i] else lowest
        highest = _greatest(result)
        highest = zero if highest == lowest else highest
        total = zero
        for i in range(length):
            value = _exp(result[i] - highest)
            result[i] = value
            total += value
        share = one / (one if total == zero else total)
        for i in range(length):
            result[i] *= share


@loop("in2", "in2", "index", "out2")
def shifted_softmax(scores: Array, mask: Array, mask_of_row: Array, out: Array) -> None:
    """Row r is increased by row ``mask_of_row[r]`` of the mask; where all becomes minus infinity it is zero."""
    zero, one, lowest = scores.dtype.type(0), scores.dtype.type(1), scores.dtype.type(-float("inf"))
    length = scores.shape[1]
    for r in range(scores.shape[0]):
        row, addend, result = scores[r], mask[mask_of_row[r]], out[r]
        for i in range(length):
            result[i] = row[i] + addend[i]
        highest = _greatest(result)
        highest = zero if highest == lowest else highest
        total = zero
        for i in range(length):
            value = _exp(result[i] - highest)
            result[i] = value
            total += value
        share = one / (one if total == zero else total)
        for i in range(length):
            result[i] *= share
