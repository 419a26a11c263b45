"""Programs: what is simplified, and random expressions against the ordinary operations."""

import math

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_i2dl as torch
from tinygrad_i2dl import fuse
from tinygrad_i2dl.fusion.elementary import ELEMENTARY
from tinygrad_i2dl.fusion.loop import loop_of
from tinygrad_i2dl.fusion.program import Expression, Program, input_value
from tinygrad_i2dl.fusion.tracing import Signature, Trace

F32 = numpy.dtype("float32")


def program_of(function, count=1, dtype=F32):
    signature = Signature(((4,),) * count, (dtype,) * count, (False,) * count)
    return Trace(lambda tensors: function(*tensors), signature).forward


@pytest.mark.parametrize(
    "function, operations",
    [
        (lambda x: torch.tanh(x) * torch.tanh(x) + torch.tanh(x), 3),  # one tanh
        (lambda x: x * 1 + x / 1 - 0, 1),
        (lambda x: x * -1, 1),
        (lambda x: torch.neg(-x) * 2, 1),
        (lambda x: (1 + x) * (x + 1), 2),
        (lambda x: x + torch.zeros_like(x) * 2, 1),
        (lambda x: torch.where(torch.ones_like(x) > 0, x, -x) + 1, 1),
        (lambda x: x / 4, 1),
    ],
)
def test_what_is_computed_once_or_not_at_all(function, operations):
    assert program_of(function).operations == operations


@pytest.mark.parametrize(
    "function, value, expected",
    [
        (lambda x: x * 0, math.inf, math.nan),  # not zero
        (lambda x: x - x, math.inf, math.nan),
        (lambda x: 1 / (x * 0.0), -1.0, -math.inf),  # the sign of zero
        (lambda x: 1 / (x + 0.0), -0.0, math.inf),
        (lambda x: x / 3, 1.0, float(F32.type(1) / F32.type(3))),  # not a product with a rounded reciprocal
        (lambda x: (x + 1e8) - 1e8, 1.0, 0.0),  # in the order in which it is written
        (lambda x: x * 0.1, 3.0, float(F32.type(3) * F32.type(0.1))),
    ],
)
def test_only_what_is_exact_is_simplified(function, value, expected, monkeypatch):
    from tinygrad_i2dl.fusion import decorator

    monkeypatch.setattr(decorator, "WORTH", 0)
    f = fuse(function)
    result = f(torch.full((5,), value))
    assert f.reason is None
    numpy.testing.assert_array_equal(result.numpy(), numpy.float32(expected))


def test_the_evaluated_program_is_the_function():
    program = program_of(lambda x, y: torch.where(x > y, torch.exp(x), y * y) / 3, 2)
    x, y = numpy.random.default_rng(0).standard_normal((2, 4)).astype(numpy.float32)
    (result,) = program.evaluated([x, y], (4,))
    numpy.testing.assert_allclose(result, numpy.where(x > y, numpy.exp(x), y * y) / 3, rtol=1e-6)


def test_a_deep_expression_needs_no_recursion():
    def deep(x):
        for _ in range(5000):
            x = x * 0.5 + 1
        return x

    assert program_of(deep).operations == 10_000


# ---------------------------------------------------------------- random expressions

LEAVES = ["x", "y", "0.5", "2", "(-1.25)"]
UNARY = [
    "torch.tanh({})",
    "torch.sigmoid({})",
    "torch.exp(-abs({}))",
    "torch.relu({})",
    "(-{})",
    "torch.sqrt(1 + abs({}))",
]
BINARY = [
    "({} + {})", "({} - {})", "({} * {})", "({} / (1 + abs({})))", "torch.maximum({0} + 0 * x, {1} + 0 * x)",
    "torch.where({0} + 0 * x > 0.25, {0} + 0 * x, {1} + 0 * x)",
]  # fmt: skip


def expressions():
    return st.recursive(
        st.sampled_from(LEAVES),
        lambda inner: st.one_of(
            st.builds(lambda form, a: form.format(f"({a} + 0 * x)"), st.sampled_from(UNARY), inner),
            st.builds(lambda form, a, b: form.format(a, b), st.sampled_from(BINARY), inner, inner),
        ),
        max_leaves=6,
    )


@settings(max_examples=12, deadline=None)
@given(expressions(), st.sampled_from(["float32", "float64"]), st.sampled_from([(3, 4), (4,), (3, 1), ()]))
def test_random_expressions_are_what_ordinary_operations_give(text, dtype, shape):
    function = eval(f"lambda x, y: ({text}) + 0 * x * y", {"torch": torch, "abs": abs})
    random = numpy.random.default_rng(0)
    x, y = (random.uniform(-1.5, 1.5, each).astype(dtype) for each in ((3, 4), shape))
    g = torch.tensor(random.standard_normal((3, 4)).astype(dtype))

    def run(call):
        tensors = [torch.tensor(each, requires_grad=True) for each in (x, numpy.asarray(y))]
        result = call(*tensors)
        result.backward(g)
        return [result.detach().numpy(), *(each.grad.numpy() for each in tensors)]

    f = fuse(function)
    bound = 1e-4 if dtype == "float32" else 1e-11  # of gradients that sums of some tens of terms may cancel
    for ours, ordinary in zip(run(f), run(f.function), strict=True):
        numpy.testing.assert_allclose(ours, ordinary, rtol=bound, atol=bound)
    assert f.reason is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_elementary_function_has_a_loop(dtype):
    grid = numpy.array([-2.5, -1.0, -0.3, -0.0, 0.0, 0.25, 1.0, 3.0, numpy.inf, -numpy.inf, numpy.nan], dtype)
    x, y = (each.reshape(-1) for each in numpy.meshgrid(grid, grid))
    arguments = [input_value(0, dtype), input_value(1, dtype)]
    truth = Expression("less", tuple(arguments), numpy.dtype(bool))
    results = {}
    for name, elementary in ELEMENTARY.items():
        logical = name.startswith("logical")
        count = 3 if name == "where" else getattr(elementary.numpy, "nin", 1)
        operands = (truth, *arguments) if count == 3 else ((truth, truth) if logical else tuple(arguments))[:count]
        kind = numpy.dtype(bool if elementary.truth else dtype)
        results[name] = Expression(name, operands, kind)
    program = Program(list(results.values()))
    found = [numpy.empty(x.shape, each.dtype) for each in results.values()]
    loop_of(program).run([x, y], found, x.shape)
    for name, one, other in zip(results, found, program.evaluated([x, y], x.shape), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=2e-6 if dtype == "float32" else 1e-13, err_msg=name)
