"""Memory of the GPU: all zero where there is none, as in PyTorch.

CuPy's pool knows what is in use and what it holds, but no maxima. From the first call that asks for one (or starts it
anew) a hook looks at every allocation of the calling thread, which costs about a microsecond each; so measure a maximum
as ``reset_peak_memory_stats()``, the work, ``max_memory_allocated()``.
"""

from __future__ import annotations

from typing import Any

from ..backends import cupy as gpu
from .presence import index_of, needed

__all__ = [
    "empty_cache", "ipc_collect", "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_reserved", "memory_stats", "memory_summary", "reset_max_memory_allocated", "reset_peak_memory_stats",
]  # fmt: skip


def _pool_figure(device: Any, figure: str) -> int:
    xp = gpu.connected()
    if xp is None:
        return 0
    with gpu.on_gpu(index_of(device, "memory_allocated")):
        return int(getattr(xp.get_default_memory_pool(), figure)())


def memory_allocated(device: Any = None) -> int:
    """Bytes in use by tensors."""
    return _pool_figure(device, "used_bytes")


def memory_reserved(device: Any = None) -> int:
    """Bytes held by the allocator."""
    return _pool_figure(device, "total_bytes")


class _Maxima:
    """The largest figures seen, by device."""

    def __init__(self) -> None:
        self.allocated: dict[int, int] = {}
        self.reserved: dict[int, int] = {}
        self.watched: Any = None  # the library whose allocations are looked at

    def watch(self) -> None:
        xp = gpu.connected()
        if xp is None or self.watched is xp:
            return
        self.watched = xp
        base, maxima = xp.cuda.MemoryHook, self

        class Watching(base):  # type: ignore[misc, valid-type]
            name = "tinygrad_i2dl maxima"

            def malloc_postprocess(self, **facts: Any) -> None:
                maxima.look(facts["device_id"])

        self.hook = Watching()
        self.hook.__enter__()

    def look(self, index: int) -> None:
        self.allocated[index] = max(self.allocated.get(index, 0), memory_allocated(index))
        self.reserved[index] = max(self.reserved.get(index, 0), memory_reserved(index))


_maxima = _Maxima()


def _maximum(device: Any, figures: str) -> int:
    if gpu.connected() is None:
        return 0
    index = index_of(device, "max_memory_allocated")
    _maxima.watch()
    _maxima.look(index)
    found: dict[int, int] = getattr(_maxima, figures)
    return found[index]


def max_memory_allocated(device: Any = None) -> int:
    """Most bytes that were in use by tensors at once, since the maximum was first asked for or started anew."""
    return _maximum(device, "allocated")


def max_memory_reserved(device: Any = None) -> int:
    """Most bytes that were held by the allocator at once, since the maximum was first asked for or started anew."""
    return _maximum(device, "reserved")


def reset_peak_memory_stats(device: Any = None) -> None:
    """Start the maxima anew."""
    if gpu.connected() is not None:
        index = index_of(device, "reset_peak_memory_stats")
        _maxima.watch()
        _maxima.allocated.pop(index, None)
        _maxima.reserved.pop(index, None)


def reset_max_memory_allocated(device: Any = None) -> None:
    """Start the maximum of allocated bytes anew."""
    reset_peak_memory_stats(device)


def memory_stats(device: Any = None) -> dict[str, int]:
    """The figures above under PyTorch's keys, such as ``allocated_bytes.all.current``."""
    return {
        "allocated_bytes.all.current": memory_allocated(device),
        "allocated_bytes.all.peak": max_memory_allocated(device),
        "reserved_bytes.all.current": memory_reserved(device),
        "reserved_bytes.all.peak": max_memory_reserved(device),
    }


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The figures above as a text."""
    return (
        f"allocated {memory_allocated(device)} bytes, reserved {memory_reserved(device)} bytes; "
        f"at most {max_memory_allocated(device)} and {max_memory_reserved(device)}"
    )


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Free and all bytes of the GPU's memory. Raises `RuntimeError` if there is none."""
    index = index_of(device, "mem_get_info")
    free, total = needed("mem_get_info").cuda.Device(index).mem_info
    return int(free), int(total)


def empty_cache() -> None:
    """Give back memory that the allocator holds and no tensor uses."""
    xp = gpu.connected()
    if xp is not None:
        xp.get_default_memory_pool().free_all_blocks()


def ipc_collect() -> None:
    """Does nothing: memory is not shared between processes."""
