"""The suites whose cases are timed in one process; `memory`, `overhead` and `contention` are measured otherwise."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy

from .measurement import Case, Step
from .overhead import scalar_chain
from .scaling import scaling_cases
from .training import contender_of
from .workloads import WORKLOADS, Library


def train_cases() -> list[Case]:
    cases = [Case("scalar chain", 0.4, scalar_chain)]
    for workload in WORKLOADS:
        checks = 1 if workload.loss is None else 3
        step = functools.partial(contender_of, workload)
        cases.append(Case(workload.name, workload.target, step, checks, workload.flops))
    return cases


# ---------------------------------------------------------------- single operations

Function = Callable[..., Any]


def operation(
    function: Callable[[Library], Function], *shapes: tuple[int, ...], backward: bool
) -> Callable[[Library, str], Step]:
    """Time an operation on float32 tensors of these shapes, and its backward pass from a random gradient."""

    def step(torch: Library, device: str) -> Step:
        generator = numpy.random.default_rng(0)
        tensors = [
            torch.from_numpy(generator.uniform(0.1, 1, shape).astype(numpy.float32)).to(device) for shape in shapes
        ]
        call = function(torch)
        if not backward:
            return lambda: call(*tensors)
        for tensor in tensors:
            tensor.requires_grad_()
        shape = tuple(call(*tensors).shape)
        gradient = torch.from_numpy(generator.uniform(-1, 1, shape).astype(numpy.float32)).to(device)

        def run() -> Any:
            for tensor in tensors:
                tensor.grad = None
            call(*tensors).backward(gradient)
            return tensors[0].grad

        return run

    return step


def fused_expression(torch: Library) -> Function:
    """What `fuse` is for: several elementwise operations on much memory. PyTorch runs them one after the other."""
    fuse = getattr(torch, "fuse", lambda function: function)
    return fuse(lambda x, y: torch.tanh(1.5 * x + 0.1) * 0.5 + y)  # type: ignore[no-any-return]


LARGE, IMAGES = (1000, 1000), (32, 64, 28, 28)

OPERATIONS: list[tuple[str, float | None, Callable[[Library], Function], tuple[tuple[int, ...], ...]]] = [
    ("add", 0.7, lambda torch: torch.add, (LARGE, LARGE)),
    ("multiply", 0.7, lambda torch: torch.mul, (LARGE, LARGE)),
    ("multiply, broadcast", 0.7, lambda torch: torch.mul, (LARGE, (1000, 1))),
    ("divide", 0.7, lambda torch: torch.div, (LARGE, LARGE)),
    ("exp", 0.7, lambda torch: torch.exp, (LARGE,)),
    ("log", 0.7, lambda torch: torch.log, (LARGE,)),
    ("tanh", 0.7, lambda torch: torch.tanh, (LARGE,)),
    ("sigmoid", 0.7, lambda torch: torch.sigmoid, (LARGE,)),
    ("sqrt", 0.7, lambda torch: torch.sqrt, (LARGE,)),
    ("relu", 0.7, lambda torch: torch.relu, (LARGE,)),
    ("gelu", 0.7, lambda torch: torch.nn.functional.gelu, (LARGE,)),
    ("silu", 0.7, lambda torch: torch.nn.functional.silu, (LARGE,)),
    ("sum of all", 0.7, lambda torch: torch.sum, (LARGE,)),
    ("sum of a dimension", 0.7, lambda torch: lambda x: torch.sum(x, 0), (LARGE,)),
    ("maximum of a dimension", 0.7, lambda torch: lambda x: torch.amax(x, 1), (LARGE,)),
    ("softmax", 0.7, lambda torch: lambda x: torch.softmax(x, 1), (LARGE,)),
    ("log_softmax", 0.7, lambda torch: lambda x: torch.log_softmax(x, 1), (LARGE,)),
    ("layer_norm", 0.7, lambda torch: lambda x, w, b: torch.nn.functional.layer_norm(x, (1000,), w, b),
     (LARGE, (1000,), (1000,))),
    ("batch_norm", 0.7, lambda torch: lambda x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, True),
     (IMAGES, (64,), (64,))),
    ("matrix product", 1.0, lambda torch: torch.matmul, ((512, 512), (512, 512))),
    ("stack of matrix products", 1.0, lambda torch: torch.matmul, ((32, 64, 64), (32, 64, 64))),
    ("transpose and copy", None, lambda torch: lambda x: x.t().contiguous(), (LARGE,)),
    ("concatenate", None, lambda torch: lambda x, y: torch.cat([x, y], 1), (LARGE, LARGE)),
    ("index rows", None, lambda torch: lambda x: x[torch.arange(0, 1000, 3)], (LARGE,)),
    ("attention", None, lambda torch: torch.nn.functional.scaled_dot_product_attention, ((8, 4, 64, 32),) * 3),
    ("fused expression of 10,000,000 elements", 0.3, lambda torch: fused_expression(torch), ((10_000_000,),) * 2),
]  # fmt: skip


def operation_cases() -> list[Case]:
    return [
        Case(
            name + (", forward and backward" if backward else ", forward"),
            target,
            operation(call, *shapes, backward=backward),
        )
        for name, target, call, shapes in OPERATIONS
        for backward in (False, True)
    ]


# ---------------------------------------------------------------- convolution

# name, function, input, weight, keywords
CONVOLUTIONS: list[tuple[str, str, tuple[int, ...], tuple[int, ...], dict[str, int]]] = [
    ("3x3, 64 channels, 16x64x32x32", "conv2d", (16, 64, 32, 32), (64, 64, 3, 3), {"padding": 1}),
    ("3x3, 3 channels, 32x3x32x32", "conv2d", (32, 3, 32, 32), (16, 3, 3, 3), {"padding": 1}),
    ("5x5, 1 channel, 64x1x28x28", "conv2d", (64, 1, 28, 28), (6, 1, 5, 5), {"padding": 2}),
    ("3x3 stride 2, 16x32x32x32", "conv2d", (16, 32, 32, 32), (64, 32, 3, 3), {"padding": 1, "stride": 2}),
    ("4x4 stride 2, 32x3x32x32", "conv2d", (32, 3, 32, 32), (64, 3, 4, 4), {"padding": 1, "stride": 2}),
    ("7x7 stride 2, 8x3x112x112", "conv2d", (8, 3, 112, 112), (64, 3, 7, 7), {"padding": 3, "stride": 2}),
    ("1x1, 64 to 128 channels, 16x64x28x28", "conv2d", (16, 64, 28, 28), (128, 64, 1, 1), {}),
    ("1x1 stride 2, 32x32x16x16", "conv2d", (32, 32, 16, 16), (64, 32, 1, 1), {"stride": 2}),
    ("3x3 in 4 groups, 16x64x28x28", "conv2d", (16, 64, 28, 28), (64, 16, 3, 3), {"padding": 1, "groups": 4}),
    ("depthwise 3x3, 16x64x28x28", "conv2d", (16, 64, 28, 28), (64, 1, 3, 3), {"padding": 1, "groups": 64}),
    ("depthwise 3x3 stride 2, 16x64x28x28", "conv2d", (16, 64, 28, 28), (64, 1, 3, 3),
     {"padding": 1, "groups": 64, "stride": 2}),
    ("depthwise 5x5, 16x64x28x28", "conv2d", (16, 64, 28, 28), (64, 1, 5, 5), {"padding": 2, "groups": 64}),
    ("depthwise 1d, 7 wide, 16x64x256", "conv1d", (16, 64, 256), (64, 1, 7), {"padding": 3, "groups": 64}),
    ("1d, 3 wide, 16x64x256", "conv1d", (16, 64, 256), (64, 64, 3), {"padding": 1}),
    ("3d, 3x3x3, 4x8x16x16x16", "conv3d", (4, 8, 16, 16, 16), (16, 8, 3, 3, 3), {"padding": 1}),
    ("transposed 4x4 stride 2, 32x128x8x8", "conv_transpose2d", (32, 128, 8, 8), (128, 64, 4, 4),
     {"padding": 1, "stride": 2}),
    ("transposed 4x4 stride 2 to 3 channels, 32x64x16x16", "conv_transpose2d", (32, 64, 16, 16), (64, 3, 4, 4),
     {"padding": 1, "stride": 2}),
    ("transposed 2x2 stride 2, 16x64x16x16", "conv_transpose2d", (16, 64, 16, 16), (64, 32, 2, 2), {"stride": 2}),
]  # fmt: skip


def convolution_cases() -> list[Case]:
    cases = []
    for name, function, input, weight, keywords in CONVOLUTIONS:

        def call(torch: Library, function: str = function, keywords: dict[str, int] = keywords) -> Function:
            return lambda x, w: getattr(torch.nn.functional, function)(x, w, **keywords)

        for backward in (False, True):
            title = name + (", forward and backward" if backward else ", forward")
            cases.append(Case(title, 0.85, operation(call, input, weight, backward=backward)))
    pool = operation(lambda torch: lambda x: torch.nn.functional.max_pool2d(x, 2), (32, 32, 32, 32), backward=True)
    return [*cases, Case("max_pool2d 2x2, 32x32x32x32, forward and backward", 0.85, pool)]


SUITES: dict[str, Callable[[], list[Case]]] = {
    "train": train_cases,
    "ops": operation_cases,
    "conv": convolution_cases,
    "scaling": scaling_cases,
}
