"""Convolution and pooling in C++, for NumPy arrays of float32 and float64.

Each function returns NotImplemented for what the extension does not serve (another dtype, more dimensions),
and always does so where the extension was not built: the reference kernel then runs. How the kernels work is told in
``csrc/README.md``.
"""

from __future__ import annotations

from typing import Any

import numpy

try:
    import tinygrad_i2dl._native as _native  # type: ignore[import-not-found, unused-ignore]
except ImportError as error:
    _native = None
    _reason: str | None = f"the C++ extension was not built ({error})"
else:
    _reason = None

Array = Any
Sizes = tuple[int, ...]

_DTYPES = (numpy.dtype(numpy.float32), numpy.dtype(numpy.float64))


def available() -> bool:
    """Whether the extension was built and could be loaded.

    >>> available() == (reason() is None)
    True
    """
    return _native is not None


def reason() -> str | None:
    """Why the extension is missing, None if it is there."""
    return _reason


def _extension() -> Any:
    if _native is None:
        raise RuntimeError(f"expected the native backend, but {_reason}; install a C++17 compiler and reinstall")
    return _native


def get_num_threads() -> int:
    """How many threads the kernels use at most; raises RuntimeError where the extension is missing.

    Until it is set, this is ``OMP_NUM_THREADS`` or else the number of processors that the process may run on.
    """
    count: int = _extension().get_num_threads()
    return count


def set_num_threads(count: int) -> None:
    """Let the kernels use up to `count` threads; ValueError below 1, RuntimeError where the extension is missing."""
    _extension().set_num_threads(count)


def instruction_set() -> str:
    """The instruction set in use: ``baseline``, ``avx2`` or ``avx512``; by default the best that this processor has."""
    name: str = _extension().instruction_set()
    return name


def instruction_sets() -> list[str]:
    """The instruction sets that this processor can run the kernels with, the best one last."""
    names: list[str] = _extension().instruction_sets()
    return names


def set_instruction_set(name: str) -> None:
    """Use the kernels for another instruction set, ``auto`` for the best; ValueError if this processor lacks it."""
    _extension().set_instruction_set(name)


def conv_algorithm(
    direction: str,
    input_shape: Sizes,
    weight_shape: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
    dtype: Any = numpy.float32,
) -> str:
    """The algorithm that ``auto`` stands for: ``direct``, ``packed``, ``im2col``, ``winograd`` or ``outer``.

    `direction` is ``forward``, ``input_gradient`` or ``weight_gradient``. Raises ValueError for shapes that do not fit
    together.

    >>> if available():
    ...     conv_algorithm("forward", (1, 8, 16, 16), (8, 1, 3, 3), (1, 1), (1, 1), (1, 1), 8)
    ... else:
    ...     'direct'
    'direct'
    """
    name: str = _extension().conv_algorithm(
        direction, input_shape, weight_shape, stride, padding, dilation, groups, numpy.dtype(dtype).itemsize
    )
    return name


def _serves(first: Array, *others: Array) -> bool:
    return (
        _native is not None
        and first.dtype in _DTYPES
        and 3 <= first.ndim <= 5
        and all(other.dtype == first.dtype for other in others)
    )


def conv(
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
    algorithm: str = "auto",
) -> Array:
    """Convolution of one to three spatial dimensions; (N, C, *S) with (O, C / groups, *K) makes (N, O, *Q).

    Raises ValueError for shapes that do not fit together, or for an `algorithm` that cannot serve them.

    ``out[n, o, q] = bias[o] + sum over c, k of weight[o, c, k] * input[n, c, q * stride + k * dilation - padding]``
    (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016).

    >>> import numpy
    >>> result = conv(numpy.ones((1, 1, 4)), numpy.ones((1, 1, 3)), None, (1,), (0,), (1,), 1)
    >>> result is NotImplemented or result.tolist() == [[[3.0, 3.0]]]
    True
    """
    if not (_serves(input, weight) if bias is None else _serves(input, weight, bias)):
        return NotImplemented
    return _native.conv(input, weight, bias, stride, padding, dilation, groups, algorithm)


def conv_input_gradient(
    grad: Array,
    weight: Array,
    input_shape: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
    algorithm: str = "auto",
) -> Array:
    """The gradient of `conv` with respect to its input, of shape `input_shape`; also transposed convolution.

    Raises ValueError for shapes that do not fit together.
    """
    if not _serves(grad, weight):
        return NotImplemented
    if (
        groups == 1
        and algorithm == "auto"
        and all(size == 1 for size in grad.shape[2:])
        and input_shape == (grad.shape[0], weight.shape[1], *weight.shape[2:])
        and grad.shape[1] == weight.shape[0]
        and not any(padding)
    ):  # one window that covers the input, as in the first layer of a generator: a single product of matrices
        return grad.reshape(grad.shape[:2]).dot(weight.reshape(weight.shape[0], -1)).reshape(input_shape)
    return _native.conv_input_gradient(grad, weight, input_shape, stride, padding, dilation, groups, algorithm)


