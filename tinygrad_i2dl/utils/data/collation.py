"""Batches made of samples."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy

from ...ops.creation import tensor
from ...ops.movement import stack
from ...tensors import Tensor, make

__all__ = ["default_collate", "default_convert"]


def default_convert(data: Any) -> Any:
    """Arrays as tensors, in containers of the same kind; everything else as it is."""
    if isinstance(data, (numpy.ndarray, numpy.generic)) and data.dtype.kind in "biuf":
        return make(numpy.asarray(data))
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(each) for each in data))
    if isinstance(data, tuple):
        return [default_convert(each) for each in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return [default_convert(each) for each in data]
    return data


def pin(batch: Any) -> Any:
    """A batch with its tensors in page-locked memory, in containers of the same kind; itself where there is no GPU."""
    if isinstance(batch, Tensor):
        return batch.pin_memory()
    if hasattr(batch, "pin_memory"):
        return batch.pin_memory()
    if isinstance(batch, Mapping):
        return {key: pin(value) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(pin(each) for each in batch))
    if isinstance(batch, (tuple, list)):
        return [pin(each) for each in batch]
    return batch


def _like(first: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    """`values` in a mapping of the class of `first`, such as an OrderedDict; in a plain dictionary if it takes none."""
    if type(first) is dict or not isinstance(first, MutableMapping):
        return values
    try:
        made = copy.copy(first)
        made.update(values)
    except TypeError:
        return values
    return made


def default_collate(batch: Any) -> Any:
    """Stack samples along a new first dimension, looking into tuples, lists and dictionaries.

    Tensors and arrays are stacked, numbers become a tensor (floats float64, as in PyTorch), texts stay a list, or a
    tuple if they are parts of samples that are sequences. A dictionary gives one of its own class.

    Raises:
        TypeError: samples of a type that cannot be stacked.
        RuntimeError: samples of different lengths or shapes.

    >>> import tinygrad_i2dl as torch
    >>> torch.utils.data.default_collate([(torch.zeros(2), 1), (torch.ones(2), 2)])
    [tensor([[0., 0.],
            [1., 1.]]), tensor([1, 2])]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch, 0)
    if isinstance(first, numpy.ndarray):
        if first.dtype.kind not in "biuf":
            raise TypeError(f"default_collate: arrays of {first.dtype} cannot become a tensor")
        return make(numpy.stack(batch))
    if isinstance(first, numpy.generic):
        return make(numpy.asarray(batch))
    if isinstance(first, bool):
        return tensor(batch)
    if isinstance(first, float):
        return make(numpy.asarray(batch, dtype=numpy.float64))
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _like(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(samples) for samples in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return [default_collate(samples) for samples in zip(*batch, strict=True)]
    raise TypeError(
        f"default_collate: a batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first)}. "
        "Pass collate_fn= to the DataLoader for other samples"
    )
