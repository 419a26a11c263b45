"""Convolution in its three directions against PyTorch in float64, over shapes, algorithms and instruction sets."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_i2dl.backends import native

torch = pytest.importorskip("torch")

Array = Any
ALGORITHMS = ("auto", "direct", "packed", "im2col", "outer")  # winograd and depthwise have their own cases


class Case(NamedTuple):
    """The arguments of one convolution, sizes without batch and channels."""

    batch: int
    in_channels: int
    out_channels: int
    groups: int
    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def settings(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int]:
        return self.stride, self.padding, self.dilation, self.groups


class Expected(NamedTuple):
    """Inputs, and PyTorch's results computed in float64."""

    input: Array
    weight: Array
    bias: Array
    grad: Array
    output: Array
    input_gradient: Array
    weight_gradient: Array


def expected(case: Case, dtype: type) -> Expected:
    generator = numpy.random.default_rng(0)
    input = generator.standard_normal((case.batch, case.in_channels, *case.size)).astype(dtype)
    weight_shape = (case.out_channels, case.in_channels // case.groups, *case.kernel)
    weight = generator.standard_normal(weight_shape).astype(dtype)
    bias = generator.standard_normal(case.out_channels).astype(dtype)
    x = torch.tensor(input, dtype=torch.float64, requires_grad=True)
    w = torch.tensor(weight, dtype=torch.float64, requires_grad=True)
    convolution = getattr(torch.nn.functional, f"conv{len(case.size)}d")
    y = convolution(x, w, torch.tensor(bias, dtype=torch.float64), *case.settings)
    grad = generator.standard_normal(tuple(y.shape)).astype(dtype)
    y.backward(torch.tensor(grad, dtype=torch.float64))
    return Expected(input, weight, bias, grad, y.detach().numpy(), x.grad.numpy(), w.grad.numpy())


def assert_close(actual: Array, wanted: Array, terms: int) -> None:
    """PyTorch's own tolerances, 1.3e-6 and 1e-5 for float32, for a sum of `terms` products of standard normal numbers.

    Rounding errors of a sum add up like a random walk, and the sum itself grows like the root of its length: the
    absolute tolerance is that of one number times that root.
    """
    relative, absolute = (1.3e-6, 1e-5) if actual.dtype == numpy.float32 else (1e-12, 1e-12)
    assert actual.shape == wanted.shape
    numpy.testing.assert_allclose(actual, wanted, rtol=relative, atol=absolute * max(1.0, terms) ** 0.5)


def check_forward(case: Case, dtype: type, algorithm: str = "auto") -> None:
    wanted = expected(case, dtype)
    output = native.conv(wanted.input, wanted.weight, wanted.bias, *case.settings, algorithm)
    assert output.dtype == dtype
    assert_close(output, wanted.output, wanted.weight[0].size)


def check_input_gradient(case: Case, dtype: type, algorithm: str = "auto") -> None:
    if algorithm == "outer" and set(case.stride) != {1}:
        return  # not served: see test_algorithms_say_what_they_do_not_serve
    wanted = expected(case, dtype)
    gradient = native.conv_input_gradient(wanted.grad, wanted.weight, wanted.input.shape, *case.settings, algorithm)
    assert gradient.dtype == dtype
    assert_close(gradient, wanted.input_gradient, wanted.weight[:, 0].size // case.groups)


def check_weight_gradient(case: Case, dtype: type, algorithm: str = "auto") -> None:
    wanted = expected(case, dtype)
    gradient = native.conv_weight_gradient(wanted.grad, wanted.input, wanted.weight.shape, *case.settings, algorithm)
    assert gradient.dtype == dtype
    assert_close(gradient, wanted.weight_gradient, wanted.grad[:, 0].size)


def check(case: Case, dtype: type, algorithm: str = "auto") -> None:
    check_forward(case, dtype, algorithm)
    check_input_gradient(case, dtype, algorithm)
    check_weight_gradient(case, dtype, algorithm)


CASES = {
    "one_position": Case(1, 1, 1, 1, (1,), (1,), (1,), (0,), (1,)),
    "signal": Case(2, 3, 5, 1, (50,), (7,), (1,), (3,), (1,)),
    "signal_dilated": Case(1, 4, 4, 2, (41,), (3,), (2,), (4,), (5,)),
    "long_signal": Case(1, 2, 3, 1, (200_000,), (5,), (1,), (2,), (1,)),
    "lenet_first": Case(3, 1, 6, 1, (28, 28), (5, 5), (1, 1), (2, 2), (1, 1)),
    "lenet_second": Case(3, 6, 16, 1, (14, 14), (5, 5), (1, 1), (0, 0), (1, 1)),
    "whole_image": Case(7, 16, 20, 1, (5, 5), (5, 5), (1, 1), (0, 0), (1, 1)),
    "autoencoder": Case(2, 16, 32, 1, (14, 14), (3, 3), (2, 2), (1, 1), (1, 1)),
    "plain_3x3": Case(2, 24, 33, 1, (17, 19), (3, 3), (1, 1), (1, 1), (1, 1)),
    "many_channels_small_image": Case(5, 64, 72, 1, (4, 4), (3, 3), (1, 1), (1, 1), (1, 1)),
    "pointwise": Case(3, 19, 21, 1, (13, 11), (1, 1), (1, 1), (0, 0), (1, 1)),
    "pointwise_strided": Case(3, 9, 10, 1, (13, 11), (1, 1), (2, 2), (0, 0), (1, 1)),
    "pointwise_padded": Case(2, 3, 4, 1, (6, 6), (1, 1), (1, 1), (2, 1), (1, 1)),
    "depthwise": Case(2, 12, 12, 12, (15, 16), (3, 3), (1, 1), (1, 1), (1, 1)),
    "depthwise_strided": Case(2, 12, 12, 12, (15, 16), (3, 3), (2, 2), (1, 1), (1, 1)),
    "depthwise_multiplier": Case(2, 6, 18, 6, (15, 16), (5, 5), (1, 1), (2, 2), (1, 1)),
    "groups": Case(2, 12, 8, 4, (10, 12), (3, 2), (1, 2), (1, 0), (2, 1)),
    "stride_larger_than_kernel": Case(2, 3, 4, 1, (17, 18), (2, 3), (5, 4), (0, 1), (1, 1)),
    "stride_larger_than_image": Case(2, 3, 4, 1, (7, 6), (3, 3), (1000, 10**12), (1, 1), (1, 1)),
    "kernel_larger_than_image": Case(1, 2, 3, 1, (2, 3), (5, 5), (1, 1), (2, 2), (1, 1)),
    "only_padding_under_some_taps": Case(1, 2, 2, 1, (2, 2), (3, 3), (1, 1), (7, 8), (1, 1)),
    "far_dilation": Case(1, 2, 2, 1, (3, 4), (2, 2), (1, 1), (400, 500), (799, 999)),
    "volume": Case(2, 3, 5, 1, (6, 7, 8), (3, 3, 3), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "volume_mixed": Case(2, 4, 6, 2, (9, 5, 11), (3, 1, 2), (2, 1, 3), (1, 0, 2), (1, 2, 3)),
    "prime_sizes": Case(3, 7, 11, 1, (23, 29), (3, 5), (1, 1), (1, 2), (1, 1)),
    "large_image": Case(1, 16, 16, 1, (150, 160), (3, 3), (1, 1), (1, 1), (1, 1)),
}


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", CASES)
def test_every_direction_agrees_with_pytorch(name: str, algorithm: str, dtype: type) -> None:
    check(CASES[name], dtype, algorithm)


# Widths of 1 to 17 tiles of 4, with and without a rest, and channels in one or several blocks.
WINOGRAD_CASES = [
    Case(batch, in_channels, out_channels, groups, (height, width), (3, 3), (1, 1), padding, (1, 1))
    for batch, in_channels, out_channels, groups, height, width, padding in [
        (1, 1, 1, 1, 1, 1, (1, 1)),
        (5, 3, 9, 1, 4, 4, (1, 1)),
        (3, 65, 8, 1, 8, 8, (1, 1)),
        (2, 8, 65, 1, 10, 12, (1, 1)),
        (3, 16, 16, 1, 16, 16, (1, 1)),
        (2, 17, 5, 1, 18, 19, (0, 0)),
        (1, 6, 8, 2, 9, 24, (1, 1)),
        (2, 4, 6, 2, 7, 28, (2, 0)),
        (2, 130, 16, 1, 32, 32, (1, 1)),
        (1, 5, 7, 1, 21, 35, (3, 2)),
        (1, 3, 4, 1, 66, 67, (1, 1)),
        (1, 256, 8, 1, 5, 130, (1, 1)),
    ]
]


@pytest.mark.parametrize("case", WINOGRAD_CASES, ids=str)
def test_winograd_agrees_with_pytorch(case: Case) -> None:
    for instruction_set, dtype in itertools.product(native.instruction_sets(), (numpy.float32, numpy.float64)):
        native.set_instruction_set(instruction_set)
        check_forward(case, dtype, "winograd")
        check_input_gradient(case, dtype, "winograd")


def depthwise(batch: int, channels: int, size: tuple[int, ...], kernel: int, stride: int, padding: int) -> Case:
    dims = len(size)
    return Case(
        batch, channels, channels, channels, size, (kernel,) * dims, (stride,) * dims, (padding,) * dims, (1,) * dims
    )


# Rows of 1 to 40 columns, with tiles of several rows and without, kernels with loops of their own and others.
DEPTHWISE_CASES = [
    depthwise(3, 5, (28, 28), 3, 1, 1),
    depthwise(2, 3, (9, 40), 3, 1, 0),
    depthwise(70, 2, (8, 8), 3, 1, 1),
    depthwise(2, 3, (3, 5), 3, 1, 1),
    depthwise(3, 4, (2, 2), 3, 1, 1),
    depthwise(2, 3, (1, 1), 3, 1, 1),
    depthwise(2, 3, (17, 33), 5, 1, 2),
    depthwise(2, 3, (14, 14), 7, 1, 3),
    depthwise(2, 3, (14, 14), 7, 1, 9),
    depthwise(2, 3, (13, 21), 4, 1, 1),
    depthwise(2, 3, (150, 170), 3, 1, 1),
    depthwise(3, 4, (15, 16), 3, 2, 1),
    depthwise(3, 4, (16, 15), 3, 2, 1),
    depthwise(2, 3, (40, 70), 4, 2, 1),
    depthwise(2, 3, (150, 170), 5, 2, 2),
    depthwise(2, 3, (9, 7), 1, 2, 0),
    depthwise(2, 3, (9, 7), 2, 2, 0),
    depthwise(2, 3, (20, 23), 3, 3, 2),
    depthwise(2, 3, (5000,), 5, 1, 2),
    depthwise(2, 3, (257,), 7, 2, 3),
    depthwise(2, 3, (6, 7, 18), 3, 1, 1),
    depthwise(2, 3, (7, 8, 9), 3, 2, 1),
    Case(2, 3, 9, 3, (12, 13), (3, 3), (1, 1), (1, 1), (1, 1)),  # several outputs for each input
    Case(2, 9, 3, 3, (12, 13), (3, 3), (2, 1), (1, 1), (1, 1)),  # and the other way round
    Case(2, 1, 4, 1, (12, 13), (3, 2), (1, 2), (1, 1), (2, 3)),
    Case(2, 6, 1, 1, (12, 13), (3, 3), (2, 2), (1, 1), (1, 1)),
]


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("case", DEPTHWISE_CASES, ids=str)
def test_depthwise_agrees_with_pytorch(case: Case, dtype: type) -> None:
    for instruction_set in native.instruction_sets():
        native.set_instruction_set(instruction_set)
        check(case, dtype, "depthwise")


def test_depthwise_keeps_what_is_not_finite_where_it_is() -> None:
    input = numpy.ones((2, 3, 9, 20), numpy.float32)
    input[1, 2, 4, 18], input[0, 1, 8, 0] = numpy.inf, numpy.nan
    weight = numpy.ones((3, 1, 3, 3), numpy.float32)
    settings = ((1, 1), (1, 1), (1, 1), 3)
    output = native.conv(input, weight, None, *settings, "depthwise")
    x, w = torch.from_numpy(input), torch.from_numpy(weight).requires_grad_()
    wanted = torch.nn.functional.conv2d(x, w, None, *settings)
    numpy.testing.assert_array_equal(output, wanted.detach().numpy())
    wanted.backward(torch.ones_like(wanted))
    gradient = native.conv_weight_gradient(numpy.ones_like(output), input, weight.shape, *settings)
    numpy.testing.assert_array_equal(gradient, w.grad.numpy())


def test_algorithms_say_what_they_do_not_serve() -> None:
    with pytest.raises(ValueError, match="depthwise"):
        check_forward(CASES["plain_3x3"], numpy.float32, "depthwise")
    for name in ("pointwise", "autoencoder", "signal", "volume"):
        with pytest.raises(ValueError, match="winograd"):
            check_forward(CASES[name], numpy.float32, "winograd")
    with pytest.raises(ValueError, match="winograd"):
        check_weight_gradient(CASES["plain_3x3"], numpy.float32, "winograd")
    grad, weight = numpy.ones((1, 1, 3, 3)), numpy.ones((1, 1, 3, 3))
    with pytest.raises(ValueError, match="outer"):
        native.conv_input_gradient(grad, weight, (1, 1, 7, 7), (2, 2), (0, 0), (1, 1), 1, "outer")


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("name", ["plain_3x3", "depthwise", "pointwise", "autoencoder", "volume", "large_image"])
def test_every_number_of_threads_gives_the_same_values(name: str, threads: int) -> None:
    native.set_num_threads(threads)
    check(CASES[name], numpy.float32)


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("name", ["plain_3x3", "lenet_second", "depthwise_multiplier", "pointwise", "volume_mixed"])
def test_every_instruction_set_gives_the_same_values(name: str, dtype: type) -> None:
    assert native.instruction_sets()[0] == "baseline"
    for instruction_set, algorithm in itertools.product(native.instruction_sets(), ALGORITHMS):
        native.set_instruction_set(instruction_set)
        assert native.instruction_set() == instruction_set
        check(CASES[name], dtype, algorithm)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    spatial = draw(st.integers(1, 3))
    groups = draw(st.integers(1, 3))

    def sizes(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(spatial))

    kernel, dilation, padding = sizes(1, 4), sizes(1, 3), sizes(0, 4)
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding, strict=True)]
    size = tuple(low + more for low, more in zip(least, sizes(0, 12), strict=True))
    in_channels, out_channels = groups * draw(st.integers(1, 9)), groups * draw(st.integers(1, 18))
    return Case(
        draw(st.integers(1, 4)), in_channels, out_channels, groups, size, kernel, sizes(1, 4), padding, dilation
    )


@settings(max_examples=120)
@given(cases(), st.sampled_from([numpy.float32, numpy.float64]), st.sampled_from(ALGORITHMS))
def test_any_shape_agrees_with_pytorch(case: Case, dtype: type, algorithm: str) -> None:
    check(case, dtype, algorithm)


def test_transposed_convolution_is_the_input_gradient() -> None:
    generator = numpy.random.default_rng(0)
    input, weight = generator.standard_normal((2, 6, 5, 4)), generator.standard_normal((6, 3, 4, 3))
    wanted = torch.nn.functional.conv_transpose2d(
        torch.tensor(input), torch.tensor(weight), stride=(3, 2), padding=(1, 0), output_padding=(2, 1)
    ).numpy()
    actual = native.conv_input_gradient(input, weight, wanted.shape, (3, 2), (1, 0), (1, 1), 1)
    assert_close(actual, wanted, 72)


def test_no_bias_is_a_bias_of_zero() -> None:
    case = CASES["plain_3x3"]
    wanted = expected(case, numpy.float64)
    output = native.conv(wanted.input, wanted.weight, None, *case.settings)
    assert_close(output, wanted.output - wanted.bias[:, None, None], 216)


@pytest.mark.parametrize(
    ("input_shape", "weight_shape"),
    [
        ((0, 3, 5, 5), (4, 3, 3, 3)),
        ((2, 3, 5, 5), (0, 3, 3, 3)),
        ((2, 0, 5, 5), (4, 0, 3, 3)),
        ((2, 3, 0, 5), (4, 3, 3, 3)),
    ],
)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_empty_arrays(input_shape: tuple[int, ...], weight_shape: tuple[int, ...], algorithm: str) -> None:
    settings = ((1, 1), (2, 2), (1, 1), 1)
    input, weight = numpy.ones(input_shape), numpy.ones(weight_shape)
    bias = numpy.arange(weight_shape[0], dtype=float)
    output = native.conv(input, weight, bias, *settings, algorithm)
    if input.size == 0 or weight.size == 0:
        assert (output == bias[:, None, None]).all()
    gradient = native.conv_input_gradient(numpy.ones_like(output), weight, input_shape, *settings, algorithm)
    assert gradient.shape == input_shape and not (gradient != 0).any()
    gradient = native.conv_weight_gradient(numpy.ones_like(output), input, weight_shape, *settings, algorithm)
    assert gradient.shape == weight_shape and not (gradient != 0).any()


def test_non_contiguous_and_misaligned_arrays() -> None:
    case = CASES["plain_3x3"]
    wanted = expected(case, numpy.float32)

    def awkward(array: Array) -> list[Array]:
        bytes = numpy.zeros(array.nbytes + 1, dtype=numpy.uint8)
        misaligned = bytes[1:].view(array.dtype).reshape(array.shape)
        misaligned[...] = array
        assert not misaligned.flags.aligned
        return [misaligned, numpy.asfortranarray(array), numpy.flip(numpy.flip(array, 0).copy(), 0)]

    for input, weight, grad in zip(awkward(wanted.input), awkward(wanted.weight), awkward(wanted.grad), strict=True):
        assert_close(native.conv(input, weight, wanted.bias[::-1].copy()[::-1], *case.settings), wanted.output, 216)
        gradient = native.conv_input_gradient(grad, weight, input.shape, *case.settings)
        assert_close(gradient, wanted.input_gradient, 297)
        gradient = native.conv_weight_gradient(grad, input, weight.shape, *case.settings)
        assert_close(gradient, wanted.weight_gradient, 646)


@pytest.mark.parametrize("value", [numpy.inf, numpy.nan])
@pytest.mark.parametrize("channels", [4, 32])
def test_what_is_not_finite_stays_where_it_belongs(channels: int, value: float) -> None:
    case = Case(2, channels, channels, 1, (34, 35), (3, 3), (1, 1), (0, 0), (1, 1))
    wanted = expected(case, numpy.float32)
    input = wanted.input.copy()
    input[0, 0, 0, 0] = value  # seen by the first tap only
    output = native.conv(input, wanted.weight, None, *case.settings)
    assert (~numpy.isfinite(output)).sum() == channels and not numpy.isfinite(output[0, :, 0, 0]).any()
    gradient = native.conv_weight_gradient(wanted.grad, input, wanted.weight.shape, *case.settings)
    finite = numpy.isfinite(gradient)
    assert not finite[:, 0, 0, 0].any() and finite.sum() == gradient.size - channels
    assert_close(gradient[finite], wanted.weight_gradient[finite], wanted.grad[:, 0].size)


def test_the_weight_gradient_is_reproducible() -> None:
    case = CASES["plain_3x3"]
    wanted = expected(case, numpy.float32)
    native.set_num_threads(3)
    first, *others = [
        native.conv_weight_gradient(wanted.grad, wanted.input, wanted.weight.shape, *case.settings) for _ in range(5)
    ]
    assert all((first == other).all() for other in others)


@pytest.mark.parametrize("name", ["lenet_second", "autoencoder", "pointwise", "groups", "volume", "signal_dilated"])
def test_columns_agree_with_the_convolution(name: str) -> None:
    case = CASES[name]._replace(groups=1)
    wanted = expected(case, numpy.float64)
    stride, padding, dilation, _ = case.settings
    columns = native.im2col(wanted.input, case.kernel, stride, padding, dilation)
    product = wanted.weight.reshape(case.out_channels, -1) @ columns + wanted.bias[:, None]
    assert_close(product.reshape(wanted.output.shape), wanted.output, columns.shape[1])
    back = wanted.weight.reshape(case.out_channels, -1).T @ wanted.grad.reshape(case.batch, case.out_channels, -1)
    gradient = native.col2im(back, wanted.input.shape, case.kernel, stride, padding, dilation)
    assert_close(gradient, wanted.input_gradient, columns.shape[1])


def test_columns_are_laid_out_as_unfold_and_fold() -> None:
    input = numpy.arange(2 * 3 * 7 * 6, dtype=numpy.float32).reshape(2, 3, 7, 6)
    columns = native.im2col(input, (3, 2), (2, 1), (1, 0), (1, 2))
    wanted = torch.nn.functional.unfold(torch.tensor(input), (3, 2), (1, 2), (1, 0), (2, 1))
    assert (columns == wanted.numpy()).all()
    summed = native.col2im(columns, input.shape, (3, 2), (2, 1), (1, 0), (1, 2))
    assert (summed == torch.nn.functional.fold(wanted, (7, 6), (3, 2), (1, 2), (1, 0), (2, 1)).numpy()).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weight": (4, 2, 3, 3)}, "groups"),
        ({"weight": (4, 3, 3)}, "number of dimensions"),
        ({"weight": (4, 3, 0, 3)}, "empty"),
        ({"weight": (4, 3, 9, 9)}, "larger than the padded input"),
        ({"bias": (5,)}, "bias"),
        ({"stride": (0, 1)}, "stride"),
        ({"stride": (1,)}, "one number per spatial dimension"),
        ({"padding": (-1, 0)}, "padding"),
        ({"dilation": (1, 0)}, "dilation"),
        ({"groups": 0}, "groups"),
        ({"groups": 2}, "groups"),
        ({"algorithm": "fast"}, "algorithms"),
    ],
)
def test_wrong_arguments_raise(changes: dict[str, Any], words: str) -> None:
    arguments = {
        "input": (2, 3, 6, 6),
        "weight": (4, 3, 3, 3),
        "bias": (4,),
        "stride": (1, 1),
        "padding": (0, 0),
        "dilation": (1, 1),
        "groups": 1,
        "algorithm": "auto",
        **changes,
    }
    for name in ("input", "weight", "bias"):
        arguments[name] = numpy.ones(arguments[name])
    with pytest.raises(ValueError, match=words):
        native.conv(**arguments)


