"""What to say when somebody asks for a name of PyTorch that is not here."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from .errors import MissingNameError

__all__ = ["missing_name", "nearest_names"]


def nearest_names(name: str, names: Iterable[str], module: str) -> str:
    """The end of a message: the names of `module` that look most like `name`, or nothing."""
    public = [each for each in names if not each.startswith("_")]
    nearest = difflib.get_close_matches(name, public, 3)
    return f"; nearest: {', '.join(f'{module}.{each}' for each in nearest)}" if nearest else ""


def missing_name(module: str, names: Callable[[], Iterable[str]]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` that says what is missing and what is nearest.

    Args:
        module: as users write it, such as ``torch.nn``.
        names: gives the names that the module has.
    """

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):  # Python's own questions
            raise AttributeError(name)
        raise MissingNameError(f"tinygrad_i2dl has no {module}.{name}{nearest_names(name, names(), module)}")

    return __getattr__
