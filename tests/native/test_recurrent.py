"""LSTM layers in C++ against PyTorch in float64, for every instruction set."""

from __future__ import annotations

import numpy
import pytest
import torch

import tinygrad_i2dl as ours
from tinygrad_i2dl.backends import native
from tinygrad_i2dl.backends.registry import wrapped_kernels


@pytest.fixture(params=["baseline", "avx2", "avx512"])
def instruction_set(request):
    if request.param not in native.instruction_sets():
        pytest.skip(f"this processor has no {request.param}")
    native.set_instruction_set(request.param)


def trained(library, dtype, arrays, state, **options):
    """Outputs, last states and all gradients of a layer."""
    inside, hidden = arrays["shape"][2:]
    layer = library.nn.LSTM(inside, hidden, **options)
    generator = numpy.random.default_rng(2)
    with library.no_grad():
        for parameter in layer.parameters():
            parameter.data = library.from_numpy(
                generator.uniform(-0.4, 0.4, tuple(parameter.shape)).astype(dtype)
            )  # an optimizer's parameter keeps its object
    tensors = [library.from_numpy(arrays[name].astype(dtype)).requires_grad_() for name in ("x", "h", "c")]
    output, (h, c) = layer(tensors[0], tuple(tensors[1:])) if state else layer(tensors[0])
    weight = library.from_numpy(arrays["weight"][..., : output.shape[-1]].astype(dtype))
    ((output * weight).sum() + (h * h).sum() + c.sum()).backward()
    results = [output, h, c, tensors[0].grad, *(parameter.grad for parameter in layer.parameters())]
    if state:
        results += [tensors[1].grad, tensors[2].grad]
    return [result.detach().numpy() for result in results]


def check(dtype, shape, *, state=True, served=True, **options):
    samples, steps, inside, hidden = shape
    generator = numpy.random.default_rng(1)
    directions = 2 if options.get("bidirectional") else 1
    first = (samples, steps) if options.get("batch_first") else (steps, samples)
    arrays = {
        "shape": shape,
        "x": generator.standard_normal((*first, inside)),
        "h": generator.standard_normal((directions, samples, hidden)),
        "c": generator.standard_normal((directions, samples, hidden)),
        "weight": generator.standard_normal((*first, directions * hidden)),
    }
    providers = set()

    def wrap(operation, provider, kernel):
        def call(*arguments):
            result = kernel(*arguments)
            if result is not NotImplemented:
                providers.add(provider)
            return result

        return call if operation.startswith("lstm_scan") else kernel

    with wrapped_kernels(wrap):
        found = trained(ours, dtype, arrays, state, **options)
    assert providers == ({"native"} if served else {"numpy"})
    expected = trained(torch, numpy.float64, arrays, state, **options)
    tolerance = 2e-5 if dtype == numpy.float32 else 1e-12
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == dtype
        numpy.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, abs(b).max()))


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("shape", [(1, 2, 1, 16), (5, 7, 3, 16), (32, 4, 20, 48), (33, 3, 17, 64), (3, 2, 300, 80)])
def test_values_and_gradients(instruction_set, shape, dtype):
    check(dtype, shape)


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize(
    "options", [{"bidirectional": True}, {"bias": False}, {"batch_first": True}, {"bidirectional": True, "bias": False}]
)
def test_options(instruction_set, options, dtype):
    check(dtype, (5, 6, 9, 32), **options)
    check(dtype, (5, 6, 9, 32), state=False, **options)


@pytest.mark.parametrize("shape", [(4, 3, 5, 10), (4, 1, 5, 16)])
def test_the_reference_serves_the_rest(shape):
    check(numpy.float32, shape, served=False)


def test_sequences_of_several_lengths_and_projections():
    generator = numpy.random.default_rng(0)
    several = [generator.standard_normal((length, 5), numpy.float32) for length in (6, 4, 4, 1)]
    results = []
    for library in (ours, torch):
        for options in ({}, {"proj_size": 16}):
            library.manual_seed(0)
            layer = library.nn.LSTM(5, 32, **options)
            packed = library.nn.utils.rnn.pack_sequence([library.from_numpy(each) for each in several])
            results.append(layer(packed)[0].data.detach().numpy())
    for a, b in zip(results[:2], results[2:], strict=True):
        numpy.testing.assert_allclose(a, b, atol=1e-6)


def test_only_what_is_asked_for(instruction_set):
    """Frozen weights get no gradient, and the others the same as before."""
    layer = ours.nn.LSTM(3, 16)
    x = ours.randn(4, 2, 3)
    layer(x)[0].sum().backward()
    wanted = layer.weight_hh_l0.grad.numpy().copy()
    for parameter in layer.parameters():
        parameter.grad = None
    layer.weight_ih_l0.requires_grad_(False)
    layer.bias_ih_l0.requires_grad_(False)
    layer(x)[0].sum().backward()
    assert layer.weight_ih_l0.grad is None and layer.bias_ih_l0.grad is None
    numpy.testing.assert_array_equal(layer.weight_hh_l0.grad.numpy(), wanted)


@pytest.mark.parametrize("special", [numpy.nan, numpy.inf, 1e30, -1e30])
def test_special_values(instruction_set, special):
    x = numpy.ones((3, 2, 4), numpy.float32)
    x[1, 0, 2] = special
    results = []
    for library in (ours, torch):
        library.manual_seed(3)
        layer = library.nn.LSTM(4, 16)
        with library.no_grad():
            results.append(layer(library.from_numpy(x))[0].numpy())
    numpy.testing.assert_allclose(*results, atol=1e-6)


def test_odd_arrays_are_refused_or_served_alike():
    """Memory that is not in one piece, wrong shapes and dtypes: nothing crashes."""
    lstm_scan = native.KERNELS["lstm_scan"]
    x, h = numpy.ones((6, 4), numpy.float32), numpy.ones((3, 16), numpy.float32)
    wi, wh, b = (numpy.full(shape, 0.01, numpy.float32) for shape in ((64, 4), (64, 16), (64,)))
    good = lstm_scan(x, h, h, wi, wh, b, b, None, (3, 3), False)
    strided = lstm_scan(x.T.copy().T, h[:, ::-1], h, wi, wh, b, b, None, (3, 3), False)
    for a, c in zip(good, strided, strict=True):
        numpy.testing.assert_array_equal(a, c)
    for arguments in [
        (x, h, h, wi.T.copy().T, wh, b, b),
        (x, h, h, wi[:, :3].copy(), wh, b, b),
        (x, h, h, wi, wh[:63].copy(), b, b),
        (x, h, h[:2], wi, wh, b, b),
        (x, h[:2], h, wi, wh, b, b),
        (x[:5], h, h, wi, wh, b, b),
        (x, h, h, wi.astype(numpy.float64), wh, b, b),
        (x, h, h, wi, wh, b, None),
        (x.astype(numpy.int64), h, h, wi, wh, b, b),
    ]:
        assert lstm_scan(*arguments, None, (3, 3), False) is NotImplemented
    assert lstm_scan(x, h, h, wi, wh, b, b, None, (4, 2), False) is NotImplemented
