"""Softmax and its logarithm along any dimension, their gradients, and attention's softmax with a mask."""

from __future__ import annotations

import math
from typing import Any

import numpy

from .serving import Loops, alike, dense, limits, plain

Array = Any

loops = Loops("softmax")


def _run(name: str, arrays: tuple[Array, ...], dim: int) -> Array:
    first = arrays[0]
    if not -first.ndim <= dim < first.ndim or first.size < limits.rows or not first.size or not alike(*arrays):
        return NotImplemented
    axis = dim % first.ndim
    result = numpy.empty(first.shape, first.dtype)
    length, inner = first.shape[axis], math.prod(first.shape[axis + 1 :])
    if inner == 1:
        rows = [array.reshape(-1, length) for array in (*arrays, result)]
        getattr(loops, f"{name}_rows")[first.dtype](*rows)
    else:
        highest, total = numpy.empty((2, inner), first.dtype)
        blocks = [array.reshape(-1, length, inner) for array in (*arrays, result)]
        getattr(loops, f"{name}_columns")[first.dtype](*blocks, highest, total)
    return result


def softmax_along(input: Array, dim: int) -> Array:
    """``exp(input)`` scaled to sum 1 along `dim`."""
    return _run("softmax", (input,), dim)


def softmax_backward(g: Array, out: Array, dim: int) -> Array:
    """``out * (g - sum(g * out))``, the sum along `dim`."""
    return NotImplemented if g.size < limits.rows else _run("softmax_backward", (dense(g), out), dim)


def log_softmax_along(input: Array, dim: int) -> Array:
    """``input - log(sum(exp(input)))`` along `dim`."""
    return _run("log_softmax", (input,), dim)


def log_softmax_backward(g: Array, out: Array, dim: int) -> Array:
    """``g - exp(out) * sum(g)``, the sum along `dim`."""
    return NotImplemented if g.size < limits.rows else _run("log_softmax_backward", (dense(g), out), dim)


def attention_weights(scores: Array, mask: Array) -> Array:
    """Softmax of the last dimension over the keys that `mask` lets through; zeros where it lets none through."""
    if (
        scores.size < limits.rows
        or not scores.size
        or not plain(scores)
        or not mask.ndim
        or mask.ndim > scores.ndim
        or mask.shape[-1] != scores.shape[-1]
        or mask.dtype not in (scores.dtype, numpy.bool_)
    ):
        return NotImplemented
    keys = scores.shape[-1]
    mask = numpy.require(mask, requirements=("C", "A"))
    rows = mask.reshape(-1, keys)
    places = numpy.arange(len(rows)).reshape(mask.shape[:-1])
    try:
        places = numpy.broadcast_to(places, scores.shape[:-1])
    except ValueError:
        return NotImplemented
    result = numpy.empty(scores.shape, scores.dtype)
    fill = loops.masked_softmax if mask.dtype == numpy.bool_ else loops.shifted_softmax
    fill[scores.dtype](
        scores.reshape(-1, keys), rows, numpy.ascontiguousarray(places).reshape(-1), result.reshape(-1, keys)
    )
    return result


KERNELS = {
    kernel.__name__: kernel
    for kernel in (softmax_along, softmax_backward, log_softmax_along, log_softmax_backward, attention_weights)
}
