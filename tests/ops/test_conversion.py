"""Conversions of dtype and device, and what they record."""

from __future__ import annotations

import copy
from typing import Any

import numpy
import pytest

import tinygrad_i2dl

torch = pytest.importorskip("torch")

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]


def values(library: Any, tensor: Any) -> Any:
    return tensor.to(library.float64).tolist()


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_every_cast(source: str, target: str) -> None:
    data = [0, 1, 2, 100]
    ours = tinygrad_i2dl.tensor(data).to(getattr(tinygrad_i2dl, source)).to(getattr(tinygrad_i2dl, target))
    theirs = torch.tensor(data).to(getattr(torch, source)).to(getattr(torch, target))
    assert str(ours.dtype) == str(theirs.dtype)
    assert values(tinygrad_i2dl, ours) == values(torch, theirs)


def test_forms_of_to() -> None:
    x = tinygrad_i2dl.tensor([1.5, 2.5])
    assert x.to(tinygrad_i2dl.float32) is x.to("cpu") is x.to(x) is x.cpu() is x.float() is x
    assert x.to(torch_long := tinygrad_i2dl.long).tolist() == x.to("cpu", torch_long).tolist() == [1, 2]
    assert (
        x.to(device="cpu", dtype=torch_long).dtype is x.to(tinygrad_i2dl.zeros(1).long()).dtype is tinygrad_i2dl.int64
    )
    assert x.to(tinygrad_i2dl.device("cpu"), non_blocking=True) is x
    assert x.to("cpu", copy=True) is not x
    assert x.to(tinygrad_i2dl.float64, copy=True).dtype is tinygrad_i2dl.float64
    assert x.to(float) is not None
    with pytest.raises(TypeError):
        x.to(object())
    with pytest.raises(RuntimeError):
        x.to("nowhere")
    with pytest.raises(RuntimeError, match="not available"):
        x.to("xpu")


def test_forms_of_type() -> None:
    x = tinygrad_i2dl.tensor([1.5])
    assert x.type() == torch.tensor([1.5]).type() == "torch.FloatTensor"
    for wanted in (tinygrad_i2dl.LongTensor, "torch.LongTensor", tinygrad_i2dl.int64):
        assert x.type(wanted).tolist() == [1]
    assert x.type_as(tinygrad_i2dl.zeros(1).double()).type() == "torch.DoubleTensor"
    with pytest.raises(ValueError, match="no tensor type"):
        x.type("torch.NoTensor")


