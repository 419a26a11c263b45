"""Loss functions: how far a network's output is from what it should be.

``reduction`` is "mean", "sum" or "none" (a loss for each element or sample); the parameters ``size_average`` and
``reduce`` of PyTorch's early versions are still read.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..engine.mode import state
from ..errors import DtypeError
from ..tensors import make
from ._define import composite, node_of, primitive
from .activation import limit, log_softmax_along, logsigmoid, refuse_integers, relu, softmax_along
from .comparison import where
from .movement import expand_view, reshape_to, wrap_dims
from .pointwise import exp, log, sigmoid, sign, xlogy
from .precision import half_as_single, positive_part
from .reduction import mean_over, sum_over
from .row_reduction import exponentials

__all__: list[str] = []

Array = Any


# ---------------------------------------------------------------- reductions


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that the old parameters ask for; `reduction` where they are None.

    Raises:
        ValueError: the reduction is not one of "none", "mean" and "sum".
    """
    if size_average is not None or reduce is not None:
        average = size_average is None or size_average
        reduction = "none" if reduce is not None and not reduce else "mean" if average else "sum"
        warnings.warn(f"size_average and reduce are deprecated: use reduction={reduction!r}", stacklevel=4)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"expected reduction 'none', 'mean' or 'sum', got {reduction!r}")
    return reduction


def reduced(loss: Any, reduction: str) -> Any:
    """Mean or sum of all elements, or the elements themselves."""
    if reduction == "none":
        return loss
    return (mean_over if reduction == "mean" else sum_over)(loss, wrap_dims(None, loss.ndim), False)


def reduced_array(array: Array, reduction: str) -> Array:
    """`reduced` for arrays, in few calls."""
    if reduction == "none":
        return array
    total = array.sum()
    return total if reduction == "sum" else total / array.dtype.type(array.size) if array.size else total * math.nan


def share(g: Any, reduction: str, count: int) -> Any:
    """The gradient of one of `count` elements, given that of their mean or sum, or of all of them."""
    return g / count if reduction == "mean" and count else g


def elements_of(*shapes: Any) -> int:
    """Number of elements of the shape that these broadcast to."""
    if len(shapes) == 2 and shapes[0] == shapes[1]:  # mostly, and NumPy's function takes 3 us
        return math.prod(shapes[0])
    return math.prod(numpy.broadcast_shapes(*[tuple(shape) for shape in shapes]))


def warn_of_broadcasting(name: str, input: Any, target: Any) -> None:
    if input.shape != target.shape:
        warnings.warn(
            f"{name}(): target has shape {tuple(target.shape)}, input {tuple(input.shape)}; they are broadcast "
            "against each other, which is seldom meant: give both the same shape",
            stacklevel=4,
        )


def require_same_shape(name: str, input: Any, target: Any) -> None:
    if tuple(input.shape) != tuple(target.shape):
        raise ValueError(
            f"{name}() expected a target of the input's shape {tuple(input.shape)}, got {tuple(target.shape)}"
        )


# ---------------------------------------------------------------- regression


@primitive("input", "target", promotes=("input", "target"))
@half_as_single
def squared_error(xp: Any, input: Array, target: Array, reduction: str) -> Array:
    """``(input - target) ** 2``, reduced."""
    difference = xp.asarray(input - target)
    if reduction == "none" or difference.dtype.kind != "f":
        refuse_integers("mse_loss", difference)
        difference *= difference
        return reduced_array(difference, reduction)
    flat = difference.reshape(-1)
    total = xp.dot(flat, flat)
    return total if reduction == "sum" else total / total.dtype.type(flat.size)


@squared_error.gradient
def _(g: Any, needs: tuple[bool, ...], input: Any, target: Any, reduction: str) -> Any:
    count = elements_of(input.shape, target.shape)
    of_input = (input - target) * (share(g, reduction, count) * 2)
    return of_input if needs[0] else None, -of_input if needs[1] else None


squared_error.op.title = "MseLossBackward0"


