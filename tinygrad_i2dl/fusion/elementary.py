"""The functions of numbers that a fused loop is made of, each in its three languages.

`ELEMENTARY` has, by NumPy's name, the function on arrays, its text in a loop for Numba and its text in a CUDA kernel.
In the texts ``{0}``, ``{1}``, ``{2}`` are the operands; ``{bits}`` is 32 or 64, ``{t}`` the type of the operands and
``{f}`` the suffix of C's functions of that type (``f`` for float).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

__all__ = ["ELEMENTARY", "Elementary"]

Array = Any


class Elementary(NamedTuple):
    """A function of one to three numbers.

    Attributes:
        numpy: the same on arrays; constants are folded by it.
        numba: its text in a loop that Numba compiles.
        cuda: its text in a CUDA kernel.
        truth: whether the result is a bool, whatever the operands are.
    """

    numpy: Callable[..., Array]
    numba: str
    cuda: str
    truth: bool = False


def _sigmoid(x: Array) -> Array:
    return numpy.reciprocal(numpy.exp(-x) + x.dtype.type(1))


def _by_c_library(name: str) -> Callable[[Array], Array]:
    import math

    function = numpy.frompyfunc(getattr(math, name), 1, 1)

    def on_array(x: Array) -> Array:
        return numpy.asarray(function(x)).astype(x.dtype)

    return on_array


def _c(name: str) -> str:
    return name + "{f}({0})"


# NumPy's maximum is NaN where either operand is; C's fmax is NaN where both are.
ELEMENTARY: dict[str, Elementary] = {
    # arithmetic
    "add": Elementary(numpy.add, "({0} + {1})", "({0} + {1})"),
    "subtract": Elementary(numpy.subtract, "({0} - {1})", "({0} - {1})"),
    "multiply": Elementary(numpy.multiply, "({0} * {1})", "({0} * {1})"),
    "true_divide": Elementary(numpy.true_divide, "({0} / {1})", "({0} / {1})"),
    "negative": Elementary(numpy.negative, "(-{0})", "(-{0})"),
    "absolute": Elementary(numpy.absolute, "abs({0})", _c("fabs")),
    "fmod": Elementary(numpy.fmod, "numpy.fmod({0}, {1})", "fmod{f}({0}, {1})"),
    "power": Elementary(numpy.power, "math.pow({0}, {1})", "pow{f}({0}, {1})"),
    "sqrt": Elementary(numpy.sqrt, "numpy.sqrt({0})", _c("sqrt")),
    "hypot": Elementary(numpy.hypot, "math.hypot({0}, {1})", "hypot{f}({0}, {1})"),
    # exponentials, logarithms, sigmoids
    "exp": Elementary(numpy.exp, "exp{bits}({0})", _c("exp")),
    "exp2": Elementary(numpy.exp2, "exp2_{bits}({0})", _c("exp2")),
    "expm1": Elementary(numpy.expm1, "expm1_{bits}({0})", _c("expm1")),
    "log": Elementary(numpy.log, "log{bits}({0})", _c("log")),
    "log2": Elementary(numpy.log2, "numpy.log2({0})", _c("log2")),
    "log10": Elementary(numpy.log10, "numpy.log10({0})", _c("log10")),
    "log1p": Elementary(numpy.log1p, "log1p{bits}({0})", _c("log1p")),
    "tanh": Elementary(numpy.tanh, "tanh{bits}({0})", _c("tanh")),
    "sigmoid": Elementary(_sigmoid, "sigmoid{bits}({0})", "({t}(1) / ({t}(1) + exp{f}(-{0})))"),
    "erf": Elementary(_by_c_library("erf"), "erf{bits}({0})", _c("erf")),
    "erfc": Elementary(_by_c_library("erfc"), "erfc{bits}({0})", _c("erfc")),
    # trigonometric and hyperbolic functions, the C library's: no vector instructions
    **{
        name: Elementary(getattr(numpy, name), f"numpy.{name}({{0}})", _c(c_name))
        for name, c_name in (
            ("sin", "sin"), ("cos", "cos"), ("tan", "tan"), ("arcsin", "asin"), ("arccos", "acos"),
            ("arctan", "atan"), ("sinh", "sinh"), ("cosh", "cosh"), ("arcsinh", "asinh"), ("arccosh", "acosh"),
            ("arctanh", "atanh"),
        )
    },
    "arctan2": Elementary(numpy.arctan2, "math.atan2({0}, {1})", "atan2{f}({0}, {1})"),
    # rounding and signs
    "floor": Elementary(numpy.floor, "numpy.floor({0})", _c("floor")),
    "ceil": Elementary(numpy.ceil, "numpy.ceil({0})", _c("ceil")),
    "trunc": Elementary(numpy.trunc, "numpy.trunc({0})", _c("trunc")),
    "rint": Elementary(numpy.rint, "numpy.rint({0})", _c("rint")),
    "copysign": Elementary(numpy.copysign, "math.copysign({0}, {1})", "copysign{f}({0}, {1})"),
    # bounds
    "maximum": Elementary(
        numpy.maximum,
        "({0} if ({0} >= {1} or {0} != {0}) else {1})",
        "(({0} >= {1} || {0} != {0}) ? {0} : {1})",
    ),
    "minimum": Elementary(
        numpy.minimum,
        "({0} if ({0} <= {1} or {0} != {0}) else {1})",
        "(({0} <= {1} || {0} != {0}) ? {0} : {1})",
    ),
    "fmax": Elementary(
        numpy.fmax, "({0} if ({0} >= {1} or {1} != {1}) else {1})", "(({0} >= {1} || {1} != {1}) ? {0} : {1})"
    ),
    "fmin": Elementary(
        numpy.fmin, "({0} if ({0} <= {1} or {1} != {1}) else {1})", "(({0} <= {1} || {1} != {1}) ? {0} : {1})"
    ),
    # comparisons, logic and choice
    **{
        name: Elementary(getattr(numpy, name), f"({{0}} {sign} {{1}})", f"({{0}} {sign} {{1}})", True)
        for name, sign in (
            ("less", "<"), ("less_equal", "<="), ("greater", ">"), ("greater_equal", ">="), ("equal", "=="),
            ("not_equal", "!="),
        )
    },
    "logical_and": Elementary(numpy.logical_and, "({0} & {1})", "({0} && {1})", True),
    "logical_or": Elementary(numpy.logical_or, "({0} | {1})", "({0} || {1})", True),
    "logical_xor": Elementary(numpy.logical_xor, "({0} ^ {1})", "({0} != {1})", True),
    "logical_not": Elementary(numpy.logical_not, "(not {0})", "(!{0})", True),
    "signbit": Elementary(
        numpy.signbit, "(math.copysign({t}(1), {0}) < {t}(0))", "(copysign{f}({t}(1), {0}) < 0)", True
    ),
    "where": Elementary(numpy.where, "({1} if {0} else {2})", "({0} ? {1} : {2})"),
}  # fmt: skip
