"""Recurrent layers: the products of matrices are NumPy's, all else of a step is one loop.

What forward passes on to backward has the shapes that the reference kernels give it, so that either can be followed by
the other's.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy

from .serving import DTYPES, Loops

Array = Any
Sizes = tuple[int, ...]

loops = Loops("recurrent")


@functools.lru_cache(maxsize=256)
def _steps(batch_sizes: Sizes, reverse: bool) -> tuple[tuple[int, int], ...]:
    """First row and number of rows of each step, in the order of the walk."""
    steps, start = [], 0
    for count in batch_sizes:
        steps.append((start, count))
        start += count
    return tuple(reversed(steps)) if reverse else tuple(steps)


def _dense(batch_sizes: Sizes) -> bool:
    """Whether all sequences take part in every step."""
    return batch_sizes[0] == batch_sizes[-1]


def _served(batch_sizes: Sizes, input: Array, *others: Array) -> bool:
    """Whether all arrays that are there have one of our dtypes, and no size is zero."""
    return (
        bool(batch_sizes)
        and input.dtype in DTYPES
        and all(other is None or (other.dtype == input.dtype and other.size) for other in (input, *others))
        and min(batch_sizes) > 0
    )


def _contiguous(array: Array) -> Array:
    return numpy.require(array, requirements=("C", "A"))


def _states_before(first: Array, rows: Array, batch_sizes: Sizes, reverse: bool) -> Array:
    """The state that each step started from, as packed rows: `first`, then what the step before gave."""
    result, state = numpy.empty_like(rows), first.copy()
    for start, count in _steps(batch_sizes, reverse):
        result[start : start + count] = state[:count]
        state[:count] = rows[start : start + count]
    return result


class _Walk:
    """The state through the steps of a layer: where the one before a step lies, and the product with the weights."""

    def __init__(self, first: Array, rows: Array, weight: Array, batch_sizes: Sizes) -> None:
        self.dense = _dense(batch_sizes)
        self.rows = rows
        self.before = _contiguous(first) if self.dense else first.copy()
        self.offset = 0
        # BLAS takes a product with a turned matrix a tenth longer, once for each step
        self.turned = weight.T.copy() if len(batch_sizes) > 1 else weight.T
        self.product = numpy.empty((first.shape[0], weight.shape[0]), rows.dtype)

    def multiply(self, count: int) -> None:
        """The state's part of the sums of the gates, into `product`."""
        state = self.before[self.offset : self.offset + count]
        numpy.matmul(state, self.turned, out=self.product[:count])

    def advance(self, start: int, count: int) -> None:
        """What the step gave is the state before the next."""
        if self.dense:
            self.before, self.offset = self.rows, start
        else:
            self.before[:count] = self.rows[start : start + count]

    def last(self, samples: int) -> Array:
        """The states after the walk."""
        return self.before[self.offset : self.offset + samples].copy()


def _nothing_or(vector: Array, dtype: Any) -> Array:
    return numpy.empty(0, dtype) if vector is None else _contiguous(vector)


def _weight_gradients(
    needs: Sequence[bool], pre: Array, of_state: Array, input: Array, before: Array, w_ih: Array
) -> tuple[Array, ...]:
    """Gradients by input, w_ih, w_hh, b_ih and b_hh, from those by the two parts of the gates' sums."""
    of_b_ih = pre.sum(axis=0) if needs[3] else None
    of_b_hh = None
    if needs[4]:
        of_b_hh = of_b_ih if of_b_ih is not None and of_state is pre else of_state.sum(axis=0)
    return (
        pre @ w_ih if needs[0] else None,
        pre.T @ input if needs[1] else None,
        of_state.T @ before if needs[2] else None,
        of_b_ih,
        of_b_hh,
    )


# ---------------------------------------------------------------- Elman's network


def rnn_scan(
    input: Array, h0: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array, nonlinearity: str, batch_sizes: Sizes,
    reverse: bool,
) -> Any:  # fmt: skip
    """Packed outputs and last states of ``h' = tanh(w_ih x + b_ih + w_hh h + b_hh)``, or relu."""
    if not _served(batch_sizes, input, h0, w_ih, w_hh, b_ih, b_hh):
        return NotImplemented
    share = input @ w_ih.T
    output = numpy.empty_like(share)
    bias = _nothing_or(None if b_ih is None else b_ih + b_hh, input.dtype)
    step, bounded = loops.rnn_step[input.dtype], int(nonlinearity == "tanh")
    walk = _Walk(h0, output, w_hh, batch_sizes)
    for start, count in _steps(batch_sizes, reverse):
        walk.multiply(count)
        step(share, walk.product, bias, output, start, count, bounded)
        walk.advance(start, count)
    return output, walk.last(h0.shape[0])


