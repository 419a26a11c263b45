"""Compiling ahead of use: by the command ``warmup``, and loading what it compiled when the backend is chosen."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from . import loops


def _compilation() -> Any:
    """The module `compilation` after all loops were defined, which imports Numba."""
    for module in pkgutil.iter_modules(loops.__path__):
        importlib.import_module(f"{loops.__name__}.{module.name}")
    return importlib.import_module(f"{__package__}.compilation")


@functools.cache  # once in a process: backends may be switched often
def prepare() -> None:
    """Import Numba and, if `compile_everything` has run before, load all loops, so that no training step waits.

    Else each loop is compiled when it is first used, which takes a tenth to half a second.
    """
    compilation = _compilation()
    if compilation.is_compiled():
        compilation.compile_all()


def compile_everything(notice: Callable[[str, int], None] = lambda name, count: None) -> str | None:
    """Compile all loops and keep them on disk; the folder, or None if none can be written.

    `notice` is called with each loop's name, and the number of all, when it is done.
    """
    compilation = _compilation()
    count = compilation.number_to_compile()
    compilation.compile_all(lambda name: notice(name, count))
    return str(compilation.CACHE_FOLDER) if compilation.is_compiled() else None
