"""Seeds of the GPU's random numbers: without a GPU there is nothing to seed, and PyTorch says nothing either."""

from __future__ import annotations

from ..generator import default_generator

__all__ = ["initial_seed", "manual_seed", "manual_seed_all", "seed", "seed_all"]


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
