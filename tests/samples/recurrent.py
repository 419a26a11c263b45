"""Samples of recurrent cells and layers."""

from __future__ import annotations

from typing import Any

import torch

from . import array, case, raises, sample

SIZES = (3, 2, 2, 1)  # of the packed batches: 8 rows


def parameters(make: Any, gates: int, layers: int = 1, directions: int = 1, biases: bool = True, width: int = 2) -> Any:
    """Weights of stacked layers with 3 input features and states of 2."""
    found = []
    for layer in range(layers):
        features = 3 if layer == 0 else 2 * directions
        for _ in range(directions):
            found += [make(2 * gates, features), make(2 * gates, width)]
            found += [make(2 * gates), make(2 * gates)] if biases else []
            found += [make(width, 2)] if width != 2 else []
    return found


def layer(function: Any, *states: str) -> Any:
    """PyTorch's stacked layers as the oracle of a single one: from `function`, over steps, in one direction."""

    def oracle(input: Any, *arguments: Any, batch_sizes: Any = None, reverse: bool = False, **_: Any) -> Any:
        data = torch.tensor(input)
        begin = [torch.tensor(each)[None] for each in arguments[: len(states)]]
        weights = [torch.tensor(each) for each in arguments[len(states) :] if each is not None]
        hx = tuple(begin) if len(begin) > 1 else begin[0]
        if batch_sizes is None:
            data = data.flip(0) if reverse else data
            output, *ends = function(data, hx, weights, len(weights) > 3, 1, 0.0, False, False, False)
            output = output.flip(0) if reverse else output
        else:
            output, *ends = function(
                data, torch.tensor(batch_sizes), hx, weights, len(weights) > 3, 1, 0.0, False, False
            )
        return [output.numpy(), *[each[0].numpy() for each in ends]]

    return oracle


def cell_cases(gates: int) -> Any:
    return lambda make: [
        case(make(4, 3), make(4, 2), *parameters(make, gates)),
        case(make(4, 3), make(4, 2), *parameters(make, gates, biases=False)),
    ]


for name, gates in (("rnn_tanh_cell", 1), ("rnn_relu_cell", 1), ("gru_cell", 3)):
    sample(
        name,
        cell_cases(gates),
        oracle=f"torch.{name}",
        errors=[
            raises(
                RuntimeError, "w_ih must have shape", array(4, 3), array(4, 2), array(gates * 2, 4), array(gates * 2, 2)
            ),
            raises(RuntimeError, r"states must be \(4, features\)", array(4, 3), array(5, 2), array(2, 3), array(2, 2)),
        ],
    )
sample(
    "lstm_cell",
    lambda make: [case(make(4, 3), [make(4, 2), make(4, 2)], *parameters(make, 4))],
    oracle="torch.lstm_cell",
)
sample(
    "rnn_layer",
    lambda make: [
        case(make(4, 3, 3), make(3, 2), *parameters(make, 1)),
        case(make(8, 3), make(3, 2), *parameters(make, 1), batch_sizes=SIZES),
        case(make(4, 3, 3), make(3, 2), *parameters(make, 1), reverse=True),
    ],
    oracle=layer(torch.rnn_tanh, "h"),
    errors=[
        raises(
            ValueError, "nonlinearity must be", array(2, 1, 1), array(1, 1), array(1, 1), array(1, 1), nonlinearity="x"
        )
    ],
)
sample(
    "lstm_layer",
    lambda make: [
        case(make(4, 3, 3), make(3, 2), make(3, 2), *parameters(make, 4)),
        case(make(8, 3), make(3, 2), make(3, 2), *parameters(make, 4), batch_sizes=SIZES),
        case(make(4, 3, 3), make(3, 2), make(3, 2), *parameters(make, 4), reverse=True),
        case(make(1, 3, 3), make(3, 2), make(3, 2), *parameters(make, 4)),
    ],
    oracle=layer(torch.lstm, "h", "c"),
    errors=[
        raises(
            RuntimeError,
            "do not grow",
            array(3, 3),
            array(2, 2),
            array(2, 2),
            array(8, 3),
            array(8, 2),
            batch_sizes=(1, 2),
        ),
    ],
)
sample(
    "gru_layer",
    lambda make: [
        case(make(4, 3, 3), make(3, 2), *parameters(make, 3)),
        case(make(8, 3), make(3, 2), *parameters(make, 3), batch_sizes=SIZES),
        case(make(4, 3, 3), make(3, 2), *parameters(make, 3), reverse=True),
        case(make(1, 3, 3), make(3, 2), *parameters(make, 3)),
    ],
    oracle=layer(torch.gru, "h"),
)


def stacks(gates: int) -> Any:
    def cases(make: Any) -> Any:
        def state(cells: int, width: int = 2) -> Any:
            return [make(cells, 3, width), make(cells, 3, 2)] if gates == 4 else make(cells, 3, 2)

        found = [
            case(make(4, 3, 3), state(1), parameters(make, gates), True, 1, 0.0, True, False, False),
            case(make(3, 4, 3), state(4), parameters(make, gates, 2, 2), True, 2, 0.0, True, True, True),
            case(make(4, 3, 3), state(2), parameters(make, gates, 2, 1, False), False, 2, 0.0, True, False, False),
        ]
        if gates == 4:
            weights = parameters(make, 4, width=1)
            found.append(case(make(4, 3, 3), state(1, 1), weights, True, 1, 0.0, True, False, False))
        return found

    return cases


for name, gates in (("rnn_tanh", 1), ("rnn_relu", 1), ("gru", 3), ("lstm", 4)):
    sample(name, stacks(gates), oracle=f"torch.{name}")
