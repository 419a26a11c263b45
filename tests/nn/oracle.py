"""PyTorch as the oracle of modules: the same state on both sides, results and gradients compared."""

from __future__ import annotations

from typing import Any

import numpy
import torch as oracle

import tinygrad_i2dl as torch

__all__ = ["assert_close", "assert_same_state", "compare", "copy_state", "oracle", "random", "theirs_of", "to_array"]


def to_array(tensor: Any) -> numpy.ndarray[Any, Any]:
    """The values of a tensor of either library."""
    return numpy.asarray(tensor.detach().numpy())


def theirs_of(value: Any) -> Any:
    """Our tensors, also within tuples and lists, as PyTorch's."""
    if isinstance(value, torch.Tensor):
        return oracle.from_numpy(to_array(value).copy()).requires_grad_(value.requires_grad)
    if isinstance(value, (tuple, list)):
        return type(value)(theirs_of(each) for each in value)
    return value


def random(*shape: int, requires_grad: bool = False, dtype: Any = numpy.float64, seed: int = 0) -> Any:
    """Normal numbers as our tensor."""
    array = numpy.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return torch.from_numpy(array).requires_grad_(requires_grad)


def assert_close(ours: Any, theirs: Any, rtol: float = 1e-9, atol: float = 1e-11) -> None:
    """Equal structure, shapes and dtypes; values within rounding of float64."""
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_close(a, b, rtol, atol)
        return
    if theirs is None:
        assert ours is None
        return
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert str(ours.dtype) == str(theirs.dtype)
    numpy.testing.assert_allclose(to_array(ours), to_array(theirs), rtol=rtol, atol=atol)


def assert_same_state(ours: Any, theirs: Any, atol: float = 0.0) -> None:
    """Equal keys in equal order, and equal bits (or values within `atol`)."""
    mine, reference = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(reference)
    for key, value in reference.items():
        assert str(mine[key].dtype) == str(value.dtype), key
        if atol:
            numpy.testing.assert_allclose(to_array(mine[key]), to_array(value), rtol=0, atol=atol)
        else:
            assert numpy.array_equal(to_array(mine[key]), to_array(value), equal_nan=True), key


def copy_state(ours: Any, theirs: Any) -> None:
    """Give PyTorch's module the values of ours."""
    theirs.load_state_dict({key: oracle.from_numpy(to_array(value).copy()) for key, value in ours.state_dict().items()})


def tensors_in(value: Any) -> list[Any]:
    """The tensors in nested tuples and lists."""
    if isinstance(value, (tuple, list)):
        return [tensor for each in value for tensor in tensors_in(each)]
    return [value] if hasattr(value, "requires_grad") else []


def compare(ours: Any, theirs: Any, *args: Any, rtol: float = 1e-9, atol: float = 1e-11, **kwargs: Any) -> None:
    """One call of both modules (in float64, from the state of ours): results, gradients of inputs and parameters,
    state after it.
    """
    ours.double()
    theirs.double()
    copy_state(ours, theirs)
    their_args, their_kwargs = theirs_of(args), {key: theirs_of(value) for key, value in kwargs.items()}
    result, expected = ours(*args, **kwargs), theirs(*their_args, **their_kwargs)
    assert_close(result, expected, rtol, atol)
    outputs = [(a, b) for a, b in zip(tensors_in(result), tensors_in(expected), strict=True) if b.requires_grad]
    assert outputs, "nothing to differentiate"
    total, reference = 0.0, 0.0
    for number, (a, b) in enumerate(outputs):
        weights = numpy.random.default_rng(number).standard_normal(tuple(b.shape))
        total = (a * torch.from_numpy(weights)).sum() + total
        reference = (b * oracle.from_numpy(weights)).sum() + reference
    total.backward()
    reference.backward()
    for a, b in zip(
        tensors_in((args, tuple(kwargs.values()))), tensors_in((their_args, tuple(their_kwargs.values()))), strict=True
    ):
        assert_close(a.grad, b.grad, rtol, atol)
    for (name, a), (other, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == other
        assert_close(a.grad, b.grad, rtol, atol)
    for key, value in theirs.state_dict().items():
        assert_close(ours.state_dict()[key], value, rtol, atol)
