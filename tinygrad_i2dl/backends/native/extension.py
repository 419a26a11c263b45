"""The C++ extension itself: whether it is there, its threads and its instruction set."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy

native: Any = None
_reason: str | None = None
try:
    native = importlib.import_module("tinygrad_i2dl._native")
except ImportError as error:
    _reason = f"the C++ extension was not built ({error})"

Array = Any
Sizes = tuple[int, ...]

DTYPES = (numpy.dtype(numpy.float32), numpy.dtype(numpy.float64))


def available() -> bool:
    """Whether the extension was built and could be loaded.

    >>> available() == (reason() is None)
    True
    """
    return native is not None


def reason() -> str | None:
    """Why the extension is missing, None if it is there."""
    return _reason


def extension() -> Any:
    """The extension; RuntimeError, with the reason, where it is missing."""
    if native is None:
        raise RuntimeError(f"expected the native backend, but {_reason}; install a C++17 compiler and reinstall")
    return native


def get_num_threads() -> int:
    """How many threads the kernels use at most; raises RuntimeError where the extension is missing.

    Until it is set, this is ``OMP_NUM_THREADS`` or else the number of processors that the process may run on.
    """
    count: int = extension().get_num_threads()
    return count


def set_num_threads(count: int) -> None:
    """Let the kernels use up to `count` threads; ValueError below 1, RuntimeError where the extension is missing."""
    extension().set_num_threads(count)


def instruction_set() -> str:
    """The instruction set in use: ``baseline``, ``avx2`` or ``avx512``; by default the best that this processor has."""
    name: str = extension().instruction_set()
    return name


def instruction_sets() -> list[str]:
    """The instruction sets that this processor can run the kernels with, the best one last."""
    names: list[str] = extension().instruction_sets()
    return names


def set_instruction_set(name: str) -> None:
    """Use the kernels for another instruction set, ``auto`` for the best; ValueError if this processor lacks it."""
    extension().set_instruction_set(name)


def serves_images(first: Array, *others: Array) -> bool:
    """Whether the extension is there and the arrays are (N, C, *S) of one dtype that it serves."""
    return (
        native is not None
        and first.dtype in DTYPES
        and 3 <= first.ndim <= 5
        and all(other.dtype == first.dtype for other in others)
    )


def direct_kernels(names: Sequence[str]) -> dict[str, Any]:
    """Those of the extension's functions that are kernels themselves, by name; none where the extension is missing."""
    return {name: getattr(native, name) for name in names if hasattr(native, name)}


def refusal_of_plain(operation: str, *arguments: Any) -> str | None:
    """Why a kernel for contiguous floating-point arrays returns NotImplemented for these arguments; None if unknown."""
    arrays = [argument for argument in arguments if isinstance(argument, numpy.ndarray) and argument.dtype.kind in "fV"]
    for array in arrays:
        if array.dtype not in DTYPES:
            return f"dtype {array.dtype}"
        if not array.flags.c_contiguous:
            return "an array that is not contiguous"
        if not array.flags.aligned:
            return "an array that is not aligned"
    if len({array.dtype for array in arrays}) > 1:
        return "dtypes " + ", ".join(str(array.dtype) for array in arrays)
    return None if arrays else "no floating-point array"


def is_half(dtype: Any) -> bool:
    """Whether this is float16 or bfloat16, in the machine's byte order."""
    return bool(dtype == numpy.float16) or (dtype.kind == "V" and dtype.name == "bfloat16")


def through_single(kernel: Callable[..., Any], first: Array, *arguments: Any) -> Any:
    """What `kernel` makes of float16 or bfloat16 arrays, computed in float32 and rounded once, in their dtype.

    The widening and the rounding are done in C++. NotImplemented for other dtypes, or if `first` and other arrays of
    floats among the arguments differ in theirs.
    """
    dtype = first.dtype
    if native is None or not is_half(dtype) or not 3 <= first.ndim <= 5:
        return NotImplemented
    if any(isinstance(each, numpy.ndarray) and each.dtype not in (dtype, numpy.int64) for each in arguments):
        return NotImplemented
    brain = dtype.kind == "V"

    def widened(argument: Any) -> Any:
        if isinstance(argument, numpy.ndarray) and argument.dtype == dtype:
            return native.widen(argument.view(numpy.uint16), brain)
        return argument

    def narrowed(result: Any) -> Any:
        return native.narrow(result, brain).view(dtype) if result.dtype == numpy.float32 else result

    result = kernel(widened(first), *map(widened, arguments))
    if result is NotImplemented:
        return result
    return tuple(map(narrowed, result)) if isinstance(result, tuple) else narrowed(result)


def refusal_of_images(operation: str, *arguments: Any) -> str | None:
    """Why a kernel for images returns NotImplemented for these arguments; None where it does not."""
    arrays = [argument for argument in arguments if isinstance(argument, numpy.ndarray)]
    floating = arrays[:1] if operation == "max_pool_backward" else arrays  # its second array holds positions
    for array in floating:
        if array.dtype not in DTYPES and not is_half(array.dtype):
            return f"dtype {array.dtype}"
    if len({array.dtype for array in floating}) > 1:
        return "dtypes " + ", ".join(str(array.dtype) for array in floating)
    if not 3 <= arrays[0].ndim <= 5:
        return f"{arrays[0].ndim} dimensions"
    if any(array.dtype != numpy.int64 for array in arrays[len(floating) :]):
        return f"dtype {arrays[-1].dtype} of the indices"
    return None
