"""Rectangles of images replaced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from ...ops.creation import empty, tensor
from ...tensors import Tensor
from ..pillow import is_pil
from .images import Image, Transform, uniform, whole, with_probability

__all__ = ["RandomErasing", "erase"]


def erase(img: Image, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Image:
    """The rectangle with the upper left corner (i, j) and the size (h, w) replaced by `v`; for tensors."""
    if is_pil(img) or not isinstance(img, Tensor):
        raise TypeError(f"erase expects a tensor, got {type(img).__name__}: put ToTensor() before it")
    target: Any = img if inplace else img.clone()
    target[..., i : i + h, j : j + w] = v
    return target


class RandomErasing(Transform):
    """A random rectangle of a tensor replaced, with probability `p` (Zhong et al., 2017: Random erasing).

    Args:
        p: the probability.
        scale: least and greatest share of the area.
        ratio: least and greatest height / width of the rectangle.
        value: a number, one for each channel, or ``"random"`` for normally distributed values.
        inplace: write into the given tensor.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Any = (0.02, 0.33),
        ratio: Any = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if isinstance(value, str) and value != "random":
            raise ValueError(f"value as a text must be 'random', got {value!r}")
        if not 0 <= p <= 1 or not 0 <= scale[0] <= scale[1] <= 1 or not 0 < ratio[0] <= ratio[1]:
            raise ValueError(
                f"p and scale are within [0, 1] and ratio positive, got p={p}, scale={scale}, ratio={ratio}"
            )
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(img: Any, scale: Any, ratio: Any, value: Any = None) -> tuple[int, int, int, int, Any]:
        """A random (top, left, height, width, values); the whole image itself after ten failures."""
        channels, height, width = img.shape[-3:]
        low, high = numpy.log(numpy.asarray(ratio, dtype=numpy.float32))
        for _ in range(10):
            area = height * width * uniform(scale[0], scale[1])
            shape = float(numpy.exp(numpy.float32(uniform(float(low), float(high)))))
            tall, wide = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if not (tall < height and wide < width):
                continue
            values: Any
            if value is None:
                values = empty([channels, tall, wide])
                values.normal_()
            else:
                values = tensor(value)[:, None, None]
            top = whole(0, height - tall + 1)
            left = whole(0, width - wide + 1)
            return top, left, tall, wide, values
        return 0, 0, height, width, img

    def forward(self, img: Any) -> Any:
        if not with_probability(self.p):
            return img
        value: list[float] | None
        if isinstance(self.value, str):
            value = None
        elif isinstance(self.value, Sequence):
            value = [float(each) for each in self.value]
        else:
            value = [float(self.value)]
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(f"value has {len(value)} numbers, the image {img.shape[-3]} channels")
        top, left, tall, wide, values = self.get_params(img, self.scale, self.ratio, value)
        return erase(img, top, left, tall, wide, values, self.inplace)

    def described(self) -> str:
        return f"p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, inplace={self.inplace}"
