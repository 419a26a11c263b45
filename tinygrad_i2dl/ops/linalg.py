"""Matrix products and linear algebra.

Gradients of the factorisations follow Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic
differentiation" (2008), and Townsend, "Differentiating the singular value decomposition" (2016).
"""

from __future__ import annotations

import itertools
import math
import string
from typing import Any

import numpy

from ..dtypes import to_numpy_dtype
from ..engine.mode import state
from ..errors import DtypeError, ShapeError
from ..tensors import Operations, Tensor, make
from ._define import as_array, composite, node_of, primitive
from .comparison import choose
from .movement import (
    cast,
    cat,
    clone,
    diag_embed,
    diagonal,
    expand_view,
    narrow_view,
    numel_of,
    permute,
    reshape_to,
    stack,
    transpose,
    tril,
    triu,
    unsqueeze,
    wrap_dim,
    wrap_dims,
)
from .reduction import amax_over, amin_over, named_result, norm_over, sum_over

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "cdist", "chain_matmul", "cholesky", "cholesky_inverse",
    "cholesky_solve", "cross", "det", "dot", "einsum", "frobenius_norm", "ger", "inner", "inverse", "kron", "logdet",
    "matmul", "matrix_exp", "matrix_power", "mm", "mv", "norm", "outer", "pinverse", "qr", "slogdet", "svd",
    "tensordot", "trace", "triangular_solve", "vdot",
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
            raise DtypeError("a matrix product is not defined for bool: convert the tensors first, as in x.float()")
    return xp.matmul(input, mat2)


matrix_product.op.title = "MmBackward0"
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
    if left >= 2 and right == 2 and left > 2 and not isinstance(input, Tensor):
        return matrix_product(input, other)
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
        if input.ndim > 2 and weight.ndim == 2:  # one product of matrices instead of a stack of them
            result = xp.matmul(input.reshape(-1, input.shape[-1]), weight.T).reshape(*input.shape[:-1], weight.shape[0])
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


@linear.gradient
def _(g: Any, needs: tuple[bool, ...], input: Any, weight: Any) -> Any:
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


# ---------------------------------------------------------------- sums of products by subscripts


_LETTERS = string.ascii_uppercase + string.ascii_lowercase


@composite
def einsum(equation: Any, *operands: Any) -> Any:
    """Sum of products of tensors by Einstein's convention: ``"ij,jk->ik"`` is the matrix product.

    Letters name dimensions; letters missing in the output are summed over; a letter twice in one operand takes the
    diagonal; ``...``
    stands for dimensions that broadcast. Without ``->`` the output has the letters that occur once, in alphabetical
    order.

    Raises:
        RuntimeError: the equation does not fit the tensors.

    >>> import tinygrad_i2dl as torch
    >>> torch.einsum("bi,bi->b", torch.ones(2, 3), torch.ones(2, 3))
    tensor([3., 3.])
    """
    if not isinstance(equation, str):
        equation, operands = _from_sublists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    tensors, subscripts, output, sizes = _parsed(equation, operands)
    terms = [_without_repeats(tensor, letters) for tensor, letters in zip(tensors, subscripts, strict=True)]
    result, letters = terms[0]
    while len(terms) > 1:
        (left, a), (right, b) = terms[0], terms[1]
        later = set(output).union(*[set(letters) for _, letters in terms[2:]])
        terms = [_contracted(left, a, right, b, later), *terms[2:]]
        result, letters = terms[0]
    gone = tuple([place for place, letter in enumerate(letters) if letter not in output])
    if gone:
        result = sum_over(result, gone, False)
        letters = [letter for letter in letters if letter in output]
    if letters != output:
        result = permute(result, [letters.index(letter) for letter in output])
    shape = tuple([sizes[letter] for letter in output])
    return result if tuple(result.shape) == shape else expand_view(result, shape)


