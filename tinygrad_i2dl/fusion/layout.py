"""How a loop walks through arrays that broadcast: as few dimensions as can be, every input flat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["Layout"]

Array = Any


class Layout:
    """Arrays as flat memory, with the steps that lead through it.

    Attributes:
        arrays: each input as a contiguous array of one dimension: its own elements, none of them repeated.
        repeated: for each input, whether it has one element for a whole row.
        columns: the length of a row, which is all there is if no input makes rows necessary.
        sizes: the sizes of the dimensions that rows are counted by; empty for a flat loop.
        steps: for each input and each of these dimensions the elements from one place to the next.
    """

    __slots__ = ("arrays", "columns", "repeated", "sizes", "steps")

    def __init__(self, arrays: Sequence[Array], shape: tuple[int, ...]) -> None:
        self.sizes: tuple[int, ...] = ()
        self.steps: list[list[int]] = []
        self.columns = math.prod(shape)
        if all([array.shape == shape and array.flags.c_contiguous and array.flags.aligned for array in arrays]):
            self.arrays = [array.reshape(-1) for array in arrays]  # nearly always
            self.repeated = (False,) * len(arrays)
            return
        own, repeats = [], []
        for array in arrays:
            missing = len(shape) - array.ndim
            steps = (0,) * missing + array.strides
            sizes = (1,) * missing + array.shape
            along = tuple(
                size != 1 and (own_size == 1 or not step)
                for size, own_size, step in zip(shape, sizes, steps, strict=True)
            )
            array = array.reshape(sizes)[tuple([slice(0, 1) if each else slice(None) for each in along])]
            if not array.flags.c_contiguous or not array.flags.aligned:
                array = array.copy(order="C")
            own.append(array)
            repeats.append(along)
        # Dimensions of size 1 are left out, neighbours along which every input does the same are one.
        kept: list[tuple[int, tuple[bool, ...]]] = []
        for axis, size in enumerate(shape):
            if size == 1:
                continue
            pattern = tuple(along[axis] for along in repeats)
            if kept and kept[-1][1] == pattern:
                kept[-1] = (kept[-1][0] * size, pattern)
            else:
                kept.append((size, pattern))
        kept = kept or [(1, (False,) * len(own))]
        self.arrays = [array.reshape(-1) for array in own]
        self.columns, self.repeated = kept[-1]
        self.sizes = tuple(size for size, _ in kept[:-1])
        for number in range(len(own)):
            step = 1 if self.repeated[number] else self.columns
            steps_of: list[int] = []
            for size, pattern in reversed(kept[:-1]):
                steps_of.append(0 if pattern[number] else step)
                step *= 1 if pattern[number] else size
            self.steps.append(steps_of[::-1])

    @property
    def rows(self) -> int:
        return math.prod(self.sizes)
