"""Expressions of numbers, and the list of instructions that a loop is written from.

An expression is a tree whose branches may be shared; a `Program` computes several of them. Making one numbers each
different value once (common subexpressions are computed once), computes what depends on no input, and drops what
changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy

from .elementary import ELEMENTARY

__all__ = ["Expression", "Instruction", "Program", "constant", "input_value"]

BOOL = numpy.dtype(bool)


class Expression:
    """A number computed from the elements of the inputs at one place."""

    __slots__ = ("arguments", "dtype", "operation", "value")

    def __init__(self, operation: str, arguments: tuple[Expression, ...], dtype: Any, value: Any = None) -> None:
        self.operation = operation  # a name in `ELEMENTARY`, or "input", "constant", "cast"
        self.arguments = arguments
        self.dtype = dtype
        self.value = value  # an input's number, a constant's value


def constant(value: Any, dtype: Any) -> Expression:
    """A number of the precision of `dtype`."""
    with numpy.errstate(all="ignore"):
        return Expression("constant", (), numpy.dtype(dtype), numpy.asarray(value).astype(dtype).item())


def input_value(number: int, dtype: Any) -> Expression:
    """The element of an input."""
    return Expression("input", (), numpy.dtype(dtype), number)


class Instruction(NamedTuple):
    """One step of a program; its arguments are numbers of earlier steps."""

    operation: str
    arguments: tuple[int, ...]
    dtype: str
    value: Any = None

    def is_constant(self, value: float) -> bool:
        return self.operation == "constant" and self.value == value and self.dtype != "bool"


class Program:
    """What a loop computes at each place: instructions in an order in which each finds its arguments.

    Attributes:
        instructions: the steps.
        inputs: the numbers of the inputs that are read.
        outputs: the steps whose values are the results.
        loops: what was compiled of it, by the kind of device.
    """

    def __init__(self, outputs: Sequence[Expression]) -> None:
        self.instructions: list[Instruction] = []
        self.loops: dict[str, Any] = {}
        self._numbers: dict[Any, int] = {}
        found: dict[int, int] = {}
        for output in outputs:
            self._number(output, found)
        self.outputs = [found[id(output)] for output in outputs]
        self._drop_unused()
        self.inputs = sorted(step.value for step in self.instructions if step.operation == "input")

    @property
    def text(self) -> str:
        """The program as lines, one for each step: what it is recognised by."""
        lines = [
            f"{number}: {step.dtype} {step.operation} {' '.join(map(str, step.arguments))} {step.value!r}"
            for number, step in enumerate(self.instructions)
        ]
        return "\n".join([*lines, f"results {self.outputs}"])

    @property
    def operations(self) -> int:
        """How many steps compute something."""
        return sum(step.operation not in ("input", "constant") for step in self.instructions)

    def evaluated(self, arrays: Sequence[Any], shape: tuple[int, ...]) -> list[Any]:
        """The results by NumPy, one array for each step: what loops are compared with."""
        values: list[Any] = []
        with numpy.errstate(all="ignore"):
            for step in self.instructions:
                operands = [values[argument] for argument in step.arguments]
                if step.operation == "input":
                    value = arrays[step.value]
                elif step.operation == "constant":
                    value = numpy.asarray(step.value, dtype=step.dtype)
                elif step.operation == "cast":
                    value = operands[0].astype(step.dtype)
                else:
                    value = numpy.asarray(ELEMENTARY[step.operation].numpy(*operands))
                values.append(value)
        return [numpy.array(numpy.broadcast_to(values[number], shape)) for number in self.outputs]

    def _number(self, root: Expression, found: dict[int, int]) -> None:
        stack = [root]  # no recursion: expressions may be deep
        while stack:
            expression = stack[-1]
            if id(expression) in found:
                stack.pop()
                continue
            waiting = [each for each in expression.arguments if id(each) not in found]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            stack.pop()
            arguments = tuple(found[id(each)] for each in expression.arguments)
            found[id(expression)] = self._simplified(
                expression.operation, arguments, expression.dtype.name, expression.value
            )

    def _add(self, operation: str, arguments: tuple[int, ...], dtype: str, value: Any = None) -> int:
        # -0.0 equals 0.0 and NaN not itself: the text tells them apart
        key = (operation, arguments, dtype, repr(value))
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.instructions)
            self.instructions.append(Instruction(operation, arguments, dtype, value))
        return number

    def _simplified(self, operation: str, arguments: tuple[int, ...], dtype: str, value: Any) -> int:
        """The number of a step that has this value. Only what is exact is simplified, NaN, infinity and the sign of
        zero included."""
        steps = [self.instructions[number] for number in arguments]
        if steps and all(step.operation == "constant" for step in steps):
            return self._add("constant", (), dtype, _folded(operation, steps, dtype))
        if operation == "cast" and steps[0].dtype == dtype:
            return arguments[0]
        if operation == "multiply":
            if steps[1].is_constant(1):
                return arguments[0]
            if steps[0].is_constant(1):
                return arguments[1]
            for one, other in ((0, 1), (1, 0)):
                if steps[one].is_constant(-1):
                    return self._simplified("negative", (arguments[other],), dtype, None)
        if operation == "true_divide" and steps[1].is_constant(1):
            return arguments[0]
        if operation == "true_divide" and steps[1].operation == "constant" and _is_power_of_two(steps[1].value):
            inverse = self._add("constant", (), dtype, 1 / steps[1].value)
            return self._add("multiply", (arguments[0], inverse), dtype)
        if operation == "subtract" and steps[1].is_constant(0) and math.copysign(1, steps[1].value) > 0:
            return arguments[0]
        if operation == "negative" and steps[0].operation == "negative":
            return steps[0].arguments[0]
        if operation == "where":
            if steps[0].operation == "constant":
                return arguments[1] if steps[0].value else arguments[2]
            if arguments[1] == arguments[2]:
                return arguments[1]
        if operation in ("add", "multiply", "maximum", "minimum", "equal", "not_equal"):
            # a constant stands last, so that 1 + x and x + 1 are one value
            first, second = arguments
            if steps[0].operation == "constant" and operation not in ("maximum", "minimum"):
                arguments = (second, first)
        return self._add(operation, arguments, dtype, value)

    def _drop_unused(self) -> None:
        used = set(self.outputs)
        for number in range(len(self.instructions) - 1, -1, -1):
            if number in used:
                used.update(self.instructions[number].arguments)
        new = {number: place for place, number in enumerate(sorted(used))}
        self.instructions = [
            step._replace(arguments=tuple(new[argument] for argument in step.arguments))
            for number, step in enumerate(self.instructions)
            if number in used
        ]
        self.outputs = [new[number] for number in self.outputs]
        self._numbers = {}


def _is_power_of_two(value: Any) -> bool:
    return 1e-30 < abs(value) < 1e30 and math.frexp(value)[0] in (0.5, -0.5)


def _folded(operation: str, steps: Sequence[Instruction], dtype: str) -> Any:
    values = [numpy.asarray(step.value, dtype=step.dtype) for step in steps]
    with numpy.errstate(all="ignore"):
        result = values[0] if operation == "cast" else numpy.asarray(ELEMENTARY[operation].numpy(*values))
        return result.astype(dtype).item()
