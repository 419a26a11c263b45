"""Sum and mean over all dimensions in C++: values, precision, what is refused, threads and instruction sets."""

from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl.backends import native

extension = pytest.importorskip("tinygrad_i2dl._native")
DTYPES = (numpy.float32, numpy.float64)
SIZES = (1, 2, 3, 15, 16, 17, 63, 255, 1023, 1024, 1025, 5000, 32768, 32769, 100_003)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("instruction_set", native.instruction_sets())
def test_totals_are_as_precise_as_the_dtype(dtype: type, instruction_set: str) -> None:
    """Against exact sums of integers, and float64 sums of other numbers."""
    before = native.instruction_set()
    native.set_instruction_set(instruction_set)
    try:
        for size in SIZES:
            whole = (numpy.arange(size) % 11 - 5).astype(dtype)
            assert extension.sum_over(whole, None, False) == whole.astype(numpy.int64).sum()
            numbers = numpy.random.default_rng(size).uniform(0.5, 1.5, size).astype(dtype)
            exact = numpy.longdouble(numbers).sum()
            unit = numpy.finfo(dtype).eps
            assert abs(extension.sum_over(numbers, (0,), False) - exact) <= 8 * unit * exact
            assert abs(extension.mean_over(numbers, (0,), False) - exact / size) <= 8 * unit * exact / size
    finally:
        native.set_instruction_set(before)


@pytest.mark.parametrize("name", ["sum_over", "mean_over"])
def test_shapes_and_special_values(name: str) -> None:
    total = getattr(extension, name)
    ones = numpy.ones((2, 3), numpy.float32)
    assert total(ones, (0, 1), True).shape == (1, 1) and total(ones, None, False).shape == ()
    assert total(ones, None, False).dtype == numpy.float32
    assert total(numpy.float64([numpy.inf, 1]), None, False) == numpy.inf
    assert numpy.isnan(total(numpy.float64([numpy.inf, -numpy.inf]), None, False))
    assert numpy.isnan(total(numpy.float64([numpy.nan, 1]), None, False))
    assert total(numpy.array(3.0), (), False) == 3 and total(numpy.array(3.0), None, True).shape == ()


def test_float32_sums_beyond_its_range_on_the_way() -> None:
    """The pieces are added up in float64: only the result has to be in the range."""
    numbers = numpy.repeat(numpy.float32([3e38 / 1024, -3e38 / 1024]), 2048)
    assert extension.sum_over(numbers, None, False) == 0


@pytest.mark.parametrize("name", ["sum_over", "mean_over"])
@pytest.mark.parametrize(
    "arguments",
    [
        (numpy.ones((2, 3)), (0,), False), (numpy.ones((2, 3)), (1, 0), False), (numpy.ones((2, 3)), (0, -1), False),
        (numpy.ones((2, 3)), [0, 1], False), (numpy.ones((2, 3)), (0, 1), 1), (numpy.ones((2, 3)), 0, False),
        (numpy.ones((2, 0)), None, False), (numpy.ones((4, 3)).T, None, False), (numpy.ones(3), None),
        (numpy.ones(3, numpy.float16), None, False), (numpy.ones(3, numpy.int64), None, False),
        (numpy.ones(3, ">f4"), None, False), ([1.0], None, False), (),
    ],
)  # fmt: skip
def test_what_is_left_to_the_reference(name: str, arguments: tuple[Any, ...]) -> None:
    assert getattr(extension, name)(*arguments) is NotImplemented


def test_any_number_of_threads_gives_the_same_bits() -> None:
    numbers = numpy.random.default_rng(0).normal(size=500_001).astype(numpy.float32)
    before, sums = native.get_num_threads(), set()
    try:
        for threads in (1, 2, 3, 8):
            native.set_num_threads(threads)
            sums.add(extension.sum_over(numbers, None, False).item())
    finally:
        native.set_num_threads(before)
    assert len(sums) == 1


def test_the_profile_names_the_provider_and_the_reason() -> None:
    with torch.use_backend("native"), torch.profile() as p:
        torch.ones(2, 3).sum()
        torch.ones(2, 3).mean(0)
    said = {event.name: (event.provider, event.declined) for event in p.events}
    assert said["sum_over"] == ("native", "")
    assert said["mean_over"] == ("numpy", "native: not over all dimensions")
