"""Seeds of the GPU's random numbers: without a GPU there is nothing to seed, and PyTorch says nothing either."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from ..backends import cupy as gpu
from ..generator import default_generator
from ..ops import device_random
from ..ops.device_random import generator_of
from ..ops.random import get_rng_state as state_of_default
from ..tensors import Tensor, make
from .presence import device_count, index_of

__all__ = [
    "get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed", "seed_all",
    "set_rng_state", "set_rng_state_all",
]  # fmt: skip


def manual_seed(seed: int) -> None:
    """Seed the random numbers of the GPU in use."""
    if gpu.connected() is not None:
        generator_of().manual_seed(int(seed))


def manual_seed_all(seed: int) -> None:
    """Seed the random numbers of all GPUs."""
    device_random.seed_all(int(seed))


def seed() -> None:
    """Seed the random numbers of the GPU in use at random."""
    manual_seed(secrets.randbits(63))


def seed_all() -> None:
    """Seed the random numbers of all GPUs at random."""
    manual_seed_all(secrets.randbits(63))


def initial_seed() -> int:
    """The seed of the GPU's random numbers."""
    return default_generator.initial_seed() if gpu.connected() is None else generator_of().initial_seed()


def get_rng_state(device: Any = "cuda") -> Tensor:
    """The state of a GPU's stream of random numbers; without a GPU that of the default stream."""
    if gpu.connected() is None:
        return state_of_default()
    return make(generator_of(index_of(device, "get_rng_state")).get_state())


def get_rng_state_all() -> list[Tensor]:
    """The state of each GPU's stream."""
    return [get_rng_state(index) for index in range(device_count())]


def set_rng_state(new_state: Tensor, device: Any = "cuda") -> None:
    """Continue a GPU's stream from a state of `get_rng_state`; without a GPU this does nothing."""
    if gpu.connected() is not None:
        generator_of(index_of(device, "set_rng_state")).set_state(new_state._array)


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Continue each GPU's stream from the states of `get_rng_state_all`."""
    for index, state in enumerate(new_states):
        set_rng_state(state, index)
