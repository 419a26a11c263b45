"""A library's counterpart of a PyTorch callable.

Public callables are found by their path (``torch.linalg.inv`` is ``library.linalg.inv``). The sample databases hold
small functions of their own too (``lambda x: x.T``, wrappers that seed the generator, adjustments of the result): these
run on the library, as the same code with its global names bound to the library's counterparts.
"""

from __future__ import annotations

import functools
import importlib
import types
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch.testing._utils import wrapper_set_seed

# namespaces in which a public callable may live: an object is known by the first path it is found under
NAMESPACES = (
    "",
    "nn.functional",
    "linalg",
    "special",
    "fft",
    "signal.windows",
    "masked",
    "nn",
    "nn.init",
    "nn.utils",
    "nn.utils.rnn",
    "nn.modules",
    "optim",
    "optim.lr_scheduler",
    "autograd",
    "Tensor",
)
INTERNAL = ("torch.testing._internal", "torch.testing._utils")  # where the databases' own functions live


class MissingName(AttributeError):
    """The library has no such name."""


@functools.cache
def public_paths() -> dict[int, str]:
    """Public path of each object of PyTorch's namespaces, by identity."""
    paths: dict[int, str] = {}
    for namespace in NAMESPACES:
        holder = lookup(torch, namespace) if namespace else torch
        for name in dir(holder):
            if namespace == "" and name.startswith("_"):
                continue
            try:
                value = getattr(holder, name)
            except Exception:
                continue
            if callable(value) or isinstance(value, ModuleType):
                paths.setdefault(id(value), f"{namespace}.{name}" if namespace else name)
    return paths


def lookup(library: ModuleType, path: str) -> Any:
    """Object at a dotted path below ``library``.

    Raises:
        MissingName: a part of the path does not exist.
    """
    value: Any = library
    for position, part in enumerate(path.split(".")):
        if not hasattr(value, part):
            if isinstance(value, ModuleType):
                try:
                    value = importlib.import_module(f"{value.__name__}.{part}")
                    continue
                except ImportError:
                    pass
            raise MissingName(f"no name {'.'.join(path.split('.')[: position + 1])!r}")
        value = getattr(value, part)
    return value


def counterpart(value: Callable[..., Any], library: ModuleType, path: str | None = None) -> Callable[..., Any]:
    """The library's counterpart of a callable; ``path`` is the public path it should be known by.

    Raises:
        MissingName: the library lacks the name.
    """
    if library is torch:
        return value
    if path is not None:
        try:
            known = lookup(torch, path) is value
        except MissingName:
            known = False
        if known:
            return lookup(library, path)
    return rebind(value, library)


def rebind(value: Any, library: ModuleType) -> Any:
    """``value`` with every PyTorch object in it replaced by the library's counterpart."""
    return value if library is torch else _Rebinding(library).of(value)


class _Absent:
    """Stands for a global that the library lacks, and raises when it is used."""

    def __init__(self, missing: MissingName) -> None:
        self.__dict__["missing"] = missing

    def __getattr__(self, name: str) -> Any:
        raise self.__dict__["missing"]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise self.__dict__["missing"]


class _Rebinding:
    """One pass of ``rebind``: functions are rebuilt once, so that recursion ends."""

    def __init__(self, library: ModuleType) -> None:
        self.library = library
        self.done: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if value is torch:
            return self.library
        if isinstance(value, functools.partial):
            arguments = {key: self.of(item) for key, item in value.keywords.items()}
            return functools.partial(self.of(value.func), *map(self.of, value.args), **arguments)
        if isinstance(value, ModuleType):
            name = value.__name__
            return lookup(self.library, name.removeprefix("torch.")) if name.startswith("torch.") else value
        if value is wrapper_set_seed:
            return functools.partial(call_seeded, self.library)
        if str(getattr(value, "__module__", "")).startswith(INTERNAL):
            return self.function(value) if isinstance(value, types.FunctionType) else value
        if isinstance(value, torch.dtype):
            return lookup(self.library, str(value).removeprefix("torch."))
        if not callable(value) or not self.of_torch(value):
            return value
        path = public_paths().get(id(value))
        if path is None:
            raise MissingName(f"no public name known for {value!r}")
        return lookup(self.library, path)

    @staticmethod
    def of_torch(value: Any) -> bool:
        module = (
            getattr(value, "__module__", None)
            or getattr(getattr(value, "__objclass__", None), "__module__", None)
            or ""
        )
        return module.split(".")[0] in {"torch", "torch._C"} or id(value) in public_paths()

    def function(self, value: types.FunctionType) -> Any:
        if id(value) in self.done:
            return self.done[id(value)]
        names = dict(value.__globals__)
        closure = None
        if value.__closure__ is not None:
            closure = tuple(types.CellType() for _ in value.__closure__)
        result = types.FunctionType(value.__code__, names, value.__name__, value.__defaults__, closure)
        result.__kwdefaults__ = value.__kwdefaults__
        self.done[id(value)] = result
        for name in global_names(value.__code__):
            if name in names:
                try:
                    names[name] = self.of(names[name])
                except MissingName as missing:  # harmful only if it is used
                    names[name] = _Absent(missing)
        for new, old in zip(closure or (), value.__closure__ or (), strict=True):
            new.cell_contents = self.of(old.cell_contents)
        return result


def global_names(code: types.CodeType) -> set[str]:
    """Names a code object and the functions defined in it look up globally (attribute names among them)."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= global_names(constant)
    return names


def call_seeded(library: ModuleType, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``function``, called after seeding the library's generator: the counterpart of ``wrapper_set_seed``."""
    seed(library, 42)
    return function(*args, **kwargs)


def seed(library: ModuleType, value: int = 0) -> None:
    """Seed the library's generator, if it has one."""
    if hasattr(library, "manual_seed"):
        library.manual_seed(value)
