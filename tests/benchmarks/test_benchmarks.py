"""The benchmark program: a short run whose every output is read back, comparisons, answers to wrong arguments."""

from __future__ import annotations

import base64
import html.parser
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import benchmarks.__main__ as program
from benchmarks import comparison, memory, peak, scaling, wording
from benchmarks.__main__ import parser
from benchmarks.measurement import Case, measure
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parents[2]
PNG = b"\x89PNG\r\n\x1a\n"
SHORT = ("--seconds", "0.02", "--rounds", "5")


def benchmarks(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **(env or {})},
    )  # fmt: skip


class Page(html.parser.HTMLParser):
    """What a browser would find: elements that are closed as they were opened, pictures, texts of cells, references."""

    EMPTY = ("meta", "img", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.cells: list[tuple[str | None, str]] = []
        self.references: list[str] = []
        self.identities: set[str | None] = set()
        self.cell: str | None = None
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.identities.add(named.get("id"))
        if tag == "img":
            self.pictures.append(named)
        self.references += [str(named[key]) for key in ("href", "src") if key in named]
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cell = named.get("class")
            self.cells.append((self.cell, ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            kind, text = self.cells[-1]
            self.cells[-1] = kind, text + data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of a tiny run of two suites against PyTorch, with a backend that is missing."""
    pytest.importorskip("torch")
    out = tmp_path_factory.mktemp("out")
    done = benchmarks(
        "--suite", "train,ops", "--backends", "numpy,no-such,torch", "--only", "tiny", "--out", str(out), *SHORT
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "left out: no-such: there is no backend of that name; there are auto, " in done.stdout
    assert "left out: ops: no case has 'tiny' in its name" in done.stdout
    assert re.search(r"tiny MLP .* 0\.4 ", done.stdout)
    return out


def test_the_json_file_holds_times_ratios_and_the_environment(folder: Path) -> None:
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))["train"]
    (row,) = results["results"]
    assert row["name"] == "tiny MLP" and row["target"] == 0.4
    assert set(row["times"]) == {"numpy", "torch"}
    for each in row["times"].values():
        assert 1e-6 < each["min_s"] <= each["median_s"] < 1 and each["rounds"] == 5 and each["spread"] >= 0
    assert set(row["ratio"]) == set(row["ratio_spread"]) == {"numpy"}
    by_medians = row["times"]["numpy"]["median_s"] / row["times"]["torch"]["median_s"]
    assert 0.2 < row["ratio"]["numpy"] / by_medians < 5
    assert math.isclose(results["geometric mean"]["numpy"], row["ratio"]["numpy"])
    assert set(results["missing"]) == {"no-such"}
    assert {"processor", "python", "numpy", "torch", "threads", "clock", "caching allocator"} <= set(
        results["environment"]
    )
    assert results["sgemm peak, GFLOP/s"] > 0.1


def test_the_report_is_one_whole_accessible_page(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert '<html lang="en">' in text and "prefers-color-scheme: dark" in text
    assert {"train", "how", "environment", "again"} <= page.identities
    for reference in page.references:  # nothing is fetched from elsewhere, and links within the page arrive
        assert reference.startswith("data:") or reference[1:] in page.identities
    assert page.pictures
    for picture in page.pictures:
        assert "tiny MLP" in str(picture["alt"])
        encoded = str(picture["src"]).removeprefix("data:image/png;base64,")
        assert base64.b64decode(encoded, validate=True) == (folder / "train.png").read_bytes()
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))["train"]["results"]
    ratio = results[0]["ratio"]["numpy"]
    word = wording.verdict(ratio, 0.4)
    assert (word, f"{ratio:.2f} {word}") in page.cells
    assert "Left out: no-such" in text
    assert "--backends numpy,no-such,torch --only tiny" in text


def test_the_picture_is_a_png(folder: Path) -> None:
    content = (folder / "train.png").read_bytes()
    assert content.startswith(PNG)
    assert len(content) < 200_000


def test_a_run_is_compared_with_an_older_one(folder: Path, tmp_path: Path) -> None:
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    results["train"]["results"][0]["ratio"]["numpy"] *= 20  # so slow it once was
    old = tmp_path / "old.json"
    old.write_text(json.dumps(results), encoding="utf-8")
    done = benchmarks(
        "--backends", "numpy,torch", "--only", "tiny", "--compare", str(old), "--out", str(tmp_path), *SHORT
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Against the older run" in done.stdout
    (entry,) = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["train"]["comparison"]
    assert entry["flag"] == "faster" and entry["change"] < 0.5
    assert any(kind == "faster" for kind, _ in Page((tmp_path / "report.html").read_text(encoding="utf-8")).cells)


def row(ratio: float, spread: float = 0.02, name: str = "x") -> dict[str, Any]:
    return {"name": name, "ratio": {"native": ratio}, "ratio_spread": {"native": spread}}


@pytest.mark.parametrize(
    ("old", "new", "flag"),
    [
        (row(1.0), row(1.04), ""),
        (row(1.0), row(1.3), "slower"),
        (row(1.0), row(0.7), "faster"),
        (row(1.0, 0.4), row(1.3), ""),  # within the spread of the older run
        (row(1.0), row(0.8, 0.5), ""),
    ],
)
def test_changes_beyond_the_spread_are_flagged(old: dict[str, Any], new: dict[str, Any], flag: str) -> None:
    (entry,) = comparison.compare({"ops": {"results": [old]}}, {"ops": {"results": [new]}})
    assert entry["flag"] == flag
    assert math.isclose(entry["change"], new["ratio"]["native"] / old["ratio"]["native"])


def test_cases_that_only_one_run_has_are_not_compared() -> None:
    old = {"ops": {"results": [row(1.0, name="gone"), {"name": "wrong", "error": "differs"}]}}
    new = {"ops": {"results": [row(1.0, name="new"), row(1.0, name="wrong")]}, "conv": {"results": [row(1.0)]}}
    assert comparison.compare(old, new) == []


def test_results_that_were_kept_can_be_compared_with() -> None:
    kept = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
    assert kept
    for path in kept:
        suites = comparison.read(path)
        assert any(comparison.compare({name: each}, {name: each}) for name, each in suites.items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite", "trian"], "no suite 'trian'; there are train, ops, conv, scaling, memory, overhead, contention"),
        (["--threads", "0"], "at least 1, got '0'"),
        (["--seconds", "-1"], "expected a positive number, got '-1'"),
        (["--rounds", "many"], "at least 1, got 'many'"),
        (["--backends", ","], "expected names"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
    ],
)
def test_wrong_arguments_are_one_clear_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backends", "no-such"], "none of the backends that were named can be used here"),
        (["--only", "no such case"], "no case of train has 'no such case' in its name"),
        (["--compare", "no-such.json"], "--compare: no-such.json cannot be read: No such file"),
        (["--compare", "README.md"], "--compare: README.md is not JSON"),
        (["--out", "README.md"], "--out: nothing can be written into README.md: File exists"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(arguments: list[str], message: str) -> None:
    done = benchmarks(*arguments, *SHORT)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_was_measured_stays_when_a_later_suite_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def suite(run: program.Run, name: str) -> dict[str, Any]:
        if name == "ops":
            raise KeyboardInterrupt
        return {"suite": name, "results": [{"case": "x"}], "environment": {}, "missing": {}}

    monkeypatch.setattr(program.Run, "__init__", lambda run, options: None)
    monkeypatch.setattr(program.Run, "suite", suite)
    monkeypatch.setattr(program.Run, "show", lambda run, results: None)
    options = parser().parse_args(["--suite", "train,ops", "--backends", "numpy", "--out", str(tmp_path / "new")])
    with pytest.raises(KeyboardInterrupt):
        program.run(options, "")
    kept = json.loads((tmp_path / "new" / "results.json").read_text(encoding="utf-8"))
    assert kept["train"]["results"] == [{"case": "x"}]


def test_contenders_that_disagree_are_not_timed() -> None:
    import contextlib

    import tinygrad_i2dl as torch
    from benchmarks.contenders import Contender

    class Wrong:
        def __getattr__(self, name: str) -> Any:
            return getattr(torch, "ones_like" if name == "exp" else name)

    def exp(library: Any, device: str) -> Any:
        return lambda: library.exp(torch.arange(4.0))

    def fails(library: Any, device: str) -> Any:
        raise RuntimeError("no kernel")

    pair = {"a": Contender("a", torch, contextlib.nullcontext), "b": Contender("b", Wrong(), contextlib.nullcontext)}
    wrong = measure(Case("exp", 1.0, exp), pair, 0.01, 5, 1)
    assert "times" not in wrong and re.fullmatch(r"a and b differ by 9\..e-01 \(relative\) in call 1", wrong["error"])
    assert measure(Case("x", 1.0, fails), pair, 0.01, 5, 1)["error"] == "a raised RuntimeError: no kernel"


@pytest.mark.skipif(memory.reason() is not None, reason=str(memory.reason()))
def test_the_peak_of_memory_is_that_of_the_arrays() -> None:
    measured = memory.in_a_process("MLP, batch 256", "numpy", 1, caching=True)
    weights = 4 * (784 * 256 + 256 * 128 + 128 * 10)
    assert 2 * weights < measured["bytes"] < 10 * weights  # weights and gradients at least
    assert memory.in_a_process("MLP, batch 256", "no-such", 1, caching=True)["missing"].startswith(
        "there is no backend"
    )
    with pytest.raises(RuntimeError, match="ended with 1: StopIteration"):
        memory.in_a_process("no such workload", "numpy", 1, caching=True)


def test_the_workloads_are_those_that_were_agreed_on() -> None:
    names = {workload.name for workload in WORKLOADS}
    assert {f"MLP, batch {size}" for size in (1, 32, 256)} | {"tiny MLP", "autoencoder", "LeNet"} <= names
    assert {"convolutional autoencoder", "keypoints CNN", "small ResNet", "depthwise net"} <= names
    assert {"RNN", "LSTM", "GRU", "transformer", "inference MLP, batch 1", "inference LeNet, batch 1"} <= names
    bound = {workload.name for workload in WORKLOADS if workload.flops is not None}
    assert {"MLP, batch 256", "RNN", "LSTM", "GRU", "transformer"} <= bound


def test_products_are_counted_as_pytorch_counts_them() -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    from benchmarks.training import contender_of

    for name in ("MLP, batch 256", "autoencoder"):
        workload = next(each for each in WORKLOADS if each.name == name)
        step = contender_of(workload, torch)
        with FlopCounterMode(display=False) as counter:
            step()
        assert workload.flops == counter.get_total_flops()
    # PyTorch counts no products inside of its fused cells: the definition, with cells of matrix products
    import numpy

    workload = next(each for each in WORKLOADS if each.name == "GRU")
    cell = torch.nn.GRUCell(128, 128)
    hidden = torch.zeros(32, 128)
    inputs = torch.from_numpy(workload.batch(numpy.random.default_rng(0))[0])
    with FlopCounterMode(display=False) as counter:
        for number in range(50):
            gates = inputs[:, number] @ cell.weight_ih.T, hidden @ cell.weight_hh.T
            hidden = hidden + (gates[0] + gates[1])[:, :128]
        hidden.sum().backward()
    # one product less: the first hidden state needs no gradient; all of PyTorch's here go through 128 of 384 columns
    assert workload.flops == counter.get_total_flops() + 2 * 32 * 384 * 128
    attention = next(each for each in WORKLOADS if each.name == "transformer")
    step = contender_of(attention, torch)
    with FlopCounterMode(display=False) as counter, torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        step()
    head = 3 * 2 * 16 * 64 * 10
    assert attention.flops == counter.get_total_flops() - head


def test_exponents_are_those_of_the_largest_sizes() -> None:
    sizes = [1, 10, 100, 1000, 10000]
    rows = [
        {"curve": "batch, MLP", "size": size, "times": {"a": {"median_s": 1.0 + size}, "b": {"median_s": size**2.0}}}
        for size in sizes
    ]
    found = scaling.exponents(rows)["batch, MLP"]
    assert 0.98 < found["a"] < 1.0 and math.isclose(found["b"], 2.0)
    assert {case.curve for case in scaling.scaling_cases()} == {
        *scaling.EXPECTED,
        "threads, MLP",
        "threads, small ResNet",
    }


def test_the_peak_of_products_is_measured() -> None:
    import time

    assert peak.sgemm_gflops(time.perf_counter) > 0.1
