"""Linear layers in C++ against NumPy in a wider type, over shapes, dtypes and instruction sets."""

from __future__ import annotations

import numpy
import pytest
import torch

import tinygrad_i2dl as ours
from tinygrad_i2dl.backends import native
from tinygrad_i2dl.backends.native.extension import native as extension

DTYPES = [numpy.float32, numpy.float64]
SAMPLES = [1, 2, 3, 4, 5, 11, 16, 23, 32, 33, 48, 64, 65, 128, 191, 192, 193, 257]
WIDTHS = [(1, 1), (3, 2), (7, 17), (16, 48), (49, 33), (128, 10), (300, 70), (515, 97)]
linear, linear_backward = native.KERNELS.get("linear"), native.KERNELS.get("linear_backward")


@pytest.fixture(params=["baseline", "avx2", "avx512"])
def instruction_set(request):
    if request.param not in native.instruction_sets():
        pytest.skip(f"this processor has no {request.param}")
    native.set_instruction_set(request.param)


def close(found, expected, terms, scale):
    """Equal but for the rounding of a sum of so many terms of about this size: those of a running sum, which is taken
    over at most 256 of them, add up with their number, those of what follows with its root."""
    eps = numpy.finfo(found.dtype).eps
    numpy.testing.assert_allclose(
        found, expected, rtol=8 * eps, atol=eps * scale * (2 + 4 * terms**0.5 + min(terms, 256) / 2)
    )


