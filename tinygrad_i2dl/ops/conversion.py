"""Conversions: other dtypes, other devices, the bits read anew; and the facts about dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from ..devices import device as Device
from ..dtypes import (
    bfloat16,
    bool_,
    can_cast,
    dtype,
    float16,
    float32,
    float64,
    from_numpy_dtype,
    int8,
    int16,
    int32,
    int64,
    result_numpy_dtype,
    to_numpy_dtype,
    uint8,
)
from ..engine.mode import state
from ..tensors import Operations, Tensor, current_node, make
from . import _define, movement
from ._define import node_of, primitive, view
from .creation import CPU_TYPES, TensorType, to_device
from .layout import contiguous, preserve_format

__all__ = ["can_cast", "finfo", "iinfo", "result_type"]

# ---------------------------------------------------------------- dtype and device


def converted(tensor: Tensor, wanted: Any) -> Tensor:
    """`tensor` in another (NumPy) dtype. The way from floating point to integers is not recorded: it has no
    derivative."""
    if wanted.kind in "iub" and node_of(tensor) is not None:
        tensor = make(tensor._array)
    result: Tensor = movement.cast(tensor, wanted)
    return result


@primitive("input")
def transfer(xp: Any, input: Any, target: Any, source: Any) -> Any:
    """Copy on the device `target` of an array on the device `source`."""
    return to_device(input, target)


transfer.op.title = "ToCopyBackward0"
transfer.gradient(lambda g, target, source: transfer(g, source, target))


def moved(tensor: Tensor, wanted: Any) -> Tensor:
    """`tensor` on a device: itself if it is there already.

    Raises:
        RuntimeError: there is no such device here.
    """
    array = to_device(tensor._array, wanted)
    if array is tensor._array:
        return tensor
    if state.recording and current_node(tensor) is not None:
        result: Tensor = transfer(tensor, wanted, tensor.device)
        return result
    return make(array)


def on_one_device(values: Sequence[Any]) -> list[Any] | None:
    """`values` with the tensors without dimensions that are on the CPU moved to where the others are; None unless that
    brings all together."""
    elsewhere = [value.device for value in values if isinstance(value, Tensor) and value.is_cuda]
    here = [value for value in values if isinstance(value, Tensor) and not value.is_cuda]
    if not here or len(set(elsewhere)) != 1 or any(value.ndim for value in here):
        return None
    return [
        moved(value, elsewhere[0]) if isinstance(value, Tensor) and not value.is_cuda else value for value in values
    ]


_define.on_one_device = on_one_device
_NUMPY_DTYPES = (bool, int, float)


def _is_device(value: Any) -> bool:
    return isinstance(value, (str, Device)) or (isinstance(value, int) and not isinstance(value, bool))


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor with another dtype, on another device, or both; itself if nothing changes and `copy` is not asked for.

    Forms: ``to(dtype)``, ``to(device, dtype=None)``, ``to(other)`` (as another tensor), each with
    ``non_blocking=False, copy=False,
    memory_format=...``.

    >>> import tinygrad_i2dl as torch
    >>> torch.tensor([1.7, 2.0]).to(torch.int64)
    tensor([1, 2])

    Raises:
        RuntimeError: there is no such device here.
        TypeError: the arguments are none of these forms.
    """
    wanted: Any = kwargs.pop("dtype", None)
    target: Any = kwargs.pop("device", None)
    other: Any = kwargs.pop("other", None)
    rest = list(args)
    if rest and isinstance(rest[0], Tensor):
        other = rest.pop(0)
    elif rest and (isinstance(rest[0], dtype) or rest[0] in _NUMPY_DTYPES):
        wanted = rest.pop(0)
    elif rest and (rest[0] is None or _is_device(rest[0])):
        target = rest.pop(0)
        if rest and (rest[0] is None or isinstance(rest[0], dtype) or rest[0] in (int, float)):
            wanted = rest.pop(0)
    elif rest and not isinstance(rest[0], bool):
        raise TypeError(f"to() takes a dtype, a device or a tensor, got {rest[0]!r:.60}")
    if other is not None:
        wanted, target = other.dtype, other.device
    copy = kwargs.pop("copy", rest[1] if len(rest) > 1 else False)
    format = kwargs.pop("memory_format", rest[2] if len(rest) > 2 else preserve_format)
    kwargs.pop("non_blocking", None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument {next(iter(kwargs))!r}")
    result = self if target is None else moved(self, target)
    if wanted is not None:
        numpy_dtype = to_numpy_dtype(wanted)
        if result._array.dtype != numpy_dtype:
            result = converted(result, numpy_dtype)
    if copy and result is self:
        result = movement.clone(self)
    if format is not preserve_format:
        result = contiguous(result, format)
    return result


def _caster(wanted: dtype) -> Any:
    def cast(self: Tensor, memory_format: Any = preserve_format) -> Tensor:
        array = self._array
        return self if array.dtype == wanted.numpy else converted(self, wanted.numpy)

    cast.__doc__ = f"The values as {wanted}; the tensor itself if they are already."
    return cast


for _name, _dtype in {
    "float": float32, "double": float64, "half": float16, "bfloat16": bfloat16, "long": int64, "int": int32,
    "short": int16, "char": int8, "byte": uint8, "bool": bool_,
}.items():  # fmt: skip
    _function = _caster(_dtype)
    _function.__name__ = _function.__qualname__ = _name
    setattr(Operations, _name, _function)


def type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The tensor in another dtype, given as such, as an old tensor type or as its name; without it the name of the
    tensor's type.

    >>> import tinygrad_i2dl as torch
    >>> torch.ones(1).type(), torch.ones(1).type(torch.LongTensor)
    ('torch.FloatTensor', tensor([1]))
    """
    if dtype is None:
        name = next(name for name, each in CPU_TYPES.items() if each.dtype is self.dtype)
        return f"torch.cuda.{name}" if self.is_cuda else f"torch.{name}"
    if isinstance(dtype, str):
        parts = dtype.split(".")
        if parts[0] != "torch" or parts[-1] not in CPU_TYPES or parts[1:-1] not in ([], ["cuda"]):
            raise ValueError(f"type() knows no tensor type {dtype!r}: it needs one such as 'torch.FloatTensor'")
        dtype = TensorType(parts[-1], CPU_TYPES[parts[-1]].dtype, "cuda" if "cuda" in parts else "cpu")
    if isinstance(dtype, TensorType):
        return to(self, dtype.device, dtype.dtype)
    return to(self, dtype=dtype)


def _type_as(self: Tensor, other: Tensor) -> Tensor:
    """The values in the dtype and on the device of `other`."""
    return to(self, other)


def _cpu(self: Tensor, memory_format: Any = preserve_format) -> Tensor:
    """The tensor in main memory: itself if it is there already."""
    return moved(self, "cpu")


def _cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = preserve_format) -> Tensor:
    """The tensor on a GPU, the current one unless `device` names another. Raises `RuntimeError` where there is none."""
    return moved(self, "cuda" if device is None else device)


Operations.to = to
Operations.type = type
Operations.type_as = _type_as
Operations.cpu = _cpu
Operations.cuda = _cuda


# ---------------------------------------------------------------- bits read anew


@view()
def reinterpret(xp: Any, input: Any, dtype: Any) -> Any:
    """View of the same bits as another dtype; the last dimension grows or shrinks with the element's size."""
    if input.dtype.itemsize != dtype.itemsize:
        if input.ndim == 0:
            raise RuntimeError(
                f"view(dtype): a tensor without dimensions cannot be read as {dtype}, whose elements have another size"
            )
        if input.strides[-1] != input.itemsize:
            raise RuntimeError(
                "view(dtype): the last dimension must be contiguous to be read as elements of another size"
            )
    try:
        return input.view(dtype)
    except ValueError as error:
        raise RuntimeError(
            f"view(dtype): shape {list(input.shape)} of {input.dtype} cannot be read as {dtype}: {error}"
        ) from error


def reinterpreted(tensor: Tensor, wanted: Any) -> Tensor:
    """The same memory with its bits read as another dtype; not recorded."""
    result: Tensor = reinterpret(tensor, to_numpy_dtype(wanted))
    return result


movement.reinterpreted = reinterpreted


# ---------------------------------------------------------------- facts about dtypes


class finfo:
    """Limits of a floating-point dtype.

    >>> import tinygrad_i2dl as torch
    >>> torch.finfo(torch.float32).max, torch.finfo().eps
    (3.4028234663852886e+38, 1.1920928955078125e-07)
    """

    def __init__(self, type: dtype = float32) -> None:
        if not isinstance(type, dtype) or not type.is_floating_point:
            raise TypeError(f"finfo() needs a floating-point dtype, got {type!r}: use iinfo for integers")
        if type is bfloat16:
            self.bits, self.eps, self.max, self.tiny, self.resolution = (
                16,
                2.0**-7,
                2.0**127 * (2 - 2.0**-7),
                2.0**-126,
                0.01,
            )
        else:
            limits = numpy.finfo(type.numpy)
            self.bits, self.eps, self.max = int(limits.bits), float(limits.eps), float(limits.max)
            self.tiny, self.resolution = float(limits.tiny), float(f"1e-{limits.precision}")
        self.min = -self.max
        self.smallest_normal = self.tiny
        self.dtype = type.name

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype.

    >>> import tinygrad_i2dl as torch
    >>> torch.iinfo(torch.int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    def __init__(self, type: dtype) -> None:
        if not isinstance(type, dtype) or type.is_floating_point or type is bool_:
            raise TypeError(f"iinfo() needs an integer dtype, got {type!r}: use finfo for floating-point numbers")
        limits = numpy.iinfo(type.numpy)
        self.bits, self.min, self.max, self.dtype = int(limits.bits), int(limits.min), int(limits.max), type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype that an arithmetic operation on the two (tensors or numbers) computes in.

    >>> import tinygrad_i2dl as torch
    >>> torch.result_type(torch.tensor([1, 2]), 1.5)
    torch.float32
    """
    operands = []
    for each in (tensor1, tensor2):
        if isinstance(each, Tensor):
            operands.append((each._array.dtype, 2 if each._array.ndim else 1))
        elif isinstance(each, (bool, int, float)):
            operands.append((bool if isinstance(each, bool) else int if isinstance(each, int) else float, 0))
        else:
            raise TypeError(f"result_type() needs tensors or numbers, got {each!r:.60}")
    return from_numpy_dtype(result_numpy_dtype(*operands))
