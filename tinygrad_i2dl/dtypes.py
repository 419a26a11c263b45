"""Element types and the promotion rules between them.

A `dtype` pairs PyTorch's name with the NumPy dtype that stores it. Promotion follows PyTorch: a Python number or a
tensor without dimensions only decides the *category* (bool < integer < floating point) of a result, never its width.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy

__all__ = [
    "bfloat16", "bool_", "dtype", "float16", "float32", "float64", "from_numpy_dtype", "get_default_dtype", "int8",
    "int16", "int32",
    "int64", "promote_types", "result_numpy_dtype", "set_default_dtype", "to_numpy_dtype", "uint8",
]  # fmt: skip

BOOL, INTEGER, FLOATING = 0, 1, 2


class dtype:
    """Type of a tensor's elements, such as ``torch.float32``.

    >>> import tinygrad_i2dl as torch
    >>> torch.float32, torch.float32.itemsize, torch.float32.is_floating_point
    (torch.float32, 4, True)
    """

    __slots__ = ("_numpy", "category", "itemsize", "name")

    def __init__(self, name: str, category: int, itemsize: int) -> None:
        self.name = name
        self.category = category
        self.itemsize = itemsize
        self._numpy: Any = None

    @property
    def numpy(self) -> Any:
        """The NumPy dtype that stores these elements."""
        if self._numpy is None:  # bfloat16: its package is imported by the first use only
            _load_bfloat16()
        return self._numpy

    @property
    def is_floating_point(self) -> bool:
        return self.category == FLOATING

    @property
    def is_complex(self) -> bool:
        return False

    @property
    def is_signed(self) -> bool:
        return self.name not in ("uint8", "bool")

    def to_real(self) -> dtype:
        return self

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return _dtype_from_name, (self.name,)


bool_ = dtype("bool", BOOL, 1)
uint8 = dtype("uint8", INTEGER, 1)
int8 = dtype("int8", INTEGER, 1)
int16 = dtype("int16", INTEGER, 2)
int32 = dtype("int32", INTEGER, 4)
int64 = dtype("int64", INTEGER, 8)
float16 = dtype("float16", FLOATING, 2)
bfloat16 = dtype("bfloat16", FLOATING, 2)
float32 = dtype("float32", FLOATING, 4)
float64 = dtype("float64", FLOATING, 8)

ALL = (bool_, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64)
_BY_NUMPY: dict[Any, dtype] = {}
for _each in ALL:
    if _each is not bfloat16:
        _each._numpy = numpy.dtype(_each.name)
        _BY_NUMPY[_each._numpy] = _each
_BY_PYTHON: dict[Any, dtype] = {float: float64, int: int64, bool: bool_}
_default = float32

# The widths that PyTorch does not compute with are stored as the next one that holds all their values.
_WIDENED = {"uint16": "int32", "uint32": "int64", "uint64": "int64"}


def _load_bfloat16() -> None:
    try:
        import ml_dtypes
    except ImportError as missing:
        raise ImportError(
            "bfloat16 needs the package ml_dtypes, which is not installed: `pip install ml_dtypes`"
        ) from missing
    bfloat16._numpy = numpy.dtype(ml_dtypes.bfloat16)
    _BY_NUMPY[bfloat16._numpy] = bfloat16


def _dtype_from_name(name: str) -> dtype:
    return next(each for each in ALL if each.name == name)


def from_numpy_dtype(array_dtype: Any) -> dtype:
    """The `dtype` of arrays whose NumPy dtype is `array_dtype`. Raises `TypeError` where there is none."""
    try:
        return _BY_NUMPY[array_dtype]
    except KeyError:
        if array_dtype.name == "bfloat16":
            _load_bfloat16()
            return bfloat16
        if not array_dtype.isnative:
            hint = "convert it to the machine's byte order first: array.astype(array.dtype.newbyteorder('='))"
        elif array_dtype.name in _WIDENED:
            hint = f"convert it first: array.astype('{_WIDENED[array_dtype.name]}')"
        else:
            hint = "convert it first, for example array.astype('float32')"
        raise TypeError(
            f"no tensor has elements of NumPy type {array_dtype}; supported are "
            f"{', '.join(each.name for each in ALL)}. {hint}"
        ) from None


def to_numpy_dtype(wanted: Any) -> Any:
    """The NumPy dtype for a `dtype`, a Python type (``float`` is float64, whatever the default) or a NumPy dtype."""
    if isinstance(wanted, dtype):
        return wanted.numpy
    if wanted in (float, int, bool):
        return _BY_PYTHON[wanted].numpy
    if isinstance(wanted, numpy.dtype):
        return from_numpy_dtype(wanted).numpy
    raise TypeError(f"dtype must be a torch.dtype such as torch.float32, not {wanted!r} ({type(wanted).__name__})")


def get_default_dtype() -> dtype:
    """The dtype given to tensors made from Python floats: ``torch.float32`` unless changed."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the dtype given to tensors made from Python floats.

    Raises:
        TypeError: `d` is not a floating-point dtype.
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d
    result_numpy_dtype.cache_clear()


@functools.cache
def _promote(left: dtype, right: dtype) -> dtype:
    if left is right:
        return left
    if left.category != right.category:
        return left if left.category > right.category else right
    if left.category == FLOATING and left.itemsize == right.itemsize:  # float16 with bfloat16: neither holds the other
        return float32
    if bfloat16 in (left, right):
        return left if left.itemsize > right.itemsize else right
    return from_numpy_dtype(numpy.promote_types(left.numpy, right.numpy))


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """Smallest dtype that both can be converted to, by PyTorch's rules.

    >>> import tinygrad_i2dl as torch
    >>> torch.promote_types(torch.int64, torch.float16), torch.promote_types(torch.uint8, torch.int8)
    (torch.float16, torch.int16)
    """
    return _promote(type1, type2)


@functools.lru_cache(maxsize=4096)
def result_numpy_dtype(*operands: tuple[Any, int]) -> Any:
    """NumPy dtype of an operation's result; an operand is (NumPy dtype or Python type, rank class).

    The rank class is 2 for a tensor with dimensions, 1 for a tensor without, 0 for a Python number: a lower class only
    counts when its category is higher than that of all higher classes together.
    """
    result: dtype | None = None
    for rank in (2, 1, 0):
        of_rank: dtype | None = None
        for kind, operand_rank in operands:
            if operand_rank == rank:
                each = (
                    (_default if kind is float else _BY_PYTHON[kind])
                    if isinstance(kind, type)
                    else from_numpy_dtype(kind)
                )
                of_rank = each if of_rank is None else _promote(of_rank, each)
        if of_rank is None:
            continue
        if result is None or of_rank.category > result.category:
            result = of_rank
    assert result is not None
    return result.numpy


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether values of `from_` may be stored in `to` without leaving their category (float to int is refused).

    >>> import tinygrad_i2dl as torch
    >>> torch.can_cast(torch.double, torch.float), torch.can_cast(torch.float, torch.int)
    (True, False)
    """
    return from_.category <= to.category
