"""Tensors from data, and tensors filled with something."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy

from .. import devices
from ..backends import cupy as gpu
from ..backends.registry import namespace_of
from ..devices import CPU, device
from ..dtypes import (
    bfloat16,
    dtype,
    from_numpy_dtype,
    get_default_dtype,
    promote_types,
    set_default_dtype,
    to_numpy_dtype,
)
from ..errors import DeviceError
from ..tensors import Operations, Size, Tensor, make
from ._define import write_out
from .layout import contiguous, preserve_format, strided

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor", "LongTensor", "ShortTensor", "arange", "as_tensor", "asarray", "complex", "e", "empty", "empty_like",
    "empty_permuted", "empty_strided", "eye", "from_numpy", "full", "full_like", "get_default_device", "inf",
    "linspace", "logspace", "nan", "newaxis", "ones", "ones_like", "pi", "range", "scalar_tensor",
    "set_default_device", "set_default_tensor_type", "tensor", "tril_indices", "triu_indices", "zero_", "zeros",
    "zeros_like",
]  # fmt: skip

Array = Any

inf, nan, pi, e, newaxis = math.inf, math.nan, math.pi, math.e, None

# ---------------------------------------------------------------- where a tensor is

# How arrays get to a device, by its type.
TRANSFERS: dict[str, Callable[[Array, device], Array]] = {
    "cpu": lambda array, _: array if type(array) is numpy.ndarray else array.get(),
    "cuda": gpu.to_gpu,
}
_default_device = CPU


def to_device(array: Array, wanted: Any) -> Array:
    """`array` in the memory of a device: itself if it is there already.

    Raises:
        RuntimeError: there is no such device here.
    """
    if wanted is None:
        wanted = _default_device
    elif not isinstance(wanted, device):
        wanted = device(wanted)
    transfer = TRANSFERS.get(wanted.type)
    if transfer is None:
        raise DeviceError(
            f"device {str(wanted)!r} is not available: there are {', '.join(repr(name) for name in TRANSFERS)}. "
            "Choose one by: device = 'cuda' if torch.cuda.is_available() else 'cpu'"
        )
    return transfer(array, wanted)


def placed(array: Array, device: Any, requires_grad: bool) -> Tensor:
    """A Tensor of `array` on `device`."""
    if (device is None and _default_device is CPU) or device == "cpu":
        result = make(array)
    else:
        result = make(to_device(array, device))
    return result.requires_grad_() if requires_grad else result


def get_default_device() -> device:
    """The device that tensors are made on where none is given."""
    return _default_device


def set_default_device(device: Any) -> None:
    """Make tensors on this device where none is given; None means the CPU.

    Raises:
        RuntimeError: there is no such device here.
    """
    global _default_device
    wanted = CPU if device is None else devices.device(device)
    to_device(numpy.zeros(1), wanted)
    _default_device = CPU if wanted.type == "cpu" else wanted


# ---------------------------------------------------------------- from data


def array_of(data: Any, dtype: Any) -> Array:
    """A new NumPy array of nested sequences, numbers, arrays or tensors, with PyTorch's choice of dtype where None is
    asked."""
    wanted = None if dtype is None else to_numpy_dtype(dtype)
    if isinstance(data, Tensor):
        return _copied(data._array, wanted)
    if isinstance(data, (numpy.ndarray, numpy.generic)):
        array = numpy.array(data, order="C", subok=False)
        if wanted is None:
            from_numpy_dtype(array.dtype)
            return array
        return _cast_quietly(array, wanted)
    leaf = _first_leaf(data)
    try:
        array = numpy.array(_plain(data) if isinstance(leaf, Tensor) else data)
    except ValueError as error:
        raise ValueError(
            f"expected nested sequences of equal length and numbers, as for a rectangular array: {error}"
        ) from error
    kind = array.dtype.kind
    if kind == "O" and any(isinstance(each, Tensor) for each in array.flat):  # tensors that do not come first
        return array_of(_plain(data), dtype)
    if kind not in "biuf" and (kind != "V" or array.dtype.name != "bfloat16"):
        if kind == "c":
            raise TypeError(f"complex numbers are not supported, got {data!r:.80}")
        if kind == "O" and all(type(each) is int for each in array.flat):
            raise RuntimeError(f"an integer is too large for 64 bits in {data!r:.80}")
        if leaf is None or kind == "O":
            raise RuntimeError(f"could not infer a dtype: a tensor is made of numbers, got {data!r:.80}")
        raise TypeError(f"a tensor is made of numbers, got {data!r:.80}")
    if wanted is not None:
        return _cast_in_range(array, wanted)
    if kind in "fV":
        return array.astype(_floating_dtype(data, array.dtype), copy=False)
    if kind == "u" and array.dtype.itemsize == 8:
        raise RuntimeError(f"an integer is too large for int64 in {data!r:.80}")
    from_numpy_dtype(array.dtype)
    return array


def _copied(array: Array, wanted: Any) -> Array:
    if type(array) is not numpy.ndarray:
        return array.copy() if wanted is None else array.astype(wanted)
    return numpy.array(array, order="C") if wanted is None else _cast_quietly(numpy.array(array, order="C"), wanted)


def _cast_quietly(array: Array, wanted: Any) -> Array:
    with numpy.errstate(all="ignore"):
        return array.astype(wanted, copy=False)


def _cast_in_range(array: Array, wanted: Any) -> Array:
    """Python numbers as `wanted`: an integer that it does not hold is refused (a negative one wraps around in uint8,
    as in C)."""
    if wanted.kind in "iu" and array.dtype.kind in "iu" and array.size:
        limits = numpy.iinfo(wanted)
        low = limits.min if wanted.kind == "i" else -limits.max
        if int(array.min()) < low or int(array.max()) > limits.max:
            raise RuntimeError(
                f"a value between {array.min()} and {array.max()} cannot be stored in {wanted} without overflow"
            )
    return _cast_quietly(array, wanted)


def _plain(data: Any) -> Any:
    """Nested sequences with the tensors in them replaced by arrays or numbers."""
    if isinstance(data, Tensor):
        return data._array if data._array.ndim else data._array[()]
    return [_plain(each) if isinstance(each, (list, tuple, Tensor)) else each for each in data]


def _floating_dtype(data: Any, found: Any) -> Any:
    """Dtype of nested sequences with a floating-point number in them: Python's count as the default dtype, the scalars
    and arrays of NumPy and tensors as their own."""
    kinds: set[Any] = set()
    _collect_kinds(data, kinds)
    dtypes = [from_numpy_dtype(each) for each in kinds if not isinstance(each, type)]
    if float in kinds or not dtypes:
        dtypes.append(get_default_dtype())
    common = functools.reduce(promote_types, dtypes)
    return common.numpy if common.is_floating_point else found


def _collect_kinds(data: Any, kinds: set[Any]) -> None:
    if isinstance(data, (list, tuple)):
        of_these = set(map(type, data))
        if of_these <= {bool, int, float}:
            kinds |= of_these
        else:
            for each in data:
                _collect_kinds(each, kinds)
    else:
        dtype = getattr(getattr(data, "_array", data), "dtype", None)
        kinds.add(dtype if isinstance(dtype, numpy.dtype) else type(data))


def _first_leaf(data: Any) -> Any:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new tensor with a copy of `data`: a number, nested sequences of numbers, an array or a tensor.

    Python floats become the default dtype, integers int64, bools bool; arrays keep their dtype.

    >>> import tinygrad_i2dl as torch
    >>> torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])

    Raises:
        ValueError: nested sequences of different lengths.
        TypeError, RuntimeError: something that is not a number, or does not fit in the dtype.
    """
    return placed(array_of(data, dtype), device, requires_grad)


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = strided, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor without dimensions that holds the number `s`, in the default dtype unless another is given."""
    wanted = to_numpy_dtype(get_default_dtype() if dtype is None else dtype)
    return placed(numpy.asarray(_cast_quietly(numpy.asarray(s), wanted)), device, requires_grad)


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares memory with a NumPy array.

    >>> import numpy, tinygrad_i2dl as torch
    >>> torch.from_numpy(numpy.arange(3))
    tensor([0, 1, 2])

    Raises:
        TypeError: not an array, or of a dtype that tensors do not have.
    """
    if not isinstance(ndarray, numpy.ndarray):
        raise TypeError(f"from_numpy() needs a numpy.ndarray, got {type(ndarray).__name__}")
    from_numpy_dtype(ndarray.dtype)
    if any(step < 0 for step in ndarray.strides):
        raise ValueError("from_numpy() needs an array without negative strides: copy it first, as in array.copy()")
    return make(ndarray.view(numpy.ndarray) if type(ndarray) is not numpy.ndarray else ndarray)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor that shares its memory where possible: tensors and arrays are only copied to change dtype or
    device.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.zeros(2)
    >>> torch.as_tensor(x) is x
    True
    """
    if isinstance(data, Tensor):
        wanted = data.device if device is None else device
        result: Tensor = data.to(device=wanted, dtype=dtype)
        return result
    if isinstance(data, numpy.ndarray) and all(step >= 0 for step in data.strides):
        array = data.view(numpy.ndarray) if type(data) is not numpy.ndarray else data
        from_numpy_dtype(array.dtype)
        return placed(array if dtype is None else _cast_quietly(array, to_numpy_dtype(dtype)), device, False)
    return placed(array_of(data, dtype), device, False)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """`obj` as a tensor, sharing its memory where possible unless `copy` is True."""
    result = tensor(obj, dtype=dtype, device=device) if copy else as_tensor(obj, dtype=dtype, device=device)
    if not requires_grad:
        return result.detach() if result.requires_grad else result
    return result.requires_grad_()


def complex(real: Any, imag: Any, *, out: Any = None) -> Tensor:
    """Refused: there are no complex dtypes."""
    raise RuntimeError("complex() would make a complex tensor, and this library has real dtypes only")


# ---------------------------------------------------------------- filled with something


def shape_from(size: tuple[Any, ...], keyword: Any = None) -> tuple[int, ...]:
    """Sizes given as ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``.

    Raises:
        TypeError: a size is not an integer.
        RuntimeError: a size is negative.
    """
    if keyword is not None:
        size = (keyword,)
    elif not size:
        raise TypeError("a shape is needed: f(2, 3), f((2, 3)), or f(()) for a tensor without dimensions")
    if (
        len(size) == 1
        and not isinstance(size[0], (int, float, str))
        and not (isinstance(size[0], Tensor) and size[0].ndim == 0)
    ):
        size = tuple(size[0])
    try:
        shape = tuple([operator.index(each) for each in size])
    except TypeError as error:
        raise TypeError(f"a shape is made of integers, got {size}") from error
    if shape and min(shape) < 0:
        raise RuntimeError(f"a size cannot be negative, got shape {list(shape)}")
    return shape


def _finished(array: Array, out: Any, device: Any, requires_grad: bool, name: str) -> Tensor:
    if out is not None:
        result: Tensor = write_out(name, array, out, ())
        return result
    return placed(array, device, requires_grad)


def _default_or(wanted: Any) -> Any:
    return get_default_dtype().numpy if wanted is None else to_numpy_dtype(wanted)


def zeros(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **more: Any,
) -> Tensor:  # fmt: skip
    """A tensor of zeros of the given shape.

    >>> import tinygrad_i2dl as torch
    >>> torch.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    array = numpy.zeros(shape_from(size, _size_keyword("zeros", more)), dtype=_default_or(dtype))
    return _finished(array, out, device, requires_grad, "zeros")


