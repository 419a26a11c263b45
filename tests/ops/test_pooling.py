"""Pooling: NaN, ties, padding at the ends, what is saved, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl
from tinygrad_i2dl.nn import functional

torch = pytest.importorskip("torch")


def both(values: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """Values and indices of max_pool2d, ours and PyTorch's."""
    ours = functional.max_pool2d(tinygrad_i2dl.tensor(values), *args, return_indices=True, **kwargs)
    theirs = torch.nn.functional.max_pool2d(torch.tensor(values), *args, return_indices=True, **kwargs)
    return [each.numpy() for each in ours], [each.numpy() for each in theirs]


@pytest.mark.parametrize("backend", [name for name, why in tinygrad_i2dl.available_backends().items() if why is None])
@pytest.mark.parametrize("kind", ["ties", "nan", "infinite", "integers"])
def test_indices_of_special_values(backend: str, kind: str) -> None:
    values = numpy.random.default_rng(0).integers(-2, 3, (2, 2, 6, 7)).astype("float32")
    if kind == "nan":
        values[values == 1] = numpy.nan
    elif kind == "infinite":
        values[:, :, :3] = -numpy.inf
    elif kind == "integers":
        values = values.astype("int64")  # type: ignore[assignment]
    with tinygrad_i2dl.use_backend(backend):
        for arguments in ((2,), (3, 2, 1), (3, 1, 1, 2), (2, 2, 1, 1, True), ((2, 3), (1, 2))):
            ours, theirs = both(values, *arguments)
            numpy.testing.assert_array_equal(ours[0], theirs[0])
            numpy.testing.assert_array_equal(ours[1], theirs[1])


def test_result_may_be_changed_in_place() -> None:
    """The backward pass needs the indices, not the values: an in-place activation may follow."""
    x = tinygrad_i2dl.tensor([[[[1.0, -2.0], [3.0, 0.0]]]], requires_grad=True)
    functional.max_pool2d(x, 2).mul_(2).sum().backward()
    assert x.grad.tolist() == [[[[0.0, 0.0], [2.0, 0.0]]]]


def test_outputs_saved_by_name_are_guarded() -> None:
    """An operation of several outputs saves those that its formula names, and only changes of these are refused."""
    x = tinygrad_i2dl.ones(1, 1, 4, requires_grad=True)
    values, indices = functional.max_pool1d(x, 2, return_indices=True)
    indices.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        values.sum().backward()


def test_unpooling_restores_what_was_pooled() -> None:
    x = tinygrad_i2dl.arange(16.0).reshape(1, 1, 4, 4)
    restored = functional.max_unpool2d(*functional.max_pool2d(x, 2, return_indices=True), 2)
    assert restored.sum().item() == 5 + 7 + 13 + 15
    assert functional.max_pool2d(restored, 2).tolist() == functional.max_pool2d(x, 2).tolist()


def test_fractional_pooling_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="adaptive_max_pool2d"):
        functional.fractional_max_pool2d(tinygrad_i2dl.ones(1, 1, 4, 4), 2, output_size=2)


def test_nan_stays_in_its_window() -> None:
    values = numpy.zeros((1, 1, 7, 7), "float32")
    values[0, 0, 0, 0] = numpy.nan
    ours, theirs = tinygrad_i2dl.tensor(values), torch.tensor(values)
    numpy.testing.assert_array_equal(
        functional.adaptive_avg_pool2d(ours, 3), torch.nn.functional.adaptive_avg_pool2d(theirs, 3)
    )
    numpy.testing.assert_array_equal(
        functional.interpolate(ours, 3, mode="bilinear"), torch.nn.functional.interpolate(theirs, 3, mode="bilinear")
    )
