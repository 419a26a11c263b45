"""Which kernel runs for an operation on an array.

A backend is a set of plain functions on arrays, named like the operations. For a name that a backend lacks, or when its
kernel returns NotImplemented for the arguments at hand, the next in the chain is asked, and last the operation's
reference kernel, which is written against the array namespace and so always runs. What was found is remembered until
the backend changes.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy

Array = Any
Kernel = Callable[..., Any]

__all__ = [
    "KernelTable", "available_backends", "get_backend", "namespace_of", "register_backend", "set_backend",
    "use_backend",
    "wrapped_kernels",
]  # fmt: skip

ENVIRONMENT_VARIABLE = "TINYGRAD_I2DL_BACKEND"
ENTRY_POINTS = "tinygrad_i2dl.backends"

_NAMESPACES: dict[type, Any] = {numpy.ndarray: numpy}
_KERNELS_OF_CLASS: dict[type, Mapping[str, Kernel]] = {}
_OWN_KERNELS: dict[str, tuple[str, Kernel]] = {}
_tables: list[KernelTable] = []
_wrappers: list[Callable[[str, str, Kernel], Kernel]] = []
_changes = threading.RLock()  # held while a kernel is looked up and while what was found is forgotten


class Backend:
    """A set of kernels: where its functions are, why it may be missing, and which backends are asked after it."""

    def __init__(self, name: str, kernels: Any, reason: Callable[[], str | None], after: Sequence[str]) -> None:
        self.name = name
        self._kernels = kernels  # a module, an object, or the name of a module that is imported on first use
        self.reason = reason
        self.after = (after,) if isinstance(after, str) else tuple(after)

    def kernel(self, operation: str) -> Kernel | None:
        """This backend's kernel of an operation, or None."""
        kernels = self._loaded()
        table = _table_of(kernels)
        found = table.get(operation) if table is not None else getattr(kernels, operation, None)
        return found if callable(found) else None

    def unknown(self) -> list[str]:
        """Names in its table of kernels that no operation has."""
        known = {table.name for table in _tables}
        return sorted(each for each in _table_of(self._loaded()) or () if each not in known)

    def detail(self, operation: str, arguments: Sequence[Any]) -> str | None:
        """What this backend tells of a call that its kernel served, such as the algorithm; None if nothing."""
        return self._said("detail", operation, arguments)

    def refusal(self, operation: str, arguments: Sequence[Any]) -> str | None:
        """Why its kernel returned NotImplemented for these arguments, None if it does not tell."""
        return self._said("refusal", operation, arguments)

    def prepare(self) -> None:
        """What the backend wants done when it is chosen by name, such as loading a library, so that no call waits."""
        kernels = self._loaded()
        if isinstance(kernels, ModuleType) and hasattr(kernels, "prepare"):
            kernels.prepare()

    def _said(self, function: str, operation: str, arguments: Sequence[Any]) -> str | None:
        tell = getattr(self._loaded(), function, None)
        text = tell(operation, *arguments) if callable(tell) else None
        return text if isinstance(text, str) else None

    def _loaded(self) -> Any:
        if isinstance(self._kernels, str):
            self._kernels = importlib.import_module(self._kernels)
        return self._kernels


def _table_of(kernels: Any) -> Mapping[str, Any] | None:
    """The mapping from names to kernels, where there is one."""
    table = kernels if isinstance(kernels, Mapping) else getattr(kernels, "KERNELS", None)
    return table if isinstance(table, Mapping) else None


def _module_reason(module: str) -> Callable[[], str | None]:
    def reason() -> str | None:
        return importlib.import_module(module).reason()  # type: ignore[no-any-return]

    return reason


_backends: dict[str, Backend] = {
    "numpy": Backend("numpy", None, lambda: None, ()),
    "native": Backend("native", f"{__package__}.native", _module_reason(f"{__package__}.native"), ()),
    "numba": Backend("numba", f"{__package__}.numba", _module_reason(f"{__package__}.numba"), ("native",)),
}
# For tensors on a GPU, whatever backend is chosen; on the CPU it has no kernels of its own.
_backends["cupy"] = Backend("cupy", {}, _module_reason(f"{__package__}.cupy"), ("native",))
_OURS = frozenset(_backends)
_WRITERS = ("sgd_step", "adam_step", "scale_arrays")  # kernels that change what they are given, and return None
_chosen: str | None = None  # None until somebody asks: then the environment decides


