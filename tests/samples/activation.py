"""Samples of activation functions."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, raises, sample

# name: (low, high, kink that no element comes near to, keywords of a second call)
ONE_INPUT: dict[str, tuple[float, float, float | None, dict[str, Any]]] = {
    "relu": (-2, 2, 0.0, {}), "relu6": (0.2, 5.8, None, {}),
    "hardtanh": (-0.9, 0.9, None, {"min_val": -2.0, "max_val": 3.0}),
    "leaky_relu": (-2, 2, 0.0, {"negative_slope": 0.3}), "elu": (-2, 2, 0.0, {"alpha": 0.7}), "selu": (-2, 2, 0.0, {}),
    "celu": (-2, 2, 0.0, {"alpha": 1.7}), "gelu": (-3, 3, None, {"approximate": "tanh"}), "silu": (-4, 4, None, {}),
    "mish": (-4, 4, None, {}),
    "softplus": (-4, 4, None, {"beta": 2.0, "threshold": 3.0}),
    "logsigmoid": (-4, 4, None, {}),
    "hardsigmoid": (-2.8, 2.8, None, {}), "hardswish": (-2.8, 2.8, None, {}),
    "hardshrink": (0.6, 2, None, {"lambd": 0.1}),
    "softshrink": (0.6, 2, None, {"lambd": 0.1}), "tanhshrink": (-2, 2, None, {}), "softsign": (0.1, 2, None, {}),
}  # fmt: skip


def _one_input(low: float, high: float, kink: float | None, more: dict[str, Any]) -> Any:
    return lambda make: [
        case(make(3, 4, low=low, high=high, away_from=kink)),
        case(make(low=low, high=high, away_from=kink)),
        case(make(0, 2, low=low, high=high)),
        *([case(make(2, 5, low=low, high=high, away_from=kink), **more)] if more else []),
    ]


for _name, _facts in ONE_INPUT.items():
    sample(_name, _one_input(*_facts), oracle=f"torch.nn.functional.{_name}")

sample(
    "threshold",
    lambda make: [case(make(3, 4, away_from=0.2), 0.2, -3.0), case(make(0), 0.0, 1.0)],
    oracle="torch.nn.functional.threshold",
)
sample(
    "rrelu",
    lambda make: [
        case(make(3, 4, away_from=0.0)),
        case(make(3, 4, away_from=0.0), 0.3, 0.5),
        case(make(5, away_from=0.0), 0.3, 0.3, True),
    ],
    oracle="torch.nn.functional.rrelu",
    errors=[raises(RuntimeError, "lower <= upper", array(3), 0.5, 0.1)],
)
sample(
    "prelu",
    lambda make: [
        case(make(2, 3, 4, away_from=0.0), make(3, low=0.1, high=0.9)),
        case(make(5, away_from=0.0), make(1)),
        case(make(0, 3), make(3)),
    ],
    oracle="torch.nn.functional.prelu",
    errors=[raises(RuntimeError, "one slope or one for each channel", array(2, 3), array(2))],
)
sample(
    "glu",
    lambda make: [case(make(3, 4)), case(make(4, 3, 2), 0), case(make(2, 0))],
    oracle="torch.nn.functional.glu",
    errors=[raises(RuntimeError, "must be even", array(3, 5)), raises(RuntimeError, "at least one dimension", array())],
)
for _name in ("softmax", "log_softmax", "softmin"):
    sample(
        _name,
        lambda make: [
            case(make(3, 4, low=-5, high=5), 1),
            case(make(3, 4), dim=0),
            case(make(2, 3, 2), dim=-2),
            case(make(3, 60), dim=-1),
            case(make(2, 3) * 1000, dim=1),
            case(make(), dim=0),
            case(make(0, 3), dim=1),
        ],
        oracle=f"torch.nn.functional.{_name}",
        errors=[
            raises(IndexError, "out of range", array(2, 3), 2),
            raises(RuntimeError, "not defined", array(3, dtype="int64"), 0),
        ],
    )

# ---------------------------------------------------------------- building blocks

sample(
    "limit",
    lambda make: [case(make(3, 4, low=-0.4, high=0.4), -0.5, 0.5), case(make(3, low=1, high=2), -0.5, 0.5)],
    oracle=lambda input, low, high: numpy.clip(input, low, high),
)
sample(
    "exponential_unit",
    lambda make: [case(make(3, 4, low=-2, high=2, away_from=0.0), 0.7, 1.3, 0.5)],
    oracle=lambda x, alpha, scale, inner: scale * numpy.where(x > 0, x, alpha * numpy.expm1(inner * x)),
)
