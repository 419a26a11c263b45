"""Recurrent layers: one operation for a whole layer over all its time steps, and the cells.

A layer works on *packed* rows: the inputs of the first step, then those of the second, and so on; `batch_sizes` says
how many sequences take part in each step, longest first, so that they leave the batch as they end. A batch of sequences
of one length is the special case of equal batch sizes. With `reverse` the steps are walked from the last to the first,
and sequences join.

The forward pass computes the inputs' share of all gates in one product of matrices, and then walks the steps on raw
arrays; the backward pass walks back and then computes the weights' gradients in one product each. Under
``create_graph`` the gradients are instead those of the same layer composed of recorded operations, which can be
differentiated again.

The gates and their order are PyTorch's. LSTM: Hochreiter and Schmidhuber (1997) with forget gates of Gers et al. (1999)
and the projection of Sak et al. (2014). GRU: Cho et al. (2014), with the reset gate applied after the product with the
hidden weights.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import ShapeError
from ..tensors import Tensor, current_node, differentiate
from ._define import composite, primitive
from .activation import relu
from .dropout import dropout
from .linalg import linear
from .movement import cat, chunk, clone, narrow_view, reshape_to, stack, transpose, unbind
from .pointwise import sigmoid, tanh
from .precision import half_as_single

Array = Any
Sizes = tuple[int, ...]

__all__ = ["gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell"]


# ---------------------------------------------------------------- walking the steps


@functools.lru_cache(maxsize=256)
def steps_of(batch_sizes: Sizes, reverse: bool) -> tuple[tuple[slice, int], ...]:
    """Per step, in the order of the walk, its rows and their number."""
    steps, start = [], 0
    for count in batch_sizes:
        steps.append((slice(start, start + count), count))
        start += count
    return tuple(reversed(steps)) if reverse else tuple(steps)


def is_dense(batch_sizes: Sizes) -> bool:
    """Whether all sequences take part in every step."""
    return not batch_sizes or batch_sizes[0] == batch_sizes[-1]


def states_before(xp: Any, first: Array, rows: Array, batch_sizes: Sizes, reverse: bool) -> Array:
    """The state that each step started from, as packed rows: `first`, then what the step before gave."""
    result = xp.empty_like(rows)
    state = first
    dense = is_dense(batch_sizes)
    if not dense:
        state = first.copy()
    for part, count in steps_of(batch_sizes, reverse):
        result[part] = state[:count]
        if dense:
            state = rows[part]
        else:
            state[:count] = rows[part]
    return result


def input_share(xp: Any, input: Array, weight: Array, *biases: Array) -> Array:
    """The inputs' part of all gates of all steps."""
    result = xp.matmul(input, weight.T)
    for bias in biases:
        if bias is not None:
            result += bias
    return result


