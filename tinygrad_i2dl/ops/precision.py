"""The precision that kernels compute in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy

SINGLE = numpy.dtype("float32")
_BOUNDS = {
    numpy.dtype(name): tuple(numpy.array(value, dtype=name) for value in (-numpy.inf, 0.0, numpy.inf))
    for name in ("float32", "float64")
}


def is_half(array: Any) -> bool:
    """Whether the elements are float16 or bfloat16."""
    dtype = getattr(array, "dtype", None)
    return dtype is not None and dtype.itemsize == 2 and dtype.kind in "fV"


def positive_part(xp: Any, array: Any) -> Any:
    """``max(array, 0)``, NaN where there is one.

    NumPy's maximum with a number has no vector loop: `clip` with arrays without dimensions takes a sixth of it.
    """
    bounds = _BOUNDS.get(array.dtype) if xp is numpy else None
    return xp.maximum(array, 0) if bounds is None else array.clip(bounds[1], bounds[2])


def negative_part(xp: Any, array: Any) -> Any:
    """``min(array, 0)``, NaN where there is one."""
    bounds = _BOUNDS.get(array.dtype) if xp is numpy else None
    return xp.minimum(array, 0) if bounds is None else array.clip(bounds[0], bounds[1])


def half_as_single(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Let a kernel compute float16 and bfloat16 in float32, where NumPy is fast and nothing overflows on the way.

    Results come back in the dtype of the first array, as PyTorch's do.
    """

    @functools.wraps(kernel)
    def compute(xp: Any, input: Any, *others: Any) -> Any:
        dtype = input.dtype
        if dtype.itemsize != 2 or dtype.kind not in "fV":
            return kernel(xp, input, *others)
        others = tuple(each.astype(SINGLE) if is_half(each) else each for each in others)
        result = kernel(xp, input.astype(SINGLE), *others)
        if isinstance(result, tuple):
            return tuple(None if each is None else each.astype(dtype) for each in result)
        return result.astype(dtype)

    return compute
