"""Parts of images."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy

from ...ops.padding import pad as pad_tensor
from ..pillow import is_pil
from .flipping import hflip, vflip
from .images import (
    Image,
    InterpolationMode,
    Transform,
    get_dimensions,
    interpolation_mode,
    pair_of_sizes,
    require_image,
    uniform,
    whole,
)
from .padding import pad
from .resizing import resize

__all__ = [
    "CenterCrop",
    "FiveCrop",
    "RandomCrop",
    "RandomResizedCrop",
    "TenCrop",
    "center_crop",
    "crop",
    "five_crop",
    "resized_crop",
    "ten_crop",
]


def crop(img: Image, top: int, left: int, height: int, width: int) -> Image:
    """The rectangle with the given corner and size; what lies outside the image is 0.

    >>> import tinygrad_i2dl as torch
    >>> crop(torch.arange(9.0).reshape(1, 3, 3), 1, 1, 2, 3)
    tensor([[[4., 5., 0.],
             [7., 8., 0.]]])
    """
    if is_pil(require_image(img)):
        return img.crop((left, top, left + width, top + height))
    _, rows, columns = get_dimensions(img)
    bottom, right = top + height, left + width
    part = img[..., max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if top >= 0 and left >= 0 and bottom <= rows and right <= columns:
        return part
    amounts = [
        max(min(right, 0) - left, 0),
        max(right - max(columns, left), 0),
        max(min(bottom, 0) - top, 0),
        max(bottom - max(rows, top), 0),
    ]
    return pad_tensor(part, amounts)


def center_crop(img: Image, output_size: Any) -> Image:
    """The middle rectangle of size (height, width); a smaller image is padded with 0 first."""
    wanted_height, wanted_width = pair_of_sizes(output_size, "output_size")
    _, height, width = get_dimensions(img)
    if wanted_width > width or wanted_height > height:
        across, down = max(wanted_width - width, 0), max(wanted_height - height, 0)
        img = pad(img, [across // 2, down // 2, (across + 1) // 2, (down + 1) // 2], fill=0)
        _, height, width = get_dimensions(img)
        if (wanted_height, wanted_width) == (height, width):
            return img
    # Python's round(): halves go to the even number.
    top = round((height - wanted_height) / 2.0)
    left = round((width - wanted_width) / 2.0)
    return crop(img, top, left, wanted_height, wanted_width)


def resized_crop(
    img: Image,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Image:
    """`crop`, then `resize`."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def five_crop(img: Image, size: Any) -> tuple[Image, Image, Image, Image, Image]:
    """The corners (top left, top right, bottom left, bottom right) and the middle.

    Raises:
        ValueError: the size exceeds the image's.
    """
    high, wide = pair_of_sizes(size)
    _, height, width = get_dimensions(img)
    if wide > width or high > height:
        raise ValueError(f"crops of size {(high, wide)} do not fit into an image of size {(height, width)}")
    return (
        crop(img, 0, 0, high, wide),
        crop(img, 0, width - wide, high, wide),
        crop(img, height - high, 0, high, wide),
        crop(img, height - high, width - wide, high, wide),
        center_crop(img, [high, wide]),
    )


def ten_crop(img: Image, size: Any, vertical_flip: bool = False) -> tuple[Image, ...]:
    """`five_crop` of the image and of its mirror image."""
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


class CenterCrop(Transform):
    """`center_crop` as an object."""

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = pair_of_sizes(size)

    def forward(self, img: Image) -> Image:
        return center_crop(img, self.size)

    def described(self) -> str:
        return f"size={self.size}"


class FiveCrop(Transform):
    """`five_crop` as an object; a later `Lambda` stacks the tuple."""

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = pair_of_sizes(size)

    def forward(self, img: Image) -> tuple[Image, ...]:
        return five_crop(img, self.size)

    def described(self) -> str:
        return f"size={self.size}"


