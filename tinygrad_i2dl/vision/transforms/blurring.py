"""Gaussian blur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from ...dtypes import float32
from ...ops.convolution import conv2d
from ...ops.creation import from_numpy
from ...ops.padding import pad
from ..pillow import is_pil
from .conversion import pil_to_tensor, to_pil_image
from .images import Image, Transform, pair_of_sizes, require_image, uniform

__all__ = ["GaussianBlur", "gaussian_blur"]


def _weights(size: int, sigma: float) -> Any:
    """Values of the normal density at the pixels' distances from the middle, adding up to 1."""
    half = (size - 1) * 0.5
    density = numpy.exp(-0.5 * (numpy.linspace(-half, half, size) / sigma) ** 2)
    return density / density.sum()


def gaussian_blur(img: Image, kernel_size: Any, sigma: Any = None) -> Image:
    """`img` convolved with a normal density; at the borders the image is mirrored.

    Args:
        img: a PIL image, or a tensor (..., channels, height, width).
        kernel_size: (x, y) or one number, odd.
        sigma: (x, y) or one number; by default ``0.3 * ((kernel_size - 1) * 0.5 - 1) + 0.8``.

    Raises:
        ValueError: an even size, or a sigma that is not positive.
    """
    sizes = pair_of_sizes(kernel_size, "kernel_size")
    if any(size % 2 == 0 or size < 0 for size in sizes):
        raise ValueError(f"kernel_size must be odd and positive, got {kernel_size!r}")
    if sigma is None:
        widths = [size * 0.15 + 0.35 for size in sizes]
    else:
        widths = [float(sigma)] * 2 if isinstance(sigma, int | float) else [float(sigma[0]), float(sigma[-1])]
    if any(width <= 0 for width in widths):
        raise ValueError(f"sigma must be positive, got {sigma!r}")
    image: Any = pil_to_tensor(img) if is_pil(require_image(img)) else img
    working = image if image.dtype.is_floating_point else image.to(float32)
    x, y = (_weights(size, width) for size, width in zip(sizes, widths, strict=True))
    kernel: Any = from_numpy(y[:, None] * x[None, :])[None, None].to(working)
    planes = working.reshape(-1, 1, *image.shape[-2:])
    across, down = sizes[0] // 2, sizes[1] // 2
    blurred = conv2d(pad(planes, [across, across, down, down], mode="reflect"), kernel).reshape(image.shape)
    if not image.dtype.is_floating_point:
        blurred = blurred.round().to(image.dtype)
    return to_pil_image(blurred, img.mode) if is_pil(img) else blurred


class GaussianBlur(Transform):
    """`gaussian_blur` with a sigma drawn from (low, high), or one number."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = pair_of_sizes(kernel_size, "kernel_size")
        if any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError(f"kernel_size must be odd and positive, got {kernel_size!r}")
        self.sigma = (float(sigma),) * 2 if isinstance(sigma, int | float) else tuple(sigma)
        if not (isinstance(self.sigma, Sequence) and len(self.sigma) == 2 and 0 < self.sigma[0] <= self.sigma[1]):
            raise ValueError(f"sigma must be a positive number or (low, high), got {sigma!r}")

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A random sigma."""
        return uniform(sigma_min, sigma_max)

    def forward(self, img: Image) -> Image:
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def described(self) -> str:
        return f"kernel_size={self.kernel_size}, sigma={self.sigma}"
