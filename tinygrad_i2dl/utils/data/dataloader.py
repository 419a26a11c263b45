"""Batches of a dataset, in order or shuffled, prepared by threads if asked."""

from __future__ import annotations

import collections
import contextvars
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ...generator import Generator
from .collation import default_collate, default_convert, pin
from .dataset import IterableDataset, Subset, TensorDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed

__all__ = ["DataLoader", "WorkerInfo", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class WorkerInfo:
    """What `get_worker_info` tells a dataset about the thread that reads it."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_worker = threading.local()


def get_worker_info() -> WorkerInfo | None:
    """Which data-loader thread this is; None in the main thread."""
    return getattr(_worker, "info", None)


_FIXED = frozenset(("batch_size", "batch_sampler", "dataset", "drop_last", "persistent_workers", "sampler"))


class DataLoader(Generic[T_co]):
    """Iterable over the batches of a dataset.

    Args:
        dataset: with ``__getitem__`` and ``__len__``, or an `IterableDataset`.
        batch_size: samples in a batch; None gives samples as they are.
        shuffle: draw a new order for every pass. The same seed gives the same order as PyTorch.
        sampler, batch_sampler: an order of one's own.
        num_workers: threads that prepare batches ahead of their use; 0: none. Threads rather than processes: they start
            at once and share memory, and reading files, decoding images and NumPy's loops run outside of Python's lock.
            Batches come in the same order whatever their number.
        collate_fn: makes a batch of a list of samples.
        drop_last: leave out a last batch that is not full.
        timeout: seconds to wait for a batch from the threads; 0: as long as it takes.
        worker_init_fn: called in each thread with its number.
        prefetch_factor: batches that each thread prepares ahead, 2 if None.
        generator: draws the order.
        multiprocessing_context, pin_memory, persistent_workers, pin_memory_device, in_order: accepted; nothing depends
        on them.

    Raises:
        ValueError: options that exclude each other.

    >>> import tinygrad_i2dl as torch
    >>> data = torch.utils.data.TensorDataset(torch.arange(5))
    >>> [batch[0].tolist() for batch in torch.utils.data.DataLoader(data, batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if num_workers < 0:
            raise ValueError(
                f"num_workers option should be non-negative, got {num_workers}; 0 loads in the main thread"
            )
        if timeout < 0:
            raise ValueError(f"timeout option should be non-negative, got {timeout}")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError("prefetch_factor option could only be specified with num_workers > 0")
        if num_workers > 0 and prefetch_factor is not None and prefetch_factor < 1:
            raise ValueError(f"prefetch_factor must be at least 1, got {prefetch_factor}")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError("an IterableDataset has its own order: shuffle, sampler and batch_sampler cannot be given")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
            drop_last = False
        elif batch_size is None:
            if drop_last:
                raise ValueError(
                    "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
                )
        elif not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if sampler is None and not self._iterable:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None and not self._iterable:
            assert sampler is not None
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.generator = generator
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.persistent_workers = persistent_workers
        self._workers_seed: int | None = None
        batched = batch_sampler is not None or (self._iterable and batch_size is not None)
        self.collate_fn = collate_fn if collate_fn is not None else default_collate if batched else default_convert
        self._made = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "_made" in self.__dict__:
            raise ValueError(
                f"{name} of a {type(self).__name__} cannot be changed: its sampler is made; make a new one"
            )
        super().__setattr__(name, value)

    def __len__(self) -> int:
        if self._iterable:
            count = len(self.dataset)
            if self.batch_size is None:
                return count
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        return len(self.batch_sampler if self.batch_sampler is not None else self.sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        seed = self._seed()
        if self._iterable:
            batches = self._iterable_batches()
            if not self.num_workers:
                return map(pin, batches) if self.pin_memory else batches
            return _Prefetched(self, seed, batches=batches)
        order: Iterator[Any] = iter(self.batch_sampler if self.batch_sampler is not None else self.sampler)  # type: ignore[arg-type]
        if self.num_workers:
            return _Prefetched(self, seed, order=order)
        return map(self._fetched, order)

    def _seed(self) -> int:
        """The seed of the workers: drawn before the order, and only once for persistent workers, as in PyTorch."""
        if self._workers_seed is None or not self.persistent_workers:
            self._workers_seed = draw_seed(self.generator)
        return self._workers_seed

    def _fetched(self, chosen: Any) -> Any:
        batch = self._fetch(chosen)
        return pin(batch) if self.pin_memory else batch

    def _fetch(self, chosen: Any) -> Any:
        """The batch (or sample) that a sampler's entry names."""
        dataset = self.dataset
        if self.batch_sampler is None:
            return self.collate_fn(dataset[chosen])
        if self.collate_fn is default_collate and (indices := _plain_indices(dataset, chosen)) is not None:
            return indices[0].batch(indices[1])
        if hasattr(dataset, "__getitems__") and dataset.__getitems__:
            samples = dataset.__getitems__(chosen)
        else:
            samples = [dataset[index] for index in chosen]
        return self.collate_fn(samples)

    def _iterable_batches(self) -> Iterator[Any]:
        if self.batch_size is None:
            for sample in self.dataset:
                yield self.collate_fn(sample)
            return
        samples: list[Any] = []
        for sample in self.dataset:
            samples.append(sample)
            if len(samples) == self.batch_size:
                yield self.collate_fn(samples)
                samples = []
        if samples and not self.drop_last:
            yield self.collate_fn(samples)


def _plain_indices(dataset: Any, chosen: Any) -> tuple[TensorDataset, list[int]] | None:
    """The TensorDataset below Subsets and the numbers in it, if that is what `dataset` is and its indexing is not
    overridden."""
    while type(dataset) is Subset:
        chosen = [dataset.indices[index] for index in chosen]
        dataset = dataset.dataset
    if type(dataset) is TensorDataset and chosen and all(tensor._node is None for tensor in dataset.tensors):
        return dataset, chosen
    return None


class _Prefetched:
    """Batches prepared by threads, handed out in order."""

    def __init__(self, loader: DataLoader[Any], seed: int, order: Any = None, batches: Any = None) -> None:
        self._loader = loader
        self._order = order
        self._tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waiting: collections.deque[_Task] = collections.deque()
        self._ahead = loader.num_workers * (loader.prefetch_factor or 2)
        self._closed = False
        # A single stream of an IterableDataset is read by one thread: the others would give every sample again.
        count = loader.num_workers if batches is None else 1
        self._batches = batches
        self._stop = threading.Event()
        for number in range(count):
            thread = threading.Thread(
                # In a copy of the caller's context: NumPy keeps its memory handler there.
                target=contextvars.copy_context().run,
                args=(_work, number, count, seed, loader, self._tasks, batches, self._stop),
                daemon=True,
                name=f"loader-{number}",
            )
            thread.start()
        for _ in range(self._ahead):
            self._submit()

    def _submit(self) -> None:
        if self._order is not None:
            try:
                chosen = next(self._order)
            except StopIteration:
                return
        else:
            chosen = None
        task = _Task(chosen)
        self._waiting.append(task)
        self._tasks.put(task)

    def __iter__(self) -> _Prefetched:
        return self

    def __next__(self) -> Any:
        if not self._waiting:
            self.close()
            raise StopIteration
        task = self._waiting.popleft()
        if not task.done.wait(self._loader.timeout or None):
            self.close()
            raise RuntimeError(f"DataLoader timed out after {self._loader.timeout} seconds waiting for a batch")
        if task.error is not None:
            self.close()
            if isinstance(task.error, StopIteration):
                raise StopIteration
            raise task.error
        self._submit()
        return task.result

    def __len__(self) -> int:
        return len(self._loader)

    def close(self) -> None:
        """Send the threads home."""
        if not self._closed:
            self._closed = True
            self._stop.set()
            self._waiting.clear()
            for _ in range(self._loader.num_workers):
                self._tasks.put(None)

    def __del__(self) -> None:
        self.close()


class _Task:
    __slots__ = ("chosen", "done", "error", "result")

    def __init__(self, chosen: Any) -> None:
        self.chosen = chosen
        self.done = threading.Event()
        self.error: BaseException | None = None
        self.result: Any = None


def _work(
    number: int,
    count: int,
    seed: int,
    loader: DataLoader[Any],
    tasks: queue.SimpleQueue[Any],
    batches: Any,
    stop: threading.Event,
) -> None:
    """What a thread does: take a task, fetch, report."""
    _worker.info = WorkerInfo(number, count, seed + number, loader.dataset)
    failure: BaseException | None = None
    if loader.worker_init_fn is not None:
        try:
            loader.worker_init_fn(number)
        except BaseException as error:
            failure = error
    while (task := tasks.get()) is not None and not stop.is_set():
        try:
            if failure is not None:
                raise failure
            batch = next(batches) if batches is not None else loader._fetch(task.chosen)
            task.result = pin(batch) if loader.pin_memory else batch
        except BaseException as error:
            if not isinstance(error, StopIteration):
                error.add_note(f"In DataLoader worker thread {number}.")
            task.error = error
        task.done.set()
