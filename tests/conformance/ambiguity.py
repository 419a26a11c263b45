"""Results that a definition leaves open: which of equal values comes first, the signs of singular vectors, rounding.

Where the library differs from PyTorch in such a choice alone, it conforms. What is left open is listed here by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.testing._internal.opinfo.core import OpInfo, SampleInput

from .conversion import to_array

# indices among equal values: name -> position of `dim` among the arguments after the input
TIES = {"sort": 0, "argsort": 0, "topk": 1, "kthvalue": 1}

# factors that are unique up to signs: compared as the samples' own adjustments for gradients do, e.g. |U|, S or U @ Vh
FACTORS = {"svd", "linalg.svd", "linalg.eigh", "pca_lowrank", "svd_lowrank"}

# modules whose first input must be log-probabilities, with their dimension: PyTorch's gradient holds along the simplex
# alone, so that derivatives are taken before a log_softmax, as the database's wrapper of the same operator does
LOG_PROBABILITIES = {"nn.CTCLoss": 2}

# a difference that nearly cancels divides the result: the order of a sum of three float32 shows in the fifth digit
ILL_CONDITIONED = {"cov"}  # by the sum of the weights, less `correction` times the sum of their squares over that sum


def is_as_exact(info: OpInfo, sample: SampleInput, actual: Any, expected: Any) -> bool:
    """Whether no value of a float32 result is farther from PyTorch's float64 result than PyTorch's float32 one is."""
    if info.name not in ILL_CONDITIONED or expected.dtype != torch.float32:
        return False
    one, other = to_array(actual), to_array(expected)
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    wide = sample.transform(lambda value: value.double() if getattr(value, "dtype", None) == torch.float32 else value)
    exact = to_array(info.op(wide.input, *wide.args, **wide.kwargs))
    return bool((np.abs(one - exact) <= np.abs(other - exact)).all())


def is_tie(name: str, sample: Any, actual: Any, expected: Any) -> bool:
    """Whether a result that differs from PyTorch's picks other indices, but of equal values.

    A stable sort leaves nothing open, nor do values, shapes and dtypes.
    """
    if name not in TIES or sample.kwargs.get("stable"):
        return False
    ours, theirs = (actual, expected) if isinstance(expected, torch.Tensor) else (actual[1], expected[1])
    if not isinstance(expected, torch.Tensor):
        values, others = to_array(actual[0]), to_array(expected[0])
        if values.dtype != others.dtype or not np.array_equal(values, others, equal_nan=values.dtype.kind == "f"):
            return False
    position = TIES[name]
    dim = sample.kwargs.get("dim", sample.args[position] if len(sample.args) > position else -1)
    source = np.atleast_1d(to_array(sample.input))
    one, other = np.atleast_1d(to_array(ours)), np.atleast_1d(to_array(theirs))
    if name == "kthvalue" and one.ndim < source.ndim:
        one, other = np.expand_dims(one, dim), np.expand_dims(other, dim)
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    ordered = np.sort(one, axis=dim)
    repeated = bool((np.diff(ordered, axis=dim) == 0).any())
    inside = bool((one >= 0).all() and (one < source.shape[dim]).all())
    if repeated or not inside:
        return False
    chosen, others = np.take_along_axis(source, one, dim), np.take_along_axis(source, other, dim)
    return np.array_equal(chosen, others, equal_nan=source.dtype.kind == "f")
