"""NAdam."""

from __future__ import annotations

from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..tensors import Tensor, make
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

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam with Nesterov momentum.

    With gradient ``g`` at step ``t`` and ``mu(t) = b1 * (1 - 0.5 * 0.96**(t * momentum_decay))``::

        m = b1 * m + (1 - b1) * g          v = b2 * v + (1 - b2) * g**2
        n = mu(t + 1) * m / (1 - prod(mu, t + 1)) + (1 - mu(t)) * g / (1 - prod(mu, t))
        p = p - lr * n / (sqrt(v / (1 - b2**t)) + eps)

    Dozat 2016. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_range("momentum_decay value", momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        step = counted(state)
        beta1, beta2 = group["betas"]
        lr, eps = number(group["lr"]), group["eps"]
        if "mu_product" not in state:
            state["mu_product"] = make(numpy.ones((), numpy.float32))
        mu = beta1 * (1 - 0.5 * 0.96 ** (step * group["momentum_decay"]))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * group["momentum_decay"]))
        state["mu_product"]._array *= mu
        product = state["mu_product"]._array.item()
        of_gradient = lr * (1 - mu) / (1 - product)
        of_mean = lr * mu_next / (1 - product * mu_next)
        correction = 1 - beta2**step
        mean, square = zeros_in(state, "exp_avg", parameter), zeros_in(state, "exp_avg_sq", parameter)
        for p, g, m, v in blocks(parameter._array, gradient, mean, square):
            g = descent(g, p, group, lr)
            m += (g - m) * (1 - beta1)
            v *= beta2
            v += g * g * (1 - beta2)
            scale = namespace_of(type(v)).sqrt(v / correction) + eps
            p -= g / scale * of_gradient
            p -= m / scale * of_mean
