"""The short way of operations, views included, against the Python functions that define them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tests.calls import Call, cases_of, function_of, gradients
from tests.samples import load_all
from tinygrad_i2dl.backends.native.extension import native
from tinygrad_i2dl.ops._define import OPERATIONS

BLOCKS = load_all()
SHORT = [name for name, function in OPERATIONS.items() if type(function).__name__ == "Operation"]


@contextmanager
def the_long_way() -> Iterator[None]:
    native.watch(True)  # as anomaly detection does, whose own function sees nothing here
    try:
        yield
    finally:
        native.watch(False)


def shown(value: Any) -> Any:
    """What two runs must have in common, as text and bytes."""
    if isinstance(value, torch.Tensor):
        array = value.detach().numpy()
        version = value._version if value._view is not None else None
        special = None if value._view is None else (value._view.special, len(value._view.steps))
        return array.dtype, array.shape, array.strides, array.tobytes(), value.requires_grad, version, special
    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    return value if value is None or isinstance(value, (int, float, str, bool)) else type(value)


def history(value: Any, depth: int = 4) -> Any:
    """The names of the nodes that made a result, and what they have saved."""
    if isinstance(value, (list, tuple)):
        return [history(each, depth) for each in value]
    node = getattr(value, "grad_fn", None)
    return nodes(node, depth)


def nodes(node: Any, depth: int) -> Any:
    if node is None or not depth:
        return None
    saved = getattr(node, "saved", None)
    kept = saved if not saved else [part if not part else [kind(each) for each in part] for part in saved]
    guards = len(getattr(node, "guards", ()))
    return node.name(), node.shape, node.dtype, kept, guards, [nodes(parent, depth - 1) for parent in node.parents]


def kind(value: Any) -> Any:
    if isinstance(value, (int, float)) or (isinstance(value, numpy.ndarray) and not value.ndim):
        return "number"  # which of the two a constant is saved as makes no difference
    return (value.shape, value.dtype) if isinstance(value, numpy.ndarray) else type(value)


def outcome(name: str, number: int, dtype: str) -> Any:
    block = BLOCKS[name]
    torch.manual_seed(3)
    call = Call(torch, cases_of(block)[number], dtype=dtype)
    try:
        result = call(function_of(block))
        found = [shown(result), history(result)]
        if block.gradient:
            found.append([shown(each) for each in gradients(torch, result, call.leaves)])
        return found
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_both_ways_are_one(name: str, dtype: str) -> None:
    """The same bits, the same graph with the same saved values, the same gradients, the same errors."""
    for number in range(len(cases_of(BLOCKS[name]))):
        short = outcome(name, number, dtype)
        with the_long_way():
            assert short == outcome(name, number, dtype), f"case {number}"


def test_most_operations_have_a_short_way() -> None:
    assert {"linear", "matrix_product", "sum_over", "reshape_to", "transpose", "conv", "masked"} <= set(SHORT)
    assert len(SHORT) > 120


def test_a_view_of_a_changed_base_is_brought_up_to_date() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    base = x * 1
    row = base[0]
    base.mul_(3)
    (torch.reshape(row, (2, 1)) * 2).sum().backward()
    assert x.grad.tolist() == [[6.0, 6.0], [0.0, 0.0]]


def test_a_view_made_in_cpp_may_be_changed_in_place() -> None:
    x = torch.zeros(2, 3, requires_grad=True)
    base = x * 1
    base.transpose(0, 1).reshape(3, 2)[1].mul_(5)
    turned = base.transpose(0, 1)[2]
    turned.add_(1).mul_(4)
    base.sum().backward()
    assert x.grad.tolist() == [[1.0, 5.0, 4.0], [1.0, 5.0, 4.0]]
    with torch.no_grad():
        view = x.t()
    with pytest.raises(RuntimeError, match="no_grad"):
        view.mul_(2)


def test_a_change_of_what_was_saved_is_noticed() -> None:
    weight = torch.ones(2, 2, requires_grad=True)
    x = torch.ones(1, 2)
    out = torch.nn.functional.linear(x, weight)
    x.add_(1)
    with pytest.raises(RuntimeError, match="changed in place 1 time"):
        out.sum().backward()


def test_an_interrupt_is_no_error_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that raises is run again by the definition, which explains; an interrupt is passed on at once."""
    calls = []

    def kernel(*arguments: Any) -> Any:
        calls.append(arguments)
        raise KeyboardInterrupt

    linear = OPERATIONS["linear"]
    linear(torch.ones(1, 1), torch.ones(1, 1))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(linear.op.kernels, "numpy", kernel)
        linear(torch.ones(1, 1), torch.ones(1, 1))
    assert len(calls) == 1
    with pytest.raises(RuntimeError, match=r"linear"):
        linear(torch.ones(1, 2), torch.ones(3, 4))


def test_numpy_errors_stay_silent_and_as_they_were(recwarn: pytest.WarningsRecorder) -> None:
    before = numpy.geterr()
    torch.nn.functional.linear(torch.tensor([[1e38]]), torch.tensor([[1e38]]))
    with pytest.raises(RuntimeError):
        torch.nn.functional.linear(torch.ones(1, 2), torch.ones(3, 4))
    assert numpy.geterr() == before and not recwarn.list


def test_nothing_is_leaked() -> None:
    x, w = torch.ones(3, 4, requires_grad=True), torch.ones(2, 4, requires_grad=True)
    b = torch.ones(2)

    def work() -> None:
        for _ in range(50):
            out = torch.nn.functional.linear(x, w, b).transpose(0, 1)[0].sum(0).reshape(1, 1)
            out.detach().t()
            del out
        with pytest.raises(RuntimeError):
            torch.nn.functional.linear(x, torch.ones(3, 3))

    work()
    gc.collect()
    touched = [None, x, w, b, x._array, w._array, b._array, x._node, w._node, x._array.dtype, OPERATIONS["linear"].op]
    before, objects = [sys.getrefcount(each) for each in touched], len(gc.get_objects())
    work()
    gc.collect()
    after = [sys.getrefcount(each) for each in touched]
    assert all(abs(new - old) < 20 for new, old in zip(after, before, strict=True)), (before, after)
    assert abs(len(gc.get_objects()) - objects) < 20
