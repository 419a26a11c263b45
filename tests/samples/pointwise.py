"""Samples of elementwise arithmetic and functions."""

from __future__ import annotations

import math
from typing import Any

import numpy

from . import array, case, raises, sample

# ---------------------------------------------------------------- one operand

# name: (low, high, kink that no element comes near to)
UNARY: dict[str, tuple[float, float, float | None]] = {
    "neg": (-2, 2, None), "abs": (-2, 2, 0.0), "sign": (-2, 2, 0.0), "sgn": (-2, 2, 0.0), "square": (-2, 2, None),
    "exp": (-2, 2, None), "exp2": (-2, 2, None), "expm1": (-2, 2, None), "log": (0.2, 3, None),
    "log2": (0.2, 3, None), "log10": (0.2, 3, None), "log1p": (-0.8, 3, None), "sqrt": (0.2, 3, None),
    "rsqrt": (0.2, 3, None), "reciprocal": (0.3, 3, None), "sin": (-3, 3, None), "cos": (-3, 3, None),
    "tan": (-1.2, 1.2, None), "asin": (-0.9, 0.9, None), "acos": (-0.9, 0.9, None), "atan": (-3, 3, None),
    "sinh": (-2, 2, None), "cosh": (-2, 2, None), "tanh": (-2, 2, None), "asinh": (-3, 3, None),
    "acosh": (1.2, 4, None), "atanh": (-0.9, 0.9, None), "sigmoid": (-4, 4, None), "erf": (-3, 3, None),
    "erfc": (-3, 3, None), "erfinv": (-0.95, 0.95, None), "sinc": (-2, 2, 0.0), "deg2rad": (-90, 90, None),
    "rad2deg": (-2, 2, None), "floor": (0.1, 0.9, None), "ceil": (0.1, 0.9, None), "trunc": (0.1, 0.9, None),
    "frac": (0.1, 0.9, None),
}  # fmt: skip


def _unary(low: float, high: float, kink: float | None) -> Any:
    return lambda make: [
        case(make(3, 4, low=low, high=high, away_from=kink)),
        case(make(low=low, high=high, away_from=kink)),
        case(make(0, 2, low=low, high=high)),
    ]


for _name, _limits in UNARY.items():
    sample(_name, _unary(*_limits), oracle=f"torch.{_name}")

sample(
    "logit",
    lambda make: [case(make(3, 4, low=0.1, high=0.9)), case(make(5, low=0.3, high=0.7), 0.2)],
    oracle="torch.logit",
)
sample(
    "round",
    lambda make: [case(make(3, 4, low=0.55, high=0.95)), case(make(5, low=0.11, high=0.14), decimals=1), case(make(0))],
    oracle="torch.round",
)
sample(
    "nan_to_num",
    lambda make: [case(make(3, 4)), case(make(2), nan=1.0, posinf=2.0, neginf=-2.0)],
    oracle="torch.nan_to_num",
)
sample("positive", lambda make: [case(make(3, 4))], oracle="torch.positive")
sample(
    "bitwise_not",
    lambda make: [case(make(3, low=-9, high=9, dtype="int64")), case(make(3, dtype="bool"))],
    oracle="torch.bitwise_not",
    gradient=False,
)

# ---------------------------------------------------------------- two operands


def _pairs(low: float, high: float, other_low: float, other_high: float, number: float | None = None) -> Any:
    def cases(make: Any) -> Any:
        first = {"low": low, "high": high}
        second = {"low": other_low, "high": other_high}
        found = [
            case(make(3, 4, **first), make(3, 4, **second)),
            case(make(3, 4, **first), make(4, **second)),
            case(make(2, 1, 3, **first), make(5, 1, **second)),
            case(make(**first), make(**second)),
            case(make(2, 0, **first), make(2, 1, **second)),
        ]
        return found if number is None else [*found, case(make(3, **first), number)]

    return cases


# name: (bounds of the first operand, bounds of the second, a number as second operand or None where only tensors are
# taken)
BINARY: dict[str, tuple[float, float, float, float, float | None]] = {
    "add": (-2, 2, -2, 2, 2.5), "sub": (-2, 2, -2, 2, 2.5), "rsub": (-2, 2, -2, 2, 2.5), "mul": (-2, 2, -2, 2, 2.5),
    "div": (-2, 2, 0.4, 2, 2.5), "true_divide": (-2, 2, 0.4, 2, 2.5), "pow": (0.3, 2, -2, 2, 2.5),
    "float_power": (0.3, 2, -2, 2, 2.5), "atan2": (0.3, 2, 0.3, 2, None), "hypot": (0.3, 2, 0.3, 2, None),
    "logaddexp": (-3, 3, -3, 3, None), "logaddexp2": (-3, 3, -3, 3, None), "xlogy": (0.2, 2, 0.3, 2, 0.7),
    "copysign": (0.2, 2, 0.2, 2, -1.5), "remainder": (0.1, 0.4, 0.5, 1, 0.7), "fmod": (0.1, 0.4, 0.5, 1, 0.7),
    "ldexp": (-2, 2, -2, 2, None),
}  # fmt: skip
for _name, _bounds in BINARY.items():
    sample(
        _name,
        _pairs(*_bounds),
        oracle=f"torch.{_name}",
        errors=[raises(RuntimeError, "do not broadcast", array(3), array(4))],
    )

