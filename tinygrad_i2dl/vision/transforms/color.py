"""Brightness, contrast, colors and sharpness."""

from __future__ import annotations

from typing import Any

import numpy

from ...dtypes import float32, uint8
from ...ops.comparison import maximum, minimum, where
from ...ops.convolution import conv2d
from ...ops.creation import from_numpy, ones, zeros_like
from ...ops.movement import stack
from ...ops.random import randperm
from ..pillow import is_pil, pillow
from .images import Image, Transform, get_image_num_channels, number_range, require_image, uniform, with_probability

__all__ = [
    "ColorJitter",
    "Grayscale",
    "RandomAdjustSharpness",
    "RandomAutocontrast",
    "RandomEqualize",
    "RandomGrayscale",
    "RandomInvert",
    "RandomPosterize",
    "RandomSolarize",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "autocontrast",
    "equalize",
    "invert",
    "posterize",
    "rgb_to_grayscale",
    "solarize",
    "to_grayscale",
]


def _bound(img: Any) -> float:
    """The value of white: 1 in floating images, the greatest integer in others."""
    if img.dtype.is_floating_point:
        return 1.0
    return float(numpy.iinfo(str(img.dtype).removeprefix("torch.")).max)


def _blend(first: Any, second: Any, share: float) -> Any:
    """``share * first + (1 - share) * second``, limited to the range of images."""
    mixed = first * float(share) + second * (1.0 - float(share))
    return mixed.clamp(0, _bound(first)).to(first.dtype)


def _need_factor(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} must not be negative, got {factor}")


def _need_channels(img: Any, *allowed: int) -> int:
    channels = get_image_num_channels(img)
    if channels not in allowed:
        raise TypeError(f"expected an image of {' or '.join(map(str, allowed))} channels, got {channels}")
    return channels


def _enhanced(img: Any, kind: str, factor: float) -> Any:
    return getattr(pillow("ImageEnhance"), kind)(img).enhance(factor)


def rgb_to_grayscale(img: Image, num_output_channels: int = 1) -> Image:
    """``0.299 red + 0.587 green + 0.114 blue`` (ITU-R BT.601), in one channel or three equal ones.

    >>> import tinygrad_i2dl as torch
    >>> rgb_to_grayscale(torch.ones(3, 1, 2))
    tensor([[[1.0000, 1.0000]]])
    """
    if num_output_channels not in (1, 3):
        raise ValueError(f"num_output_channels must be 1 or 3, got {num_output_channels}")
    if is_pil(require_image(img)):
        gray = img.convert("L")
        return gray if num_output_channels == 1 else pillow().merge("RGB", (gray, gray, gray))
    if _need_channels(img, 1, 3) == 3:
        red, green, blue = img.unbind(dim=-3)
        # As torchvision writes the coefficients: they add up to 0.9999.
        gray = (0.2989 * red + 0.587 * green + 0.114 * blue).to(img.dtype).unsqueeze(-3)
    else:
        gray = img.clone()
    return gray.expand(*img.shape[:-3], num_output_channels, *img.shape[-2:]) if num_output_channels == 3 else gray


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """`rgb_to_grayscale` for PIL images.

    Raises:
        TypeError: `img` is no PIL image.
    """
    if not is_pil(img):
        raise TypeError(f"to_grayscale expects a PIL image, got {type(img).__name__}; rgb_to_grayscale takes tensors")
    return rgb_to_grayscale(img, num_output_channels)


def adjust_brightness(img: Image, brightness_factor: float) -> Image:
    """All values times the factor: 0 gives black, 1 the image."""
    _need_factor("brightness_factor", brightness_factor)
    if is_pil(require_image(img)):
        return _enhanced(img, "Brightness", brightness_factor)
    _need_channels(img, 1, 3)
    return _blend(img, zeros_like(img), brightness_factor)


def adjust_contrast(img: Image, contrast_factor: float) -> Image:
    """Distances from the mean gray times the factor: 0 gives gray, 1 the image."""
    _need_factor("contrast_factor", contrast_factor)
    if is_pil(require_image(img)):
        return _enhanced(img, "Contrast", contrast_factor)
    gray = rgb_to_grayscale(img) if _need_channels(img, 1, 3) == 3 else img
    if not gray.dtype.is_floating_point:
        gray = gray.to(float32)
    return _blend(img, gray.mean(dim=(-3, -2, -1), keepdim=True), contrast_factor)


def adjust_saturation(img: Image, saturation_factor: float) -> Image:
    """Distances from gray times the factor: 0 gives a gray image, 1 the image."""
    _need_factor("saturation_factor", saturation_factor)
    if is_pil(require_image(img)):
        return _enhanced(img, "Color", saturation_factor)
    return img if _need_channels(img, 1, 3) == 1 else _blend(img, rgb_to_grayscale(img), saturation_factor)