@composite
def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Squared error ``(input - target) ** 2``; ``weight`` weighs its elements (then "mean" divides by the sum of the
    weights).

    Args:
        input, target: of one shape; a different one that broadcasts draws a `UserWarning`.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0]))
    tensor(2.)
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    warn_of_broadcasting("mse_loss", input, target)
    if weight is not None:
        return _weighted("mse_loss", squared_error(input, target, "none"), weight, reduction)
    return squared_error(input, target, reduction)


def _weighted(name: str, loss: Any, weight: Any, reduction: str) -> Any:
    if tuple(weight.shape) != tuple(loss.shape):
        raise ValueError(
            f"{name}() expected a weight of the loss's shape {tuple(loss.shape)}, got {tuple(weight.shape)}"
        )
    loss = loss * weight
    return (
        loss if reduction == "none" else reduced(loss, "sum") / (reduced(weight, "sum") if reduction == "mean" else 1)
    )


@primitive("input", "target", promotes=("input", "target"))
@half_as_single
def absolute_error(xp: Any, input: Array, target: Array, reduction: str) -> Array:
    """``|input - target|``, reduced."""
    difference = xp.asarray(input - target)
    if reduction == "mean":
        refuse_integers("l1_loss", difference)
    return reduced_array(xp.absolute(difference, out=difference), reduction)


@absolute_error.gradient
def _(g: Any, needs: tuple[bool, ...], input: Any, target: Any, reduction: str) -> Any:
    of_input = share(g, reduction, elements_of(input.shape, target.shape)) * sign(input - target)
    return of_input if needs[0] else None, -of_input if needs[1] else None


absolute_error.op.title = "L1LossBackward0"


@composite
def l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """Absolute error ``|input - target|``; its derivative at zero is zero."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    warn_of_broadcasting("l1_loss", input, target)
    if weight is not None:
        return _weighted("l1_loss", absolute_error(input, target, "none"), weight, reduction)
    return absolute_error(input, target, reduction)


def _huber(difference: Any, delta: float) -> Any:
    """``d^2 / 2`` for ``|d| <= delta``, else ``delta (|d| - delta / 2)``: ``c (d - c / 2)``, c = d within +-delta."""
    limited = limit(difference, -delta, delta)
    return limited * (difference - limited * 0.5)


@composite
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """``d^2 / 2`` where ``|d| <= delta``, else ``delta (|d| - delta / 2)``, with ``d = input - target``
    (P. J. Huber, 1964).

    Raises:
        RuntimeError: `delta` is not positive.
    """
    reduction = legacy_reduction(None, None, reduction)
    if delta <= 0:
        raise RuntimeError(f"huber_loss() expected delta > 0, got {delta}")
    warn_of_broadcasting("huber_loss", input, target)
    loss = _huber(input - target, delta)
    return reduced(loss, reduction) if weight is None else _weighted("huber_loss", loss, weight, reduction)


@composite
def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """``d^2 / (2 beta)`` where ``|d| < beta``, else ``|d| - beta / 2``, with ``d = input - target``
    (R. Girshick, 2015).

    Raises:
        RuntimeError: `beta` is negative.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss() expected beta >= 0, got {beta}")
    warn_of_broadcasting("smooth_l1_loss", input, target)
    if beta == 0:
        return absolute_error(input, target, reduction)
    return reduced(_huber(input - target, beta) / beta, reduction)


# ---------------------------------------------------------------- two classes


@primitive("input", "target", "weight")
@half_as_single
def binary_cross_entropy_of(xp: Any, input: Array, target: Array, weight: Array, reduction: str) -> Array:
    """``-weight (t log p + (1 - t) log(1 - p))``, logarithms not below -100, reduced."""
    if input.size and not (input.min() >= 0 and input.max() <= 1):
        raise RuntimeError(
            f"binary_cross_entropy() expected probabilities between 0 and 1, got {input.min()} to {input.max()}: "
            "apply sigmoid first, or use binary_cross_entropy_with_logits"
        )
    if target.size and not (target.min() >= 0 and target.max() <= 1):
        raise RuntimeError(
            f"binary_cross_entropy() expected targets between 0 and 1, got {target.min()} to {target.max()}"
        )
    positive = xp.asarray(xp.log(input))
    positive.clip(-100, math.inf, out=positive)
    negative = xp.asarray(xp.negative(input))
    xp.log1p(negative, out=negative)
    negative.clip(-100, math.inf, out=negative)
    positive -= negative
    positive *= target
    positive += negative
    xp.negative(positive, out=positive)
    if weight is not None:
        positive *= weight
    return reduced_array(positive, reduction)


