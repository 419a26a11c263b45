"""Run a function once on symbolic arrays, forward and backward, and keep the two programs.

The forward pass is the function itself, on Tensors whose arrays are symbolic. The backward pass asks the graph's nodes
for their gradients, newest first, as the engine does; so the formulas are the ordinary ones. It differs from the
engine in one thing: where an input was broadcast, the sum over the places it was stretched to cannot be written in a
loop's body. All that follows on the way to the input is linear in the gradient and the same at all those places, so the
sum is taken at the very end, by the engine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..backends import registry
from ..engine.node import AccumulateGrad, Node
from ..tensors import Tensor, current_node, make
from .namespace import KERNELS, NAMESPACE
from .program import Expression, Program, input_value
from .symbolic import NotPointwise, SymbolicArray, formulas

__all__ = ["Signature", "Trace"]

registry.register_namespace(SymbolicArray, NAMESPACE, KERNELS)


class Signature(NamedTuple):
    """What a function's tensor arguments look like: shapes, NumPy dtypes, and which require a gradient."""

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[Any, ...]
    required: tuple[bool, ...]


class Trace:
    """What a function computes of arguments of one signature.

    Attributes:
        shape: the shape of the result.
        dtype: its NumPy dtype.
        required: for each input, whether it requires a gradient.
        differentiable: for each input, whether the result's derivative with respect to it is not zero by construction.
        passed: for each input, whether its gradient is the one that arrives, as it is.
    """

    def __init__(self, call: Callable[[Sequence[Tensor]], Any], signature: Signature) -> None:
        arrays = [
            SymbolicArray(input_value(number, dtype), shape)
            for number, (shape, dtype) in enumerate(zip(signature.shapes, signature.dtypes, strict=True))
        ]
        given = [array.expression for array in arrays]
        leaves = [make(array) for array in arrays]
        for leaf, required in zip(leaves, signature.required, strict=True):
            if required:
                leaf._node = AccumulateGrad(leaf, leaf._array.shape, leaf._array.dtype)
        result = call(leaves)
        if not isinstance(result, Tensor):
            raise NotPointwise(f"it returns a {type(result).__name__}, not one tensor")
        if type(result._array) is not SymbolicArray:
            raise NotPointwise("its result does not depend on its arguments")
        if any(result is leaf or result._array is leaf._array for leaf in leaves):
            raise NotPointwise("it returns an argument as it is")
        if any(array.expression is not before for array, before in zip(arrays, given, strict=True)):
            raise NotPointwise("it changes an argument in place")
        if any((leaf._node is not None) != needed for leaf, needed in zip(leaves, signature.required, strict=True)):
            raise NotPointwise("it changes whether an argument requires a gradient")
        self.shape: tuple[int, ...] = result._array.shape
        self.dtype = result._array.dtype
        self.required = signature.required
        self.count = len(leaves)
        self._output: Expression = result._array.expression
        self._gradients: list[Expression | None] = [None] * len(leaves)
        node = current_node(result)
        if node is not None and self.dtype.kind == "f":
            with formulas():
                found = _gradients(node, SymbolicArray(input_value(len(leaves), self.dtype), self.shape))
            for number, leaf in enumerate(leaves):
                if leaf._node is not None:
                    self._gradients[number] = found.pop(leaf._node.number, None)
            if found:
                raise NotPointwise("it uses a tensor that is not one of its arguments: pass it as one")
        self.differentiable = tuple(each is not None for each in self._gradients)
        self.passed = tuple(
            each is not None and each.operation == "input" and each.value == self.count for each in self._gradients
        )

    @functools.cached_property
    def forward(self) -> Program:
        """The program of the result."""
        return Program([self._output])

    def backward(self, needs: tuple[bool, ...]) -> Program:
        """The program of the gradients of the inputs that `needs` names; the gradient that arrives is the last
        input."""
        return Program([each for each, need in zip(self._gradients, needs, strict=True) if need and each is not None])


def _gradients(root: Node, gradient: SymbolicArray) -> dict[int, Expression]:
    """The gradients that arrive at the leaves, by their nodes' numbers."""
    pending, waiting = {root.number: gradient}, {root.number: root}
    leaves: dict[int, Expression] = {}
    while waiting:
        number = max(waiting)  # newest first: whoever sends to a node is newer
        node, arrived = waiting.pop(number), pending.pop(number)
        if node.hooks is not None:
            raise NotPointwise("it registers hooks")
        if type(node) is AccumulateGrad:
            leaves[number] = arrived.expression
            continue
        for parent, share in zip(node.parents, node.backward(arrived, None, False), strict=True):
            if parent is None or share is None:
                continue
            if type(share) is not SymbolicArray or parent.shape is None:
                raise NotPointwise(f"{node.name()} has no elementwise gradient")
            # a copy, as formulas may return the gradient they were given; of the parent's shape: the sum comes later
            share = SymbolicArray(share.astype(parent.dtype).expression, parent.shape)
            held = pending.get(parent.number)
            pending[parent.number] = share if held is None else held + share
            waiting[parent.number] = parent
    return leaves


def traced(tensor: Any) -> bool:
    """Whether a tensor belongs to a trace that is going on."""
    return isinstance(tensor, Tensor) and type(tensor._array) is SymbolicArray
