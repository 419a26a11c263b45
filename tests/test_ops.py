"""Every operation with a sample block, tested in every way that the block allows; see `tests/samples`.

Oracles: PyTorch or a NumPy function for values and first derivatives, finite differences for both orders of
derivatives, and the library's own reference kernels for the other backends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

torch = pytest.importorskip("torch")

import tinygrad_i2dl  # noqa: E402
from tests.calls import (  # noqa: E402
    Call,
    assert_close,
    assert_same_gradients,
    cases_of,
    determined,
    differentiable,
    function_of,
    gradients,
    mapped,
    oracle_of,
    placed,
    through,
)
from tests.samples import Case, Samples, load_all  # noqa: E402
from tinygrad_i2dl.backends import registry  # noqa: E402

# As PyTorch does, our kl_div advises another reduction than its default; PyTorch calls its index_reduce a beta.
pytestmark = [pytest.mark.filterwarnings(rf"ignore:{name}\(\)") for name in ("kl_div", "index_reduce")]

BLOCKS = load_all()
DIFFERENTIABLE = [name for name, block in BLOCKS.items() if block.gradient]
TWICE = [name for name in DIFFERENTIABLE if BLOCKS[name].second]

SMALL = 40  # elements of inputs and of outputs up to which the whole Jacobian is compared


def each_case(name: str) -> Iterator[tuple[Samples, int]]:
    block = BLOCKS[name]
    for number in range(len(cases_of(block))):
        yield block, number


def called(library: Any, block: Samples, number: int, **options: Any) -> Call:
    return Call(library, cases_of(block)[number], **options)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("name", BLOCKS)
def test_forward(name: str) -> None:
    for block, number in each_case(name):
        actual = called(tinygrad_i2dl, block, number)(function_of(block))
        if callable(block.oracle):
            call = cases_of(block)[number]
            expected = block.oracle(*call.args, **call.kwargs)
        else:
            expected = called(torch, block, number)(oracle_of(block))
        assert_close(actual, expected, rtol=block.rtol, dtypes=not callable(block.oracle), where=f"case {number}")


# ---------------------------------------------------------------- derivatives


def on_leaves(function: Callable[..., Any], call: Call) -> Callable[..., Any]:
    """`function` of the call's leaves alone, with all tensors that a gradient can start from as its outputs."""

    def of(*leaves: Any) -> Any:
        places = {id(leaf): new for leaf, new in zip(call.leaves, leaves, strict=True)}

        def fresh(value: Any) -> Any:
            if type(value) in (list, tuple):
                return type(value)(fresh(each) for each in value)
            if type(value) is dict:
                return {key: fresh(each) for key, each in value.items()}
            return places.get(id(value), value)

        result = function(*fresh(call.args), **fresh(call.kwargs))
        return tuple(differentiable(result)) or result

    return of


def projected(function: Callable[..., Any], leaves: list[Any]) -> tuple[Callable[..., Any], Any]:
    """The function along two random directions, onto one random weighting of its outputs: few numbers for any shapes.

    A wrong derivative of the function makes this one's wrong, but for directions of measure zero.
    """
    random = numpy.random.default_rng(2)
    directions = [placed(tinygrad_i2dl, random.uniform(-1, 1, (2, *leaf.shape))) for leaf in leaves]
    origins = [leaf.detach() for leaf in leaves]

    def along(steps: Any) -> Any:
        moved = [x + steps[0] * d[0] + steps[1] * d[1] for x, d in zip(origins, directions, strict=True)]
        weighting = numpy.random.default_rng(3)
        total = steps.sum() * 0.0
        for output in function(*moved):
            weights = placed(tinygrad_i2dl, weighting.uniform(0.5, 1.5, tuple(output.shape))).to(output.device)
            total = total + (output * weights).sum().to(total.device)
        return total

    return along, placed(tinygrad_i2dl, numpy.zeros(2)).requires_grad_()