def rnn_scan_backward(
    g_output: Array, g_h: Array, needs: Sequence[bool], input: Array, h0: Array, w_ih: Array, w_hh: Array, b_ih: Array,
    b_hh: Array, nonlinearity: str, batch_sizes: Sizes, reverse: bool, output: Array,
) -> Any:  # fmt: skip
    """Gradients of `rnn_scan` by its inputs."""
    if not _served(batch_sizes, input, h0, w_ih, w_hh, b_ih, b_hh, output, g_output, g_h):
        return NotImplemented
    output = _contiguous(output)
    pre = numpy.empty_like(output)
    state = g_h.copy(order="C")
    step, bounded = loops.rnn_step_backward[input.dtype], int(nonlinearity == "tanh")
    for start, count in reversed(_steps(batch_sizes, reverse)):
        active = state[:count]
        active += g_output[start : start + count]
        step(state, output, pre, start, count, bounded)
        numpy.matmul(pre[start : start + count], w_hh, out=active)
    before = _states_before(h0, output, batch_sizes, reverse) if needs[3] else None
    wanted = (needs[0], *needs[2:])
    of_input, *of_weights = _weight_gradients(wanted, pre, pre, input, before, w_ih)
    return of_input, state, *of_weights


# ---------------------------------------------------------------- LSTM


def lstm_scan(
    input: Array, h0: Array, c0: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array, w_hr: Array,
    batch_sizes: Sizes, reverse: bool,
) -> Any:  # fmt: skip
    """Packed outputs, last hidden and cell states; gates, cells, their tanh, and the outputs before projection."""
    if not _served(batch_sizes, input, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr):
        return NotImplemented
    (samples, hidden), total, dtype = c0.shape, input.shape[0], input.dtype
    share = input @ w_ih.T
    gates = numpy.empty((4, total, hidden), dtype)
    cells, squashed, unprojected = (numpy.empty((total, hidden), dtype) for _ in range(3))
    output = unprojected if w_hr is None else numpy.empty((total, w_hr.shape[0]), dtype)
    bias = _nothing_or(None if b_ih is None else b_ih + b_hh, dtype)
    step = loops.lstm_step[dtype]
    walk = _Walk(h0, output, w_hh, batch_sizes)
    cell, offset = _contiguous(c0) if walk.dense else c0.copy(), 0
    for start, count in _steps(batch_sizes, reverse):
        walk.multiply(count)
        step(share, walk.product, bias, cell, gates, cells, squashed, unprojected, start, count, offset)
        if w_hr is not None:
            numpy.matmul(unprojected[start : start + count], w_hr.T, out=output[start : start + count])
        walk.advance(start, count)
        if walk.dense:
            cell, offset = cells, start
        else:
            cell[:count] = cells[start : start + count]
    if w_hr is None:
        unprojected = numpy.empty((0,), dtype)  # it is the output
    return output, walk.last(samples), cell[offset : offset + samples].copy(), gates, cells, squashed, unprojected


