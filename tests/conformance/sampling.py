"""Which samples of an entry run: a bounded number, chosen the same way every time.

Samples are grouped by their form: the number of dimensions of each tensor, whether it is empty, contiguous or has a
dimension of one, the names of the keyword arguments, the types and signs of all arguments. One sample of every group is
taken in turn, in the database's order, until the cap is reached; so edge cases come first and near-repetitions last.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch

CAPS = {
    "forward": 40,
    "integer": 4,
    "gradient": 24,
    "second": 8,
    "method": 16,
    "inplace": 16,
    "inplace gradient": 6,
    "operator": 8,
    "alias": 6,
    "errors": 40,
    "out": 4,
}

Sample = TypeVar("Sample")


def seed_everything() -> None:
    """Seed all generators that the databases draw samples from."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def choose(samples: Sequence[Sample], cap: int, form: Callable[[Sample], Any]) -> list[Sample]:
    """At most ``cap`` samples, in the database's order, of as many different forms as possible."""
    if len(samples) <= cap:
        return list(samples)
    groups: dict[Any, list[int]] = {}
    for position, sample in enumerate(samples):
        groups.setdefault(form(sample), []).append(position)
    chosen: list[int] = []
    depth = 0
    while len(chosen) < cap:
        row = [group[depth] for group in groups.values() if depth < len(group)]
        chosen += row[: cap - len(chosen)]
        depth += 1
    return [samples[position] for position in sorted(chosen)]


def form_of(value: Any) -> Any:
    """Hashable form of a value: what makes it an edge case, without its numbers."""
    if isinstance(value, torch.Tensor):
        layout = value.is_contiguous() if value.layout is torch.strided else str(value.layout)
        return ("tensor", value.dim(), value.numel() == 0, layout, 1 in value.shape, value.dtype, value.requires_grad)
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, list | tuple):
        return (type(value).__name__, *(form_of(item) for item in value))
    if isinstance(value, dict):
        return tuple(sorted((key, form_of(item)) for key, item in value.items()) if value else ())
    if isinstance(value, int | float):
        return (type(value).__name__, (value > 0) - (value < 0))
    return type(value).__name__
