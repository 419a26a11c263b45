"""Distributions sampled by transforming uniform numbers."""

from __future__ import annotations

import math
from typing import Any

from ..ops.conversion import finfo
from ..ops.creation import empty
from ..ops.pointwise import clamp, exp, log, log1p, sign
from ..ops.random import rand
from .distribution import Distribution, broadcast_parameters, check_parameter

__all__ = ["Exponential", "Gumbel", "Laplace", "Uniform"]


class Uniform(Distribution):
    """Equal density between `low` and `high`."""

    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_parameters(low, high)
        if validate_args is not False and not bool((self.low < self.high).all()):
            raise ValueError("Uniform is not defined when low>= high")
        super().__init__(self.low.shape)

    @property
    def mean(self) -> Any:
        return (self.high + self.low) / 2

    @property
    def variance(self) -> Any:
        return (self.high - self.low) ** 2 / 12

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.low + rand(self._extended_shape(sample_shape), dtype=self.low.dtype, device=self.low.device) * (
            self.high - self.low
        )

    def log_prob(self, value: Any) -> Any:
        inside = (self.low <= value) & (self.high > value)
        return log(inside.to(self.low.dtype)) - log(self.high - self.low)

    def cdf(self, value: Any) -> Any:
        return clamp((value - self.low) / (self.high - self.low), 0, 1)

    def icdf(self, value: Any) -> Any:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        return log(self.high - self.low)


class Exponential(Distribution):
    """Density ``rate * exp(-rate * x)``."""

    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_parameters(rate)
        if validate_args is not False:
            check_parameter("Exponential", "rate", self.rate > 0, "positive", self.rate)
        super().__init__(self.rate.shape)

    @property
    def mean(self) -> Any:
        return 1 / self.rate

    @property
    def variance(self) -> Any:
        return self.rate**-2

    def rsample(self, sample_shape: Any = ()) -> Any:
        return empty(self._extended_shape(sample_shape), dtype=self.rate.dtype).exponential_() / self.rate

    def log_prob(self, value: Any) -> Any:
        return log(self.rate) - self.rate * value

    def cdf(self, value: Any) -> Any:
        return 1 - exp(-self.rate * value)

    def icdf(self, value: Any) -> Any:
        return -log1p(-value) / self.rate

    def entropy(self) -> Any:
        return 1.0 - log(self.rate)


class Laplace(Distribution):
    """Density ``exp(-|x - loc| / scale) / (2 scale)``."""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_parameters(loc, scale)
        if validate_args is not False:
            check_parameter("Laplace", "scale", self.scale > 0, "positive", self.scale)
        super().__init__(self.loc.shape)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return 2 * self.scale**2

    def rsample(self, sample_shape: Any = ()) -> Any:
        eps = finfo(self.loc.dtype).eps
        u = empty(self._extended_shape(sample_shape), dtype=self.loc.dtype).uniform_(eps - 1, 1)
        return self.loc - self.scale * sign(u) * log1p(-abs(u))

    def log_prob(self, value: Any) -> Any:
        return -log(2 * self.scale) - abs(value - self.loc) / self.scale

    def entropy(self) -> Any:
        return 1 + log(2 * self.scale)


class Gumbel(Distribution):
    """The largest of many: ``loc - scale * log(-log(u))``."""

    has_rsample = True
    EULER = 0.57721566490153286060

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_parameters(loc, scale)
        if validate_args is not False:
            check_parameter("Gumbel", "scale", self.scale > 0, "positive", self.scale)
        super().__init__(self.loc.shape)

    @property
    def mean(self) -> Any:
        return self.loc + self.scale * self.EULER

    @property
    def variance(self) -> Any:
        return (math.pi * self.scale) ** 2 / 6

    def rsample(self, sample_shape: Any = ()) -> Any:
        info = finfo(self.loc.dtype)
        u = empty(self._extended_shape(sample_shape), dtype=self.loc.dtype).uniform_(info.tiny, 1 - info.eps)
        return self.loc - self.scale * log(-log(u))

    def log_prob(self, value: Any) -> Any:
        y = (self.loc - value) / self.scale
        return y - exp(y) - log(self.scale)

    def entropy(self) -> Any:
        return log(self.scale) + (1 + self.EULER)
