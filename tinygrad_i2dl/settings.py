"""Settings of the whole process: threads, printing, determinism."""

from __future__ import annotations

import os
from typing import Any

from .backends import native
from .printing import get_printoptions, printoptions, set_printoptions

__all__ = [
    "are_deterministic_algorithms_enabled", "compile", "get_float32_matmul_precision", "get_num_interop_threads",
    "get_num_threads",
    "get_printoptions", "printoptions", "set_deterministic", "set_flush_denormal", "set_float32_matmul_precision",
    "set_num_interop_threads", "set_num_threads", "set_printoptions", "use_deterministic_algorithms",
]  # fmt: skip

_threads: int | None = None


def set_num_threads(num: int) -> None:
    """Let matrix products (BLAS) and the C++ kernels use up to `num` threads each, never both at once.

    Raises:
        RuntimeError: `num` is below 1.
    """
    global _threads
    if not isinstance(num, int) or num < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {num!r}")
    from threadpoolctl import threadpool_limits

    threadpool_limits(num)
    if native.available():
        native.set_num_threads(num)
    _threads = num


def get_num_threads() -> int:
    """How many threads an operation may use."""
    if _threads is not None:
        return _threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_num_interop_threads(num: int) -> None:
    """Accepted: operations run one after the other."""


def get_num_interop_threads() -> int:
    """One: operations run one after the other."""
    return 1


_deterministic = False


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: every operation here gives the same result each time it is run on the same machine and number of
    threads."""
    global _deterministic
    _deterministic = bool(mode)


def set_deterministic(d: bool) -> None:
    """The old name of `use_deterministic_algorithms`."""
    use_deterministic_algorithms(d)


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was told."""
    return _deterministic


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted: products of float32 are computed in float32."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"precision must be 'highest', 'high' or 'medium', got {precision!r}")


def get_float32_matmul_precision() -> str:
    """``highest``: products of float32 are computed in float32."""
    return "highest"


def set_flush_denormal(mode: bool) -> bool:
    """False: the processor's handling of denormal numbers is left alone."""
    return False


def compile(model: Any = None, **options: Any) -> Any:
    """`model` itself: everything runs eagerly. Also a decorator."""
    return model if model is not None else (lambda function: function)
