"""Symbolic arrays: what the library's own kernels and gradient formulas run on while a function is traced.

A kernel is written against an array namespace, and a formula against operators and other operations. So a third class
of arrays beside NumPy's and CuPy's, whose elements are expressions, makes both write down what they compute: no
operation and no derivative is described a second time for the loops.

A symbolic array has a shape and a dtype, and behaves as an array does, in-place operators and ``out=`` included: it is
a place whose expression is replaced. Whatever is not elementwise raises `NotPointwise`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy

from .elementary import ELEMENTARY
from .program import BOOL, Expression, constant

__all__ = ["NotPointwise", "SymbolicArray", "apply", "formulas", "lifted"]


class NotPointwise(RuntimeError, AttributeError):
    """Something that is not elementwise was asked of a symbolic array. (An AttributeError too, so that `hasattr` is
    False.)"""


SERVED = frozenset(numpy.dtype(name) for name in ("bool", "float16", "float32", "float64"))


def _served(dtype: Any) -> Any:
    dtype = numpy.dtype(dtype)
    if dtype not in SERVED:
        raise NotPointwise(f"it computes in {dtype}, and loops are written for floating-point numbers and bools")
    return dtype


class _Formulas(threading.local):
    running = False


_formulas = _Formulas()


@contextmanager
def formulas() -> Iterator[None]:
    """Inside, gradient formulas run: arrays without dimensions are what they computed of numbers, nobody's tensors."""
    _formulas.running = True
    try:
        yield
    finally:
        _formulas.running = False


def lifted(value: Any, dtype: Any = None) -> SymbolicArray:
    """A number or an array without dimensions that nobody can change, as a symbolic array."""
    if type(value) is SymbolicArray:
        return value
    if isinstance(value, numpy.ndarray) and (value.ndim or (value.flags.writeable and not _formulas.running)):
        raise NotPointwise("it uses a tensor that is not one of its arguments: pass it as one")
    if not isinstance(value, (bool, int, float, numpy.generic, numpy.ndarray)):
        raise NotPointwise(f"it uses a {type(value).__name__} among tensors")
    if dtype is None:
        dtype = value.dtype if hasattr(value, "dtype") else numpy.result_type(type(value))
    return SymbolicArray(constant(value, _served(dtype)), ())


def apply(name: str, *operands: Any, out: SymbolicArray | None = None) -> SymbolicArray:
    """The elementary function `name` of arrays and numbers, which are promoted to one dtype as NumPy does it."""
    first = 1 if name == "where" else 0
    kinds = [each.dtype if hasattr(each, "dtype") else each for each in operands[first:]]
    common = numpy.result_type(*kinds)
    elementary = ELEMENTARY[name]
    if name.startswith("logical"):
        common = BOOL
    elif common == BOOL and name not in ("where", "equal", "not_equal"):
        name, common = _of_truths(name)
    common = _served(common)
    arrays = [lifted(each, None if hasattr(each, "dtype") else common) for each in operands]
    arrays[first:] = [_cast(each, common) for each in arrays[first:]]
    if first and arrays[0].dtype != BOOL:
        arrays[0] = _cast(arrays[0], BOOL)
    shape = numpy.broadcast_shapes(*[each.shape for each in arrays])
    dtype = BOOL if elementary.truth or ELEMENTARY[name].truth else common
    result = SymbolicArray(Expression(name, tuple(each.expression for each in arrays), dtype), shape)
    return result if out is None else out.assign(result)


def _of_truths(name: str) -> tuple[str, Any]:
    """What NumPy does with bools: their product is the conjunction, their sum the disjunction."""
    logical = {"multiply": "logical_and", "add": "logical_or", "maximum": "logical_or", "minimum": "logical_and"}
    if name in logical:
        return logical[name], BOOL
    if name == "true_divide":
        return name, numpy.dtype("float64")
    raise NotPointwise(f"it uses {name} of bools")


def _cast(array: SymbolicArray, dtype: Any) -> SymbolicArray:
    if array.dtype == dtype:
        return array
    expression = array.expression
    if dtype == BOOL:
        zero = constant(0, array.dtype)
        return SymbolicArray(Expression("not_equal", (expression, zero), BOOL), array.shape)
    return SymbolicArray(Expression("cast", (expression,), _served(dtype)), array.shape)


def _operator(name: str) -> Callable[[SymbolicArray, Any], SymbolicArray]:
    return lambda self, other: apply(name, self, other)


def _reflected(name: str) -> Callable[[SymbolicArray, Any], SymbolicArray]:
    return lambda self, other: apply(name, other, self)


def _in_place(name: str) -> Callable[[SymbolicArray, Any], SymbolicArray]:
    return lambda self, other: apply(name, self, other, out=self)


