"""The device that tests of this folder run on: the stand-in everywhere, and the real GPU where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import calls
from tests.cuda.standin import Library
from tinygrad_i2dl.backends import cupy as gpu

# Name of a sample block: why it is no test of this device.
NOT_HERE = {"transfer": "names devices itself, the CPU twice; test_devices moves tensors"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [
        item
        for item in items
        if item.path.name != "test_operations.py" or item.callspec.params.get("name") not in NOT_HERE
    ]


@pytest.fixture(scope="session")
def _library() -> Library:
    return Library()


@pytest.fixture(params=["standin", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    """Tensors of samples are on ``cuda``: on CuPy's stand-in, or on a GPU."""
    undo = gpu.use(request.getfixturevalue("_library")) if request.param == "standin" else lambda: None
    calls.PLACES.append("cuda")
    yield "cuda"
    calls.PLACES.pop()
    undo()
