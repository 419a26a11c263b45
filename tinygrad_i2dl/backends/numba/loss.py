"""Losses: squared error, two classes from a score, and classes from scores with the gradient by them."""

from __future__ import annotations

from typing import Any

import numpy

from .serving import Loops, alike, limits, plain

Array = Any

loops = Loops("loss")


def _reduced(name: str, input: Array, target: Array, reduction: str) -> Array:
    """A scalar of the input's dtype: the sum that a loop computes, or the mean."""
    total = numpy.empty(1)
    getattr(loops, name)[input.dtype](input.reshape(-1), target.reshape(-1), total)
    return input.dtype.type(total[0] / input.size if reduction == "mean" else total[0])


def squared_error(input: Array, target: Array, reduction: str) -> Array:
    """``(input - target) ** 2``, reduced to its sum or mean."""
    if input.size < limits.simple or not input.size or reduction == "none" or not alike(input, target):
        return NotImplemented
    return _reduced("squared_error_sum", input, target, reduction)


def logistic_loss(input: Array, target: Array, reduction: str) -> Array:
    """``log(1 + exp(input)) - input * target``, reduced."""
    if input.size < limits.pointwise or not input.size or not alike(input, target):
        return NotImplemented
    if reduction != "none":
        return _reduced("logistic_loss_sum", input, target, reduction)
    result = numpy.empty(input.shape, input.dtype)
    loops.logistic_loss[input.dtype](input.reshape(-1), target.reshape(-1), result.reshape(-1))
    return result


def cross_entropy_of_indices(input: Array, targets: Any, reduction: str, saved: list[Any]) -> Array:
    """``-log softmax(input)`` at the target classes, weighted and reduced; saves the exponentials and their sums."""
    if input.ndim != 2 or input.size < limits.rows or not input.size or not plain(input):
        return NotImplemented
    rows = len(input)
    exponentials, sums, loss = numpy.empty_like(input), numpy.empty(rows, input.dtype), numpy.empty(rows, input.dtype)
    index = numpy.ascontiguousarray(targets.index)
    loops.cross_entropy[input.dtype](input, index, exponentials, sums, loss)
    saved[:] = exponentials, sums
    targets.weigh(loss)
    if reduction == "none":
        return loss
    total = loss.sum()
    return total if reduction == "sum" else total / loss.dtype.type(targets.total)


def cross_entropy_backward(g: Array, input: Array, targets: Any, reduction: str, saved: list[Any]) -> Array:
    """``(softmax(input) - one_hot(target)) * coefficient * g``."""
    if input.ndim != 2 or input.size < limits.rows or not input.size or len(saved) != 2:
        return NotImplemented
    exponentials, sums = saved
    if not alike(input, exponentials) or g.dtype != input.dtype or sums.dtype != input.dtype:
        return NotImplemented
    if reduction == "mean":
        g = g / sums.dtype.type(targets.total)
    if targets.coefficient is not None:
        g = targets.coefficient * g
    slopes = numpy.empty(len(input), input.dtype)
    slopes[...] = g
    result = numpy.empty(input.shape, input.dtype)
    loops.cross_entropy_backward[input.dtype](
        exponentials, numpy.ascontiguousarray(sums), numpy.ascontiguousarray(targets.index), slopes, result
    )
    return result


KERNELS = {
    kernel.__name__: kernel
    for kernel in (squared_error, logistic_loss, cross_entropy_of_indices, cross_entropy_backward)
}
