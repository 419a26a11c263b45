"""Calls of sample blocks: the function of either library that a block names, and its cases as tensors of either."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy
import torch

import tinygrad_i2dl
from tests.samples import Case, Maker, Samples
from tinygrad_i2dl.ops._define import OPERATIONS

# Where the library's tensors of sample blocks are; tests of other devices than the CPU change it.
PLACES = ["cpu"]

NAMESPACES = ("", "nn.functional", "special", "Tensor")  # where a block's name is looked for, in this order


def placed(library: Any, array: Any) -> Any:
    """An array as a tensor of a library, of ours on the device under test."""
    made = library.from_numpy(array)
    return made if library is torch or PLACES[-1] == "cpu" else made.to(PLACES[-1])


def lookup(library: Any, path: str) -> Any:
    """Object at a dotted path below `library`. Raises AttributeError if there is none."""
    return functools.reduce(getattr, path.split("."), library)


def find(library: Any, name: str) -> Any:
    """The public callable that a block's name means, or None."""
    for namespace in NAMESPACES:
        try:
            found = lookup(library, f"{namespace}.{name}" if namespace else name)
        except AttributeError:
            continue
        if callable(found):
            return found
    return None


def function_of(block: Samples) -> Callable[..., Any]:
    """The library's function that a block is about: the public one, else the operation of that name."""
    found = find(tinygrad_i2dl, block.name)
    if found is None:
        found = OPERATIONS.get(block.name)
    assert found is not None, f"the sample block {block.name!r} names nothing in the library"
    return determined(block, found)


def determined(block: Samples, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of which only what the block calls determined is left."""
    choose = block.determined
    if choose is None:
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return choose(function(*args, **kwargs))

    return call


def mapped(change: Callable[[Any], Any], value: Any) -> Any:
    """`value` with every array in it, also in lists, tuples and dictionaries, replaced by ``change(array)``."""
    if isinstance(value, numpy.ndarray):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(mapped(change, each) for each in value)
    if type(value) is dict:
        return {key: mapped(change, each) for key, each in value.items()}
    return value


class Call:
    """A case as a call of one library: `args` and `kwargs` hold its tensors, `leaves` those that require gradients."""

    def __init__(self, library: ModuleType, call: Case, *, dtype: str = "float64", gradient: bool = True) -> None:
        self.leaves: list[Any] = []

        def tensor(array: Any) -> Any:
            if array.dtype == "float64" and dtype != "float64":
                array = array.astype(dtype)
            made = placed(library, array)
            if gradient and array.dtype.kind == "f":
                made.requires_grad_()
                self.leaves.append(made)
            return made

        self.args = mapped(tensor, call.args)
        self.kwargs = mapped(tensor, call.kwargs)

    def __call__(self, function: Callable[..., Any]) -> Any:
        return function(*self.args, **self.kwargs)


def cases_of(block: Samples) -> list[Case]:
    """Fresh cases: the same numbers in memory of their own each time."""
    return block.cases(Maker())


def is_tensor(value: Any) -> bool:
    return isinstance(value, (tinygrad_i2dl.Tensor, torch.Tensor))


def parts(value: Any) -> Iterator[Any]:
    """Everything in a nested result, in order; None and structure left out."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and not isinstance(value, (torch.Size, tinygrad_i2dl.Size)):
        for each in value:
            yield from parts(each)
    elif value is not None:
        yield value


def array_of(value: Any) -> Any:
    """A tensor of either library, an array or a number as an array."""
    return numpy.asarray(value.detach().numpy(force=True) if is_tensor(value) else value)


def differentiable(result: Any) -> list[Any]:
    """The tensors of a result that gradients can start from."""
    return [each for each in parts(result) if is_tensor(each) and each.requires_grad]


def weights_of(outputs: list[Any]) -> list[Any]:
    """Reproducible arrays of the outputs' shapes and dtypes: what gradients are taken along."""
    random = numpy.random.default_rng(1)
    return [random.uniform(0.5, 1.5, tuple(each.shape)).astype(array_of(each).dtype) for each in outputs]


def gradients(library: ModuleType, result: Any, leaves: list[Any], **options: Any) -> list[Any]:
    """Arrays of the gradients of all outputs along `weights_of` them, None for leaves that nothing depends on."""
    outputs = differentiable(result)
    if not outputs or not leaves:
        return [None] * len(leaves)
    weights = [placed(library, each) for each in weights_of(outputs)]
    found = library.autograd.grad(outputs, leaves, weights, allow_unused=True, **options)
    return [None if each is None else array_of(each) for each in found]


def through(block: Samples, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as derivatives of it are taken: composed with what the block sends its first tensor through."""
    lead = block.through
    if lead is None:
        return function
    return lambda first, *args, **kwargs: function(lead(first), *args, **kwargs)


def oracle_of(block: Samples) -> Callable[..., Any]:
    """A block's oracle as a function; PyTorch's warnings about its own names are no concern of ours."""
    if callable(block.oracle):
        return block.oracle
    function = determined(block, lookup(torch, block.oracle.removeprefix("torch.")))

    def quiet(*args: Any, **kwargs: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **kwargs)

    return quiet


def assert_close(actual: Any, expected: Any, *, rtol: float, dtypes: bool = True, where: str = "result") -> None:
    """All parts of two nested results have the same shapes, values and, unless not `dtypes`, the same dtypes."""
    ours, theirs = list(parts(actual)), list(parts(expected))
    assert len(ours) == len(theirs), f"{where}: {len(ours)} parts, expected {len(theirs)}"
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        what = f"{where}, part {number}"
        a, b = array_of(one), array_of(other)
        assert a.shape == b.shape, f"{what}: shape {a.shape}, expected {b.shape}"
        if dtypes:
            assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, expected {b.dtype}"
            assert is_tensor(one) == is_tensor(other), f"{what}: {type(one)}, expected {type(other)}"
        if a.dtype.kind not in "biuf":
            assert a == b, f"{what}: {a!r}, expected {b!r}"
            continue
        numpy.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * 1e-2, err_msg=what)


def assert_same_gradients(actual: list[Any], expected: list[Any], *, rtol: float, where: str = "gradient") -> None:
    """Two lists of gradients agree; no gradient and a gradient of zeros mean the same."""
    assert len(actual) == len(expected), where
    for number, (one, other) in enumerate(zip(actual, expected, strict=True)):
        known = one if one is not None else other
        if known is None:
            continue
        a, b = (numpy.zeros_like(known) if each is None else each for each in (one, other))
        expected_form = f"{b.dtype}{b.shape}"
        assert f"{a.dtype}{a.shape}" == expected_form, f"{where} {number}: {a.dtype}{a.shape}, expected {expected_form}"
        # A sum that cancels keeps the rounding errors of its terms, which are as large as the other elements.
        size = max(1.0, float(numpy.abs(b[numpy.isfinite(b)]).max(initial=0)))
        numpy.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * 1e-2 * size, err_msg=f"{where} {number}")