def ones(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **more: Any,
) -> Tensor:  # fmt: skip
    """A tensor of ones of the given shape."""
    array = numpy.ones(shape_from(size, _size_keyword("ones", more)), dtype=_default_or(dtype))
    return _finished(array, out, device, requires_grad, "ones")


def empty(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = preserve_format, **more: Any,
) -> Tensor:  # fmt: skip
    """A tensor of the given shape whose elements are whatever was in the memory."""
    array = numpy.empty(shape_from(size, _size_keyword("empty", more)), dtype=_default_or(dtype))
    result = _finished(array, out, device, requires_grad, "empty")
    return result if memory_format is preserve_format else contiguous(result, memory_format)


def zero_(input: Tensor) -> Tensor:
    """Set every element of `input` to zero in place."""
    result: Tensor = input.zero_()
    return result


def _size_keyword(name: str, more: dict[str, Any]) -> Any:
    size = more.pop("size", None)
    more.pop("names", None)
    if more:
        raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(more))!r}")
    return size


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of the given shape and strides (in elements) whose elements are whatever was in the memory."""
    shape, steps, wanted = shape_from((size,)), shape_from((stride,)), _default_or(dtype)
    if len(shape) != len(steps):
        raise RuntimeError(
            f"empty_strided() needs as many strides as sizes, got {len(shape)} sizes and {len(steps)} strides"
        )
    length = 1 + sum((n - 1) * step for n, step in zip(shape, steps, strict=True)) if all(shape) else 0
    memory = numpy.empty(length, dtype=wanted)
    array = numpy.lib.stride_tricks.as_strided(memory, shape, [step * wanted.itemsize for step in steps])
    return placed(array, device, requires_grad)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor whose dimensions lie in memory in the order `physical_layout`, elements as they were in the memory."""
    shape, order = shape_from((size,)), tuple(physical_layout)
    if sorted(order) != list(builtin_range(len(shape))):
        raise RuntimeError(
            f"empty_permuted() needs each dimension of {list(shape)} once in physical_layout, got {list(order)}"
        )
    array = numpy.empty([shape[d] for d in order], dtype=_default_or(dtype)).transpose(numpy.argsort(order))
    return placed(array, device, requires_grad)


