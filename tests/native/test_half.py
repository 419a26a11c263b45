"""float16 and bfloat16 through float32: the rounding bit by bit, and convolution and pooling against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl
from tinygrad_i2dl.backends import native

torch = pytest.importorskip("torch")

Array = Any
HALVES = ["float16", "bfloat16"]


def dtype_of(name: str) -> Any:
    return getattr(tinygrad_i2dl, name).numpy


@pytest.mark.parametrize("name", HALVES)
def test_every_half_is_widened_exactly_and_comes_back(name: str) -> None:
    bits = numpy.arange(2**16, dtype=numpy.uint16)
    wide = native.extension.native.widen(bits, name == "bfloat16")
    expected = bits.view(dtype_of(name)).astype(numpy.float32)
    numpy.testing.assert_array_equal(wide, expected)
    numpy.testing.assert_array_equal(numpy.signbit(wide), numpy.signbit(expected))
    back = native.extension.native.narrow(wide, name == "bfloat16").view(dtype_of(name))
    numpy.testing.assert_array_equal(back.astype(numpy.float32), expected)


@pytest.mark.parametrize("name", HALVES)
def test_rounding_is_to_the_nearest_with_ties_to_even(name: str) -> None:
    generator = numpy.random.default_rng(0)
    values = [generator.integers(0, 2**32, 200_000, dtype=numpy.uint32).view(numpy.float32)]
    exact = numpy.arange(2**16, dtype=numpy.uint16).view(dtype_of(name)).astype(numpy.float32)
    exact = numpy.sort(exact[numpy.isfinite(exact)])
    middle = (exact[1:].astype(numpy.float64) + exact[:-1]) / 2
    values += [middle.astype(numpy.float32), numpy.nextafter(middle.astype(numpy.float32), numpy.float32(0))]
    values.append(numpy.array([0.0, -0.0, 65504, 65519.99, 65520, 3.4e38, 1e-45, -1e-45], numpy.float32))
    given = numpy.concatenate(values)
    found = native.extension.native.narrow(given, name == "bfloat16").view(dtype_of(name)).astype(numpy.float32)
    expected = torch.from_numpy(given).to(getattr(torch, name)).float().numpy()
    numpy.testing.assert_array_equal(found, expected)


def reference(function: Any, name: str, *arrays: Array) -> Array:
    """PyTorch's result in float32, rounded once to the dtype."""
    return function(*[torch.from_numpy(each.astype(numpy.float32)) for each in arrays]).to(getattr(torch, name)).float()


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("groups", [1, 4])
def test_convolution(name: str, groups: int) -> None:
    generator = numpy.random.default_rng(0)
    dtype = dtype_of(name)
    input = generator.standard_normal((2, 4, 9, 10)).astype(dtype)
    weight = generator.standard_normal((8, 4 // groups, 3, 3)).astype(dtype)
    bias = generator.standard_normal(8).astype(dtype)
    settings = ((2, 1), (1, 1), (1, 1), groups)
    output = native.conv(input, weight, bias, *settings)
    grad = generator.standard_normal(output.shape).astype(dtype)
    to_input = native.conv_input_gradient(grad, weight, input.shape, *settings)
    to_weight = native.conv_weight_gradient(grad, input, weight.shape, *settings)

    x, w, b, g = [torch.from_numpy(each.astype(numpy.float32)) for each in (input, weight, bias, grad)]
    x.requires_grad_()
    w.requires_grad_()
    wanted = torch.nn.functional.conv2d(x, w, b, *settings)
    wanted.backward(g)
    unit = 2.0**-10 if name == "float16" else 2.0**-7  # one rounding may fall to either side
    for found, expected in ((output, wanted.detach()), (to_input, x.grad), (to_weight, w.grad)):
        assert found.dtype == dtype
        numpy.testing.assert_allclose(found.astype(numpy.float32), expected.numpy(), rtol=unit, atol=1e-5)


@pytest.mark.parametrize("name", HALVES)
def test_pooling(name: str) -> None:
    generator = numpy.random.default_rng(0)
    dtype = dtype_of(name)
    input = generator.standard_normal((2, 3, 8, 9)).astype(dtype)[:, :, ::-1, 1:]
    pool = torch.nn.functional
    values, indices = native.max_pool(input, (2, 2), (2, 2), (0, 0), (1, 1), False)
    x = torch.from_numpy(input.astype(numpy.float32)).requires_grad_()
    wanted, places = pool.max_pool2d(x, 2, return_indices=True)
    assert values.dtype == dtype and indices.dtype == numpy.int64
    numpy.testing.assert_array_equal(values.astype(numpy.float32), wanted.detach().numpy())
    numpy.testing.assert_array_equal(indices, places.numpy())
    grad = generator.standard_normal(values.shape).astype(dtype)
    wanted.backward(torch.from_numpy(grad.astype(numpy.float32)))
    back = native.max_pool_backward(grad, indices, input.shape)
    assert back.dtype == dtype
    numpy.testing.assert_array_equal(back.astype(numpy.float32), x.grad.numpy())

    mean = native.avg_pool(input, (2, 2), (2, 2), (0, 0), False, True, None)
    expected = reference(lambda each: pool.avg_pool2d(each, 2), name, input)
    unit = 2.0**-10 if name == "float16" else 2.0**-7
    numpy.testing.assert_allclose(mean.astype(numpy.float32), expected.numpy(), rtol=unit, atol=1e-7)
    shared = native.avg_pool_backward(grad, input.shape, (2, 2), (2, 2), (0, 0), False, True, None)
    assert mean.dtype == shared.dtype == dtype
    numpy.testing.assert_array_equal(shared[:, :, :8:2, :8:2].astype(numpy.float32), grad.astype(numpy.float32) / 4)


def test_what_a_half_does_not_change() -> None:
    half, single = numpy.ones((1, 1, 4, 4), numpy.float16), numpy.ones((1, 1, 2, 2), numpy.float32)
    settings = ((1, 1), (0, 0), (1, 1), 1)
    assert native.conv(half, single, None, *settings) is NotImplemented
    assert native.conv(half.astype(">f2"), half.astype(">f2"), None, *settings) is NotImplemented
    assert native.refusal("conv", half, half, None, *settings) is None
    said = native.refusal("conv", half, single, None, *settings)
    assert said is not None and "float16" in said and "float32" in said
    assert native.detail("conv", half, half, None, *settings) in ("direct", "packed", "depthwise", "outer", "im2col")
