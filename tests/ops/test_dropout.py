"""Dropout draws PyTorch's masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
import pytest

import tinygrad_i2dl

torch = pytest.importorskip("torch")

SHAPES: dict[str, list[tuple[int, ...]]] = {
    "dropout": [(5,), (40, 30), (2, 3, 4)],
    "alpha_dropout": [(40, 30)],
    "feature_alpha_dropout": [(8, 6, 3), (8, 6)],
    "dropout1d": [(8, 6, 3), (6, 3)],
    "dropout2d": [(8, 6, 3, 2)],
    "dropout3d": [(4, 6, 3, 2, 2), (6, 3, 2, 2)],
}


@pytest.fixture(autouse=True)
def restore_generators() -> Iterator[None]:
    state = torch.random.get_rng_state()
    yield
    torch.random.set_rng_state(state)


def both(name: str, array: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """Results and gradients of both libraries from the same seed."""
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        library.manual_seed(7)
        x = library.tensor(array, requires_grad=True)
        result = getattr(library.nn.functional, name)(x * 1, *args, **kwargs)
        (gradient,) = library.autograd.grad(result.sum(), x)
        outcomes.append((result.detach().numpy(), gradient.numpy(), library.rand(1).item()))
    return outcomes


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name, shapes in SHAPES.items() for shape in shapes])
def test_masks_are_pytorchs(name: str, shape: tuple[int, ...], inplace: bool) -> None:
    array = numpy.random.default_rng(0).standard_normal(shape).astype("float32")
    ours, theirs = both(name, array, 0.3, True, inplace)
    numpy.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6, atol=1e-7)
    numpy.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)
    assert ours[2] == theirs[2]  # the stream stands where PyTorch's does


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_masks_of_other_dtypes(dtype: str) -> None:
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        library.manual_seed(3)
        x = library.ones(50, dtype=getattr(library, dtype))
        outcomes.append(library.nn.functional.dropout(x, 0.5).to(library.float64).tolist())
    assert outcomes[0] == outcomes[1]


def test_masks_follow_the_order_in_memory() -> None:
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        library.manual_seed(3)
        outcomes.append(library.nn.functional.dropout(library.ones(4, 6).t(), 0.5).tolist())
    assert outcomes[0] == outcomes[1]


def test_slopes_of_rrelu_are_pytorchs() -> None:
    array = numpy.random.default_rng(0).standard_normal((20, 5)).astype("float32")
    ours, theirs = both("rrelu", array, 0.1, 0.4, True)
    numpy.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    assert ours[2] == theirs[2]


def test_samples_of_gumbel_softmax_are_pytorchs() -> None:
    array = numpy.random.default_rng(0).standard_normal((20, 5)).astype("float32")
    for hard in (False, True):
        outcomes = []
        for library in (tinygrad_i2dl, torch):
            library.manual_seed(7)
            x = library.tensor(array, requires_grad=True)
            y = library.nn.functional.gumbel_softmax(x, tau=0.5, hard=hard)
            (gradient,) = library.autograd.grad((y * y.detach()).sum(), x)
            outcomes.append((y.detach().numpy(), gradient.numpy()))
        numpy.testing.assert_allclose(outcomes[0][0], outcomes[1][0], rtol=1e-5, atol=1e-6)
        numpy.testing.assert_allclose(outcomes[0][1], outcomes[1][1], rtol=1e-4, atol=1e-6)


def test_outside_of_training_the_input_itself_comes_back() -> None:
    x = tinygrad_i2dl.ones(3)
    assert tinygrad_i2dl.nn.functional.dropout(x, 0.5, False) is x
    assert tinygrad_i2dl.nn.functional.alpha_dropout(x, 0.5) is x
    assert tinygrad_i2dl.dropout_(x, 0.5, False) is x


def test_what_is_refused() -> None:
    functional = tinygrad_i2dl.nn.functional
    with pytest.raises(RuntimeError, match="int64"):
        functional.dropout(tinygrad_i2dl.ones(3).long(), 0.5)
    with pytest.raises(RuntimeError, match="at least 2 dimensions"):
        functional.feature_alpha_dropout(tinygrad_i2dl.ones(3), 0.5, True)
    with pytest.raises(RuntimeError, match=r"\(N, C, L\)"):
        functional.dropout1d(tinygrad_i2dl.ones(3))
    with pytest.warns(UserWarning, match=r"\(N, C, L\)"):
        functional.dropout2d(tinygrad_i2dl.ones(3, 2, 2))
