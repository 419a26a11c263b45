"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

from ..tensors import rebase
from .multi_tensor import adam_step, alike, gradients_of
from .optimizer import (
    Optimizer,
    ParamsT,
    check_betas,
    check_foreach,
    check_range,
    counted,
    number,
    zeros_in,
)

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam: steps scaled by running moments of the gradient.

    With gradient ``g`` (plus ``weight_decay * p``) at step ``t``::

        m = b1 * m + (1 - b1) * g          v = b2 * v + (1 - b2) * g**2
        p = p - lr / (1 - b1**t) * m / (sqrt(v / (1 - b2**t)) + eps)

    Kingma and Ba 2015; ``amsgrad`` uses the largest ``v`` so far (Reddi et al. 2018). Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
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
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _step_group(self, group: dict[str, Any]) -> None:
        beta1, beta2 = (number(beta) for beta in group["betas"])
        lr, decay = number(group["lr"]), number(group["weight_decay"])
        for parameters in alike(group["params"]):
            states = [self.state[parameter] for parameter in parameters]
            steps = [counted(state) for state in states]
            pairs = list(zip(states, parameters, strict=True))
            adam_step[type(parameters[0]._array)](
                [parameter._array for parameter in parameters],
                gradients_of(parameters),
                [zeros_in(state, "exp_avg", parameter) for state, parameter in pairs],
                [zeros_in(state, "exp_avg_sq", parameter) for state, parameter in pairs],
                [zeros_in(state, "max_exp_avg_sq", parameter) for state, parameter in pairs]
                if group["amsgrad"]
                else [],
                steps,
                lr,
                beta1,
                beta2,
                group["eps"],
                decay,
                group["decoupled_weight_decay"],
                group["maximize"],
            )
            for parameter in parameters:
                rebase(parameter, None)


class AdamW(Adam):
    """Adam with decoupled weight decay: ``p = p * (1 - lr * weight_decay)`` beside the step (Loshchilov and Hutter
    2019)."""

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
