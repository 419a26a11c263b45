"""Samples of reductions, running forms, differences and statistics."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, kink, raises, sample


def _over_dims(make: Any) -> Any:
    return [
        case(make(2, 3, 4)),
        case(make(2, 3, 4), 1),
        case(make(2, 3, 4), (0, -1), True),
        case(make(2, 3), dim=(1,)),
        case(make()),
        case(make(0, 3), 0),
    ]


for _name in ("sum", "mean", "nansum", "nanmean"):
    sample(
        _name,
        _over_dims,
        oracle=f"torch.{_name}",
        errors=[
            raises(IndexError, "between -2 and 1", array(2, 3), 2),
            raises(RuntimeError, "more than once", array(2, 3), (0, 0)),
        ],
    )
sample(
    "prod",
    lambda make: [
        case(make(2, 3)),
        case(make(2, 3), 1),
        case(numpy.array([[0.0, 2.0, 3.0], [0.0, 0.0, 5.0]]), 1, True),
        case(make()),
    ],
    oracle="torch.prod",
)
for _name in ("var", "std", "var_mean", "std_mean"):
    sample(
        _name,
        lambda make: [
            case(make(2, 5)),
            case(make(2, 5), 1),
            case(make(2, 5), 1, False, True),
            case(make(2, 5), (0, 1), correction=0),
        ],
        oracle=f"torch.{_name}",
        errors=[raises(RuntimeError, "floating-point", array(3, dtype="int64"))],
    )
for _name in ("amax", "amin"):
    sample(
        _name,
        lambda make: [
            case(make(2, 3)),
            case(make(2, 3), 1),
            case(make(2, 3, 4), (0, 2), True),
            kink(numpy.array([[2.0, 2.0, 1.0]]), 1),
            kink(numpy.array([1.0, numpy.nan])),
        ],
        oracle=f"torch.{_name}",
        errors=[raises(IndexError, "size 0", array(0, 3), 0)],
    )
for _name in ("max", "min"):
    sample(
        _name,
        lambda make: [
            case(make(2, 3)),
            kink(numpy.array([2.0, 2.0, 1.0, 1.0])),
            case(make(2, 3), 1),
            case(make(2, 3), 0, True),
            case(make(2, 3), make(3)),
            case(make(), 0),
        ],
        oracle=f"torch.{_name}",
        errors=[
            raises(RuntimeError, "empty tensor", array(0)),
            raises(IndexError, "between -2 and 1", array(2, 3), 2),
        ],
    )
sample("aminmax", lambda make: [case(make(2, 3)), case(make(2, 3), dim=1, keepdim=True)], oracle="torch.aminmax")
for _name in ("argmax", "argmin"):
    sample(
        _name,
        lambda make: [
            case(make(2, 3)),
            case(make(2, 3), 1),
            case(make(2, 3), -2, True),
            case(numpy.array([1, 3, 3, 1, 0, 0])),
        ],
        oracle=f"torch.{_name}",
        gradient=False,
        errors=[raises(IndexError, "empty", array(0))],
    )
for _name in ("all", "any"):
    sample(
        _name,
        lambda make: [case(make(2, 3, dtype="bool")), case(make(2, 3, dtype="bool"), 1), case(make(2, 0), 1, True)],
        oracle=f"torch.{_name}",
        gradient=False,
    )
sample(
    "count_nonzero",
    lambda make: [case(make(2, 3, low=0, high=2, dtype="int64")), case(make(2, 3, dtype="bool"), 1)],
    oracle="torch.count_nonzero",
    gradient=False,
)
sample(
    "logsumexp",
    lambda make: [
        case(make(2, 3), 1),
        case(make(2, 3), (0, 1), True),
        case(numpy.array([1000.0, 1001.0]), 0),
        case(numpy.array([-numpy.inf, 1.0]), 0),
    ],
    oracle="torch.logsumexp",
)
for _name in ("cumsum", "logcumsumexp", "cummax", "cummin"):
    sample(
        _name,
        lambda make: [case(make(2, 5), 1), case(make(4, 2), 0), case(make(), 0)],
        oracle=f"torch.{_name}",
        errors=[raises(IndexError, "between -1 and 0", array(3), 1)],
    )
sample(
    "cumprod",
    lambda make: [case(make(2, 5), 1), case(numpy.array([2.0, 0.0, 3.0, 0.0, 4.0]), 0), case(make(), 0)],
    oracle="torch.cumprod",
)
sample(
    "diff",
    lambda make: [case(make(5)), case(make(4, 3), 2, 0), case(make(2, 3), 1, 1, make(2, 1), make(2, 2))],
    oracle="torch.diff",
    errors=[raises(RuntimeError, "must not be negative", array(3), -1)],
)
for _name in ("trapezoid", "trapz", "cumulative_trapezoid"):
    sample(
        _name,
        lambda make: [case(make(2, 5)), case(make(2, 5), dx=0.5), case(make(2, 5), make(5)), case(make(4, 2), dim=0)],
        oracle=f"torch.{_name}",
    )
sample(
    "gradient",
    lambda make: [
        case(make(5)),
        case(make(4, 5), spacing=0.5, edge_order=2),
        case(make(4, 5), spacing=[numpy.array([0.0, 1.0, 3.0, 4.0])], dim=0),
    ],
    oracle="torch.gradient",
    errors=[raises(RuntimeError, "needs at least 3", array(2), edge_order=2)],
)
sample(
    "dist",
    lambda make: [case(make(2, 3), make(2, 3)), case(make(3), make(3), 1), case(make(3), make(3), 3.5)],
    oracle="torch.dist",
)
sample(
    "renorm",
    lambda make: [case(make(3, 4), 2, 0, 0.5), case(make(3, 4), 1, 1, 1.0)],
    oracle="torch.renorm",
    errors=[raises(RuntimeError, "at least two dimensions", array(3), 2, 0, 1.0)],
)
sample(
    "sum_to_size",
    lambda make: [case(make(2, 3), 1, 3), case(make(2, 3), (3,)), case(make(2, 3), 2, 3)],
    oracle="torch.Tensor.sum_to_size",
    errors=[raises(RuntimeError, "does not broadcast", array(2, 3), 2)],
)

# ---------------------------------------------------------------- statistics

for _name in ("median", "nanmedian"):
    sample(
        _name,
        lambda make: [
            case(make(5)),
            case(make(4)),
            case(make(3, 4), 1),
            case(make(4, 3), 0, True),
            kink(numpy.array([[1.0, numpy.nan, 3.0, 2.0]]), 1),
        ],
        oracle=f"torch.{_name}",
    )
sample("mode", lambda make: [kink(numpy.array([[3.0, 1.0, 3.0], [2.0, 5.0, 7.0]]))], oracle="torch.mode")
for _name in ("quantile", "nanquantile"):
    sample(
        _name,
        lambda make: [
            case(make(3, 4), 0.3),
            case(make(3, 4), 0.3, 1, True),
            case(make(3, 4), 0.4, 0, interpolation="midpoint"),
            case(make(5), 0.4, interpolation="nearest"),
        ],
        oracle=f"torch.{_name}",
        errors=[
            raises(RuntimeError, "between 0 and 1", array(3), 1.5),
            raises(RuntimeError, "interpolation", array(3), 0.5, interpolation="no"),
        ],
    )
sample(
    "bincount",
    lambda make: [case(numpy.array([0, 2, 2, 5])), case(numpy.array([0, 2, 2]), minlength=6)],
    oracle="torch.bincount",
    gradient=False,
    errors=[
        raises(RuntimeError, "not negative", numpy.array([-1])),
        raises(RuntimeError, "vector of integers", array(3)),
    ],
)
sample(
    "histc",
    lambda make: [case(make(20), 5), case(make(20), 4, -0.5, 0.5)],
    oracle="torch.histc",
    gradient=False,
    errors=[raises(RuntimeError, "positive number", array(3), 0)],
)
sample(
    "histogram",
    lambda make: [case(make(20), 5), case(make(20), numpy.array([-1.0, 0.0, 0.25, 1.0]), density=True)],
    oracle="torch.histogram",
    gradient=False,
)
sample("histogramdd", lambda make: [case(make(20, 2), [3, 2])], oracle="torch.histogramdd", gradient=False)
sample(
    "cov",
    lambda make: [case(make(3, 5)), case(make(5), correction=0), case(make(3, 4), fweights=numpy.array([1, 2, 1, 3]))],
    oracle="torch.cov",
    errors=[raises(RuntimeError, "at most two", array(2, 2, 2))],
)
sample("corrcoef", lambda make: [case(make(3, 5))], oracle="torch.corrcoef")
