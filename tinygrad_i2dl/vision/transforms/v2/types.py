"""Kinds and dtypes of images, by the second version's names."""

from __future__ import annotations

from typing import Any

import numpy

from ....dtypes import dtype as Dtype
from ....dtypes import float32
from ....ops.creation import from_numpy
from ....tensors import Tensor
from ...pillow import is_pil
from ..conversion import channels_first, convert_image_dtype, pil_to_tensor
from ..images import Transform

__all__ = ["Identity", "ToDtype", "ToImage", "ToPureTensor", "to_dtype", "to_image"]


def to_image(inpt: Any) -> Tensor:
    """A PIL image, a (height, width, channels) array or a tensor as a (channels, height, width) tensor, unscaled."""
    if isinstance(inpt, Tensor):
        return inpt.unsqueeze(0) if inpt.ndim == 2 else inpt
    if is_pil(inpt):
        return pil_to_tensor(inpt)
    if isinstance(inpt, numpy.ndarray):
        return from_numpy(channels_first(inpt))
    raise TypeError(f"to_image expects a tensor, a PIL image or a NumPy array, got {type(inpt).__name__}")


def to_dtype(inpt: Any, dtype: Dtype = float32, scale: bool = False) -> Tensor:
    """`inpt` in another dtype; with `scale`, 1.0 in floats stands for the greatest integer."""
    return convert_image_dtype(inpt, dtype) if scale else inpt.to(dtype)


class ToImage(Transform):
    """`to_image` as an object."""

    def forward(self, inpt: Any) -> Tensor:
        return to_image(inpt)


class ToDtype(Transform):
    """`to_dtype` as an object."""

    def __init__(self, dtype: Dtype, scale: bool = False) -> None:
        super().__init__()
        self.dtype = dtype
        self.scale = scale

    def forward(self, inpt: Any) -> Tensor:
        return to_dtype(inpt, self.dtype, self.scale)

    def described(self) -> str:
        return f"scale={self.scale}"


class ToPureTensor(Transform):
    """The image itself: images are plain tensors here."""

    def forward(self, inpt: Any) -> Any:
        return inpt


class Identity(Transform):
    """The image itself."""

    def forward(self, inpt: Any) -> Any:
        return inpt
