"""RAdam."""

from __future__ import annotations

import math
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

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Adam whose scaling starts only when the variance of the second moment is small enough, and is rectified then.

    At step ``t`` with ``rho_inf = 2 / (1 - b2) - 1`` and ``rho = rho_inf - 2 t b2**t / (1 - b2**t)``: where ``rho > 5``
    Adam's step times ``sqrt((rho - 4)(rho - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho))``, else a step along the
    mean. Liu et al. 2020. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        step = counted(state)
        beta1, beta2 = group["betas"]
        lr, eps = number(group["lr"]), group["eps"]
        correction1, correction2 = 1 - beta1**step, 1 - beta2**step
        limit = 2 / (1 - beta2) - 1
        length = limit - 2 * step * beta2**step / correction2
        rectified = (
            math.sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))
            if length > 5.0
            else None
        )
        mean, square = zeros_in(state, "exp_avg", parameter), zeros_in(state, "exp_avg_sq", parameter)
        for p, g, m, v in blocks(parameter._array, gradient, mean, square):
            g = descent(g, p, group, lr)
            m += (g - m) * (1 - beta1)
            v *= beta2
            v += g * g * (1 - beta2)
            step_of = m * (lr / correction1)
            if rectified is not None:
                step_of *= rectified * math.sqrt(correction2) / (namespace_of(type(v)).sqrt(v) + eps)
            p -= step_of
