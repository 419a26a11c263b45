"""One of several categories."""

from __future__ import annotations

from typing import Any

from ..engine.mode import no_grad
from ..ops.activation import log_softmax, softmax
from ..ops.conversion import finfo
from ..ops.indexing import one_hot
from ..ops.pointwise import clamp, log
from ..ops.random import multinomial
from ..ops.reduction import logsumexp
from ..ops.special_functions import lgamma
from ..tensors import Tensor
from .distribution import Distribution, check_parameter, probabilities_and_logits

__all__ = ["Categorical", "Multinomial", "OneHotCategorical"]


def _log_of(probs: Any) -> Any:
    eps = finfo(probs.dtype).eps
    return log(clamp(probs, eps, 1 - eps))


class Categorical(Distribution):
    """Numbers 0 to K-1 with the probabilities `probs` (normalised here) or the unnormalised log-probabilities `logits`.

    >>> import tinygrad_i2dl as torch
    >>> torch.distributions.Categorical(torch.tensor([1.0, 3.0])).probs
    tensor([0.2500, 0.7500])
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        probabilities_and_logits(probs, logits)
        self._probs: Any = None
        self._logits: Any = None
        if probs is not None:
            if probs.ndim < 1:
                raise ValueError("`probs` parameter must be at least one-dimensional.")
            if validate_args is not False:
                check_parameter(
                    "Categorical", "probs", (probs >= 0) & (probs.sum(-1, keepdim=True) > 0), "non-negative", probs
                )
            self._probs = probs / probs.sum(-1, keepdim=True)
        else:
            if logits.ndim < 1:
                raise ValueError("`logits` parameter must be at least one-dimensional.")
            if validate_args is not False:
                check_parameter("Categorical", "logits", logits == logits, "numbers", logits)
            self._logits = logits - logsumexp(logits, -1, True)
        given = self._probs if self._probs is not None else self._logits
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1])

    @property
    def probs(self) -> Any:
        if self._probs is None:
            self._probs = softmax(self._logits, -1)
        return self._probs

    @property
    def logits(self) -> Any:
        if self._logits is None:
            self._logits = _log_of(self._probs)
        return self._logits

    @property
    def param_shape(self) -> Any:
        return (self._probs if self._probs is not None else self._logits).shape

    @property
    def mean(self) -> Any:
        return self.probs.new_full(self._batch_shape, float("nan"))

    variance = mean

    @property
    def mode(self) -> Any:
        return self.probs.argmax(-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        count = 1
        for size in sample_shape:
            count *= size
        with no_grad():
            rows = self.probs.reshape(-1, self._num_events)
            return multinomial(rows, count, True).T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        value = value.long().unsqueeze(-1)
        shape = (value + self.logits.detach()[..., :1] * 0).shape[:-1]
        return self.logits.expand(*shape, self._num_events).gather(-1, value.expand(*shape, 1)).squeeze(-1)

    def entropy(self) -> Any:
        smallest = clamp(self.logits, min=-3.4028234663852886e38)
        return -(smallest * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        """All categories, along a new first dimension."""
        values = self.probs.new_tensor(range(self._num_events)).long().view(-1, *[1] * len(self._batch_shape))
        return values.expand(-1, *self._batch_shape) if expand else values


class OneHotCategorical(Distribution):
    """The same with one-hot vectors as results."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:])

    @property
    def probs(self) -> Any:
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        return self._categorical.logits

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    @property
    def mode(self) -> Any:
        return one_hot(self.probs.argmax(-1), self._event_shape[0]).to(self.probs.dtype)

    def sample(self, sample_shape: Any = ()) -> Any:
        numbers = self._categorical.sample(sample_shape)
        return one_hot(numbers, self._event_shape[0]).to(self.probs.dtype)

    def log_prob(self, value: Any) -> Any:
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Any:
        return self._categorical.entropy()


class Multinomial(Distribution):
    """How often each category came in `total_count` draws."""

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:])

    @property
    def probs(self) -> Any:
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        return self._categorical.logits

    @property
    def mean(self) -> Any:
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        draws: Tensor = self._categorical.sample((self.total_count, *sample_shape))
        return one_hot(draws, self._event_shape[0]).sum(0).to(self.probs.dtype)

    def log_prob(self, value: Any) -> Any:
        logits = log_softmax(self.logits, -1)
        impossible = (value == 0) & (logits == -float("inf"))
        powers = (logits.masked_fill(impossible, 0) * value).sum(-1)
        return lgamma(value.sum(-1) + 1) - lgamma(value + 1).sum(-1) + powers
