"""What the transforms take for an image: a PIL image, or a tensor whose last dimensions are channels, height, width."""

from __future__ import annotations

import enum
import numbers
from collections.abc import Sequence
from typing import Any

from ...nn.module import Module
from ...ops.creation import empty
from ...ops.random import rand, randint
from ...tensors import Tensor
from ..pillow import is_pil, pillow

__all__ = [
    "Image",
    "InterpolationMode",
    "Transform",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "number_range",
    "pair_of_sizes",
    "pil_mode",
    "require_image",
    "uniform",
    "whole",
    "with_probability",
]

Image = Any  # a PIL image or a Tensor


class InterpolationMode(enum.Enum):
    """How values between pixels are made."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


# Pillow's numbers for the same; integers are accepted where torchvision accepts them.
PIL_MODES = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.NEAREST_EXACT: 0,
    InterpolationMode.LANCZOS: 1,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
}
_BY_NUMBER = {number: mode for mode, number in PIL_MODES.items() if mode is not InterpolationMode.NEAREST_EXACT}


def interpolation_mode(given: Any) -> InterpolationMode:
    """`given` as an `InterpolationMode`: one already, or Pillow's number of it."""
    if isinstance(given, InterpolationMode):
        return given
    if isinstance(given, int) and int(given) in _BY_NUMBER:
        return _BY_NUMBER[int(given)]
    raise TypeError(f"interpolation must be an InterpolationMode or Pillow's number of one, got {given!r}")


def pil_mode(mode: InterpolationMode) -> Any:
    """Pillow's ``Resampling`` of the same name."""
    return pillow().Resampling(PIL_MODES[mode])


class Transform(Module):
    """A transform is a module, so that `Sequential` and `ModuleList` can hold it; subclasses define ``forward``."""

    def described(self) -> str:
        """The arguments, as the text of the transform shows them."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.described()})"


def require_image(image: Image) -> Image:
    """`image` itself.

    Raises:
        TypeError: it is neither a PIL image nor a tensor of two or more dimensions.
    """
    if is_pil(image):
        return image
    if isinstance(image, Tensor):
        if image.ndim < 2:
            raise TypeError(f"an image tensor has at least 2 dimensions (..., height, width), got {tuple(image.shape)}")
        return image
    raise TypeError(f"expected a PIL image or a tensor, got {type(image).__name__}")


def get_dimensions(img: Image) -> list[int]:
    """``[channels, height, width]``.

    >>> import tinygrad_i2dl as torch
    >>> get_dimensions(torch.zeros(3, 4, 5))
    [3, 4, 5]
    """
    if is_pil(require_image(img)):
        return [len(img.getbands()), img.height, img.width]
    channels = 1 if img.ndim == 2 else img.shape[-3]
    return [channels, img.shape[-2], img.shape[-1]]


def get_image_size(img: Image) -> list[int]:
    """``[width, height]``."""
    _, height, width = get_dimensions(img)
    return [width, height]


def get_image_num_channels(img: Image) -> int:
    """The number of channels."""
    return get_dimensions(img)[0]


def pair_of_sizes(size: Any, name: str = "size") -> tuple[int, int]:
    """``(height, width)`` from a number or a sequence of one or two.

    Raises:
        ValueError: any other count.
    """
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[call-overload]
    if not isinstance(size, Sequence) or len(size) not in (1, 2):
        raise ValueError(f"{name} must be a number or (height, width), got {size!r}")
    return int(size[0]), int(size[-1])


def number_range(value: Any, name: str, least: float | None = None, center: float = 0.0) -> tuple[float, float]:
    """``(low, high)`` from a pair, or from one number meaning ``center - value`` to ``center + value``."""
    if isinstance(value, numbers.Real):
        if value < 0:
            raise ValueError(f"{name} as a single number must not be negative, got {value}")
        low, high = center - float(value), center + float(value)
        return (low if least is None else max(low, least)), high
    if not isinstance(value, Sequence) or len(value) != 2:
        raise TypeError(f"{name} must be a number or a (low, high) pair, got {value!r}")
    return float(value[0]), float(value[1])


def uniform(low: float, high: float) -> float:
    """A number drawn uniformly from the default generator, as a tensor of one element draws it."""
    number: Any = empty(1)
    return float(number.uniform_(low, high).item())


def whole(low: int, high: int) -> int:
    """An integer drawn uniformly from `low` to ``high - 1``, as a tensor of one element draws it."""
    return int(randint(low, high, size=(1,)).item())


def with_probability(p: float) -> bool:
    """True with probability `p`, as a tensor of one element draws it."""
    return float(rand(1).item()) < p
