"""The array namespace of symbolic arrays: NumPy's elementwise functions, by NumPy's names.

Kernels that are not written as one elementwise expression (they work in blocks, or look whether a special case occurs)
have another one here, under the operation's name.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy

from ..ops import normal_distribution
from .elementary import ELEMENTARY
from .program import BOOL
from .symbolic import NotPointwise, SymbolicArray, apply, lifted

__all__ = ["KERNELS", "NAMESPACE"]

Array = Any


def _into(result: Array, out: Any) -> Array:
    return result if out is None else out.assign(result)


SYNONYMS = {"abs": "absolute"}


class Namespace:
    """What kernels find in ``xp`` while a function is traced: `ELEMENTARY`, and what is composed of it here."""

    __name__ = "symbolic"
    inf, nan, pi = math.inf, math.nan, math.pi

    def __getattr__(self, name: str) -> Any:
        name = SYNONYMS.get(name, name)
        if name in ELEMENTARY:
            return functools.partial(apply, name)
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotPointwise(f"it uses {name!r}, which is not elementwise or has no loop")

    # composed functions

    def reciprocal(self, x: Array, out: Any = None) -> Array:
        return _into(1 / x, out)

    def sign(self, x: Array) -> Array:
        signs = apply("where", x < 0, -1.0, apply("where", x > 0, 1.0, x * 0))
        return apply("where", x == x, signs.astype(x.dtype), x)

    def remainder(self, x: Array, y: Any) -> Array:
        rest = apply("fmod", x, y)
        wrong = (rest != 0) & ((rest < 0) ^ (lifted(y) < 0))
        return apply("where", wrong, rest + y, rest)

    def isnan(self, x: Array) -> Array:
        return x != x

    def isinf(self, x: Array) -> Array:
        return abs(x) == math.inf

    def isfinite(self, x: Array) -> Array:
        return abs(x) < math.inf

    def logaddexp(self, x: Array, y: Array) -> Array:
        total = apply("maximum", x, y) + apply("log1p", apply("exp", -abs(x - y)))
        return apply("where", x == y, x + math.log(2.0), total)  # infinities of one sign have no difference

    def logaddexp2(self, x: Array, y: Array) -> Array:
        total = apply("maximum", x, y) + apply("log1p", apply("exp2", -abs(x - y))) * (1 / math.log(2.0))
        return apply("where", x == y, x + 1.0, total)

    def clip(self, x: Array, low: Any = None, high: Any = None, out: Any = None) -> Array:
        return x.clip(low, high, out)

    def bitwise_and(self, x: Array, y: Any) -> Array:
        return x & y

    def bitwise_or(self, x: Array, y: Any) -> Array:
        return x | y

    def bitwise_xor(self, x: Array, y: Any) -> Array:
        return x ^ y

    def invert(self, x: Array) -> Array:
        return ~x

    # making and moving arrays

    def copyto(self, out: Array, value: Any, where: Any = True) -> None:
        out.assign(lifted(value, out.dtype) if where is True else apply("where", where, value, out))

    def asarray(self, value: Any, dtype: Any = None) -> Array:
        array = lifted(value)
        return array if dtype is None else array.astype(dtype)

    def ascontiguousarray(self, value: Array) -> Array:
        return lifted(value)

    def full(self, shape: Any, value: Any, dtype: Any) -> Array:
        return SymbolicArray(lifted(value, numpy.dtype(dtype)).expression, tuple(shape))

    def zeros(self, shape: Any, dtype: Any = numpy.float64) -> Array:
        return self.full(shape, 0, dtype)

    def ones(self, shape: Any, dtype: Any = numpy.float64) -> Array:
        return self.full(shape, 1, dtype)

    def zeros_like(self, x: Array, dtype: Any = None) -> Array:
        return self.full(x.shape, 0, x.dtype if dtype is None else dtype)

    def ones_like(self, x: Array, dtype: Any = None) -> Array:
        return self.full(x.shape, 1, x.dtype if dtype is None else dtype)

    empty_like = zeros_like

    def full_like(self, x: Array, value: Any, dtype: Any = None) -> Array:
        return self.full(x.shape, value, x.dtype if dtype is None else dtype)


NAMESPACE: Any = Namespace()

# ---------------------------------------------------------------- kernels by the names of operations


def _masked(input: Array, mask: Array) -> Array:
    return apply("where", getattr(mask, "_array", mask), input, 0)


def _normal_cdf(input: Array) -> Array:
    if input.dtype == numpy.float64:
        return apply("erfc", input * -math.sqrt(0.5)) * 0.5
    return normal_distribution._distribution(NAMESPACE, input)


def _gelu(input: Array) -> Array:
    return input * _normal_cdf(input) if input.dtype == numpy.float64 else normal_distribution._gelu(NAMESPACE, input)


def _gelu_backward(g: Array, input: Array) -> Array:
    if input.dtype == numpy.float64:
        density = apply("exp", input * input * -0.5) * (1 / math.sqrt(2 * math.pi))
        return g * (_normal_cdf(input) + input * density)
    return normal_distribution._gelu_backward(NAMESPACE, input, g)


def _softplus(input: Array, beta: float, threshold: float) -> Array:
    scaled = input * beta
    result = apply("maximum", scaled, 0) + apply("log1p", apply("exp", -abs(scaled)))
    return apply("where", scaled > threshold, input, result if beta == 1 else result / beta)


def _fill_where(input: Array, mask: Array, value: Any) -> Array:
    return apply("where", mask, lifted(value, input.dtype).astype(input.dtype), input)


KERNELS: dict[str, Callable[..., Array]] = {
    "erf": lambda input: apply("erf", input),
    "erfc": lambda input: apply("erfc", input),
    "fill_where": _fill_where,
    "gelu_erf": _gelu,
    "gelu_erf_backward": _gelu_backward,
    "gelu_tanh": lambda input: normal_distribution._gelu_tanh(NAMESPACE, input),
    "gelu_tanh_backward": lambda g, input: normal_distribution._gelu_tanh_backward(NAMESPACE, input, g),
    "logical_not": lambda input: apply("logical_not", input.astype(BOOL)),
    "masked": _masked,
    "normal_cdf": _normal_cdf,
    "sigmoid": lambda input: apply("sigmoid", input),
    "softplus": _softplus,
}
