"""Models as ONNX files (PyTorch's ``torch.onnx``): refused, with the way that works."""

from __future__ import annotations

from typing import Any, NoReturn

from .missing import missing_name

__all__ = ["export"]


def export(model: Any, args: Any = (), f: Any = None, **kwargs: Any) -> NoReturn:
    """Raises `RuntimeError`: a model is Python code here, and no graph of it is written."""
    raise RuntimeError(
        f"torch.onnx.export({type(model).__name__}, ...) needs PyTorch itself: store the parameters by "
        "torch.save(model.state_dict(), path), read them into the same model in PyTorch, and export it there"
    )


__getattr__ = missing_name("torch.onnx", lambda: globals())
