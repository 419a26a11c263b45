"""Samples of indexing, gathering and scattering."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, raises, sample

ROWS = numpy.array([[0, 2], [1, 0]])
MASK = numpy.array([[True, False, True], [False, False, True]])

sample(
    "__getitem__",
    lambda make: [
        case(make(3, 4), 1),
        case(make(3, 4), (slice(None), -1)),
        case(make(3, 4), (slice(0, 3, 2), None, Ellipsis, slice(1, None))),
        case(make(2, 3), MASK),
        case(make(3, 4), numpy.array([0, 2, 0])),
        case(make(3, 4), ([0, 2, 0], [1, 1, 1])),
        case(make(2, 3, 4), (0, slice(None), numpy.array([0, 3, 3]))),
        case(make(2, 3, 4), (numpy.array([1, 0]), slice(None), numpy.array([0, 3]))),
        case(make(3, 4), (ROWS, None)),
        case(make(3), True),
        case(make(3), False),
        case(make(3, 4), (slice(1, 1),)),
        case(make(), Ellipsis),
    ],
    oracle="torch.Tensor.__getitem__",
    errors=[
        raises(IndexError, "index 3 is out of bounds for axis 0 with size 3", array(3), 3),
        raises(IndexError, "too many indices", array(3), (0, 0)),
        raises(ValueError, "step must be positive", array(3), slice(None, None, -1)),
        raises(IndexError, r"mask of shape \(2, 3\) does not fit", array(3, 2), MASK),
        raises(IndexError, "integer or bool", array(3), array(2)),
    ],
)


def _index(make: Any, *shape: int, high: int) -> Any:
    return make(*shape, low=0, high=high, dtype="int64")


sample(
    "gather",
    lambda make: [
        case(make(3, 4), 1, _index(make, 3, 2, high=4)),
        case(make(3, 4), 0, _index(make, 5, 2, high=3)),
        case(make(3, 4), -1, _index(make, 3, 1, high=4)),
        case(make(3), 0, numpy.array([1, 1, 1])),
        case(make(), 0, numpy.array(0)),
    ],
    oracle="torch.gather",
    errors=[
        raises(RuntimeError, "index 3 is out of range for dimension 0 of size 3", array(3), 0, numpy.array([3])),
        raises(RuntimeError, "as many dimensions", array(3, 3), 0, numpy.array([0])),
        raises(RuntimeError, "integers", array(3), 0, array(1)),
    ],
)
sample(
    "scatter",
    lambda make: [
        case(make(3, 4), 1, numpy.array([[0, 2], [1, 3], [3, 0]]), make(3, 2)),
        case(make(3, 4), 0, numpy.array([[2, 0]]), make(1, 2)),
        case(make(3, 4), 1, numpy.array([[0], [1], [1]]), 2.5),
    ],
    oracle="torch.scatter",
    errors=[
        raises(RuntimeError, "out of range", array(3), 0, numpy.array([-1]), 1.0),
        raises(RuntimeError, "float32 cannot go into", array(3), 0, numpy.array([0]), array(1, dtype="float32")),
    ],
)
sample(
    "scatter_add",
    lambda make: [
        case(make(3, 4), 1, numpy.array([[0, 2, 0], [1, 1, 1], [3, 0, 3]]), make(3, 3)),
        case(make(3), 0, numpy.array([1, 1, 1, 0]), make(4)),
    ],
    oracle="torch.scatter_add",
    errors=[raises(RuntimeError, "no element for every one", array(3), 0, numpy.array([0, 1]), array(1))],
)
REDUCTIONS = ("sum", "mean", "prod", "amax", "amin")
sample(
    "scatter_reduce",
    lambda make: [
        case(make(4), 0, numpy.array([1, 1, 0, 3, 1]), make(5), reduce, include_self=include)
        for reduce in REDUCTIONS
        for include in (True, False)
    ],
    oracle="torch.scatter_reduce",
    errors=[raises(RuntimeError, "reduce is 'sum'", array(3), 0, numpy.array([0]), array(1), "no")],
)
sample(
    "index_select",
    lambda make: [
        case(make(3, 4), 0, numpy.array([2, 0, 2])),
        case(make(3, 4), -1, numpy.array([], dtype="int64")),
        case(make(), 0, numpy.array([0])),
    ],
    oracle="torch.index_select",
    errors=[
        raises(IndexError, "index 3 is out of range for dimension 0 of size 3", array(3), 0, numpy.array([3])),
        raises(IndexError, "must be a vector", array(3), 0, ROWS),
    ],
)
sample(
    "index_add",
    lambda make: [
        case(make(3, 4), 0, numpy.array([2, 0, 2]), make(3, 4)),
        case(make(3, 4), 1, numpy.array([1]), make(3, 1), alpha=2),
    ],
    oracle="torch.index_add",
    errors=[raises(RuntimeError, "expected", array(3), 0, numpy.array([0, 1]), array(3))],
)
sample("index_copy", lambda make: [case(make(3, 4), 1, numpy.array([2, 0]), make(3, 2))], oracle="torch.index_copy")
sample(
    "index_fill",
    lambda make: [case(make(3, 4), 1, numpy.array([2, 0, 2]), 1.5), case(make(3), 0, numpy.array([1, 1]), make())],
    oracle="torch.index_fill",
    errors=[raises(RuntimeError, "without dimensions as value", array(3), 0, numpy.array([0]), array(1))],
)
sample(
    "index_reduce",
    lambda make: [case(make(3, 2), 0, numpy.array([2, 0, 2]), make(3, 2), reduce) for reduce in REDUCTIONS[1:]],
    oracle="torch.index_reduce",
)
sample(
    "index_put",
    lambda make: [
        case(make(3, 4), (numpy.array([0, 2]), numpy.array([1, 1])), make(2)),
        case(make(3, 4), (numpy.array([0, 2]),), make(4)),
        case(make(2, 3), (MASK,), make()),
        case(make(3), (numpy.array([0, 0, 2]),), make(3), True),
    ],
    oracle="torch.index_put",
    errors=[raises(RuntimeError, r"elements to be set have shape \(2,\)", array(3), (numpy.array([0, 1]),), array(3))],
)
sample(
    "masked_select",
    lambda make: [case(make(2, 3), MASK), case(make(3), MASK), case(make(), numpy.array(True))],
    oracle="torch.masked_select",
    errors=[raises(RuntimeError, "torch.bool", array(3), array(3))],
)
sample(
    "masked_scatter",
    lambda make: [case(make(2, 3), MASK, make(5)), case(make(3), MASK, make(3))],
    oracle="torch.masked_scatter",
    errors=[raises(RuntimeError, "3 elements to be set, source only 2", array(2, 3), MASK, array(2))],
)
sample(
    "take",
    lambda make: [case(make(2, 3), ROWS), case(make(2, 3), numpy.array([-1, 5, 5]))],
    oracle="torch.take",
    errors=[raises(IndexError, "out of range for 3 elements", array(3), numpy.array([3]))],
)
sample(
    "take_along_dim",
    lambda make: [
        case(make(2, 3), ROWS, 1),
        case(make(2, 3), numpy.array([[1]]), 0),
        case(make(2, 3), numpy.array([4])),
    ],
    oracle="torch.take_along_dim",
)
sample(
    "put",
    lambda make: [
        case(make(2, 3), numpy.array([0, 5]), make(2)),
        case(make(2, 3), numpy.array([1, 1]), make(2), True),
    ],
    oracle="torch.Tensor.put",
    errors=[raises(RuntimeError, "must be as many", array(3), numpy.array([0, 1]), array(1))],
)
for _name in ("nonzero", "argwhere"):
    sample(
        _name,
        lambda make: [case(make(3, 4, low=0, high=2, dtype="int64")), case(make(3)), case(numpy.array(2))],
        oracle=f"torch.{_name}",
        gradient=False,
    )
sample(
    "unravel_index",
    lambda make: [case(numpy.array([[5, 1], [0, 3]]), (2, 3))],
    oracle="torch.unravel_index",
    gradient=False,
)
sample("select_scatter", lambda make: [case(make(3, 4), make(3), 1, -1)], oracle="torch.select_scatter")
sample("slice_scatter", lambda make: [case(make(3, 4), make(3, 2), 1, 0, 4, 2)], oracle="torch.slice_scatter")
sample(
    "nn.functional.one_hot",
    lambda make: [case(numpy.array([[0, 2], [1, 0]])), case(numpy.array([1]), 4)],
    oracle="torch.nn.functional.one_hot",
    gradient=False,
    errors=[
        raises(RuntimeError, "more than num_classes=2", numpy.array([2]), 2),
        raises(RuntimeError, "must not be negative", numpy.array([-1])),
    ],
)
