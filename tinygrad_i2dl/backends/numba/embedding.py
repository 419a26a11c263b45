"""Gradients of looking up: rows and elements added at the places that an index names."""

from __future__ import annotations

import math
from typing import Any

import numpy

from .serving import Loops, dense, limits, plain

Array = Any
Shape = tuple[int, ...]

loops = Loops("embedding")


def _summed(rows: Array, index: Array, shape: Shape) -> Array:
    """Zeros of `shape` to which each of `rows` is added at its place along the first dimension."""
    width = math.prod(shape[1:])
    if (
        rows.size < limits.adding
        or not rows.size
        or width < 2  # NumPy counts single elements, in float64
        or not plain(rows := dense(rows))
        or index.dtype != numpy.int64
        or rows.size != index.size * width
    ):
        return NotImplemented
    result = numpy.zeros(shape, rows.dtype)
    places = numpy.ascontiguousarray(index).reshape(-1)
    if not loops.add_rows[rows.dtype](rows.reshape(-1, width), places, result.reshape(-1, width)):
        return NotImplemented  # the reference kernel's error says which index
    return result


def add_rows(input: Array, index: Array, count: int) -> Array:
    """Table of `count` rows to whose row ``index[i]`` row ``input[i]`` is added, all others zero."""
    return _summed(input, index, (count, *input.shape[index.ndim :]))


def add_at_zeros(input: Array, index: tuple[Any, ...], shape: Shape) -> Array:
    """Zeros of `shape` to which `input` is added at an advanced index; served where the index is one array."""
    if len(index) != 1 or not isinstance(index[0], numpy.ndarray) or not shape:
        return NotImplemented
    return _summed(input, index[0], shape)


def add_slices(input: Array, dim: int, index: Array, shape: Shape) -> Array:
    """Zeros of `shape` to which slices are added at `index`; served along the first dimension."""
    if dim or not shape or not input.ndim:
        return NotImplemented
    return _summed(input, index, shape)


def add_along_zeros(input: Array, dim: int, index: Array, shape: Shape) -> Array:
    """Zeros of `shape` to which `input` is added at `index` along `dim`."""
    if (
        not shape
        or input.size < limits.adding
        or not input.size
        or not plain(input := dense(input))
        or index.dtype != numpy.int64
        or input.shape != index.shape
        or input.shape[:dim] != shape[:dim]
        or input.shape[dim + 1 :] != shape[dim + 1 :]
    ):
        return NotImplemented
    outer, inner = math.prod(shape[:dim]), math.prod(shape[dim + 1 :])
    result = numpy.zeros(shape, input.dtype)
    form = (outer, -1, inner)
    places = numpy.ascontiguousarray(index).reshape(form)
    if not loops.add_along[input.dtype](input.reshape(form), places, result.reshape(outer, shape[dim], inner)):
        return NotImplemented
    return result


KERNELS = {kernel.__name__: kernel for kernel in (add_rows, add_at_zeros, add_slices, add_along_zeros)}
