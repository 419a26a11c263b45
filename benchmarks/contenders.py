"""Who is compared: backends of this library and PyTorch, or the reason why one cannot take part."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from .environment import set_threads_of

TORCH, TORCH_CUDA = "torch", "torch-cuda"
ON_A_GPU = ("cupy", TORCH_CUDA)
RIVALS = (TORCH, TORCH_CUDA)

Library = Any


def _nothing() -> None:
    pass


class Contender(NamedTuple):
    """A library with PyTorch's API, and how its steps are run.

    Attributes:
        enter: makes the context of every step (a chosen backend, the caching allocator).
        device: where models and batches are put.
        synchronize: waits until what was asked for is computed; a clock is read only after it.
        rival: the name of the contender that it is compared with.
    """

    name: str
    library: Library
    enter: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext
    device: str = "cpu"
    synchronize: Callable[[], Any] = _nothing
    rival: str | None = TORCH


@contextlib.contextmanager
def _backend(library: Library, name: str, caching: bool) -> Iterator[None]:
    with library.use_backend(name), library.caching_allocator(caching):
        yield


def _ours(name: str, threads: int, caching: bool) -> Contender | str:
    import tinygrad_i2dl

    reasons = tinygrad_i2dl.available_backends()
    if name != "auto" and name not in reasons:
        return f"there is no backend of that name; there are auto, {', '.join(sorted(reasons))}"
    reason = reasons.get(name)
    if reason is not None:
        return str(reason)
    set_threads_of(tinygrad_i2dl, threads)
    caching = caching and tinygrad_i2dl.backends.native.available()
    enter = functools.partial(_backend, tinygrad_i2dl, name, caching)
    if name in ON_A_GPU:
        return Contender(name, tinygrad_i2dl, enter, "cuda", tinygrad_i2dl.cuda.synchronize, TORCH_CUDA)
    return Contender(name, tinygrad_i2dl, enter)


def _pytorch(name: str, threads: int) -> Contender | str:
    try:
        import torch
    except ImportError as error:
        return f"PyTorch is not installed ({error})"
    set_threads_of(torch, threads)
    if name == TORCH:
        return Contender(name, torch, rival=None)
    if not torch.cuda.is_available():
        return "PyTorch sees no GPU (torch.cuda.is_available() is False)"
    return Contender(name, torch, device="cuda", synchronize=torch.cuda.synchronize, rival=None)


def find(names: list[str], threads: int, caching: bool) -> tuple[dict[str, Contender], dict[str, str]]:
    """The contenders of these names, and for each one that cannot take part the reason.

    A backend on a GPU is compared with PyTorch on the GPU, which is added where PyTorch was asked for.

    Args:
        threads: for every library alike.
        caching: let this library's backends use its caching allocator.
    """
    if "cupy" in names and TORCH in names and TORCH_CUDA not in names:
        names = [*names, TORCH_CUDA]
    found: dict[str, Contender] = {}
    missing: dict[str, str] = {}
    for name in dict.fromkeys(names):
        made = _pytorch(name, threads) if name in RIVALS else _ours(name, threads, caching)
        if isinstance(made, str):
            missing[name] = made
        else:
            found[name] = made
    return found, missing
