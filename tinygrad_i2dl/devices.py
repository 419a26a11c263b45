"""Where a tensor's memory is: ``cpu`` or ``cuda``."""

from __future__ import annotations

from typing import Any

__all__ = ["CPU", "device"]

_TYPES = ("cpu", "cuda", "mps", "meta", "xpu")


class device:
    """Device of a tensor: a type and, for ``cuda``, an index.

    >>> import tinygrad_i2dl as torch
    >>> torch.device("cpu"), torch.device("cuda:1").index
    (device(type='cpu'), 1)

    Raises:
        RuntimeError: the text names no known device type or a wrong index.
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: str | device | int, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int) and not isinstance(type, bool):
            self.type, self.index = "cuda", type
            return
        if not isinstance(type, str):
            raise TypeError(f"device() needs a text such as 'cpu' or 'cuda:0', got {type!r}")
        name, colon, number = type.partition(":")
        if name not in _TYPES or (colon and not number.isdigit()):
            raise RuntimeError(f"expected a device such as 'cpu', 'cuda' or 'cuda:0', got {type!r}")
        if colon and index is not None:
            raise RuntimeError(f"the device {type!r} already has an index; index={index} was given as well")
        self.type = name
        self.index = int(number) if colon else index

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


CPU = device("cpu")


def is_cpu(wanted: Any) -> bool:
    """Whether `wanted` (a device, its text or None) means main memory."""
    return wanted is None or wanted == "cpu" or device(wanted).type == "cpu"
