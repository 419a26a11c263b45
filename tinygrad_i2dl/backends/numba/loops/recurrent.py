"""Loops of one step of the recurrent cells, forward and backward, after and before the products of matrices.

All arrays are packed rows, of which a step works on `count` from row `start`. `share` holds the input's part of the
gates' sums, side by side in PyTorch's order; `product` the state's part. `before` is the state that the step starts
from, in its rows from `offset`.
"""

from __future__ import annotations

from typing import Any

from ..compilation import loop
from . import elementary

Array = Any

_sigmoid, _tanh = elementary.sigmoid, elementary.tanh


@loop("in2", "in2", "in", "out2", "count", "count", "count")
def rnn_step(share: Array, product: Array, bias: Array, output: Array, start: int, count: int, bounded: int) -> None:
    zero = share.dtype.type(0)
    hidden = output.shape[1]
    for r in range(count):
        part, of_state, result = share[start + r], product[r], output[start + r]
        if bias.size:
            for j in range(hidden):
                result[j] = part[j] + of_state[j] + bias[j]
        else:
            for j in range(hidden):
                result[j] = part[j] + of_state[j]
        if bounded:
            for j in range(hidden):
                result[j] = _tanh(result[j])
        else:
            for j in range(hidden):
                result[j] = zero if result[j] < zero else result[j]


@loop("in2", "in2", "out2", "count", "count", "count")
def rnn_step_backward(of_state: Array, output: Array, pre: Array, start: int, count: int, bounded: int) -> None:
    zero, one = pre.dtype.type(0), pre.dtype.type(1)
    for r in range(count):
        slope, values, result = of_state[r], output[start + r], pre[start + r]
        if bounded:
            for j in range(pre.shape[1]):
                result[j] = slope[j] * (one - values[j] * values[j])
        else:
            for j in range(pre.shape[1]):
                result[j] = slope[j] if values[j] > zero else zero


@loop(
    "in2", "in2", "in", "in2", "out3", "out2", "out2", "out2", "count", "count", "count"
)  # fmt: skip
def lstm_step(
    share: Array, product: Array, bias: Array, before: Array, gates: Array, cells: Array, squashed: Array,
    output: Array, start: int, count: int, offset: int,
) -> None:  # fmt: skip
    """Fills `gates` in the order input, forget, output, cell; the new cells, their tanh, and the outputs."""
    hidden = cells.shape[1]
    for r in range(count):
        row = start + r
        part, of_state, old = share[row], product[r], before[offset + r]
        enter, forget, leave, candidate = gates[0, row], gates[1, row], gates[2, row], gates[3, row]
        cell, bounded, result = cells[row], squashed[row], output[row]
        if bias.size:
            for j in range(hidden):
                enter[j] = part[j] + of_state[j] + bias[j]
                forget[j] = part[hidden + j] + of_state[hidden + j] + bias[hidden + j]
                candidate[j] = part[2 * hidden + j] + of_state[2 * hidden + j] + bias[2 * hidden + j]
                leave[j] = part[3 * hidden + j] + of_state[3 * hidden + j] + bias[3 * hidden + j]
        else:
            for j in range(hidden):
                enter[j] = part[j] + of_state[j]
                forget[j] = part[hidden + j] + of_state[hidden + j]
                candidate[j] = part[2 * hidden + j] + of_state[2 * hidden + j]
                leave[j] = part[3 * hidden + j] + of_state[3 * hidden + j]
        for j in range(hidden):
            enter[j] = _sigmoid(enter[j])
        for j in range(hidden):
            forget[j] = _sigmoid(forget[j])
        for j in range(hidden):
            leave[j] = _sigmoid(leave[j])
        for j in range(hidden):
            candidate[j] = _tanh(candidate[j])
            cell[j] = forget[j] * old[j] + enter[j] * candidate[j]
        for j in range(hidden):
            bounded[j] = _tanh(cell[j])
            result[j] = leave[j] * bounded[j]


