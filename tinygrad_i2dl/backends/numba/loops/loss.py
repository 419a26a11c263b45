"""Loops of the losses. Sums of many numbers are taken over pieces, and these in float64, so that they keep digits."""

from __future__ import annotations

from typing import Any

from ..compilation import loop
from . import elementary

Array = Any

PIECE = 1024
_exp, _log, _greatest, _shifted = elementary.exp, elementary.log, elementary.greatest, elementary.shifted
_softplus = elementary.softplus


@loop("in", "in", "sums")
def squared_error_sum(x: Array, t: Array, total: Array) -> None:
    zero = x.dtype.type(0)
    everything = 0.0
    for start in range(0, x.size, PIECE):
        values, targets = x[start : start + PIECE], t[start : start + PIECE]
        part = zero
        for i in range(values.size):
            d = values[i] - targets[i]
            part += d * d
        everything += part
    total[0] = everything


@loop("in", "in", "out")
def logistic_loss(x: Array, t: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = _softplus(x[i]) - x[i] * t[i]


@loop("in", "in", "sums")
def logistic_loss_sum(x: Array, t: Array, total: Array) -> None:
    zero = x.dtype.type(0)
    everything = 0.0
    for start in range(0, x.size, PIECE):
        values, targets = x[start : start + PIECE], t[start : start + PIECE]
        part = zero
        for i in range(values.size):
            part += _softplus(values[i]) - values[i] * targets[i]
        everything += part
    total[0] = everything


@loop("in2", "index", "out2", "out", "out")
def cross_entropy(x: Array, target: Array, exponentials: Array, sums: Array, loss: Array) -> None:
    zero = x.dtype.type(0)
    classes = x.shape[1]
    for r in range(x.shape[0]):
        row, result = x[r], exponentials[r]
        highest = _greatest(row)
        total = zero
        for i in range(classes):
            value = _exp(row[i] - highest)
            result[i] = value
            total += value
        sums[r] = total
        loss[r] = -_shifted(row[target[r]], highest, _log(total))


@loop("in2", "in", "index", "in", "out2")
def cross_entropy_backward(exponentials: Array, sums: Array, target: Array, g: Array, out: Array) -> None:
    """`g`: one gradient for each row."""
    for r in range(exponentials.shape[0]):
        row, result = exponentials[r], out[r]
        share = g[r] / sums[r]
        for i in range(exponentials.shape[1]):
            result[i] = row[i] * share
        result[target[r]] -= g[r]
