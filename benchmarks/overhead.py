"""What the library adds to NumPy's own time, in microseconds per operation, recording and not.

    python -m benchmarks.overhead [--seconds 0.2] [--json FILE]

Every figure is the least of interleaved rounds of processor time, one thread: the library's time and NumPy's are both
lower bounds that a busy machine only adds to. PyTorch is compared where it is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import timeit
from pathlib import Path
from typing import Any

from .environment import describe, fix_threads, set_threads_of
from .timing import Timed, clock_for, interleaved, ratio, summary

SIZE = (16, 16)
RECORDED_BUDGET, UNRECORDED_BUDGET, TINY_MLP_BUDGET = 1.5, 0.5, 0.4
ROUNDS = 15
CHAIN = 200

# (name, with NumPy's arrays a and b, with Tensors x and y, whether the budget of elementwise operations counts)
OPERATIONS = [
    ("add tensors", "a + b", "x + y", True),
    ("subtract tensors", "a - b", "x - y", True),
    ("multiply tensors", "a * b", "x * y", True),
    ("divide tensors", "a / b", "x / y", True),
    ("add a float", "a + 1.5", "x + 1.5", True),
    ("multiply by a float", "a * 1.5", "x * 1.5", True),
    ("float minus tensor", "1.5 - a", "1.5 - x", True),
    ("maximum", "numpy.maximum(a, b)", "torch.maximum(x, y)", True),
    ("negative", "-a", "-x", True),
    ("exp", "numpy.exp(a)", "x.exp()", True),
    ("tanh", "numpy.tanh(a)", "x.tanh()", True),
    ("sqrt", "numpy.sqrt(a)", "x.sqrt()", True),
    ("relu", "numpy.maximum(a, 0)", "torch.relu(x)", True),
    ("compare with a float", "a > 0.5", "x > 0.5", True),
    ("sum of all", "a.sum()", "x.sum()", False),
    ("sum of a dimension", "a.sum(axis=1)", "x.sum(1)", False),
    ("mean of all", "a.mean()", "x.mean()", False),
    ("reshape", "a.reshape(4, 64)", "x.reshape(4, 64)", False),
    ("transpose", "a.swapaxes(0, 1)", "x.transpose(0, 1)", False),
    ("index a row", "a[3]", "x[3]", False),
    ("matrix product", "a @ b", "x @ y", False),
]


def least_microseconds(statements: dict[str, tuple[str, dict[str, Any]]], seconds: float) -> dict[str, float]:
    """The least time of each statement over interleaved rounds."""
    clock = clock_for(1)[1]
    timers = {name: timeit.Timer(text, globals=names, timer=clock) for name, (text, names) in statements.items()}
    calls = {}
    for name, timer in timers.items():
        timer.timeit(200)  # looks up the kernels
        calls[name] = max(10, round(seconds / ROUNDS / (timer.timeit(500) / 500)))
    rounds = [{name: timer.timeit(calls[name]) / calls[name] for name, timer in timers.items()} for _ in range(ROUNDS)]
    return {name: min(times[name] for times in rounds) * 1e6 for name in timers}


def of_operations(torch: Any, seconds: float) -> list[dict[str, Any]]:
    """Overhead of single operations."""
    import numpy

    generator = numpy.random.default_rng(0)
    a, b = (generator.uniform(0.5, 1.5, SIZE).astype(numpy.float32) for _ in range(2))
    arrays = {"a": a, "b": b, "numpy": numpy}
    plain = {"x": torch.tensor(a), "y": torch.tensor(b), "torch": torch}
    recorded = {name: plain[name].clone().requires_grad_() for name in "xy"} | {"torch": torch}
    rows = []
    for name, of_numpy, of_tensors, counts in OPERATIONS:
        least = least_microseconds(
            {"numpy": (of_numpy, arrays), "plain": (of_tensors, plain), "recorded": (of_tensors, recorded)}, seconds
        )
        rows.append(
            {
                "operation": name,
                "elementwise": counts,
                "numpy_us": least["numpy"],
                "unrecorded_us": least["plain"] - least["numpy"],
                "recorded_us": least["recorded"] - least["numpy"],
            }
        )
    return rows


def per_node_of_backward(torch: Any, seconds: float) -> dict[str, float]:
    """Microseconds per node of a backward pass through a long chain of products, over NumPy's own for one product."""
    import numpy

    array = numpy.ones(SIZE, numpy.float32)
    x = torch.tensor(array).requires_grad_()
    y = x
    for _ in range(CHAIN):
        y = y * 1.001
    names = {"y": y, "g": torch.ones(*SIZE), "a": array, "c": numpy.float32(1.001)}
    least = least_microseconds(
        {"backward": ("y.backward(g, retain_graph=True)", names), "numpy": ("a * 1.001", names)}, seconds * 5
    )
    return {"per_node_us": least["backward"] / CHAIN, "numpy_us": least["numpy"]}


