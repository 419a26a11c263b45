"""Matrix products."""

from __future__ import annotations

import itertools
from typing import Any

import numpy

from ..engine.mode import state
from ..errors import DtypeError, ShapeError, UndefinedError
from ..tensors import Operations, Tensor, make
from ._define import as_array, composite, node_of, primitive
from .movement import (
    cast,
    clone,
    numel_of,
    permute,
    reshape_to,
    transpose,
    unsqueeze,
)
from .reduction import sum_over

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "chain_matmul", "dot", "ger", "inner", "matmul", "mm", "mv",
    "outer", "vdot",
]  # fmt: skip


Array = Any
Shape = tuple[int, ...]


def swapped(matrix: Any) -> Any:
    """The transposes of the last two dimensions."""
    return transpose(matrix, -2, -1)


# ---------------------------------------------------------------- products


@primitive("input", "mat2")
def matrix_product(xp: Any, input: Any, mat2: Any) -> Any:
    """Product of matrices, or of stacks of matrices whose leading dimensions broadcast."""
    if input.dtype is not mat2.dtype and input.dtype != mat2.dtype:
        raise DtypeError(
            f"a matrix product needs one dtype, got {input.dtype} and {mat2.dtype}: convert one, as in x.to(y.dtype)"
        )
    if input.shape[-1] != mat2.shape[-2]:
        raise ShapeError(
            f"shapes {tuple(input.shape)} and {tuple(mat2.shape)} cannot be multiplied: the columns of the first "
            f"({input.shape[-1]}) "
            f"must match the rows of the second ({mat2.shape[-2]})"
        )
    if input.dtype.itemsize <= 2:
        if input.dtype.kind in "fV":
            return xp.matmul(input.astype(numpy.float32), mat2.astype(numpy.float32)).astype(input.dtype)
        if input.dtype.kind == "b":
            raise UndefinedError("a matrix product is not defined for bool: convert the tensors first, as in x.float()")
    # `dot` costs half of `matmul` for small matrices, an outer product a seventh.
    if input.ndim == 2 and mat2.ndim == 2:
        return input.dot(mat2)
    return xp.matmul(input, mat2)


matrix_product.op.title = "MmBackward0"
matrix_product.op.title = lambda node: "BmmBackward0" if len(node.shape) == 3 else "MmBackward0"
matrix_product.gradient(
    input=lambda g, mat2: matrix_product(g, swapped(mat2)), mat2=lambda g, input: matrix_product(swapped(input), g)
)


def _ranks(name: str, *wanted: tuple[str, Any, int]) -> None:
    """Raise unless each (name, tensor) has the number of dimensions that follows it."""
    for what, tensor, ndim in wanted:
        if not hasattr(tensor, "ndim"):
            raise TypeError(f"{name}(): {what!r} must be a Tensor, got {type(tensor).__name__}")
        if tensor.ndim != ndim:
            raise ShapeError(f"{name}(): {what} needs {ndim} dimension(s), got shape {tuple(tensor.shape)}")


@composite(method=True)
def mm(input: Any, mat2: Any) -> Any:
    """Product of two matrices ``(n, k)`` and ``(k, m)``.

    Raises:
        RuntimeError: the shapes do not fit, or the dtypes differ.
    """
    _ranks("mm", ("input", input, 2), ("mat2", mat2, 2))
    return matrix_product(input, mat2)


