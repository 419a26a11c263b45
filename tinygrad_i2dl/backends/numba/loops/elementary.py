"""Functions of one number for loops of either precision, made of those of `mathematics`, and the largest of many.

`softplus` is within 3 units in the last place; the distribution of a normal number within 2e-7 in float32, where the
loops of gelu share its exponential with the density.
"""

from __future__ import annotations

from typing import Any

from .. import mathematics as m
from ..compilation import EXACT_FLAGS, by_precision, inlined
from ..mathematics import f32, f64, i32, i64

exact = inlined(EXACT_FLAGS)

exp = by_precision("exp", m.exp32, m.exp64)
expm1 = by_precision("expm1", m.expm1_32, m.expm1_64)
log = by_precision("log", m.log32, m.log64)
sigmoid = by_precision("sigmoid", m.sigmoid32, m.sigmoid64)
tanh = by_precision("tanh", m.tanh32, m.tanh64)
erf = by_precision("erf", m.erf32, m.erf64)

_exp_32, _exp_64 = m.exp32, m.exp64
_erf_near_64, _erfc_beyond_64 = m._erf_near64, m._erfc_beyond64


# ---------------------------------------------------------------- softplus


@exact
def log_of_parts_32(f: Any, k: Any) -> Any:
    """``log(2^k (1 + f))`` for ``1 + f`` between ``sqrt(1/2)`` and ``sqrt(2)``."""
    s = f / (f + f32(2.0))
    z = s * s
    r = f32(0.24279078841)
    r = r * z + f32(0.28498786688)
    r = r * z + f32(0.40000972152)
    r = r * z + f32(0.66666662693)
    half = f32(0.5) * f * f
    return s * (half + r * z) + k * f32(9.0580006145e-6) - half + f + k * f32(6.9313812256e-1)


@exact
def log_of_parts_64(f: Any, k: Any) -> Any:
    """``log(2^k (1 + f))`` for ``1 + f`` between ``sqrt(1/2)`` and ``sqrt(2)``."""
    s = f / (f + 2.0)
    z = s * s
    r = 1.479819860511658591e-1
    r = r * z + 1.531383769920937332e-1
    r = r * z + 1.818357216161805012e-1
    r = r * z + 2.222219843214978396e-1
    r = r * z + 2.857142874366239149e-1
    r = r * z + 3.999999999940941908e-1
    r = r * z + 6.666666666666735130e-1
    half = 0.5 * f * f
    return s * (half + r * z) + k * 1.90821492927058770002e-10 - half + f + k * 6.93147180369123816490e-1


@exact
def log1p_of_share_32(u: Any) -> Any:
    """``log(1 + u)`` for u from 0 to 1, within 2 ulp."""
    upper = u > f32(0.41421354)
    f = f32(0.5) * (u - f32(1.0)) if upper else u
    return log_of_parts_32(f, f32(1.0) if upper else f32(0.0))


@exact
def log1p_of_share_64(u: Any) -> Any:
    """``log(1 + u)`` for u from 0 to 1, within 2 ulp."""
    upper = u > 0.41421356237309503
    f = 0.5 * (u - 1.0) if upper else u
    return log_of_parts_64(f, 1.0 if upper else 0.0)


@exact
def softplus_32(x: Any) -> Any:
    """``log(1 + exp(x))`` as ``max(x, 0) + log(1 + exp(-|x|))``, within 3 ulp."""
    magnitude = x if x < f32(0.0) else -x
    rest = log1p_of_share_32(_exp_32(magnitude))
    return rest if x < f32(0.0) else x + rest


@exact
def softplus_64(x: Any) -> Any:
    """``log(1 + exp(x))`` as ``max(x, 0) + log(1 + exp(-|x|))``, within 3 ulp."""
    magnitude = x if x < 0.0 else -x
    rest = log1p_of_share_64(_exp_64(magnitude))
    return rest if x < 0.0 else x + rest


softplus = by_precision("softplus", softplus_32, softplus_64)


# ---------------------------------------------------------------- the normal distribution


@exact
def normal_cdf_64(x: Any) -> Any:
    """Probability that a normal number is below x, ``erfc(-x / sqrt(2)) / 2``; precise in the tail below zero too."""
    z = x * 0.7071067811865476
    a = -z if z < 0.0 else z
    near = 0.5 + 0.5 * _erf_near_64(-0.5 if z < -0.5 else 0.5 if z > 0.5 else z)
    tail = 0.5 * _erfc_beyond_64(a)
    outer = tail if z < 0.0 else 1.0 - tail
    return outer if a > 0.46875 else near


