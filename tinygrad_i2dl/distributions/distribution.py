"""The base class of probability distributions."""

from __future__ import annotations

from typing import Any

from ..engine.mode import no_grad
from ..ops.creation import full, tensor
from ..ops.movement import broadcast_tensors
from ..ops.pointwise import exp
from ..tensors import Size, Tensor

__all__ = ["Distribution", "broadcast_parameters", "probabilities_and_logits"]


class Distribution:
    """A distribution with parameters of shape ``batch_shape`` over events of shape ``event_shape``."""

    has_rsample = False

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)

    @property
    def batch_shape(self) -> Size:
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        return self._event_shape

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size(tuple(sample_shape) + tuple(self._batch_shape) + tuple(self._event_shape))

    @property
    def mean(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no mean")

    @property
    def variance(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no variance")

    @property
    def stddev(self) -> Any:
        """Square root of the variance."""
        return self.variance.sqrt()

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Samples through which gradients flow to the parameters (reparameterised)."""
        raise NotImplementedError(f"{type(self).__name__} has no reparameterised samples: use sample() and log_prob()")

    def sample(self, sample_shape: Any = ()) -> Any:
        """Samples, ``sample_shape`` of them for each parameter; no gradients flow through them."""
        with no_grad():
            return self.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        """Logarithm of the probability (density) of `value`."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def cdf(self, value: Any) -> Any:
        """Probability of a result up to `value`."""
        raise NotImplementedError(f"{type(self).__name__} has no cdf")

    def icdf(self, value: Any) -> Any:
        """Inverse of `cdf`."""
        raise NotImplementedError(f"{type(self).__name__} has no icdf")

    def entropy(self) -> Any:
        """Entropy in nats."""
        raise NotImplementedError(f"{type(self).__name__} has no entropy")

    def perplexity(self) -> Any:
        """Exponential of the entropy."""
        return exp(self.entropy())

    def __repr__(self) -> str:
        # An attribute behind a property, such as `_probs`, is shown by the property's name.
        parameters = [
            f"{name.removeprefix('_')}: {_brief(value)}"
            for name, value in self.__dict__.items()
            if isinstance(value, Tensor)
        ]
        return f"{type(self).__name__}({', '.join(parameters)})"


def _brief(value: Tensor) -> str:
    return str(value.item()) if value._array.size == 1 else str(value.shape)


def broadcast_parameters(*values: Any) -> tuple[Any, ...]:
    """Numbers and tensors as tensors of one shape."""
    like = next((value for value in values if isinstance(value, Tensor)), None)
    if like is None:
        return tuple(tensor(float(value)) for value in values)
    made = [value if isinstance(value, Tensor) else full((), float(value), dtype=like.dtype) for value in values]
    return tuple(broadcast_tensors(*made))


def probabilities_and_logits(probs: Any, logits: Any) -> None:
    """Raise unless exactly one of the two is given."""
    if (probs is None) == (logits is None):
        raise ValueError("either `probs` or `logits` must be specified, but not both")


def check_parameter(owner: str, name: str, condition: Any, what: str, value: Any) -> None:
    """Raise `ValueError` unless `condition` holds everywhere."""
    if not bool(condition.all()):
        raise ValueError(
            f"expected parameter {name} of {owner} to be {what}, got values from {value.min().item()} to "
            f"{value.max().item()}"
        )
