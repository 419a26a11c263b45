"""Optimizer steps and gradient clipping in C++ against PyTorch, for every instruction set."""

from __future__ import annotations

from contextlib import contextmanager

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


@contextmanager
def served(name):
    """Every call of this kernel must be answered by the extension."""
    answers = []

    def wrap(operation, provider, kernel):
        def call(*arguments):
            answers.append((provider, result := kernel(*arguments)))
            return result

        return call if operation == name else kernel

    with wrapped_kernels(wrap):
        yield
    assert answers and all(answer == ("native", None) for answer in answers)


DTYPES = [numpy.float32, numpy.float64]
SHAPES = [(3, 5), (0,), (), (1,), (17,), (64, 129), (2, 0, 3), (70001,)]
SGD = [
    {},
    {"weight_decay": 0.1},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
    {"momentum": 0.9, "nesterov": True},
    {"momentum": 0.5, "nesterov": True, "weight_decay": 0.1, "maximize": True},
    {"maximize": True},
]
ADAM = [
    {},
    {"weight_decay": 0.1},
    {"amsgrad": True},
    {"amsgrad": True, "weight_decay": 0.1, "maximize": True, "betas": (0.5, 0.7)},
    {"eps": 1e-3, "decoupled_weight_decay": True, "weight_decay": 0.1},
]


