"""Whether cuDNN can be used: the Python package ``nvidia-cudnn-frontend`` (imported as ``cudnn``) and NVIDIA's library.

Nothing here imports it before a convolution on a GPU, or somebody who asks for it, does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["INSTALL", "connect", "reason", "use", "version"]

INSTALL = 'pip install "tinygrad_i2dl[cudnn]" nvidia-cudnn-cu12 (nvidia-cudnn-cu13 for a CUDA 13 driver)'

_library: Any = None
_version: int | None = None
_reason: str | None = None
_asked = False


def use(library: Any) -> Callable[[], None]:
    """Let `library` be cuDNN's package; call what comes back to undo it. Raises what `library` raises when it is asked
    for its version."""
    global _library, _version, _reason, _asked
    before = _library, _version, _reason, _asked
    _library, _version, _reason, _asked = library, int(library.backend_version()), None, True

    def undo() -> None:
        global _library, _version, _reason, _asked
        _library, _version, _reason, _asked = before

    return undo


def connect() -> Any:
    """The package, None, with `reason`, if it or the library is missing. Imports it at the first call."""
    global _asked, _reason
    if not _asked:
        _asked = True
        try:
            use(importlib.import_module("cudnn"))
        except ImportError as error:
            _reason = f"the package nvidia-cudnn-frontend is not installed ({error}): {INSTALL}"
        except Exception as error:  # whatever a library that is half there answers
            _reason = f"nvidia-cudnn-frontend is installed, but cannot use NVIDIA's library ({error}): {INSTALL}"
    return _library


def reason() -> str | None:
    """Why cuDNN cannot be used here, None if it can."""
    connect()
    return _reason


def version() -> int | None:
    """Version of NVIDIA's library, such as 91300 for 9.13; None without it."""
    connect()
    return _version