def _filled(shape: tuple[int, ...], fill_value: Any, wanted: Any, name: str) -> Array:
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    if isinstance(value, numpy.generic):
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        raise TypeError(f"{name}(): fill_value must be a number, got {type(value).__name__}")
    if isinstance(value, float) and wanted.kind in "iub" and not math.isfinite(value):
        raise RuntimeError(f"{name}(): {value} cannot be stored in {wanted}")
    return numpy.full(
        shape, _cast_in_range(numpy.asarray(value), wanted) if wanted.kind != "V" else value, dtype=wanted
    )


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, names: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of shape `size` filled with one value, whose type decides the dtype unless `dtype` is given.

    >>> import tinygrad_i2dl as torch
    >>> torch.full((2,), 7.0)
    tensor([7., 7.])
    """
    if dtype is None:
        value = fill_value.item() if isinstance(fill_value, (Tensor, numpy.generic)) else fill_value
        dtype = bool if isinstance(value, bool) else int if isinstance(value, int) else get_default_dtype()
    return _finished(
        _filled(shape_from((size,)), fill_value, to_numpy_dtype(dtype), "full"), out, device, requires_grad, "full"
    )


def _like(name: str, make_array: Callable[..., Array]) -> Callable[..., Tensor]:
    """The function that fills a tensor like another one."""

    def call(
        input: Any, *values: Any, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, memory_format: Any = preserve_format, pin_memory: bool = False, **named: Any,
    ) -> Tensor:  # fmt: skip
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}() needs a Tensor, got {type(input).__name__}")
        array = input._array
        wanted = array.dtype if dtype is None else to_numpy_dtype(dtype)
        if type(array) is numpy.ndarray:
            made = make_array(numpy, array, wanted, *values, **named)
        else:
            with array.device:
                made = make_array(namespace_of(type(array)), array, wanted, *values, **named)
        result = make(made) if device is None else make(to_device(made, device))
        return result.requires_grad_() if requires_grad else result

    call.__name__ = call.__qualname__ = name
    return call


zeros_like = _like("zeros_like", lambda xp, array, wanted: xp.zeros_like(array, dtype=wanted))
zeros_like.__doc__ = """Zeros of the shape, dtype and device of `input`, unless others are given.

    >>> import tinygrad_i2dl as torch
    >>> torch.zeros_like(torch.ones(2))
    tensor([0., 0.])
    """
ones_like = _like("ones_like", lambda xp, array, wanted: xp.ones_like(array, dtype=wanted))
ones_like.__doc__ = "Ones of the shape, dtype and device of `input`, unless others are given."
empty_like = _like("empty_like", lambda xp, array, wanted: xp.empty_like(array, dtype=wanted))
empty_like.__doc__ = "Uninitialised memory of the shape, dtype and device of `input`, unless others are given."
full_like = _like(
    "full_like", lambda xp, array, wanted, fill_value: xp.asarray(_filled(array.shape, fill_value, wanted, "full_like"))
)
full_like.__doc__ = (
    "A tensor filled with `fill_value`, of the shape, dtype and device of `input`, unless others are given."
)


# ---------------------------------------------------------------- sequences


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, (Tensor, numpy.generic)) else value


builtin_range = range


def _sequence_dtype(numbers: tuple[Any, ...], wanted: Any) -> Any:
    if wanted is not None:
        return to_numpy_dtype(wanted)
    return get_default_dtype().numpy if any(isinstance(each, float) for each in numbers) else numpy.dtype("int64")


def _check_step(name: str, start: Any, end: Any, step: Any) -> None:
    if step == 0:
        raise RuntimeError(f"{name}(): step must not be zero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"{name}(): the bounds must be finite, got {start} to {end}")
    if (step > 0 and end < start) or (step < 0 and end > start):
        raise RuntimeError(f"{name}(): start {start} and end {end} do not fit the sign of the step {step}")


def arange(
    start: Any, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers ``start, start + step, ...`` below `end`: integers, or the default dtype if one of the three is a
    float.

    >>> import tinygrad_i2dl as torch
    >>> torch.arange(4), torch.arange(1, 2, 0.5)
    (tensor([0, 1, 2, 3]), tensor([1.0000, 1.5000]))

    Raises:
        RuntimeError: the step is zero or leads away from `end`.
    """
    if end is None:
        start, end = 0, start
    start, end, step = _number(start), _number(end), _number(step)
    wanted = _sequence_dtype((start, end, step), dtype)
    _check_step("arange", start, end, step)
    if wanted.kind in "iu" and dtype is not None and not all(isinstance(each, int) for each in (start, end, step)):
        start, end, step = int(start), int(end), int(step)
    count = (
        max(0, math.ceil((end - start) / step))
        if not all(isinstance(n, int) for n in (start, end, step))
        else len(builtin_range(start, end, step))
    )
    if out is not None and dtype is None and wanted.kind == "f" and out.dtype.category < 2:
        raise ValueError(f"arange(): numbers of {from_numpy_dtype(wanted)} cannot be stored in out= of {out.dtype}")
    array = (
        (start + step * numpy.arange(count)).astype(wanted)
        if step != 1 or start != 0
        else numpy.arange(count).astype(wanted)
    )
    return _finished(array, out, device, requires_grad, "arange")


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers ``start, start + step, ...`` up to and including `end`, in the default dtype (use `arange` in new
    code)."""
    if end is None:
        start, end = 0, start
    start, end, step = _number(start), _number(end), _number(step)
    _check_step("range", start, end, step)
    count = int((end - start) / step) + 1
    return _finished(
        (start + step * numpy.arange(count)).astype(_default_or(dtype)), out, device, requires_grad, "range"
    )


def _bounds(name: str, start: Any, end: Any, steps: int) -> tuple[Any, Any]:
    for bound, value in (("start", start), ("end", end)):
        if isinstance(value, Tensor) and value.ndim:
            raise RuntimeError(
                f"{name}(): {bound} must be a number or a tensor without dimensions, got shape {tuple(value.shape)}"
            )
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"{name}(): steps must be an integer, got {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError(f"{name}(): the number of steps cannot be negative, got {steps}")
    return _number(start), _number(end)


def spaced(start: Any, end: Any, steps: int, wanted: Any) -> Array:
    """Evenly spaced numbers, counted from both ends so that both are met exactly.

    float32 has a float32 step, and each product and sum is rounded once, as by the fused instruction that PyTorch uses.
    """
    work = (
        wanted
        if wanted in (numpy.float32, numpy.float64)
        else numpy.dtype("float64" if wanted.kind in "iub" else "float32")
    )
    if steps <= 1:
        return numpy.full(steps, start, dtype=work)
    first, last = work.type(start), work.type(end)
    if wanted.kind in "iub":
        first, last = work.type(int(start)), work.type(int(end))
    step = numpy.float64((last - first) / work.type(steps - 1))
    index = numpy.arange(steps)
    return numpy.where(index < steps // 2, first + step * index, last - step * (steps - 1 - index)).astype(work)


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` evenly spaced numbers from `start` to `end`, both included.

    >>> import tinygrad_i2dl as torch
    >>> torch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    start, end = _bounds("linspace", start, end, steps)
    wanted = _default_or(dtype)
    return _finished(_cast_quietly(spaced(start, end, steps, wanted), wanted), out, device, requires_grad, "linspace")


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from ``base ** start`` to ``base ** end``, evenly spaced in the exponent."""
    start, end = _bounds("logspace", start, end, steps)
    wanted = _default_or(dtype)
    exponents = spaced(start, end, steps, wanted)
    with numpy.errstate(all="ignore"):
        array = numpy.power(exponents.dtype.type(base), exponents).astype(wanted)
    return _finished(array, out, device, requires_grad, "logspace")


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Matrix of `n` rows and `m` columns (as many if not given) with ones on the diagonal.

    >>> import tinygrad_i2dl as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    columns = n if m is None else m
    if n < 0 or columns < 0:
        raise RuntimeError(f"eye() needs sizes that are not negative, got {n} and {columns}")
    return _finished(numpy.eye(n, columns, dtype=_default_or(dtype)), out, device, requires_grad, "eye")


