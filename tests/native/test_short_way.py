"""What the callables of the short way must stand: unset fields, garbage collection amid a call, interrupts."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl.backends.native.extension import native
from tinygrad_i2dl.backends.registry import KernelTable
from tinygrad_i2dl.ops._define import OPERATIONS, FormulaNode
from tinygrad_i2dl.tensors import Tensor, View, version_of

linear, reshape = OPERATIONS["linear"], OPERATIONS["reshape_to"]
CALLS: dict[str, Any] = {
    "exp": lambda t: torch.exp(t),
    "mul": lambda t: t * t,
    "linear": lambda t: linear(t, t),
    "reshape_to": lambda t: reshape(t, (4, 3)),
}


def elementwise(definition: Any, op: Any) -> Any:
    return native.elementwise(definition, op, torch.exp.op.kernels, numpy.exp, 1, 0.0, True, True, False)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("slot", ["_array", "_node", "_grad", "_version", "_view"])
def test_an_unset_field_is_no_crash(slot: str, call: str) -> None:
    for base in (torch.ones(3, 4, requires_grad=True), torch.ones(4, 3, requires_grad=True).t()):
        version_of(base)
        delattr(base, slot)
        try:
            result = CALLS[call](base)
        except (AttributeError, TypeError) as error:
            assert slot in str(error)
        else:
            assert slot in ("_grad", "_version") and result.requires_grad
    with pytest.raises(AttributeError):
        CALLS[call](object.__new__(Tensor))


@pytest.mark.parametrize("call", CALLS)
def test_fields_of_foreign_types_are_no_crash(call: str) -> None:
    tensor: Any = torch.ones(3, 4, requires_grad=True)
    for version in ([], [1], 5, "ab"):
        tensor._version = version
        if call == "exp":  # saves its result alone
            assert torch.exp(tensor).requires_grad
            continue
        with pytest.raises((TypeError, IndexError)):
            CALLS[call](tensor)
    tensor._version = [0, 0]
    for view in (5, [], View.__new__(View)):
        tensor._view = view
        with pytest.raises(AttributeError):
            CALLS[call](tensor)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from Python 3.12 on it collects between instructions alone")
def test_garbage_collection_amid_a_call_sees_whole_objects() -> None:
    """Every allocation may collect; what is seen of a call then has all its fields."""
    slots = {
        FormulaNode: ("number", "parents", "shape", "dtype", "hooks", "trace", "op", "saved", "guards"),
        View: View.__slots__,
        Tensor: ("_array", "_node", "_grad", "_version", "_view"),
    }
    seen, unset = 0, []

    def look(phase: str, _: Any) -> None:
        nonlocal seen
        if phase == "start":
            for each in gc.get_objects(generation=0):
                if type(each) in slots:
                    seen += 1
                    unset.extend([(type(each), name) for name in slots[type(each)] if not hasattr(each, name)])

    x = torch.ones(3, 4, requires_grad=True)
    thresholds = gc.get_threshold()
    gc.callbacks.append(look)
    gc.set_threshold(1)
    try:
        kept = [(linear((x * 2).t().reshape(3, 4)[0:2], x).exp() / 3).sum(0) for _ in range(20)]
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(look)
    assert len(kept) == 20 and seen and not unset


def test_a_callable_gives_back_what_it_owns() -> None:
    op, tail = types.SimpleNamespace(recipe=lambda: ()), (object(),)
    kernels = KernelTable.__new__(KernelTable)
    kernels.numpy = lambda value: value
    touched = (op, tail, kernels)
    before = [sys.getrefcount(each) for each in touched]
    for view in (False, True):
        short: Any = native.operation(lambda *_: "defined", op, kernels, tail, 0, [0], [], False, view)
        short.itself = short
        assert short(torch.ones(2)).tolist() == [1.0, 1.0]
        del kernels.numpy
        assert short(torch.ones(2)) == short(numpy.ones(2)) == "defined"
        kernels.numpy = lambda value: value
        short = None
    gc.collect()
    assert [sys.getrefcount(each) for each in touched] == before


@pytest.mark.parametrize("function", [torch.exp, torch.mul, linear, reshape])
def test_weak_references_as_to_functions(function: Any) -> None:
    assert weakref.ref(function)() is function
    short = elementwise(function.definition if hasattr(function, "definition") else function, torch.exp.op)
    reference = weakref.ref(short)
    short.__name__ = 5
    assert repr(short).startswith("<function 5 at ")
    del short
    assert reference() is None


def test_an_interrupt_amid_the_first_call_is_passed_on() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    op = types.SimpleNamespace(picks=interrupted, recipe=interrupted)
    torch.exp(torch.ones(2))  # until its kernel was looked up, no call goes the short way
    with pytest.raises(KeyboardInterrupt):
        elementwise(lambda value: None, op)(torch.ones(2))
    short = native.operation(lambda value: None, op, linear.op.kernels, (None,), 0, [0], [], False, False)
    with pytest.raises(KeyboardInterrupt):
        short(torch.ones(2))
