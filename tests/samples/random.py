"""Samples of random operations on tensors; `tests/ops/test_random.py` compares the numbers themselves with
PyTorch's."""

from __future__ import annotations

import numpy

from . import case, sample

sample(
    "draw",
    lambda make: [case(make(3, 4), lambda array: array * 0 + 0.5), case(make(0), lambda array: array)],
    oracle=lambda input, draw: draw(input),
    gradient=False,
)
sample(
    "refill", lambda make: [case(make(3, 4), numpy.ones((3, 4)))], oracle=lambda input, values: values, gradient=False
)
