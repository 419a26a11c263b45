"""Samples of conversions and copies."""

from __future__ import annotations

import numpy

from . import array, case, raises, sample

sample("contiguous", lambda make: [case(make(3, 4)), case(make(4, 3).T)], oracle="torch.Tensor.contiguous")
sample("transfer", lambda make: [case(make(3, 4), "cpu", "cpu")], oracle=lambda input, target, source: input)
sample(
    "reinterpret",
    lambda make: [case(make(3, low=-9, high=9, dtype="int64"), numpy.dtype("uint8"))],
    oracle=lambda input, dtype: input.view(dtype),
    gradient=False,
    errors=[raises(RuntimeError, "without dimensions", array(dtype="int64"), numpy.dtype("uint8"))],
)
