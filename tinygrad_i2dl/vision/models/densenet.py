"""DenseNet (Huang et al., 2016: Densely connected convolutional networks)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from ... import nn
from ...nn import functional as F
from ...ops.movement import cat, flatten
from .registry import register_model
from .weights import weights_enum

__all__ = [
    "DenseNet",
    "DenseNet121_Weights",
    "DenseNet161_Weights",
    "DenseNet169_Weights",
    "DenseNet201_Weights",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
]


class _DenseLayer(nn.Module):
    """``growth_rate`` new channels from all channels so far."""

    def __init__(self, channels: int, growth_rate: int, bn_size: int, drop_rate: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(channels, bn_size * growth_rate, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(bn_size * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bn_size * growth_rate, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)

    def forward(self, input: Any) -> Any:
        features = cat(input, 1) if isinstance(input, list) else input
        new = self.conv2(self.relu2(self.norm2(self.conv1(self.relu1(self.norm1(features))))))
        return F.dropout(new, p=self.drop_rate, training=self.training) if self.drop_rate > 0 else new


class _DenseBlock(nn.ModuleDict):
    """Layers each of which sees the outputs of all before it."""

    def __init__(self, layers: int, channels: int, bn_size: int, growth_rate: int, drop_rate: float) -> None:
        super().__init__()
        for i in range(layers):
            layer = _DenseLayer(channels + i * growth_rate, growth_rate, bn_size, drop_rate)
            self.add_module(f"denselayer{i + 1}", layer)

    def forward(self, init_features: Any) -> Any:
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


class _Transition(nn.Sequential):
    """Fewer channels and half the size."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(channels, out_channels, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Dense blocks with transitions between them: (N, 3, height, width) to (N, num_classes).

    Args:
        growth_rate: new channels of each layer.
        block_config: layers in each block.
        num_init_features: channels of the first convolution.
        bn_size: factor of the inner channels.
        drop_rate: dropout after each layer.
        num_classes: length of the output.
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                [
                    ("conv0", nn.Conv2d(3, num_init_features, kernel_size=7, stride=2, padding=3, bias=False)),
                    ("norm0", nn.BatchNorm2d(num_init_features)),
                    ("relu0", nn.ReLU(inplace=True)),
                    ("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1)),
                ]
            )
        )
        channels = num_init_features
        for i, layers in enumerate(block_config, start=1):
            block = _DenseBlock(layers, channels, bn_size, growth_rate, drop_rate)
            self.features.add_module(f"denseblock{i}", block)
            channels += layers * growth_rate
            if i != len(block_config):
                self.features.add_module(f"transition{i}", _Transition(channels, channels // 2))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.Linear):
                nn.init.constant_(module.bias, 0)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.features(x), inplace=True)
        return self.classifier(flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


DenseNet121_Weights = weights_enum("DenseNet121_Weights", __name__, {"IMAGENET1K_V1": "densenet121-a639ec97.pth"})
DenseNet161_Weights = weights_enum("DenseNet161_Weights", __name__, {"IMAGENET1K_V1": "densenet161-8d451a50.pth"})
DenseNet169_Weights = weights_enum("DenseNet169_Weights", __name__, {"IMAGENET1K_V1": "densenet169-b2777c0a.pth"})
DenseNet201_Weights = weights_enum("DenseNet201_Weights", __name__, {"IMAGENET1K_V1": "densenet201-c1103571.pth"})


@register_model(DenseNet121_Weights)
def densenet121(**kwargs: Any) -> DenseNet:
    """7,978,856 parameters."""
    return DenseNet(32, (6, 12, 24, 16), 64, **kwargs)


@register_model(DenseNet161_Weights)
def densenet161(**kwargs: Any) -> DenseNet:
    """28,681,000 parameters."""
    return DenseNet(48, (6, 12, 36, 24), 96, **kwargs)


@register_model(DenseNet169_Weights)
def densenet169(**kwargs: Any) -> DenseNet:
    """14,149,480 parameters."""
    return DenseNet(32, (6, 12, 32, 32), 64, **kwargs)


@register_model(DenseNet201_Weights)
def densenet201(**kwargs: Any) -> DenseNet:
    """20,013,928 parameters."""
    return DenseNet(32, (6, 12, 48, 32), 64, **kwargs)
