"""A case, and how one is measured: all contenders compute it from the same numbers and must agree; then it is timed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy

from .contenders import Contender
from .timing import Timed, clock_for, interleaved, ratios, spread, summary

Step = Callable[[], Any]
Row = dict[str, Any]


class Case(NamedTuple):
    """Something to time.

    Attributes:
        target: the time over PyTorch's that the project aims at; None without one.
        step: makes the function to time with a library on a device; the function returns what is compared.
        checks: how many calls are compared (a training step that is wrong shows in the loss of the next).
        flops: floating-point operations of the matrix products in a call; None where they are not what it is bound by.
        curve: the name of the curve that this is a point of, and `size` its place there; "" outside of curves.
    """

    name: str
    target: float | None
    step: Callable[[Any, str], Step]
    checks: int = 1
    flops: int | None = None
    curve: str = ""
    size: int | None = None
    threads: int | None = None


def as_array(result: Any) -> numpy.ndarray:
    """A result as float64 on the CPU."""
    return numpy.asarray(result.detach().cpu().numpy(), numpy.float64)


def disagreement(results: Mapping[str, list[Any]]) -> str | None:
    """What contenders differ in beyond rounding, or None.

    The tolerance is that of sums of some thousand float32 terms in another order, relative to the largest element.
    """
    names = list(results)
    for name in names[1:]:
        for number, (first, other) in enumerate(zip(results[names[0]], results[name], strict=True)):
            a, b = as_array(first), as_array(other)
            if a.shape != b.shape:
                return f"{names[0]} gives shape {a.shape}, {name} {b.shape}"
            error = numpy.abs(a - b).max(initial=0) / max(numpy.abs(a).max(initial=0), 1e-30)
            if not error <= 1e-3:
                return f"{names[0]} and {name} differ by {error:.1e} (relative) in call {number + 1}"
    return None


def measure(case: Case, contenders: Mapping[str, Contender], seconds: float, rounds: int, threads: int) -> Row:
    """Check one case and time it; the row says in ``error`` why it was not timed."""
    row: Row = {"name": case.name, "target": case.target}
    if case.curve:
        row |= {"curve": case.curve, "size": case.size}
    steps, results = {}, {}
    for name, each in contenders.items():
        try:
            with each.enter():
                steps[name] = case.step(each.library, each.device)
                results[name] = [steps[name]() for _ in range(case.checks)]
                each.synchronize()
        except Exception as error:
            return row | {"error": f"{name} raised {type(error).__name__}: {error}"}
    problem = disagreement(results)
    if problem is not None:
        return row | {"error": problem}
    clock = clock_for(threads, any(each.device != "cpu" for each in contenders.values()))[1]
    times = interleaved(
        {name: Timed(each.enter, steps[name], each.synchronize) for name, each in contenders.items()},
        seconds,
        rounds,
        clock,
    )
    row["times"] = {name: summary(each) for name, each in times.items()}
    compared = {
        name: ratios(times[name], times[each.rival])
        for name, each in contenders.items()
        if each.rival is not None and each.rival in times
    }
    row["ratio"] = {name: statistics.median(each) for name, each in compared.items()}
    row["ratio_spread"] = {name: spread(each) for name, each in compared.items()}
    if case.flops is not None:
        row["flops"] = case.flops
        row["gflops"] = {name: case.flops / statistics.median(each) / 1e9 for name, each in times.items()}
    return row
