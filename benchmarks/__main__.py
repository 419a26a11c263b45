"""Compare backends, and PyTorch where it is installed, in one process.

    python -m benchmarks --suite train,ops,conv,memory,scaling --backends numpy,numba,auto,torch --out DIR

Before a case is timed all contenders compute it from the same numbers, and must agree. Prints a table for each suite;
into DIR go results.json, a picture for each suite or curve, and report.html, which holds everything.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from .environment import THREAD_VARIABLES, describe, fix_threads

TIMED = ("train", "ops", "conv", "scaling")
SUITES = (*TIMED, "memory", "overhead", "contention")
BENCH = "pip install '.[bench]'"


class Refused(Exception):
    """What was asked for cannot be done; the message is for the user."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong; the usage is long."""
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number, at least 1, got {text!r}")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return value


def _suites(text: str) -> list[str]:
    names = list(SUITES) if text == "all" else list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in SUITES:
            raise argparse.ArgumentTypeError(f"there is no suite {name!r}; there are {', '.join(SUITES)} and all")
    return names


def _names(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    if not names:
        raise argparse.ArgumentTypeError("expected names with commas between them")
    return names


def parser() -> argparse.ArgumentParser:
    made = _Parser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--suite", type=_suites, default=["train"], help=f"of {', '.join(SUITES)}, commas between them, or all (train)"
    )
    made.add_argument(
        "--backends", type=_names, default=["auto", "torch"],
        help="backends of this library (numpy, numba, native, cupy, auto), and torch for PyTorch (auto,torch)",
    )  # fmt: skip
    made.add_argument("--out", type=Path, help="folder for results.json, report.html and the pictures")
    made.add_argument("--compare", type=Path, metavar="OLD.json", help="flag what changed since an older run")
    made.add_argument("--threads", type=_at_least_one, default=1, help="threads of every library (1)")
    made.add_argument("--seconds", type=_positive, default=2.0, help="for each contender of a case (2)")
    made.add_argument("--rounds", type=_at_least_one, default=9, help="turns that the contenders take (9; at least 5)")
    made.add_argument("--only", default="", metavar="TEXT", help="only cases whose name contains the text")
    made.add_argument(
        "--no-caching-allocator", action="store_true", help="let this library's arrays use NumPy's own allocator"
    )
    return made


def geometric_means(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Geometric mean over the cases of each backend's ratio to PyTorch."""
    ratios: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.get("ratio", {}).items():
            ratios.setdefault(name, []).append(value)
    return {name: math.exp(sum(map(math.log, each)) / len(each)) for name, each in ratios.items()}


class Run:
    """The suites that were asked for, one after the other."""

    def __init__(self, options: argparse.Namespace) -> None:
        from rich.console import Console

        from .contenders import RIVALS, find

        self.options = options
        self.console = Console() if sys.stdout.isatty() else Console(width=160)
        self.contenders, self.missing = find(options.backends, options.threads, not options.no_caching_allocator)
        for name, reason in self.missing.items():
            self.console.print(f"left out: {name}: {reason}", markup=False, highlight=False)
        if not [name for name in self.contenders if name not in RIVALS]:
            raise Refused("none of the backends that were named can be used here")

    def suite(self, name: str) -> dict[str, Any]:
        """The results of one suite."""
        from .timing import clock_for

        threads, seconds = self.options.threads, self.options.seconds
        gpu = any(each.device != "cpu" for each in self.contenders.values())
        clock_name, clock = clock_for(threads, gpu)
        environment = describe(threads, clock_name, not self.options.no_caching_allocator)
        if name == "overhead":
            from .overhead import measure, report

            results: dict[str, Any] = measure(seconds / 10)
            self.console.print(report(results), markup=False, highlight=False)
            return results
        results = {"environment": environment, "suite": name, "missing": self.missing}
        if name == "memory":
            return results | self.memory()
        if name == "contention":
            return results | self.contention()
        from .peak import sgemm_gflops
        from .suites import SUITES

        peak = sgemm_gflops(clock)
        cases = [case for case in SUITES[name]() if self.options.only in case.name]
        results["results"] = [self.timed(case) for case in self.progress(name, cases)]
        results["sgemm peak, GFLOP/s"] = max(peak, sgemm_gflops(clock))
        if name == "scaling":
            from .scaling import EXPECTED, exponents

            return results | {"exponents": exponents(results["results"]), "expected": EXPECTED}
        return results | {"geometric mean": geometric_means(results["results"])}

    def timed(self, case: Any) -> dict[str, Any]:
        from .environment import set_threads_of
        from .measurement import measure

        threads = case.threads or self.options.threads
        libraries = {id(each.library): each.library for each in self.contenders.values()}
        if case.threads:
            for library in libraries.values():
                set_threads_of(library, threads)
        try:
            return measure(case, self.contenders, self.options.seconds, self.options.rounds, threads)
        finally:
            if case.threads:
                for library in libraries.values():
                    set_threads_of(library, self.options.threads)

    def memory(self) -> dict[str, Any]:
        from .memory import measure_case, reason
        from .workloads import WORKLOADS

        why = reason()
        names = [name for name, each in self.contenders.items() if each.device == "cpu"]
        if why is not None or not names:
            return {"results": [], "missing": {"memory": why or "only memory of CPUs is measured"}}
        chosen = [each for each in WORKLOADS if self.options.only in each.name and each.loss is not None]
        rows = [
            measure_case(workload.name, names, self.options.threads, not self.options.no_caching_allocator)
            for workload in self.progress("memory", chosen)
        ]
        return {"results": rows, "geometric mean": geometric_means(rows)}

    def contention(self) -> dict[str, Any]:
        """The suite that needs two processors of its own, in a process that may pin itself to them."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "contention.json"
            command = [sys.executable, "-m", "benchmarks.contention", "--rounds", str(self.options.rounds)]
            command += ["--only", self.options.only, "--json", str(path)]
            command += [] if "torch" in self.contenders else ["--no-torch"]
            environment = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if not path.exists():
                lines = done.stderr.strip().splitlines() or ["no figures were written"]
                return {"contention": [], "missing": {"contention": lines[-1]}}
            self.console.print(done.stdout, markup=False, highlight=False)
            found = json.loads(path.read_text(encoding="utf-8"))
        return {"contention": found["results"], "environment": found["environment"]}

    def progress(self, suite: str, cases: list[Any]) -> Any:
        """The cases one after the other, with a bar that names the one that is measured."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.fields[suite]}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(
            *columns, TextColumn("{task.description}"), console=self.console, transient=True,
            disable=not self.console.is_terminal,
        ) as bar:  # fmt: skip
            task = bar.add_task("", total=len(cases), suite=suite)
            for case in cases:
                bar.update(task, description=case.name)
                yield case
                bar.advance(task)

    def show(self, results: dict[str, Any]) -> None:
        from .table import comparison_table, exponent_table, suite_table

        if results.get("results"):
            self.console.print(suite_table(results["suite"], results))
        if results.get("exponents"):
            self.console.print(exponent_table(results))
        if results.get("comparison"):
            self.console.print(comparison_table(results["comparison"]))


