"""Optimizer steps over all parameters of a group, and the length of all gradients together.

One loop does all that a step does to a parameter, so that every array is read and written once. These kernels write
into their arguments, as their interface says (README.md of the folder above).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from .serving import DTYPES, Loops, limits

Array = Any
Arrays = Sequence[Array]

loops = Loops("optimization")


def _served(parameters: Arrays, gradients: Arrays, *states: Arrays) -> bool:
    """Whether all arrays have one dtype of ours and are contiguous, and writable where they are written to."""
    dtype = parameters[0].dtype if parameters else None
    if dtype not in DTYPES:
        return False
    for gradient in gradients:
        flags = gradient.flags
        if gradient.dtype != dtype or not flags.c_contiguous or not flags.aligned:
            return False
    for arrays in (parameters, *states):
        for array, gradient in zip(arrays, gradients, strict=True):
            if array.dtype != dtype or not array.flags.carray or array.shape != gradient.shape:
                return False
    return True


def sgd_step(
    parameters: Arrays, gradients: Arrays, momentum_buffers: Arrays, lr: float, momentum: float, dampening: float,
    weight_decay: float, nesterov: bool, maximize: bool, first: bool,
) -> Any:  # fmt: skip
    """A step of SGD; `momentum_buffers` is empty without momentum, and holds nothing yet if `first`."""
    states = (momentum_buffers,) if momentum != 0 else ()
    if not _served(parameters, gradients, *states):
        return NotImplemented
    if momentum == 0 and sum([each.size for each in parameters]) < limits.simple:
        return NotImplemented
    sign = -1.0 if maximize else 1.0
    if momentum == 0:
        plain = loops.sgd_plain[parameters[0].dtype]
        for p, g in zip(parameters, gradients, strict=True):
            plain(p.reshape(-1), g.reshape(-1), float(lr), float(weight_decay), sign)
        return None
    moving = loops.sgd_momentum[parameters[0].dtype]
    for p, g, v in zip(parameters, gradients, momentum_buffers, strict=True):
        moving(
            p.reshape(-1), g.reshape(-1), v.reshape(-1), float(lr), float(momentum), float(dampening),
            float(weight_decay), sign, int(nesterov), int(first),
        )  # fmt: skip
    return None


def adam_step(
    parameters: Arrays, gradients: Arrays, exp_avgs: Arrays, exp_avg_sqs: Arrays, max_exp_avg_sqs: Arrays,
    steps: Sequence[int], lr: float, beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool,
    maximize: bool,
) -> Any:  # fmt: skip
    """A step of Adam; `max_exp_avg_sqs` is empty without ``amsgrad``; `decoupled`: decay the parameter itself."""
    states = (exp_avgs, exp_avg_sqs, max_exp_avg_sqs) if max_exp_avg_sqs else (exp_avgs, exp_avg_sqs)
    if not _served(parameters, gradients, *states):
        return NotImplemented
    largest = max_exp_avg_sqs or exp_avg_sqs
    adam = loops.adam[parameters[0].dtype]
    decay, shrink = (0.0, 1.0 - lr * weight_decay) if decoupled else (float(weight_decay), 1.0)
    for p, g, m, v, most, step in zip(parameters, gradients, exp_avgs, exp_avg_sqs, largest, steps, strict=True):
        root = math.sqrt(1 - beta2**step)
        adam(
            p.reshape(-1), g.reshape(-1), m.reshape(-1), v.reshape(-1), most.reshape(-1),
            lr / (1 - beta1**step) * root, float(beta1), float(beta2), eps * root, decay, shrink,
            -1.0 if maximize else 1.0, len(max_exp_avg_sqs),
        )  # fmt: skip
    return None


def gradient_norm(arrays: Arrays, norm_type: float) -> Array:
    """The Euclidean length of all elements of all arrays together; other norms are left to the reference kernel."""
    if norm_type != 2 or not arrays or arrays[0].dtype not in DTYPES:
        return NotImplemented
    dtype = arrays[0].dtype
    for array in arrays:
        if array.dtype != dtype or not array.flags.c_contiguous or not array.flags.aligned:
            return NotImplemented
    total = numpy.zeros(1)
    add = loops.add_squares[dtype]
    for array in arrays:
        add(array.reshape(-1), total)
    length = numpy.sqrt(total[0]).astype(dtype)
    return numpy.asarray(length) if numpy.isfinite(length) else NotImplemented  # squares may have overflowed


KERNELS = {kernel.__name__: kernel for kernel in (sgd_step, adam_step, gradient_norm)}
