"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...ops.movement import cat
from ...tensors import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Any]) -> Tensor:
    """The elements of all parameters in one vector; gradients flow through it."""
    parts = [each.reshape(-1) for each in parameters]
    return cat(parts, 0)  # type: ignore[no-any-return]


def vector_to_parameters(vec: Any, parameters: Iterable[Any]) -> None:
    """Make the parts of `vec` the parameters' values, as views of its memory.

    Raises:
        TypeError: `vec` is not a tensor.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters needs a Tensor, got {type(vec).__name__}")
    values: Any = vec.data
    position = 0
    for parameter in parameters:
        count = parameter.numel()
        parameter.data = values[position : position + count].view(parameter.shape)
        position += count
