"""Arrays in the memory where others are: index tables, masks and drawn numbers are often made in main memory."""

from __future__ import annotations

from typing import Any

import numpy

from ..backends.registry import namespace_of

Array = Any

__all__: list[str] = []


def beside(made: Array, other: Array) -> Array:
    """A NumPy array in the memory where `other` is: itself on the CPU."""
    if type(other) is numpy.ndarray or type(made) is not numpy.ndarray:
        return made
    with other.device:
        return namespace_of(type(other)).asarray(made)


def on_host(array: Array) -> Array:
    """An array in main memory: itself if it is there, else a copy, for which the device must finish first."""
    return array if isinstance(array, (numpy.ndarray, numpy.generic)) else array.get()


def shares_memory(a: Array, b: Array) -> bool:
    """Whether two arrays may overlap; arrays on different devices never do."""
    return type(a) is type(b) and bool(namespace_of(type(a)).may_share_memory(a, b))
