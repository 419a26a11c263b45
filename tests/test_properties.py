"""Properties over random programs, with PyTorch as the oracle: broadcasting, promotion, indexing, reductions, and
in-place operations through chains of views."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

import tinygrad_i2dl  # noqa: E402
from tests.calls import assert_close, assert_same_gradients, gradients, weights_of  # noqa: E402

LIBRARIES = (tinygrad_i2dl, torch)


def both(compute: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The outcome of a program in either library; None where it raises one of the errors that users see."""
    found = []
    for library in LIBRARIES:
        try:
            found.append(compute(library))
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            found.append(error)
    return found[0], found[1]


def assert_agree(compute: Callable[[Any], Any], *, rtol: float = 1e-12) -> None:
    """Both libraries return the same, or both refuse."""
    ours, theirs = both(compute)
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        assert isinstance(ours, Exception) and isinstance(theirs, Exception), f"{ours!r}, PyTorch: {theirs!r}"
        return
    assert_close(ours[0], theirs[0], rtol=rtol)
    assert_same_gradients(ours[1], theirs[1], rtol=rtol)


def values(*shape: int, seed: int = 0, dtype: str = "float64") -> Any:
    """Reproducible numbers, whole where the dtype is, none of them zero."""
    random = numpy.random.default_rng(seed)
    if dtype == "bool":
        return random.random(shape) < 0.5
    if numpy.dtype(dtype).kind in "iu":
        return random.integers(1, 9, shape).astype(dtype)
    return random.uniform(0.5, 2.0, shape).astype(dtype)


def leaf(library: Any, array: Any) -> Any:
    """A tensor of a copy of `array`, requiring a gradient where its dtype allows."""
    tensor = library.from_numpy(numpy.array(array))
    return tensor.requires_grad_() if array.dtype.kind == "f" else tensor


# ---------------------------------------------------------------- broadcasting and promotion

SIZES = st.integers(0, 3)
SHAPES = st.lists(SIZES, max_size=3).map(tuple)
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
TOLERANCE = {"float16": 2e-3, "float32": 1e-6}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "eq", "lt", "ge", "and_", "or_", "xor")
}


