"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..tensors import Tensor, make
from .multi_tensor import blocks
from .optimizer import Array, Optimizer, ParamsT, check_foreach, check_range, counted, descent, number

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Gradient descent that also averages the parameters over the steps, in the state entry ``ax``.

    At step ``t``: ``eta = lr / (1 + lambd * lr * t)**alpha``, ``p = p * (1 - lambd * eta) - eta * g``, and
    ``ax = ax + (p - ax) / max(1, t - t0)``. Polyak and Juditsky 1992. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_range("learning rate", lr)
        check_foreach(foreach, capturable, lr=lr)
        check_range("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr = number(group["lr"])
        if "eta" not in state:
            state["eta"] = make(numpy.asarray(lr, numpy.float32))
            state["mu"] = make(numpy.ones((), numpy.float32))
            state["ax"] = make(namespace_of(type(parameter._array)).zeros_like(parameter._array))
        step = counted(state)
        eta, mu = state["eta"]._array.item(), state["mu"]._array.item()
        for p, g, average in blocks(parameter._array, gradient, state["ax"]._array):
            g = descent(g, p, group)
            p *= 1 - group["lambd"] * eta
            p -= g * eta
            if mu == 1:
                average[...] = p
            else:
                average += (p - average) * mu
        state["eta"] = make(numpy.asarray(lr / (1 + group["lambd"] * lr * step) ** group["alpha"], numpy.float32))
        state["mu"] = make(numpy.asarray(1 / max(1, step - group["t0"]), numpy.float32))
