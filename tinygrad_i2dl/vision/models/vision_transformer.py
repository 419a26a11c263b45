"""Vision transformers (Dosovitskiy et al., 2020: An image is worth 16x16 words)."""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from typing import Any

from ... import nn
from ...ops.creation import empty, zeros
from ...ops.movement import cat
from .registry import register_model
from .weights import weights_enum

__all__ = [
    "ViT_B_16_Weights",
    "ViT_B_32_Weights",
    "ViT_L_16_Weights",
    "ViT_L_32_Weights",
    "VisionTransformer",
    "vit_b_16",
    "vit_b_32",
    "vit_l_16",
    "vit_l_32",
]

_norm = functools.partial(nn.LayerNorm, eps=1e-6)


class MLPBlock(nn.Sequential):
    """Two linear layers applied to each token."""

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(in_dim, mlp_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(mlp_dim, in_dim), nn.Dropout(dropout)
        )
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.normal_(module.bias, std=1e-6)


class EncoderBlock(nn.Module):
    """Attention and `MLPBlock`, each on the normalized input and added to it."""

    def __init__(self, num_heads: int, hidden_dim: int, mlp_dim: int, dropout: float, attention_dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = _norm(hidden_dim)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads, dropout=attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = _norm(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input: Any) -> Any:
        tokens = self.ln_1(input)
        attended, _ = self.self_attention(tokens, tokens, tokens, need_weights=False)
        x = self.dropout(attended) + input
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Positions added, then the blocks."""

    def __init__(
        self,
        seq_length: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
    ) -> None:
        super().__init__()
        positions: Any = empty(1, seq_length, hidden_dim)
        self.pos_embedding = nn.Parameter(positions.normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential(
            OrderedDict(
                (f"encoder_layer_{i}", EncoderBlock(num_heads, hidden_dim, mlp_dim, dropout, attention_dropout))
                for i in range(num_layers)
            )
        )
        self.ln = _norm(hidden_dim)

    def forward(self, input: Any) -> Any:
        return self.ln(self.layers(self.dropout(input + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """Patches as tokens, a class token in front, an encoder, a head: (N, 3, size, size) to (N, num_classes).

    Args:
        image_size: height and width of the images.
        patch_size: height and width of a patch.
        num_layers: blocks of the encoder.
        num_heads: of the attention.
        hidden_dim: length of a token.
        mlp_dim: inner length of `MLPBlock`.
        dropout: of tokens.
        attention_dropout: of the attention's weights.
        num_classes: length of the output.
        representation_size: length of one more layer in the head, if given.

    Raises:
        ValueError: the patches do not fill the image; in a call, images of another size.
    """

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
    ) -> None:
        super().__init__()
        if image_size % patch_size:
            raise ValueError(f"image_size {image_size} must be a multiple of patch_size {patch_size}")
        self.image_size = image_size
        self.patch_size = patch_size
        self.hidden_dim = hidden_dim
        self.num_classes = num_classes
        self.conv_proj = nn.Conv2d(3, hidden_dim, kernel_size=patch_size, stride=patch_size)
        self.class_token = nn.Parameter(zeros(1, 1, hidden_dim))
        self.seq_length = (image_size // patch_size) ** 2 + 1
        self.encoder = Encoder(self.seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout)
        heads: OrderedDict[str, nn.Module] = OrderedDict()
        if representation_size is not None:
            heads["pre_logits"] = nn.Linear(hidden_dim, representation_size)
            heads["act"] = nn.Tanh()
        head = nn.Linear(representation_size or hidden_dim, num_classes)
        heads["head"] = head
        self.heads = nn.Sequential(heads)
        fan_in = 3 * patch_size * patch_size
        nn.init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / fan_in))
        nn.init.zeros_(self.conv_proj.bias)
        if representation_size is not None:
            before: Any = heads["pre_logits"]
            nn.init.trunc_normal_(before.weight, std=math.sqrt(1 / before.in_features))
            nn.init.zeros_(before.bias)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)

    def forward(self, x: Any) -> Any:
        if tuple(x.shape[-2:]) != (self.image_size, self.image_size):
            raise ValueError(f"expected images of {self.image_size} by {self.image_size}, got shape {tuple(x.shape)}")
        tokens = self.conv_proj(x).flatten(2).transpose(1, 2)
        tokens = cat([self.class_token.expand(x.shape[0], -1, -1), tokens], dim=1)
        return self.heads(self.encoder(tokens)[:, 0])


ViT_B_16_Weights = weights_enum("ViT_B_16_Weights", __name__, {"IMAGENET1K_V1": "vit_b_16-c867db91.pth"})
ViT_B_32_Weights = weights_enum("ViT_B_32_Weights", __name__, {"IMAGENET1K_V1": "vit_b_32-d86f8d99.pth"})
ViT_L_16_Weights = weights_enum("ViT_L_16_Weights", __name__, {"IMAGENET1K_V1": "vit_l_16-852ce7e3.pth"})
ViT_L_32_Weights = weights_enum("ViT_L_32_Weights", __name__, {"IMAGENET1K_V1": "vit_l_32-c7638314.pth"})

_BASE = {"num_layers": 12, "num_heads": 12, "hidden_dim": 768, "mlp_dim": 3072}
_LARGE = {"num_layers": 24, "num_heads": 16, "hidden_dim": 1024, "mlp_dim": 4096}


@register_model(ViT_B_16_Weights)
def vit_b_16(image_size: int = 224, **kwargs: Any) -> VisionTransformer:
    """86,567,656 parameters."""
    return VisionTransformer(image_size, 16, **{**_BASE, **kwargs})


@register_model(ViT_B_32_Weights)
def vit_b_32(image_size: int = 224, **kwargs: Any) -> VisionTransformer:
    """88,224,232 parameters."""
    return VisionTransformer(image_size, 32, **{**_BASE, **kwargs})


@register_model(ViT_L_16_Weights)
def vit_l_16(image_size: int = 224, **kwargs: Any) -> VisionTransformer:
    """304,326,632 parameters."""
    return VisionTransformer(image_size, 16, **{**_LARGE, **kwargs})


@register_model(ViT_L_32_Weights)
def vit_l_32(image_size: int = 224, **kwargs: Any) -> VisionTransformer:
    """306,535,400 parameters."""
    return VisionTransformer(image_size, 32, **{**_LARGE, **kwargs})
