"""Operations on images and volumes: sampling at given places, and trading channels for resolution."""

from __future__ import annotations

import itertools
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..errors import DtypeError, ShapeError
from ..tensors import make
from ._define import composite
from .comparison import where
from .creation import spaced
from .interpolation import CUBIC
from .linalg import matmul
from .movement import cast, permute, reshape_to, select_view, transpose, unsqueeze
from .placement import beside
from .pooling import take_in_planes
from .precision import is_half

Array = Any

__all__ = [
    "affine_grid_generator", "channel_shuffle", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d",
    "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle",
]  # fmt: skip


# ---------------------------------------------------------------- sampling


def unnormalized(coordinate: Any, size: int, align_corners: bool) -> Any:
    """From -1 to 1 into positions among `size` elements."""
    if align_corners:
        return (coordinate + 1.0) * ((size - 1) / 2)
    return ((coordinate + 1.0) * float(size) - 1.0) / 2.0


def folded_back(position: Array, size: int, padding_mode: str, align_corners: bool) -> tuple[Array, Array]:
    """Positions brought inside by the padding mode, and the derivative (-1, 0 or 1) of that."""
    xp = namespace_of(type(position))
    slope = xp.ones_like(position)
    if padding_mode == "zeros":
        return position, slope
    if padding_mode == "reflection":
        low, high = (0.0, size - 1.0) if align_corners else (-0.5, size - 0.5)
        if high <= low:
            return position * 0, position * 0
        distance = position - low
        slope = xp.where(distance < 0, -slope, slope)
        turns, rest = abs(distance) // (high - low), abs(distance) % (high - low)
        odd = turns % 2 == 1
        position = xp.where(odd, high - low - rest, rest) + low
        slope = xp.where(odd, -slope, slope)
    slope = xp.where((position > 0) & (position < size - 1), slope, 0 * slope)
    return position.clip(0, size - 1), slope


def resolved(coordinate: Any, size: int, padding_mode: str, align_corners: bool) -> Any:
    """`folded_back` of a Tensor, with its derivative."""
    values = coordinate._array
    xp = namespace_of(type(values))
    position, slope = folded_back(values, size, padding_mode, align_corners)
    if position is values:
        return coordinate
    moves = slope != 0
    offset = xp.where(moves, position - values * slope, 0).astype(values.dtype)
    return where(make(moves), coordinate * make(slope) + make(offset), make(position))


def flat_index(indices: list[Array], spatial: tuple[int, ...]) -> tuple[Array, Array]:
    """Flat positions of integer coordinates (one array per dimension), and which of them lie inside."""
    xp = namespace_of(type(indices[0]))
    inside = xp.ones(indices[0].shape, bool)
    flat = xp.zeros(indices[0].shape, numpy.int64)
    for index, size in zip(indices, spatial, strict=True):
        inside &= (index >= 0) & (index < size)
        with numpy.errstate(invalid="ignore"):
            whole = xp.nan_to_num(index).clip(0, size - 1).astype(numpy.int64)
        flat = flat * size + whole
    return flat, inside


def sampled(input: Any, indices: list[Array]) -> Any:
    """Elements at integer coordinates ``(N, *out)`` of every channel, zero outside."""
    samples, channels = input.shape[:2]
    flat, inside = flat_index(indices, tuple(input.shape[2:]))
    flat = namespace_of(type(flat)).broadcast_to(flat[:, None], (samples, channels, *flat.shape[1:]))
    values = take_in_planes(input, flat)
    return values if inside.all() else values * make(inside[:, None].astype(input._array.dtype))


def cubic_weights(part: Any) -> list[Any]:
    """Weights of the four neighbours of a position, as functions of its fractional part (Keys, 1981)."""
    a = CUBIC

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(part + 1), near(part), near(1 - part), far(2 - part)]


