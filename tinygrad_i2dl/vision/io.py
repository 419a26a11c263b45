"""Image files as tensors (torchvision's ``io``)."""

from __future__ import annotations

import enum
import os
from typing import Any

from ..tensors import Tensor
from .pillow import pillow
from .transforms.conversion import pil_to_tensor

__all__ = ["ImageReadMode", "read_image"]


class ImageReadMode(enum.Enum):
    """The channels of the tensor."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


_MODES = {"GRAY": "L", "GRAY_ALPHA": "LA", "RGB": "RGB", "RGB_ALPHA": "RGBA"}


def read_image(path: str | os.PathLike[str], mode: Any = ImageReadMode.UNCHANGED) -> Tensor:
    """An image file as a uint8 tensor (channels, height, width).

    Raises:
        FileNotFoundError: no such file.
        PIL.UnidentifiedImageError: no image format that Pillow knows.
    """
    wanted = ImageReadMode[mode] if isinstance(mode, str) else ImageReadMode(mode)
    with pillow().open(path) as image:
        converted = image if wanted is ImageReadMode.UNCHANGED else image.convert(_MODES[wanted.name])
        return pil_to_tensor(converted.convert("RGB") if converted.mode == "P" else converted)
