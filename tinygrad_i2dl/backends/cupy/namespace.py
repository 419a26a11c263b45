"""CuPy's functions as reference kernels call them, completed by what CuPy lacks of NumPy's.

A reference kernel is written once, against the array namespace ``xp``. For device arrays that is a `Namespace`: the
functions of CuPy, but for those below that CuPy has not, or only for some dtypes and arguments.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy

from ..registry import Backend

Array = Any

__all__ = ["Namespace"]


class Namespace:
    """The array namespace of device arrays; `library` is CuPy, or what stands in for it.

    >>> Namespace(numpy).repeat(numpy.array([1, 2]), numpy.array([2, 1]))
    array([1, 1, 2])
    """

    def __init__(self, library: Any, raising: Callable[[], Any] | None = None) -> None:
        self._library = library
        self.__name__ = "cupy"
        self.providers: tuple[Backend, ...] = ()  # asked for a kernel in this order, before CuPy's functions
        self.linalg = LinearAlgebra(library, raising)
        self.lib = Views(library)
        self.add = Ufunc(library, "add")
        self.multiply = Ufunc(library, "multiply")
        self.maximum = Ufunc(library, "maximum")
        self.minimum = Ufunc(library, "minimum")
        self.logaddexp = Ufunc(library, "logaddexp")

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._library, name)
        setattr(self, name, found)
        return found

    def guarded(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """A kernel that runs on the GPU of its arrays, where there are several GPUs; else the kernel itself."""
        if self._library.cuda.runtime.getDeviceCount() < 2:
            return kernel
        kind = self._library.ndarray

        def call(*arguments: Any, **keywords: Any) -> Any:
            listed = [each for each in arguments if isinstance(each, (list, tuple)) for each in each]
            places = {each.device.id for each in (*arguments, *listed) if isinstance(each, kind)}
            if len(places) > 1:
                raise ValueError("arrays of several GPUs")
            if not places:
                return kernel(*arguments, **keywords)
            with self._library.cuda.Device(places.pop()):
                return kernel(*arguments, **keywords)

        return call

    def repeat(self, a: Array, repeats: Any, axis: int | None = None) -> Array:
        """As NumPy's, for repeats in a device array too, which CuPy does not take."""
        library = self._library
        if not isinstance(repeats, library.ndarray) or repeats.ndim == 0:
            return library.repeat(a, int(repeats) if isinstance(repeats, library.ndarray) else repeats, axis)
        if axis is None:
            a, axis = a.ravel(), 0
        ends = library.cumsum(repeats)
        total = int(ends[-1]) if ends.size else 0
        return library.take(a, library.searchsorted(ends, library.arange(total), side="right"), axis=axis)

    def unique(self, ar: Array, **options: Any) -> Any:
        """As NumPy's; the inverse has the shape of the input where no axis is given."""
        return self._library.unique(ar, **options)

    def may_share_memory(self, a: Array, b: Array) -> bool:
        """Whether two device arrays overlap, told by the owner of their memory."""
        owners = [each if each.base is None else each.base for each in (a, b)]
        return owners[0] is owners[1]

    def strided(self, array: Array, shape: Any, strides: Any, offset: int = 0) -> Array:
        """View of an array's memory with any shape and strides, `offset` bytes on, all in bytes."""
        if offset:
            if not array.flags.c_contiguous or offset < 0:
                raise RuntimeError("an offset into memory needs a contiguous tensor: call contiguous() first")
            array = array.reshape(-1)[offset // array.itemsize :]
        return self.lib.as_strided(array, shape, strides)

    def from_other_device(self, array: Array) -> Array:
        """A copy on the current GPU of an array on another one."""
        return self._library.array(array.get())


class Ufunc:
    """A ufunc of CuPy with the methods that it lacks.

    ``at`` takes all dtypes of tensors: CuPy's atomics know 32 and unsigned 64 bits. ``accumulate`` of any associative
    function goes by doubling: n elements in log2(n) steps.
    """

    def __init__(self, library: Any, name: str) -> None:
        self._library = library
        self._ufunc = getattr(library, name)
        self.__name__ = name

    def __call__(self, *arguments: Any, **keywords: Any) -> Array:
        return self._ufunc(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ufunc, name)

    def accumulate(self, array: Array, axis: int = 0, dtype: Any = None) -> Array:
        if self.__name__ in ("add", "multiply"):
            return self._ufunc.accumulate(array, axis=axis, dtype=dtype)
        result = array.copy() if dtype is None else array.astype(dtype)
        step, count = 1, array.shape[axis]
        before = (slice(None),) * (axis % array.ndim)
        while step < count:
            later, earlier = (*before, slice(step, None)), (*before, slice(None, -step))
            result[later] = self._ufunc(result[later], result[earlier])
            step *= 2
        return result

    def at(self, a: Array, indices: Any, b: Array) -> None:
        if self.__name__ == "multiply":
            self._multiply_at(a, indices, b)
            return
        if not isinstance(b, self._library.ndarray):
            b = self._library.asarray(b, dtype=a.dtype)
        wide = SCATTERED.get((self.__name__ == "add", a.dtype.name))
        if wide is None:
            self._ufunc.at(a, indices, b.astype(a.dtype, copy=False))
        elif wide == "uint64":  # of int64: addition wraps around alike; order is kept with the sign bit turned
            turned = 0 if self.__name__ == "add" else numpy.uint64(1 << 63)
            bits = a.copy().view("uint64") ^ turned if turned else a.view("uint64")
            given = b.astype(a.dtype).view("uint64")
            self._ufunc.at(bits, indices, given ^ turned if turned else given)
            if turned:
                a[...] = (bits ^ turned).view(a.dtype)
        else:
            values = a.astype(wide)
            self._ufunc.at(values, indices, b.astype(wide))
            a[...] = values.astype(a.dtype)

    def _multiply_at(self, a: Array, indices: Any, b: Array) -> None:
        """Products in rounds: the first factor of every place, then the second, and so on."""
        library = self._library
        places = library.arange(a.size).reshape(a.shape)[indices]
        factors = library.broadcast_to(b, places.shape).ravel()
        order = library.argsort(places.ravel())
        places = places.ravel()[order]
        starts = library.searchsorted(places, places, side="left")
        nth = library.arange(places.size) - starts
        flat = a.ravel()  # a view where it can be one
        for number in range(int(nth.max()) + 1 if nth.size else 0):
            chosen = nth == number
            flat[places[chosen]] = flat[places[chosen]] * factors[order[chosen]].astype(a.dtype)
        a[...] = flat.reshape(a.shape)


# (additions, dtype): through which dtype CuPy's atomics must go.
SCATTERED = {
    **{(True, name): "int32" for name in ("bool", "uint8", "int8", "int16")},
    **{(False, name): "int32" for name in ("bool", "uint8", "int8", "int16")},
    (True, "int64"): "uint64",
    (False, "int64"): "uint64",
    (False, "float16"): "float32",
}


class LinearAlgebra:
    """CuPy's linear algebra, raising `LinAlgError` where it would answer with NaN."""

    def __init__(self, library: Any, raising: Callable[[], Any] | None) -> None:
        self._library = library
        self._raising = raising

    def __getattr__(self, name: str) -> Any:
        function, raising = getattr(self._library.linalg, name), self._raising
        if raising is None:
            return function

        def call(*arguments: Any, **keywords: Any) -> Any:
            with raising():
                return function(*arguments, **keywords)

        setattr(self, name, call)
        return call


class Views:
    """``xp.lib.stride_tricks.as_strided``, whose result knows its base."""

    def __init__(self, library: Any) -> None:
        self._library = library

    @property
    def stride_tricks(self) -> Views:
        return self

    def as_strided(self, x: Array, shape: Any = None, strides: Any = None) -> Array:
        set_layout = getattr(x, "_set_shape_and_strides", None)
        if set_layout is None:
            return self._library.lib.stride_tricks.as_strided(x, shape, strides)
        view = x.view()  # CuPy's own function returns an array that does not know whose memory it is
        view._set_shape_and_strides(tuple(map(operator.index, shape)), tuple(map(operator.index, strides)), True, True)
        return view
