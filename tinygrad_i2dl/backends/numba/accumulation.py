"""Running sums along any dimension, and their gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy

from .serving import Loops, limits, plain

Array = Any

loops = Loops("accumulation")


def _run(input: Array, dim: int, backwards: bool) -> Array:
    if not -input.ndim <= dim < input.ndim or input.size < limits.pointwise or not input.size or not plain(input):
        return NotImplemented
    axis = dim % input.ndim
    form = (-1, input.shape[axis], math.prod(input.shape[axis + 1 :]))
    result = numpy.empty(input.shape, input.dtype)
    loops.running_sum[input.dtype](input.reshape(form), result.reshape(form), int(backwards))
    return result


def running_sum(input: Array, dim: int) -> Array:
    """Sums of all elements up to each one along `dim`."""
    return _run(input, dim, False)


def running_sum_back(input: Array, dim: int) -> Array:
    """Sums of all elements from each one on along `dim`."""
    return _run(input, dim, True)


KERNELS = {kernel.__name__: kernel for kernel in (running_sum, running_sum_back)}
