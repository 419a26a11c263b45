"""Activation functions and their gradients in C++, each in one pass over memory.

The extension's functions are kernels as they are: they serve contiguous arrays of float32 and float64 of every size and
return NotImplemented for others.
"""

from __future__ import annotations

from typing import Any

from .extension import direct_kernels, refusal_of_plain

NAMES = (
    "sigmoid", "tanh", "silu", "gelu_erf", "gelu_tanh", "mish", "logsigmoid", "softplus", "exponential_unit",
    "leaky_relu", "hardsigmoid", "hardswish", "relu", "limit",
    "sigmoid_backward", "tanh_backward", "silu_backward", "gelu_erf_backward", "gelu_tanh_backward", "mish_backward",
    "logsigmoid_backward", "softplus_backward", "exponential_unit_backward", "leaky_relu_backward",
    "hardsigmoid_backward", "hardswish_backward", "relu_backward", "limit_backward",
)  # fmt: skip

KERNELS: dict[str, Any] = direct_kernels(NAMES)
refusal = refusal_of_plain
