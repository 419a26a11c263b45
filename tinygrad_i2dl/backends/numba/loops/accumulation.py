"""Loops of running sums of ``(outer, length, inner)`` over the middle, `inner` neighbours side by side."""

from __future__ import annotations

from typing import Any

from ..compilation import loop

Array = Any


@loop("in3", "out3", "count")
def running_sum(x: Array, out: Array, backwards: int) -> None:
    """Sums of all elements up to each one, or from each one on if `backwards`."""
    length, inner = x.shape[1], x.shape[2]
    for o in range(x.shape[0]):
        if inner == 1:
            total = x.dtype.type(0)
            for n in range(length):
                k = length - 1 - n if backwards else n
                total += x[o, k, 0]
                out[o, k, 0] = total
        else:
            for n in range(length):
                k = length - 1 - n if backwards else n
                row, result = x[o, k], out[o, k]
                if n:
                    before = out[o, k + 1 if backwards else k - 1]
                    for j in range(inner):
                        result[j] = before[j] + row[j]
                else:
                    for j in range(inner):
                        result[j] = row[j]
