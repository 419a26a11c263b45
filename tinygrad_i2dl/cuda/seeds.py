"""Seeds of the GPU's random numbers: without a GPU there is nothing to seed, and PyTorch says nothing either."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..generator import default_generator
from ..ops.random import get_rng_state as state_of_default
from ..tensors import Tensor

__all__ = [
    "get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed", "seed_all",
    "set_rng_state", "set_rng_state_all",
]  # fmt: skip


def manual_seed(seed: int) -> None:
    """Seed the random numbers of the GPU in use."""


def manual_seed_all(seed: int) -> None:
    """Seed the random numbers of all GPUs."""


def seed() -> None:
    """Seed the random numbers of the GPU in use at random."""


def seed_all() -> None:
    """Seed the random numbers of all GPUs at random."""


def initial_seed() -> int:
    """The seed of the GPU's random numbers."""
    return default_generator.initial_seed()


def get_rng_state(device: Any = "cuda") -> Tensor:
    """The state of the stream that random numbers come from, on every device the same: the default one."""
    return state_of_default()


def get_rng_state_all() -> list[Tensor]:
    """One state for each GPU: none, since no GPU has a stream of its own."""
    return []


def set_rng_state(new_state: Tensor, device: Any = "cuda") -> None:
    """Does nothing: no GPU has a stream of its own, and the default one is set by ``torch.set_rng_state``."""


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Does nothing: no GPU has a stream of its own."""
