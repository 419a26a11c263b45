"""Every program of ``programs`` prints the same text and gives the same numbers with PyTorch and with this library."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import math
import pkgutil
import re
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from . import programs
from .harness import LIBRARY, load

NAMES = sorted(module.name for module in pkgutil.iter_modules(programs.__path__))

# Loss curves of 20 to 50 steps in float32 differ by the order of summation only.
RTOL, ATOL = 1e-4, 1e-6

# What a script imports, by the name it usually gives it.
IMPORTS = {
    "torch": "",
    "nn": "nn",
    "F": "nn.functional",
    "init": "nn.init",
    "rnn": "nn.utils.rnn",
    "parametrizations": "nn.utils.parametrizations",
    "optim": "optim",
    "lr_scheduler": "optim.lr_scheduler",
    "data": "utils.data",
    "autograd": "autograd",
    "distributions": "distributions",
    "swa_utils": "optim.swa_utils",
    "checkpointing": "utils.checkpoint",
}

DECIMAL = re.compile(r"(-?\d+\.\d*(?:e[+-]?\d+)?)")


def execute(name: str, library: str) -> tuple[str, list[float]]:
    """Text printed and numbers returned by a program under a library."""
    program = importlib.import_module(f"{programs.__name__}.{name}").program
    imports: dict[str, ModuleType] = {}
    for parameter in inspect.signature(program).parameters:
        imports[parameter] = importlib.import_module(f"{library}.{IMPORTS[parameter]}".rstrip("."))
    text = io.StringIO()
    with contextlib.redirect_stdout(text), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old spellings warn, in PyTorch too: here they only have to work
        curve = program(**imports)
    return text.getvalue(), curve


def assert_text(ours: str, expected: str, rtol: float) -> None:
    """Equal text, with decimal numbers that are close and have the same form."""
    forms = [DECIMAL.sub(lambda number: re.sub(r"\d", "0", number[0]), text) for text in (ours, expected)]
    assert forms[0] == forms[1], f"printed:\n{ours}\nexpected:\n{expected}"
    ours_parts, expected_parts = DECIMAL.split(ours), DECIMAL.split(expected)
    numbers = [[float(part) for part in parts[1::2]] for parts in (ours_parts, expected_parts)]
    np.testing.assert_allclose(*numbers, rtol=rtol, atol=1e-4, err_msg="a printed number")


@pytest.fixture
def library() -> Any:
    """Package under test, loaded once."""
    return load(LIBRARY)


@pytest.mark.parametrize("name", NAMES)
def test_a_program_gives_pytorchs_numbers(name: str, library: ModuleType) -> None:
    """Same printed text, same loss curve."""
    expected_text, expected = execute(name, "torch")
    text, curve = execute(name, library.__name__)
    assert len(expected) >= 5 and all(math.isfinite(value) for value in expected), "the program shows too little"
    rtol = getattr(importlib.import_module(f"{programs.__name__}.{name}"), "TOLERANCE", RTOL)
    assert_text(text, expected_text, rtol)
    np.testing.assert_allclose(curve, expected, rtol=rtol, atol=ATOL)


def test_the_suite_is_complete() -> None:
    """A program that is not found would be one that never fails."""
    assert len(NAMES) >= 25
