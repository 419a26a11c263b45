"""Padding: elements added to, or cut from, the ends of dimensions."""

from __future__ import annotations

import functools
from typing import Any

import numpy

from ..errors import ShapeError
from ._define import composite, primitive
from .resampling import Taps, resample

Array = Any
Widths = tuple[int, ...]

__all__ = ["constant_pad_nd"]


def padded_shape(shape: tuple[int, ...], widths: Widths) -> tuple[int, ...]:
    """The shape after padding. Raises if `widths` has more pairs than there are dimensions, or a size becomes
    negative."""
    result = list(shape)
    if len(widths) % 2 or len(widths) > 2 * len(shape):
        raise ShapeError(
            f"pad(): pad must hold a pair (before, after) for at most {len(shape)} dimensions, the last one first, got "
            f"{widths} "
            f"for shape {tuple(shape)}"
        )
    for number in range(len(widths) // 2):
        dim = len(shape) - 1 - number
        result[dim] += widths[2 * number] + widths[2 * number + 1]
        if result[dim] < 0:
            raise ShapeError(f"pad(): {widths} cuts more than dimension {dim} of shape {tuple(shape)} has")
    return tuple(result)


@primitive("input")
def constant_pad(xp: Any, input: Array, pad: Widths, value: Any) -> Array:
    """`input` with `value` around it; `pad` holds (before, after) for the last dimension, the one before it and so on,
    negative to cut."""
    shape = padded_shape(input.shape, pad)
    result = xp.full(shape, value, dtype=input.dtype) if value else xp.zeros(shape, dtype=input.dtype)
    into: list[Any] = [slice(None)] * input.ndim
    source: list[Any] = [slice(None)] * input.ndim
    for number in range(len(pad) // 2):
        dim = input.ndim - 1 - number
        before, after = pad[2 * number], pad[2 * number + 1]
        source[dim] = slice(max(0, -before), max(0, input.shape[dim] + min(0, after)))
        start = max(0, before)
        into[dim] = slice(start, start + max(0, source[dim].stop - source[dim].start))
    result[tuple(into)] = input[tuple(source)]
    return result


constant_pad.op.title = "ConstantPadNdBackward0"
constant_pad.gradient(lambda g, pad: constant_pad(g, tuple([-width for width in pad]), 0))


@composite
def constant_pad_nd(input: Any, pad: Any, value: Any = 0) -> Any:
    """`input` with `value` around it, as ``pad(input, pad, "constant", value)``.

    >>> import tinygrad_i2dl as torch
    >>> torch.constant_pad_nd(torch.tensor([1, 2]), (1, 0), 7)
    tensor([7, 1, 2])
    """
    return constant_pad(input, tuple([int(width) for width in pad]), value)


@functools.lru_cache(maxsize=256)
def taps_of(mode: str, size: int, before: int, after: int) -> Taps:
    """Where the elements of a padded dimension come from."""
    positions = numpy.arange(-before, size + after)
    if mode == "reflect":
        last = max(size - 1, 1)
        positions = last - abs(last - abs(positions))  # mirrored at 0 and at size - 1
    elif mode == "replicate":
        positions = positions.clip(0, size - 1)
    else:
        start, stop = max(0, -before), size + min(0, after)  # what is cut is not repeated
        positions = start + (positions - start) % (stop - start)
    return Taps(positions[None, :], None, size)


@composite
def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """`input` with elements added before and after its last dimensions.

    Args:
        pad: (before, after) for the last dimension, then for the one before it, and so on. Negative widths cut.
        mode: ``"constant"`` (`value`, or 0), ``"reflect"`` (mirrored, the edge not repeated), ``"replicate"`` (the
            edge) or ``"circular"`` (the other end). All but ``"constant"`` pad one to three spatial dimensions.

    Raises:
        RuntimeError: the widths do not fit the shape.
        NotImplementedError: an unknown mode, or one that does not exist for the number of dimensions.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.pad(torch.tensor([[1.0, 2.0, 3.0]]), (1, 1), mode="reflect")
    tensor([[2., 1., 2., 3., 2.]])
    """
    widths = tuple([int(width) for width in pad])
    if len(widths) % 2:
        raise RuntimeError(f"pad(): pad must hold pairs (before, after), got {len(widths)} widths: {widths}")
    shape = tuple(input.shape)
    if mode == "constant":
        return constant_pad(input, widths, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"pad(): mode must be 'constant', 'reflect', 'replicate' or 'circular', got {mode!r}")
    if value is not None and value != 0:
        raise RuntimeError(f"pad(): mode {mode!r} takes no value, got {value!r}; only 'constant' does")
    dims = len(widths) // 2
    if not 1 <= dims <= 3 or len(shape) not in (dims + 1, dims + 2):
        raise NotImplementedError(
            f"pad(): mode {mode!r} pads the last one, two or three dimensions of tensors that have one or two more, "
            f"got {len(widths)} widths for shape {shape}"
        )
    result_shape = padded_shape(shape, widths)
    for number in range(dims):
        dim, before, after = len(shape) - 1 - number, widths[2 * number], widths[2 * number + 1]
        size = shape[dim]
        if mode == "reflect" and max(before, after) >= size:
            raise ShapeError(
                f"pad(): reflection adds fewer elements than there are: dimension {dim} of shape {shape} has {size}, "
                f"got {before} and {after}"
            )
        if mode == "circular" and (
            max(before, after) > size or (max(before, after) > 0 and size + min(0, before) + min(0, after) < 1)
        ):
            raise ShapeError(
                f"pad(): circular padding goes round at most once: dimension {dim} of shape {shape} has {size}, got "
                f"{before} and {after}"
            )
        if mode != "circular" and (result_shape[dim] < 1 or size < 1):
            raise ShapeError(f"pad(): nothing would be left of dimension {dim}: shape {shape}, widths {widths}")
    result = input
    for number in range(dims):
        before, after = widths[2 * number], widths[2 * number + 1]
        if before or after:
            dim = len(shape) - 1 - number
            result = resample(result, dim, taps_of(mode, shape[dim], before, after))
    if result is input:
        result = constant_pad(input, widths, 0)
    return result
