"""Connectionist temporal classification: the loss of a sequence whose alignment with the labels is unknown.

A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, Connectionist Temporal Classification (2006). With a blank
before, between and
after the labels, alpha_t(s) sums over the alignments that reach extended label s at time t and beta_t(s) over those
that go on from
there, both including time t. Everything is in logarithms and runs for all samples at once, one step per time.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..errors import DtypeError
from ..tensors import Tensor, make
from ._define import composite, primitive
from .comparison import where
from .embedding import add_rows
from .loss import legacy_reduction, reduced
from .movement import cat, reshape_to, stack
from .placement import beside, on_host
from .pointwise import exp, log
from .reduction import sum_over

__all__: list[str] = []

Array = Any
_NEVER = -1e30  # the logarithm of zero: finite, so that differences of it are no NaN


class Alignment:
    """What is known of a batch before its probabilities: extended labels, their places and the lengths.

    labels: ``(N, L)``, blank and labels in turn, L = 2 S + 1.
    skips: ``(N, L)``, where the blank before may be left out.
    inputs: ``(N,)`` lengths of the inputs.
    first, last: ``(N, L)``, where an alignment may begin and end.
    """

    __slots__ = ("first", "inputs", "labels", "last", "skips")

    def __init__(self, targets: Array, inputs: Array, lengths: Array, blank: int) -> None:
        samples, longest = targets.shape
        self.inputs = inputs
        self.labels = numpy.full((samples, 2 * longest + 1), blank, dtype=numpy.int64)
        self.labels[:, 1::2] = targets
        place = numpy.arange(2 * longest + 1)
        self.skips = numpy.zeros(self.labels.shape, dtype=bool)
        self.skips[:, 2:] = (self.labels[:, 2:] != self.labels[:, :-2]) & (place[2:] % 2 == 1)
        ends = 2 * lengths[:, None]
        self.first = (place <= 1) & (place <= ends)
        self.last = (place == ends) | (place == ends - 1)

    def moved_beside(self, array: Array) -> Alignment:
        """The same in the memory where `array` is."""
        for name in self.__slots__:
            setattr(self, name, beside(getattr(self, name), array))
        return self


@primitive("input")
def take_labels(xp: Any, input: Array, labels: Array) -> Array:
    """``input[t, n, labels[n, s]]`` of ``(T, N, C)``: ``(T, N, L)``, not below the logarithm of zero."""
    return xp.maximum(xp.take_along_axis(input, labels[None], axis=2), _NEVER)


@primitive("input")
def add_labels(xp: Any, input: Array, labels: Array, classes: int) -> Array:
    """Zeros ``(T, N, classes)`` to which ``input[t, n, s]`` is added at ``[t, n, labels[n, s]]``."""
    times, samples, width = input.shape
    rows = (labels + xp.arange(samples)[:, None] * classes).reshape(-1)
    table = add_rows(input.reshape(times, samples * width).T, rows, samples * classes)
    return xp.ascontiguousarray(table.T).reshape(times, samples, classes)


take_labels.gradient(lambda g, labels, input_shape: add_labels(g, labels, input_shape[2]))
add_labels.gradient(lambda g, labels: take_labels(g, labels))


def array_of(value: Any) -> Array:
    """The array of a tensor; an array itself."""
    return value._array if isinstance(value, Tensor) else value


def _log_sum(terms: list[Any]) -> Any:
    """Logarithm of the sum of the exponentials; their largest is a constant that cancels."""
    arrays = [array_of(term) for term in terms]
    top = functools.reduce(namespace_of(type(arrays[0])).maximum, arrays)
    total = exp(terms[0] - top)
    for term in terms[1:]:
        total = total + exp(term - top)
    return log(total) + top


def _choose(condition: Array, first: Any, second: Any) -> Any:
    """`first` where `condition` is 1, `second` where it is 0; all are finite."""
    if isinstance(first, Tensor) or isinstance(second, Tensor):
        return first * condition + second * (1 - condition)
    return namespace_of(type(condition)).where(condition > 0, first, second)


def _shifted(x: Any, by: int) -> Any:
    """The columns moved to the right (to the left for negative `by`), the logarithm of zero moving in."""
    xp = namespace_of(type(array_of(x)))
    empty = xp.full((x.shape[0], min(abs(by), x.shape[1])), _NEVER, dtype=array_of(x).dtype)
    kept = x[:, : max(x.shape[1] - by, 0)] if by > 0 else x[:, -by:]
    if isinstance(x, Tensor):
        return cat([make(empty), kept] if by > 0 else [kept, make(empty)], 1)
    return xp.concatenate([empty, kept] if by > 0 else [kept, empty], axis=1)


def _forward(emissions: Any, alignment: Alignment) -> list[Any]:
    """alpha_t for every t, frozen where a sample's input has ended."""
    dtype = array_of(emissions).dtype
    skips = alignment.skips.astype(dtype)
    alpha = _choose(alignment.first.astype(dtype), emissions[0], _NEVER)
    alphas = [alpha]
    for t in range(1, emissions.shape[0]):
        step = [alpha, _shifted(alpha, 1), _choose(skips, _shifted(alpha, 2), _NEVER)]
        running = (t < alignment.inputs).astype(dtype)[:, None]
        alpha = _choose(running, _log_sum(step) + emissions[t], alpha)
        alphas.append(alpha)
    return alphas


