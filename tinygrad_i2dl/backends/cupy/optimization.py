"""Optimizer steps over all tensors in one launch.

A table on the device says where each tensor's arrays are. It is kept while the addresses stay, which they do from step
to step as long as CuPy's pool hands out the same memory for the gradients. While a CUDA graph is recorded there is no
table, since it would have to come from main memory: reference kernels step then, tensor by tensor.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

import numpy

from .launch import MOST_BLOCKS, THREADS, launcher

Array = Any
FILE = "optimizer.cu"
_tables: collections.OrderedDict[tuple[int, ...], Array] = collections.OrderedDict()
KEPT = 16  # tables: a few parameter groups of a few models


def _together(lists: Sequence[Sequence[Array]]) -> bool:
    """Whether the lists' arrays have one dtype, lie in order and belong to tensors of the same sizes."""
    launch = launcher()
    first = lists[0]
    return (
        0 < len(first) < MOST_BLOCKS
        and not launch.capturing()
        and all(len(each) == len(first) for each in lists)
        and all(launch.serves(first[0], *each) and all(a.flags.c_contiguous for a in each) for each in lists)
        and all(a.size == b.size for each in lists for a, b in zip(first, each, strict=True))
    )


def _table(lists: Sequence[Sequence[Array]]) -> tuple[Array, int, tuple[int, int]]:
    """The table of sizes and addresses, its columns, and a grid of blocks for it."""
    rows = [[tensors[0].size, *(each.data.ptr for each in tensors)] for tensors in zip(*lists, strict=True)]
    columns = len(rows[0])
    key = (id(launcher()), lists[0][0].device.id, columns, *(entry for row in rows for entry in row))
    found = _tables.get(key)
    if found is None:
        found = _tables[key] = launcher().library.asarray(numpy.array(rows, dtype=numpy.uint64))
        while len(_tables) > KEPT:
            _tables.popitem(last=False)
    else:
        _tables.move_to_end(key)
    blocks = min(-(-max(row[0] for row in rows) // THREADS), 1 << 10)
    return found, columns, (blocks, len(rows))


def sgd_step(
    parameters: Sequence[Array], gradients: Sequence[Array], momentum_buffers: Sequence[Array], lr: float,
    momentum: float, dampening: float, weight_decay: float, nesterov: bool, maximize: bool, first: bool,
) -> Any:  # fmt: skip
    """A step of ``optim.SGD`` on all parameters, in place."""
    lists = [parameters, gradients, *([momentum_buffers] if momentum != 0 else [])]
    if not _together(lists):
        return NotImplemented
    table, columns, grid = _table(lists)
    launcher()(
        FILE, "sgd_step", parameters[0].dtype, grid, table, columns, float(lr), float(momentum), float(dampening),
        float(weight_decay), nesterov, maximize, first,
    )  # fmt: skip
    return None


def adam_step(
    parameters: Sequence[Array], gradients: Sequence[Array], exp_avgs: Sequence[Array], exp_avg_sqs: Sequence[Array],
    max_exp_avg_sqs: Sequence[Array], steps: Sequence[int], lr: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, decoupled: bool, maximize: bool,
) -> Any:  # fmt: skip
    """A step of ``optim.Adam`` or, `decoupled`, ``optim.AdamW`` on all parameters, in place."""
    if launcher().capturing():
        raise RuntimeError(
            "a step of Adam cannot be captured: it counts its steps on the host, and a replay would repeat one count. "
            "Capture forward and backward, and call step() after replay()"
        )
    lists = [parameters, gradients, exp_avgs, exp_avg_sqs, *([max_exp_avg_sqs] if max_exp_avg_sqs else [])]
    if not _together(lists):
        return NotImplemented
    table, columns, grid = _table(lists)
    corrections = numpy.array([[1 - beta1**step, 1 - beta2**step] for step in steps])
    launcher()(
        FILE, "adam_step", parameters[0].dtype, grid, table, launcher().library.asarray(corrections), columns,
        float(lr), float(beta1), float(beta2), float(eps), float(weight_decay), bool(max_exp_avg_sqs), decoupled,
        maximize,
    )  # fmt: skip
    return None


def scale_arrays(arrays: Sequence[Array], factor: Any) -> Any:
    """Multiply all arrays in place by a number, which may be on the device."""
    if not arrays or not _together([arrays]):
        return NotImplemented
    table, columns, grid = _table([arrays])
    by = launcher().library.asarray(factor, dtype=arrays[0].dtype)
    launcher()(FILE, "scale_arrays", arrays[0].dtype, grid, table, columns, by)
    return None
