"""Compare backends, and PyTorch where it is installed, in one process.

    python -m benchmarks --suite train|ops|conv|overhead --backends numpy,native,torch --out DIR

Before a case is timed all contenders compute it from the same numbers, and must agree. Writes DIR/<suite>.json and
prints a table.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import math
import sys
from pathlib import Path
from typing import Any

from .environment import describe, fix_threads, set_threads_of
from .timing import Contender, clock_for, interleaved, ratio, summary

OTHER = "torch"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--suite", choices=["train", "ops", "conv", "overhead"], default="train")
    parser.add_argument(
        "--backends", default="auto,torch", help="backends of this library, and torch for PyTorch (default auto,torch)"
    )
    parser.add_argument("--out", type=Path, help="folder for the JSON file of the suite")
    parser.add_argument("--threads", type=int, default=1, help="threads of every library (default 1)")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each contender of a case (default 2)")
    parser.add_argument("--rounds", type=int, default=9, help="turns that the contenders take (default 9)")
    parser.add_argument("--only", default="", help="time only cases whose name contains this")
    return parser.parse_args()


def libraries(names: list[str], threads: int) -> dict[str, tuple[Any, Any]]:
    """For each contender's name its library and the function that makes the context of its steps."""
    import tinygrad_i2dl

    found: dict[str, tuple[Any, Any]] = {}
    for name in names:
        if name == OTHER:
            try:
                import torch
            except ImportError:
                print("torch is not installed: no comparison", file=sys.stderr)
                continue
            set_threads_of(torch, threads)
            found[name] = (torch, contextlib.nullcontext)
        else:
            with tinygrad_i2dl.use_backend(name):
                found[name] = (tinygrad_i2dl, functools.partial(tinygrad_i2dl.use_backend, name))
    set_threads_of(tinygrad_i2dl, threads)
    return found


def timed(case: Any, contenders: dict[str, tuple[Any, Any]], options: argparse.Namespace, clock: Any) -> dict[str, Any]:
    """Check one case and time it."""
    from .suites import disagreement

    steps, results = {}, {}
    for name, (library, enter) in contenders.items():
        with enter():
            steps[name] = case.step(library)
            results[name] = [steps[name]() for _ in range(case.checks)]
    problem = disagreement(results)
    if problem is not None:
        return {"name": case.name, "target": case.target, "error": problem}
    times = interleaved(
        {name: Contender(contenders[name][1], step) for name, step in steps.items()},
        options.seconds,
        options.rounds,
        clock,
    )
    row = {"name": case.name, "target": case.target, "times": {name: summary(each) for name, each in times.items()}}
    if OTHER in times:
        row["ratio"] = {name: ratio(each, times[OTHER]) for name, each in times.items() if name != OTHER}
    return row


def line(row: dict[str, Any], names: list[str]) -> str:
    """One case as a line of the table."""
    if "error" in row:
        return f"{row['name']:<52} NOT TIMED: {row['error']}"
    cells = [f"{row['name']:<52}"]
    for name in names:
        each = row["times"][name]
        cells.append(f"{each['median_s'] * 1e3:10.3f} ms {each['spread'] * 100:3.0f}%")
    for name, value in row.get("ratio", {}).items():
        mark = "" if row["target"] is None else " ok" if value <= row["target"] else f" > {row['target']}"
        cells.append(f"{name} {value:5.2f}{mark:<7}")
    return "  ".join(cells)


def geometric_means(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Geometric mean over the cases of each backend's ratio to PyTorch."""
    names = next((list(row["ratio"]) for row in rows if "ratio" in row), [])
    ratios = {name: [row["ratio"][name] for row in rows if "ratio" in row] for name in names}
    return {name: math.exp(sum(map(math.log, each)) / len(each)) for name, each in ratios.items()}


def compare(options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Run a suite, printing as it goes; the results, and whether every case was right."""
    from .suites import SUITES

    clock_name, clock = clock_for(options.threads)
    environment = describe(options.threads, clock_name)
    contenders = libraries(options.backends.split(","), options.threads)
    for name, value in environment.items():
        print(f"{name}: {value}")
    print(
        f"\n{options.suite}: median and spread (interquartile range) of {options.rounds} rounds, then the time over "
        "PyTorch's"
    )
    print(f"{'':<52}" + "".join(f"{name:>20}" for name in contenders), flush=True)
    rows = []
    for case in SUITES[options.suite]():
        if options.only in case.name:
            rows.append(timed(case, contenders, options, clock))
            print(line(rows[-1], list(contenders)), flush=True)
    means = geometric_means(rows)
    for name, mean in means.items():
        print(f"geometric mean of {name} over PyTorch: {mean:.2f}")
    return (
        {"environment": environment, "suite": options.suite, "results": rows, "geometric mean": means},
        not any("error" in row for row in rows),
    )


def main() -> int:
    options = arguments()
    fix_threads(options.threads)  # before anything imports NumPy
    if options.suite == "overhead":
        from .overhead import measure, report

        results, right = measure(options.seconds / 10), True
        print(report(results))
    else:
        results, right = compare(options)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"{options.suite}.json"
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        print(f"written: {path}")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
