"""Products and linear algebra: random subscripts, singular matrices, shapes in errors, gauge-free losses."""

from __future__ import annotations

import random
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch

oracle = pytest.importorskip("torch")


def random_equation(chooser: random.Random) -> tuple[str, list[tuple[int, ...]]]:
    """Subscripts of one to three tensors over five letters, and fitting shapes."""
    sizes = dict(zip("abcde", (2, 3, 1, 4, 2), strict=True))
    terms = ["".join(chooser.sample("abcde", chooser.randint(0, 3))) for _ in range(chooser.randint(1, 3))]
    if chooser.random() < 0.2 and terms[0]:
        terms[0] += terms[0][0]
    present = sorted(set("".join(terms)))
    output = "".join(chooser.sample(present, chooser.randint(0, len(present))))
    equation = ",".join(terms) + ("" if chooser.random() < 0.2 else "->" + output)
    return equation, [tuple(sizes[letter] for letter in term) for term in terms]


@pytest.mark.parametrize("seed", range(120))
def test_random_einsum(seed: int) -> None:
    equation, shapes = random_equation(random.Random(seed))
    arrays = [numpy.random.default_rng(seed + i).normal(size=shape) for i, shape in enumerate(shapes)]
    outcomes = []
    for library in (torch, oracle):
        tensors = [library.from_numpy(numpy.asarray(each)).requires_grad_() for each in arrays]
        result = library.einsum(equation, *tensors)
        (result * result).sum().backward()
        outcomes.append([result.detach().numpy(), *[each.grad.numpy() for each in tensors]])
    for mine, expected in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(mine, expected, rtol=1e-10, atol=1e-12, err_msg=equation)


def test_einsum_by_lists_of_numbers() -> None:
    a, b = torch.ones(2, 3), torch.ones(3, 4)
    assert tuple(torch.einsum(a, [0, 1], b, [1, 2], [0, 2]).shape) == (2, 4)


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_determinant_of_singular_matrices_has_the_gradient_of_its_minors(rank: int) -> None:
    generator = numpy.random.default_rng(rank)
    matrix = generator.normal(size=(3, rank)) @ generator.normal(size=(rank, 3))
    x = torch.from_numpy(matrix).requires_grad_()
    torch.det(x).backward()
    expected = numpy.array(
        [
            [(-1) ** (i + j) * numpy.linalg.det(numpy.delete(numpy.delete(matrix, i, 0), j, 1)) for j in range(3)]
            for i in range(3)
        ]
    )
    numpy.testing.assert_allclose(x.grad.numpy(), expected, atol=1e-12)


def _gauge_free(library: Any, name: str, matrix: Any) -> Any:
    """A function of a factorisation that does not depend on signs."""
    parts = (
        getattr(library.linalg, name)(matrix, full_matrices=False)
        if name == "svd"
        else getattr(library.linalg, name)(matrix)
    )
    return sum(
        ((part * part) * library.arange(part.numel(), dtype=library.float64).reshape(part.shape)).sum()
        for part in parts
    )


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 3)])
@pytest.mark.parametrize("name", ["svd", "qr", "eigh"])
def test_factorisations_differentiate_twice(name: str, shape: tuple[int, ...]) -> None:
    if name == "eigh" and shape[-1] != shape[-2]:
        shape = (3, 3)
    data = numpy.random.default_rng(1).normal(size=shape)
    if name == "eigh":
        data = data + data.swapaxes(-1, -2)
    outcomes = []
    for library in (torch, oracle):
        x = library.from_numpy(data.copy()).requires_grad_()
        (first,) = library.autograd.grad(
            _gauge_free(library, name, (x + x.mT) / 2 if name == "eigh" else x), x, create_graph=True
        )
        (second,) = library.autograd.grad((first * first).sum(), x)
        outcomes.append((first.detach().numpy(), second.numpy()))
    for mine, expected in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(mine, expected, rtol=1e-6, atol=1e-8)


def test_pseudo_inverse_of_a_singular_matrix_differentiates() -> None:
    generator = numpy.random.default_rng(0)
    left, right = generator.normal(size=(4, 2)), generator.normal(size=(2, 3))
    outcomes = []
    for library in (torch, oracle):
        a, b = (library.from_numpy(each.copy()).requires_grad_() for each in (left, right))
        (library.linalg.pinv(a @ b, rtol=1e-8) ** 2).sum().backward()
        outcomes.append((a.grad.numpy(), b.grad.numpy()))
    for mine, expected in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(mine, expected, rtol=1e-6)


def test_products_of_transposed_views_do_not_copy() -> None:
    x = torch.zeros(300, 200).t()
    assert not x._array.flags.c_contiguous
    assert numpy.shares_memory(x._array, x.t()._array)
    assert tuple((x @ x.t()).shape) == (200, 200)


def test_errors_name_both_shapes() -> None:
    for call in (
        lambda: torch.zeros(2, 3) @ torch.zeros(4, 5),
        lambda: torch.mm(torch.zeros(2, 3), torch.zeros(4, 5)),
        lambda: torch.nn.functional.linear(torch.zeros(2, 3), torch.zeros(4, 5)),
    ):
        with pytest.raises(RuntimeError, match=r"\(2, 3\).*\(4, 5\)"):
            call()


def test_singular_systems_are_refused() -> None:
    with pytest.raises(torch.linalg.LinAlgError):
        torch.linalg.inv(torch.zeros(2, 2))
    with pytest.raises(RuntimeError, match="positive definite"):
        torch.linalg.cholesky(-torch.eye(2))


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_matrix_exponential(scale: float) -> None:
    data = numpy.random.default_rng(0).normal(size=(4, 4)) * scale
    result = torch.matrix_exp(torch.from_numpy(data)).numpy()
    expected = oracle.matrix_exp(oracle.from_numpy(data)).numpy()
    numpy.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12 * abs(expected).max())
