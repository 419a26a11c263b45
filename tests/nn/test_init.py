"""Initial values against PyTorch from the same seed, and against what each scheme promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tests.nn.oracle import oracle, to_array

# Normal numbers differ from PyTorch's in the last bits (generator/README.md), all others are the same bits.
UNIFORM: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("uniform_", (5, 7), {"a": -2.0, "b": 3.0}),
    ("constant_", (3, 2), {"val": 0.3}),
    ("ones_", (3,), {}),
    ("zeros_", (3,), {}),
    ("eye_", (3, 5), {}),
    ("dirac_", (6, 2, 3), {}),
    ("dirac_", (6, 2, 3, 3), {"groups": 3}),
    ("xavier_uniform_", (20, 30), {"gain": 1.5}),
    ("kaiming_uniform_", (20, 30), {}),
    ("kaiming_uniform_", (8, 3, 5, 5), {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_uniform_", (8, 3, 5), {"a": 0.2, "mode": "fan_in", "nonlinearity": "leaky_relu"}),
]
NORMAL: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("normal_", (5, 7), {"mean": 1.0, "std": 2.0}),
    ("trunc_normal_", (50, 7), {}),
    ("trunc_normal_", (50, 7), {"mean": 1.0, "std": 0.5, "a": 0.5, "b": 1.0}),
    ("trunc_normal_", (50, 7), {"a": 1.5, "b": 2.0}),
    ("xavier_normal_", (20, 30), {}),
    ("kaiming_normal_", (20, 30), {"nonlinearity": "tanh"}),
    ("kaiming_normal_", (8, 3, 5, 5), {"mode": "fan_out"}),
    ("sparse_", (10, 6), {"sparsity": 0.3}),
    ("orthogonal_", (6, 4), {}),
    ("orthogonal_", (4, 6), {"gain": 2.0}),
    ("orthogonal_", (4, 3, 2), {}),
]


def both(name: str, shape: tuple[int, ...], kwargs: dict[str, Any], dtype: str = "float32") -> tuple[Any, Any]:
    torch.manual_seed(5)
    oracle.manual_seed(5)
    ours = torch.zeros(*shape, dtype=getattr(torch, dtype))
    theirs = oracle.zeros(*shape, dtype=getattr(oracle, dtype))
    result = getattr(torch.nn.init, name)(ours, **kwargs)
    assert result is ours
    getattr(oracle.nn.init, name)(theirs, **kwargs)
    return ours, theirs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "shape", "kwargs"), UNIFORM, ids=str)
def test_the_same_bits_as_pytorch(name: str, shape: tuple[int, ...], kwargs: dict[str, Any], dtype: str) -> None:
    ours, theirs = both(name, shape, kwargs, dtype)
    assert numpy.array_equal(to_array(ours), to_array(theirs))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "shape", "kwargs"), NORMAL, ids=str)
def test_the_same_numbers_as_pytorch(name: str, shape: tuple[int, ...], kwargs: dict[str, Any], dtype: str) -> None:
    ours, theirs = both(name, shape, kwargs, dtype)
    close = 2e-6 if dtype == "float32" else 1e-12
    numpy.testing.assert_allclose(to_array(ours), to_array(theirs), rtol=close, atol=close)
    # The stream goes on at the same place.
    assert numpy.array_equal(to_array(torch.nn.init.uniform_(torch.zeros(2))), to_array(oracle.rand(2)))


@pytest.mark.parametrize("shape", [(40, 40), (7, 30), (30, 7)])
def test_orthogonal_matrices_are_orthogonal(shape: tuple[int, int]) -> None:
    matrix = to_array(torch.nn.init.orthogonal_(torch.zeros(*shape, dtype=torch.float64), gain=1.5))
    small = matrix @ matrix.T if shape[0] < shape[1] else matrix.T @ matrix
    numpy.testing.assert_allclose(small, 2.25 * numpy.eye(min(shape)), atol=1e-12)


def test_a_generator_of_ones_own_leaves_the_default_one_alone() -> None:
    torch.manual_seed(0)
    expected = to_array(torch.nn.init.uniform_(torch.zeros(3)))
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(9)
    drawn = to_array(torch.nn.init.uniform_(torch.zeros(3), generator=generator))
    assert numpy.array_equal(drawn, to_array(oracle.rand(3, generator=oracle.Generator().manual_seed(9))))
    assert numpy.array_equal(to_array(torch.nn.init.uniform_(torch.zeros(3))), expected)


@pytest.mark.parametrize(
    ("nonlinearity", "param"), [("linear", None), ("conv2d", None), ("sigmoid", None), ("tanh", None), ("relu", None),
    ("selu", None)] + [("leaky_relu", each) for each in (None, 0, 0.3, 2)],
)  # fmt: skip
def test_gains(nonlinearity: str, param: Any) -> None:
    assert torch.nn.init.calculate_gain(nonlinearity, param) == oracle.nn.init.calculate_gain(nonlinearity, param)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda init: init.calculate_gain("cube"), "cube"),
        (lambda init: init.calculate_gain("leaky_relu", True), "number"),
        (lambda init: init.eye_(torch.zeros(3)), r"2 dimensions.*\(3,\)"),
        (lambda init: init.dirac_(torch.zeros(3, 3)), "3, 4 or 5"),
        (lambda init: init.dirac_(torch.zeros(3, 3, 3), groups=2), "divisible"),
        (lambda init: init.xavier_normal_(torch.zeros(3)), "at least 2"),
        (lambda init: init.kaiming_normal_(torch.zeros(3, 3), mode="fan"), "fan_in"),
        (lambda init: init.orthogonal_(torch.zeros(3)), "at least 2"),
        (lambda init: init.sparse_(torch.zeros(3), 0.1), "2 dimensions"),
    ],
)
def test_errors_say_what_is_wrong(call: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call(torch.nn.init)


def test_warnings() -> None:
    with pytest.warns(UserWarning, match="without elements"):
        torch.nn.init.kaiming_uniform_(torch.zeros(0, 3))
    with pytest.warns(UserWarning, match="more than 2 std"):
        torch.nn.init.trunc_normal_(torch.zeros(3), mean=5.0)


@pytest.mark.parametrize(
    "name",
    ["uniform", "normal", "constant", "eye", "dirac", "xavier_uniform", "xavier_normal"]
    + ["kaiming_uniform", "kaiming_normal", "orthogonal", "sparse"],
)
def test_names_of_old(name: str) -> None:
    more = {"constant": (2.0,), "sparse": (0.5,)}.get(name, ())
    shape = (3, 3, 3) if name == "dirac" else (3, 3)
    torch.manual_seed(1)
    expected = to_array(getattr(torch.nn.init, name + "_")(torch.zeros(*shape), *more))
    torch.manual_seed(1)
    with pytest.warns(FutureWarning, match=f"nn.init.{name}_"):
        result = getattr(torch.nn.init, name)(torch.zeros(*shape), *more)
    assert numpy.array_equal(to_array(result), expected)


def test_parameters_that_require_gradients_can_be_filled() -> None:
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    torch.nn.init.ones_(weight)
    assert weight.requires_grad
    assert weight.is_leaf
    assert to_array(weight).sum() == 4
