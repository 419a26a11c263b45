"""Activations: arrays worked on by blocks, special values, in-place forms, and scores of every size in softmax."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl

torch = pytest.importorskip("torch")


def both(function: str, values: Any, dtype: str = "float32", **kwargs: Any) -> list[tuple[Any, Any]]:
    """Result and gradient, ours in `dtype`, PyTorch's in float64."""
    outcomes = []
    for library, wanted in ((tinygrad_i2dl, dtype), (torch, "float64")):
        x = library.tensor(numpy.asarray(values, dtype=dtype).astype(wanted), requires_grad=True)
        y = getattr(library.nn.functional, function)(x, **kwargs)
        weights = numpy.cos(numpy.arange(y.detach().numpy().size)).reshape(tuple(y.shape))
        (gradient,) = library.autograd.grad(y, x, library.tensor(weights.astype(wanted)))
        outcomes.append((y.detach().numpy(), gradient.numpy()))
    return outcomes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_of_more_than_a_block(approximate: str, dtype: str) -> None:
    values = numpy.random.default_rng(0).standard_normal((3, 9000)) * 3
    ours, theirs = both("gelu", values, dtype, approximate=approximate)
    for one, other in zip(ours, theirs, strict=True):
        numpy.testing.assert_allclose(one, other, atol=2e-6 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("spread", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", [(7, 10), (128, 300)])
def test_softmax_of_small_and_large_scores(function: str, spread: float, shape: tuple[int, ...]) -> None:
    values = numpy.random.default_rng(0).standard_normal(shape) * spread
    values[0] = -200.0  # a row far below the others
    ours, theirs = both(function, values, dim=1)
    for one, other in zip(ours, theirs, strict=True):
        numpy.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)


def test_softmax_with_masked_scores() -> None:
    values = numpy.random.default_rng(0).standard_normal((200, 200))
    values[numpy.triu_indices(200, 1)] = -numpy.inf
    ours, theirs = both("softmax", values, dim=1)
    for one, other in zip(ours, theirs, strict=True):
        numpy.testing.assert_allclose(one, other, atol=1e-6)
    all_masked = tinygrad_i2dl.softmax(tinygrad_i2dl.full((2, 3), -float("inf")), 1)
    assert bool(all_masked.isnan().all())


def test_cross_entropy_of_large_arrays() -> None:
    random = numpy.random.default_rng(0)
    for spread in (1.0, 100.0):
        values, target = random.standard_normal((128, 300)) * spread, random.integers(0, 300, 128)
        outcomes = []
        for library, dtype in ((tinygrad_i2dl, "float32"), (torch, "float64")):
            x = library.tensor(values.astype("float32").astype(dtype), requires_grad=True)
            loss = library.nn.functional.cross_entropy(x, library.tensor(target))
            (gradient,) = library.autograd.grad(loss, x)
            outcomes.append((loss.item(), gradient.numpy()))
        numpy.testing.assert_allclose(outcomes[0][0], outcomes[1][0], rtol=1e-6)
        numpy.testing.assert_allclose(outcomes[0][1], outcomes[1][1], atol=1e-8)


def test_nan_is_not_hidden() -> None:
    for function in ("relu", "leaky_relu", "hardtanh", "elu", "gelu", "silu", "softplus", "hardswish"):
        result = getattr(tinygrad_i2dl.nn.functional, function)(tinygrad_i2dl.tensor([float("nan"), 1.0]))
        assert numpy.isnan(result.numpy()).tolist() == [True, False], function


def test_an_infinite_gradient_does_not_pass_where_relu_is_zero() -> None:
    x = tinygrad_i2dl.tensor([-1.0, 4.0], requires_grad=True)
    tinygrad_i2dl.relu(x).sqrt().sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]


@pytest.mark.parametrize(
    "function",
    ["relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "hardtanh", "hardsigmoid", "hardswish"],
)
def test_in_place_forms(function: str) -> None:
    values = numpy.random.default_rng(0).standard_normal(20)
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        leaf = library.tensor(values, requires_grad=True)
        x = leaf * 2
        y = getattr(library.nn.functional, function)(x, inplace=True)
        assert y is x
        (y * y).sum().backward()
        outcomes.append((y.detach().numpy(), leaf.grad.numpy()))
    for one, other in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(one, other, atol=1e-12)


def test_softmax_without_dim_warns_and_follows_the_old_rule() -> None:
    for shape, dim in (((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 3, 2, 2), 1)):
        x = tinygrad_i2dl.rand(*shape)
        with pytest.warns(UserWarning, match="pass dim="):
            result = tinygrad_i2dl.nn.functional.softmax(x)
        assert result.tolist() == tinygrad_i2dl.softmax(x, dim).tolist()
