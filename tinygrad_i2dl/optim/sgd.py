"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from ..ops._define import F32, float32_constant
from ..tensors import Tensor
from .optimizer import BLOCK, Array, Optimizer, ParamsT, blocks, check_range, number, zeros_in

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent, with momentum if asked.

    With gradient ``g`` (plus ``weight_decay * p``), learning rate ``lr``, momentum ``m`` and dampening ``d``::

        v = m * v + (1 - d) * g      (the first time v = g)
        p = p - lr * v               (nesterov: p - lr * (g + m * v))

    Sutskever et al. 2013. Arguments as in PyTorch.

    >>> import tinygrad_i2dl as torch
    >>> p = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.SGD([p], lr=0.1)
    >>> (p * p).sum().backward(); optimizer.step(); p.detach()
    tensor([0.8000])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_range("learning rate", lr)
        check_range("momentum value", momentum)
        check_range("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                f"Nesterov momentum requires a momentum and zero dampening, got {momentum} and {dampening}"
            )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _keeps_state(self, group: dict[str, Any]) -> bool:
        return bool(group["momentum"] != 0)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, momentum, decay = number(group["lr"]), group["momentum"], group["weight_decay"]
        if group["maximize"]:
            gradient = -gradient
        if momentum == 0:
            array = parameter._array
            if decay == 0 and 0 < array.ndim and array.size <= BLOCK:  # small: what is below, in two calls
                # NumPy takes half as long for a small product with an array without dimensions as with a float
                array -= gradient * (float32_constant(lr) if lr and array.dtype is F32 else lr)
                return
            for p, g in blocks(parameter._array, gradient):
                p -= (g + p * decay if decay != 0 else g) * lr
            return
        fresh = state.get("momentum_buffer") is None
        buffer = zeros_in(state, "momentum_buffer", parameter)
        for p, g, v in blocks(parameter._array, gradient, buffer):
            if decay != 0:
                g = g + p * decay
            if fresh:
                v[...] = g
            else:
                v *= momentum
                v += g * (1 - group["dampening"]) if group["dampening"] else g
            p -= (g + v * momentum if group["nesterov"] else v) * lr
