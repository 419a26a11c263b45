"""Which library reads image files: always Pillow."""

from __future__ import annotations

__all__ = ["get_image_backend", "set_image_backend"]


def get_image_backend() -> str:
    """The name of the library that reads image files."""
    return "PIL"


def set_image_backend(backend: str) -> None:
    """Accept ``"PIL"``, the only backend.

    Raises:
        ValueError: any other name.
    """
    if backend != "PIL":
        raise ValueError(f"image files are read by 'PIL' alone, got {backend!r}")
