"""Reductions: accuracy of large sums, ties, NaN, empty dimensions, dtypes."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch

oracle = pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "dims"),
    [
        ((100_003,), None),
        ((1000, 64), 0),
        ((1000, 64), 1),
        ((50, 40, 30), (0, 1)),
        ((50, 40, 30), (1, 2)),
        ((50, 40, 30), (0, 2)),
        ((50, 40, 30), 1),
        ((70_000, 3), 0),
        ((3, 70_000), 1),
    ],
)
def test_large_sums_are_as_accurate_as_the_dtype(shape: tuple[int, ...], dims: Any, dtype: str) -> None:
    values = (numpy.random.default_rng(0).random(shape) + 0.5).astype(dtype)
    exact = values.astype("float64").sum(axis=dims)
    tolerance = 2e-5 if dtype == "float32" else 1e-13
    for name, expected in (("sum", exact), ("mean", exact / (values.size / exact.size))):
        for keepdim in (False, True):
            result = getattr(torch, name)(torch.from_numpy(values), dims, keepdim)
            wanted = values.sum(axis=dims, keepdims=keepdim).shape
            assert tuple(result.shape) == wanted
            assert str(result.dtype) == f"torch.{dtype}"
            numpy.testing.assert_allclose(result.numpy().reshape(exact.shape), expected, rtol=tolerance)


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
def test_special_values_reach_only_their_own_sums(value: float) -> None:
    values = numpy.ones((64, 128))
    values[3, 5] = value
    for dim in (0, 1):
        numpy.testing.assert_array_equal(torch.from_numpy(values).sum(dim).numpy(), values.sum(dim))


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin", "argmax", "argmin", "median", "cummax", "cummin"])
def test_ties_and_nan(name: str) -> None:
    data = numpy.array([[1.0, 3.0, 3.0, 1.0], [2.0, numpy.nan, 5.0, numpy.nan], [0.0, 0.0, 0.0, 0.0]])
    ours, theirs = torch.from_numpy(data), oracle.from_numpy(data)
    result, expected = (getattr(library_tensor, name)(1) for library_tensor in (ours, theirs))
    if not isinstance(expected, tuple):
        result, expected = (result,), (expected,)
    for mine, other in zip(result, expected, strict=True):
        numpy.testing.assert_array_equal(mine.numpy(), other.numpy())


@pytest.mark.parametrize("name", ["max", "min", "median"])
def test_extremum_of_all_shares_its_gradient_among_equals(name: str) -> None:
    gradients = []
    for library in (torch, oracle):
        x = library.tensor([2.0, 2.0, 2.0, 2.0], requires_grad=True)
        getattr(x, name)().backward()
        gradients.append(x.grad.tolist())
    assert gradients[0] == gradients[1] == [0.25] * 4


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "any", "all", "logsumexp", "norm", "cumsum"])
def test_empty_dimensions(name: str) -> None:
    ours, theirs = torch.zeros(0, 3), oracle.zeros(0, 3)
    arguments: tuple[Any, ...] = (2, 0) if name == "norm" else (0,)
    result, expected = getattr(ours, name)(*arguments), getattr(theirs, name)(*arguments)
    numpy.testing.assert_array_equal(result.numpy(), expected.numpy())
    assert str(result.dtype) == str(expected.dtype)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64"])
@pytest.mark.parametrize("name", ["sum", "prod", "cumsum", "cumprod"])
def test_integers_are_added_as_int64_unless_told(name: str, dtype: str) -> None:
    data = numpy.array([[1, 0, 1], [1, 1, 1]]).astype(dtype)
    for wanted in (None, "int32", "uint8", "float32"):
        outcomes = []
        for library in (torch, oracle):
            keywords = {} if wanted is None else {"dtype": getattr(library, wanted)}
            outcomes.append(getattr(library.from_numpy(data), name)(1, **keywords))
        assert str(outcomes[0].dtype) == str(outcomes[1].dtype)
        numpy.testing.assert_array_equal(outcomes[0].numpy(), outcomes[1].numpy())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_does_not_overflow_on_the_way(dtype: str) -> None:
    x = torch.full((1000,), 100.0).to(getattr(torch, dtype))
    assert x.mean().item() == pytest.approx(100, rel=1e-2)
    assert x.std().item() == pytest.approx(0, abs=1e-2)
    assert str(x.mean().dtype) == f"torch.{dtype}"


def test_sorting_keeps_the_order_of_equal_elements() -> None:
    data = numpy.random.default_rng(0).integers(0, 5, (6, 200)).astype("float32")
    for descending in (False, True):
        values, indices = torch.sort(torch.from_numpy(data), dim=1, descending=descending)
        expected = oracle.sort(oracle.from_numpy(data), dim=1, descending=descending, stable=True)
        numpy.testing.assert_array_equal(values.numpy(), expected.values.numpy())
        numpy.testing.assert_array_equal(indices.numpy(), expected.indices.numpy())


@pytest.mark.parametrize("name", ["sort", "topk", "kthvalue", "max", "min", "median", "mode", "cummax"])
def test_values_that_were_picked_may_be_changed_in_place(name: str) -> None:
    def program(library: Any) -> Any:
        x = library.tensor([[0.3, 2.0, -1.0], [5.0, 0.5, 0.7]], requires_grad=True)
        call = getattr(x, name)
        values = (call(1) if name in ("topk", "kthvalue") else call(dim=1))[0]
        values.mul_(3)
        values.sum().backward()
        return x.grad.tolist()

    assert program(torch) == program(oracle)


@pytest.mark.parametrize("dim", ["a", (0, "a"), (1.0,), 1.5])
@pytest.mark.parametrize("name", ["sum", "mean", "std", "all", "squeeze", "norm"])
def test_dimensions_that_are_no_integers(name: str, dim: Any) -> None:
    with pytest.raises(TypeError, match="dim must be an integer"):
        getattr(torch, name)(torch.ones(2, 3), dim=dim)


@pytest.mark.parametrize("name", ["softmax", "cumsum", "argmax", "sort"])
def test_several_dimensions_where_one_is_meant(name: str) -> None:
    with pytest.raises(TypeError, match=r"dim must be an integer that counts a dimension, got \[1\] \(list\)"):
        getattr(torch, name)(torch.ones(2, 3), dim=[1])


def test_a_tensor_counts_a_dimension() -> None:
    for lib in (torch, oracle):
        x = lib.ones(2, 1)
        assert [x.squeeze(lib.tensor(1)).shape, x.sum(lib.tensor(1)).shape] == [(2,), (2,)]