@binary_cross_entropy_of.gradient
def _(g: Any, needs: tuple[bool, ...], input: Any, target: Any, weight: Any, reduction: str) -> Any:
    g = share(g, reduction, math.prod(input.shape))
    if weight is not None:
        g = g * weight
    spread = (1 - input) * input
    of_input = (input - target) / (relu(spread - 1e-12) + 1e-12) * g if needs[0] else None
    return of_input, (log(1 - input) - log(input)) * g if needs[1] else None, None


binary_cross_entropy_of.op.title = "BinaryCrossEntropyBackward0"


@composite
def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``-weight (t log p + (1 - t) log(1 - p))`` of probabilities p and targets t in [0, 1] of one shape.

    Logarithms are not smaller than -100, so that the loss stays finite.

    Raises:
        ValueError: the shapes differ.
        RuntimeError: an element of `input` or `target` is outside [0, 1].

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    require_same_shape("binary_cross_entropy", input, target)
    if input.dtype != target.dtype:
        raise DtypeError(
            f"binary_cross_entropy() expected a target of dtype {input.dtype}, got {target.dtype}: convert it with "
            ".to()"
        )
    return binary_cross_entropy_of(input, target, weight, reduction)


@primitive("input", "target", promotes=("input", "target"))
@half_as_single
def logistic_loss(xp: Any, input: Array, target: Array, reduction: str) -> Array:
    """``max(x, 0) - x t + log(1 + exp(-|x|))``, reduced."""
    loss = xp.asarray(xp.absolute(input))
    xp.negative(loss, out=loss)
    xp.exp(loss, out=loss)
    xp.log1p(loss, out=loss)
    part = xp.asarray(positive_part(xp, input))
    loss += part
    loss -= xp.multiply(input, target, out=part)
    return reduced_array(loss, reduction)


@logistic_loss.gradient
def _(g: Any, needs: tuple[bool, ...], input: Any, target: Any, reduction: str) -> Any:
    g = share(g, reduction, math.prod(input.shape))
    return (sigmoid(input) - target) * g if needs[0] else None, -input * g if needs[1] else None


logistic_loss.op.title = "BinaryCrossEntropyWithLogitsBackward0"


