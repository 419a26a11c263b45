"""Modules whose parameters are about to be written by the caller."""

from __future__ import annotations

from typing import Any

from ...random import fork_rng
from ..module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """A `module_cls` of these arguments whose parameters the caller will write: what they hold until then is undefined.

    Here they are initialised all the same, and the random numbers that this takes are given back: the default stream
    goes on as if nothing had been drawn.

    Raises:
        RuntimeError: `module_cls` is no class of modules.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.utils.skip_init(torch.nn.Linear, 2, 3).weight.shape
    torch.Size([3, 2])
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"skip_init() needs a subclass of torch.nn.Module, got {module_cls!r}")
    with fork_rng():
        return module_cls(*args, **kwargs)