@composite
def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Any:
    """`input` at the places that `grid` names.

    Args:
        input: ``(N, C, H, W)`` or ``(N, C, D, H, W)``.
        grid: ``(N, *out, 2)`` or ``(N, *out, 3)``: per element of the result its place (x, y[, z]), from -1 to 1 over
            the input.
        mode: ``"bilinear"``, ``"nearest"`` or (4-D only) ``"bicubic"``.
        padding_mode: what lies outside: ``"zeros"``, ``"border"`` (the nearest element) or ``"reflection"``.
        align_corners: -1 and 1 are the centres of the corner elements, not their outer edges.

    Raises:
        RuntimeError: shapes or dtypes do not fit together. ValueError: an unknown mode.

    >>> import tinygrad_i2dl as torch
    >>> image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> torch.nn.functional.grid_sample(image, torch.zeros(1, 1, 1, 2), align_corners=False)
    tensor([[[[2.5000]]]])
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(f"grid_sample(): mode must be 'bilinear', 'nearest' or 'bicubic', got {mode!r}")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(f"grid_sample(): padding_mode must be 'zeros', 'border' or 'reflection', got {padding_mode!r}")
    dims = input.ndim - 2
    if dims not in (2, 3) or grid.ndim != input.ndim or grid.shape[-1] != dims or grid.shape[0] != input.shape[0]:
        raise ShapeError(
            "grid_sample(): needs input (N, C, H, W) with grid (N, h, w, 2), or input (N, C, D, H, W) with grid (N, d, "
            "h, w, 3), "
            f"got {tuple(input.shape)} and {tuple(grid.shape)}"
        )
    if input.dtype != grid.dtype:
        raise DtypeError(f"grid_sample(): input and grid must have one dtype, got {input.dtype} and {grid.dtype}")
    if is_half(input._array):
        single = numpy.dtype("float32")
        wide = grid_sample(cast(input, single), cast(grid, single), mode, padding_mode, align_corners)
        return cast(wide, input._array.dtype)
    if mode == "bicubic" and dims != 2:
        raise RuntimeError(f"grid_sample(): mode 'bicubic' needs a 4-D input, got shape {tuple(input.shape)}")
    if 0 in tuple(input.shape)[2:]:
        raise ShapeError(f"grid_sample(): the images must not be empty, got input of shape {tuple(input.shape)}")
    spatial = tuple(input.shape[2:])
    align = bool(align_corners)
    # the last component of a place belongs to the first dimension
    places = [
        unnormalized(select_view(grid, grid.ndim - 1, dims - 1 - k), size, align) for k, size in enumerate(spatial)
    ]
    if mode == "bicubic":
        return sample_cubic(input, places, padding_mode, align)
    places = [resolved(place, size, padding_mode, align) for place, size in zip(places, spatial, strict=True)]
    if mode == "nearest":
        return sampled(input, [namespace_of(type(place._array)).rint(place._array) for place in places])
    lows = [namespace_of(type(place._array)).floor(place._array) for place in places]
    parts = [place - make(low) for place, low in zip(places, lows, strict=True)]
    result: Any = None
    for corner in itertools.product((0, 1), repeat=dims):
        weight: Any = None
        for step, part in zip(corner, parts, strict=True):
            factor = part if step else 1.0 - part
            weight = factor if weight is None else weight * factor
        values = sampled(input, [low + step for low, step in zip(lows, corner, strict=True)])
        share = values * unsqueeze(weight, 1)
        result = share if result is None else result + share
    return result


def sample_cubic(input: Any, places: list[Any], padding_mode: str, align: bool) -> Any:
    """`grid_sample` by cubic convolution: 16 neighbours, each brought inside by the padding mode."""
    spatial = tuple(input.shape[2:])
    lows = [namespace_of(type(place._array)).floor(place._array) for place in places]
    weights = [cubic_weights(place - make(low)) for place, low in zip(places, lows, strict=True)]
    result: Any = None
    for row in range(4):
        line: Any = None
        for column in range(4):
            indices = [
                folded_back(low + (step - 1), size, padding_mode, align)[0]
                for low, step, size in zip(lows, (row, column), spatial, strict=True)
            ]
            share = sampled(input, indices) * unsqueeze(weights[1][column], 1)
            line = share if line is None else line + share
        share = line * unsqueeze(weights[0][row], 1)
        result = share if result is None else result + share
    return result


INTERPOLATION_MODES = ("bilinear", "nearest", "bicubic")
PADDING_MODES = ("zeros", "border", "reflection")


@composite
def grid_sampler(input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Any:
    """`grid_sample` with its modes as numbers: 0, 1, 2 in the order of its documentation."""
    return grid_sample(input, grid, INTERPOLATION_MODES[interpolation_mode], PADDING_MODES[padding_mode], align_corners)


grid_sampler_2d = grid_sampler_3d = grid_sampler


def centres(count: int, align_corners: bool, dtype: Any) -> Array:
    """Normalised coordinates of `count` elements, bit by bit PyTorch's: gradients jump where a grid meets a pixel."""
    if count == 1:
        return numpy.zeros(1, dtype)
    ends = spaced(-1.0, 1.0, count, numpy.dtype(dtype))
    return (ends if align_corners else ends * (count - 1) / count).astype(dtype)


