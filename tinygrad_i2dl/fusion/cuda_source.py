"""The text of a CUDA kernel that computes a program: each thread takes one element after the other, a grid apart.

Half-precision elements are computed in float. Inputs are flat arrays as for the loops of the CPU (see `layout`); where
they broadcast, the sizes of the dimensions and each input's steps are parameters, so that one kernel serves all sizes.
"""

from __future__ import annotations

import math
from typing import Any

from .elementary import ELEMENTARY
from .program import Program

__all__ = ["cuda_source"]

ELEMENTS = {"float16": "__half", "float32": "float", "float64": "double", "bool": "bool"}
REGISTERS = {"float16": "float", "float32": "float", "float64": "double", "bool": "bool"}

KERNEL = """\
// A fused loop, written by tinygrad_i2dl.fuse.
{include}extern "C" __global__ void loop({parameters}) {{
    const long long stride = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {{
{body}    }}
}}
"""
# NVIDIA's run-time compiler comes without the C library's headers.
CONSTANTS = """\
#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#endif

"""


def _number(value: Any, dtype: str) -> str:
    if dtype == "bool":
        return "true" if value else "false"
    kind = REGISTERS[dtype]
    if not math.isfinite(value):
        return f"({kind})({'-' if value < 0 else ''}{'NAN' if value != value else 'INFINITY'})"
    # Hexadecimal digits are exact.
    return f"({kind})({float(value).hex()})"


def cuda_source(program: Program, repeated: tuple[bool, ...] | None = None, dimensions: int = 0) -> str:
    """The text of the kernel ``loop``.

    Args:
        program: what is computed at each place.
        repeated: for each of the program's inputs whether it has one element for the row; None: none has.
        dimensions: how many dimensions the rows are counted by; 0: there are no rows.
    """
    if repeated is None:
        repeated = (False,) * len(program.inputs)
    once = dict(zip(program.inputs, repeated, strict=True))
    dtypes = {step.value: step.dtype for step in program.instructions if step.operation == "input"}
    half = any(step.dtype == "float16" for step in program.instructions)
    parameters = [f"const {ELEMENTS[dtypes[number]]}* __restrict__ x{number}" for number in program.inputs]
    parameters += [
        f"{ELEMENTS[program.instructions[number].dtype]}* __restrict__ out{place}"
        for place, number in enumerate(program.outputs)
    ]
    parameters.append("const long long count")
    lines = []
    if dimensions:
        parameters.append("const long long columns")
        parameters += [f"const long long size{axis}" for axis in range(dimensions)]
        parameters += [
            f"const long long step{number}_{axis}" for number in program.inputs for axis in range(dimensions)
        ]
        lines.append("long long rest = i / columns;")
        if not all(repeated):
            lines.append("const long long column = i - rest * columns;")
        lines += [f"long long s{number} = {'0' if once[number] else 'column'};" for number in program.inputs]
        for axis in reversed(range(dimensions)):
            lines.append(f"const long long place{axis} = rest % size{axis};")
            lines += [f"s{number} += place{axis} * step{number}_{axis};" for number in program.inputs]
            if axis:
                lines.append(f"rest /= size{axis};")
    names: dict[int, str] = {}
    for number, step in enumerate(program.instructions):
        kind = REGISTERS[step.dtype]
        if step.operation == "constant":
            names[number] = _number(step.value, step.dtype)
            continue
        names[number] = f"v{number}"
        if step.operation == "input":
            at = f"s{step.value}" if dimensions else "0" if once[step.value] else "i"
            text = f"x{step.value}[{at}]"
            text = f"__half2float({text})" if step.dtype == "float16" else text
        elif step.operation == "cast":
            text = f"({kind})({names[step.arguments[0]]})"
            if step.dtype == "float16":
                text = f"__half2float(__float2half({text}))"
        else:
            operated = program.instructions[step.arguments[-1]].dtype
            text = ELEMENTARY[step.operation].cuda.format(
                *[names[argument] for argument in step.arguments],
                t=REGISTERS[operated],
                f="" if operated == "float64" else "f",
            )
        lines.append(f"const {kind} v{number} = {text};")
    for place, number in enumerate(program.outputs):
        value = names[number]
        lines.append(
            f"out{place}[i] = "
            + (f"__float2half({value});" if program.instructions[number].dtype == "float16" else f"{value};")
        )
    include = "#include <cuda_fp16.h>\n\n" if half else ""
    if any(step.operation == "constant" and not math.isfinite(step.value) for step in program.instructions):
        include += CONSTANTS
    return KERNEL.format(
        include=include,
        parameters=", ".join(parameters),
        body="".join(f"        {line}\n" for line in lines),
    )
