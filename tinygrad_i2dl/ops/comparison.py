"""Comparisons, tests of values, logic, and the choice between two tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..dtypes import result_numpy_dtype
from ..errors import DtypeError, ShapeError
from ..tensors import Operations, Tensor, make
from . import _short
from ._define import (
    alias,
    as_array,
    binary,
    composite,
    explain_broadcast,
    inplace_composite,
    primitive,
    promote,
    unary,
)

__all__ = [
    "allclose", "eq", "equal", "fmax", "fmin", "ge", "greater", "greater_equal", "gt", "isclose", "isfinite", "isin",
    "isinf", "isnan", "isneginf", "isposinf", "isreal", "le", "less", "less_equal", "logical_and", "logical_not",
    "logical_or", "logical_xor", "lt", "masked_fill", "maximum", "minimum", "ne", "not_equal", "signbit", "where",
]  # fmt: skip

Array = Any


def cut_in_place(name: str, function: Callable[..., Any]) -> None:
    """Attach the in-place form of an operation without derivative: afterwards the tensor's former history has no
    influence on it."""
    in_place = inplace_composite(name, function)
    function.in_place = in_place  # type: ignore[attr-defined]
    setattr(Operations, name + "_", in_place)


# ---------------------------------------------------------------- the order of two numbers


@binary(ufunc="equal", inplace=False, numbers=(False, True))
def eq(xp: Any, input: Any, other: Any) -> Any:
    """Whether ``input == other``, elementwise with broadcasting; a bool tensor.

    >>> import tinygrad_i2dl as torch
    >>> torch.eq(torch.tensor([1, 2]), torch.tensor([1, 3]))
    tensor([ True, False])
    """


@binary(ufunc="not_equal", inplace=False, numbers=(False, True))
def ne(xp: Any, input: Any, other: Any) -> Any:
    """Whether ``input != other``, elementwise with broadcasting; a bool tensor."""


@binary(ufunc="less", inplace=False, numbers=(False, True))
def lt(xp: Any, input: Any, other: Any) -> Any:
    """Whether ``input < other``, elementwise with broadcasting; a bool tensor."""


@binary(ufunc="less_equal", inplace=False, numbers=(False, True))
def le(xp: Any, input: Any, other: Any) -> Any:
    """Whether ``input <= other``, elementwise with broadcasting; a bool tensor."""


@binary(ufunc="greater", inplace=False, numbers=(False, True))
def gt(xp: Any, input: Any, other: Any) -> Any:
    """Whether ``input > other``, elementwise with broadcasting; a bool tensor."""


@binary(ufunc="greater_equal", inplace=False, numbers=(False, True))
def ge(xp: Any, input: Any, other: Any) -> Any:
    """Whether ``input >= other``, elementwise with broadcasting; a bool tensor."""


def _attach_comparison(function: Any) -> None:
    cut_in_place(function.op.name, function)
    operator = f"__{function.op.name}__"

    def compare(self: Tensor, other: Any) -> Any:
        try:
            return function(self, other)
        except TypeError:
            return NotImplemented

    compare.__name__ = compare.__qualname__ = operator
    compare.__doc__ = function.__doc__
    setattr(Operations, operator, _short.elementwise(compare, function.op, function.op.numbers))


for _each in (eq, ne, lt, le, gt, ge):
    _attach_comparison(_each)

not_equal = alias(ne, "not_equal")
less = alias(lt, "less")
less_equal = alias(le, "less_equal")
greater = alias(gt, "greater")
greater_equal = alias(ge, "greater_equal")


# ---------------------------------------------------------------- what kind of value


@unary(inplace=False)
def isnan(xp: Any, input: Any) -> Any:
    """Whether each element is NaN.

    >>> import tinygrad_i2dl as torch
    >>> torch.isnan(torch.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return xp.isnan(input) if input.dtype.kind not in "iub" else xp.zeros(input.shape, bool)


@unary(inplace=False)
def isinf(xp: Any, input: Any) -> Any:
    """Whether each element is plus or minus infinity."""
    return xp.isinf(input) if input.dtype.kind not in "iub" else xp.zeros(input.shape, bool)


@unary(inplace=False)
def isfinite(xp: Any, input: Any) -> Any:
    """Whether each element is neither infinite nor NaN."""
    return xp.isfinite(input) if input.dtype.kind not in "iub" else xp.ones(input.shape, bool)


@unary(inplace=False)
def isposinf(xp: Any, input: Any) -> Any:
    """Whether each element is plus infinity."""
    return input == numpy.inf if input.dtype.kind not in "iub" else xp.zeros(input.shape, bool)


@unary(inplace=False)
def isneginf(xp: Any, input: Any) -> Any:
    """Whether each element is minus infinity."""
    return input == -numpy.inf if input.dtype.kind not in "iub" else xp.zeros(input.shape, bool)


@unary(inplace=False)
def isreal(xp: Any, input: Any) -> Any:
    """Whether each element is a real number: always, here."""
    return xp.ones(input.shape, bool)


@unary(inplace=False)
def signbit(xp: Any, input: Any) -> Any:
    """Whether each element's sign bit is set: negative numbers and minus zero."""
    return xp.signbit(input) if input.dtype.kind not in "iub" else xp.less(input, 0)


# ---------------------------------------------------------------- logic


@unary(ufunc="logical_not", inplace=False)
def logical_not(xp: Any, input: Any) -> Any:
    """Whether each element is zero; a bool tensor."""


@binary(ufunc="logical_and", inplace=False, numbers=(False, False))
def logical_and(xp: Any, input: Any, other: Any) -> Any:
    """Whether both elements are nonzero, with broadcasting; a bool tensor.

    >>> import tinygrad_i2dl as torch
    >>> torch.logical_and(torch.tensor([True, True]), torch.tensor([True, False]))
    tensor([ True, False])
    """


@binary(ufunc="logical_or", inplace=False, numbers=(False, False))
def logical_or(xp: Any, input: Any, other: Any) -> Any:
    """Whether at least one of the elements is nonzero, with broadcasting; a bool tensor."""


@binary(ufunc="logical_xor", inplace=False, numbers=(False, False))
def logical_xor(xp: Any, input: Any, other: Any) -> Any:
    """Whether exactly one of the elements is nonzero, with broadcasting; a bool tensor."""


for _each in (logical_not, logical_and, logical_or, logical_xor):
    cut_in_place(_each.op.name, _each)


# ---------------------------------------------------------------- choice


@primitive("condition", "input", "other", promotes=("input", "other"))
def choose(xp: Any, condition: Any, input: Any, other: Any) -> Any:
    """Elements of `input` where `condition` holds, of `other` elsewhere."""
    if condition.dtype.kind != "b":
        if condition.dtype != numpy.uint8:
            raise DtypeError(
                f"where() needs a condition of dtype torch.bool, got {condition.dtype}: compare it, as in x != 0"
            )
        condition = condition.astype(bool)
    return xp.where(condition, input, other)


choose.op.title = "WhereBackward0"
choose.gradient(
    input=lambda g, condition: choose(condition, g, 0),
    other=lambda g, condition: choose(condition, 0, g),
)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """Elements of `input` where `condition` holds and of `other` elsewhere, all broadcast together.

    With the condition alone: the indices of its nonzero elements, a tensor for each dimension.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.tensor([-1.0, 2.0])
    >>> torch.where(x > 0, x, 0.0)
    tensor([0., 2.])

    Raises:
        RuntimeError: the condition is not bool, or the shapes do not broadcast.
    """
    if input is None and other is None:
        found = condition._array.nonzero() if condition.ndim else numpy.atleast_1d(condition._array).nonzero()
        return tuple(make(each) for each in found)
    if input is None or other is None:
        raise TypeError("where() takes a condition alone, or a condition and two choices")
    if not isinstance(condition, Tensor) and isinstance(input, Tensor):
        raise TypeError(f"where(): the condition must be a bool Tensor, got {type(condition).__name__}")
    if type(input) in (bool, int, float) and type(other) in (bool, int, float):
        common = result_numpy_dtype((type(input), 0), (type(other), 0))
        mask = getattr(condition, "_array", condition)
        input = namespace_of(type(mask)).asarray(input, dtype=common)
        input = make(input) if isinstance(condition, Tensor) else input
    try:
        return choose(condition, input, other, out=out) if out is not None else choose(condition, input, other)
    except ShapeError as error:
        raise ShapeError(
            "where(): the shapes of condition, input and other do not broadcast: "
            f"{', '.join(str(tuple(t.shape)) if hasattr(t, 'shape') else 'number' for t in (condition, input, other))}"
        ) from error


def _where_method(self: Tensor, condition: Tensor, other: Any) -> Any:
    """Elements of this tensor where `condition` holds, of `other` elsewhere."""
    return where(condition, self, other)


Operations.where = _where_method


@primitive("input", "mask", "value", inplace=True)
def fill_where(xp: Any, input: Any, mask: Any, value: Any) -> Any:
    """`input` with `value` where `mask` holds; the dtype is that of `input`."""
    if xp is numpy and (mask.shape == input.shape or numpy.broadcast_shapes(mask.shape, input.shape) == input.shape):
        result = input.copy()
        numpy.copyto(result, value, where=mask, casting="unsafe")
        return result
    return xp.where(mask, xp.asarray(value).astype(input.dtype), input)


fill_where.op.title = "MaskedFillBackward0"
fill_where.gradient(
    input=lambda g, mask: fill_where(g, mask, 0),
    value=lambda g, mask: choose(mask, g, 0),
)


def _check_fill(input: Any, mask: Any, value: Any) -> None:
    if not isinstance(mask, Tensor) or mask._array.dtype.kind != "b":
        got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise DtypeError(f"masked_fill() needs a mask of dtype torch.bool, got {got}: compare it, as in mask != 0")
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise ShapeError(
                f"masked_fill() needs a number or a tensor without dimensions as value, got shape {tuple(value.shape)}"
            )
        floating = value.dtype.is_floating_point
    else:
        floating = isinstance(value, float)
    if floating and not input.dtype.is_floating_point:
        raise DtypeError(f"masked_fill(): the value {value} cannot be stored in a tensor of {input.dtype} without loss")


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Copy of `input` with `value` (a number or a tensor without dimensions) where the bool tensor `mask` holds.

    >>> import tinygrad_i2dl as torch
    >>> torch.masked_fill(torch.ones(3), torch.tensor([True, False, True]), -1.0)
    tensor([-1.,  1., -1.])

    Raises:
        RuntimeError: the mask is not bool, does not broadcast, or the value is a float for a tensor of integers.
    """
    _check_fill(input, mask, value)
    result: Tensor = fill_where(input, mask, value)
    return result


def _masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Write `value` where `mask` holds, in place."""
    _check_fill(self, mask, value)
    result: Tensor = fill_where.in_place(self, mask, value)
    return result


Operations.masked_fill = masked_fill
Operations.masked_fill_ = _masked_fill_


# ---------------------------------------------------------------- the larger and the smaller


@binary(ufunc="maximum", inplace=False, numbers=(False, False))
def maximum(xp: Any, input: Any, other: Any) -> Any:
    """Larger of two elements, with broadcasting; NaN if either is. Where both are equal each gets half of the gradient.

    >>> import tinygrad_i2dl as torch
    >>> torch.maximum(torch.tensor([1, 5]), torch.tensor([3, 2]))
    tensor([3, 5])
    """


maximum.gradient(
    input=lambda g, input, other: choose(input == other, g / 2, choose(input < other, 0, g)),
    other=lambda g, input, other: choose(input == other, g / 2, choose(input > other, 0, g)),
)


@binary(ufunc="minimum", inplace=False, numbers=(False, False))
def minimum(xp: Any, input: Any, other: Any) -> Any:
    """Smaller of two elements, with broadcasting; NaN if either is. Where both are equal each gets half of the
    gradient."""


minimum.gradient(
    input=lambda g, input, other: choose(input == other, g / 2, choose(input > other, 0, g)),
    other=lambda g, input, other: choose(input == other, g / 2, choose(input < other, 0, g)),
)


@binary(ufunc="fmax", inplace=False, numbers=(False, False))
def fmax(xp: Any, input: Any, other: Any) -> Any:
    """Larger of two elements, with broadcasting; NaN only if both are."""


fmax.gradient(
    input=lambda g, input, other: choose((input >= other) | isnan(other), g, 0),
    other=lambda g, input, other: choose((input >= other) | isnan(other), 0, g),
)


@binary(ufunc="fmin", inplace=False, numbers=(False, False))
def fmin(xp: Any, input: Any, other: Any) -> Any:
    """Smaller of two elements, with broadcasting; NaN only if both are."""


fmin.gradient(
    input=lambda g, input, other: choose((input <= other) | isnan(other), g, 0),
    other=lambda g, input, other: choose((input <= other) | isnan(other), 0, g),
)


# ---------------------------------------------------------------- equality of whole tensors


def _both(name: str, input: Any, other: Any) -> tuple[Array, Array]:
    for each in (input, other):
        if not isinstance(each, Tensor):
            raise TypeError(f"{name}() compares two Tensors, got {type(each).__name__}")
    return input._array, other._array


@composite(method=True)
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements.

    >>> import tinygrad_i2dl as torch
    >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2]))
    True
    """
    a, b = _both("equal", input, other)
    return bool(a.shape == b.shape and (a == b).all())


@composite(method=True)
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether ``|input - other| <= atol + rtol * |other|``, elementwise with broadcasting; equal infinities are close.

    >>> import tinygrad_i2dl as torch
    >>> torch.isclose(torch.tensor([1.0, 2.0]), torch.tensor([1.0 + 1e-7, 2.1]))
    tensor([ True, False])

    Raises:
        RuntimeError: the dtypes differ, or a tolerance is negative.
    """
    a, b = _both("isclose", input, other)
    if a.dtype != b.dtype:
        raise DtypeError(f"isclose() needs two tensors of one dtype, got {input.dtype} and {other.dtype}")
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"isclose() needs tolerances that are not negative, got rtol={rtol}, atol={atol}")
    try:
        with numpy.errstate(all="ignore"):
            close = a == b
            if equal_nan and a.dtype.kind not in "iub":
                close = close | ((a != a) & (b != b))
            if rtol == 0 and atol == 0:
                return make(as_array(close))
            if a.dtype.kind in "iub":
                a, b = a.astype(numpy.float64), b.astype(numpy.float64)
            difference = abs(a - b)
            close = close | ((difference <= atol + abs(rtol * b)) & (difference < numpy.inf))
    except ValueError as error:
        raise explain_broadcast(eq.op, error, a, b)
    return make(as_array(close))


@composite(method=True)
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close, see `isclose`.

    >>> import tinygrad_i2dl as torch
    >>> torch.allclose(torch.tensor([1.0]), torch.tensor([1.0 + 1e-7]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


@composite
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each of `elements` is among `test_elements` (`invert`: is not); one of the two may be a number.

    >>> import tinygrad_i2dl as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([2, 5]))
    tensor([False,  True, False])
    """
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise TypeError("isin() needs at least one Tensor")
    a = elements._array if isinstance(elements, Tensor) else elements
    b = test_elements._array if isinstance(test_elements, Tensor) else test_elements
    a, b = promote(eq.op, (a, b))
    xp = namespace_of(type(a if hasattr(a, "dtype") else b))
    found = xp.isin(xp.asarray(a), xp.asarray(b), assume_unique=assume_unique, invert=invert)
    return make(as_array(found))