def _from_sublists(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The other calling form: tensor, list of numbers, tensor, list, ..., and perhaps the list of the output."""

    def letters(numbers: Any) -> str:
        return "".join(["..." if number is Ellipsis else _LETTERS[number] for number in numbers])

    pairs = len(arguments) // 2
    equation = ",".join([letters(arguments[2 * i + 1]) for i in range(pairs)])
    if len(arguments) % 2:
        equation += "->" + letters(arguments[-1])
    return equation, arguments[: 2 * pairs : 2]


def _parsed(equation: str, operands: tuple[Any, ...]) -> tuple[list[Any], list[list[Any]], list[Any], dict[Any, int]]:
    """Operands, the names of their dimensions and of the output's, and each name's size; ``...`` becomes numbers."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands) or not operands:
        raise RuntimeError(f"einsum(): {equation!r} names {len(inputs)} tensors, got {len(operands)}")
    sizes: dict[Any, int] = {}
    subscripts, widest = [], 0
    for text, tensor in zip(inputs, operands, strict=True):
        before, dots, after = text.partition("...")
        if not (before + after).isalpha() and before + after:
            raise RuntimeError(f"einsum(): {text!r} in {equation!r} is not made of letters and one '...'")
        extra = tensor.ndim - len(before) - len(after)
        if extra < 0 or (extra and not dots):
            raise RuntimeError(
                f"einsum(): {text!r} in {equation!r} does not fit a tensor of shape {tuple(tensor.shape)}"
            )
        names: list[Any] = [*before, *range(extra, 0, -1), *after]
        widest = max(widest, extra if dots else 0)
        for name, size in zip(names, tensor.shape, strict=True):
            if sizes.get(name, 1) == 1:
                sizes[name] = size
            elif size not in (1, sizes[name]):
                raise RuntimeError(
                    f"einsum(): {name!r} in {equation!r} has sizes {sizes[name]} and {size}, which do not broadcast"
                )
        subscripts.append(names)
    rest = list(range(widest, 0, -1))
    if arrow:
        before, dots, after = right.partition("...")
        output = [*before, *(rest if dots else ()), *after]
        for name in output:
            if name not in sizes:
                raise RuntimeError(f"einsum(): {name!r} of the output is in none of the inputs of {equation!r}")
        if len(set(output)) != len(output):
            raise RuntimeError(f"einsum(): a letter occurs twice in the output of {equation!r}")
    else:
        flat = [name for names in subscripts for name in names]
        output = [*rest, *sorted([name for name in set(flat) if isinstance(name, str) and flat.count(name) == 1])]
    return list(operands), subscripts, output, sizes


def _without_repeats(tensor: Any, names: list[Any]) -> tuple[Any, list[Any]]:
    """The diagonal over dimensions of one name."""
    names = list(names)
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            a, b = tensor.shape[first], tensor.shape[second]
            if a != b:
                raise RuntimeError(f"einsum(): {name!r} occurs twice in one tensor with sizes {a} and {b}")
            tensor = diagonal(tensor, 0, first, second)
            names.pop(second), names.pop(first)
            names.append(name)
    return tensor, names


def _contracted(left: Any, a: list[Any], right: Any, b: list[Any], later: set[Any]) -> tuple[Any, list[Any]]:
    """Product of two tensors summed over the names that occur nowhere later: one product of stacked matrices."""
    sizes_a, sizes_b = dict(zip(a, left.shape, strict=True)), dict(zip(b, right.shape, strict=True))
    left, a = _summed(left, a, {name for name in a if name not in later and (name not in sizes_b)})
    right, b = _summed(right, b, {name for name in b if name not in later and (name not in sizes_a)})
    # a dimension of size 1 on one side broadcasts: it is not summed with the other side's
    thin_a, thin_b = (
        {name for name in one if name in other and one[name] == 1 and other[name] != 1}
        for one, other in ((sizes_a, sizes_b), (sizes_b, sizes_a))
    )
    if thin_a or thin_b:
        left = reshape_to(left, tuple([sizes_a[name] for name in a if name not in thin_a]))
        a = [name for name in a if name not in thin_a]
        right = reshape_to(right, tuple([sizes_b[name] for name in b if name not in thin_b]))
        b = [name for name in b if name not in thin_b]
        left, a = _summed(left, a, {name for name in a if name not in later and name not in b})
        right, b = _summed(right, b, {name for name in b if name not in later and name not in a})
    both = [name for name in a if name in b]
    stacked, inside = [name for name in both if name in later], [name for name in both if name not in later]
    rows, columns = [name for name in a if name not in b], [name for name in b if name not in a]
    sizes = (
        {**sizes_b, **sizes_a}
        if not (thin_a or thin_b)
        else {
            name: max(sizes_a.get(name, 0), sizes_b.get(name, 0))
            if 0 not in (sizes_a.get(name), sizes_b.get(name))
            else 0
            for name in {**sizes_a, **sizes_b}
        }
    )
    batch, n, k, m = (numel_of([sizes[name] for name in names]) for names in (stacked, rows, inside, columns))
    first = reshape_to(_ordered(left, a, stacked + rows + inside), (batch, n, k))
    second = reshape_to(_ordered(right, b, stacked + inside + columns), (batch, k, m))
    names = stacked + rows + columns
    shape = tuple([sizes[name] for name in names])
    if k == 1 and inside == [] and (n == 1 or m == 1):  # elementwise
        return reshape_to(first * second, shape), names
    if not stacked:
        first, second = reshape_to(first, (n, k)), reshape_to(second, (k, m))
    return reshape_to(matrix_product(first, second), shape), names


def _summed(tensor: Any, names: list[Any], gone: set[Any]) -> tuple[Any, list[Any]]:
    if not gone:
        return tensor, names
    places = tuple([place for place, name in enumerate(names) if name in gone])
    return cast(sum_over(tensor, places, False), tensor._array.dtype), [name for name in names if name not in gone]


def _ordered(tensor: Any, names: list[Any], wanted: list[Any]) -> Any:
    return tensor if names == wanted else permute(tensor, [names.index(name) for name in wanted])


@composite
def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """Sums of products over the last `dims` dimensions of `a` and first of `b`, or over two lists of dimensions."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0 or dims > min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot(): dims={dims} is out of range for tensors of {a.ndim} and {b.ndim} dimensions"
            )
        of_a, of_b = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        first, second = dims
        of_a = [first] if isinstance(first, int) else list(first)
        of_b = [second] if isinstance(second, int) else list(second)
    if len(of_a) != len(of_b):
        raise RuntimeError(f"tensordot(): as many dimensions of both tensors are needed, got {of_a} and {of_b}")
    of_a, of_b = [wrap_dim(dim, a.ndim) for dim in of_a], [wrap_dim(dim, b.ndim) for dim in of_b]
    for x, y in zip(of_a, of_b, strict=True):
        if a.shape[x] != b.shape[y]:
            if 1 not in (a.shape[x], b.shape[y]):
                raise RuntimeError(
                    f"tensordot(): dimension {x} of {tuple(a.shape)} and dimension {y} of {tuple(b.shape)} differ "
                    "in size"
                )
            if a.shape[x] == 1:
                b = cast(sum_over(b, (y,), True), b._array.dtype)
            else:
                a = cast(sum_over(a, (x,), True), a._array.dtype)
    rest_a, rest_b = [d for d in range(a.ndim) if d not in of_a], [d for d in range(b.ndim) if d not in of_b]
    inner_size = numel_of([a.shape[d] for d in of_a])
    shape = (*[a.shape[d] for d in rest_a], *[b.shape[d] for d in rest_b])
    left = reshape_to(permute(a, rest_a + of_a), (numel_of([a.shape[d] for d in rest_a]), inner_size))
    right = reshape_to(permute(b, of_b + rest_b), (inner_size, numel_of([b.shape[d] for d in rest_b])))
    result = reshape_to(matrix_product(left, right), shape)
    if out is None:
        return result
    return out.resize_(shape).copy_(result)


@composite(method=True)
def kron(input: Any, other: Any) -> Any:
    """Kronecker product: every element of `input` times all of `other`, as blocks."""
    ndim = max(input.ndim, other.ndim)
    a, b = [(1,) * (ndim - each.ndim) + tuple(each.shape) for each in (input, other)]
    left = reshape_to(input, tuple([size for each in a for size in (each, 1)]))
    right = reshape_to(other, tuple([size for each in b for size in (1, each)]))
    return reshape_to(left * right, tuple([x * y for x, y in zip(a, b, strict=True)]))


def _cross(name: str, input: Any, other: Any, dim: int | None) -> Any:
    if input.ndim != other.ndim:
        raise RuntimeError(
            f"{name}() needs as many dimensions in both tensors, got shapes {tuple(input.shape)} and "
            f"{tuple(other.shape)}"
        )
    try:
        shape = numpy.broadcast_shapes(tuple(input.shape), tuple(other.shape))
    except ValueError as error:
        raise ShapeError(f"{name}(): shapes {tuple(input.shape)} and {tuple(other.shape)} do not broadcast") from error
    if dim is None:
        dim = next((axis for axis, size in enumerate(shape) if size == 3), None)
        if dim is None:
            raise RuntimeError(f"{name}() needs a dimension of size 3, got shape {tuple(shape)}")
    dim = wrap_dim(dim, len(shape))
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"{name}(): dimension {dim} must have size 3, got shapes {tuple(input.shape)} and {tuple(other.shape)}"
        )
    x, y, z = (narrow_view(input, dim, i, i + 1) for i in range(3))
    u, v, w = (narrow_view(other, dim, i, i + 1) for i in range(3))
    return cat([y * w - z * v, z * u - x * w, x * v - y * u], dim)


@composite(method=True)
def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """Cross product of the vectors along `dim`, of size 3 (the first such dimension if not given)."""
    return _cross("cross", input, other, dim)


@composite(method=True)
def trace(input: Any) -> Any:
    """Sum of the diagonal of a matrix."""
    _ranks("trace", ("input", input, 2))
    return sum_over(diagonal(input, 0, 0, 1), (0,), False)


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
    first, second = numpy.triu_indices(input.shape[0], 1)
    return distance_norm(input[first] - input[second], float(p))


# ---------------------------------------------------------------- determinant and inverse


def _square(name: str, A: Any) -> None:
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"{name}() needs square matrices (..., n, n), got shape {tuple(A.shape)}")
    if (A._array if isinstance(A, Tensor) else A).dtype.kind in "iub":
        raise RuntimeError(f"{name}() needs floating-point elements, got {A.dtype}: convert with .float()")


def _refused(name: str, error: Exception) -> Exception:
    """What LAPACK's refusal becomes (numpy.linalg.LinAlgError is a ValueError, PyTorch's is a RuntimeError)."""
    return LinAlgError(f"linalg.{name}(): {error}")


class LinAlgError(RuntimeError):
    """A matrix that an algorithm cannot work with, such as a singular one."""


@primitive("input")
def matrix_inverse(xp: Any, input: Any) -> Any:
    """Inverses of square matrices."""
    try:
        return xp.linalg.inv(input)
    except numpy.linalg.LinAlgError as error:
        raise _refused("inv", error) from error


matrix_inverse.op.title = "LinalgInvExBackward0"


@matrix_inverse.gradient
def _(g: Any, out: Any) -> Any:
    return -matrix_product(swapped(out), matrix_product(g, swapped(out)))  # Giles 2008, section 2.2.3


@composite
def inv(A: Any) -> Any:
    """Inverses of square matrices ``(..., n, n)``.

    Raises:
        RuntimeError: a matrix is not square or has no inverse.
    """
    _square("linalg.inv", A)
    return matrix_inverse(A)


def _inverse_function(input: Any) -> Any:
    """Inverses of square matrices ``(..., n, n)``."""
    return inv(input)


_inverse_function.__name__ = _inverse_function.__qualname__ = "inverse"
inverse = composite(_inverse_function, method=True)


@primitive("input", outputs=("sign", "logabsdet"))
def sign_and_log_determinant(xp: Any, input: Any) -> Any:
    """Sign and logarithm of the magnitude of determinants."""
    return tuple(xp.linalg.slogdet(input))


sign_and_log_determinant.op.title = "LinalgSlogdetBackward0"


@sign_and_log_determinant.gradient
def _(g: Any, input: Any) -> Any:
    return reshape_to(g[1], (*g[1].shape, 1, 1)) * swapped(matrix_inverse(input))  # Giles 2008, section 2.2.4


_SLOGDET = named_result("slogdet", "sign", "logabsdet")


@composite(method=True)
def slogdet(A: Any) -> Any:
    """Sign and logarithm of the magnitude of determinants: a named tuple ``(sign, logabsdet)``."""
    _square("linalg.slogdet", A)
    return _SLOGDET(*sign_and_log_determinant(A))


@composite(method=True)
def logdet(input: Any) -> Any:
    """Logarithm of determinants; NaN where one is negative, minus infinity where it is zero."""
    _square("logdet", input)
    result = sign_and_log_determinant(input)
    return choose(result.sign == -1, math.nan, result.logabsdet)


@primitive("input")
def determinant(xp: Any, input: Any) -> Any:
    """Determinants of square matrices."""
    return xp.linalg.det(input)


determinant.op.title = "LinalgDetBackward0"


@determinant.gradient
def _(g: Any, input: Any, out: Any) -> Any:
    return reshape_to(g, (*out.shape, 1, 1)) * cofactors(input)


def cofactors(input: Any) -> Any:
    """Gradients of determinants: ``det(A) * inv(A).T``, and by minors where a matrix is singular."""
    array = input._array if isinstance(input, Tensor) else input
    if not array.size:
        return input * 0
    with numpy.errstate(all="ignore"):
        values = numpy.linalg.svd(array.astype(numpy.float64), compute_uv=False)
    if (values[..., -1] > values[..., 0] * 1e-10).all():
        out = determinant(input)
        return reshape_to(out, (*out.shape, 1, 1)) * swapped(matrix_inverse(input))
    size = array.shape[-1]
    if size == 1:
        return input * 0 + 1
    rows = []
    for i in range(size):  # singular matrices are rare: n * n smaller determinants
        row = []
        for j in range(size):
            minor = _without(_without(input, i, -2), j, -1)
            row.append(determinant(minor) * (-1.0) ** (i + j))
        rows.append(stack(row, -1) if isinstance(row[0], Tensor) else numpy.stack(row, -1))
    return stack(rows, -2) if isinstance(rows[0], Tensor) else numpy.stack(rows, -2)


def _without(matrix: Any, place: int, dim: int) -> Any:
    dim += len(matrix.shape)
    size = matrix.shape[dim]
    parts = [narrow_view(matrix, dim, 0, place), narrow_view(matrix, dim, place + 1, size)]
    return cat(parts, dim) if isinstance(matrix, Tensor) else numpy.concatenate(parts, dim)


@composite(method=True)
def det(A: Any) -> Any:
    """Determinants of square matrices ``(..., n, n)``.

    >>> import tinygrad_i2dl as torch
    >>> torch.det(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2.)
    """
    _square("linalg.det", A)
    return determinant(A)


@primitive("A", "B")
def solve_matrices(xp: Any, A: Any, B: Any) -> Any:
    """Solutions X of ``A @ X = B`` for stacks of matrices."""
    try:
        return xp.linalg.solve(A, B)
    except numpy.linalg.LinAlgError as error:
        raise _refused("solve", error) from error


solve_matrices.op.title = "LinalgSolveExBackward0"


@solve_matrices.gradient
def _(g: Any, needs: tuple[bool, ...], A: Any, out: Any) -> Any:
    of_right = solve_matrices(swapped(A), g)
    return -matrix_product(of_right, swapped(out)) if needs[0] else None, of_right


@composite
def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """Solution X of ``A @ X = B`` (or ``X @ A = B`` if not `left`) for square matrices; B may hold vectors.

    Raises:
        RuntimeError: the shapes do not fit, or a matrix has no inverse.
    """
    _square("linalg.solve", A)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    if vector and not left:
        raise RuntimeError("linalg.solve(left=False) needs matrices on the right-hand side, not vectors")
    right = unsqueeze(B, -1) if vector else B
    if A.dtype != B.dtype:
        raise RuntimeError(f"linalg.solve() needs one dtype, got {A.dtype} and {B.dtype}")
    if right.shape[-2 if left else -1] != A.shape[-1]:
        raise RuntimeError(f"linalg.solve(): shapes {tuple(A.shape)} and {tuple(B.shape)} do not fit")
    matrix = A
    if not left:
        matrix, right = swapped(A), swapped(right)
    batch = _common("linalg.solve", matrix.shape[:-2], right.shape[:-2])
    matrix, right = expand_view(matrix, (*batch, *matrix.shape[-2:])), expand_view(right, (*batch, *right.shape[-2:]))
    result = solve_matrices(matrix, right)
    return reshape_to(result, tuple(result.shape[:-1])) if vector else result if left else swapped(result)


def _common(name: str, a: Any, b: Any) -> Shape:
    try:
        return numpy.broadcast_shapes(tuple(a), tuple(b))
    except ValueError as error:
        raise ShapeError(f"{name}(): leading dimensions {tuple(a)} and {tuple(b)} do not broadcast") from error


# ---------------------------------------------------------------- triangular systems


@primitive("A", "B")
def solve_triangle(xp: Any, A: Any, B: Any, upper: bool, unitriangular: bool) -> Any:
    """Solutions X of ``A @ X = B`` for triangular matrices of one leading shape."""
    matrix = xp.triu(A) if upper else xp.tril(A)
    if unitriangular:
        eye = xp.eye(A.shape[-1], dtype=A.dtype)
        matrix = matrix * (1 - eye) + eye
    try:
        return xp.linalg.solve(matrix, B)
    except numpy.linalg.LinAlgError:
        return xp.full(B.shape, xp.nan, dtype=B.dtype)


solve_triangle.op.title = "LinalgSolveTriangularBackward0"


@solve_triangle.gradient
def _(g: Any, needs: tuple[bool, ...], A: Any, out: Any, upper: bool, unitriangular: bool) -> Any:
    of_right = solve_triangle(swapped(A), g, not upper, unitriangular)
    if not needs[0]:
        return None, of_right
    full = -matrix_product(of_right, swapped(out))
    inside = 1 if unitriangular else 0
    return triu(full, inside) if upper else tril(full, -inside), of_right


@composite
def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """Solution X of ``A @ X = B`` (or ``X @ A = B``) where only the upper (or lower) triangle of A counts."""
    _square("linalg.solve_triangular", A)
    if B.ndim < 2:
        raise RuntimeError(
            f"linalg.solve_triangular() needs matrices on the right-hand side, got shape {tuple(B.shape)}"
        )
    if A.dtype != B.dtype:
        raise RuntimeError(f"linalg.solve_triangular() needs one dtype, got {A.dtype} and {B.dtype}")
    if B.shape[-2 if left else -1] != A.shape[-1]:
        raise RuntimeError(f"linalg.solve_triangular(): shapes {tuple(A.shape)} and {tuple(B.shape)} do not fit")
    matrix, right, side = A, B, bool(upper)
    if not left:
        matrix, right, side = swapped(A), swapped(B), not side
    batch = _common("linalg.solve_triangular", matrix.shape[:-2], right.shape[:-2])
    matrix, right = expand_view(matrix, (*batch, *matrix.shape[-2:])), expand_view(right, (*batch, *right.shape[-2:]))
    result = solve_triangle(matrix, right, side, unitriangular)
    return result if left else swapped(result)


_TRIANGULAR = named_result("triangular_solve", "solution", "cloned_coefficient")


@composite(method=True)
def triangular_solve(b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> Any:
    """Solution X of ``A @ X = b`` for triangular A: a named tuple ``(solution, cloned_coefficient)``."""
    matrix = swapped(A) if transpose else A
    solution = solve_triangular(matrix, b, upper=upper != transpose, unitriangular=unitriangular)
    return _TRIANGULAR(solution, clone(A))


# ---------------------------------------------------------------- factorisations


@primitive("input")
def cholesky_lower(xp: Any, input: Any) -> Any:
    """Lower triangular L with ``L @ L.T = input`` for symmetric positive-definite matrices."""
    try:
        return xp.linalg.cholesky(input)
    except numpy.linalg.LinAlgError as error:
        raise LinAlgError(f"linalg.cholesky(): the matrix is not positive definite: {error}") from error


cholesky_lower.op.title = "LinalgCholeskyExBackward0"


@cholesky_lower.gradient
def _(g: Any, out: Any) -> Any:
    # Murray, "Differentiation of the Cholesky decomposition" (2016): symmetric part of L^-T phi(L^T g) L^-1
    inside = matrix_product(swapped(out), g)
    half = tril(inside) - diag_embed(diagonal(inside, 0, -2, -1)) * 0.5
    full = solve_triangle(swapped(out), half, True, False)  # L^-T phi
    full = swapped(solve_triangle(swapped(out), swapped(full), True, False))  # times L^-1
    return (full + swapped(full)) * 0.5


@composite
def cholesky_of(A: Any, *, upper: bool = False) -> Any:
    """Triangular L with ``L @ L.T = A`` (U with ``U.T @ U = A`` if `upper`) for symmetric positive-definite matrices.

    Raises:
        RuntimeError: a matrix is not square or not positive definite.
    """
    _square("linalg.cholesky", A)
    factor = cholesky_lower(A)
    return swapped(factor) if upper else factor


def _cholesky_function(input: Any, upper: bool = False) -> Any:
    """Triangular factor of symmetric positive-definite matrices; see ``linalg.cholesky``."""
    return cholesky_of(input, upper=upper)


_cholesky_function.__name__ = _cholesky_function.__qualname__ = "cholesky"
cholesky = composite(_cholesky_function, method=True)


@composite(method=True)
def cholesky_solve(input: Any, L: Any, upper: bool = False) -> Any:
    """Solution X of ``A @ X = input`` from the triangular factor of A."""
    factor = swapped(L) if upper else L
    half = solve_triangular(factor, input, upper=False)
    return solve_triangular(swapped(factor), half, upper=True)


@composite(method=True)
def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """Inverse of A from its triangular factor."""
    _square("cholesky_inverse", L)
    eye = make(numpy.eye(L.shape[-1], dtype=L._array.dtype))
    return cholesky_solve(expand_view(eye, tuple(L.shape)), L, upper)


@primitive("input", outputs=("Q", "R"))
def qr_reduced(xp: Any, input: Any, complete: bool) -> Any:
    """Orthonormal columns Q and upper triangular R with ``Q @ R = input``."""
    return tuple(xp.linalg.qr(input, mode="complete" if complete else "reduced"))


qr_reduced.op.title = "LinalgQrBackward0"


@qr_reduced.gradient
def _(g: Any, out: Any, input_shape: Shape, complete: bool) -> Any:
    # Walter and Lehmann, "Algorithmic differentiation of linear algebra functions" (2018), section 3
    q, r = out
    rows, columns = input_shape[-2:]
    if complete and rows > columns:
        raise RuntimeError("linalg.qr(mode='complete') has a gradient only for matrices with no more rows than columns")
    of_q, of_r = g
    if rows >= columns:
        inside = matrix_product(r, swapped(of_r)) - matrix_product(swapped(of_q), q)
        return _times_inverse(of_q + matrix_product(q, _mirrored(inside)), r)
    # wide: input = Q @ [U, V], where U is square
    square, rest = narrow_view(r, r.ndim - 1, 0, rows), narrow_view(input_of(q, r), r.ndim - 1, rows, columns)
    of_square, of_rest = narrow_view(of_r, of_r.ndim - 1, 0, rows), narrow_view(of_r, of_r.ndim - 1, rows, columns)
    total = of_q + matrix_product(rest, swapped(of_rest))
    inside = matrix_product(square, swapped(of_square)) - matrix_product(swapped(total), q)
    first = _times_inverse(total + matrix_product(q, _mirrored(inside)), square)
    parts = [first, matrix_product(q, of_rest)]
    return cat(parts, first.ndim - 1) if isinstance(first, Tensor) else numpy.concatenate(parts, first.ndim - 1)


def input_of(q: Any, r: Any) -> Any:
    """What was factorised."""
    return matrix_product(q, r)


def _mirrored(matrix: Any) -> Any:
    """The lower triangle, mirrored to the upper."""
    lower = tril(matrix, -1)
    return lower + swapped(lower) + diag_embed(diagonal(matrix, 0, -2, -1))


def _times_inverse(matrix: Any, r: Any) -> Any:
    """``matrix @ inv(r).T`` for upper triangular `r`."""
    return swapped(solve_triangle(r, swapped(matrix), True, False))


_QR = named_result("qr", "Q", "R")


@composite
def qr_of(A: Any, mode: str = "reduced") -> Any:
    """Orthonormal Q and upper triangular R with ``Q @ R = A``, named; `mode`: ``reduced``, ``complete`` or ``r``."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.qr() needs at least two dimensions, got {A.ndim}")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"linalg.qr(): mode is 'reduced', 'complete' or 'r', got {mode!r}")
    q, r = qr_reduced(A, mode == "complete")
    if mode == "r":
        return _QR(make(numpy.zeros(0, dtype=A._array.dtype)), make(r._array))
    return _QR(q, r)