@loop("in3", "in2", "in2", "in2", "out2", "out2", "count", "count", "count")
def lstm_step_backward(
    gates: Array, squashed: Array, before: Array, of_output: Array, of_cell: Array, pre: Array, start: int, count: int,
    offset: int,
) -> None:  # fmt: skip
    """Fills `pre`, the gradient by the gates' sums; `of_cell` becomes the gradient by the cells before."""
    one = pre.dtype.type(1)
    hidden = squashed.shape[1]
    for r in range(count):
        row = start + r
        enter, forget, leave, candidate = gates[0, row], gates[1, row], gates[2, row], gates[3, row]
        bounded, old, slope, of_old, result = squashed[row], before[offset + r], of_output[r], of_cell[r], pre[row]
        of_enter, of_forget = result[:hidden], result[hidden : 2 * hidden]
        of_candidate, of_leave = result[2 * hidden : 3 * hidden], result[3 * hidden :]
        for j in range(hidden):
            of_leave[j] = slope[j] * bounded[j] * leave[j] * (one - leave[j])
            dc = of_old[j] + slope[j] * leave[j] * (one - bounded[j] * bounded[j])
            of_enter[j] = dc * candidate[j] * enter[j] * (one - enter[j])
            of_forget[j] = dc * old[j] * forget[j] * (one - forget[j])
            of_candidate[j] = dc * enter[j] * (one - candidate[j] * candidate[j])
            of_old[j] = dc * forget[j]


@loop("in2", "in2", "in", "in", "in2", "out3", "out2", "out2", "count", "count", "count")
def gru_step(
    share: Array, product: Array, bias: Array, bias_of_state: Array, before: Array, gates: Array, candidates: Array,
    output: Array, start: int, count: int, offset: int,
) -> None:  # fmt: skip
    """Fills `gates` in the order reset, update, candidate; the state's part of the candidates; and the outputs."""
    hidden = output.shape[1]
    for r in range(count):
        row = start + r
        part, of_state, old = share[row], product[r], before[offset + r]
        reset, update, candidate = gates[0, row], gates[1, row], gates[2, row]
        kept, result = candidates[row], output[row]
        if bias.size:
            for j in range(hidden):
                reset[j] = part[j] + of_state[j] + (bias[j] + bias_of_state[j])
                update[j] = part[hidden + j] + of_state[hidden + j] + (bias[hidden + j] + bias_of_state[hidden + j])
                candidate[j] = part[2 * hidden + j] + bias[2 * hidden + j]
                kept[j] = of_state[2 * hidden + j] + bias_of_state[2 * hidden + j]
        else:
            for j in range(hidden):
                reset[j] = part[j] + of_state[j]
                update[j] = part[hidden + j] + of_state[hidden + j]
                candidate[j] = part[2 * hidden + j]
                kept[j] = of_state[2 * hidden + j]
        for j in range(hidden):
            reset[j] = _sigmoid(reset[j])
        for j in range(hidden):
            update[j] = _sigmoid(update[j])
        for j in range(hidden):
            n = _tanh(candidate[j] + reset[j] * kept[j])
            candidate[j] = n
            result[j] = n + update[j] * (old[j] - n)


@loop("in3", "in2", "in2", "out2", "out2", "out2", "count", "count", "count")
def gru_step_backward(
    gates: Array, candidates: Array, before: Array, of_state: Array, pre: Array, share: Array, start: int, count: int,
    offset: int,
) -> None:  # fmt: skip
    """Fills the gradients by the gates' sums, `pre` by the input's part and `share` by the state's; `of_state` keeps
    what goes to the state before past the gates."""
    one = pre.dtype.type(1)
    hidden = candidates.shape[1]
    for r in range(count):
        row = start + r
        reset, update, candidate = gates[0, row], gates[1, row], gates[2, row]
        kept, old, slope = candidates[row], before[offset + r], of_state[r]
        of_reset, of_update, of_candidate = pre[row, :hidden], pre[row, hidden : 2 * hidden], pre[row, 2 * hidden :]
        first, second, third = share[row, :hidden], share[row, hidden : 2 * hidden], share[row, 2 * hidden :]
        for j in range(hidden):
            dn = slope[j] * (one - update[j]) * (one - candidate[j] * candidate[j])
            dz = slope[j] * (old[j] - candidate[j]) * update[j] * (one - update[j])
            dr = dn * kept[j] * reset[j] * (one - reset[j])
            of_reset[j] = dr
            of_update[j] = dz
            of_candidate[j] = dn
            first[j] = dr
            second[j] = dz
            third[j] = dn * reset[j]
            slope[j] = slope[j] * update[j]
