"""Whether there is a GPU, and which."""

from __future__ import annotations

from typing import Any, NoReturn

from ..backends import cupy as gpu
from ..errors import DeviceError

__all__ = [
    "current_device", "device_count", "get_device_capability", "get_device_name", "get_device_properties", "init",
    "is_available",
    "is_bf16_supported", "is_initialized", "refuse_without_gpu", "set_device", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether tensors can live on a GPU here.

    >>> import tinygrad_i2dl as torch
    >>> device = "cuda" if torch.cuda.is_available() else "cpu"
    """
    return gpu.connect() is not None


def device_count() -> int:
    """How many GPUs there are."""
    return 1 if is_available() else 0


def is_initialized() -> bool:
    """Whether the GPU has been used."""
    return is_available()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the GPU computes in bfloat16."""
    return is_available()


def refuse_without_gpu(what: str) -> NoReturn:
    """Raise the error of what cannot be done without a GPU."""
    raise DeviceError(f"cuda.{what}() needs a GPU, and there is none here: ask torch.cuda.is_available() first")


def init() -> None:
    """Start the GPU. Raises `RuntimeError` if there is none."""
    if not is_available():
        refuse_without_gpu("init")


def current_device() -> int:
    """Number of the GPU in use. Raises `RuntimeError` if there is none."""
    return 0 if is_available() else refuse_without_gpu("current_device")


def set_device(device: Any) -> None:
    """Use another GPU. Raises `RuntimeError` if there is none."""
    if not is_available():
        refuse_without_gpu("set_device")


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has finished. Raises `RuntimeError` if there is none."""
    if not is_available():
        refuse_without_gpu("synchronize")


def get_device_name(device: Any = None) -> str:
    """Name of a GPU. Raises `RuntimeError` if there is none."""
    return refuse_without_gpu("get_device_name")


def get_device_properties(device: Any = None) -> Any:
    """Properties of a GPU. Raises `RuntimeError` if there is none."""
    return refuse_without_gpu("get_device_properties")


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Compute capability of a GPU. Raises `RuntimeError` if there is none."""
    return refuse_without_gpu("get_device_capability")
