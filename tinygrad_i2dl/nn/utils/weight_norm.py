"""Weight normalization by hooks: a weight as length times direction (T. Salimans and D. Kingma, 2016)."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from ...engine.mode import no_grad
from ...ops.pointwise import sqrt
from ...tensors import Parameter
from ..module import Module, is_lazy

__all__ = ["remove_weight_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def norm_except_dim(weight: Any, dim: int) -> Any:
    """The Euclidean norms over all dimensions but `dim` (-1: over all)."""
    others = [d for d in range(weight.ndim) if dim == -1 or d != dim % weight.ndim]
    squares = weight * weight
    if dim == -1:
        return sqrt(squares.sum())
    return sqrt(squares.sum(others, keepdim=True)) if others else weight.abs()


class WeightNorm:
    """Before each call, ``weight = weight_g weight_v / |weight_v|``."""

    def __init__(self, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim

    def compute_weight(self, module: Module) -> Any:
        """The weight of its length and direction."""
        direction = getattr(module, self.name + "_v")
        return direction * (getattr(module, self.name + "_g") / norm_except_dim(direction, self.dim))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))

    def remove(self, module: Module) -> None:
        """Make the weight an ordinary parameter again."""
        with no_grad():
            weight = self.compute_weight(module)
        for name in (self.name, self.name + "_g", self.name + "_v"):
            delattr(module, name)
        setattr(module, self.name, Parameter(weight))


def _hook_of(module: Module, name: str) -> int | None:
    for key, hook in module.__dict__["_forward_pre_hooks"].items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            return int(key)
    return None


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Replace the parameter `name` by its length `name`_g, one number per index of `dim`, and its direction `name`_v.

    PyTorch deprecated this form for `parametrizations.weight_norm`.
    """
    warnings.warn("weight_norm is deprecated: use nn.utils.parametrizations.weight_norm", FutureWarning, stacklevel=2)
    if _hook_of(module, name) is not None:
        raise RuntimeError(f"the parameter {name!r} has weight normalization already")
    hook = WeightNorm(name, -1 if dim is None else dim)
    weight = getattr(module, name)
    if is_lazy(weight):
        raise ValueError(f"the parameter {name!r} has no shape yet: call the module once before weight_norm")
    delattr(module, name)
    with no_grad():
        module.register_parameter(name + "_g", Parameter(norm_except_dim(weight, hook.dim).detach()))
        module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo `weight_norm`. Raises ValueError if there is none."""
    key = _hook_of(module, name)
    if key is None:
        raise ValueError(f"weight_norm of {name!r} not found in {module}")
    hooks = module.__dict__["_forward_pre_hooks"]
    hooks.pop(key).remove(module)
    return module
