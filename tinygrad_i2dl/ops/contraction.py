"""Sums of products over named or numbered dimensions: Einstein's notation, tensor and cross products."""

from __future__ import annotations

import string
from typing import Any

import numpy

from ..errors import ShapeError
from ..tensors import Tensor
from ._define import composite
from .linalg import _ranks, matrix_product
from .movement import (
    cast,
    cat,
    diagonal,
    expand_view,
    narrow_view,
    numel_of,
    permute,
    reshape_to,
    wrap_dim,
)
from .reduction import sum_over

__all__ = [
    "cross", "einsum", "kron", "tensordot", "trace",
]  # fmt: skip


Array = Any
Shape = tuple[int, ...]


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


@composite
def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Sums of the products of elements along `dim`; the other dimensions broadcast."""
    product = x * y
    return cast(sum_over(product, (wrap_dim(dim, product.ndim),), False), product._array.dtype)


@composite
def cross_of(input: Any, other: Any, *, dim: int = -1) -> Any:
    """Cross product of the vectors along `dim`, of size 3; the other dimensions broadcast."""
    return _cross("linalg.cross", input, other, dim)
