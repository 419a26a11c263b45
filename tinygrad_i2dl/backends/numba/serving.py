"""What every kernel here asks first: whether the arrays are such as the loops take, and large enough to be worth it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy

Array = Any

DTYPES = frozenset((numpy.dtype(numpy.float32), numpy.dtype(numpy.float64)))


class Limits:
    """The number of elements from which on a family's kernels serve a call; below, NumPy is as fast (measured).

    A call of a loop costs about 1.5 us with its checks, NumPy's about 0.5 us per step.
    """

    def __init__(self) -> None:
        self.simple = 1 << 14  # one or two steps in NumPy
        self.ufunc = 1 << 16  # a function of NumPy's own that is vectorised
        self.pointwise = 1024  # several steps in NumPy, or slow functions
        self.rows = 256  # softmax, normalization, losses
        self.adding = 64  # sums at places given by an index
        self._stated: list[tuple[Any, str]] = []

    def state(self, kernel: Any, name: str) -> Any:
        """The kernel, which tells the registry of its limit `name` by an attribute."""
        kernel.least = getattr(self, name)
        self._stated.append((kernel, name))
        return kernel

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Inside, calls of every size are served: how the kernels are tested on small arrays.

        Choose the backend inside: what was looked up before is remembered.

        >>> with limits.lifted():
        ...     limits.pointwise
        0
        """
        before = {name: value for name, value in vars(self).items() if name != "_stated"}
        self._set(dict.fromkeys(before, 0))
        try:
            yield
        finally:
            self._set(before)

    def _set(self, values: dict[str, int]) -> None:
        vars(self).update(values)
        for kernel, name in self._stated:
            kernel.least = values[name]


limits = Limits()


class Loops:
    """The loops of a module of the folder ``loops``, which is imported, and Numba with it, when the first is used."""

    def __init__(self, module: str) -> None:
        self._module = f"{__package__}.loops.{module}"

    def __getattr__(self, name: str) -> Any:
        try:
            found = getattr(importlib.import_module(self._module), name)
        except ImportError as error:
            raise ImportError(
                f"Numba is installed but cannot be imported: {error}. Install a version that fits the other packages, "
                "or do without it: set_backend('numpy')"
            ) from error
        setattr(self, name, found)
        return found


def plain(array: Array) -> bool:
    """Whether an array is float32 or float64, contiguous and aligned."""
    flags = array.flags
    return array.dtype in DTYPES and flags.c_contiguous and flags.aligned


def alike(array: Array, *others: Array) -> bool:
    """Whether arrays are `plain`, of one shape and one dtype."""
    if not plain(array):
        return False
    for other in others:
        if other.dtype != array.dtype or other.shape != array.shape:
            return False
        flags = other.flags
        if not (flags.c_contiguous and flags.aligned):
            return False
    return True


def dense(g: Array) -> Array:
    """A gradient in one piece: it often arrives as a view, such as what a sum was stretched to, or transposed."""
    return g if g.flags.c_contiguous and g.flags.aligned else g.copy(order="C")


def fitting(array: Array, vector: Array, length: int) -> bool:
    """Whether `vector` is None, or a contiguous vector of `length` elements of the array's dtype."""
    return vector is None or (
        vector.shape == (length,) and vector.dtype == array.dtype and vector.flags.c_contiguous and vector.flags.aligned
    )
