"""Softmax, cross-entropy and normalization in C++ against PyTorch in float64, for every instruction set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from tinygrad_i2dl.backends import native
from tinygrad_i2dl.backends.native import loss, normalization, softmax
from tinygrad_i2dl.backends.native.extension import native as extension
from tinygrad_i2dl.ops.loss import Targets

torch = pytest.importorskip("torch")
functional = torch.nn.functional

Array = Any
SHAPES = ((1, 1), (3, 7), (5, 10), (4, 16), (2, 3, 33), (7, 64), (3, 100), (2, 2500), (300, 300))
DTYPES = (numpy.float32, numpy.float64)


@pytest.fixture(params=native.instruction_sets() if native.available() else [])
def instruction_set(request: pytest.FixtureRequest) -> str:
    native.set_instruction_set(request.param)
    name: str = request.param
    return name


def close(actual: Array, wanted: Any, dtype: type, scale: float = 1.0) -> None:
    assert actual.dtype == dtype
    rtol, atol = (2e-6, 2e-6) if dtype is numpy.float32 else (1e-12, 1e-12)
    numpy.testing.assert_allclose(actual, wanted.detach().numpy(), rtol=rtol * scale, atol=atol * scale)


def drawn(shape: tuple[int, ...], dtype: type, seed: int = 0, centre: float = 0.0) -> Array:
    return numpy.random.default_rng(seed).normal(centre, 2, shape).astype(dtype)


def leaf(array: Array) -> Any:
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def test_every_kernel_is_in_the_extension() -> None:
    assert set(softmax.KERNELS) == {*softmax.NAMES, "attention_weights"}
    assert set(normalization.KERNELS) == set(normalization.NAMES)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_agrees_with_pytorch(name: str, dtype: type, instruction_set: str) -> None:
    for shape in SHAPES:
        input, g = drawn(shape, dtype), drawn(shape, dtype, 1)
        x = leaf(input)
        wanted = getattr(functional, name)(x, -1)
        wanted.backward(torch.tensor(g).double())
        result = getattr(extension, name + "_along")(input, len(shape) - 1)
        close(result, wanted, dtype, 2)
        close(getattr(extension, name + "_backward")(g, result, -1), x.grad, dtype, 4 + shape[-1] ** 0.5)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_rows_with_infinity_and_not_a_number(name: str, instruction_set: str) -> None:
    for length in (1, 5, 16, 40):
        rows = numpy.zeros((6, length), numpy.float32)
        rows[0, :] = -numpy.inf
        rows[1, 0] = -numpy.inf
        rows[2, -1] = numpy.nan
        rows[3, length // 2] = numpy.inf
        rows[4, 0] = 1e30
        rows[5, -1] = -1e30
        wanted = getattr(functional, name)(torch.from_numpy(rows), -1).numpy()
        numpy.testing.assert_allclose(getattr(extension, name + "_along")(rows, 1), wanted, rtol=1e-6, atol=1e-37)


def test_softmax_refuses_what_it_does_not_serve() -> None:
    rows = drawn((4, 6), numpy.float32)
    for call in (
        (rows, 0), (rows.T, 1), (rows.astype(numpy.float16), 1), (rows[:0], 1), (rows[0, 0], 0), (rows, 2), (rows, -2),
        (numpy.zeros((3, 0), numpy.float32), 1), (rows,),
    ):  # fmt: skip
        assert extension.softmax_along(*call) is NotImplemented
    assert extension.softmax_backward(rows, rows.astype(numpy.float64), 1) is NotImplemented
    assert extension.softmax_backward(rows, rows[:2], 1) is NotImplemented


@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_weights_agree_with_the_reference(dtype: type) -> None:
    scores = drawn((2, 3, 5, 8), dtype)
    causal = numpy.tri(5, 8, dtype=bool)
    wanted = torch.softmax(torch.tensor(scores).double().masked_fill(~torch.tensor(causal), -torch.inf), -1)
    close(softmax.attention_weights(scores, causal), wanted, dtype)
    close(softmax.attention_weights(scores, numpy.where(causal, 0, -numpy.inf).astype(dtype)), wanted, dtype)
    causal = causal.copy()
    causal[2] = False  # a row without a key is the reference kernel's
    assert softmax.attention_weights(scores, causal) is NotImplemented
    assert softmax.attention_weights(scores.astype(numpy.float16), causal) is NotImplemented


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_agrees_with_pytorch(weighted: bool, reduction: str, dtype: type, instruction_set: str) -> None:
    for rows, classes in ((1, 1), (4, 10), (33, 17), (500, 200)):
        input = drawn((rows, classes), dtype)
        index = numpy.random.default_rng(1).integers(0, classes, rows)
        weight = numpy.random.default_rng(2).uniform(0.5, 2, classes).astype(dtype) if weighted else None
        targets = Targets(numpy, index, classes, weight, -100, dtype)
        saved: list[Array] = []
        result = loss.cross_entropy_of_indices(input, targets, reduction, saved)
        x = leaf(input)
        wanted = functional.cross_entropy(
            x, torch.tensor(index), None if weight is None else torch.tensor(weight).double(), reduction=reduction
        )
        close(numpy.asarray(result), wanted, dtype, 2 * rows if reduction == "sum" else 2)
        g = drawn(wanted.shape, dtype, 3) if reduction == "none" else numpy.asarray(1.5, dtype)
        wanted.backward(torch.tensor(g).double())
        close(loss.cross_entropy_backward(g, input, targets, reduction, saved), x.grad, dtype, 2)


def test_batch_norm_of_the_largest_numbers_is_a_number(instruction_set: str) -> None:
    input = numpy.full((2, 1, 16), 1e300)
    input[0] = -1e300
    for scores in (input, numpy.full((2, 1, 16), 1e300)):
        result = extension.normalize_channels(scores, None, None, 1e-5, [])
        assert numpy.array_equal(result, numpy.zeros_like(result))  # the variance is infinite, or zero


def test_cross_entropy_refuses_classes_that_are_not_there() -> None:
    rows = drawn((2, 3), numpy.float32)
    for classes in ([0, 3], [-1, 0], [0], [0.0, 1.0]):
        assert extension.cross_entropy(rows, numpy.array(classes)) is NotImplemented
    assert extension.cross_entropy(rows[:0], numpy.zeros(0, numpy.int64)) is NotImplemented
    good = numpy.array([0, 1])
    _, exponentials, sums = extension.cross_entropy(rows, good)
    assert extension.cross_entropy_backward(rows[0], exponentials, sums, good) is NotImplemented
    assert extension.cross_entropy_backward(rows[:, 0].copy(), exponentials, sums[:1], good) is NotImplemented


def normalized(function: Callable[..., Any], *arrays: Array | None) -> tuple[Any, list[Any]]:
    leaves = [None if array is None else leaf(array) for array in arrays]
    return function(*leaves), leaves


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("length", [1, 5, 16, 64, 100, 1500])
def test_layer_norm_agrees_with_pytorch(
    length: int, affine: tuple[bool, bool], dtype: type, instruction_set: str
) -> None:
    for rows in (1, 3, 200):
        input, g = drawn((rows, length), dtype, 0, 1.0), drawn((rows, length), dtype, 1)
        weight = drawn((length,), dtype, 2) if affine[0] else None
        bias = drawn((length,), dtype, 3) if affine[1] else None
        wanted, (x, w, b) = normalized(
            lambda x, w, b: functional.layer_norm(x, x.shape[1:], w, b, 0.1), input, weight, bias
        )
        saved: list[Array] = []
        shape = (rows, length)
        result = extension.normalize_rows(input, weight, bias, length, shape, 0.1, True, saved)
        close(result, wanted, dtype, 4)
        wanted.backward(torch.tensor(g).double())
        needs = (True, weight is not None, bias is not None)
        of_input, of_weight, of_bias = extension.normalize_rows_backward(
            g, input, weight, length, shape, 0.1, True, saved, needs
        )
        close(of_input, x.grad, dtype, 20)
        for actual, tensor in ((of_weight, w), (of_bias, b)):
            if tensor is None:
                assert actual is None
            else:
                close(actual, tensor.grad, dtype, 10 + rows)


@pytest.mark.parametrize("dtype", DTYPES)
def test_root_mean_square_norm_agrees_with_pytorch(dtype: type, instruction_set: str) -> None:
    input, g, weight = drawn((30, 65), dtype), drawn((30, 65), dtype, 1), drawn((65,), dtype, 2)
    wanted, (x, w) = normalized(lambda x, w: functional.rms_norm(x, (65,), w, 0.1), input, weight)
    wanted.backward(torch.tensor(g).double())
    saved: list[Any] = []
    close(extension.normalize_rows(input, weight, None, 65, (30, 65), 0.1, False, saved), wanted, dtype, 4)
    assert saved[0] is None
    of_input, of_weight, _ = extension.normalize_rows_backward(
        g, input, weight, 65, (30, 65), 0.1, False, saved, (True, True, False)
    )
    close(of_input, x.grad, dtype, 20)
    close(of_weight, w.grad, dtype, 40)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("positions", [1, 9, 64, 1200])
def test_group_norm_agrees_with_pytorch(positions: int, groups: int, dtype: type, instruction_set: str) -> None:
    shape = (5, 6, positions)
    if shape[1] // groups * positions == 1:
        return  # a variance of one element
    input, g = drawn(shape, dtype, 0, 1.0), drawn(shape, dtype, 1)
    weight, bias = drawn((6,), dtype, 2), drawn((6,), dtype, 3)
    wanted, (x, w, b) = normalized(lambda x, w, b: functional.group_norm(x, groups, w, b, 0.1), input, weight, bias)
    wanted.backward(torch.tensor(g).double())
    length = 6 // groups * positions
    saved: list[Array] = []
    close(extension.normalize_rows(input, weight, bias, length, shape, 0.1, True, saved), wanted, dtype, 4)
    of_input, of_weight, of_bias = extension.normalize_rows_backward(
        g, input, weight, length, shape, 0.1, True, saved, (True, True, True)
    )
    close(of_input, x.grad, dtype, 20)
    close(of_weight, w.grad, dtype, 100)
    close(of_bias, b.grad, dtype, 100)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("centre", [0.0, 1000.0])
@pytest.mark.parametrize("shape", [(2, 3, 8), (4, 5, 17), (3, 2, 5000), (32, 8, 300)])
def test_batch_norm_agrees_with_pytorch(
    shape: tuple[int, ...], centre: float, dtype: type, instruction_set: str
) -> None:
    channels = shape[1]
    input, g = drawn(shape, dtype, 0, centre), drawn(shape, dtype, 1)
    weight, bias = drawn((channels,), dtype, 2), drawn((channels,), dtype, 3)
    wanted, (x, w, b) = normalized(
        lambda x, w, b: functional.batch_norm(x, None, None, w, b, True, 0.1, 0.1), input, weight, bias
    )
    wanted.backward(torch.tensor(g).double())
    saved: list[Array] = []
    loss_of_digits = 100 if centre else 4
    close(extension.normalize_channels(input, weight, bias, 0.1, saved), wanted, dtype, loss_of_digits)
    flat = torch.tensor(input).double().transpose(0, 1).reshape(channels, -1)
    close(saved[0], flat.mean(1), dtype, 4)
    close(saved[1], flat.var(1, correction=0), dtype, loss_of_digits)
    of_input, of_weight, of_bias = extension.normalize_channels_backward(
        g, input, weight, 0.1, saved, (True, True, True)
    )
    close(of_input, x.grad, dtype, loss_of_digits)
    close(of_weight, w.grad, dtype, 100 * loss_of_digits)
    close(of_bias, b.grad, dtype, 100)
    assert extension.normalize_channels_backward(g, input, weight, 0.1, saved, (False, True, False))[0] is None
    scaled = extension.scale_channels(input, weight, bias)
    wanted = torch.tensor(input).double() * torch.tensor(weight).double()[:, None] + torch.tensor(bias)[:, None]
    close(scaled, wanted, dtype, 4)


def test_normalization_refuses_what_it_does_not_serve() -> None:
    rows, vector = drawn((4, 16), numpy.float32), drawn((16,), numpy.float32)
    calls: list[tuple[Any, ...]] = [
        (rows, vector, None, 16, (4, 15), 0.1, True, []),
        (rows, vector[:3], None, 16, (4, 16), 0.1, True, []),
        (rows, vector.astype(numpy.float64), None, 16, (4, 16), 0.1, True, []),
        (rows.T, None, None, 4, (16, 4), 0.1, True, []),
        (rows, None, None, 0, (4, 16), 0.1, True, []),
        (rows, None, None, 7, (4, 16), 0.1, True, []),
        (rows, None, None, 16, (4, 16), "0.1", True, []),
        (rows, None, None, 16, (1 << 62, 1 << 62), 0.1, True, []),
        (rows, None, None, 16, (4, 16), 0.1, True, ()),
    ]
    for call in calls:
        assert extension.normalize_rows(*call) is NotImplemented
    assert (
        extension.normalize_rows_backward(rows, rows, None, 16, (4, 16), 0.1, True, [], (True,) * 3) is NotImplemented
    )
    few = rows.reshape(4, 4, 4)
    assert extension.normalize_channels(few, None, None, 0.1, []) is NotImplemented
    assert extension.normalize_channels(rows, None, None, 0.1, []) is NotImplemented
    images = drawn((2, 3, 8), numpy.float32)
    saved = [None, None, None]
    assert extension.normalize_channels_backward(images, images, None, 0.1, saved, (True,) * 3) is NotImplemented


def test_any_number_of_threads_gives_the_same_bits() -> None:
    rows, vector = drawn((700, 500), numpy.float32), drawn((500,), numpy.float32)
    results = []
    for threads in (1, 3):
        native.set_num_threads(threads)
        saved: list[Array] = []
        out = extension.normalize_rows(rows, vector, vector, 500, (700, 500), 0.1, True, saved)
        gradients = extension.normalize_rows_backward(
            out, rows, vector, 500, (700, 500), 0.1, True, saved, (True, True, True)
        )
        results.append([out, *gradients, extension.softmax_along(rows, 1)])
    assert all((one == other).all() for one, other in zip(*results, strict=True))
