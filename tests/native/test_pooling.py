"""Pooling against PyTorch, over shapes, strides, paddings, dilations and special values."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_i2dl.backends import native

torch = pytest.importorskip("torch")

Array = Any
Sizes = tuple[int, ...]


class Case(NamedTuple):
    """The arguments of one pooling, size without batch and channels."""

    size: Sizes
    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    ceil_mode: bool


CASES = {
    "halves": Case((28, 28), (2, 2), (2, 2), (0, 0), (1, 1), False),
    "odd_floor": Case((13, 15), (2, 2), (2, 2), (0, 0), (1, 1), False),
    "odd_ceil": Case((13, 15), (2, 2), (2, 2), (0, 0), (1, 1), True),
    "overlapping": Case((17, 70), (3, 3), (2, 2), (1, 1), (1, 1), False),
    "overlapping_ceil": Case((16, 17), (3, 3), (2, 2), (1, 1), (1, 1), True),
    "dense": Case((9, 40), (3, 3), (1, 1), (1, 1), (1, 1), False),
    "dilated": Case((19, 21), (3, 2), (2, 3), (1, 1), (3, 5), False),
    "gaps": Case((19, 21), (2, 3), (5, 4), (0, 1), (1, 1), True),
    "global": Case((7, 7), (7, 7), (7, 7), (0, 0), (1, 1), False),
    "signal": Case((101,), (5,), (3,), (2,), (1,), True),
    "volume": Case((6, 7, 9), (2, 3, 2), (2, 1, 3), (1, 1, 0), (1, 1, 1), True),
}


def max_pool_of_torch(input: Array, case: Case) -> tuple[Array, Array]:
    pool = getattr(torch.nn.functional, f"max_pool{len(case.size)}d")
    arguments = (case.kernel, case.stride, case.padding, case.dilation, case.ceil_mode)
    values, indices = pool(torch.tensor(input), *arguments, return_indices=True)
    return values.numpy(), indices.numpy()


def check_max(case: Case, dtype: type, *, ties: bool) -> None:
    generator = numpy.random.default_rng(0)
    input = generator.standard_normal((2, 3, *case.size)).astype(dtype)
    if ties:
        input = numpy.round(input)
    values, indices = native.max_pool(input, *case[1:])
    wanted_values, wanted_indices = max_pool_of_torch(input, case)
    assert values.dtype == dtype and indices.dtype == numpy.int64
    assert (values == wanted_values).all() and (indices == wanted_indices).all()

    grad = generator.standard_normal(values.shape).astype(dtype)
    x = torch.tensor(input, dtype=torch.float64, requires_grad=True)
    pool = getattr(torch.nn.functional, f"max_pool{len(case.size)}d")
    pool(x, case.kernel, case.stride, case.padding, case.dilation, case.ceil_mode).backward(torch.tensor(grad).double())
    gradient = native.max_pool_backward(grad, indices, input.shape)
    assert gradient.dtype == dtype
    numpy.testing.assert_allclose(gradient, x.grad.numpy(), rtol=1.3e-6, atol=1e-5 if dtype == numpy.float32 else 1e-12)


def check_average(case: Case, dtype: type, count_include_pad: bool, divisor: int | None) -> None:
    spatial = len(case.size)
    generator = numpy.random.default_rng(0)
    input = generator.standard_normal((2, 3, *case.size)).astype(dtype)
    x = torch.tensor(input, dtype=torch.float64, requires_grad=True)
    arguments = (case.kernel, case.stride, case.padding, case.ceil_mode, count_include_pad, divisor)
    pool = getattr(torch.nn.functional, f"avg_pool{spatial}d")
    y = pool(x, *(arguments[:-1] if spatial == 1 else arguments))
    grad = generator.standard_normal(tuple(y.shape)).astype(dtype)
    y.backward(torch.tensor(grad).double())
    tolerances = {"rtol": 1.3e-6, "atol": 1e-5} if dtype == numpy.float32 else {"rtol": 1e-12, "atol": 1e-12}
    output = native.avg_pool(input, *arguments)
    assert output.dtype == dtype
    numpy.testing.assert_allclose(output, y.detach().numpy(), **tolerances)
    gradient = native.avg_pool_backward(grad, input.shape, *arguments)
    assert gradient.dtype == dtype
    numpy.testing.assert_allclose(gradient, x.grad.numpy(), **tolerances)


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_max_pool_agrees_with_pytorch(name: str, ties: bool, dtype: type) -> None:
    for instruction_set in native.instruction_sets():
        native.set_instruction_set(instruction_set)
        check_max(CASES[name], dtype, ties=ties)


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize("divisor", [None, 5])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if set(case.dilation) == {1}])
def test_average_pool_agrees_with_pytorch(name: str, divisor: int | None, count_include_pad: bool, dtype: type) -> None:
    case = CASES[name]
    if len(case.size) == 1 and divisor is not None:
        # PyTorch has no divisor in one dimension: compare with the sum.
        input = numpy.random.default_rng(0).standard_normal((2, 3, *case.size)).astype(dtype)
        actual = native.avg_pool(input, *case[1:4], case.ceil_mode, count_include_pad, divisor)
        ones = native.avg_pool(input, *case[1:4], case.ceil_mode, count_include_pad, 1)
        numpy.testing.assert_allclose(actual * divisor, ones, rtol=1.3e-6, atol=1e-5)
        return
    for instruction_set in native.instruction_sets():
        native.set_instruction_set(instruction_set)
        check_average(case, dtype, count_include_pad, divisor)


@st.composite
def cases(draw: st.DrawFn, dilated: bool) -> Case:
    spatial = draw(st.integers(1, 3))

    def sizes(low: int, high: int) -> Sizes:
        return tuple(draw(st.integers(low, high)) for _ in range(spatial))

    kernel = sizes(1, 4)
    dilation = sizes(1, 3) if dilated else (1,) * spatial
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    # PyTorch refuses an average over an input smaller than the kernel, even with padding.
    least = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if dilated:
        least = [max(1, reach - 2 * p) for reach, p in zip(least, padding, strict=True)]
    size = tuple(low + more for low, more in zip(least, sizes(0, 20), strict=True))
    return Case(size, kernel, sizes(1, 4), padding, dilation, draw(st.booleans()))


def sees_input(case: Case) -> bool:
    """Whether no window sees padding alone: PyTorch's index for such a one lies outside the plane."""
    pool = getattr(torch.nn.functional, f"max_pool{len(case.size)}d")
    return bool(pool(torch.zeros(1, 1, *case.size), *case[1:5], ceil_mode=case.ceil_mode).isfinite().all())


