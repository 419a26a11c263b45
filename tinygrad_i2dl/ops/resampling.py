"""Resampling along one dimension: each element of the result is a weighted sum of a few elements of the input.

Padding by reflection, interpolation and adaptive averaging are all of this form, with other positions and weights. The
map is linear and the two primitives are each other's adjoints, so every order of differentiation stays between them. A
product with a matrix of weights would be shorter, but a single NaN or infinity would spread by ``0 * nan`` over
everything.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy

from ._define import primitive
from .memory_order import contiguous
from .precision import half_as_single

Array = Any

__all__: list[str] = []


class Taps:
    """Which elements of a dimension of `size` make each element of the result, and with which weights.

    index: ``(taps, out)`` positions. weights: ``(taps, out)`` or None where there is one tap of weight 1.
    """

    __slots__ = ("__dict__", "index", "size", "weights")

    def __init__(self, index: numpy.ndarray, weights: numpy.ndarray | None, size: int) -> None:
        self.index = index
        self.weights = weights
        self.size = size

    @functools.cached_property
    def sources(self) -> list[Any]:
        """Per tap the positions to read, as a slice where they are evenly spaced."""
        return [evenly_spaced(row) for row in self.index]

    @functools.cached_property
    def rounds(self) -> list[list[tuple[Any, Any]]]:
        """Per tap what the adjoint adds: (positions added to, elements of the result that are added), no position twice
        in one."""
        plan = []
        for row in self.index:
            order = numpy.argsort(row, kind="stable")
            ordered = row[order]
            starts = numpy.flatnonzero(numpy.r_[True, ordered[1:] != ordered[:-1]]) if len(row) else order
            nth = numpy.arange(len(row)) - numpy.repeat(starts, numpy.diff(numpy.r_[starts, len(row)]))
            steps = []
            for occurrence in range(int(nth.max()) + 1 if len(row) else 0):
                chosen = numpy.sort(order[nth == occurrence])
                steps.append((evenly_spaced(row[chosen]), evenly_spaced(chosen)))
            plan.append(steps)
        return plan


def evenly_spaced(positions: numpy.ndarray) -> Any:
    """`positions` as a slice if that is possible, which NumPy reads several times faster."""
    if len(positions) == 0:
        return slice(0, 0)
    if len(positions) == 1:
        return slice(int(positions[0]), int(positions[0]) + 1)
    step = int(positions[1] - positions[0])
    if step > 0 and bool((numpy.diff(positions) == step).all()):
        return slice(int(positions[0]), int(positions[-1]) + 1, step)
    return positions


def at(xp: Any, dim: int, positions: Any) -> tuple[Any, ...]:
    """Index of `positions` along `dim`."""
    return (slice(None),) * dim + (positions if isinstance(positions, slice) else xp.asarray(positions),)


@primitive("input")
@contiguous
@half_as_single
def resample(xp: Any, input: Array, dim: int, taps: Taps) -> Array:
    """Sum over the taps of ``weights * input[index]`` along the dimension `dim`, counted from the front."""
    if taps.weights is None:
        source = taps.sources[0]
        return (
            input[at(xp, dim, source)].copy()
            if isinstance(source, slice)
            else xp.take(input, xp.asarray(source), axis=dim)
        )
    column = (1,) * dim + (-1,) + (1,) * (input.ndim - dim - 1)
    result: Array = None
    for source, weights in zip(taps.sources, taps.weights, strict=True):
        part = input[at(xp, dim, source)] * xp.asarray(weights.astype(input.dtype)).reshape(column)
        if result is None:
            result = part
        else:
            result += part
    return result


@primitive("grad")
@half_as_single
def resample_adjoint(xp: Any, grad: Array, dim: int, taps: Taps) -> Array:
    """The adjoint of `resample`: each element of `grad` is added, with the weights, to the positions that made it."""
    column = (1,) * dim + (-1,) + (1,) * (grad.ndim - dim - 1)
    result = xp.zeros((*grad.shape[:dim], taps.size, *grad.shape[dim + 1 :]), dtype=grad.dtype)
    for tap, steps in enumerate(taps.rounds):
        share = grad
        if taps.weights is not None:
            share = grad * xp.asarray(taps.weights[tap].astype(grad.dtype)).reshape(column)
        for targets, elements in steps:
            result[at(xp, dim, targets)] += share[at(xp, dim, elements)]
    return result


resample.gradient(lambda g, dim, taps: resample_adjoint(g, dim, taps))
resample_adjoint.gradient(lambda g, dim, taps: resample(g, dim, taps))