def conv_weight_gradient(
    grad: Array,
    input: Array,
    weight_shape: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
    algorithm: str = "auto",
) -> Array:
    """The gradient of `conv` with respect to its weight, of shape `weight_shape`.

    Raises ValueError for shapes that do not fit together. The same number of threads gives the same bits.
    """
    if not _serves(grad, input):
        return NotImplemented
    return _native.conv_weight_gradient(grad, input, weight_shape, stride, padding, dilation, groups, algorithm)


def detail(operation: str, *arguments: Any) -> str | None:
    """What a profile tells of a call: the algorithm of a convolution, None for other operations."""
    if operation not in _DIRECTIONS:
        return None
    first, second, third, stride, padding, dilation, groups = arguments
    if operation == "conv":
        input_shape, weight_shape = first.shape, second.shape
    elif operation == "conv_input_gradient":
        input_shape, weight_shape = third, second.shape
    else:
        input_shape, weight_shape = second.shape, third
    direction = _DIRECTIONS[operation]
    return conv_algorithm(direction, input_shape, weight_shape, stride, padding, dilation, groups, first.dtype)


_DIRECTIONS = {
    "conv": "forward",
    "conv_input_gradient": "input_gradient",
    "conv_weight_gradient": "weight_gradient",
}


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why a kernel here returns NotImplemented for these arguments; None where it does not."""
    if _native is None:
        return _reason
    arrays = [argument for argument in arguments if isinstance(argument, numpy.ndarray)]
    floating = arrays[:1] if operation == "max_pool_backward" else arrays  # its second array holds positions
    for array in floating:
        if array.dtype not in _DTYPES:
            return f"dtype {array.dtype}"
    if len({array.dtype for array in floating}) > 1:
        return "dtypes " + ", ".join(str(array.dtype) for array in floating)
    if not 3 <= arrays[0].ndim <= 5:
        return f"{arrays[0].ndim} dimensions"
    if any(array.dtype != numpy.int64 for array in arrays[len(floating) :]):
        return f"dtype {arrays[-1].dtype} of the indices"
    return None


def im2col(input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Array:
    """Windows as columns: (N, C, *S) makes (N, C * window volume, windows), as ``torch.nn.functional.unfold``.

    Raises ValueError for sizes that do not fit together.
    """
    if not _serves(input):
        return NotImplemented
    return _native.im2col(input, kernel_size, stride, padding, dilation)


def col2im(
    columns: Array, input_shape: Sizes, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Array:
    """The adjoint of `im2col`: sums the columns back into an array of `input_shape`, as ``torch.nn.functional.fold``.

    Raises ValueError for sizes that do not fit together.
    """
    if not _serves(columns):
        return NotImplemented
    return _native.col2im(columns, input_shape, kernel_size, stride, padding, dilation)


def max_pool(input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool) -> Any:
    """Largest values of windows, and their flat int64 positions in each channel's plane: a pair of arrays.

    Padding counts as minus infinity, and not-a-number wins. Raises ValueError for sizes that do not fit together.

    >>> import numpy
    >>> result = max_pool(numpy.array([[[1.0, 3.0, 2.0, 0.0]]]), (2,), (2,), (0,), (1,), False)
    >>> result is NotImplemented or [part.tolist() for part in result] == [[[[3.0, 2.0]]], [[[1, 2]]]]
    True
    """
    if not _serves(input):
        return NotImplemented
    return _native.max_pool(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool_backward(grad: Array, indices: Array, input_shape: Sizes) -> Array:
    """The gradient of `max_pool`: each gradient is added to the position that its window took.

    Raises ValueError for shapes that do not fit together, IndexError for an index outside the plane.
    """
    if not _serves(grad) or indices.dtype != numpy.int64:
        return NotImplemented
    return _native.max_pool_backward(grad, indices, input_shape)


def avg_pool(
    input: Array,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """Mean values of windows; the divisor is `divisor_override`, or the window's size with or without its padding.

    Raises ValueError for sizes that do not fit together.

    >>> import numpy
    >>> result = avg_pool(numpy.array([[[1.0, 3.0, 2.0, 0.0]]]), (2,), (2,), (0,), False, True, None)
    >>> result is NotImplemented or result.tolist() == [[[2.0, 1.0]]]
    True
    """
    if not _serves(input):
        return NotImplemented
    return _native.avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool_backward(
    grad: Array,
    input_shape: Sizes,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """The gradient of `avg_pool`: each gradient is shared out evenly over its window.

    Raises ValueError for sizes that do not fit together.
    """
    if not _serves(grad):
        return NotImplemented
    return _native.avg_pool_backward(
        grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


# What a registry may take as kernels; the other functions here ask and set how these run.
KERNELS = {
    kernel.__name__: kernel
    for kernel in (
        conv,
        conv_input_gradient,
        conv_weight_gradient,
        im2col,
        col2im,
        max_pool,
        max_pool_backward,
        avg_pool,
        avg_pool_backward,
    )
}
