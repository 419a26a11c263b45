"""Which kernels ran, how long they took, and why a faster backend did not run them.

Inside a profile each kernel is wrapped, and the backward pass shows each node to it; outside nothing is wrapped, so
that a profile costs nothing when it is off. Kernels run inside one another (a composite's reference kernel calls other
operations) and inside the backward of nodes. So each event knows its whole time and its own: the part in which nothing
that was recorded ran inside. Own times add up to the time in operations.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

from .archive import replaced_file
from .backends import registry
from .engine import backward as engine
from .engine.node import Node

__all__ = ["Event", "profile"]

Kernel = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One run of a kernel, or of one node's backward."""

    name: str  # the operation, or a node's name, such as MulBackward0
    direction: str  # "forward", or "backward": a node, or a kernel that ran inside one
    provider: str  # the backend whose kernel ran; for a node: of the kernels inside; if none, the arrays' library
    start: int  # nanoseconds after the profile's start
    nanoseconds: int
    own_nanoseconds: int  # without the events inside it and the time that it took to record them
    bytes: int  # of the results, memory that is shared with other tensors included
    thread: int  # the system's number of the thread
    detail: str  # such as the algorithm of a convolution
    declined: str  # why the backends that were asked first did not run it

    @property
    def seconds(self) -> float:
        return self.nanoseconds * 1e-9

    @property
    def own_seconds(self) -> float:
        return self.own_nanoseconds * 1e-9


class _Frame:
    """An event that has begun."""

    __slots__ = ("inside", "is_node", "providers")

    def __init__(self, is_node: bool) -> None:
        self.is_node = is_node
        self.inside = 0  # nanoseconds of the events inside and of recording them
        self.providers: set[str] = set()  # of the kernels inside


class _Thread(threading.local):
    """What a profile knows of a thread."""

    def __init__(self) -> None:
        self.number = threading.get_native_id()
        self.frames: list[_Frame] = []
        self.declined: list[str] = []  # refusals of the call that the next kernel takes over
        self.nodes = 0  # how many of the frames are nodes


