"""What the registry and the profile ask of this backend: its kernels, and a word about a call."""

from __future__ import annotations

from typing import Any

from . import (
    activation,
    convolution,
    linear,
    loss,
    normalization,
    optimization,
    pooling,
    recurrent,
    reduction,
    softmax,
)
from .extension import reason

_FAMILIES = (
    activation, convolution, linear, loss, normalization, optimization, pooling, recurrent, reduction, softmax,
)  # fmt: skip
KERNELS = {name: kernel for family in _FAMILIES for name, kernel in family.KERNELS.items()}


def _said(question: str, operation: str, arguments: tuple[Any, ...]) -> str | None:
    for family in _FAMILIES:
        if operation in family.KERNELS:
            tell = getattr(family, question, None)
            text: str | None = None if tell is None else tell(operation, *arguments)
            return text
    return None


def detail(operation: str, *arguments: Any) -> str | None:
    """What a profile tells of a call that was served, such as the algorithm of a convolution; None if nothing."""
    return _said("detail", operation, arguments)


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel here returns NotImplemented for these arguments; None where it does not."""
    return reason() or _said("refusal", operation, arguments)
