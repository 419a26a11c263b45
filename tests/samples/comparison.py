"""Samples of comparisons, tests of values, logic and choice."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, raises, sample


def _compared(make: Any) -> Any:
    first = make(3, 4, low=-3, high=3, dtype="int64")
    return [
        case(first, make(3, 4, low=-3, high=3, dtype="int64")),
        case(first.astype("float64"), make(4, low=-3, high=3, dtype="int64")),
        case(first, 1),
        case(make(2, 0), make(2, 1)),
        case(make(), make()),
    ]


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    sample(
        _name,
        _compared,
        oracle=f"torch.{_name}",
        gradient=False,
        errors=[
            raises(RuntimeError, "do not broadcast", array(3), array(4)),
            raises(TypeError, "must be a Tensor", 2, array(3)),
        ],
    )


def _special_values(make: Any) -> Any:
    return [
        case(numpy.array([1.0, numpy.nan, numpy.inf, -numpy.inf, -0.0, 0.0])),
        case(make(3, dtype="int64", low=-2, high=2)),
        case(make(0)),
    ]


for _name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal", "signbit", "logical_not"):
    sample(_name, _special_values, oracle=f"torch.{_name}", gradient=False)

for _name in ("logical_and", "logical_or", "logical_xor"):
    sample(
        _name,
        lambda make: [
            case(make(3, 4, low=-1, high=2, dtype="int64"), make(4, low=-1, high=2, dtype="int64")),
            case(make(3, dtype="bool"), make(3)),
        ],
        oracle=f"torch.{_name}",
        gradient=False,
    )


def _apart(make: Any) -> Any:
    low, high = {"low": -2.0, "high": -0.1}, {"low": 0.1, "high": 2.0}
    return [
        case(make(3, 4, **low), make(3, 4, **high)),
        case(make(3, 4, **high), make(4, **low)),
        case(numpy.array([1.0, 2.0]), numpy.array([0.5, 3.0])),
    ]


for _name in ("maximum", "minimum", "fmax", "fmin"):
    sample(
        _name,
        _apart,
        oracle=f"torch.{_name}",
        errors=[raises(TypeError, "must be a Tensor", array(3), 2.0)],
    )

sample(
    "where",
    lambda make: [
        case(make(3, 4, dtype="bool"), make(3, 4), make(3, 4)),
        case(make(3, 1, dtype="bool"), make(4), make(3, 4)),
        case(make(3, dtype="bool"), make(3), 0.0),
        case(make(3, dtype="bool"), 1.0, make(3)),
    ],
    oracle="torch.where",
    errors=[
        raises(RuntimeError, "do not broadcast", array(3, dtype="bool"), array(4), array(3)),
        raises(RuntimeError, "dtype torch.bool", array(3), array(3), array(3)),
    ],
)
sample(
    "masked_fill",
    lambda make: [case(make(3, 4), make(3, 4, dtype="bool"), -1.0), case(make(3, 4), make(4, dtype="bool"), make())],
    oracle="torch.masked_fill",
    errors=[
        raises(RuntimeError, "mask of dtype torch.bool", array(3), array(3), 0.0),
        raises(RuntimeError, "without loss", array(3, dtype="int64"), array(3, dtype="bool"), 0.5),
    ],
)
sample(
    "equal",
    lambda make: [case(array(2, 3), array(2, 3)), case(array(2, 3), array(3, 2)), case(make(3), make(3))],
    oracle="torch.equal",
    gradient=False,
)


def _close(make: Any) -> Any:
    near = numpy.array([1.0, numpy.nan, numpy.inf, 1e-9, -numpy.inf, 3.0])
    far = numpy.array([1.0 + 1e-6, numpy.nan, numpy.inf, 0.0, numpy.inf, 3.1])
    return [
        case(near, far),
        case(near, far, equal_nan=True),
        case(near, far, rtol=0.1, atol=0.0),
        case(near[:1], far[:1]),
    ]


for _name in ("isclose", "allclose"):
    sample(
        _name,
        _close,
        oracle=f"torch.{_name}",
        gradient=False,
        errors=[raises(RuntimeError, "one dtype", array(3), array(3, dtype="float32"))],
    )
sample(
    "isin",
    lambda make: [
        case(make(3, 4, low=0, high=5, dtype="int64"), make(3, low=0, high=5, dtype="int64")),
        case(make(4, low=0, high=5, dtype="int64"), 2, invert=True),
    ],
    oracle="torch.isin",
    gradient=False,
)

# ---------------------------------------------------------------- building blocks

sample(
    "choose",
    lambda make: [case(make(3, 4, dtype="bool"), make(3, 4), make(4)), case(make(3, dtype="bool"), make(3), 0.0)],
    oracle=lambda condition, input, other: numpy.where(condition, input, other),
)
sample(
    "fill_where",
    lambda make: [case(make(3, 4), make(4, dtype="bool"), 2.0)],
    oracle=lambda input, mask, value: numpy.where(mask, value, input),
)
