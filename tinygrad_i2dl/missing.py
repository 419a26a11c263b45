"""What to say when somebody asks for a name of PyTorch that is not here."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from .errors import MissingNameError

__all__ = ["missing_name"]


def missing_name(module: str, names: Callable[[], Iterable[str]]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` that says what is missing and what is nearest.

    Args:
        module: as users write it, such as ``torch.nn``.
        names: gives the names that the module has.
    """

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):  # Python's own questions
            raise AttributeError(name)
        nearest = difflib.get_close_matches(name, [each for each in names() if not each.startswith("_")], 3)
        hint = f"; nearest: {', '.join(f'{module}.{each}' for each in nearest)}" if nearest else ""
        raise MissingNameError(f"tinygrad_i2dl has no {module}.{name}{hint}")

    return __getattr__
