"""The peak of the memory of a training step, each contender in a process of its own.

    python -m benchmarks.memory --workload NAME --backend NAME [--threads 1]

The process imports the library and does one step of the same workload with a batch of two, so that code is loaded and
what is set up once is there; it then lets go of everything and makes the batch. From there to the highest resident
memory during the steps that follow, as the system counted it, is the figure: model, gradients, the optimizer's state,
saved values, temporaries, and whatever an allocator keeps.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .environment import fix_threads

STEPS = 5
REPEATS = 3
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_HIGHEST = "5"  # proc(5): sets the highest resident size to the present one
TARGET = 1.0


def reason() -> str | None:
    """Why this cannot be measured here, None if it can."""
    if not CLEAR.exists():
        return "peak memory is read from /proc, which this system does not have"
    return None


def _kilobytes(field: str) -> int:
    for line in STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"{STATUS} has no line {field}")


def _let_go(library: Any) -> None:
    """Return what is free to the system, for every library alike."""
    gc.collect()
    if hasattr(library, "caching_allocator_statistics"):
        library.empty_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def peak_bytes(workload_name: str, backend: str, threads: int, caching: bool) -> dict[str, Any]:
    """Measure in this process, which must be a fresh one."""
    import numpy

    from .contenders import find
    from .training import SEED, steps_of
    from .workloads import WORKLOADS

    workload = next(each for each in WORKLOADS if each.name == workload_name)
    found, missing = find([backend], threads, caching)
    if backend in missing:
        return {"missing": missing[backend]}
    contender = found[backend]
    library = contender.library
    with contender.enter():
        batch = workload.batch(numpy.random.default_rng(SEED + 1))
        steps_of(workload, library, [array[:2].copy() for array in batch])()
        _let_go(library)
        baseline = _kilobytes("VmRSS")
        step = steps_of(workload, library, batch)
        _let_go(library)  # the numbers that the weights were drawn as
        CLEAR.write_text(RESET_HIGHEST, encoding="ascii")
        for _ in range(STEPS):
            loss = step()
        highest = _kilobytes("VmHWM")
    return {"bytes": (highest - baseline) * 1024, "loss": float(loss)}


def in_a_process(workload: str, backend: str, threads: int, caching: bool) -> dict[str, Any]:
    """`peak_bytes` in a fresh process.

    Raises:
        RuntimeError: the process failed; with the last line that it wrote.
    """
    command = [sys.executable, "-m", "benchmarks.memory", "--workload", workload, "--backend", backend]
    command += ["--threads", str(threads)] + ([] if caching else ["--no-caching-allocator"])
    root = Path(__file__).resolve().parent.parent
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise RuntimeError(f"the process that measures ended with {done.returncode}: {last}")
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def measure_case(workload: str, names: list[str], threads: int, caching: bool) -> dict[str, Any]:
    """The median of some peaks of each contender, as a row of results in bytes."""
    row: dict[str, Any] = {"name": workload, "target": TARGET}
    peaks: dict[str, list[int]] = {name: [] for name in names}
    losses: dict[str, float] = {}
    for _ in range(REPEATS):
        for name in names:
            try:
                measured = in_a_process(workload, name, threads, caching)
            except RuntimeError as error:
                return row | {"error": f"{name}: {error}"}
            peaks[name].append(max(measured["bytes"], 4096))  # a peak may vanish among pages that were there before
            losses[name] = measured["loss"]
    first = losses[names[0]]
    for name, loss in losses.items():
        if not abs(loss - first) <= 1e-3 * max(abs(first), 1e-30):
            return row | {"error": f"{names[0]} and {name} disagree after {STEPS} steps: {first} and {loss}"}
    row["bytes"] = {
        name: {"median": sorted(each)[len(each) // 2], "spread": (max(each) - min(each)) / sorted(each)[len(each) // 2]}
        for name, each in peaks.items()
    }
    if "torch" in names:
        rival = row["bytes"]["torch"]["median"]
        row["ratio"] = {name: row["bytes"][name]["median"] / rival for name in names if name != "torch"}
        row["ratio_spread"] = {
            name: row["bytes"][name]["spread"] + row["bytes"]["torch"]["spread"] for name in row["ratio"]
        }
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", required=True, help="name of a workload of the suite train")
    parser.add_argument("--backend", required=True, help="a backend of this library, or torch")
    parser.add_argument("--threads", type=int, default=1, help="threads of the library (default 1)")
    parser.add_argument("--no-caching-allocator", action="store_true", help="measure NumPy's own allocator")
    options = parser.parse_args()
    fix_threads(options.threads)
    print(json.dumps(peak_bytes(options.workload, options.backend, options.threads, not options.no_caching_allocator)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