@st.composite
def broadcastable(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that mostly broadcast."""
    result = draw(SHAPES)
    pair = []
    for _ in range(2):
        kept = result[draw(st.integers(0, len(result))) :]
        pair.append(tuple(draw(st.sampled_from([size, 1, size, 2])) for size in kept))
    return pair[0], pair[1]


@given(
    name=st.sampled_from(sorted(BINARY)),
    shapes=broadcastable(),
    left=st.sampled_from(DTYPES),
    right=st.sampled_from(DTYPES),
)
@settings(max_examples=600)
def test_binary_operations_broadcast_and_promote(name: str, shapes: Any, left: str, right: str) -> None:
    def compute(library: Any) -> Any:
        inputs = [
            leaf(library, values(*shapes[0], dtype=left)),
            leaf(library, values(*shapes[1], seed=1, dtype=right)),
        ]
        result = BINARY[name](*inputs)
        underived = name == "floordiv" or (name == "pow" and right == "bool")  # by PyTorch
        leaves = [each for each in inputs if each.requires_grad and not underived]
        return result.detach(), gradients(library, result, leaves)

    narrowest = min([left, right], key=lambda dtype: list(TOLERANCE).index(dtype) if dtype in TOLERANCE else 9)
    with numpy.errstate(all="ignore"):
        assert_agree(compute, rtol=TOLERANCE.get(narrowest, 1e-12) if "float" in left + right else 1e-6)


@given(
    name=st.sampled_from(sorted(BINARY)),
    shape=SHAPES,
    dtype=st.sampled_from(DTYPES),
    number=st.sampled_from([2, 3.5, True, -1]),
    reflected=st.booleans(),
)
@settings(max_examples=300)
def test_numbers_promote(name: str, shape: Any, dtype: str, number: Any, reflected: bool) -> None:
    def compute(library: Any) -> Any:
        tensor = library.from_numpy(values(*shape, dtype=dtype))
        return BINARY[name](number, tensor) if reflected else BINARY[name](tensor, number), []

    assert_agree(compute, rtol=TOLERANCE.get(dtype, 1e-6 if "float" not in dtype else 1e-12))


@given(
    name=st.sampled_from(["add", "sub", "mul", "truediv", "pow"]),
    shapes=broadcastable(),
    left=st.sampled_from(DTYPES),
    right=st.sampled_from(DTYPES),
)
@settings(max_examples=300)
def test_in_place_operations_keep_shape_and_dtype(name: str, shapes: Any, left: str, right: str) -> None:
    change = getattr(operator, "i" + name)

    def compute(library: Any) -> Any:
        target = library.from_numpy(values(*shapes[0], dtype=left))
        result = change(target, library.from_numpy(values(*shapes[1], seed=1, dtype=right)))
        assert result is target
        return result, []

    assert_agree(compute, rtol=2e-3 if "float16" in (left, right) else 1e-6)


# ---------------------------------------------------------------- reductions

OVER_SEVERAL = ["sum", "mean", "amax", "amin", "var", "std", "logsumexp", "all", "any", "norm"]
REDUCTIONS = [*OVER_SEVERAL, "prod", "argmax", "cumsum"]


@given(
    name=st.sampled_from(REDUCTIONS),
    shape=st.lists(st.integers(0, 4), min_size=0, max_size=3).map(tuple),
    dims=st.lists(st.integers(-3, 2), min_size=1, max_size=2),
    keepdim=st.booleans(),
    dtype=st.sampled_from(DTYPES),
)
@settings(max_examples=600)
@pytest.mark.filterwarnings("ignore")  # of too few degrees of freedom
def test_reductions(name: str, shape: Any, dims: Any, keepdim: bool, dtype: str) -> None:
    several = name in OVER_SEVERAL and len(dims) > 1
    options: dict[str, Any] = {"dim": tuple(dims) if several else dims[0]}
    if name != "cumsum":
        options["keepdim"] = keepdim

    def compute(library: Any) -> Any:
        input = leaf(library, values(*shape, dtype=dtype))
        result = getattr(input, name)(**options)
        return result.detach(), gradients(library, result, [input] if input.requires_grad else [])

    # sums of numbers near one, of which differences are left in the gradients of var and norm
    assert_agree(compute, rtol={"float16": 4e-3, "float32": 3e-5}.get(dtype, 1e-6 if dtype != "float64" else 1e-11))


# ---------------------------------------------------------------- indexing

BASE = (3, 4, 2)


@st.composite
def indices(draw: st.DrawFn, shape: tuple[int, ...] = BASE) -> Any:
    """An index as users write them: lists stand for tensors of integers, masks are arrays of bools."""
    parts: list[Any] = []
    left = list(shape)
    dots = False
    broadcast = draw(st.integers(1, 3))  # advanced indices must broadcast with each other
    while left:
        kind = draw(st.sampled_from(["int", "slice", "slice", "integers", "mask", "None", "...", "stop"]))
        size = left[0]
        if kind == "stop":
            break
        if kind == "None":
            if len(parts) < 6:
                parts.append(None)
            continue
        if kind == "...":
            if not dots:
                parts.append(...)
                left = left[draw(st.integers(0, len(left))) :]
                dots = True
            continue
        left.pop(0)
        if kind == "int":
            parts.append(draw(st.integers(-size, size - 1)))
        elif kind == "slice":
            start, stop = draw(st.integers(-size - 1, size + 1)), draw(st.integers(-size - 1, size + 1))
            step = draw(st.sampled_from([None, 1, 2]))
            parts.append(slice(draw(st.sampled_from([None, start])), draw(st.sampled_from([None, stop])), step))
        elif kind == "integers":
            rows = draw(st.sampled_from([(broadcast,), (1,), (2, broadcast), ()]))
            count = math.prod(rows)
            chosen = draw(st.lists(st.integers(-size, size - 1), min_size=count, max_size=count))
            parts.append(numpy.array(chosen, dtype="int64").reshape(rows))
        else:
            dimensions = draw(st.integers(1, 1 + len(left))) if not dots else 1
            whole = (size, *left[: dimensions - 1])
            del left[: dimensions - 1]
            parts.append(values(*whole, seed=draw(st.integers(0, 5)), dtype="bool"))
    return tuple(parts) if draw(st.booleans()) or len(parts) != 1 else parts[0]


def as_index(library: Any, index: Any) -> Any:
    """The index with arrays as tensors of a library."""
    if isinstance(index, tuple):
        return tuple(as_index(library, each) for each in index)
    return library.from_numpy(index.copy()) if isinstance(index, numpy.ndarray) else index


@given(index=indices())
@settings(max_examples=600)
def test_getitem(index: Any) -> None:
    def compute(library: Any) -> Any:
        input = leaf(library, values(*BASE))
        result = input[as_index(library, index)]
        return result.detach(), gradients(library, result * result, [input])

    assert_agree(compute)


@given(index=indices(), scalar=st.booleans(), seed=st.integers(0, 3))
@settings(max_examples=500)
def test_setitem(index: Any, scalar: bool, seed: int) -> None:
    def compute(library: Any) -> Any:
        input = leaf(library, values(*BASE))
        target = input * 1.0
        place = as_index(library, index)
        shape = tuple(target[place].shape)
        source = leaf(library, values(*(() if scalar else shape[-1:] if seed == 1 else shape), seed=seed))
        # equal sources: where an index names an element twice, it is open which of several wins
        source_used = source if scalar else source * 0.0 + 2.5
        target[place] = source_used
        return target.detach(), gradients(library, target * target, [input] if not scalar else [input, source])

    assert_agree(compute)


@given(index=indices())
@settings(max_examples=200)
def test_basic_indices_are_views(index: Any) -> None:
    """What is written into a view is seen in the base, and the other way round; copies keep apart."""

    def compute(library: Any) -> Any:
        base = library.from_numpy(values(*BASE).copy())
        part = base[as_index(library, index)]
        part.mul_(-2.0)
        base.add_(1.0)
        return [base, part], []

    assert_agree(compute)


# ---------------------------------------------------------------- programs of views and changes in place

VIEWS: dict[str, Callable[[Any, int], Any]] = {
    "t": lambda x, n: x.transpose(0, -1) if x.ndim else x,
    "select": lambda x, n: x[n % x.shape[0]] if x.ndim and x.shape[0] else x,
    "rows": lambda x, n: x[n % 2 :] if x.ndim else x,
    "stride": lambda x, n: x[..., ::2] if x.ndim else x,
    "unsqueeze": lambda x, n: x.unsqueeze(n % (x.ndim + 1)),
    "squeeze": lambda x, n: x.squeeze(),
    "narrow": lambda x, n: x.narrow(0, 0, max(1, x.shape[0] - 1)) if x.ndim and x.shape[0] else x,
    "diagonal": lambda x, n: x.diagonal() if x.ndim >= 2 else x,
    "flatten": lambda x, n: x.view(-1) if x.is_contiguous() else x,
    "expand_alike": lambda x, n: x.expand(x.shape),
    "permute": lambda x, n: x.permute(tuple(reversed(range(x.ndim)))),
}
CHANGES: dict[str, Callable[[Any, Any, int], Any]] = {
    "mul number": lambda x, other, n: x.mul_(1.0 + n / 4),
    "add number": lambda x, other, n: x.add_(n / 3),
    "mul leaf": lambda x, other, n: x.mul_(other),
    "add leaf": lambda x, other, n: x.add_(other, alpha=2),
    "sin": lambda x, other, n: x.sin_(),
    "exp": lambda x, other, n: x.clamp_(-2, 2).exp_(),
    "copy": lambda x, other, n: x.copy_(other),
    "zero": lambda x, other, n: x.zero_(),
    "fill": lambda x, other, n: x.fill_(0.5 * n),
    "set": lambda x, other, n: x.__setitem__(0, other) if x.ndim and x.shape[0] else None,
    "tanh": lambda x, other, n: x.tanh_(),
}


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[str, int, str, int]]:
    """Steps (kind, which of the tensors so far, what to do, a number)."""
    steps = []
    for _ in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["view", "view", "change", "change", "use"]))
        name = draw(st.sampled_from(sorted(VIEWS if kind == "view" else CHANGES)))
        steps.append((kind, draw(st.integers(0, 9)), name, draw(st.integers(0, 4))))
    return steps


def assert_right(compute: Callable[..., Any], *, rtol: float) -> None:
    """Values and gradients are PyTorch's. Where PyTorch misses a value that was changed in place, though the gradient
    that needs it is multiplied by zero, ours may go on: then finite differences along a direction are the oracle."""
    ours, theirs = both(compute)
    if not isinstance(theirs, RuntimeError) or "modified by an inplace" not in str(theirs):
        assert_agree(compute, rtol=rtol)
        return
    if isinstance(ours, Exception):
        assert "changed in place" in str(ours)
        return
    step = 1e-6
    before, after = (compute(tinygrad_i2dl, moved)[0][-1] for moved in (-step, step))
    slope = float(after - before) / (2 * step) * float(weights_of([after])[0])
    found = sum(each.sum() for each in ours[1] if each is not None)
    assert found == pytest.approx(slope, rel=1e-4, abs=1e-4)


@given(program=programs(), contiguous=st.booleans())
@settings(max_examples=800)
def test_changes_through_views(program: Any, contiguous: bool) -> None:
    """A tree of views of one base, some of them changed in place, some used: values and gradients are PyTorch's."""

    def compute(library: Any, moved: float = 0.0) -> Any:
        root = leaf(library, values(3, 4) + moved)
        other = leaf(library, values(seed=1) + moved)
        base = root.clone() if contiguous else root.clone().t()
        tensors = [base]
        total = base.sum() * 0.0
        for kind, which, name, number in program:
            tensor = tensors[which % len(tensors)]
            if kind == "view":
                tensors.append(VIEWS[name](tensor, number))
            elif kind == "change":
                CHANGES[name](tensor, other, number)
            else:
                total = total + (tensor * (number + 1.0)).sum()
        total = total + (base * base).sum() + tensors[-1].sum()
        return [each.detach() for each in (*tensors, total)], gradients(library, total, [root, other])

    assert_right(compute, rtol=1e-10)


@given(program=programs())
@settings(max_examples=200)
def test_changes_through_views_twice_differentiated(program: Any) -> None:
    """The same with gradients of gradients."""

    def compute(library: Any) -> Any:
        root, other = leaf(library, values(3, 4)), leaf(library, values(seed=1))
        tensors = [root * root]
        for kind, which, name, number in program:
            tensor = tensors[which % len(tensors)]
            if kind == "view":
                tensors.append(VIEWS[name](tensor, number))
            elif kind == "change":
                CHANGES[name](tensor, other, number)
        result = (tensors[0] * tensors[0]).sum() + tensors[-1].sum()
        (first,) = library.autograd.grad(result, [root], create_graph=True, allow_unused=True)
        first = root * 0.0 if first is None else first
        return [first.detach(), result.detach()], gradients(library, (first * first).sum(), [root, other])

    _, theirs = both(compute)
    if not isinstance(theirs, RuntimeError) or "modified by an inplace" not in str(theirs):
        assert_agree(compute, rtol=1e-9)


def test_a_view_that_changes_no_shape_follows_its_base() -> None:
    """NumPy returns the very same array for it: still a view."""
    base = tinygrad_i2dl.ones(3, 4, requires_grad=True).clone()
    scale = tinygrad_i2dl.tensor(2.0, requires_grad=True)
    part = base.squeeze()
    base.mul_(scale)
    part.sum().backward()
    assert scale.grad is not None and scale.grad.item() == 12


@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_integers_have_no_negative_powers(dtype: str) -> None:
    """A negative number does not wrap around to a large exponent."""
    whole = tinygrad_i2dl.from_numpy(values(3, dtype=dtype))
    for compute in (lambda: whole**-1, lambda: whole.pow(-1), lambda: whole.pow_(-1)):
        with pytest.raises(RuntimeError, match="no negative integer powers"):
            compute()
