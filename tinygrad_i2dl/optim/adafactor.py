"""Adafactor."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..tensors import Tensor, make
from .optimizer import Array, Optimizer, ParamsT, check_range, counted, number

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adam's scaling with a second moment that is kept as the product of a row and a column, at the cost of both
    instead of all.

    At step ``t`` with gradient ``g`` of a matrix, ``b = 1 - t**beta2_decay``::

        r = b * r + (1 - b) * mean(g**2, columns)      c = b * c + (1 - b) * mean(g**2, rows)
        u = g / sqrt(r c / mean(r))                    u = u / max(1, rms(u) / d)
        p = p - max(eps2, rms(p)) * min(lr, 1 / sqrt(t)) * u

    Shazeer and Stern 2018. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_range("learning rate", lr)
        if beta2_decay > 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None:
            check_range("epsilon1", eps[0])
        check_range("epsilon2", eps[1])
        check_range("clipping threshold d", d, 1.0)
        check_range("weight_decay", weight_decay)
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        p, g = parameter._array, -gradient if group["maximize"] else gradient
        if not state:
            state["step"] = make(numpy.zeros((), numpy.float32))
            if g.ndim > 1:
                state["row_var"] = make(namespace_of(type(g)).zeros((*g.shape[:-1], 1), g.dtype))
                state["col_var"] = make(namespace_of(type(g)).zeros((*g.shape[:-2], 1, g.shape[-1]), g.dtype))
            else:
                state["variance"] = make(namespace_of(type(g)).zeros_like(g))
        step, lr = counted(state), number(group["lr"])
        eps1, eps2 = group["eps"]
        eps1 = float(numpy.finfo(p.dtype).eps) if eps1 is None else eps1
        weight = step ** group["beta2_decay"]
        rate = min(lr, 1 / math.sqrt(step)) * max(eps2, float(namespace_of(type(p)).linalg.norm(p)) / math.sqrt(p.size))
        if group["weight_decay"] != 0:
            p *= 1 - lr * group["weight_decay"]
        squares = g * g
        if g.ndim > 1:
            row, column = state["row_var"]._array, state["col_var"]._array
            row += (squares.mean(-1, keepdims=True) - row) * weight
            column += (squares.mean(-2, keepdims=True) - column) * weight
            estimate = row @ column / namespace_of(type(p)).maximum(row.mean(-2, keepdims=True), eps1)
        else:
            variance = state["variance"]._array
            variance += (squares - variance) * weight
            estimate = variance
        update = g / namespace_of(type(p)).sqrt(namespace_of(type(p)).maximum(estimate, eps1 * eps1))
        size = float(namespace_of(type(p)).linalg.norm(update)) / (math.sqrt(update.size) * group["d"])
        p -= update * (rate / max(1.0, size))
