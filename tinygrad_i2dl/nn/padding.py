"""Layers that add a border."""

from __future__ import annotations

from typing import Any

from ..tensors import Tensor
from . import functional as F
from .convolution import sizes
from .module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """A border of `dimensions` dimensions; amounts before and after, last dimension first."""

    dimensions: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = sizes(padding, 2 * self.dimensions)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ReflectionPad(_Pad):
    mode = "reflect"


class _ReplicationPad(_Pad):
    mode = "replicate"


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self.dimensions + 1, self.dimensions + 2):
            raise ValueError(
                f"{type(self).__name__} expected an input of {self.dimensions + 1} or {self.dimensions + 2} "
                f"dimensions, "
                f"got shape {tuple(input.shape)}"
            )
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """Continues the values from the other end at the ends of ``(N, C, L)``: 2 amounts, or one for both."""

    dimensions = 1


class CircularPad2d(_CircularPad):
    """Continues the values from the other end at the sides of ``(N, C, H, W)``: left, right, top, bottom, or one for
    all.
    """

    dimensions = 2


class CircularPad3d(_CircularPad):
    """Continues the values from the other end at the sides of ``(N, C, D, H, W)``: left, right, top, bottom, front,
    back, or one for all.
    """

    dimensions = 3


class ConstantPad1d(_ConstantPad):
    """Adds `value` at the ends of ``(N, C, L)``: 2 amounts, or one for both."""

    dimensions = 1


class ConstantPad2d(_ConstantPad):
    """Adds `value` at the sides of ``(N, C, H, W)``: left, right, top, bottom, or one for all."""

    dimensions = 2


class ConstantPad3d(_ConstantPad):
    """Adds `value` at the sides of ``(N, C, D, H, W)``: left, right, top, bottom, front, back, or one for all."""

    dimensions = 3


class ReflectionPad1d(_ReflectionPad):
    """Mirrors the values, without the edge itself, at the ends of ``(N, C, L)``: 2 amounts, or one for both."""

    dimensions = 1


class ReflectionPad2d(_ReflectionPad):
    """Mirrors the values, without the edge itself, at the sides of ``(N, C, H, W)``: left, right, top, bottom, or one
    for all.
    """

    dimensions = 2


class ReflectionPad3d(_ReflectionPad):
    """Mirrors the values, without the edge itself, at the sides of ``(N, C, D, H, W)``: left, right, top, bottom,
    front, back, or one for all.
    """

    dimensions = 3


class ReplicationPad1d(_ReplicationPad):
    """Repeats the edge at the ends of ``(N, C, L)``: 2 amounts, or one for both."""

    dimensions = 1


class ReplicationPad2d(_ReplicationPad):
    """Repeats the edge at the sides of ``(N, C, H, W)``: left, right, top, bottom, or one for all."""

    dimensions = 2


class ReplicationPad3d(_ReplicationPad):
    """Repeats the edge at the sides of ``(N, C, D, H, W)``: left, right, top, bottom, front, back, or one for all."""

    dimensions = 3


class ZeroPad1d(_ZeroPad):
    """Adds zeros at the ends of ``(N, C, L)``: 2 amounts, or one for both."""

    dimensions = 1


class ZeroPad2d(_ZeroPad):
    """Adds zeros at the sides of ``(N, C, H, W)``: left, right, top, bottom, or one for all."""

    dimensions = 2


class ZeroPad3d(_ZeroPad):
    """Adds zeros at the sides of ``(N, C, D, H, W)``: left, right, top, bottom, front, back, or one for all."""

    dimensions = 3
