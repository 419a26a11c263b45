"""Samples of sorting, searching and distinct values."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, kink, raises, sample

TIES = numpy.array([[3.0, 1.0, 3.0, 1.0], [2.0, 2.0, 2.0, 2.0]])


def _along(make: Any) -> Any:
    return [
        case(make(3, 4)),
        case(make(3, 4), 0),
        case(make(3, 4), -1, True),
        kink(TIES, dim=1, stable=True),
        kink(TIES, dim=1, descending=True, stable=True),
        kink(numpy.array([1.0, numpy.nan, -numpy.inf])),
        case(make()),
        case(make(0, 2), 0),
    ]


sample("sort", _along, oracle="torch.sort", errors=[raises(IndexError, "between -1 and 0", array(3), 1)])
sample("argsort", _along, oracle="torch.argsort", gradient=False)
sample("msort", lambda make: [case(make(3, 4))], oracle="torch.msort")
sample(
    "topk",
    lambda make: [
        case(make(3, 40), 2),
        case(make(5, 3), 2, 0),
        case(make(3, 40), 3, 1, False),
        case(make(5), 0),
        case(make(4), 4),
    ],
    oracle="torch.topk",
    errors=[raises(RuntimeError, "k=4 is out of range for dimension 0 of size 3", array(3), 4)],
)
sample(
    "kthvalue",
    lambda make: [case(make(3, 4), 2), case(make(3, 4), 1, 0, True)],
    oracle="torch.kthvalue",
    errors=[raises(RuntimeError, "out of range 1 to 3", array(3), 0)],
)
SORTED = numpy.array([1.0, 3.0, 5.0, 7.0])
sample(
    "searchsorted",
    lambda make: [
        case(SORTED, numpy.array([[0.0, 3.0], [7.0, 8.0]])),
        case(SORTED, numpy.array([3.0, 7.0]), right=True),
        case(numpy.array([[1.0, 2.0], [3.0, 4.0]]), numpy.array([[1.5], [4.5]]), out_int32=True),
    ],
    oracle="torch.searchsorted",
    gradient=False,
    errors=[raises(RuntimeError, "one dtype", array(3), array(2, dtype="float32"))],
)
sample(
    "bucketize",
    lambda make: [case(numpy.array([[0.0, 3.0], [7.0, 8.0]]), SORTED), case(numpy.array([3.0]), SORTED, right=True)],
    oracle="torch.bucketize",
    gradient=False,
    errors=[raises(RuntimeError, "one dimension", array(3), array(2, 2))],
)
REPEATED = numpy.array([[2, 1, 2], [3, 1, 1], [2, 1, 2]])
for _name in ("unique", "unique_consecutive"):
    sample(
        _name,
        lambda make: [
            case(REPEATED),
            case(REPEATED, return_inverse=True, return_counts=True),
            case(REPEATED, dim=0, return_inverse=True),
            case(REPEATED, dim=1, return_counts=True),
        ],
        oracle=f"torch.{_name}",
        gradient=False,
    )
