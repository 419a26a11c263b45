"""Norms of vectors and matrices, distances between points."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..dtypes import to_numpy_dtype
from ..tensors import make
from ._define import composite
from .factorization import LinAlgError, check_square, inv, svdvals
from .movement import (
    cast,
    narrow_view,
    permute,
    reshape_to,
    unsqueeze,
    wrap_dim,
    wrap_dims,
)
from .placement import beside
from .reduction import amax_over, amin_over, norm_over, sum_over

__all__ = [
    "cdist", "frobenius_norm", "norm",
]  # fmt: skip


Array = Any
Shape = tuple[int, ...]


# ---------------------------------------------------------------- norms and distances


@composite
def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """``(sum |x| ** ord) ** (1 / ord)`` over `dim`, or over all elements.

    `ord` may be infinite (largest or smallest magnitude) or 0 (number of elements that are not zero).
    """
    if not isinstance(ord, (int, float)):
        raise RuntimeError(f"vector_norm(): ord is a number, got {ord!r}")
    x = _as_floats("linalg.vector_norm", x, dtype)
    dims = wrap_dims(dim, x.ndim)
    if ord < 0 or ord == math.inf:
        for axis in dims:
            if x.shape[axis] == 0:
                raise RuntimeError(f"linalg.vector_norm(): ord={ord} over dimension {axis} of size 0 has no value")
    return norm_over(x, float(ord), dims, keepdim)


def _as_floats(name: str, x: Any, dtype: Any = None) -> Any:
    array = x._array
    if dtype is not None:
        wanted = to_numpy_dtype(dtype)
        if wanted.kind in "iub":
            raise RuntimeError(f"{name}(): dtype must be a floating-point one, got {dtype}")
        if array.dtype.kind not in "iub" and wanted.itemsize < array.dtype.itemsize:
            raise RuntimeError(f"{name}(): dtype {dtype} is narrower than that of the tensor, {x.dtype}")
        return cast(x, wanted)
    if array.dtype.kind in "iub":
        raise RuntimeError(f"{name}() needs floating-point elements, got {x.dtype}: convert with .float()")
    return x


@composite
def matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Norm of matrices.

    `ord` is ``"fro"``, ``"nuc"`` (sum of the singular values), 2 or -2 (the largest or smallest of them), 1 or -1 (the
    largest or smallest sum of magnitudes of a column), infinity or its negative (of a row).
    """
    A = _as_floats("linalg.matrix_norm", A, dtype)
    if A.ndim < 2:
        raise RuntimeError(f"linalg.matrix_norm() needs at least two dimensions, got {A.ndim}")
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm(): dim must be two dimensions, got {dim!r}")
    rows, columns = wrap_dim(dim[0], A.ndim), wrap_dim(dim[1], A.ndim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm(): the two dimensions must differ, got {tuple(dim)}")
    if ord == "fro":
        return norm_over(A, 2.0, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        order = [axis for axis in range(A.ndim) if axis not in (rows, columns)] + [rows, columns]
        values = svdvals(permute(A, order))
        last = (values.ndim - 1,)
        if ord == "nuc":
            result = sum_over(values, last, False)
        else:
            result = (amax_over if ord == 2 else amin_over)(values, last, False)
        if keepdim:
            result = reshape_to(
                result, tuple([1 if axis in (rows, columns) else size for axis, size in enumerate(A.shape)])
            )
        return result
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm(): ord is 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2, got {ord!r}")
    summed, left = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = norm_over(A, 1.0, (summed,), True)
    empty = ord > 0 and not A.shape[left]
    result = sum_over(sums, (left,), True) if empty else (amax_over if ord > 0 else amin_over)(sums, (left,), True)
    return (
        result
        if keepdim
        else reshape_to(result, tuple([size for axis, size in enumerate(A.shape) if axis not in (rows, columns)]))
    )


@composite
def norm_of(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Vector or matrix norm: a matrix norm if `ord` is given and `dim` names two dimensions (or the tensor has two)."""
    if ord is not None and ((dim is None and A.ndim == 2) or (isinstance(dim, (tuple, list)) and len(dim) == 2)):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(
            f"linalg.norm(): ord={ord!r} is a norm of matrices, but the tensor has {A.ndim} dimensions and dim={dim}"
        )
    if ord is not None and dim is None and A.ndim > 2:
        raise RuntimeError(f"linalg.norm(): with ord the tensor needs one or two dimensions, got {A.ndim}: pass dim=")
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


@composite(method=True)
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """Norm of a tensor taken as a vector, over `dim` or all of it: ``(sum |x| ** p) ** (1 / p)``.

    ``p="nuc"`` is the sum of the singular values of matrices.

    >>> import tinygrad_i2dl as torch
    >>> torch.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if p == "nuc":
        if dim is None and input.ndim != 2:
            raise RuntimeError(f"norm(p='nuc') needs a matrix or two dims, got shape {tuple(input.shape)}")
        return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm(): p is a number, 'fro' or 'nuc', got {p!r}")
    input = _as_floats("norm", input, dtype)
    return norm_over(input, 2.0 if p is None or p == "fro" else float(p), wrap_dims(dim, input.ndim), keepdim)


@composite
def frobenius_norm(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Square root of the sum of squares over `dim`."""
    return norm_over(input, 2.0, wrap_dims(dim, input.ndim), keepdim)


@composite
def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Any:
    """Distances, in the `p`-norm, of each row of `x1` to each row of `x2`.

    Args:
        x1: ``(..., n, d)``.
        x2: ``(..., m, d)``.
        p: order of the norm, at least 0.
        compute_mode: accepted for compatibility: distances are always computed from differences.
    """
    if x1.ndim < 2 or x2.ndim < 2:
        raise RuntimeError(
            f"cdist() needs at least two dimensions in both, got shapes {tuple(x1.shape)} and {tuple(x2.shape)}"
        )
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"cdist() needs points of as many coordinates, got {x1.shape[-1]} and {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError(f"cdist() needs p >= 0, got {p}")
    for each in (x1, x2):
        if each._array.dtype.kind in "iub":
            raise RuntimeError(f"cdist() needs floating-point elements, got {each.dtype}")
    difference = unsqueeze(x1, -2) - unsqueeze(x2, -3)
    return distance_norm(difference, float(p))


def distance_norm(difference: Any, p: float) -> Any:
    """Norm of differences over the last dimension; 0 over none."""
    if not difference.shape[-1]:
        return sum_over(difference, (difference.ndim - 1,), False)
    return norm_over(difference, p, (difference.ndim - 1,), False)


@composite
def pdist(input: Any, p: float = 2.0) -> Any:
    """Distances, in the `p`-norm, of each row to each later row, as a vector."""
    if input.ndim != 2:
        raise RuntimeError(f"pdist() needs a matrix of points as rows, got shape {tuple(input.shape)}")
    if p < 0:
        raise RuntimeError(f"pdist() needs p >= 0, got {p}")
    first, second = [make(beside(each, input._array)) for each in numpy.triu_indices(input.shape[0], 1)]
    return distance_norm(input[first] - input[second], float(p))


@composite
def cond(A: Any, p: Any = None) -> Any:
    """Condition numbers: largest by smallest singular value, or for other `p` the norm times that of the inverse."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.cond() needs at least two dimensions, got {A.ndim}")
    if 0 in A.shape[-2:]:
        return make(namespace_of(type(A._array)).zeros(A.shape[:-2], A._array.dtype))
    if p is None or p in (2, -2):
        values = svdvals(A)
        last = values.ndim - 1
        first, end = (
            narrow_view(values, last, 0, 1),
            narrow_view(values, last, values.shape[last] - 1, values.shape[last]),
        )
        ratio = end / first if p == -2 else first / end
        return reshape_to(ratio, tuple(values.shape[:-1]))
    check_square("linalg.cond", A)
    try:
        return matrix_norm(A, p) * matrix_norm(inv(A), p)
    except LinAlgError:
        return matrix_norm(A, p) * math.inf
