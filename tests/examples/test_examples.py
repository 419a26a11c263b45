"""Every example runs as a user runs it, in a process of its own, and writes what it says."""

import gzip
import json
import math
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch

FOLDER = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
TRANSFER = FOLDER / "01_autoencoder_transfer.py"
PICTURES = ("learning_curves.png", "reconstructions.png", "confusion_matrix.png")
# One epoch of the autoencoder on the images below takes some hundredths of a second.
LONG = ("--labels", "100", "--autoencoder-epochs", "40", "--epochs", "3")


def command(script: Path, *options: Any) -> list[str]:
    return [sys.executable, "-W", "error", str(script), *map(str, options)]


def environment() -> dict[str, str]:
    paths = (str(FOLDER.parent), os.environ.get("PYTHONPATH"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def run(script: Path, *options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(script, *options), env=environment(), capture_output=True, text=True, timeout=600, check=False
    )


def finish(script: Path, *options: Any) -> str:
    """Run it to its end; what it printed."""
    done = run(script, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*options: Any) -> str:
    """The one line with which the main job ends, without a traceback, where it cannot run."""
    done = run(TRANSFER, *options)
    assert done.returncode == 1, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"{TRANSFER.name}: "), done.stderr
    assert done.stdout == ""
    return lines[0]


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in the header of a PNG file that ends as one."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and content[12:16] == b"IHDR" and b"IEND" in content[-12:]
    return struct.unpack(">II", content[16:24])


def idx(path: Path, values: numpy.ndarray, compressed: bool = False) -> None:
    """Write unsigned bytes as MNIST's files do: two zeros, type 8, dimensions, big-endian sizes, values."""
    content = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()
    if compressed:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(content))
    else:
        path.write_bytes(content)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with 150 training and 40 test images in MNIST's four files, the test images compressed."""
    folder = tmp_path / "images"
    folder.mkdir()
    values = numpy.random.default_rng(0)
    for part, count in (("train", 150), ("t10k", 40)):
        labels = values.integers(0, 10, count, dtype=numpy.uint8)
        pixels = values.integers(0, 100, (count, 28, 28), dtype=numpy.uint8)
        pixels[numpy.arange(count), labels * 2] = 255  # a bright row at the class's height
        idx(folder / f"{part}-images-idx3-ubyte", pixels, compressed=part == "t10k")
        idx(folder / f"{part}-labels-idx1-ubyte", labels, compressed=part == "t10k")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_short_run(script, tmp_path):
    printed = finish(script, "--short", "--out", tmp_path / "results")
    assert printed
    written = contents(tmp_path / "results")
    assert written and all(written.values())


def test_the_main_job_is_an_example():
    assert TRANSFER in SCRIPTS


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_transfer(tmp_path, backend):
    printed = finish(TRANSFER, "--short", "--out", tmp_path, "--backend", backend)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["parameters"] == {"autoencoder": 824_702, "classifier": 591_185}
    assert metrics["images"] == {"unlabelled": 1000, "labelled": 300, "test": 599}
    assert metrics["backend"] == backend
    history = metrics["history"]
    assert {name: len(entries) for name, entries in history.items()} == {"autoencoder": 3, "transfer": 5, "scratch": 5}
    losses = [entry["train_loss"] for entry in history["autoencoder"]]
    assert losses == sorted(losses, reverse=True) and len(set(losses)) == len(losses) and losses[-1] > 0
    assert metrics["reconstruction_error"] == history["autoencoder"][-1]["test_loss"]
    for name in ("transfer", "scratch"):
        accuracies = [entry["test_accuracy"] for entry in history[name]]
        assert all(0 <= accuracy <= 1 for accuracy in accuracies)
        assert max(accuracies) == metrics["best_accuracy"][name] and max(accuracies) > 0.2  # twice what guessing gives
        assert math.isclose(metrics["accuracy"][name], sum(accuracies) / 5)
        assert history[name][-1]["train_loss"] < history[name][0]["train_loss"] < 3
    for name in ("transfer", "scratch"):
        assert f"{metrics['accuracy'][name]:.3f}" in printed
    for name in PICTURES:
        width, height = picture_size(tmp_path / name)
        assert 300 < width < 3000 and 200 < height < 3000
    saved = torch.load(tmp_path / "checkpoint.pt")
    assert sum(each.numel() for name, each in saved["models"]["autoencoder"].items() if "running" not in name) > 824_000
    assert set(contents(tmp_path)) == {"metrics.json", "checkpoint.pt", *PICTURES}


