"""Shapes, dtypes and bounds of random arrays: what is asked for, checked, and how drawn values become it."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = [
    "check_integer_bounds",
    "check_single_or_double",
    "float_facts",
    "floating_dtype",
    "integers_as",
    "last_integer",
    "representable_end",
    "representable_start",
    "sizes_of",
    "values_as",
]

Array = Any  # numpy.ndarray
DTypeLike = Any
Shape = int | Sequence[int]

_INT64_MAX = (1 << 63) - 1

# Bits of the significand and largest number; bfloat16 is not among NumPy's own types and is recognised by its name
_FLOATS: dict[Any, tuple[int, float]] = {
    np.dtype(np.float16): (11, 65504.0),
    np.dtype(np.float32): (24, float(np.finfo(np.float32).max)),
    np.dtype(np.float64): (53, float(np.finfo(np.float64).max)),
}


def sizes_of(shape: Shape) -> tuple[tuple[int, ...], int]:
    """The shape as a tuple, and its number of elements."""
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    sizes = tuple(operator.index(size) for size in sizes)
    if any(size < 0 for size in sizes):
        raise RuntimeError(f"expected sizes >= 0, got shape {sizes}")
    return sizes, math.prod(sizes)


def float_facts(dtype: Any) -> tuple[int, float] | None:
    """Bits of the significand and largest number of a floating dtype; None for another."""
    facts = _FLOATS.get(dtype)
    if facts is None and dtype.kind == "V" and dtype.name == "bfloat16":
        return 8, (2.0 - 2.0**-7) * 2.0**127
    return facts


def floating_dtype(name: str, dtype: DTypeLike) -> tuple[Any, float]:
    """``dtype`` as NumPy's and its largest number; ``name`` is the caller's, for the error."""
    dtype = np.dtype(dtype)
    facts = float_facts(dtype)
    if facts is None:
        raise RuntimeError(f"{name} expected a floating dtype (float16, bfloat16, float32, float64), got {dtype}")
    return dtype, facts[1]


def check_single_or_double(name: str, array: Array) -> None:
    """Raise unless ``array`` is of float32 or float64."""
    if array.dtype not in (np.float32, np.float64):
        raise RuntimeError(f"{name} expected an array of float32 or float64, got {array.dtype}")


def values_as(values: Array, dtype: Any) -> Array:
    """``values`` as ``dtype``; narrow floating types are reached through float32, as PyTorch's constructors do."""
    with np.errstate(over="ignore"):
        if dtype.itemsize == 2 and dtype.kind in "fV":
            values = values.astype(np.float32)
        return values.astype(dtype, copy=False)


def integers_as(drawn: Array, low: int, dtype: Any) -> Array:
    """``drawn + low``, drawn unsigned, as ``dtype``: through int64, wrapping around."""
    if drawn.dtype == np.uint32 and low == 0 and dtype.kind in "iu":
        return drawn.astype(dtype)
    values = drawn.astype(np.uint64)
    values += np.uint64(low % (1 << 64))
    return values_as(values.view(np.int64), dtype)


def last_integer(dtype: Any) -> int:
    """The largest integer drawn for a dtype: its largest number, or the end of a floating type's gapless integers."""
    facts = float_facts(dtype)
    if facts is not None:
        return 1 << facts[0]
    if dtype.kind == "b":
        return 1
    if dtype.kind not in "iu":
        raise RuntimeError(f"expected an integer, floating or bool dtype, got {dtype}")
    return min(int(np.iinfo(dtype).max), _INT64_MAX)


def _rounded(value: int, dtype: Any) -> int:
    """``value`` rounded to a floating ``dtype``; itself where that overflows."""
    rounded = float(values_as(np.array(value, dtype=np.float64), dtype))
    return int(rounded) if math.isfinite(rounded) else value


def _digits(dtype: Any) -> int:
    facts = float_facts(dtype)
    assert facts is not None
    return facts[0]


def representable_start(low: int, dtype: Any) -> int:
    """``low``, or the next number of the floating ``dtype`` above it, where rounding would fall below the interval."""
    rounded = _rounded(low + 1, dtype)
    if rounded < low:
        return rounded + (1 << (abs(low + 1).bit_length() - _digits(dtype)))
    return low


def representable_end(high: int, dtype: Any) -> int:
    """``high``, or the next number of the floating ``dtype`` below it, where rounding would reach the open end."""
    rounded = _rounded(high - 1, dtype)
    if rounded >= high:
        return rounded - (1 << (abs(high - 1).bit_length() - _digits(dtype)))
    return high


def check_integer_bounds(low: int, last: int, dtype: Any) -> None:
    """Raise where ``dtype`` cannot hold ``low`` and ``last``; warn where it cannot hold all integers between."""
    facts = float_facts(dtype)
    if facts is not None:
        digits, largest = facts
        if low < -largest or last > largest:
            raise RuntimeError(f"integers expected bounds within {dtype}, got low={low}, high={last + 1}")
        if low < -(1 << digits) or last > 1 << digits:
            warnings.warn(
                f"{dtype} holds all integers only in [-2**{digits}, 2**{digits}]: "
                f"numbers from low={low}, high={last + 1} are rounded",
                stacklevel=3,
            )
        return
    first_held = 0 if dtype.kind in "bu" else int(np.iinfo(dtype).min)
    last_held = last_integer(dtype)
    if low < first_held or last > last_held:
        raise RuntimeError(
            f"integers expected low and high - 1 in [{first_held}, {last_held}] for {dtype}, "
            f"got low={low}, high={last + 1}"
        )
