"""What to say when somebody asks for a name of PyTorch that is not here."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import Any

from .errors import MissingNameError

__all__ = ["members", "missing_name", "nearest_names"]

# The modules that PyTorch and torchvision have too. Others are how this library is built, and nobody looks for them.
MODULES = frozenset(
    (
        "accelerator amp anomaly autograd backends checkpoint cuda cudnn data dataloader dataset datasets distributed "
        "distributions forward_ad func function functional hub init io jit linalg lr_scheduler models modules mps "
        "multiprocessing nn onnx ops optim parallel parameter parametrizations parametrize profiler prune random rnn "
        "sampler serialization special stateless tensorboard transforms utils v2 version"
    ).split()
)


def members(holder: Any) -> dict[str, Any]:
    """The names of a module, a class or an object, with their values: what `nearest_names` chooses from."""
    return {name: getattr(holder, name, None) for name in dir(holder)}


def nearest_names(name: str, names: Mapping[str, Any], module: str) -> str:
    """The end of a message: the names of `module`, with their values, that look most like `name`, or nothing."""
    public = [
        each
        for each, value in names.items()
        if not each.startswith("_")
        and value is not missing_name
        and (each in MODULES or not isinstance(value, ModuleType))
    ]
    nearest = difflib.get_close_matches(name, public, 3)
    return f"; nearest: {', '.join(f'{module}.{each}' for each in nearest)}" if nearest else ""


def missing_name(
    module: str, names: Callable[[], Mapping[str, Any]], later: Collection[str] = ()
) -> Callable[[str], Any]:
    """A module's ``__getattr__`` that says what is missing and what is nearest.

    Args:
        module: as users write it, such as ``torch.nn``.
        names: gives the names that the module has, and what they stand for.
        later: its submodules that are imported when they are first asked for.
    """

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):  # Python's own questions
            raise AttributeError(name)
        if name in later:
            return importlib.import_module(f"{names()['__name__']}.{name}")
        raise MissingNameError(f"tinygrad_i2dl has no {module}.{name}{nearest_names(name, names(), module)}")

    return __getattr__
