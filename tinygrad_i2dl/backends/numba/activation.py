"""Activation functions, one loop each, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from .serving import Loops, alike, dense, limits, plain

Array = Any
Kernel = Callable[..., Any]

loops = Loops("activation")


def _forward(name: str, limit: str = "pointwise") -> Kernel:
    """The kernel of a function of one array and numbers."""

    def kernel(input: Array, *numbers: float) -> Array:
        if input.size < getattr(limits, limit) or not plain(input):
            return NotImplemented
        result = numpy.empty(input.shape, input.dtype)
        getattr(loops, name)[input.dtype](input.reshape(-1), result.reshape(-1), *map(float, numbers))
        return result

    kernel.__name__ = name
    stated: Kernel = limits.state(kernel, limit)
    return stated


def _backward(name: str, limit: str = "pointwise") -> Kernel:
    """The kernel of a gradient: of the result's gradient, the input or the output, and numbers."""

    def kernel(g: Array, saved: Array, *numbers: float) -> Array:
        if g.size < getattr(limits, limit) or not alike(saved, g := dense(g)):
            return NotImplemented
        result = numpy.empty(g.shape, g.dtype)
        getattr(loops, name)[g.dtype](g.reshape(-1), saved.reshape(-1), result.reshape(-1), *map(float, numbers))
        return result

    kernel.__name__ = name
    stated: Kernel = limits.state(kernel, limit)
    return stated


def softplus(input: Array, beta: float, threshold: float) -> Array:
    """``log(1 + exp(beta * input)) / beta``; the input itself where ``beta * input > threshold``."""
    return _softplus(input, beta, threshold) if beta else NotImplemented


def softshrink(input: Array, lambd: float) -> Array:
    """``input`` moved towards zero by `lambd`, zero where it is nearer than that."""
    return _softshrink(input, lambd) if lambd >= 0 else NotImplemented


_softplus, _softshrink = _forward("softplus"), _forward("softshrink")

_ALL: tuple[Any, ...] = (
    *map(_forward, ("sigmoid", "erf", "normal_cdf", "exponential_unit", "silu", "logsigmoid", "mish")),
    *map(_forward, ("gelu_erf", "gelu_tanh", "hardsigmoid", "hardswish", "softsign")),
    *(_forward(name, "ufunc") for name in ("exp", "tanh")),
    _forward("leaky_relu"),
    *map(_backward, ("sigmoid_backward", "silu_backward", "gelu_erf_backward", "gelu_tanh_backward")),
    *map(_backward, ("tanh_backward", "exponential_unit_backward", "logsigmoid_backward", "softplus_backward")),
    *map(_backward, ("mish_backward", "hardsigmoid_backward", "hardswish_backward")),
    *map(_backward, ("relu_backward", "leaky_relu_backward")),
    softplus,
    softshrink,
)
KERNELS: dict[str, Kernel] = {kernel.__name__: kernel for kernel in _ALL}