class profile:
    """Context manager: every operation inside, forward and backward and of all threads, is timed.

    The first call of an operation includes looking for its kernel. Kernels that raise an error are no events.
    A profile may be entered again: events are added.

    Raises:
        RuntimeError: it is entered while it runs.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.ones(3, requires_grad=True)
    >>> with torch.profile() as p:
    ...     x.exp().sum().backward()
    >>> [(event.name, event.direction, event.provider) for event in p.events if "exp" in event.name.lower()]
    [('exp', 'forward', 'numpy'), ('expand_view', 'backward', 'numpy'), ('ExpBackward0', 'backward', 'numpy')]
    >>> p.total_seconds > 0
    True
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._thread = _Thread()
        self._running: ExitStack | None = None
        self._entering = threading.Lock()
        self._began: int | None = None
        self._entered = 0
        self._wall = 0

    def __enter__(self) -> profile:
        with self._entering:
            if self._running is not None:
                raise RuntimeError("this profile runs already; make another one by profile()")
            with ExitStack() as stack:
                stack.enter_context(registry.wrapped_kernels(self._wrap))
                engine.add_observer(self._observe)
                stack.callback(engine.remove_observer, self._observe)
                self._entered = perf_counter_ns()
                if self._began is None:
                    self._began = self._entered
                self._running = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        stack, self._running = self._running, None
        assert stack is not None
        self._wall += perf_counter_ns() - self._entered
        stack.close()

    @property
    def total_seconds(self) -> float:
        """Time in kernels and in the backward of nodes, each moment of a thread once."""
        return sum(event.own_nanoseconds for event in self.events) * 1e-9

    # ---------------------------------------------------------------- recording

    def _wrap(self, operation: str, provider: str, kernel: Kernel) -> Kernel:
        backend, absent = _asked_before(operation, provider)
        overridden = _kernels_before(operation) if backend is None else []

        def call(*arguments: Any, **keywords: Any) -> Any:
            if self._running is None:  # a call that another thread began before the profile ended
                return kernel(*arguments, **keywords)
            thread = self._thread
            declined, thread.declined = thread.declined, []
            frame = _Frame(False)
            thread.frames.append(frame)
            start = perf_counter_ns()
            try:
                result = kernel(*arguments, **keywords)
            finally:
                elapsed = perf_counter_ns() - start
                thread.frames.pop()
            outer = thread.frames[-1] if thread.frames else None
            if result is NotImplemented:
                why = backend.refusal(operation, arguments) if backend is not None else None
                why = why or f"returned NotImplemented for {_texts(arguments)}"
                thread.declined = [*declined, f"{provider}: {why}"]
                if outer is not None:
                    outer.inside += perf_counter_ns() - start - elapsed
                return result
            if "out" in keywords:
                declined = [f"{name}: only NumPy's functions write in place" for name in overridden]
            detail = backend.detail(operation, arguments) if backend is not None else None
            self._add(
                operation, "backward" if thread.nodes else "forward", provider, start, elapsed, frame, result,
                detail or "", "; ".join([*absent, *declined]),
            )  # fmt: skip
            if outer is not None:
                outer.providers.add(provider)
                outer.inside += perf_counter_ns() - start
            return result

        return call

    def _observe(self, node: Node, gradient: Any, run: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
        if self._running is None:
            return run()
        thread = self._thread
        frame = _Frame(True)
        thread.frames.append(frame)
        thread.nodes += 1
        start = perf_counter_ns()
        try:
            shares = run()
        finally:
            elapsed = perf_counter_ns() - start
            thread.frames.pop()
            thread.nodes -= 1
        outer = thread.frames[-1] if thread.frames else None
        providers = " + ".join(sorted(frame.providers)) or _library(gradient)
        self._add(node.name(), "backward", providers, start, elapsed, frame, shares, "", "")
        if outer is not None:  # a backward pass inside a function's own backward
            outer.providers |= frame.providers
            outer.inside += perf_counter_ns() - start
        return shares

    def _add(
        self,
        name: str,
        direction: str,
        provider: str,
        start: int,
        elapsed: int,
        frame: _Frame,
        result: Any,
        detail: str,
        declined: str,
    ) -> None:
        assert self._began is not None
        own = elapsed - frame.inside
        size, number = _bytes(result), self._thread.number
        self.events.append(  # which is atomic
            Event(name, direction, provider, start - self._began, elapsed, own, size, number, detail, declined)
        )

    # ---------------------------------------------------------------- reports

    def table(self, sort_by: str = "time", limit: int | None = None) -> str:
        """A table with a row for each operation, direction, provider and detail, and the sum below it.

        Args:
            sort_by: ``time``, ``own``, ``mean``, ``calls`` or ``bytes``, the largest first; or ``name``.
            limit: how many rows are shown; None shows all.

        Raises:
            ValueError: another `sort_by`, or a `limit` below 1.
        """
        if sort_by not in _ORDERS:
            raise ValueError(f"sort_by must be one of {', '.join(_ORDERS)}, got {sort_by!r}")
        if limit is not None and limit < 1:
            raise ValueError(f"limit must be at least 1, or None for all rows, got {limit}")
        groups: dict[tuple[str, ...], _Row] = {}
        for event in tuple(self.events):  # another thread may add some meanwhile
            key = (event.name, event.direction, event.provider, event.detail)
            if key not in groups:
                groups[key] = _Row(*key)
            groups[key].add(event)
        rows = sorted(groups.values(), key=_ORDERS[sort_by])
        lines = [_HEADER, *(row.cells() for row in rows[:limit])]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
        rule = "  ".join("-" * width for width in widths)
        text = [
            "  ".join(
                cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        left = len(rows) - len(rows[:limit])
        return "\n".join(
            [
                text[0],
                rule,
                *text[1:],
                rule,
                *([f"and {left} more rows"] if left else []),
                f"{_duration(self.total_seconds)} in operations, {_duration(self._wall * 1e-9)} in all",
                *(f"{name} is not available: {reason}" for name, reason in _missing().items()),
            ]
        )

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        return f"<profile of {len(self.events)} events, {_duration(self.total_seconds)} in operations>"

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write the events as Chrome's trace format, which chrome://tracing and Perfetto show along a time axis.

        The file is replaced whole or not at all. Raises RuntimeError where its folder does not exist, and OSError as
        the system reports it. (Format: "Trace Event Format", complete events; times in microseconds.)
        """
        process = os.getpid()
        events = [
            {
                "name": event.name,
                "cat": event.direction,
                "ph": "X",
                "ts": event.start / 1000,
                "dur": event.nanoseconds / 1000,
                "pid": process,
                "tid": event.thread,
                "args": {
                    "provider": event.provider,
                    "bytes": event.bytes,
                    **({"detail": event.detail} if event.detail else {}),
                    **({"declined": event.declined} if event.declined else {}),
                },
            }
            for event in sorted(self.events, key=lambda event: event.start)
        ]
        with replaced_file(path) as file:
            file.write(json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}).encode())