sample("floor_divide", _pairs(0.1, 0.4, 0.5, 1, 0.7), oracle="torch.floor_divide", gradient=False)
sample(
    "trunc_divide",
    _pairs(0.1, 0.4, 0.5, 1, 0.7),
    oracle=lambda input, other: numpy.trunc(input / other),
    errors=[raises(RuntimeError, "ZeroDivisionError", array(2, dtype="int64"), numpy.zeros(2, "int64"))],
)
sample(
    "heaviside",
    lambda make: [case(make(3, dtype="int64", low=-2, high=2), make(3, dtype="int64", low=-2, high=2))],
    oracle="torch.heaviside",
    gradient=False,
)
sample("nextafter", _pairs(-2, 2, -2, 2), oracle="torch.nextafter", gradient=False)


def _integers(make: Any) -> Any:
    return [
        case(make(3, 4, low=1, high=9, dtype="int64"), make(4, low=1, high=9, dtype="int64")),
        case(make(low=1, high=9, dtype="int64"), make(2, low=1, high=9, dtype="int64")),
    ]


for _name in ("gcd", "lcm", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"):
    sample(_name, _integers, oracle=f"torch.{_name}", gradient=False)

# ---------------------------------------------------------------- bounds and three operands

sample(
    "clamp",
    lambda make: [
        case(make(3, 4, away_from=0.3), max=0.3),
        case(make(3, 4, away_from=-0.3), -0.3, None),
        case(make(3, 4, low=-0.4, high=0.4), -0.5, 0.5),
        case(make(3, 4, low=-0.4, high=0.4), make(4, low=-1, high=-0.6), make(3, 1, low=0.6, high=1)),
        case(make(0), -1.0, 1.0),
    ],
    oracle="torch.clamp",
    errors=[raises(RuntimeError, "at least one of the bounds", array(3))],
)
sample("clamp_min", lambda make: [case(make(3, 4, away_from=0.2), 0.2)], oracle="torch.clamp_min")
sample("clamp_max", lambda make: [case(make(3, 4, away_from=0.2), 0.2)], oracle="torch.clamp_max")
sample(
    "lerp",
    lambda make: [
        case(make(3, 4), make(3, 4), 0.3),
        case(make(3, 4), make(4), 0.8),
        case(make(3, 4), make(3, 4), make(4, low=0.1, high=0.4)),
    ],
    oracle="torch.lerp",
    errors=[raises(RuntimeError, "one dtype", array(3), array(3, dtype="float32"), 0.5)],
)
sample(
    "addcmul",
    lambda make: [case(make(3, 4), make(3, 4), make(4)), case(make(3), make(2, 3), make(2, 1), value=0.5)],
    oracle="torch.addcmul",
)
sample(
    "addcdiv",
    lambda make: [
        case(make(3, 4), make(3, 4), make(4, low=0.5, high=2)),
        case(make(3), make(2, 3), make(2, 1, low=0.5, high=2), value=0.5),
    ],
    oracle="torch.addcdiv",
    errors=[raises(RuntimeError, "integer", *[array(3, dtype="int64")] * 3)],
)

# ---------------------------------------------------------------- building blocks

sample("zeros_of", lambda make: [case(make(3, 4))], oracle=lambda input: numpy.zeros_like(input))
sample(
    "clamp_between",
    lambda make: [case(make(3, 4, low=-0.4, high=0.4), -0.5, 0.5), case(make(3, low=1, high=2), None, 0.5)],
    oracle=lambda input, low, high: numpy.clip(
        input, -math.inf if low is None else low, math.inf if high is None else high
    ),
)
sample(
    "interpolate_to",
    lambda make: [case(make(3, 4), make(3, 4), 0.3), case(make(3), make(3), make(3))],
    oracle=lambda input, end, weight: input + weight * (end - input),
)

# ---------------------------------------------------------------- what complex numbers would have

sample("angle", lambda make: [case(make(3, 4, away_from=0.0))], oracle="torch.angle")
for _name in ("conj", "conj_physical", "resolve_conj", "resolve_neg"):
    sample(_name, lambda make: [case(make(3, 4))], oracle=f"torch.{_name}")
sample("real", lambda make: [case(make(3, 4))], oracle="torch.real")
