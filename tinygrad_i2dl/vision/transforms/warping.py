"""Images turned, sheared, shifted and seen from the side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from ...dtypes import float32, float64
from ...ops.comparison import where
from ...ops.creation import from_numpy, ones_like, tensor
from ...ops.movement import cat
from ...ops.spatial import grid_sample
from ..pillow import is_pil, pillow
from .images import (
    Image,
    InterpolationMode,
    Transform,
    get_dimensions,
    get_image_size,
    interpolation_mode,
    number_range,
    pil_mode,
    require_image,
    uniform,
    whole,
    with_probability,
)

__all__ = ["RandomAffine", "RandomPerspective", "RandomRotation", "affine", "perspective", "rotate"]

_NEAREST = InterpolationMode.NEAREST


def inverse_affine_matrix(
    center: Sequence[float], angle: float, translate: Sequence[float], scale: float, shear: Sequence[float]
) -> list[float]:
    """The two rows that take a pixel of the result to one of the image.

    The image is moved by ``T C R S K C^-1``: `C` puts the center at the origin, `K` shears along x then y, `S` scales,
    `R` turns, `T` translates; this is the inverse.
    """
    turn, shear_x, shear_y = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    a = math.cos(turn - shear_y) / math.cos(shear_y)
    b = -a * math.tan(shear_x) - math.sin(turn)
    c = math.sin(turn - shear_y) / math.cos(shear_y)
    d = -c * math.tan(shear_x) + math.cos(turn)
    across, down = center[0] + translate[0], center[1] + translate[1]
    rows = [d / scale, -b / scale, 0.0, -c / scale, a / scale, 0.0]
    rows[2] = center[0] - rows[0] * across - rows[1] * down
    rows[5] = center[1] - rows[3] * across - rows[4] * down
    return rows


def _pil_fill(img: Any, fill: Any) -> dict[str, Any]:
    """The argument ``fillcolor``, with one value for each band."""
    bands = len(img.getbands())
    if fill is None:
        fill = 0
    if isinstance(fill, Sequence) and len(fill) == 1:
        fill = fill[0]
    if isinstance(fill, int | float):
        return {"fillcolor": (int(fill),) * bands if bands > 1 else fill}
    if len(fill) != bands:
        raise ValueError(f"fill has {len(fill)} values, the image has {bands} bands")
    return {"fillcolor": tuple(int(each) for each in fill)}


def _sampled(img: Any, grid: Any, mode: InterpolationMode, fill: Any) -> Any:
    """`img` at the places of a (1, height, width, 2) array; outside it the fill."""
    if mode not in (_NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(f"interpolation of tensors must be NEAREST or BILINEAR here, got {mode.value}")
    original = img.dtype
    batch = img.reshape(-1, *((1,) if img.ndim == 2 else ()), *img.shape[-3:])
    working = batch if original in (float32, float64) else batch.to(float32)
    places: Any = from_numpy(grid).to(working)
    places = places.expand(working.shape[0], *places.shape[1:])
    values = [fill] if isinstance(fill, int | float) else fill
    if values is not None:
        channels = working.shape[1]
        if len(values) not in (1, channels):
            raise ValueError(f"fill has {len(values)} values, the image has {channels} channels")
        working = cat([working, ones_like(working[:, :1])], dim=1)
    result = grid_sample(working, places, mode=mode.value, padding_mode="zeros", align_corners=False)
    if values is not None:
        inside = result[:, -1:]
        result = result[:, :-1]
        border = tensor([float(each) for each in values], dtype=result.dtype, device=result.device).reshape(1, -1, 1, 1)
        if mode is _NEAREST:
            result = where(inside < 0.5, border, result)
        else:
            result = result * inside + (1.0 - inside) * border
    if original not in (float32, float64):
        if not original.is_floating_point:
            result = result.round()
        result = result.to(original)
    return result.reshape(*img.shape[:-2], *result.shape[-2:])


def _affine_grid(matrix: Sequence[float], width: int, height: int, new_width: int, new_height: int) -> Any:
    """Where each pixel of the result lies in the image: (1, new height, new width, 2) with values in [-1, 1]."""
    x = numpy.linspace(-new_width * 0.5 + 0.5, new_width * 0.5 - 0.5, new_width, dtype=numpy.float32)
    y = numpy.linspace(-new_height * 0.5 + 0.5, new_height * 0.5 - 0.5, new_height, dtype=numpy.float32)[:, None]
    a, b, c, d, e, f = (numpy.float32(each) for each in matrix)
    across = (a * x + b * y + c) / numpy.float32(0.5 * width)
    down = (d * x + e * y + f) / numpy.float32(0.5 * height)
    return numpy.stack(numpy.broadcast_arrays(across, down), axis=-1)[None]


def _expanded_size(matrix: Sequence[float], width: int, height: int) -> tuple[int, int]:
    """(width, height) that hold the whole turned image."""
    # In float32, where exact turns have exact corners; rounding errors below 1e-4 must not add a row or a column.
    halves = numpy.array([width / 2, height / 2], dtype=numpy.float32)
    signs = numpy.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], dtype=numpy.float32)
    rows = numpy.array(matrix, dtype=numpy.float32).reshape(2, 3)
    moved = (signs * halves) @ rows[:, :2].T + rows[:, 2] + halves
    step = numpy.float32(1e-4)
    high = numpy.ceil(numpy.trunc(moved.max(axis=0) / step) * step)
    low = numpy.floor(numpy.trunc(moved.min(axis=0) / step) * step)
    size = high - low
    return int(size[0]), int(size[1])


def rotate(
    img: Image,
    angle: float,
    interpolation: Any = _NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Any = None,
) -> Image:
    """`img` turned counter-clockwise.

    Args:
        img: a PIL image, or a tensor (..., channels, height, width).
        angle: in degrees.
        interpolation: NEAREST or BILINEAR; for PIL images also BICUBIC.
        expand: make the result large enough for the whole turned image.
        center: (x, y) from the upper left corner; by default the middle.
        fill: value outside the image, or one for each channel.

    >>> import tinygrad_i2dl as torch
    >>> rotate(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 90)
    tensor([[[2., 4.],
             [1., 3.]]])
    """
    mode = interpolation_mode(interpolation)
    if not isinstance(angle, int | float):
        raise TypeError(f"angle must be a number of degrees, got {type(angle).__name__}")
    if is_pil(require_image(img)):
        return img.rotate(angle, pil_mode(mode), bool(expand), center, **_pil_fill(img, fill))
    _, height, width = get_dimensions(img)
    middle = [0.0, 0.0] if center is None else [center[0] - width * 0.5, center[1] - height * 0.5]
    matrix = inverse_affine_matrix(middle, -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    new_width, new_height = _expanded_size(matrix, width, height) if expand else (width, height)
    return _sampled(img, _affine_grid(matrix, width, height, new_width, new_height), mode, fill)


def affine(
    img: Image,
    angle: float,
    translate: Sequence[int],
    scale: float,
    shear: Any,
    interpolation: Any = _NEAREST,
    fill: Any = None,
    center: Sequence[float] | None = None,
) -> Image:
    """`img` turned clockwise by `angle` degrees, shifted, scaled and sheared around the center.

    Args:
        img: a PIL image, or a tensor (..., channels, height, width).
        angle: in degrees.
        translate: (right, down) in pixels.
        scale: greater than 0.
        shear: degrees along x, or along x and y.
        interpolation: NEAREST or BILINEAR; for PIL images also BICUBIC.
        fill: value outside the image, or one for each channel.
        center: (x, y) from the upper left corner; by default the middle.

    Raises:
        ValueError: `scale` is not positive, or `translate` or `shear` have not two values.
    """
    mode = interpolation_mode(interpolation)
    if scale <= 0:
        raise ValueError(f"scale must be positive, got {scale}")
    if len(translate) != 2:
        raise ValueError(f"translate must be (right, down), got {translate!r}")
    tilts = [float(shear), 0.0] if isinstance(shear, int | float) else [float(each) for each in shear]
    tilts = [*tilts, 0.0] if len(tilts) == 1 else tilts
    if len(tilts) != 2:
        raise ValueError(f"shear must be one angle or two, got {shear!r}")
    _, height, width = get_dimensions(require_image(img))
    if is_pil(img):
        middle = [width * 0.5, height * 0.5] if center is None else center
        matrix = inverse_affine_matrix(middle, angle, translate, scale, tilts)
        kind = pillow().Transform.AFFINE
        return img.transform((width, height), kind, matrix, pil_mode(mode), **_pil_fill(img, fill))
    middle = [0.0, 0.0] if center is None else [center[0] - width * 0.5, center[1] - height * 0.5]
    matrix = inverse_affine_matrix(middle, angle, translate, scale, tilts)
    return _sampled(img, _affine_grid(matrix, width, height, width, height), mode, fill)


def _perspective_coefficients(startpoints: Any, endpoints: Any) -> list[float]:
    """``x = (a X + b Y + c) / (g X + h Y + 1)``, ``y = (d X + e Y + f) / (...)`` taking end points to start points."""
    rows, values = [], []
    for (x, y), (end_x, end_y) in zip(startpoints, endpoints, strict=True):
        rows.append([end_x, end_y, 1, 0, 0, 0, -x * end_x, -x * end_y])
        rows.append([0, 0, 0, end_x, end_y, 1, -y * end_x, -y * end_y])
        values += [x, y]
    solution = numpy.linalg.lstsq(numpy.array(rows, dtype=float), numpy.array(values, dtype=float), rcond=None)[0]
    return [float(each) for each in solution]


def perspective(
    img: Image, startpoints: Any, endpoints: Any, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = None
) -> Image:
    """`img` moved so that its four points come to lie elsewhere, straight lines staying straight.

    Args:
        img: a PIL image, or a tensor (..., channels, height, width).
        startpoints: four (x, y) of the image: upper left, upper right, lower right, lower left.
        endpoints: where they go.
        interpolation: NEAREST or BILINEAR; for PIL images also BICUBIC.
        fill: value outside the image, or one for each channel.
    """
    mode = interpolation_mode(interpolation)
    _, height, width = get_dimensions(require_image(img))
    coefficients = _perspective_coefficients(startpoints, endpoints)
    if is_pil(img):
        kind = pillow().Transform.PERSPECTIVE
        return img.transform((width, height), kind, coefficients, pil_mode(mode), **_pil_fill(img, fill))
    a, b, c, d, e, f, g, h = coefficients
    x = numpy.arange(width) + 0.5
    y = (numpy.arange(height) + 0.5)[:, None]
    divisor = g * x + h * y + 1
    across = (a * x + b * y + c) / (0.5 * width) / divisor - 1
    down = (d * x + e * y + f) / (0.5 * height) / divisor - 1
    return _sampled(img, numpy.stack([across, down], axis=-1)[None].astype(numpy.float32), mode, fill)


class RandomRotation(Transform):
    """`rotate` by a random angle from ``[-degrees, degrees]`` or a given (low, high)."""

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = _NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        low, high = number_range(degrees, "degrees")
        self.degrees = [low, high]
        self.interpolation = interpolation_mode(interpolation)
        self.expand = expand
        self.center = center
        self.fill = fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle."""
        return uniform(degrees[0], degrees[1])

    def forward(self, img: Image) -> Image:
        angle = self.get_params(self.degrees)
        return rotate(img, angle, self.interpolation, self.expand, self.center, self.fill)

    def described(self) -> str:
        return (
            f"degrees={self.degrees}, interpolation={self.interpolation.value}, expand={self.expand}, fill={self.fill}"
        )