def _qr_function(input: Any, some: bool = True) -> Any:
    """QR factorisation; see ``linalg.qr``."""
    return qr_of(input, "reduced" if some else "complete")


_qr_function.__name__ = _qr_function.__qualname__ = "qr"
qr = composite(_qr_function, method=True)


@primitive("input", outputs=("U", "S", "Vh"))
def svd_reduced(xp: Any, input: Any) -> Any:
    """Singular value decomposition ``U @ diag(S) @ Vh``."""
    try:
        return tuple(xp.linalg.svd(input, full_matrices=False))
    except numpy.linalg.LinAlgError as error:
        raise _refused("svd", error) from error


svd_reduced.op.title = "LinalgSvdBackward0"


@svd_reduced.gradient
def _(g: Any, out: Any, input_shape: Shape) -> Any:
    # Townsend 2016: U (skew(U^T gU) / E S + S skew(V^T gV) / E + gS) V^T, and the parts outside of the spans of U and V
    u, s, vh = out
    of_u, of_s, of_vh = g
    rows, columns = input_shape[-2:]
    wide = unsqueeze(s, -2)
    gaps = (wide - unsqueeze(s, -1)) * (wide + unsqueeze(s, -1))
    gaps = choose(gaps == 0, 1.0, gaps)  # on the diagonal, where what is divided is zero
    left, right = matrix_product(swapped(u), of_u), matrix_product(vh, swapped(of_vh))
    middle = ((left - swapped(left)) / gaps) * wide + unsqueeze(s, -1) * ((right - swapped(right)) / gaps)
    result = matrix_product(u, matrix_product(middle + diag_embed(of_s), vh))
    if rows > columns:
        scaled = of_u / wide
        result = result + matrix_product(scaled - matrix_product(u, matrix_product(swapped(u), scaled)), vh)
    if columns > rows:
        scaled = of_vh / unsqueeze(s, -1)
        result = result + matrix_product(u, scaled - matrix_product(matrix_product(scaled, swapped(vh)), vh))
    return result


