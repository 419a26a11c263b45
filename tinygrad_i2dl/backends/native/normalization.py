"""Layer, group and batch normalization in C++: forward and backward read the input twice while it is in the cache.

The lists called ``saved`` hold what the reference kernels keep in them.
"""

from __future__ import annotations

from typing import Any

from .extension import direct_kernels, refusal_of_plain

NAMES = (
    "normalize_rows", "normalize_rows_backward", "normalize_channels", "normalize_channels_backward", "scale_channels",
)  # fmt: skip


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel here returns NotImplemented for these arguments; None if unknown."""
    input = arguments[1] if operation.endswith("_backward") else arguments[0]
    if "channels" in operation and (input.ndim != 3 or input.shape[2] < FEWEST_POSITIONS):
        return f"fewer than {FEWEST_POSITIONS} positions of each channel"
    return refusal_of_plain(operation, *arguments)


FEWEST_POSITIONS = 8  # as in csrc/bind_rows.cpp; products of matrices sum fewer as fast
KERNELS: dict[str, Any] = direct_kernels(NAMES)
