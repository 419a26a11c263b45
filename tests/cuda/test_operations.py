"""The suite of every operation, of both orders of derivatives, on a device: `tests/test_ops.py` with other tensors."""

from __future__ import annotations

import pytest

from tests.test_ops import (
    test_empty_inputs as test_empty_inputs,
)
from tests.test_ops import (
    test_errors as test_errors,
)
from tests.test_ops import (
    test_forward as test_forward,
)
from tests.test_ops import (
    test_gradgradcheck as test_gradgradcheck,
)
from tests.test_ops import (
    test_gradients_of_arrays_and_of_tensors as test_gradients_of_arrays_and_of_tensors,
)
from tests.test_ops import (
    test_in_place_form as test_in_place_form,
)
from tests.test_ops import (
    test_method as test_method,
)

pytestmark = [
    pytest.mark.usefixtures("device"),
    pytest.mark.filterwarnings(r"ignore:kl_div\(\)"),
]
