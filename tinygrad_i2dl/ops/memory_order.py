"""Results whose elements lie in the order of their indices, whatever the order of the arguments' elements.

NumPy keeps the order of a transposed operand in its result. So does PyTorch in elementwise operations, but not in those
marked here: course code calls ``view`` on their results.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["contiguous"]


def contiguous(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Let a reference kernel return contiguous arrays."""

    @functools.wraps(kernel)
    def compute(xp: Any, *args: Any) -> Any:
        result = kernel(xp, *args)
        if isinstance(result, tuple):
            return tuple([each if each.flags.c_contiguous else xp.ascontiguousarray(each) for each in result])
        return result if result.flags.c_contiguous else xp.ascontiguousarray(result)

    return compute
