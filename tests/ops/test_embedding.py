"""Embedding: the sum of rows, the renormalization in place, frequencies."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl
from tinygrad_i2dl.ops.embedding import add_rows

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("indices", "rows"),
    [
        ([3, 3, 3, 3], 5),
        (list(range(20)), 20),
        ([0, 1] * 30, 2),
        ([0] * 50 + list(range(1, 30)), 40),
        (numpy.random.default_rng(0).integers(0, 30, 400).tolist(), 30),
        ([], 3),
    ],
)
def test_rows_are_summed_as_by_add_at(indices: list[int], rows: int) -> None:
    index = numpy.array(indices, dtype="int64")
    values = numpy.random.default_rng(1).standard_normal((len(index), 3))
    expected = numpy.zeros((rows, 3))
    numpy.add.at(expected, index, values)
    numpy.testing.assert_allclose(add_rows(values, index, rows), expected, atol=1e-12)


@pytest.mark.parametrize("norm_type", [1.0, 2.0, float("inf")])
def test_long_rows_are_shortened_in_place(norm_type: float) -> None:
    table = numpy.random.default_rng(0).standard_normal((6, 4)).astype("float32") * 3
    outcomes: list[Any] = []
    for library in (tinygrad_i2dl, torch):
        weight = library.tensor(table)
        result = library.nn.functional.embedding(library.tensor([1, 4, 1]), weight, max_norm=1.5, norm_type=norm_type)
        outcomes.append((result.numpy(), weight.numpy()))
    for ours, theirs in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_gradients_by_frequency() -> None:
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        weight = library.ones(4, 2, requires_grad=True)
        index = library.tensor([[1, 1, 2], [1, 0, 2]])
        library.nn.functional.embedding(index, weight, padding_idx=0, scale_grad_by_freq=True).sum().backward()
        outcomes.append(weight.grad.tolist())
    assert outcomes[0] == outcomes[1]


def test_indices_may_change_before_the_backward_pass() -> None:
    weight = tinygrad_i2dl.ones(4, 20, requires_grad=True)
    index = tinygrad_i2dl.tensor([1, 3, 1, 0, 1])
    result = tinygrad_i2dl.nn.functional.embedding(index, weight)
    index.fill_(1 << 40)
    result.sum().backward()
    assert weight.grad[:, 0].tolist() == [1.0, 3.0, 0.0, 1.0]
