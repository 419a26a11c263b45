"""`make_grid` and `save_image` against a plain loop in NumPy and Pillow's reading."""

import io
import math
import os
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import tinygrad_i2dl as torch
from tinygrad_i2dl.vision import utils
from tinygrad_i2dl.vision.io import ImageReadMode, read_image


def grid_of(images: Any, nrow: int, padding: int, pad_value: float) -> Any:
    count, channels, height, width = images.shape
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    shape = (channels, rows * (height + padding) + padding, columns * (width + padding) + padding)
    grid = numpy.full(shape, pad_value, dtype=images.dtype)
    for i, image in enumerate(images):
        top = padding + (i // columns) * (height + padding)
        left = padding + (i % columns) * (width + padding)
        grid[:, top : top + height, left : left + width] = image
    return grid


@pytest.mark.parametrize(("count", "nrow"), [(10, 4), (3, 8), (8, 8), (5, 1)])
@pytest.mark.parametrize(("padding", "pad_value"), [(2, 0.0), (0, 0.0), (3, 0.7)])
def test_grid_against_a_loop(count: int, nrow: int, padding: int, pad_value: float) -> None:
    images = torch.rand(count, 3, 4, 5)
    result = utils.make_grid(images, nrow=nrow, padding=padding, pad_value=pad_value)
    numpy.testing.assert_array_equal(result.numpy(), grid_of(images.numpy(), nrow, padding, numpy.float32(pad_value)))


def test_gray_images_become_three_channels_and_single_ones_stay_bare() -> None:
    gray = torch.rand(2, 1, 3, 3)
    expected = grid_of(numpy.repeat(gray.numpy(), 3, axis=1), 8, 2, 0.0)
    numpy.testing.assert_array_equal(utils.make_grid(gray).numpy(), expected)
    numpy.testing.assert_array_equal(utils.make_grid(list(gray)).numpy(), expected)
    for single in (gray[0, 0], gray[0], gray[:1]):
        numpy.testing.assert_array_equal(utils.make_grid(single).numpy(), numpy.repeat(gray.numpy()[0], 3, axis=0))


def test_normalization_over_all_by_image_and_by_a_given_range() -> None:
    images = torch.randn(4, 3, 5, 5)
    values = images.numpy()

    def scaled(array: Any, low: float, high: float) -> Any:
        return (numpy.clip(array, low, high) - low) / max(high - low, 1e-5)

    cases: list[tuple[dict[str, Any], Any]] = [
        ({}, scaled(values, float(values.min()), float(values.max()))),
        ({"scale_each": True}, numpy.stack([scaled(each, float(each.min()), float(each.max())) for each in values])),
        ({"value_range": (-1, 1)}, scaled(values, -1, 1)),
    ]
    for arguments, expected in cases:
        result = utils.make_grid(images, normalize=True, padding=0, nrow=4, **arguments)
        numpy.testing.assert_allclose(result.numpy(), grid_of(expected, 4, 0, 0.0), atol=1e-6)
    numpy.testing.assert_array_equal(images.numpy(), values)
    assert not utils.make_grid(torch.rand(2, 3, 2, 2, requires_grad=True)).requires_grad


def test_wrong_inputs() -> None:
    with pytest.raises(TypeError, match="got ndarray"):
        utils.make_grid(numpy.zeros((2, 3, 4, 4)))
    with pytest.raises(TypeError, match="list of tensors"):
        utils.make_grid([1, 2])
    with pytest.raises(TypeError, match="value_range must be a tuple"):
        utils.make_grid(torch.zeros(2, 3, 4, 4), normalize=True, value_range=[0, 1])  # type: ignore[arg-type]


def test_saved_images_are_rounded_and_read_back(tmp_path: Path) -> None:
    values = torch.linspace(-0.1, 1.1, 75).reshape(3, 5, 5).requires_grad_()
    expected = numpy.clip(values.detach().numpy() * numpy.float32(255) + numpy.float32(0.5), 0, 255).astype(numpy.uint8)
    utils.save_image(values, tmp_path / "image.png")
    numpy.testing.assert_array_equal(read_image(tmp_path / "image.png").numpy(), expected)
    assert read_image(tmp_path / "image.png", ImageReadMode.GRAY).shape == (1, 5, 5)
    stream = io.BytesIO()
    utils.save_image(values, stream, format="bmp")
    numpy.testing.assert_array_equal(numpy.asarray(Image.open(stream)).transpose(2, 0, 1), expected)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "image.png"
    utils.save_image(torch.zeros(3, 2, 2), target)
    before = target.read_bytes()

    def half(self: Any, file: Any, format: str) -> None:
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(OSError, match="no space left"):
        utils.save_image(torch.ones(3, 2, 2), target)
    assert target.read_bytes() == before
    assert os.listdir(tmp_path) == ["image.png"]


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no image format is known by the ending '.nothing'"):
        utils.save_image(torch.zeros(3, 2, 2), tmp_path / "image.nothing")