def lstm_scan_backward(
    g_output: Array, g_h: Array, g_c: Array, needs: Sequence[bool], input: Array, h0: Array, c0: Array, w_ih: Array,
    w_hh: Array, b_ih: Array, b_hh: Array, w_hr: Array, batch_sizes: Sizes, reverse: bool, output: Array, gates: Array,
    cells: Array, squashed: Array, unprojected: Array,
) -> Any:  # fmt: skip
    """Gradients of `lstm_scan` by its inputs."""
    if not _served(batch_sizes, input, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, output, gates, cells, g_output, g_h, g_c):
        return NotImplemented
    gates, cells, squashed = _contiguous(gates), _contiguous(cells), _contiguous(squashed)
    hidden = c0.shape[1]
    pre = numpy.empty((input.shape[0], 4 * hidden), input.dtype)
    of_h, of_c = g_h.copy(order="C"), g_c.copy(order="C")
    shares = None if w_hr is None else numpy.empty(g_output.shape, input.dtype)  # by the projected outputs
    before, offset = _contiguous(c0), 0
    dense = _dense(batch_sizes)
    if not dense:
        before = _states_before(c0, cells, batch_sizes, reverse)
    step = loops.lstm_step_backward[input.dtype]
    steps = _steps(batch_sizes, reverse)
    for number in range(len(steps) - 1, -1, -1):
        start, count = steps[number]
        if dense and number:
            place, offset = cells, steps[number - 1][0]
        else:
            place, offset = before, 0 if dense else start
        dh = of_h[:count]
        dh += g_output[start : start + count]
        inner = of_h
        if shares is not None:
            shares[start : start + count] = dh
            inner = dh @ w_hr
        step(gates, squashed, place, inner, of_c, pre, start, count, offset)
        numpy.matmul(pre[start : start + count], w_hh, out=dh)
    wanted = (needs[0], needs[3], needs[4], needs[5], needs[6])
    states = _states_before(h0, output, batch_sizes, reverse) if needs[4] else None
    of_input, *of_weights = _weight_gradients(wanted, pre, pre, input, states, w_ih)
    of_w_hr = shares.T @ unprojected if shares is not None and needs[7] else None
    return of_input, of_h, of_c, *of_weights, of_w_hr


# ---------------------------------------------------------------- GRU


def gru_scan(
    input: Array, h0: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array, batch_sizes: Sizes, reverse: bool
) -> Any:
    """Packed outputs and last states; gates, and the state's part of the candidates."""
    if not _served(batch_sizes, input, h0, w_ih, w_hh, b_ih, b_hh):
        return NotImplemented
    (samples, hidden), total, dtype = h0.shape, input.shape[0], input.dtype
    share = input @ w_ih.T
    gates = numpy.empty((3, total, hidden), dtype)
    candidates, output = numpy.empty((total, hidden), dtype), numpy.empty((total, hidden), dtype)
    bias, bias_of_state = _nothing_or(b_ih, dtype), _nothing_or(b_hh, dtype)
    step = loops.gru_step[dtype]
    walk = _Walk(h0, output, w_hh, batch_sizes)
    for start, count in _steps(batch_sizes, reverse):
        walk.multiply(count)
        step(
            share, walk.product, bias, bias_of_state, walk.before, gates, candidates, output, start, count, walk.offset
        )
        walk.advance(start, count)
    return output, walk.last(samples), gates, candidates


def gru_scan_backward(
    g_output: Array, g_h: Array, needs: Sequence[bool], input: Array, h0: Array, w_ih: Array, w_hh: Array, b_ih: Array,
    b_hh: Array, batch_sizes: Sizes, reverse: bool, output: Array, gates: Array, candidates: Array,
) -> Any:  # fmt: skip
    """Gradients of `gru_scan` by its inputs."""
    if not _served(batch_sizes, input, h0, w_ih, w_hh, b_ih, b_hh, output, gates, candidates, g_output, g_h):
        return NotImplemented
    gates, candidates = _contiguous(gates), _contiguous(candidates)
    pre = numpy.empty((input.shape[0], 3 * h0.shape[1]), input.dtype)  # by the sums of the input's part
    share = numpy.empty_like(pre)  # by those of the state's part: the reset gate scales the candidate's
    of_h = g_h.copy(order="C")
    part = numpy.empty_like(of_h)
    before = _states_before(h0, output, batch_sizes, reverse)
    step = loops.gru_step_backward[input.dtype]
    for start, count in reversed(_steps(batch_sizes, reverse)):
        dh = of_h[:count]
        dh += g_output[start : start + count]
        step(gates, candidates, before, of_h, pre, share, start, count, start)
        dh += numpy.matmul(share[start : start + count], w_hh, out=part[:count])
    wanted = (needs[0], *needs[2:])
    of_input, *of_weights = _weight_gradients(wanted, pre, share, input, before, w_ih)
    return of_input, of_h, *of_weights


KERNELS = {
    kernel.__name__: kernel
    for kernel in (rnn_scan, rnn_scan_backward, lstm_scan, lstm_scan_backward, gru_scan, gru_scan_backward)
}
