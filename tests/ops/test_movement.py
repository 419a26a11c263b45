"""What samples cannot say of views: shared memory, refusals, forms that change the tensor itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch

oracle = pytest.importorskip("torch")

VIEWS: list[Callable[[Any], Any]] = [
    lambda x: x.view(-1, 2),
    lambda x: x.reshape(2, 6),
    lambda x: x.permute(1, 0),
    lambda x: x.T,
    lambda x: x.unsqueeze(1),
    lambda x: x.unsqueeze(0).squeeze(),
    lambda x: x[1:, ::2],
    lambda x: x.narrow(1, 1, 2),
    lambda x: x.select(0, -1),
    lambda x: x.diagonal(),
    lambda x: x.flatten(),
    lambda x: x.unflatten(1, (2, 2)),
    lambda x: x.unfold(1, 2, 2),
    lambda x: x.movedim(0, 1),
    lambda x: x.as_strided((2, 2), (4, 1), 1),
    lambda x: x.t().view(4, 3).mT,
]


@pytest.mark.parametrize("number", range(len(VIEWS)))
def test_changing_a_view_changes_its_base_and_its_gradient(number: int) -> None:
    outcomes = []
    for library in (torch, oracle):
        leaf = library.arange(12, dtype=library.float64).reshape(3, 4).requires_grad_()
        base = leaf * leaf
        part = VIEWS[number](base)
        part.mul_(3)
        (base * base).sum().backward()
        outcomes.append((part.detach().numpy(), base.detach().numpy(), leaf.grad.numpy()))
    for mine, expected in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(mine, expected)


def test_split_views_may_not_be_changed_in_place() -> None:
    x = torch.ones(4, requires_grad=True) * 1
    first, _ = x.split(2)
    with pytest.raises(RuntimeError, match="returns several views"):
        first.add_(1)


def test_expand_shares_memory() -> None:
    x = torch.zeros(3, 1)
    wide = x.expand(3, 1000)
    x[1] = 5
    assert wide[1, 999].item() == 5
    assert wide._array.strides[1] == 0


@pytest.mark.parametrize("name", ["squeeze_", "unsqueeze_", "t_", "transpose_", "swapaxes_"])
def test_shape_changed_in_place(name: str) -> None:
    arguments = {"squeeze_": (), "unsqueeze_": (1,), "t_": (), "transpose_": (0, 1), "swapaxes_": (0, 1)}[name]
    outcomes = []
    for library in (torch, oracle):
        leaf = library.arange(3, dtype=library.float64).reshape(1, 3).requires_grad_()
        x = leaf * 2
        assert getattr(x, name)(*arguments) is x
        (x * library.arange(3, dtype=library.float64).reshape(x.shape)).sum().backward()
        outcomes.append((tuple(x.shape), leaf.grad.tolist()))
    assert outcomes[0] == outcomes[1]


def test_shape_of_a_leaf_that_requires_a_gradient_is_not_changed_in_place() -> None:
    with pytest.raises(RuntimeError, match="leaf"):
        torch.ones(1, 2, requires_grad=True).squeeze_()


def test_view_says_why_it_cannot_be() -> None:
    with pytest.raises(RuntimeError, match=r"strides \[1, 3\].*use reshape"):
        torch.zeros(2, 3).t().view(6)


@pytest.mark.parametrize("shape", [(2, 3), (6,), (10,), (0,)])
def test_resize_keeps_what_fits(shape: tuple[int, ...]) -> None:
    x = torch.arange(6.0).reshape(3, 2)
    x.resize_(shape)
    kept = min(6, int(numpy.prod(shape)))
    assert tuple(x.shape) == shape
    assert x.flatten()[:kept].tolist() == list(range(kept))


def test_chain_of_slices_costs_what_it_must() -> None:
    x = torch.ones(3, 40, 2, dtype=torch.float64, requires_grad=True)
    total = sum(x[:, t] * t for t in range(40))
    total.sum().backward()
    assert x.grad[0, :, 0].tolist() == list(map(float, range(40)))


def test_bfloat16_windows_and_diagonals() -> None:
    x = torch.arange(6).to(torch.bfloat16).reshape(2, 3)
    assert x.unfold(1, 2, 1).float().tolist() == [[[0, 1], [1, 2]], [[3, 4], [4, 5]]]
    assert x.expand(2, 2, 3).float()[1].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_ravel_is_contiguous() -> None:
    for lib in (torch, oracle):
        x = lib.zeros(3, 3)
        rows, diagonal = x.ravel(), x.diagonal().ravel()
        diagonal += 1
        rows[1] = 5
        assert diagonal.is_contiguous() and x.tolist() == [[0, 5, 0], [0, 0, 0], [0, 0, 0]]
        y = lib.arange(4.0, requires_grad=True)
        (y[::2].ravel() * 3).sum().backward()
        assert y.grad.tolist() == [3, 0, 3, 0]


@pytest.mark.parametrize(
    "join",
    [
        lambda lib, x: lib.stack([x.permute(2, 0, 1), x.permute(2, 0, 1)]),
        lambda lib, x: lib.stack([x[0].t(), x[0].t()], -1),
        lambda lib, x: lib.cat([x[0].t(), x[1].t()], 1),
        lambda lib, x: lib.cat([x.permute(2, 0, 1)[None], x.permute(2, 0, 1)[None]]),
        lambda lib, x: x[:, lib.tensor([0, 2, 0])],
        lambda lib, x: x[..., lib.tensor([[0, 1], [1, -1]])],
        lambda lib, x: x[:, [True, False, True]],
        lambda lib, x: x[:, lib.tensor([0, 2]), 1:],
        lambda lib, x: x[:, lib.tensor([0, 2]), lib.tensor([1, 0])],
        lambda lib, x: x[lib.tensor([0, 1]), :, lib.tensor([1, 0])],
    ],
)
def test_joined_and_picked_elements_can_be_viewed(join: Callable[[Any, Any], Any]) -> None:
    """Whatever the order of the memory they come from: PyTorch's results are contiguous."""
    ours, theirs = (lib.arange(24.0).reshape(2, 3, 4) for lib in (torch, oracle))
    result, expected = join(torch, ours), join(oracle, theirs)
    assert result.is_contiguous() and expected.is_contiguous()
    assert result.view(-1).tolist() == expected.view(-1).tolist() and result.shape == expected.shape
