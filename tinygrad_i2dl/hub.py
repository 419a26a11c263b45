"""Models from the network (PyTorch's ``torch.hub``): refused, with the way that works."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["download_url_to_file", "list", "load", "load_state_dict_from_url"]


def _refuse(what: str) -> NoReturn:
    raise RuntimeError(
        f"torch.hub.{what} would run code or fetch weights from the network, which this library does not do: download "
        "the state dict yourself, and read it by torch.load(path) into a model of torchvision's "
        "(tinygrad_i2dl.vision.models) or your own"
    )


def load(repo_or_dir: str, model: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises `RuntimeError`: nothing is fetched and run."""
    _refuse(f"load({repo_or_dir!r}, {model!r})")


def list(github: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises `RuntimeError`: nothing is fetched."""
    _refuse(f"list({github!r})")


def load_state_dict_from_url(url: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises `RuntimeError`: nothing is fetched."""
    _refuse(f"load_state_dict_from_url({url!r})")


def download_url_to_file(url: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises `RuntimeError`: nothing is fetched."""
    _refuse(f"download_url_to_file({url!r})")
