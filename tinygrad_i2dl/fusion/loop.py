"""Fused loops in machine code: compiled by Numba, kept on disk, run over arrays by as many threads as are allowed.

Numba keeps the machine code of functions that stand in a file. So the text of each loop is written, whole or not at
all, to a file named by its content in a folder of the user's cache; the next process that needs the same loop loads its
code in some milliseconds instead of compiling for half a second. Where no folder can be written to, the loop lives in
memory.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import linecache
import math
import os
import sys
import threading
import types
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy

from ..archive import replaced_file
from ..backends import native
from ..settings import get_num_threads
from .layout import Layout
from .loop_source import loop_source
from .program import Program

__all__ = ["Loop", "loop_of"]

Array = Any
SPLIT_FROM = 1 << 16  # elements for each thread at least: handing work to a thread takes about 20 us
_compiling = threading.Lock()


# ---------------------------------------------------------------- source text in files


@functools.cache
def cache_folder() -> Path | None:
    """Where loops are kept: ``NUMBA_CACHE_DIR``, else the system's place for a user's cache; None if neither can be
    written to."""
    home = Path.home() if os.path.expanduser("~") != "~" else None
    places = [os.environ.get("NUMBA_CACHE_DIR")]
    if sys.platform == "win32":
        places.append(os.environ.get("LOCALAPPDATA"))
    elif sys.platform == "darwin" and home is not None:
        places.append(str(home / "Library" / "Caches"))
    else:
        places.append(os.environ.get("XDG_CACHE_HOME") or (None if home is None else str(home / ".cache")))
    for place in places:
        if place:
            folder = Path(place) / "tinygrad_i2dl" / "fuse"
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            if os.access(folder, os.W_OK | os.X_OK):
                return folder
    return None


@functools.cache
def _fingerprint() -> bytes:
    """Changes with the functions that loops call: Numba looks at the file of a loop alone."""
    path = Path(native.__file__).parents[1] / "numba" / "mathematics.py"  # the package imports all its kernels
    return hashlib.sha256(path.read_bytes()).digest()


def _function(source: str) -> tuple[Callable[..., None], bool]:
    """The function ``loop`` of a module's text, and whether it stands in a file."""
    name = "fused_" + hashlib.sha256(source.encode() + _fingerprint()).hexdigest()[:24]
    folder = cache_folder()
    if folder is not None:
        path = folder / f"{name}.py"
        try:
            if not path.exists() or path.read_text(encoding="utf-8") != source:
                with replaced_file(path) as file:
                    file.write(source.encode())
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module  # where Numba looks for what machine code from the disk refers to
            spec.loader.exec_module(module)
            return module.loop, True
        except OSError:
            pass
    return _in_memory(name, source), False


def _in_memory(name: str, source: str) -> Callable[..., None]:
    module = types.ModuleType(name)
    linecache.cache[f"<{name}>"] = (len(source), None, source.splitlines(keepends=True), f"<{name}>")
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module.loop  # type: ignore[no-any-return]


# ---------------------------------------------------------------- threads


