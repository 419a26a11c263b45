"""The short way of elementwise operations against the Python functions that define them."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import sys
import threading
import types
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl.backends import registry
from tinygrad_i2dl.ops._define import OPERATIONS

SHORT = {name: function for name, function in OPERATIONS.items() if type(function).__name__ == "Elementwise"}
UNARY = [name for name, function in SHORT.items() if len(function.op.inputs) == 1]
BINARY = [name for name, function in SHORT.items() if len(function.op.inputs) == 2]
DTYPES = [torch.float32, torch.float64]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1e30, -1e30, float("inf"), float("-inf"), float("nan")]


def values(dtype: Any, *shape: int, seed: int = 0) -> Any:
    return torch.tensor(numpy.random.default_rng(seed).normal(0.4, 0.8, shape), dtype=dtype)


def same(a: Any, b: Any) -> None:
    """Bit for bit, but for the sign of zero: NumPy's maximum of 0.0 and -0.0 depends on their place in the array."""
    assert type(a) is type(b) is torch.Tensor
    assert a.dtype == b.dtype and a.shape == b.shape
    assert a.requires_grad == b.requires_grad and type(a.grad_fn) is type(b.grad_fn)
    zero = 0 if a.is_floating_point() else False
    assert (a.detach().numpy() + zero).tobytes() == (b.detach().numpy() + zero).tobytes()


