"""Dropout: random elements, or whole channels, set to zero while a network trains.

The masks are those of PyTorch's CPU device for the same seed.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy

from ..tensors import Tensor, make
from ._define import composite
from .activation import refuse_integers
from .device_random import generator_beside
from .movement import reshape_to
from .placement import beside

__all__ = [
    "alpha_dropout", "alpha_dropout_", "dropout", "dropout_", "feature_alpha_dropout", "feature_alpha_dropout_",
    "feature_dropout", "feature_dropout_",
]  # fmt: skip

Array = Any
_ALPHA = 1.7580993408473766  # minus the value that selu tends to (G. Klambauer et al., 2017)


def _mask(array: Array, p: float) -> Array:
    """Ones with probability ``1 - p``, else zeros, like `array`; drawn in the order of its elements in memory."""
    shape, ndim = array.shape, array.ndim
    if ndim < 2 or array.flags.c_contiguous:
        return generator_beside(array).bernoulli(1 - p, shape, array.dtype)
    order = sorted(range(ndim), key=lambda axis: -array.strides[axis])
    drawn = generator_beside(array).bernoulli(1 - p, tuple(shape[axis] for axis in order), array.dtype)
    return drawn.transpose([order.index(axis) for axis in range(ndim)])


def _noise(input: Any, p: float, features: bool) -> Array:
    array = input._array
    if not features:
        return _mask(array, p)
    if array.ndim < 2:
        raise RuntimeError(
            f"dropout of features expected an input of at least 2 dimensions (N, C, *), got {tuple(array.shape)}"
        )
    shape = array.shape[:2] + (1,) * (array.ndim - 2)
    return generator_beside(array).bernoulli(1 - p, shape, array.dtype)


def _check_probability(name: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{name}() expected a probability p between 0 and 1, got {p}")


def _drop(name: str, input: Any, p: float, training: bool, inplace: bool, features: bool) -> Any:
    """The input times the mask, scaled up so that the expectation stays."""
    _check_probability(name, p)
    if not training or p == 0 or not input._array.size:
        return input
    refuse_integers(name, input._array)
    if p == 1:
        noise = beside(numpy.zeros((), dtype=input._array.dtype), input._array)
    else:
        noise = _noise(input, p, features)
        noise *= noise.dtype.type(1) / noise.dtype.type(1 - p)
    return input.mul_(make(noise)) if inplace else input * make(noise)


def _drop_to_saturation(name: str, input: Any, p: float, training: bool, inplace: bool, features: bool) -> Any:
    """Dropped elements take selu's negative saturation; an affine map then restores mean 0 and variance 1."""
    _check_probability(name, p)
    if not training or p == 0 or not input._array.size:
        return input
    refuse_integers(name, input._array)
    if p == 1:
        zero = make(beside(numpy.zeros((), dtype=input._array.dtype), input._array))
        return input.mul_(zero) if inplace else input * zero
    noise = _noise(input, p, features)
    a = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    shift = make(((noise - 1) * (_ALPHA * a) + _ALPHA * a * p).astype(noise.dtype, copy=False))
    scale = make((noise * a).astype(noise.dtype, copy=False))
    return input.mul_(scale).add_(shift) if inplace else input * scale + shift


@composite
def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Elements set to zero with probability `p`, the others divided by ``1 - p`` (N. Srivastava et al., 2014).

    Outside of `training` the input itself is returned.

    Raises:
        ValueError: `p` is outside [0, 1].

    >>> import tinygrad_i2dl as torch
    >>> seed = torch.manual_seed(0)
    >>> torch.dropout(torch.ones(6), 0.5, True)
    tensor([0., 0., 2., 0., 0., 0.])
    """
    return _drop("dropout", input, p, training, inplace, False)


@composite
def feature_dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels of ``(N, C, *)``."""
    return _drop("feature_dropout", input, p, training, inplace, True)


@composite
def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout that keeps mean 0 and variance 1 of what `selu` gives (G. Klambauer et al., 2017)."""
    return _drop_to_saturation("alpha_dropout", input, p, training, inplace, False)


@composite
def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """`alpha_dropout` of whole channels of ``(N, C, *)``."""
    return _drop_to_saturation("feature_alpha_dropout", input, p, training, inplace, True)


@composite
def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels of ``(N, C, L)`` or ``(C, L)``.

    Raises:
        RuntimeError: `input` has another number of dimensions.
    """
    _check_probability("dropout1d", p)
    if input.ndim not in (2, 3):
        raise RuntimeError(f"dropout1d() expected an input of shape (N, C, L) or (C, L), got {tuple(input.shape)}")
    return _channels(input, p, training, inplace, input.ndim == 2)


@composite
def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels of ``(N, C, H, W)``; three dimensions are read as ``(N, C, L)``, as in PyTorch."""
    _check_probability("dropout2d", p)
    if input.ndim not in (3, 4):
        _warn_of_dimensions("dropout2d", input, "(N, C, H, W)")
    if input.ndim == 3:
        warnings.warn(
            f"dropout2d() reads an input of three dimensions, {tuple(input.shape)}, as (N, C, L): use dropout1d for "
            "that, or add the missing dimension",
            stacklevel=3,
        )
    return _drop("dropout2d", input, p, training, inplace, True)


@composite
def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels of ``(N, C, D, H, W)`` or ``(C, D, H, W)``."""
    _check_probability("dropout3d", p)
    if input.ndim not in (4, 5):
        _warn_of_dimensions("dropout3d", input, "(N, C, D, H, W)")
    return _channels(input, p, training, inplace, input.ndim == 4)


def _warn_of_dimensions(name: str, input: Any, expected: str) -> None:
    warnings.warn(f"{name}() expected an input of shape {expected}, got {tuple(input.shape)}", stacklevel=4)


def _channels(input: Any, p: float, training: bool, inplace: bool, single: bool) -> Any:
    batch = reshape_to(input, (1, *input.shape)) if single else input
    result = _drop("dropout of channels", batch, p, training, inplace, True)
    return input if inplace else reshape_to(result, tuple(input.shape)) if single else result


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout` in place."""
    result: Tensor = dropout(input, p, train, True)
    return result


def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_dropout` in place."""
    result: Tensor = feature_dropout(input, p, train, True)
    return result


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`alpha_dropout` in place."""
    result: Tensor = alpha_dropout(input, p, train, True)
    return result


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_alpha_dropout` in place."""
    result: Tensor = feature_alpha_dropout(input, p, train, True)
    return result