class _Workers:
    """Threads that wait for work, made on first use, and anew in a forked process."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._count = 0
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._pool, self._count, self._lock = None, 0, threading.Lock()

    def run(self, calls: Sequence[Callable[[], None]]) -> None:
        """Run all, the last in the calling thread, and wait for them."""
        if len(calls) > 1:
            with self._lock:
                if self._pool is None or self._count < len(calls) - 1:
                    from concurrent.futures import ThreadPoolExecutor

                    self._count = len(calls) - 1
                    self._pool = ThreadPoolExecutor(self._count, "tinygrad_i2dl-fuse")
                pool = self._pool
            running = [pool.submit(call) for call in calls[:-1]]
        else:
            running = []
        try:
            calls[-1]()
        finally:
            for each in running:
                each.result()


WORKERS = _Workers()


def allowed_threads() -> int:
    """How many threads a loop may use: as many as the C++ kernels, whose number follows the environment too."""
    return native.get_num_threads() if native.available() else get_num_threads()


# ---------------------------------------------------------------- loops


class Loop:
    """A program as machine code: one compiled function for each way in which its inputs broadcast."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._compiled: dict[tuple[tuple[bool, ...], bool], Callable[..., None]] = {}

    def source(self, repeated: tuple[bool, ...] | None = None, nested: bool = False) -> str:
        """The text that is compiled."""
        return loop_source(self.program, repeated, nested)

    def compiled(self, repeated: tuple[bool, ...], nested: bool) -> Callable[..., None]:
        """The function of flat arrays, compiled or loaded when it is first asked for."""
        found = self._compiled.get((repeated, nested))
        if found is None:
            with _compiling:
                found = self._compiled.get((repeated, nested))
                if found is None:
                    found = self._compiled[repeated, nested] = self._compile(repeated, nested)
        return found

    def _compile(self, repeated: tuple[bool, ...], nested: bool) -> Callable[..., None]:
        import numba
        from numba import types as numba_types

        def flat(dtype: str, writable: bool) -> Any:
            element = numba_types.boolean if dtype == "bool" else getattr(numba_types, dtype)
            return numba_types.Array(element, 1, "C", not writable)

        source = self.source(repeated, nested)
        function, in_file = _function(source)
        dtypes = {step.value: step.dtype for step in self.program.instructions if step.operation == "input"}
        arrays = [
            *(flat(dtypes[number], False) for number in self.program.inputs),
            *(flat(self.program.instructions[number].dtype, True) for number in self.program.outputs),
        ]
        place, table = numba_types.int64, numba_types.Array(numba_types.int64, 1, "C")
        rows = [place, place, place, table, numba_types.Array(numba_types.int64, 2, "C")] if nested else []
        # No "fastmath": arithmetic is rounded as the operations round it, bit for bit; vectors need none of it here.
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
        compiled = numba.njit(cache=in_file, **options)(function)
        try:
            compiled.compile(tuple(rows + arrays))
        except Exception:
            if not in_file:
                raise
            with suppress(Exception):  # a damaged file: the next process writes it anew, if there is room
                compiled._cache.flush()
            compiled = numba.njit(**options)(_in_memory(f"{function.__module__}_in_memory", source))
            compiled.compile(tuple(rows + arrays))
        compiled.disable_compile()
        return compiled  # type: ignore[no-any-return]

    def run(self, inputs: Sequence[Array], outputs: Sequence[Array], shape: tuple[int, ...]) -> None:
        """Compute the outputs, which are contiguous and of `shape`; inputs broadcast to it."""
        if not math.prod(shape):
            return
        layout = Layout(inputs, shape)
        loop = self.compiled(layout.repeated, bool(layout.sizes))
        results = [output.reshape(-1) for output in outputs]
        threads = allowed_threads()
        if not layout.sizes:
            _flat(loop, layout, results, threads)
        else:
            _nested(loop, layout, results, threads)


def _flat(loop: Callable[..., None], layout: Layout, results: list[Array], threads: int) -> None:
    count = min(threads, layout.columns // SPLIT_FROM)
    if count <= 1:
        loop(*layout.arrays, *results)
        return

    def part(begin: int, end: int) -> Callable[[], None]:
        arrays = [
            array if repeated else array[begin:end]
            for array, repeated in zip(layout.arrays, layout.repeated, strict=True)
        ]
        return lambda: loop(*arrays, *[result[begin:end] for result in results])

    step = -(-layout.columns // count)
    WORKERS.run([part(begin, min(begin + step, layout.columns)) for begin in range(0, layout.columns, step)])


def _nested(loop: Callable[..., None], layout: Layout, results: list[Array], threads: int) -> None:
    sizes, steps = numpy.array(layout.sizes, numpy.int64), numpy.array(layout.steps, numpy.int64)
    rows = layout.rows
    count = max(min(threads, rows * layout.columns // SPLIT_FROM, rows), 1)
    step = -(-rows // count)

    def part(begin: int) -> Callable[[], None]:
        return lambda: loop(begin, min(begin + step, rows), layout.columns, sizes, steps, *layout.arrays, *results)

    WORKERS.run([part(begin) for begin in range(0, rows, step)])


_loops: dict[str, Loop] = {}


def loop_of(program: Program) -> Loop:
    """The loop of a program; the same for programs that compute the same."""
    found = program.loops.get("cpu")
    if found is None:
        found = program.loops["cpu"] = _loops.setdefault(program.text, Loop(program))
    return found
