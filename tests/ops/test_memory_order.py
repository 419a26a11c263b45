"""Results of which `view` is possible, whatever the order of the elements they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch as oracle

import tinygrad_i2dl as torch
from tinygrad_i2dl.backends.registry import _backends

OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "softmax": lambda lib, x: lib.softmax(x, -1),
    "softmax of another dimension": lambda lib, x: lib.softmax(x, 1),
    "log_softmax": lambda lib, x: lib.log_softmax(x, -1),
    "layer_norm": lambda lib, x: lib.nn.functional.layer_norm(x, x.shape[-1:]),
    "group_norm": lambda lib, x: lib.nn.functional.group_norm(x, 1),
    "instance_norm": lambda lib, x: lib.nn.functional.instance_norm(x),
    "batch_norm": lambda lib, x: lib.nn.functional.batch_norm(x, None, None, training=True),
    "batch_norm, evaluation": lambda lib, x: lib.nn.functional.batch_norm(
        x, lib.zeros(x.shape[1], dtype=x.dtype), lib.ones(x.shape[1], dtype=x.dtype)
    ),
    "cumsum": lambda lib, x: lib.cumsum(x, 1),
    "cumprod": lambda lib, x: lib.cumprod(x, 1),
    "cummax": lambda lib, x: lib.cummax(x, 1)[0],
    "indices of cummin": lambda lib, x: lib.cummin(x, 1)[1],
    "logcumsumexp": lambda lib, x: lib.logcumsumexp(x, 1),
    "roll": lambda lib, x: lib.roll(x, 1, 1),
    "topk": lambda lib, x: lib.topk(x, 2, 1)[0],
    "indices of topk": lambda lib, x: lib.topk(x, 2, -1)[1],
    "interpolate": lambda lib, x: lib.nn.functional.interpolate(x, scale_factor=2),
    "interpolate, linear": lambda lib, x: lib.nn.functional.interpolate(x, size=7, mode="linear"),
}


@pytest.mark.parametrize("backend", ["numpy", "numba", "native"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_the_result_of_a_transposed_tensor_can_be_viewed(name: str, backend: str) -> None:
    numbers = numpy.random.default_rng(0).normal(size=(3, 5, 4)).astype(numpy.float32)
    if reason := _backends[backend].reason():
        pytest.skip(reason)
    with torch.use_backend(backend):
        x = torch.tensor(numbers, requires_grad=True)
        result = OPERATIONS[name](torch, x.transpose(1, 2))
        y = oracle.tensor(numbers, requires_grad=True)
        expected = OPERATIONS[name](oracle, y.transpose(1, 2))
        assert expected.is_contiguous() and result.is_contiguous()
        numpy.testing.assert_allclose(result.view(-1).tolist(), expected.view(-1).tolist(), rtol=1e-5, atol=1e-6)
        if expected.requires_grad:
            weights = numpy.random.default_rng(1).normal(size=result.shape).astype(numpy.float32)
            (result.view(-1) * torch.tensor(weights.ravel())).sum().backward()
            (expected.view(-1) * oracle.tensor(weights.ravel())).sum().backward()
            numpy.testing.assert_allclose(x.grad.tolist(), y.grad.tolist(), rtol=1e-4, atol=1e-5)
