"""Standing in for PyTorch: ``import torch`` gives this library, in one process, when it is asked to."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any

from .missing import nearest_names

__all__ = ["install_as_torch", "load_ipython_extension"]

PACKAGE = __name__.partition(".")[0]
# What stands in for a package of PyTorch's, and the version it gives: scripts compare it with what they need.
STANDS_FOR = {"torch": (PACKAGE, "2.13.0+tinygrad.i2dl"), "torchvision": (f"{PACKAGE}.vision", "0.28.0+tinygrad.i2dl")}


def _ours(name: str) -> str:
    """Our module's name for a module of PyTorch's."""
    top, dot, rest = name.partition(".")
    return STANDS_FOR[top][0] + dot + rest


class _TopLevel(types.ModuleType):
    """The module ``torch``: ours, but for its name and version."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        target, version = STANDS_FOR[name]
        module = importlib.import_module(target)
        self.__dict__.update(
            _target=module,
            __version__=version,
            __path__=list(module.__path__),
            __doc__=module.__doc__,
            __file__=module.__file__,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_target"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        elif not isinstance(value, types.ModuleType):  # submodules are set by the import system and are there already
            setattr(self.__dict__["_target"], name, value)

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["_target"])


class _Loader(importlib.abc.Loader):
    """Gives an existing module, and leaves its own specification alone."""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: Any) -> types.ModuleType:
        return self._module

    def exec_module(self, module: types.ModuleType) -> None:
        module.__spec__ = self._spec


class _Finder(importlib.abc.MetaPathFinder):
    """Finds ``torch...`` and ``torchvision...`` here."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        top = fullname.partition(".")[0]
        module: types.ModuleType
        if fullname == "safetensors.torch":  # the one module of another package that would import PyTorch itself
            module = importlib.import_module(f"{PACKAGE}.safetensors")
            return importlib.util.spec_from_loader(fullname, _Loader(module))
        if top not in STANDS_FOR:
            return None
        if fullname in STANDS_FOR:
            module = _TopLevel(fullname)
        else:
            module = self._submodule(fullname)
        return importlib.util.spec_from_loader(fullname, _Loader(module), is_package=hasattr(module, "__path__"))

    def _submodule(self, fullname: str) -> types.ModuleType:
        ours = _ours(fullname)
        try:
            return importlib.import_module(ours)
        except ModuleNotFoundError as error:
            if error.name != ours and not str(ours).startswith(f"{error.name}."):
                raise  # our module is there and needs a package that is not
        parent, _, name = fullname.rpartition(".")
        holder = (
            importlib.import_module(_ours(parent))
            if parent not in STANDS_FOR
            else importlib.import_module(STANDS_FOR[parent][0])
        )
        found = holder.__dict__.get(name)
        if isinstance(found, types.ModuleType):
            return found
        raise ModuleNotFoundError(
            f"tinygrad_i2dl has no module {fullname}{nearest_names(name, vars(holder), parent)}", name=fullname
        )


def install_as_torch() -> None:
    """From now on ``import torch`` and ``import torchvision`` give this library, in this process only.

    Raises:
        RuntimeError: PyTorch itself was imported before.

    >>> import subprocess, sys
    >>> code = "import tinygrad_i2dl; tinygrad_i2dl.install_as_torch(); import torch.nn as nn; print(nn.Linear(2, 3))"
    >>> print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip())
    Linear(in_features=2, out_features=3, bias=True)
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    for name in STANDS_FOR:
        if name in sys.modules:
            raise RuntimeError(f"{name} itself is imported already: call install_as_torch() before anything imports it")
    sys.meta_path.insert(0, _Finder())


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext tinygrad_i2dl`` in a notebook: the cells' ``import torch`` gives this library."""
    install_as_torch()
