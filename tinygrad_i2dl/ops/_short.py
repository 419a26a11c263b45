"""The short way: operations called from C++ in the common case (``csrc/bind_elementwise.cpp``, ``bind_operation.cpp``).

A callable of the extension stands in front of the Python function that defines the operation. It serves calls by
position, with Tensors of NumPy arrays that need no promotion, while nothing observes; everything else, every error
included, goes to the Python function. Without the extension there is only the Python function.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy

from ..backends.native.extension import native
from ..backends.registry import KernelTable
from ..engine.mode import state
from ..engine.node import next_number
from ..tensors import UNRECORDED, Tensor, View

MOST_ARGUMENTS, MOST_INPUTS = 24, 8  # what the extension has room for

_there = hasattr(native, "short_way")  # an extension of an earlier build lacks it


def tell_classes(node: type, **values: Any) -> None:
    """Tell the extension the classes whose fields it reads and writes, and some values of `_define`.

    `values`: ``nothing_saved``, ``missing``, and ``errors`` and ``silent``, NumPy's context variable of error handling
    with the value that silences, None where this NumPy has no such variable.
    """
    global _there
    _there = _there and values["errors"] is not None
    if _there:
        counter = getattr(next_number, "__self__", None)
        native.short_way(
            Tensor, node, View, KernelTable, {"state": state, "counter": counter, "unrecorded": UNRECORDED, **values}
        )


def watch(watched: bool) -> None:
    """Close the short way while something observes every operation."""
    if _there:
        native.watch(watched)


def elementwise(
    function: Callable[..., Any], op: Any, numbers: tuple[bool, bool] = (True, True), swapped: bool = False
) -> Any:
    """`function` with the short way of elementwise operations in front of it, `function` itself where there is none.

    It calls NumPy's inner loop itself, for contiguous arrays of float32 or float64. `numbers`: whether the operands may
    be Python numbers. `swapped`: called with the second operand first.
    """
    if op.short is None or not _there:
        return function
    ufunc, constant = op.short
    short = native.elementwise(
        function, op, op.kernels, getattr(numpy, ufunc), len(op.inputs), constant, *numbers, swapped
    )
    return functools.update_wrapper(short, function)


def operation(function: Callable[..., Any], op: Any, view: bool = False) -> Any:
    """`function` with the short way of other operations in front of it: one result, no sequence of tensors."""
    if (
        not _there
        or op.variadic is not None
        or op.result is not None
        or not 0 < len(op.parameters) <= MOST_ARGUMENTS
        or not 0 < len(op.inputs) <= MOST_INPUTS
    ):
        return function
    leading = 0 if view else op.first
    promotes = op.promoted
    short = native.operation(function, op, op.kernels, op.tail, leading, op.positions, promotes, op.floating, view)
    return functools.update_wrapper(short, function)