@exact
def normal_tail_32(magnitude: Any, bell: Any) -> Any:
    """Probability that a normal number exceeds `magnitude`, given ``bell = exp(-magnitude^2 / 2)``.

    M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 7.1.26: an absolute error below 1.5e-7, and the
    exponential is that of the density.
    """
    t = f32(1.0) / (f32(1.0) + f32(0.23164190) * magnitude)
    p = f32(1.061405429 / 2)
    p = p * t + f32(-1.453152027 / 2)
    p = p * t + f32(1.421413741 / 2)
    p = p * t + f32(-0.284496736 / 2)
    p = p * t + f32(0.254829592 / 2)
    return p * t * bell


@exact
def normal_cdf_32(x: Any) -> Any:
    """Probability that a normal number is below x, with an absolute error below 2e-7."""
    magnitude = -x if x < f32(0.0) else x
    tail = normal_tail_32(magnitude, _exp_32(f32(-0.5) * x * x))
    return tail if x < f32(0.0) else f32(1.0) - tail


@exact
def gelu_32(x: Any) -> Any:
    """``x`` times `normal_cdf`."""
    magnitude = -x if x < f32(0.0) else x
    tail = normal_tail_32(magnitude, _exp_32(f32(-0.5) * x * x)) * magnitude
    return (f32(0.0) if x < f32(0.0) else x) - tail


@exact
def gelu_64(x: Any) -> Any:
    """``x`` times `normal_cdf`."""
    return x * normal_cdf_64(x)


@exact
def gelu_slope_32(x: Any) -> Any:
    """The derivative of gelu: ``Phi(x) + x phi(x)`` with the distribution and density of a normal number."""
    magnitude = -x if x < f32(0.0) else x
    bell = _exp_32(f32(-0.5) * x * x)
    tail = normal_tail_32(magnitude, bell)
    return (tail if x < f32(0.0) else f32(1.0) - tail) + x * bell * f32(0.3989422804014327)


@exact
def gelu_slope_64(x: Any) -> Any:
    """The derivative of gelu: ``Phi(x) + x phi(x)`` with the distribution and density of a normal number."""
    return normal_cdf_64(x) + x * _exp_64(-0.5 * x * x) * 0.3989422804014327


normal_cdf = by_precision("normal_cdf", normal_cdf_32, normal_cdf_64)
gelu = by_precision("gelu", gelu_32, gelu_64)
gelu_slope = by_precision("gelu_slope", gelu_slope_32, gelu_slope_64)


# ---------------------------------------------------------------- reductions of a piece of a flat array


@exact
def shifted(x: Any, highest: Any, rest: Any) -> Any:
    """``(x - highest) - rest`` as it is written: ``x - (highest + rest)`` would lose the rest where x is large."""
    return (x - highest) - rest


@exact
def place_in_order_32(x: Any) -> Any:
    """An integer of the same order as x; NaN with its sign lies beyond the infinities."""
    bits = f32(x).view(i32)
    return i32(bits ^ i32(i32(bits >> i32(31)) & i32(0x7FFFFFFF)))


@exact
def place_in_order_64(x: Any) -> Any:
    """An integer of the same order as x; NaN with its sign lies beyond the infinities."""
    bits = f64(x).view(i64)
    return bits ^ ((bits >> i64(63)) & i64(0x7FFFFFFFFFFFFFFF))


@exact
def number_at_place_32(k: Any) -> Any:
    """The inverse of `place_in_order`."""
    return i32(k ^ i32(i32(k >> i32(31)) & i32(0x7FFFFFFF))).view(f32)


@exact
def number_at_place_64(k: Any) -> Any:
    """The inverse of `place_in_order`."""
    return i64(k ^ ((k >> i64(63)) & i64(0x7FFFFFFFFFFFFFFF))).view(f64)


_place_in_order = by_precision("place_in_order", place_in_order_32, place_in_order_64)
_number_at_place = by_precision("number_at_place", number_at_place_32, number_at_place_64)


@exact
def greatest(x: Any) -> Any:
    """The largest element of a vector that is not empty; where one is NaN, it or the largest number.

    Compared as integers: the maximum of floating-point numbers has no vector form that minds NaN.
    """
    place = _place_in_order(x[0])
    for i in range(x.size):
        each = _place_in_order(x[i])
        place = each if each > place else place
    return _number_at_place(place)
