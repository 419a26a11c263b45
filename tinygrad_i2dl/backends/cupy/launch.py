"""Our CUDA kernels, compiled at their first use and launched.

The text of a ``.cu`` file is compiled by NVRTC for one type of elements; CuPy keeps the result in its cache on disk.
"""

from __future__ import annotations

import functools
import pathlib
import re
from typing import Any

import numpy

Array = Any

__all__ = ["MACROS", "THREADS", "Launcher", "kernel_files", "launcher", "source_of", "use_launcher"]

FOLDER = pathlib.Path(__file__).parent / "kernels"
THREADS = 256  # of a block, as kernels/types.cuh has it
MACROS = {"float32": "-DUSE_FLOAT", "float64": "-DUSE_DOUBLE", "float16": "-DUSE_HALF"}
MOST_BLOCKS = 1 << 16  # of a launch whose threads go on in steps


def kernel_files() -> list[str]:
    """Names of the files with kernels.

    >>> "softmax.cu" in kernel_files()
    True
    """
    return sorted(path.name for path in FOLDER.glob("*.cu"))


@functools.cache
def source_of(file: str) -> str:
    """The text of a file of kernels with what it includes: complete for a compiler that knows no folders."""
    text = (FOLDER / "types.cuh").read_text() + (FOLDER / file).read_text()
    return re.sub(r'#include "(\w+\.cuh)"', lambda name: (FOLDER / name[1]).read_text(), text)


class Launcher:
    """Kernels of one library, which is CuPy or what stands in for it."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self._functions: dict[tuple[str, str, str], Any] = {}

    def function(self, file: str, name: str, dtype: str) -> Any:
        """A kernel compiled for elements of a dtype."""
        found = self._functions.get((file, name, dtype))
        if found is None:
            module = self.library.RawModule(code=source_of(file), options=(MACROS[dtype], "--std=c++17"))
            found = self._functions[file, name, dtype] = module.get_function(name)
        return found

    def __call__(self, file: str, name: str, dtype: Any, grid: tuple[int, ...], *arguments: Any) -> None:
        """Launch a kernel with `grid` blocks; integers go as 64 bits, floats in double precision, None as no array."""
        self.function(file, name, dtype.name)(grid, (THREADS,), tuple([_argument(each) for each in arguments]))

    def elementwise(self, file: str, name: str, dtype: Any, count: int, *arguments: Any) -> None:
        """Launch a kernel whose threads share `count` elements, in steps of the grid's size."""
        self(file, name, dtype, (min(-(-count // THREADS), MOST_BLOCKS),), *arguments)

    def capturing(self) -> bool:
        """Whether what is launched now is recorded as a CUDA graph: then nothing may come from main memory."""
        return bool(self.library.cuda.get_current_stream().is_capturing())

    def serves(self, *arrays: Array) -> bool:
        """Whether all arrays are on the device, of one floating-point dtype that kernels have, and none is empty."""
        first = arrays[0]
        return first.dtype.name in MACROS and all(
            isinstance(each, self.library.ndarray) and each.dtype == first.dtype and each.size for each in arrays
        )

    def plain(self, array: Array) -> Array:
        """The array itself if its elements lie in order, else a copy; None for None."""
        return None if array is None else self.library.ascontiguousarray(array)


def _argument(value: Any) -> Any:
    if value is None:
        return numpy.uint64(0)
    if isinstance(value, (bool, int)):
        return numpy.int64(value)
    return numpy.float64(value) if isinstance(value, float) else value


def accumulator(dtype: Any) -> Any:
    """The dtype that kernels make sums in: kernels/types.cuh calls it A."""
    return numpy.dtype("float64" if dtype.itemsize == 8 else "float32")


_launcher: Launcher | None = None


def use_launcher(launcher: Launcher | None) -> Launcher | None:
    """Launch kernels by `launcher` from now on; returns the one before."""
    global _launcher
    before, _launcher = _launcher, launcher
    return before


def launcher() -> Launcher:
    """The launcher in use. Raises `RuntimeError` where no GPU was connected."""
    if _launcher is None:
        raise RuntimeError("no GPU is connected: ask torch.cuda.is_available() first")
    return _launcher
