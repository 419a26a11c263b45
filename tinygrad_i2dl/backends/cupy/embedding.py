"""Rows added to a table, and the words of the GPU's random numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy

from .launch import accumulator, launcher

Array = Any


def add_rows(input: Array, index: Array, count: int) -> Any:
    """Table of `count` rows to whose row ``index[i]`` row ``input[i]`` is added."""
    launch = launcher()
    if not launch.serves(input) or index.dtype != numpy.int64 or not index.size:
        return NotImplemented
    shape = input.shape[index.ndim :]
    width = math.prod(shape)
    table = launch.library.zeros((count, *shape), dtype=accumulator(input.dtype))
    launch.elementwise(
        "embedding.cu", "add_rows", input.dtype, input.size, launch.plain(input), launch.plain(index), table,
        index.size, width,
    )  # fmt: skip
    return table.astype(input.dtype, copy=False)


def philox_words(like: Array, seed: int, offset: int, count: int) -> Any:
    """`count` words of 32 bits: those of the counters `offset`, `offset` + 1, ..., four each."""
    launch = launcher()
    words = launch.library.empty(count, dtype=numpy.uint32)
    if count:
        launch.elementwise(
            "random.cu", "philox_words", numpy.dtype("float32"), -(-count // 4), words, count, numpy.uint64(seed),
            numpy.uint64(offset),
        )  # fmt: skip
    return words
