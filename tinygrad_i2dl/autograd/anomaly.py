"""Anomaly detection: the first NaN or infinity raises, with the operation, the user's line and the usual cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..engine import backward as engine
from ..engine.node import Node
from ..errors import NonFiniteError
from ..ops import _define
from ..ops.placement import on_host

__all__ = ["detect_anomaly", "is_anomaly_enabled", "set_detect_anomaly"]

# What makes an operation's result NaN or infinite, as (condition on the inputs, explanation).
Cause = tuple[Callable[..., bool], str]


def _any(condition: Any) -> bool:
    return bool(numpy.asarray(on_host(condition) if hasattr(condition, "dtype") else condition).any())


def _namespace(value: Any) -> Any:
    return numpy if isinstance(value, numpy.generic) else namespace_of(type(value))


CAUSES: dict[str, list[Cause]] = {
    "log": [
        (lambda x: _any(x < 0), "logarithm of a negative number"),
        (
            lambda x: _any(x == 0),
            "logarithm of 0: add a small number, clamp(min=...), or use a loss that works on logits",
        ),
    ],
    "sqrt": [
        (lambda x: _any(x < 0), "square root of a negative number"),
        (lambda x: _any(x == 0), "the derivative of sqrt at 0 is infinite: add a small number under the root"),
    ],
    "true_divide": [
        (lambda x, y: _any((numpy.asarray(x) == 0) & (numpy.asarray(y) == 0)), "0/0"),
        (lambda x, y: _any(numpy.asarray(y) == 0), "division by 0: add a small number to the divisor"),
    ],
    "exp": [(lambda x: _any(x > 88), "overflowing exp: float32 holds exp(x) up to x = 88; subtract the maximum first")],
    "pow": [
        (lambda x, y: _any(numpy.asarray(x) < 0), "a fractional power of a negative number"),
        (lambda x, y: _any(numpy.asarray(x) == 0), "a negative power, or the derivative of a fractional power, of 0"),
    ],
    "acos": [
        (
            lambda x: _any(abs(x) >= 1),
            "the derivative of acos is infinite at -1 and 1, and beyond them it is not defined",
        )
    ],
    "asin": [
        (
            lambda x: _any(abs(x) >= 1),
            "the derivative of asin is infinite at -1 and 1, and beyond them it is not defined",
        )
    ],
    "vector_norm": [(lambda x, *_: not _any(x), "the norm of a zero vector has no derivative: add a small number")],
    "sub": [(lambda x, y: _any(numpy.isinf(x)), "infinity minus infinity")],
    "mul": [(lambda x, y: _any(numpy.isinf(x)) or _any(numpy.isinf(y)), "infinity times zero")],
}
CAUSES["log2"] = CAUSES["log10"] = CAUSES["log"]
CAUSES["rsqrt"] = CAUSES["sqrt"]

_enabled = False
_check = True


def _finite(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    if dtype is None or dtype.kind not in "fV":
        return True
    return bool(_namespace(value).isfinite(value).all())


def _range(name: str, value: Any) -> str:
    if not hasattr(value, "shape"):
        return f"  {name} = {value!r}"
    if value.dtype.kind not in "fiub" or value.size == 0:
        return f"  {name}: {_define.describe(value)}"
    finite = value[_namespace(value).isfinite(value)] if value.dtype.kind == "f" else value
    text = f"from {float(finite.min()):.6g} to {float(finite.max()):.6g}" if finite.size else "no finite element"
    bad = int(value.size - finite.size)
    return f"  {name}: {_define.describe(value)}, {text}" + (f", {bad} of {value.size} not finite" if bad else "")


def _kind(value: Any) -> str:
    array = on_host(value)
    return "a NaN" if numpy.isnan(array).any() else "an infinity"


def _cause(op: Any, values: Sequence[Any]) -> str:
    arrays = [
        on_host(v) if hasattr(v, "shape") else v for v in values if hasattr(v, "shape") or isinstance(v, (int, float))
    ]
    for condition, text in CAUSES.get(op.name, ()):
        try:
            if condition(*arrays):
                return f"\nUsual cause: {text}."
        except TypeError:  # the operation has other arguments than the condition knows
            continue
    return ""


def _where(trace: tuple[str, int, str, str] | None) -> str:
    if trace is None:
        return ""
    file, line, function, text = trace
    return f'\nCalled at "{file}", line {line}, in {function}:\n    {text}'


def _see_forward(op: Any, values: Sequence[Any], out: Any, node: Node | None) -> None:
    trace = _define.user_frame()
    if node is not None:
        node.trace = (trace, tuple(values), op)
        if node.shape is not None and type(node).__name__ == "Output" and node.parents[0] is not None:
            node.parents[0].trace = node.trace
    if not _check:
        return
    for result in out if isinstance(out, (tuple, list)) else (out,):
        if not _finite(result) and all(
            _finite(v) for value in values for v in (value if isinstance(value, list) else [value])
        ):
            ranges = "\n".join(_range(n, v) for n, v in zip(op.parameters, values, strict=False) if v is not None)
            raise NonFiniteError(
                f"{op.name}() made {_kind(result)} of finite inputs:\n{ranges}{_cause(op, values)}{_where(trace)}"
            )


def _see_backward(node: Node, gradient: Any, run: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    trace = node.trace
    try:
        shares = run()
    except Exception as error:
        if trace is not None:
            error.add_note(f"In the backward of {node.name()}.{_where(trace[0])}")
        raise
    if _check:
        for number, share in enumerate(shares):
            array = getattr(share, "_array", share)
            if array is None or _finite(array):
                continue
            call, values, op = trace if trace is not None else (None, (), None)
            arrived = getattr(gradient, "_array", gradient)
            ranges = (
                "\n".join(_range(n, v) for n, v in zip(op.parameters, values, strict=False) if v is not None)
                if op
                else ""
            )
            incoming = _range("the gradient that arrived", arrived) if not isinstance(arrived, dict) else ""
            cause = _cause(op, values) if op else ""
            raise NonFiniteError(
                f"{node.name()} returned {_kind(array)} as the gradient of input {number}:\n"
                + "\n".join(part for part in (incoming, ranges) if part)
                + cause
                + _where(call)
            )
    return shares


def _switch(mode: bool, check_nan: bool) -> tuple[bool, bool]:
    global _enabled, _check
    before = (_enabled, _check)
    _enabled, _check = bool(mode), bool(check_nan)
    _define.set_observer(_see_forward if mode else None)
    if _enabled is not before[0]:
        (engine.add_observer if mode else engine.remove_observer)(_see_backward)
    return before


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return _enabled


class set_detect_anomaly:
    """Switch anomaly detection on or off, at once and, as a context manager, until its end.

    While it is on, the first operation that makes a NaN or an infinity out of finite numbers, forward or backward,
    raises `RuntimeError` with its name, the line of user code that called it, the shapes and ranges of its inputs, and
    the usual cause. Every operation is slower by some microseconds and keeps its inputs alive.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = _switch(mode, check_nan)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exception: object) -> None:
        _switch(*self._before)


class detect_anomaly(set_detect_anomaly):
    """Context manager: anomaly detection inside.

    >>> import tinygrad_i2dl as torch
    >>> with torch.autograd.detect_anomaly():
    ...     torch.zeros(1, requires_grad=True).log()
    Traceback (most recent call last):
        ...
    tinygrad_i2dl.errors.NonFiniteError: log() made an infinity of finite inputs:
    ...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan

    def __enter__(self) -> None:
        self._before = _switch(True, self._check_nan)
