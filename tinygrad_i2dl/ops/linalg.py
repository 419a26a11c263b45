"""Matrix products and linear algebra."""

from __future__ import annotations

from typing import Any

from ..tensors import Operations
from ._define import composite, primitive
from .movement import reshape_to, transpose, unsqueeze
from .reduction import sum_over

__all__ = ["matmul", "mm"]


def swapped(matrix: Any) -> Any:
    """The transposes of the last two dimensions."""
    return transpose(matrix, -2, -1)


@primitive("input", "mat2", method=True)
def mm(xp: Any, input: Any, mat2: Any) -> Any:
    """Product of matrices, or of stacks of matrices whose leading dimensions broadcast."""
    return xp.matmul(input, mat2)


mm.gradient(input=lambda g, mat2: mm(g, swapped(mat2)), mat2=lambda g, input: mm(swapped(input), g))


@composite(method=True)
def matmul(input: Any, other: Any) -> Any:
    """Matrix product: of vectors, matrices and stacks of matrices, as ``input @ other``.

    >>> import tinygrad_i2dl as torch
    >>> torch.matmul(torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    if input.ndim >= 2 and other.ndim >= 2:
        return mm(input, other)
    if input.ndim == 0 or other.ndim == 0:
        raise RuntimeError(f"matmul() needs at least one dimension on both sides, got {input.ndim} and {other.ndim}")
    if input.ndim == 1 and other.ndim == 1:
        return reshape_to(mm(unsqueeze(input, 0), unsqueeze(other, 1)), ())
    if input.ndim == 1:
        product = mm(unsqueeze(input, 0), other)
        return reshape_to(product, (*product.shape[:-2], product.shape[-1]))
    product = mm(input, unsqueeze(other, 1))
    return reshape_to(product, tuple(product.shape[:-1]))


def _matmul_operator(self: Any, other: Any) -> Any:
    return matmul(self, other) if hasattr(other, "ndim") else NotImplemented


Operations.__matmul__ = _matmul_operator  # type: ignore[attr-defined]
Operations.__rmatmul__ = lambda self, other: matmul(other, self)  # type: ignore[attr-defined]


@primitive("input", "weight", "bias")
def linear(xp: Any, input: Any, weight: Any, bias: Any = None) -> Any:
    """Affine map ``input @ weight.T + bias`` of the last dimension.

    Args:
        input: ``(..., in_features)``.
        weight: ``(out_features, in_features)``, or ``(in_features,)``.
        bias: ``(out_features,)`` or None.
    """
    if input.ndim > 2 and weight.ndim == 2:  # one product of matrices instead of a stack of them
        result = xp.matmul(input.reshape(-1, input.shape[-1]), weight.T).reshape(*input.shape[:-1], weight.shape[0])
    else:
        result = xp.matmul(input, weight.T)
    if bias is not None:
        result += bias
    return result


@linear.gradient
def _(g: Any, needs: tuple[bool, ...], input: Any, weight: Any) -> Any:
    if weight.ndim == 1 or input.ndim == 1:  # rare: as the products that it is
        rows = reshape_to(input, (-1, input.shape[-1])) if input.ndim != 2 else input
        columns = reshape_to(g, (rows.shape[0], -1))
        matrix = weight if weight.ndim == 2 else reshape_to(weight, (1, -1))
        return (
            reshape_to(mm(columns, matrix), tuple(input.shape)) if needs[0] else None,
            reshape_to(mm(swapped(columns), rows), tuple(weight.shape)) if needs[1] else None,
            (sum_over(columns, (0,), False) if weight.ndim == 2 else sum_over(columns, (0, 1), False)) if needs[2] else None,
        )
    rows, columns = input, g
    if g.ndim > 2:
        rows, columns = reshape_to(input, (-1, input.shape[-1])), reshape_to(g, (-1, g.shape[-1]))
    of_input = mm(columns, weight) if needs[0] else None
    return (
        reshape_to(of_input, tuple(input.shape)) if needs[0] and g.ndim > 2 else of_input,
        mm(swapped(columns), rows) if needs[1] else None,
        sum_over(columns, (0,), False) if needs[2] else None,
    )
