"""RMSprop."""

from __future__ import annotations

from typing import Any

from ..backends.registry import namespace_of
from ..tensors import Tensor
from .multi_tensor import blocks
from .optimizer import Array, Optimizer, ParamsT, check_foreach, check_range, counted, descent, number, zeros_in

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient.

    With gradient ``g`` (plus ``weight_decay * p``)::

        v = alpha * v + (1 - alpha) * g**2
        s = sqrt(v) + eps                     (centered: sqrt(v - m**2) + eps with m = alpha * m + (1 - alpha) * g)
        p = p - lr * g / s                    (momentum: b = momentum * b + g / s; p = p - lr * b)

    Tieleman and Hinton 2012 (lecture 6.5); centered: Graves 2013. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_range("learning rate", lr)
        check_foreach(foreach, capturable, lr=lr)
        check_range("epsilon value", eps)
        check_range("momentum value", momentum)
        check_range("weight_decay value", weight_decay)
        check_range("alpha value", alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        counted(state)
        lr, alpha, eps, momentum = number(group["lr"]), group["alpha"], group["eps"], group["momentum"]
        arrays = [parameter._array, gradient, zeros_in(state, "square_avg", parameter)]
        if momentum > 0:
            arrays.append(zeros_in(state, "momentum_buffer", parameter))
        if group["centered"]:
            arrays.append(zeros_in(state, "grad_avg", parameter))
        for p, g, v, *rest in blocks(*arrays):
            g = descent(g, p, group)
            v *= alpha
            v += g * g * (1 - alpha)
            if group["centered"]:
                m = rest[-1]
                m += (g - m) * (1 - alpha)
                scale = namespace_of(type(v)).sqrt(v - m * m)
            else:
                scale = namespace_of(type(v)).sqrt(v)
            scale += eps
            namespace_of(type(v)).divide(g, scale, out=scale)
            if momentum > 0:
                rest[0] *= momentum
                rest[0] += scale
                p -= rest[0] * lr
            else:
                scale *= lr
                p -= scale
