"""Keeping gradients small."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy

from ...backends.registry import KernelTable, namespace_of
from ...engine.mode import no_grad
from ...ops.creation import full
from ...tensors import Tensor, make, rebase

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _listed(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: Iterable[Any]) -> list[Any]:
    return [each.grad for each in parameters if each.grad is not None]


def _vector_norm(xp: Any, array: Any, norm_type: float) -> Any:
    if array.size == 0:
        return xp.zeros((), dtype=array.dtype)
    work = array.ravel()
    if work.dtype.itemsize < 4:  # squares of half-precision numbers overflow
        work = work.astype(numpy.float32)
    return xp.asarray(xp.linalg.norm(work, norm_type)).astype(array.dtype)


def _gradient_norm(xp: Any, arrays: Sequence[Any], norm_type: float) -> Any:
    """The norm of all elements of all arrays together: an array without dimensions, of the first one's dtype."""
    dtype = arrays[0].dtype
    norms = xp.stack([_vector_norm(xp, each, norm_type).astype(dtype) for each in arrays])
    return _vector_norm(xp, norms, norm_type)


def _scale_arrays(xp: Any, arrays: Sequence[Any], factor: Any) -> None:
    """Multiply all arrays, in place, by an array without dimensions, or a NumPy scalar."""
    for array in arrays:
        array *= factor.astype(array.dtype)


# Kernels on lists of arrays, which backends may replace. `scale_arrays` writes into its arguments.
gradient_norm = KernelTable("gradient_norm", _gradient_norm)
scale_arrays = KernelTable("scale_arrays", _scale_arrays)


def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all elements of all tensors together.

    Args:
        tensors: a tensor or several.
        norm_type: which norm, `inf` for the largest size.
        error_if_nonfinite: raise if the norm is NaN or infinite.
        foreach: accepted; there is one way to compute it.

    Raises:
        RuntimeError: the norm is not finite and `error_if_nonfinite` is set.
    """
    several = _listed(tensors)
    norm_type = float(norm_type)
    if not several:
        return full((), 0.0)
    arrays = [each._array for each in several]
    total = gradient_norm[type(arrays[0])](arrays, norm_type)
    xp = namespace_of(type(total))
    if error_if_nonfinite and not bool(xp.isfinite(total)):
        raise RuntimeError(
            f"the total norm of order {norm_type} of the gradients is {total}, so they cannot be clipped; "
            "pass error_if_nonfinite=False to scale them nevertheless"
        )
    return make(total)


def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale the gradients in place by ``max_norm / (total_norm + 1e-6)``, unless that is more than 1."""
    gradients = _gradients(_listed(parameters))
    if not gradients:
        return
    arrays = [gradient._array for gradient in gradients]
    with numpy.errstate(all="ignore"):
        xp = namespace_of(type(total_norm._array))
        factor = xp.minimum(float(max_norm) / (total_norm._array + 1e-6), 1)
        if xp is numpy and factor == 1:  # elsewhere, asking would wait for the device
            return
        scale_arrays[type(arrays[0])](arrays, factor)
    for gradient in gradients:
        rebase(gradient, None)


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients together, in place, so that their norm is at most `max_norm`; returns the norm before.

    >>> import tinygrad_i2dl as torch
    >>> w = torch.nn.Parameter(torch.zeros(2))
    >>> w.grad = torch.tensor([3.0, 4.0])
    >>> torch.nn.utils.clip_grad_norm_([w], max_norm=1.0), w.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    generated = isinstance(parameters, types.GeneratorType)
    several = _listed(parameters)
    if generated and not several:
        warnings.warn(
            "clip_grad_norm_: the generator of parameters is empty (used up?): nothing is clipped", stacklevel=2
        )
    total = get_total_norm(_gradients(several), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(several, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Deprecated name of `clip_grad_norm_`."""
    warnings.warn("clip_grad_norm is deprecated: use clip_grad_norm_", FutureWarning, stacklevel=2)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Cut each element of the gradients, in place, to ``[-clip_value, clip_value]``."""
    bound = float(clip_value)
    with no_grad():
        for gradient in _gradients(_listed(parameters)):
            gradient.clamp_(-bound, bound)
