"""What every test and doctest starts from: the same seeds, the same modes, and hypothesis without a clock."""

import builtins
import functools
import random
from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy
import pytest

import tinygrad_i2dl
from tinygrad_i2dl import dtypes
from tinygrad_i2dl.engine import mode
from tinygrad_i2dl.generator import default_generator

# No deadline: on a shared machine a time limit tests the machine. Derandomised: a failure is the same one everywhere.
hypothesis.settings.register_profile("tinygrad_i2dl", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("tinygrad_i2dl")


@functools.cache
def missing_gpu() -> str | None:
    """Return why tests marked ``gpu`` cannot run here, None if they can."""
    try:
        import cupy
    except ImportError:
        return "needs CuPy"
    return None if cupy.is_available() else "needs a CUDA device"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests marked ``gpu`` where none can run, unless ``-m`` asks for them: thousands of skips say no more
    than one line."""
    if "gpu" in config.getoption("markexpr") or not any(item.get_closest_marker("gpu") for item in items):
        return
    if missing_gpu():
        left_out = [item for item in items if item.get_closest_marker("gpu")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("gpu")]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and missing_gpu():
        pytest.skip(str(missing_gpu()))


@pytest.fixture(autouse=True)
def _fresh_global_state() -> Iterator[None]:
    """Seed every generator before a test; then put back every mode that it left switched, and fail it for that."""
    random.seed(0)
    numpy.random.seed(0)
    default_generator.manual_seed(0)
    recording, inference = mode.state.recording, mode.state.inference
    default_dtype = dtypes.get_default_dtype()
    error_state, print_options = numpy.geterr(), numpy.get_printoptions()
    yield
    changed = [
        name
        for name, before, after in (
            ("set_grad_enabled", recording, mode.state.recording),
            ("inference_mode", inference, mode.state.inference),
            ("set_default_dtype", default_dtype, dtypes.get_default_dtype()),
            ("numpy.seterr", error_state, numpy.geterr()),
            ("numpy.set_printoptions", print_options, numpy.get_printoptions()),
        )
        if before != after
    ]
    mode.state.recording, mode.state.inference = recording, inference
    dtypes.set_default_dtype(default_dtype)
    numpy.seterr(**error_state)
    numpy.set_printoptions(**print_options)
    assert not changed, f"the test left global state changed: {', '.join(changed)}"


@pytest.fixture(autouse=True)
def _builtins_in_doctests(doctest_namespace: dict[str, Any]) -> None:
    """Give them Python's own ``float`` and ``sum``: among the package's names, where they run, these are torch's."""
    shadowed = {name for name in vars(tinygrad_i2dl) if name[0] != "_"} & set(vars(builtins))
    doctest_namespace.update({name: getattr(builtins, name) for name in shadowed})
