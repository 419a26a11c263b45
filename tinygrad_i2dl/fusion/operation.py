"""The operation ``fused``: what a fused function records in the graph.

It is a primitive like the others. Its node saves the inputs alone, guarded against changes in place; its formula runs
the loop of the gradients, which computes anew what it needs of the forward pass. Under ``create_graph`` the formula
gets Tensors, and then runs the function itself by ordinary operations, whose derivatives have derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from ..backends import registry
from ..backends.registry import KernelTable
from ..engine.mode import enable_grad
from ..errors import GraphError
from ..ops._define import Op, general_function
from ..ops.movement import reshape_to
from ..tensors import Tensor, differentiate
from .device_loop import device_loop_of
from .loop import loop_of
from .program import Program
from .tracing import Trace

__all__ = ["Plan", "fused"]

Array = Any


class Plan:
    """How the calls of one signature are computed: the traced programs, and the function for what they cannot do."""

    def __init__(
        self, call: Callable[[Sequence[Tensor]], Any], trace: Trace, name: str, unchanged: Callable[[], bool]
    ) -> None:
        self.call = call  # the function itself, of the tensors among its arguments
        self.name = name
        self.unchanged = unchanged  # whether the function reads the same from outside as when it was traced
        self.trace = trace
        self.shape = trace.shape
        self.operations = trace.forward.operations
        self.detached = any(trace.required) and not any(trace.differentiable)  # such as a comparison
        self._backward: dict[tuple[bool, ...], Program] = {}

    @property
    def forward(self) -> Program:
        return self.trace.forward

    def backward(self, needs: tuple[bool, ...]) -> Program:
        """The program of the gradients that are asked for."""
        found = self._backward.get(needs)
        if found is None:
            found = self._backward[needs] = self.trace.backward(needs)
        return found

    def asked(self, needs: tuple[bool, ...]) -> tuple[bool, ...]:
        """Which gradients are computed: those that are asked for and not zero by construction."""
        return tuple(need and found for need, found in zip(needs, self.trace.differentiable, strict=True))


def _run(xp: Any, program: Program, arrays: Sequence[Array], shape: tuple[int, ...], loop: Any) -> list[Array]:
    """The program's results in new arrays; `loop` computes them."""
    outputs = [xp.empty(shape, dtype=program.instructions[number].dtype) for number in program.outputs]
    loop([arrays[number] for number in program.inputs], outputs, shape)
    return outputs


# ---------------------------------------------------------------- kernels


def _reference(xp: Any, program: Program, arrays: Sequence[Array], shape: tuple[int, ...]) -> list[Array]:
    if xp is numpy:
        return program.evaluated(arrays, shape)
    run = device_loop_of(program).run
    return _run(xp, program, arrays, shape, lambda *arguments: run(xp, *arguments))


def _by_numba(program: Program, arrays: Sequence[Array], shape: tuple[int, ...]) -> list[Array]:
    return _run(numpy, program, arrays, shape, loop_of(program).run)


def _fused(xp: Any, inputs: Any, plan: Any) -> Any:
    """A traced function of tensors, computed by one loop."""
    return _reference(xp, plan.forward, inputs, plan.shape)[0]


def _fused_backward(xp: Any, g: Any, inputs: Any, plan: Any, needs: Any) -> Any:
    return _shares(plan, needs, lambda program, shape: _reference(xp, program, [*inputs, g], shape), g)


def _shares(plan: Plan, needs: tuple[bool, ...], compute: Callable[..., list[Array]], g: Array) -> tuple[Any, ...]:
    asked = plan.asked(needs)
    computed = tuple(each and not passed for each, passed in zip(asked, plan.trace.passed, strict=True))
    found = iter(compute(plan.backward(computed), plan.shape)) if any(computed) else iter(())
    return tuple(next(found) if each else g if need else None for each, need in zip(computed, asked, strict=True))


fused_backward = KernelTable("fused_backward", _fused_backward)

registry.register_kernel("fused", "numba", lambda inputs, plan: _by_numba(plan.forward, inputs, plan.shape)[0])
registry.register_kernel(
    "fused_backward",
    "numba",
    lambda g, inputs, plan, needs: _shares(
        plan, needs, lambda program, shape: _by_numba(program, [*inputs, g], shape), g
    ),
)


def _formula(g: Any, inputs: Any, plan: Any, needs: Any) -> Any:
    if isinstance(g, Tensor):
        return _composed(g, inputs, plan, needs)
    return fused_backward[type(g)](numpy.asarray(g) if isinstance(g, numpy.generic) else g, inputs, plan, needs)


def _composed(g: Tensor, inputs: Sequence[Tensor], plan: Plan, needs: Sequence[bool]) -> tuple[Tensor | None, ...]:
    """The gradients by ordinary operations, recorded so that they can be differentiated again."""
    asked = plan.asked(tuple(needs))
    if not plan.unchanged():
        raise GraphError(
            f"{plan.name}() reads something besides its arguments that changed since it was called, and derivatives of "
            "derivatives run it once more: take them before the change, or pass what changes as an argument"
        )
    with enable_grad():
        # Each has a node of its own here: one tensor may be given for several inputs.
        own = [reshape_to(each, each.shape) if need else each for each, need in zip(inputs, asked, strict=True)]
        wanted = [each for each, need in zip(own, asked, strict=True) if need]
        found = iter(differentiate([plan.call(own)], [g], None, True, inputs=wanted, accumulate=False))
    return tuple(next(found) if each else None for each in asked)


_fused.__name__ = "fused"
_operation = Op(_fused, ("inputs*",))
_operation.add_formulas(_formula, {})
fused = general_function(_operation)