def trained(library, name, options, dtype, shapes, steps=4):
    """The parameters and their state after some steps on the same gradients."""
    generator = numpy.random.default_rng(3)
    parameters = [
        library.nn.Parameter(library.from_numpy(generator.standard_normal(shape).astype(dtype))) for shape in shapes
    ]
    optimizer = getattr(library.optim, name)(parameters, lr=0.05, **options)
    for _ in range(steps):
        for parameter in parameters:
            gradient = generator.standard_normal(tuple(parameter.shape)).astype(dtype)
            parameter.grad = library.from_numpy(numpy.asarray(gradient))
        optimizer.step()
    state = [
        {key: value.numpy() for key, value in optimizer.state[parameter].items() if value is not None}
        for parameter in parameters
        if parameter in optimizer.state
    ]
    return [parameter.detach().numpy() for parameter in parameters], state


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "options"), [("SGD", each) for each in SGD] + [("Adam", each) for each in ADAM] + [("AdamW", {})]
)
def test_steps_are_pytorchs(instruction_set, name, options, dtype):
    with served("sgd_step" if name == "SGD" else "adam_step"):
        found, state = trained(ours, name, options, dtype, SHAPES)
    expected, expected_state = trained(torch, name, options, dtype, SHAPES)
    tolerance = {"rtol": 2e-6, "atol": 1e-6} if dtype == numpy.float32 else {"rtol": 1e-12, "atol": 1e-14}
    for a, b in zip(found, expected, strict=True):
        numpy.testing.assert_allclose(a, b, **tolerance)
    for a, b in zip(state, expected_state, strict=False):
        for key, value in b.items():
            numpy.testing.assert_allclose(a[key], value, **tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", [1, 2])
def test_results_do_not_depend_on_threads(instruction_set, dtype, threads):
    before = native.get_num_threads()
    try:
        native.set_num_threads(threads)
        found, _ = trained(ours, "Adam", {"weight_decay": 0.1}, dtype, [(300_001,), (7,), (65536 * 2,)], 2)
        native.set_num_threads(1)
        alone, _ = trained(ours, "Adam", {"weight_decay": 0.1}, dtype, [(300_001,), (7,), (65536 * 2,)], 2)
    finally:
        native.set_num_threads(before)
    for a, b in zip(found, alone, strict=True):
        assert numpy.array_equal(a, b)


@pytest.mark.parametrize("special", [numpy.nan, numpy.inf, -numpy.inf, 1e30])
def test_special_values(instruction_set, special):
    p, q = numpy.ones(20, numpy.float32), torch.ones(20)
    g = numpy.linspace(-1, 1, 20, dtype=numpy.float32)
    g[7] = special
    q.grad = torch.from_numpy(g)
    state = [numpy.zeros(20, numpy.float32) for _ in range(3)]
    assert native.KERNELS["adam_step"]([p], [g], *([each] for each in state), [1], 0.1, 0.9, 0.999, 1e-8, 0.0, False,
                                       False) is None  # fmt: skip
    torch.optim.Adam([q], lr=0.1, amsgrad=True).step()
    numpy.testing.assert_allclose(p, q.numpy(), rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", [1.0, 2.0, numpy.inf])
@pytest.mark.parametrize("sizes", [[1], [0], [17, 0, 3], [4096, 5000, 1], [100_003]])
def test_norm(instruction_set, sizes, order, dtype):
    generator = numpy.random.default_rng(0)
    arrays = [generator.standard_normal(size).astype(dtype) for size in sizes]
    found = native.KERNELS["gradient_norm"](arrays, order)
    assert (found.shape, found.dtype) == ((), dtype)
    whole = numpy.concatenate(arrays).astype(numpy.float64)
    expected = numpy.linalg.norm(whole, order) if whole.size else 0.0
    numpy.testing.assert_allclose(found, expected, rtol=1e-5 if dtype == numpy.float32 else 1e-12)


@pytest.mark.parametrize("order", [1.0, 2.0, numpy.inf])
@pytest.mark.parametrize("place", [0, 3, 70, 4100])
def test_norm_of_what_is_not_a_number(instruction_set, order, place):
    array = numpy.zeros(5000, numpy.float32)
    array[place] = numpy.nan
    assert numpy.isnan(native.KERNELS["gradient_norm"]([numpy.ones(3, numpy.float32), array], order))
    array[place] = -numpy.inf
    assert native.KERNELS["gradient_norm"]([array], order) == numpy.inf


def test_other_norms_are_refused():
    assert native.KERNELS["gradient_norm"]([numpy.ones(3)], 3.0) is NotImplemented
    assert native.KERNELS["gradient_norm"]([numpy.ones(3)], 0.0) is NotImplemented


def test_clipping(instruction_set):
    generator = numpy.random.default_rng(1)
    gradients = [generator.standard_normal(shape).astype(numpy.float32) for shape in SHAPES]
    results = []
    for library in (ours, torch):
        parameters = [library.nn.Parameter(library.zeros(shape)) for shape in SHAPES]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = library.from_numpy(numpy.asarray(gradient).copy())
        norm = library.nn.utils.clip_grad_norm_(parameters, 2.0)
        results.append([norm.numpy(), *(parameter.grad.numpy() for parameter in parameters)])
    for a, b in zip(*results, strict=True):
        numpy.testing.assert_allclose(a, b, rtol=1e-5)


def unaligned(array):
    memory = bytearray(array.nbytes + 1)
    result = numpy.frombuffer(memory, array.dtype, array.size, offset=1)
    result[:] = array
    return result


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


ODD = {
    "every second": lambda a: numpy.repeat(a, 2)[::2],
    "unaligned": unaligned,
    "half": lambda a: a.astype(numpy.float16),
    "other dtype": lambda a: a.astype(numpy.float64),
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "other size": lambda a: a[:-1].copy(),
}


@pytest.mark.parametrize("odd", [*ODD, "read-only", "overlapping"])
@pytest.mark.parametrize("place", range(5))
def test_what_is_refused_is_left_alone(odd, place):
    """Nothing is written, and nothing crashes."""
    arrays = [numpy.arange(16, dtype=numpy.float32) + i for i in range(5)]
    if odd == "overlapping":
        memory = numpy.arange(17, dtype=numpy.float32)
        arrays[0], arrays[1] = memory[:16], memory[1:]
    elif odd == "read-only":
        if place == 1:
            return  # a gradient may be
        arrays[place] = read_only(arrays[place])
    else:
        arrays[place] = ODD[odd](arrays[place])
    before = [array.copy() for array in arrays]
    p, g, m, v, largest = ([numpy.ones(3, numpy.float32), array] for array in arrays)
    first = [each[0] for each in (p, g, m, v, largest)]
    assert native.KERNELS["adam_step"](p, g, m, v, largest, [1, 1], 0.1, 0.9, 0.99, 1e-8, 0.0, False, False) is (
        NotImplemented
    )
    if place < 3:
        assert native.KERNELS["sgd_step"](p, g, m, 0.1, 0.9, 0.0, 0.0, False, False, False) is NotImplemented
    for array, copy in zip(arrays, before, strict=True):
        assert numpy.array_equal(array, copy)
    for each in first:
        assert (each == 1).all()


@pytest.mark.parametrize("odd", [each for each in ODD if each != "other size"])
def test_the_reference_serves_what_is_refused(odd):
    array = ODD[odd](numpy.arange(1, 17, dtype=numpy.float32))
    if array.dtype.byteorder not in "=|":
        return  # no dtype of a Tensor
    tensor = ours.from_numpy(array)
    parameter = ours.nn.Parameter(ours.zeros(16, dtype=tensor.dtype))
    parameter.grad = tensor
    assert abs(float(ours.nn.utils.clip_grad_norm_([parameter], 1e9)) - 1496**0.5) < 0.05
    ours.optim.SGD([parameter], lr=1.0, momentum=0.5).step()
    assert parameter.tolist() == [-float(i) for i in range(1, 17)]


def test_a_parameter_listed_twice_is_stepped_twice():
    results = []
    for library in (ours, torch):
        parameter = library.nn.Parameter(library.ones(3))
        with pytest.warns(UserWarning):
            optimizer = library.optim.Adam([parameter, parameter], lr=0.1)
        parameter.grad = library.tensor([1.0, -2.0, 3.0])
        optimizer.step()
        results.append(parameter.detach().numpy())
    numpy.testing.assert_allclose(*results, rtol=1e-6)
