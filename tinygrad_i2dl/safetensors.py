"""Files of named tensors in the safetensors format (the functions of ``safetensors.torch``)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

import numpy

from .archive import replaced_file
from .dtypes import ALL
from .ops.creation import to_device
from .tensors import Tensor, make

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model"]

# The format's names of the element types.
NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16",
    "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


def _library(module: str = "safetensors") -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        raise ImportError("safetensors files need the package safetensors: pip install safetensors") from missing


def save(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a safetensors file of `tensors`.

    Raises:
        TypeError: a value is no Tensor.
    """
    arrays: dict[str, Any] = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"expected a Tensor under the key {name!r}, got {type(tensor).__name__}")
        array = tensor._array.get() if tensor.is_cuda else tensor._array
        # The format knows no strides: what is not contiguous would be written in the wrong order.
        arrays[name] = numpy.ascontiguousarray(array).reshape(array.shape)
    data: bytes = _library("safetensors.numpy").save(arrays, metadata=metadata)
    return data


def save_file(
    tensors: Mapping[str, Tensor], filename: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Write `tensors` to a file, which appears whole or not at all."""
    data = save(tensors, metadata)
    with replaced_file(filename) as file:
        file.write(data)


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file's bytes.

    Raises:
        safetensors.SafetensorError: the file is damaged or no safetensors file.
    """
    by_name = {NAMES[each.name]: each for each in ALL}
    result: dict[str, Tensor] = {}
    for name, entry in _library().deserialize(data):
        if entry["dtype"] not in by_name:
            raise TypeError(
                f"the tensor {name!r} has elements of type {entry['dtype']}, which tensors here do not have"
            )
        array = numpy.frombuffer(bytearray(entry["data"]), by_name[entry["dtype"]].numpy)
        result[name] = make(array.reshape(entry["shape"]))
    return result


def load_file(filename: str | os.PathLike[str], device: Any = "cpu") -> dict[str, Tensor]:
    """Read the tensors of a file.

    >>> import pathlib, tempfile
    >>> import tinygrad_i2dl as torch
    >>> from tinygrad_i2dl.safetensors import load_file, save_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_file({"weight": torch.ones(2)}, f"{folder}/model.safetensors")
    ...     load_file(f"{folder}/model.safetensors")
    {'weight': tensor([1., 1.])}
    """
    with open(filename, "rb") as file:
        tensors = load(file.read())
    return {name: make(to_device(tensor._array, device)) for name, tensor in tensors.items()}


def save_model(model: Any, filename: str | os.PathLike[str], metadata: dict[str, str] | None = None) -> None:
    """Write a module's state dictionary."""
    save_file(model.state_dict(), filename, metadata)


def load_model(
    model: Any, filename: str | os.PathLike[str], strict: bool = True, device: Any = "cpu"
) -> tuple[list[str], list[str]]:
    """Read a module's state dictionary; returns the missing and the unexpected keys."""
    keys = model.load_state_dict(load_file(filename, device), strict=strict)
    return list(keys.missing_keys), list(keys.unexpected_keys)
