"""nn.utils.prune against PyTorch's."""

from __future__ import annotations

import importlib
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tests.nn.oracle import assert_close, compare, copy_state, oracle, random, to_array

importlib.import_module("torch.nn.utils.prune")  # importing PyTorch alone leaves it out


def pair() -> tuple[Any, Any]:
    ours, theirs = torch.nn.Conv2d(3, 6, 2).double(), oracle.nn.Conv2d(3, 6, 2).double()
    copy_state(ours, theirs)
    return ours, theirs


STEPS: list[tuple[str, tuple[Any, ...]]] = [
    ("identity", ()),
    ("l1_unstructured", (0.3,)),
    ("l1_unstructured", (5,)),
    ("ln_structured", (0.5, 2, 0)),
    ("ln_structured", (1, 1, -1)),
    ("random_unstructured", (0.25,)),
    ("random_structured", (0.5, 1)),
]


@pytest.mark.parametrize("first", STEPS, ids=str)
@pytest.mark.parametrize("second", [None, *STEPS], ids=str)
def test_pruning_once_and_again(first: Any, second: Any) -> None:
    ours, theirs = pair()
    for step in (first, second):
        if step is not None:
            for library, layer in ((torch, ours), (oracle, theirs)):
                library.manual_seed(3)
                assert getattr(library.nn.utils.prune, step[0])(layer, "weight", *step[1]) is layer
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_close(ours.weight_mask, theirs.weight_mask)
    assert torch.nn.utils.prune.is_pruned(torch.nn.Sequential(ours))
    compare(ours, theirs, random(2, 3, 4, 4, requires_grad=True))
    for library, layer in ((torch, ours), (oracle, theirs)):
        library.nn.utils.prune.remove(layer, "weight")
    assert not torch.nn.utils.prune.is_pruned(ours)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    assert_close(ours.weight, theirs.weight)


def test_pruning_of_several_parameters_together() -> None:
    def run(library: Any) -> list[Any]:
        prune = library.nn.utils.prune
        layers = [library.nn.Linear(4, 3), library.nn.Linear(3, 5)]
        with library.no_grad():
            for number, layer in enumerate(layers):
                values = numpy.random.default_rng(number).standard_normal(tuple(layer.weight.shape)).astype("float32")
                layer.weight.copy_(library.from_numpy(values))
        pairs = [(layer, "weight") for layer in layers]
        for amount in (0.2, 0.5):
            prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=amount)
        return [to_array(layer.weight).tolist() for layer in layers]

    assert run(torch) == run(oracle)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda p, m: p.l1_unstructured(m, "weight", 1.5), ValueError),
        (lambda p, m: p.l1_unstructured(m, "weight", -1), ValueError),
        (lambda p, m: p.l1_unstructured(m, "weight", "some"), TypeError),
        (lambda p, m: p.l1_unstructured(m, "weight", 1000), ValueError),
        (lambda p, m: p.ln_structured(m, "bias", 1, 2, 0), ValueError),
        (lambda p, m: p.ln_structured(m, "weight", 1, 2, 4), IndexError),
        (lambda p, m: p.remove(m, "weight"), ValueError),
        (lambda p, m: p.global_unstructured([(m, "weight")], p.LnStructured, amount=1, n=2), TypeError),
        (lambda p, m: p.custom_from_mask(m, "weight", m.bias), AssertionError),
    ],
)
def test_refusals_have_pytorchs_class_and_change_nothing(act: Any, error: type[Exception]) -> None:
    for library, layer in zip((torch, oracle), pair(), strict=True):
        with pytest.raises(error):
            act(library.nn.utils.prune, layer)
        assert sorted(name for name, _ in layer.named_parameters()) == ["bias", "weight"]
