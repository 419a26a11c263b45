"""Elementwise arithmetic and mathematical functions."""

from __future__ import annotations

from typing import Any

from ._define import binary, unary

__all__ = ["add", "exp", "log", "mul", "neg", "sqrt", "sub", "tanh", "true_divide"]

# ---------------------------------------------------------------- arithmetic


@binary(ufunc="add", operator="add", alpha=True)
def add(xp: Any, input: Any, other: Any) -> Any:
    """Sum ``input + alpha * other``, elementwise with broadcasting.

    >>> import tinygrad_i2dl as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0]), alpha=2)
    tensor([21., 42.])
    """


add.gradient(input=lambda g: g, other=lambda g: g)


@binary(ufunc="subtract", operator="sub", alpha=True)
def sub(xp: Any, input: Any, other: Any) -> Any:
    """Difference ``input - alpha * other``, elementwise with broadcasting."""


sub.gradient(input=lambda g: g, other=lambda g: -g)


@binary(ufunc="multiply", operator="mul")
def mul(xp: Any, input: Any, other: Any) -> Any:
    """Product ``input * other``, elementwise with broadcasting.

    >>> import tinygrad_i2dl as torch
    >>> torch.mul(torch.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """


mul.gradient(input=lambda g, other: g * other, other=lambda g, input: g * input)


@binary(ufunc="true_divide", floating=True, operator="truediv")
def true_divide(xp: Any, input: Any, other: Any) -> Any:
    """Quotient ``input / other`` in floating point, elementwise with broadcasting."""


true_divide.gradient(input=lambda g, other: g / other, other=lambda g, input, other: -g * ((input / other) / other))


@unary(ufunc="negative")
def neg(xp: Any, input: Any) -> Any:
    """Negative of each element."""


neg.gradient(lambda g: -g)


# ---------------------------------------------------------------- exponentials and powers


@unary(ufunc="exp", floating=True)
def exp(xp: Any, input: Any) -> Any:
    """Exponential ``e ** input``, elementwise.

    >>> import tinygrad_i2dl as torch
    >>> torch.exp(torch.zeros(2))
    tensor([1., 1.])
    """


exp.gradient(lambda g, out: g * out)


@unary(ufunc="log", floating=True)
def log(xp: Any, input: Any) -> Any:
    """Natural logarithm, elementwise; NaN below zero, minus infinity at zero."""


log.gradient(lambda g, input: g / input)


@unary(ufunc="sqrt", floating=True)
def sqrt(xp: Any, input: Any) -> Any:
    """Square root, elementwise; NaN below zero."""


sqrt.gradient(lambda g, out: g / (2 * out))


@unary(ufunc="tanh", floating=True)
def tanh(xp: Any, input: Any) -> Any:
    """Hyperbolic tangent, elementwise."""


tanh.gradient(lambda g, out: g * (1 - out * out))
