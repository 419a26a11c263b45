"""Distributions made of others."""

from __future__ import annotations

from typing import Any

from ..engine.mode import no_grad
from ..ops.activation import log_softmax
from ..ops.reduction import logsumexp
from .distribution import Distribution

__all__ = ["Independent", "MixtureSameFamily"]


class Independent(Distribution):
    """The last dimensions of a distribution's batch taken as one event: their log-probabilities are summed."""

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        shape = tuple(base_distribution.batch_shape) + tuple(base_distribution.event_shape)
        events = reinterpreted_batch_ndims + len(base_distribution.event_shape)
        if reinterpreted_batch_ndims > len(base_distribution.batch_shape):
            raise ValueError(
                f"expected reinterpreted_batch_ndims <= {len(base_distribution.batch_shape)}, the batch dimensions, "
                f"got {reinterpreted_batch_ndims}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        super().__init__(shape[: len(shape) - events], shape[len(shape) - events :])

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    @property
    def mean(self) -> Any:
        return self.base_dist.mean

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.rsample(sample_shape)

    def _summed(self, value: Any) -> Any:
        return value.sum(tuple(range(-self.reinterpreted_batch_ndims, 0))) if self.reinterpreted_batch_ndims else value

    def log_prob(self, value: Any) -> Any:
        return self._summed(self.base_dist.log_prob(value))

    def entropy(self) -> Any:
        return self._summed(self.base_dist.entropy())


class MixtureSameFamily(Distribution):
    """A mixture: the components are the last batch dimension of `component_distribution`, chosen by a Categorical."""

    def __init__(
        self, mixture_distribution: Any, component_distribution: Distribution, validate_args: bool | None = None
    ) -> None:
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        components = mixture_distribution.param_shape[-1]
        if component_distribution.batch_shape[-1] != components:
            raise ValueError(
                f"the mixture has {components} weights, the component distribution "
                f"{component_distribution.batch_shape[-1]} components"
            )
        self._num_component = components
        super().__init__(component_distribution.batch_shape[:-1], component_distribution.event_shape)

    @property
    def mixture_distribution(self) -> Any:
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        return self._component_distribution

    def _weights(self) -> Any:
        probs = self._mixture_distribution.probs
        return probs.reshape(*probs.shape, *[1] * len(self._event_shape))

    @property
    def mean(self) -> Any:
        return (self._weights() * self._component_distribution.mean).sum(-1 - len(self._event_shape))

    @property
    def variance(self) -> Any:
        axis = -1 - len(self._event_shape)
        within = (self._weights() * self._component_distribution.variance).sum(axis)
        between = (self._weights() * (self._component_distribution.mean - self.mean.unsqueeze(axis)) ** 2).sum(axis)
        return within + between

    def log_prob(self, value: Any) -> Any:
        value = value.unsqueeze(-1 - len(self._event_shape))
        return logsumexp(
            self._component_distribution.log_prob(value) + log_softmax(self._mixture_distribution.logits, -1), -1
        )

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            axis = len(sample_shape) + len(self._batch_shape)
            chosen = self._mixture_distribution.sample(sample_shape)
            samples = self._component_distribution.sample(sample_shape)
            events = len(self._event_shape)
            index = chosen.reshape(*chosen.shape, *[1] * (events + 1))
            index = index.expand(*chosen.shape, 1, *self._event_shape)
            return samples.gather(axis, index).squeeze(axis)
