"""Instance normalization layers."""

from __future__ import annotations

import warnings
from typing import Any

from ..tensors import Tensor
from . import functional as F
from .batch_normalization import _LazyNorm, _NormBase, check_dimensions

__all__ = [
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _InstanceNorm(_NormBase):
    """Instance normalization with `dimensions` dimensions of places."""

    dimensions: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _check_input_dim(self, input: Tensor) -> None:
        check_dimensions(self, input, (self.dimensions + 1, self.dimensions + 2))

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        position = input.ndim - self.dimensions - 1
        if input.shape[position] != self.num_features:
            text = (
                f"{type(self).__name__} expected {self.num_features} channels at dimension {position}, "
                f"got {input.shape[position]}"
            )
            if self.affine:
                raise ValueError(text)
            warnings.warn(text + "; num_features is not used because affine=False", stacklevel=2)
        batch: Any = input if position else input.unsqueeze(0)
        result = F.instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
        )
        return result if position else result.squeeze(0)  # type: ignore[no-any-return]


class InstanceNorm1d(_InstanceNorm):
    """Normalizes each channel of each sample of ``(N, C, L)`` or ``(C, L)``; see `InstanceNorm2d`."""

    dimensions = 1


class InstanceNorm2d(_InstanceNorm):
    """Normalizes each channel of each sample over its places: ``(N, C, H, W)`` or ``(C, H, W)`` (D. Ulyanov et al.,
    2016).

    By default there are neither parameters (`affine`) nor running statistics (`track_running_stats`).
    """

    dimensions = 2


class InstanceNorm3d(_InstanceNorm):
    """Normalizes each channel of each sample of ``(N, C, D, H, W)`` or ``(C, D, H, W)``; see `InstanceNorm2d`."""

    dimensions = 3


class _LazyInstanceNorm(_LazyNorm):
    dimensions: int

    def _channels(self, input: Tensor) -> int:
        return int(input.shape[-self.dimensions - 1])


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    """`InstanceNorm1d` whose ``num_features`` comes from the first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    """`InstanceNorm2d` whose ``num_features`` comes from the first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    """`InstanceNorm3d` whose ``num_features`` comes from the first input."""

    cls_to_become = InstanceNorm3d