def scalar_chain(torch: Any, device: str = "cpu", length: int = CHAIN) -> Any:
    """A step through a chain of operations on scalars and back."""
    x = torch.tensor(0.5, device=device, requires_grad=True)

    def step() -> Any:
        y = x
        for _ in range(length // 4):
            y = (y * 1.1 + 0.1).tanh() - 0.05
        x.grad = None
        y.backward()
        return x.grad

    return step


def compared(torch: Any, seconds: float) -> dict[str, Any]:
    """The scalar chain and the tiny MLP against PyTorch; without PyTorch the library's own times."""
    from .training import contender_of
    from .workloads import WORKLOADS

    libraries = {"tinygrad_i2dl": torch}
    with contextlib.suppress(ImportError):
        import torch as pytorch

        set_threads_of(pytorch, 1)
        libraries["torch"] = pytorch
    tiny = next(each for each in WORKLOADS if each.name == "tiny MLP")
    rows = {}
    for name, steps in (
        ("scalar chain", {library: scalar_chain(module) for library, module in libraries.items()}),
        ("tiny MLP step", {library: contender_of(tiny, module) for library, module in libraries.items()}),
    ):
        found = [float(step()) for step in steps.values()]
        if max(found) - min(found) > 1e-4 * abs(found[0]):
            raise SystemExit(f"{name}: the libraries disagree: {found}")
        contenders = {library: Timed(contextlib.nullcontext, step) for library, step in steps.items()}
        times = interleaved(contenders, seconds * 10, 4 * ROUNDS, clock_for(1)[1])
        rows[name] = {library: summary(each) for library, each in times.items()}
        if "torch" in times:
            rows[name]["ratio"] = ratio(times["tinygrad_i2dl"], times["torch"])
    return rows


def report(results: dict[str, Any]) -> str:
    """The results as a table."""
    lines = [f"{name}: {value}" for name, value in results["environment"].items()]
    lines += ["", f"{'microseconds':<24}{'NumPy':>8}{'unrecorded':>12}{'recorded':>10}"]
    for row in results["operations"]:
        lines.append(
            f"{row['operation']:<24}{row['numpy_us']:8.2f}{row['unrecorded_us']:+12.2f}{row['recorded_us']:+10.2f}"
        )
    middle = results["elementwise median"]
    lines.append(f"{'median, elementwise':<24}{'':8}{middle['unrecorded_us']:+12.2f}{middle['recorded_us']:+10.2f}")
    lines.append(f"{'budget, elementwise':<24}{'':8}{UNRECORDED_BUDGET:+12.2f}{RECORDED_BUDGET:+10.2f}")
    node = results["backward"]
    lines += ["", f"backward pass: {node['per_node_us']:.2f} us per node, of which NumPy {node['numpy_us']:.2f}"]
    for name, row in results["compared"].items():
        for library in (each for each in row if each != "ratio"):
            lines.append(f"{name:<16}{library:<16}{row[library]['median_s'] * 1e6:10.1f} us")
        if "ratio" in row:
            lines.append(f"{name:<16}ratio to PyTorch{row['ratio']:10.2f}    (at most {TINY_MLP_BUDGET})")
    return "\n".join(lines)


def measure(seconds: float) -> dict[str, Any]:
    """All figures of this benchmark."""
    environment = describe(1, clock_for(1)[0])
    import tinygrad_i2dl as torch

    operations = of_operations(torch, seconds)
    elementwise = [row for row in operations if row["elementwise"]]
    return {
        "environment": environment,
        "operations": operations,
        "elementwise median": {
            which: statistics.median(row[which] for row in elementwise) for which in ("unrecorded_us", "recorded_us")
        },
        "backward": per_node_of_backward(torch, seconds),
        "compared": compared(torch, seconds),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.2, help="for each statement (default 0.2)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    options = parser.parse_args()
    fix_threads(1)
    results = measure(options.seconds)
    print(report(results))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
