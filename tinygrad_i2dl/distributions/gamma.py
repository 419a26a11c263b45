"""Gamma, beta and Dirichlet distributions, and the counting ones. Samples carry no gradients to their shape
parameters."""

from __future__ import annotations

from typing import Any

from ..engine.mode import no_grad
from ..ops.conversion import finfo
from ..ops.device_random import generator_beside
from ..ops.movement import broadcast_to, stack
from ..ops.pointwise import clamp, log, xlogy
from ..ops.random import poisson
from ..ops.special_functions import digamma, lgamma
from ..tensors import make
from .bernoulli import _OfProbability
from .distribution import Distribution, broadcast_parameters, check_parameter

__all__ = ["Beta", "Binomial", "Chi2", "Dirichlet", "Gamma", "Poisson"]


class Gamma(Distribution):
    """Density proportional to ``x**(concentration - 1) * exp(-rate * x)``."""

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_parameters(concentration, rate)
        if validate_args is not False:
            check_parameter("Gamma", "concentration", self.concentration > 0, "positive", self.concentration)
            check_parameter("Gamma", "rate", self.rate > 0, "positive", self.rate)
        super().__init__(self.concentration.shape)

    @property
    def mean(self) -> Any:
        return self.concentration / self.rate

    @property
    def variance(self) -> Any:
        return self.concentration / self.rate**2

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            drawn = make(
                generator_beside(self.concentration._array).gamma(
                    broadcast_to(self.concentration, shape).contiguous()._array
                )
            )
            return clamp(drawn / broadcast_to(self.rate, shape), min=finfo(drawn.dtype).tiny)

    def log_prob(self, value: Any) -> Any:
        a, b = self.concentration, self.rate
        return xlogy(a, b) + xlogy(a - 1, value) - b * value - lgamma(a)

    def entropy(self) -> Any:
        a = self.concentration
        return a - log(self.rate) + lgamma(a) + (1.0 - a) * digamma(a)


class Chi2(Gamma):
    """Sum of `df` squared standard normal numbers."""

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        (df,) = broadcast_parameters(df)
        super().__init__(0.5 * df, 0.5, validate_args)

    @property
    def df(self) -> Any:
        return self.concentration * 2


class Dirichlet(Distribution):
    """Vectors of non-negative numbers that sum to one."""

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        if validate_args is not False:
            check_parameter("Dirichlet", "concentration", concentration > 0, "positive", concentration)
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:])

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def variance(self) -> Any:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total**2 * (total + 1))

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            wide = broadcast_to(self.concentration, self._extended_shape(sample_shape)).contiguous()
            return make(generator_beside(wide._array).dirichlet(wide._array))

    def log_prob(self, value: Any) -> Any:
        a = self.concentration
        return xlogy(a - 1.0, value).sum(-1) + lgamma(a.sum(-1)) - lgamma(a).sum(-1)

    def entropy(self) -> Any:
        a = self.concentration
        count, total = a.shape[-1], a.sum(-1)
        return lgamma(a).sum(-1) - lgamma(total) - (count - total) * digamma(total) - ((a - 1.0) * digamma(a)).sum(-1)


class Beta(Distribution):
    """Density proportional to ``x**(concentration1 - 1) * (1 - x)**(concentration0 - 1)`` on [0, 1]."""

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        ones, zeros = broadcast_parameters(concentration1, concentration0)
        self._dirichlet = Dirichlet(stack([ones, zeros], -1), validate_args)
        super().__init__(self._dirichlet.batch_shape)

    @property
    def concentration1(self) -> Any:
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Any:
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Any:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def variance(self) -> Any:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total**2 * (total + 1))

    def sample(self, sample_shape: Any = ()) -> Any:
        return self._dirichlet.sample(sample_shape)[..., 0]

    def log_prob(self, value: Any) -> Any:
        return self._dirichlet.log_prob(stack([value, 1.0 - value], -1))

    def entropy(self) -> Any:
        return self._dirichlet.entropy()


class Poisson(Distribution):
    """Counts of mean `rate`."""

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_parameters(rate)
        if validate_args is not False:
            check_parameter("Poisson", "rate", self.rate >= 0, "non-negative", self.rate)
        super().__init__(self.rate.shape)

    @property
    def mean(self) -> Any:
        return self.rate

    variance = mean

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return poisson(broadcast_to(self.rate, self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        return xlogy(value, self.rate) - self.rate - lgamma(value + 1)


class Binomial(_OfProbability):
    """Successes in `total_count` trials."""

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        super().__init__(probs, logits, validate_args)
        self.total_count, _ = broadcast_parameters(total_count, self.probs)
        self.total_count = self.total_count.to(self.probs.dtype)
        self._batch_shape = self.total_count.shape

    @property
    def mean(self) -> Any:
        return self.total_count * self.probs

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            count, p = broadcast_to(self.total_count, shape).contiguous(), broadcast_to(self.probs, shape).contiguous()
            return make(generator_beside(p._array).binomial(count._array, p._array))

    def log_prob(self, value: Any) -> Any:
        n = self.total_count
        ways = lgamma(n + 1) - lgamma(value + 1) - lgamma(n - value + 1)
        logits = self.logits
        return ways + value * logits - n * (clamp(logits, min=0) + log(1 + (-abs(logits)).exp()))
