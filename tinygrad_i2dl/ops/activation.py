"""Activation functions: what stands between the layers of a network, and softmax.

Every function with a parameter ``inplace`` writes its result into the input's memory when that is True.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..dtypes import to_numpy_dtype
from ..errors import DtypeError, UndefinedError
from ..tensors import Tensor, make
from . import _short
from ._define import OPERATIONS, attach, composite, primitive, unary
from .device_random import generator_beside
from .memory_order import contiguous
from .movement import cast, reshape_to, wrap_dim
from .normal_distribution import (
    CUBIC,
    SQRT_2_OVER_PI,
    distribution_of,
    gelu_backward_of,
    gelu_of,
    gelu_tanh_backward_of,
    gelu_tanh_of,
)
from .pointwise import exp, logistic, sigmoid, tanh
from .precision import half_as_single, negative_part, positive_part
from .reduction import sum_over
from .row_reduction import exponentials, row_dot, row_max, row_sum

__all__ = [
    "celu", "celu_", "hardshrink", "log_softmax", "prelu", "relu", "relu_", "rrelu", "rrelu_", "selu", "selu_",
    "sigmoid_", "softmax", "threshold", "threshold_",
]  # fmt: skip


def with_inplace(function: Callable[..., Any]) -> Callable[..., Any]:
    """The public form of an operation that has an in-place form: with a last parameter ``inplace``."""
    in_place: Callable[..., Any] = function.in_place  # type: ignore[attr-defined]
    signature = inspect.signature(function)
    count = len(signature.parameters)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        inplace = kwargs.pop("inplace", False) if kwargs else False
        if len(args) > count:
            *args, inplace = args  # type: ignore[assignment]
        if inplace:
            if "input" in kwargs:
                args = (kwargs.pop("input"), *args)
            return in_place(*args, **kwargs)
        return function(*args, **kwargs)

    last = inspect.Parameter("inplace", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=False)
    call.__signature__ = signature.replace(parameters=[*signature.parameters.values(), last])  # type: ignore[attr-defined]
    result: Callable[..., Any] = _short.elementwise(call, function.op)  # type: ignore[attr-defined]
    OPERATIONS[function.__name__] = result
    return result


def refuse_integers(name: str, array: Any) -> None:
    """Raise what PyTorch raises where a function of real numbers gets integers."""
    if array.dtype.kind in "iub":
        raise UndefinedError(f"{name}() is not defined for {array.dtype} tensors: convert with .float() or pass dtype=")


# ---------------------------------------------------------------- rectifiers


@primitive("input")
def masked(xp: Any, input: Any, mask: Any) -> Any:
    """The elements where the bool array `mask` is True, zero elsewhere (also in place of NaN and infinity)."""
    return _masked(xp, input, mask._array if isinstance(mask, Tensor) else mask)


def _masked(xp: Any, input: Any, mask: Any) -> Any:
    size = input.dtype.itemsize
    if input.dtype.kind not in "fV" or mask.shape != input.shape or not mask.ndim:
        return xp.where(mask, input, xp.zeros((), dtype=input.dtype))
    # -1 has all bits set and 0 none: a bitwise "and" is ten times faster than `where`
    bits = numpy.dtype(f"i{size}")
    keep = xp.negative(mask.view("i1")).astype(bits)
    keep &= input.view(bits)
    return keep.view(input.dtype)


masked.gradient(lambda g, mask: masked(g, mask))


@unary(short=("maximum", 0.0))
def relu(xp: Any, input: Any) -> Any:
    """Rectified linear unit ``max(input, 0)``, elementwise; its derivative at zero is zero.

    >>> import tinygrad_i2dl as torch
    >>> torch.relu(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    if input.dtype.kind == "b":
        raise DtypeError("relu() is not defined for bool tensors")
    return positive_part(xp, input)


@composite(fused=lambda xp, g, out: _masked(xp, g, out > 0))
def relu_backward(g: Any, out: Any) -> Any:
    """``g`` where `out` is positive, zero elsewhere."""
    return masked(g, out > 0)


relu.gradient(lambda g, out: relu_backward(g, out))
relu_ = relu.in_place
relu = with_inplace(relu)


@primitive("input", inplace=True)
def limit(xp: Any, input: Any, min_val: float, max_val: float) -> Any:
    """Elements limited to ``[min_val, max_val]``; the derivative is zero at both bounds."""
    if input.dtype.kind in "iub":
        if input.dtype.kind == "b" or (input.dtype.kind == "u" and min_val < 0):
            raise DtypeError(f"hardtanh() with min_val={min_val} is not defined for {input.dtype} tensors")
        min_val, max_val = int(min_val), int(max_val)
    return input.clip(min_val, max_val)


@composite(fused=lambda xp, g, out, min_val, max_val: _masked(xp, g, (out > min_val) * (out < max_val)))
def limit_backward(g: Any, out: Any, min_val: float, max_val: float) -> Any:
    """``g`` where `out` is between the bounds, zero elsewhere."""
    return masked(g, (out > min_val) * (out < max_val))


limit.gradient(lambda g, out, min_val, max_val: limit_backward(g, out, min_val, max_val))
limit.op.title = "HardtanhBackward0"


@composite
def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Elements limited to ``[min_val, max_val]``; the derivative is zero at both bounds.

    Raises:
        ValueError: ``min_val > max_val``.
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh() expected min_val <= max_val, got min_val={min_val}, max_val={max_val}")
    return (limit.in_place if inplace else limit)(input, min_val, max_val)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh` in place."""
    result: Tensor = hardtanh(input, min_val, max_val, True)
    return result


@composite
def relu6(input: Any, inplace: bool = False) -> Any:
    """Elements limited to ``[0, 6]``."""
    return hardtanh(input, 0.0, 6.0, inplace)


@primitive("input", inplace=True)
@half_as_single
def leaky_relu(xp: Any, input: Any, negative_slope: float = 0.01) -> Any:
    """``input`` where it is positive, ``negative_slope * input`` elsewhere.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.leaky_relu(torch.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    refuse_integers("leaky_relu", input)
    if 0 < negative_slope <= 1:
        scaled = input * negative_slope
        return xp.maximum(input, scaled, out=scaled) if scaled.ndim else xp.maximum(input, scaled)
    result = negative_part(xp, input)
    result *= negative_slope
    result += positive_part(xp, input)
    return result


@primitive("g")
@half_as_single
def leaky_slope(xp: Any, g: Any, mask: Any, negative_slope: float) -> Any:
    """``g`` where `mask` is True, ``negative_slope * g`` elsewhere."""
    if isinstance(mask, Tensor):
        mask = mask._array
    if not 0 <= negative_slope <= 1:
        return xp.where(mask, g, g * negative_slope)
    slopes = mask.astype(g.dtype)
    slopes = slopes.clip(negative_slope, 1)
    slopes *= g
    return slopes


leaky_slope.gradient(lambda g, mask, negative_slope: leaky_slope(g, mask, negative_slope))


@composite(fused=True)
def leaky_relu_backward(g: Any, input: Any, negative_slope: float) -> Any:
    """``g`` where `input` is positive, ``negative_slope * g`` elsewhere."""
    return leaky_slope(g, input > 0, negative_slope)


leaky_relu.gradient(lambda g, input, negative_slope: leaky_relu_backward(g, input, negative_slope))
leaky_relu_ = leaky_relu.in_place
leaky_relu = with_inplace(leaky_relu)


@primitive("input", "weight", promotes=("input", "weight"))
@half_as_single
def prelu_broadcast(xp: Any, input: Any, weight: Any) -> Any:
    """``max(input, 0) + weight * min(input, 0)`` for a weight that broadcasts."""
    result = negative_part(xp, input) * weight
    result += positive_part(xp, input)
    return result


prelu_broadcast.op.title = "PreluKernelBackward0"
prelu_broadcast.gradient(
    input=lambda g, input, weight: g * ((input > 0) + (input <= 0) * weight), weight=lambda g, input: g * -relu(-input)
)


@composite(method=True)
def prelu(input: Any, weight: Any) -> Any:
    """Leaky rectifier whose slope below zero is learned.

    Args:
        input: ``(N, C, ...)``.
        weight: one slope, or one for each of the C channels.

    Raises:
        RuntimeError: the number of slopes is neither one nor C.

    >>> import tinygrad_i2dl as torch
    >>> torch.prelu(torch.tensor([[-1.0, -1.0]]), torch.tensor([0.1, 0.2]))
    tensor([[-0.1000, -0.2000]])
    """
    if weight.ndim > 1:
        raise RuntimeError(f"prelu() expected a weight with at most one dimension, got shape {tuple(weight.shape)}")
    count = 1 if weight.ndim == 0 else weight.shape[0]
    if weight.dtype != input.dtype:
        raise RuntimeError(f"prelu() expected input and weight of one dtype, got {input.dtype} and {weight.dtype}")
    channels = input.shape[1] if input.ndim > 1 else 1
    if count != 1 and (input.ndim == 0 or count != channels):
        raise RuntimeError(
            f"prelu() expected one slope or one for each channel, got {count} slopes for an input of shape "
            f"{tuple(input.shape)}"
        )
    shape = () if input.ndim == 0 else (1,) if input.ndim == 1 else (1, count) + (1,) * (input.ndim - 2)
    return prelu_broadcast(input, reshape_to(weight, shape) if tuple(weight.shape) != shape else weight)


@primitive("input", inplace=True)
def threshold(xp: Any, input: Any, threshold: float, value: float) -> Any:
    """``input`` where it is greater than `threshold`, `value` elsewhere."""
    if input.dtype.kind == "b":
        raise DtypeError("threshold() is not defined for bool tensors")
    return xp.where(input <= threshold, xp.asarray(value).astype(input.dtype), input)


threshold.gradient(lambda g, input, threshold: masked(g, input > threshold))
threshold_ = threshold.in_place
threshold = with_inplace(threshold)


@primitive("input", "noise")
def rrelu_with_noise(xp: Any, input: Any, noise: Any) -> Any:
    """``input * noise``, where `noise` holds the drawn slopes (one for positive elements)."""
    return input * noise


rrelu_with_noise.gradient(input=lambda g, noise: g * noise)


def _drawn_slopes(array: Any, lower: float, upper: float) -> Any:
    if lower > upper:
        raise RuntimeError(f"rrelu() expected lower <= upper, got lower={lower}, upper={upper}")
    negative = array <= 0
    slopes = namespace_of(type(array)).ones(array.shape, dtype=array.dtype)
    count = int(negative.sum())
    slopes[negative] = generator_beside(array).uniform(count, numpy.float64, lower, upper).astype(array.dtype)
    return slopes


@composite
def rrelu(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Any:
    """Leaky rectifier with slopes below zero drawn from ``[lower, upper]``; their mean outside of training."""
    refuse_integers("rrelu", input._array)
    if lower > upper:
        raise RuntimeError(f"rrelu() expected lower <= upper, got lower={lower}, upper={upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    slopes = make(_drawn_slopes(input._array, lower, upper))
    return input.mul_(slopes) if inplace else rrelu_with_noise(input, slopes)


def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """`rrelu` in place."""
    result: Tensor = rrelu(input, lower, upper, training, True)
    return result


# ---------------------------------------------------------------- exponential units


@primitive("input", inplace=True)
@half_as_single
def exponential_unit(xp: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    """``scale * input`` where it is positive, ``scale * alpha * (exp(input_scale * input) - 1)`` elsewhere."""
    result = negative_part(xp, input)
    if input_scale != 1:
        result *= input_scale
    result = xp.expm1(result, out=result) if result.ndim else xp.expm1(result)
    if alpha != 1:
        result *= alpha
    result += positive_part(xp, input)
    if scale != 1:
        result *= scale
    return result


@composite(fused=True)
def exponential_unit_backward(g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    """``g`` times ``scale`` where `input` is positive, ``scale * alpha * input_scale * exp(input_scale * input)``
    elsewhere."""
    slope = scale * alpha * input_scale
    derivative = exp(relu(-input) * -input_scale) * slope
    if slope == scale:
        return g * derivative
    return g * derivative + masked(g, input > 0) * (scale - slope)  # not a mask times a number: that would be float32


exponential_unit.gradient(
    lambda g, input, alpha, scale, input_scale: exponential_unit_backward(g, input, alpha, scale, input_scale)
)
exponential_unit.op.title = "EluBackward0"

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _unit(input: Any, name: str, alpha: float, scale: float, input_scale: float, inplace: bool) -> Any:
    refuse_integers(name, input._array if isinstance(input, Tensor) else input)
    function = exponential_unit.in_place if inplace else exponential_unit
    return function(input, alpha, scale, input_scale)


@composite
def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Exponential linear unit: ``input`` where it is positive, ``alpha * (exp(input) - 1)`` elsewhere
    (D.-A. Clevert et al., 2016).
    """
    return _unit(input, "elu", alpha, 1.0, 1.0, inplace)


@composite
def selu(input: Any, inplace: bool = False) -> Any:
    """Scaled exponential linear unit, which keeps mean 0 and variance 1 (G. Klambauer et al., 2017)."""
    return _unit(input, "selu", _SELU_ALPHA, _SELU_SCALE, 1.0, inplace)


@composite
def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Continuously differentiable exponential unit ``max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))``
    (J. T. Barron, 2017).
    """
    if alpha == 0:
        raise RuntimeError("celu() divides by alpha, which must not be zero")
    return _unit(input, "celu", alpha, 1.0, 1.0 / alpha, inplace)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu` in place."""
    result: Tensor = elu(input, alpha, True)
    return result


def selu_(input: Tensor) -> Tensor:
    """`selu` in place."""
    result: Tensor = selu(input, True)
    return result


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu` in place."""
    result: Tensor = celu(input, alpha, True)
    return result


# ---------------------------------------------------------------- sigmoids and what is made of them


sigmoid_ = sigmoid.in_place


@unary(method=False, inplace=False)
@half_as_single
def logsigmoid(xp: Any, input: Any) -> Any:
    """``log(sigmoid(input))``, elementwise, as ``min(x, 0) - log(1 + exp(-|x|))``, which cannot overflow.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.logsigmoid(torch.tensor([-100.0, 0.0]))
    tensor([-100.0000,   -0.6931])
    """
    refuse_integers("logsigmoid", input)
    result = xp.asarray(xp.abs(input))
    xp.negative(result, out=result)
    xp.exp(result, out=result)
    xp.log1p(result, out=result)
    return xp.subtract(negative_part(xp, input), result, out=result)


@composite(fused=True)
def logsigmoid_backward(g: Any, input: Any) -> Any:
    """``g * sigmoid(-input)``."""
    return g * sigmoid(-input)


logsigmoid.gradient(lambda g, input: logsigmoid_backward(g, input))
logsigmoid.op.title = "LogSigmoidBackward0"


@primitive("input")
@half_as_single
def softplus(xp: Any, input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """``log(1 + exp(beta * input)) / beta``; the input itself where ``beta * input > threshold``.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.softplus(torch.zeros(1))
    tensor([0.6931])
    """
    refuse_integers("softplus", input)
    scaled = xp.asarray(input * beta)
    result = xp.asarray(xp.abs(scaled))
    xp.negative(result, out=result)
    xp.exp(result, out=result)
    xp.log1p(result, out=result)
    result += positive_part(xp, scaled)
    if beta != 1:
        result /= beta
    above = scaled > threshold
    if above.any():
        xp.copyto(result, input, where=above)
    return result


@composite(fused=True)
def softplus_backward(g: Any, input: Any, beta: float, threshold: float) -> Any:
    """``g * sigmoid(beta * input)``; ``g`` where ``beta * input > threshold``."""
    scaled = input * beta
    slope = sigmoid(scaled)
    return g * (slope + (scaled > threshold) * (1 - slope))


softplus.gradient(lambda g, input, beta, threshold: softplus_backward(g, input, beta, threshold))


@unary(method=False, inplace=True)
@half_as_single
def silu(xp: Any, input: Any) -> Any:
    """``input * sigmoid(input)``, also called swish (P. Ramachandran et al., 2017)."""
    refuse_integers("silu", input)
    result = logistic(xp, input)
    result *= input
    return result


@half_as_single
def _silu_backward(xp: Any, g: Any, input: Any) -> Any:
    slope = logistic(xp, input)
    result = xp.asarray(1 - slope)
    result *= input
    result += 1
    result *= slope
    result *= g
    return result


@composite(fused=_silu_backward)
def silu_backward(g: Any, input: Any) -> Any:
    """``g * s * (1 + input * (1 - s))`` with ``s = sigmoid(input)``."""
    slope = sigmoid(input)
    return g * (slope * (1 + input * (1 - slope)))


silu.gradient(lambda g, input: silu_backward(g, input))
silu = with_inplace(silu)


@unary(method=False, inplace=True)
@half_as_single
def mish(xp: Any, input: Any) -> Any:
    """``input * tanh(softplus(input))`` (D. Misra, 2019), as ``input * n / (n + 2)`` with ``n = e^x (e^x + 2)``."""
    refuse_integers("mish", input)
    power = xp.asarray(xp.exp(input.clip(-math.inf, 20)))  # beyond 20, n / (n + 2) is 1 in float64
    ratio = power + 2
    ratio *= power
    power = ratio + 2
    ratio /= power
    ratio *= input
    return ratio


@composite(fused=True)
def mish_backward(g: Any, input: Any) -> Any:
    """``g * (t + input * sigmoid(input) * (1 - t * t))`` with ``t = tanh(softplus(input))``."""
    t = tanh(softplus(input))
    return g * (t + input * sigmoid(input) * (1 - t * t))


mish.gradient(lambda g, input: mish_backward(g, input))

mish = with_inplace(mish)


@primitive("input")
@half_as_single
def gelu_erf(xp: Any, input: Any) -> Any:
    """``input`` times the probability that a normal number is below it."""
    refuse_integers("gelu", input)
    return gelu_of(xp, input)


_INVERSE_SQRT_2PI = 0.3989422804014327


@primitive("input")
@half_as_single
def normal_cdf(xp: Any, input: Any) -> Any:
    """Probability that a normal number is below `input`."""
    return distribution_of(xp, input)


normal_cdf.gradient(lambda g, input: g * (exp(input * input * -0.5) * _INVERSE_SQRT_2PI))


@composite(fused=half_as_single(gelu_backward_of))
def gelu_erf_backward(g: Any, input: Any) -> Any:
    """``g * (Phi(x) + x * phi(x))`` with the distribution and density of a normal number."""
    return g * (normal_cdf(input) + input * exp(input * input * -0.5) * _INVERSE_SQRT_2PI)


gelu_erf.gradient(lambda g, input: gelu_erf_backward(g, input))
gelu_erf.op.title = "GeluBackward0"


@primitive("input")
@half_as_single
def gelu_tanh(xp: Any, input: Any) -> Any:
    """``x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``, an approximation of ``gelu``."""
    refuse_integers("gelu", input)
    return gelu_tanh_of(xp, input)


@composite(fused=half_as_single(gelu_tanh_backward_of))
def gelu_tanh_backward(g: Any, input: Any) -> Any:
    """Gradient of `gelu_tanh`."""
    square = input * input
    t = tanh((square * (SQRT_2_OVER_PI * CUBIC) + SQRT_2_OVER_PI) * input)
    inner = square * (3 * SQRT_2_OVER_PI * CUBIC) + SQRT_2_OVER_PI
    return g * ((1 + t) * 0.5 + input * (1 - t * t) * (inner * 0.5))


gelu_tanh.gradient(lambda g, input: gelu_tanh_backward(g, input))
gelu_tanh.op.title = "GeluBackward0"


@composite
def gelu(input: Any, approximate: str = "none") -> Any:
    """Gaussian error linear unit ``x Phi(x)`` with the normal distribution Phi (D. Hendrycks and K. Gimpel, 2016).

    Args:
        approximate: "none", or "tanh" for ``x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.gelu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate == "none":
        return gelu_erf(input)
    if approximate == "tanh":
        return gelu_tanh(input)
    raise RuntimeError(f"gelu() expected approximate to be 'none' or 'tanh', got {approximate!r}")


@unary(method=False, inplace=True)
@half_as_single
def hardsigmoid(xp: Any, input: Any) -> Any:
    """Piecewise linear sigmoid ``min(max(input / 6 + 1 / 2, 0), 1)``."""
    refuse_integers("hardsigmoid", input)
    return (input + 3).clip(0, 6) / 6


@composite(fused=True)
def hardsigmoid_backward(g: Any, input: Any) -> Any:
    """``g / 6`` between -3 and 3, zero elsewhere."""
    return masked(g / 6, (input > -3) * (input < 3))


hardsigmoid.gradient(lambda g, input: hardsigmoid_backward(g, input))
hardsigmoid = with_inplace(hardsigmoid)


@unary(method=False, inplace=True)
@half_as_single
def hardswish(xp: Any, input: Any) -> Any:
    """``input * min(max(input + 3, 0), 6) / 6`` (A. Howard et al., 2019)."""
    refuse_integers("hardswish", input)
    return input * ((input + 3).clip(0, 6) / 6)


@composite(fused=True)
def hardswish_backward(g: Any, input: Any) -> Any:
    """``g`` times the derivative of `hardswish`."""
    return g * (hardsigmoid(input) + input * ((input > -3) * (input < 3)) / 6)


hardswish.gradient(lambda g, input: hardswish_backward(g, input))
hardswish = with_inplace(hardswish)

# ---------------------------------------------------------------- shrinkage


@primitive("input", method=True)
def hardshrink(xp: Any, input: Any, lambd: float = 0.5) -> Any:
    """``input`` where its absolute value is greater than `lambd`, zero elsewhere."""
    refuse_integers("hardshrink", input)
    return xp.where(abs(input) <= lambd, xp.zeros((), dtype=input.dtype), input)


hardshrink.gradient(lambda g, input, lambd: masked(g, abs(input) > lambd))


@primitive("input")
@half_as_single
def softshrink(xp: Any, input: Any, lambd: float = 0.5) -> Any:
    """``input`` moved towards zero by `lambd`, zero where it is nearer than that.

    Raises:
        RuntimeError: `lambd` is negative.
    """
    refuse_integers("softshrink", input)
    if not lambd >= 0:
        raise RuntimeError(f"softshrink() expected lambd >= 0, got {lambd}")
    return input - input.clip(-lambd, lambd)


softshrink.gradient(lambda g, input, lambd: masked(g, abs(input) > lambd))


@composite
def tanhshrink(input: Any) -> Any:
    """``input - tanh(input)``."""
    return input - tanh(input)


@unary(method=False, inplace=False, floating=True)
@half_as_single
def softsign(xp: Any, input: Any) -> Any:
    """``input / (1 + |input|)``."""
    return input / (abs(input) + 1)


softsign.gradient(lambda g, input: g / ((1 + abs(input)) * (1 + abs(input))))

# ---------------------------------------------------------------- gates


@composite
def glu(input: Any, dim: int = -1) -> Any:
    """Gated linear unit ``a * sigmoid(b)`` of the two halves of `input` along `dim` (Y. Dauphin et al., 2017).

    Raises:
        RuntimeError: the size along `dim` is odd, or `input` has no dimension.
    """
    if input.ndim == 0:
        raise RuntimeError("glu() needs a tensor with at least one dimension")
    refuse_integers("glu", input._array if isinstance(input, Tensor) else input)
    axis = wrap_dim(dim, input.ndim)
    half, odd = divmod(input.shape[axis], 2)
    if odd:
        raise RuntimeError(f"glu() halves dimension {dim}, whose size must be even: got shape {tuple(input.shape)}")
    before = (builtins.slice(None),) * axis
    return input[(*before, builtins.slice(0, half))] * sigmoid(input[(*before, builtins.slice(half, None))])


# ---------------------------------------------------------------- softmax


def _shifted(xp: Any, input: Any, dim: int) -> Any:
    """``input - max(input)`` along `dim`, in a new array: the exponential of it cannot overflow."""
    if dim in (-1, input.ndim - 1):
        return input - row_max(xp, input)[..., None]
    return input - input.max(axis=dim, keepdims=True)


def _total(xp: Any, array: Any, dim: int) -> Any:
    """Sum along `dim`, which is kept."""
    if dim in (-1, array.ndim - 1):
        return row_sum(xp, array)[..., None]
    return array.sum(axis=dim, keepdims=True)


@primitive("input")
@contiguous
@half_as_single
def softmax_along(xp: Any, input: Any, dim: int) -> Any:
    """``exp(input)`` scaled to sum 1 along `dim`."""
    if input.ndim == 0 or input.size == 0:
        wrap_dim(dim, input.ndim)
        return xp.exp(input - input)
    if dim in (-1, input.ndim - 1):
        result, sums, _ = exponentials(xp, input, 60.0)
        result *= (1 / sums)[..., None]
        return result
    result = input - input.max(axis=dim, keepdims=True)
    xp.exp(result, out=result)
    result *= 1 / result.sum(axis=dim, keepdims=True)
    return result


@half_as_single
def _softmax_backward(xp: Any, g: Any, out: Any, dim: int) -> Any:
    if out.ndim == 0:
        return g * 0
    if dim in (-1, out.ndim - 1):
        result = g - row_dot(xp, g, out)[..., None]
    else:
        result = g * out
        xp.subtract(g, result.sum(axis=dim, keepdims=True), out=result)
    result *= out
    return result


@composite(fused=_softmax_backward)
def softmax_backward(g: Any, out: Any, dim: int) -> Any:
    """``out * (g - sum(g * out))``, the sum along `dim`."""
    return out * (g - sum_over(g * out, (wrap_dim(dim, out.ndim),) if out.ndim else (), True))


softmax_along.op.title = "SoftmaxBackward0"
softmax_along.gradient(lambda g, out, dim: softmax_backward(g, out, dim))


@primitive("input")
@contiguous
@half_as_single
def log_softmax_along(xp: Any, input: Any, dim: int) -> Any:
    """``input - log(sum(exp(input)))`` along `dim`."""
    if input.ndim == 0 or input.size == 0:
        wrap_dim(dim, input.ndim)
        return input - input
    result = _shifted(xp, input, dim)
    result -= xp.log(_total(xp, xp.exp(result), dim))
    return result


@half_as_single
def _log_softmax_backward(xp: Any, g: Any, out: Any, dim: int) -> Any:
    if out.ndim == 0:
        return g * 0
    result = xp.exp(out)
    result *= _total(xp, g, dim)
    return xp.subtract(g, result, out=result)


@composite(fused=_log_softmax_backward)
def log_softmax_backward(g: Any, out: Any, dim: int) -> Any:
    """``g - exp(out) * sum(g)``, the sum along `dim`."""
    return g - exp(out) * sum_over(g, (wrap_dim(dim, out.ndim),) if out.ndim else (), True)


log_softmax_along.op.title = "LogSoftmaxBackward0"
log_softmax_along.gradient(lambda g, out, dim: log_softmax_backward(g, out, dim))


def _prepared(name: str, input: Any, dim: int | None, dtype: Any, stack_level: int) -> tuple[Any, int]:
    """The input in the dtype to compute in, and the dimension; PyTorch's old rule where none is given."""
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    refuse_integers(name, input._array if isinstance(input, Tensor) else input)
    if dim is None:
        dim = 0 if input.ndim in (0, 1, 3) else 1
        warnings.warn(
            f"{name}() without dim takes dimension {dim} for {input.ndim} dimensions, a choice that PyTorch "
            "deprecates: pass dim=",
            stacklevel=stack_level,
        )
    return input, wrap_dim(dim, input.ndim)


@composite(method=True)
def softmax(input: Any, dim: int | None = None, dtype: Any = None, *, _stacklevel: int = 3) -> Any:
    """``exp(input) / sum(exp(input))``, the sum along `dim`: positive numbers that sum to 1 along it.

    Args:
        dim: the dimension along which the result sums to 1.
        dtype: cast the input to this dtype first.

    >>> import tinygrad_i2dl as torch
    >>> torch.softmax(torch.tensor([[0.0, 0.0], [1000.0, 0.0]]), dim=1)
    tensor([[0.5000, 0.5000],
            [1.0000, 0.0000]])
    """
    input, dim = _prepared("softmax", input, dim, dtype, _stacklevel + 1)
    return softmax_along(input, dim)


@composite(method=True)
def log_softmax(input: Any, dim: int | None = None, dtype: Any = None, *, _stacklevel: int = 3) -> Any:
    """Logarithm of `softmax`, computed without its under- and overflow.

    >>> import tinygrad_i2dl as torch
    >>> torch.log_softmax(torch.tensor([1000.0, 0.0]), dim=0)
    tensor([    0., -1000.])
    """
    input, dim = _prepared("log_softmax", input, dim, dtype, _stacklevel + 1)
    return log_softmax_along(input, dim)


@composite
def softmin(input: Any, dim: int | None = None, dtype: Any = None, *, _stacklevel: int = 3) -> Any:
    """`softmax` of the negative input."""
    return softmax(-input, dim, dtype, _stacklevel=_stacklevel + 1)


@composite
def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """Sample from the Gumbel-softmax distribution: ``softmax((logits + noise) / tau)`` (E. Jang et al., 2017).

    Args:
        logits: unnormalised log-probabilities.
        tau: temperature, positive.
        hard: return one-hot vectors, with the gradients of the soft sample.
        eps: ignored, as in PyTorch.
    """
    array = logits._array
    noise = make(-namespace_of(type(array)).log(generator_beside(array).exponential(array.shape, array.dtype)))
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    values = soft._array
    xp = namespace_of(type(values))
    choice = xp.zeros_like(values)
    xp.put_along_axis(choice, xp.expand_dims(values.argmax(axis=dim), dim), 1, axis=dim)
    return make(choice) - soft.detach() + soft


attach(relu, "relu", True, relu_)