# ---------------------------------------------------------------- which backends were asked


def _asked_before(operation: str, provider: str) -> tuple[registry.Backend | None, list[str]]:
    """The backend `provider` (None for the reference kernels), and why those wanted before it are not asked at all."""
    absent: list[str] = []
    if provider not in ("numpy", *(backend.name for backend in registry.wanted_backends())):
        if registry.get_backend() == "numpy":
            return None, absent
        for backend in registry.device_providers():  # a kernel for the arrays of another device
            if backend.name == provider:
                return backend, absent
            reason = backend.reason() if backend.kernel(operation) is not None else None
            if reason is not None:
                absent.append(f"{backend.name} is missing: {reason}")
        return None, absent
    for backend in registry.wanted_backends():
        if backend.name == provider != "numpy":
            return backend, absent
        reason = backend.reason()
        if reason is not None:
            if backend.kernel(operation) is not None:
                absent.append(f"{backend.name} is missing: {reason}")
        elif registry.get_backend() != "auto" and backend.name != "numpy" and backend.kernel(operation) is None:
            absent.append(f"{backend.name}: has no such kernel")
    return None, absent


def _kernels_before(operation: str) -> list[str]:
    """The backends that have a kernel which is asked before the reference kernel."""
    return [backend.name for backend in registry.chain() if backend.kernel(operation) is not None]


def _missing() -> dict[str, str]:
    """The backends that are wanted but cannot be used, with the reason."""
    reasons = {backend.name: backend.reason() for backend in registry.wanted_backends()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


# ---------------------------------------------------------------- text


class _Row:
    """Events that are one row of the table."""

    def __init__(self, name: str, direction: str, provider: str, detail: str) -> None:
        self.name, self.direction, self.provider, self.detail = name, direction, provider, detail
        self.calls = self.nanoseconds = self.own = self.bytes = 0
        self.declined: dict[str, None] = {}  # in the order in which they came

    def add(self, event: Event) -> None:
        self.calls += 1
        self.nanoseconds += event.nanoseconds
        self.own += event.own_nanoseconds
        self.bytes += event.bytes
        if event.declined:
            self.declined[event.declined] = None

    def cells(self) -> tuple[str, ...]:
        reasons = list(self.declined)
        why = reasons[0] if reasons else ""
        if len(reasons) > 1:
            why += f" (and {len(reasons) - 1} other reasons)"
        return (
            self.name,
            self.direction,
            self.provider,
            str(self.calls),
            _duration(self.nanoseconds * 1e-9),
            _duration(self.own * 1e-9),
            _duration(self.nanoseconds / self.calls * 1e-9),
            _size(self.bytes),
            self.detail,
            why,
        )


_HEADER = ("operation", "direction", "provider", "calls", "time", "own", "mean", "bytes", "detail", "why none faster")
_NUMBERS = range(3, 8)

_ORDERS: dict[str, Callable[[_Row], Any]] = {
    "time": lambda row: -row.nanoseconds,
    "own": lambda row: -row.own,
    "mean": lambda row: -row.nanoseconds / row.calls,
    "calls": lambda row: -row.calls,
    "bytes": lambda row: -row.bytes,
    "name": lambda row: (row.name, row.direction, row.provider, row.detail),
}


def _library(gradient: Any) -> str:
    """Whose operators a formula without kernels used: ``numpy`` or ``cupy``."""
    some = next(iter(gradient.values())) if isinstance(gradient, dict) else gradient
    return type(getattr(some, "_array", some)).__module__.partition(".")[0]


def _bytes(result: Any) -> int:
    if isinstance(result, (tuple, list)):
        return sum(_bytes(each) for each in result)
    return getattr(getattr(result, "_array", result), "nbytes", 0)


def _texts(arguments: Sequence[Any]) -> str:
    """The arrays among a kernel's arguments: dtype, shape and whether they lie in one piece."""
    return ", ".join(
        f"{array.dtype}{list(array.shape)}" + ("" if array.flags.c_contiguous else " not contiguous")
        for argument in arguments
        for array in (argument if isinstance(argument, (list, tuple)) else (argument,))
        if hasattr(array, "dtype") and hasattr(array, "flags")
    )


def _duration(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3f} {unit}"
    return f"{seconds * 1e6:.3f} us"


def _size(count: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"
