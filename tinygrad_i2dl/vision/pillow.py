"""Pillow, which is optional: imported on first use, with one line saying how to get it."""

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any

__all__ = ["is_pil", "pillow"]


@functools.cache
def pillow(part: str = "Image") -> Any:
    """A module of Pillow such as ``Image`` or ``ImageOps``.

    Raises:
        ModuleNotFoundError: Pillow is not installed.
    """
    try:
        return importlib.import_module(f"PIL.{part}")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("reading and changing PIL images needs Pillow: pip install Pillow") from error


def is_pil(image: Any) -> bool:
    """Whether `image` is a PIL image; does not import Pillow: without it there is none."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)
