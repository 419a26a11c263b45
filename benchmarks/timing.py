"""Interleaved timing of several contenders in one process.

A shared machine changes its speed from second to second, so contenders take turns in short rounds, in an order that
alternates, and a ratio is the median over the rounds of the ratio within a round. One thread is timed by the
processor's time, which a busy neighbour does not lengthen; more threads and GPUs by the wall clock.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

WARM_UP_SECONDS = 0.1
FEWEST_ROUNDS = 5


class Timed(NamedTuple):
    """What is timed: `step`, inside a context that `enter` makes (a chosen backend, or nothing).

    `synchronize` waits for what a device still computes; it is part of the time.
    """

    enter: Callable[[], AbstractContextManager[Any]]
    step: Callable[[], Any]
    synchronize: Callable[[], Any] = lambda: None


def clock_for(threads: int, gpu: bool = False) -> tuple[str, Callable[[], float]]:
    """The name of the clock for that many threads, and the clock."""
    return ("processor time", time.process_time) if threads == 1 and not gpu else ("wall time", time.perf_counter)


def calls_per_round(contender: Timed, seconds: float, clock: Callable[[], float]) -> int:
    """Warm up, and find how many calls fill `seconds`."""
    with contender.enter():
        contender.step()
        contender.step()
        contender.synchronize()
        calls, start = 0, clock()
        while (taken := clock() - start) < WARM_UP_SECONDS:
            contender.step()
            contender.synchronize()
            calls += 1
    return max(1, round(seconds / (taken / max(calls, 1))))


def interleaved(
    contenders: Mapping[str, Timed], seconds: float, rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds per call of each contender, round by round.

    Args:
        seconds: for each contender over all rounds.
        rounds: at least `FEWEST_ROUNDS` are run.
    """
    rounds = max(rounds, FEWEST_ROUNDS)
    calls = {name: calls_per_round(each, seconds / rounds, clock) for name, each in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for _ in range(rounds):
        for name in order:
            enter, step, synchronize = contenders[name]
            with enter():
                step()  # looks up the kernels of a backend that was just chosen, and refills the caches
                synchronize()
                start = clock()
                for _ in range(calls[name]):
                    step()
                synchronize()
                times[name].append((clock() - start) / calls[name])
        order.reverse()
    return times


def spread(values: list[float]) -> float:
    """Interquartile range over the median."""
    lower, median, upper = statistics.quantiles(values, n=4)
    return (upper - lower) / median if median else 0.0


def summary(times: list[float]) -> dict[str, float | int]:
    """Median, least and spread of the rounds of one contender."""
    return {
        "median_s": statistics.median(times),
        "min_s": min(times),
        "spread": spread(times),
        "rounds": len(times),
    }


def ratios(times: list[float], reference: list[float]) -> list[float]:
    """One contender's time over the reference's, round by round."""
    return [ours / theirs for ours, theirs in zip(times, reference, strict=True)]


def ratio(times: list[float], reference: list[float]) -> float:
    """Median over the rounds of one contender's time over the reference's."""
    return statistics.median(ratios(times, reference))
