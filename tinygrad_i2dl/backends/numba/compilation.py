"""Loops written in Python and compiled by Numba: when they are compiled, and where the machine code is kept.

A loop is a function of a module of its own, without closures, since only such functions can be cached. It is compiled
once for float32 and once for float64, when it is first called with either, or by `compile_all`; the signatures are
fixed, so no call can start another compilation. This module imports Numba.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
import numpy
from llvmlite import binding
from numba import types
from numba.extending import overload

Function = Callable[..., Any]

# Rounding may differ by the order of sums and by fused multiply-adds, but NaN and infinity are as IEEE 754 has them.
LOOP_FLAGS = {"contract", "reassoc", "nsz", "arcp"}
EXACT_FLAGS = {"contract"}  # where a difference of nearly equal numbers is meant as it is written

LOOP_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": LOOP_FLAGS, "error_model": "numpy"}

FLOATS = {numpy.dtype(numpy.float32): types.float32, numpy.dtype(numpy.float64): types.float64}
_config: Any = numba.config
_FOLDER = Path(__file__).parent
_lock = threading.Lock()
_loops: list[Loop] = []


# ---------------------------------------------------------------- where machine code is kept


def _fingerprint() -> str:
    """Changes with the versions, the processor, and the sources here: Numba looks at the file of a loop alone, and not
    at those whose functions it calls."""
    versions = (
        numba.__version__,
        numpy.__version__,
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
    )
    digest = hashlib.sha256(repr(versions).encode())
    for path in (Path(__file__), _FOLDER / "mathematics.py", *sorted((_FOLDER / "loops").glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _candidates() -> Iterator[Path]:
    if _config.CACHE_DIR:  # NUMBA_CACHE_DIR
        yield Path(_config.CACHE_DIR)
    home = os.environ.get("XDG_CACHE_HOME")
    if home or os.path.expanduser("~") != "~":
        yield Path(home or os.path.expanduser("~/.cache")) / "tinygrad_i2dl" / "numba"


def _writable_folder() -> Path | None:
    for folder in _candidates():
        own = folder / _fingerprint()
        try:
            own.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(own, os.W_OK | os.X_OK):
            return own
    return None


CACHE_FOLDER = _writable_folder()  # None: nothing can be kept, and every process compiles for itself


@contextmanager
def _kept_in_our_folder() -> Iterator[None]:
    """Numba reads the place of its cache from a global setting, which is the user's again afterwards."""
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(CACHE_FOLDER or before)
    try:
        yield
    finally:
        _config.CACHE_DIR = before


# ---------------------------------------------------------------- loops


def _promise_no_aliases(flags: Any) -> Any:
    """Tell the compiler that what a loop writes through one array it reads through no other.

    Else a loop first looks whether its arrays may overlap, and if they are neighbours in memory it works element by
    element: slower, and with other roundings of sums. Numba has this flag, but no option for it.
    """
    flags.noalias = True
    return flags


def _type(kind: str, number: Any) -> Any:
    """The Numba type of one parameter of a loop over arrays of `number`."""
    if kind in ("count", "number"):
        return types.int64 if kind == "count" else types.float64
    name, digits = kind.rstrip("0123456789"), kind[len(kind.rstrip("0123456789")) :]
    element = {"in": number, "out": number, "index": types.int64, "flags": types.boolean, "sums": types.float64}[name]
    return types.Array(element, int(digits or 1), "C", readonly=name not in ("out", "sums"), aligned=True)


class Loop(dict[Any, Function]):
    """A loop's machine code by dtype, ``loop[dtype](...)``: a dictionary that compiles what is missing."""

    def __init__(self, function: Function, kinds: tuple[str, ...]) -> None:
        self.function = function
        self.kinds = kinds
        self.name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        _loops.append(self)

    def __missing__(self, dtype: Any) -> Function:
        with _lock:
            if dtype not in self:
                signature = tuple(_type(kind, FLOATS[dtype]) for kind in self.kinds)
                with _kept_in_our_folder():
                    self[dtype] = _kept_or_not(self.function, signature)
        return self[dtype]


def _kept_or_not(function: Function, signature: tuple[Any, ...]) -> Function:
    """Machine code from the disk, or compiled and kept there. Where files are damaged they are written anew, and where
    nothing can be written (any more) the machine code is in memory alone."""
    if CACHE_FOLDER is not None:
        for _ in range(2):
            kept = numba.njit(cache=True, **LOOP_OPTIONS)(function)
            try:
                return _compiled(kept, signature)
            except Exception:  # whatever reading damaged files raises
                with suppress(OSError):
                    kept._cache.flush()
    return _compiled(numba.njit(**LOOP_OPTIONS)(function), signature)


def _compiled(dispatcher: Any, signature: tuple[Any, ...]) -> Function:
    dispatcher._compiler._customize_flags = _promise_no_aliases
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    function: Function = dispatcher
    return function


def loop(*kinds: str) -> Callable[[Function], Loop]:
    """Make a function a `Loop`; `kinds` says what its parameters are.

    ``in`` is an array of the loop's dtype that is read, ``out`` one that is written, ``index`` one of int64, ``flags``
    one of bool, ``sums`` one of float64 that is written, all contiguous and of one dimension or of those in a digit
    (``in2``); ``number`` is a float64 and ``count`` an int64.
    """
    return lambda function: Loop(function, kinds)


def inlined(flags: set[str]) -> Callable[[Function], Function]:
    """A function that becomes part of each loop that calls it, computed with the given liberties."""

    def decorate(function: Function) -> Function:
        compiled: Function = numba.njit(forceinline=True, fastmath=flags, error_model="numpy")(function)
        return compiled

    return decorate


def by_precision(name: str, single: Function, double: Function) -> Function:
    """A function of numbers that loops can call: `single` for float32 and int32, `double` for float64 and int64."""

    def stand_in(x: Any) -> Any:
        raise TypeError(f"{name} is for compiled loops alone")

    def choose(x: Any) -> Any:
        if x in (types.float32, types.int32):
            return lambda x: single(x)
        return lambda x: double(x)

    choose.__annotations__ = {}  # Numba compares the text of the signatures
    overload(stand_in, jit_options={"forceinline": True, "fastmath": EXACT_FLAGS, "error_model": "numpy"})(choose)
    stand_in.__name__ = stand_in.__qualname__ = name
    return stand_in


# ---------------------------------------------------------------- everything at once


def _marker() -> Path | None:
    return None if CACHE_FOLDER is None else CACHE_FOLDER / "complete.json"


def is_compiled() -> bool:
    """Whether `compile_all` has run on this machine, so that everything only needs loading."""
    marker = _marker()
    return marker is not None and marker.exists()


def compile_all(notice: Callable[[str], None] = lambda name: None) -> None:
    """Compile every loop for both dtypes, or load it where that was done before; `notice` gets each name when done."""
    for each in _loops:
        for dtype in FLOATS:
            each[dtype]
            notice(f"{each.name} {dtype}")
    marker = _marker()
    if marker is not None:
        with suppress(OSError):  # the folder may be full, or gone
            marker.write_text(json.dumps({"loops": len(_loops)}), encoding="utf-8")


def number_to_compile() -> int:
    """How many loops times dtypes there are."""
    return len(_loops) * len(FLOATS)
