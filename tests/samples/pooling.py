"""Samples of pooling."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, raises, sample


def distinct(make: Any, *shape: int) -> Any:
    """Values that lie further apart than a finite difference moves them, so that the largest stays the largest."""
    values = numpy.arange(numpy.prod(shape), dtype=numpy.float64)
    return make.random.permutation(values).reshape(shape) / 10


sample(
    "max_pool1d",
    lambda make: [
        case(distinct(make, 2, 3, 7), 2),
        case(distinct(make, 3, 7), 3, 2, 1),
        case(distinct(make, 2, 1, 9), 2, 3, 1, 2, True),
    ],
    oracle="torch.nn.functional.max_pool1d",
)
sample(
    "max_pool1d_with_indices",
    lambda make: [case(distinct(make, 2, 3, 7), 3, 2, 1)],
    oracle="torch.nn.functional.max_pool1d_with_indices",
)
sample(
    "max_pool2d",
    lambda make: [
        case(distinct(make, 2, 3, 4, 6), 2),
        case(distinct(make, 2, 2, 5, 5), 3, 2, 1, return_indices=True),
        case(distinct(make, 2, 5, 6), (2, 3), (1, 2), (1, 1), 1, True),
        case(distinct(make, 1, 1, 7, 7), 3, 1, 1, 2),
    ],
    oracle="torch.nn.functional.max_pool2d",
    errors=[
        raises(RuntimeError, r"window 3x3 is larger than the padded input 2x2", array(1, 1, 2, 2), 3),
        raises(RuntimeError, "padding must be at most half", array(1, 1, 4, 4), 2, 2, 2),
        raises(RuntimeError, "stride must be positive", array(1, 1, 4, 4), 2, 0),
        raises(RuntimeError, "kernel_size must be an integer or 2 of them", array(1, 1, 4, 4), (2, 2, 2)),
        raises(RuntimeError, "input must have 4 dimensions", array(4, 4), 2),
    ],
)
sample(
    "max_pool3d",
    lambda make: [case(distinct(make, 1, 2, 4, 4, 5), 2), case(distinct(make, 2, 3, 4, 5), 2, 1, 1, 1, True)],
    oracle="torch.nn.functional.max_pool3d",
)
INDICES = numpy.array([[[0, 3, 4]]])
PLANES = numpy.array([[[[0, 3], [9, 14]]]])
sample(
    "max_unpool1d",
    lambda make: [case(make(1, 1, 3), INDICES, 2), case(make(1, 1, 3), INDICES, 2, 2, 0, (5,))],
    oracle="torch.nn.functional.max_unpool1d",
    errors=[
        raises(RuntimeError, "must have the shape of input", array(1, 1, 2), INDICES, 2),
        raises(ValueError, "is not one that pooling maps to", array(1, 1, 3), INDICES, 2, 2, 0, (9,)),
    ],
)
sample(
    "max_unpool2d",
    lambda make: [case(make(1, 1, 2, 2), PLANES, 2), case(make(1, 2, 2), PLANES[0], (2, 2))],
    oracle="torch.nn.functional.max_unpool2d",
    errors=[raises(RuntimeError, "indices must lie in 0 to 15", array(1, 1, 2, 2), PLANES + 2, 2)],
)
sample(
    "max_unpool3d",
    lambda make: [case(make(1, 1, 1, 2, 2), PLANES[None] + 3, 2)],
    oracle="torch.nn.functional.max_unpool3d",
)
sample(
    "avg_pool1d",
    lambda make: [case(make(2, 3, 7), 2), case(make(3, 7), 3, 2, 1, True, False)],
    oracle="torch.nn.functional.avg_pool1d",
)
sample(
    "avg_pool2d",
    lambda make: [
        case(make(2, 3, 4, 6), 2),
        case(make(2, 2, 5, 5), 3, 2, 1),
        case(make(2, 5, 6), (2, 3), (2, 2), (1, 1), True, False),
        case(make(1, 1, 5, 5), 2, 3, 0, True),
        case(make(1, 1, 5, 5), 2, divisor_override=3),
    ],
    oracle="torch.nn.functional.avg_pool2d",
    errors=[
        raises(RuntimeError, "divisor_override must not be zero", array(1, 1, 4, 4), 2, divisor_override=0),
        raises(RuntimeError, "padding must be non-negative", array(1, 1, 4, 4), 2, 2, -1),
    ],
)
sample(
    "avg_pool3d",
    lambda make: [case(make(1, 2, 4, 4, 5), 2), case(make(2, 3, 4, 5), 2, 1, 1, True, False)],
    oracle="torch.nn.functional.avg_pool3d",
)
sample(
    "lp_pool1d",
    lambda make: [case(make(2, 3, 6, low=0.5, high=2), 2, 3), case(make(2, 3, 6, low=0.5, high=2), 3.0, 2, 1)],
    oracle="torch.nn.functional.lp_pool1d",
)
sample(
    "lp_pool2d",
    lambda make: [case(make(2, 3, 4, 6, low=0.5, high=2), 2.0, 2), case(make(1, 1, 5, 5, low=0.5), 1.5, 3, 2, True)],
    oracle="torch.nn.functional.lp_pool2d",
)
sample(
    "lp_pool3d",
    lambda make: [case(make(1, 2, 4, 4, 4, low=0.5, high=2), 2.0, 2)],
    oracle="torch.nn.functional.lp_pool3d",
)
sample(
    "adaptive_avg_pool1d",
    lambda make: [case(make(2, 3, 7), 3), case(make(3, 6), 2), case(make(2, 1, 2), 5)],
    oracle="torch.nn.functional.adaptive_avg_pool1d",
    errors=[raises(RuntimeError, "output_size must not be negative", array(1, 1, 3), -1)],
)
sample(
    "adaptive_avg_pool2d",
    lambda make: [
        case(make(2, 3, 5, 6), 1),
        case(make(2, 3, 5, 7), (2, 3)),
        case(make(2, 5, 7), (None, 4)),
        case(make(1, 1, 4, 6), (2, 3)),
    ],
    oracle="torch.nn.functional.adaptive_avg_pool2d",
    errors=[
        raises(RuntimeError, "an integer or 2 of them", array(1, 1, 3, 3), (1, 1, 1)),
        raises(ValueError, "input must have 4 dimensions", array(3, 3), 1),
        raises(RuntimeError, "floating point", array(1, 1, 3, 3, dtype="int64"), 1),
    ],
)
sample(
    "adaptive_avg_pool3d",
    lambda make: [case(make(1, 2, 3, 4, 5), (2, 2, 3))],
    oracle="torch.nn.functional.adaptive_avg_pool3d",
)
sample(
    "adaptive_max_pool1d",
    lambda make: [case(distinct(make, 2, 3, 7), 3), case(distinct(make, 3, 7), 2, True)],
    oracle="torch.nn.functional.adaptive_max_pool1d",
)
sample(
    "adaptive_max_pool1d_with_indices",
    lambda make: [case(distinct(make, 2, 3, 7), 3)],
    oracle="torch.nn.functional.adaptive_max_pool1d_with_indices",
)
sample(
    "adaptive_max_pool2d",
    lambda make: [
        case(distinct(make, 2, 3, 5, 7), (2, 3), return_indices=True),
        case(distinct(make, 2, 5, 7), (None, 1)),
    ],
    oracle="torch.nn.functional.adaptive_max_pool2d",
)
sample(
    "adaptive_max_pool3d",
    lambda make: [case(distinct(make, 1, 2, 3, 4, 5), (2, 2, 3))],
    oracle="torch.nn.functional.adaptive_max_pool3d",
)
