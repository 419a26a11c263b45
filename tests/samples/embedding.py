"""Samples of embeddings."""

from __future__ import annotations

import numpy

from . import array, case, kink, raises, sample

_REPEATED = numpy.array([[0, 2, 2], [4, 2, 0]])

sample(
    "embedding",
    lambda make: [
        case(_REPEATED, make(5, 3)),
        kink(_REPEATED, make(5, 3), padding_idx=2),  # by definition its gradient is not the derivative
        kink(_REPEATED, make(5, 3), padding_idx=-1),
        case(numpy.zeros((0, 2), dtype="int64"), make(5, 3)),
        case(numpy.repeat(numpy.arange(20), 3), make(20, 2)),
    ],
    oracle="torch.nn.functional.embedding",
    errors=[
        raises(IndexError, "indices from 0 to 4", numpy.array([5]), array(5, 3)),
        raises(IndexError, "indices from 0 to 4", numpy.array([-1]), array(5, 3)),
        raises(RuntimeError, r"\.long\(\)", array(2), array(5, 3)),
        raises(RuntimeError, r"shape \(V, D\)", numpy.array([0]), array(5)),
        raises(AssertionError, "padding_idx", numpy.array([0]), array(5, 3), padding_idx=5),
    ],
)
sample(
    "embedding_bag",
    lambda make: [
        case(_REPEATED, make(5, 3)),
        case(_REPEATED, make(5, 3), mode="max"),
        case(numpy.array([1, 2, 2, 4]), make(5, 3), numpy.array([0, 2, 2]), mode="sum"),
        case(numpy.array([1, 2, 2, 4]), make(5, 3), numpy.array([0, 3]), padding_idx=2),
        case(_REPEATED, make(5, 3), mode="sum", per_sample_weights=make(2, 3)),
    ],
    oracle="torch.nn.functional.embedding_bag",
    second=False,
    why="PyTorch's oracle has no second derivative of it",
    errors=[
        raises(ValueError, "mode", numpy.array([[0]]), array(5, 3), mode="median"),
        raises(ValueError, "offsets", numpy.array([0]), array(5, 3)),
        raises(RuntimeError, "first offset", numpy.array([0, 1]), array(5, 3), numpy.array([1])),
    ],
)
