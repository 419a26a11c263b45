"""Elementwise arithmetic and mathematical functions."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy

from ..dtypes import from_numpy_dtype
from ..errors import DtypeError
from ..tensors import Operations, Tensor
from ._define import alias, as_array, attach, binary, composite, primitive, unary
from .comparison import choose, isfinite
from .error_function import erf_of, erfc_of, erfinv_of
from .precision import half_as_single

__all__ = [
    "abs", "absolute", "acos", "acosh", "add", "addcdiv", "addcmul", "angle", "arccos", "arccosh", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "ceil", "clamp",
    "clamp_max", "clamp_min", "clip", "conj", "conj_physical", "copysign", "cos", "cosh", "deg2rad", "div", "divide",
    "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "fix", "float_power", "floor", "floor_divide", "fmod", "frac",
    "gcd", "heaviside", "hypot", "lcm", "ldexp", "lerp", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2",
    "logit", "mul", "multiply", "nan_to_num", "neg", "negative", "nextafter", "positive", "pow", "rad2deg", "real",
    "reciprocal", "remainder", "resolve_conj", "resolve_neg", "round", "rsqrt", "rsub", "sgn", "sigmoid", "sign",
    "sin", "sinc", "sinh", "sqrt", "square", "sub", "subtract", "tan", "tanh", "true_divide", "trunc", "xlogy",
]  # fmt: skip


@primitive("input")
def zeros_of(xp: Any, input: Any) -> Any:
    """Zeros of the shape and dtype of `input`: the gradient of what is constant almost everywhere."""
    return xp.zeros_like(input)


zeros_of.gradient(lambda g: zeros_of(g))

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


sub.op.bools = False
sub.gradient(input=lambda g: g, other=lambda g: -g)
subtract = alias(sub, "subtract")


def _need_tensor(name: str, input: Any, parameter: str = "input") -> None:
    if isinstance(input, (bool, int, float)):
        raise TypeError(f"{name}(): {parameter!r} must be a Tensor, got {type(input).__name__}")


@composite(method=True)
def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """Difference ``other - alpha * input``, elementwise with broadcasting."""
    _need_tensor("rsub", input)
    return sub(other, input, alpha=alpha)


@binary(ufunc="multiply", operator="mul")
def mul(xp: Any, input: Any, other: Any) -> Any:
    """Product ``input * other``, elementwise with broadcasting.

    >>> import tinygrad_i2dl as torch
    >>> torch.mul(torch.tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """


mul.gradient(input=lambda g, other: g * other, other=lambda g, input: g * input)
multiply = alias(mul, "multiply")


@binary(ufunc="true_divide", floating=True, operator="truediv")
def true_divide(xp: Any, input: Any, other: Any) -> Any:
    """Quotient ``input / other`` in floating point, elementwise with broadcasting."""


true_divide.gradient(input=lambda g, other: g / other, other=lambda g, input, other: -g * ((input / other) / other))
true_divide.op.title = "DivBackward0"


def _refuse_zero(name: str, input: Any, other: Any) -> None:
    """Integers have no infinity to return: dividing them by zero raises. Bools are not divided."""
    _refuse_bools(name, input, other)
    if as_array(other).dtype.kind in "biu" and as_array(input).size and bool((as_array(other) == 0).any()):
        raise RuntimeError(f"ZeroDivisionError: {name}() of integers by zero")


@binary(operator="floordiv")
def floor_divide(xp: Any, input: Any, other: Any) -> Any:
    """Quotient rounded down, ``floor(input / other)``, elementwise with broadcasting.

    >>> import tinygrad_i2dl as torch
    >>> torch.floor_divide(torch.tensor([7, -7]), 2)
    tensor([ 3, -4])

    Raises:
        RuntimeError: an integer is divided by zero.
    """
    if input.dtype.kind in "biu" if hasattr(input, "dtype") else isinstance(input, int):
        _refuse_zero("floor_divide", input, other)
    return xp.floor_divide(input, other)


floor_divide.gradient(input=lambda g: zeros_of(g), other=lambda g: zeros_of(g))


@binary(method=False, inplace=True)
def trunc_divide(xp: Any, input: Any, other: Any) -> Any:
    """Quotient rounded towards zero, elementwise with broadcasting."""
    if (input if hasattr(input, "dtype") else other).dtype.kind not in "biu":
        return xp.trunc(xp.true_divide(input, other))
    _refuse_zero("div", input, other)
    quotient = xp.floor_divide(input, other)
    inexact = quotient * other != input
    return quotient + (inexact & (quotient < 0)).astype(quotient.dtype)


trunc_divide.gradient(input=lambda g: zeros_of(g), other=lambda g: zeros_of(g))


def _division(rounding_mode: str | None) -> Any:
    if rounding_mode is None:
        return true_divide
    if rounding_mode == "floor":
        return floor_divide
    if rounding_mode == "trunc":
        return trunc_divide
    raise RuntimeError(f"div(): rounding_mode must be None, 'floor' or 'trunc', got {rounding_mode!r}")


@composite(method=True)
def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """Quotient ``input / other``, elementwise with broadcasting; rounded if `rounding_mode` is ``"floor"`` or
    ``"trunc"``.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.tensor([7.0, -7.0])
    >>> torch.div(x, 2), torch.div(x, 2, rounding_mode="floor"), torch.div(x, 2, rounding_mode="trunc")
    (tensor([ 3.5000, -3.5000]), tensor([ 3., -4.]), tensor([ 3., -3.]))

    Raises:
        RuntimeError: `rounding_mode` is something else, or integers are divided by zero and rounded.
    """
    return _division(rounding_mode)(input, other, out=out)


def _div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """Divide in place, see `torch.div`."""
    result: Tensor = _division(rounding_mode).in_place(self, other)
    return result


div.in_place = _div_
attach(div, "div", True, _div_)
divide = alias(div, "divide")


def _rdiv(self: Tensor, other: Any) -> Any:
    return mul(self.reciprocal(), other)


Operations.__rdiv__ = _rdiv


@binary(operator="mod")
def remainder(xp: Any, input: Any, other: Any) -> Any:
    """Remainder of the division rounded down, with the sign of `other`, as Python's ``%``.

    >>> import tinygrad_i2dl as torch
    >>> torch.remainder(torch.tensor([-3, 3]), 2)
    tensor([1, 1])

    Raises:
        RuntimeError: an integer is divided by zero.
    """
    if (input if hasattr(input, "dtype") else other).dtype.kind in "biu":
        _refuse_zero("remainder", input, other)
    return xp.remainder(input, other)


remainder.gradient(input=lambda g: g, other=lambda g, input, other: -g * floor_divide(input, other))


@binary(numbers=(False, True))
def fmod(xp: Any, input: Any, other: Any) -> Any:
    """Remainder of the division rounded towards zero, with the sign of `input`, as in C.

    Raises:
        RuntimeError: an integer is divided by zero.
    """
    if (input if hasattr(input, "dtype") else other).dtype.kind in "biu":
        _refuse_zero("fmod", input, other)
    return xp.fmod(input, other)


fmod.gradient(input=lambda g: g, other=lambda g, input, other: -g * trunc_divide(input, other))


@unary(ufunc="negative")
def neg(xp: Any, input: Any) -> Any:
    """Negative of each element."""


neg.gradient(lambda g: -g)
Operations.__neg__ = neg
negative = alias(neg, "negative")


@composite(method=True)
def positive(input: Any) -> Any:
    """`input` itself, as ``+input``. Bools have no sign."""
    if input.dtype == bool or getattr(input.dtype, "name", "") == "bool":
        raise DtypeError("positive() is not defined for tensors of torch.bool")
    return input


Operations.__pos__ = positive


@unary(ufunc="absolute")
def abs(xp: Any, input: Any) -> Any:
    """Absolute value of each element; the gradient at zero is zero.

    >>> import tinygrad_i2dl as torch
    >>> torch.abs(torch.tensor([-1.5, 2.0]))
    tensor([1.5000, 2.0000])
    """


abs.gradient(lambda g, input: g * sgn(input))
Operations.__abs__ = abs
absolute = alias(abs, "absolute")


@unary()
def sign(xp: Any, input: Any) -> Any:
    """-1, 0 or 1 with the sign of each element; 0 for NaN."""
    if input.dtype.kind == "b":
        return input.copy()
    result = xp.sign(input)
    return result if input.dtype.kind in "iu" else xp.where(input != input, input.dtype.type(0), result)


sign.gradient(lambda g: zeros_of(g))


@unary()
def sgn(xp: Any, input: Any) -> Any:
    """-1, 0 or 1 with the sign of each element; 0 for NaN."""
    return sign(input)


sgn.gradient(lambda g: zeros_of(g))


@unary(floating=True, ufunc="reciprocal")
def reciprocal(xp: Any, input: Any) -> Any:
    """``1 / input``, elementwise."""


reciprocal.gradient(lambda g, out: -g * (out * out))


@unary()
def square(xp: Any, input: Any) -> Any:
    """Square of each element."""
    return input * input if input.dtype.kind != "b" else input.astype(numpy.int64)


square.gradient(lambda g, input: g * (2 * input))
square.op.title = "PowBackward0"


# ---------------------------------------------------------------- powers


@binary(operator="pow")
def pow(xp: Any, input: Any, exponent: Any) -> Any:
    """``input ** exponent``, elementwise with broadcasting; either may be a number.

    >>> import tinygrad_i2dl as torch
    >>> torch.pow(torch.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])

    Raises:
        RuntimeError: a tensor of integers is raised to a negative integer.
    """
    number: Any
    if isinstance(exponent, (int, float)):
        number = exponent
    elif type(input) in (int, float, bool):
        return _integer_power(xp, input, exponent) if exponent.dtype.kind in "biu" else xp.power(input, exponent)
    else:
        number = exponent.item() if exponent.ndim == 0 else None
    if input.dtype.kind in "biu":
        if type(exponent) is int and exponent < 0:
            raise RuntimeError(f"integers have no negative integer powers, got exponent={exponent}: use float()")
        return _integer_power(xp, input, exponent)
    if number in _EASY_POWERS:
        return _EASY_POWERS[number](xp, input)
    return xp.power(input, exponent)


_EASY_POWERS: dict[float | None, Callable[[Any, Any], Any]] = {
    2: lambda xp, x: x * x,
    3: lambda xp, x: x * x * x,
    0.5: lambda xp, x: xp.sqrt(x),
    1: lambda xp, x: x.copy(),
    -1: lambda xp, x: xp.reciprocal(x),
    -0.5: lambda xp, x: xp.reciprocal(xp.sqrt(x)),
    -2: lambda xp, x: xp.reciprocal(x * x),
}


def _integer_power(xp: Any, input: Any, exponent: Any) -> Any:
    """Power of integers. A negative exponent, of which NumPy knows no integer, gives what rounding towards zero
    leaves."""
    if type(exponent) is bool and input.dtype.kind == "b":
        return input.copy() if exponent else xp.ones_like(input)
    dtype = input.dtype if hasattr(input, "dtype") else exponent.dtype  # a number has been promoted already
    exponent, input = xp.asarray(exponent, dtype=dtype), xp.asarray(input, dtype=dtype)
    if exponent.dtype.kind == "b":
        _refuse_bools("pow", input)
        return xp.power(input, exponent)
    negative = exponent < 0
    if not negative.any():
        return xp.power(input, exponent)
    result = xp.power(input, xp.where(negative, exponent.dtype.type(0), exponent))
    odd = (exponent & 1).astype(bool)
    of_one = xp.where(input == 1, 1, xp.where(input == -1, xp.where(odd, -1, 1), 0))
    return xp.where(negative, of_one, result).astype(result.dtype)


def _power_gradient(g: Any, input: Any, exponent: Any) -> Any:
    if not hasattr(exponent, "dtype"):
        return zeros_of(g) if exponent == 0 else g * (exponent * pow(input, exponent - 1))
    if exponent.ndim == 0 and not isinstance(exponent, Tensor):
        value = exponent.item()
        return zeros_of(g) if value == 0 else g * (value * pow(input, value - 1))
    return choose(exponent == 0, 0, g * (exponent * pow(input, exponent - 1)))


def _exponent_gradient(g: Any, input: Any, exponent: Any, out: Any) -> Any:
    if not hasattr(input, "dtype"):
        return choose(exponent >= 0, 0, g * (out * -math.inf)) if input == 0 else g * (out * _log_number(input))
    return choose((input == 0) & (exponent >= 0), 0, g * (out * log(input)))


def _log_number(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


pow.op.wraps = False  # a negative exponent is refused, not taken for a large one
pow.gradient(input=_power_gradient, exponent=_exponent_gradient)


@composite(method=True)
def float_power(input: Any, exponent: Any) -> Any:
    """``input ** exponent`` computed in float64."""
    double = numpy.dtype("float64")
    if isinstance(input, Tensor):
        input = input._cast(double)
    if isinstance(exponent, Tensor):
        exponent = exponent._cast(double)
    return pow(float(input) if not isinstance(input, Tensor) else input, exponent)


def _float_power_(self: Tensor, exponent: Any) -> Tensor:
    """Raise to a power computed in float64, in place; the tensor must be of float64."""
    if self._array.dtype != numpy.float64:
        raise DtypeError(f"float_power_() needs a tensor of torch.float64, got {self.dtype}")
    result: Tensor = pow.in_place(self, exponent)
    return result


Operations.float_power_ = _float_power_


@unary(ufunc="sqrt", floating=True)
def sqrt(xp: Any, input: Any) -> Any:
    """Square root, elementwise; NaN below zero."""


sqrt.gradient(lambda g, out: g / (2 * out))


@unary(floating=True)
def rsqrt(xp: Any, input: Any) -> Any:
    """Reciprocal of the square root, elementwise; NaN below zero, infinity at zero."""
    return xp.reciprocal(xp.sqrt(input))


rsqrt.gradient(lambda g, out: g * (-0.5 * (out * out * out)))


@binary(ufunc="hypot", floating=True, numbers=(False, False))
def hypot(xp: Any, input: Any, other: Any) -> Any:
    """``sqrt(input ** 2 + other ** 2)`` without intermediate overflow."""


hypot.gradient(input=lambda g, input, out: g * (input / out), other=lambda g, other, out: g * (other / out))


# ---------------------------------------------------------------- exponentials and logarithms


@unary(ufunc="exp", floating=True)
def exp(xp: Any, input: Any) -> Any:
    """Exponential ``e ** input``, elementwise.

    >>> import tinygrad_i2dl as torch
    >>> torch.exp(torch.zeros(2))
    tensor([1., 1.])
    """


exp.gradient(lambda g, out: g * out)


@unary(ufunc="exp2", floating=True)
def exp2(xp: Any, input: Any) -> Any:
    """``2 ** input``, elementwise."""


exp2.gradient(lambda g, out: g * (out * math.log(2.0)))


@unary(ufunc="expm1", floating=True)
def expm1(xp: Any, input: Any) -> Any:
    """``exp(input) - 1`` without cancellation near zero."""


expm1.gradient(lambda g, out: g * (out + 1))


@unary(ufunc="log", floating=True)
def log(xp: Any, input: Any) -> Any:
    """Natural logarithm, elementwise; NaN below zero, minus infinity at zero."""


log.gradient(lambda g, input: g / input)


@unary(ufunc="log2", floating=True)
def log2(xp: Any, input: Any) -> Any:
    """Logarithm to base 2, elementwise."""


log2.gradient(lambda g, input: g / (input * math.log(2.0)))


@unary(ufunc="log10", floating=True)
def log10(xp: Any, input: Any) -> Any:
    """Logarithm to base 10, elementwise."""


log10.gradient(lambda g, input: g / (input * math.log(10.0)))


@unary(ufunc="log1p", floating=True)
def log1p(xp: Any, input: Any) -> Any:
    """``log(1 + input)`` without cancellation near zero."""


log1p.op.title = "Log1PBackward0"
log1p.gradient(lambda g, input: g / (input + 1))


@binary(ufunc="logaddexp", numbers=(False, False), inplace=False)
def logaddexp(xp: Any, input: Any, other: Any) -> Any:
    """``log(exp(input) + exp(other))`` without overflow."""


logaddexp.gradient(
    input=lambda g, input, other: g / (1 + exp(other - input)),
    other=lambda g, input, other: g / (1 + exp(input - other)),
)


@binary(ufunc="logaddexp2", numbers=(False, False), inplace=False)
def logaddexp2(xp: Any, input: Any, other: Any) -> Any:
    """``log2(2 ** input + 2 ** other)`` without overflow."""


logaddexp2.gradient(
    input=lambda g, input, other: g / (1 + exp2(other - input)),
    other=lambda g, input, other: g / (1 + exp2(input - other)),
)


@binary(floating=True)
def xlogy(xp: Any, input: Any, other: Any) -> Any:
    """``input * log(other)``, and 0 where `input` is 0 (unless `other` is NaN).

    >>> import tinygrad_i2dl as torch
    >>> torch.xlogy(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    product = input * xp.log(other)
    return xp.where((input == 0) & (other == other), 0, product).astype(product.dtype)


xlogy.gradient(
    input=lambda g, input, other: choose((as_array(input) == 0) & (other <= 0), 0, xlogy(g, other)),
    other=lambda g, input, other: g * input / other,
)


@primitive("input", method=True, inplace=True, floating=True)
def logit(xp: Any, input: Any, eps: float | None = None) -> Any:
    """``log(input / (1 - input))``, the inverse of `sigmoid`; `input` is first clamped to [eps, 1 - eps] if `eps` is
    given."""
    if eps is not None:
        input = xp.minimum(xp.maximum(input, input.dtype.type(eps)), input.dtype.type(1 - eps))
    return xp.log(input / (1 - input))


@logit.gradient
def _(g: Any, input: Any, eps: float | None) -> Any:
    low, high, outside = (0.0, 1.0, math.nan) if eps is None else (eps, 1 - eps, 0.0)
    return choose((input >= low) & (input <= high), g / (input * (1 - input)), outside)


def logistic(xp: Any, input: Any) -> Any:
    """``1 / (1 + exp(-input))`` in a new array; exp may overflow to infinity, whose reciprocal is right."""
    result = xp.negative(input, out=xp.empty_like(input))
    xp.exp(result, out=result)
    xp.add(result, 1, out=result)
    return xp.reciprocal(result, out=result)


@unary(floating=True)
@half_as_single
def sigmoid(xp: Any, input: Any) -> Any:
    """Logistic sigmoid ``1 / (1 + exp(-input))``, elementwise; keeps its relative precision for large negative
    elements.

    >>> import tinygrad_i2dl as torch
    >>> torch.sigmoid(torch.zeros(2))
    tensor([0.5000, 0.5000])
    """
    return logistic(xp, input)


@half_as_single
def _sigmoid_backward(xp: Any, g: Any, out: Any) -> Any:
    result = xp.asarray(1 - out)
    result *= out
    result *= g
    return result


@composite(fused=_sigmoid_backward)
def sigmoid_backward(g: Any, out: Any) -> Any:
    """``g * out * (1 - out)``."""
    return g * (1 - out) * out


sigmoid.gradient(lambda g, out: sigmoid_backward(g, out))


# ---------------------------------------------------------------- trigonometric and hyperbolic functions


@unary(ufunc="sin", floating=True)
def sin(xp: Any, input: Any) -> Any:
    """Sine, elementwise."""


sin.gradient(lambda g, input: g * cos(input))


@unary(ufunc="cos", floating=True)
def cos(xp: Any, input: Any) -> Any:
    """Cosine, elementwise."""


cos.gradient(lambda g, input: -g * sin(input))


@unary(ufunc="tan", floating=True)
def tan(xp: Any, input: Any) -> Any:
    """Tangent, elementwise."""


tan.gradient(lambda g, out: g * (1 + out * out))


@unary(ufunc="arcsin", floating=True)
def asin(xp: Any, input: Any) -> Any:
    """Inverse sine, elementwise; NaN outside [-1, 1]."""


asin.gradient(lambda g, input: g * rsqrt(1 - input * input))
arcsin = alias(asin, "arcsin")


@unary(ufunc="arccos", floating=True)
def acos(xp: Any, input: Any) -> Any:
    """Inverse cosine, elementwise; NaN outside [-1, 1]."""


acos.gradient(lambda g, input: -g * rsqrt(1 - input * input))
arccos = alias(acos, "arccos")


@unary(ufunc="arctan", floating=True)
def atan(xp: Any, input: Any) -> Any:
    """Inverse tangent, elementwise."""


atan.gradient(lambda g, input: g / (input * input + 1))
arctan = alias(atan, "arctan")


@binary(ufunc="arctan2", floating=True, numbers=(False, False))
def atan2(xp: Any, input: Any, other: Any) -> Any:
    """Angle of the vector ``(other, input)``: inverse tangent of ``input / other`` in the right quadrant."""


atan2.gradient(
    input=lambda g, input, other: g * (other / (input * input + other * other)),
    other=lambda g, input, other: g * (-input / (input * input + other * other)),
)
arctan2 = alias(atan2, "arctan2")


@unary(ufunc="sinh", floating=True)
def sinh(xp: Any, input: Any) -> Any:
    """Hyperbolic sine, elementwise."""


sinh.gradient(lambda g, input: g * cosh(input))


@unary(ufunc="cosh", floating=True)
def cosh(xp: Any, input: Any) -> Any:
    """Hyperbolic cosine, elementwise."""


cosh.gradient(lambda g, input: g * sinh(input))


@unary(ufunc="tanh", floating=True)
def tanh(xp: Any, input: Any) -> Any:
    """Hyperbolic tangent, elementwise."""


@composite(fused=True)
def tanh_backward(g: Any, out: Any) -> Any:
    """``g * (1 - out * out)``."""
    return g * (1 - out * out)


tanh.gradient(lambda g, out: tanh_backward(g, out))


@unary(ufunc="arcsinh", floating=True)
def asinh(xp: Any, input: Any) -> Any:
    """Inverse hyperbolic sine, elementwise."""


asinh.gradient(lambda g, input: g * rsqrt(input * input + 1))
arcsinh = alias(asinh, "arcsinh")


@unary(ufunc="arccosh", floating=True)
def acosh(xp: Any, input: Any) -> Any:
    """Inverse hyperbolic cosine, elementwise; NaN below 1."""


acosh.gradient(lambda g, input: g * rsqrt(input * input - 1))
arccosh = alias(acosh, "arccosh")


@unary(ufunc="arctanh", floating=True)
def atanh(xp: Any, input: Any) -> Any:
    """Inverse hyperbolic tangent, elementwise; NaN outside [-1, 1]."""


atanh.gradient(lambda g, input: g / (1 - input * input))
arctanh = alias(atanh, "arctanh")


@unary(floating=True)
def sinc(xp: Any, input: Any) -> Any:
    """``sin(pi input) / (pi input)``, elementwise; 1 at zero."""
    product = input * input.dtype.type(math.pi)
    return xp.where(input == 0, input.dtype.type(1), xp.sin(product) / product)


@sinc.gradient
def _(g: Any, input: Any) -> Any:
    product = input * math.pi
    slope = g * ((product * cos(product) - sin(product)) / (product * input))
    return choose(input == 0, 0, slope)


@unary(floating=True)
def deg2rad(xp: Any, input: Any) -> Any:
    """Degrees as radians."""
    return input * input.dtype.type(math.pi / 180.0)


deg2rad.gradient(lambda g: g * (math.pi / 180.0))


@unary(floating=True)
def rad2deg(xp: Any, input: Any) -> Any:
    """Radians as degrees."""
    return input * input.dtype.type(180.0 / math.pi)


rad2deg.gradient(lambda g: g * (180.0 / math.pi))


# ---------------------------------------------------------------- the error function


@unary(floating=True)
def erf(xp: Any, input: Any) -> Any:
    """Error function ``2 / sqrt(pi) * integral from 0 to input of exp(-t ** 2) dt``, elementwise.

    >>> import tinygrad_i2dl as torch
    >>> torch.erf(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    return erf_of(xp, input)


erf.gradient(lambda g, input: g * (exp(-(input * input)) * (2.0 / math.sqrt(math.pi))))


@unary(floating=True)
def erfc(xp: Any, input: Any) -> Any:
    """``1 - erf(input)`` without cancellation, elementwise."""
    return erfc_of(xp, input)


erfc.gradient(lambda g, input: g * (exp(-(input * input)) * (-2.0 / math.sqrt(math.pi))))


@unary(floating=True)
def erfinv(xp: Any, input: Any) -> Any:
    """Inverse of `erf`, elementwise; infinite at -1 and 1, NaN outside."""
    return erfinv_of(xp, input)


erfinv.gradient(lambda g, out: g * (exp(out * out) * (0.5 * math.sqrt(math.pi))))


# ---------------------------------------------------------------- rounding


def _whole(name: str, input: Any) -> Any:
    """Integers rounded: themselves. Bools are refused."""
    _refuse_bools(name, input)
    return input.copy()


def _refuse_bools(name: str, *operands: Any) -> None:
    if all(each.dtype.kind == "b" for each in operands if hasattr(each, "dtype")):
        raise DtypeError(f"{name}() is not defined for tensors of bools: convert them, as in x.long()")


@unary()
def floor(xp: Any, input: Any) -> Any:
    """Largest integer not above each element; the dtype stays."""
    return _whole("floor", input) if input.dtype.kind in "iub" else xp.floor(input)


floor.gradient(lambda g: zeros_of(g))


@unary()
def ceil(xp: Any, input: Any) -> Any:
    """Smallest integer not below each element; the dtype stays."""
    return _whole("ceil", input) if input.dtype.kind in "iub" else xp.ceil(input)


ceil.gradient(lambda g: zeros_of(g))


@unary()
def trunc(xp: Any, input: Any) -> Any:
    """Each element without its fraction; the dtype stays."""
    return _whole("trunc", input) if input.dtype.kind in "iub" else xp.trunc(input)


trunc.gradient(lambda g: zeros_of(g))
fix = alias(trunc, "fix")


@unary()
def frac(xp: Any, input: Any) -> Any:
    """Fraction of each element, ``input - trunc(input)``, with its sign."""
    if input.dtype.kind in "iub":
        raise DtypeError(f"frac() is not defined for tensors of {input.dtype}")
    return input - xp.trunc(input)


frac.gradient(lambda g: g)


@primitive("input", method=True, inplace=True)
def round(xp: Any, input: Any, decimals: int = 0) -> Any:
    """Nearest integer (a half goes to the even one), or nearest number with `decimals` digits after the point.

    >>> import tinygrad_i2dl as torch
    >>> torch.round(torch.tensor([0.5, 1.5, 2.5]))
    tensor([0., 2., 2.])
    """
    if input.dtype.kind in "iub":
        if decimals:
            raise DtypeError(f"round() with decimals is not defined for tensors of {input.dtype}")
        return _whole("round", input)
    if decimals == 0:
        return xp.rint(input)
    ten = input.dtype.type(10.0 ** builtins.abs(decimals))
    return xp.rint(input * ten) / ten if decimals > 0 else xp.rint(input / ten) * ten


round.gradient(lambda g: zeros_of(g))


# ---------------------------------------------------------------- bounds


@primitive("input", "min", "max", promotes=("input", "min", "max"), inplace=True)
def clamp_between(xp: Any, input: Any, min: Any, max: Any) -> Any:
    """Each element, moved to the nearest bound if it is outside; NaN stays."""
    if min is None:
        return xp.minimum(input, max)
    result = xp.maximum(input, min)
    if max is None:
        return result
    own = result.ndim and (not hasattr(max, "ndim") or max.ndim == 0)  # then the result's memory can be used again
    return xp.minimum(result, max, out=result) if own else xp.minimum(result, max)


def _inside(input: Any, min: Any, max: Any) -> Any:
    if min is None:
        return input <= max
    return input >= min if max is None else (input >= min) & (input <= max)


def _below(g: Any, input: Any, min: Any, max: Any) -> Any:
    return choose(input < min if max is None else (input < min) & (as_array(min) < max), g, 0)


def _above(g: Any, input: Any, min: Any, max: Any) -> Any:
    return choose(input > max if min is None else (input > max) | (as_array(max) < min), g, 0)


clamp_between.op.title = "ClampBackward1"
clamp_between.gradient(
    input=lambda g, input, min, max: choose(_inside(input, min, max), g, 0),
    min=_below,
    max=_above,
)


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """Each element, moved to the nearest of the bounds `min` and `max` (numbers, tensors or None) if it is outside.

    The gradient is that of the identity inside and on the bounds, and zero outside.

    >>> import tinygrad_i2dl as torch
    >>> torch.clamp(torch.tensor([-2.0, 0.5, 3.0]), min=-1.0, max=1.0)
    tensor([-1.0000,  0.5000,  1.0000])

    Raises:
        RuntimeError: there is no bound.
    """
    _need_tensor("clamp", input)
    if min is None and max is None:
        raise RuntimeError("clamp() needs at least one of the bounds min and max")
    return clamp_between(input, min, max, out=out) if out is not None else clamp_between(input, min, max)


def _clamp_(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Move the elements outside of the bounds to these, in place, see `torch.clamp`."""
    if min is None and max is None:
        raise RuntimeError("clamp_() needs at least one of the bounds min and max")
    result: Tensor = clamp_between.in_place(self, min, max)
    return result


clamp.in_place = _clamp_  # type: ignore[attr-defined]
attach(clamp, "clamp", True, _clamp_)
clip = alias(clamp, "clip")


def clamp_min(input: Any, min: Any, *, out: Any = None) -> Any:
    """Each element, but at least `min`."""
    return clamp(input, min, None, out=out)


def clamp_max(input: Any, max: Any, *, out: Any = None) -> Any:
    """Each element, but at most `max`."""
    return clamp(input, None, max, out=out)


attach(clamp_min, "clamp_min", True, lambda self, min: _clamp_(self, min, None))
attach(clamp_max, "clamp_max", True, lambda self, max: _clamp_(self, None, max))


@primitive("input", method=True, inplace=True)
def nan_to_num(
    xp: Any, input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """NaN replaced by `nan` (0), infinities by `posinf` and `neginf` (the largest and smallest finite numbers).

    >>> import tinygrad_i2dl as torch
    >>> torch.nan_to_num(torch.tensor([float("nan"), 1.0]), nan=5.0)
    tensor([5., 1.])
    """
    if input.dtype.kind in "iub":
        return input.copy()
    limits = from_numpy_dtype(input.dtype)
    largest = _largest(limits.name)
    result = xp.where(xp.isnan(input), input.dtype.type(0.0 if nan is None else nan), input)
    result = xp.where(input == math.inf, input.dtype.type(largest if posinf is None else posinf), result)
    return xp.where(input == -math.inf, input.dtype.type(-largest if neginf is None else neginf), result)


def _largest(name: str) -> float:
    return 3.3895313892515355e38 if name == "bfloat16" else float(numpy.finfo(name).max)


nan_to_num.gradient(lambda g, input: choose(isfinite(input), g, 0))


# ---------------------------------------------------------------- three operands


@primitive("input", "end", "weight", promotes=("input", "end", "weight"), inplace=True)
def interpolate_to(xp: Any, input: Any, end: Any, weight: Any) -> Any:
    """``input + weight * (end - input)``, in the form that is exact at both ends."""
    difference = end - input
    if not hasattr(weight, "dtype") or weight.ndim == 0:
        return input + weight * difference if builtins.abs(weight) < 0.5 else end - difference * (1 - weight)
    return xp.where(xp.absolute(weight) < 0.5, input + weight * difference, end - difference * (1 - weight))


interpolate_to.op.title = "LerpBackward0"
interpolate_to.gradient(
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, input, end: g * (end - input),
)


def _check_one_dtype(name: str, tensors: dict[str, Any]) -> None:
    dtypes = {key: value.dtype for key, value in tensors.items() if isinstance(value, Tensor)}
    if len(set(dtypes.values())) > 1:
        raise DtypeError(
            f"{name}() needs tensors of one dtype, got {', '.join(f'{k}: {v}' for k, v in dtypes.items())}"
        )


def lerp(input: Any, end: Any, weight: Any, *, out: Any = None) -> Any:
    """Linear interpolation ``input + weight * (end - input)``; `weight` is a number or a tensor.

    >>> import tinygrad_i2dl as torch
    >>> torch.lerp(torch.zeros(2), torch.ones(2), 0.25)
    tensor([0.2500, 0.2500])

    Raises:
        RuntimeError: the tensors differ in dtype.
    """
    _check_one_dtype("lerp", {"input": input, "end": end, "weight": weight})
    return interpolate_to(input, end, weight, out=out) if out is not None else interpolate_to(input, end, weight)


def _lerp_(self: Tensor, end: Any, weight: Any) -> Tensor:
    """Interpolate in place, see `torch.lerp`."""
    _check_one_dtype("lerp", {"input": self, "end": end, "weight": weight})
    result: Tensor = interpolate_to.in_place(self, end, weight)
    return result


attach(lerp, "lerp", True, _lerp_)


@primitive("input", "tensor1", "tensor2", method=True, inplace=True, promotes=("input", "tensor1", "tensor2"))
def addcmul(xp: Any, input: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    """``input + value * tensor1 * tensor2``, elementwise with broadcasting."""
    product = tensor1 * tensor2
    return input + (product if _is_one(value) else product * _of_dtype(value, product))


addcmul.gradient(
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (tensor2 * value),
    tensor2=lambda g, tensor1, value: g * (tensor1 * value),
)


@primitive("input", "tensor1", "tensor2", method=True, inplace=True, promotes=("input", "tensor1", "tensor2"))
def addcdiv(xp: Any, input: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    """``input + value * tensor1 / tensor2``, elementwise with broadcasting, for floating-point tensors.

    Raises:
        RuntimeError: the tensors hold integers.
    """
    if input.dtype.kind in "iub":
        raise DtypeError(
            "addcdiv() of integer tensors is not defined: convert them with .float(), or use div with rounding_mode"
        )
    quotient = tensor1 / tensor2
    return input + (quotient if _is_one(value) else quotient * _of_dtype(value, quotient))


addcdiv.gradient(
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (value / tensor2),
    tensor2=lambda g, tensor1, tensor2, value: -g * (value * (tensor1 / (tensor2 * tensor2))),
)


def _is_one(value: Any) -> bool:
    return type(value) is int and value == 1


def _of_dtype(value: Any, like: Any) -> Any:
    """A number as an element of the dtype of `like`; a fraction for integers is refused."""
    if like.dtype.kind in "iub" and isinstance(value, float):
        raise DtypeError(f"value={value} is not an integer, but the tensors are of {like.dtype}")
    return like.dtype.type(value)


# ---------------------------------------------------------------- signs, steps, binary exponents


@binary(floating=True, numbers=(False, True))
def copysign(xp: Any, input: Any, other: Any) -> Any:
    """The magnitude of `input` with the sign of `other`."""
    return xp.copysign(input, other)


copysign.gradient(
    input=lambda g, input, out: choose(input == 0, 0, g * (out / input)),
    other=lambda g: zeros_of(g),
)


@binary(numbers=(False, False))
def heaviside(xp: Any, input: Any, values: Any) -> Any:
    """Step function: 0 below zero, 1 above, `values` at zero.

    Raises:
        RuntimeError: the dtypes differ.
    """
    one = input.dtype.type(1)
    return xp.where(input == 0, values, xp.where(input > 0, one, input.dtype.type(0)))


def _same_dtype_only(name: str, function: Any) -> Any:
    def call(input: Any, values: Any, *, out: Any = None) -> Any:
        _check_one_dtype(name, {"input": input, "values": values})
        return function(input, values, out=out)

    def call_(self: Tensor, values: Any) -> Tensor:
        _check_one_dtype(name, {"input": self, "values": values})
        result: Tensor = function.in_place(self, values)
        return result

    call.__name__ = call.__qualname__ = name
    call.__doc__ = function.__doc__
    call.op, call.in_place = function.op, call_  # type: ignore[attr-defined]
    attach(call, name, True, call_)
    return call


heaviside = _same_dtype_only("heaviside", heaviside)


@binary(ufunc="nextafter", numbers=(False, False))
def nextafter(xp: Any, input: Any, other: Any) -> Any:
    """Next representable number after `input` towards `other`."""


nextafter.gradient(input=lambda g: g, other=lambda g: zeros_of(g))


@composite(method=True, inplace=True)
def ldexp(input: Any, other: Any) -> Any:
    """``input * 2 ** other``, elementwise."""
    _need_tensor("ldexp", input)
    return mul(input, pow(2.0, other))


@binary(ufunc="gcd", numbers=(False, False))
def gcd(xp: Any, input: Any, other: Any) -> Any:
    """Greatest common divisor of integers, elementwise."""


@binary(ufunc="lcm", numbers=(False, False))
def lcm(xp: Any, input: Any, other: Any) -> Any:
    """Least common multiple of integers, elementwise."""


# ---------------------------------------------------------------- what complex numbers would have


@unary(floating=True, inplace=False)
def angle(xp: Any, input: Any) -> Any:
    """Angle of each element as a complex number: pi below zero, else zero; NaN for NaN."""
    return xp.where(input < 0, input.dtype.type(math.pi), xp.where(input == input, input.dtype.type(0), input))


angle.gradient(lambda g: zeros_of(g))


@composite(method=True)
def conj(input: Any) -> Any:
    """`input` itself: real numbers are their own conjugates."""
    return input


@composite(method=True)
def conj_physical(input: Any) -> Any:
    """`input` itself: real numbers are their own conjugates."""
    return input


@composite
def real(input: Any) -> Any:
    """`input` itself: real numbers are their own real parts."""
    return input


Operations.conj_physical_ = lambda self: self
Operations.real = property(lambda self: self)


@composite
def resolve_conj(input: Any) -> Any:
    """`input` itself."""
    return input


@composite
def resolve_neg(input: Any) -> Any:
    """`input` itself."""
    return input


# ---------------------------------------------------------------- bits


@unary(ufunc="invert")
def bitwise_not(xp: Any, input: Any) -> Any:
    """Complement of the bits of integers, negation of bools."""


def _invert(self: Tensor) -> Any:
    """Complement of the bits of integers, negation of bools."""
    if self._array.dtype.kind not in "iub":
        raise TypeError(f"~ is only defined for tensors of integers and bools, got {self.dtype}")
    return bitwise_not(self)


Operations.__invert__ = _invert


@binary(ufunc="bitwise_and", operator="and")
def bitwise_and(xp: Any, input: Any, other: Any) -> Any:
    """Bits set in both of two integers, conjunction of bools.

    >>> import tinygrad_i2dl as torch
    >>> torch.tensor([True, True]) & torch.tensor([True, False])
    tensor([ True, False])
    """


@binary(ufunc="bitwise_or", operator="or")
def bitwise_or(xp: Any, input: Any, other: Any) -> Any:
    """Bits set in at least one of two integers, disjunction of bools."""


@binary(ufunc="bitwise_xor", operator="xor")
def bitwise_xor(xp: Any, input: Any, other: Any) -> Any:
    """Bits set in exactly one of two integers, exclusive disjunction of bools."""


@binary(ufunc="left_shift", operator="lshift")
def bitwise_left_shift(xp: Any, input: Any, other: Any) -> Any:
    """Integers with their bits moved up by `other` places."""


@binary(ufunc="right_shift", operator="rshift")
def bitwise_right_shift(xp: Any, input: Any, other: Any) -> Any:
    """Integers with their bits moved down by `other` places, keeping the sign."""
