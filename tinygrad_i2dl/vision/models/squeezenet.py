"""SqueezeNet (Iandola et al., 2016: AlexNet-level accuracy with 50x fewer parameters)."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...ops.movement import cat, flatten
from .registry import register_model
from .weights import weights_enum

__all__ = ["SqueezeNet", "SqueezeNet1_0_Weights", "SqueezeNet1_1_Weights", "squeezenet1_0", "squeezenet1_1"]


class Fire(nn.Module):
    """A convolution of 1 by 1 to few channels, then ones of 1 by 1 and 3 by 3 side by side."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        x = self.squeeze_activation(self.squeeze(x))
        return cat([self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1)


# (input, squeezed, expanded) channels of a Fire, or None for a pooling.
_PLANS: dict[str, tuple[tuple[int, int], tuple[Any, ...]]] = {
    "1_0": (
        (96, 7),
        (None, (96, 16, 64), (128, 16, 64), (128, 32, 128), None, (256, 32, 128), (256, 48, 192), (384, 48, 192),
         (384, 64, 256), None, (512, 64, 256)),
    ),
    "1_1": (
        (64, 3),
        (None, (64, 16, 64), (128, 16, 64), None, (128, 32, 128), (256, 32, 128), None, (256, 48, 192), (384, 48, 192),
         (384, 64, 256), (512, 64, 256)),
    ),
}  # fmt: skip


class SqueezeNet(nn.Module):
    """Fire modules and a convolution as classifier: (N, 3, 224, 224) to (N, num_classes).

    Raises:
        ValueError: `version` is neither ``"1_0"`` nor ``"1_1"``.
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        if version not in _PLANS:
            raise ValueError(f"version must be one of {', '.join(_PLANS)}, got {version!r}")
        self.num_classes = num_classes
        (channels, size), plan = _PLANS[version]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, kernel_size=size, stride=2), nn.ReLU(inplace=True)]
        for part in plan:
            if part is None:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            else:
                layers.append(Fire(part[0], part[1], part[2], part[2]))
        self.features = nn.Sequential(*layers)
        final = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), final, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                if module is final:
                    nn.init.normal_(module.weight, mean=0.0, std=0.01)
                else:
                    nn.init.kaiming_uniform_(module.weight)
                nn.init.constant_(module.bias, 0)

    def forward(self, x: Any) -> Any:
        return flatten(self.classifier(self.features(x)), 1)


SqueezeNet1_0_Weights = weights_enum("SqueezeNet1_0_Weights", __name__, {"IMAGENET1K_V1": "squeezenet1_0-b66bff10.pth"})
SqueezeNet1_1_Weights = weights_enum("SqueezeNet1_1_Weights", __name__, {"IMAGENET1K_V1": "squeezenet1_1-b8a52dc0.pth"})


@register_model(SqueezeNet1_0_Weights)
def squeezenet1_0(**kwargs: Any) -> SqueezeNet:
    """1,248,424 parameters."""
    return SqueezeNet("1_0", **kwargs)


@register_model(SqueezeNet1_1_Weights)
def squeezenet1_1(**kwargs: Any) -> SqueezeNet:
    """1,235,496 parameters and less than half the computation of `squeezenet1_0`."""
    return SqueezeNet("1_1", **kwargs)
