"""Groups of layers that several models share (torchvision's ``ops``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nn
from ...ops.creation import empty

__all__ = ["Conv2dNormActivation", "SqueezeExcitation", "StochasticDepth", "make_divisible"]


def make_divisible(value: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to `value`, but at least 90 % of it."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


class Conv2dNormActivation(nn.Sequential):
    """Convolution that keeps the size but for the stride, normalization, activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        groups: int = 1,
        norm_layer: Callable[..., nn.Module] = nn.BatchNorm2d,
        activation_layer: Callable[..., nn.Module] | None = nn.ReLU,
    ) -> None:
        padding = (kernel_size - 1) // 2
        layers: list[nn.Module] = [
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False),
            norm_layer(out_channels),
        ]
        if activation_layer is not None:
            layers.append(activation_layer(inplace=True))
        super().__init__(*layers)
        self.out_channels = out_channels


class SqueezeExcitation(nn.Module):
    """Channels scaled by a small network of their means (Hu et al., 2018: Squeeze-and-excitation networks)."""

    def __init__(self, input_channels: int, squeeze_channels: int, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = nn.Sigmoid()

    def forward(self, input: Any) -> Any:
        return input * self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(input)))))


class StochasticDepth(nn.Module):
    """Whole samples set to zero in training (Huang et al., 2016: Deep networks with stochastic depth)."""

    def __init__(self, p: float, mode: str = "row") -> None:
        super().__init__()
        if not 0.0 <= p <= 1.0 or mode not in ("row", "batch"):
            raise ValueError(f"expected p within [0, 1] and mode 'row' or 'batch', got {p} and {mode!r}")
        self.p = p
        self.mode = mode

    def forward(self, input: Any) -> Any:
        if not self.training or self.p == 0.0:
            return input
        count = input.shape[0] if self.mode == "row" else 1
        kept: Any = empty([count] + [1] * (input.ndim - 1), dtype=input.dtype, device=input.device)
        kept.bernoulli_(1.0 - self.p)
        return input * (kept.div_(1.0 - self.p) if self.p < 1.0 else kept)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode}"
