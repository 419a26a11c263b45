"""Recurrent layers against PyTorch: layers, directions, states, packed and unbatched sequences."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tests.nn.oracle import assert_close, compare, copy_state, oracle, random, theirs_of, to_array

KINDS = ["RNN", "LSTM", "GRU"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"num_layers": 2},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True, "bias": False},
    {"batch_first": True, "num_layers": 2},
]


def states(kind: str, layers: int, rows: int | None, size: int, projected: int = 0) -> Any:
    shape = (layers,) if rows is None else (layers, rows)
    hidden = random(*shape, projected or size, requires_grad=True, seed=1)
    return (hidden, random(*shape, size, requires_grad=True, seed=2)) if kind == "LSTM" else hidden


def pair(kind: str, **options: Any) -> tuple[Any, Any, int]:
    layers = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    return getattr(torch.nn, kind)(3, 4, **options), getattr(oracle.nn, kind)(3, 4, **options), layers


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", [True, False], ids=["state", "no state"])
def test_layers(kind: str, options: dict[str, Any], given: bool) -> None:
    ours, theirs, layers = pair(kind, **options)
    input = random(*((2, 5, 3) if options.get("batch_first") else (5, 2, 3)), requires_grad=True)
    more = (states(kind, layers, 2, 4),) if given else ()
    compare(ours, theirs, input, *more)


@pytest.mark.parametrize("kind", KINDS)
def test_unbatched(kind: str) -> None:
    ours, theirs, layers = pair(kind, num_layers=2, bidirectional=True)
    compare(ours, theirs, random(5, 3, requires_grad=True), states(kind, layers, None, 4))


def test_relu() -> None:
    ours, theirs, layers = pair("RNN", nonlinearity="relu", num_layers=2)
    compare(ours, theirs, random(5, 2, 3, requires_grad=True), states("RNN", layers, 2, 4))


@pytest.mark.parametrize("options", [{}, {"bidirectional": True, "num_layers": 2}], ids=str)
def test_projected_lstm(options: dict[str, Any]) -> None:
    ours, theirs, layers = pair("LSTM", proj_size=2, **options)
    compare(ours, theirs, random(5, 2, 3, requires_grad=True), states("LSTM", layers, 2, 4, 2))


@pytest.mark.parametrize("sorted_lengths", [True, False])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_packed(kind: str, options: dict[str, Any], sorted_lengths: bool) -> None:
    ours, theirs, layers = pair(kind, **options)
    ours.double(), theirs.double()
    copy_state(ours, theirs)
    lengths = [5, 3, 3, 1] if sorted_lengths else [3, 1, 5, 3]
    first = options.get("batch_first", False)
    input = random(*((4, 5, 3) if first else (5, 4, 3)), requires_grad=True)
    state = states(kind, layers, 4, 4)
    twin, twin_state = theirs_of(input), theirs_of(state)

    def run(library: Any, module: Any, sequence: Any, initial: Any) -> tuple[Any, Any, Any]:
        tools = library.nn.utils.rnn
        packed = tools.pack_padded_sequence(sequence, lengths, batch_first=first, enforce_sorted=sorted_lengths)
        output, final = module(packed, initial)
        padded, counts = tools.pad_packed_sequence(output, batch_first=first, padding_value=-1.0, total_length=6)
        return padded, counts, final

    result, expected = run(torch, ours, input, state), run(oracle, theirs, twin, twin_state)
    assert_close(result, expected)
    weights = numpy.random.default_rng(3).standard_normal(tuple(expected[0].shape))
    ends = result[2] if kind == "LSTM" else (result[2],)
    twin_ends = expected[2] if kind == "LSTM" else (expected[2],)
    ((result[0] * torch.from_numpy(weights)).sum() + sum((e * e).sum() for e in ends)).backward()
    ((expected[0] * oracle.from_numpy(weights)).sum() + sum((e * e).sum() for e in twin_ends)).backward()
    assert_close(input.grad, twin.grad)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(a.grad, b.grad)


def test_dropout_between_layers_draws_as_pytorch() -> None:
    ours, theirs, _ = pair("LSTM", num_layers=3, dropout=0.4)
    copy_state(ours, theirs)
    input = random(5, 2, 3, dtype=numpy.float32)
    torch.manual_seed(2)
    oracle.manual_seed(2)
    assert_close(ours(input)[0], theirs(theirs_of(input))[0], rtol=1e-5, atol=1e-6)
    assert_close(ours.eval()(input)[0], theirs.eval()(theirs_of(input))[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("batched", [True, False])
def test_cells(kind: str, batched: bool) -> None:
    ours, theirs = getattr(torch.nn, kind)(3, 4), getattr(oracle.nn, kind)(3, 4)
    shape = (2,) if batched else ()
    state = random(*shape, 4, requires_grad=True, seed=1)
    pair_of_states = (state, random(*shape, 4, requires_grad=True, seed=2))
    compare(ours, theirs, random(*shape, 3, requires_grad=True), pair_of_states if kind == "LSTMCell" else state)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda nn: nn.LSTM(3, 4, dropout=1.5), ValueError),
        (lambda nn: nn.LSTM(3, 4, dropout="a"), ValueError),
        (lambda nn: nn.LSTM(0, 4), ValueError),
        (lambda nn: nn.LSTM(3.0, 4), TypeError),
        (lambda nn: nn.LSTM(3, 4, bias=1), TypeError),
        (lambda nn: nn.LSTM(3, 4, proj_size=4), ValueError),
        (lambda nn: nn.LSTM(3, 4, num_layers=0), ValueError),
        (lambda nn: nn.GRU(3, 4, proj_size=2), ValueError),
        (lambda nn: nn.RNN(3, 4, nonlinearity="gelu"), ValueError),
    ],
)
def test_what_cannot_be_built(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make(oracle.nn)
    with pytest.raises(error):
        make(torch.nn)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("input", "state", "text"),
    [
        ((5, 2, 7), None, "input_size"),
        ((5, 2, 3, 1), None, "2 or 3 dimensions"),
        ((5, 2, 3), (1, 3, 4), r"\(1, 2, 4\), got \(1, 3, 4\)"),
        ((5, 2, 3), (2, 4), "3 dimensions"),
        ((5, 3), (1, 1, 4), "2 dimensions"),
    ],
)
def test_errors_of_calls_have_pytorchs_class(kind: str, input: Any, state: Any, text: str) -> None:
    ours, theirs, _ = pair(kind)

    def call(library: Any, module: Any) -> Any:
        given = () if state is None else (library.zeros(*state),)
        return module(library.zeros(*input), *((given * 2,) if kind == "LSTM" and given else given))

    with pytest.raises((RuntimeError, ValueError)) as expected:
        call(oracle, theirs)
    with pytest.raises(expected.type, match=text):
        call(torch, ours)


def test_one_layer_with_dropout_warns() -> None:
    with pytest.warns(UserWarning, match="between layers"):
        torch.nn.LSTM(3, 4, dropout=0.5)


def test_packing() -> None:
    sequences = [random(n, 2, requires_grad=True, seed=n) for n in (2, 4, 1)]
    theirs = [theirs_of(each) for each in sequences]
    tools, reference = torch.nn.utils.rnn, oracle.nn.utils.rnn
    for first in (True, False):
        for side in ("left", "right"):
            kwargs = {"batch_first": first, "padding_value": 9.0, "padding_side": side}
            assert_close(tools.pad_sequence(sequences, **kwargs), reference.pad_sequence(theirs, **kwargs))
    packed, expected = tools.pack_sequence(sequences, False), reference.pack_sequence(theirs, False)
    assert_close(tuple(packed), tuple(expected))
    for one, other in zip(tools.unpack_sequence(packed), sequences, strict=True):
        assert numpy.array_equal(to_array(one), to_array(other))
    tools.pad_packed_sequence(packed)[0].sum().backward()
    reference.pad_packed_sequence(expected)[0].sum().backward()
    for one, other in zip(sequences, theirs, strict=True):
        assert_close(one.grad, other.grad)
    assert packed.float().data.dtype == torch.float32
    assert packed.double() is packed


@pytest.mark.parametrize(
    ("lengths", "text"),
    [([2, 3, 1], "fall"), ([3, 2], "one length"), ([3, 2, 0], "between 1 and 3"), ([4, 2, 1], "between 1 and 3")],
)
def test_packing_refuses(lengths: list[int], text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        torch.nn.utils.rnn.pack_padded_sequence(torch.zeros(3, 3, 2), lengths)


def test_padding_refuses() -> None:
    with pytest.raises(RuntimeError, match="agree in all dimensions but the first"):
        torch.nn.utils.rnn.pad_sequence([torch.zeros(2, 3), torch.zeros(2, 4)])
    with pytest.raises(RuntimeError, match="padding_side"):
        torch.nn.utils.rnn.pad_sequence([torch.zeros(2)], padding_side="top")
    packed = torch.nn.utils.rnn.pack_sequence([torch.zeros(3)])
    with pytest.raises(ValueError, match="at least 3"):
        torch.nn.utils.rnn.pad_packed_sequence(packed, total_length=2)