@primitive("input")
def singular_values(xp: Any, input: Any) -> Any:
    """Singular values in descending order."""
    return xp.linalg.svd(input, compute_uv=False)


singular_values.op.title = "LinalgSvdBackward0"


@singular_values.gradient
def _(g: Any, input: Any) -> Any:
    u, _, vh = svd_reduced(input)
    return matrix_product(u * unsqueeze(g, -2), vh)


_SVD_OF = named_result("linalg_svd", "U", "S", "Vh")
_SVD = named_result("svd", "U", "S", "V")


@composite
def svd_of(A: Any, full_matrices: bool = True) -> Any:
    """Singular value decomposition ``A = U @ diag(S) @ Vh``: a named tuple ``(U, S, Vh)``, S in descending order."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.svd() needs at least two dimensions, got {A.ndim}")
    u, s, vh = svd_reduced(A)
    if full_matrices and A.shape[-1] != A.shape[-2]:
        a, b = A.shape[-2:]
        k = min(a, b)
        whole_u, _, whole_vh = numpy.linalg.svd(A._array, full_matrices=True)
        # the further columns are constants here: no derivative of theirs is determined
        if a > b:
            u = cat([u, make(whole_u[..., k:])], u.ndim - 1)
        else:
            vh = cat([vh, make(whole_vh[..., k:, :])], vh.ndim - 2)
    return _SVD_OF(u, s, vh)


@composite
def svdvals(A: Any) -> Any:
    """Singular values of matrices in descending order."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.svdvals() needs at least two dimensions, got {A.ndim}")
    return singular_values(A)