def adjust_hue(img: Image, hue_factor: float) -> Image:
    """Hues turned by the factor: 0.5 and -0.5 are half a turn, 0 gives the image.

    Raises:
        ValueError: the factor is outside [-0.5, 0.5].
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor must be within [-0.5, 0.5], got {hue_factor}")
    if is_pil(require_image(img)):
        if img.mode in ("L", "1", "I", "F"):
            return img
        hue, saturation, value = img.convert("HSV").split()
        turned = numpy.asarray(hue) + numpy.uint8(int(hue_factor * 255) % 256)  # wraps around, as hues do
        hue = pillow().fromarray(turned)
        return pillow().merge("HSV", (hue, saturation, value)).convert(img.mode)
    if _need_channels(img, 1, 3) == 1:
        return img
    original = img.dtype
    if not original.is_floating_point:
        img = img.to(float32) / 255.0
    hue, saturation, value = _hue_saturation_value(img)
    turned_back = _red_green_blue((hue + hue_factor) % 1.0, saturation, value)
    if original.is_floating_point:
        return turned_back
    return turned_back.mul(256.0 - 1e-3).to(original)


def _hue_saturation_value(img: Any) -> tuple[Any, Any, Any]:
    """The hexcone model (Smith, 1978: Color gamut transform pairs)."""
    red, green, blue = img.unbind(dim=-3)
    high = maximum(maximum(red, green), blue)
    low = minimum(minimum(red, green), blue)
    spread = high - low
    flat = spread == 0
    divisor = where(flat, 1.0, spread)
    hue = where(
        high == red,
        (green - blue) / divisor,
        where(high == green, 2.0 + (blue - red) / divisor, 4.0 + (red - green) / divisor),
    )
    saturation = spread / where(high == 0, 1.0, high)
    return (hue / 6.0) % 1.0, saturation, high


def _red_green_blue(hue: Any, saturation: Any, value: Any) -> Any:
    sextants = hue * 6.0

    def channel(offset: int) -> Any:
        distance = (sextants + offset) % 6.0
        ramp = minimum(distance, 4.0 - distance).clamp(0.0, 1.0)
        return value - value * saturation * ramp

    return stack([channel(5), channel(3), channel(1)], dim=-3)


def adjust_gamma(img: Image, gamma: float, gain: float = 1) -> Image:
    """``gain * value ** gamma`` with values in [0, 1]."""
    _need_factor("gamma", gamma)
    if is_pil(require_image(img)):
        table = [int((255 + 1 - 1e-3) * gain * (value / 255.0) ** gamma) for value in range(256)]
        mode = img.mode
        rgb = img.convert("RGB")
        return rgb.point([min(each, 255) for each in table] * 3).convert(mode)
    floating = img if img.dtype.is_floating_point else img.to(float32) / _bound(img)
    result = (gain * floating**gamma).clamp(0, 1)
    if img.dtype.is_floating_point:
        return result
    return result.mul(_bound(img) + 1.0 - 1e-3).to(img.dtype)


def adjust_sharpness(img: Image, sharpness_factor: float) -> Image:
    """Distances from a smoothed image times the factor: 0 gives the smoothed image, 1 the image."""
    _need_factor("sharpness_factor", sharpness_factor)
    if is_pil(require_image(img)):
        return _enhanced(img, "Sharpness", sharpness_factor)
    _need_channels(img, 1, 3)
    height, width = img.shape[-2:]
    if height <= 2 or width <= 2:
        return img
    kernel: Any = ones(3, 3)
    kernel[1, 1] = 5.0
    working = img.to(float32) if not img.dtype.is_floating_point else img
    kernel = (kernel / 13.0).to(working.dtype).reshape(1, 1, 3, 3)
    smooth = conv2d(working.reshape(-1, 1, height, width), kernel).reshape(*img.shape[:-2], height - 2, width - 2)
    blurred = working.clone()
    blurred[..., 1:-1, 1:-1] = smooth if img.dtype.is_floating_point else smooth.round()
    return _blend(img, blurred, sharpness_factor)


def invert(img: Image) -> Image:
    """White minus the image."""
    if is_pil(require_image(img)):
        return pillow("ImageOps").invert(img)
    return (1.0 if img.dtype.is_floating_point else int(_bound(img))) - img


def posterize(img: Image, bits: int) -> Image:
    """Only the highest `bits` of the 8 bits of each value."""
    if not 0 <= bits <= 8:
        raise ValueError(f"bits must be from 0 to 8, got {bits}")
    if is_pil(require_image(img)):
        return pillow("ImageOps").posterize(img, bits)
    if img.dtype is not uint8:
        raise TypeError(f"posterize expects a uint8 tensor, got {img.dtype}")
    return img & (256 - 2 ** (8 - bits) if bits else 0)


def solarize(img: Image, threshold: float) -> Image:
    """Values from the threshold on are inverted."""
    if is_pil(require_image(img)):
        return pillow("ImageOps").solarize(img, threshold)
    if threshold > _bound(img):
        raise TypeError(f"threshold must be at most white, {_bound(img)}, got {threshold}")
    return where(img >= threshold, invert(img), img)


def autocontrast(img: Image) -> Image:
    """Each channel stretched so that its least value is black and its greatest white."""
    if is_pil(require_image(img)):
        return pillow("ImageOps").autocontrast(img)
    _need_channels(img, 1, 3)
    white = _bound(img)
    working = img if img.dtype.is_floating_point else img.to(float32)
    low, high = working.amin(dim=(-2, -1), keepdim=True), working.amax(dim=(-2, -1), keepdim=True)
    flat = low == high
    scale = white / where(flat, 1.0, high - low)
    stretched = ((working - low) * scale).clamp(0, white)
    return where(flat, working, stretched).to(img.dtype)


def equalize(img: Image) -> Image:
    """Each channel's values changed so that all become about equally frequent."""
    if is_pil(require_image(img)):
        return pillow("ImageOps").equalize(img)
    if img.dtype is not uint8:
        raise TypeError(f"equalize expects a uint8 tensor, got {img.dtype}")
    array = img.cpu().numpy()
    planes = [_equalized(plane) for plane in array.reshape(-1, *array.shape[-2:])]
    return from_numpy(numpy.stack(planes).reshape(array.shape)).to(img.device)


