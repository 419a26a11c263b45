"""EfficientNet (Tan and Le, 2019: Rethinking model scaling for convolutional neural networks)."""

from __future__ import annotations

import functools
import math
from typing import Any

from ... import nn
from ...ops.movement import flatten
from ..transforms.images import InterpolationMode
from .layers import Conv2dNormActivation, SqueezeExcitation, StochasticDepth, make_divisible
from .registry import register_model
from .weights import weights_enum

__all__ = [
    "EfficientNet",
    "EfficientNet_B0_Weights",
    "EfficientNet_B1_Weights",
    "EfficientNet_B2_Weights",
    "EfficientNet_B3_Weights",
    "EfficientNet_B4_Weights",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
]

# Factor of the inner channels, kernel size, stride, input and output channels, blocks (table 1 of the paper).
_STAGES = (
    (1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1),
)  # fmt: skip


class MBConv(nn.Module):
    """An inverted residual with squeeze and excitation."""

    def __init__(
        self, expand_ratio: int, kernel: int, stride: int, inp: int, oup: int, depth_prob: float, norm_layer: Any
    ) -> None:
        super().__init__()
        self.use_res_connect = stride == 1 and inp == oup
        hidden = make_divisible(inp * expand_ratio)
        shared: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers: list[nn.Module] = []
        if hidden != inp:
            layers.append(Conv2dNormActivation(inp, hidden, kernel_size=1, **shared))
        layers += [
            Conv2dNormActivation(hidden, hidden, kernel_size=kernel, stride=stride, groups=hidden, **shared),
            SqueezeExcitation(hidden, max(1, inp // 4), activation=functools.partial(nn.SiLU, inplace=True)),
            Conv2dNormActivation(hidden, oup, kernel_size=1, norm_layer=norm_layer, activation_layer=None),
        ]
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(depth_prob, "row")
        self.out_channels = oup

    def forward(self, input: Any) -> Any:
        result = self.block(input)
        return self.stochastic_depth(result) + input if self.use_res_connect else result


class EfficientNet(nn.Module):
    """Stages of `MBConv` and one linear layer: (N, 3, height, width) to (N, num_classes).

    Args:
        width_mult: factor of all channels.
        depth_mult: factor of the numbers of blocks.
        dropout: before the linear layer.
        stochastic_depth_prob: of the last block; the first has 0.
        num_classes: length of the output.
        norm_layer: makes a normalization from a number of channels; by default `BatchNorm2d`.
    """

    def __init__(
        self,
        width_mult: float,
        depth_mult: float,
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Any = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        shared: dict[str, Any] = {"norm_layer": norm, "activation_layer": nn.SiLU}
        counts = [math.ceil(stage[-1] * depth_mult) for stage in _STAGES]
        parts: list[nn.Module] = [Conv2dNormActivation(3, make_divisible(32 * width_mult), stride=2, **shared)]
        made = 0
        for (factor, kernel, stride, inp, oup, _), count in zip(_STAGES, counts, strict=True):
            channels, output = make_divisible(inp * width_mult), make_divisible(oup * width_mult)
            blocks = []
            for i in range(count):
                prob = stochastic_depth_prob * made / sum(counts)
                first = i == 0
                width = channels if first else output
                blocks.append(MBConv(factor, kernel, stride if first else 1, width, output, prob, norm))
                made += 1
            parts.append(nn.Sequential(*blocks))
        final = make_divisible(_STAGES[-1][4] * width_mult)
        parts.append(Conv2dNormActivation(final, 4 * final, kernel_size=1, **shared))
        self.features = nn.Sequential(*parts)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(4 * final, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                bound = 1.0 / math.sqrt(module.out_features)
                nn.init.uniform_(module.weight, -bound, bound)
                nn.init.zeros_(module.bias)

    def forward(self, x: Any) -> Any:
        return self.classifier(flatten(self.avgpool(self.features(x)), 1))


_BICUBIC: dict[str, Any] = {"interpolation": InterpolationMode.BICUBIC}
EfficientNet_B0_Weights = weights_enum(
    "EfficientNet_B0_Weights",
    __name__,
    {"IMAGENET1K_V1": "efficientnet_b0_rwightman-7f5810bc.pth"},
    crop=224,
    resize_size=256,
    **_BICUBIC,
)
EfficientNet_B1_Weights = weights_enum(
    "EfficientNet_B1_Weights",
    __name__,
    {"IMAGENET1K_V1": "efficientnet_b1_rwightman-bac287d4.pth", "IMAGENET1K_V2": "efficientnet_b1-c27df63c.pth"},
    crop=240,
    resize_size=256,
    **_BICUBIC,
)
EfficientNet_B2_Weights = weights_enum(
    "EfficientNet_B2_Weights",
    __name__,
    {"IMAGENET1K_V1": "efficientnet_b2_rwightman-c35c1473.pth"},
    crop=288,
    resize_size=288,
    **_BICUBIC,
)
EfficientNet_B3_Weights = weights_enum(
    "EfficientNet_B3_Weights",
    __name__,
    {"IMAGENET1K_V1": "efficientnet_b3_rwightman-b3899882.pth"},
    crop=300,
    resize_size=320,
    **_BICUBIC,
)
EfficientNet_B4_Weights = weights_enum(
    "EfficientNet_B4_Weights",
    __name__,
    {"IMAGENET1K_V1": "efficientnet_b4_rwightman-23ab8bcd.pth"},
    crop=380,
    resize_size=384,
    **_BICUBIC,
)


@register_model(EfficientNet_B0_Weights)
def efficientnet_b0(dropout: float = 0.2, **kwargs: Any) -> EfficientNet:
    """5,288,548 parameters."""
    return EfficientNet(1.0, 1.0, dropout, **kwargs)


@register_model(EfficientNet_B1_Weights)
def efficientnet_b1(dropout: float = 0.2, **kwargs: Any) -> EfficientNet:
    """7,794,184 parameters."""
    return EfficientNet(1.0, 1.1, dropout, **kwargs)


@register_model(EfficientNet_B2_Weights)
def efficientnet_b2(dropout: float = 0.3, **kwargs: Any) -> EfficientNet:
    """9,109,994 parameters."""
    return EfficientNet(1.1, 1.2, dropout, **kwargs)


@register_model(EfficientNet_B3_Weights)
def efficientnet_b3(dropout: float = 0.3, **kwargs: Any) -> EfficientNet:
    """12,233,232 parameters."""
    return EfficientNet(1.2, 1.4, dropout, **kwargs)


@register_model(EfficientNet_B4_Weights)
def efficientnet_b4(dropout: float = 0.4, **kwargs: Any) -> EfficientNet:
    """19,341,616 parameters."""
    return EfficientNet(1.4, 1.8, dropout, **kwargs)
