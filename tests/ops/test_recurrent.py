"""Recurrent layers against PyTorch's: outputs, gradients (also recorded), second derivatives, packed sequences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy
import pytest

import tinygrad_i2dl
from tinygrad_i2dl.ops.recurrent import lstm_layer

torch = pytest.importorskip("torch")

FEATURES, WIDTH, SAMPLES, STEPS = 3, 4, 5, 6
BATCH_SIZES = [5, 4, 4, 2, 1, 1]


def run(library: Any, function: Any, values: Any, bias: bool, layers: int, both_ways: bool, packed: bool) -> Any:
    """Outputs, and gradients of first order (recorded or not) and second order, by all inputs."""
    leaves = [library.tensor(each, requires_grad=True) for each in values["leaves"]]
    count = values["states"]
    data, states, weights = leaves[0], leaves[1 : 1 + count], leaves[1 + count :]
    hx = tuple(states) if count == 2 else states[0]
    arguments = (hx, weights, bias, layers, 0.0, True, both_ways)
    if packed:
        rows = library.cat([data[step, :size] for step, size in enumerate(BATCH_SIZES)])
        outputs = function(rows, library.tensor(BATCH_SIZES), *arguments)
    else:
        outputs = function(data, *arguments, False)
    factors = [
        library.tensor(numpy.random.default_rng(number).standard_normal(tuple(output.shape)), requires_grad=True)
        for number, output in enumerate(outputs)
    ]
    plain = library.autograd.grad(outputs, leaves, factors, retain_graph=True)
    recorded = library.autograd.grad(outputs, leaves, factors, create_graph=True)
    projections = [library.tensor(each) for each in values["leaves"]]
    second = library.autograd.grad(recorded, [*leaves, *factors], projections)
    return [each.detach().numpy() for each in (*outputs, *plain, *recorded, *second)]


CASES = [
    (kind, layers, both_ways, packed, projected)
    for kind, layers, both_ways, packed, projected in itertools.product(
        ("lstm", "gru", "rnn_tanh", "rnn_relu"), (1, 2), (False, True), (False, True), (False, True)
    )
    if kind == "lstm" or not projected
]


@pytest.mark.parametrize(("kind", "layers", "both_ways", "packed", "projected"), CASES)
def test_stacked_layers(kind: str, layers: int, both_ways: bool, packed: bool, projected: bool) -> None:
    random = numpy.random.default_rng(0)
    bias = layers == 2 or both_ways
    make = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.get(kind, torch.nn.RNN)
    options: dict[str, Any] = {"num_layers": layers, "bidirectional": both_ways, "bias": bias}
    module = make(FEATURES, WIDTH, **options, **({"proj_size": 2} if projected else {}))
    cells = layers * (2 if both_ways else 1)
    states = [random.standard_normal((cells, SAMPLES, 2 if projected else WIDTH))]
    if kind == "lstm":
        states.append(random.standard_normal((cells, SAMPLES, WIDTH)))
    weights = [random.standard_normal(tuple(each.shape)) for each in module._flat_weights]
    values = {"leaves": [random.standard_normal((STEPS, SAMPLES, FEATURES)), *states, *weights], "states": len(states)}
    ours = run(tinygrad_i2dl, getattr(tinygrad_i2dl, kind), values, bias, layers, both_ways, packed)
    theirs = run(torch, getattr(torch, kind), values, bias, layers, both_ways, packed)
    for one, other in zip(ours, theirs, strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)


def test_only_what_is_needed() -> None:
    """Frozen weights and an input without gradient get none; the rest is what it was."""
    random = numpy.random.default_rng(0)
    shapes = [(STEPS, SAMPLES, FEATURES), (SAMPLES, WIDTH), (SAMPLES, WIDTH), (4 * WIDTH, FEATURES), (4 * WIDTH, WIDTH)]
    arrays = [random.standard_normal(shape) for shape in shapes]
    everything = [tinygrad_i2dl.tensor(each, requires_grad=True) for each in arrays]
    lstm_layer(*everything)[0].sum().backward()
    for chosen in range(len(arrays)):
        some = [tinygrad_i2dl.tensor(each, requires_grad=number == chosen) for number, each in enumerate(arrays)]
        lstm_layer(*some)[0].sum().backward()
        for number, (one, other) in enumerate(zip(some, everything, strict=True)):
            if number == chosen:
                numpy.testing.assert_allclose(one.grad.numpy(), other.grad.numpy())
            else:
                assert one.grad is None


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype: str) -> None:
    """Computed in float32, returned in the dtype of the input."""
    random = numpy.random.default_rng(0)
    shapes = [(2, 3), (2, 4), (16, 3), (16, 4), (16,), (16,)]
    arrays = [random.standard_normal(shape) for shape in shapes]
    results = []
    for library in (tinygrad_i2dl, torch):
        tensors = [library.tensor(each).to(getattr(library, dtype)).requires_grad_() for each in arrays]
        h, c = library.lstm_cell(tensors[0], (tensors[1], tensors[1]), *tensors[2:])
        assert str(h.dtype) == f"torch.{dtype}"
        (h.float().sum() + c.float().sum()).backward()
        results.append([h.detach().float().numpy(), *[each.grad.float().numpy() for each in tensors]])
    for one, other in zip(*results, strict=True):
        # both libraries round to 8 (bfloat16) or 11 bits, at different places
        numpy.testing.assert_allclose(one, other, rtol=0.05, atol=0.05)
