"""Apple's GPU, which this library does not use: what can be done without it does nothing (PyTorch's ``torch.mps``)."""

from __future__ import annotations

__all__ = ["current_allocated_memory", "device_count", "empty_cache", "manual_seed", "synchronize"]


def device_count() -> int:
    """Zero."""
    return 0


def empty_cache() -> None:
    """Does nothing."""


def synchronize() -> None:
    """Does nothing: there is nothing to wait for."""


def manual_seed(seed: int) -> None:
    """Does nothing: there are no random numbers to seed."""


def current_allocated_memory() -> int:
    """Zero."""
    return 0
