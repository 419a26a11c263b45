"""Whether a GPU can be used, and how arrays get there and back.

Nothing here imports CuPy before somebody asks for the GPU: CuPy installs and imports without a driver, so what counts
is `cupy.is_available()`, asked once.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from typing import Any

import numpy

from ...errors import DeviceError, DtypeError
from .. import cudnn_library, registry
from . import cudnn_convolution
from .kernel_table import KERNELS
from .launch import Launcher, use_launcher
from .namespace import Namespace

Array = Any

INSTALL = 'pip install "tinygrad_i2dl[cuda12]" (cuda13 for a CUDA 13 driver)'

PROVIDERS = (
    registry.Backend("cudnn", cudnn_convolution, cudnn_library.reason, ()),
    registry.Backend("cupy (.cu)", KERNELS, lambda: None, ()),
)

_namespace: Namespace | None = None
_reason: str | None = None
_asked = False


def use(library: Any, raising: Callable[[], Any] = contextlib.nullcontext, kernels: bool = True) -> Callable[[], None]:
    """Let `library`, a module with CuPy's functions, hold the tensors of the device ``cuda``; call what comes back to
    undo it.

    `raising` makes a context manager in which its linear algebra raises `LinAlgError` where it cannot go on. Without
    `kernels` every operation is computed by the library's own functions.
    """
    global _namespace, _reason, _asked
    before = _namespace, _reason, _asked
    _namespace, _reason, _asked = Namespace(library, raising), None, True
    _namespace.providers = PROVIDERS if kernels else ()
    launched_before = use_launcher(Launcher(library))
    registry._NAMESPACES[library.ndarray] = _namespace
    registry.clear_tables()

    def undo() -> None:
        global _namespace, _reason, _asked
        registry._NAMESPACES.pop(library.ndarray, None)
        _namespace, _reason, _asked = before
        use_launcher(launched_before)
        if _namespace is not None:
            registry._NAMESPACES[_namespace.ndarray] = _namespace
        registry.clear_tables()

    return undo


def connect() -> Namespace | None:
    """The namespace of device arrays; None, with `reason`, if no GPU can be used. Imports CuPy at the first call."""
    global _asked, _reason
    if not _asked:
        _asked = True
        try:
            library = importlib.import_module("cupy")
        except ImportError as error:
            _reason = f"CuPy is not installed ({error}): {INSTALL}"
            return None
        try:
            usable = bool(library.is_available())
        except Exception as error:  # a driver that answers nonsense is no GPU
            _reason = f"CuPy {library.__version__} is installed, but its driver fails: {error}"
            return None
        if not usable:
            _reason = (
                f"CuPy {library.__version__} is installed, but finds no GPU that it can use: `nvidia-smi` shows "
                "whether there is a driver, and whether it is new enough for this CuPy"
            )
            return None
        errstate = importlib.import_module("cupyx").errstate
        use(library, lambda: errstate(linalg="raise"))
    return _namespace


def connected() -> Namespace | None:
    """The namespace of device arrays if the GPU has been used already; asks and imports nothing."""
    return _namespace


def reason() -> str | None:
    """Why no GPU can be used here, None if one can."""
    connect()
    return _reason


def required(what: str = "device 'cuda'") -> Namespace:
    """The namespace of device arrays. Raises `RuntimeError`, with the reason, where no GPU can be used."""
    xp = connect()
    if xp is None:
        raise DeviceError(
            f"{what} is not available: {_reason}. Choose a device by: "
            "device = 'cuda' if torch.cuda.is_available() else 'cpu'"
        )
    return xp


def on_gpu(index: int | None) -> Any:
    """Context manager in which new arrays are made on the GPU of this number; None means the current one."""
    return contextlib.nullcontext() if index is None else required().cuda.Device(index)


def to_gpu(array: Array, wanted: Any, non_blocking: bool = False) -> Array:
    """`array` in the memory of the GPU `wanted`: itself if it is there already.

    Raises:
        RuntimeError: no GPU can be used here, or none has this number.
        TypeError: the dtype is bfloat16, in which no kernel computes on the GPU.
    """
    xp = required(f"device {str(wanted)!r}")
    index = wanted.index
    if index is not None and index >= device_count():
        raise DeviceError(f"device {str(wanted)!r} is not available: there are {device_count()} GPUs, numbered from 0")
    if type(array) is not numpy.ndarray:
        if index is None or array.device.id == index:
            return array
        with on_gpu(array.device.id):
            values = array.copy()
        with on_gpu(index):
            return xp.from_other_device(values)
    if array.dtype.kind == "V":
        raise DtypeError(
            "a tensor of bfloat16 cannot be on the GPU: no kernel computes in it there; use float16, or convert it by "
            ".float()"
        )
    with on_gpu(index):
        return xp.asarray(array, blocking=not non_blocking and is_pinned(array))


def device_count() -> int:
    """How many GPUs there are; 0 without CuPy."""
    xp = connect()
    return 0 if xp is None else int(xp.cuda.runtime.getDeviceCount())


def pinned(array: Array) -> Array:
    """A copy of a NumPy array in page-locked memory, from which transfers run beside the computation.

    Raises:
        RuntimeError: no GPU can be used here.
    """
    xp = required("page-locked memory")
    memory = xp.cuda.alloc_pinned_memory(max(array.nbytes, 1))
    made = numpy.frombuffer(memory, array.dtype, array.size).reshape(array.shape)
    made[...] = array
    return made


def is_pinned(array: Array) -> bool:
    """Whether a NumPy array is in page-locked memory."""
    while isinstance(array, numpy.ndarray):
        array = array.base
    if isinstance(array, memoryview):
        array = array.obj
    return type(array).__name__ == "PinnedMemoryPointer"
