"""The memory that a tensor lies in, and changes of it element by element."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy

from ..dtypes import dtype, from_numpy_dtype
from ..tensors import Operations, Tensor, make

__all__: list[str] = []  # methods only


class Storage:
    """A piece of memory that tensors are views of, to be looked at: its address, size and values."""

    __slots__ = ("_base", "_dtype")

    def __init__(self, array: Any, wanted: Any) -> None:
        self._base = array
        while type(getattr(self._base, "base", None)) is type(array):
            self._base = self._base.base
        self._dtype = wanted

    def data_ptr(self) -> int:
        """Address of the first byte; 0 if there is none."""
        base = self._base
        if base.size == 0:
            return 0
        return int(base.__array_interface__["data"][0] if type(base) is numpy.ndarray else base.data.ptr)

    def nbytes(self) -> int:
        """Size in bytes."""
        return int(self._base.nbytes)

    def element_size(self) -> int:
        """Bytes of an element."""
        return int(self._dtype.itemsize)

    def size(self) -> int:
        """How many elements there are; of an untyped storage: bytes."""
        return self.nbytes() // self.element_size()

    def tolist(self) -> list[Any]:
        """The elements in the order in which they lie in memory."""
        values: list[Any] = self._base.ravel(order="K").view("uint8").view(self._dtype).tolist()
        return values

    @property
    def dtype(self) -> dtype:
        return from_numpy_dtype(self._dtype)

    def __len__(self) -> int:
        return self.size()

    def __getitem__(self, index: int) -> Any:
        return self.tolist()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __repr__(self) -> str:
        return f"<Storage of {self.size()} elements of {self.dtype} at {self.data_ptr():#x}>"


def _storage(self: Tensor) -> Storage:
    """The memory that the tensor lies in, as elements of its dtype; views share it. It is to be looked at only.

    >>> import tinygrad_i2dl as torch
    >>> torch.arange(4)[1:3].storage().tolist()
    [0, 1, 2, 3]
    """
    return Storage(self._array, self._array.dtype)


def _untyped_storage(self: Tensor) -> Storage:
    """The memory that the tensor lies in, as bytes; views share it. It is to be looked at only."""
    return Storage(self._array, numpy.dtype("uint8"))


def _replace(self: Tensor, values: list[Any]) -> Tensor:
    array = numpy.array(values, dtype=self._array.dtype).reshape(self._array.shape)
    return self.copy_(make(array))


def _refuse(self: Tensor, name: str) -> None:
    if self.requires_grad:
        raise RuntimeError(f"{name}() runs Python for each element and has no derivative: call it on a detached tensor")
    if self.is_cuda:
        raise TypeError(f"{name}() runs Python for each element, on tensors in main memory only: move it by .cpu()")


def _apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by `callable` of it: a Python loop, hence slow.

    >>> import tinygrad_i2dl as torch
    >>> torch.tensor([1.0, 2.0]).apply_(lambda x: x * 10)
    tensor([10., 20.])

    Raises:
        RuntimeError: the tensor requires a gradient.
        TypeError: the tensor is not in main memory.
    """
    _refuse(self, "apply_")
    return _replace(self, [callable(each) for each in self._array.ravel().tolist()])


def _map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element by `callable` of it and the element of `tensor` there: a Python loop, hence slow. Raises as
    `apply_` does."""
    _refuse(self, "map_")
    _refuse(tensor, "map_")
    others = tensor.expand(self.shape)._array.ravel().tolist()
    pairs = zip(self._array.ravel().tolist(), others, strict=True)
    return _replace(self, [callable(*pair) for pair in pairs])


def _set_(self: Tensor, source: Tensor) -> Tensor:
    """Make the tensor lie in the memory of `source`, with its shape; changes of the one are seen in the other.

    Raises:
        TypeError: `source` is no tensor: storages are to be looked at only.
        RuntimeError: dtypes differ, or the tensor requires a gradient or is a view.
    """
    if not isinstance(source, Tensor):
        raise TypeError(f"set_() needs a tensor, got {type(source).__name__}")
    if source._array.dtype != self._array.dtype:
        raise RuntimeError(f"set_() needs a tensor of {self.dtype}, got {source.dtype}")
    if self.requires_grad or self._view is not None:
        raise RuntimeError("set_() is not defined for tensors that require a gradient and for views: call .detach()")
    self.data = source
    return self


_METHODS: dict[str, Callable[..., Any]] = {
    "storage": _storage,
    "untyped_storage": _untyped_storage,
    "apply_": _apply_,
    "map_": _map_,
    "set_": _set_,
}
for _name, _function in _METHODS.items():
    setattr(Operations, _name, _function)
