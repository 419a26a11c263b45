"""Geometry of sliding windows: what convolution, pooling and unfolding share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy

from ..errors import ShapeError

Array = Any
Sizes = tuple[int, ...]

__all__: list[str] = []  # public names use these, none of these is public


def sizes_of(value: Any, count: int, op: str, name: str) -> Sizes:
    """An argument such as `stride` as one integer for each of `count` dimensions; one number stands for all of them."""
    if type(value) is int:
        return (value,) * count
    if type(value) is tuple and len(value) == count and {int}.issuperset(map(type, value)):
        return value
    if hasattr(value, "__index__") and not isinstance(value, (tuple, list)):
        return (value.__index__(),) * count
    try:
        sizes = tuple(each.__index__() for each in value)
    except (TypeError, AttributeError):
        raise TypeError(f"{op}(): {name} must be an integer or {count} of them, got {value!r}") from None
    if len(sizes) == 1:
        return sizes * count
    if len(sizes) != count:
        raise ShapeError(f"{op}(): {name} must be an integer or {count} of them, got {value!r}")
    return sizes


def text(sizes: Sizes) -> str:
    """Sizes as people write them: 3x3."""
    return "x".join(map(str, sizes))


def span(kernel: Sizes, dilation: Sizes) -> Sizes:
    """How many elements a window reaches over along each dimension, gaps included."""
    return tuple([d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)])


def count_windows(
    spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool = False
) -> Sizes:
    """How many windows fit along each dimension.

    ``floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1`` (Dumoulin and Visin, "A guide to
    convolution arithmetic for deep learning", 2016); with `ceil_mode` rounded up, where a window must start inside the
    input or its left padding.
    """
    counts = []
    for size, k, s, p, d in zip(spatial, kernel, stride, padding, dilation, strict=True):
        room = size + 2 * p - d * (k - 1) - 1
        count = (room + s - 1 if ceil_mode else room) // s + 1
        if ceil_mode and (count - 1) * s >= size + p:
            count -= 1
        counts.append(count)
    return tuple(counts)


def padded(xp: Any, input: Array, padding: Sizes, value: Any = 0, extra: Sizes | None = None) -> Array:
    """`input` with `padding` elements of `value` on both sides of its last dimensions, and `extra` more behind them."""
    if not any(padding) and (extra is None or not any(extra)):
        return input
    lead = input.ndim - len(padding)
    after = padding if extra is None else tuple([p + e for p, e in zip(padding, extra, strict=True)])
    shape = input.shape[:lead] + tuple([n + p + a for n, p, a in zip(input.shape[lead:], padding, after, strict=True)])
    result = xp.zeros(shape, dtype=input.dtype) if not value else xp.full(shape, value, dtype=input.dtype)
    result[(Ellipsis, *[slice(p, p + n) for n, p in zip(input.shape[lead:], padding, strict=True)])] = input
    return result


def unpadded(array: Array, padding: Sizes, spatial: Sizes) -> Array:
    """The part of a padded array that is not padding."""
    if not any(padding) and array.shape[array.ndim - len(spatial) :] == tuple(spatial):
        return array
    return array[(Ellipsis, *[slice(p, p + n) for n, p in zip(spatial, padding, strict=True)])]


def offsets(kernel: Sizes) -> Iterator[Sizes]:
    """The positions inside a window, the last dimension fastest."""
    return itertools.product(*[range(k) for k in kernel])


def slices_at(offset: Sizes, counts: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Any, ...]:
    """Index of the elements that lie at `offset` in all windows."""
    return (
        Ellipsis,
        *[
            slice(o * d, o * d + (n - 1) * s + 1, s)
            for o, n, s, d in zip(offset, counts, stride, dilation, strict=True)
        ],
    )


def windows(xp: Any, padded_input: Array, kernel: Sizes, counts: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """View of all windows: (*lead, *spatial) as (*lead, *kernel, *counts)."""
    lead = padded_input.ndim - len(kernel)
    steps = padded_input.strides
    inside = tuple([step * d for step, d in zip(steps[lead:], dilation, strict=True)])
    between = tuple([step * s for step, s in zip(steps[lead:], stride, strict=True)])
    return xp.lib.stride_tricks.as_strided(
        padded_input, padded_input.shape[:lead] + kernel + counts, steps[:lead] + inside + between
    )


def flat_reach(room: Sizes, counts: Sizes) -> int:
    """How many positions of flattened planes of size `room` lie between the first and the last window, both counted."""
    return sum((n - 1) * prod(room[axis + 1 :]) for axis, n in enumerate(counts)) + 1


def flat_windows(xp: Any, padded_input: Array, kernel: Sizes, counts: Sizes, dilation: Sizes) -> Array:
    """View (*lead, *kernel, reach) of windows at every position of the flattened planes, for windows at distance 1.

    Windows that run over the end of a line are among them and mean nothing. But the last dimension is one long run in
    memory, which copies several times faster than the lines of `windows`.
    """
    dims = len(kernel)
    lead = padded_input.ndim - dims
    room = padded_input.shape[lead:]
    source = xp.ascontiguousarray(padded_input)
    steps = source.strides
    inside = tuple([step * d for step, d in zip(steps[lead:], dilation, strict=True)])
    return xp.lib.stride_tricks.as_strided(
        source, source.shape[:lead] + kernel + (flat_reach(room, counts),), steps[:lead] + inside + steps[-1:]
    )


def add_flat_windows(xp: Any, columns: Array, room: Sizes, kernel: Sizes, dilation: Sizes) -> Array:
    """The adjoint of `flat_windows`: (*lead, *kernel, reach) summed into (*lead, *room)."""
    dims = len(kernel)
    lead = columns.shape[: columns.ndim - dims - 1]
    reach = columns.shape[-1]
    sums = xp.zeros((*lead, prod(room)), dtype=columns.dtype)
    for offset, distance in zip(offsets(kernel), flat_positions(kernel, room, dilation), strict=True):
        sums[..., distance : distance + reach] += columns[(slice(None),) * len(lead) + offset]
    return sums.reshape(*lead, *room)


def add_windows(
    xp: Any, columns: Array, spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Array:
    """The adjoint of `windows`: (*lead, *kernel, *counts) summed into (*lead, *spatial), what falls into the padding is
    dropped."""
    dims = len(kernel)
    lead = columns.shape[: columns.ndim - 2 * dims]
    counts = columns.shape[columns.ndim - dims :]
    sums = xp.zeros(lead + tuple([n + 2 * p for n, p in zip(spatial, padding, strict=True)]), dtype=columns.dtype)
    for offset in offsets(kernel):
        sums[slices_at(offset, counts, stride, dilation)] += columns[(slice(None),) * len(lead) + offset]
    return unpadded(sums, padding, spatial)


def flat_positions(kernel: Sizes, spatial: Sizes, dilation: Sizes) -> list[int]:
    """Distance, in a flattened plane of size `spatial`, from a window's start to each of its positions."""
    steps = [prod(spatial[axis + 1 :]) for axis in range(len(spatial))]
    return [sum(o * d * step for o, d, step in zip(offset, dilation, steps, strict=True)) for offset in offsets(kernel)]


def flat_starts(spatial: Sizes, counts: Sizes, stride: Sizes, padding: Sizes) -> Array:
    """Position, in a flattened plane of size `spatial`, where each window starts: (*counts). Negative parts in the
    padding."""
    result: Array = numpy.zeros((), numpy.int64)
    for axis, (n, s, p) in enumerate(zip(counts, stride, padding, strict=True)):
        step = prod(spatial[axis + 1 :])
        result = result[..., None] + (numpy.arange(n) * s - p) * step
    return result
