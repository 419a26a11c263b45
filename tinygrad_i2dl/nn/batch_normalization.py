"""Batch normalization layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..dtypes import int64
from ..ops.creation import full, ones, zeros
from ..tensors import Tensor
from . import functional as F
from . import init
from .init import new_parameter
from .lazy import LazyModuleMixin
from .module import Module, UninitializedBuffer, UninitializedParameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(Module):
    """Scale, shift and running statistics per channel: what batch and instance normalization share."""

    _version = 2  # since which `num_batches_tracked` is saved

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.weight: Any
        self.bias: Any
        self.running_mean: Any
        self.running_var: Any
        self.num_batches_tracked: Any
        place = {"device": device, "dtype": dtype}
        self.register_parameter("weight", new_parameter(num_features, **place) if affine else None)
        self.register_parameter("bias", new_parameter(num_features, **place) if affine and bias else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **place) if tracked else None)
        self.register_buffer("running_var", ones(num_features, **place) if tracked else None)
        self.register_buffer("num_batches_tracked", full((), 0, dtype=int64, device=device) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the count to 0."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Set the scale to 1 and the shift to 0, and forget the running statistics."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError(f"{type(self).__name__} must define _check_input_dim")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _may_miss(self, name: str, metadata: Mapping[str, Any]) -> bool:
        return name == "num_batches_tracked" and metadata.get("version", 1) < 2


def check_dimensions(module: Module, input: Tensor, allowed: tuple[int, ...]) -> None:
    """Raise ValueError unless `input` has one of the numbers of dimensions that `module` takes."""
    if input._array.ndim not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise ValueError(
            f"{type(module).__name__} expected an input of {wanted} dimensions, got shape {tuple(input.shape)}"
        )


class _BatchNorm(_NormBase):
    """Batch normalization of inputs of `dimensions` dimensions."""

    dimensions: tuple[int, ...]

    def _check_input_dim(self, input: Tensor) -> None:
        check_dimensions(self, input, self.dimensions)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        mean, variance = self.running_mean, self.running_var
        training = self.training
        if training:
            if not self.track_running_stats:
                mean = variance = None
            elif self.num_batches_tracked is not None:
                self.num_batches_tracked._add_array(1)
                if self.momentum is None:  # the mean of all batches so far
                    momentum = 1.0 / float(self.num_batches_tracked)
        else:
            training = mean is None and variance is None
        return F.batch_norm(input, mean, variance, self.weight, self.bias, training, momentum, self.eps)  # type: ignore[no-any-return]


class BatchNorm1d(_BatchNorm):
    """Normalizes each feature over the batch: input ``(N, C)`` or ``(N, C, L)``; see `BatchNorm2d`."""

    dimensions = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalizes each channel over batch and places: ``y = (x - mean) / sqrt(var + eps) * weight + bias`` (S. Ioffe
    and C. Szegedy, 2015).

    In training, mean and (biased) variance are the batch's, and running averages of both are kept:
    ``running = (1 - momentum) running + momentum batch``, with the unbiased variance. In evaluation the running
    averages are used.

    Args:
        num_features: C of an input ``(N, C, H, W)``.
        eps: added to the variance.
        momentum: weight of the newest batch in the running averages; None for the mean of all batches.
        affine: learn weight and bias.
        track_running_stats: keep running averages; without them evaluation uses the batch's statistics.
        device: where parameters and buffers live.
        dtype: of parameters and buffers.
        bias: learn the bias.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.BatchNorm2d(2)(torch.ones(3, 2, 4, 4)).sum().item()
    0.0
    """

    dimensions = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalizes each channel of ``(N, C, D, H, W)`` over batch and places; see `BatchNorm2d`."""

    dimensions = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch normalization that would share statistics between processes; in one process it is batch normalization of
    any dimensions.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(
                f"SyncBatchNorm expected an input of at least 2 dimensions, got shape {tuple(input.shape)}"
            )
        if input.shape[1] == 0:
            raise ValueError("SyncBatchNorm expected an input with channels, got none")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """`module` with each batch normalization in it replaced by a SyncBatchNorm with the same parameters and
        buffers.
        """
        result = module
        if isinstance(module, _BatchNorm):
            has_bias = module.bias is not None or not module.affine
            result = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
                bias=has_bias,
            )
            result.training = module.training
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(result, name, getattr(module, name))
        for name, child in list(module.named_children()):
            result.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return result


class _LazyNorm(LazyModuleMixin, _NormBase):
    """What the lazy normalizations share: ``num_features`` comes from the first input."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device=device, dtype=dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = full((), 0, dtype=int64, device=device)

    def reset_parameters(self) -> None:
        """As in the class that this becomes, once the parameters have a shape."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def _channels(self, input: Tensor) -> int:
        return int(input.shape[1])

    def initialize_parameters(self, input: Tensor) -> None:
        """Take ``num_features`` from `input`."""
        if self.has_uninitialized_params():
            self.num_features = self._channels(input)
            for each in (self.weight, self.bias, self.running_mean, self.running_var):
                if each is not None:
                    each.materialize((self.num_features,))
            self.reset_parameters()
        elif self.num_features == 0 and self.weight is not None:
            self.num_features = self.weight.shape[0]  # loaded from a state dict


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """`BatchNorm1d` whose ``num_features`` comes from the first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """`BatchNorm2d` whose ``num_features`` comes from the first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """`BatchNorm3d` whose ``num_features`` comes from the first input."""

    cls_to_become = BatchNorm3d
