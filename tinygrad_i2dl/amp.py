"""Automatic mixed precision, as far as course code uses it (PyTorch's ``torch.amp``).

Computing in half precision pays on a GPU's tensor cores. On a CPU it would only lose digits, so `autocast` here leaves
every dtype as it is, and `GradScaler` scales by one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .tensors import Tensor

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


class autocast:
    """Context manager and decorator that PyTorch computes in half precision in; here everything keeps its dtype."""

    def __init__(
        self, device_type: Any = "cpu", dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        self.device = device_type
        self.fast_dtype = dtype
        self._enabled = enabled

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside


class GradScaler:
    """Keeps PyTorch's calls working: gradients of float32 need no scaling, so the scale is one.

    >>> import tinygrad_i2dl as torch
    >>> scaler = torch.amp.GradScaler()
    >>> scaler.scale(torch.tensor(2.0))
    tensor(2.)
    """

    def __init__(
        self,
        device: Any = "cpu",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._enabled = False

    def scale(self, outputs: Any) -> Any:
        """The loss itself."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Does nothing: gradients are not scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Does nothing: the scale is always one."""

    def get_scale(self) -> float:
        """One."""
        return 1.0

    def is_enabled(self) -> bool:
        """False: nothing is scaled."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Empty: there is no state."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Accepts what any scaler saved."""


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str = "cpu", cast_inputs: Any = None) -> Any:
    """Decorator of a Function's forward under autocast; here the function itself."""
    return fwd if fwd is not None else (lambda function: function)


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str = "cpu") -> Any:
    """Decorator of a Function's backward under autocast; here the function itself."""
    return bwd if bwd is not None else (lambda function: function)