def _triangle(name: str, row: int, col: int, found: Any, wanted: Any, device: Any) -> Tensor:
    if row < 0 or col < 0:
        raise RuntimeError(f"{name}() needs sizes that are not negative, got {row} and {col}")
    return placed(numpy.stack(found).astype(numpy.int64 if wanted is None else to_numpy_dtype(wanted)), device, False)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = strided
) -> Tensor:
    """Row and column numbers, shape (2, n), of the elements on and below a diagonal of a row x col matrix.

    >>> import tinygrad_i2dl as torch
    >>> torch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle("tril_indices", row, col, numpy.tril_indices(max(row, 0), offset, max(col, 0)), dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = strided
) -> Tensor:
    """Row and column numbers, shape (2, n), of the elements on and above a diagonal of a row x col matrix."""
    return _triangle("triu_indices", row, col, numpy.triu_indices(max(row, 0), offset, max(col, 0)), dtype, device)


# ---------------------------------------------------------------- methods: new tensors of this one's dtype and device


def _new(make_tensor: Callable[..., Tensor], name: str) -> Callable[..., Tensor]:
    def call(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
        return make_tensor(
            *args,
            dtype=self.dtype if dtype is None else dtype,
            device=self.device if device is None else device,
            **kwargs,
        )

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{name.removeprefix('new_')}() with the dtype and device of this tensor, unless others are given."
    return call


def _new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **_: Any
) -> Tensor:
    """A new tensor with a copy of `data`, of this tensor's dtype and device unless others are given."""
    return tensor(data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)