def test_these_operations_have_a_short_way() -> None:
    """A change that loses one loses most of its speed, and no result would tell."""
    assert {"exp", "log", "sqrt", "tanh", "sin", "neg", "abs", "relu", "reciprocal"} <= set(UNARY)
    assert {"true_divide", "mul", "maximum", "minimum", "gt", "lt", "eq"} <= set(BINARY)
    for operator in ("add", "sub", "mul", "truediv", "radd", "rsub", "rmul", "rtruediv", "neg", "gt", "le", "eq"):
        assert hasattr(getattr(torch.Tensor, f"__{operator}__"), "definition"), operator


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_one_operand(name: str, dtype: Any) -> None:
    short = SHORT[name]
    for tensor in (torch.tensor(SPECIAL, dtype=dtype), values(dtype, 3, 5), values(dtype), values(dtype, 2, 0)):
        try:
            expected = short.definition(tensor)
        except RuntimeError as error:  # such as ~ of floating-point numbers
            with pytest.raises(type(error)):
                short(tensor)
            continue
        same(short(tensor), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_two_operands(name: str, dtype: Any) -> None:
    short = SHORT[name]
    special = torch.tensor(SPECIAL, dtype=dtype)
    shapes = [((), ()), ((4, 9), (4, 9)), ((4, 9), ()), ((), (4, 9)), ((4, 9), (9,)), ((9,), (2, 4, 9)), ((3,), (3, 3))]
    shapes += [((4, 1), (4, 9)), ((0, 9), (9,)), ((0,), (0,)), ((5, 0), (0,)), ((1, 9), (9,)), ((5, 1), (0,))]
    shapes += [((3, 1), (1, 4)), ((1,), (1, 1)), ((2, 3, 4, 5), (3, 1, 1)), ((2, 1, 4, 1), (3, 1, 5)), ((1, 3), (1,))]
    shapes += [((2, 3, 1, 5), (2, 3, 4, 5)), ((1, 3, 1), (2, 3, 4)), ((1,) * 17, (2,)), ((2, 1) * 8, (1, 2) * 8)]
    pairs = [(values(dtype, *p), values(dtype, *q, seed=1)) for p, q in shapes]
    pairs += [(special[:, None].clone().expand(10, 10).contiguous(), special)]
    for a, b in pairs:
        try:
            expected = short.definition(a, b)
        except RuntimeError as error:
            with pytest.raises(type(error)):
                short(a, b)
            continue
        same(short(a, b), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(SHORT))
@numpy.errstate(all="ignore")  # as in a backward pass
def test_arrays_as_formulas_call_it(name: str, dtype: Any) -> None:
    """An array for arrays, as the definition gives it, of every layout."""
    short = SHORT[name]
    wide, row, column = (values(dtype, *shape).numpy() for shape in ((4, 9), (9,), (4, 1)))
    scalar, strided = numpy.asarray(wide[0, 0]), numpy.asfortranarray(wide)
    mixed = wide.astype("float64" if dtype is torch.float32 else "float32")
    alone = [(each,) for each in (wide, row, scalar, strided, wide[:, ::-2], wide[:0], wide.astype(numpy.int64))]
    pairs = [(wide, other) for other in (wide, row, column, scalar, strided, mixed, 2, -0.5)]
    pairs += [(row, column), (scalar, scalar), (3.0, wide), (wide[:, :0], column), (strided, strided)]
    for operands in alone if name in UNARY else pairs:
        try:
            expected = short.definition(*operands)
        except Exception as error:
            with pytest.raises(type(error)):
                short(*operands)
            continue
        out = short(*operands)
        assert type(out) is numpy.ndarray and out.dtype == expected.dtype and out.shape == expected.shape
        assert out.strides == expected.strides
        zero = out.dtype.type(0)
        assert (out + zero).tobytes() == (expected + zero).tobytes()


def test_memory_of_a_broadcast_result_is_its_own() -> None:
    column, row = values(torch.float32, 4, 1), values(torch.float32, 9)
    out = column * row
    assert out.is_contiguous() and not numpy.shares_memory(out.numpy(), row.numpy())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "number", [2, -3, 0, 0.1, -0.0, 1e300, float("nan"), float("inf"), 2**70, pytest.param(10**400, id="googol4"), True]
)
@pytest.mark.parametrize("operator", ["add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "gt", "eq"])
def test_numbers(operator: str, number: Any, dtype: Any) -> None:
    tensor = torch.tensor(SPECIAL, dtype=dtype)
    short = getattr(torch.Tensor, f"__{operator}__")
    try:
        expected = short.definition(tensor, number)
    except Exception as error:
        with pytest.raises(type(error)):
            short(tensor, number)
    else:
        same(short(tensor, number), expected)


def gradients(function: Any, operands: list[Any], order: int) -> list[Any]:
    leaves = [o.clone().requires_grad_() if isinstance(o, torch.Tensor) else o for o in operands]
    wanted = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    out = function(*leaves)
    found = [out.detach()]
    for _ in range(order):
        parts = torch.autograd.grad((out * out).sum(), wanted, create_graph=True, allow_unused=True)
        found += [part.detach() for part in parts if part is not None]
        if not any(part is not None and part.requires_grad for part in parts):
            break
        out = sum((part * part).sum() for part in parts if part is not None)
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(SHORT))
def test_the_graph_is_the_same(name: str, dtype: Any) -> None:
    """Derivatives of three orders, of tensors, and of a tensor with a number on either side."""
    short = SHORT[name]
    a, b = values(dtype, 4, 9).abs() * 0.4 + 0.1, values(dtype, 9, seed=1).abs() * 0.4 + 0.2
    column = values(dtype, 4, 1, seed=2).abs() * 0.4 + 0.2
    cases = [
        [a, b],
        [b, a],
        [a, a],
        [a, 0.3],
        [0.3, a],
        [a, b.sum()],
        [a, column],
        [column, b],
        [b, column[:, :, None]],
    ]
    cases = [[a], [a[0].clone()]] if name in UNARY else cases
    for operands in cases:
        try:
            expected = gradients(short.definition, operands, 3)
        except (RuntimeError, TypeError) as error:  # no derivative, or no numbers
            with pytest.raises(type(error)):
                gradients(short, operands, 3)
            continue
        for mine, other in zip(gradients(short, operands, 3), expected, strict=True):
            same(mine, other)


def test_one_side_alone_is_recorded() -> None:
    a, b = values(torch.float32, 3).requires_grad_(), values(torch.float32, 3, seed=1)
    for left, right in ((a, b), (b, a)):
        product = left * right
        assert [node is not None for node, _ in product.grad_fn.next_functions] == [left is a, right is a]
        assert torch.equal(torch.autograd.grad(product.sum(), a)[0], b)
    with torch.no_grad():
        assert (a * b).grad_fn is None
    assert (a > b).grad_fn is None and not (a > b).requires_grad


@pytest.mark.parametrize("changed", ["a", "b", "out"])
def test_a_change_of_what_was_saved_is_noticed(changed: str) -> None:
    a, b = values(torch.float32, 3).requires_grad_(), values(torch.float32, 3, seed=1).requires_grad_()
    x, y = a * 1, b * 1
    if changed == "out":
        out = x.exp()
        out.add_(1)
    else:
        out = x * y
        (x if changed == "a" else y).add_(1)
    with pytest.raises(RuntimeError, match="changed in place 1 time"):
        out.sum().backward()


def test_a_change_of_what_was_not_saved_is_not() -> None:
    a = values(torch.float32, 3).requires_grad_()
    x = a * 1
    y = x + x
    x.mul_(2)
    y.sum().backward()
    assert a.grad.tolist() == [2.0, 2.0, 2.0]


def test_what_the_short_way_leaves_alone() -> None:
    """Views, other layouts and dtypes, subclasses, keywords: the definition serves them."""
    base = values(torch.float32, 4, 4).requires_grad_()
    row = (base * 1)[1]
    (row * 2).sum().backward()
    assert base.grad[1].tolist() == [2.0] * 4 and base.grad[0].tolist() == [0.0] * 4
    turned = values(torch.float32, 3, 2).t()
    assert torch.equal(turned + turned, 2 * turned.contiguous())
    assert (torch.tensor([1, 2]) + 1).dtype == torch.int64 and (torch.tensor([1, 2]) / 2).dtype == torch.float32
    assert (torch.ones(2) + torch.ones((), dtype=torch.float64)).dtype == torch.float32
    parameter = torch.nn.Parameter(torch.ones(2))
    assert type(parameter * 2) is torch.Tensor and (parameter * 2).requires_grad
    out = torch.empty(2)
    assert torch.exp(torch.zeros(2), out=out) is out and out.tolist() == [1.0, 1.0]
    assert torch.maximum(input=torch.ones(2), other=torch.zeros(2)).tolist() == [1.0, 1.0]
    unaligned = numpy.frombuffer(b"\0" + numpy.ones(4, "f").tobytes(), numpy.float32, offset=1)
    assert (torch.from_numpy(unaligned.copy()) + 1).tolist() == [2.0] * 4
    swapped = torch.tensor([1.0])
    swapped._array = numpy.ones(3, ">f4")
    assert torch.exp(swapped).tolist() == pytest.approx([2.718281828] * 3)
    assert torch.Tensor.__add__(torch.ones(1), "a") is NotImplemented
    with pytest.raises(TypeError, match="Tensor"):
        torch.exp("a")
    with pytest.raises(RuntimeError, match=r"\(2,\) and \(3,\) do not broadcast"):
        torch.ones(2) + torch.ones(3)


def test_a_backend_is_asked_from_the_size_it_names() -> None:
    seen = []

    def exp(input: Any) -> Any:
        seen.append(input.size)
        return numpy.exp(input)

    exp.least = 10  # type: ignore[attr-defined]
    kernels = types.SimpleNamespace(exp=exp, KERNELS={"exp": exp, "sqrt": lambda input: numpy.full_like(input, 7)})
    registry.register_backend("sized", kernels)
    try:
        with torch.use_backend("sized"):
            torch.ones(20).exp()  # looks the kernel up
            torch.ones(9).exp()
            torch.ones(10).exp()
            assert seen == [20, 10]
            assert torch.ones(1).sqrt().item() == 7
    finally:
        del registry._backends["sized"]


def test_profile_and_anomaly_detection_see_every_call() -> None:
    x = torch.ones(3, requires_grad=True)
    torch.exp(x)
    with torch.profile() as profile:
        torch.exp(x) + x
    assert "exp" in profile.table() and "add" in profile.table()
    with torch.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="log"):
        torch.log(x - 1)
    assert torch.log(x - 1).tolist() == [float("-inf")] * 3


