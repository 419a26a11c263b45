"""Linear layers in C++: products of matrices with few rows, which a BLAS is not made for."""

from __future__ import annotations

from typing import Any

from .extension import DTYPES, native

Array = Any


def linear(input: Array, weight: Array, bias: Array | None) -> Any:
    """``input @ weight.T + bias`` for input ``(..., in_features)``; NotImplemented where the extension does not serve.

    >>> import numpy
    >>> y = linear(numpy.ones((1, 2)), numpy.array([[1.0, 2.0]]), numpy.ones(1))
    >>> y is NotImplemented or y.tolist() == [[4.0]]
    True
    """
    return NotImplemented if native is None else native.linear(input, weight, bias)


def linear_backward(g: Array, input: Array, weight: Array, needs: tuple[bool, ...]) -> Any:
    """Gradients of `linear` for its input, weight and bias; None for those that `needs` does not ask for."""
    return NotImplemented if native is None else native.linear_backward(g, input, weight, needs)


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel of this file returns NotImplemented for these arguments; None where it does not."""
    arrays = [array for array in arguments if hasattr(array, "flags")]
    for array in arrays:
        if array.dtype not in DTYPES:
            return f"dtype {array.dtype}"
        if not array.flags.c_contiguous or not array.flags.aligned:
            return "an array that is not in one piece"
    return None


KERNELS = {kernel.__name__: kernel for kernel in (linear, linear_backward)}
