"""Write a checkpoint: the pickle that describes it, and every storage once."""

from __future__ import annotations

import os
import sys
from typing import Any, NamedTuple

import numpy as np

from tinygrad_i2dl.archive.container import ALIGNMENT, write_container
from tinygrad_i2dl.archive.pickling import Pickle, StorageSlice, ToStored
from tinygrad_i2dl.archive.records import ELEMENT_NAMES, STORAGE_CLASSES, StoredTensor
from tinygrad_i2dl.archive.replacement import replaced_file

__all__ = ["write_archive"]

Array = np.ndarray[Any, Any]

FORMAT_VERSION = b"3\n"


def _array_only(value: Any) -> StoredTensor | None:
    return StoredTensor(value) if isinstance(value, np.ndarray) else None


def write_archive(obj: Any, path_or_file: Any, to_stored: ToStored = _array_only) -> None:
    """Write a value in PyTorch's zip checkpoint format, as ``torch.load(weights_only=True)`` reads it.

    Tensors that share memory share it after loading: overlapping arrays become one storage, written once, which holds
    no more than the elements between the first and the last that they use. A file named by its path is replaced in one
    step; see `replaced_file`.

    Args:
        obj: plain Python values (None, bool, numbers, text, bytes, list, tuple, dict, OrderedDict, set) and leaves.
            Other objects are written as Python's pickle does, and load only where running their code is allowed.
        path_or_file: a path, or a file object open for writing bytes.
        to_stored: called with every leaf; returns a `StoredTensor`, `TorchCall` or `TorchName`, or None for other
            objects. By default NumPy arrays are tensors.

    Raises:
        RuntimeError: the folder does not exist, or overlapping tensors have different dtypes.
        PicklingError: a leaf cannot be written.
        TypeError: an array's elements have no counterpart in PyTorch, or `path_or_file` is neither path nor file.

    >>> import io
    >>> file = io.BytesIO()
    >>> write_archive({"weight": np.float32([[1, 2]]), "epoch": 3}, file)
    >>> from tinygrad_i2dl.archive import read_archive
    >>> file.seek(0)
    0
    >>> read_archive(file)
    {'weight': array([[1., 2.]], dtype=float32), 'epoch': 3}
    """
    is_file = hasattr(path_or_file, "write")
    if not is_file and not isinstance(path_or_file, (str, os.PathLike)):
        raise TypeError(
            "expected a path or a file object open for writing bytes, "
            f"got {type(path_or_file).__name__}: {path_or_file!r:.80}"
        )
    storages = _Storages()
    pickled = Pickle(to_stored, storages.place)
    try:
        pickled.save(obj)
    except RecursionError:
        raise RecursionError(
            "cannot save containers nested this deeply; flatten them, or raise sys.setrecursionlimit"
        ) from None
    contents = storages.settled()
    members = [
        ("data.pkl", memoryview(pickled.finished())),
        (".format_version", memoryview(b"1")),
        (".storage_alignment", memoryview(str(ALIGNMENT).encode())),
        ("byteorder", memoryview(sys.byteorder.encode())),
        *((f"data/{key}", content.data) for key, content in enumerate(contents)),
        ("version", memoryview(FORMAT_VERSION)),
    ]
    if is_file:
        write_container(path_or_file, "archive", members)
    else:
        with replaced_file(path_or_file) as file:
            write_container(file, "archive", members)


class _Placed(NamedTuple):
    start: int  # address of the first byte used
    end: int
    array: Array
    place: StorageSlice


class _Storages:
    """All arrays of a checkpoint; those that overlap in memory become one storage.

    Aliasing is read off addresses, not off ``ndarray.base``: two arrays alias exactly when their byte ranges meet,
    whoever owns the memory, and a view of a large array brings along no byte that no saved tensor can see.
    """

    def __init__(self) -> None:
        self._placed: list[_Placed] = []

    def place(self, stored: StoredTensor) -> StorageSlice:
        """Register a tensor's array; its slice is filled in by `settled`."""
        array = stored.array
        if not isinstance(array, np.ndarray):
            raise TypeError(
                f"a stored tensor needs a NumPy array, got {type(array).__name__}; copy device memory to the host first"
            )
        if array.dtype.name not in ELEMENT_NAMES or not array.dtype.isnative:
            raise TypeError(
                f"cannot save an array of dtype {array.dtype}; PyTorch's files hold {', '.join(ELEMENT_NAMES)}, "
                "in this machine's byte order: convert it with array.astype first"
            )
        itemsize = array.dtype.itemsize
        if any(stride < 0 or stride % itemsize for stride in array.strides):
            raise TypeError(
                f"cannot save an array with strides {array.strides} of {itemsize}-byte elements: "
                "PyTorch has none that are negative or fractions of an element; save a copy instead"
            )
        place = StorageSlice()
        place.unit = 1 if array.dtype.name in STORAGE_CLASSES else itemsize
        start = array.__array_interface__["data"][0]
        extent = sum((size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True)) + itemsize
        self._placed.append(_Placed(start, start + (extent if array.size else 0), array, place))
        return place

    def settled(self) -> list[Array]:
        """Fill in all slices and return the storages' contents, as arrays of bytes, in order of first use."""
        order = {id(each.place): position for position, each in enumerate(self._placed)}
        groups = [[each] for each in self._placed if each.start == each.end]  # no elements: nothing to share
        occupied, end = [each for each in self._placed if each.start < each.end], -1
        for each in sorted(occupied, key=lambda each: each.start):
            if each.start >= end:
                groups.append([each])
            else:
                groups[-1].append(each)
            end = max(end, each.end)
        groups.sort(key=lambda group: min(order[id(each.place)] for each in group))
        return [_settle(group, str(key)) for key, group in enumerate(groups)]


def _settle(group: list[_Placed], key: str) -> Array:
    start, end, array, _ = group[0]
    end = max(each.end for each in group)
    itemsize = array.dtype.itemsize
    for each in group:
        if each.array.dtype != array.dtype or (each.start - start) % itemsize:
            raise RuntimeError(
                f"cannot save tensors that share memory as different dtypes ({array.dtype} and {each.array.dtype}): "
                "PyTorch's format has one dtype per storage; save a clone() of one of them"
            )
        each.place.key = key
        each.place.offset = (each.start - start) // itemsize
        each.place.elements = (end - start) // itemsize * each.place.unit
    if start == end:
        return np.empty(0, np.uint8)
    # All elements from the group's first to its last belong to the memory of its arrays, which overlap without a gap.
    whole = np.lib.stride_tricks.as_strided(array, ((end - start) // itemsize,), (itemsize,), writeable=False)
    return whole.view(np.uint8)
