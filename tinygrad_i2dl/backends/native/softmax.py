"""Softmax and its logarithm along the last dimension, and attention's softmax with a mask, in C++."""

from __future__ import annotations

from typing import Any

import numpy

from .extension import direct_kernels, native, refusal_of_plain

Array = Any

NAMES = ("softmax_along", "log_softmax_along", "softmax_backward", "log_softmax_backward")


def attention_weights(scores: Array, mask: Array) -> Array:
    """Softmax of the last dimension of `scores` (..., queries, keys) over the keys that `mask` lets through.

    `mask` broadcasts to the scores: bools, or numbers that are added. Rows without a key are left to the reference.

    >>> import numpy
    >>> result = attention_weights(numpy.zeros((1, 2)), numpy.array([[True, False]]))
    >>> result is NotImplemented or result.tolist() == [[1.0, 0.0]]
    True
    """
    if native is None or scores.dtype.kind != "f" or scores.dtype.itemsize < 4 or not scores.size:
        return NotImplemented
    if mask.dtype.kind == "b":
        masked = numpy.where(mask, scores, scores.dtype.type(-numpy.inf))
    else:
        masked = scores + mask.astype(scores.dtype, copy=False)
    result = native.softmax_along(masked, -1)
    if result is NotImplemented or numpy.isnan(result[..., 0]).any():  # not a number where no key takes part
        return NotImplemented
    return result


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel here returns NotImplemented for these arguments; None if unknown."""
    if operation in NAMES and arguments[-1] not in (-1, arguments[0].ndim - 1):
        return "not along the last dimension"
    return refusal_of_plain(operation, *arguments)


KERNELS: dict[str, Any] = {**direct_kernels(NAMES), "attention_weights": attention_weights}
