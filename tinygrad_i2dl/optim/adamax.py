"""Adamax."""

from __future__ import annotations

from typing import Any

from ..backends.registry import namespace_of
from ..tensors import Tensor
from .multi_tensor import blocks
from .optimizer import (
    Array,
    Optimizer,
    ParamsT,
    check_betas,
    check_foreach,
    check_range,
    counted,
    descent,
    number,
    zeros_in,
)

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adam with the infinity norm in place of the second moment.

    With gradient ``g`` (plus ``weight_decay * p``) at step ``t``::

        m = b1 * m + (1 - b1) * g          u = max(b2 * u, |g| + eps)
        p = p - lr / (1 - b1**t) * m / u

    Kingma and Ba 2015, section 7. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_range("learning rate", lr)
        check_foreach(foreach, capturable, **{"lr": lr, "betas[0]": betas[0], "betas[1]": betas[1]})
        check_range("epsilon value", eps)
        check_betas(betas)
        check_range("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        step = counted(state)
        beta1, beta2 = group["betas"]
        rate = number(group["lr"]) / (1 - beta1**step)
        mean, largest = zeros_in(state, "exp_avg", parameter), zeros_in(state, "exp_inf", parameter)
        for p, g, m, u in blocks(parameter._array, gradient, mean, largest):
            g = descent(g, p, group)
            m += (g - m) * (1 - beta1)
            u *= beta2
            namespace_of(type(u)).maximum(u, abs(g) + group["eps"], out=u)
            p -= m / u * rate
