"""Memory of the GPU: all zero where there is none, as in PyTorch."""

from __future__ import annotations

from typing import Any

from .presence import refuse_without_gpu

__all__ = [
    "empty_cache", "ipc_collect", "max_memory_allocated", "max_memory_reserved", "memory_allocated", "mem_get_info",
    "memory_reserved",
    "memory_summary", "reset_max_memory_allocated", "reset_peak_memory_stats",
]  # fmt: skip


def memory_allocated(device: Any = None) -> int:
    """Bytes in use by tensors."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """Most bytes that were in use by tensors at once."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """Bytes held by the allocator."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """Most bytes that were held by the allocator at once."""
    return 0


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The figures above as a text."""
    return f"allocated {memory_allocated(device)} bytes, reserved {memory_reserved(device)} bytes"


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Free and all bytes of the GPU's memory. Raises `RuntimeError` if there is none."""
    return refuse_without_gpu("mem_get_info")


def empty_cache() -> None:
    """Give back memory that the allocator holds and no tensor uses."""


def ipc_collect() -> None:
    """Does nothing: memory is not shared between processes."""


def reset_peak_memory_stats(device: Any = None) -> None:
    """Start the maxima anew."""


def reset_max_memory_allocated(device: Any = None) -> None:
    """Start the maximum of allocated bytes anew."""
