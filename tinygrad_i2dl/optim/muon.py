"""Muon."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..dtypes import bfloat16
from ..ops._define import as_array
from ..tensors import Tensor
from .optimizer import Array, Optimizer, ParamsT, check_range, number, zeros_in

__all__ = ["Muon"]


class Muon(Optimizer):
    """Momentum whose direction is made orthogonal, for the matrices of hidden layers.

    The momentum matrix is replaced by the nearest semi-orthogonal one, found by ``ns_steps`` Newton-Schulz iterations
    ``X = a X + (b X X^T + c (X X^T)^2) X`` in bfloat16. Jordan et al. 2024. Arguments as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_range("Learning rate", lr)
        check_range("momentum", momentum)
        check_range("weight decay", weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {parameter.shape}"
                    )

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        p, momentum, lr = parameter._array, group["momentum"], number(group["lr"])
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        buffer = zeros_in(state, "momentum_buffer", parameter)
        buffer += (gradient - buffer) * (1 - momentum)
        direction = gradient + (buffer - gradient) * momentum if group["nesterov"] else buffer
        update = _orthogonal(direction, group["ns_coefficients"], group["ns_steps"], group["eps"])
        rows, columns = p.shape
        if group["adjust_lr_fn"] == "match_rms_adamw":
            ratio = 0.2 * math.sqrt(max(rows, columns))
        else:
            ratio = math.sqrt(max(1, rows / columns))
        exact: Any = (
            numpy.float32 if isinstance(group["lr"], Tensor) else float
        )  # a rate given as a tensor stays in float32
        p *= float(exact(1) - exact(lr) * exact(group["weight_decay"]))
        p -= update * float(exact(lr) * exact(ratio))


def _rounded(array: Array) -> Array:
    """float32 with the digits of bfloat16."""
    xp = namespace_of(type(array))
    if xp is numpy or isinstance(array, numpy.generic):
        return array.astype(bfloat16.numpy).astype(numpy.float32)
    # a device has no bfloat16: the upper half of float32's bits, rounded to the nearest even one
    bits = array.astype(numpy.float32).view(numpy.uint32)
    rounded = (bits + (((bits >> 16) & 1) + 0x7FFF)) & 0xFFFF0000
    return rounded.astype(numpy.uint32).view(numpy.float32)


def _orthogonal(matrix: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """The nearest semi-orthogonal matrix, by Newton-Schulz iterations whose results are rounded to bfloat16."""
    a, b, c = coefficients
    x = _rounded(matrix.astype(numpy.float32))
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = _rounded(x / max(float(_rounded(as_array(namespace_of(type(x)).linalg.norm(x)))), eps))
    for _ in range(steps):
        gram = _rounded(x @ x.T)
        polynomial = _rounded(b * gram + c * (gram @ gram))
        x = _rounded(a * x + polynomial @ x)
    return (x.T if tall else x).astype(matrix.dtype)
