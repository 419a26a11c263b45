"""Logs for TensorBoard (PyTorch's ``torch.utils.tensorboard``), written by the package tensorboardX."""

from __future__ import annotations

import importlib
from typing import Any

from ..missing import missing_name

_missing = missing_name("torch.utils.tensorboard", lambda: {"SummaryWriter": None})


def __getattr__(name: str) -> Any:
    """``SummaryWriter``, imported when it is asked for. Raises `ModuleNotFoundError` without tensorboardX."""
    if name != "SummaryWriter":
        return _missing(name)
    try:
        return importlib.import_module("tensorboardX").SummaryWriter
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "torch.utils.tensorboard is the package tensorboardX here, which is not installed: pip install tensorboardX"
        ) from error
