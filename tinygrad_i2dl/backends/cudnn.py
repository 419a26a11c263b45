"""Switches of convolutions by cuDNN, PyTorch's ``torch.backends.cudnn``.

cuDNN computes convolutions on a GPU where its packages are installed (`is_available`); else these change nothing.

Attributes:
    enabled: whether cuDNN is asked at all; the library's own kernels compute where it is not.
    allow_tf32: whether products of float32 may be rounded to TF32 (10 bits of mantissa). True, as in PyTorch: set it
        to False for the accuracy of float32. The library's own kernels never round so.
    deterministic: use only algorithms whose results do not vary from run to run.
    benchmark: accepted; algorithms are chosen by cuDNN's heuristics, not by timing them.
"""

from __future__ import annotations

from . import cudnn_library, registry

__all__ = ["allow_tf32", "benchmark", "deterministic", "enabled", "is_available", "version"]

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Whether cuDNN can compute here: there is a GPU, and the package and NVIDIA's library are installed."""
    return registry.reason_of("cupy") is None and cudnn_library.reason() is None


def version() -> int | None:
    """Version of cuDNN, such as 91300 for 9.13; None where it cannot compute."""
    return cudnn_library.version() if is_available() else None