def weight_gradients(
    xp: Any, needs: Sequence[bool], pre: Array, hidden: Array, input: Array, before: Array, w_ih: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients by input, w_ih, w_hh, b_ih and b_hh, from those by the gates' inputs: `pre` of the input's, `hidden` of
    the state's part."""
    return (
        xp.matmul(pre, w_ih) if needs[0] else None,
        xp.matmul(pre.T, input) if needs[1] else None,
        xp.matmul(hidden.T, before) if needs[2] else None,
        pre.sum(axis=0) if needs[3] else None,
        hidden.sum(axis=0) if needs[4] else None,
    )


def composed_gradients(
    layer: Callable[..., tuple[Any, ...]],
    gradients: Sequence[Any],
    needs: Sequence[bool],
    inputs: Sequence[Any],
    *static: Any,
) -> list[Any]:
    """Gradients that can be differentiated again: those of `layer`, composed of recorded operations."""
    copies = [clone(value) if needed else value for value, needed in zip(inputs, needs, strict=True)]
    results = layer(*copies, *static)
    pairs = [(r, g) for r, g in zip(results, gradients, strict=False) if current_node(r) is not None]
    wanted = [value for value, needed in zip(copies, needs, strict=True) if needed]
    found = iter(differentiate([r for r, _ in pairs], [g for _, g in pairs], True, True, wanted, False))
    return [next(found) if needed else None for needed in needs]


def composed_walk(
    step: Callable[..., tuple[Any, ...]], rows: Any, states: Sequence[Any], batch_sizes: Sizes, reverse: bool
) -> tuple[Any, ...]:
    """A layer of recorded operations: ``step(rows, *states)`` gives the new states, of which the first is the
    output."""
    outputs = []
    current = list(states)
    total = states[0].shape[0]
    for part, count in steps_of(batch_sizes, reverse):
        active = [narrow_view(state, 0, 0, count) if count < total else state for state in current]
        fresh = step(narrow_view(rows, 0, part.start, part.stop), *active)
        outputs.append(fresh[0])
        current = [
            cat([new, narrow_view(old, 0, count, total)]) if count < total else new
            for new, old in zip(fresh, current, strict=True)
        ]
    if reverse:
        outputs.reverse()
    return (cat(outputs), *current)


# ---------------------------------------------------------------- Elman's network


@primitive("input", "h0", "w_ih", "w_hh", "b_ih", "b_hh", outputs=("output", "h_n"))
@half_as_single
def rnn_scan(
    xp: Any,
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array,
    b_hh: Array,
    nonlinearity: str,
    batch_sizes: Sizes,
    reverse: bool,
) -> tuple[Array, Array]:
    """Packed outputs and last states of ``h' = tanh(w_ih x + b_ih + w_hh h + b_hh)``, or relu."""
    output = input_share(xp, input, w_ih, b_ih, b_hh)
    turned = w_hh.T
    dense = is_dense(batch_sizes)
    state = h0.copy()
    product = xp.empty_like(state)
    for part, count in steps_of(batch_sizes, reverse):
        rows = output[part]
        xp.matmul(state[:count], turned, out=product[:count])
        rows += product[:count]
        if nonlinearity == "tanh":
            xp.tanh(rows, out=rows)
        else:
            xp.maximum(rows, 0, out=rows)
        if dense:
            state = rows
        else:
            state[:count] = rows
    return output, state.copy()


@half_as_single
def _rnn_backward(
    xp: Any,
    g_output: Array,
    g_h: Array,
    needs: Sequence[bool],
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array,
    b_hh: Array,
    nonlinearity: str,
    batch_sizes: Sizes,
    reverse: bool,
    output: Array,
) -> Any:
    pre = xp.empty_like(output)
    state = g_h.copy()
    for part, count in reversed(steps_of(batch_sizes, reverse)):
        rows, values = pre[part], output[part]
        if nonlinearity == "tanh":
            xp.multiply(values, values, out=rows)
            xp.subtract(1, rows, out=rows)
        else:
            xp.greater(values, 0, out=rows, casting="unsafe")
        active = state[:count]
        active += g_output[part]
        rows *= active
        xp.matmul(rows, w_hh, out=active)
    before = states_before(xp, h0, output, batch_sizes, reverse) if needs[3] else None
    wanted = (needs[0], needs[2], needs[3], needs[4], needs[5])
    of_input, of_w_ih, of_w_hh, of_b_ih, of_b_hh = weight_gradients(xp, wanted, pre, pre, input, before, w_ih)
    return of_input, state, of_w_ih, of_w_hh, of_b_ih, of_b_hh


def rnn_composed(
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    nonlinearity: str,
    batch_sizes: Sizes,
    reverse: bool,
) -> Any:
    """`rnn_scan` of recorded operations."""
    activation = tanh if nonlinearity == "tanh" else relu

    def step(rows: Any, h: Any) -> tuple[Any]:
        return (activation(linear(rows, w_ih, b_ih) + linear(h, w_hh, b_hh)),)

    return composed_walk(step, input, (h0,), batch_sizes, reverse)


@composite(fused=_rnn_backward)
def rnn_scan_backward(
    g_output: Array,
    g_h: Array,
    needs: Sequence[bool],
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array,
    b_hh: Array,
    nonlinearity: str,
    batch_sizes: Sizes,
    reverse: bool,
    output: Array,
) -> Any:
    """Gradients of `rnn_scan` by its inputs."""
    gradients = (g_output, g_h)
    return composed_gradients(
        rnn_composed, gradients, needs, (input, h0, w_ih, w_hh, b_ih, b_hh), nonlinearity, batch_sizes, reverse
    )


@rnn_scan.gradient
def _(
    g: Any,
    needs: Any,
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    nonlinearity: Any,
    batch_sizes: Any,
    reverse: Any,
    output: Any,
) -> Any:
    return rnn_scan_backward(
        g[0], g[1], needs, input, h0, w_ih, w_hh, b_ih, b_hh, nonlinearity, batch_sizes, reverse, output
    )


# ---------------------------------------------------------------- gates, each in a block of its own


def gate_blocks(xp: Any, weight: Array, order: Sizes, halved: int) -> Array:
    """``(gates * H, features)`` as contiguous ``(gates, features, H)``, gates in another order, the first `halved` of
    them halved.

    ``sigmoid(x) = tanh(x / 2) / 2 + 1 / 2``: with the weights of its gates halved, one tanh serves all gates.
    """
    gates = len(order)
    blocks = weight.reshape(gates, weight.shape[0] // gates, weight.shape[1])
    result = xp.empty((gates, weight.shape[1], blocks.shape[1]), dtype=weight.dtype)
    for place, gate in enumerate(order):
        xp.multiply(blocks[gate].T, 0.5 if place < halved else 1, out=result[place])
    return result


def gates_of_one_step(
    xp: Any, input: Array, w_ih: Array, b_ih: Array, order: Sizes, halved: int, h: Array, w_hh: Array
) -> Array:
    """The gates' sums of a single step, ``(gates, N, H)``; for one step it does not pay to re-arrange the weights."""
    sums = input_share(xp, input, w_ih, b_ih)
    if h is not None:
        sums += xp.matmul(h, w_hh.T)
    gates = len(order)
    width = w_ih.shape[0] // gates
    result = xp.empty((gates, input.shape[0], width), dtype=sums.dtype)
    for place, gate in enumerate(order):
        xp.multiply(sums[:, gate * width : (gate + 1) * width], 0.5 if place < halved else 1, out=result[place])
    return result


def ordered_rows(xp: Any, blocks: Array, order: Sizes) -> Array:
    """``(gates, N, H)`` as ``(N, gates * H)`` in PyTorch's order."""
    gates, samples, width = blocks.shape
    result = xp.empty((samples, gates, width), dtype=blocks.dtype)
    for place, gate in enumerate(order):
        result[:, gate] = blocks[place]
    return result.reshape(samples, gates * width)


def restored(xp: Any, blocks: Array, order: Sizes) -> Array:
    """``(gates, H, *)`` in another order as ``(gates * H, *)`` in PyTorch's."""
    result = xp.empty_like(blocks)
    for place, gate in enumerate(order):
        result[gate] = blocks[place]
    return result.reshape(-1, *blocks.shape[2:])


def state_weight_gradient(
    xp: Any, blocks: Array, first: Array, rows: Array, batch_sizes: Sizes, reverse: bool
) -> Array:
    """``(gates, H, P)``: the sum over all steps of gate gradients times the state that the step started from."""
    turned = blocks.swapaxes(1, 2)
    if not is_dense(batch_sizes):
        return xp.matmul(turned, states_before(xp, first, rows, batch_sizes, reverse))
    count = first.shape[0]
    if reverse:
        result = xp.matmul(turned[:, :, -count:], first) if count else xp.matmul(turned, first)
        if len(batch_sizes) > 1:
            result += xp.matmul(turned[:, :, :-count], rows[count:])
    else:
        result = xp.matmul(turned[:, :, :count], first)
        if len(batch_sizes) > 1:
            result += xp.matmul(turned[:, :, count:], rows[: rows.shape[0] - count])
    return result


def block_gradients(
    xp: Any,
    needs: Sequence[bool],
    blocks: Array,
    of_state: Array,
    order: Sizes,
    state_order: Sizes,
    input: Array,
    w_ih: Array,
    first: Array,
    rows: Array,
    batch_sizes: Sizes,
    reverse: bool,
) -> tuple[Array, ...]:
    """Gradients by input, w_ih, w_hh, b_ih and b_hh from the gradients by the gates' sums, ``(gates, rows, H)``.

    `blocks`: by the sums of the input's part, in `order`; `of_state`: by those of the state's part, in `state_order`.
    """
    if len(batch_sizes) == 1:
        pre = ordered_rows(xp, blocks, order)
        hidden = pre if of_state is blocks else ordered_rows(xp, of_state, state_order)
        return weight_gradients(xp, needs, pre, hidden, input, first, w_ih)
    of_input = of_w_ih = of_w_hh = of_b_ih = of_b_hh = None
    if needs[0]:
        per_gate = w_ih.reshape(len(order), -1, w_ih.shape[1])
        of_input = xp.matmul(blocks[0], per_gate[order[0]])
        work = xp.empty_like(of_input)
        for place in range(1, len(order)):
            of_input += xp.matmul(blocks[place], per_gate[order[place]], out=work)
    if needs[1]:
        of_w_ih = restored(xp, xp.matmul(blocks.swapaxes(1, 2), input), order)
    if needs[2]:
        of_w_hh = restored(xp, state_weight_gradient(xp, of_state, first, rows, batch_sizes, reverse), state_order)
    if needs[3]:
        of_b_ih = restored(xp, blocks.sum(axis=1), order)
    if needs[4]:
        of_b_hh = of_b_ih if of_state is blocks and needs[3] else restored(xp, of_state.sum(axis=1), state_order)
    return of_input, of_w_ih, of_w_hh, of_b_ih, of_b_hh


def share_of_state(xp: Any, rows: Array, w_hh: Array, blocks: Array, order: Sizes, work: Array, out: Array) -> None:
    """Gradient by the state that a step started from, into `out`, from those by its gates' sums."""
    if blocks is None:
        xp.matmul(ordered_rows(xp, rows, order), w_hh, out=out)
    else:
        xp.matmul(rows, blocks, out=work)
        work.sum(axis=0, out=out)


def forward_blocks(xp: Any, w_hh: Array, order: Sizes, steps: int) -> Array:
    """``(gates, H, P)``: the hidden weights as `share_of_state` takes them; None for a single step."""
    if steps == 1:
        return None
    return xp.stack([w_hh.reshape(len(order), -1, w_hh.shape[1])[gate] for gate in order])


# ---------------------------------------------------------------- LSTM

LSTM_ORDER = (0, 1, 3, 2)  # input, forget, output, cell: the three sigmoids side by side


@primitive(
    "input", "h0", "c0", "w_ih", "w_hh", "b_ih", "b_hh", "w_hr",
    outputs=("output", "h_n", "c_n", "gates", "cells", "squashed", "unprojected"),
)  # fmt: skip
@half_as_single
def lstm_scan(
    xp: Any,
    input: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array,
    b_hh: Array,
    w_hr: Array,
    batch_sizes: Sizes,
    reverse: bool,
) -> tuple[Array, ...]:
    """Packed outputs, last hidden and cell states; and, packed, what the backward pass needs: gates ``(4, rows, H)`` in
    the order i, f, o, g, cells, their tanh, and the outputs before projection.

    ``i, f, o = sigmoid(...)``, ``g = tanh(...)`` of ``w_ih x + b_ih + w_hh h + b_hh``; ``c' = f * c + i * g``;
    ``h' = o * tanh(c')``, with a projection ``w_hr`` (P, H) of it if that is given.
    """
    samples, hidden = c0.shape
    total = input.shape[0]
    bias = None if b_ih is None else b_ih + b_hh
    turned: Array = None
    product: Array = None
    if len(batch_sizes) == 1:
        gates = gates_of_one_step(xp, input, w_ih, bias, LSTM_ORDER, 3, h0, w_hh)
        bias = None
    else:
        gates = xp.matmul(input, gate_blocks(xp, w_ih, LSTM_ORDER, 3))
        turned = gate_blocks(xp, w_hh, LSTM_ORDER, 3)
        product = xp.empty((4, samples, hidden), dtype=gates.dtype)
        if bias is not None:
            bias = gate_blocks(xp, bias.reshape(-1, 1), LSTM_ORDER, 3)
    cells = xp.empty((total, hidden), dtype=gates.dtype)
    squashed = xp.empty_like(cells)
    unprojected = xp.empty_like(cells)
    output = unprojected if w_hr is None else xp.empty((total, w_hr.shape[0]), dtype=gates.dtype)
    share = xp.empty((samples, hidden), dtype=gates.dtype)
    half = gates.dtype.type(0.5)
    dense = is_dense(batch_sizes)
    h, c = h0, c0
    if not dense:
        h, c = h0.copy(), c0.copy()
    for part, count in steps_of(batch_sizes, reverse):
        rows = gates[:, part]
        if turned is not None:
            rows += xp.matmul(h[:count], turned, out=product[:, :count])
        if bias is not None:
            rows += bias
        xp.tanh(rows, out=rows)
        logistic = rows[:3]
        logistic *= half
        logistic += half
        enter, forget, leave, candidate = rows
        cell = xp.multiply(forget, c[:count], out=cells[part])
        cell += xp.multiply(enter, candidate, out=share[:count])
        result = xp.multiply(leave, xp.tanh(cell, out=squashed[part]), out=unprojected[part])
        if w_hr is not None:
            result = xp.matmul(result, w_hr.T, out=output[part])
        if dense:
            h, c = result, cell
        else:
            h[:count] = result
            c[:count] = cell
    if w_hr is None:
        unprojected = xp.empty((0,), dtype=gates.dtype)  # it is the output
    return output, h.copy(), c.copy(), gates, cells, squashed, unprojected


@half_as_single
def _lstm_backward(
    xp: Any,
    g_output: Array,
    g_h: Array,
    g_c: Array,
    needs: Sequence[bool],
    input: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array,
    b_hh: Array,
    w_hr: Array,
    batch_sizes: Sizes,
    reverse: bool,
    output: Array,
    gates: Array,
    cells: Array,
    squashed: Array,
    unprojected: Array,
) -> Any:
    samples, hidden = c0.shape
    pre = xp.empty_like(gates)
    of_h, of_c = g_h.copy(), g_c.copy()
    work = xp.empty((samples, hidden), dtype=gates.dtype)
    blocks = forward_blocks(xp, w_hh, LSTM_ORDER, len(batch_sizes))
    per_gate = xp.empty((4, *of_h.shape), dtype=gates.dtype)
    shares: Array = None if w_hr is None else xp.empty(g_output.shape, dtype=gates.dtype)  # by the projected outputs
    cells_before = None if is_dense(batch_sizes) else states_before(xp, c0, cells, batch_sizes, reverse)
    one = gates.dtype.type(1)
    steps = steps_of(batch_sizes, reverse)
    for number in range(len(steps) - 1, -1, -1):
        part, count = steps[number]
        if cells_before is not None:
            before = cells_before[part]
        else:
            before = cells[steps[number - 1][0]] if number else c0
        rows, values, bounded = pre[:, part], gates[:, part], squashed[part]
        enter, forget, leave, candidate = values
        of_enter, of_forget, of_leave, of_candidate = rows
        dh, dc, rise = of_h[:count], of_c[:count], work[:count]
        dh += g_output[part]
        if w_hr is None:
            inner = dh
        else:
            shares[part] = dh
            inner = xp.matmul(dh, w_hr)
        xp.subtract(one, values[:3], out=rows[:3])  # the slopes of the sigmoids
        rows[:3] *= values[:3]
        xp.multiply(candidate, candidate, out=of_candidate)  # and of the tanh
        xp.subtract(one, of_candidate, out=of_candidate)
        of_leave *= inner
        of_leave *= bounded
        xp.multiply(bounded, bounded, out=rise)
        xp.subtract(one, rise, out=rise)
        rise *= inner
        rise *= leave
        dc += rise
        of_both = rows[:2]
        of_both *= dc
        of_enter *= candidate
        of_forget *= before
        of_candidate *= dc
        of_candidate *= enter
        dc *= forget
        share_of_state(xp, rows, w_hh, blocks, LSTM_ORDER, per_gate[:, :count], dh)
    wanted = (needs[0], needs[3], needs[4], needs[5] or needs[6], False)
    of_input, of_w_ih, of_w_hh, of_bias, _ = block_gradients(
        xp, wanted, pre, pre, LSTM_ORDER, LSTM_ORDER, input, w_ih, h0, output, batch_sizes, reverse
    )
    of_w_hr = xp.matmul(shares.T, unprojected) if shares is not None and needs[7] else None
    return of_input, of_h, of_c, of_w_ih, of_w_hh, of_bias if needs[5] else None, of_bias if needs[6] else None, of_w_hr


def lstm_composed(
    input: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    batch_sizes: Sizes,
    reverse: bool,
) -> Any:
    """`lstm_scan` of recorded operations."""

    def step(rows: Any, h: Any, c: Any) -> tuple[Any, Any]:
        enter, forget, cell, leave = chunk(linear(rows, w_ih, b_ih) + linear(h, w_hh, b_hh), 4, 1)
        c = sigmoid(forget) * c + sigmoid(enter) * tanh(cell)
        h = sigmoid(leave) * tanh(c)
        return (h if w_hr is None else linear(h, w_hr)), c

    return composed_walk(step, input, (h0, c0), batch_sizes, reverse)


@composite(fused=_lstm_backward)
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
    b_ih: Array,
    b_hh: Array,
    w_hr: Array,
    batch_sizes: Sizes,
    reverse: bool,
    output: Array,
    gates: Array,
    cells: Array,
    squashed: Array,
    unprojected: Array,
) -> Any:
    """Gradients of `lstm_scan` by its inputs."""
    gradients = (g_output, g_h, g_c)
    return composed_gradients(
        lstm_composed, gradients, needs, (input, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr), batch_sizes, reverse
    )


@lstm_scan.gradient
def _(
    g: Any,
    needs: Any,
    input: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    batch_sizes: Any,
    reverse: Any,
    output: Any,
    gates: Any,
    cells: Any,
    squashed: Any,
    unprojected: Any,
) -> Any:
    return lstm_scan_backward(
        g[0],
        g[1],
        g[2],
        needs,
        input,
        h0,
        c0,
        w_ih,
        w_hh,
        b_ih,
        b_hh,
        w_hr,
        batch_sizes,
        reverse,
        output,
        gates,
        cells,
        squashed,
        unprojected,
    )


# ---------------------------------------------------------------- GRU


GRU_ORDER = (0, 1, 2)  # reset, update, candidate


@primitive("input", "h0", "w_ih", "w_hh", "b_ih", "b_hh", outputs=("output", "h_n", "gates", "candidates"))
@half_as_single
def gru_scan(
    xp: Any,
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array,
    b_hh: Array,
    batch_sizes: Sizes,
    reverse: bool,
) -> tuple[Array, ...]:
    """Packed outputs and last states; and, packed, the gates ``(3, rows, H)`` and the state's part of the candidates.

    ``r, z = sigmoid(...)`` of ``w_ih x + b_ih + w_hh h + b_hh``; ``n = tanh(w_in x + b_in + r * (w_hn h + b_hn))``;
    ``h' = (1 - z) * n + z * h``.
    """
    samples, hidden = h0.shape
    total = input.shape[0]
    bias: Array = None
    bias_h: Array = None
    turned: Array = None
    first: Array = None
    if len(batch_sizes) == 1:
        gates = gates_of_one_step(xp, input, w_ih, b_ih, GRU_ORDER, 2, None, None)
        first = gates_of_one_step(xp, h0, w_hh, b_hh, GRU_ORDER, 2, None, None)
    else:
        gates = xp.matmul(input, gate_blocks(xp, w_ih, GRU_ORDER, 2))
        turned = gate_blocks(xp, w_hh, GRU_ORDER, 2)
        if b_ih is not None:
            bias = gate_blocks(xp, b_ih.reshape(-1, 1), GRU_ORDER, 2)
            bias_h = gate_blocks(xp, b_hh.reshape(-1, 1), GRU_ORDER, 2)
    candidates = xp.empty((total, hidden), dtype=gates.dtype)
    output = xp.empty_like(candidates)
    product = xp.empty((3, samples, hidden), dtype=gates.dtype)
    half = gates.dtype.type(0.5)
    dense = is_dense(batch_sizes)
    h = h0 if dense else h0.copy()
    for part, count in steps_of(batch_sizes, reverse):
        rows, active = gates[:, part], h[:count]
        of_state = first if turned is None else xp.matmul(active, turned, out=product[:, :count])
        if bias is not None:
            rows += bias
            of_state += bias_h
        logistic, candidate = rows[:2], rows[2]
        logistic += of_state[:2]
        xp.tanh(logistic, out=logistic)
        logistic *= half
        logistic += half
        reset, update = logistic
        kept = candidates[part]
        kept[...] = of_state[2]
        candidate += xp.multiply(reset, kept, out=of_state[2])
        xp.tanh(candidate, out=candidate)
        result = xp.subtract(active, candidate, out=output[part])
        result *= update
        result += candidate
        if dense:
            h = result
        else:
            active[...] = result
    return output, h.copy(), gates, candidates


@half_as_single
def _gru_backward(
    xp: Any,
    g_output: Array,
    g_h: Array,
    needs: Sequence[bool],
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array,
    b_hh: Array,
    batch_sizes: Sizes,
    reverse: bool,
    output: Array,
    gates: Array,
    candidates: Array,
) -> Any:
    states = None if is_dense(batch_sizes) else states_before(xp, h0, output, batch_sizes, reverse)
    # Gradients by the gates' sums: the candidate's by the input's part; reset and update, by either part; the
    # candidate's by the state's part, scaled by the reset gate. Each part is three neighbours; nothing is kept twice.
    parts = xp.empty((4, *gates.shape[1:]), dtype=gates.dtype)
    of_h = g_h.copy()
    spare = xp.empty_like(of_h)
    blocks = forward_blocks(xp, w_hh, GRU_ORDER, len(batch_sizes))
    per_gate = xp.empty((3, *of_h.shape), dtype=gates.dtype)
    one = gates.dtype.type(1)
    steps = steps_of(batch_sizes, reverse)
    for number in range(len(steps) - 1, -1, -1):
        part, count = steps[number]
        if states is not None:
            before = states[part]
        else:
            before = output[steps[number - 1][0]] if number else h0
        rows, values, dh, work = parts[:, part], gates[:, part], of_h[:count], spare[:count]
        reset, update, candidate = values
        of_candidate, of_reset, of_update, scaled = rows
        of_logistic = rows[1:3]
        dh += g_output[part]
        xp.subtract(one, values[:2], out=of_logistic)
        xp.multiply(of_logistic[1], dh, out=work)
        of_logistic *= values[:2]
        xp.multiply(candidate, candidate, out=of_candidate)
        xp.subtract(one, of_candidate, out=of_candidate)
        of_candidate *= work
        xp.subtract(before, candidate, out=work)
        work *= dh
        of_update *= work
        of_reset *= of_candidate
        of_reset *= candidates[part]
        xp.multiply(of_candidate, reset, out=scaled)
        xp.multiply(dh, update, out=work)
        share_of_state(xp, rows[1:], w_hh, blocks, GRU_ORDER, per_gate[:, :count], dh)
        dh += work
    wanted = (needs[0], needs[2], needs[3], needs[4], needs[5])
    of_input, of_w_ih, of_w_hh, of_b_ih, of_b_hh = block_gradients(
        xp, wanted, parts[:3], parts[1:], (2, 0, 1), GRU_ORDER, input, w_ih, h0, output, batch_sizes, reverse
    )
    return of_input, of_h, of_w_ih, of_w_hh, of_b_ih, of_b_hh


def gru_composed(
    input: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, batch_sizes: Sizes, reverse: bool
) -> Any:
    """`gru_scan` of recorded operations."""

    def step(rows: Any, h: Any) -> tuple[Any]:
        reset, update, candidate = chunk(linear(rows, w_ih, b_ih), 3, 1)
        reset_h, update_h, candidate_h = chunk(linear(h, w_hh, b_hh), 3, 1)
        update = sigmoid(update + update_h)
        candidate = tanh(candidate + sigmoid(reset + reset_h) * candidate_h)
        return (candidate + update * (h - candidate),)

    return composed_walk(step, input, (h0,), batch_sizes, reverse)


@composite(fused=_gru_backward)
def gru_scan_backward(
    g_output: Array,
    g_h: Array,
    needs: Sequence[bool],
    input: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array,
    b_hh: Array,
    batch_sizes: Sizes,
    reverse: bool,
    output: Array,
    gates: Array,
    candidates: Array,
) -> Any:
    """Gradients of `gru_scan` by its inputs."""
    gradients = (g_output, g_h)
    return composed_gradients(gru_composed, gradients, needs, (input, h0, w_ih, w_hh, b_ih, b_hh), batch_sizes, reverse)


@gru_scan.gradient
def _(
    g: Any,
    needs: Any,
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    batch_sizes: Any,
    reverse: Any,
    output: Any,
    gates: Any,
    candidates: Any,
) -> Any:
    return gru_scan_backward(
        g[0], g[1], needs, input, h0, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse, output, gates, candidates
    )


# ---------------------------------------------------------------- layers


def check_layer(
    op: str,
    input: Any,
    states: Sequence[Any],
    w_ih: Any,
    w_hh: Any,
    biases: Sequence[Any],
    gates: int,
    batch_sizes: Any,
    w_hr: Any = None,
) -> None:
    """Raise unless the shapes of a layer's or a cell's tensors fit together."""
    rows = gates * states[-1].shape[-1]
    if tuple(w_ih.shape) != (rows, input.shape[-1]):
        raise ShapeError(
            f"{op}(): for input of shape {tuple(input.shape)} and state of shape {tuple(states[-1].shape)} w_ih must "
            "have shape "
            f"({rows}, {input.shape[-1]}), got {tuple(w_ih.shape)}"
        )
    if tuple(w_hh.shape) != (rows, states[0].shape[-1]):
        raise ShapeError(f"{op}(): w_hh must have shape ({rows}, {states[0].shape[-1]}), got {tuple(w_hh.shape)}")
    if w_hr is not None and tuple(w_hr.shape) != (states[0].shape[-1], states[-1].shape[-1]):
        raise ShapeError(
            f"{op}(): w_hr must have shape {(states[0].shape[-1], states[-1].shape[-1])}, got {tuple(w_hr.shape)}"
        )
    for bias in biases:
        if bias is not None and tuple(bias.shape) != (rows,):
            raise ShapeError(f"{op}(): biases must have shape ({rows},), got {tuple(bias.shape)}")
    count = batch_sizes[0] if batch_sizes else states[0].shape[0]
    for state in states:
        if state.ndim != 2 or state.shape[0] != count:
            raise ShapeError(f"{op}(): states must have shape ({count}, features), got {tuple(state.shape)}")
    dtypes = {str(each.dtype) for each in (input, *states, w_ih, w_hh)}
    if len(dtypes) > 1:
        raise RuntimeError(f"{op}(): input, states and weights must have one dtype, got {', '.join(sorted(dtypes))}")


def as_rows(op: str, input: Any, batch_sizes: Any) -> tuple[Any, Sizes, Any]:
    """Packed rows, batch sizes, and the shape (T, N) to give back, or None for input that is packed already."""
    if batch_sizes is not None:
        sizes = tuple(
            [int(size) for size in (batch_sizes.tolist() if isinstance(batch_sizes, Tensor) else batch_sizes)]
        )
        shrinking = all(a >= b > 0 for a, b in itertools.pairwise((*sizes[:1], *sizes)))
        if input.ndim != 2 or sum(sizes) != input.shape[0] or not shrinking:
            raise ShapeError(
                f"{op}(): packed input must be (rows, features) with positive batch sizes that sum to its rows and do "
                "not grow, got shape "
                f"{tuple(input.shape)} and batch sizes {sizes}"
            )
        return input, sizes, None
    if input.ndim != 3:
        raise ShapeError(f"{op}(): input must be (time, batch, features), got shape {tuple(input.shape)}")
    length, samples, features = input.shape
    if length == 0:
        raise RuntimeError(f"{op}(): expected at least one time step, got input of shape {tuple(input.shape)}")
    return reshape_to(input, (length * samples, features)), (samples,) * length, (length, samples)


def as_sequence(output: Any, lead: Any) -> Any:
    return output if lead is None else reshape_to(output, (*lead, output.shape[-1]))


@composite
def rnn_layer(
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    nonlinearity: str = "tanh",
    batch_sizes: Any = None,
    reverse: bool = False,
) -> Any:
    """One recurrent layer: ``h' = tanh(w_ih x + b_ih + w_hh h + b_hh)`` (or relu) over all steps.

    Args:
        input: ``(T, N, I)``, or packed ``(rows, I)`` with `batch_sizes`.
        h0: ``(N, H)``. w_ih: ``(H, I)``. w_hh: ``(H, H)``. b_ih, b_hh: ``(H,)``, both or none.
        reverse: walk from the last step to the first.

    Returns:
        output ``(T, N, H)`` (or packed), last state ``(N, H)``.
    """
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"rnn_layer(): nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
    rows, sizes, lead = as_rows("rnn_layer", input, batch_sizes)
    check_layer("rnn_layer", rows, (h0,), w_ih, w_hh, (b_ih, b_hh), 1, sizes)
    output, h_n = rnn_scan(rows, h0, w_ih, w_hh, b_ih, b_hh, nonlinearity, sizes, bool(reverse))
    return as_sequence(output, lead), h_n


@composite
def lstm_layer(
    input: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    w_hr: Any = None,
    batch_sizes: Any = None,
    reverse: bool = False,
) -> Any:
    """One LSTM layer over all steps.

    ``i, f, o = sigmoid(...)``, ``g = tanh(...)`` of ``w_ih x + b_ih + w_hh h + b_hh``; ``c' = f * c + i * g``;
    ``h' = o * tanh(c')``.

    Args:
        input: ``(T, N, I)``, or packed ``(rows, I)`` with `batch_sizes`.
        h0: ``(N, H)``, or ``(N, P)`` with a projection. c0: ``(N, H)``.
        w_ih: ``(4 * H, I)``. w_hh: ``(4 * H, H or P)``; rows of the gates i, f, g, o. b_ih, b_hh: ``(4 * H,)``, both or
            none.
        w_hr: projection ``(P, H)`` of the outputs, or None.
        reverse: walk from the last step to the first.

    Returns:
        output ``(T, N, H or P)`` (or packed), last hidden state, last cell state.
    """
    rows, sizes, lead = as_rows("lstm_layer", input, batch_sizes)
    check_layer("lstm_layer", rows, (h0, c0), w_ih, w_hh, (b_ih, b_hh), 4, sizes, w_hr)
    outcome = lstm_scan(rows, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, sizes, bool(reverse))
    return as_sequence(outcome[0], lead), outcome[1], outcome[2]


@composite
def gru_layer(
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    batch_sizes: Any = None,
    reverse: bool = False,
) -> Any:
    """One GRU layer over all steps.

    ``r, z = sigmoid(...)`` of ``w_ih x + b_ih + w_hh h + b_hh``; ``n = tanh(w_in x + b_in + r * (w_hn h + b_hn))``;
    ``h' = (1 - z) * n + z * h``.

    Args:
        input: ``(T, N, I)``, or packed ``(rows, I)`` with `batch_sizes`.
        h0: ``(N, H)``. w_ih: ``(3 * H, I)``. w_hh: ``(3 * H, H)``; rows of r, z, n. b_ih, b_hh: ``(3 * H,)``, both or
            none.
        reverse: walk from the last step to the first.

    Returns:
        output ``(T, N, H)`` (or packed), last state ``(N, H)``.
    """
    rows, sizes, lead = as_rows("gru_layer", input, batch_sizes)
    check_layer("gru_layer", rows, (h0,), w_ih, w_hh, (b_ih, b_hh), 3, sizes)
    outcome = gru_scan(rows, h0, w_ih, w_hh, b_ih, b_hh, sizes, bool(reverse))
    return as_sequence(outcome[0], lead), outcome[1]


# ---------------------------------------------------------------- cells


def check_cell(
    op: str, input: Any, states: Sequence[Any], w_ih: Any, w_hh: Any, biases: Sequence[Any], gates: int
) -> None:
    if input.ndim != 2:
        raise ShapeError(f"{op}(): input must be (batch, features), got shape {tuple(input.shape)}")
    if any(state.ndim != 2 or state.shape[0] != input.shape[0] for state in states):
        raise ShapeError(
            f"{op}(): states must be ({input.shape[0]}, features) for input of shape {tuple(input.shape)}, got "
            f"{', '.join(str(tuple(state.shape)) for state in states)}"
        )
    check_layer(op, input, states, w_ih, w_hh, biases, gates, None)


def elman_cell(op: str, nonlinearity: str, input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    check_cell(op, input, (hx,), w_ih, w_hh, (b_ih, b_hh), 1)
    return rnn_scan(input, hx, w_ih, w_hh, b_ih, b_hh, nonlinearity, (input.shape[0],), False)[0]


@composite
def rnn_tanh_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of a recurrent layer: ``tanh(w_ih x + b_ih + w_hh h + b_hh)``; input ``(N, I)``, hx ``(N, H)``."""
    return elman_cell("rnn_tanh_cell", "tanh", input, hx, w_ih, w_hh, b_ih, b_hh)


@composite
def rnn_relu_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of a recurrent layer: ``relu(w_ih x + b_ih + w_hh h + b_hh)``; input ``(N, I)``, hx ``(N, H)``."""
    return elman_cell("rnn_relu_cell", "relu", input, hx, w_ih, w_hh, b_ih, b_hh)


@composite
def lstm_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of `lstm_layer`: input ``(N, I)``, hx = (h, c); returns the new (h, c)."""
    h, c = hx
    check_cell("lstm_cell", input, (h, c), w_ih, w_hh, (b_ih, b_hh), 4)
    outcome = lstm_scan(input, h, c, w_ih, w_hh, b_ih, b_hh, None, (input.shape[0],), False)
    return outcome[0], outcome[2]


@composite
def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of `gru_layer`: input ``(N, I)``, hx ``(N, H)``."""
    check_cell("gru_cell", input, (hx,), w_ih, w_hh, (b_ih, b_hh), 3)
    return gru_scan(input, hx, w_ih, w_hh, b_ih, b_hh, (input.shape[0],), False)[0]


# ---------------------------------------------------------------- several layers, both directions


def run_layers(
    op: str,
    layer: Callable[..., tuple[Any, ...]],
    input: Any,
    states: Sequence[Any],
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout_p: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool = False,
    batch_sizes: Any = None,
) -> tuple[Any, ...]:
    """The output of stacked layers and, per kind of state, the last states ``(layers * directions, N, *)``.

    `params` holds per layer and direction w_ih, w_hh, with biases also b_ih, b_hh, and with a projection also w_hr.
    ``layer(input, *states, w_ih, w_hh, b_ih, b_hh, w_hr, batch_sizes, reverse)`` is one layer in one direction.
    """
    directions = 2 if bidirectional else 1
    cells = num_layers * directions
    if len(params) % cells:
        raise RuntimeError(
            f"{op}(): {len(params)} parameters cannot belong to {cells} cells ({num_layers} layers, {directions} "
            "directions)"
        )
    width = len(params) // cells
    if any(state.ndim != 3 or state.shape[0] != cells for state in states):
        raise ShapeError(
            f"{op}(): states must have shape ({cells}, batch, features), got "
            f"{', '.join(str(tuple(s.shape)) for s in states)}"
        )
    if batch_first and batch_sizes is None:
        input = transpose(input, 0, 1)
    single = cells == 1
    first = [[reshape_to(s, tuple(s.shape[1:]))] if single else unbind(s, 0) for s in states]
    last: list[list[Any]] = [[] for _ in states]
    current = input
    for number in range(num_layers):
        outputs = []
        for direction in range(directions):
            cell = number * directions + direction
            own = list(params[cell * width : (cell + 1) * width])
            biases = own[2:4] if has_biases else [None, None]
            projection = own[-1] if width == (5 if has_biases else 3) else None
            output, *ends = layer(
                current, *[s[cell] for s in first], own[0], own[1], *biases, projection, batch_sizes, direction == 1
            )
            outputs.append(output)
            for ending, end in zip(last, ends, strict=True):
                ending.append(end)
        current = outputs[0] if directions == 1 else cat(outputs, outputs[0].ndim - 1)
        if dropout_p > 0 and train and number < num_layers - 1:
            current = dropout(current, dropout_p, True)
    if batch_first and batch_sizes is None:
        current = transpose(current, 0, 1)
    return (current, *[reshape_to(ends[0], (1, *ends[0].shape)) if single else stack(ends) for ends in last])


def read_arguments(args: Sequence[Any]) -> tuple[Any, dict[str, Any], tuple[Any, ...]]:
    """Input, batch sizes (if there are any) and the arguments from hx on, of the two forms that PyTorch's functions
    have.

    The fourth argument is the list of parameters if the second is batch sizes; else the third is.
    """
    packed = isinstance(args[3], (list, tuple))
    return (args[0], {"batch_sizes": args[1]}, tuple(args[2:])) if packed else (args[0], {}, tuple(args[1:]))


def _lstm_direction(
    input: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, sizes: Any, reverse: bool
) -> Any:
    return lstm_layer(input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, sizes, reverse)


def _gru_direction(
    input: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, sizes: Any, reverse: bool
) -> Any:
    return gru_layer(input, h, w_ih, w_hh, b_ih, b_hh, sizes, reverse)


def _elman_direction(
    nonlinearity: str,
    input: Any,
    h: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    sizes: Any,
    reverse: bool,
) -> Any:
    return rnn_layer(input, h, w_ih, w_hh, b_ih, b_hh, nonlinearity, sizes, reverse)


@composite
def lstm(*args: Any) -> Any:
    """Stacked LSTM layers:
    ``lstm(input, (h0, c0), params, has_biases, num_layers, dropout, train, bidirectional, batch_first)``, or for packed
    sequences ``lstm(data, batch_sizes, (h0, c0), params, has_biases, num_layers, dropout, train, bidirectional)``.

    Returns:
        output, h_n, c_n.
    """
    input, sizes, (hx, *rest) = read_arguments(args)
    return run_layers("lstm", _lstm_direction, input, tuple(hx), *rest, **sizes)


@composite
def gru(*args: Any) -> Any:
    """Stacked GRU layers:
    ``gru(input, h0, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)``, or for packed
    sequences ``gru(data, batch_sizes, h0, params, has_biases, num_layers, dropout, train, bidirectional)``.

    Returns:
        output, h_n.
    """
    input, sizes, (hx, *rest) = read_arguments(args)
    return run_layers("gru", _gru_direction, input, (hx,), *rest, **sizes)


@composite
def rnn_tanh(*args: Any) -> Any:
    """Stacked recurrent layers with tanh; arguments as `gru`'s."""
    input, sizes, (hx, *rest) = read_arguments(args)
    return run_layers("rnn_tanh", functools.partial(_elman_direction, "tanh"), input, (hx,), *rest, **sizes)


@composite
def rnn_relu(*args: Any) -> Any:
    """Stacked recurrent layers with relu; arguments as `gru`'s."""
    input, sizes, (hx, *rest) = read_arguments(args)
    return run_layers("rnn_relu", functools.partial(_elman_direction, "relu"), input, (hx,), *rest, **sizes)
