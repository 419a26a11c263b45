"""Every backend computes what the reference kernels compute: results, gradients and second derivatives of every sample.

Backends leave small arrays to others, and samples are small: here those limits are lifted, so that the kernels run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy
import pytest

torch = pytest.importorskip("torch")

import tinygrad_i2dl  # noqa: E402
from tests.calls import (  # noqa: E402
    Call,
    array_of,
    cases_of,
    differentiable,
    function_of,
    parts,
    through,
    weights_of,
)
from tests.samples import Case, Samples, load_all  # noqa: E402
from tinygrad_i2dl.backends import native, numba, registry  # noqa: E402

pytestmark = pytest.mark.filterwarnings(r"ignore:kl_div\(\)")

BLOCKS = load_all()
READY = [
    name for name, why in tinygrad_i2dl.available_backends().items() if why is None and name in ("native", "numba")
]

# name of a backend and of an operation: why it may differ from the reference
BACKEND_DIFFERS: dict[tuple[str, str], str] = {}


@contextmanager
def using(backend: str) -> Iterator[None]:
    """The backend for arrays of every size."""
    with numba.limits.lifted() if backend == "numba" else nullcontext(), tinygrad_i2dl.use_backend(backend):
        yield


def outcome(backend: str, block: Samples, call: Case, dtype: str, second: bool) -> list[Any]:
    """Results, gradients along fixed weights, and with `second` those of the gradients along fixed weights."""
    with using(backend):
        made = Call(tinygrad_i2dl, call, dtype=dtype)
        result = made(through(block, function_of(block)))
        found = [[array_of(each) for each in parts(result)]]
        outputs = differentiable(result)
        for _ in range(1 + second):
            if not outputs or not made.leaves:
                break
            weights = [tinygrad_i2dl.from_numpy(each) for each in weights_of(outputs)]
            gradients = tinygrad_i2dl.autograd.grad(
                outputs, made.leaves, weights, allow_unused=True, create_graph=second
            )
            found.append([None if each is None else array_of(each) for each in gradients])
            outputs = [each for each in gradients if each is not None and each.requires_grad]
        return found


def assert_same(actual: list[Any], expected: list[Any], rtol: float, where: str) -> None:
    assert len(actual) == len(expected), where
    for order, (one, other) in enumerate(zip(actual, expected, strict=True)):
        compare(one, other, rtol, f"{where}, {'result' if not order else f'derivative of order {order}'}")


def compare(actual: list[Any], expected: list[Any], rtol: float, where: str) -> None:
    """No gradient and a gradient of zeros mean the same; what cancelled is judged by the array's largest element."""
    assert len(actual) == len(expected), where
    for number, (one, other) in enumerate(zip(actual, expected, strict=True)):
        known = one if one is not None else other
        if known is None:
            continue
        a, b = (numpy.zeros_like(known) if each is None else each for each in (one, other))
        what = f"{where}, part {number}"
        assert (a.shape, a.dtype) == (b.shape, b.dtype), what
        if a.dtype.kind not in "biuf":
            assert a == b, what
            continue
        finite = numpy.abs(b[numpy.isfinite(b)]) if b.size else numpy.zeros(0)
        largest = float(finite.max()) if finite.size else 0.0
        numpy.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * 5e-2 * max(largest, 0.01), err_msg=what)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("backend", READY)
def test_same_as_the_reference(backend: str, name: str) -> None:
    if (backend, name) in BACKEND_DIFFERS:
        pytest.skip(BACKEND_DIFFERS[backend, name])
    block = BLOCKS[name]
    for number, call in enumerate(cases_of(block)):
        for dtype, rtol, second in (("float64", 1e-9, block.gradient and block.second), ("float32", 2e-5, False)):
            expected = outcome("numpy", block, call, dtype, second)
            assert_same(outcome(backend, block, call, dtype, second), expected, rtol, f"case {number} in {dtype}")


WITHOUT_SAMPLE = {
    **dict.fromkeys(("adam_step", "gradient_norm", "scale_arrays", "sgd_step"), "no operation"),
    "scale_channels": "needs running statistics without gradients",
}

# Kernels that no sample can run, by backend, and why; tests of the backend run them.
NOT_REACHED = {
    "native": {
        "relu": "serves large arrays only",
        "lstm_scan": "serves multiples of 16 hidden values",
        "lstm_scan_backward": "serves multiples of 16 hidden values",
        **WITHOUT_SAMPLE,
    },
    "numba": WITHOUT_SAMPLE,
}


def served_by(backend: str, names: Iterator[str]) -> set[str]:
    """The operations that kernels of the backend computed, and did not pass on, in the samples."""
    served: set[str] = set()

    def notice(name: str, provider: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            result = kernel(*arguments, **keywords)
            if provider == backend and result is not NotImplemented:
                served.add(name)
            return result

        return call

    with registry.wrapped_kernels(notice):
        for name in names:
            block = BLOCKS[name]
            for call in cases_of(block):
                for second in {False, block.gradient and block.second}:
                    outcome(backend, block, call, "float64", second)
    return served


@pytest.mark.parametrize(("backend", "module"), [("native", native), ("numba", numba)])
def test_every_kernel_is_reached(backend: str, module: Any) -> None:
    if backend not in READY:
        pytest.skip(str(module.reason()))
    missing = set(module.KERNELS) - set(NOT_REACHED[backend]) - served_by(backend, iter(BLOCKS))
    assert not missing, f"no sample runs {backend}'s kernels of {sorted(missing)}"