def _svd_function(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition ``input = U @ diag(S) @ V.T``: a named tuple ``(U, S, V)``.

    >>> import tinygrad_i2dl as torch
    >>> torch.svd(torch.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    if not compute_uv:
        rows, columns = input.shape[-2:]
        dtype, batch = input._array.dtype, tuple(input.shape[:-2])
        return _SVD(
            make(numpy.zeros((*batch, rows, rows), dtype=dtype)),
            svdvals(input),
            make(numpy.zeros((*batch, columns, columns), dtype=dtype)),
        )
    u, s, vh = svd_of(input, full_matrices=not some)
    return _SVD(u, s, swapped(vh))


_svd_function.__name__ = _svd_function.__qualname__ = "svd"
svd = composite(_svd_function, method=True)


@primitive("input", outputs=("eigenvalues", "eigenvectors"))
def eigen_symmetric(xp: Any, input: Any, lower: bool) -> Any:
    """Eigenvalues, ascending, and eigenvectors, as columns, of symmetric matrices."""
    return tuple(xp.linalg.eigh(input, "L" if lower else "U"))


eigen_symmetric.op.title = "LinalgEighBackward0"


@eigen_symmetric.gradient
def _(g: Any, out: Any) -> Any:
    # Giles 2008, section 3.1, for symmetric matrices: V (diag(g_values) + V^T g_vectors / E) V^T
    values, vectors = out
    gaps = unsqueeze(values, -2) - unsqueeze(values, -1)
    eye = numpy.eye(values.shape[-1], dtype=bool)
    inside = choose(
        make(eye) if isinstance(values, Tensor) else eye, 0.0, matrix_product(swapped(vectors), g[1]) / (gaps + eye)
    )
    return matrix_product(vectors, matrix_product(inside + diag_embed(g[0]), swapped(vectors)))


_EIGH = named_result("linalg_eigh", "eigenvalues", "eigenvectors")


def _lower(name: str, UPLO: str) -> bool:
    if UPLO not in ("L", "U", "l", "u"):
        raise RuntimeError(f"linalg.{name}(): UPLO is 'L' or 'U', got {UPLO!r}")
    return UPLO in "Ll"


@composite
def eigh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors, as columns, of symmetric matrices, named. Only one triangle is read."""
    _square("linalg.eigh", A)
    return _EIGH(*eigen_symmetric(A, _lower("eigh", UPLO)))


@composite
def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of symmetric matrices in ascending order."""
    _square("linalg.eigvalsh", A)
    return eigen_symmetric(A, _lower("eigvalsh", UPLO)).eigenvalues


# ---------------------------------------------------------------- functions of matrices


@primitive("input")
def pseudo_inverse(xp: Any, input: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    """Pseudo-inverses, from the singular values (or eigenvalues) above ``max(atol, rtol * largest)``."""
    if hermitian:
        values, left = xp.linalg.eigh(input)
        right = left.swapaxes(-1, -2)
    else:
        left, values, right = xp.linalg.svd(input, full_matrices=False)
    sizes = abs(values)
    large = sizes > _threshold(xp, sizes, atol, rtol)
    inverses = xp.where(large, 1 / xp.where(large, values, 1), 0)
    return xp.matmul(right.swapaxes(-1, -2) * inverses[..., None, :], left.swapaxes(-1, -2)).astype(
        input.dtype, copy=False
    )


pseudo_inverse.op.title = "LinalgPinvBackward0"


@pseudo_inverse.gradient
def _(g: Any, input: Any, out: Any) -> Any:
    # The transpose of the derivative in Golub and Pereyra, "The differentiation of pseudo-inverses" (1973), theorem 4.3
    turned, back = swapped(out), swapped(g)
    outside = matrix_product(back, matrix_product(out, turned))  # with what is not in the span of the columns
    inside = matrix_product(matrix_product(turned, out), back)
    return (
        outside
        - matrix_product(input, matrix_product(out, outside))
        + inside
        - matrix_product(matrix_product(inside, out), input)
        - matrix_product(turned, matrix_product(g, turned))
    )


def _threshold(xp: Any, values: Array, atol: Any, rtol: Any) -> Array:
    """Below what singular values count as zero."""
    return xp.maximum(atol, rtol * values.max(axis=-1, keepdims=True, initial=0))


def _tolerances(A: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """Tolerances as numbers or arrays; where none is given, the relative one is eps times the larger size."""
    if rtol is None:
        default = max(A.shape[-2:]) * float(numpy.finfo(A._array.dtype).eps)
        if atol is None:
            rtol = default
        else:
            rtol = numpy.where(numpy.asarray(atol._array if isinstance(atol, Tensor) else atol) > 0, 0.0, default)
            rtol = rtol[..., None] if rtol.ndim else float(rtol)
    atol, rtol = [
        each._array[..., None] if isinstance(each, Tensor) else 0.0 if each is None else each for each in (atol, rtol)
    ]
    return atol, rtol


@composite
def pinv(A: Any, *, atol: Any = None, rtol: Any = None, rcond: Any = None, hermitian: bool = False) -> Any:
    """Pseudo-inverses of matrices.

    Singular values up to ``max(atol, rtol * largest)`` count as zero; `rtol` is eps times the larger size if neither
    is given.
    """
    if A.ndim < 2:
        raise RuntimeError(f"linalg.pinv() needs at least two dimensions, got {A.ndim}")
    if 0 in A.shape[-2:]:
        return swapped(clone(A))
    return pseudo_inverse(A, *_tolerances(A, atol, rcond if rtol is None else rtol), hermitian)


def _pinverse_function(input: Any, rcond: float = 1e-15) -> Any:
    """Pseudo-inverse; see ``linalg.pinv``."""
    return pinv(input, rtol=rcond)


_pinverse_function.__name__ = _pinverse_function.__qualname__ = "pinverse"
pinverse = composite(_pinverse_function, method=True)


@composite
def matrix_rank(A: Any, tol: Any = None, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    """Number of singular values above ``max(atol, rtol * largest)``."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.matrix_rank() needs at least two dimensions, got {A.ndim}")
    if tol is not None:
        atol, rtol = tol, 0.0
    values = abs(numpy.linalg.eigvalsh(A._array)) if hermitian else numpy.linalg.svd(A._array, compute_uv=False)
    return make(as_array((values > _threshold(numpy, values, *_tolerances(A, atol, rtol))).sum(axis=-1)))


@composite(method=True)
def matrix_power(A: Any, n: int) -> Any:
    """Product of `n` copies of square matrices; of the inverses for a negative `n`."""
    _square("linalg.matrix_power", A)
    if n == 0:
        return expand_view(make(numpy.eye(A.shape[-1], dtype=A._array.dtype)), tuple(A.shape)) + A * 0
    base = inv(A) if n < 0 else A
    result, rest = None, abs(n)
    while rest:
        if rest & 1:
            result = base if result is None else matrix_product(result, base)
        rest >>= 1
        if rest:
            base = matrix_product(base, base)
    return result


@primitive("input")
def exponential_of_matrix(xp: Any, input: Any) -> Any:
    """Matrix exponentials by scaling and squaring of a Taylor polynomial of degree 18.

    Bader, Blanes, Casas, "Computing the matrix exponential with an optimized Taylor polynomial approximation" (2019),
    gives the
    degree; the norm is brought below 1 first.
    """
    if not input.size:
        return input.copy()
    given, input = input.dtype, input.astype(numpy.float64)  # squaring multiplies errors
    eye = xp.eye(input.shape[-1])
    norm = float(abs(input).sum(axis=-2).max())
    squarings = max(0, math.frexp(norm)[1]) if math.isfinite(norm) else 0
    scaled = input / 2.0**squarings
    result = eye + scaled / 18
    for degree in range(17, 0, -1):
        result = eye + xp.matmul(scaled, result) / degree
    for _ in range(squarings):
        result = xp.matmul(result, result)
    return result.astype(given, copy=False)


exponential_of_matrix.op.title = "LinalgMatrixExpBackward0"


@exponential_of_matrix.gradient
def _(g: Any, input: Any) -> Any:
    # exp([[A^T, G], [0, A^T]]) holds the derivative in its upper right block (Mathias 1996)
    size, axis = input.shape[-1], len(input.shape) - 1
    turned = swapped(input)
    both = cat if isinstance(input, Tensor) or isinstance(g, Tensor) else _joined
    top, bottom = both([turned, g], axis), both([turned * 0, turned], axis)
    whole = exponential_of_matrix(both([top, bottom], axis - 1))
    return narrow_view(narrow_view(whole, axis - 1, 0, size), axis, size, 2 * size)


def _joined(arrays: Any, axis: int) -> Any:
    return numpy.concatenate(arrays, axis)


@composite(method=True)
def matrix_exp(input: Any) -> Any:
    """Exponentials ``sum A ** k / k!`` of square matrices."""
    _square("matrix_exp", input)
    return exponential_of_matrix(input)


_LSTSQ = named_result("lstsq", "solution", "residuals", "rank", "singular_values")


@composite
def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """Least-squares solution X of ``A @ X = B``: a named tuple ``(solution, residuals, rank, singular_values)``.

    The solution has a gradient (through the pseudo-inverse).
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"linalg.lstsq(): driver is 'gels', 'gelsy', 'gelsd' or 'gelss', got {driver!r}")
    if A.ndim < 2:
        raise RuntimeError(f"linalg.lstsq() needs matrices, got shape {tuple(A.shape)}")
    vector = B.ndim == A.ndim - 1 and tuple(B.shape) == tuple(A.shape[:-1])
    right = unsqueeze(B, -1) if vector else B
    if right.ndim < 2 or right.shape[-2] != A.shape[-2]:
        raise RuntimeError(f"linalg.lstsq(): shapes {tuple(A.shape)} and {tuple(B.shape)} do not fit")
    eps = numpy.finfo(A._array.dtype).eps * max(A.shape[-2:]) if rcond is None else rcond
    solution = matrix_product(pinv(A, rtol=eps), right)
    rows, columns = A.shape[-2:]
    empty = numpy.zeros(0, dtype=A._array.dtype)
    chosen = driver or "gelsy"
    rank = numpy.zeros(0, dtype=numpy.int64) if chosen == "gels" else matrix_rank(A, rtol=eps)._array
    values = numpy.linalg.svd(A._array, compute_uv=False) if chosen in ("gelsd", "gelss") else empty
    if rows > columns and (chosen == "gels" or (chosen != "gelsy" and bool((rank == columns).all()))):
        rest = right - matrix_product(A, solution)
        residuals = sum_over(rest * rest, (rest.ndim - 2,), False)
        if vector:
            residuals = reshape_to(residuals, tuple(residuals.shape[:-1]))
    else:
        residuals = narrow_view(reshape_to(solution, (-1,)), 0, 0, 0)
    if vector:
        solution = reshape_to(solution, tuple(solution.shape[:-1]))
    return _LSTSQ(solution, residuals, make(rank), make(values))


@composite
def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Sums of the products of elements along `dim`; the other dimensions broadcast."""
    product = x * y
    return cast(sum_over(product, (wrap_dim(dim, product.ndim),), False), product._array.dtype)


@composite
def cross_of(input: Any, other: Any, *, dim: int = -1) -> Any:
    """Cross product of the vectors along `dim`, of size 3; the other dimensions broadcast."""
    return _cross("linalg.cross", input, other, dim)


@composite
def diagonal_of(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """View of the diagonals of the matrices in the last two dimensions."""
    return diagonal(A, offset, dim1, dim2)


@composite
def cond(A: Any, p: Any = None) -> Any:
    """Condition numbers: largest by smallest singular value, or for other `p` the norm times that of the inverse."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.cond() needs at least two dimensions, got {A.ndim}")
    if 0 in A.shape[-2:]:
        return make(numpy.zeros(A.shape[:-2], A._array.dtype))
    if p is None or p in (2, -2):
        values = svdvals(A)
        last = values.ndim - 1
        first, end = (
            narrow_view(values, last, 0, 1),
            narrow_view(values, last, values.shape[last] - 1, values.shape[last]),
        )
        ratio = end / first if p == -2 else first / end
        return reshape_to(ratio, tuple(values.shape[:-1]))
    _square("linalg.cond", A)
    try:
        return matrix_norm(A, p) * matrix_norm(inv(A), p)
    except LinAlgError:
        return matrix_norm(A, p) * math.inf


@composite
def vander(x: Any, N: int | None = None) -> Any:
    """Matrix of the powers 0, 1, ..., N - 1 of the elements, as rows."""
    if x.ndim == 0:
        x = reshape_to(x, (1,))
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError(f"linalg.vander() needs N > 1, got {count}")
    if x._array.dtype.kind in "iub":
        x = cast(x, numpy.dtype("int64"))
    powers = [x * 0 + 1]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    return stack(powers, -1)


def _addbmm_(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`addbmm` in place; a tensor that broadcasts gets the shape of the result, as in PyTorch."""
    recorded = state.recording and node_of(self) is not None
    result = addbmm(clone(self) if recorded else self, batch1, batch2, beta=beta, alpha=alpha)
    if result._array.shape != self._array.shape:
        self.resize_(result._array.shape)  # type: ignore[attr-defined]
    return self.copy_(result)  # type: ignore[attr-defined,no-any-return]


Operations.addbmm_ = _addbmm_  # type: ignore[attr-defined]
Operations.ger = outer  # type: ignore[attr-defined]
Operations.inverse = inverse  # type: ignore[attr-defined]
