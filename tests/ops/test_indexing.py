"""Indexing against PyTorch: random mixtures of all kinds of indices, assignment, gradients, and what is refused."""

from __future__ import annotations

import random
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch

oracle = pytest.importorskip("torch")

SHAPE = (4, 5, 6)


def random_index(chooser: random.Random) -> tuple[Any, ...]:
    """An index of up to three dimensions; arrays in it broadcast together."""
    rows = chooser.choice([(3,), (2, 3), (1,)])
    parts: list[Any] = []
    dims = chooser.randint(0, 3)
    for dim in range(dims):
        kind = chooser.choice(["int", "slice", "array", "list", "mask", "all"])
        size = SHAPE[dim]
        if kind == "int":
            parts.append(chooser.randint(-size, size - 1))
        elif kind == "slice":
            start, stop = sorted((chooser.randint(-size, size), chooser.randint(-size, size)))
            parts.append(slice(start, stop, chooser.choice([None, 1, 2])))
        elif kind == "array":
            parts.append(numpy.array([chooser.randint(-size, size - 1) for _ in range(numpy.prod(rows))]).reshape(rows))
        elif kind == "list":
            parts.append([chooser.randint(0, size - 1) for _ in range(rows[-1])])
        elif kind == "mask" and not any(isinstance(part, (list, numpy.ndarray)) for part in parts):
            mask = numpy.zeros(size, dtype=bool)
            mask[[chooser.randint(0, size - 1)]] = True  # one element: it broadcasts with every array
            parts.append(mask)
        else:
            parts.append(slice(None))
    if chooser.random() < 0.3:
        parts.insert(chooser.randint(0, len(parts)), None)
    if chooser.random() < 0.3:
        parts.insert(len(parts), Ellipsis)
    return tuple(parts)


def of(library: Any, index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(of(library, part) for part in index)
    return library.from_numpy(index) if isinstance(index, numpy.ndarray) else index


@pytest.mark.parametrize("seed", range(200))
def test_random_index(seed: int) -> None:
    index = random_index(random.Random(seed))
    data = numpy.random.default_rng(seed).normal(size=SHAPE)
    ours, theirs = torch.from_numpy(data.copy()).requires_grad_(), oracle.from_numpy(data.copy()).requires_grad_()
    result, expected = ours[of(torch, index)], theirs[of(oracle, index)]
    assert tuple(result.shape) == tuple(expected.shape), index
    numpy.testing.assert_array_equal(result.detach().numpy(), expected.detach().numpy())
    weight = numpy.random.default_rng(seed + 1).normal(size=tuple(expected.shape))
    result.backward(torch.from_numpy(weight))
    expected.backward(oracle.from_numpy(weight))
    numpy.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "plain"])
@pytest.mark.parametrize("seed", range(60))
def test_random_assignment(seed: int, recorded: bool) -> None:
    index = random_index(random.Random(seed))
    data = numpy.random.default_rng(seed).normal(size=SHAPE)
    shape = tuple(oracle.from_numpy(data)[of(oracle, index)].shape)
    value = numpy.random.default_rng(seed + 1).normal(size=shape[1:] if seed % 2 else ())
    if any(isinstance(part, (list, numpy.ndarray)) for part in index):
        value = numpy.asarray(value.reshape(-1)[0] if value.size else 1.5)  # of elements named twice any value may win
    outcomes = []
    for library in (torch, oracle):
        leaf, given = (
            library.from_numpy(each.copy()).requires_grad_(recorded) for each in (data, numpy.asarray(value))
        )
        changed = leaf * 2
        changed[of(library, index)] = given
        gradients = [None, None]
        if recorded:
            (changed * changed).sum().backward()
            gradients = [leaf.grad.numpy(), None if given.grad is None else given.grad.numpy()]
        outcomes.append((changed.detach().numpy(), *gradients))
    for mine, expected in zip(*outcomes, strict=True):
        if mine is not None and expected is not None:
            numpy.testing.assert_allclose(mine, expected, rtol=1e-12)


def test_change_through_views_differentiates() -> None:
    outcomes = []
    for library in (torch, oracle):
        leaf = library.arange(12, dtype=library.float64).reshape(3, 4).requires_grad_()
        x = leaf * 1
        x[:, 0] += 1
        row = x[1]
        row.mul_(3)
        x[2, 1:3] = row[:2]
        x[x > 20] = 0.5
        (x * x).sum().backward()
        outcomes.append((x.detach().numpy(), leaf.grad.numpy()))
    for mine, expected in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(mine, expected)


def test_index_changed_after_use_does_not_change_the_gradient() -> None:
    x = torch.arange(4, dtype=torch.float64).requires_grad_()
    index = torch.tensor([0, 0])
    picked = x[index]
    index.fill_(3)
    picked.sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("size", [100, 3000])
def test_rows_named_often_get_all_their_gradients(size: int) -> None:
    random_numbers = numpy.random.default_rng(0)
    index, rows = random_numbers.integers(-50, 50, size), random_numbers.normal(size=(size, 7))
    x = torch.zeros(50, 7, dtype=torch.float64).requires_grad_()
    (x[torch.from_numpy(index)] * torch.from_numpy(rows)).sum().backward()
    expected = numpy.zeros((50, 7))
    numpy.add.at(expected, index, rows)
    numpy.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-12, atol=1e-12)


def test_value_of_a_wrong_shape_is_named() -> None:
    x = torch.zeros(3, 4)
    with pytest.raises(RuntimeError, match=r"value has shape \(3,\), the elements to be set have shape \(4,\)"):
        x[0] = torch.ones(3)


def test_half_precision_accumulates() -> None:
    x = torch.zeros(2, dtype=torch.float16)
    x.index_put_((torch.tensor([0, 0, 1]),), torch.ones(3, dtype=torch.float16), accumulate=True)
    assert x.tolist() == [2.0, 1.0]


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (3, 3, 3), (0, 3)])
@pytest.mark.parametrize("wrap", [False, True])
def test_fill_diagonal(shape: tuple[int, ...], wrap: bool) -> None:
    ours, theirs = (library.ones(shape, dtype=library.float64, requires_grad=True) for library in (torch, oracle))
    filled = [(x * 3).fill_diagonal_(-2, wrap=wrap) for x in (ours, theirs)]
    assert filled[0].tolist() == filled[1].tolist()
    for result in filled:
        (result * result).sum().backward()
    assert ours.grad.tolist() == theirs.grad.tolist()


def test_fill_diagonal_refuses_other_shapes() -> None:
    for shape in [(3,), (2, 3, 3)]:
        with pytest.raises(RuntimeError, match="of equal size"):
            torch.zeros(shape).fill_diagonal_(1)


@pytest.mark.parametrize("choices", [(1, 2), (True, False), (True, 2), (1.0, 0.0), (1, 2.0), (True, 0.5)])
@pytest.mark.parametrize("default", ["float32", "float64"])
def test_where_of_two_numbers_has_their_dtype(choices: tuple[Any, Any], default: str) -> None:
    def run(library: Any) -> tuple[str, Any]:
        library.set_default_dtype(getattr(library, default))
        try:
            result = library.where(library.tensor([True, False]), *choices)
        finally:
            library.set_default_dtype(library.float32)
        return str(result.dtype).rpartition(".")[2], result.tolist()

    assert run(torch) == run(oracle)


@pytest.mark.parametrize("index", [slice("a", None), slice(1.5, None), slice(None, torch.tensor(2.0))])
def test_slices_of_something_else_than_integers(index: slice) -> None:
    with pytest.raises(TypeError, match=r"integers and None, got .*//|only integer tensors"):
        torch.ones(3)[index]
