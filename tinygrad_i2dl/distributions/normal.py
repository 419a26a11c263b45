"""Normal distributions and their relatives."""

from __future__ import annotations

import math
from typing import Any

from ..engine.mode import no_grad
from ..linalg import cholesky, inv, solve_triangular
from ..ops.creation import ones, zeros
from ..ops.linalg import matmul
from ..ops.movement import broadcast_to
from ..ops.pointwise import erf, erfinv, exp, log
from ..ops.random import normal
from .distribution import Distribution, broadcast_parameters, check_parameter

__all__ = ["HalfNormal", "LogNormal", "MultivariateNormal", "Normal"]


def standard_normal(shape: Any, like: Any) -> Any:
    """Standard normal numbers of the dtype of `like`."""
    return normal(zeros(shape, dtype=like.dtype, device=like.device), ones(shape, dtype=like.dtype, device=like.device))


class Normal(Distribution):
    """Normal distribution with mean `loc` and standard deviation `scale`.

    >>> import tinygrad_i2dl as torch
    >>> torch.distributions.Normal(0.0, 1.0).log_prob(torch.tensor(0.0))
    tensor(-0.9189)
    """

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_parameters(loc, scale)
        if validate_args is not False:
            check_parameter("Normal", "scale", self.scale > 0, "positive", self.scale)
        super().__init__(self.loc.shape)

    @property
    def mean(self) -> Any:
        return self.loc

    mode = mean

    @property
    def variance(self) -> Any:
        return self.scale**2

    @property
    def stddev(self) -> Any:
        return self.scale

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal(broadcast_to(self.loc, shape), broadcast_to(self.scale, shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.loc + standard_normal(self._extended_shape(sample_shape), self.loc) * self.scale

    def log_prob(self, value: Any) -> Any:
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - log(self.scale) - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Any) -> Any:
        return 0.5 * (1 + erf((value - self.loc) / self.scale / math.sqrt(2)))

    def icdf(self, value: Any) -> Any:
        return self.loc + self.scale * erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Any:
        return 0.5 + 0.5 * math.log(2 * math.pi) + log(self.scale)


class LogNormal(Distribution):
    """The exponential of a normal number."""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.base_dist = Normal(loc, scale, validate_args)
        self.loc, self.scale = self.base_dist.loc, self.base_dist.scale
        super().__init__(self.loc.shape)

    @property
    def mean(self) -> Any:
        return exp(self.loc + self.scale**2 / 2)

    @property
    def variance(self) -> Any:
        return (exp(self.scale**2) - 1) * exp(2 * self.loc + self.scale**2)

    def sample(self, sample_shape: Any = ()) -> Any:
        return exp(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return exp(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        return self.base_dist.log_prob(log(value)) - log(value)

    def cdf(self, value: Any) -> Any:
        return self.base_dist.cdf(log(value))

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc


class HalfNormal(Distribution):
    """The absolute value of a normal number of mean zero."""

    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        self.base_dist = Normal(0, scale, validate_args)
        self.scale = self.base_dist.scale
        super().__init__(self.scale.shape)

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Any:
        return self.scale**2 * (1 - 2 / math.pi)

    def sample(self, sample_shape: Any = ()) -> Any:
        return abs(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return abs(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        inside = self.base_dist.log_prob(value) + math.log(2)
        return inside.masked_fill(value < 0, -math.inf)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class MultivariateNormal(Distribution):
    """Normal distribution of vectors, with a covariance matrix, its inverse (precision), or a Cholesky factor of it."""

    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = [each for each in (covariance_matrix, precision_matrix, scale_tril) if each is not None]
        if len(given) != 1:
            raise ValueError("exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        if given[0].ndim < 2:
            raise ValueError(f"the matrix must be at least two-dimensional, got {given[0].ndim} dimensions")
        if precision_matrix is not None:
            covariance_matrix = inv(precision_matrix)
        self._unbroadcasted_scale_tril = scale_tril if scale_tril is not None else cholesky(covariance_matrix)
        size = loc.shape[-1]
        batch = tuple((zeros(loc.shape[:-1]) + zeros(given[0].shape[:-2])).shape)
        self.loc = broadcast_to(loc, (*batch, size))
        self.scale_tril = broadcast_to(self._unbroadcasted_scale_tril, (*batch, size, size))
        super().__init__(batch, (size,))

    @property
    def covariance_matrix(self) -> Any:
        return matmul(self.scale_tril, self.scale_tril.transpose(-1, -2))

    @property
    def precision_matrix(self) -> Any:
        return inv(self.covariance_matrix)

    @property
    def mean(self) -> Any:
        return self.loc

    mode = mean

    @property
    def variance(self) -> Any:
        return (self.scale_tril**2).sum(-1)

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + matmul(self.scale_tril, noise.unsqueeze(-1)).squeeze(-1)

    def _half_log_det(self) -> Any:
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        difference = (value - self.loc).unsqueeze(-1)
        factor = broadcast_to(self.scale_tril, (*difference.shape[:-2], *self.scale_tril.shape[-2:]))
        scaled = solve_triangular(factor, difference, upper=False).squeeze(-1)
        size = self._event_shape[0]
        return -0.5 * (size * math.log(2 * math.pi) + (scaled**2).sum(-1)) - self._half_log_det()

    def entropy(self) -> Any:
        return 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
