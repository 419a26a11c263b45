"""Nothing is forgotten: operations have tests, primitives their derivatives, and widely used names exist."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import tinygrad_i2dl  # noqa: E402
from tests.calls import Call, cases_of, differentiable, find, function_of, gradients, lookup  # noqa: E402
from tests.conformance.entries import all_entries  # noqa: E402
from tests.conformance.exclusions import reason_of_entry  # noqa: E402
from tests.samples import load_all  # noqa: E402
from tinygrad_i2dl.backends import registry  # noqa: E402
from tinygrad_i2dl.ops._define import OPERATIONS  # noqa: E402

pytestmark = pytest.mark.filterwarnings(r"ignore:kl_div\(\)")

BLOCKS = load_all()
NAMESPACES = ("", "nn.functional", "linalg", "special", "Tensor")

# Public operations that cannot have a sample block, and why. It may only become shorter.
WITHOUT_BLOCK: dict[str, str] = {
    "gumbel_softmax": "draws: tests/ops/test_dropout.py compares its numbers with PyTorch's",
    "view_as_real": "refuses every call: there are no complex numbers",
    "view_as_complex": "refuses every call: there are no complex numbers",
}

# Operations inside of others that no sample block reaches, and why. It may only become shorter.
NOT_REACHED: dict[str, str] = {}

# Primitives with floating-point results whose derivative does not exist or is nobody's business.
NOT_DIFFERENTIABLE: dict[str, str] = {"resample_bytes": "of bytes"}


def layers(function: Any) -> Iterator[Any]:
    """A function and what it wraps: the operation itself is among them."""
    while function is not None:
        yield function
        operation = getattr(function, "op", None)
        if operation is not None:
            yield operation
        function = getattr(function, "__wrapped__", None)


def identities(functions: Any) -> set[int]:
    return {id(layer) for function in functions for layer in layers(function)}


def public_operations() -> set[str]:
    """Names in OPERATIONS of what users can call by some name."""
    reachable: list[Any] = []
    for namespace in NAMESPACES:
        holder = lookup(tinygrad_i2dl, namespace) if namespace else tinygrad_i2dl
        reachable += [getattr(holder, name) for name in dir(holder) if not name.startswith("_")]
    known = identities(reachable)
    return {name for name, function in OPERATIONS.items() if identities([function]) & known}


def test_every_public_operation_has_a_sample_block() -> None:
    with_block = identities(function_of(block) for block in BLOCKS.values())
    missing = {name for name in public_operations() if not identities([OPERATIONS[name]]) & with_block}
    assert missing <= set(WITHOUT_BLOCK), f"write sample blocks for {sorted(missing - set(WITHOUT_BLOCK))}"
    assert set(WITHOUT_BLOCK) <= missing, f"no longer without a block: {sorted(set(WITHOUT_BLOCK) - missing)}"


def code_of(function: Any) -> Any:
    """The code object that runs when an operation does; None for one that is a function of NumPy."""
    operation = getattr(function, "op", None)
    if operation is None:
        return function.__wrapped__.__code__
    reference = operation.kernels.reference
    return None if isinstance(reference, str) else reference.__code__


def test_every_operation_is_reached_by_a_sample_block() -> None:
    """Forward, backward and twice: what does not run in any of them is not tested."""
    seen: set[str] = set()
    codes: set[Any] = set()

    def notice(name: str, provider: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            seen.add(name)
            return kernel(*arguments, **keywords)

        return call

    def profile(frame: Any, event: str, argument: Any) -> None:
        codes.add(frame.f_code)

    before = sys.getprofile()
    with tinygrad_i2dl.use_backend("numpy"), registry.wrapped_kernels(notice):
        sys.setprofile(profile)
        try:
            for block in BLOCKS.values():
                for case in cases_of(block):
                    for create_graph in (False, True):
                        call = Call(tinygrad_i2dl, case)
                        result = call(function_of(block))
                        if differentiable(result):
                            gradients(tinygrad_i2dl, result, call.leaves, create_graph=create_graph)
        finally:
            sys.setprofile(before)
    public = public_operations()
    missing = {
        name
        for name, function in OPERATIONS.items()
        if name not in public and name not in seen and code_of(function) not in codes
    }
    assert missing <= set(NOT_REACHED), f"no sample block reaches {sorted(missing - set(NOT_REACHED))}"
    assert set(NOT_REACHED) <= missing, f"reached by now: {sorted(set(NOT_REACHED) - missing)}"


def test_every_primitive_has_its_derivative() -> None:
    """Blocks that say gradient=True fail without one; what remains are primitives without formula and without block."""
    without = {
        name for name, function in OPERATIONS.items() if getattr(function, "op", None) and not function.op.formulas
    }
    unexplained = {name for name in without if name not in NOT_DIFFERENTIABLE and not says_no_gradient(name)}
    assert not unexplained, f"neither a formula nor a reason for having none: {sorted(unexplained)}"
    stale = set(NOT_DIFFERENTIABLE) - {name for name in without if not says_no_gradient(name)}
    assert not stale, f"explained without need: {sorted(stale)}"


def says_no_gradient(name: str) -> bool:
    """Whether the operation's block says that there is no derivative."""
    own = identities([OPERATIONS[name]])
    return any(not block.gradient and identities([function_of(block)]) & own for block in BLOCKS.values())


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_names_something_that_exists(name: str) -> None:
    block = BLOCKS[name]
    function_of(block)
    if isinstance(block.oracle, str):
        path = block.oracle.removeprefix("torch.")
        lookup(torch, path)
        assert callable(lookup(tinygrad_i2dl, path)), f"PyTorch's {block.oracle} is missing here"


TIER_1 = [entry for entry in all_entries() if entry.tier == 1 and reason_of_entry(entry) is None]


@pytest.mark.parametrize("name", sorted({entry.name for entry in TIER_1 if entry.kind == "module"}))
def test_module_of_tier_1_exists(name: str) -> None:
    assert isinstance(lookup(tinygrad_i2dl, name), type)


@pytest.mark.parametrize("name", sorted({entry.name for entry in TIER_1 if entry.kind == "op"}))
def test_operation_of_tier_1_exists(name: str) -> None:
    if find(tinygrad_i2dl, name) is None and find(tinygrad_i2dl, name + "_") is None:
        lookup(tinygrad_i2dl.Tensor, name)  # a property, such as T
