"""Kernels of the normal distribution on arrays, and of the activation made of it."""

from __future__ import annotations

import math
from typing import Any

from .error_function import erfc_of
from .precision import positive_part

Array = Any

# M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 7.1.26: 1 - erf(z) = (a1 t + ... + a5 t^5)
# exp(-z^2) with t = 1 / (1 + p z), with an error below 1.5e-7, which is float32's. Here for z = x / sqrt(2), and
# halved. It shares its exponential with the density, so that the backward pass of gelu costs little more than gelu.
_P = 0.3275911 / math.sqrt(2)
_TAIL = (1.061405429 / 2, -1.453152027 / 2, 1.421413741 / 2, -0.284496736 / 2, 0.254829592 / 2)
_BLOCK = 1 << 13  # elements: what one block needs stays in a core's cache
_DENSITY_AT_ZERO = 1 / math.sqrt(2 * math.pi)
SQRT_2_OVER_PI, CUBIC = math.sqrt(2 / math.pi), 0.044715


def distribution_of(xp: Any, input: Array) -> Array:
    """Probability that a normal number is below `input`."""
    if input.dtype.itemsize == 8:
        return 0.5 * erfc_of(xp, xp.asarray(input * -math.sqrt(0.5)))
    return _by_blocks(xp, _distribution, input)


def gelu_of(xp: Any, input: Array) -> Array:
    """``x Phi(x)``, Phi the normal distribution."""
    if input.dtype.itemsize == 8:
        return input * distribution_of(xp, input)
    return _by_blocks(xp, _gelu, input)


def gelu_backward_of(xp: Any, g: Array, input: Array) -> Array:
    """``g * (Phi(x) + x phi(x))``, phi the normal density."""
    if input.dtype.itemsize == 8:
        density = xp.exp(input * input * -0.5) * _DENSITY_AT_ZERO
        return g * (distribution_of(xp, input) + input * density)
    return _by_blocks(xp, _gelu_backward, input, g)


def gelu_tanh_of(xp: Any, input: Array) -> Array:
    """``x / 2 (1 + tanh(inner))`` with ``inner = sqrt(2 / pi) (x + 0.044715 x^3)``."""
    return _by_blocks(xp, _gelu_tanh, input)


def gelu_tanh_backward_of(xp: Any, g: Array, input: Array) -> Array:
    """``g / 2 (1 + t + x (1 - t^2) inner')`` with ``t = tanh(inner)``."""
    return _by_blocks(xp, _gelu_tanh_backward, input, g)


def _by_blocks(xp: Any, function: Any, input: Array, *others: Array) -> Array:
    """An elementwise function of several steps, applied to pieces that stay in the cache."""
    if input.size <= _BLOCK:
        return function(xp, xp.atleast_1d(input), *others).reshape(input.shape)
    result = xp.empty(input.shape, dtype=input.dtype)
    flat = result.reshape(-1)
    sources = [each.reshape(-1) for each in (input, *others)]
    for start in range(0, input.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        flat[part] = function(xp, *(each[part] for each in sources))
    return result


def _tail(xp: Any, magnitude: Array, bell: Array) -> Array:
    """Probability that a normal number exceeds `magnitude` >= 0, given ``bell = exp(-magnitude^2 / 2)``."""
    t = magnitude * _P
    t += 1
    xp.reciprocal(t, out=t)
    result = t * _TAIL[0]
    for coefficient in _TAIL[1:]:
        result += coefficient
        result *= t
    result *= bell
    return result


def _magnitude_and_bell(xp: Any, x: Array) -> tuple[Array, Array]:
    bell = x * x
    bell *= -0.5
    xp.exp(bell, out=bell)
    return xp.absolute(x), bell


def _distribution(xp: Any, x: Array) -> Array:
    magnitude, bell = _magnitude_and_bell(xp, x)
    return _two_sided(xp, _tail(xp, magnitude, bell), x)


def _two_sided(xp: Any, tail: Array, x: Array) -> Array:
    """``tail`` where x is negative, ``1 - tail`` elsewhere, in the memory of `tail`."""
    xp.subtract(0.5, tail, out=tail)
    xp.copysign(tail, x, out=tail)
    tail += 0.5
    return tail


def _gelu(xp: Any, x: Array) -> Array:
    magnitude, bell = _magnitude_and_bell(xp, x)
    tail = _tail(xp, magnitude, bell)
    tail *= magnitude
    return xp.subtract(positive_part(xp, x), tail, out=tail)


def _gelu_backward(xp: Any, x: Array, g: Array) -> Array:
    magnitude, bell = _magnitude_and_bell(xp, x)
    slope = _two_sided(xp, _tail(xp, magnitude, bell), x)
    bell *= x
    bell *= _DENSITY_AT_ZERO
    slope += bell
    slope *= g
    return slope


def _tanh_of_inner(xp: Any, x: Array, square: Array) -> Array:
    t = square * (SQRT_2_OVER_PI * CUBIC)
    t += SQRT_2_OVER_PI
    t *= x
    return xp.tanh(t, out=t)


def _gelu_tanh(xp: Any, x: Array) -> Array:
    result = _tanh_of_inner(xp, x, x * x)
    result += 1
    result *= x
    result *= 0.5
    return result


def _gelu_tanh_backward(xp: Any, x: Array, g: Array) -> Array:
    slope = x * x
    t = _tanh_of_inner(xp, x, slope)
    slope *= 3 * SQRT_2_OVER_PI * CUBIC
    slope += SQRT_2_OVER_PI
    slope *= x
    complement = 1 - t  # (1 - t^2) s + 1 + t = (1 + t) ((1 - t) s + 1)
    slope *= complement
    slope += 1
    t += 1
    slope *= t
    slope *= 0.5
    slope *= g
    return slope