def open_folder(folder: Path) -> None:
    """Make the folder for the results before anything is measured for them.

    Raises:
        Refused: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Refused(f"--out: nothing can be written into {folder}: {error.strerror}") from error


def save(folder: Path, results: dict[str, Any]) -> None:
    """Write what has been measured so far."""
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def write(folder: Path, results: dict[str, Any], command: str) -> list[str]:
    """Write all files of a run; their names.

    Raises:
        ImportError: matplotlib is missing; the JSON file is written by then.
    """
    save(folder, results)
    from .plots import pictures_of
    from .report import page

    pictures = {suite: pictures_of(suite, each) for suite, each in results.items()}
    names = ["results.json", "report.html"]
    for each in pictures.values():
        for name, (png, _) in each.items():
            (folder / f"{name}.png").write_bytes(png)
            names.append(f"{name}.png")
    (folder / "report.html").write_text(page(results, pictures, command), encoding="utf-8")
    return names


def run(options: argparse.Namespace, command: str) -> int:
    """All suites; 1 if a case was wrong, 2 if nothing could be measured."""
    from .comparison import compare, read

    try:
        old = read(options.compare) if options.compare is not None else None
    except ValueError as error:
        raise Refused(f"--compare: {error}") from error
    if options.out is not None:
        open_folder(options.out)
    session = Run(options)
    results: dict[str, Any] = {}
    for name in options.suite:
        each = session.suite(name)
        if not each.get("results", each.get("contention", True)):
            why = each["missing"].get(name, f"no case has {options.only!r} in its name")
            session.console.print(f"left out: {name}: {why}", markup=False, highlight=False)
            continue
        if old is not None:
            each["comparison"] = compare(old, {name: each})
        session.show(each)
        results[name] = each
        if options.out is not None:
            save(options.out, results)  # a later suite may be broken off
    if not results:
        raise Refused(f"no case of {', '.join(options.suite)} has {options.only!r} in its name")
    for key, value in next(iter(results.values()))["environment"].items():
        session.console.print(f"{key}: {value}", markup=False, highlight=False)
    if options.out is not None:
        try:
            names = write(options.out, results, command)
        except ImportError as error:
            raise Refused(f"results.json is written, but pictures and report are not ({error}): {BENCH}") from error
        except OSError as error:
            raise Refused(f"--out: not everything could be written into {options.out}: {error.strerror}") from error
        session.console.print(f"written to {options.out}: {', '.join(names)}", markup=False, highlight=False)
    return int(any("error" in row for each in results.values() for row in each.get("results", [])))


def main(arguments: list[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(arguments)
    fix_threads(options.threads)  # before anything imports NumPy
    try:
        import rich  # noqa: F401
    except ImportError as error:
        made.error(f"the tables need rich ({error}): {BENCH}")
    typed = sys.argv[1:] if arguments is None else arguments
    try:
        return run(options, shlex.join(["python", "-m", "benchmarks", *typed]))
    except Refused as error:
        made.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
