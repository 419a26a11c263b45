"""Adam and AdamW."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..tensors import Tensor
from .optimizer import (
    Array,
    Optimizer,
    ParamsT,
    blocks,
    check_betas,
    check_foreach,
    check_range,
    counted,
    descent,
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

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        step = counted(state)
        beta1, beta2 = (number(beta) for beta in group["betas"])
        lr, eps = number(group["lr"]), group["eps"]
        step_size = lr / (1 - beta1**step)
        root = math.sqrt(1 - beta2**step)
        arrays = [
            parameter._array,
            gradient,
            zeros_in(state, "exp_avg", parameter),
            zeros_in(state, "exp_avg_sq", parameter),
        ]
        if group["amsgrad"]:
            arrays.append(zeros_in(state, "max_exp_avg_sq", parameter))
        for p, g, m, v, *largest in blocks(*arrays):
            g = descent(g, p, group, lr)
            work = g - m
            work *= 1 - beta1
            m += work
            v *= beta2
            numpy.multiply(g, g, out=work)
            work *= 1 - beta2
            v += work
            if largest:
                numpy.maximum(largest[0], v, out=largest[0])
            numpy.sqrt(largest[0] if largest else v, out=work)
            work += eps * root  # step_size * m / (sqrt(v) / root + eps), with one division less
            numpy.divide(m, work, out=work)
            work *= step_size * root
            p -= work


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
