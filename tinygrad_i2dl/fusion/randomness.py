"""Whether a function draws random numbers: a loop would repeat the first ones for ever."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy

from ..generator import default_generator
from .symbolic import NotPointwise

__all__ = ["drawing_nothing"]


def _states() -> list[tuple[Any, Callable[[Any], Any]]]:
    """The states of the generators that everybody shares, each with the function that sets it."""
    found: list[tuple[Any, Callable[[Any], Any]]] = [
        (default_generator.get_state(), default_generator.set_state),
        (random.getstate(), random.setstate),
    ]
    arrays = sys.modules.get("numpy.random")  # NumPy imports it when it is first used
    if arrays is not None:
        found.append((arrays.get_state(), arrays.set_state))
    return found


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return all(_equal(*pair) for pair in zip(one, other, strict=True))
    return bool(numpy.array_equal(one, other))


def drawing_nothing(function: Callable[[], Any]) -> Any:
    """The function's result; the generators are afterwards as they were.

    Raises:
        NotPointwise: it drew random numbers.
    """
    before = _states()
    drawn = False
    try:
        return function()
    finally:
        for (state, restore), (after, _) in zip(before, _states(), strict=False):
            if not _equal(state, after):
                restore(state)
                drawn = True
        if drawn:
            raise NotPointwise("it draws random numbers")
