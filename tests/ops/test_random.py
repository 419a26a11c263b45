"""Random tensors: the same seed gives PyTorch's numbers, through every public function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import tinygrad_i2dl

torch = pytest.importorskip("torch")

WEIGHTS = [[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]]

DRAWS: dict[str, Callable[[Any], Any]] = {
    "rand": lambda t: t.rand(3, 5),
    "rand of a size": lambda t: t.rand((2, 2), dtype=t.float64),
    "rand half": lambda t: t.rand(20, dtype=t.float16),
    "randn": lambda t: t.randn(4, 9),
    "randn of few": lambda t: t.randn(5),
    "randint": lambda t: t.randint(10, (20,)),
    "randint from": lambda t: t.randint(-5, 5, (20,)),
    "randint float": lambda t: t.randint(0, 9, (4,), dtype=t.float32),
    "randint size": lambda t: t.randint(high=7, size=(4,)),
    "randperm": lambda t: t.randperm(30),
    "rand_like": lambda t: t.rand_like(t.zeros(7)),
    "randn_like": lambda t: t.randn_like(t.zeros(3, 7, dtype=t.float64)),
    "randint_like": lambda t: t.randint_like(t.zeros(9), 4),
    "normal of numbers": lambda t: t.normal(2.0, 3.0, (4, 4)),
    "normal of means": lambda t: t.normal(t.arange(1.0, 20.0)),
    "normal of both": lambda t: t.normal(t.zeros(3), t.tensor([1.0, 2.0, 3.0])),
    "normal of stds": lambda t: t.normal(1.0, t.tensor([1.0, 2.0, 3.0])),
    "bernoulli": lambda t: t.bernoulli(t.full((5, 5), 0.3)),
    "bernoulli of p": lambda t: t.bernoulli(t.zeros(30), 0.3),
    "multinomial": lambda t: t.multinomial(t.tensor(WEIGHTS), 2),
    "multinomial with replacement": lambda t: t.tensor(WEIGHTS).multinomial(20, replacement=True),
    "poisson": lambda t: t.poisson(t.full((20,), 4.0)),
    "uniform_": lambda t: t.empty(3, 3).uniform_(-1, 2),
    "uniform_ keywords": lambda t: t.empty(3, 3).uniform_(to=3.0),
    "normal_": lambda t: t.empty(3, 30).normal_(1.0, 0.5),
    "normal_ std": lambda t: t.empty(3).normal_(std=0.02),
    "random_": lambda t: t.empty(9, dtype=t.int64).random_(),
    "random_ to": lambda t: t.empty(9).random_(5),
    "random_ from to": lambda t: t.empty(9, dtype=t.int32).random_(-5, 5),
    "bernoulli_": lambda t: t.empty(30).bernoulli_(0.2),
    "bernoulli_ of tensor": lambda t: t.empty(3).bernoulli_(t.tensor([0.1, 0.5, 0.9])),
    "exponential_": lambda t: t.empty(20).exponential_(2.0),
    "geometric_": lambda t: t.empty(20).geometric_(0.3),
    "cauchy_": lambda t: t.empty(20).cauchy_(1.0, 2.0),
    "log_normal_": lambda t: t.empty(20).log_normal_(),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("seed", [0, 1234])
def test_same_seed_same_numbers(name: str, seed: int) -> None:
    draw = DRAWS[name]
    tinygrad_i2dl.manual_seed(seed)
    torch.manual_seed(seed)
    ours, theirs = draw(tinygrad_i2dl), draw(torch)
    assert str(ours.dtype) == str(theirs.dtype)
    numpy.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-6, atol=1e-7)
    after = tinygrad_i2dl.rand(3).numpy()  # both streams stand at the same place
    numpy.testing.assert_array_equal(after, torch.rand(3).numpy())


def test_generator_keyword_leaves_the_default_stream_alone() -> None:
    torch.manual_seed(5)
    tinygrad_i2dl.manual_seed(5)
    own = tinygrad_i2dl.Generator().manual_seed(9)
    drawn = tinygrad_i2dl.randn(6, generator=own), tinygrad_i2dl.zeros(4).uniform_(generator=own)
    theirs = torch.Generator().manual_seed(9)
    expected = torch.randn(6, generator=theirs), torch.zeros(4).uniform_(generator=theirs)
    for one, other in zip(drawn, expected, strict=True):
        numpy.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6)
    numpy.testing.assert_array_equal(tinygrad_i2dl.rand(3).numpy(), torch.rand(3).numpy())


def test_state_goes_both_ways() -> None:
    tinygrad_i2dl.manual_seed(3)
    tinygrad_i2dl.rand(7)
    state = tinygrad_i2dl.get_rng_state()
    torch.set_rng_state(torch.from_numpy(state.numpy().copy()))
    first = tinygrad_i2dl.rand(5)
    numpy.testing.assert_array_equal(first.numpy(), torch.rand(5).numpy())
    tinygrad_i2dl.set_rng_state(state)
    assert tinygrad_i2dl.equal(tinygrad_i2dl.rand(5), first)
    assert tinygrad_i2dl.initial_seed() == 3


def test_random_fills_pass_no_gradient() -> None:
    x = tinygrad_i2dl.ones(4, requires_grad=True)
    y = (x * 2).uniform_()
    y.sum().backward()
    assert x.grad.tolist() == [0.0] * 4
    with pytest.raises(RuntimeError, match="leaf"):
        x.normal_()
    with tinygrad_i2dl.no_grad():
        assert x.normal_() is x


def test_random_draws_of_parameters_have_a_zero_gradient() -> None:
    p = tinygrad_i2dl.full((3,), 0.5, requires_grad=True)
    tinygrad_i2dl.bernoulli(p).sum().backward()
    assert p.grad.tolist() == [0.0] * 3


@pytest.mark.parametrize(
    ("error", "pattern", "draw"),
    [
        (TypeError, "needs a size", lambda t: t.randint(5)),
        (RuntimeError, "low < high", lambda t: t.randint(5, 5, (2,))),
        (NotImplementedError, "floating-point", lambda t: t.rand(2, dtype=t.int64)),
        (TypeError, "torch.Generator", lambda t: t.rand(2, generator=5)),
        (RuntimeError, "std", lambda t: t.normal(0.0, -1.0, (2,))),
    ],
)
def test_refusals(error: type[Exception], pattern: str, draw: Callable[[Any], Any]) -> None:
    with pytest.raises(error, match=pattern):
        draw(tinygrad_i2dl)
    with pytest.raises((TypeError, RuntimeError, NotImplementedError)):
        draw(torch)