@composite
def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """The grid for `grid_sample` that maps images affinely.

    Args:
        theta: ``(N, 2, 3)`` for images, ``(N, 3, 4)`` for volumes: per sample the matrix that takes (x, y[, z], 1) of
            the result to the place in the input.
        size: shape of the result, ``(N, C, H, W)`` or ``(N, C, D, H, W)``.
        align_corners: as `grid_sample`'s.

    Raises:
        RuntimeError, ValueError: shapes that do not fit together.

    >>> import tinygrad_i2dl as torch
    >>> identity = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> torch.nn.functional.affine_grid(identity, (1, 1, 1, 2), align_corners=False)
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    if not theta.dtype.is_floating_point:
        raise ValueError(f"affine_grid(): theta must be floating point, got {theta.dtype}")
    shape = tuple([int(each) for each in size])
    dims = len(shape) - 2
    if dims not in (2, 3):
        raise NotImplementedError(f"affine_grid(): size must be (N, C, H, W) or (N, C, D, H, W), got {shape}")
    if tuple(theta.shape) != (shape[0], dims, dims + 1):
        raise ValueError(
            f"affine_grid(): theta must have shape {(shape[0], dims, dims + 1)} for size {shape}, got "
            f"{tuple(theta.shape)}"
        )
    if min(shape) < 1:
        raise ValueError(f"affine_grid(): sizes must be positive, got {shape}")
    dtype = theta._array.dtype
    axes = [centres(count, bool(align_corners), dtype) for count in shape[2:]]
    places = numpy.meshgrid(*axes, indexing="ij")[::-1]  # x, the last dimension, first
    base = numpy.stack([*places, numpy.ones_like(places[0])], axis=-1).reshape(1, -1, dims + 1)
    return reshape_to(matmul(make(beside(base, theta._array)), transpose(theta, 1, 2)), (shape[0], *shape[2:], dims))


@composite
def affine_grid_generator(theta: Any, size: Any, align_corners: bool) -> Any:
    """`affine_grid`."""
    return affine_grid(theta, size, align_corners)


# ---------------------------------------------------------------- channels and resolution


@composite
def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """``(*, C * r * r, H, W)`` as ``(*, C, H * r, W * r)``, with r = `upscale_factor` (Shi et al., "Real-time single
    image and video super-resolution using an efficient sub-pixel convolutional neural network", 2016).

    >>> import tinygrad_i2dl as torch
    >>> torch.pixel_shuffle(torch.arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    r, shape = upscale_factor, tuple(input.shape)
    if len(shape) < 3:
        raise ShapeError(f"pixel_shuffle(): input must have at least 3 dimensions (*, C, H, W), got shape {shape}")
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle(): upscale_factor must be positive, got {r}")
    if shape[-3] % (r * r):
        raise ShapeError(
            f"pixel_shuffle(): the channels of shape {shape} are not a multiple of upscale_factor squared, {r * r}"
        )
    lead, channels, height, width = shape[:-3], shape[-3] // (r * r), shape[-2], shape[-1]
    n = len(lead)
    parts = permute(
        reshape_to(input, (*lead, channels, r, r, height, width)), (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    )
    return reshape_to(parts, (*lead, channels, height * r, width * r))


@composite
def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """``(*, C, H * r, W * r)`` as ``(*, C * r * r, H, W)``, with r = `downscale_factor`: the inverse of
    `pixel_shuffle`."""
    r, shape = downscale_factor, tuple(input.shape)
    if len(shape) < 3:
        raise ShapeError(f"pixel_unshuffle(): input must have at least 3 dimensions (*, C, H, W), got shape {shape}")
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle(): downscale_factor must be positive, got {r}")
    if shape[-2] % r or shape[-1] % r:
        raise ShapeError(
            f"pixel_unshuffle(): height and width of shape {shape} must be multiples of downscale_factor {r}"
        )
    lead, channels, height, width = shape[:-3], shape[-3], shape[-2] // r, shape[-1] // r
    n = len(lead)
    parts = permute(
        reshape_to(input, (*lead, channels, height, r, width, r)), (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    )
    return reshape_to(parts, (*lead, channels * r * r, height, width))


@composite
def channel_shuffle(input: Any, groups: int) -> Any:
    """``(N, groups * m, *)`` with the channels of all groups interleaved (Zhang et al., "ShuffleNet", 2017)."""
    shape = tuple(input.shape)
    if len(shape) < 3:
        raise ShapeError(f"channel_shuffle(): input must have at least 3 dimensions (N, C, *), got shape {shape}")
    if groups <= 0:
        raise RuntimeError(f"channel_shuffle(): groups must be positive, got {groups}")
    if shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle(): the {shape[1]} channels of shape {shape} are not a multiple of groups {groups}"
        )
    parts = reshape_to(input, (shape[0], groups, shape[1] // groups, *shape[2:]))
    return reshape_to(transpose(parts, 1, 2), shape)


native_channel_shuffle = channel_shuffle