def register_backend(
    name: str, kernels: Any, *, reason: Callable[[], str | None] = lambda: None, after: Sequence[str] = ()
) -> None:
    """Add a backend for NumPy arrays.

    Args:
        name: how `set_backend` calls it.
        kernels: an object (a module, a class instance) with functions named like the operations. If it has a mapping
            ``KERNELS`` from names to functions, or is a mapping itself, only what is in there is a kernel. A function
            gets an operation's arguments in the order of the operation's signature, arrays for tensors, and returns
            arrays, or NotImplemented to pass.
        reason: says why the backend cannot be used, or None.
        after: backends asked next for what this one lacks, before the reference kernels; such as ``("native",)``.

    A distribution registers its backend without being imported first by an entry point of the group
    ``tinygrad_i2dl.backends`` that names an object with the attributes ``kernels`` and, optionally, ``reason`` and
    ``after``, or simply the module.

    >>> from tinygrad_i2dl.backends import registry
    >>> import numpy, types
    >>> calls = []
    >>> def exp(input):
    ...     calls.append(input.shape)
    ...     return numpy.exp(input)
    >>> registry.register_backend("seeing", types.SimpleNamespace(exp=exp))
    >>> import tinygrad_i2dl as torch
    >>> with registry.use_backend("seeing"):
    ...     _ = torch.ones(3).exp()
    >>> calls
    [(3,)]
    """
    if name == "auto" or not name.isidentifier():
        raise ValueError(f"a backend's name must be an identifier other than 'auto', got {name!r}")
    table = _table_of(kernels)
    wrong = sorted(each for each, kernel in (table or {}).items() if not callable(kernel))
    if wrong:
        raise TypeError(f"kernels of the backend {name!r} must be functions, those of {', '.join(wrong)} are not")
    _backends[name] = Backend(name, kernels, reason, after)
    clear_tables()


def _plug_in(name: str) -> None:
    """Register the backend `name` from an installed distribution's entry point, if there is one."""
    metadata = importlib.import_module("importlib.metadata")
    for point in metadata.entry_points(group=ENTRY_POINTS):
        if point.name == name:
            found = point.load()
            register_backend(
                name,
                getattr(found, "kernels", found),
                reason=getattr(found, "reason", lambda: None),
                after=getattr(found, "after", ()),
            )


def reason_of(name: str) -> str | None:
    """Why a registered backend cannot be used here, None if it can."""
    return _backends[name].reason()


def device_providers() -> list[Backend]:
    """What is asked for kernels on arrays of another device than main memory, in this order."""
    own = [xp for kind, xp in _NAMESPACES.items() if kind is not numpy.ndarray and kind not in _KERNELS_OF_CLASS]
    return [provider for xp in own for provider in xp.providers]


def available_backends() -> dict[str, str | None]:
    """Every registered backend with None if it is ready, else the reason why it is not."""
    return {name: backend.reason() for name, backend in _backends.items()}


def get_backend() -> str:
    """The name of the backend in use: ``auto`` unless it was set."""
    global _chosen
    if _chosen is None:
        _chosen = os.environ.get(ENVIRONMENT_VARIABLE) or "auto"
        _check(_chosen, f"the environment variable {ENVIRONMENT_VARIABLE} names ")
        _prepare(_chosen)
    return _chosen


def _check(name: str, who: str = "this asks for ") -> None:
    if not isinstance(name, str):
        raise TypeError(f"a backend is chosen by its name, a str, got {name!r}")
    if name == "auto":
        return
    _find(name, who)
    for each in _backends[name].after:
        _find(each, f"the backend {name!r} is to be followed by ")
    reason = _backends[name].reason()
    if reason is not None:
        raise RuntimeError(f"{who}the backend {name!r}, which cannot be used: {reason}")


def _find(name: str, who: str) -> None:
    """Make sure that a backend is registered, by an entry point if need be."""
    if name not in _backends:
        _plug_in(name)
    if name not in _backends:
        known = ["auto", *_backends]
        nearest = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise ValueError(f"{who}the backend {name!r}, which is none of {', '.join(known)}{hint}")


