"""What the registry and the profile ask of this backend: its kernels, and a word about a call."""

from __future__ import annotations

from typing import Any

import numpy

from . import accumulation, activation, availability, embedding, loss, normalization, optimization, recurrent, softmax
from .serving import DTYPES

_FAMILIES = (activation, softmax, loss, normalization, recurrent, embedding, accumulation, optimization)
KERNELS = {name: kernel for family in _FAMILIES for name, kernel in family.KERNELS.items()}


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel here returned NotImplemented for these arguments; None where the shapes tell it."""
    missing = availability.reason()
    if missing is not None:
        return missing
    arrays = [each for each in arguments if isinstance(each, (numpy.ndarray, numpy.generic))]
    floating = [each for each in arrays if each.dtype.kind not in "iub"]
    for array in floating or arrays:
        if array.dtype not in DTYPES:
            return f"dtype {array.dtype}"
    if len({array.dtype for array in floating}) > 1:
        return "dtypes " + ", ".join(str(array.dtype) for array in floating)
    if any(not (array.flags.c_contiguous and array.flags.aligned) for array in arrays):
        return "not contiguous"
    largest = max((array.size for array in floating), default=0)
    return f"{largest} elements are too few, or of other shapes than it serves"
