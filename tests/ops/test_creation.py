"""Tensors from data: PyTorch's choice of dtype, what is shared and what is copied, the old constructors."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy
import pytest

import tinygrad_i2dl

torch = pytest.importorskip("torch")

DATA: list[Any] = [
    1, 1.5, True, [1, 2], [1, 2.5], [True, False], [True, 2], [[1.0], [2.0]], [], [[]], numpy.arange(3),
    numpy.float64(2.0), [numpy.float64(2.0)], [numpy.float32(2.0), numpy.float32(1.0)], [numpy.int32(1)],
    numpy.ones((2, 2), "float16"), [numpy.array([1.0, 2.0])], (1, 2), [(1, 2), [3, 4]], [numpy.float32(2.0), 1.0],
    [1.0, numpy.float32(2.0)], [1.0, numpy.float64(2.0)], [1, numpy.float64(2.0)], [1, numpy.float32(2.0)],
    [numpy.float32(1.0), numpy.float64(2.0)], [[1.0, 2.0], numpy.ones(2)], [numpy.ones(2, "float32"), [1.0, 2.0]],
    [numpy.float16(2.0), 1], [True, numpy.int64(2)],
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(DATA)))
@pytest.mark.parametrize("default", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore:Creating a tensor from a list of numpy:UserWarning")  # PyTorch's
def test_tensor_has_pytorchs_dtype(number: int, default: str) -> None:
    try:
        tinygrad_i2dl.set_default_dtype(getattr(tinygrad_i2dl, default))
        torch.set_default_dtype(getattr(torch, default))
        ours, theirs = tinygrad_i2dl.tensor(DATA[number]), torch.tensor(DATA[number])
    finally:
        tinygrad_i2dl.set_default_dtype(tinygrad_i2dl.float32)
        torch.set_default_dtype(torch.float32)
    assert str(ours.dtype) == str(theirs.dtype)
    assert ours.tolist() == theirs.tolist()
    assert tuple(ours.shape) == tuple(theirs.shape)


def test_tensor_of_tensors() -> None:
    parts = [tinygrad_i2dl.tensor(1.5), tinygrad_i2dl.tensor(2.5)]
    assert tinygrad_i2dl.tensor(parts).tolist() == [1.5, 2.5]
    assert tinygrad_i2dl.tensor([[1.0, parts[0]], [parts[1], 2.0]]).tolist() == [[1.0, 1.5], [2.5, 2.0]]
    assert tinygrad_i2dl.tensor([tinygrad_i2dl.tensor(1.0, dtype=tinygrad_i2dl.float64)]).dtype is tinygrad_i2dl.float64


REFUSED: list[tuple[type[Exception], Callable[[Any], Any]]] = [
    (ValueError, lambda t: t.tensor([[1, 2], [3]])),
    (TypeError, lambda t: t.tensor("text")),
    (RuntimeError, lambda t: t.tensor(None)),
    (RuntimeError, lambda t: t.tensor([300], dtype=t.uint8)),
    (RuntimeError, lambda t: t.tensor([1, 2], requires_grad=True)),
    (RuntimeError, lambda t: t.zeros(-1)),
    (TypeError, lambda t: t.zeros(2.5)),
    (TypeError, lambda t: t.zeros()),
    (RuntimeError, lambda t: t.arange(0, 5, 0)),
    (RuntimeError, lambda t: t.arange(5, 0)),
    (TypeError, lambda t: t.from_numpy([1, 2])),
    (ValueError, lambda t: t.from_numpy(numpy.arange(3)[::-1])),
    (TypeError, lambda t: t.from_numpy(numpy.array(["a"]))),
    (RuntimeError, lambda t: t.eye(-1)),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refused_as_in_pytorch(number: int) -> None:
    error, make = REFUSED[number]
    with pytest.raises(error):
        make(torch)
    with pytest.raises(error):
        make(tinygrad_i2dl)


def test_complex_data_is_refused() -> None:
    with pytest.raises(TypeError, match="complex"):
        tinygrad_i2dl.tensor([1j])
    with pytest.raises(RuntimeError, match="complex"):
        tinygrad_i2dl.complex(tinygrad_i2dl.ones(1), tinygrad_i2dl.ones(1))


def test_what_shares_memory() -> None:
    array = numpy.zeros(3, "float32")
    tinygrad_i2dl.from_numpy(array)[0] = 1.0
    tinygrad_i2dl.as_tensor(array)[1] = 2.0
    tinygrad_i2dl.tensor(array)[2] = 3.0
    assert array.tolist() == [1.0, 2.0, 0.0]
    x = tinygrad_i2dl.zeros(2)
    assert tinygrad_i2dl.as_tensor(x) is x
    assert tinygrad_i2dl.asarray(x, copy=True) is not x


def test_old_tensor_types() -> None:
    assert tinygrad_i2dl.FloatTensor([1, 2]).dtype is tinygrad_i2dl.float32
    assert tinygrad_i2dl.LongTensor([[1], [2]]).tolist() == [[1], [2]]
    assert tuple(tinygrad_i2dl.ByteTensor(2, 3).shape) == (2, 3)
    assert tinygrad_i2dl.FloatTensor(numpy.ones(2)).tolist() == [1.0, 1.0]
    assert isinstance(tinygrad_i2dl.ones(1), tinygrad_i2dl.FloatTensor)
    assert not isinstance(tinygrad_i2dl.ones(1), tinygrad_i2dl.LongTensor)
    assert not isinstance(1.0, tinygrad_i2dl.FloatTensor)
    assert repr(tinygrad_i2dl.FloatTensor) == repr(torch.FloatTensor)
    with pytest.raises(TypeError):
        tinygrad_i2dl.FloatTensor(tinygrad_i2dl.ones(1).long())


def test_new_tensors_like_this_one() -> None:
    x = tinygrad_i2dl.ones(2, dtype=tinygrad_i2dl.float64)
    assert x.new_zeros(3).dtype is x.new_tensor([1, 2]).dtype is x.new(2, 2).dtype is x.dtype
    assert x.new_full((2,), 3).tolist() == [3.0, 3.0]
    assert x.new_ones((2, 1), dtype=tinygrad_i2dl.int32).tolist() == [[1], [1]]


def test_absent_device_says_so() -> None:
    with pytest.raises(RuntimeError, match="'mps' is not available"):
        tinygrad_i2dl.zeros(2, device="mps")
    with pytest.raises(RuntimeError, match="not available"):
        tinygrad_i2dl.set_default_device("mps")
    assert tinygrad_i2dl.get_default_device() == tinygrad_i2dl.device("cpu")
    assert tinygrad_i2dl.zeros(2, device="cpu").device.type == "cpu"


def test_factories_take_out() -> None:
    out = tinygrad_i2dl.empty(0)
    assert tinygrad_i2dl.arange(3, out=out) is out
    assert out.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(("start", "end", "steps"), [(-1.0, 1.0, 7), (0.0, 1.0, 100), (-3.14159, 3.14159, 2000)])
def test_linspace_rounds_each_product_and_sum_once(start: float, end: float, steps: int) -> None:
    first, last = numpy.float32(start), numpy.float32(end)
    step = Fraction(float((last - first) / numpy.float32(steps - 1)))
    upward = [Fraction(float(first)) + step * k for k in range(steps // 2)]
    downward = [Fraction(float(last)) - step * k for k in range(steps - steps // 2)][::-1]
    expected = numpy.array([float(value) for value in upward + downward], "float32")
    assert tinygrad_i2dl.linspace(start, end, steps).tolist() == expected.tolist()


@pytest.mark.parametrize("align_corners", [True, False])
def test_the_identity_grid_is_pytorchs_to_the_last_bit(align_corners: bool) -> None:
    identity = [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]
    ours, theirs = (
        library.nn.functional.affine_grid(library.tensor(identity), (1, 1, 7, 28), align_corners=align_corners)
        for library in (tinygrad_i2dl, torch)
    )
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("default", ["float32", "float64"])
def test_tensors_among_numbers_have_their_dtype(default: str) -> None:
    def run(library: Any) -> list[tuple[str, Any]]:
        single, half, whole = library.tensor(2.0), library.tensor(3.0, dtype=library.float16), library.tensor(4)
        library.set_default_dtype(getattr(library, default))
        try:
            made = [
                library.tensor(data)
                for data in ([single, 1.0], [1.0, single], [half, 1], [half, 1.0], [whole, 1.5], [single, whole],
                             [[single, 1], [2, 3]], [single.double(), 1], [whole, True])
            ]  # fmt: skip
        finally:
            library.set_default_dtype(library.float32)
        return [(str(each.dtype).removeprefix("tinygrad_i2dl").rpartition(".")[2], each.tolist()) for each in made]

    assert run(tinygrad_i2dl) == run(torch)
