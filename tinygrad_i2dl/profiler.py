"""Profiles (PyTorch's ``torch.profiler``)."""

from __future__ import annotations

from enum import Enum

from .autograd.profiler import profile as profile
from .autograd.profiler import record_function as record_function
from .missing import missing_name

__all__ = ["ProfilerActivity", "profile", "record_function"]


class ProfilerActivity(Enum):
    """What PyTorch may record; a profile here records all operations, wherever they run."""

    CPU = 0
    CUDA = 2


__getattr__ = missing_name("torch.profiler", lambda: globals())
