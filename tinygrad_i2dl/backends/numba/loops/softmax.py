"""Loops of softmax, its logarithm, their gradients, and attention's softmax with a mask.

Arrays are read as ``(outer, length, inner)`` flat, the sums being over the middle. Where ``inner`` is 1 a row is one
piece of memory; else ``inner`` neighbours are worked on side by side, their maxima and sums in two lines of `work`.
"""

from __future__ import annotations

from typing import Any

from ..compilation import loop
from . import elementary

Array = Any

_exp, _log, _greatest, _shifted = elementary.exp, elementary.log, elementary.greatest, elementary.shifted


@loop("in", "out", "count")
def softmax_rows(x: Array, out: Array, length: int) -> None:
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for start in range(0, x.size, length):
        stop = start + length
        highest = _greatest(x, start, stop)
        total = zero
        for i in range(start, stop):
            value = _exp(x[i] - highest)
            out[i] = value
            total += value
        share = one / total
        for i in range(start, stop):
            out[i] *= share


@loop("in", "out", "count")
def log_softmax_rows(x: Array, out: Array, length: int) -> None:
    zero = x.dtype.type(0)
    for start in range(0, x.size, length):
        stop = start + length
        highest = _greatest(x, start, stop)
        total = zero
        for i in range(start, stop):
            total += _exp(x[i] - highest)
        rest = _log(total)
        for i in range(start, stop):
            out[i] = _shifted(x[i], highest, rest)


@loop("in", "in", "out", "count")
def softmax_backward_rows(g: Array, y: Array, out: Array, length: int) -> None:
    zero = g.dtype.type(0)
    for start in range(0, g.size, length):
        stop = start + length
        total = zero
        for i in range(start, stop):
            total += g[i] * y[i]
        for i in range(start, stop):
            out[i] = y[i] * (g[i] - total)


@loop("in", "in", "out", "count")
def log_softmax_backward_rows(g: Array, y: Array, out: Array, length: int) -> None:
    zero = g.dtype.type(0)
    for start in range(0, g.size, length):
        stop = start + length
        total = zero
        for i in range(start, stop):
            total += g[i]
        for i in range(start, stop):
            out[i] = g[i] - _exp(y[i]) * total


# ---------------------------------------------------------------- along another dimension than the last


@loop("in", "out", "out", "out", "count", "count")
def softmax_columns(x: Array, out: Array, highest: Array, total: Array, length: int, inner: int) -> None:
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for start in range(0, x.size, length * inner):
        for j in range(inner):
            highest[j] = x[start + j]
            total[j] = zero
        for k in range(start + inner, start + length * inner, inner):
            for j in range(inner):
                highest[j] = x[k + j] if x[k + j] > highest[j] else highest[j]
        for k in range(start, start + length * inner, inner):
            for j in range(inner):
                value = _exp(x[k + j] - highest[j])
                out[k + j] = value
                total[j] += value
        for j in range(inner):
            total[j] = one / total[j]
        for k in range(start, start + length * inner, inner):
            for j in range(inner):
                out[k + j] *= total[j]


@loop("in", "out", "out", "out", "count", "count")
def log_softmax_columns(x: Array, out: Array, highest: Array, total: Array, length: int, inner: int) -> None:
    zero = x.dtype.type(0)
    for start in range(0, x.size, length * inner):
        for j in range(inner):
            highest[j] = x[start + j]
            total[j] = zero
        for k in range(start + inner, start + length * inner, inner):
            for j in range(inner):
                highest[j] = x[k + j] if x[k + j] > highest[j] else highest[j]
        for k in range(start, start + length * inner, inner):
            for j in range(inner):
                total[j] += _exp(x[k + j] - highest[j])
        for j in range(inner):
            total[j] = _log(total[j])
        for k in range(start, start + length * inner, inner):
            for j in range(inner):
                out[k + j] = _shifted(x[k + j], highest[j], total[j])


@loop("in", "in", "out", "out", "out", "count", "count")
def softmax_backward_columns(
    g: Array, y: Array, out: Array, highest: Array, total: Array, length: int, inner: int
) -> None:
    for start in range(0, g.size, length * inner):
        total[:] = g.dtype.type(0)
        for k in range(start, start + length * inner, inner):
            for j in range(inner):
                total[j] += g[k + j] * y[k + j]
        for k in range(start, start + length * inner, inner):
            for j in range(inner):
                out[k + j] = y[k + j] * (g[k + j] - total[j])


@loop("in", "in", "out", "out", "out", "count", "count")
def log_softmax_backward_columns(
    g: Array, y: Array, out: Array, highest: Array, total: Array, length: int, inner: int
) -> None:
    for start in range(0, g.size, length * inner):
        total[:] = g.dtype.type(0)
        for k in range(start, start + length * inner, inner):
            for j in range(inner):
                total[j] += g[k + j]
        for k in range(start, start + length * inner, inner):
            for j in range(inner):
                out[k + j] = g[k + j] - _exp(y[k + j]) * total[j]


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
        highest = _greatest(result, 0, length)
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
        highest = _greatest(result, 0, length)
        highest = zero if highest == lowest else highest
        total = zero
        for i in range(length):
            value = _exp(result[i] - highest)
            result[i] = value
            total += value
        share = one / (one if total == zero else total)
        for i in range(length):
            result[i] *= share
