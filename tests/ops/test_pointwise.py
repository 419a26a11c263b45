"""Elementwise operations against PyTorch where its sample inputs do not look.

Promotion of every pair of dtypes, gradients at kinks and zeros, precision of the functions that NumPy lacks, refusals.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import tinygrad_i2dl

torch = pytest.importorskip("torch")

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name)
    for name in "add sub mul truediv floordiv mod pow eq ne lt le gt ge and_ or_ xor".split()
}  # fmt: skip
NUMBERS: list[Any] = [2, 2.5, True]


def outcome(compute: Callable[[], Any]) -> Any:
    """Dtype, shape and values of a result as comparable things, or the class of the error."""
    try:
        result = compute()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        return "refused", error
    return str(result.dtype), tuple(result.shape), result.double().tolist()


def assert_same_outcome(compute: Callable[[Any], Any], what: str) -> None:
    ours, theirs = outcome(lambda: compute(tinygrad_i2dl)), outcome(lambda: compute(torch))
    if "refused" in (ours[0], theirs[0]):
        assert ours[0] == theirs[0], f"{what}: {ours}, PyTorch: {theirs}"
        return
    assert ours[:2] == theirs[:2], what
    tolerance = {"torch.float16": 2e-3, "torch.bfloat16": 2e-2, "torch.float32": 1e-6}.get(ours[0], 1e-12)
    numpy.testing.assert_allclose(ours[2], theirs[2], rtol=tolerance, err_msg=what)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.filterwarnings("ignore")  # PyTorch's about deprecated divisions
def test_promotion_of_every_pair(name: str) -> None:
    function = OPERATORS[name]
    for left, right, scalar in itertools.product(DTYPES, DTYPES, (False, True)):
        second = 3 if scalar else [3, 1]
        assert_same_outcome(
            lambda t, x=left, y=right, s=second: function(
                t.tensor([5, 1], dtype=getattr(t, x)), t.tensor(s, dtype=getattr(t, y))
            ),
            f"{name} of {left} and {right}{' without dimensions' if scalar else ''}",
        )


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.filterwarnings("ignore")
def test_promotion_with_numbers(name: str) -> None:
    function = OPERATORS[name]
    for dtype, number, data in itertools.product(DTYPES, NUMBERS, ([5, 1], 3)):
        what = f"{name} of {dtype} {data} and {number}"
        assert_same_outcome(lambda t, d=dtype, n=number, x=data: function(t.tensor(x, dtype=getattr(t, d)), n), what)
        assert_same_outcome(
            lambda t, d=dtype, n=number, x=data: function(n, t.tensor(x, dtype=getattr(t, d))), f"{what}, turned round"
        )


UNARY = [
    "neg", "abs", "sign", "square", "exp", "log", "sqrt", "rsqrt", "sin", "tanh", "sigmoid", "floor", "ceil", "round",
    "trunc", "reciprocal", "erf", "isnan", "isfinite", "logical_not", "bitwise_not", "exp2", "log1p", "atan",
]  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_dtype_of_functions(name: str) -> None:
    for dtype in DTYPES:
        if (name, dtype) == ("abs", "bool"):  # here they are their own absolute values, PyTorch refuses
            continue
        assert_same_outcome(
            lambda t, d=dtype: getattr(t, name)(t.tensor([1, 2], dtype=getattr(t, d))), f"{name} of {dtype}"
        )


INFINITE = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize(
    "name",
    ["add", "mul", "div", "floor_divide", "remainder", "fmod", "pow", "atan2", "maximum", "minimum", "fmax", "fmin"]
    + ["hypot", "logaddexp", "xlogy", "copysign", "eq", "lt", "heaviside", "logical_xor"],
)  # fmt: skip
def test_special_values_of_two(name: str) -> None:
    left, right = zip(*itertools.product(INFINITE, INFINITE), strict=True)
    ours = getattr(tinygrad_i2dl, name)(tinygrad_i2dl.tensor(left), tinygrad_i2dl.tensor(right))
    theirs = getattr(torch, name)(torch.tensor(left), torch.tensor(right))
    numpy.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    "name",
    ["neg", "abs", "sign", "exp", "log", "sqrt", "rsqrt", "reciprocal", "tanh", "sigmoid", "erf", "erfc", "erfinv"]
    + ["log1p", "floor", "round", "trunc", "isnan", "isinf", "isfinite", "isposinf", "signbit", "lgamma", "nan_to_num"]
    + ["expm1"],
)  # fmt: skip
def test_special_values_of_one(name: str) -> None:
    ours = getattr(tinygrad_i2dl, name)(tinygrad_i2dl.tensor(INFINITE))
    numpy.testing.assert_allclose(
        ours.numpy(), getattr(torch, name)(torch.tensor(INFINITE)).numpy(), rtol=2e-6, atol=1e-14
    )


KINKS: dict[str, Callable[[Any, Any], Any]] = {
    "abs": lambda t, x: x.abs(),
    "sign": lambda t, x: x.sign() * x,
    "sqrt": lambda t, x: x.abs().sqrt(),
    "pow 0": lambda t, x: x**0,
    "pow 1": lambda t, x: x**1,
    "pow 2": lambda t, x: x**2,
    "pow 2.0": lambda t, x: x**2.0,
    "pow 3": lambda t, x: x**3,
    "pow 0.5": lambda t, x: x**0.5,
    "pow -1": lambda t, x: x**-1,
    "pow tensor": lambda t, x: x ** t.tensor([0.0, 2.0, 1.0, 0.0, 3.0]),
    "tensor pow": lambda t, x: t.tensor([0.0, 2.0, 1.0, 0.0, 3.0]) ** x,
    "number pow": lambda t, x: 2.0**x,
    "zero pow": lambda t, x: 0.0**x,
    "pow self": lambda t, x: x.abs() ** x,
    "clamp": lambda t, x: x.clamp(-1, 1),
    "clamp one": lambda t, x: x.clamp(min=0.0),
    "clamp swapped": lambda t, x: x.clamp(1, -1),
    "clamp tensors": lambda t, x: t.clamp(t.zeros(5), x, x * 2),
    "maximum": lambda t, x: t.maximum(x, t.tensor([0.0, 1.0, -1.0, 3.0, 2.0])),
    "minimum": lambda t, x: t.minimum(x, -x),
    "fmax": lambda t, x: t.fmax(x, x * 0),
    "floor": lambda t, x: x.floor() + x,
    "where": lambda t, x: t.where(x > 0, x.log(), x),
    "masked_fill": lambda t, x: x.masked_fill(x == 0, 4.0) ** 2,
    "atan2": lambda t, x: t.atan2(x, x + 1),
    "xlogy": lambda t, x: t.xlogy(x, x + 2),
    "sinc": lambda t, x: t.sinc(x),
    "hypot": lambda t, x: t.hypot(x, x + 1),
    "remainder": lambda t, x: x % 0.7,
    "fmod": lambda t, x: t.fmod(x, 0.7),
    "nan_to_num": lambda t, x: t.nan_to_num(1 / x),
    "logit": lambda t, x: t.logit(x, 0.1),
    "copysign": lambda t, x: t.copysign(x, -x),
    "lerp": lambda t, x: t.lerp(x, x * 2, x),
    "rsub": lambda t, x: 1 - x,
    "rdiv": lambda t, x: 1 / x,
}


@pytest.mark.parametrize("name", KINKS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradient_conventions(name: str, dtype: str) -> None:
    found = []
    for t in (tinygrad_i2dl, torch):
        x = t.tensor([0.0, 1.0, -1.0, 2.0, 0.35], dtype=getattr(t, dtype), requires_grad=True)
        first = t.autograd.grad(KINKS[name](t, x).sum(), x, create_graph=True)[0]
        second = (
            t.autograd.grad((first * first).sum(), x)[0].numpy(force=True) if first.requires_grad else numpy.zeros(5)
        )
        found.append((first.detach().numpy(), second))
    numpy.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5, atol=1e-6)
    known = ~numpy.isnan(found[1][1])  # PyTorch has NaN for the second derivative of 0 ** x at 0
    numpy.testing.assert_allclose(found[0][1][known], found[1][1][known], rtol=1e-5, atol=1e-6)


def test_precision_of_the_error_function() -> None:
    x = numpy.concatenate([numpy.linspace(-6, 6, 4001), numpy.logspace(-300, 1, 500)])
    exact, complement = numpy.vectorize(math.erf)(x), numpy.vectorize(math.erfc)(x)
    numpy.testing.assert_allclose(tinygrad_i2dl.erf(tinygrad_i2dl.tensor(x)).numpy(), exact, rtol=1e-15)
    numpy.testing.assert_allclose(tinygrad_i2dl.erfc(tinygrad_i2dl.tensor(x)).numpy(), complement, rtol=2e-15)
    single = x[numpy.abs(x) > 1e-30].astype("float32")
    found = tinygrad_i2dl.erf(tinygrad_i2dl.tensor(single)).numpy()
    numpy.testing.assert_allclose(found, numpy.vectorize(math.erf)(single.astype(float)), rtol=5e-7)
    assert numpy.abs(found).max() == 1.0
    y = numpy.concatenate([numpy.linspace(-0.999, 0.999, 999), 1 - numpy.logspace(-12, -3, 50)])
    back = tinygrad_i2dl.erf(tinygrad_i2dl.erfinv(tinygrad_i2dl.tensor(y))).numpy()
    numpy.testing.assert_allclose(back, y, rtol=1e-15, atol=3e-16)


def test_precision_of_the_gamma_functions() -> None:
    x = numpy.concatenate([numpy.linspace(-9.87, 30, 3001), numpy.logspace(-8, 8, 300)])
    numpy.testing.assert_allclose(
        tinygrad_i2dl.lgamma(tinygrad_i2dl.tensor(x)).numpy(), numpy.vectorize(math.lgamma)(x), rtol=1e-13, atol=1e-13
    )
    # digamma(1) is minus Euler's constant, digamma(1/2) = digamma(1) - 2 log 2;
    # polygamma(1, 1) = pi^2 / 6, polygamma(3, 1) = pi^4 / 15
    euler = 0.57721566490153286061
    at = tinygrad_i2dl.tensor([1.0, 0.5], dtype=tinygrad_i2dl.float64)
    numpy.testing.assert_allclose(at.digamma().tolist(), [-euler, -euler - 2 * math.log(2)], rtol=1e-15)
    one = tinygrad_i2dl.ones(1, dtype=tinygrad_i2dl.float64)
    numpy.testing.assert_allclose(tinygrad_i2dl.polygamma(1, one).item(), math.pi**2 / 6, rtol=1e-15)
    numpy.testing.assert_allclose(tinygrad_i2dl.polygamma(3, one).item(), math.pi**4 / 15, rtol=1e-15)


REFUSED: list[Callable[[Any], Any]] = [
    lambda t: -t.tensor([True]),
    lambda t: t.tensor([True]) - t.tensor([True]),
    lambda t: +t.tensor([True]),
    lambda t: ~t.tensor([1.5]),
    lambda t: t.tensor([1.5]) & t.tensor([1.5]),
    lambda t: t.tensor([2, 3]) ** -1,
    lambda t: t.tensor([1, 2]).add_(1.5),
    lambda t: t.tensor([1, 2]).div_(2),
    lambda t: t.ones(2).add_(t.ones(3)),
    lambda t: t.ones(1).mul_(t.ones(3)),
    lambda t: t.ones(2, requires_grad=True).add_(1),
    lambda t: t.ones(2) + t.ones(3),
    lambda t: t.ones(2) + "text",
    lambda t: t.ones(2) * None,
    lambda t: t.ones(2) > "text",
    lambda t: t.clamp(t.ones(2)),
    lambda t: t.div(t.ones(2), 2, rounding_mode="up"),
    lambda t: t.add(t.ones(2).long(), t.ones(2).long(), alpha=0.5),
    lambda t: t.add(t.ones(2), t.ones(2), out=t.ones(2).long()),
    lambda t: t.mul(t.ones(2, requires_grad=True), 2, out=t.ones(2)),
    lambda t: t.where(t.ones(2), t.ones(2), t.ones(2)),
    lambda t: t.ones(2).masked_fill(t.ones(2), 1.0),
    lambda t: t.lerp(t.ones(2), t.ones(2).double(), 0.5),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refused_by_the_same_class_of_error(number: int) -> None:
    with pytest.raises((RuntimeError, TypeError)) as theirs:
        REFUSED[number](torch)
    with pytest.raises((RuntimeError, TypeError)) as ours:
        REFUSED[number](tinygrad_i2dl)
    assert issubclass(ours.type, RuntimeError if issubclass(theirs.type, RuntimeError) else theirs.type)
    assert len(str(ours.value)) > 15


def test_equality_with_what_is_no_number() -> None:
    x = tinygrad_i2dl.ones(2)
    assert (x == "text") is False
    assert (x != None) is True  # noqa: E711
    assert x in [x]


def test_in_place_through_the_graph() -> None:
    found = []
    for t in (tinygrad_i2dl, torch):
        x = t.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y = x * 2
        y += 1
        y *= x
        y.clamp_(max=12.0)
        y.pow_(2)
        y[0] -= x[1]
        y.addcmul_(x, x, value=0.5)
        y.sum().backward()
        found.append(x.grad.tolist())
    assert found[0] == found[1]


def test_comparisons_in_place_cut_the_history() -> None:
    x = tinygrad_i2dl.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y.gt_(1.5)
    assert y.tolist() == [0.0, 1.0]
    (y.sum() + x.sum()).backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_constants_keep_their_sign_and_size() -> None:
    x = tinygrad_i2dl.ones(1)
    assert math.copysign(1.0, (x * -0.0).item()) == -1.0
    assert math.copysign(1.0, (x * 0.0).item()) == 1.0
    assert (x * 10**30).item() == pytest.approx(1e30)
    assert (x + True).item() == 2.0
    assert (2 - x).item() == 1.0
    assert (x * math.inf).item() == math.inf
