"""Optimizer steps over lists of arrays, as kernels that backends may replace.

One call changes all parameters of a group that have a gradient: a backend can do so in one pass over the memory, or on
a GPU with one launch. Unlike other kernels these write into their arguments: `parameters`, and the lists of state.
Entry i of every list belongs to parameter i and has its shape. All parameters of one call are arrays of one class and
dtype, and none is listed twice; gradients and state have that dtype as well unless the user put something else there,
and any memory layout. A kernel refuses (NotImplemented) before it has written anything. The functions here are the
reference kernels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ..backends.registry import KernelTable
from ..ops._define import F32, float32_constant
from ..tensors import Tensor

__all__ = ["BLOCK", "adam_step", "alike", "blocks", "gradients_of", "sgd_step"]

Array = Any

# Elements that one pass of an update works on: the arrays of a block (parameter, gradient, moments, temporaries) stay
# in the second-level cache between the dozen NumPy calls of an Adam step, which makes large updates 2 to 3 times
# faster.
BLOCK = 32768


def blocks(*arrays: Array) -> Iterable[tuple[Array, ...]]:
    """The arrays cut into the same cache-sized pieces, as flat views that may be written to."""
    if arrays[0].ndim == 0:
        yield tuple(each.reshape(1) for each in arrays)  # so that results are arrays, not NumPy's scalars
        return
    size = arrays[0].size
    if size <= 2 * BLOCK or not all(each.flags.c_contiguous for each in arrays):
        yield arrays
        return
    flat = [each.reshape(-1) for each in arrays]
    for start in range(0, size, BLOCK):
        yield tuple(each[start : start + BLOCK] for each in flat)


def alike(parameters: Sequence[Tensor]) -> list[list[Tensor]]:
    """Those parameters that have a gradient, in lists as a kernel takes them: of one array class and dtype, without
    repetition."""
    listed = [parameter for parameter in parameters if parameter._grad is not None]
    if not listed:
        return []
    first = listed[0]._array
    kind, dtype = type(first), first.dtype
    for parameter in listed:
        array = parameter._array
        if array.dtype is not dtype or type(array) is not kind:
            break
    else:
        if len(set(map(id, listed))) == len(listed):
            return [listed]
    parts: dict[Any, list[Tensor]] = {}
    times: dict[int, int] = {}
    for parameter in listed:
        times[id(parameter)] = time = times.get(id(parameter), 0) + 1
        parts.setdefault((type(parameter._array), parameter._array.dtype, time), []).append(parameter)
    return list(parts.values())


def gradients_of(parameters: Sequence[Tensor]) -> list[Array]:
    """The arrays of the gradients that these parameters have."""
    return [parameter._grad._array for parameter in parameters]  # type: ignore[union-attr]


def _sgd_step(
    xp: Any,
    parameters: Sequence[Array],
    gradients: Sequence[Array],
    momentum_buffers: Sequence[Array],
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
    first: bool,
) -> None:
    """A step of `SGD`; `momentum_buffers` is empty without momentum; `first`: the buffers hold nothing yet, they become
    the gradients."""
    for place, parameter in enumerate(parameters):
        gradient = -gradients[place] if maximize else gradients[place]
        if momentum == 0:
            if weight_decay == 0 and 0 < parameter.ndim and parameter.size <= BLOCK:  # what is below, in two calls
                # NumPy takes half as long for a small product with an array without dimensions as with a float
                small = float32_constant(lr) if xp.__name__ == "numpy" and lr and parameter.dtype is F32 else lr
                parameter -= gradient * small
                continue
            for p, g in blocks(parameter, gradient):
                p -= (g + p * weight_decay if weight_decay != 0 else g) * lr
            continue
        for p, g, v in blocks(parameter, gradient, momentum_buffers[place]):
            if weight_decay != 0:
                g = g + p * weight_decay
            if first:
                v[...] = g
            else:
                v *= momentum
                v += g * (1 - dampening) if dampening else g
            p -= (g + v * momentum if nesterov else v) * lr


def _adam_step(
    xp: Any,
    parameters: Sequence[Array],
    gradients: Sequence[Array],
    exp_avgs: Sequence[Array],
    exp_avg_sqs: Sequence[Array],
    max_exp_avg_sqs: Sequence[Array],
    steps: Sequence[int],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """A step of `Adam`; `steps`: each parameter's number of steps, with this one; `max_exp_avg_sqs` is empty without
    ``amsgrad``; `decoupled`: decay the parameter itself, as `AdamW` does."""
    for place, step in enumerate(steps):
        step_size = lr / (1 - beta1**step)
        root = math.sqrt(1 - beta2**step)
        arrays = [parameters[place], gradients[place], exp_avgs[place], exp_avg_sqs[place]]
        if max_exp_avg_sqs:
            arrays.append(max_exp_avg_sqs[place])
        for p, g, m, v, *largest in blocks(*arrays):
            if maximize:
                g = -g
            if weight_decay != 0:
                if decoupled:
                    p *= 1 - lr * weight_decay
                else:
                    g = g + p * weight_decay
            work = g - m
            work *= 1 - beta1
            m += work
            v *= beta2
            xp.multiply(g, g, out=work)
            work *= 1 - beta2
            v += work
            if largest:
                xp.maximum(largest[0], v, out=largest[0])
            xp.sqrt(largest[0] if largest else v, out=work)
            work += eps * root  # step_size * m / (sqrt(v) / root + eps), with one division less
            xp.divide(m, work, out=work)
            work *= step_size * root
            p -= work


sgd_step = KernelTable("sgd_step", _sgd_step)
adam_step = KernelTable("adam_step", _adam_step)