def _refusing(what: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise NotPointwise(what)

    return refuse


class _Nowhere:
    """The device of symbolic arrays: what is made there is made here."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def id(self) -> int:  # asked for where tensors meet that do not belong together
        raise NotPointwise("it uses a tensor that is not one of its arguments, or asks for a device: pass it as one")


NOWHERE = _Nowhere()


class SymbolicArray:
    """An array whose elements are all computed by one expression, each from the inputs' elements at its place."""

    __slots__ = ("expression", "shape")
    __array_ufunc__ = None  # a NumPy number asks the symbolic array
    __hash__ = object.__hash__

    def __init__(self, expression: Expression, shape: tuple[int, ...]) -> None:
        self.expression = expression
        self.shape = shape

    def assign(self, other: SymbolicArray) -> SymbolicArray:
        """Write `other` into this array's place."""
        if other.shape != self.shape and numpy.broadcast_shapes(other.shape, self.shape) != self.shape:
            raise ValueError(f"a result of shape {other.shape} does not fit into an array of shape {self.shape}")
        self.expression = _cast(other, self.dtype).expression
        return self

    @property
    def dtype(self) -> Any:
        return self.expression.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        product = 1
        for size in self.shape:
            product *= size
        return product

    @property
    def itemsize(self) -> int:
        return int(self.dtype.itemsize)

    @property
    def strides(self) -> tuple[int, ...]:
        steps, step = [], self.itemsize
        for size in reversed(self.shape):
            steps.append(step)
            step *= max(size, 1)
        return tuple(reversed(steps))

    @property
    def device(self) -> _Nowhere:
        return NOWHERE

    def astype(self, dtype: Any, copy: bool = True) -> SymbolicArray:
        return SymbolicArray(_cast(self, numpy.dtype(dtype)).expression, self.shape)

    def copy(self, order: str = "C") -> SymbolicArray:
        return SymbolicArray(self.expression, self.shape)

    def clip(self, low: Any = None, high: Any = None, out: SymbolicArray | None = None) -> SymbolicArray:
        result = self.copy() if low is None else apply("maximum", self, low)
        result = result if high is None else apply("minimum", result, high)
        return result if out is None else out.assign(result)

    def __neg__(self) -> SymbolicArray:
        return apply("negative", self)

    def __pos__(self) -> SymbolicArray:
        return self.copy()

    def __abs__(self) -> SymbolicArray:
        return apply("absolute", self)

    def __invert__(self) -> SymbolicArray:
        if self.dtype != BOOL:
            raise NotPointwise("it uses the bits of numbers")
        return apply("logical_not", self)

    __add__, __radd__, __iadd__ = _operator("add"), _reflected("add"), _in_place("add")
    __sub__, __rsub__, __isub__ = _operator("subtract"), _reflected("subtract"), _in_place("subtract")
    __mul__, __rmul__, __imul__ = _operator("multiply"), _reflected("multiply"), _in_place("multiply")
    __truediv__, __rtruediv__ = _operator("true_divide"), _reflected("true_divide")
    __itruediv__ = _in_place("true_divide")
    __pow__, __rpow__ = _operator("power"), _reflected("power")
    __lt__, __le__, __gt__, __ge__ = map(_operator, ("less", "less_equal", "greater", "greater_equal"))
    __eq__, __ne__ = map(_operator, ("equal", "not_equal"))  # type: ignore[assignment]

    def _logical(name: str) -> Any:  # type: ignore[misc]
        def bitwise(self: SymbolicArray, other: Any) -> SymbolicArray:
            if self.dtype != BOOL or getattr(other, "dtype", BOOL) != BOOL:
                raise NotPointwise("it uses the bits of numbers")
            return apply(name, self, other)

        return bitwise

    __and__ = __rand__ = __iand__ = _logical("logical_and")
    __or__ = __ror__ = __ior__ = _logical("logical_or")
    __xor__ = __rxor__ = __ixor__ = _logical("logical_xor")
    del _logical

    item = __bool__ = __float__ = __int__ = __index__ = __array__ = _refusing(
        "it looks at the values of its tensors (by if, item(), numpy() or the like)"
    )
    __getitem__ = _refusing("it takes or changes parts of a tensor (indexing)")

    def __setitem__(self, key: Any, value: Any) -> None:
        if key is not Ellipsis:
            raise NotPointwise("it takes or changes parts of a tensor (indexing)")
        self.assign(lifted(value, None if hasattr(value, "dtype") else self.dtype))

    __len__ = __iter__ = _refusing("it goes through the rows of a tensor")
    __matmul__ = __rmatmul__ = _refusing("it uses a matrix product")
    __array_function__ = _refusing("it calls NumPy on a tensor")

    def __getattr__(self, name: str) -> Any:
        raise NotPointwise(f"it uses {name!r}, which is not elementwise")
