"""Optimizer steps and gradient clipping in C++: one pass over the memory of all parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .extension import DTYPES, native

Array = Any


def sgd_step(
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
) -> Any:
    """A step of ``optim.SGD`` on all parameters, in place; None, or NotImplemented with nothing written.

    >>> import numpy
    >>> p, g = numpy.ones(2, numpy.float32), numpy.array([1, 2], numpy.float32)
    >>> served = sgd_step([p], [g], [], 0.5, 0.0, 0.0, 0.0, False, False, False)
    >>> served is NotImplemented or p.tolist() == [0.5, 0.0]
    True
    """
    if native is None:
        return NotImplemented
    return native.sgd_step(
        parameters, gradients, momentum_buffers, lr, momentum, dampening, weight_decay, nesterov, maximize, first
    )


def adam_step(
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
) -> Any:
    """A step of ``optim.Adam`` or, `decoupled`, ``optim.AdamW`` on all parameters, in place; None, or NotImplemented
    with nothing written."""
    if native is None:
        return NotImplemented
    return native.adam_step(
        parameters, gradients, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps, weight_decay,
        decoupled, maximize,
    )  # fmt: skip


def gradient_norm(arrays: Sequence[Array], norm_type: float) -> Any:
    """The norm of all elements of all arrays, for orders 1, 2 and infinity: an array without dimensions.

    >>> import numpy
    >>> norm = gradient_norm([numpy.array([3.0]), numpy.array([[4.0]])], 2.0)
    >>> norm is NotImplemented or float(norm) == 5
    True
    """
    if native is None:
        return NotImplemented
    return native.gradient_norm(arrays, norm_type)


def scale_arrays(arrays: Sequence[Array], factor: Any) -> Any:
    """Multiply all arrays in place by a number; None, or NotImplemented with nothing written."""
    if native is None:
        return NotImplemented
    return native.scale_arrays(arrays, float(factor))


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel of this file returns NotImplemented for these arguments; None where it does not."""
    arrays = [array for listed in arguments if isinstance(listed, (list, tuple)) for array in listed]
    arrays = [array for array in arrays if hasattr(array, "flags")]
    for array in arrays:
        if array.dtype not in DTYPES:
            return f"dtype {array.dtype}"
        if not array.flags.c_contiguous or not array.flags.aligned:
            return "an array that is not in one piece"
    if len({array.dtype for array in arrays}) > 1:
        return "several dtypes"
    return None


KERNELS = {kernel.__name__: kernel for kernel in (sgd_step, adam_step, gradient_norm, scale_arrays)}
