"""Mirror images."""

from __future__ import annotations

from ..pillow import is_pil, pillow
from .images import Image, Transform, require_image, with_probability

__all__ = ["RandomHorizontalFlip", "RandomVerticalFlip", "hflip", "vflip"]


def hflip(img: Image) -> Image:
    """Left and right exchanged.

    >>> import tinygrad_i2dl as torch
    >>> hflip(torch.tensor([[[1, 2, 3]]]))
    tensor([[[3, 2, 1]]])
    """
    if is_pil(require_image(img)):
        return img.transpose(pillow().Transpose.FLIP_LEFT_RIGHT)
    return img.flip(-1)


def vflip(img: Image) -> Image:
    """Top and bottom exchanged."""
    if is_pil(require_image(img)):
        return img.transpose(pillow().Transpose.FLIP_TOP_BOTTOM)
    return img.flip(-2)


class RandomHorizontalFlip(Transform):
    """`hflip` with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Image) -> Image:
        return hflip(img) if with_probability(self.p) else img

    def described(self) -> str:
        return f"p={self.p}"


class RandomVerticalFlip(Transform):
    """`vflip` with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Image) -> Image:
        return vflip(img) if with_probability(self.p) else img

    def described(self) -> str:
        return f"p={self.p}"
