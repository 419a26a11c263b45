"""Pillow is optional: not imported before it is needed, and named where it is missing."""

import subprocess
import sys
from collections.abc import Iterator

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl import vision
from tinygrad_i2dl.vision.pillow import is_pil, pillow


@pytest.fixture
def without_pillow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    pillow.cache_clear()
    yield
    pillow.cache_clear()


@pytest.mark.usefixtures("without_pillow")
def test_tensors_and_arrays_work_without_pillow() -> None:
    change = vision.transforms.Compose(
        [vision.transforms.ToTensor(), vision.transforms.RandomCrop(4), vision.transforms.Normalize((0.5,), (0.5,))]
    )
    assert change(numpy.zeros((6, 6, 3), dtype=numpy.uint8)).shape == (3, 4, 4)
    assert not is_pil(torch.zeros(3, 4, 4))
    with pytest.raises(ModuleNotFoundError, match="pip install Pillow"):
        vision.transforms.functional.to_pil_image(torch.zeros(3, 4, 4))


def test_importing_vision_does_not_import_pillow() -> None:
    code = "import sys, tinygrad_i2dl.vision; print(sorted(name for name in sys.modules if name.startswith('PIL')))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_image_backend() -> None:
    vision.set_image_backend("PIL")
    assert vision.get_image_backend() == "PIL"
    with pytest.raises(ValueError, match="got 'accimage'"):
        vision.set_image_backend("accimage")
