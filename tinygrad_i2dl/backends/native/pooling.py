"""Maximum and average pooling in C++, of one to three dimensions."""

from __future__ import annotations

from typing import Any

import numpy

from .extension import native, refusal_of_images, serves_images, through_single

Array = Any
Sizes = tuple[int, ...]


def max_pool(input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool) -> Any:
    """Largest values of windows, and their flat int64 positions in each channel's plane: a pair of arrays.

    Padding counts as minus infinity, and not-a-number wins. Raises ValueError for sizes that do not fit together.

    >>> import numpy
    >>> result = max_pool(numpy.array([[[1.0, 3.0, 2.0, 0.0]]]), (2,), (2,), (0,), (1,), False)
    >>> result is NotImplemented or [part.tolist() for part in result] == [[[[3.0, 2.0]]], [[[1, 2]]]]
    True
    """
    if not serves_images(input):
        return through_single(max_pool, input, kernel_size, stride, padding, dilation, ceil_mode)
    return native.max_pool(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool_backward(grad: Array, indices: Array, input_shape: Sizes) -> Array:
    """The gradient of `max_pool`: each gradient is added to the position that its window took.

    Raises ValueError for shapes that do not fit together, IndexError for an index outside the plane.
    """
    if indices.dtype != numpy.int64:
        return NotImplemented
    if not serves_images(grad):
        return through_single(max_pool_backward, grad, indices, input_shape)
    return native.max_pool_backward(grad, indices, input_shape)


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
    if not serves_images(input):
        return through_single(
            avg_pool, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        )
    return native.avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


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
    if not serves_images(grad):
        return through_single(
            avg_pool_backward, grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad,
            divisor_override,
        )  # fmt: skip
    return native.avg_pool_backward(
        grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


refusal = refusal_of_images
KERNELS = {kernel.__name__: kernel for kernel in (max_pool, max_pool_backward, avg_pool, avg_pool_backward)}
