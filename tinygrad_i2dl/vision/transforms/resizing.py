"""Images of another size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...dtypes import float32, float64
from ...ops.interpolation import interpolate
from ..pillow import is_pil
from .images import Image, InterpolationMode, Transform, get_dimensions, interpolation_mode, pil_mode, require_image

__all__ = ["Resize", "resize"]

_TENSOR_MODES = ("nearest", "nearest-exact", "bilinear", "bicubic")


def _checked(size: Any, max_size: int | None) -> tuple[int, ...]:
    wanted = (size,) if isinstance(size, int) else size
    if not isinstance(wanted, Sequence):
        raise TypeError(f"size must be an integer or a sequence, got {type(size).__name__}")
    if len(wanted) not in (1, 2):
        raise ValueError(f"size must have 1 or 2 values, got {size!r}")
    if max_size is not None and len(wanted) != 1:
        raise ValueError(f"max_size needs size to be one integer for the smaller edge, got {size!r}")
    return tuple(int(each) for each in wanted)


def _output_size(height: int, width: int, wanted: tuple[int, ...], max_size: int | None) -> tuple[int, int]:
    """(height, width): as wanted, or with the smaller edge as wanted and the proportions kept."""
    if len(wanted) == 2:
        return wanted[0], wanted[1]
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = wanted[0], int(wanted[0] * long / short)
    if max_size is not None:
        if max_size <= wanted[0]:
            raise ValueError(f"max_size {max_size} must be greater than the size of the smaller edge, {wanted[0]}")
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return (new_long, new_short) if width <= height else (new_short, new_long)


def resize(
    img: Image,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Image:
    """`img` in another size.

    Args:
        img: a PIL image, or a tensor (..., channels, height, width).
        size: (height, width), or one integer for the smaller edge, the proportions being kept.
        interpolation: for tensors NEAREST, NEAREST_EXACT, BILINEAR or BICUBIC.
        max_size: the most that the longer edge may become, with one integer as size.
        antialias: for tensors; PIL images are always filtered in this way.

    >>> import tinygrad_i2dl as torch
    >>> resize(torch.zeros(3, 20, 40), 10).shape
    torch.Size([3, 10, 20])
    """
    mode = interpolation_mode(interpolation)
    wanted = _checked(size, max_size)
    _, height, width = get_dimensions(require_image(img))
    new_height, new_width = _output_size(height, width, wanted, max_size)
    if (new_height, new_width) == (height, width):
        return img
    if is_pil(img):
        return img.resize((new_width, new_height), pil_mode(mode))
    if mode.value not in _TENSOR_MODES:
        raise ValueError(f"interpolation of tensors is one of {', '.join(_TENSOR_MODES)}, got {mode.value}")
    smooth = mode in (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)
    original = img.dtype
    batch = img.reshape(-1, *((1,) if img.ndim == 2 else ()), *img.shape[-3:])
    if original not in (float32, float64):
        batch = batch.to(float32)
    batch = interpolate(
        batch,
        size=[new_height, new_width],
        mode=mode.value,
        align_corners=False if smooth else None,
        antialias=bool(antialias) and smooth,
    )
    if original not in (float32, float64):
        if not original.is_floating_point:
            if mode is InterpolationMode.BICUBIC and str(original) == "torch.uint8":
                batch = batch.clamp(0, 255)
            batch = batch.round()
        batch = batch.to(original)
    return batch.reshape(*img.shape[:-2], new_height, new_width)


class Resize(Transform):
    """`resize` as an object.

    >>> import tinygrad_i2dl as torch
    >>> Resize((4, 6))(torch.zeros(1, 8, 8)).shape
    torch.Size([1, 4, 6])
    """

    def __init__(
        self,
        size: Any,
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        _checked(size, max_size)
        self.size = size
        self.max_size = max_size
        self.interpolation = interpolation_mode(interpolation)
        self.antialias = antialias

    def forward(self, img: Image) -> Image:
        return resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def described(self) -> str:
        return (
            f"size={self.size}, interpolation={self.interpolation.value}, max_size={self.max_size}, "
            f"antialias={self.antialias}"
        )
