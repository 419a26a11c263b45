"""What every test starts from: the same seeds, the same modes, and hypothesis without a clock."""

import random
from collections.abc import Iterator

import hypothesis
import numpy
import pytest

# No deadline: on a shared machine a time limit tests the machine. Derandomised: a failure is the same one everywhere.
hypothesis.settings.register_profile("tinygrad_i2dl", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("tinygrad_i2dl")


@pytest.fixture(autouse=True)
def _fresh_global_state() -> Iterator[None]:
    """Seed every generator before a test, and fail the test that leaves a mode switched."""
    random.seed(0)
    numpy.random.seed(0)
    error_state, print_options = numpy.geterr(), numpy.get_printoptions()
    yield
    changed = [
        name
        for name, before, after in (
            ("numpy.seterr", error_state, numpy.geterr()),
            ("numpy.set_printoptions", print_options, numpy.get_printoptions()),
        )
        if before != after
    ]
    numpy.seterr(**error_state)
    numpy.set_printoptions(**print_options)
    assert not changed, f"the test left global state changed: {', '.join(changed)}"