def test_gradients_of_the_wrong_shape_raise() -> None:
    grad, weight, input = numpy.ones((2, 4, 5, 5)), numpy.ones((4, 3, 3, 3)), numpy.ones((2, 3, 6, 6))
    settings = ((1, 1), (0, 0), (1, 1), 1)
    with pytest.raises(ValueError, match=r"gradient must have the shape \(2, 4, 4, 4\)"):
        native.conv_input_gradient(grad, weight, input.shape, *settings)
    with pytest.raises(ValueError, match=r"gradient must have the shape \(2, 4, 4, 4\)"):
        native.conv_weight_gradient(grad, input, weight.shape, *settings)


@pytest.mark.parametrize(
    ("stride", "padding", "dilation"),
    [((1,), (2**62,), (1,)), ((1,), (2**40,), (1,)), ((2**62,), (1,), (2**62,))],
)
def test_sizes_beyond_64_bits_raise(stride: tuple[int], padding: tuple[int], dilation: tuple[int]) -> None:
    arguments = (numpy.ones((1, 2**10, 4)), numpy.ones((2**14, 2**10, 2)), None, stride, padding, dilation, 1)
    with pytest.raises((OverflowError, ValueError, MemoryError)):
        native.conv(*arguments)


def test_what_is_not_served_is_left_to_the_reference() -> None:
    settings = ((1, 1), (0, 0), (1, 1), 1)
    single, double = numpy.ones((1, 1, 4, 4), numpy.float32), numpy.ones((1, 1, 2, 2))
    assert native.conv(single, double, None, *settings) is NotImplemented
    assert native.conv(single.astype(int), double.astype(int), None, *settings) is NotImplemented
    assert native.conv(single.astype(">f4"), single.astype(">f4"), None, *settings) is NotImplemented
    assert (
        native.conv(numpy.ones((1,) * 6), numpy.ones((1,) * 6), None, (1,) * 4, (0,) * 4, (1,) * 4, 1) is NotImplemented
    )


