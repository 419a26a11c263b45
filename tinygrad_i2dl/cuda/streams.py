"""Streams, events and the choice among GPUs: all need one."""

from __future__ import annotations

from typing import Any

from .presence import is_available, refuse_without_gpu

__all__ = ["Event", "Stream", "current_stream", "device", "stream"]


class device:
    """Context manager that makes a GPU the current one; without a GPU it changes nothing, as in PyTorch."""

    def __init__(self, device: Any) -> None:
        self.idx = device

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exception: object) -> None:
        return None


class Stream:
    """A queue of work on the GPU. Raises `RuntimeError` if there is none."""

    def __init__(self, device: Any = None, priority: int = 0) -> None:
        if not is_available():
            refuse_without_gpu("Stream")


class Event:
    """A mark in a stream. Raises `RuntimeError` if there is no GPU."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        if not is_available():
            refuse_without_gpu("Event")


def current_stream(device: Any = None) -> Stream:
    """The stream in use. Raises `RuntimeError` if there is no GPU."""
    return refuse_without_gpu("current_stream")


class stream(device):
    """Context manager that makes a stream the current one; None changes nothing."""
