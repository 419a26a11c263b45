"""Linear layers in C++: products of matrices with few rows, which a BLAS is not made for."""

from __future__ import annotations

from typing import Any

from .extension import DTYPES, native


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel of this file returns NotImplemented for these arguments; None where it does not."""
    arrays = [array for array in arguments if hasattr(array, "flags")]
    for array in arrays:
        if array.dtype not in DTYPES:
            return f"dtype {array.dtype}"
        if not array.flags.c_contiguous or not array.flags.aligned:
            return "an array that is not in one piece"
    return None


# Functions of the extension as they are, for a Python function around one would cost a quarter of a small layer's time:
# linear(input, weight, bias) and linear_backward(g, input, weight, needs), as the operations of these names.
KERNELS = {} if native is None else {name: getattr(native, name) for name in ("linear", "linear_backward")}
