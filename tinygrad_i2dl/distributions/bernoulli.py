"""Yes or no, and its continuous relative."""

from __future__ import annotations

from typing import Any

from ..engine.mode import no_grad
from ..ops.activation import softplus
from ..ops.comparison import where
from ..ops.conversion import finfo
from ..ops.movement import broadcast_to
from ..ops.pointwise import clamp, log, log1p, sigmoid
from ..ops.random import bernoulli, rand
from .distribution import Distribution, broadcast_parameters, check_parameter, probabilities_and_logits

__all__ = ["Bernoulli", "ContinuousBernoulli", "Geometric"]


class _OfProbability(Distribution):
    """A distribution whose parameter is a probability or its log-odds."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        probabilities_and_logits(probs, logits)
        self._probs: Any = None
        self._logits: Any = None
        if probs is not None:
            (self._probs,) = broadcast_parameters(probs)
            if validate_args is not False:
                valid = (self._probs >= 0) & (self._probs <= 1)
                check_parameter(type(self).__name__, "probs", valid, "between 0 and 1", self._probs)
            super().__init__(self._probs.shape)
        else:
            (self._logits,) = broadcast_parameters(logits)
            super().__init__(self._logits.shape)

    @property
    def probs(self) -> Any:
        if self._probs is None:
            self._probs = sigmoid(self._logits)
        return self._probs

    @property
    def logits(self) -> Any:
        if self._logits is None:
            eps = finfo(self._probs.dtype).eps
            clamped = clamp(self._probs, eps, 1 - eps)
            self._logits = log(clamped) - log1p(-clamped)
        return self._logits


class Bernoulli(_OfProbability):
    """One with probability `probs` (or log-odds `logits`), else zero.

    >>> import tinygrad_i2dl as torch
    >>> torch.distributions.Bernoulli(torch.tensor(0.25)).log_prob(torch.tensor(1.0)).exp()
    tensor(0.2500)
    """

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return bernoulli(broadcast_to(self.probs, self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        return value * self.logits - softplus(self.logits)

    def entropy(self) -> Any:
        return softplus(self.logits) - self.logits * self.probs


class ContinuousBernoulli(_OfProbability):
    """Density ``C(p) p**x (1 - p)**(1 - x)`` on [0, 1] (Loaiza-Ganem and Cunningham 2019)."""

    has_rsample = True
    _LIMITS = (0.499, 0.501)  # between them a Taylor series stands for formulas that are 0/0 at one half

    def _outside(self) -> Any:
        return (self.probs < self._LIMITS[0]) | (self.probs > self._LIMITS[1])

    def _safe(self) -> Any:
        return where(self._outside(), self.probs, self.probs * 0 + self._LIMITS[0])

    def _log_constant(self) -> Any:
        safe = self._safe()
        log_norm = log(abs(log1p(-safe) - log(safe))) - log(abs(1 - 2 * safe))
        x = (self.probs - 0.5) ** 2
        return where(self._outside(), log_norm, 0.6931471805599453 + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Any:
        safe = self._safe()
        x = self.probs - 0.5
        formula = safe / (2 * safe - 1) + 1 / (log1p(-safe) - log(safe))
        return where(self._outside(), formula, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x**2) * x)

    def rsample(self, sample_shape: Any = ()) -> Any:
        uniform = rand(self._extended_shape(sample_shape), dtype=self.probs.dtype, device=self.probs.device)
        return self.icdf(uniform)

    def icdf(self, value: Any) -> Any:
        safe = self._safe()
        formula = (log1p(-safe + value * (2 * safe - 1)) - log1p(-safe)) / (log(safe) - log1p(-safe))
        return where(self._outside(), formula, value)

    def log_prob(self, value: Any) -> Any:
        return value * self.logits - softplus(self.logits) + self._log_constant()


class Geometric(_OfProbability):
    """Failures before the first success."""

    @property
    def mean(self) -> Any:
        return 1 / self.probs - 1

    @property
    def variance(self) -> Any:
        return (1 / self.probs - 1) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        tiny = finfo(self.probs.dtype).tiny
        with no_grad():
            uniform = clamp(
                rand(self._extended_shape(sample_shape), dtype=self.probs.dtype, device=self.probs.device), min=tiny
            )
            return (log(uniform) / log1p(-self.probs)).floor()

    def log_prob(self, value: Any) -> Any:
        certain = (self.probs == 1) & (value == 0)
        return value * log1p(-self.probs.masked_fill(certain, 0)) + log(self.probs)
