"""Interpolation of bytes, with antialiasing, and the sizes that scale factors give."""

from __future__ import annotations

import numpy
import pytest

import tinygrad_i2dl
from tinygrad_i2dl.nn import functional

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(5, 9), (30, 40), (8, 40), (17, 23)])
@pytest.mark.parametrize("antialias", [False, True])
def test_bytes_bit_for_bit(mode: str, size: tuple[int, int], antialias: bool) -> None:
    """Images of uint8 are resampled in fixed-point arithmetic, as Pillow and PyTorch do it."""
    values = numpy.random.default_rng(0).integers(0, 256, (2, 3, 17, 23), dtype=numpy.uint8)
    ours = functional.interpolate(tinygrad_i2dl.tensor(values), size, mode=mode, antialias=antialias)
    theirs = torch.nn.functional.interpolate(torch.tensor(values), size, mode=mode, antialias=antialias)
    numpy.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
@pytest.mark.parametrize("factor", [0.3, 0.5, 1.0, 1.1, 1.7, 2.0, 3.3])
@pytest.mark.parametrize("recompute", [False, True])
def test_scale_factors(mode: str, factor: float, recompute: bool) -> None:
    values = numpy.random.default_rng(0).standard_normal((1, 2, 13, 10))
    arguments = {"scale_factor": factor, "mode": mode, "recompute_scale_factor": recompute}
    ours = functional.interpolate(tinygrad_i2dl.tensor(values), **arguments)
    theirs = torch.nn.functional.interpolate(torch.tensor(values), **arguments)
    numpy.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12, atol=1e-12)


def test_other_integers_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="floating-point elements or uint8"):
        functional.interpolate(tinygrad_i2dl.ones(1, 1, 2, 2).long(), 4, mode="bilinear")
