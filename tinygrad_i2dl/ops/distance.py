"""Distances, similarities and vectors of unit length."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ._define import composite, primitive
from .embedding import take_rows
from .movement import expand_view, reshape_to, wrap_dim, wrap_dims
from .placement import beside
from .pointwise import clamp_min
from .precision import half_as_single
from .reduction import amax, sum_over

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]

Array = Any


@primitive("input")
@half_as_single
def euclidean_length(xp: Any, input: Array, dims: tuple[int, ...]) -> Array:
    """Root of the sum of squares over `dims`, which are kept with size 1; the derivative of zero length is zero."""
    return xp.sqrt((input * input).sum(axis=dims, keepdims=True))


euclidean_length.gradient(lambda g, input, out: input * (g / (out + (out == 0))))


def length(input: Any, p: float, dims: tuple[int, ...]) -> Any:
    """p-norm over `dims`, which are kept with size 1."""
    if p == 2:
        return euclidean_length(input, dims)
    magnitude = abs(input)
    if p == math.inf:
        return amax(magnitude, dims, True)
    if p == -math.inf:
        return -amax(-magnitude, dims, True)
    if p == 0:
        return sum_over((input != 0) * (input * 0 + 1), dims, True)
    if p == 1:
        return sum_over(magnitude, dims, True)
    return sum_over(magnitude**p, dims, True) ** (1.0 / p)


@composite
def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Any:
    """Vectors along `dim` divided by their p-norm, or by `eps` where that is smaller.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    dims = wrap_dims(dim, input.ndim)
    return input / clamp_min(length(input, p, dims), eps)


@composite
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Cosine of the angle between the vectors of `x1` and `x2` along `dim`: ``x1 . x2 / (max(|x1|, eps) max(|x2|,
    eps))``.

    >>> import tinygrad_i2dl as torch
    >>> torch.cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    product = x1 * x2
    dims = (wrap_dim(dim, product.ndim),) if product.ndim else ()
    shape = tuple(product.shape)
    x1, x2 = (each if tuple(each.shape) == shape else expand_view(each, shape) for each in (x1, x2))
    scale = [clamp_min(length(each, 2, dims), eps) for each in (x1, x2)]
    return sum_over((x1 / scale[0]) * (x2 / scale[1]), dims, False)


@composite
def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """p-norm of ``x1 - x2 + eps`` along the last dimension.

    >>> import tinygrad_i2dl as torch
    >>> torch.pairwise_distance(torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0]]))
    tensor([5.])
    """
    difference = x1 - x2 + eps
    result = length(difference, p, (difference.ndim - 1,))
    return result if keepdim else reshape_to(result, tuple(difference.shape[:-1]))


@composite
def pdist(input: Any, p: float = 2.0) -> Any:
    """p-norms of the differences of all pairs of rows ``i < j`` of a matrix, in the order of the pairs.

    Raises:
        RuntimeError: `input` is not a matrix, or `p` is negative.
    """
    if input.ndim != 2:
        raise RuntimeError(f"pdist() expected a matrix, got shape {tuple(input.shape)}")
    if p < 0:
        raise RuntimeError(f"pdist() expected p >= 0, got {p}")
    first, second = [beside(each, input._array) for each in numpy.triu_indices(input.shape[0], 1)]
    difference = take_rows(input, first) - take_rows(input, second)
    if not input.shape[1]:
        return sum_over(difference, (1,), False)
    return reshape_to(length(difference, p, (1,)), (len(first),))
