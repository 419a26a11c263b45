"""Elementary functions of one number that a compiler can turn into vector instructions.

Numba calls the C library for ``math.exp`` and its kin, one element at a time: a loop with ``tanh`` over ten million
numbers takes 250 ms. These take 10 ms, because they have no branch and no table: the argument is reduced to a short
interval, a polynomial serves there, and a power of two is put in by its bits. A choice is a selection between two
values that are both computed. Each is a Numba function to be called in the loops of others, where it is inlined; a name
ends in the size of its floating-point type. Special values are those of C: NaN gives NaN, infinities their limits, and
subnormal results are rounded once.

Largest errors against exact results, in units in the last place, over all magnitudes (the tests measure them):

==============  =======  =======
function        32 bits  64 bits
==============  =======  =======
exp, exp2, log      1.5      1.5
expm1, log1p          2        2
tanh                  5        3
sigmoid             2.5      2.5
erf                   6        5
erfc                  2        8
==============  =======  =======

(A sigmoid below the smallest normal number is zero.)

Nothing here may be compiled with Numba's ``fastmath=True`` or with "reassoc": a compiler that may reorder sums undoes
the two-part constants. Fusing a product and a sum into one instruction ("contract") is allowed and helps.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy

__all__ = [
    "erf32", "erf64", "erfc32", "erfc64", "exp2_32", "exp2_64", "exp32", "exp64", "expm1_32", "expm1_64", "log1p32",
    "log1p64", "log32", "log64", "sigmoid32", "sigmoid64", "tanh32", "tanh64",
]  # fmt: skip

f32, f64, i32, i64 = numpy.float32, numpy.float64, numpy.int32, numpy.int64

inlined: Any = numba.njit(nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)

# ---------------------------------------------------------------- constants, each of the type that it is used with

LOG2_E = 1.4426950408889634
LOG2_E_32 = f32(LOG2_E)
LN2_HIGH_32, LN2_LOW_32 = f32(0.693359375), f32(-2.12194440e-4)  # the first has 9 bits: its multiples are exact
LN2_HIGH_64, LN2_LOW_64 = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # fdlibm's: 32 bits and the rest
LN2_32, LN2_64 = f32(math.log(2.0)), math.log(2.0)
HALF_32, ONE_32, TWO_32, ZERO_32 = f32(0.5), f32(1.0), f32(2.0), f32(0.0)
NAN_32, INFINITY_32 = f32(math.nan), f32(math.inf)
# Adding 1.5 * 2^23 (1.5 * 2^52) rounds to a whole number, which then stands in the lowest bits: no conversion is
# needed, and NaN passes.
ROUND_32, ROUND_64 = f32(12582912.0), 6755399441055744.0
ROUND_BITS_32, ROUND_BITS_64 = i32(0x4B400000), i64(0x4338000000000000)

# ---------------------------------------------------------------- exponentials


@inlined
def _power_of_two32(n: Any) -> Any:
    """``2 ** n`` for -126 <= n <= 127."""
    return i32((i32(n) + i32(127)) << i32(23)).view(f32)


@inlined
def _power_of_two64(n: Any) -> Any:
    """``2 ** n`` for -1022 <= n <= 1023."""
    return i64((i64(n) + i64(1023)) << i64(52)).view(f64)


# exp(r) - 1 - r = r^2 P(r) for |r| <= ln(2) / 2: minimax of degree 5 (Cephes, expf), and Taylor's terms for 64 bits.
E5, E4, E3, E2, E1, E0 = (
    f32(1.9875691500e-4), f32(1.3981999507e-3), f32(8.3334519073e-3), f32(4.1665795894e-2), f32(1.6666665459e-1),
    f32(5.0000001201e-1),
)  # fmt: skip
T13, T12, T11, T10, T9, T8, T7, T6, T5, T4, T3 = (1 / math.factorial(k) for k in range(13, 2, -1))


@inlined
def _exp_less_one_near_zero32(r: Any) -> Any:
    p = ((((E5 * r + E4) * r + E3) * r + E2) * r + E1) * r + E0
    return (p * r) * r + r


@inlined
def _exp_less_one_near_zero64(r: Any) -> Any:
    p = T13 * r + T12
    p = p * r + T11
    p = p * r + T10
    p = p * r + T9
    p = p * r + T8
    p = p * r + T7
    p = p * r + T6
    p = p * r + T5
    p = p * r + T4
    p = p * r + T3
    p = p * r + 0.5
    return (p * r) * r + r


@inlined
def exp32(x: Any) -> Any:
    """``e ** x``."""
    bounded = f32(89.0) if x > f32(89.0) else x
    bounded = f32(-105.0) if bounded < f32(-105.0) else bounded
    shifted = bounded * LOG2_E_32 + ROUND_32
    n = shifted - ROUND_32
    r = (bounded - n * LN2_HIGH_32) - n * LN2_LOW_32
    whole = i32(f32(shifted).view(i32) - ROUND_BITS_32)
    half = i32(whole >> i32(1))  # two factors, as 2^128 overflows and 2^-150 is no normal number
    return (_exp_less_one_near_zero32(r) + ONE_32) * _power_of_two32(half) * _power_of_two32(i32(whole - half))


@inlined
def exp64(x: Any) -> Any:
    """``e ** x``."""
    bounded = 710.0 if x > 710.0 else x
    bounded = -746.0 if bounded < -746.0 else bounded
    shifted = bounded * LOG2_E + ROUND_64
    n = shifted - ROUND_64
    r = (bounded - n * LN2_HIGH_64) - n * LN2_LOW_64
    whole = f64(shifted).view(i64) - ROUND_BITS_64
    half = whole >> i64(1)
    return (_exp_less_one_near_zero64(r) + 1.0) * _power_of_two64(half) * _power_of_two64(whole - half)


@inlined
def exp2_32(x: Any) -> Any:
    """``2 ** x``, exact for whole numbers."""
    bounded = x if x > f32(-151.0) else f32(-151.0)
    bounded = bounded if bounded < f32(129.0) else f32(129.0)
    n = numpy.floor(bounded + HALF_32)
    n = n if n < f32(128.0) else f32(128.0)
    whole = i32(n)
    half = whole >> i32(1)
    r = (bounded - n) * LN2_32
    result = (_exp_less_one_near_zero32(r) + ONE_32) * _power_of_two32(half) * _power_of_two32(whole - half)
    return result if x == x else x


@inlined
def exp2_64(x: Any) -> Any:
    """``2 ** x``, exact for whole numbers."""
    bounded = x if x > -1076.0 else -1076.0
    bounded = bounded if bounded < 1025.0 else 1025.0
    n = numpy.floor(bounded + 0.5)
    n = n if n < 1024.0 else 1024.0
    whole = i64(n)
    half = whole >> i64(1)
    r = (bounded - n) * LN2_64
    result = (_exp_less_one_near_zero64(r) + 1.0) * _power_of_two64(half) * _power_of_two64(whole - half)
    return result if x == x else x


@inlined
def expm1_32(x: Any) -> Any:
    """``e ** x - 1``, without cancellation near zero."""
    bounded = f32(89.0) if x > f32(89.0) else x
    bounded = f32(-30.0) if bounded < f32(-30.0) else bounded
    shifted = bounded * LOG2_E_32 + ROUND_32
    n = shifted - ROUND_32
    r = (bounded - n * LN2_HIGH_32) - n * LN2_LOW_32
    power = _power_of_two32(i32(f32(shifted).view(i32) - ROUND_BITS_32 - i32(1)))  # half of it: 2^128 is no number
    result = TWO_32 * (power * _exp_less_one_near_zero32(r) + (power - HALF_32))
    return x if result == ZERO_32 else result  # keeps the sign of zero


@inlined
def expm1_64(x: Any) -> Any:
    """``e ** x - 1``, without cancellation near zero."""
    bounded = 710.0 if x > 710.0 else x
    bounded = -50.0 if bounded < -50.0 else bounded
    shifted = bounded * LOG2_E + ROUND_64
    n = shifted - ROUND_64
    r = (bounded - n * LN2_HIGH_64) - n * LN2_LOW_64
    power = _power_of_two64(f64(shifted).view(i64) - ROUND_BITS_64 - i64(1))
    result = 2.0 * (power * _exp_less_one_near_zero64(r) + (power - 0.5))
    return x if result == 0.0 else result


# ---------------------------------------------------------------- logarithms

# Cephes, logf: log(1 + f) = f - f^2 / 2 + f^3 P(f) for 1 + f in [sqrt(1/2), sqrt(2)].
L8, L7, L6, L5, L4, L3, L2, L1, L0 = (
    f32(7.0376836292e-2), f32(-1.1514610310e-1), f32(1.1676998740e-1), f32(-1.2420140846e-1), f32(1.4249322787e-1),
    f32(-1.6668057665e-1), f32(2.0000714765e-1), f32(-2.4999993993e-1), f32(3.3333331174e-1),
)  # fmt: skip
# fdlibm, e_log.c: log((1 + s) / (1 - s)) = 2 s + s R(s^2).
G7, G6, G5, G4, G3, G2, G1 = (
    1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01,
    2.857142874366239149e-01, 3.999999999940941908e-01, 6.666666666666735130e-01,
)  # fmt: skip
SQRT_HALF_BITS_32 = i32(0x3F3504F3)
SQRT_HALF_BITS_64 = i64(0x3FE6A09E667F3BCD)
SMALLEST_NORMAL_32, SMALLEST_NORMAL_64 = f32(2.0**-126), 2.0**-1022


@inlined
def log32(x: Any) -> Any:
    """Natural logarithm; NaN below zero, minus infinity at zero."""
    subnormal = x < SMALLEST_NORMAL_32
    scaled = x * f32(2.0**25) if subnormal else x
    bits = f32(scaled).view(i32) - SQRT_HALF_BITS_32
    exponent = bits >> i32(23)  # so that x = 2^exponent (1 + f), 1 + f at least the square root of 1/2
    f = i32((bits & i32(0x007FFFFF)) + SQRT_HALF_BITS_32).view(f32) - ONE_32
    e = f32(exponent) - (f32(25.0) if subnormal else ZERO_32)
    square = f * f
    p = (((((((L8 * f + L7) * f + L6) * f + L5) * f + L4) * f + L3) * f + L2) * f + L1) * f + L0
    result = ((f * square) * p + e * LN2_LOW_32) - HALF_32 * square
    result = (f + result) + e * LN2_HIGH_32
    result = result if x < INFINITY_32 else x  # NaN too
    result = -INFINITY_32 if x == ZERO_32 else result
    return NAN_32 if x < ZERO_32 else result


@inlined
def log64(x: Any) -> Any:
    """Natural logarithm; NaN below zero, minus infinity at zero."""
    subnormal = x < SMALLEST_NORMAL_64
    scaled = x * 2.0**54 if subnormal else x
    bits = f64(scaled).view(i64) - SQRT_HALF_BITS_64
    exponent = bits >> i64(52)
    f = i64((bits & i64(0x000FFFFFFFFFFFFF)) + SQRT_HALF_BITS_64).view(f64) - 1.0
    e = f64(exponent) - (54.0 if subnormal else 0.0)
    s = f / (2.0 + f)
    z = s * s
    r: Any = z * (((((((G7 * z + G6) * z + G5) * z + G4) * z + G3) * z + G2) * z) + G1)
    half_square = 0.5 * f * f
    result: Any = e * LN2_HIGH_64 - ((half_square - (s * (half_square + r) + e * LN2_LOW_64)) - f)
    result = result if x < math.inf else x
    result = -math.inf if x == 0.0 else result
    return math.nan if x < 0.0 else result


@inlined
def log1p32(x: Any) -> Any:
    """``log(1 + x)``, without cancellation near zero: what rounding lost of ``1 + x`` is put back."""
    u = ONE_32 + x
    lost = (x - (u - ONE_32)) if x < ONE_32 else (ONE_32 - (u - x))
    result = log32(u) + lost / u
    result = result if u > ZERO_32 and u < INFINITY_32 else log32(u)
    return x if u == ONE_32 else result


@inlined
def log1p64(x: Any) -> Any:
    """``log(1 + x)``, without cancellation near zero: what rounding lost of ``1 + x`` is put back."""
    u = 1.0 + x
    lost = (x - (u - 1.0)) if x < 1.0 else (1.0 - (u - x))
    result = log64(u) + lost / u
    result = result if u > 0.0 and u < math.inf else log64(u)
    return x if u == 1.0 else result


# ---------------------------------------------------------------- sigmoids

# tanh(x) = x P(x^2) / Q(x^2), the fit with 7 and 4 terms for 32 bits that Eigen and XLA use, within [-7.9, 7.9].
P13, P11, P9, P7, P5, P3, P1 = (
    f32(-2.76076847742355e-16), f32(2.00018790482477e-13), f32(-8.60467152213735e-11), f32(5.12229709037114e-08),
    f32(1.48572235717979e-05), f32(6.37261928875436e-04), f32(4.89352455891786e-03),
)  # fmt: skip
Q6, Q4, Q2, Q0 = (
    f32(1.19825839466702e-06), f32(1.18534705686654e-04), f32(2.26843463243900e-03), f32(4.89352518554385e-03),
)  # fmt: skip


@inlined
def tanh32(x: Any) -> Any:
    """Hyperbolic tangent."""
    bounded = f32(-7.9053111) if x < f32(-7.9053111) else x
    bounded = f32(7.9053111) if bounded > f32(7.9053111) else bounded
    y = bounded * bounded
    p = (((((P13 * y + P11) * y + P9) * y + P7) * y + P5) * y + P3) * y + P1
    q = ((Q6 * y + Q4) * y + Q2) * y + Q0
    result = bounded * p / q
    result = x if abs(x) < f32(0.0004) else result  # where x^3 / 3 is below the last place; subnormal numbers too
    result = ONE_32 if x > f32(9.0) else result
    return -ONE_32 if x < f32(-9.0) else result


@inlined
def tanh64(x: Any) -> Any:
    """Hyperbolic tangent, as ``m / (m + 2)`` with ``m = exp(2 |x|) - 1``."""
    magnitude = abs(x)
    doubled = 2.0 * magnitude
    m = expm1_64(44.0 if doubled > 44.0 else doubled)
    result = m / (m + 2.0)
    result = -result if x < 0.0 else result
    return x if magnitude < 1e-8 else result


@inlined
def sigmoid32(x: Any) -> Any:
    """``1 / (1 + exp(-x))``; the exponential may overflow to infinity, whose reciprocal is right."""
    return ONE_32 / (ONE_32 + exp32(-x))


@inlined
def sigmoid64(x: Any) -> Any:
    """``1 / (1 + exp(-x))``; the exponential may overflow to infinity, whose reciprocal is right."""
    return 1.0 / (1.0 + exp64(-x))


# ---------------------------------------------------------------- the error function

# erf(x) = x P(x^2) / Q(x^2) within [-4, 4], the fit with 7 and 5 terms for 32 bits that Eigen and XLA use.
A6, A5, A4, A3, A2, A1, A0 = (
    f32(-2.72614225801306e-10), f32(2.77068142495902e-08), f32(-2.10102402082508e-06), f32(-5.69250639462346e-05),
    f32(-7.34990630326855e-04), f32(-2.95459980854025e-03), f32(-1.60960333262415e-02),
)  # fmt: skip
B4, B3, B2, B1, B0 = (
    f32(-1.45660718464996e-05), f32(-2.13374055278905e-04), f32(-1.68282697438203e-03), f32(-7.37332916720468e-03),
    f32(-1.42647390514189e-02),
)  # fmt: skip


@inlined
def erf32(x: Any) -> Any:
    """Error function."""
    bounded = f32(-4.0) if x < f32(-4.0) else x
    bounded = f32(4.0) if bounded > f32(4.0) else bounded
    y = bounded * bounded
    p = (((((A6 * y + A5) * y + A4) * y + A3) * y + A2) * y + A1) * y + A0
    q = (((B4 * y + B3) * y + B2) * y + B1) * y + B0
    result = bounded * (p / q)
    result = ONE_32 if result > ONE_32 else result
    return -ONE_32 if result < -ONE_32 else result


# W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23 (1969): erf in
# [-0.46875, 0.46875], and erfc from there to 4 and beyond.
NEAR_BOUND, FAR_BOUND = 0.46875, 4.0
INVERSE_SQRT_PI = 0.56418958354775628695


@inlined
def _erf_near64(x: Any) -> Any:
    y = x * x
    p = 1.85777706184603153e-1 * y + 3.16112374387056560
    p = p * y + 1.13864154151050156e2
    p = p * y + 3.77485237685302021e2
    p = p * y + 3.20937758913846947e3
    q = y + 2.36012909523441209e1
    q = q * y + 2.44024637934444173e2
    q = q * y + 1.28261652607737228e3
    q = q * y + 2.84423683343917062e3
    return x * (p / q)


@inlined
def _erfc_beyond64(a: Any) -> Any:
    """``1 - erf(a)`` for a of at least 0.46875 (smaller ones count as that)."""
    a = NEAR_BOUND if a < NEAR_BOUND else a
    a = 28.0 if a > 28.0 else a
    p = 2.15311535474403846e-8 * a + 5.64188496988670089e-1
    p = p * a + 8.88314979438837594
    p = p * a + 6.61191906371416295e1
    p = p * a + 2.98635138197400131e2
    p = p * a + 8.81952221241769090e2
    p = p * a + 1.71204761263407058e3
    p = p * a + 2.05107837782607147e3
    p = p * a + 1.23033935479799725e3
    q = a + 1.57449261107098347e1
    q = q * a + 1.17693950891312499e2
    q = q * a + 5.37181101862009858e2
    q = q * a + 1.62138957456669019e3
    q = q * a + 3.29079923573345963e3
    q = q * a + 4.36261909014324716e3
    q = q * a + 3.43936767414372164e3
    q = q * a + 1.23033935480374942e3
    middle = p / q
    y = 1.0 / (a * a)
    p = 1.63153871373020978e-2 * y + 3.05326634961232344e-1
    p = p * y + 3.60344899949804439e-1
    p = p * y + 1.25781726111229246e-1
    p = p * y + 1.60837851487422766e-2
    p = p * y + 6.58749161529837803e-4
    q = y + 2.56852019228982242
    q = q * y + 1.87295284992346725
    q = q * y + 5.27905102951428412e-1
    q = q * y + 6.05183413124413191e-2
    q = q * y + 2.33520497626869185e-3
    far = (INVERSE_SQRT_PI - y * p / q) / a
    rounded = (a * 16.0 + ROUND_64 - ROUND_64) * 0.0625  # exp(-a^2) in two factors, the first of an exact square
    return exp64(-rounded * rounded) * exp64(-(a - rounded) * (a + rounded)) * (far if a > FAR_BOUND else middle)


@inlined
def erf64(x: Any) -> Any:
    """Error function."""
    a = -x if x < 0.0 else x
    near = _erf_near64(0.5 if a > 0.5 else a)
    result = 1.0 - _erfc_beyond64(a) if a > NEAR_BOUND else near
    result = -result if x < 0.0 else result
    return x if x == 0.0 else result


@inlined
def erfc32(x: Any) -> Any:
    """``1 - erf(x)`` without cancellation."""
    return f32(erfc64(f64(x)))


@inlined
def erfc64(x: Any) -> Any:
    """``1 - erf(x)`` without cancellation."""
    a = -x if x < 0.0 else x
    bounded = 0.5 if x > 0.5 else x
    near = 1.0 - _erf_near64(-0.5 if bounded < -0.5 else bounded)
    tail = _erfc_beyond64(a)
    return (2.0 - tail if x < 0.0 else tail) if a > NEAR_BOUND else near
