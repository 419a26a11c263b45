"""The caching allocator: memory of large CPU arrays is kept when they are freed, and handed out again.

The system hands out fresh memory page by page, cleared, at the first touch of each page; for an elementwise operation
on a large array that takes longer than the arithmetic. A training step asks for the same sizes again and again, so what
was freed is kept. The allocator is a memory handler of NumPy (NEP 49, "Data allocation strategies in NumPy", 2021) and
serves every array that NumPy makes, not only those of tensors. Arrays stay valid when it is switched off.
"""

from __future__ import annotations

import operator
from types import TracebackType
from typing import Any

from .backends.native.extension import available, extension

__all__ = [
    "caching_allocator", "caching_allocator_statistics", "empty_cache", "is_caching_allocator_enabled",
    "set_caching_allocator",
]  # fmt: skip


def set_caching_allocator(mode: bool, *, limit: int | None = None) -> None:
    """Let arrays of 4 KB and more take memory that freed ones left, or, with False, no longer.

    It applies to the calling thread, as NumPy's memory handler does: a thread that is started later begins without it
    (the library's own data-loading threads have what their loader's thread has). What is kept belongs to all threads.
    Off when the library is imported. An array allocated with it may be used and freed anywhere and at any time.

    Args:
        mode: whether to use it from now on.
        limit: keep at most this many bytes, of all threads together; 256 MB until it is first set. Also, what is in use
            and what is kept together do not exceed the most that was in use at any time by more than 20 MB.

    Raises:
        RuntimeError: `mode` is true and the C++ extension is missing; the message says why.
        ValueError: `limit` is negative.

    >>> import tinygrad_i2dl as torch
    >>> torch.set_caching_allocator(torch.backends.native.available())
    >>> x = torch.ones(1000, 1000)
    >>> torch.set_caching_allocator(False)
    >>> x.sum()
    tensor(1000000.)
    """
    _set_limit(limit)
    if mode:
        module = extension()
        module.set_handler(module.caching_handler())
    elif available() and is_caching_allocator_enabled():
        extension().set_handler(extension().default_handler())


def is_caching_allocator_enabled() -> bool:
    """Whether arrays made by the calling thread take memory that freed ones left.

    >>> import tinygrad_i2dl as torch
    >>> torch.is_caching_allocator_enabled()
    False
    """
    if not available():
        return False
    return extension().get_handler() is extension().caching_handler()


class caching_allocator:
    """Context manager in which `set_caching_allocator` holds; afterwards the calling thread has what it had before.

    Args:
        mode: False switches it off inside.
        limit: keep at most this many bytes; see `set_caching_allocator`. It stays so afterwards.

    Raises:
        RuntimeError: `mode` is true and the C++ extension is missing; the message says why.
        ValueError: `limit` is negative.

    >>> import tinygrad_i2dl as torch
    >>> with torch.caching_allocator(torch.backends.native.available()):
    ...     y = torch.ones(1000, 1000).exp().log().sum()
    >>> y
    tensor(1000000.)
    """

    def __init__(self, mode: bool = True, *, limit: int | None = None) -> None:
        self.mode = mode
        self.limit = limit
        self._former: list[Any] = []

    def __enter__(self) -> caching_allocator:
        former = extension().get_handler() if available() else None
        set_caching_allocator(self.mode, limit=self.limit)
        self._former.append(former)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        former = self._former.pop()
        if former is not None:
            extension().set_handler(former)


def caching_allocator_statistics() -> dict[str, int]:
    """What the caching allocator did so far, for all threads: counts and bytes.

    ``hits`` and ``misses`` count the arrays whose memory was at hand and those for which the system was asked;
    ``live_bytes`` are in use, ``peak_bytes`` the most that ever were, ``cached_bytes`` are kept, at most
    ``limit_bytes``. All are 0 where the C++ extension is missing.

    >>> import tinygrad_i2dl as torch
    >>> sorted(torch.caching_allocator_statistics())
    ['cached_bytes', 'hits', 'limit_bytes', 'live_bytes', 'misses', 'peak_bytes']
    """
    if not available():
        return dict.fromkeys(("hits", "misses", "live_bytes", "peak_bytes", "cached_bytes", "limit_bytes"), 0)
    found: dict[str, int] = extension().allocator_statistics()
    return found


def empty_cache() -> int:
    """Return all memory that the caching allocator keeps to the system; how many bytes that were.

    >>> import tinygrad_i2dl as torch
    >>> released = torch.empty_cache()
    >>> torch.caching_allocator_statistics()["cached_bytes"]
    0
    """
    if not available():
        return 0
    released: int = extension().empty_cache()
    return released


def _set_limit(limit: int | None) -> None:
    if limit is None:
        return
    limit = operator.index(limit)
    if limit < 0:
        raise ValueError(f"the limit of the caching allocator is a number of bytes, at least 0, got {limit}")
    if available():
        extension().set_cache_limit(limit)
