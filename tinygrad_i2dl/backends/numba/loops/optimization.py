"""Loops of the optimizers' steps, one parameter each, and of the length of a gradient."""

from __future__ import annotations

import math
from typing import Any

from ..compilation import EXACT_FLAGS, inlined, loop

Array = Any

PIECE = 1024


@inlined(EXACT_FLAGS)
def _root(x: Any) -> Any:
    return math.sqrt(x)


@loop("out", "in", "number", "number", "number")
def sgd_plain(p: Array, g: Array, lr: float, weight_decay: float, sign: float) -> None:
    rate, decay, one = p.dtype.type(lr), p.dtype.type(weight_decay), p.dtype.type(sign)
    for i in range(p.size):
        p[i] -= rate * (one * g[i] + decay * p[i])


@loop("out", "in", "out", "number", "number", "number", "number", "number", "count", "count")
def sgd_momentum(
    p: Array, g: Array, v: Array, lr: float, momentum: float, dampening: float, weight_decay: float, sign: float,
    nesterov: int, first: int,
) -> None:  # fmt: skip
    rate, decay, one = p.dtype.type(lr), p.dtype.type(weight_decay), p.dtype.type(sign)
    keep, take = p.dtype.type(momentum), p.dtype.type(1 - dampening)
    for i in range(p.size):
        slope = one * g[i] + decay * p[i]
        moving = slope if first else keep * v[i] + take * slope
        v[i] = moving
        p[i] -= rate * (slope + keep * moving if nesterov else moving)


@loop(
    "out", "in", "out", "out", "out", "number", "number", "number", "number", "number", "number", "number", "count"
)  # fmt: skip
def adam(
    p: Array, g: Array, m: Array, v: Array, largest: Array, rate: float, beta1: float, beta2: float, eps: float,
    decay: float, shrink: float, sign: float, amsgrad: int,
) -> None:  # fmt: skip
    """``p = shrink p - rate m / (sqrt(v) + eps)``: `rate` and `eps` hold the corrections of the first steps' bias."""
    take1, keep2, take2 = p.dtype.type(1 - beta1), p.dtype.type(beta2), p.dtype.type(1 - beta2)
    one, left, pull = p.dtype.type(sign), p.dtype.type(shrink), p.dtype.type(decay)
    small, step = p.dtype.type(eps), p.dtype.type(rate)
    if amsgrad:
        for i in range(p.size):
            kept = left * p[i]
            slope = one * g[i] + pull * p[i]
            m[i] += take1 * (slope - m[i])
            v[i] = keep2 * v[i] + take2 * (slope * slope)
            largest[i] = v[i] if v[i] > largest[i] or v[i] != v[i] else largest[i]
            p[i] = kept - step * (m[i] / (_root(largest[i]) + small))
    else:
        for i in range(p.size):
            kept = left * p[i]
            slope = one * g[i] + pull * p[i]
            first = m[i] + take1 * (slope - m[i])
            second = keep2 * v[i] + take2 * (slope * slope)
            m[i] = first
            v[i] = second
            p[i] = kept - step * (first / (_root(second) + small))


@loop("in", "sums")
def add_squares(x: Array, total: Array) -> None:
    zero = x.dtype.type(0)
    everything = 0.0
    for start in range(0, x.size, PIECE):
        values = x[start : start + PIECE]
        part = zero
        for i in range(values.size):
            part += values[i] * values[i]
        everything += part
    total[0] += everything
