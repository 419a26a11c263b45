"""Whether a step stays steady when another program keeps one processor busy.

    python -m benchmarks.contention [--rounds 9] [--only TEXT] [--json FILE]

A training step on one thread, alone, against the same step on two threads while a loop keeps one of their two
processors busy. Threads that spin while they wait, or that wait for a share of work handed out in advance, make the
second many times slower than the first; at most 1.3 times is aimed at. PyTorch is measured as well where it is
installed, by the same rule. Linux only: processes are pinned to processors.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .environment import describe, fix_threads, set_threads_of

TARGET = 1.3
WORKLOADS = ("LeNet", "convolutional autoencoder", "small ResNet", "keypoints CNN", "MLP, batch 256")


class BusyLoop:
    """A process that keeps one processor busy while it is let run; stopped at first."""

    def __init__(self, processor: int) -> None:
        program = f"import os\nos.sched_setaffinity(0, [{processor}])\nwhile True:\n    pass"
        self._process = subprocess.Popen([sys.executable, "-c", program])
        time.sleep(0.3)  # until it has pinned itself
        self._process.send_signal(signal.SIGSTOP)

    @contextmanager
    def running(self) -> Iterator[None]:
        self._process.send_signal(signal.SIGCONT)
        time.sleep(0.05)  # the scheduler has seen it
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def seconds_per_step(step: Callable[[], Any], calls: int) -> float:
    step()
    start = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - start) / calls


def measure(library: Any, step: Callable[[], Any], loop: BusyLoop, rounds: int) -> dict[str, float]:
    """Medians over interleaved rounds, in seconds, and of the ratios within a round."""
    set_threads_of(library, 1)
    calls = max(1, round(0.3 / seconds_per_step(step, 3)))
    times: dict[str, list[float]] = {"one": [], "two": [], "contended": []}
    for _ in range(rounds):
        set_threads_of(library, 1)
        times["one"].append(seconds_per_step(step, calls))
        set_threads_of(library, 2)
        times["two"].append(seconds_per_step(step, calls))
        with loop.running():
            times["contended"].append(seconds_per_step(step, calls))
    set_threads_of(library, 1)
    found = {name: statistics.median(each) for name, each in times.items()}
    for name in ("two", "contended"):
        pairs = zip(times[name], times["one"], strict=True)
        found[f"{name} over one"] = statistics.median(both / one for both, one in pairs)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.contention",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=9, help="turns of each way of running (default 9)")
    parser.add_argument("--only", default="", help="measure only workloads whose name contains this")
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    if not hasattr(os, "sched_setaffinity"):
        parser.exit(2, "python -m benchmarks.contention: this system cannot pin processes to processors\n")
    processors = sorted(os.sched_getaffinity(0))[:2]
    if len(processors) < 2:
        parser.exit(2, "python -m benchmarks.contention: two processors are needed, this process may use one\n")
    os.sched_setaffinity(0, processors)
    fix_threads(2)  # before anything imports NumPy

    import tinygrad_i2dl

    from .training import contender_of
    from .workloads import WORKLOADS as ALL

    libraries = {"tinygrad_i2dl": tinygrad_i2dl}
    if not options.no_torch:
        try:
            import torch

            libraries["torch"] = torch
        except ImportError:
            print("torch is not installed: no comparison", file=sys.stderr)
    environment = describe(2, "wall time")
    for name, value in environment.items():
        print(f"{name}: {value}")
    print(f"\n{'':<28}{'':<15}{'1 thread':>12}{'2 threads':>12}{'2, one busy':>13}   over 1 thread")
    rows, loop = [], BusyLoop(processors[1])
    try:
        for workload in ALL:
            if workload.name not in WORKLOADS or options.only not in workload.name:
                continue
            for name, library in libraries.items():
                row = {"name": workload.name, "library": name}
                row |= measure(library, contender_of(workload, library), loop, options.rounds)
                rows.append(row)
                milliseconds = [row[key] * 1e3 for key in ("one", "two", "contended")]
                print(
                    f"{workload.name:<28}{name:<15}"
                    + "".join(f"{each:>{width}.2f}" for each, width in zip(milliseconds, (9, 9, 10), strict=True))
                    + f"   {row['two over one']:.2f} and {row['contended over one']:.2f}",
                    flush=True,
                )
    finally:
        loop.end()
    if options.json is not None:
        options.json.write_text(json.dumps({"environment": environment, "results": rows}, indent=1) + "\n", "utf-8")
        print(f"written: {options.json}")
    ours = [row["contended over one"] for row in rows if row["library"] == "tinygrad_i2dl"]
    return int(any(each > TARGET for each in ours))


if __name__ == "__main__":
    sys.exit(main())
