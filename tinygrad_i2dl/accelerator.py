"""The machine's accelerator, whatever its kind (PyTorch's ``torch.accelerator``)."""

from __future__ import annotations

from typing import Any

from .cuda import presence
from .devices import device

__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]


def is_available() -> bool:
    """Whether there is one that tensors can live on."""
    return presence.is_available()


def current_accelerator(check_available: bool = False) -> device | None:
    """Its device, or None."""
    return device("cuda") if presence.is_available() else None


def device_count() -> int:
    """How many there are."""
    return presence.device_count()


def synchronize(device: Any = None) -> None:
    """Wait until it has finished. Raises `RuntimeError` if there is none."""
    presence.synchronize(device)
