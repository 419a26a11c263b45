"""Borders around images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from ...dtypes import float32
from ...ops.padding import pad as pad_tensor
from ..pillow import is_pil, pillow
from .images import Image, Transform, require_image

__all__ = ["Pad", "pad"]

_MODES = ("constant", "edge", "reflect", "symmetric")


def borders(padding: Any) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) from one number, (left and right, top and bottom), or all four."""
    if isinstance(padding, int):
        return (padding,) * 4
    if not isinstance(padding, Sequence):
        raise TypeError(f"padding must be an integer or a sequence, got {type(padding).__name__}")
    if len(padding) not in (1, 2, 4):
        raise ValueError(f"padding must be one number, two, or four (left, top, right, bottom), got {padding!r}")
    left, top, right, bottom = list(padding) * (4 // len(padding))
    return int(left), int(top), int(right), int(bottom)


def pad(img: Image, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Image:
    """`img` with a border.

    Args:
        img: a PIL image, or a tensor (..., channels, height, width).
        padding: one width for all sides, (left and right, top and bottom), or (left, top, right, bottom).
        fill: the border's value in the mode ``constant``; for PIL images also one value for each channel.
        padding_mode: ``constant``, ``edge`` (repeat the last value), ``reflect`` (mirror without repeating it) or
            ``symmetric`` (mirror, repeating it).

    >>> import tinygrad_i2dl as torch
    >>> pad(torch.ones(1, 1, 2), 1, fill=5)
    tensor([[[5., 5., 5., 5.],
             [5., 1., 1., 5.],
             [5., 5., 5., 5.]]])
    """
    if padding_mode not in _MODES:
        raise ValueError(f"padding_mode must be one of {', '.join(_MODES)}, got {padding_mode!r}")
    left, top, right, bottom = borders(padding)
    if not is_pil(require_image(img)):
        return _pad_tensor(img, (left, top, right, bottom), fill, padding_mode)
    if padding_mode == "constant":
        if isinstance(fill, Sequence) and not isinstance(fill, str) and len(fill) == 1:
            fill = fill[0]
        if isinstance(fill, Sequence):
            fill = tuple(fill)
        elif isinstance(fill, int | float) and len(img.getbands()) > 1:
            fill = (int(fill),) * len(img.getbands())
        result = pillow("ImageOps").expand(img, border=(left, top, right, bottom), fill=fill)
    else:
        palette = img.getpalette() if img.mode == "P" else None
        array = numpy.asarray(img)
        height, width = array.shape[:2]
        array = array[max(-top, 0) : height - max(-bottom, 0), max(-left, 0) : width - max(-right, 0)]
        widths = [(max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0)), (0, 0)][: array.ndim]
        result = pillow().fromarray(numpy.pad(array, widths, mode=padding_mode))  # type: ignore[call-overload]
        if palette is not None:
            result = result.convert("P")
            result.putpalette(palette)
    return result


def _pad_tensor(img: Any, sides: tuple[int, int, int, int], fill: Any, padding_mode: str) -> Any:
    left, top, right, bottom = sides
    if isinstance(fill, Sequence) and len(fill) == 1:
        fill = fill[0]
    if isinstance(fill, Sequence):
        raise ValueError(f"fill of a tensor image is one number, got {fill!r}")
    amounts = (left, right, top, bottom)
    if padding_mode == "constant":
        return pad_tensor(img, amounts, value=fill or 0)
    if padding_mode == "symmetric":
        height, width = img.shape[-2:]
        rows = numpy.pad(numpy.arange(height), (max(top, 0), max(bottom, 0)), mode="symmetric")
        columns = numpy.pad(numpy.arange(width), (max(left, 0), max(right, 0)), mode="symmetric")
        rows = rows[max(-top, 0) : len(rows) - max(-bottom, 0)]
        columns = columns[max(-left, 0) : len(columns) - max(-right, 0)]
        return img[..., rows[:, None], columns[None, :]]
    original = img.dtype
    batch = img.reshape(-1, 1, *img.shape[-2:])
    if not original.is_floating_point:
        batch = batch.to(float32)
    batch = pad_tensor(batch, amounts, mode="replicate" if padding_mode == "edge" else "reflect").to(original)
    return batch.reshape(*img.shape[:-2], *batch.shape[-2:])


class Pad(Transform):
    """`pad` as an object."""

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        borders(padding)
        if padding_mode not in _MODES:
            raise ValueError(f"padding_mode must be one of {', '.join(_MODES)}, got {padding_mode!r}")
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def forward(self, img: Image) -> Image:
        return pad(img, self.padding, self.fill, self.padding_mode)

    def described(self) -> str:
        return f"padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode}"
