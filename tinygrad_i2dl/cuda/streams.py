"""Streams, events and the choice among GPUs: all need one."""

from __future__ import annotations

from typing import Any

from ..devices import device as Device
from .presence import index_of, is_available, needed

__all__ = ["Event", "Stream", "current_stream", "default_stream", "device", "set_stream", "stream"]


class device:
    """Context manager that makes a GPU the current one; without a GPU it changes nothing, as in PyTorch."""

    def __init__(self, device: Any) -> None:
        self.idx = device
        self._entered: list[Any] = []

    def __enter__(self) -> None:
        if is_available() and self.idx is not None:
            chosen = needed("device").cuda.Device(index_of(self.idx, "device"))
            chosen.__enter__()
            self._entered.append(chosen)

    def __exit__(self, *exception: object) -> None:
        if self._entered:
            self._entered.pop().__exit__(*exception)


class Event:
    """A mark in a stream. Raises `RuntimeError` if there is no GPU."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        cuda = needed("Event").cuda
        self._event = cuda.Event(block=blocking, disable_timing=not enable_timing)
        self._elapsed = cuda.get_elapsed_time
        self._timed = enable_timing

    def record(self, stream: Stream | None = None) -> None:
        """Put the mark into a stream, by default the current one."""
        self._event.record(None if stream is None else stream._stream)

    def wait(self, stream: Stream | None = None) -> None:
        """Let a stream, by default the current one, wait for the mark."""
        (current_stream() if stream is None else stream)._stream.wait_event(self._event)

    def query(self) -> bool:
        """Whether all that came before the mark is done."""
        return bool(self._event.done)

    def synchronize(self) -> None:
        """Wait until all that came before the mark is done."""
        self._event.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this mark to another. Raises `RuntimeError` unless both were made with
        ``enable_timing=True``."""
        if not (self._timed and end_event._timed):
            raise RuntimeError("elapsed_time() needs two events made with enable_timing=True")
        return float(self._elapsed(self._event, end_event._event))


class Stream:
    """A queue of work on the GPU. Raises `RuntimeError` if there is none."""

    def __init__(self, device: Any = None, priority: int = 0, *, _stream: Any = None) -> None:
        xp = needed("Stream")
        self.device = Device("cuda", index_of(device, "Stream"))
        if _stream is None:
            with xp.cuda.Device(self.device.index):
                _stream = xp.cuda.Stream(non_blocking=True)
        self._stream = _stream

    @property
    def cuda_stream(self) -> int:
        """Address of CUDA's own stream."""
        return int(self._stream.ptr)

    def synchronize(self) -> None:
        """Wait until the work in the stream is done."""
        self._stream.synchronize()

    def query(self) -> bool:
        """Whether the work in the stream is done."""
        return bool(self._stream.done)

    def wait_event(self, event: Event) -> None:
        """Let what comes next in this stream wait for a mark."""
        self._stream.wait_event(event._event)

    def wait_stream(self, stream: Stream) -> None:
        """Let what comes next in this stream wait for what is in another one now."""
        mark = Event()
        mark.record(stream)
        self.wait_event(mark)

    def record_event(self, event: Event | None = None) -> Event:
        """Put a mark, a new one unless given, into this stream; returns it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and other.cuda_stream == self.cuda_stream

    def __hash__(self) -> int:
        return hash(self.cuda_stream)

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


def current_stream(device: Any = None) -> Stream:
    """The stream in use. Raises `RuntimeError` if there is no GPU."""
    xp, index = needed("current_stream"), index_of(device, "current_stream")
    with xp.cuda.Device(index):
        return Stream(index, _stream=xp.cuda.get_current_stream())


def default_stream(device: Any = None) -> Stream:
    """The stream that work goes into where none was chosen. Raises `RuntimeError` if there is no GPU."""
    return Stream(index_of(device, "default_stream"), _stream=needed("default_stream").cuda.Stream.null)


def set_stream(stream: Stream) -> None:
    """Make a stream the current one."""
    stream._stream.use()


class stream:
    """Context manager that makes a stream the current one; None changes nothing."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            self.stream._stream.__enter__()

    def __exit__(self, *exception: object) -> None:
        if self.stream is not None:
            self.stream._stream.__exit__(*exception)
