"""Jacobians, Hessians and products with them, against PyTorch."""

import numpy
import pytest
import torch as reference

import tinygrad_i2dl as torch

X = [[0.5, -1.0], [2.0, 0.3]]
Y = [1.5, -0.7]


def close(ours, theirs):
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            close(a, b)
        return
    assert tuple(ours.shape) == tuple(theirs.shape)
    numpy.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


def both(program):
    close(
        *(
            program(lib, lib.tensor(X, dtype=lib.float64), lib.tensor(Y, dtype=lib.float64))
            for lib in (torch, reference)
        )
    )


def vector_function(lib):
    return lambda x, y: ((x @ y).tanh(), (x * x).sum(0) * y)


def scalar_function(lib):
    return lambda x, y: ((x @ y) ** 3).sum() + (x * y).exp().sum()


def test_jacobian_of_several():
    both(lambda lib, x, y: lib.autograd.functional.jacobian(vector_function(lib), (x, y)))


def test_jacobian_of_one():
    both(lambda lib, x, y: lib.autograd.functional.jacobian(lambda x: x**2, x))


def test_hessian():
    both(lambda lib, x, y: lib.autograd.functional.hessian(scalar_function(lib), (x, y)))
    both(lambda lib, x, y: lib.autograd.functional.hessian(lambda y: (y**4).sum(), y))


def test_vjp_and_jvp():
    both(lambda lib, x, y: lib.autograd.functional.vjp(vector_function(lib), (x, y), (y, 2 * y)))
    both(lambda lib, x, y: lib.autograd.functional.jvp(vector_function(lib), (x, y), (x * 2, y + 1)))


def test_vhp_and_hvp():
    both(lambda lib, x, y: lib.autograd.functional.vhp(scalar_function(lib), (x, y), (x + 1, y)))
    both(lambda lib, x, y: lib.autograd.functional.hvp(scalar_function(lib), (x, y), (x + 1, y)))


def test_create_graph_allows_another_derivative():
    def program(lib, x, y):
        y = y.requires_grad_()
        jacobian = lib.autograd.functional.jacobian(lambda y: y**3, y, create_graph=True)
        return lib.autograd.grad(jacobian.sum(), y)

    both(program)


def test_independent_outputs_give_zeros_or_raise():
    both(lambda lib, x, y: lib.autograd.functional.jacobian(lambda x, y: x * 2, (x, y)))
    with pytest.raises(RuntimeError, match="does not depend"):
        torch.autograd.functional.jacobian(lambda x, y: x * 2, (torch.ones(2), torch.ones(2)), strict=True)


def test_wrong_vector_is_explained():
    with pytest.raises(RuntimeError, match=r"\(2,\).*\(3,\)"):
        torch.autograd.functional.vjp(lambda x: x * 2, torch.ones(2), torch.ones(3))
    with pytest.raises(RuntimeError, match="one element"):
        torch.autograd.functional.hessian(lambda x: x * 2, torch.ones(2))