def _prepare(name: str) -> None:
    if name != "auto":
        _backends[name].prepare()


def set_backend(name: str) -> None:
    """Use a backend for all operations in this process from now on.

    ``auto``, the default, uses the fastest kernels that are there; ``numpy`` the reference kernels only; any other
    registered backend its own where it has some. Tensors need no conversion: all CPU backends work on the same arrays.

    Warns of names in a backend's table of kernels that no operation has: those would never run.

    Raises:
        ValueError: no such backend.
        RuntimeError: it cannot be used here, with the reason.
    """
    global _chosen
    _check(name)
    _prepare(name)
    if name != "auto" and (unknown := _backends[name].unknown()):
        nearest = difflib.get_close_matches(unknown[0], [table.name for table in _tables], 1)
        warnings.warn(
            f"the backend {name!r} has kernels that never run, since no operation is called {', '.join(unknown)}"
            + (f"; did you mean {nearest[0]!r}?" if nearest else ""),
            stacklevel=2,
        )
    _chosen = name
    clear_tables()


@contextmanager
def use_backend(name: str) -> Iterator[None]:
    """Use a backend inside the ``with`` statement.

    >>> import tinygrad_i2dl as torch
    >>> with torch.use_backend("numpy"):
    ...     torch.get_backend()
    'numpy'
    """
    before = get_backend()
    set_backend(name)
    try:
        yield
    finally:
        set_backend(before)


def chain() -> list[Backend]:
    """The backends asked for a kernel, in this order; the reference kernels come after them."""
    return [backend for backend in wanted_backends() if backend.reason() is None]


def wanted_backends() -> list[Backend]:
    """The backends that would be asked for a kernel if none were missing."""
    name = get_backend()
    if name == "auto":
        candidates = [_backends[each] for each in AUTOMATIC if each in _backends]
        ready = [backend.reason() is None for backend in candidates]
        return candidates[: ready.index(True) + 1] if True in ready else candidates
    backend = _backends[name]
    return [backend, *(_backends[each] for each in backend.after)]


AUTOMATIC = ("native", "numba")  # `auto` asks the first of these that is there


def namespace_of(array_type: type) -> Any:
    """The array namespace (`numpy` or `cupy`) of an array class."""
    try:
        return _NAMESPACES[array_type]
    except KeyError:
        raise TypeError(f"expected a tensor or an array, got {array_type.__name__}") from None


def register_namespace(array_type: type, namespace: Any, kernels: Mapping[str, Kernel]) -> None:
    """Let operations run on another class of arrays, which stand for others: by the kernel of `kernels` where it has an
    operation's name, by other operations where it is composed, else by the reference kernel with `namespace`. Neither
    backends nor profiles see these calls."""
    _NAMESPACES[array_type] = namespace
    _KERNELS_OF_CLASS[array_type] = kernels


def register_kernel(operation: str, provider: str, kernel: Kernel) -> None:
    """Let an operation bring a kernel of its own for NumPy arrays, which is asked before its reference kernel under
    every choice but the backend ``numpy``. `provider` is the name that profiles show."""
    _OWN_KERNELS[operation] = (provider, kernel)


def is_registered(array_type: type) -> bool:
    """Whether a class was given to `register_namespace`."""
    return array_type in _KERNELS_OF_CLASS


class KernelTable:
    """Kernels of one operation by array class, looked up on first use.

    `numpy` is the kernel for NumPy arrays, an attribute of its own because reading it is three times faster than a
    dictionary. `small` is the number of elements below which it is the reference kernel that computes: -1 before it was
    looked up, 0 where a backend wants to be asked for every size.
    """

    __slots__ = ("_found", "composition", "name", "numpy", "reference", "small")

    def __init__(self, name: str, reference: Kernel | str) -> None:
        self.name = name
        self.reference = reference  # a function of (xp, ...), or the name of a function of xp
        self.composition: Kernel | None = None  # the same by other operations, for arrays that stand for others
        _tables.append(self)
        self.clear()

    def clear(self) -> None:
        """Forget what was looked up: the next call asks the backends again."""
        self._found: dict[type, Kernel] = {}
        self.numpy: Kernel = self._look_up_and_run
        self.small = -1

    def _look_up_and_run(self, *arguments: Any, **keywords: Any) -> Any:
        with _changes:
            kernel = self.numpy = self[numpy.ndarray]
            self.small = _small(self.name)
        return kernel(*arguments, **keywords)

    def __getitem__(self, array_type: type) -> Kernel:
        kernel = self._found.get(array_type)
        if kernel is None:
            with _changes:  # else a thread could keep what another has just had forgotten
                if array_type in _KERNELS_OF_CLASS:
                    own = _KERNELS_OF_CLASS[array_type].get(self.name) or self.composition
                    kernel = own or _reference_kernel(self.reference, namespace_of(array_type))
                else:
                    kernel = _resolve(self.name, self.reference, array_type)
                self._found[array_type] = kernel
        return kernel


