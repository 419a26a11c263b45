"""Window functions of signal processing, and the matrix of a vector's powers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from ..dtypes import int64
from ..tensors import Tensor, numpy_dtype_or_default
from .creation import ones, placed, zeros
from .factorization import vander as increasing_powers
from .layout import strided
from .movement import flip

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "vander"]


def _places(name: str, length: int, periodic: bool, dtype: Any) -> tuple[Any, Any]:
    """0, ..., 1 in `length` steps (without the last one if `periodic`), and the dtype of the result."""
    wanted = numpy_dtype_or_default(dtype)
    if wanted.kind not in "fV":
        raise RuntimeError(f"{name}() needs a floating-point dtype, got {dtype}")
    if length < 0:
        raise RuntimeError(f"{name}() needs a window_length that is not negative, got {length}")
    steps = length if periodic else length - 1
    return numpy.arange(length) / max(steps, 1), wanted


def _cosines(
    name: str, length: int, periodic: bool, weights: Sequence[float], dtype: Any, device: Any, requires_grad: bool
) -> Tensor:
    places, wanted = _places(name, length, periodic, dtype)
    values = sum(weight * numpy.cos(2 * math.pi * order * places) for order, weight in enumerate(weights))
    if length == 1:
        values = numpy.ones(1)
    return placed(numpy.asarray(values).astype(wanted), device, requires_grad)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Hann's window, ``0.5 - 0.5 cos(2 pi n / N)``, with N = `window_length` if `periodic`, else one less.

    >>> import tinygrad_i2dl as torch
    >>> torch.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])

    Raises:
        RuntimeError: a negative length, or a dtype that is not floating-point.
    """
    return _cosines("hann_window", window_length, periodic, (0.5, -0.5), dtype, device, requires_grad)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: Any = None,
    layout: Any = strided, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Hamming's window, ``alpha - beta cos(2 pi n / N)``, with N as for `hann_window`. Raises as that does."""
    return _cosines("hamming_window", window_length, periodic, (alpha, -beta), dtype, device, requires_grad)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Blackman's window, ``0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)``, with N as for `hann_window`. Raises as
    that does."""
    return _cosines("blackman_window", window_length, periodic, (0.42, -0.5, 0.08), dtype, device, requires_grad)


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Bartlett's window, ``1 - abs(2 n / N - 1)``, with N as for `hann_window`. Raises as that does."""
    places, wanted = _places("bartlett_window", window_length, periodic, dtype)
    values = numpy.ones(1) if window_length == 1 else 1 - numpy.abs(2 * places - 1)
    return placed(values.astype(wanted), device, requires_grad)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Matrix of the powers N - 1, ..., 1, 0 of the elements, as rows; with `increasing` 0, 1, ..., N - 1.

    >>> import tinygrad_i2dl as torch
    >>> torch.vander(torch.tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])

    Raises:
        RuntimeError: `x` is no vector, or `N` is negative.
    """
    if x.ndim != 1:
        raise RuntimeError(f"vander() needs a vector, got shape {tuple(x.shape)}")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError(f"vander() needs N that is not negative, got {count}")
    if count < 2:
        dtype = x.dtype if x.is_floating_point() else int64
        make = ones if count else zeros
        return make((x.shape[0], count), dtype=dtype, device=x.device)
    powers: Tensor = increasing_powers(x, count)
    return powers if increasing else flip(powers, (-1,))
