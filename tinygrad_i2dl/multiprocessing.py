"""Processes under the names of ``torch.multiprocessing``: Python's own ``multiprocessing``.

Tensors that are sent to another process are copied; memory is not shared.
"""

from __future__ import annotations

from multiprocessing import *  # noqa: F403

from .missing import missing_name

STRATEGIES = ("file_descriptor", "file_system")
_strategy = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """The names that `set_sharing_strategy` takes."""
    return set(STRATEGIES)


def get_sharing_strategy() -> str:
    """The name that was set; it has no effect, since tensors are copied between processes."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Note a name of a strategy; it has no effect, since tensors are copied between processes.

    Raises:
        ValueError: PyTorch has no such strategy.
    """
    global _strategy
    if new_strategy not in STRATEGIES:
        raise ValueError(f"a sharing strategy is one of {', '.join(STRATEGIES)}, got {new_strategy!r}")
    _strategy = new_strategy


__getattr__ = missing_name("torch.multiprocessing", lambda: globals())