def _backward(emissions: Any, alignment: Alignment) -> list[Any]:
    """beta_t for every t."""
    dtype = array_of(emissions).dtype
    last = alignment.last.astype(dtype)
    xp = namespace_of(type(last))
    skips = xp.zeros_like(last)
    skips[:, :-2] = alignment.skips[:, 2:]
    beta: Any = xp.full(last.shape, _NEVER, dtype=dtype)
    betas: list[Any] = []
    for t in reversed(range(emissions.shape[0])):
        ends = (t == alignment.inputs - 1).astype(dtype)[:, None]
        step = [beta, _shifted(beta, -1), _choose(skips, _shifted(beta, -2), _NEVER)]
        going = _log_sum(step) + emissions[t]
        beta = _choose(
            ends, _choose(last, emissions[t], _NEVER), _choose((t < alignment.inputs - 1)[:, None], going, _NEVER)
        )
        betas.append(beta)
    return betas[::-1]


def _likelihood(alpha: Any, alignment: Alignment) -> Any:
    """Logarithm of the probability of each sample's labels, ``(N, 1)``."""
    ends = _choose(alignment.last.astype(array_of(alpha).dtype), alpha, _NEVER)
    top = array_of(ends).max(axis=1, keepdims=True)
    return log(sum_over(exp(ends - top), (1,), True)) + top


@primitive("input")
def ctc_losses(xp: Any, input: Array, alignment: Alignment) -> Array:
    """Negative log-likelihood of each sample; infinity where its input is too short for its labels."""
    alpha = _forward(take_labels(input, alignment.labels), alignment)[-1]
    losses = -_likelihood(alpha, alignment)[:, 0]
    losses[(losses > -_NEVER / 2) | (alignment.inputs == 0)] = math.inf
    return losses


@composite(fused=True)
def ctc_losses_backward(g: Any, input: Any, alignment: Alignment) -> Any:
    """The probabilities minus those of being at a label at a time, given the labels, times ``g``."""
    dtype = array_of(input).dtype
    emissions = take_labels(input, alignment.labels)
    alphas, betas = _forward(emissions, alignment), _backward(emissions, alignment)
    likelihood = _likelihood(alphas[-1], alignment)
    possible = (array_of(likelihood) > _NEVER / 2).astype(dtype)
    places = [
        exp(alpha + beta - emissions[t] - likelihood) * (possible * (t < alignment.inputs)[:, None])
        for t, (alpha, beta) in enumerate(zip(alphas, betas, strict=True))
    ]
    xp = namespace_of(type(alignment.inputs))
    both = stack(places) if isinstance(places[0], Tensor) else xp.stack(places)
    posterior = add_labels(both, alignment.labels, input.shape[2])
    running = xp.arange(input.shape[0])[:, None, None] < alignment.inputs[:, None]
    return (exp(input) * (running * possible) - posterior) * reshape_to(g, (1, -1, 1))


