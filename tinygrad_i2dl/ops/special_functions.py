"""Functions of the gamma and normal-distribution families."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..tensors import Operations, Tensor
from ._define import as_array, binary, composite, primitive, unary
from .comparison import choose
from .error_function import erfc_of, erfcx_of
from .gamma_function import digamma_of, log_gamma_of, polygamma_of
from .pointwise import erfc, erfinv, log, mul

__all__ = ["digamma", "lgamma", "mvlgamma", "polygamma"]


@primitive("input", floating=True)
def polygamma_at(xp: Any, n: int, input: Any) -> Any:
    """Derivative of order `n` of the digamma function."""
    return polygamma_of(xp, n, input)


polygamma_at.op.title = "PolygammaBackward0"
polygamma_at.gradient(lambda g, n, input: g * polygamma_at(n + 1, input))


@composite
def polygamma(n: int, input: Any) -> Any:
    """Derivative of order `n` of `digamma`, elementwise.

    >>> import tinygrad_i2dl as torch
    >>> torch.polygamma(1, torch.tensor([1.0]))
    tensor([1.6449])

    Raises:
        RuntimeError: `n` is negative.
    """
    if n < 0:
        raise RuntimeError(f"polygamma() needs an order n that is not negative, got {n}")
    return polygamma_at(n, input)


def _polygamma(self: Tensor, n: int) -> Any:
    """Derivative of order `n` of the digamma function, elementwise."""
    return polygamma(n, self)


def _polygamma_(self: Tensor, n: int) -> Any:
    """The same in place."""
    return self.copy_(polygamma(n, self.clone() if self.requires_grad else self))


Operations.polygamma = _polygamma
Operations.polygamma_ = _polygamma_


@unary(floating=True)
def digamma(xp: Any, input: Any) -> Any:
    """Derivative of `lgamma`, elementwise."""
    return digamma_of(xp, input)


digamma.gradient(lambda g, input: g * polygamma_at(1, input))


@unary(floating=True)
def lgamma(xp: Any, input: Any) -> Any:
    """Logarithm of the absolute value of the gamma function, elementwise.

    >>> import tinygrad_i2dl as torch
    >>> torch.lgamma(torch.tensor([1.0, 5.0])).exp()
    tensor([ 1., 24.])
    """
    return log_gamma_of(xp, input)


lgamma.gradient(lambda g, input: g * digamma(input))


@composite(method=True, inplace=True)
def mvlgamma(input: Any, p: int) -> Any:
    """Logarithm of the gamma function of dimension `p`:
    ``log(pi) p (p - 1) / 4 + sum of lgamma(input - j / 2), j < p``.

    Raises:
        RuntimeError: `p` is below 1, or an element is not above ``(p - 1) / 2``.
    """
    if p < 1:
        raise RuntimeError(f"mvlgamma() needs a dimension p of at least 1, got {p}")
    total = lgamma(input) + math.log(math.pi) * p * (p - 1) / 4
    for j in range(1, p):
        total = total + lgamma(input - j / 2)
    return total


@composite
def ndtr(input: Any) -> Any:
    """Probability that a normal number is below `input`, elementwise."""
    return erfc(input * -math.sqrt(0.5)) * 0.5


@composite
def ndtri(input: Any) -> Any:
    """Inverse of `ndtr`, elementwise."""
    return erfinv(input * 2.0 - 1.0) * math.sqrt(2.0)


@unary(floating=True, method=False, inplace=False)
def erfcx(xp: Any, input: Any) -> Any:
    """``exp(input ** 2) * erfc(input)``, elementwise, which does not vanish where `erfc` does."""
    return erfcx_of(xp, input)


erfcx.gradient(lambda g, input, out: g * (2 * input * out - 2 / math.sqrt(math.pi)))


@unary(floating=True, method=False, inplace=False)
def log_ndtr(xp: Any, input: Any) -> Any:
    """Logarithm of the probability that a normal number is below `input`, elementwise, finite far below zero.

    >>> import tinygrad_i2dl as torch
    >>> torch.special.log_ndtr(torch.tensor([0.0, -20.0]))
    tensor([  -0.6931, -203.9172])
    """
    x = input.astype(numpy.float64)
    low = x < -1
    below = xp.log(erfcx_of(xp, xp.where(low, x, -1.0) * -math.sqrt(0.5)) / 2) - x * x / 2
    above = xp.log1p(erfc_of(xp, xp.where(low, 0.0, x) * math.sqrt(0.5)) / -2)
    return xp.where(low, below, above).astype(input.dtype)


log_ndtr.gradient(lambda g, input: g * (math.sqrt(2 / math.pi) / erfcx(input * -math.sqrt(0.5))))


@composite
def entr(input: Any) -> Any:
    """Entropy ``-x log(x)``, elementwise: 0 at zero, minus infinity below."""
    positive = input > 0
    product = -mul(input, log(choose(positive, input, 1.0)))
    return choose(input < 0, -math.inf, product)


@binary(floating=True, method=False, inplace=False)
def xlog1py(xp: Any, input: Any, other: Any) -> Any:
    """``input * log1p(other)``, and 0 where `input` is 0 (unless `other` is NaN)."""
    product = input * xp.log1p(other)
    return xp.where((input == 0) & (other == other), 0, product).astype(product.dtype)


xlog1py.gradient(
    input=lambda g, input, other: choose((as_array(input) == 0) & (other <= -1), 0, xlog1py(g, other)),
    other=lambda g, input, other: g * input / (other + 1),
)
