"""Runs entries, in this process or in several."""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Iterable, Iterator
from types import ModuleType

import torch

from .entries import Entry
from .modules import check_module
from .operators import check_op
from .optimizers import check_optimizer
from .schedulers import check_scheduler
from .tally import Tally

LIBRARY = "tinygrad_i2dl"
CHECKS = {"op": check_op, "module": check_module, "optimizer": check_optimizer, "scheduler": check_scheduler}


def load(name: str) -> ModuleType:
    """The library under test."""
    return importlib.import_module(name)


def run(entry: Entry, library: ModuleType) -> Tally:
    """Every check of one entry."""
    torch.set_num_threads(1)  # sums in the same order every time
    return CHECKS[entry.kind](entry, library)


def _run_named(task: tuple[Entry, str]) -> Tally:
    entry, name = task
    return run(entry, load(name))


def run_all(entries: Iterable[Entry], name: str, jobs: int = 1) -> Iterator[Tally]:
    """Outcomes in the order of ``entries``; ``jobs`` processes share the work."""
    tasks = [(entry, name) for entry in entries]
    if jobs <= 1:
        yield from map(_run_named, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_run_named, tasks, chunksize=1)
