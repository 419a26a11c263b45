"""Activation functions and their gradients in C++, each in one pass over memory.

The extension's functions are kernels as they are: they serve contiguous arrays of float32 and float64 of every size and
return NotImplemented for others. The hyperbolic tangent is not among them: NumPy's takes as long.
"""

from __future__ import annotations

from typing import Any

from .extension import direct_kernels, native, refusal_of_plain

Array = Any

NAMES = (
    "sigmoid", "silu", "gelu_erf", "gelu_tanh", "mish", "logsigmoid", "softplus", "exponential_unit",
    "leaky_relu", "hardsigmoid", "hardswish", "limit",
    "sigmoid_backward", "tanh_backward", "silu_backward", "gelu_erf_backward", "gelu_tanh_backward", "mish_backward",
    "logsigmoid_backward", "softplus_backward", "exponential_unit_backward", "leaky_relu_backward",
    "hardsigmoid_backward", "hardswish_backward", "relu_backward", "limit_backward",
)  # fmt: skip


def relu(input: Array) -> Array:
    """``max(input, 0)``, elementwise, for arrays of at least `relu.least` elements.

    >>> import numpy
    >>> result = relu(numpy.linspace(-1, 1, 1 << 14))
    >>> result is NotImplemented or (result.min(), result.max()) == (0, 1)
    True
    """
    return NotImplemented if native is None or input.size < LEAST else native.relu(input)


LEAST = 1 << 14  # smaller ones take the short way of elementwise operations
relu.least = LEAST  # type: ignore[attr-defined]

KERNELS: dict[str, Any] = {**direct_kernels(NAMES), "relu": relu}
refusal = refusal_of_plain
