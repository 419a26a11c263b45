"""Interpolation: images and signals at another size."""

from __future__ import annotations

import functools
from typing import Any

import numpy

from ..dtypes import uint8
from ._define import composite, primitive
from .movement import clone
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, is_floating
from .resampling import Taps, resample

Array = Any

__all__: list[str] = []

CUBIC = -0.75  # the parameter of the cubic kernel (Keys, "Cubic convolution interpolation", 1981) that PyTorch uses
CUBIC_ANTIALIASED = -0.5  # and the one that it uses, as Pillow does, with antialiasing


def cubic(distance: numpy.ndarray, a: float) -> numpy.ndarray:
    """The cubic convolution kernel at `distance` (Keys, 1981)."""
    x = abs(distance)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return numpy.where(x < 1, near, numpy.where(x < 2, far, 0.0))


def triangle(distance: numpy.ndarray) -> Array:
    return numpy.maximum(0.0, 1 - abs(distance))


def positions(size: int, count: int, align_corners: bool, factor: float | None) -> numpy.ndarray:
    """Where the centres of `count` elements lie among `size`, as real numbers; `factor` replaces ``count / size`` as
    the scale."""
    number = numpy.arange(count, dtype=numpy.float64)
    if align_corners:
        return number * ((size - 1) / (count - 1) if count > 1 else 0.0)
    return (number + 0.5) * (1.0 / factor if factor else size / count) - 0.5


@functools.lru_cache(maxsize=256)
def nearest_taps(size: int, count: int, exact: bool, factor: float | None) -> Taps:
    """Each element is the nearest one of the input; not `exact`: the one that its corner falls into, as PyTorch does by
    default."""
    scale = (
        numpy.float32(1.0 / factor) if factor else numpy.float32(size) / numpy.float32(count)
    )  # PyTorch's own precision
    number = numpy.arange(count, dtype=numpy.float32)
    if size == count and not exact:
        index = numpy.arange(count)
    else:
        index = numpy.floor((number + numpy.float32(0.5)) * scale if exact else number * scale).astype(numpy.int64)
    return Taps(numpy.minimum(index, size - 1)[None, :], None, size)


@functools.lru_cache(maxsize=256)
def linear_taps(size: int, count: int, align_corners: bool, factor: float | None) -> Taps:
    """Each element lies between two of the input."""
    position = numpy.maximum(positions(size, count, align_corners, factor), 0.0)
    low = numpy.minimum(position.astype(numpy.int64), size - 1)
    part = numpy.minimum(position - low, 1.0)
    return Taps(numpy.stack([low, numpy.minimum(low + 1, size - 1)]), numpy.stack([1 - part, part]), size)


@functools.lru_cache(maxsize=256)
def cubic_taps(size: int, count: int, align_corners: bool, factor: float | None) -> Taps:
    """Each element is made of four of the input; at the ends the last element is repeated."""
    position = positions(size, count, align_corners, factor)
    low = numpy.floor(position)
    steps = numpy.arange(-1, 3)[:, None]
    index = (low.astype(numpy.int64) + steps).clip(0, size - 1)
    weights = cubic(position - low - steps, CUBIC)
    for tap, later in ((0, 1), (1, 2), (2, 3)):  # one weight for an end that is repeated: it is rounded once
        same = index[tap] == index[later]
        weights[later] += numpy.where(same, weights[tap], 0.0)
        weights[tap] = numpy.where(same, 0.0, weights[tap])
    return Taps(index, weights, size)


@functools.lru_cache(maxsize=256)
def antialiased_taps(size: int, count: int, mode: str, align_corners: bool, factor: float | None) -> Taps:
    """Each element is a weighted mean over a window that grows with the reduction, as in Pillow's resize."""
    if align_corners:
        scale = (size - 1) / (count - 1) if count > 1 else 0.0
    else:
        scale = 1.0 / factor if factor else size / count
    stretch = max(scale, 1.0)
    support = stretch * (1.0 if mode == "bilinear" else 2.0)
    centre = scale * (numpy.arange(count) + 0.5)
    start = numpy.maximum((centre - support + 0.5).astype(numpy.int64), 0)
    stop = numpy.minimum((centre + support + 0.5).astype(numpy.int64), size)
    index = start + numpy.arange(max(1, int((stop - start).max())))[:, None]
    distance = (index - centre + 0.5) / stretch
    weights = triangle(distance) if mode == "bilinear" else cubic(distance, CUBIC_ANTIALIASED)
    weights = numpy.where(index < stop, weights, 0.0)
    return Taps(numpy.where(index < stop, index, start), weights / weights.sum(axis=0), size)


@primitive("input")
def resample_bytes(xp: Any, input: Array, dim: int, taps: Taps) -> Array:
    """`resample` of uint8 elements in the fixed-point arithmetic of Pillow and PyTorch: weights of 15 bits, rounded to
    uint8."""
    weights: Array = taps.weights
    precision = 0
    while precision < 22 and int(0.5 + weights.max() * 2 ** (precision + 1)) < 2**15:
        precision += 1
    whole = numpy.trunc(weights * 2.0**precision + numpy.copysign(0.5, weights))
    sums = resample.op.kernels[type(input)](input.astype(xp.float64), dim, Taps(taps.index, whole, taps.size))
    return xp.clip(xp.floor((sums + 2.0 ** (precision - 1)) / 2.0**precision), 0, 255).astype(input.dtype)


MODES = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5, "lanczos": 4}  # dimensions of their input


