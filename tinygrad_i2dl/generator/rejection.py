"""Gamma, Poisson and binomial variates: samplers that draw until they accept, one variate at a time.

They take ``uniform``, a function that returns the next float64 in [0, 1), and follow PyTorch's order of draws.
Parameters are NumPy scalars: what PyTorch computes in their precision, or writes as a float32 constant, is done so
here, because an accept decision can hang on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["binomial", "gamma", "poisson"]

Draw = Callable[[], float]
Real = Any  # a NumPy scalar, float32 or float64

_SQUEEZE = float(np.float32(0.0331))
_THIRD = np.float32(1.0) / np.float32(3.0)

# The part of log(k!) that Stirling's formula leaves: log(k!) - (k + 1/2) log(k + 1) + (k + 1) - log(2 pi) / 2, to 16
# decimals
_STIRLING_REST = (
    0.0810614667953272,
    0.0413406959554092,
    0.0276779256849983,
    0.02079067210376509,
    0.0166446911898211,
    0.0138761288230707,
    0.0118967099458917,
    0.0104112652619720,
    0.00925546218271273,
    0.00833056343336287,
)


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf


def gamma(alpha: Real, uniform: Draw, normal: Draw) -> float:
    """One Gamma(alpha, 1) variate (G. Marsaglia and W. W. Tsang, A simple method for generating gamma variables, 2000).

    ``normal`` returns the next standard normal float64.
    """
    one = alpha.dtype.type(1.0)
    scale = 1.0
    if alpha < one:
        if alpha == 0.0:
            return 0.0
        scale = (1.0 - uniform()) ** float(one / alpha)  # Gamma(alpha) = Gamma(alpha + 1) * U**(1 / alpha)
        alpha = alpha + one
    d = float(alpha - _THIRD)
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal()
        y = 1.0 + c * x
        while y <= 0.0:
            x = normal()
            y = 1.0 + c * x
        v = y * y * y
        u = 1.0 - uniform()
        xx = x * x
        if u < 1.0 - _SQUEEZE * xx * xx or math.log(u) < 0.5 * xx + d * (1.0 - v + math.log(v)):
            return scale * d * v


def poisson(rate: float, uniform: Draw) -> int:
    """One Poisson(rate) variate: below 10 a product of uniforms (D. Knuth), else PTRS (W. Hörmann, 1993)."""
    if rate == 0.0:
        return 0
    if rate < 10.0:
        limit = math.exp(-rate)
        count = 0
        product = uniform()
        while product > limit:
            count += 1
            product *= uniform()
        return count
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    log_inverse_alpha = math.log(1.1239 + 1.1328 / (b - 3.4))
    box = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        if us == 0.0:  # u = -1/2: the proposal is minus infinity
            continue
        k = math.floor((2.0 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= box:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        if _log(v) + log_inverse_alpha - math.log(a / (us * us) + b) <= -rate + k * log_rate - math.lgamma(k + 1.0):
            return k


def binomial(count: Real, probability: Real, uniform: Draw) -> float:
    """One Binomial(count, probability) variate: below a mean of 10 geometric gaps, else BTRS (W. Hörmann, 1993)."""
    if count <= 0.0 or probability <= 0.0:
        return 0.0
    if probability >= 1.0:
        return float(count)
    if np.isnan(probability):
        return math.nan
    one = probability.dtype.type(1.0)
    if probability > 0.5:
        return float(count) - _binomial_at_most_half(count, one - probability, uniform)
    return _binomial_at_most_half(count, probability, uniform)


def _binomial_at_most_half(trials: Real, probability: Real, uniform: Draw) -> float:
    one = probability.dtype.type(1.0)
    count = float(trials)
    if trials * probability < 10.0:
        log_failure = float(np.log1p(-probability))
        tried = 0.0
        successes = 0.0
        while True:
            log_u = _log(uniform())
            tried += math.ceil(log_u / log_failure) if log_u > -math.inf else math.inf
            if tried > count:
                return successes
            successes += 1.0
    deviation = float(np.sqrt(trials * probability * (one - probability)))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * float(probability)
    c = float(trials * probability) + 0.5
    box = 0.92 - 4.2 / b
    odds = float(probability / (one - probability))
    alpha = (2.83 + 5.1 / b) * deviation
    mode = math.floor((trials + one) * probability)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        if us == 0.0:
            continue
        k = math.floor((2.0 * a / us + b) * u + c)
        if k < 0.0 or k > count:
            continue
        if us >= 0.07 and v <= box:
            return float(k)
        bound = (
            (mode + 0.5) * math.log((mode + 1.0) / (odds * (count - mode + 1.0)))
            + (count + 1.0) * math.log((count - mode + 1.0) / (count - k + 1.0))
            + (k + 0.5) * math.log(odds * (count - k + 1.0) / (k + 1.0))
            + _stirling_rest(mode)
            + _stirling_rest(count - mode)
            - _stirling_rest(k)
            - _stirling_rest(count - k)
        )
        if _log(v * alpha / (a / (us * us) + b)) <= bound:
            return float(k)


def _stirling_rest(k: float) -> float:
    if k < len(_STIRLING_REST):
        return _STIRLING_REST[int(k)]
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)