def _equalized(plane: Any) -> Any:
    counts = numpy.bincount(plane.reshape(-1), minlength=256)
    present = counts[counts != 0]
    step = int(present[:-1].sum()) // 255
    if step == 0:
        return plane
    table = (numpy.cumsum(counts) + step // 2) // step
    return numpy.clip(numpy.concatenate([[0], table[:-1]]), 0, 255).astype(numpy.uint8)[plane]


class Grayscale(Transform):
    """`rgb_to_grayscale` as an object."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Image) -> Image:
        return rgb_to_grayscale(img, self.num_output_channels)

    def described(self) -> str:
        return f"num_output_channels={self.num_output_channels}"


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed by random factors, in a random order.

    Args:
        brightness: the factor is drawn from ``[max(0, 1 - brightness), 1 + brightness]``, or from a given (low, high).
        contrast: likewise.
        saturation: likewise.
        hue: drawn from ``[-hue, hue]``, or from a given (low, high), within [-0.5, 0.5].
    """

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = self._range(brightness, "brightness")
        self.contrast = self._range(contrast, "contrast")
        self.saturation = self._range(saturation, "saturation")
        self.hue = self._range(hue, "hue", center=0.0)

    @staticmethod
    def _range(value: Any, name: str, center: float = 1.0) -> tuple[float, float] | None:
        low, high = number_range(value, name, least=0.0 if center else None, center=center)
        bounds = (0.0, float("inf")) if center else (-0.5, 0.5)
        if not bounds[0] <= low <= high <= bounds[1]:
            raise ValueError(f"{name} must give factors within {bounds}, got {value!r}")
        return None if low == high == center else (low, high)

    @staticmethod
    def get_params(brightness: Any, contrast: Any, saturation: Any, hue: Any) -> tuple[Any, Any, Any, Any, Any]:
        """A random order of the four changes, and their factors (None: leave it)."""
        order = randperm(4)
        factors = [None if each is None else uniform(*each) for each in (brightness, contrast, saturation, hue)]
        return order, *factors  # type: ignore[return-value]

    def forward(self, img: Image) -> Image:
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)
        for i in order.tolist():
            if factors[i] is not None:
                img = changes[i](img, factors[i])
        return img

    def described(self) -> str:
        names = ("brightness", "contrast", "saturation", "hue")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class RandomGrayscale(Transform):
    """A gray image of as many channels with probability `p`."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Image) -> Image:
        channels = get_image_num_channels(img)
        return rgb_to_grayscale(img, num_output_channels=channels) if with_probability(self.p) else img

    def described(self) -> str:
        return f"p={self.p}"


class _Randomly(Transform):
    """A change of the colors with probability `p`."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def changed(self, img: Image) -> Image:
        raise NotImplementedError("subclasses define changed()")

    def forward(self, img: Image) -> Image:
        return self.changed(img) if with_probability(self.p) else img

    def described(self) -> str:
        return f"p={self.p}"


class RandomInvert(_Randomly):
    """`invert` with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def changed(self, img: Image) -> Image:
        return invert(img)


class RandomPosterize(_Randomly):
    """`posterize` with probability `p`."""

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def changed(self, img: Image) -> Image:
        return posterize(img, self.bits)

    def described(self) -> str:
        return f"bits={self.bits},p={self.p}"


class RandomSolarize(_Randomly):
    """`solarize` with probability `p`."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def changed(self, img: Image) -> Image:
        return solarize(img, self.threshold)

    def described(self) -> str:
        return f"threshold={self.threshold},p={self.p}"


class RandomAdjustSharpness(_Randomly):
    """`adjust_sharpness` with probability `p`."""

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def changed(self, img: Image) -> Image:
        return adjust_sharpness(img, self.sharpness_factor)

    def described(self) -> str:
        return f"sharpness_factor={self.sharpness_factor},p={self.p}"


class RandomAutocontrast(_Randomly):
    """`autocontrast` with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def changed(self, img: Image) -> Image:
        return autocontrast(img)


class RandomEqualize(_Randomly):
    """`equalize` with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)

    def changed(self, img: Image) -> Image:
        return equalize(img)
