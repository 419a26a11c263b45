"""The backend that the examples write from scratch is a whole one: every operation's samples run on it."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

import tinygrad_i2dl
from tests.calls import assert_close, assert_same_gradients
from tests.test_ops import BLOCKS, each_case, outcome
from tinygrad_i2dl.backends import registry

EXAMPLE = Path(__file__).parents[2] / "examples" / "02_own_backend.py"


@pytest.fixture
def backend() -> Iterator[Any]:
    specification = importlib.util.spec_from_file_location("own_backend", EXAMPLE)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    made = module.CountingBackend()
    tinygrad_i2dl.register_backend("counting", made)
    yield made
    registry._backends.pop("counting")
    registry.clear_tables()


@pytest.mark.filterwarnings(r"ignore:kl_div\(\)")  # as PyTorch does, ours advises another reduction than its default
def test_every_sample_runs_on_it(backend: Any) -> None:
    for name in BLOCKS:
        for block, number in each_case(name):
            expected = outcome("numpy", block, number, "float64")
            actual = outcome("counting", block, number, "float64")
            assert_close(actual[0], expected[0], rtol=1e-12, where=f"{name}, case {number}")
            assert_same_gradients(actual[1], expected[1], rtol=1e-12, where=f"{name}, case {number}, gradient")
    assert backend.ran.keys() == {"linear", "linear_backward", "relu"} and len(backend.passed) > 200


def test_its_own_kernels_serve_second_derivatives(backend: Any) -> None:
    random = numpy.random.default_rng(0)
    x, w, b = (
        tinygrad_i2dl.tensor(random.uniform(0.5, 1, shape), requires_grad=True) for shape in ((3, 4), (2, 4), (2,))
    )

    def network(x: Any, w: Any, b: Any) -> Any:
        return tinygrad_i2dl.nn.functional.linear(x, w, b).relu() ** 2

    with tinygrad_i2dl.use_backend("counting"):
        assert tinygrad_i2dl.autograd.gradcheck(network, (x, w, b))
        assert tinygrad_i2dl.autograd.gradgradcheck(network, (x, w, b))
    assert min(backend.ran[name] for name in ("linear", "linear_backward", "relu")) > 0


def test_it_leaves_errors_to_the_reference_kernels(backend: Any) -> None:
    with tinygrad_i2dl.use_backend("counting"), pytest.raises(RuntimeError, match="cannot be multiplied"):
        tinygrad_i2dl.ones(2, 3) @ tinygrad_i2dl.ones(2, 3)
    with tinygrad_i2dl.use_backend("counting"), pytest.raises(RuntimeError, match="shapes"):
        tinygrad_i2dl.nn.functional.linear(tinygrad_i2dl.ones(2, 3), tinygrad_i2dl.ones(2, 4))
