"""torch.func against PyTorch's: derivatives as functions, nested, of trees of parameters."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_i2dl as torch
from tests.nn.oracle import assert_close, copy_state, oracle, random, theirs_of


def cubes(x: Any, y: Any = None) -> Any:
    return (x**3).sum() if y is None else (x**3 * y).sum()


def test_gradients_of_functions() -> None:
    x, y = random(3), random(3, seed=1)
    twins = theirs_of(x), theirs_of(y)
    for argnums in (0, 1, (0, 1), -1):
        assert_close(torch.func.grad(cubes, argnums)(x, y), oracle.func.grad(cubes, argnums)(*twins))
    ours = torch.func.grad_and_value(lambda a: (cubes(a), {"more": a * 2}), has_aux=True)(x)
    theirs = oracle.func.grad_and_value(lambda a: (cubes(a), {"more": a * 2}), has_aux=True)(twins[0])
    assert_close(ours[0], theirs[0])
    assert_close(ours[1][0], theirs[1][0])
    assert_close(ours[1][1]["more"], theirs[1][1]["more"])
    assert not ours[0].requires_grad
    assert not ours[1][0].requires_grad


def test_derivatives_nest() -> None:
    def second(library: Any, x: Any) -> Any:
        return library.func.grad(lambda a: library.func.grad(cubes)(a).sum())(x)

    x = random(3)
    assert_close(second(torch, x), second(oracle, theirs_of(x)))
    leaf = random(3, requires_grad=True)
    twin = theirs_of(leaf)
    torch.func.grad(cubes)(leaf).sum().backward()
    oracle.func.grad(cubes)(twin).sum().backward()
    assert_close(leaf.grad, twin.grad)


def test_parameters_as_a_dictionary() -> None:
    ours, theirs = torch.nn.Linear(3, 2).double(), oracle.nn.Linear(3, 2).double()
    copy_state(ours, theirs)
    x = random(4, 3)

    def loss(library: Any, model: Any, input: Any) -> Any:
        return lambda parameters: (library.func.functional_call(model, parameters, (input,)) ** 2).sum()

    gradients = torch.func.grad(loss(torch, ours, x))(dict(ours.named_parameters()))
    expected = oracle.func.grad(loss(oracle, theirs, theirs_of(x)))(dict(theirs.named_parameters()))
    assert list(gradients) == list(expected)
    for name, gradient in gradients.items():
        assert_close(gradient, expected[name])
    assert ours.weight.grad is None


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # PyTorch's own, in its forward mode
def test_jacobians_hessians_and_products() -> None:
    def field(x: Any) -> Any:
        return x.unsqueeze(0) ** 2 * x.unsqueeze(1)

    x, v, w = random(3), random(3, seed=1), random(3, 3, seed=2)
    twin = theirs_of(x)
    assert_close(torch.func.jacrev(field)(x), oracle.func.jacrev(field)(twin))
    assert_close(torch.func.jacfwd(field)(x), oracle.func.jacfwd(field)(twin))
    assert_close(torch.func.hessian(cubes)(x), oracle.func.hessian(cubes)(twin))
    assert_close(torch.func.hessian(cubes, 1)(x, v), oracle.func.hessian(cubes, 1)(twin, theirs_of(v)))
    assert_close(torch.func.jvp(field, (x,), (v,)), oracle.func.jvp(field, (twin,), (theirs_of(v),)))
    value, pull = torch.func.vjp(field, x)
    expected, their_pull = oracle.func.vjp(field, twin)
    assert_close(value, expected)
    assert_close(pull(w), their_pull(theirs_of(w)))
    assert_close(pull(w * 2), their_pull(theirs_of(w) * 2))


def test_what_cannot_be_differentiated() -> None:
    for library in (oracle, torch):
        with pytest.raises(RuntimeError):
            library.func.grad(lambda x: x * 2)(library.ones(3))
        with pytest.raises(RuntimeError):
            library.func.grad(cubes, 2)(library.ones(3))
