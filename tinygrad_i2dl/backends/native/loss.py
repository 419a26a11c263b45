"""Cross-entropy of class indices in C++."""

from __future__ import annotations

from typing import Any

import numpy

from .extension import native, refusal_of_plain

Array = Any


def cross_entropy_of_indices(input: Array, targets: Any, reduction: str, saved: list[Any]) -> Array:
    """``-log softmax(input)`` at the target classes, weighted and reduced; `saved` receives what the gradient needs.

    `input` is (N, C); `targets` holds ``index`` (N,), ``coefficient`` (N,) or None, and ``total``, as the reference's.
    """
    made = NotImplemented if native is None else native.cross_entropy(input, targets.index)
    if made is NotImplemented:
        return NotImplemented
    loss, exponentials, sums = made
    saved[:] = exponentials, sums
    targets.weigh(loss)
    if reduction == "none":
        return loss
    total = loss.sum()
    return total if reduction == "sum" else total / loss.dtype.type(targets.total)


def cross_entropy_backward(g: Array, input: Array, targets: Any, reduction: str, saved: list[Any]) -> Array:
    """The gradient of `cross_entropy_of_indices` by its input."""
    if native is None or input.dtype != saved[0].dtype:
        return NotImplemented
    exponentials, sums = saved
    if reduction == "mean":
        g = g / sums.dtype.type(targets.total)
    if targets.coefficient is not None:
        g = targets.coefficient * g
    return native.cross_entropy_backward(numpy.asarray(g), exponentials, sums, targets.index)


refusal = refusal_of_plain
KERNELS: dict[str, Any] = {
    "cross_entropy_of_indices": cross_entropy_of_indices,
    "cross_entropy_backward": cross_entropy_backward,
}
