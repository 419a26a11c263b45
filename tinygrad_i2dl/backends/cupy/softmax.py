"""Softmax, log-softmax and the cross-entropy of class indices, a block of threads a row."""

from __future__ import annotations

import math
from typing import Any

from .launch import accumulator, launcher

Array = Any


def _along(name: str, arrays: tuple[Array, ...], dim: int) -> Any:
    launch = launcher()
    first = arrays[-1]
    if not launch.serves(*arrays) or first.ndim == 0 or not -first.ndim <= dim < first.ndim:
        return NotImplemented
    dim %= first.ndim
    if any(each.shape != first.shape for each in arrays):
        return NotImplemented
    size, inner = first.shape[dim], math.prod(first.shape[dim + 1 :])
    result = launch.library.empty(first.shape, dtype=first.dtype)
    plain = [launch.plain(each) for each in arrays]
    launch("softmax.cu", name, first.dtype, (first.size // size,), *plain, result, size, inner)
    return result


def softmax_along(input: Array, dim: int) -> Any:
    """``exp(input)`` scaled to sum 1 along `dim`."""
    return _along("softmax_along", (input,), dim)


def log_softmax_along(input: Array, dim: int) -> Any:
    """The logarithm of `softmax_along`."""
    return _along("log_softmax_along", (input,), dim)


def softmax_backward(g: Array, out: Array, dim: int) -> Any:
    """The gradient by the input of `softmax_along`, whose result is `out`."""
    return _along("softmax_backward", (g, out), dim)


def log_softmax_backward(g: Array, out: Array, dim: int) -> Any:
    """The gradient by the input of `log_softmax_along`, whose result is `out`."""
    return _along("log_softmax_backward", (g, out), dim)


def cross_entropy_of_indices(input: Array, targets: Any, reduction: str, saved: list[Any]) -> Any:
    """``-log softmax(input)`` at the target classes, weighted and reduced; `saved` receives each row's largest score
    and sum of exponentials."""
    launch = launcher()
    if not launch.serves(input) or input.ndim not in (2, 3):
        return NotImplemented
    size, inner = input.shape[1], math.prod(input.shape[2:])
    work = accumulator(input.dtype)
    loss, tops, sums = (launch.library.empty(targets.index.shape, dtype=work) for _ in range(3))
    launch(
        "cross_entropy.cu", "cross_entropy", input.dtype, (loss.size,), launch.plain(input),
        launch.plain(targets.index), loss, tops, sums, size, inner,
    )  # fmt: skip
    saved[:] = tops, sums
    targets.weigh(loss)
    if reduction == "none":
        return loss.astype(input.dtype, copy=False)
    total = loss.sum()
    return (total if reduction == "sum" else total / targets.total).astype(input.dtype, copy=False)


def cross_entropy_backward(g: Array, input: Array, targets: Any, reduction: str, saved: list[Any]) -> Any:
    """``(softmax(input) - one_hot(target)) * coefficient * g``."""
    launch = launcher()
    if not launch.serves(input) or input.ndim not in (2, 3):
        return NotImplemented
    tops, sums = saved
    factor = g.astype(sums.dtype, copy=False)
    if reduction == "mean":
        factor = factor / targets.total
    if targets.coefficient is not None:
        factor = factor * targets.coefficient
    factor = launch.plain(launch.library.broadcast_to(factor.astype(sums.dtype, copy=False), sums.shape))
    result = launch.library.empty(input.shape, dtype=input.dtype)
    size, inner = input.shape[1], math.prod(input.shape[2:])
    launch.elementwise(
        "cross_entropy.cu", "cross_entropy_backward", input.dtype, input.size, launch.plain(input),
        launch.plain(targets.index), factor, tops, sums, result, input.size, size, inner,
    )  # fmt: skip
    return result
