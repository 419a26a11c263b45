"""Kernels of the logarithm of the gamma function and its derivatives on arrays.

All are asymptotic series that hold for large arguments, reached from small ones by the recurrence
``gamma(x + 1) = x gamma(x)`` and
from negative ones by reflection: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions (1964), 6.1.41,
6.3.18, 6.3.7 and, for the Hurwitz zeta function, the Euler-Maclaurin formula 23.2. Computed in float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

Array = Any

LARGE = 10  # from here on the series below are good to the last bits
# Bernoulli numbers B_2, B_4, ...
BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
)  # fmt: skip


def _positive_log_gamma(xp: Any, x: Array) -> Array:
    """log gamma of positive numbers."""
    small = x < LARGE
    product = xp.where(small, x, 1.0)
    for step in range(1, LARGE):
        product = product * xp.where(small, x + step, 1.0)
    large = xp.where(small, x + LARGE, x)
    inverse = 1.0 / large
    square = inverse * inverse
    series = xp.zeros_like(x)
    for k in range(8, 0, -1):
        series = series * square + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    result = (large - 0.5) * xp.log(large) - large + 0.5 * math.log(2 * math.pi) + series * inverse
    return xp.where(x == math.inf, math.inf, result - xp.log(product))


def _sine_of_pi(xp: Any, x: Array) -> Array:
    """sin(pi x), exactly zero at integers."""
    return xp.sin(math.pi * xp.remainder(x, 2.0)) * (x != xp.floor(x))


def log_gamma_of(xp: Any, input: Array) -> Array:
    """Logarithm of the absolute value of the gamma function; infinite at zero and the negative integers."""
    x = input.astype(numpy.float64)
    mirrored = x < 0.5
    result = _positive_log_gamma(xp, xp.where(mirrored, 1.0 - x, x))
    reflected = math.log(math.pi) - xp.log(xp.absolute(_sine_of_pi(xp, x))) - result
    return xp.where(mirrored, xp.where(x == -math.inf, math.inf, reflected), result).astype(input.dtype)


def digamma_of(xp: Any, input: Array) -> Array:
    """Derivative of log gamma; minus infinity at zero, NaN at the negative integers."""
    x = input.astype(numpy.float64)
    mirrored = x < 0.5
    y = xp.where(mirrored, 1.0 - x, x)
    small = y < LARGE
    shift = xp.zeros_like(x)
    for step in range(LARGE):
        shift = shift + 1.0 / (y + step)
    large = xp.where(small, y + LARGE, y)
    square = 1.0 / (large * large)
    series = xp.zeros_like(x)
    for k in range(8, 0, -1):
        series = (series + BERNOULLI[k - 1] / (2 * k)) * square
    result = xp.log(large) - 0.5 / large - series - xp.where(small, shift, 0.0)
    reflected = result - math.pi / xp.tan(math.pi * xp.remainder(x, 1.0))
    poles = xp.where(x == 0, xp.copysign(math.inf, -x), math.nan)
    result = xp.where(mirrored, xp.where(x == xp.floor(x), poles, reflected), result)
    return xp.where(x == math.inf, math.inf, result).astype(input.dtype)


def hurwitz_zeta_of(xp: Any, s: float, x: Array) -> Array:
    """``sum over k >= 0 of (x + k) ** -s`` for an integer s > 1."""
    finite = xp.where(xp.isfinite(x), x, 1.0)
    terms = LARGE + (math.ceil(max(0.0, -float(finite.min()))) if finite.size else 0)
    total = xp.zeros_like(x)
    for k in range(terms):
        total = total + (x + k) ** -s
    large = x + terms
    total = total + large ** (1.0 - s) / (s - 1.0) + 0.5 * large**-s
    factor, power = s, large ** (-s - 1.0)
    for j in range(1, len(BERNOULLI) + 1):
        total = total + BERNOULLI[j - 1] / math.factorial(2 * j) * factor * power
        factor *= (s + 2 * j - 1) * (s + 2 * j)
        power = power / (large * large)
    return xp.where(x == math.inf, 0.0, total)


def polygamma_of(xp: Any, n: int, input: Array) -> Array:
    """Derivative of order `n` of the digamma function."""
    if n == 0:
        return digamma_of(xp, input)
    x = input.astype(numpy.float64)
    if n == 1:  # by reflection, which is cheaper far below zero
        mirrored = x < 0.5
        result = hurwitz_zeta_of(xp, 2.0, xp.where(mirrored, 1.0 - x, x))
        sine = _sine_of_pi(xp, x)
        return xp.where(mirrored, (math.pi / sine) ** 2 - result, result).astype(input.dtype)
    sign = 1.0 if n % 2 else -1.0
    return (sign * math.factorial(n) * hurwitz_zeta_of(xp, n + 1.0, x)).astype(input.dtype)
