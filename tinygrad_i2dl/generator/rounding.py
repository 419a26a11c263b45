"""``x * scale + shift`` rounded once, as a fused multiply-add instruction rounds it.

PyTorch's CPU kernels are compiled with fused multiply-add, NumPy has no such function, and multiplying then adding
rounds twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["multiply_add"]

Array = Any

_PIECE = 1 << 15  # numbers at a time: their intermediate results stay in the second-level cache
_SPLITTER = 134217729.0  # 2**27 + 1: cuts a float64 significand in two halves (Dekker 1971)


def multiply_add(x: Array, scale: float, shift: float, fractions: bool = False) -> Array:
    """``x * scale + shift`` with one rounding, elementwise, for finite 1-D float32 or float64 ``x``.

    ``scale`` and ``shift`` must be numbers of the type of ``x``. float32 is exact in float64 up to the sum, which is
    rounded to odd (S. Boldo and G. Melquiond, Emulation of a FMA and correctly rounded sums, 2008) wherever a second
    rounding could matter; float64 splits the product into two numbers first (T. J. Dekker, 1971).
    ``fractions`` says that float32 ``x`` are multiples of 2**-24 in [0, 1), as uniform numbers are.

    >>> x = np.array([1.0 + 2.0**-30])
    >>> multiply_add(x, 1.0 + 2.0**-30, -1.0)[0] == 2.0**-29 + 2.0**-60
    np.True_
    """
    if shift == 0.0:
        return x * scale
    scale, shift = float(scale), float(shift)
    kernel = _multiply_add_double
    if x.dtype == np.float32:
        # With 2**e <= |scale| < 2**(e + 1), product and shift are multiples of 2**(e - 47), their sum below 2**(e +
        # 6).
        exact = fractions and 2.0**-23 * abs(scale) <= abs(shift) <= 16.0 * abs(scale)
        kernel = _multiply_add_exactly if exact else _multiply_add_single
    out = np.empty_like(x)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(x), _PIECE):
            part = slice(start, start + _PIECE)
            kernel(x[part], scale, shift, out[part])
    return out


def _multiply_add_double(x: Array, scale: float, shift: float, out: Array) -> None:
    product = x * scale
    # product + rest = x * scale exactly
    x_high, x_low = _halves(x)
    scale_high, scale_low = _halves(np.float64(scale))
    rest = ((x_high * scale_high - product) + x_high * scale_low + x_low * scale_high) + x_low * scale_low
    # low_sum + low_error = rest + shift, then high_sum + high_error = product + low_sum, both exactly
    low_sum, low_error = _two_sum(rest, shift)
    high_sum, high_error = _two_sum(product, low_sum)
    np.add(high_sum, _sum_to_odd(low_error, high_error), out=out)


def _multiply_add_exactly(x: Array, scale: float, shift: float, out: Array) -> None:
    """For a sum that float64 holds: one rounding, to float32."""
    total = np.multiply(x, scale, dtype=np.float64)
    total += shift
    np.copyto(out, total, casting="same_kind")


def _multiply_add_single(x: Array, scale: float, shift: float, out: Array) -> None:
    product = np.multiply(x, scale, dtype=np.float64)  # 24 + 24 bits: exact
    total = product + shift
    # A float64 halfway between two float32 may stand there only because the sum was rounded.
    halfway = (total.view(np.uint64) & np.uint64(0x1FFFFFFF)) == np.uint64(0x10000000)
    if halfway.any():
        total[halfway] = _sum_to_odd(product[halfway], np.float64(shift))
    np.copyto(out, total, casting="same_kind")


def _halves(x: Array) -> tuple[Array, Array]:
    scaled = x * _SPLITTER
    high = scaled - (scaled - x)
    return high, x - high


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The float64 sum of ``a`` and ``b`` and its rounding error (D. Knuth, The Art of Computer Programming, 4.2.2)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def _sum_to_odd(a: Array, b: Array) -> Array:
    """``a + b``, but an inexact sum takes the neighbour with an odd last bit: rounding it again cannot go wrong."""
    total, error = _two_sum(a, b)
    bits = total.view(np.int64)
    # One step in the number of its bits is one unit in the last place: outwards for an error of the total's sign,
    # else inwards.
    step = ((bits ^ error.view(np.int64)) >> 63) | 1
    step *= error != 0
    step *= ~bits & 1
    bits += step
    return total
