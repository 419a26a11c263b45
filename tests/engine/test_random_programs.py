"""Random programs, run by this library and by PyTorch: values, gradients, leaves and refusals must agree.

A program is a list of steps on a growing list of matrices: operations, views, changes in place, backward passes with
gradients that the user keeps, changes of `grad`, optimizer steps. What a program finds that no other test does is
mostly memory that two tensors share and should not, or the other way round.
"""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch as oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_i2dl as torch

# Each takes the library and three tensors and returns a new tensor, or None where it changes what there is.
OPERATIONS: list[Callable[..., Any]] = [
    lambda lib, x, y, z: x + y,
    lambda lib, x, y, z: x - y * 2,
    lambda lib, x, y, z: x * y,
    lambda lib, x, y, z: x @ y,
    lambda lib, x, y, z: x.sin() * y,
    lambda lib, x, y, z: x.tanh(),
    lambda lib, x, y, z: x.detach(),
    lambda lib, x, y, z: x.clone(),
    lambda lib, x, y, z: lib.where(x > 0, x, y),
    lambda lib, x, y, z: x.softmax(-1) + y.sum(0),
    lambda lib, x, y, z: lib.cat([x, y])[1:4],
    lambda lib, x, y, z: lib.stack([x, y, x]).sum(0),
    lambda lib, x, y, z: x[lib.tensor([0, 2, 0])],
    lambda lib, x, y, z: lib.nn.functional.linear(x, y, z[0]),
    lambda lib, x, y, z: lib.nn.functional.layer_norm(x, (3,), y[0], z[1]),
    lambda lib, x, y, z: x.mean(0, keepdim=True) + y.mean(),
    lambda lib, x, y, z: x.masked_fill(y > 0, 0.5),
    lambda lib, x, y, z: x.t(),
    lambda lib, x, y, z: x[1:].sum(0).expand(3, 3) * 1,
    lambda lib, x, y, z: x.view(-1)[::2].sum() * y,
    lambda lib, x, y, z: x.reshape(9).view(3, 3),
    lambda lib, x, y, z: sum(part * n for n, part in enumerate(x.unbind(1))) + y,
    lambda lib, x, y, z: lib.nn.Parameter(x.detach()),
    lambda lib, x, y, z: x.detach().clone().requires_grad_(),
]
CHANGES: list[Callable[..., Any]] = [
    lambda lib, x, y, z: x.mul_(2),
    lambda lib, x, y, z: x.add_(y),
    lambda lib, x, y, z: x[0].mul_(y[1]),
    lambda lib, x, y, z: x.t().tanh_(),
    lambda lib, x, y, z: x.view(-1)[3:6].copy_(y[2]),
    lambda lib, x, y, z: x.__setitem__((slice(None), 1), y.sum()),
    lambda lib, x, y, z: x.detach().mul_(0.5),
    lambda lib, x, y, z: x.masked_fill_(y > 1, 0.25),
    lambda lib, x, y, z: x.requires_grad_(),
    lambda lib, x, y, z: x.requires_grad_(False),
    lambda lib, x, y, z: x.detach_(),
    lambda lib, x, y, z: x.retain_grad(),
    lambda lib, x, y, z: x.register_hook(lambda g: g * 2),
    lambda lib, x, y, z: _unrecorded(lib, lambda: x.mul_(0.5)),
    lambda lib, x, y, z: _unrecorded(lib, lambda: x.sub_(x.grad)),
    lambda lib, x, y, z: x.grad.mul_(3),
    lambda lib, x, y, z: x.grad.zero_(),
    lambda lib, x, y, z: setattr(x, "grad", None),
    lambda lib, x, y, z: setattr(x, "grad", y.detach()),
    lambda lib, x, y, z: lib.nn.utils.clip_grad_norm_([x], 0.5),
    lambda lib, x, y, z: lib.optim.SGD([x], lr=0.1, momentum=0.9).step(),
    lambda lib, x, y, z: lib.optim.Adam([x], lr=0.1).step(),
]
# Gradients are given as copies: PyTorch may take a given tensor's memory for a leaf's `grad`; this library does not.
PASSES: list[Callable[..., Any]] = [
    lambda lib, x, y, z: x.sum().backward(retain_graph=True),
    lambda lib, x, y, z: (x * x).sum().backward(retain_graph=True),
    lambda lib, x, y, z: ((x + y) * z).sum().backward(retain_graph=True),
    lambda lib, x, y, z: x.backward(y.detach() * 1, retain_graph=True),
    lambda lib, x, y, z: x.backward(y.grad * 1, retain_graph=True),
    lambda lib, x, y, z: (x + y).backward(lib.ones(1, 3).double().expand(3, 3), retain_graph=True),
    lambda lib, x, y, z: lib.autograd.backward([x, y], [z.detach() * 1, z.detach() * 1], retain_graph=True),
    lambda lib, x, y, z: lib.autograd.grad((x * x).sum(), y, retain_graph=True)[0].clone(),
    lambda lib, x, y, z: lib.autograd.grad((x * x).sum(), y, create_graph=True)[0] * 1,
]
STEPS = OPERATIONS + CHANGES + PASSES
KINDS = [
    st.integers(0, len(OPERATIONS) - 1),
    st.integers(len(OPERATIONS), len(OPERATIONS) + len(CHANGES) - 1),
    st.integers(len(OPERATIONS) + len(CHANGES), len(STEPS) - 1),
]