ctc_losses.gradient(lambda g, input, alignment: ctc_losses_backward(g, input, alignment))
ctc_losses.op.title = "CtcLossBackward0"


def _lengths(name: str, lengths: Any, samples: int, limit: int) -> Array:
    values = on_host(lengths._array) if isinstance(lengths, Tensor) else lengths
    array = numpy.asarray(values, dtype=numpy.int64).reshape(-1)
    if len(array) != samples:
        raise RuntimeError(f"ctc_loss() expected {name} for each of the {samples} samples, got {len(array)}")
    if len(array) and (array.min() < 0 or array.max() > limit):
        raise RuntimeError(f"ctc_loss() expected {name} from 0 to {limit}, got {array.tolist()}")
    return array


@composite
def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """Negative logarithm of the probability of all alignments that read as the targets (A. Graves et al., 2006).

    The gradient by `log_probs` is PyTorch's, the probabilities minus the labels' posterior ones. It is the derivative
    where `log_probs` comes out of `log_softmax`, to every order; the derivative for free numbers has no first term.

    Args:
        log_probs: logarithms of probabilities, ``(T, N, C)`` or ``(T, C)``.
        targets: labels, ``(N, S)`` padded, ``(S,)`` for one sample, or all samples' one after the other.
        input_lengths, target_lengths: ``(N,)`` tensors or sequences, or one number for a single sample.
        blank: the label of the blank.
        reduction: "mean" divides each loss by its target's length first.
        zero_infinity: zero in place of an infinite loss (an input too short for its targets), and of its gradient.

    Raises:
        RuntimeError: shapes, lengths, the blank or the dtype of the targets do not fit.
    """
    reduction = legacy_reduction(None, None, reduction)
    single = log_probs.ndim == 2
    if log_probs.ndim not in (2, 3):
        raise RuntimeError(f"ctc_loss() expected log_probs of shape (T, N, C) or (T, C), got {tuple(log_probs.shape)}")
    if single:
        log_probs = reshape_to(log_probs, (log_probs.shape[0], 1, log_probs.shape[1]))
    times, samples, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"ctc_loss() expected blank from 0 to {classes - 1}, got {blank}")
    if targets._array.dtype.kind not in "iu":
        raise DtypeError(f"ctc_loss() expected integer targets, got {targets.dtype}")
    inputs = _lengths("input_lengths", input_lengths, samples, times)
    labels = on_host(targets._array).astype(numpy.int64, copy=False)
    lengths = _lengths("target_lengths", target_lengths, samples, labels.shape[-1] if labels.ndim else 0)
    padded = _padded(labels, lengths, samples, classes)
    alignment = Alignment(padded, inputs, lengths, blank).moved_beside(log_probs._array)
    losses = ctc_losses(log_probs, alignment)
    if zero_infinity:
        losses = where(
            make(abs(losses._array) == math.inf),
            make(namespace_of(type(losses._array)).zeros_like(losses._array)),
            losses,
        )
    if reduction == "mean":
        losses = losses / make(beside(numpy.maximum(lengths, 1).astype(losses._array.dtype), losses._array))
    return reshape_to(losses, ()) if single and reduction == "none" else reduced(losses, reduction)


def _padded(labels: Array, lengths: Array, samples: int, classes: int) -> Array:
    """Labels as ``(N, longest)``, zero behind each one's end."""
    longest = int(lengths.max()) if samples else 0
    inside = numpy.arange(longest) < lengths[:, None]
    result = numpy.zeros((samples, longest), dtype=numpy.int64)
    if labels.ndim == 1:
        if lengths.sum() != len(labels):
            raise RuntimeError(
                f"ctc_loss() expected {lengths.sum()} labels, the sum of target_lengths, got {len(labels)}"
            )
        result[inside] = labels
    elif labels.ndim == 2 and len(labels) == samples:
        result[inside] = labels[:, :longest][inside]
    else:
        raise RuntimeError(f"ctc_loss() expected targets of shape ({samples}, S) or (S,), got {labels.shape}")
    if result.size and (result.min() < 0 or result.max() >= classes):
        raise RuntimeError(f"ctc_loss() expected labels from 0 to {classes - 1}, got {result.min()} to {result.max()}")
    return result