@composite
def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """`binary_cross_entropy` of ``sigmoid(input)``, computed without its under- and overflow.

    Args:
        input, target: of one shape.
        weight: broadcasts to that shape.
        pos_weight: weight of the positive part ``t log p``; broadcasts too.

    Raises:
        ValueError: the shapes differ.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([0.0, 100.0]), torch.tensor([1.0, 1.0]))
    tensor(0.3466)
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    require_same_shape("binary_cross_entropy_with_logits", input, target)
    if weight is None and pos_weight is None:
        return logistic_loss(input, target, reduction)
    if pos_weight is None:
        loss = logistic_loss(input, target, "none")
    else:
        loss = (1 - target) * input - (1 + (pos_weight - 1) * target) * logsigmoid(input)
    return reduced(loss if weight is None else loss * weight, reduction)


# ---------------------------------------------------------------- several classes


@primitive("input")
def pick_class(xp: Any, input: Array, index: Array) -> Array:
    """``input[n, index[n, s], s]`` of ``(N, C, S)`` and ``(N, S)``."""
    return xp.take_along_axis(input, index[:, None], axis=1)[:, 0]


@primitive("input")
def place_class(xp: Any, input: Array, index: Array, classes: int) -> Array:
    """Zeros of shape ``(N, classes, S)`` with ``input`` of shape ``(N, S)`` at ``[n, index[n, s], s]``."""
    result = xp.zeros((input.shape[0], classes, *input.shape[1:]), dtype=input.dtype)
    xp.put_along_axis(result, index[:, None], input[:, None], axis=1)
    return result


pick_class.gradient(lambda g, index, input_shape: place_class(g, index, input_shape[1]))
place_class.gradient(lambda g, index: pick_class(g, index))


class Targets:
    """Class indices read for a loss: which class of each sample, and what the sample weighs.

    index: ``(N, S)``, with 0 for samples that are ignored.
    ignored: ``(N, S)`` bools; None when no sample is ignored.
    coefficient: ``(N, S)`` weights, zero for samples that are ignored; None when all are one.
    total: sum of the weights.
    """

    __slots__ = ("coefficient", "ignored", "index", "total")

    def __init__(
        self, xp: Any, target: Array, classes: int, weight: Array | None, ignore_index: int, dtype: Any
    ) -> None:
        self.coefficient: Array | None = None
        self.ignored: Array | None = None
        # One comparison finds negative indices too: they are huge as unsigned numbers.
        if (target.view(numpy.uint64) >= classes).any():
            kept = target != ignore_index
            wrong = kept & ((target < 0) | (target >= classes))
            if wrong.any():
                raise IndexError(
                    f"target {int(target[wrong][0])} is out of bounds: expected class indices from 0 to {classes - 1}"
                )
            target = xp.where(kept, target, 0)
            self.coefficient, self.ignored = kept.astype(dtype), ~kept
        elif 0 <= ignore_index < classes:
            self.ignored = target == ignore_index
            self.coefficient = (~self.ignored).astype(dtype)
        self.index = target
        if weight is not None:
            of_class = weight[target]
            self.coefficient = of_class if self.coefficient is None else of_class * self.coefficient
        self.total = target.size if self.coefficient is None else self.coefficient.sum()

    def weigh(self, loss: Array) -> None:
        """Multiply losses ``(N, S)`` by their weights, in place; those that are ignored become zero, whatever they are:
        zero times an infinite loss would not be a number."""
        if self.ignored is not None:
            loss[self.ignored] = 0
        if self.coefficient is not None:
            loss *= self.coefficient


def _check_classes(name: str, input: Any, target: Any, weight: Any) -> tuple[int, int, int]:
    """(samples, classes, positions) of scores ``(C,)``, ``(N, C)`` or ``(N, C, d1, ...)`` with targets without the C.

    Raises:
        ValueError: the numbers of samples differ.
        RuntimeError: other sizes differ, or the target is not int64.
    """
    shape, expected = tuple(input.shape), tuple(target.shape)
    if not shape:
        raise ValueError(
            f"{name}() expected scores of shape (C), (N, C) or (N, C, d1, ...), got a tensor without dimensions"
        )
    if target._array.dtype != numpy.int64 and target._array.dtype != numpy.uint8:
        raise DtypeError(
            f"{name}() expected class indices of dtype torch.int64, got {target.dtype}: convert them with .long()"
        )
    if len(shape) == 1:
        if expected not in ((), (1,)):
            raise RuntimeError(
                f"{name}() expected one class index for scores of shape {shape}, got a target of shape {expected}"
            )
        sizes = (1, shape[0], 1)
    else:
        if not expected or expected[0] != shape[0]:
            raise ValueError(
                f"{name}() expected as many targets as samples, got scores of shape {shape} and a target of shape "
                f"{expected}"
            )
        if expected != (shape[0], *shape[2:]):
            raise RuntimeError(
                f"{name}() expected a target of shape {(shape[0], *shape[2:])} for scores of shape {shape}, got "
                f"{expected}"
            )
        sizes = (shape[0], shape[1], math.prod(shape[2:]))
    if weight is not None and weight.dtype != input.dtype:
        raise DtypeError(f"{name}() expected a weight of the scores' dtype {input.dtype}, got {weight.dtype}")
    if weight is not None and tuple(weight.shape) != (sizes[1],):
        raise RuntimeError(
            f"{name}() expected a weight for each of the {sizes[1]} classes, got shape {tuple(weight.shape)}"
        )
    return sizes


def _read_targets(
    input: Any, target: Any, weight: Any, ignore_index: int, sizes: tuple[int, int, int], flat: bool
) -> Targets:
    # in memory of its own where a backward pass will need it: the user may change the tensor it came from
    kept = state.recording and node_of(input) is not None
    indices = target._array.astype(numpy.int64, copy=kept).reshape((sizes[0],) if flat else (sizes[0], sizes[2]))
    weights = None if weight is None else weight._array.astype(input._array.dtype, copy=False)
    return Targets(namespace_of(type(indices)), indices, sizes[1], weights, ignore_index, input._array.dtype)


@primitive("input")
@half_as_single
def cross_entropy_of_indices(xp: Any, input: Array, targets: Targets, reduction: str, saved: list[Any]) -> Array:
    """``-log softmax(input)`` at the target classes, weighted and reduced.

    Args:
        input: ``(N, C)`` or ``(N, C, S)``.
        targets: of ``(N,)`` or ``(N, S)``.
        saved: receives the exponentials and their sums, which the gradient needs.
    """
    if input.ndim == 2:
        scores, sums, shift = exponentials(xp, input, 16.0)
        loss = input[xp.arange(len(input)), targets.index]
        if shift is not None:
            loss -= shift
    else:
        scores = input - input.max(axis=1, keepdims=True)
        loss = xp.take_along_axis(scores, targets.index[:, None], axis=1)[:, 0]
        xp.exp(scores, out=scores)
        sums = scores.sum(axis=1)
    saved[:] = scores, sums
    loss = xp.log(sums) - loss
    targets.weigh(loss)
    if reduction == "none":
        return loss
    total = loss.sum()
    return total if reduction == "sum" else total / loss.dtype.type(targets.total)


def _cross_entropy_backward(
    xp: Any, g: Array, input: Array, targets: Targets, reduction: str, saved: list[Any]
) -> Array:
    exponentials, sums = saved
    coefficient = targets.coefficient
    if reduction == "mean":
        g = g / sums.dtype.type(targets.total)
    if coefficient is not None:
        g = coefficient * g
    result = exponentials * (g / sums)[:, None]
    if input.ndim == 2:
        result[xp.arange(len(input)), targets.index] -= g
    else:
        index = targets.index[:, None]
        xp.put_along_axis(
            result, index, xp.take_along_axis(result, index, axis=1) - xp.broadcast_to(g, sums.shape)[:, None], axis=1
        )
    return result.astype(input.dtype, copy=False)


@composite(fused=_cross_entropy_backward)
def cross_entropy_backward(g: Any, input: Any, targets: Targets, reduction: str, saved: list[Any]) -> Any:
    """``(softmax(input) - one_hot(target)) * coefficient * g``."""
    if reduction == "mean":
        g = g / float(targets.total)
    if targets.coefficient is not None:
        g = g * targets.coefficient
    shape = targets.index.shape
    g = expand_view(g, shape)
    return softmax_along(input, 1) * reshape_to(g, (shape[0], 1, *shape[1:])) - place_class(
        g, targets.index, input.shape[1]
    )


cross_entropy_of_indices.gradient(
    lambda g, input, targets, reduction, saved: cross_entropy_backward(g, input, targets, reduction, saved)
)
cross_entropy_of_indices.op.title = "NllLossBackward0"


@composite
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Cross-entropy between the classes' scores and the targets: ``-log softmax(input)`` at the target class.

    Args:
        input: unnormalised scores ``(C,)``, ``(N, C)`` or ``(N, C, d1, ...)``.
        target: class indices of the same shape without C, or probabilities of the input's shape.
        weight: ``(C,)``, a weight for each class; "mean" then divides by the weights of the targets.
        ignore_index: targets with this value count neither in the loss nor in its mean.
        label_smoothing: this share of the target is spread evenly over all classes (C. Szegedy et al., 2016).

    Raises:
        ValueError: the numbers of samples differ.
        IndexError: a class index is out of bounds.
        RuntimeError: other sizes or the dtypes do not fit, or `label_smoothing` is outside [0, 1].

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.cross_entropy(torch.zeros(3, 10), torch.tensor([1, 0, 4]))
    tensor(2.3026)
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"cross_entropy() expected label_smoothing between 0 and 1, got {label_smoothing}")
    if target.dtype.is_floating_point:
        return _cross_entropy_of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    sizes = samples, classes, positions = _check_classes("cross_entropy", input, target, weight)
    flat = input.ndim <= 2
    targets = _read_targets(input, target, weight, ignore_index, sizes, flat)
    scores = (
        input if input.ndim == 2 else reshape_to(input, (samples, classes) if flat else (samples, classes, positions))
    )
    if label_smoothing > 0:
        loss = _smoothed(log_softmax_along(scores, 1), targets, weight, reduction, label_smoothing)
    elif scores._array.size:
        loss = cross_entropy_of_indices(scores, targets, reduction, [])
    else:
        loss = negative_at_targets(log_softmax_along(scores, 1), targets, reduction)
    return loss if reduction != "none" or input.ndim == 2 else reshape_to(loss, tuple(target.shape))


@primitive("input")
@half_as_single
def negative_at_targets(xp: Any, input: Array, targets: Targets, reduction: str) -> Array:
    """``-input`` at the target classes, weighted and reduced: ``(N, C)`` or ``(N, C, S)``."""
    if input.ndim == 2:
        loss = -input[xp.arange(len(input)), targets.index]
    else:
        loss = -xp.take_along_axis(input, targets.index[:, None], axis=1)[:, 0]
    targets.weigh(loss)
    if reduction == "none":
        return loss
    total = loss.sum()
    return total if reduction == "sum" else total / loss.dtype.type(targets.total)


def _negative_at_targets_backward(xp: Any, g: Array, shape: Any, targets: Targets, reduction: str) -> Array:
    g = -g if reduction != "mean" else g / g.dtype.type(-targets.total)
    if targets.coefficient is not None:
        g = g * targets.coefficient
    result = xp.zeros(shape, dtype=g.dtype)
    if len(shape) == 2:
        result[xp.arange(shape[0]), targets.index] = g
    else:
        xp.put_along_axis(result, targets.index[:, None], g[:, None] if g.ndim else g, axis=1)
    return result


@composite(fused=_negative_at_targets_backward)
def negative_at_targets_backward(g: Any, shape: Any, targets: Targets, reduction: str) -> Any:
    """Zeros of `shape` with ``-g``, weighted, at the target classes."""
    g = -g if reduction != "mean" else g / float(-targets.total)
    if targets.coefficient is not None:
        g = g * targets.coefficient
    return place_class(expand_view(g, targets.index.shape), targets.index, shape[1])


negative_at_targets.gradient(
    lambda g, input_shape, targets, reduction: negative_at_targets_backward(g, input_shape, targets, reduction)
)
negative_at_targets.op.title = "NllLossBackward0"


def _smoothed(log_probabilities: Any, targets: Targets, weight: Any, reduction: str, label_smoothing: float) -> Any:
    classes = log_probabilities.shape[1]
    every = log_probabilities
    if weight is not None:
        every = every * reshape_to(weight, (classes,) + (1,) * (every.ndim - 2))
    every = -sum_over(every, (1,), False)
    if targets.ignored is not None:
        every = where(make(targets.ignored), 0.0, every)
    smooth = reduced(every, "none" if reduction == "none" else "sum")
    if reduction == "mean":
        smooth = smooth / float(targets.total)
    return negative_at_targets(log_probabilities, targets, reduction) * (1 - label_smoothing) + smooth * (
        label_smoothing / classes
    )


def _cross_entropy_of_probabilities(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
    if tuple(input.shape) != tuple(target.shape):
        raise RuntimeError(
            f"cross_entropy() expected probabilities of the scores' shape {tuple(input.shape)}, got "
            f"{tuple(target.shape)}; "
            "class indices must be int64"
        )
    if ignore_index >= 0:
        raise RuntimeError("cross_entropy() has no use for ignore_index where the targets are probabilities")
    axis = 0 if input.ndim == 1 else 1
    classes = input.shape[axis]
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"cross_entropy() expected a weight for each of the {classes} classes, got shape {tuple(weight.shape)}"
        )
    if label_smoothing > 0:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    loss = log_softmax_along(input, axis) * target
    if weight is not None:
        loss = loss * reshape_to(weight, (classes,) + (1,) * (input.ndim - 1 - axis))
    loss = -sum_over(loss, (axis,), False)
    if reduction != "mean":
        return reduced(loss, reduction)
    return reduced(loss, "sum") / max(math.prod(loss.shape), 0) if math.prod(loss.shape) else reduced(loss, "mean")


@composite
def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Negative log-likelihood: ``-input`` at the target class, for log-probabilities ``input``.

    Args and errors as `cross_entropy`'s; targets are class indices.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.nll_loss(torch.log(torch.tensor([[0.5, 0.25, 0.25]])), torch.tensor([0]))
    tensor(0.6931)
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    sizes = samples, classes, positions = _check_classes("nll_loss", input, target, weight)
    flat = input.ndim <= 2
    targets = _read_targets(input, target, weight, ignore_index, sizes, flat)
    scores = (
        input if input.ndim == 2 else reshape_to(input, (samples, classes) if flat else (samples, classes, positions))
    )
    loss = negative_at_targets(scores, targets, reduction)
    return loss if reduction != "none" or input.ndim == 2 else reshape_to(loss, tuple(target.shape))


# ---------------------------------------------------------------- distributions


@composite
def kl_div(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """Kullback-Leibler divergence ``t (log t - input)`` of log-probabilities ``input`` from probabilities t.

    Args:
        reduction: also "batchmean", the sum divided by the first size, which is the divergence's mathematical
            definition.
        log_target: `target` holds log-probabilities too.

    >>> import tinygrad_i2dl as torch
    >>> p = torch.tensor([[0.5, 0.5]])
    >>> torch.nn.functional.kl_div(torch.log(p), p, reduction="batchmean")
    tensor(0.)
    """
    by_batch = reduction == "batchmean" and size_average is None and reduce is None
    reduction = "sum" if by_batch else legacy_reduction(size_average, reduce, reduction)
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "kl_div() with reduction='mean' divides by the number of elements: use 'batchmean' for the divergence "
            "itself",
            stacklevel=3,
        )
    loss = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    loss = reduced(loss, reduction)
    return loss / input.shape[0] if by_batch and input.ndim else loss


@composite
def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Negative log-likelihood of Poisson counts: ``exp(x) - t x``, or ``x - t log(x + eps)`` where not `log_input`.

    Args:
        full: add Stirling's approximation ``t log t - t + log(2 pi t) / 2`` of the constant term, for t > 1.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    loss = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        count = where(target > 1, target, 1.0)
        loss = loss + (target > 1) * (count * log(count) - count + 0.5 * log(count * (2 * math.pi)))
    return reduced(loss, reduction)


@composite
def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """Negative log-likelihood of normal numbers: ``(log v + (input - target)^2 / v) / 2`` with the variance v, at
    least `eps`.

    Args:
        var: a number, or of the input's shape, or that shape without its last size or with a last size of 1.
        full: add the constant ``log(2 pi) / 2``.

    Raises:
        ValueError: a variance is negative, or the shape of `var` does not fit.
    """
    if isinstance(var, (int, float)):
        if var < 0:
            raise ValueError(f"gaussian_nll_loss() expected var >= 0, got {var}")
        var = make(namespace_of(type(input._array)).full(tuple(input.shape), var, dtype=input._array.dtype))
    shape = tuple(input.shape)
    if tuple(var.shape) != shape:
        if tuple(var.shape) == shape[:-1]:
            var = reshape_to(var, (*shape[:-1], 1))
        elif var.ndim != len(shape) or any(n not in (1, m) for n, m in zip(var.shape, shape, strict=True)):
            raise ValueError(
                f"gaussian_nll_loss() expected var of shape {shape} or {shape[:-1]}, sizes of 1 allowed, got "
                f"{tuple(var.shape)}"
            )
    reduction = legacy_reduction(None, None, reduction)
    values = var._array
    if (values < 0).any():
        raise ValueError("gaussian_nll_loss() expected variances >= 0, got a negative one")
    raised = namespace_of(type(values)).maximum(values, eps) - values
    if raised.any():
        var = var + make(raised.astype(values.dtype, copy=False))  # as a constant: the gradient stays
    difference = input - target
    loss = (log(var) + difference * difference / var) * 0.5
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)