def _unrecorded(lib: Any, change: Callable[[], Any]) -> None:
    with lib.no_grad():
        change()


def _state(tensors: list[Any]) -> list[Any]:
    return [
        (each.detach().numpy().copy(), None if each.grad is None else each.grad.detach().numpy().copy())
        for each in tensors
    ]


def _take(step: int, lib: Any, tensors: list[Any], places: list[int]) -> Exception | None:
    try:
        result = STEPS[step](lib, *[tensors[place % len(tensors)] for place in places])
    except (RuntimeError, AttributeError, IndexError, TypeError, ValueError) as error:
        return error
    if step < len(OPERATIONS) or step >= len(STEPS) - 2:
        tensors.append(result)
    return None


@pytest.mark.filterwarnings("ignore")  # PyTorch's, of gradients of tensors that are no leaves
@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.integers(0, 11).flatmap(lambda kind: KINDS[0 if kind < 5 else 1 if kind < 8 else 2]),
            st.lists(st.integers(0, 11) | st.integers(0, 2), min_size=3, max_size=3),
        ),
        min_size=8,
        max_size=24,
    )
)
def test_random_programs(program: list[tuple[int, list[int]]]) -> None:
    values = numpy.random.default_rng(0).integers(-4, 5, (3, 3, 3)) / 4
    ours, theirs = ([lib.tensor(each.tolist(), dtype=lib.float64) for each in values] for lib in (torch, oracle))
    for tensors in (ours, theirs):
        for leaf in tensors[:2]:
            leaf.requires_grad_()
    for step, places in program:
        mine, other = (_take(step, lib, tensors, places) for lib, tensors in ((torch, ours), (oracle, theirs)))
        if mine is None and other is not None and step >= len(OPERATIONS):
            return  # PyTorch saves other values for some gradients, and refuses more changes of them
        assert (mine is None) == (other is None), (mine, other)
        if other is not None and "inplace operation" in str(other):
            return  # amid a backward pass: which leaves it reached differs
        for number, (a, b) in enumerate(zip(_state(ours), _state(theirs), strict=True)):
            numpy.testing.assert_allclose(a[0], b[0], rtol=1e-9, atol=1e-9, err_msg=f"values of {number}")
            assert (a[1] is None) == (b[1] is None), f"grad of {number}"
            if a[1] is not None:
                numpy.testing.assert_allclose(a[1], b[1], rtol=1e-9, atol=1e-9, err_msg=f"grad of {number}")
            mine_flags, other_flags = ((t[number].requires_grad, t[number].is_leaf) for t in (ours, theirs))
            assert mine_flags == other_flags, f"(requires_grad, is_leaf) of {number}"
