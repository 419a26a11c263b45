"""Compilation to TorchScript (PyTorch's ``torch.jit``): there is none, so that code which asks for it runs as Python.

What compiles hands back what it was given; what reads and writes compiled files is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from .missing import missing_name

__all__ = [
    "annotate", "export", "ignore", "is_scripting", "is_tracing", "load", "save", "script", "trace", "unused",
]  # fmt: skip

T = TypeVar("T")


def script(obj: T, *args: Any, **kwargs: Any) -> T:
    """`obj`, a module or a function, itself: it goes on running as Python.

    >>> import tinygrad_i2dl as torch
    >>> @torch.jit.script
    ... def double(x: torch.Tensor) -> torch.Tensor:
    ...     return x + x
    >>> double(torch.ones(2))
    tensor([2., 2.])
    """
    return obj


def trace(func: T, example_inputs: Any = None, *args: Any, **kwargs: Any) -> T:
    """`func`, a module or a function, itself: its ``if`` and ``for`` stay what they are; the inputs are not used."""
    return func


def export(fn: T) -> T:
    """`fn` itself: every method can be called."""
    return fn


def unused(fn: T) -> T:
    """`fn` itself: it runs when it is called."""
    return fn


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """A decorator, with or without arguments, that hands back the function: it runs when it is called."""
    return drop if callable(drop) else _unchanged


def _unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def annotate(the_type: Any, the_value: T) -> T:
    """`the_value` itself."""
    return the_value


def is_scripting() -> bool:
    """False: nothing is compiled."""
    return False


def is_tracing() -> bool:
    """False: nothing is traced."""
    return False


def save(m: Any, f: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises `RuntimeError`: programs are not stored."""
    raise RuntimeError(
        "torch.jit.save would store a compiled program, and this library compiles none: store the parameters by "
        "torch.save(model.state_dict(), path)"
    )


def load(f: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises `RuntimeError`: programs in files are not run."""
    raise RuntimeError(
        "torch.jit.load would run a compiled program from a file, which this library does not do: build the model in "
        "Python and read its parameters by model.load_state_dict(torch.load(path))"
    )


__getattr__ = missing_name("torch.jit", lambda: globals())
