"""Each process's share of a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

from ...generator import Generator
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th sample, from the one numbered `rank` on, in an order that all processes share.

    The order is that of PyTorch for the same `seed` and epoch. So that shares are equally long, the first samples are
    repeated at the end, or with `drop_last` the last ones are left out.

    Args:
        num_replicas, rank: how many processes there are, and which one this is: there is no process group to ask.
        shuffle: a new order each epoch, if `set_epoch` is called.

    Raises:
        RuntimeError: `num_replicas` or `rank` is not given.
        ValueError: `rank` is not among the processes.

    >>> from tinygrad_i2dl.utils.data import DistributedSampler
    >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise RuntimeError(
                "DistributedSampler() needs num_replicas= and rank=, since there is no process group here: "
                "num_replicas=1, rank=0 for a single process"
            )
        if not 0 <= rank < num_replicas:
            raise ValueError(f"rank must be from 0 to num_replicas - 1 = {num_replicas - 1}, got {rank}")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        count = len(dataset)
        self.num_samples = count // num_replicas if drop_last else math.ceil(count / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        if self.shuffle:
            generator = Generator()
            generator.manual_seed(self.seed + self.epoch)
            order = generator.permutation(count).tolist()
        else:
            order = list(range(count))
        if count:
            order = (order * math.ceil(self.total_size / count))[: self.total_size]
        return iter(order[self.rank :: self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Shuffle by `seed` + `epoch` from now on."""
        self.epoch = epoch