def test_the_algorithm_can_be_asked() -> None:
    settings = ((1, 1), (1, 1), (1, 1))
    assert native.conv_algorithm("forward", (4, 8, 20, 20), (8, 1, 3, 3), *settings, 8) == "depthwise"
    for direction in ("forward", "input_gradient", "weight_gradient"):
        name = native.conv_algorithm(direction, (4, 8, 20, 20), (8, 8, 3, 3), *settings, 1, numpy.float64)
        assert name in ALGORITHMS
    assert native.conv_algorithm("forward", (4, 64, 32, 32), (64, 64, 3, 3), *settings, 1) == "winograd"
    with pytest.raises(ValueError, match="directions"):
        native.conv_algorithm("sideways", (4, 8, 20, 20), (8, 8, 3, 3), *settings, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_window_that_covers_the_input_is_one_product(dtype: str) -> None:
    """A transposed convolution of 1x1 pixels, the first layer of a generator."""
    generator = numpy.random.default_rng(0)
    grad, weight = generator.normal(size=(3, 5, 1, 1)).astype(dtype), generator.normal(size=(5, 2, 4, 3)).astype(dtype)
    found = native.conv_input_gradient(grad, weight, (3, 2, 4, 3), (1, 1), (0, 0), (1, 1), 1)
    expected = torch.nn.functional.conv_transpose2d(torch.from_numpy(grad).double(), torch.from_numpy(weight).double())
    assert found.dtype == dtype and found.flags.writeable
    numpy.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-5)


def test_one_window_over_the_whole_input_is_a_product_of_matrices() -> None:
    """The profile says so; a window that is dilated beyond the input is refused as by all other algorithms."""
    generator = numpy.random.default_rng(0)
    grad, weight = generator.standard_normal((2, 3, 1, 1)), generator.standard_normal((3, 4, 2, 5))
    shape, ones = (2, 4, 2, 5), (1, 1)
    arguments = (shape, ones, (0, 0), ones, 1)
    wanted = numpy.tensordot(grad[:, :, 0, 0], weight, 1)
    numpy.testing.assert_allclose(native.conv_input_gradient(grad, weight, *arguments), wanted, rtol=1e-12)
    assert native.detail("conv_input_gradient", grad, weight, *arguments) == "product"
    assert native.detail("conv_input_gradient", grad, weight[:, :, :1], (2, 4, 2, 6), *arguments[1:]) != "product"
    with pytest.raises(ValueError, match="kernel"):
        native.conv_input_gradient(grad, weight, shape, ones, (0, 0), (2, 1), 1)
