"""Whether there is a GPU, and which."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn

from ..backends import cupy as gpu
from ..devices import device as Device
from ..errors import DeviceError

__all__ = [
    "current_device", "device_count", "get_device_capability", "get_device_name", "get_device_properties", "index_of",
    "init", "is_available", "is_bf16_supported", "is_initialized", "refuse_without_gpu", "set_device", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether tensors can live on a GPU here. The first call imports CuPy, if it is installed.

    >>> import tinygrad_i2dl as torch
    >>> device = "cuda" if torch.cuda.is_available() else "cpu"
    """
    return gpu.connect() is not None


def device_count() -> int:
    """How many GPUs there are."""
    return gpu.device_count()


def is_initialized() -> bool:
    """Whether the GPU has been used."""
    return gpu.connected() is not None


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False: no kernel here computes in bfloat16 on a GPU; float16 is there."""
    return False


def refuse_without_gpu(what: str) -> NoReturn:
    """Raise the error of what cannot be done without a GPU."""
    raise DeviceError(
        f"cuda.{what}() needs a GPU, and there is none here ({gpu.reason()}): ask torch.cuda.is_available() first"
    )


def needed(what: str) -> Any:
    """CuPy's namespace. Raises `RuntimeError` if there is no GPU."""
    xp = gpu.connect()
    return refuse_without_gpu(what) if xp is None else xp


def index_of(device: Any, what: str) -> int:
    """The number of the GPU that `device` (a device, its text, a number or None for the current one) names.

    Raises:
        RuntimeError: there is no GPU, or none of this number.
        ValueError: `device` is another kind of device.
    """
    xp = needed(what)
    if device is None:
        return int(xp.cuda.runtime.getDevice())
    wanted = device if isinstance(device, Device) else Device(device)
    if wanted.type != "cuda":
        raise ValueError(f"cuda.{what}() expected a cuda device, got {wanted!s}")
    index = int(xp.cuda.runtime.getDevice()) if wanted.index is None else wanted.index
    if not 0 <= index < gpu.device_count():
        raise DeviceError(f"cuda.{what}(): there is no GPU {index}, but {gpu.device_count()}, numbered from 0")
    return index


def init() -> None:
    """Start the GPU. Raises `RuntimeError` if there is none."""
    needed("init")


def current_device() -> int:
    """Number of the GPU in use. Raises `RuntimeError` if there is none."""
    return index_of(None, "current_device")


def set_device(device: Any) -> None:
    """Use another GPU for what is made on ``cuda`` without a number. Raises `RuntimeError` if there is none."""
    index = index_of(device, "set_device")
    needed("set_device").cuda.Device(index).use()


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has finished. Raises `RuntimeError` if there is none."""
    index = index_of(device, "synchronize")
    needed("synchronize").cuda.Device(index).synchronize()


def get_device_name(device: Any = None) -> str:
    """Name of a GPU. Raises `RuntimeError` if there is none."""
    return str(get_device_properties(device).name)


def get_device_properties(device: Any = None) -> Any:
    """Properties of a GPU: ``name``, ``major``, ``minor``, ``total_memory`` (bytes), ``multi_processor_count`` and
    more. Raises `RuntimeError` if there is none."""
    index = index_of(device, "get_device_properties")
    found = dict(needed("get_device_properties").cuda.runtime.getDeviceProperties(index))
    name = found.get("name", b"")
    return SimpleNamespace(
        name=name.decode() if isinstance(name, bytes) else str(name),
        major=int(found["major"]),
        minor=int(found["minor"]),
        total_memory=int(found["totalGlobalMem"]),
        multi_processor_count=int(found["multiProcessorCount"]),
        warp_size=int(found.get("warpSize", 32)),
        max_threads_per_multi_processor=int(found.get("maxThreadsPerMultiProcessor", 0)),
        shared_memory_per_block=int(found.get("sharedMemPerBlock", 0)),
        L2_cache_size=int(found.get("l2CacheSize", 0)),
    )


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Compute capability of a GPU. Raises `RuntimeError` if there is none."""
    found = get_device_properties(device)
    return found.major, found.minor
