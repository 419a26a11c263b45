"""Loops that add rows or elements at places given by an index; they return False where an index is out of range."""

from __future__ import annotations

from typing import Any

from ..compilation import loop

Array = Any


@loop("in2", "index", "out2")
def add_rows(rows: Array, index: Array, table: Array) -> bool:
    count = table.shape[0]
    for i in range(index.size):
        place = index[i] + count if index[i] < 0 else index[i]
        if place < 0 or place >= count:
            return False
        target, row = table[place], rows[i]
        for j in range(table.shape[1]):
            target[j] += row[j]
    return True


@loop("in3", "index3", "out3")
def add_along(values: Array, index: Array, table: Array) -> bool:
    """``table[i, index[i, k, j], j] += values[i, k, j]``."""
    count = table.shape[1]
    for i in range(values.shape[0]):
        for k in range(values.shape[1]):
            for j in range(values.shape[2]):
                place = index[i, k, j]
                if place < 0 or place >= count:
                    return False
                table[i, place, j] += values[i, k, j]
    return True
