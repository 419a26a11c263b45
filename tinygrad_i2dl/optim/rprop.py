"""Rprop."""

from __future__ import annotations

from typing import Any

from ..backends.registry import namespace_of
from ..tensors import Tensor
from .multi_tensor import blocks
from .optimizer import Array, Optimizer, ParamsT, check_foreach, check_range, counted, filled_like, number, zeros_in

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Steps by the sign of the gradient, with a size of its own for each element.

    A size grows by ``etas[1]`` while its gradient keeps the sign, shrinks by ``etas[0]`` when it changes (and the step
    is left out once), within ``step_sizes``. For full batches. Riedmiller and Braun 1993. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_range("learning rate", lr)
        check_foreach(foreach, capturable, lr=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"invalid eta values: {etas[0]}, {etas[1]}, they must satisfy 0 < first < 1 < second")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        counted(state)
        previous = zeros_in(state, "prev", parameter)
        if "step_size" not in state:
            state["step_size"] = filled_like(parameter, number(group["lr"]))
        for p, g, before, size in blocks(parameter._array, gradient, previous, state["step_size"]._array):
            g = -g if group["maximize"] else g.copy()
            xp = namespace_of(type(size))
            sign = xp.sign(g * before)
            size *= xp.where(sign > 0, group["etas"][1], xp.where(sign < 0, group["etas"][0], 1.0)).astype(size.dtype)
            size[...] = size.clip(*group["step_sizes"])
            g[sign < 0] = 0
            p -= xp.sign(g) * size
            before[...] = g