def test_no_warning_is_shown(recwarn: pytest.WarningsRecorder) -> None:
    zero = torch.zeros(3)
    zero / zero, zero.log(), (zero + 1e30) * 1e30, torch.tensor([1e4]).exp(), torch.tensor([-1.0]).sqrt()
    assert not recwarn.list


def test_it_looks_like_a_function() -> None:
    assert list(inspect.signature(torch.relu).parameters) == ["input", "inplace"]
    assert repr(torch.exp).startswith("<function exp at ") and "Exponential" in torch.exp.__doc__
    assert pickle.loads(pickle.dumps(torch.relu)) is torch.relu
    assert copy.deepcopy({"f": torch.exp})["f"] is torch.exp
    assert inspect.isroutine(torch.exp) and torch.Tensor.exp is torch.exp
    assert torch.ones(1).exp.__self__.tolist() == [1.0]


def test_nothing_is_leaked() -> None:
    """Counts of references to what each call touches, and of objects, stay as they were."""
    x, y = values(torch.float32, 9).requires_grad_(), values(torch.float32, 4, 9).requires_grad_()

    def work() -> None:
        for _ in range(50):
            out = (x * y + 1.5).exp() / (y - 2) > 0.5
            del out
        with pytest.raises(RuntimeError):
            x + torch.ones(2)

    work()
    gc.collect()
    touched = [None, x, y, x._array, y._array, x._node, y._node, x._array.dtype, torch.exp.op]
    before, objects = [sys.getrefcount(each) for each in touched], len(gc.get_objects())
    work()
    gc.collect()
    after = [sys.getrefcount(each) for each in touched]
    assert all(abs(new - old) < 20 for new, old in zip(after, before, strict=True)), (before, after)
    assert abs(len(gc.get_objects()) - objects) < 20


def test_threads() -> None:
    """Large arrays are computed without the interpreter's lock."""
    results: dict[int, float] = {}

    def run(number: int) -> None:
        x = torch.full((40000,), float(number), requires_grad=True)
        for _ in range(20):
            x.grad = None
            ((x * 2 + 1) / x).sum().backward()
        results[number] = x.grad[0].item()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == pytest.approx({number: -1 / number**2 for number in range(1, 5)})
