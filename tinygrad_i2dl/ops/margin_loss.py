"""Losses that ask for a margin: between classes, between a pair of inputs, or between near and far samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ._define import composite
from .activation import logsigmoid, relu
from .comparison import minimum
from .distance import pairwise_distance
from .indexing import gather_along
from .loss import legacy_reduction, pick_class, reduced
from .movement import reshape_to
from .pointwise import sqrt
from .reduction import sum_over

__all__: list[str] = []

Array = Any


@composite
def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``input`` where the target is 1, ``max(0, margin - input)`` where it is -1."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    return reduced(relu(margin - input) * (target != 1) + input * (target != -1), reduction)


@composite
def soft_margin_loss(
    input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Any:
    """Logistic loss ``log(1 + exp(-target * input))`` for targets 1 and -1."""
    return reduced(-logsigmoid(target * input), legacy_reduction(size_average, reduce, reduction))


@composite
def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, -target (input1 - input2) + margin)``: a target of 1 asks for ``input1 > input2``, -1 for the contrary.

    Raises:
        RuntimeError: the numbers of dimensions differ.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        shapes = ", ".join(str(tuple(each.shape)) for each in (input1, input2, target))
        raise RuntimeError(
            f"margin_ranking_loss() expected three tensors with the same number of dimensions, got shapes {shapes}"
        )
    return reduced(relu(-target * (input1 - input2) + margin), reduction)


@composite
def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``1 - cos`` where the target is 1, ``max(0, cos - margin)`` where it is -1, of the angle between the rows of the
    inputs.

    Args:
        input1, input2: ``(N, D)`` or ``(D,)``.
        target: ``(N,)`` or without dimensions.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if target.ndim not in (0, 1) or not input1.ndim == input2.ndim == target.ndim + 1:
        shapes = ", ".join(str(tuple(each.shape)) for each in (input1, input2, target))
        raise RuntimeError(f"cosine_embedding_loss() expected shapes (N, D), (N, D), (N) or (D), (D), (), got {shapes}")
    last = (target.ndim,)
    squares = (sum_over(input1 * input1, last, False) + 1e-12) * (sum_over(input2 * input2, last, False) + 1e-12)
    cosine = sum_over(input1 * input2, last, False) / sqrt(squares)
    return reduced((1 - cosine) * (target == 1) + relu(cosine - margin) * (target == -1), reduction)


# ---------------------------------------------------------------- classes


@composite
def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Hinge loss of several classes: ``sum over j != t of max(0, margin - x[t] + x[j])^p / C``, times the weight of
    class t.

    Args:
        input: scores ``(N, C)`` or ``(C,)``.
        target: class indices ``(N,)`` or without dimensions.
        p: 1 or 2.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss() expected p to be 1 or 2, got {p}")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"multi_margin_loss() expected weight of one dimension, got shape {tuple(weight.shape)}")
    if (
        input.ndim not in (0, 1, 2)
        or (input.ndim == 2 and not input.shape[1])
        or (input.ndim == 1 and not input.shape[0])
    ):
        raise RuntimeError(f"multi_margin_loss() expected scores of shape (N, C) or (C), got {tuple(input.shape)}")
    samples, classes = (1, input._array.size) if input.ndim < 2 else tuple(input.shape)
    if target._array.size != samples or target.ndim > 1:
        raise RuntimeError(f"multi_margin_loss() expected {samples} targets, got shape {tuple(target.shape)}")
    if weight is not None and weight.shape[0] != classes:
        raise RuntimeError(
            f"multi_margin_loss() expected a weight for each of the {classes} classes, got {weight.shape[0]}"
        )
    index = target._array.astype(numpy.int64).reshape(samples)
    if index.size and not (0 <= index.min() and index.max() < classes):
        raise RuntimeError(
            f"multi_margin_loss() expected class indices from 0 to {classes - 1}, got {index.min()} to {index.max()}"
        )
    scores = reshape_to(input, (samples, classes))
    xp = namespace_of(type(input._array))
    others = xp.ones((samples, classes), dtype=input._array.dtype)
    others[xp.arange(samples), index] = 0
    excess = relu(scores - reshape_to(pick_class(scores, index), (samples, 1)) + margin) * others
    loss = sum_over(excess if p == 1 else excess * excess, (1,), False) / classes
    if weight is not None:
        loss = loss * weight._array[index]
    return reduced(reshape_to(loss, tuple(target.shape)) if input.ndim < 2 else loss, reduction)


@composite
def multilabel_margin_loss(
    input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Any:
    """Hinge loss of samples of several classes: ``sum over labels j and other classes i of max(0, 1 - x[j] + x[i])``,
    divided by C.

    Args:
        input: scores ``(N, C)`` or ``(C,)``.
        target: of the same shape: labels first, ended by -1 unless there are C.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if input.ndim > 2 or (input.ndim and not input.shape[-1]) or tuple(input.shape) != tuple(target.shape):
        raise RuntimeError(
            f"multilabel_margin_loss() expected scores and targets of one shape (N, C) or (C), got "
            f"{tuple(input.shape)} and {tuple(target.shape)}"
        )
    classes = input.shape[-1] if input.ndim else 1
    labels = target._array.astype(numpy.int64).reshape(-1, classes)
    samples = len(labels)
    xp = namespace_of(type(labels))
    given = xp.cumsum(labels < 0, axis=1) == 0  # what stands before the first negative label
    if (labels[given] >= classes).any():
        raise RuntimeError(f"multilabel_margin_loss() expected labels below {classes}, got {labels.max()}")
    index = xp.where(given, labels, 0)
    is_label = xp.zeros((samples, classes), dtype=bool)
    row, place = xp.nonzero(given)
    is_label[row, index[row, place]] = True
    scores = reshape_to(input, (samples, classes))
    of_labels = gather_along(scores, 1, index)
    excess = relu(1 - reshape_to(of_labels, (samples, classes, 1)) + reshape_to(scores, (samples, 1, classes)))
    counted = (given[:, :, None] & ~is_label[:, None, :]).astype(input._array.dtype)
    loss = sum_over(excess * counted, (1, 2), False) / classes
    return reduced(loss if input.ndim == 2 else reshape_to(loss, ()), reduction)


@composite
def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Mean over the classes (the last dimension) of the logistic losses of targets 0 and 1, weighted by `weight`."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduced(sum_over(loss, (input.ndim - 1,), False) / input.shape[-1], reduction)


# ---------------------------------------------------------------- triplets


@composite
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, d(anchor, positive) - d(anchor, negative) + margin)`` with the p-norm of the difference as distance.

    Args:
        swap: take the distance of `positive` and `negative` where that is smaller (V. Balntas et al., 2016).

    Raises:
        ValueError: `margin` is not positive.
        RuntimeError: the numbers of dimensions differ.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    return _triplet(anchor, positive, negative, lambda a, b: pairwise_distance(a, b, p, eps), margin, swap, reduction)


@composite
def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """`triplet_margin_loss` with a distance of one's own, a function of two tensors (None: `pairwise_distance`)."""
    reduction = legacy_reduction(None, None, reduction)
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction)


def _triplet(
    anchor: Any,
    positive: Any,
    negative: Any,
    distance: Callable[[Any, Any], Any],
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss() expected margin > 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        shapes = ", ".join(str(tuple(each.shape)) for each in (anchor, positive, negative))
        raise RuntimeError(
            f"triplet_margin_loss() expected three tensors with the same number of dimensions, got shapes {shapes}"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(relu(near - far + margin), reduction)
