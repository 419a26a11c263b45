"""LSTM layers in C++: the hidden weights are packed once for all steps, and a step's gates are one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from .extension import DTYPES, native

Array = Any
Sizes = tuple[int, ...]


def _plain(array: Any) -> Any:
    """An array in one piece; anything else unchanged."""
    return numpy.ascontiguousarray(array) if type(array) is numpy.ndarray else array


def lstm_scan(
    input: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    w_hr: Array | None,
    batch_sizes: Sizes,
    reverse: bool,
) -> Any:
    """An LSTM layer over packed rows, and what its backward pass needs; NotImplemented for sequences of several
    lengths, projections, and a number of hidden values that is no multiple of 16."""
    if native is None or w_hr is not None or h0.shape[-1] % 16 or len(batch_sizes) < 2:
        return NotImplemented
    return native.lstm_scan(_plain(input), _plain(h0), _plain(c0), w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse)


def lstm_scan_backward(
    g_output: Array,
    g_h: Array,
    g_c: Array,
    needs: Sequence[bool],
    input: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    w_hr: Array | None,
    batch_sizes: Sizes,
    reverse: bool,
    output: Array,
    gates: Array,
    cells: Array,
    squashed: Array,
    unprojected: Array,
) -> Any:
    """Gradients of `lstm_scan` by its inputs; None for those that `needs` does not ask for."""
    if native is None or w_hr is not None or h0.shape[-1] % 16 or len(batch_sizes) < 2:
        return NotImplemented
    return native.lstm_scan_backward(
        _plain(g_output), _plain(g_h), _plain(g_c), tuple(needs), _plain(input), _plain(h0), _plain(c0), w_ih, w_hh,
        batch_sizes, reverse, output, gates, cells, squashed,
    )  # fmt: skip


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel of this file returns NotImplemented for these arguments; None where it does not."""
    first = 0 if operation == "lstm_scan" else 4
    input, h0, w_hr, batch_sizes = (arguments[first + place] for place in (0, 1, 7, 8))
    if input.dtype not in DTYPES:
        return f"dtype {input.dtype}"
    if w_hr is not None:
        return "a projection"
    if len(batch_sizes) < 2:
        return "a single step"
    if batch_sizes[0] != batch_sizes[-1]:
        return "sequences of several lengths"
    if h0.shape[-1] % 16:
        return f"{h0.shape[-1]} hidden values, no multiple of 16"
    return None


KERNELS = {kernel.__name__: kernel for kernel in (lstm_scan, lstm_scan_backward)}
