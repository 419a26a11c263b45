"""The device that tests of this folder run on: the stand-in everywhere, and the real GPU where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests import calls
from tests.cuda.standin import Library
from tinygrad_i2dl.backends import cudnn
from tinygrad_i2dl.backends import cupy as gpu
from tinygrad_i2dl.backends.cupy import launch

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
    rounded, cudnn.allow_tf32 = cudnn.allow_tf32, cudnn.allow_tf32 and request.param == "standin"
    yield "cuda"
    cudnn.allow_tf32 = rounded
    calls.PLACES.pop()
    undo()


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of our CUDA kernels is launched."""
    counted: Counter[str] = Counter()
    original = launch.Launcher.__call__

    def call(self: Any, file: str, name: str, *rest: Any) -> None:
        counted[name] += 1
        original(self, file, name, *rest)

    monkeypatch.setattr(launch.Launcher, "__call__", call)
    return counted
