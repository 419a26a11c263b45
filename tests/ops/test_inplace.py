"""In-place methods as functions, the order of a node's inputs, and memory formats of new tensors."""

from __future__ import annotations

from typing import Any

import pytest
import torch as oracle

import tinygrad_i2dl as torch


@pytest.mark.parametrize("name", ["sin_", "exp_", "sqrt_", "neg_", "sigmoid_", "round_", "tanh_", "abs_"])
def test_the_function_changes_its_argument_and_returns_it(name: str) -> None:
    values = [0.25, 0.5, 2.25]
    ours, theirs = torch.tensor(values), oracle.tensor(values)
    assert getattr(torch, name)(ours) is ours
    getattr(oracle, name)(theirs)
    assert ours.tolist() == pytest.approx(theirs.tolist(), rel=1e-6)


def test_arguments_reach_the_method() -> None:
    ours = torch.tensor([-3.0, 0.5, 3.0])
    torch.clamp_(ours, min=-1.0, max=1.0)
    assert ours.tolist() == [-1.0, 0.5, 1.0]
    with pytest.raises(TypeError, match="Tensor"):
        torch.clamp_([1.0], 0.0, 1.0)


def test_a_leaf_that_needs_gradients_is_refused() -> None:
    with pytest.raises(RuntimeError):
        torch.sin_(torch.ones(2, requires_grad=True))


def test_the_tensor_comes_first_among_the_next_functions() -> None:
    def inputs(library: Any) -> list[list[str | None]]:
        x = library.ones(2, requires_grad=True).sin()
        return [
            [node and node.name() for node, _ in result.grad_fn.next_functions]
            for result in (2 * x, x * 2, 3 + x, x + 3)
        ]

    assert inputs(torch) == inputs(oracle)


def test_memory_formats() -> None:
    def strides(library: Any) -> list[tuple[int, ...]]:
        images = library.zeros(2, 3, 4, 5)
        last = images.to(memory_format=library.channels_last)
        return [
            last.stride(),
            last.to(memory_format=library.contiguous_format).stride(),
            last.to(library.float32).stride(),
            library.empty(2, 3, 4, 5, memory_format=library.channels_last).stride(),
            library.empty(2, 3, 4, 5, memory_format=library.contiguous_format).stride(),
        ]

    assert strides(torch) == strides(oracle)


@pytest.mark.parametrize(
    ("name", "arguments"), [("squeeze_", (2,)), ("t_", ()), ("transpose_", (0, 1)), ("unsqueeze_", (0,))]
)
def test_parameters_that_change_their_shape_get_gradients_of_it(name: str, arguments: tuple[int, ...]) -> None:
    def gradients(library: Any) -> Any:
        parameter = library.nn.Parameter(library.arange(6.0).view((2, 3) if name == "t_" else (2, 3, 1)))
        with library.no_grad():
            getattr(parameter, name)(*arguments)
        (parameter**2).sum().backward()
        return list(parameter.shape), parameter.grad.tolist()

    assert gradients(torch) == gradients(oracle)
