"""VGG (Simonyan and Zisserman, 2014: Very deep convolutional networks for large-scale image recognition)."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...ops.movement import flatten
from .registry import register_model
from .weights import weights_enum

__all__ = [
    "VGG",
    "VGG11_BN_Weights",
    "VGG11_Weights",
    "VGG13_BN_Weights",
    "VGG13_Weights",
    "VGG16_BN_Weights",
    "VGG16_Weights",
    "VGG19_BN_Weights",
    "VGG19_Weights",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]

# Convolutions of 3 by 3 in each of the five stages, by the paper's letter of the configuration.
_DEPTHS = {"A": (1, 1, 2, 2, 2), "B": (2, 2, 2, 2, 2), "D": (2, 2, 3, 3, 3), "E": (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)


def make_layers(configuration: str, batch_norm: bool = False) -> nn.Sequential:
    """The convolutional part."""
    layers: list[nn.Module] = []
    channels = 3
    for depth, width in zip(_DEPTHS[configuration], _WIDTHS, strict=True):
        for _ in range(depth):
            layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU(inplace=True))
            channels = width
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """Stages of convolutions, then three linear layers: (N, 3, 224, 224) to (N, num_classes)."""

    def __init__(
        self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                    if module.bias is not None:
                        nn.init.constant_(module.bias, 0)
                elif isinstance(module, nn.BatchNorm2d):
                    nn.init.constant_(module.weight, 1)
                    nn.init.constant_(module.bias, 0)
                elif isinstance(module, nn.Linear):
                    nn.init.normal_(module.weight, 0, 0.01)
                    nn.init.constant_(module.bias, 0)

    def forward(self, x: Any) -> Any:
        return self.classifier(flatten(self.avgpool(self.features(x)), 1))


VGG11_Weights = weights_enum("VGG11_Weights", __name__, {"IMAGENET1K_V1": "vgg11-8a719046.pth"})
VGG11_BN_Weights = weights_enum("VGG11_BN_Weights", __name__, {"IMAGENET1K_V1": "vgg11_bn-6002323d.pth"})
VGG13_Weights = weights_enum("VGG13_Weights", __name__, {"IMAGENET1K_V1": "vgg13-19584684.pth"})
VGG13_BN_Weights = weights_enum("VGG13_BN_Weights", __name__, {"IMAGENET1K_V1": "vgg13_bn-abd245e5.pth"})
VGG16_Weights = weights_enum("VGG16_Weights", __name__, {"IMAGENET1K_V1": "vgg16-397923af.pth"})
VGG16_BN_Weights = weights_enum("VGG16_BN_Weights", __name__, {"IMAGENET1K_V1": "vgg16_bn-6c64b313.pth"})
VGG19_Weights = weights_enum("VGG19_Weights", __name__, {"IMAGENET1K_V1": "vgg19-dcbb9e9d.pth"})
VGG19_BN_Weights = weights_enum("VGG19_BN_Weights", __name__, {"IMAGENET1K_V1": "vgg19_bn-c79401a0.pth"})


@register_model(VGG11_Weights)
def vgg11(**kwargs: Any) -> VGG:
    """11 layers; 132,863,336 parameters."""
    return VGG(make_layers("A"), **kwargs)


@register_model(VGG11_BN_Weights)
def vgg11_bn(**kwargs: Any) -> VGG:
    """11 layers with batch normalization; 132,868,840 parameters."""
    return VGG(make_layers("A", batch_norm=True), **kwargs)


@register_model(VGG13_Weights)
def vgg13(**kwargs: Any) -> VGG:
    """13 layers; 133,047,848 parameters."""
    return VGG(make_layers("B"), **kwargs)


@register_model(VGG13_BN_Weights)
def vgg13_bn(**kwargs: Any) -> VGG:
    """13 layers with batch normalization; 133,053,736 parameters."""
    return VGG(make_layers("B", batch_norm=True), **kwargs)


@register_model(VGG16_Weights)
def vgg16(**kwargs: Any) -> VGG:
    """16 layers; 138,357,544 parameters."""
    return VGG(make_layers("D"), **kwargs)


@register_model(VGG16_BN_Weights)
def vgg16_bn(**kwargs: Any) -> VGG:
    """16 layers with batch normalization; 138,365,992 parameters."""
    return VGG(make_layers("D", batch_norm=True), **kwargs)


@register_model(VGG19_Weights)
def vgg19(**kwargs: Any) -> VGG:
    """19 layers; 143,667,240 parameters."""
    return VGG(make_layers("E"), **kwargs)


@register_model(VGG19_BN_Weights)
def vgg19_bn(**kwargs: Any) -> VGG:
    """19 layers with batch normalization; 143,678,248 parameters."""
    return VGG(make_layers("E", batch_norm=True), **kwargs)
