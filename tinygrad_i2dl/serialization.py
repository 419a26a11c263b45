"""Saving and loading: checkpoints that PyTorch reads, and checkpoints that PyTorch wrote."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pickle import UnpicklingError
from typing import Any

from .archive import Builders, StoredTensor, TorchCall, TorchName, read_archive, write_archive
from .devices import device
from .dtypes import ALL, dtype
from .errors import DeviceError
from .ops.creation import to_device
from .tensors import Parameter, Size, Tensor, current_node, make

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "safe_globals", "save"]


def _to_stored(value: Any) -> Any:
    """What a value that is no plain Python is, in the terms of the file format; None for other objects."""
    if isinstance(value, Tensor):
        array = value._array.get() if value.is_cuda else value._array
        return StoredTensor(array, current_node(value) is not None, isinstance(value, Parameter), str(value.device))
    if isinstance(value, dtype):
        return TorchName("torch", value.name)
    if isinstance(value, device):
        arguments = (value.type,) if value.index is None else (value.type, value.index)
        return TorchCall(TorchName("torch", "device"), arguments)
    if isinstance(value, Size):
        return TorchCall(TorchName("torch", "Size"), (tuple(value),))
    return None


def save(obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = 2, **options: Any) -> None:
    """Write tensors, modules' state dictionaries and plain Python values to a file that ``torch.load`` of PyTorch reads
    too.

    A file named by a path is written under a temporary name, synced and renamed: it appears whole or not at all, and an
    older file of that name survives every failure.

    Args:
        obj: tensors, parameters, numbers, texts, lists, tuples, dictionaries of them. Other objects, such as whole
            modules, are pickled by reference to their class and load only with ``weights_only=False``.
        f: a path, or a file object open for writing bytes.
        pickle_module, pickle_protocol: accepted; the format is PyTorch's zip format.

    Raises:
        RuntimeError: the folder does not exist.
        OSError: the disk is full, or the file cannot be written.

    >>> import io
    >>> import tinygrad_i2dl as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    write_archive(obj, f, _to_stored)


def _tensor(stored: StoredTensor) -> Tensor:
    try:
        result = make(to_device(stored.array, stored.location))
    except DeviceError as error:
        raise RuntimeError(
            f"the file holds a tensor of the device {stored.location}, which is not available: pass map_location='cpu'"
        ) from error
    return result.requires_grad_() if stored.requires_grad else result


def _dtype(name: str) -> dtype:
    for each in ALL:
        if each.name == name:
            return each
    raise UnpicklingError(f"the file names the dtype {name}, which tensors here do not have")


def _with_attributes(tensor: Tensor, attributes: dict[str, Any]) -> Tensor:
    for name, value in attributes.items():
        setattr(tensor, name, value)
    return tensor


_BUILDERS = Builders(
    tensor=_tensor,
    parameter=lambda tensor, requires_grad: Parameter(tensor.detach(), requires_grad),
    dtype=_dtype,
    device=device,
    size=Size,
    attributes=_with_attributes,
)


def _trusted_find(module: str, name: str) -> Any:
    """A class or function by name; PyTorch's own names mean ours."""
    if module.partition(".")[0] == "torch":
        package = sys.modules[__name__.partition(".")[0]]
        for place in (package.nn, package.optim, package.optim.lr_scheduler, package.utils.data, package):
            if hasattr(place, name):
                return getattr(place, name)
        raise UnpicklingError(f"the file needs {module}.{name}, which has no counterpart here")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **options: Any,
) -> Any:
    """Read a checkpoint written by `save` or by PyTorch.

    With ``weights_only=True``, the default, nothing in the file is ever run: it may hold tensors and plain data only,
    and every size that it claims is checked before memory is allocated.

    Args:
        f: a path, or a seekable file object open for reading bytes.
        map_location: where tensors are to live in place of where they lived: a device or its text, a dictionary from
            old to new, or a function of (storage, old location). ``"cpu"`` for files saved on a GPU.
        weights_only: False gives up all protection: objects are made *as the file says*, which runs its code.
        pickle_module, mmap: accepted; nothing depends on them.

    Raises:
        FileNotFoundError: no such file.
        RuntimeError: the file is damaged or is no checkpoint, or holds tensors of a device that is not available.
        pickle.UnpicklingError: the file asks for more than tensors and plain data.
    """
    trusted = _trusted_find if weights_only is False else None
    if isinstance(map_location, device):
        map_location = str(map_location)
    return read_archive(f, _BUILDERS, map_location, trusted)


def add_safe_globals(safe_globals: Sequence[Any]) -> None:
    """Nothing for an empty list: `load` with ``weights_only=True`` makes tensors and plain data, and of no other class.

    Raises:
        RuntimeError: a class or function is named.
    """
    if safe_globals:
        raise RuntimeError(
            f"torch.load reads tensors and plain data and no other classes, got {list(safe_globals)!r}: store plain "
            "data (such as vars(options) in place of options), or read a file that you trust by weights_only=False"
        )


def get_safe_globals() -> list[Any]:
    """The classes that were added: none."""
    return []


def clear_safe_globals() -> None:
    """Nothing: no classes were added."""


@contextmanager
def safe_globals(safe_globals: Sequence[Any]) -> Iterator[None]:
    """`add_safe_globals` for the block inside. Raises `RuntimeError` if a class or function is named."""
    add_safe_globals(safe_globals)
    yield