@composite(method=True)
def bmm(input: Any, mat2: Any) -> Any:
    """Products of two stacks ``(b, n, k)`` and ``(b, k, m)`` of as many matrices."""
    _ranks("bmm", ("input", input, 3), ("mat2", mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(f"bmm(): shapes {tuple(input.shape)} and {tuple(mat2.shape)} need the same number of matrices")
    return matrix_product(input, mat2)


@composite(method=True)
def matmul(input: Any, other: Any) -> Any:
    """Matrix product: of vectors, matrices and stacks of matrices, as ``input @ other``.

    A vector counts as a row on the left and as a column on the right, and its dimension is left out of the result;
    leading
    dimensions broadcast.

    Raises:
        RuntimeError: the shapes do not fit, or the dtypes differ.

    >>> import tinygrad_i2dl as torch
    >>> torch.matmul(torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    left, right = input.ndim, other.ndim
    if left > 2 and right == 2:  # one product of matrices instead of a stack of them: faster, also backward
        shape = input.shape
        if shape[-1] == other.shape[0] and 0 not in shape:
            product = matrix_product(reshape_to(input, (-1, shape[-1])), other)
            return reshape_to(product, (*shape[:-1], other.shape[1]))
    if left >= 2 and right >= 2:
        return matrix_product(input, other)
    if left == 0 or right == 0:
        raise RuntimeError(
            f"matmul() needs at least one dimension on both sides, got shapes {tuple(input.shape)} and "
            f"{tuple(other.shape)}"
        )
    if left == 1 and right == 1:
        return reshape_to(matrix_product(unsqueeze(input, 0), unsqueeze(other, 1)), ())
    if left == 1:
        product = matrix_product(unsqueeze(input, 0), other)
        return reshape_to(product, (*product.shape[:-2], product.shape[-1]))
    product = matrix_product(input, unsqueeze(other, 1))
    return reshape_to(product, tuple(product.shape[:-1]))


def _matmul_operator(self: Any, other: Any) -> Any:
    return matmul(self, other) if hasattr(other, "ndim") else NotImplemented


def _matmul_reflected(self: Any, other: Any) -> Any:
    return (
        matmul(make(as_array(other)), self)
        if isinstance(other, numpy.ndarray)
        else matmul(other, self)
        if hasattr(other, "ndim")
        else NotImplemented
    )


for _operator, _function in (("__matmul__", _matmul_operator), ("__rmatmul__", _matmul_reflected)):
    setattr(Operations, _operator, _function)


@composite(method=True)
def mv(input: Any, vec: Any) -> Any:
    """Product of a matrix ``(n, m)`` and a vector ``(m,)``."""
    _ranks("mv", ("input", input, 2), ("vec", vec, 1))
    return matmul(input, vec)


@composite(method=True)
def dot(input: Any, tensor: Any) -> Any:
    """Sum of the products of the elements of two vectors of one size.

    >>> import tinygrad_i2dl as torch
    >>> torch.dot(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    tensor(11.)
    """
    _ranks("dot", ("input", input, 1), ("tensor", tensor, 1))
    return matmul(input, tensor)


@composite(method=True)
def vdot(input: Any, other: Any) -> Any:
    """Sum of the products of the elements of two vectors of one size."""
    _ranks("vdot", ("input", input, 1), ("other", other, 1))
    return matmul(input, other)


@composite(method=True)
def outer(input: Any, vec2: Any) -> Any:
    """Matrix of all products of an element of one vector with one of the other."""
    _ranks("outer", ("input", input, 1), ("vec2", vec2, 1))
    return unsqueeze(input, 1) * vec2


ger = outer


@composite(method=True)
def inner(input: Any, other: Any) -> Any:
    """Sums of products over the last dimensions of both tensors."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            f"inner(): the last dimensions must be equal, got shapes {tuple(input.shape)} and {tuple(other.shape)}"
        )
    size = input.shape[-1]
    rows, columns = numel_of(input.shape[:-1]), numel_of(other.shape[:-1])
    product = matrix_product(reshape_to(input, (rows, size)), swapped(reshape_to(other, (columns, size))))
    return reshape_to(product, (*input.shape[:-1], *other.shape[:-1]))


def _plus(name: str, input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * product``; `input` broadcasts to the product, and does not count if `beta` is 0."""
    shape = tuple(product.shape)
    its = tuple(input.shape)
    if len(its) > len(shape) or any(a not in (1, b) for a, b in zip(reversed(its), reversed(shape), strict=False)):
        raise ShapeError(f"{name}(): input of shape {its} does not broadcast to the product of shape {shape}")
    if input.dtype != product.dtype:
        raise DtypeError(f"{name}(): input and product need one dtype, got {input.dtype} and {product.dtype}")
    if product._array.dtype.kind in "iu":
        alpha, beta = int(alpha), int(beta)  # PyTorch cuts them to integers
    if not _is_one(alpha):
        product = product * alpha
    if beta == 0:
        return product
    return (input if _is_one(beta) else input * beta) + product


def _is_one(factor: Any) -> bool:
    return isinstance(factor, (int, float)) and factor == 1


@composite(method=True, inplace=True)
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * (mat1 @ mat2)`` of matrices; `input` broadcasts."""
    return _plus("addmm", input, mm(mat1, mat2), beta, alpha)


@composite(method=True, inplace=True)
def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * (mat @ vec)``; `input` broadcasts."""
    return _plus("addmv", input, mv(mat, vec), beta, alpha)


@composite(method=True, inplace=True)
def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * outer(vec1, vec2)``; `input` broadcasts."""
    product = outer(vec1, vec2)
    wide = input
    if input.dtype != product.dtype:
        common = (input * 0 + product * 0)._array.dtype if not isinstance(input, numpy.ndarray) else product.dtype
        wide, product = cast(input, common), cast(product, common)
    if product._array.dtype.kind == "b":
        scaled = product if alpha else product ^ product
        return scaled | wide if beta else scaled
    return _plus("addr", wide, product, beta, alpha)


@composite(method=True, inplace=True)
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * bmm(batch1, batch2)``; `input` broadcasts."""
    return _plus("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@composite(method=True)
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input`` plus `alpha` times the sum of all products of two stacks of matrices."""
    _ranks("addbmm", ("batch1", batch1, 3), ("batch2", batch2, 3))
    count, rows, size = batch1.shape
    if batch2.shape[0] != count or batch2.shape[1] != size:
        raise ShapeError(
            f"addbmm(): stacks of shapes {tuple(batch1.shape)} and {tuple(batch2.shape)} cannot be multiplied"
        )
    # the sum over the stack is one longer sum inside one product
    wide, tall = (
        reshape_to(permute(batch1, (1, 0, 2)), (rows, count * size)),
        reshape_to(batch2, (count * size, batch2.shape[2])),
    )
    total = matrix_product(wide, tall)
    return _plus("addbmm", input, total, beta, alpha)


@composite
def chain_matmul(*matrices: Any) -> Any:
    """Product of several matrices, in the order that needs the fewest multiplications."""
    return multi_dot(
        list(matrices[0]) if len(matrices) == 1 and isinstance(matrices[0], (tuple, list)) else list(matrices)
    )


@composite
def multi_dot(tensors: Any) -> Any:
    """Product of several matrices in the cheapest order; the first and the last may be vectors.

    The order is found by dynamic programming (Cormen et al., "Introduction to Algorithms", section 15.2).
    """
    tensors = list(tensors)
    if len(tensors) < 2 and not (tensors and tensors[0].ndim == 2):
        raise RuntimeError(f"multi_dot() needs at least two tensors, got {len(tensors)}")
    if len(tensors) == 1:
        return tensors[0]
    for place, tensor in enumerate(tensors):
        if tensor.ndim != 2 and not (tensor.ndim == 1 and place in (0, len(tensors) - 1)):
            raise RuntimeError(
                f"multi_dot(): tensor {place} must be a matrix (the first and last may be vectors), got "
                f"{tensor.ndim} dimensions"
            )
        if tensor.dtype != tensors[0].dtype:
            raise RuntimeError(f"multi_dot() needs tensors of one dtype, got {tensors[0].dtype} and {tensor.dtype}")
    row, column = tensors[0].ndim == 1, tensors[-1].ndim == 1
    if row:
        tensors[0] = unsqueeze(tensors[0], 0)
    if column:
        tensors[-1] = unsqueeze(tensors[-1], 1)
    for a, b in itertools.pairwise(tensors):
        if a.shape[1] != b.shape[0]:
            raise RuntimeError(f"multi_dot(): shapes {tuple(a.shape)} and {tuple(b.shape)} cannot be multiplied")
    sizes = [tensors[0].shape[0]] + [tensor.shape[1] for tensor in tensors]
    count = len(tensors)
    cost = {(i, i): (0, i) for i in range(count)}
    for length in range(2, count + 1):
        for start in range(count - length + 1):
            end = start + length - 1
            cost[start, end] = min(
                (cost[start, cut][0] + cost[cut + 1, end][0] + sizes[start] * sizes[cut + 1] * sizes[end + 1], cut)
                for cut in range(start, end)
            )

    def product(start: int, end: int) -> Any:
        if start == end:
            return tensors[start]
        cut = cost[start, end][1]
        return matrix_product(product(start, cut), product(cut + 1, end))

    result = product(0, count - 1)
    shape = tuple(result.shape)
    return reshape_to(result, shape[1 if row else 0 : 1 if column else 2]) if row or column else result


@primitive("input", "weight", "bias")
def linear(xp: Any, input: Any, weight: Any, bias: Any = None) -> Any:
    """Affine map ``input @ weight.T + bias`` of the last dimension.

    Args:
        input: ``(..., in_features)``.
        weight: ``(out_features, in_features)``, or ``(in_features,)``.
        bias: ``(out_features,)`` or None.

    Raises:
        RuntimeError: the shapes do not fit, or the dtypes differ.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.functional.linear(torch.ones(2, 3), torch.ones(1, 3), torch.ones(1))
    tensor([[4.],
            [4.]])
    """
    dtype = input.dtype
    if weight.dtype is not dtype and weight.dtype != dtype:
        raise DtypeError(
            f"linear(): input and weight need one dtype, got {dtype} and {weight.dtype}: convert one, as in "
            "x.to(w.dtype)"
        )
    if dtype.itemsize <= 2 and dtype.kind in "fV":
        wide = None if bias is None else bias.astype(numpy.float32)
        return linear_of(xp, input.astype(numpy.float32), weight.astype(numpy.float32), wide).astype(dtype)
    return linear_of(xp, input, weight, bias)


def linear_of(xp: Any, input: Array, weight: Array, bias: Array | None) -> Array:
    """`linear` in the dtype of the arrays."""
    try:
        if input.ndim == 2:  # mostly; `dot` costs half of `matmul` for small matrices
            if 5 <= input.shape[0] <= 128 and weight.size >= 8192 and type(input) is numpy.ndarray:
                # OpenBLAS takes up to twice as long for the product of a few rows with a transpose as for the transpose
                # of that product, which is put in order while the bias is added
                turned = weight.dot(input.T).T
                return numpy.add(turned, bias, order="C") if bias is not None else numpy.ascontiguousarray(turned)
            result = input.dot(weight.T)
        elif input.ndim > 2 and weight.ndim == 2:  # one product of matrices instead of a stack of them
            result = input.reshape(-1, input.shape[-1]).dot(weight.T).reshape(*input.shape[:-1], weight.shape[0])
        else:
            result = xp.matmul(input, weight.T)
        if bias is not None:
            if type(result) is numpy.ndarray and bias.ndim <= result.ndim:
                result += bias
            else:
                result = result + bias
        return result
    except ValueError as error:
        raise ShapeError(
            f"linear(): input of shape {tuple(input.shape)}, weight {tuple(weight.shape)} (out_features, in_features)"
            f"{'' if bias is None else f' and bias {tuple(bias.shape)}'} do not fit: the last dimension of input "
            "must be in_features"
        ) from error


def linear_gradients(xp: Any, g: Any, input: Any, weight: Any, needs: tuple[bool, ...]) -> tuple[Any, Any, Any]:
    """`linear_backward` of arrays, in as few calls as there are results."""
    if input.ndim != 2 or weight.ndim != 2 or g.dtype.itemsize <= 2:
        return linear_gradients_composed(g, input, weight, needs)
    return (
        g.dot(weight) if needs[0] else None,
        g.T.dot(input) if needs[1] else None,
        (sum_over(g, (0,), False) if g.size > 1024 else xp.add.reduce(g, 0)) if needs[2] else None,
    )


def linear_gradients_composed(g: Any, input: Any, weight: Any, needs: tuple[bool, ...]) -> tuple[Any, Any, Any]:
    """`linear_backward` of other operations."""
    if weight.ndim == 1 or input.ndim == 1:  # rare: as the products that it is
        rows = reshape_to(input, (-1, input.shape[-1])) if input.ndim != 2 else input
        matrix = weight if weight.ndim == 2 else reshape_to(weight, (1, -1))
        columns = reshape_to(g, (rows.shape[0], matrix.shape[0]))
        return (
            reshape_to(matrix_product(columns, matrix), tuple(input.shape)) if needs[0] else None,
            reshape_to(matrix_product(swapped(columns), rows), tuple(weight.shape)) if needs[1] else None,
            (sum_over(columns, (0,), False) if weight.ndim == 2 else sum_over(columns, (0, 1), False))
            if needs[2]
            else None,
        )
    rows, columns = input, g
    if g.ndim > 2:
        rows, columns = (
            reshape_to(input, (numel_of(input.shape[:-1]), input.shape[-1])),
            reshape_to(g, (numel_of(g.shape[:-1]), g.shape[-1])),
        )
    of_input = matrix_product(columns, weight) if needs[0] else None
    return (
        reshape_to(of_input, tuple(input.shape)) if needs[0] and g.ndim > 2 else of_input,
        matrix_product(swapped(columns), rows) if needs[1] else None,
        sum_over(columns, (0,), False) if needs[2] else None,
    )


@composite(fused=linear_gradients)
def linear_backward(g: Any, input: Any, weight: Any, needs: tuple[bool, ...]) -> tuple[Any, Any, Any]:
    """Gradients of `linear` for its input, weight and bias; None for those that `needs` does not ask for."""
    return linear_gradients_composed(g, input, weight, needs)


def _linear_title(node: Any) -> str:
    """PyTorch's names: a product of matrices, or, of other inputs, the view that gives it their shape."""
    biased = node.parents[2] is not None
    if len(node.shape) == 2:
        return "AddmmBackward0" if biased else "MmBackward0"
    return "ViewBackward0" if biased else "UnsafeViewBackward0"


linear.op.title = _linear_title


@linear.gradient
def _(g: Any, needs: tuple[bool, ...], input: Any, weight: Any) -> Any:
    return linear_backward(g, input, weight, needs)


def _addbmm_(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`addbmm` in place; a tensor that broadcasts gets the shape of the result, as in PyTorch."""
    recorded = state.recording and node_of(self) is not None
    result = addbmm(clone(self) if recorded else self, batch1, batch2, beta=beta, alpha=alpha)
    if result._array.shape != self._array.shape:
        self.resize_(result._array.shape)
    return self.copy_(result)


Operations.addbmm_ = _addbmm_
Operations.ger = outer
