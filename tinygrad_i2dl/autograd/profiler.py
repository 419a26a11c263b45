"""Profiles under PyTorch's names (``torch.autograd.profiler``); `tinygrad_i2dl.profiling` says what is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import profiling
from ..missing import missing_name

__all__ = ["EventTable", "profile", "record_function"]

# PyTorch's orders of rows, as those of our table.
_ORDERS = {
    None: "time", "cpu_time": "mean", "cuda_time": "mean", "device_time": "mean", "cpu_time_total": "time",
    "cuda_time_total": "time", "device_time_total": "time", "self_cpu_time_total": "own", "self_cuda_time_total": "own",
    "self_device_time_total": "own", "cpu_memory_usage": "bytes", "cuda_memory_usage": "bytes",
    "self_cpu_memory_usage": "bytes", "self_cuda_memory_usage": "bytes", "count": "calls",
}  # fmt: skip


class EventTable:
    """What a profile's `key_averages` gives: the table."""

    def __init__(self, of: profiling.profile) -> None:
        self._profile = of

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """The profile's table, the largest first.

        Args:
            sort_by: as in PyTorch, such as ``cpu_time_total`` (None: this one), ``self_cpu_time_total`` or ``count``.
            row_limit: how many rows are shown; -1 shows all.
            options: accepted; nothing depends on them.

        Raises:
            ValueError: there is no such order.
        """
        if sort_by not in _ORDERS:
            raise ValueError(f"sort_by must be one of {', '.join(filter(None, _ORDERS))}, got {sort_by!r}")
        return self._profile.table(_ORDERS[sort_by], None if row_limit < 0 else row_limit)

    def __str__(self) -> str:
        return self.table()


class profile(profiling.profile):
    """Context manager: ``torch.profile`` with PyTorch's arguments and reports.

    Args:
        options: PyTorch's ``activities``, ``record_shapes``, ``profile_memory``, ``with_stack`` and so on are accepted:
            all operations are recorded, with their time and memory.

    Raises:
        RuntimeError: a `schedule` or `on_trace_ready` is given.

    >>> import tinygrad_i2dl as torch
    >>> with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as p:
    ...     y = torch.ones(3).exp()
    >>> "exp" in p.key_averages().table(sort_by="cpu_time_total", row_limit=10)
    True
    """

    def __init__(self, *, schedule: Any = None, on_trace_ready: Any = None, **options: Any) -> None:
        if schedule is not None or on_trace_ready is not None:
            raise RuntimeError(
                "profiles have no schedule and no on_trace_ready here: enter the profile around the steps of interest, "
                "and call export_chrome_trace(path) after it"
            )
        super().__init__()

    def __enter__(self) -> profile:
        super().__enter__()
        return self

    def start(self) -> None:
        """Begin to record."""
        self.__enter__()

    def stop(self) -> None:
        """End the recording."""
        self.__exit__(None, None, None)

    def step(self) -> None:
        """Does nothing: there is no schedule."""

    def key_averages(self, *args: Any, **options: Any) -> EventTable:
        """The events by operation; the arguments are accepted, and nothing depends on them."""
        return EventTable(self)


@contextmanager
def record_function(name: str, args: str | None = None) -> Iterator[None]:
    """Runs the block; the operations in it are recorded under their own names only."""
    yield


__getattr__ = missing_name("torch.autograd.profiler", lambda: globals())