def _reference_kernel(reference: Kernel | str, xp: Any) -> Kernel:
    return getattr(xp, reference) if isinstance(reference, str) else functools.partial(reference, xp)


def _resolve(name: str, reference: Kernel | str, array_type: type) -> Kernel:
    if array_type not in _NAMESPACES and issubclass(array_type, numpy.generic):
        array_type = numpy.ndarray
    xp = namespace_of(array_type)
    kernel = _wrapped(name, xp.__name__, _reference_kernel(reference, xp))
    if xp is not numpy:
        for provider in reversed(xp.providers if get_backend() != "numpy" else ()):
            own = provider.kernel(name)
            if own is not None and provider.reason() is None:
                kernel = _first_of(_wrapped(name, provider.name, own), kernel)
        kernel = xp.guarded(kernel)
    else:
        if name in _OWN_KERNELS and get_backend() != "numpy":
            provider, own = _OWN_KERNELS[name]
            kernel = _first_of(_wrapped(name, provider, own), kernel)
        for backend in reversed(chain()):
            candidate = backend.kernel(name)
            if candidate is not None:
                if backend.name not in _OURS:
                    candidate = _checked(name, backend.name, candidate)
                kernel = _first_of(_wrapped(name, backend.name, candidate), kernel)
    return kernel


def _checked(name: str, provider: str, kernel: Kernel) -> Kernel:
    """A kernel of somebody else's backend, with an error of its own for a result that nothing could use."""
    usable = (numpy.ndarray, numpy.generic, tuple, list, bool) + ((type(None),) if name in _WRITERS else ())

    def call(*arguments: Any) -> Any:
        result = kernel(*arguments)
        if result is NotImplemented or isinstance(result, usable):
            return result
        raise TypeError(
            f"the kernel {name!r} of the backend {provider!r} returned {type(result).__name__}: expected a NumPy array "
            "of the reference kernel's shape and dtype, a tuple of them, or NotImplemented"
        )

    return call


def _small(name: str) -> int:
    """Below how many elements every backend passes: kernels say so in an attribute `least`."""
    if _wrappers or name in _OWN_KERNELS:
        return 0
    kernels = [kernel for backend in chain() if (kernel := backend.kernel(name)) is not None]
    return min([getattr(kernel, "least", 0) for kernel in kernels], default=sys.maxsize)


def _wrapped(name: str, provider: str, kernel: Kernel) -> Kernel:
    for wrap in _wrappers:
        kernel = wrap(name, provider, kernel)
    return kernel


def _first_of(first: Kernel, second: Kernel) -> Kernel:
    native = importlib.import_module(".native.extension", __package__).native
    if native is not None:
        return native.FirstOf(first, second)  # type: ignore[no-any-return]

    def kernel(*arguments: Any, **keywords: Any) -> Any:
        if keywords:  # `out=`, which only ufuncs take
            return second(*arguments, **keywords)
        result = first(*arguments)
        return second(*arguments) if result is NotImplemented else result

    return kernel


def clear_tables() -> None:
    """Forget looked-up kernels, after the backend changed."""
    with _changes:
        for table in _tables:
            table.clear()


@contextmanager
def wrapped_kernels(wrap: Callable[[str, str, Kernel], Kernel]) -> Iterator[None]:
    """Inside, every kernel is ``wrap(operation, provider, kernel)``: how profiling and checking see the calls, at no
    cost when off."""
    with _changes:
        _wrappers.append(wrap)
        clear_tables()
    try:
        yield
    finally:
        with _changes:
            _wrappers.remove(wrap)
            clear_tables()