class TenCrop(Transform):
    """`ten_crop` as an object."""

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = pair_of_sizes(size)
        self.vertical_flip = vertical_flip

    def forward(self, img: Image) -> tuple[Image, ...]:
        return ten_crop(img, self.size, self.vertical_flip)

    def described(self) -> str:
        return f"size={self.size}, vertical_flip={self.vertical_flip}"


class RandomCrop(Transform):
    """A rectangle of the given size at a random place.

    Args:
        size: (height, width), or one number for both.
        padding: added first; see `pad`.
        pad_if_needed: pad an image that is too small, on both sides.
        fill: the border's value.
        padding_mode: see `pad`.
    """

    @staticmethod
    def get_params(img: Image, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """A random (top, left, height, width).

        Raises:
            ValueError: the image is smaller.
        """
        _, height, width = get_dimensions(img)
        high, wide = output_size
        if height < high or width < wide:
            raise ValueError(f"the crop {(high, wide)} is larger than the (padded) image {(height, width)}")
        if (height, width) == (high, wide):
            return 0, 0, height, width
        top = whole(0, height - high + 1)
        left = whole(0, width - wide + 1)
        return top, left, high, wide

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = pair_of_sizes(size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Image) -> Image:
        if self.padding is not None:
            img = pad(img, self.padding, self.fill, self.padding_mode)
        _, height, width = get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return crop(img, *self.get_params(img, self.size))

    def described(self) -> str:
        return f"size={self.size}, padding={self.padding}"


class RandomResizedCrop(Transform):
    """A random part of a random area and shape, resized to `size`.

    Args:
        size: (height, width), or one number for both.
        scale: least and greatest share of the image's area.
        ratio: least and greatest width / height; drawn uniformly in the logarithm.
        interpolation: see `resize`.
        antialias: see `resize`.
    """

    @staticmethod
    def get_params(img: Image, scale: Any, ratio: Any) -> tuple[int, int, int, int]:
        """A random (top, left, height, width); after ten failures the middle with the nearest allowed ratio."""
        _, height, width = get_dimensions(img)
        area = height * width
        low, high = numpy.log(numpy.asarray(ratio, dtype=numpy.float32))  # float32 as in the tensors drawn below
        for _ in range(10):
            wanted = area * uniform(scale[0], scale[1])
            shape = float(numpy.exp(numpy.float32(uniform(float(low), float(high)))))
            wide = round(math.sqrt(wanted * shape))
            tall = round(math.sqrt(wanted / shape))
            if 0 < wide <= width and 0 < tall <= height:
                top = whole(0, height - tall + 1)
                left = whole(0, width - wide + 1)
                return top, left, tall, wide
        tall, wide = height, width
        if width / height < min(ratio):
            tall = round(width / min(ratio))
        elif width / height > max(ratio):
            wide = round(height * max(ratio))
        return (height - tall) // 2, (width - wide) // 2, tall, wide

    def __init__(
        self,
        size: Any,
        scale: Any = (0.08, 1.0),
        ratio: Any = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = pair_of_sizes(size)
        for name, given in (("scale", scale), ("ratio", ratio)):
            if not isinstance(given, list | tuple):
                raise TypeError(f"{name} must be a (low, high) pair, got {given!r}")
            if given[0] > given[1]:
                warnings.warn(f"{name} should be (low, high), got {given}", stacklevel=2)
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation_mode(interpolation)
        self.antialias = antialias

    def forward(self, img: Image) -> Image:
        part = self.get_params(img, self.scale, self.ratio)
        return resized_crop(img, *part, self.size, self.interpolation, self.antialias)

    def described(self) -> str:
        scale = tuple(round(each, 4) for each in self.scale)
        ratio = tuple(round(each, 4) for each in self.ratio)
        return (
            f"size={self.size}, scale={scale}, ratio={ratio}, interpolation={self.interpolation.value}, "
            f"antialias={self.antialias}"
        )
