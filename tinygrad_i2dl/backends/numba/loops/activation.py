"""Loops of the activation functions, forward and backward."""

from __future__ import annotations

from typing import Any

from ..compilation import loop
from . import elementary

Array = Any

_exp, _expm1, _sigmoid, _tanh = elementary.exp, elementary.expm1, elementary.sigmoid, elementary.tanh
_softplus, _erf, _normal_cdf = elementary.softplus, elementary.erf, elementary.normal_cdf
_gelu, _gelu_slope = elementary.gelu, elementary.gelu_slope


@loop("in", "out")
def exp(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = _exp(x[i])


@loop("in", "out")
def tanh(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = _tanh(x[i])


@loop("in", "in", "out")
def tanh_backward(g: Array, y: Array, out: Array) -> None:
    one = g.dtype.type(1)
    for i in range(g.size):
        out[i] = g[i] * (one - y[i] * y[i])


@loop("in", "out")
def sigmoid(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = _sigmoid(x[i])


@loop("in", "in", "out")
def sigmoid_backward(g: Array, y: Array, out: Array) -> None:
    one = g.dtype.type(1)
    for i in range(g.size):
        out[i] = g[i] * (one - y[i]) * y[i]


@loop("in", "out")
def erf(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = _erf(x[i])


@loop("in", "out")
def normal_cdf(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = _normal_cdf(x[i])


# ---------------------------------------------------------------- rectifiers


@loop("in", "in", "out")
def relu_backward(g: Array, y: Array, out: Array) -> None:
    zero = g.dtype.type(0)
    for i in range(g.size):
        out[i] = g[i] if y[i] > zero else zero


@loop("in", "out", "number")
def leaky_relu(x: Array, out: Array, negative_slope: float) -> None:
    zero, slope = x.dtype.type(0), x.dtype.type(negative_slope)
    for i in range(x.size):
        out[i] = x[i] if x[i] > zero else x[i] * slope


@loop("in", "in", "out", "number")
def leaky_relu_backward(g: Array, x: Array, out: Array, negative_slope: float) -> None:
    zero, slope = g.dtype.type(0), g.dtype.type(negative_slope)
    for i in range(g.size):
        out[i] = g[i] if x[i] > zero else g[i] * slope


@loop("in", "out", "number", "number", "number")
def exponential_unit(x: Array, out: Array, alpha: float, scale: float, input_scale: float) -> None:
    zero, above, inner = x.dtype.type(0), x.dtype.type(scale), x.dtype.type(input_scale)
    below = x.dtype.type(scale * alpha)
    for i in range(x.size):
        v = x[i]
        negative = below * _expm1(zero if v > zero else v * inner)
        out[i] = above * v if v > zero else negative


@loop("in", "in", "out", "number", "number", "number")
def exponential_unit_backward(g: Array, x: Array, out: Array, alpha: float, scale: float, input_scale: float) -> None:
    zero, above, inner = x.dtype.type(0), x.dtype.type(scale), x.dtype.type(input_scale)
    below = x.dtype.type(scale * alpha * input_scale)
    for i in range(x.size):
        v = x[i]
        negative = below * _exp(zero if v > zero else v * inner)
        out[i] = g[i] * (above if v > zero else negative)


# ---------------------------------------------------------------- made of a sigmoid


@loop("in", "out")
def silu(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = x[i] * _sigmoid(x[i])


@loop("in", "in", "out")
def silu_backward(g: Array, x: Array, out: Array) -> None:
    one = x.dtype.type(1)
    for i in range(x.size):
        s = _sigmoid(x[i])
        out[i] = g[i] * s * (one + x[i] * (one - s))


@loop("in", "out")
def logsigmoid(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = -_softplus(-x[i])


@loop("in", "in", "out")
def logsigmoid_backward(g: Array, x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = g[i] * _sigmoid(-x[i])


@loop("in", "out", "number", "number")
def softplus(x: Array, out: Array, beta: float, threshold: float) -> None:
    steep, highest, share = x.dtype.type(beta), x.dtype.type(threshold), x.dtype.type(1 / beta)
    for i in range(x.size):
        scaled = x[i] * steep
        smooth = _softplus(scaled) * share
        out[i] = x[i] if scaled > highest else smooth


@loop("in", "in", "out", "number", "number")
def softplus_backward(g: Array, x: Array, out: Array, beta: float, threshold: float) -> None:
    one, steep, highest = x.dtype.type(1), x.dtype.type(beta), x.dtype.type(threshold)
    for i in range(x.size):
        scaled = x[i] * steep
        slope = _sigmoid(scaled)
        out[i] = g[i] * (one if scaled > highest else slope)


@loop("in", "out")
def mish(x: Array, out: Array) -> None:
    two, highest = x.dtype.type(2), x.dtype.type(20)
    for i in range(x.size):
        power = _exp(highest if x[i] > highest else x[i])
        n = power * (power + two)
        out[i] = x[i] * (n / (n + two))


@loop("in", "in", "out")
def mish_backward(g: Array, x: Array, out: Array) -> None:
    one, two, four, highest = x.dtype.type(1), x.dtype.type(2), x.dtype.type(4), x.dtype.type(20)
    for i in range(x.size):
        power = _exp(highest if x[i] > highest else x[i])
        n = power * (power + two)
        share = one / (n + two)
        # tanh(softplus(x)) = n / (n + 2) = t, its derivative (1 - t^2) sigmoid(x) with 1 - t^2 = 4 (n + 1) / (n + 2)^2
        slope = four * (n + one) * share * share * (power / (power + one))
        out[i] = g[i] * (n * share + x[i] * slope)


@loop("in", "out")
def gelu_erf(x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = _gelu(x[i])


@loop("in", "in", "out")
def gelu_erf_backward(g: Array, x: Array, out: Array) -> None:
    for i in range(x.size):
        out[i] = g[i] * _gelu_slope(x[i])


@loop("in", "out")
def gelu_tanh(x: Array, out: Array) -> None:
    """``(1 + tanh(u)) / 2 = sigmoid(2 u)``, which does not cancel."""
    root, cubic = x.dtype.type(1.5957691216057308), x.dtype.type(1.5957691216057308 * 0.044715)
    for i in range(x.size):
        v = x[i]
        out[i] = v * _sigmoid(v * (root + cubic * v * v))


@loop("in", "in", "out")
def gelu_tanh_backward(g: Array, x: Array, out: Array) -> None:
    root, cubic = x.dtype.type(1.5957691216057308), x.dtype.type(1.5957691216057308 * 0.044715)
    one, three = x.dtype.type(1), x.dtype.type(3)
    for i in range(x.size):
        v = x[i]
        square = v * v
        s = _sigmoid(v * (root + cubic * square))
        out[i] = g[i] * s * (one + v * (one - s) * (root + three * cubic * square))


# ---------------------------------------------------------------- piecewise


@loop("in", "out")
def hardsigmoid(x: Array, out: Array) -> None:
    zero, six, three, sixth = x.dtype.type(0), x.dtype.type(6), x.dtype.type(3), x.dtype.type(1 / 6)
    for i in range(x.size):
        v = x[i] + three
        v = zero if v < zero else v
        v = six if v > six else v
        out[i] = v * sixth


@loop("in", "in", "out")
def hardsigmoid_backward(g: Array, x: Array, out: Array) -> None:
    zero, three, sixth = x.dtype.type(0), x.dtype.type(3), x.dtype.type(1 / 6)
    for i in range(x.size):
        inside = x[i] > -three and x[i] < three
        out[i] = g[i] * sixth if inside else zero


@loop("in", "out")
def hardswish(x: Array, out: Array) -> None:
    zero, six, three, sixth = x.dtype.type(0), x.dtype.type(6), x.dtype.type(3), x.dtype.type(1 / 6)
    for i in range(x.size):
        v = x[i] + three
        v = zero if v < zero else v
        v = six if v > six else v
        out[i] = x[i] * (v * sixth)


@loop("in", "in", "out")
def hardswish_backward(g: Array, x: Array, out: Array) -> None:
    zero, one, three, half = x.dtype.type(0), x.dtype.type(1), x.dtype.type(3), x.dtype.type(0.5)
    third = x.dtype.type(1 / 3)
    for i in range(x.size):
        slope = x[i] * third + half
        slope = one if x[i] >= three else slope
        slope = zero if x[i] <= -three else slope
        out[i] = g[i] * slope


@loop("in", "out", "number")
def softshrink(x: Array, out: Array, lambd: float) -> None:
    bound = x.dtype.type(lambd)
    for i in range(x.size):
        v = x[i]
        nearest = bound if v > bound else v
        nearest = -bound if nearest < -bound else nearest
        out[i] = v - nearest


@loop("in", "out")
def softsign(x: Array, out: Array) -> None:
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(x.size):
        v = x[i]
        out[i] = v / (one + (-v if v < zero else v))
