"""First and second derivatives of a result, in either library, by random projections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import torch

from .comparison import Mismatch, assert_same, tensors_of
from .conversion import Converter


class Derivatives(NamedTuple):
    """Derivatives of one result."""

    first: list[Any]
    second: list[Any]
    recorded: list[bool]  # which tensors of the result require a gradient


def derivatives(
    library: ModuleType, result: Any, sources: Sequence[Any], order: int, like: Derivatives | None = None
) -> Derivatives:
    """Derivatives, by ``sources``, of a random projection of every tensor of ``result`` that requires a gradient.

    Args:
        order: 2 adds the derivatives of a random projection of the first ones, by sources and first projection.
        like: PyTorch's outcome: the same tensors of the result must require a gradient.
    """
    tensors = tensors_of(result, library)
    recorded = [bool(tensor.requires_grad) for tensor in tensors]
    if like is not None and recorded != like.recorded:
        raise Mismatch(f"requires_grad of the result is {recorded}, expected {like.recorded}")
    outputs = [tensor for tensor, flag in zip(tensors, recorded, strict=True) if flag]
    if not outputs or not sources:
        return Derivatives([], [], recorded)
    generator = torch.Generator().manual_seed(1)
    weights = [projection(library, output, generator).requires_grad_(order == 2) for output in outputs]
    grads = list(library.autograd.grad(outputs, sources, weights, create_graph=order == 2, allow_unused=True))
    second: list[Any] = []
    if order == 2:
        tails = [projection(library, source, generator) for source in sources]  # for all, so that numbers stay in step
        pairs = [(g, w) for g, w in zip(grads, tails, strict=True) if g is not None and g.requires_grad]
        if pairs:
            heads, tails = [grad for grad, _ in pairs], [weight for _, weight in pairs]
            second = list(library.autograd.grad(heads, [*sources, *weights], tails, allow_unused=True))
    return Derivatives(grads, second, recorded)


def projection(library: ModuleType, value: Any, generator: torch.Generator) -> Any:
    """Random tensor of the shape of ``value``, the same in both libraries."""
    shape = tuple(value.shape)
    numbers = torch.randn(math.prod(shape), dtype=torch.float64, generator=generator).reshape(shape)
    weight = Converter(library)(numbers)
    return weight if str(value.dtype).endswith("float64") else weight.to(value.dtype)


def assert_same_derivatives(actual: Derivatives, expected: Derivatives, library: ModuleType, factor: float) -> None:
    """Derivatives agree, where none at all and one of zeros are the same."""
    for where, ours, theirs in (
        ("gradient", actual.first, expected.first),
        ("second derivative", actual.second, expected.second),
    ):
        ours, theirs = ours or [None] * len(theirs), theirs or [None] * len(ours)
        for position, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            name = f"{where} by input {position}"
            if one is not None and other is not None:
                assert_same(one, other, library, factor=factor, where=name)
            elif one is not None and bool((one != 0).any().item()):
                raise Mismatch(f"{name}: a gradient, where PyTorch has none")
            elif other is not None and bool((other != 0).any().item()):
                raise Mismatch(f"{name}: no gradient, where PyTorch has one")