@settings(max_examples=100)
@given(cases(dilated=True).filter(sees_input), st.booleans())
def test_max_pool_of_any_shape_agrees_with_pytorch(case: Case, ties: bool) -> None:
    check_max(case, numpy.float32, ties=ties)


@settings(max_examples=100)
@given(cases(dilated=False), st.booleans())
def test_average_pool_of_any_shape_agrees_with_pytorch(case: Case, count_include_pad: bool) -> None:
    check_average(case, numpy.float64, count_include_pad, None)


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
def test_not_a_number_and_infinity(dtype: type) -> None:
    generator = numpy.random.default_rng(0)
    special = numpy.array([numpy.nan, numpy.inf, -numpy.inf, -numpy.inf, 0.0], dtype)
    case = Case((24, 37), (3, 3), (2, 2), (1, 1), (1, 1), True)
    input = special[generator.integers(0, 5, (2, 3, *case.size))]
    input[0, 0] = -numpy.inf
    values, indices = native.max_pool(input, *case[1:])
    wanted_values, wanted_indices = max_pool_of_torch(input, case)
    numpy.testing.assert_array_equal(values, wanted_values)
    assert (indices == wanted_indices).all()


def test_a_window_over_padding_alone_takes_nothing() -> None:
    values, indices = native.max_pool(numpy.ones((1, 1, 1)), (2,), (1,), (1,), (2,), False)
    assert values.tolist() == [[[-numpy.inf]]] and indices.tolist() == [[[-1]]]
    assert native.max_pool_backward(numpy.ones((1, 1, 1)), indices, (1, 1, 1)).tolist() == [[[0.0]]]


def test_non_contiguous_and_misaligned_arrays() -> None:
    case = CASES["overlapping"]
    array = numpy.random.default_rng(0).standard_normal((2, 3, *case.size))
    bytes = numpy.zeros(array.nbytes + 1, dtype=numpy.uint8)
    misaligned = bytes[1:].view(array.dtype).reshape(array.shape)
    misaligned[...] = array
    wanted, _ = max_pool_of_torch(array, case)
    for input in (misaligned, numpy.asfortranarray(array)):
        assert (native.max_pool(input, *case[1:])[0] == wanted).all()


def test_empty_batch() -> None:
    values, indices = native.max_pool(numpy.ones((0, 3, 4, 4)), (2, 2), (2, 2), (0, 0), (1, 1), False)
    assert values.shape == indices.shape == (0, 3, 2, 2)
    assert native.max_pool_backward(values, indices, (0, 3, 4, 4)).shape == (0, 3, 4, 4)
    assert native.avg_pool(numpy.ones((2, 0, 4, 4)), (2, 2), (2, 2), (0, 0), False, True, None).shape == (2, 0, 2, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((0, 2), (1, 1), (0, 0), (1, 1)), "kernel_size"),
        (((2, 2), (0, 1), (0, 0), (1, 1)), "stride"),
        (((2, 2), (1, 1), (2, 0), (1, 1)), "padding"),
        (((2, 2), (1, 1), (0, 0), (0, 1)), "dilation"),
        (((9, 2), (1, 1), (0, 0), (1, 1)), "leaves no output"),
        (((2,), (1, 1), (0, 0), (1, 1)), "one number per spatial dimension"),
    ],
)
def test_wrong_arguments_raise(arguments: tuple[Sizes, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        native.max_pool(numpy.ones((1, 1, 5, 5)), *arguments, False)


@pytest.mark.parametrize("index", [-2, 16, 2**62])
def test_an_index_outside_the_plane_raises(index: int) -> None:
    indices = numpy.full((1, 1, 2, 2), index)
    with pytest.raises(IndexError, match="not a position of a plane of 16"):
        native.max_pool_backward(numpy.ones((1, 1, 2, 2)), indices, (1, 1, 4, 4))


def test_what_is_not_served_is_left_to_the_reference() -> None:
    assert native.max_pool(numpy.ones((1, 1, 4), int), (2,), (2,), (0,), (1,), False) is NotImplemented
    assert native.avg_pool(numpy.ones((1, 4)), (), (), (), False, True, None) is NotImplemented
