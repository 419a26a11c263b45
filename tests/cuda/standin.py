"""A stand-in for CuPy and its GPU: device arrays in main memory, as strict as the real ones and stricter.

`Library` offers the names of the installed `cupy` and no others, with the keyword arguments of CuPy's signatures and no
others; the arithmetic behind them is NumPy's. A `DeviceArray` is no NumPy array and never becomes one by itself: what
mixes the two without saying so raises `TypeError`, as on a GPU. CuPy's semantics are kept where they differ from
NumPy's: reductions and elements are arrays without dimensions, integer indices out of range wrap around and raise
nothing, ufuncs have only the methods that CuPy implements, flags have no `writeable`, and there are no other dtypes
than bools, integers and floating-point numbers.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import operator
import types
from typing import Any

import cupy
import numpy

from tests.cuda.emulation import RawModule

KINDS = "biuf"  # of dtypes that a device has


def refuse(value: Any, where: str) -> Any:
    raise TypeError(f"{where}: Unsupported type {type(value)}")


class Device:
    """A GPU that is none; the current one is where new arrays are."""

    current = 0
    count = 2

    def __init__(self, device: Any = None) -> None:
        self.id = Device.current if device is None else int(getattr(device, "id", device))
        if not 0 <= self.id < Device.count:
            raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        self._before: list[int] = []

    def __enter__(self) -> Device:
        self._before.append(Device.current)
        Device.current = self.id
        return self

    def __exit__(self, *exception: object) -> None:
        Device.current = self._before.pop()

    def use(self) -> None:
        Device.current = self.id

    def synchronize(self) -> None:
        pass

    @property
    def mem_info(self) -> tuple[int, int]:
        return 3 << 30, 4 << 30

    @property
    def compute_capability(self) -> str:
        return "80"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"


def root(array: Any) -> Any:
    while isinstance(array.base, numpy.ndarray):
        array = array.base
    return array


class Runtime:
    @staticmethod
    def getDeviceCount() -> int:
        return Device.count

    @staticmethod
    def getDevice() -> int:
        return Device.current

    @staticmethod
    def getDeviceProperties(device: int) -> dict[str, Any]:
        return {
            "name": b"stand-in", "major": 8, "minor": 0, "totalGlobalMem": 4 << 30, "multiProcessorCount": 1,
            "warpSize": 32,
        }  # fmt: skip


class Event:
    """A mark in a stream: the number of marks made before."""

    made = 0

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        self.done, self.when = False, 0

    def record(self, stream: Any = None) -> None:
        Event.made += 1
        self.done, self.when = True, Event.made

    def synchronize(self) -> None:
        assert self.done


class Graph:
    """A recording."""

    def __init__(self) -> None:
        self.launches: list[Any] = []

    def launch(self, stream: Any = None) -> None:
        self.launches.append(stream)


class Stream:
    """A queue that does everything at once."""

    null: Any
    current: list[Any]

    def __init__(self, null: bool = False, non_blocking: bool = False, ptds: bool = False) -> None:
        self.ptr = 0 if null else id(self)
        self.done = True
        self._capturing = False

    def __enter__(self) -> Any:
        Stream.current.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        Stream.current.pop()

    def use(self) -> Any:
        Stream.current[-1] = self
        return self

    def synchronize(self) -> None:
        if self._capturing:
            raise RuntimeError("cudaErrorStreamCaptureUnsupported")

    def wait_event(self, event: Event) -> None:
        assert event.done

    def begin_capture(self, mode: Any = None) -> None:
        self._capturing = True

    def end_capture(self) -> Graph:
        self._capturing = False
        return Graph()

    def is_capturing(self) -> bool:
        return self._capturing


Stream.null = Stream(null=True)
Stream.current = [Stream.null]


def refuse_capture(direction: str) -> None:
    if Stream.current[-1].is_capturing():
        raise RuntimeError(f"the current stream is capturing, so {direction} transfers are disallowed")


class Pool:
    """A memory pool that holds nothing."""

    def used_bytes(self) -> int:
        return 0

    def total_bytes(self) -> int:
        return 0

    def free_all_blocks(self) -> None:
        pass

    def malloc(self, size: int) -> Any:
        raise NotImplementedError


class PinnedMemoryPointer(bytearray):
    """Page-locked memory, which here is none."""


class Cuda:
    """What the stand-in has of `cupy.cuda`."""

    @staticmethod
    def alloc_pinned_memory(size: int) -> PinnedMemoryPointer:
        return PinnedMemoryPointer(size)

    Device = Device
    runtime = Runtime
    Stream = Stream
    Event = Event
    MemoryPool = Pool

    @staticmethod
    def get_current_stream() -> Stream:
        return Stream.current[-1]

    @staticmethod
    def get_elapsed_time(start: Event, end: Event) -> float:
        return end.when - start.when

    @staticmethod
    def using_allocator(malloc: Any) -> Any:
        return contextlib.nullcontext()

    class MemoryHook:
        """Called for allocations, of which there are none."""

        def __enter__(self) -> Any:
            return self


class Flags:
    """CuPy's flags: of the layout alone."""

    def __init__(self, flags: Any) -> None:
        self.c_contiguous = flags.c_contiguous
        self.f_contiguous = flags.f_contiguous
        self.owndata = flags.owndata
        self.fnc = flags.fnc
        self.forc = flags.forc