def test_gradients_pass_floating_casts_only() -> None:
    x = tinygrad_i2dl.tensor([1.0, 2.0], requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert x.grad.dtype is tinygrad_i2dl.float32
    assert not x.long().requires_grad
    assert not x.bool().requires_grad
    assert x.half().requires_grad


def test_bits_read_anew() -> None:
    x, y = tinygrad_i2dl.tensor([[1.0, -2.0]]), torch.tensor([[1.0, -2.0]])
    assert x.view(tinygrad_i2dl.int32).tolist() == y.view(torch.int32).tolist()
    assert x.view(tinygrad_i2dl.uint8).tolist() == y.view(torch.uint8).tolist()
    x.view(tinygrad_i2dl.int32)[0, 0] = 0
    assert x.tolist() == [[0.0, -2.0]]


def test_limits_of_dtypes() -> None:
    for name in ("float16", "bfloat16", "float32", "float64"):
        ours, theirs = tinygrad_i2dl.finfo(getattr(tinygrad_i2dl, name)), torch.finfo(getattr(torch, name))
        for field in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
            assert getattr(ours, field) == getattr(theirs, field), (name, field)
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        ours, theirs = tinygrad_i2dl.iinfo(getattr(tinygrad_i2dl, name)), torch.iinfo(getattr(torch, name))
        assert [getattr(ours, f) for f in ("bits", "min", "max", "dtype")] == [
            theirs.bits,
            theirs.min,
            theirs.max,
            theirs.dtype,
        ]
    with pytest.raises(TypeError):
        tinygrad_i2dl.finfo(tinygrad_i2dl.int64)
    with pytest.raises(TypeError):
        tinygrad_i2dl.iinfo(tinygrad_i2dl.float32)


def test_result_type() -> None:
    operands: list[Any] = [1, 1.5, True]
    for dtype in DTYPES:
        for number in operands:
            for shape in ((2,), ()):
                ours = tinygrad_i2dl.result_type(tinygrad_i2dl.ones(shape, dtype=getattr(tinygrad_i2dl, dtype)), number)
                theirs = torch.result_type(torch.ones(shape, dtype=getattr(torch, dtype)), number)
                assert str(ours) == str(theirs)


def test_layout() -> None:
    x, y = tinygrad_i2dl.zeros(2, 3, 4, 5), torch.zeros(2, 3, 4, 5)
    for make in (
        lambda t, z: z,
        lambda t, z: z.transpose(1, 2),
        lambda t, z: z[:, 1:],
        lambda t, z: z.contiguous(memory_format=t.channels_last),
        lambda t, z: z[0, 0, 0, 0],
        lambda t, z: z[:, :0],
    ):
        ours, theirs = make(tinygrad_i2dl, x), make(torch, y)
        assert ours.stride() == theirs.stride()
        assert ours.storage_offset() == theirs.storage_offset()
        assert ours.is_contiguous() == theirs.is_contiguous()
        assert ours.contiguous().is_contiguous()
        assert ours.is_contiguous(memory_format=tinygrad_i2dl.channels_last) == theirs.is_contiguous(
            memory_format=torch.channels_last
        )
        assert (ours.numel(), ours.element_size(), ours.nbytes, ours.dim()) == (
            theirs.numel(),
            theirs.element_size(),
            theirs.nbytes,
            theirs.dim(),
        )
        assert ours.size() == tuple(theirs.size())
    assert x.size(-1) == 5
    assert x.stride(0) == 60
    assert x.data_ptr() == x.numpy().ctypes.data
    with pytest.raises(IndexError):
        x.size(4)
    with pytest.raises(IndexError):
        x[0, 0, 0, 0].size(0)


@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
def test_integers_refuse_zero_as_divisor(name: str) -> None:
    for library in (tinygrad_i2dl, torch):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            getattr(library, name)(library.tensor([1, 2]), library.tensor([1, 0]))
    infinite = tinygrad_i2dl.floor_divide(tinygrad_i2dl.tensor([1.0]), 0.0)
    numpy.testing.assert_array_equal(infinite.numpy(), [numpy.inf])


MEMORY: dict[str, Any] = {
    "transposed": lambda lib: lib.ones(2, 3).t(),
    "every second": lambda lib: lib.ones(4, 6).t()[::2],
    "channels last": lambda lib: lib.ones(2, 3, 4, 5).permute(0, 2, 3, 1),
    "expanded": lambda lib: lib.ones(3, 1).expand(3, 4),
    "all one element": lambda lib: lib.ones(1).expand(2, 2),
}


@pytest.mark.parametrize("name", MEMORY)
def test_copies_keep_the_order_of_dimensions_in_memory(name: str) -> None:
    ours, theirs = MEMORY[name](tinygrad_i2dl), MEMORY[name](torch)
    assert ours.clone().stride() == theirs.clone().stride()
    for lib, x in ((tinygrad_i2dl, ours), (torch, theirs)):
        assert x.clone(memory_format=lib.contiguous_format).is_contiguous()
    if ours.ndim == 4:
        formats = [
            x.clone(memory_format=lib.channels_last).stride() for lib, x in ((tinygrad_i2dl, ours), (torch, theirs))
        ]
        assert formats[0] == formats[1]
        assert copy.deepcopy(ours).stride() == copy.deepcopy(theirs).stride()


@pytest.mark.parametrize("convert", [int, float, complex])
def test_python_numbers_come_from_one_element(convert: Any) -> None:
    for lib in (tinygrad_i2dl, torch):
        assert convert(lib.tensor([[2.0]])) == convert(2)
        for wrong in (lib.ones(2), lib.ones(0)):
            with pytest.raises(ValueError, match="one element"):
                convert(wrong)
            with pytest.raises(RuntimeError, match="element"):
                wrong.item()


@pytest.mark.parametrize("kind", [bool, int, float])
def test_python_types_name_dtypes(kind: Any) -> None:
    made = [
        (lib.ones(2, dtype=kind), lib.tensor([1], dtype=kind), lib.ones(2).to(kind), lib.full((2,), 1, dtype=kind))
        for lib in (tinygrad_i2dl, torch)
    ]
    assert [[str(each.dtype) for each in several] for several in made[:1]] == [
        [str(each.dtype) for each in several] for several in made[1:]
    ]


def test_elements_are_not_deleted() -> None:
    for lib in (tinygrad_i2dl, torch):
        with pytest.raises(TypeError, match="delet"):
            del lib.ones(2)[0]
