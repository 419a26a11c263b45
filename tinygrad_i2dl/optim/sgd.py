"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from ..tensors import Tensor, rebase
from .multi_tensor import Array, alike, gradients_of, sgd_step
from .optimizer import Optimizer, ParamsT, check_range, filled_like, number

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

    def _step_group(self, group: dict[str, Any]) -> None:
        for parameters in alike(group["params"]):
            if group["momentum"] == 0:
                self._step_alike(parameters, [], False, group)
                continue
            fresh = [each for each in parameters if self.state[each].get("momentum_buffer") is None]
            if fresh:
                for parameter in fresh:
                    self.state[parameter]["momentum_buffer"] = filled_like(parameter, 0.0)
                self._step_alike(fresh, self._buffers(fresh), True, group)
                known = set(map(id, fresh))
                parameters = [each for each in parameters if id(each) not in known]
            if parameters:
                self._step_alike(parameters, self._buffers(parameters), False, group)

    def _buffers(self, parameters: list[Tensor]) -> list[Array]:
        return [self.state[parameter]["momentum_buffer"]._array for parameter in parameters]

    def _step_alike(self, parameters: list[Tensor], buffers: list[Array], first: bool, group: dict[str, Any]) -> None:
        sgd_step[type(parameters[0]._array)](
            [parameter._array for parameter in parameters],
            gradients_of(parameters),
            buffers,
            number(group["lr"]),
            number(group["momentum"]),
            number(group["dampening"]),
            number(group["weight_decay"]),
            group["nesterov"],
            group["maximize"],
            first,
        )
        for parameter in parameters:
            rebase(parameter, None)
