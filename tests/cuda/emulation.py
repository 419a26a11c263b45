"""CuPy's `RawModule` for the stand-in: kernels compiled by g++ through `shim.h` and run on the CPU.

It checks what a GPU would not: that a launch passes as many arguments as the kernel takes, each of the right size.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import pathlib
import re
import subprocess
import tempfile
from typing import Any

import numpy

SHIM = pathlib.Path(__file__).with_name("shim.h")


def barrier_functions(code: str) -> set[str]:
    """Names of the functions and kernels in `code` that reach ``__syncthreads``, also through macros they use."""
    named = [
        (head[1] or head[2], piece[head.end() :])
        for piece in re.split(r"(?=^(?:KERNEL|__device__) )", code, flags=re.M)
        if (head := re.match(r"KERNEL (\w+)|__device__ inline \w+ (\w+)", piece))
    ]
    named += re.findall(r"^#define (\w+)((?:.*\\\n)*.*)", code, flags=re.M)
    reaching = {"__syncthreads"}
    while True:
        found = {name for name, text in named if any(re.search(rf"\b{each}\b", text) for each in reaching)} | reaching
        if found == reaching:
            return reaching
        reaching = found


@functools.cache
def compiled(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
    """The kernels as a shared library, kept in the temporary folder under what it was made of."""
    names = re.findall(r"^KERNEL (\w+)\(", code, flags=re.M)
    text = f'#include "{SHIM}"\n{code}\n' + "".join(f"LAUNCHER({name})\n" for name in names)
    digest = hashlib.sha256((SHIM.read_text() + text + " ".join(options)).encode()).hexdigest()[:24]
    folder = pathlib.Path(tempfile.gettempdir()) / f"kernels-on-cpu-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / f"{digest}.so"
    if not library.exists():
        source = folder / f"{digest}-{os.getpid()}.cpp"
        source.write_text(text)
        made = source.with_suffix(".so")
        macros = [each for each in options if each.startswith("-D")]
        command = ["g++", "-std=c++17", "-O1", "-w", "-U_FORTIFY_SOURCE", "-shared", "-fPIC", *macros]
        subprocess.run([*command, str(source), "-o", str(made)], check=True)
        made.replace(library)
        source.unlink()
    return ctypes.CDLL(str(library))


class RawKernel:
    """A kernel that is launched on the CPU."""

    def __init__(self, library: ctypes.CDLL, name: str, barriers: bool) -> None:
        self._launch = getattr(library, f"launch_{name}")
        self._launch.restype = None
        self._barriers = barriers
        sizes = (ctypes.c_size_t * 64)()
        count = getattr(library, f"parameters_{name}")
        count.restype = ctypes.c_size_t
        self._sizes = list(sizes[: count(sizes)])
        self.name = name

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
        assert len(args) == len(self._sizes), f"{self.name} takes {len(self._sizes)} arguments, got {len(args)}"
        assert 0 < grid[0] < 1 << 31 and all(0 < each < 1 << 16 for each in grid[1:]), f"{self.name}: grid {grid}"
        held = []
        for value, size in zip(args, self._sizes, strict=True):
            if isinstance(value, numpy.generic):
                known = numpy.array(value)
            else:
                assert value.flags.c_contiguous, f"{self.name}: an array that does not lie in order"
                known = numpy.array(value.data.ptr, dtype=numpy.uint64)
            assert known.nbytes == size, f"{self.name}: an argument of {known.nbytes} bytes where {size} are expected"
            held.append(known)
        pointers = (ctypes.c_void_p * max(len(held), 1))(*(each.ctypes.data for each in held))
        sizes = (ctypes.c_uint * 3)(*(*grid, 1, 1)[:3])
        self._launch(pointers, sizes, ctypes.c_uint(block[0]), int(self._barriers))


class RawModule:
    """Kernels of one text."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()) -> None:
        self._library = compiled(code, tuple(options))
        self._barriers = barrier_functions(code)

    def get_function(self, name: str) -> RawKernel:
        return RawKernel(self._library, name, name in self._barriers)
