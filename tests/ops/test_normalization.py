"""Normalization: running statistics, precision, and the two ways of the backward pass."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl

torch = pytest.importorskip("torch")


def random(*shape: int, scale: float = 1.0, shift: float = 0.0) -> Any:
    return numpy.random.default_rng(0).standard_normal(shape) * scale + shift


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 4)])
@pytest.mark.parametrize("training", [False, True])
def test_running_statistics_of_batches(shape: tuple[int, ...], training: bool) -> None:
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        mean, variance = library.zeros(3), library.ones(3)
        for step in range(3):
            x = library.tensor(random(*shape, scale=2.0, shift=step), dtype=library.float32)
            y = library.nn.functional.batch_norm(x, mean, variance, training=training, momentum=0.3)
        outcomes.append((y.numpy(), mean.numpy(), variance.numpy()))
    for ours, theirs in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_running_statistics_of_instances() -> None:
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        mean, variance = library.zeros(3), library.ones(3)
        x = library.tensor(random(4, 3, 5, scale=2.0), dtype=library.float32)
        library.nn.functional.instance_norm(x, mean, variance)
        y = library.nn.functional.instance_norm(x, mean, variance, use_input_stats=False)
        outcomes.append((y.numpy(), mean.numpy(), variance.numpy()))
    for ours, theirs in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_mean_far_from_zero_costs_no_precision() -> None:
    x = random(64, 4, shift=1000.0).astype("float32")
    expected = torch.nn.functional.batch_norm(torch.tensor(x, dtype=torch.float64), None, None, training=True).numpy()
    result = tinygrad_i2dl.nn.functional.batch_norm(tinygrad_i2dl.tensor(x), None, None, training=True).numpy()
    numpy.testing.assert_allclose(result, expected, atol=2e-3)
    expected = torch.nn.functional.layer_norm(torch.tensor(x.T.copy(), dtype=torch.float64), (64,)).numpy()
    result = tinygrad_i2dl.layer_norm(tinygrad_i2dl.tensor(x.T.copy()), (64,)).numpy()
    numpy.testing.assert_allclose(result, expected, atol=2e-3)


@pytest.mark.parametrize("shift", [2.0, 1000.0])
@pytest.mark.parametrize("shape", [(16, 16, 64, 64), (40, 16)])
def test_gradients_in_single_precision(shape: tuple[int, ...], shift: float) -> None:
    """Large batches go sample by sample; inputs far from zero are centred first."""
    x, g = random(*shape, shift=shift), random(*shape)[::-1].copy()
    for name in ("batch_norm", "layer_norm"):
        size = shape[1] if name == "batch_norm" else shape[-1]
        gradients = []
        for library, dtype in ((tinygrad_i2dl, "float32"), (torch, "float64")):
            inputs = [
                library.tensor(numpy.asarray(each, dtype=dtype), requires_grad=True)
                for each in (x.astype("float32"), random(size, shift=1.0), random(size))
            ]
            function = getattr(library.nn.functional, name)
            if name == "batch_norm":
                y = function(inputs[0], None, None, *inputs[1:], training=True)
            else:
                y = function(inputs[0], (size,), *inputs[1:])
            gradients.append(library.autograd.grad(y, inputs, library.tensor(numpy.asarray(g, dtype=dtype))))
        for ours, theirs in zip(*gradients, strict=True):
            scale = abs(theirs.numpy()).max()
            # at a mean of 1000 float32 knows the deviations from it to 1e-4
            numpy.testing.assert_allclose(
                ours.numpy() / scale, theirs.numpy() / scale, atol=5e-4 if shift > 100 else 5e-6
            )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_keeps_its_dtype(dtype: str) -> None:
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        x = library.tensor(random(4, 8, scale=300.0), dtype=getattr(library, dtype), requires_grad=True)
        y = library.nn.functional.layer_norm(x, (8,))
        y.sum().backward()
        assert str(y.dtype) == str(x.grad.dtype) == f"torch.{dtype}"
        outcomes.append(y.detach().to(library.float64).numpy())
    numpy.testing.assert_allclose(*outcomes, atol=1e-2)


def test_errors_name_what_came() -> None:
    functional, ones = tinygrad_i2dl.nn.functional, tinygrad_i2dl.ones
    with pytest.raises(RuntimeError, match=r"one for each channel, got \(2,\)"):
        functional.batch_norm(ones(4, 3), ones(2), ones(3), training=True)
    with pytest.raises(RuntimeError, match=r"\(N, C, \*\)"):
        functional.group_norm(ones(4), 2)
