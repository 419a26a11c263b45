"""What a user installs: one version, typed, with its data files, and its command line."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tinygrad_i2dl
from tests.architecture.sources import PACKAGE, ROOT
from tinygrad_i2dl import doctor
from tinygrad_i2dl.__main__ import COMMANDS, main

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_is_said_once() -> None:
    assert tinygrad_i2dl.__version__ == PROJECT["version"]
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_package_is_marked_as_typed() -> None:
    assert (ROOT / PACKAGE / "py.typed").is_file()


def test_doctor_names_every_extra_of_the_package() -> None:
    extras = set(PROJECT["optional-dependencies"]) - {"all", "test", "dev", "docs", "bench", "cuda13"}
    assert extras == {option.extra for option in doctor.OPTIONS}


def test_doctor_reports_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for title in ("System", "CPU", "Backends", "Native kernels", "Optional packages", "Threads", "Missing"):
        assert f"{title}\n" in text
    import numpy

    assert numpy.__version__ in text
    assert "numpy" in doctor.backends() and doctor.backends()["numpy"] is None


def test_doctor_as_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == set(doctor.collect())
    assert report["cpu"]["cores"] >= 1


def test_doctor_says_how_to_install_what_is_missing_and_what_that_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed_version", lambda *distributions: None)
    monkeypatch.setattr(doctor, "backends", lambda: {"numpy": None, "native": "the extension was not built"})
    monkeypatch.setattr(doctor.native, "available", lambda: False)
    text = doctor.render(doctor.collect())
    assert "native  the extension was not built" in text
    for option in doctor.OPTIONS:
        assert f'[{option.extra}]"' in text and option.cost in text
    assert "Native kernels\n  none" in text
    assert doctor.NATIVE_INSTALL in text and doctor.NATIVE_COST in text


def test_doctor_works_where_nothing_optional_can_be_imported(tmp_path: Path) -> None:
    block = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('numba', 'cupy', 'matplotlib', 'PIL', 'sklearn', 'safetensors'):\n"
        "            raise ImportError(f'{name} is blocked')\n"
        "sys.meta_path.insert(0, Block())\n"
        f"import runpy; sys.argv = ['{PACKAGE}', 'doctor']; runpy.run_module('{PACKAGE}', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert any(line.split() == ["numpy", "ready"] for line in lines)
    assert not any(line.split() == ["numba", "ready"] for line in lines)


def test_wrong_usage_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["no-such-command"])
    assert stopped.value.code == 2
    message = capsys.readouterr().err
    assert all(name in message for name in COMMANDS)


def test_the_example_of_the_readme_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = text.split("## Ten lines")[1].split("```python\n")[1].split("```")[0]
    done = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.removeprefix("mean squared error: ")) < 0.01  # the mean of sin² itself is about 0.5