class Pointer:
    """Where an array's memory is."""

    def __init__(self, host: Any) -> None:
        self.ptr = host.__array_interface__["data"][0]
        self.device = Device()


class DeviceArray:
    """An array of the stand-in; `_host` is nobody's business but the stand-in's."""

    __slots__ = ("__weakref__", "_host", "_number", "base")
    __array_priority__ = 100

    def __init__(self, shape: Any, dtype: Any = float, memptr: Any = None, strides: Any = None, order: str = "C"):
        assert memptr is None and strides is None
        self._host = numpy.empty(shape, dtype=dtype, order=order)  # type: ignore[call-overload]
        self.base: Any = None
        self._number = Device.current

    # --- what it is

    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    dtype = property(lambda self: self._host.dtype)
    strides = property(lambda self: self._host.strides)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    flags = property(lambda self: Flags(self._host.flags))
    T = property(lambda self: wrap(self._host.T, self))
    mT = property(lambda self: wrap(self._host.mT, self))
    real = property(lambda self: self)
    data = property(lambda self: Pointer(self._host))
    device = property(lambda self: Device(self._number))

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"shape": self.shape, "typestr": self.dtype.str, "data": (self.data.ptr, False), "version": 3}

    # --- no way to NumPy but `get`

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array "
            "explicitly."
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        raise TypeError(f"numpy.{ufunc.__name__} was called on a device array: use the function of its namespace")

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise TypeError(f"numpy.{func.__name__} was called on a device array: use the function of its namespace")

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True) -> Any:
        refuse_capture("D2H")
        if out is not None:
            out[...] = self._host
            return out
        return numpy.array(self._host, order=order)  # type: ignore[call-overload]

    def set(self, arr: Any, stream: Any = None) -> None:
        refuse_capture("H2D")
        if not isinstance(arr, numpy.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype or arr.shape != self.shape:
            raise ValueError("set(): dtype or shape mismatch")
        self._host[...] = arr

    def item(self) -> Any:
        refuse_capture("D2H")
        return self._host.item()

    def tolist(self) -> Any:
        refuse_capture("D2H")
        return self._host.tolist()

    def __bool__(self) -> bool:
        refuse_capture("D2H")
        return bool(self._host)

    def __int__(self) -> int:
        refuse_capture("D2H")
        return int(self._host)

    def __float__(self) -> float:
        refuse_capture("D2H")
        return float(self._host)

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Any:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"DeviceArray({self._host!r})"

    def __copy__(self) -> DeviceArray:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> DeviceArray:
        return self.copy()

    # --- elements

    def __getitem__(self, index: Any) -> DeviceArray:
        return wrap(self._host[self._index(index)], self)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._host[self._index(index)] = plain(value, "__setitem__")

    def _index(self, index: Any) -> Any:
        parts = index if type(index) is tuple else (index,)
        taken, result = 0, []
        whole = sum(
            (part.ndim if isinstance(part, DeviceArray) and part.dtype.kind == "b" else 1)
            for part in parts
            if part is not None and part is not Ellipsis
        )
        for part in parts:
            if part is None or type(part) is int or isinstance(part, (slice, numpy.integer)):
                if isinstance(part, slice):
                    slice(*[None if each is None else operator.index(each) for each in (part.start, part.stop)])
                result.append(part)
                taken += part is not None
            elif part is Ellipsis:
                result.append(part)
                taken += self.ndim - whole
            elif isinstance(part, DeviceArray):
                host = part._host
                if host.dtype.kind in "iu":
                    size = self.shape[taken]
                    if not size and host.size:
                        raise IndexError("index is out of bounds for an axis of size 0")
                    host = host % size if host.size else host  # CuPy wraps around
                    taken += 1
                elif host.dtype.kind == "b":
                    taken += host.ndim
                else:
                    raise IndexError("arrays used as indices must be of integer (or boolean) type")
                result.append(host)
            elif isinstance(part, (bool, numpy.bool_)):
                result.append(part)
            elif isinstance(part, list) and all(type(each) is int for each in part):
                result.append(part)
                taken += 1
            else:
                refuse(part, "index")
        return tuple(result)


def wrap(value: Any, *sources: Any) -> Any:
    """What NumPy computed, as device arrays; a view of a source knows its base as CuPy's views do."""
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        host = numpy.asarray(value)
        if not host.flags.writeable and root(host).flags.writeable:  # no view of CuPy's is read-only
            host.flags.writeable = True
        if host.dtype.kind not in KINDS:
            raise TypeError(f"Unsupported dtype {host.dtype}")
        made = DeviceArray.__new__(DeviceArray)
        made._host, made.base, made._number = host, None, Device.current
        if host.base is not None:
            for source in sources:
                if isinstance(source, DeviceArray) and root(host) is root(source._host):
                    made.base = source if source.base is None else source.base
                    made._number = source._number
                    break
        return made
    if isinstance(value, (tuple, list)) and not isinstance(value, str):
        return (
            type(value)(wrap(each, *sources) for each in value)
            if type(value) in (tuple, list)
            else tuple(wrap(each, *sources) for each in value)
        )
    return value


def plain(value: Any, where: str) -> Any:
    """An argument as NumPy takes it; NumPy arrays are refused, since CuPy refuses them."""
    if isinstance(value, DeviceArray):
        if value._number != Device.current:
            raise ValueError(
                f"{where}: the device where the array resides ({value._number}) is different from the current device "
                f"({Device.current}). Peer access is unavailable"
            )
        return value._host
    if isinstance(value, numpy.ndarray):
        return refuse(value, where)
    if type(value) in (list, tuple):
        return type(value)(plain(each, where) for each in value)
    return value


def allowed(theirs: Any) -> set[str] | None:
    """Names of the arguments that CuPy's function takes, None if they cannot be told or any is taken."""
    try:
        parameters = inspect.signature(theirs).parameters.values()
    except (TypeError, ValueError):
        first = (getattr(theirs, "__doc__", None) or "").partition("\n")[0]
        if "(" not in first:
            return None
        inside = first[first.index("(") + 1 : first.rindex(")")]
        return {part.partition("=")[0].split()[-1].lstrip("*") for part in inside.split(",") if part.strip()}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return {p.name for p in parameters}


# Functions whose first argument is no array.
FROM_NUMBERS = {"arange", "empty", "eye", "full", "linspace", "ones", "zeros", "einsum"}


def function(name: str, theirs: Any, ours: Any) -> Any:
    """NumPy's function `ours` in CuPy's manners."""
    names = allowed(theirs)

    @functools.wraps(ours)
    def call(*args: Any, **kwargs: Any) -> Any:
        for key in kwargs:
            if names is not None and key not in names:
                raise TypeError(f"cupy.{name}() got an unexpected keyword argument {key!r}")
        if args and name not in FROM_NUMBERS and isinstance(args[0], (bool, int, float, numpy.generic)):
            raise TypeError(f"cupy.{name}() of a number: it takes arrays")
        sources = [each for each in args if isinstance(each, DeviceArray)]
        args = tuple(plain(each, name) for each in args)
        out = kwargs.get("out")
        kwargs = {key: plain(each, name) for key, each in kwargs.items()}
        with numpy.errstate(all="ignore"):
            result = ours(*args, **kwargs)
        return out if out is not None else wrap(result, *sources)

    return call


SCATTERS = {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"}
ADDED = "int32 uint32 uint64 float16 float32 float64".split()  # dtypes that CuPy's atomic additions know
COMPARED = "int32 uint32 uint64 float32 float64".split()


class Ufunc:
    """A ufunc with what CuPy has of its methods."""

    def __init__(self, name: str) -> None:
        self.name = self.__name__ = name
        self._ours = getattr(numpy, name)

    def __call__(self, *args: Any, out: Any = None, dtype: Any = None, casting: str = "same_kind") -> Any:
        hosts = [plain(each, self.name) for each in args]
        for each in hosts:
            if not isinstance(each, (numpy.ndarray, numpy.generic, bool, int, float)):
                refuse(each, self.name)
        keywords: dict[str, Any] = {"casting": casting}
        if dtype is not None:
            keywords["dtype"] = dtype
        if out is not None:
            if not isinstance(out, DeviceArray):
                raise TypeError("Output arguments type must be cupy.ndarray")
            keywords["out"] = out._host
        with numpy.errstate(all="ignore"):
            result = self._ours(*hosts, **keywords)
        return out if out is not None else wrap(result)

    def at(self, a: Any, indices: Any, b: Any = None) -> None:
        if self.name not in SCATTERS:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if a.dtype.name not in (ADDED if self.name in ("add", "subtract") else COMPARED):
            raise TypeError(f"cupy.{self.name}.at: unsupported dtype {a.dtype}")
        self._ours.at(a._host, a._index(indices), plain(b, self.name))

    def reduce(self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        if self.name not in ("add", "multiply"):
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        return wrap(self._ours.reduce(plain(array, self.name), axis=axis, dtype=dtype, keepdims=keepdims))

    def accumulate(self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
        if self.name not in ("add", "multiply"):
            raise NotImplementedError(f"`{self.name}.accumulate` is not supported yet")
        return wrap(self._ours.accumulate(plain(array, self.name), axis=axis, dtype=dtype))


def asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, blocking: bool = False) -> Any:
    if isinstance(a, DeviceArray) and (dtype is None or a.dtype == dtype) and not copy:
        return a
    return wrap(numpy.array(sent(a), dtype=dtype, order=order or "K"))


def array(
    obj: Any, dtype: Any = None, copy: bool = True, order: str = "K", subok: bool = False, ndmin: int = 0, *,
    blocking: bool = False,
) -> Any:  # fmt: skip
    if not copy and isinstance(obj, DeviceArray) and (dtype is None or obj.dtype == dtype):
        return obj
    return wrap(numpy.array(sent(obj), dtype=dtype, order=order, ndmin=ndmin))  # type: ignore[call-overload]


def sent(value: Any) -> Any:
    """What becomes a device array, for NumPy; values without dimensions are a kernel's argument, others are copied."""
    if isinstance(value, DeviceArray):
        return value._host
    if numpy.ndim(host := deep(value)):
        refuse_capture("H2D")
    return host


def deep(value: Any) -> Any:
    """Nested sequences, which may hold device arrays, for NumPy."""
    if isinstance(value, DeviceArray):
        return value._host
    return [deep(each) for each in value] if type(value) in (list, tuple) else value


def asnumpy(a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True) -> Any:
    return a.get(order=order) if isinstance(a, DeviceArray) else numpy.asarray(a)


def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    if isinstance(repeats, (DeviceArray, numpy.ndarray)):
        raise ValueError("cupy.ndarray cannot be specified as `repeats` argument.")
    return wrap(numpy.repeat(plain(a, "repeat"), repeats, axis))


def take(a: Any, indices: Any, axis: Any = None, out: Any = None) -> Any:
    host = plain(indices, "take")
    result = numpy.take(plain(a, "take"), host, axis=axis, mode="wrap")
    if out is not None:
        out._host[...] = result
        return out
    return wrap(result)


def wrapped_index(name: str) -> Any:
    ours = getattr(numpy, name)

    def call(a: Any, indices: Any, *rest: Any, axis: Any = None) -> Any:
        *values, axis = (*rest, axis) if name.startswith("put") and axis is not None else (*rest,) if rest else (axis,)
        host = plain(a, name)
        size = host.shape[axis] if axis is not None else host.size
        at = plain(indices, name)
        return wrap(ours(host, at % size if at.size else at, *[plain(each, name) for each in values], axis))

    return call


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    return wrap(numpy.searchsorted(plain(a, "searchsorted"), plain(v, "searchsorted"), side, plain(sorter, "sorter")))


def bincount(x: Any, weights: Any = None, minlength: Any = None) -> Any:
    counts = numpy.bincount(plain(x, "bincount"), plain(weights, "bincount"), 0 if minlength is None else minlength)
    return wrap(counts)


def require_kind(kind: Any) -> None:
    if kind not in (None, "stable"):
        raise ValueError(f"kind can only be None or 'stable', got {kind!r}")


def argsort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    require_kind(kind)
    return wrap(numpy.argsort(plain(a, "argsort"), axis=axis, kind="stable"))


def sort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    require_kind(kind)
    return wrap(numpy.sort(plain(a, "sort"), axis=axis, kind="stable"))


def as_strided(x: Any, shape: Any = None, strides: Any = None) -> Any:
    return wrap(numpy.lib.stride_tricks.as_strided(x._host, shape, strides), x)


OWN: dict[str, Any] = {
    "asarray": asarray, "array": array, "asnumpy": asnumpy, "repeat": repeat, "take": take,
    "take_along_axis": wrapped_index("take_along_axis"), "put_along_axis": wrapped_index("put_along_axis"),
    "searchsorted": searchsorted, "bincount": bincount, "argsort": argsort, "sort": sort,
    "cuda": Cuda, "get_default_memory_pool": Pool, "RawModule": RawModule,
}  # fmt: skip


class Library:
    """The stand-in for the module `cupy`."""

    ndarray = DeviceArray

    def __init__(self, theirs: Any = cupy, ours: Any = numpy, own: dict[str, Any] = OWN) -> None:
        self._theirs, self._ours = theirs, ours
        self.__name__ = theirs.__name__
        vars(self).update(own)

    def __getattr__(self, name: str) -> Any:
        theirs = getattr(self._theirs, name)  # AttributeError for what CuPy lacks
        ours = getattr(self._ours, name, None)
        found: Any
        if isinstance(theirs, types.ModuleType):
            own = {"as_strided": as_strided} if name == "stride_tricks" else {}
            found = Library(theirs, ours, own)
        elif isinstance(theirs, cupy.ufunc):
            found = Ufunc(name)
        elif ours is None:
            raise AttributeError(f"the stand-in has no {self.__name__}.{name} yet")
        elif isinstance(theirs, type) or not callable(theirs) or name in ("dtype", "result_type", "broadcast_shapes"):
            found = ours
        else:
            found = function(name, theirs, ours)
        setattr(self, name, found)
        return found


# ---------------------------------------------------------------- methods and operators


def method(name: str) -> Any:
    theirs = getattr(cupy.ndarray, name)
    names = allowed(theirs)

    def call(self: DeviceArray, *args: Any, **kwargs: Any) -> Any:
        for key in kwargs:
            if names is not None and key not in names:
                raise TypeError(f"ndarray.{name}() got an unexpected keyword argument {key!r}")
        args = tuple(plain(each, name) for each in args)
        out = kwargs.get("out")
        kwargs = {key: plain(each, name) for key, each in kwargs.items()}
        if name in ("sort", "argsort"):
            require_kind(kwargs.pop("kind", None))
            kwargs["kind"] = "stable"
        if name == "take":
            kwargs["mode"] = "wrap"
        if name == "prod" and kwargs.get("keepdims", False) is None:
            kwargs["keepdims"] = False
        if name == "repeat" and isinstance(args[0], numpy.ndarray):
            raise ValueError("cupy.ndarray cannot be specified as `repeats` argument.")
        host = plain(self, name)
        with numpy.errstate(all="ignore"):
            result = getattr(host, name)(*args, **kwargs)
        if out is not None:
            return out
        if name in ("copy", "flatten", "astype") and result is not host:
            return wrap(result)
        return self if result is host else wrap(result, self)

    return call


for _name in (
    "all any argmax argmin argpartition argsort astype choose clip compress copy cumprod cumsum diagonal dot fill "
    "flatten max mean min nonzero partition prod put ravel repeat reshape round searchsorted sort squeeze std sum "
    "swapaxes take trace transpose var view"
).split():
    setattr(DeviceArray, _name, method(_name))


def operators() -> None:
    def both(name: str, compute: Any) -> None:
        def forward(self: DeviceArray, other: Any) -> Any:
            if hasattr(other, "_array"):  # a Tensor: its turn
                return NotImplemented
            return binary(self, other)

        def reflected(self: DeviceArray, other: Any) -> Any:
            return binary(other, self)

        def binary(a: Any, b: Any) -> Any:
            hosts = [plain(each, name) for each in (a, b)]
            for each in hosts:
                if not isinstance(each, (numpy.ndarray, numpy.generic, bool, int, float)):
                    refuse(each, name)
            with numpy.errstate(all="ignore"):
                return wrap(compute(*hosts))

        def in_place(self: DeviceArray, other: Any) -> Any:
            host = plain(self, name)
            with numpy.errstate(all="ignore"):
                numpy.copyto(host, compute(host, plain(other, name)), casting="same_kind")
            return self

        setattr(DeviceArray, f"__{name}__", forward)
        if name not in ("eq", "ne", "lt", "le", "gt", "ge"):
            setattr(DeviceArray, f"__r{name}__", reflected)
            if name != "matmul":
                setattr(DeviceArray, f"__i{name}__", in_place)

    for name in "add sub mul truediv floordiv mod pow and or xor lshift rshift matmul eq ne lt le gt ge".split():
        both(name, getattr(operator, name + "_" if name in ("and", "or") else name))
    for name in ("neg", "pos", "invert", "abs"):
        compute = getattr(operator, name)
        setattr(DeviceArray, f"__{name}__", lambda self, compute=compute: wrap(compute(plain(self, "operator"))))


operators()
