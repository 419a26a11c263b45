"""The extension's functions called with arguments that are wrong: they return or raise, they neither crash nor write
into what they were given."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from tinygrad_i2dl.backends.native import activation
from tinygrad_i2dl.backends.native.extension import native as extension

Array = Any

NUMBERS = {"softplus": [1.0, 20.0], "exponential_unit": [1.0, 1.0, 1.0], "leaky_relu": [0.1], "limit": [-1.0, 1.0]}
ACTIVATIONS = [name for name in activation.KERNELS if not name.endswith("_backward")]


def calls(dtype: type) -> dict[str, list[Any]]:
    """Right arguments of every function that takes arrays and does not write into them."""
    generator = numpy.random.default_rng(0)

    def drawn(*shape: int) -> Array:
        return generator.normal(size=shape).astype(dtype)

    three = (True, True, True)
    rows, images, vector, labels = drawn(3, 7), drawn(2, 4, 9), drawn(4), generator.integers(0, 7, 3)
    photos, kernel = drawn(2, 4, 9, 9), drawn(6, 2, 3, 3)
    every = [(1, 1)] * 3
    sequence, states, outputs = drawn(12, 5), drawn(3, 16), drawn(12, 16)
    weights = [drawn(64, 5), drawn(64, 16)]
    found: dict[str, list[Any]] = {
        "softmax_along": [rows, -1],
        "log_softmax_along": [rows, 1],
        "softmax_backward": [rows, rows, -1],
        "log_softmax_backward": [rows, rows, -1],
        "cross_entropy": [rows, labels],
        "cross_entropy_backward": [drawn(3), rows, drawn(3), labels],
        "normalize_rows": [images, vector, vector, 18, (2, 4, 9), 1e-5, True, []],
        "normalize_rows_backward": [
            images, images, vector, 18, (2, 4, 9), 1e-5, True, [drawn(4), drawn(4)], three,
        ],
        "normalize_channels": [images, vector, vector, 1e-5, []],
        "normalize_channels_backward": [images, images, vector, 1e-5, [vector, vector, vector], three],
        "scale_channels": [images, vector, vector],
        "linear": [rows, drawn(5, 7), drawn(5)],
        "linear_backward": [drawn(3, 5), rows, drawn(5, 7), three],
        "gradient_norm": [[rows, images], 2.0],
        "lstm_scan": [sequence, states, states, *weights, drawn(64), drawn(64), [3] * 4, False],
        "lstm_scan_backward": [
            outputs, states, states, (True,) * 8, sequence, states, states, *weights, [3] * 4, False, outputs,
            drawn(4, 12, 16), outputs, outputs,
        ],
        "conv": [photos, kernel, drawn(6), *every, 2],
        "conv_input_gradient": [drawn(2, 6, 9, 9), kernel, (2, 4, 9, 9), *every, 2],
        "conv_weight_gradient": [drawn(2, 6, 9, 9), photos, (6, 2, 3, 3), *every, 2],
        "im2col": [photos, (3, 3), *every],
        "col2im": [drawn(2, 36, 81), (2, 4, 9, 9), (3, 3), *every],
        "widen": [generator.integers(0, 1 << 16, (3, 5)).astype(numpy.uint16), True],
        "narrow": [drawn(3, 5).astype(numpy.float32), True],
    }  # fmt: skip
    for name in ACTIVATIONS:
        found[name] = [rows, *NUMBERS.get(name, [])]
        if name != "tanh":
            found[f"{name}_backward"] = [rows, rows, *NUMBERS.get(name, [])]
    return found


def misaligned(array: Array) -> Array:
    memory = bytearray(array.nbytes + 1)
    result = numpy.frombuffer(memory, array.dtype, array.size, 1).reshape(array.shape)
    result[...] = array
    return result


def read_only(array: Array) -> Array:
    array = array.copy()
    array.flags.writeable = False
    return array


WRONG: list[Callable[[Array], Any]] = [
    lambda array: array[..., ::-1],
    lambda array: array[..., ::2],
    lambda array: array.T,
    lambda array: array.reshape(-1),
    lambda array: array[:-1],
    lambda array: array[:0],
    lambda array: array[..., :0],
    lambda array: numpy.concatenate([array, array]),
    lambda array: numpy.broadcast_to(array.reshape(-1)[:1].reshape(()), array.shape),
    lambda array: numpy.asfortranarray(array),
    lambda array: array.astype(array.dtype.newbyteorder()),
    lambda array: array.astype(numpy.float16),
    lambda array: array.astype(numpy.int64),
    lambda array: array.astype(numpy.float32 if array.dtype == numpy.float64 else numpy.float64),
    lambda array: array.tolist(),
    lambda array: numpy.ma.masked_array(array),
    lambda array: None,
    lambda array: numpy.full_like(array, 99),
    misaligned,
    read_only,
]
NUMBERS_LIKE = (
    0,
    1,
    -1,
    7,
    1 << 31,
    1 << 62,
    -(1 << 63),
    1 << 64,
    0.5,
    float("nan"),
    float("inf"),
    10**400,
    None,
    True,
    "x",
)


def spoilt(argument: Any, chance: random.Random) -> Any:
    if isinstance(argument, numpy.ndarray):
        return chance.choice(WRONG)(argument)
    if isinstance(argument, (list, tuple)):
        if not argument or chance.random() < 0.2:
            return chance.choice((None, (), [], [None], (1,), {}, numpy.ones(2)))
        items = list(argument)
        if chance.random() < 0.3:
            del items[-1]
        else:
            place = chance.randrange(len(items))
            items[place] = spoilt(items[place], chance) if chance.random() < 0.8 else numpy.ones(2)
        return chance.choice((list, tuple))(items)
    return chance.choice(NUMBERS_LIKE)


@pytest.mark.parametrize("name", calls(numpy.float32))
def test_wrong_arguments_are_refused(name: str) -> None:
    function = getattr(extension, name)
    for dtype in (numpy.float32, numpy.float64):
        right = calls(dtype)[name]
        assert function(*right) is not NotImplemented
        chance = random.Random(name)
        for _ in range(60):
            arguments = list(right)
            for place in chance.sample(range(len(arguments)), min(len(arguments), chance.choice((1, 1, 2)))):
                arguments[place] = spoilt(arguments[place], chance)
            if chance.random() < 0.05:
                del arguments[-1]
            arrays = [argument for argument in arguments if isinstance(argument, numpy.ndarray)]
            before = [array.tobytes() for array in arrays]
            try:
                function(*arguments)
            except SystemError:  # an error that was set, but not reported
                raise
            except (TypeError, ValueError, RuntimeError, OverflowError, IndexError, MemoryError):
                pass
            assert [array.tobytes() for array in arrays] == before


def test_an_object_that_is_neither_true_nor_false_raises_its_error() -> None:
    rows, weight, both = numpy.ones((3, 7)), numpy.ones((5, 7)), numpy.ones(2)
    for needs in ((both, True, True), (True, both, True), (True, True, both)):
        with pytest.raises(ValueError, match="ambiguous"):
            extension.linear_backward(numpy.ones((3, 5)), rows, weight, needs)
    sequence, states, outputs, weights = (
        numpy.ones((6, 5)),
        numpy.ones((3, 16)),
        numpy.ones((6, 16)),
        numpy.ones((64, 5)),
    )
    with pytest.raises(ValueError, match="ambiguous"):
        extension.lstm_scan_backward(
            outputs, states, states, (both,) * 8, sequence, states, states, weights, numpy.ones((64, 16)), [3, 3],
            False, outputs, numpy.ones((4, 6, 16)), outputs, outputs,
        )  # fmt: skip
