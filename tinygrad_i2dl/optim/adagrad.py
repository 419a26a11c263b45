"""Adagrad."""

from __future__ import annotations

from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..tensors import Tensor, make
from .multi_tensor import blocks
from .optimizer import Array, Optimizer, ParamsT, check_range, counted, descent, filled_like, number

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    With gradient ``g`` (plus ``weight_decay * p``) at step ``t``::

        s = s + g**2
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    Duchi, Hazan and Singer 2011. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_range("learning rate", lr)
        check_range("lr_decay value", lr_decay)
        check_range("weight_decay value", weight_decay)
        check_range("initial_accumulator_value value", initial_accumulator_value)
        check_range("epsilon value", eps)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:  # PyTorch has the state from the start
            for parameter in group["params"]:
                self.state[parameter] = {
                    "step": make(numpy.zeros((), numpy.float32)),
                    "sum": filled_like(parameter, initial_accumulator_value),
                }

    def share_memory(self) -> None:
        """Does nothing: threads share memory already."""

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        if "sum" not in state:
            state["sum"] = filled_like(parameter, group["initial_accumulator_value"])
        step = counted(state)
        rate = number(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        for p, g, s in blocks(parameter._array, gradient, state["sum"]._array):
            g = descent(g, p, group)
            s += g * g
            p -= g / (namespace_of(type(s)).sqrt(s) + group["eps"]) * rate
