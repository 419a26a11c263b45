"""Kernels of the error function, its complement and its inverse on arrays.

The approximations are rational, each over the interval where it is good to the last bits of float64: W. J. Cody,
"Rational
Chebyshev approximations for the error function", Mathematics of Computation 23 (1969), 631-637, with the exponential
split as in
his SPECFUN routine CALERF so that ``exp(-x * x)`` keeps its precision. Arrays are worked through in blocks that stay
in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy

Array = Any

# erf(x) = x P(x^2) / Q(x^2) for |x| <= 0.46875
NEAR_P = (
    1.85777706184603153e-1,
    3.16112374387056560,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
NEAR_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
# erfc(x) = exp(-x^2) P(x) / Q(x) for 0.46875 <= x <= 4
MIDDLE_P = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
    8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
MIDDLE_Q = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
# erfc(x) = exp(-x^2) / x * (1 / sqrt(pi) - y P(y) / Q(y)), y = 1 / x^2, for x >= 4
FAR_P = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
FAR_Q = (
    1.0,
    2.56852019228982242,
    1.87295284992346725,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)

BLOCK = 8192


def polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """Polynomial with the coefficient of the highest power first, by Horner's rule."""
    result = coefficients[0] * x
    result += coefficients[1]
    for coefficient in coefficients[2:]:
        result *= x
        result += coefficient
    return result


def in_blocks(xp: Any, function: Callable[[Any, Array], Array], input: Array, work: Any) -> Array:
    """`function` applied to blocks of the elements in the dtype `work`; the result has the shape and dtype of
    `input`."""
    flat = xp.ascontiguousarray(input).reshape(-1)
    result = xp.empty(flat.shape, dtype=input.dtype)
    for start in range(0, flat.size, BLOCK):
        part = slice(start, start + BLOCK)
        result[part] = function(xp, flat[part].astype(work, copy=False))
    return result.reshape(input.shape)


def _scaled_tail(xp: Any, a: Array) -> Array:
    """``exp(a * a) erfc(a)`` of `a`, which is at least 0.46875 everywhere."""
    near = polynomial(MIDDLE_P, a) / polynomial(MIDDLE_Q, a)
    if (a > 4.0).any():
        y = 1.0 / (a * a)
        far = (1.0 / math.sqrt(math.pi) - y * polynomial(FAR_P, y) / polynomial(FAR_Q, y)) / a
        near = xp.where(a > 4.0, far, near)
    return near


def _tail(xp: Any, a: Array) -> Array:
    """erfc of `a`, which is at least 0.46875 everywhere."""
    a = xp.minimum(a, 28.0)  # beyond, it is zero; NaN stays
    near = _scaled_tail(xp, a)
    rounded = xp.trunc(a * 16.0) / 16.0
    return xp.exp(-rounded * rounded) * xp.exp(-(a - rounded) * (a + rounded)) * near


def _near(x: Array) -> Array:
    """erf of `x` between -0.46875 and 0.46875."""
    y = x * x
    return x * (polynomial(NEAR_P, y) / polynomial(NEAR_Q, y))


def _erf(xp: Any, x: Array) -> Array:
    a = xp.absolute(x)
    small = a <= 0.46875
    if small.all():
        return _near(x)
    far = xp.copysign(1.0 - _tail(xp, xp.where(small, 0.46875, a)), x)
    return xp.where(small, _near(xp.where(small, x, 0.0)), far)


def _erfc(xp: Any, x: Array) -> Array:
    a = xp.absolute(x)
    small = a <= 0.46875
    if small.all():
        return 1.0 - _near(x)
    tail = _tail(xp, xp.where(small, 0.46875, a))
    return xp.where(small, 1.0 - _near(xp.where(small, x, 0.0)), xp.where(x < 0, 2.0 - tail, tail))


# For float32 one rational function of x^2 serves all of [-4, 4], beyond which erf rounds to -1 or 1 (the classic
# single-precision fit
# with 7 and 5 terms that Eigen and XLA use); the error is below 4 units in the last place.
SINGLE_P = tuple(
    numpy.float32(c)
    for c in (
        -2.72614225801306e-10,
        2.77068142495902e-08,
        -2.10102402082508e-06,
        -5.69250639462346e-05,
        -7.34990630326855e-04,
        -2.95459980854025e-03,
        -1.60960333262415e-02,
    )
)
SINGLE_Q = tuple(
    numpy.float32(c)
    for c in (
        -1.45660718464996e-05,
        -2.13374055278905e-04,
        -1.68282697438203e-03,
        -7.37332916720468e-03,
        -1.42647390514189e-02,
    )
)


def _erf_single(xp: Any, x: Array) -> Array:
    x = xp.maximum(xp.minimum(x, numpy.float32(4.0)), numpy.float32(-4.0))
    y = x * x
    x *= polynomial(SINGLE_P, y)  # type: ignore[arg-type]
    x /= polynomial(SINGLE_Q, y)  # type: ignore[arg-type]
    return xp.maximum(xp.minimum(x, numpy.float32(1.0)), numpy.float32(-1.0))


def erf_of(xp: Any, input: Array) -> Array:
    """Error function of an array."""
    if input.dtype == numpy.float64:
        return in_blocks(xp, _erf, input, numpy.float64)
    return in_blocks(xp, _erf_single, input, numpy.float32)


def erfc_of(xp: Any, input: Array) -> Array:
    """Complementary error function of an array."""
    return in_blocks(xp, _erfc, input, numpy.float64)


def _erfcx(xp: Any, x: Array) -> Array:
    a = xp.absolute(x)
    small = a <= 0.46875
    tail = _scaled_tail(xp, xp.where(small, 0.46875, a))
    square = xp.exp(x * x)
    near = square * (1.0 - _near(xp.where(small, x, 0.0)))
    return xp.where(small, near, xp.where(x < 0, 2.0 * square - tail, tail))


def erfcx_of(xp: Any, input: Array) -> Array:
    """Scaled complementary error function ``exp(x * x) erfc(x)`` of an array."""
    return in_blocks(xp, _erfcx, input, numpy.float64)


# First approximation of the inverse: M. Giles, "Approximating the erfinv function", GPU Computing Gems (2012), single
# precision.
CENTRAL = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
OUTER = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def _erfinv(xp: Any, y: Array) -> Array:
    a = xp.absolute(y)
    w = -xp.log((1.0 - a) * (1.0 + a))
    x = xp.where(w < 5.0, polynomial(CENTRAL, w - 2.5), polynomial(OUTER, xp.sqrt(xp.maximum(w, 5.0)) - 3.0)) * a
    for _ in range(2):  # Halley's method on erfc, whose relative precision holds in the tails
        error = xp.where(a < 0.5, a - _erf(xp, x), _erfc(xp, x) - (1.0 - a)) * (math.sqrt(math.pi) / 2) * xp.exp(x * x)
        step = error / (1.0 - x * error)
        x = x + xp.where(xp.isfinite(step), step, 0.0)
    x = xp.where(a == 1.0, math.inf, xp.where(a > 1.0, math.nan, x))
    return xp.copysign(x, y)


def erfinv_of(xp: Any, input: Array) -> Array:
    """Inverse error function of an array."""
    return in_blocks(xp, _erfinv, input, numpy.float64)
