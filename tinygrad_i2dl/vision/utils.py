"""Several images in one, and images as files (torchvision's ``utils``)."""

from __future__ import annotations

import math
import os
from typing import Any, BinaryIO

from ..archive import replaced_file
from ..dtypes import uint8
from ..engine.mode import no_grad
from ..ops.creation import full
from ..ops.movement import cat, stack
from ..tensors import Tensor
from .pillow import pillow

__all__ = ["make_grid", "save_image"]


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Images side by side and row under row, as one image.

    Args:
        tensor: (images, channels, height, width), one image, or a list of images; gray becomes three equal channels.
        nrow: images in a row.
        padding: pixels between and around the images.
        normalize: move values to [0, 1] first.
        value_range: the (low, high) that becomes [0, 1]; by default the least and the greatest value.
        scale_each: find them for each image by itself.
        pad_value: value between the images.

    Returns:
        (channels, height, width).

    >>> import tinygrad_i2dl as torch
    >>> make_grid(torch.zeros(10, 3, 4, 5), nrow=4).shape
    torch.Size([3, 20, 30])
    """
    with no_grad():
        grid: Tensor = _grid(tensor, nrow, padding, normalize, value_range, scale_each, pad_value)
    return grid


def _grid(
    tensor: Any,
    nrow: int,
    padding: int,
    normalize: bool,
    value_range: tuple[float, float] | None,
    scale_each: bool,
    pad_value: float,
) -> Any:
    if isinstance(tensor, list | tuple):
        if not tensor or not all(isinstance(each, Tensor) for each in tensor):
            raise TypeError("make_grid expects a tensor or a list of tensors")
        tensor = stack(tensor, dim=0)
    elif not isinstance(tensor, Tensor):
        raise TypeError(f"make_grid expects a tensor or a list of tensors, got {type(tensor).__name__}")
    images: Any = tensor
    if images.ndim == 2:
        images = images.unsqueeze(0)
    if images.ndim == 3:
        if images.shape[0] == 1:
            images = cat([images, images, images], 0)
        images = images.unsqueeze(0)
    if images.ndim == 4 and images.shape[1] == 1:
        images = cat([images, images, images], 1)
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError(f"value_range must be a tuple (low, high), got {value_range!r}")
        images = images.clone()
        for part in images if scale_each else [images]:
            low, high = value_range or (float(part.min()), float(part.max()))
            part.clamp_(min=low, max=high).sub_(low).div_(max(high - low, 1e-5))
    if images.shape[0] == 1:
        return images.squeeze(0)
    count, channels = images.shape[0], images.shape[1]
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    height, width = images.shape[2] + padding, images.shape[3] + padding
    size = (channels, height * rows + padding, width * columns + padding)
    grid: Any = full(size, pad_value, dtype=images.dtype, device=images.device)
    for i in range(count):
        top, left = i // columns * height + padding, i % columns * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = images[i]
    return grid


def save_image(tensor: Any, fp: str | os.PathLike[str] | BinaryIO, format: str | None = None, **kwargs: Any) -> None:
    """Write images in [0, 1] as one picture; a file of that name keeps its content until the new one is complete.

    Args:
        tensor: as for `make_grid`.
        fp: the file's name, or an open file.
        format: Pillow's name of the format; by default from the file's name. An open file needs it.
        **kwargs: as for `make_grid`.

    Raises:
        ValueError: Pillow knows no format by that name.
    """
    grid: Any = make_grid(tensor, **kwargs).detach()
    # Half a step is added so that the cast rounds to the nearest integer.
    array = grid.mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).to(device="cpu", dtype=uint8).numpy()
    image = pillow().fromarray(array)
    if not isinstance(fp, str | os.PathLike):
        image.save(fp, format=format)
        return
    if format is None:
        ending = os.path.splitext(os.fspath(fp))[1].lower()
        format = pillow().registered_extensions().get(ending)
        if format is None:
            raise ValueError(f"no image format is known by the ending {ending!r} of {os.fspath(fp)!r}; pass format=")
    with replaced_file(fp) as file:
        image.save(file, format=format)
