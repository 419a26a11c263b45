"""Logs for TensorBoard (PyTorch's ``torch.utils.tensorboard``), written by the package tensorboardX."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

from ..dtypes import bfloat16
from ..missing import missing_name
from ..tensors import Tensor

_missing = missing_name("torch.utils.tensorboard", lambda: {"SummaryWriter": None})


def _plain(value: Any) -> Any:
    """`value` with NumPy arrays and Python numbers for tensors: tensorboardX knows PyTorch's tensors alone."""
    if isinstance(value, Tensor):
        tensor = value.detach().cpu()
        if not tensor.ndim:
            return tensor.item()
        return (tensor.float() if tensor.dtype is bfloat16 else tensor).numpy()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_plain(each) for each in value)
    return value


def _with_plain_arguments(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *_plain(args), **_plain(kwargs))

    return call


def _add_graph(self: Any, *args: Any, **kwargs: Any) -> None:
    raise NotImplementedError(
        "SummaryWriter.add_graph() needs PyTorch's tracer, which is not here: leave the call out, or write the layers "
        'as text by add_text("model", str(model))'
    )


@functools.cache
def _summary_writer(base: type) -> type:
    """tensorboardX's class, whose methods take tensors."""
    methods = {
        name: _with_plain_arguments(getattr(base, name))
        for name in dir(base)
        if name.startswith("add_") and name != "add_graph"
    }
    return type("SummaryWriter", (base,), {**methods, "add_graph": _add_graph, "__module__": __name__})


def __getattr__(name: str) -> Any:
    """``SummaryWriter``, imported when it is asked for. Raises `ModuleNotFoundError` without tensorboardX."""
    if name != "SummaryWriter":
        return _missing(name)
    try:
        return _summary_writer(importlib.import_module("tensorboardX").SummaryWriter)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "torch.utils.tensorboard is the package tensorboardX here, which is not installed: pip install tensorboardX"
        ) from error