class RandomAffine(Transform):
    """`affine` with random parameters.

    Args:
        degrees: the angle is drawn from ``[-degrees, degrees]``, or from a given (low, high).
        translate: greatest shifts as shares of the width and of the height.
        scale: (low, high).
        shear: degrees along x: a number, (low, high), or (low x, high x, low y, high y).
        interpolation: see `affine`.
        fill: see `affine`.
        center: see `affine`.
    """

    def __init__(
        self,
        degrees: Any,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: Any = None,
        interpolation: Any = _NEAREST,
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.degrees = list(number_range(degrees, "degrees"))
        if translate is not None and not all(0.0 <= each <= 1.0 for each in translate):
            raise ValueError(f"translate holds shares from 0 to 1, got {translate!r}")
        if scale is not None and not all(each > 0 for each in scale):
            raise ValueError(f"scale must be positive, got {scale!r}")
        self.translate = translate
        self.scale = scale
        four = isinstance(shear, Sequence) and len(shear) == 4
        self.shear = None if shear is None else list(shear) if four else list(number_range(shear, "shear"))
        self.interpolation = interpolation_mode(interpolation)
        self.fill = fill
        self.center = center

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """A random (angle, (right, down), scale, (shear x, shear y)); `img_size` is (width, height)."""
        angle = uniform(degrees[0], degrees[1])
        right = down = 0
        if translate is not None:
            most_right, most_down = float(translate[0] * img_size[0]), float(translate[1] * img_size[1])
            right = round(uniform(-most_right, most_right))
            down = round(uniform(-most_down, most_down))
        scale = 1.0 if scale_ranges is None else uniform(scale_ranges[0], scale_ranges[1])
        shear_x = shear_y = 0.0
        if shears is not None:
            shear_x = uniform(shears[0], shears[1])
            if len(shears) == 4:
                shear_y = uniform(shears[2], shears[3])
        return angle, (right, down), scale, (shear_x, shear_y)

    def forward(self, img: Image) -> Image:
        size = get_image_size(img)
        params = self.get_params(self.degrees, self.translate, self.scale, self.shear, size)
        return affine(img, *params, interpolation=self.interpolation, fill=self.fill, center=self.center)

    def described(self) -> str:
        optional = [
            f", {name}={getattr(self, name)}" for name in ("translate", "scale", "shear") if getattr(self, name)
        ]
        return f"degrees={self.degrees}{''.join(optional)}"


class RandomPerspective(Transform):
    """`perspective` with random corners, with probability `p`."""

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.p = p
        self.distortion_scale = distortion_scale
        self.interpolation = interpolation_mode(interpolation)
        self.fill = fill

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """The corners, and random places for them, at most ``distortion_scale / 2`` of the size further in."""
        most_x, most_y = int(distortion_scale * (width // 2)), int(distortion_scale * (height // 2))

        endpoints = [
            [whole(0, most_x + 1), whole(0, most_y + 1)],
            [whole(width - most_x - 1, width), whole(0, most_y + 1)],
            [whole(width - most_x - 1, width), whole(height - most_y - 1, height)],
            [whole(0, most_x + 1), whole(height - most_y - 1, height)],
        ]
        return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], endpoints

    def forward(self, img: Image) -> Image:
        if not with_probability(self.p):
            return img
        width, height = get_image_size(img)
        startpoints, endpoints = self.get_params(width, height, self.distortion_scale)
        return perspective(img, startpoints, endpoints, self.interpolation, self.fill)

    def described(self) -> str:
        return f"p={self.p}"