def smooth_calls(name: str) -> Iterator[tuple[Call, Callable[..., Any]]]:
    """Calls of which a derivative exists at their arguments and something depends on them."""
    block = BLOCKS[name]
    function = through(block, function_of(block))
    found = 0
    for number, call in enumerate(cases_of(block)):
        made = called(tinygrad_i2dl, block, number)
        if not made.leaves:
            continue
        found += 1
        if call.smooth and any(leaf.numel() for leaf in made.leaves) and differentiable(made(function)):
            yield made, on_leaves(function, made)
    assert found, f"{name}: no case has a floating-point tensor; say gradient=False"


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradcheck(name: str) -> None:
    for call, function in smooth_calls(name):
        size = sum(leaf.numel() for leaf in call.leaves)
        if size <= SMALL and sum(each.numel() for each in function(*call.leaves)) <= SMALL:
            tinygrad_i2dl.autograd.gradcheck(function, call.leaves)
        else:
            tinygrad_i2dl.autograd.gradcheck(*projected(function, call.leaves))


@pytest.mark.parametrize("name", TWICE)
def test_gradgradcheck(name: str) -> None:
    for call, function in smooth_calls(name):
        tinygrad_i2dl.autograd.gradgradcheck(*projected(function, call.leaves))


# Only finite differences judge these gradients.
GRADIENT_DIFFERS = {
    "cholesky_solve": "PyTorch's has values above the diagonal too, on which the result does not depend",
    "cholesky_inverse": "PyTorch's has values above the diagonal too, on which the result does not depend",
    "as_strided_scatter": "PyTorch's gives the input what belongs to the source",
    "linalg.cond": "PyTorch's backward pass fails: it changed a value in place that it needs",
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_of_arrays_and_of_tensors(name: str) -> None:
    """The backward pass on arrays and the one that records itself give the same, and PyTorch's pass too."""
    for block, number in each_case(name):
        function = through(block, function_of(block))
        call = called(tinygrad_i2dl, block, number)
        on_arrays = gradients(tinygrad_i2dl, call(function), call.leaves)
        call = called(tinygrad_i2dl, block, number)
        on_tensors = gradients(tinygrad_i2dl, call(function), call.leaves, create_graph=True)
        assert_same_gradients(on_tensors, on_arrays, rtol=1e-9, where=f"case {number}, recorded gradient")
        if not callable(block.oracle) and name not in GRADIENT_DIFFERS:
            call = called(torch, block, number)
            theirs = gradients(torch, call(through(block, oracle_of(block))), call.leaves)
            assert_same_gradients(on_arrays, theirs, rtol=block.rtol, where=f"case {number}, gradient against PyTorch")


# ---------------------------------------------------------------- the other forms

# The method of this name is another one than the function, in PyTorch too.
OTHER_METHOD = {
    "unfold": "Tensor.unfold makes windows along one dimension: the block unfold_view",
    "where": "x.where(condition, other) begins with the chosen tensor",
    "polygamma": "x.polygamma(n) has its order second",
    "real": "a property of tensors",
}


def with_method(ending: str) -> list[str]:
    return [
        name
        for name, block in BLOCKS.items()
        if callable(getattr(torch.Tensor, name + ending, None))
        and not name.startswith("__")
        and name not in OTHER_METHOD
        and isinstance(cases_of(block)[0].args[0], numpy.ndarray)
        and not str(block.oracle).startswith("torch.Tensor")
    ]


@pytest.mark.parametrize("name", with_method(""))
def test_method(name: str) -> None:
    for block, number in each_case(name):
        call = called(tinygrad_i2dl, block, number)
        expected = call(function_of(block))
        actual = call(determined(block, getattr(tinygrad_i2dl.Tensor, name)))
        assert_close(actual, expected, rtol=0, where=f"case {number}")
        assert_same_gradients(
            gradients(tinygrad_i2dl, actual, call.leaves), gradients(tinygrad_i2dl, expected, call.leaves), rtol=0
        )


def in_place(library: Any, block: Samples, number: int) -> tuple[Any, list[Any]]:
    """The result of the in-place form on a copy of the first argument, and the gradients of all leaves."""
    call = called(library, block, number)
    target = call.args[0].clone()
    result = getattr(target, block.name + "_")(*call.args[1:], **call.kwargs)
    assert result is target
    return result.detach(), gradients(library, result, call.leaves) if block.gradient else []


# name of an in-place form: which refusal of ours PyTorch lacks
REFUSED_IN_PLACE = {"addbmm": "growing to the result's shape a tensor that requires a gradient"}


@pytest.mark.parametrize("name", [name for name in with_method("_") if name not in REFUSED_IN_PLACE])
def test_in_place_form(name: str) -> None:
    for block, number in each_case(name):
        try:
            expected = in_place(torch, block, number)
        except NotImplementedError:  # the derivative of PyTorch's in-place form, not of the function
            call = called(torch, block, number)
            result = call(oracle_of(block))
            expected = result.detach(), gradients(torch, result, call.leaves)
        except RuntimeError:
            with pytest.raises(RuntimeError):
                in_place(tinygrad_i2dl, block, number)
            continue
        actual = in_place(tinygrad_i2dl, block, number)
        assert_close(actual[0], expected[0], rtol=block.rtol, where=f"case {number}")
        assert_same_gradients(actual[1], expected[1], rtol=block.rtol, where=f"case {number}, gradient")


# ---------------------------------------------------------------- memory

# Their arguments speak of the layout in memory, so that another layout is another call.
LAYOUT_IS_ARGUMENT = {"view", "view_as", "view_copy", "as_strided", "as_strided_copy", "reinterpret"}


def transposed(array: Any) -> Any:
    return array if array.ndim < 2 else numpy.asfortranarray(array)


def every_other(array: Any) -> Any:
    return array if array.ndim < 1 else numpy.repeat(array, 2, axis=-1)[..., ::2]


def changed(change: Callable[[Any], Any], call: Case) -> Case:
    return Case(mapped(change, call.args), mapped(change, call.kwargs), call.smooth)


@pytest.mark.parametrize("name", [name for name in BLOCKS if name not in LAYOUT_IS_ARGUMENT])
def test_non_contiguous_inputs(name: str) -> None:
    block = BLOCKS[name]
    function = function_of(block)
    for number, call in enumerate(cases_of(block)):
        plain = Call(tinygrad_i2dl, changed(numpy.copy, call))
        expected = plain(function)
        expected_gradients = gradients(tinygrad_i2dl, expected, plain.leaves)
        for layout in (transposed, every_other):
            other = Call(tinygrad_i2dl, changed(layout, call))
            actual = other(function)
            where = f"case {number}, {layout.__name__}"
            assert_close(actual, expected, rtol=1e-9, where=where)
            found = gradients(tinygrad_i2dl, actual, other.leaves)
            assert_same_gradients(found, expected_gradients, rtol=1e-9, where=where + ", gradient")


def emptied(call: Case, together: bool) -> Case:
    """The first array without rows; if `together`, also those that have as many rows as it."""
    rows: list[int] = []

    def cut(array: Any) -> Any:
        if array.ndim == 0 or (rows and not (together and array.shape[0] == rows[0])):
            return array
        rows.append(array.shape[0])
        return array[:0]

    return changed(cut, call)


# PyTorch 2.13 is no oracle for them.
EMPTY_WITHOUT_ORACLE = {
    "pdist": "a segmentation fault in the backward pass",
    "multi_margin_loss": "the mean over no samples is uninitialised memory",
    "multilabel_margin_loss": "the mean over no samples is uninitialised memory",
    "block_diag": "the gradient forgets the row that the result has for a vector of no elements",
    "linalg.matrix_rank": "takes matrices of 0 by n for symmetric ones",
}


@pytest.mark.parametrize(
    "name", [name for name, block in BLOCKS.items() if not callable(block.oracle) and name not in EMPTY_WITHOUT_ORACLE]
)
def test_empty_inputs(name: str) -> None:
    block = BLOCKS[name]
    function = function_of(block)
    for number in range(len(cases_of(block))):
        for together in (False, True):
            theirs = Call(torch, emptied(cases_of(block)[number], together))
            try:
                expected = theirs(oracle_of(block))
                expected_gradients = gradients(torch, expected, theirs.leaves)
            except (RuntimeError, IndexError, ValueError, TypeError, AssertionError):
                continue
            ours = Call(tinygrad_i2dl, emptied(cases_of(block)[number], together))
            actual = ours(function)
            assert_close(actual, expected, rtol=block.rtol, where=f"case {number}")
            if block.gradient:
                found = gradients(tinygrad_i2dl, actual, ours.leaves)
                assert_same_gradients(found, expected_gradients, rtol=block.rtol, where=f"case {number}, gradient")


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("name", [name for name, block in BLOCKS.items() if block.errors])
def test_errors(name: str) -> None:
    block = BLOCKS[name]
    for failure in block.errors:
        call = Call(tinygrad_i2dl, failure.call, gradient=False)
        with pytest.raises(failure.error, match=failure.pattern):
            call(function_of(block))


# ---------------------------------------------------------------- backends


class Counting:
    """A backend that has a kernel for every operation and computes none: it counts the call and passes."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def kernel(*arguments: Any) -> Any:
            self.calls[name] += 1
            return NotImplemented

        return kernel


tinygrad_i2dl.get_backend()  # plugs in the backend that TINYGRAD_I2DL_BACKEND names, if an entry point has it
OTHER_BACKENDS = [name for name, why in tinygrad_i2dl.available_backends().items() if why is None and name != "numpy"]

# name of an operation: why a backend may differ from the reference
BACKEND_DIFFERS: dict[str, str] = {}


def outcome(backend: str, block: Samples, number: int, dtype: str) -> tuple[list[Any], list[Any]]:
    with tinygrad_i2dl.use_backend(backend):
        call = called(tinygrad_i2dl, block, number, dtype=dtype)
        result = call(function_of(block))
        return result, gradients(tinygrad_i2dl, result, call.leaves)


@pytest.mark.parametrize("name", [name for name in BLOCKS if name not in BACKEND_DIFFERS])
@pytest.mark.parametrize("backend", OTHER_BACKENDS)
def test_backends(backend: str, name: str) -> None:
    for dtype, rtol in (("float64", 1e-9), ("float32", 2e-5)):
        for block, number in each_case(name):
            where = f"case {number} in {dtype}"
            expected = outcome("numpy", block, number, dtype)
            actual = outcome(backend, block, number, dtype)
            assert_close(actual[0], expected[0], rtol=rtol, where=where)
            try:
                assert_same_gradients(actual[1], expected[1], rtol=rtol, where=where + ", gradient")
            except AssertionError:
                if dtype == "float64":
                    raise
                # Terms that cancel: then it must be the reference that is further from the value in float64.
                exact = [
                    None if each is None else each.astype(other.dtype)
                    for each, other in zip(outcome("numpy", block, number, "float64")[1], expected[1], strict=True)
                ]
                assert_same_gradients(actual[1], exact, rtol=rtol, where=where + ", gradient in float64")


def test_a_backend_that_passes_changes_nothing() -> None:
    """Every call reaches the backend in use, and what it refuses the reference computes."""
    counting = Counting()
    tinygrad_i2dl.register_backend("counting", counting)
    try:
        for name in BLOCKS:
            for block, number in each_case(name):
                expected = outcome("numpy", block, number, "float64")
                actual = outcome("counting", block, number, "float64")
                assert_close(actual[0], expected[0], rtol=0, where=name)
                assert_same_gradients(actual[1], expected[1], rtol=0, where=name)
    finally:
        registry._backends.pop("counting")
        registry.clear_tables()
    unseen = {name for name in BLOCKS if name in KERNELS} - set(counting.calls)
    assert not unseen, f"a block calls the operation of its name, but the backend did not see {sorted(unseen)}"


KERNELS = {name for name in BLOCKS if getattr(getattr(function_of(BLOCKS[name]), "op", None), "name", None) == name}