def check(samples, inside, outside, dtype, lead=()):
    generator = numpy.random.default_rng(samples * 1000 + inside)
    x = generator.standard_normal((*lead, samples, inside)).astype(dtype)
    w = generator.standard_normal((outside, inside)).astype(dtype)
    g = generator.standard_normal((*lead, samples, outside)).astype(dtype)
    bias = generator.standard_normal(outside).astype(dtype)
    wide = numpy.float64 if dtype == numpy.float32 else numpy.longdouble
    xs, ws, gs = (array.astype(wide) for array in (x, w, g))
    for each in (bias, None):
        found = linear(x, w, each)
        if found is NotImplemented:
            assert 1 < samples <= 4 and w.size > 1 << 14
            return
        assert found.dtype == dtype and found.flags.c_contiguous
        close(found, xs @ ws.T + (0 if each is None else bias), inside, 3)
    of_input, of_weight, of_bias = linear_backward(g, x, w, (True, True, True))
    assert of_input.shape == x.shape and of_weight.shape == w.shape and of_bias.shape == bias.shape
    rows, columns = xs.reshape(-1, inside), gs.reshape(-1, outside)
    close(of_input, gs @ ws, outside, 3)
    close(of_weight, columns.T @ rows, len(rows), 3)
    close(of_bias, columns.sum(0), len(rows), 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("samples", SAMPLES)
def test_values(instruction_set, samples, dtype):
    for inside, outside in WIDTHS:
        check(samples, inside, outside, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_leading_dimensions(instruction_set, dtype):
    check(3, 20, 30, dtype, (2, 4))
    check(40, 20, 30, dtype, (2, 3))
    check(1, 20, 30, dtype, (1,))


@pytest.mark.parametrize("samples", [1, 8, 64, 300])
def test_threads(instruction_set, samples):
    before = native.get_num_threads()
    generator = numpy.random.default_rng(0)
    x = generator.standard_normal((samples, 700), numpy.float32)
    w = generator.standard_normal((3000, 700), numpy.float32)
    g = generator.standard_normal((samples, 3000), numpy.float32)
    results = []
    try:
        for threads in (1, 2, 3):
            native.set_num_threads(threads)
            results.append([linear(x, w, w[:, 0].copy()), *linear_backward(g, x, w, (True, True, True))])
    finally:
        native.set_num_threads(before)
    for several in results[1:]:
        for a, b in zip(several, results[0], strict=True):
            close(a, b, 3000, 3)


def test_only_what_is_asked_for():
    x, w, g = numpy.ones((8, 3)), numpy.ones((5, 3)), numpy.ones((8, 5))
    for needs in [(False, False, False), (True, False, False), (False, True, False), (False, False, True)]:
        found = linear_backward(g, x, w, needs)
        assert tuple(each is not None for each in found) == needs


@pytest.mark.parametrize("special", [numpy.nan, numpy.inf])
@pytest.mark.parametrize("samples", [1, 9, 40, 200])
def test_special_values_stay_in_their_row(instruction_set, samples, special):
    x = numpy.ones((samples, 21), numpy.float32)
    x[samples // 2, 20] = special
    found = linear(x, numpy.ones((19, 21), numpy.float32), None)
    wrong = ~numpy.isfinite(found)
    assert wrong[samples // 2].all() and wrong.sum() == 19


def test_a_sum_over_many_rows_keeps_its_precision(instruction_set):
    g = numpy.full((100_000, 3), 0.1, numpy.float32)
    of_bias = linear_backward(g, numpy.ones((100_000, 1), numpy.float32), numpy.ones((3, 1), numpy.float32),
                              (False, False, True))[2]  # fmt: skip
    numpy.testing.assert_allclose(
        of_bias, 100_000 * numpy.float64(numpy.float32(0.1)), rtol=1e-5
    )  # one running sum misses by 1.4e-4


X, W, B = numpy.ones((8, 6), numpy.float32), numpy.ones((5, 6), numpy.float32), numpy.ones(5, numpy.float32)


@pytest.mark.parametrize(
    ("x", "w", "b"),
    [
        (X[::2], W, B),
        (X.T.copy().T, W, B),
        (X, W.T.copy().T, B),
        (X, W, numpy.ones(10, numpy.float32)[::2]),
        (X, W.astype(numpy.float64), B),
        (X, W, B.astype(numpy.float64)),
        (X.astype(numpy.float16), W.astype(numpy.float16), None),
        (X[0], W, B),
        (X, W[0], None),
        (X[:, :5].copy(), W, B),
        (X, W, B[:3].copy()),
        (X, W, numpy.ones((1, 5), numpy.float32)),
        (X[:0], W, B),
        (X[:, :0].copy(), W[:, :0].copy(), B),
        (X, W[:0], B[:0]),
        (numpy.frombuffer(bytearray(48 * 4 + 1), numpy.float32, 48, 1).reshape(8, 6), W, B),
    ],
)
def test_the_rest_is_refused(x, w, b):
    """Nothing crashes, and the operation gives what PyTorch gives, or raises as it does."""
    assert linear(x, w, b) is NotImplemented
    results = []
    for library in (ours, torch):
        tensors = [None if each is None else library.from_numpy(each.copy("K")) for each in (x, w, b)]
        try:
            results.append(library.nn.functional.linear(*tensors).numpy())
        except RuntimeError:
            results.append(None)
    if results[0] is not None and results[1] is not None:
        numpy.testing.assert_allclose(*results, rtol=1e-3)


def test_gradients_of_wrong_shapes_are_refused():
    g = numpy.ones((8, 5), numpy.float32)
    for arguments in [(g[:7], X, W), (g[:, :4].copy(), X, W), (g, X[:, :5].copy(), W), (g.T.copy().T, X, W)]:
        assert linear_backward(*arguments, (True, True, True)) is NotImplemented
    assert linear_backward(g, X, W, (True, True)) is NotImplemented


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
def test_product_agrees_with_numpy(dtype: type) -> None:
    generator = numpy.random.default_rng(0)
    for rows, inner, columns in ((1, 1, 1), (3, 5, 7), (32, 64, 1568), (200, 33, 17)):
        a, b = generator.normal(size=(rows, inner)).astype(dtype), generator.normal(size=(inner, columns)).astype(dtype)
        exact = a.astype(numpy.longdouble) @ b.astype(numpy.longdouble)
        tolerance = 4 * numpy.finfo(dtype).eps * (abs(a) @ abs(b))
        assert (abs(extension.product(a, b) - exact) <= tolerance * numpy.sqrt(inner)).all()


def test_product_leaves_what_it_does_not_serve() -> None:
    ones = numpy.ones((2, 3))
    for call in (
        (ones, ones), (ones, ones.T), (ones[0], ones.T.copy()), (ones, numpy.ones((3, 2), numpy.float32)),
        (ones[:0], numpy.ones((3, 2))), (ones, ones.T.copy()[None]), (ones,), (None, ones), (ones.astype(int), ones.T),
    ):  # fmt: skip
        assert extension.product(*call) is NotImplemented
