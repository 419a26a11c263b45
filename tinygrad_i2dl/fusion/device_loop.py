"""Fused loops on a GPU: CUDA kernels that CuPy compiles, and keeps on disk, when they are first run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .cuda_source import cuda_source
from .layout import Layout
from .program import Program

__all__ = ["DeviceLoop", "device_loop_of"]

Array = Any
THREADS = 256  # of a block
OPTIONS = ("--fmad=false",)  # arithmetic is rounded as the operations round it
MOST_BLOCKS = 1 << 16  # beyond, each thread takes several elements


class DeviceLoop:
    """A program as CUDA kernels: one for each way in which its inputs broadcast."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._kernels: dict[tuple[tuple[bool, ...], int], Any] = {}

    def run(self, xp: Any, inputs: Sequence[Array], outputs: Sequence[Array], shape: tuple[int, ...]) -> None:
        """Compute the outputs, which are contiguous and of `shape`; inputs broadcast to it. `xp` is CuPy."""
        count = math.prod(shape)
        if not count:
            return
        layout = Layout(inputs, shape)
        key = (layout.repeated, len(layout.sizes))
        kernel = self._kernels.get(key)
        if kernel is None:
            kernel = self._kernels[key] = xp.RawKernel(cuda_source(self.program, *key), "loop", OPTIONS)
        blocks = min(-(-count // THREADS), MOST_BLOCKS)
        kernel((blocks,), (THREADS,), (*layout.arrays, *outputs, *numbers(xp, layout, count)))


def numbers(xp: Any, layout: Layout, count: int) -> list[Any]:
    """The kernel's parameters after the arrays: how many elements there are, and where rows begin."""
    values = [count]
    if layout.sizes:
        values += [layout.columns, *layout.sizes, *[step for steps in layout.steps for step in steps]]
    return [xp.int64(value) for value in values]


_loops: dict[str, DeviceLoop] = {}


def device_loop_of(program: Program) -> DeviceLoop:
    """The kernels of a program; the same for programs that compute the same."""
    found = program.loops.get("cuda")
    if found is None:
        found = program.loops["cuda"] = _loops.setdefault(program.text, DeviceLoop(program))
    return found
