"""Adadelta."""

from __future__ import annotations

from typing import Any

from ..backends.registry import namespace_of
from ..tensors import Tensor
from .multi_tensor import blocks
from .optimizer import Array, Optimizer, ParamsT, check_foreach, check_range, counted, descent, number, zeros_in

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Steps whose scale follows from the gradients and the steps themselves.

    With gradient ``g`` (plus ``weight_decay * p``)::

        v = rho * v + (1 - rho) * g**2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        p = p - lr * d

    Zeiler 2012. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_range("learning rate", lr)
        check_foreach(foreach, capturable, lr=lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"invalid rho value: {rho}, it must be in [0, 1]")
        check_range("epsilon value", eps)
        check_range("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        counted(state)
        rho, eps, lr = group["rho"], group["eps"], number(group["lr"])
        of_squares, of_steps = zeros_in(state, "square_avg", parameter), zeros_in(state, "acc_delta", parameter)
        for p, g, v, u in blocks(parameter._array, gradient, of_squares, of_steps):
            g = descent(g, p, group)
            v *= rho
            v += g * g * (1 - rho)
            xp = namespace_of(type(p))
            d = xp.sqrt(u + eps) / xp.sqrt(v + eps) * g
            u *= rho
            u += d * d * (1 - rho)
            p -= d * lr