def target_sizes(
    input: Any, size: Any, scale_factor: Any, recompute_scale_factor: bool | None, mode: str
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The spatial sizes asked for, and the scale factors that go into the positions (None: the ratio of the sizes)."""
    spatial = tuple(input.shape)[2:]
    dims = len(spatial)
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"interpolate(): give either size or scale_factor, got size={size!r} and scale_factor={scale_factor!r}"
        )
    if size is not None:
        if recompute_scale_factor:
            raise ValueError("interpolate(): recompute_scale_factor has no meaning where size is given")
        sizes = tuple(size) if isinstance(size, (list, tuple)) else (size,) * dims
        if len(sizes) != dims:
            raise ValueError(
                f"interpolate(): size must hold {dims} numbers for an input of shape {tuple(input.shape)}, got {size!r}"
            )
        if not all(hasattr(each, "__index__") for each in sizes):
            raise TypeError(f"interpolate(): size must hold integers, got {size!r}")
        return tuple([int(each) for each in sizes]), (None,) * dims
    factors = tuple(scale_factor) if isinstance(scale_factor, (list, tuple)) else (scale_factor,) * dims
    if len(factors) != dims:
        raise ValueError(
            f"interpolate(): scale_factor must hold {dims} numbers for an input of shape {tuple(input.shape)}, got "
            f"{scale_factor!r}"
        )
    factors = tuple([float(each) for each in factors])
    sizes = tuple([int(n * factor) for n, factor in zip(spatial, factors, strict=True)])
    return sizes, (None,) * dims if recompute_scale_factor or mode == "area" else factors


@composite
def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """`input` at another spatial size.

    Args:
        input: ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``.
        size: the new spatial size; or `scale_factor`: its ratio to the old one.
        mode: ``"nearest"``, ``"nearest-exact"``, ``"area"`` (adaptive average) in any number of dimensions,
            ``"linear"`` (3-D input), ``"bilinear"``, ``"bicubic"`` (4-D), ``"trilinear"`` (5-D).
        align_corners: put the centres of the corner elements onto each other, instead of the outer edges.
        recompute_scale_factor: take the scale from the sizes, not from `scale_factor`.
        antialias: average over what becomes one element when an image is made smaller (bilinear and bicubic).

    Raises:
        ValueError: arguments that do not go together. NotImplementedError: `mode` does not exist for these dimensions.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.tensor([[[1.0, 3.0]]])
    >>> torch.nn.functional.interpolate(x, scale_factor=2, mode="linear", align_corners=False)
    tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                f"interpolate(): align_corners has no meaning for mode {mode!r}, only for the linear and cubic ones"
            )
    elif mode not in MODES:
        raise NotImplementedError(
            "interpolate(): mode must be 'nearest', 'nearest-exact', 'area', 'linear', 'bilinear', 'bicubic' or "
            f"'trilinear', got {mode!r}"
        )
    if not 3 <= input.ndim <= 5:
        raise NotImplementedError(
            f"interpolate(): input must have 3, 4 or 5 dimensions (N, C, *spatial), got shape {tuple(input.shape)}"
        )
    if mode in MODES and MODES[mode] != input.ndim:
        raise NotImplementedError(
            f"interpolate(): mode {mode!r} needs an input of {MODES[mode]} dimensions, got shape {tuple(input.shape)}"
        )
    if antialias and (mode not in ("bilinear", "bicubic") or input.ndim != 4):
        raise ValueError(
            f"interpolate(): antialias exists for modes 'bilinear' and 'bicubic' of 4-D inputs, got {mode!r}, "
            f"{input.ndim}-D"
        )
    if mode == "lanczos":
        raise NotImplementedError("interpolate(): mode 'lanczos' is not implemented; use 'bicubic' with antialias=True")
    sizes, factors = target_sizes(input, size, scale_factor, recompute_scale_factor, mode)
    spatial = tuple(input.shape)[2:]
    if min(sizes) < 1 or min(spatial) < 1:
        raise RuntimeError(f"interpolate(): sizes must be positive, got {spatial} to be made {sizes}")
    if 0 in tuple(input.shape)[1:]:
        raise RuntimeError(f"interpolate(): only the batch may be empty, got shape {tuple(input.shape)}")
    if mode == "area":
        area = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[len(sizes) - 1]
        return area(input, sizes)
    integers = not mode.startswith("nearest") and not is_floating(input)
    if integers and input.dtype is not uint8:
        raise NotImplementedError(
            f"interpolate(): mode {mode!r} needs floating-point elements or uint8, got {input.dtype}"
        )
    align = bool(align_corners)
    result = input
    # Dimensions that shrink come first and those that grow last, so that the least is computed.
    order = sorted(range(len(sizes)), key=lambda i: sizes[i] / spatial[i])
    for number in (
        range(len(sizes))[::-1] if integers else order
    ):  # rounding in between: PyTorch takes the last one first
        n, count, factor, dim = spatial[number], sizes[number], factors[number], number + 2
        if mode.startswith("nearest"):
            taps = nearest_taps(n, count, mode == "nearest-exact", factor)
        elif n == count and factor is None:
            continue
        elif antialias:
            taps = antialiased_taps(n, count, mode, align, factor)
        else:
            taps = (cubic_taps if mode == "bicubic" else linear_taps)(n, count, align, factor)
        result = (resample_bytes if integers else resample)(result, dim, taps)
    return clone(result) if result is input else result


@composite
def upsample(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Any:
    """The older name of `interpolate`."""
    return interpolate(input, size, scale_factor, mode, align_corners)


@composite
def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` with mode ``"nearest"``."""
    return interpolate(input, size, scale_factor, "nearest")


@composite
def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` with mode ``"bilinear"`` and ``align_corners=True``."""
    return interpolate(input, size, scale_factor, "bilinear", True)