def _old_new(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """A tensor of this one's dtype by the rules of the old constructors: of a shape, or of data."""
    return placed(Tensor(*data, dtype=self.dtype)._array, device or self.device, False)


_FILLED: dict[str, Callable[..., Tensor]] = {
    "zeros": zeros,
    "ones": ones,
    "empty": empty,
    "full": full,
    "empty_strided": empty_strided,
}
for _name, _function in _FILLED.items():
    setattr(Operations, f"new_{_name}", _new(_function, f"new_{_name}"))
Operations.new_tensor = _new_tensor
Operations.new = _old_new


# ---------------------------------------------------------------- the old tensor types


class TensorType:
    """One of PyTorch's old tensor types, such as ``torch.FloatTensor``: a constructor, and something to ask
    `isinstance` for.

    >>> import tinygrad_i2dl as torch
    >>> torch.LongTensor([1, 2]), isinstance(torch.zeros(1), torch.FloatTensor)
    (tensor([1, 2]), True)
    """

    def __init__(self, name: str, dtype: dtype, device: str) -> None:
        self.__name__ = self.__qualname__ = name
        self.__module__ = "torch" if device == "cpu" else f"torch.{device}"
        self.dtype = dtype
        self.device = device

    def __call__(self, *data: Any, device: Any = None) -> Tensor:
        return placed(_old_array(data, self.dtype), self.device if device is None else device, False)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is self.dtype and instance.device.type == self.device

    def __repr__(self) -> str:
        return f"<class '{self.__module__}.{self.__name__}'>"


def _old_array(data: tuple[Any, ...], wanted: dtype) -> Array:
    if len(data) == 1 and isinstance(data[0], (list, tuple)) and not isinstance(data[0], Size):
        return array_of(data[0], wanted)
    if len(data) == 1 and isinstance(data[0], Tensor) and data[0].dtype is not wanted:
        raise TypeError(f"expected a tensor of {wanted}, got {data[0].dtype}: convert it by .to()")
    return Tensor(*data, dtype=wanted)._array


def tensor_types(device: str) -> dict[str, TensorType]:
    """The old tensor types of a device by name."""
    names = {
        "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64",
        "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool",
    }  # fmt: skip
    by_name = {each.name: each for each in _ALL_DTYPES}
    return {
        f"{name}Tensor": TensorType(f"{name}Tensor", by_name[numpy_name], device) for name, numpy_name in names.items()
    }


_ALL_DTYPES = [
    bfloat16,
    *(
        from_numpy_dtype(numpy.dtype(n))
        for n in ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
    ),
]
CPU_TYPES = tensor_types("cpu")
FloatTensor, DoubleTensor, HalfTensor = CPU_TYPES["FloatTensor"], CPU_TYPES["DoubleTensor"], CPU_TYPES["HalfTensor"]
BFloat16Tensor, LongTensor, IntTensor = CPU_TYPES["BFloat16Tensor"], CPU_TYPES["LongTensor"], CPU_TYPES["IntTensor"]
ShortTensor, CharTensor, ByteTensor = CPU_TYPES["ShortTensor"], CPU_TYPES["CharTensor"], CPU_TYPES["ByteTensor"]
BoolTensor = CPU_TYPES["BoolTensor"]


def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by the name of an old tensor type, such as ``torch.DoubleTensor``."""
    if isinstance(t, str):
        found = CPU_TYPES.get(t.removeprefix("torch."))
        if found is None:
            raise TypeError(f"set_default_tensor_type() knows no type {t!r}")
        t = found
    if not isinstance(t, TensorType):
        raise TypeError(f"set_default_tensor_type() needs a type such as torch.FloatTensor, got {t!r}")
    set_default_dtype(t.dtype)
