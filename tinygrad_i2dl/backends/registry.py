"""Which kernel runs for an operation on an array.

A backend is a set of plain functions on arrays, named like the operations. For a name that a backend lacks, or when its kernel
returns NotImplemented for the arguments at hand, the next provider is asked, and last the operation's reference kernel, which is
written against the array namespace and so always runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy

Array = Any
Kernel = Callable[..., Any]

_NAMESPACES: dict[type, Any] = {numpy.ndarray: numpy}
_providers: dict[str, Callable[[str], Kernel | None]] = {}  # name -> lookup of a kernel by operation name
_chains: dict[type, list[str]] = {numpy.ndarray: []}  # array class -> providers asked, in this order
_tables: list[KernelTable] = []
_wrappers: list[Callable[[str, str, Kernel], Kernel]] = []


def namespace_of(array_type: type) -> Any:
    """The array namespace (`numpy` or `cupy`) of an array class."""
    try:
        return _NAMESPACES[array_type]
    except KeyError:
        raise TypeError(f"expected a tensor or an array, got {array_type.__name__}") from None


class KernelTable:
    """Kernels of one operation by array class, looked up on first use.

    `numpy` is the kernel for NumPy arrays, an attribute of its own because reading it is three times faster than a dictionary.
    """

    __slots__ = ("_found", "name", "numpy", "reference")

    def __init__(self, name: str, reference: Kernel | str) -> None:
        self.name = name
        self.reference = reference  # a function of (xp, ...), or the name of a function of xp
        _tables.append(self)
        self.clear()

    def clear(self) -> None:
        """Forget what was looked up: the next call asks the providers again."""
        self._found: dict[type, Kernel] = {}
        self.numpy: Kernel = self._look_up_and_run

    def _look_up_and_run(self, *arguments: Any, **keywords: Any) -> Any:
        self.numpy = self[numpy.ndarray]
        return self.numpy(*arguments, **keywords)

    def __getitem__(self, array_type: type) -> Kernel:
        kernel = self._found.get(array_type)
        if kernel is None:
            kernel = self._found[array_type] = _resolve(self.name, self.reference, array_type)
        return kernel


def _resolve(name: str, reference: Kernel | str, array_type: type) -> Kernel:
    if array_type not in _NAMESPACES and issubclass(array_type, numpy.generic):
        array_type = numpy.ndarray
    xp = namespace_of(array_type)
    kernel: Kernel = getattr(xp, reference) if isinstance(reference, str) else functools.partial(reference, xp)
    for wrap in _wrappers:
        kernel = wrap(name, xp.__name__, kernel)
    for provider in reversed(_chains[array_type]):
        candidate = _providers[provider](name)
        if candidate is not None:
            for wrap in _wrappers:
                candidate = wrap(name, provider, candidate)
            kernel = _first_of(candidate, kernel)
    return kernel


def _first_of(first: Kernel, second: Kernel) -> Kernel:
    def kernel(*arguments: Any) -> Any:
        result = first(*arguments)
        return second(*arguments) if result is NotImplemented else result

    return kernel


def clear_tables() -> None:
    """Forget looked-up kernels, after the providers changed."""
    for table in _tables:
        table.clear()


@contextmanager
def wrapped_kernels(wrap: Callable[[str, str, Kernel], Kernel]) -> Iterator[None]:
    """Inside, every kernel is ``wrap(operation, provider, kernel)``: how profiling and checking see the calls at no cost when off."""
    _wrappers.append(wrap)
    clear_tables()
    try:
        yield
    finally:
        _wrappers.remove(wrap)
        clear_tables()
