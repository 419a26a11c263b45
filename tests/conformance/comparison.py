"""Equality of a library's result with PyTorch's: kind, shape, dtype, values."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch

from .conversion import dtype_name, to_array

# rtol, atol of torch.testing.assert_close
TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}


class Mismatch(AssertionError):
    """The library's result differs from PyTorch's."""


def assert_same(
    actual: Any, expected: Any, library: ModuleType, *, factor: float = 1.0, values: bool = True, where: str = "result"
) -> None:
    """Raise Mismatch unless ``actual``, of the library, equals ``expected``, of PyTorch.

    Args:
        factor: multiplies PyTorch's default tolerances.
        values: False compares shapes and dtypes alone (uninitialised memory).
        where: how messages name the value.
    """
    if isinstance(expected, torch.Tensor):
        assert_same_tensor(actual, expected, library, factor=factor, values=values, where=where)
    elif isinstance(expected, dict):
        if not isinstance(actual, dict) or set(actual) != set(expected):
            keys = sorted(map(str, actual)) if isinstance(actual, dict) else type(actual).__name__
            raise Mismatch(f"{where}: keys {keys}, expected {sorted(map(str, expected))}")
        for key, item in expected.items():
            assert_same(actual[key], item, library, factor=factor, values=values, where=f"{where}[{key!r}]")
    elif isinstance(expected, list | tuple):
        if not isinstance(actual, list | tuple) or len(actual) != len(expected):
            raise Mismatch(f"{where}: {describe(actual)}, expected {type(expected).__name__} of {len(expected)}")
        for name in public_fields(expected):
            if not hasattr(actual, name):
                raise Mismatch(
                    f"{where}: {type(actual).__name__} has no field {name!r}, as {type(expected).__name__} has"
                )
        for position, (one, other) in enumerate(zip(actual, expected, strict=True)):
            assert_same(one, other, library, factor=factor, values=values, where=f"{where}[{position}]")
    elif isinstance(expected, torch.dtype):
        if dtype_name(actual) != dtype_name(expected):
            raise Mismatch(f"{where}: dtype {actual}, expected {expected}")
    elif isinstance(expected, bool | str) or expected is None:
        if type(actual) is not type(expected) or actual != expected:
            raise Mismatch(f"{where}: {actual!r}, expected {expected!r}")
    elif isinstance(expected, numbers.Number):
        if isinstance(actual, bool) or not isinstance(actual, type(expected)):
            raise Mismatch(
                f"{where}: {type(actual).__name__} {actual!r}, expected {type(expected).__name__} {expected!r}"
            )
        rtol, atol = (0.0, 0.0) if isinstance(expected, int) else TOLERANCES["float32"]
        if values and not np.isclose(actual, expected, rtol=rtol * factor, atol=atol * factor, equal_nan=True):
            raise Mismatch(f"{where}: {actual!r}, expected {expected!r}")


def assert_same_tensor(
    actual: Any, expected: torch.Tensor, library: ModuleType, *, factor: float, values: bool, where: str
) -> None:
    """``assert_same`` for a tensor."""
    if not isinstance(actual, library.Tensor):
        raise Mismatch(f"{where}: {describe(actual)}, expected a tensor of shape {tuple(expected.shape)}")
    if tuple(actual.shape) != tuple(expected.shape):
        raise Mismatch(f"{where}: shape {tuple(actual.shape)}, expected {tuple(expected.shape)}")
    name = dtype_name(expected.dtype)
    if dtype_name(actual.dtype) != name:
        raise Mismatch(f"{where}: dtype {actual.dtype}, expected {expected.dtype}")
    if not values:
        return
    one, other = to_array(actual), to_array(expected)
    if one.shape != other.shape or one.dtype != other.dtype:
        raise Mismatch(
            f"{where}: holds a {one.dtype} array of shape {one.shape}, but says {name} {tuple(expected.shape)}"
        )
    rtol, atol = TOLERANCES.get(name, (0.0, 0.0))
    if np.array_equal(one, other):
        return
    with np.errstate(all="ignore"):
        close = np.isclose(one, other, rtol=rtol * factor, atol=atol * factor, equal_nan=name in TOLERANCES)
    if not close.all():
        worst = np.argwhere(~np.atleast_1d(close))[0]
        index = tuple(map(int, worst)) if one.ndim else ()
        count = int((~close).sum())
        raise Mismatch(
            f"{where}: {count} of {one.size} values differ, first at {index}: {one[index]!r}, expected {other[index]!r}"
        )


def assert_raises(
    action: Callable[[], Any], kind: type[Exception] | tuple[type[Exception], ...], expected: Exception
) -> None:
    """``action`` raises an error of class ``kind``; ``NotImplementedError`` counts only where PyTorch raises it too."""
    kinds = kind if isinstance(kind, tuple) else (type(expected),) if kind is Exception else (kind,)
    kinds = tuple(RuntimeError if one.__module__.startswith("torch") else one for one in kinds)
    names = " or ".join(one.__name__ for one in kinds)
    try:
        action()
    except kinds as error:
        if isinstance(error, AttributeError) and not isinstance(expected, AttributeError):
            raise
        if isinstance(error, NotImplementedError) and not isinstance(expected, NotImplementedError):
            raise Mismatch(
                f"raised NotImplementedError ({error}), expected {type(expected).__name__}: {expected}"
            ) from error
    except AttributeError:
        raise
    except Exception as error:
        raise Mismatch(f"raised {type(error).__name__} ({error}), expected {names}: {expected}") from error
    else:
        raise Mismatch(f"raised nothing, expected {names}: {expected}")


def public_fields(value: Any) -> list[str]:
    """Field names of a named tuple (``values``, ``indices``), empty for others."""
    if hasattr(value, "_fields"):
        return list(value._fields)
    if type(value).__module__ == "torch.return_types":
        return [
            name
            for name in dir(value)
            if not name.startswith("_")
            and name not in {"count", "index", "n_fields", "n_sequence_fields", "n_unnamed_fields"}
        ]
    return []


def describe(value: Any, limit: int = 12) -> str:
    """Value of either library in a few words; small tensors with their values."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        name = dtype_name(value.dtype)
        gradient = ", requires_grad=True" if getattr(value, "requires_grad", False) else ""
        try:
            if 0 < value.numel() <= limit:
                return f"torch.tensor({value.detach().tolist()}, dtype=torch.{name}{gradient})"
            strides = "" if value.is_contiguous() else f", strides {tuple(value.stride())}"
        except Exception:
            strides = ""
        return f"<{name} tensor of shape {tuple(value.shape)}{strides}{gradient}>"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {describe(item, limit)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(describe(item, limit) for item in value) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(describe(item, limit) for item in value) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def describe_call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The call as one would type it, e.g. ``torch.add(torch.tensor(...), 2)``."""
    parts = [describe(value) for value in args] + [f"{key}={describe(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def tensors_of(value: Any, library: ModuleType) -> list[Any]:
    """Tensors in a nested result, in order."""
    if isinstance(value, library.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in tensors_of(item, library)]
    return []
