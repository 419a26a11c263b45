"""Activation functions in C++: their errors against higher precision, for every instruction set, and special values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from tinygrad_i2dl.backends import native
from tinygrad_i2dl.backends.native.activation import KERNELS, NAMES, relu
from tinygrad_i2dl.backends.native.extension import native as extension

torch = pytest.importorskip("torch")
functional = torch.nn.functional

Array = Any
SIZES = (0, 1, 3, 7, 16, 17, 63, 64, 100, 1 << 17)

# name: arguments, the function in PyTorch, bounds of its arguments
FUNCTIONS: dict[str, tuple[tuple[float, ...], Callable[..., Any], tuple[float, float]]] = {
    "sigmoid": ((), torch.sigmoid, (-87, 40)),
    "tanh": ((), torch.tanh, (-12, 12)),
    "silu": ((), functional.silu, (-87, 40)),
    "gelu_erf": ((), functional.gelu, (-5, 8)),
    "gelu_tanh": ((), lambda x: functional.gelu(x, approximate="tanh"), (-4, 8)),
    "mish": ((), functional.mish, (-40, 25)),
    "logsigmoid": ((), functional.logsigmoid, (-40, 80)),
    "softplus": ((2.0, 15.0), lambda x: functional.softplus(x, 2.0, 15.0), (-40, 20)),
    "exponential_unit": ((1.5, 1.25, 1.0), lambda x: torch.where(x > 0, 1.25 * x, 1.875 * torch.expm1(x)), (-30, 3)),
    "leaky_relu": ((0.1,), lambda x: functional.leaky_relu(x, 0.1), (-5, 5)),
    # PyTorch's own gradients of these two hold a sixth in float32
    "hardsigmoid": ((), lambda x: torch.clamp(x + 3, 0, 6) / 6, (-5, 5)),
    "hardswish": ((), lambda x: x * torch.clamp(x + 3, 0, 6) / 6, (-5, 5)),
    "relu": ((), torch.relu, (-5, 5)),
    "limit": ((-0.5, 2.0), lambda x: functional.hardtanh(x, -0.5, 2.0), (-5, 5)),
}
ENDS_IN_OUT = {"sigmoid", "tanh", "relu", "limit"}  # whose gradient reads the result
# Units in the last place; those of gelu_tanh grow with the argument of the tangent, 12 at the bounds above.
UNITS = {"gelu_erf": 12, "gelu_tanh": 40, "mish": 6}


def unit(exact: Array, dtype: type) -> Array:
    return numpy.maximum(numpy.spacing(numpy.abs(exact).astype(dtype)), numpy.finfo(dtype).tiny).astype(numpy.float64)


@pytest.fixture(params=native.instruction_sets() if native.available() else [])
def instruction_set(request: pytest.FixtureRequest) -> str:
    native.set_instruction_set(request.param)
    name: str = request.param
    return name


def test_every_kernel_is_in_the_extension() -> None:
    assert set(KERNELS) == {*NAMES, "relu"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_in_units_of_the_last_place(name: str, instruction_set: str) -> None:
    arguments, function, (low, high) = FUNCTIONS[name]
    generator = numpy.random.default_rng(0)
    input = numpy.concatenate(
        [generator.uniform(low, high, 20000), generator.normal(0, 1, 5000), generator.normal(0, 1e-3, 1000)]
    ).astype(numpy.float32)
    numbers = [float(numpy.float32(number)) for number in arguments]  # what the kernel computes with
    exact = _exact(name, input.astype(numpy.float64), numbers, function)
    error = numpy.abs(getattr(extension, name)(input, *arguments) - exact) / unit(exact, numpy.float32)
    assert error.max() <= UNITS.get(name, 4)


def _exact(name: str, input: Array, numbers: list[float], function: Callable[..., Any]) -> Array:
    if name == "gelu_erf":  # PyTorch's loses digits in the tail
        return input * 0.5 * numpy.vectorize(math.erfc)(-input / math.sqrt(2))
    if name == "gelu_tanh":
        inner = math.sqrt(2 / math.pi) * (input + 0.044715 * input**3)
        return input / (1 + numpy.exp(-2 * inner))
    if name == "leaky_relu":
        return numpy.where(input > 0, input, numbers[0] * input)
    return function(torch.from_numpy(input)).numpy()


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients_of_all_sizes_agree_with_pytorch(name: str, dtype: type, instruction_set: str) -> None:
    arguments, function, _ = FUNCTIONS[name]
    generator = numpy.random.default_rng(1)
    for size in SIZES if instruction_set == native.instruction_sets()[-1] else SIZES[:-1]:
        input = generator.normal(0, 3, size).astype(dtype)
        g = generator.normal(0, 1, size).astype(dtype)
        x = torch.tensor(input, dtype=torch.float64, requires_grad=True)
        wanted = function(x)
        wanted.backward(torch.tensor(g).double())
        result = getattr(extension, name)(input, *arguments)
        tolerance = {"rtol": 2e-6, "atol": 1e-6} if dtype is numpy.float32 else {"rtol": 1e-13, "atol": 1e-14}
        numpy.testing.assert_allclose(result, wanted.detach().numpy(), **tolerance)
        saved = result if name in ENDS_IN_OUT else input
        gradient = getattr(extension, name + "_backward")(g, saved, *arguments)
        assert result.dtype == gradient.dtype == dtype
        tolerance = {"rtol": 4e-6, "atol": 2e-6} if dtype is numpy.float32 else {"rtol": 1e-12, "atol": 1e-13}
        numpy.testing.assert_allclose(gradient, x.grad.numpy(), **tolerance)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_infinity_and_not_a_number_as_pytorch_has_them(name: str, instruction_set: str) -> None:
    arguments, function, _ = FUNCTIONS[name]
    special = numpy.array(
        [
            numpy.nan,
            numpy.inf,
            -numpy.inf,
            0.0,
            -0.0,
            1e-40,
            -1e30,
            1e30,
            88.8,
            -88.8,
            88.5,
            -88.5,
            709.6,
            -709.6,
            710,
            -745,
        ]
    )
    for dtype in (numpy.float32, numpy.float64):
        input = special.astype(dtype)
        result = getattr(extension, name)(input, *arguments)
        wanted = function(torch.from_numpy(input)).numpy()
        if name.startswith("gelu"):  # PyTorch's is not a number at infinity either, whose limit it is
            assert name == "gelu_tanh" or result[1] == numpy.inf
            result, wanted = result[numpy.isfinite(input)], wanted[numpy.isfinite(input)]
        numpy.testing.assert_allclose(result, wanted, rtol=4e-6, atol=1e-35 if dtype is numpy.float32 else 1e-300)


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
def test_the_largest_numbers_and_the_sign_of_zero(dtype: type, instruction_set: str) -> None:
    largest = numpy.finfo(dtype).max
    input = numpy.array([-largest, -1e20, -1e4, -0.0, 0.0, 1e20, largest], dtype)
    assert extension.mish(input).tolist() == [0, 0, 0, 0, 0, dtype(1e20), largest]
    slope = extension.mish_backward(numpy.ones_like(input), input)
    numpy.testing.assert_allclose(slope, [0, 0, 0, 0.6, 0.6, 1, 1], rtol=1e-6)
    slope = extension.gelu_tanh_backward(numpy.ones_like(input), input)
    assert slope.tolist() == [0, 0, 0, 0.5, 0.5, 1, 1]
    assert numpy.signbit(extension.exponential_unit(input, 1.0, 1.0, 1.0)).tolist() == [True] * 4 + [False] * 3
    result = extension.logsigmoid(numpy.array([numpy.inf, 1e20, 1], dtype))
    assert numpy.signbit(result).tolist() == [False, False, True]


def test_what_is_not_served_is_refused() -> None:
    rows = numpy.ones((4, 6), numpy.float32)
    for input in (rows[:, ::2], rows.T, rows.astype(numpy.float16), rows.astype(numpy.int64), rows.astype(">f4"), 1.0):
        assert extension.sigmoid(input) is NotImplemented
    misaligned = numpy.frombuffer(bytes(17), numpy.uint8)[1:].view(numpy.float32)
    assert extension.sigmoid(misaligned) is NotImplemented
    assert extension.sigmoid() is NotImplemented and extension.sigmoid(rows, rows) is NotImplemented
    assert extension.sigmoid_backward(rows, rows[:2]) is NotImplemented
    assert extension.sigmoid_backward(rows, rows.astype(numpy.float64)) is NotImplemented
    assert extension.softplus(rows, "1", 20.0) is NotImplemented
    assert extension.exponential_unit(rows, 1.0, 1.0, -1.0) is NotImplemented
    assert relu(rows) is NotImplemented
    kept = rows.copy()
    extension.sigmoid(rows)
    assert (rows == kept).all()


def test_threads_give_the_same_bits() -> None:
    input = numpy.random.default_rng(2).normal(0, 3, 300_001).astype(numpy.float32)
    native.set_num_threads(1)
    alone = extension.gelu_erf(input)
    native.set_num_threads(3)
    assert (extension.gelu_erf(input) == alone).all()
