"""The text of a Python function that Numba compiles: a program's instructions inside a loop over the elements.

Inputs are flat arrays, see `layout`. In a *flat* loop each is read at the place that is written, or at its one element.
Where inputs broadcast along some dimensions only, the loop is *nested*: the inner one runs along a row, the outer one
over the rows, and steps say where each input's row begins.
"""

from __future__ import annotations

import math
import re
from typing import Any

from .elementary import ELEMENTARY
from .program import Program

__all__ = ["loop_source"]

TYPES = {"float32": "f32", "float64": "f64", "bool": "bool"}
MATHEMATICS = re.compile(r"\b(?:exp|exp2_|expm1_|log|log1p|tanh|sigmoid|erf|erfc)(?:32|64)\b|\blog1p_?(?:32|64)\b")

HEADER = '''"""A fused loop, written by tinygrad_i2dl.fuse."""

import math

import numpy
{imports}
f32, f64 = numpy.float32, numpy.float64
{constants}

'''

NESTED = """\
def loop(begin, end, columns, sizes, steps, {parameters}):
    for row in range(begin, end):
        rest = row
        {starts} = 0
        for dimension in range(sizes.shape[0] - 1, -1, -1):
            place = rest % sizes[dimension]
            rest //= sizes[dimension]
{moves}
{rows}
        for i in range(columns):
"""


def _number(value: Any, dtype: str) -> str:
    if dtype == "bool":
        return str(bool(value))
    text = repr(value) if math.isfinite(value) else f"numpy.{'nan' if value != value else 'inf'}"
    return f"{TYPES[dtype]}({'-' if value == -math.inf else ''}{text})"


def loop_source(program: Program, repeated: tuple[bool, ...] | None = None, nested: bool = False) -> str:
    """The module with the function ``loop``.

    Args:
        program: what is computed at each place.
        repeated: for each of the program's inputs whether it has one element for the row; None: none has.
        nested: whether there are rows.
    """
    if repeated is None:
        repeated = (False,) * len(program.inputs)
    names: dict[int, str] = {}
    constants, loads, body = [], [], []
    indent = "            " if nested else "        "
    once = dict(zip(program.inputs, repeated, strict=True))
    for number, step in enumerate(program.instructions):
        if step.operation == "constant":
            names[number] = f"c{number}"
            constants.append(f"c{number} = {_number(step.value, step.dtype)}")
            continue
        names[number] = name = f"v{number}"
        if step.operation == "input":
            if once[step.value]:
                loads.append(f"{name} = " + (f"x{step.value}[s{step.value}]" if nested else f"x{step.value}[0]"))
            else:
                body.append(f"{name} = " + (f"r{step.value}[i]" if nested else f"x{step.value}[i]"))
            continue
        operands = [names[argument] for argument in step.arguments]
        if step.operation == "cast":
            body.append(f"{name} = {TYPES[step.dtype]}({operands[0]})")
            continue
        operated = program.instructions[step.arguments[-1]].dtype
        text = ELEMENTARY[step.operation].numba.format(
            *operands, bits=operated.removeprefix("float"), t=TYPES[operated]
        )
        body.append(f"{name} = {text.removeprefix('(').removesuffix(')') if _enclosed(text) else text}")
    outputs = range(len(program.outputs))
    body += [f"{'q' if nested else 'out'}{place}[i] = {names[program.outputs[place]]}" for place in outputs]
    inputs = program.inputs
    parameters = ", ".join([*(f"x{number}" for number in inputs), *(f"out{place}" for place in outputs)])
    if nested:
        head = NESTED.format(
            parameters=parameters,
            starts=" = ".join(f"s{number}" for number in inputs) or "_",
            moves="\n".join(
                f"            s{number} += place * steps[{place}, dimension]" for place, number in enumerate(inputs)
            )
            or "            pass",
            rows="\n".join(
                [
                    *(f"        r{number} = x{number}[s{number} : s{number} + columns]" for number in inputs
                      if not once[number]),
                    *(f"        {load}" for load in loads),
                    *(f"        q{place} = out{place}[row * columns : (row + 1) * columns]" for place in outputs),
                ]
            ),
        )  # fmt: skip
    else:
        head = f"def loop({parameters}):\n" + "".join(f"    {load}\n" for load in loads)
        head += "    for i in range(out0.shape[0]):\n"
    text = head + "".join(f"{indent}{line}\n" for line in body)
    used = sorted(set(MATHEMATICS.findall(text)))
    imports = f"\nfrom tinygrad_i2dl.backends.numba.mathematics import {', '.join(used)}\n" if used else ""
    return HEADER.format(imports=imports, constants="\n".join(constants)) + text


def _enclosed(text: str) -> bool:
    """Whether the outer parentheses of `text` belong together."""
    if not text.startswith("("):
        return False
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if not depth:
            return place == len(text) - 1
    return False
