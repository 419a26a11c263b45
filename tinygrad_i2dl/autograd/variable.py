"""The old name of a tensor that takes part in differentiation."""

from __future__ import annotations

from typing import Any

from ..tensors import Tensor

__all__ = ["Variable"]


class _VariableType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableType):
    """``Variable(tensor, requires_grad=...)`` gives the tensor itself: the two were merged long ago.

    >>> import tinygrad_i2dl as torch
    >>> torch.autograd.Variable(torch.ones(1), requires_grad=True)
    tensor([1.], requires_grad=True)
    """

    def __new__(cls, data: Any, requires_grad: bool = False, volatile: bool = False) -> Any:
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable() needs a Tensor, got {type(data).__name__}: use torch.tensor(...)")
        return data.detach().requires_grad_() if requires_grad else data