def started(out: Path, *options: Any) -> None:
    """Start the main job and kill it, as a crash would, once it has written a checkpoint newer than the present one."""
    checkpoint = out / "checkpoint.pt"
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    process = subprocess.Popen(
        command(TRANSFER, *options, "--out", out), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
            assert process.poll() is None, process.communicate()[1].decode()
            time.sleep(0.002)
    finally:
        process.kill()
        process.communicate()
    assert not (out / "metrics.json").exists()


@pytest.mark.slow
def test_a_killed_run_resumes_with_the_same_numbers(images, tmp_path):
    options = ("--data", images, *LONG)
    finish(TRANSFER, *options, "--out", tmp_path / "whole")
    started(tmp_path / "killed", *options)
    started(tmp_path / "killed", *options, "--resume")
    finish(TRANSFER, *options, "--out", tmp_path / "killed", "--resume")
    whole, killed = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("whole", "killed"))
    assert len(whole["history"]["autoencoder"]) == 40 and len(whole["history"]["scratch"]) == 3
    for metrics in (whole, killed):
        metrics.pop("training_seconds")
    assert killed == whole


@pytest.mark.slow
def test_wrong_input_is_one_line_and_keeps_the_results(images, tmp_path):
    out = tmp_path / "results"
    short = ("--out", out, "--labels", "100", "--short")
    finish(TRANSFER, "--data", images, *short)
    kept = contents(out)

    message = refused("--data", tmp_path / "nowhere", *short)
    assert str(tmp_path / "nowhere") in message and "no such folder" in message
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "train-images-idx3-ubyte" in refused("--data", empty, *short)
    message = refused("--data", images, "--out", out, "--labels", "151", "--short")
    assert "--labels 151" in message and "150" in message
    message = refused("--data", images, *short, "--resume", "--lr", "0.1", "--seed", "3")
    assert "other options: seed, lr" in message
    assert "no-such-backend" in refused("--data", images, *short, "--backend", "no-such-backend")
    message = refused("--data", images, "--out", tmp_path / "new", "--labels", "100", "--short", "--resume")
    assert "checkpoint.pt" in message and "without --resume" in message

    file = images / "train-images-idx3-ubyte"
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[:7], b"", b"\x01" + whole[1:]):
        file.write_bytes(damaged)
        assert file.name in refused("--data", images, *short)
    file.write_bytes(whole)
    file = images / "t10k-labels-idx1-ubyte.gz"
    whole = file.read_bytes()
    for damaged in (whole[:-9], whole[:20], b"not compressed"):
        file.write_bytes(damaged)
        assert file.name in refused("--data", images, *short)
    file.write_bytes(whole)
    assert contents(out) == kept


@pytest.mark.parametrize(
    ("script", "package"), [(TRANSFER, "matplotlib"), (TRANSFER, "sklearn"), (SCRIPTS[1], "sklearn")]
)
def test_a_missing_package_is_told_before_anything_is_trained(script, package, tmp_path):
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text(f"raise ModuleNotFoundError('No module named {package}')")
    path = os.pathsep.join([str(tmp_path), environment().get("PYTHONPATH", "")])
    done = subprocess.run(
        command(script, "--short", "--out", tmp_path / "results"),
        env=environment() | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and f"No module named {package}: pip install" in done.stderr


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "flipped", "other"])
def test_a_corrupt_checkpoint_is_refused(images, tmp_path, damage):
    out = tmp_path / "results"
    out.mkdir()
    options = ("--data", images, "--out", out, "--labels", "100", "--short", "--resume")
    saved = {"identity": {}, "history": {}, "values": torch.ones(1000)}
    if damage == "other":  # a sound file of something else
        saved = {"weight": torch.ones(1000)}
    checkpoint = out / "checkpoint.pt"
    torch.save(saved, checkpoint)
    content = checkpoint.read_bytes()
    middle = len(content) // 2
    checkpoint.write_bytes(
        {
            "cut": content[:middle],
            "empty": b"",
            "text": b"no checkpoint\n" * 9,
            "flipped": content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :],
            "other": content,
        }[damage]
    )
    kept = contents(out)
    assert "checkpoint.pt" in refused(*options)
    assert contents(out) == kept
