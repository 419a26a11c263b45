"""The native kernels need their extension: where it is missing these tests are skipped, unless it is required."""

import importlib
import os
from collections.abc import Iterator

import pytest

from tinygrad_i2dl.backends import native


@pytest.fixture(autouse=True)
def _extension() -> Iterator[None]:
    if not native.available():
        if os.environ.get("TINYGRAD_I2DL_REQUIRE_NATIVE") == "1":
            pytest.fail(f"TINYGRAD_I2DL_REQUIRE_NATIVE=1, but {native.reason()}")
        pytest.skip(str(native.reason()))
    threads, runtime = native.get_num_threads(), importlib.import_module("tinygrad_i2dl._native")
    least_work = runtime.least_work()
    runtime.set_least_work(0)  # threads share the small arrays of the tests as well
    yield
    runtime.set_least_work(least_work)
    native.set_num_threads(threads)
    native.set_instruction_set("auto")
