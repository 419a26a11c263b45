"""`FirstOf`, the kernel of an operation that several backends serve, in C++."""

import gc
import weakref
from typing import Any

import pytest

native = pytest.importorskip("tinygrad_i2dl._native")


def passes(*arguments: Any) -> Any:
    return NotImplemented


def tells(*arguments: Any, **keywords: Any) -> Any:
    return arguments, keywords


def fails(*arguments: Any) -> Any:
    raise ZeroDivisionError("first")


def test_the_second_is_asked_where_the_first_passes() -> None:
    assert native.FirstOf(passes, tells)(1, 2) == ((1, 2), {})
    assert native.FirstOf(tells, fails)(1, 2) == ((1, 2), {})
    assert native.FirstOf(passes, native.FirstOf(passes, tells))() == ((), {})
    assert native.FirstOf(passes, passes)(1) is NotImplemented


def test_keywords_go_to_the_second() -> None:
    assert native.FirstOf(fails, tells)(1, out=2) == ((1,), {"out": 2})


def test_errors_of_the_first_are_not_asked_again() -> None:
    with pytest.raises(ZeroDivisionError, match="first"):
        native.FirstOf(fails, tells)(1)


@pytest.mark.parametrize("arguments", [(), (tells,), (tells, None), (3, tells), (tells, tells, tells)])
def test_it_takes_two_kernels(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        native.FirstOf(*arguments)


def test_it_shows_its_kernels_and_frees_them() -> None:
    class Kernel:
        def __call__(self) -> Any:
            return NotImplemented

    kernel = Kernel()
    pair = native.FirstOf(kernel, tells)
    assert pair.first is kernel and pair.second is tells
    alive = weakref.ref(kernel)
    kernel.itself = pair  # type: ignore[attr-defined]  # a cycle, which the collector finds
    del kernel, pair
    gc.collect()
    assert alive() is None
