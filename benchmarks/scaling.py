"""Curves: how the time of a step grows with batch, width, depth, graph length and threads."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable
from typing import Any

from .measurement import Case, Row, Step
from .overhead import scalar_chain
from .training import contender_of
from .workloads import DIGITS, Workload, batch_of, classes, lenet, perceptron, small_resnet, values

# The least exponent that a step shows is over the largest sizes: below, fixed costs hide how the work grows.
FITTED_POINTS = 3

BATCHES = (1, 4, 16, 64, 256, 1024)
IMAGES = (1, 4, 16, 64, 256)
WIDTHS = (32, 64, 128, 256, 512, 1024)
DEPTHS = (1, 2, 4, 8, 16, 32, 64)
LENGTHS = (40, 200, 1000, 5000, 20000)

# What the work grows with: the power of the size in the number of operations.
EXPECTED = {
    "batch, MLP": 1.0,
    "batch, LeNet": 1.0,
    "width, MLP": 2.0,
    "depth, MLP": 1.0,
    "graph length, scalars": 1.0,
}


def _classifier(model: Any, *input: int, name: str = "") -> Workload:
    return Workload(name, 0.0, model, batch_of(values(*input), classes(input[0])), "cross_entropy")


def _point(curve: str, size: int, step: Callable[[Any, str], Step]) -> Case:
    return Case(f"{curve}: {size}", None, step, 1, None, curve, size)


def scaling_cases() -> list[Case]:
    """Points of all curves but that of threads."""

    def of(workload: Workload) -> Callable[[Any, str], Step]:
        return functools.partial(contender_of, workload)

    cases = [_point("batch, MLP", size, of(_classifier(perceptron(*DIGITS), size, DIGITS[0]))) for size in BATCHES]
    cases += [_point("batch, LeNet", size, of(_classifier(lenet, size, 1, 28, 28))) for size in IMAGES]
    cases += [
        _point("width, MLP", size, of(_classifier(perceptron(size, size, size, 10), 64, size))) for size in WIDTHS
    ]
    cases += [
        _point("depth, MLP", size, of(_classifier(perceptron(*(64,) * (size + 1), 10), 32, 64))) for size in DEPTHS
    ]
    cases += [_point("graph length, scalars", size, functools.partial(scalar_chain, length=size)) for size in LENGTHS]
    return cases + thread_cases()


def thread_cases() -> list[Case]:
    """Points of the curves over threads, up to the processors there are."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    counts = sorted({count for count in (1, 2, 4, 8, 16, 32) if count <= available} | {available})
    workloads = {
        "threads, MLP": _classifier(perceptron(*DIGITS), 256, DIGITS[0]),
        "threads, small ResNet": _classifier(small_resnet, 32, 3, 32, 32),
    }
    return [
        Case(f"{curve}: {count}", None, functools.partial(contender_of, workload), 1, None, curve, count, count)
        for curve, workload in workloads.items()
        for count in counts
    ]


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """The slope of the logarithm of the time over that of the size, by least squares over the largest sizes.

    >>> round(exponent([1, 10, 100, 1000], [5.0, 1.0, 10.0, 100.0]), 6)
    1.0
    """
    points = sorted(zip(sizes, seconds, strict=True))[-FITTED_POINTS:]
    x = [math.log(size) for size, _ in points]
    y = [math.log(time) for _, time in points]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    return sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True)) / sum((a - x_mean) ** 2 for a in x)


def exponents(rows: list[Row]) -> dict[str, dict[str, float]]:
    """For each curve with enough points, each contender's exponent."""
    found: dict[str, dict[str, float]] = {}
    for curve in dict.fromkeys(row["curve"] for row in rows if "curve" in row and "times" in row):
        points = [row for row in rows if row.get("curve") == curve and "times" in row]
        if len(points) >= FITTED_POINTS and curve in EXPECTED:
            found[curve] = {
                name: exponent([row["size"] for row in points], [row["times"][name]["median_s"] for row in points])
                for name in points[0]["times"]
            }
    return found
