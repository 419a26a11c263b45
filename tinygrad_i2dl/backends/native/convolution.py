"""Convolution in C++, of one to three dimensions (how it works: ``csrc/README.md``)."""

from __future__ import annotations

from typing import Any

import numpy

from .extension import extension, is_half, native, refusal_of_images, serves_images, through_single

Array = Any
Sizes = tuple[int, ...]


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
    """The algorithm that ``auto`` stands for: ``direct``, ``packed``, ``im2col``, ``winograd``, ``outer`` or
    ``depthwise``.

    `direction` is ``forward``, ``input_gradient`` or ``weight_gradient``. Raises ValueError for shapes that do not fit
    together.

    >>> if native is not None:
    ...     conv_algorithm("forward", (1, 8, 16, 16), (8, 1, 3, 3), (1, 1), (1, 1), (1, 1), 8)
    ... else:
    ...     'depthwise'
    'depthwise'
    """
    name: str = extension().conv_algorithm(
        direction, input_shape, weight_shape, stride, padding, dilation, groups, numpy.dtype(dtype).itemsize
    )
    return name


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
    if not (serves_images(input, weight) if bias is None else serves_images(input, weight, bias)):
        return through_single(conv, input, weight, bias, stride, padding, dilation, groups, algorithm)
    return native.conv(input, weight, bias, stride, padding, dilation, groups, algorithm)


def _is_one_product(
    grad_shape: Sizes, weight_shape: Sizes, input_shape: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> bool:
    """Whether one window covers the input, as in the first layer of a generator: a single product of matrices."""
    return (
        groups == 1
        and all(size == 1 for size in grad_shape[2:])
        and input_shape == (grad_shape[0], weight_shape[1], *weight_shape[2:])
        and grad_shape[1] == weight_shape[0]
        and not any(padding)
        and all(step == 1 or size == 1 for step, size in zip(dilation, weight_shape[2:], strict=True))
    )


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
    if not serves_images(grad, weight):
        return through_single(
            conv_input_gradient, grad, weight, input_shape, stride, padding, dilation, groups, algorithm
        )
    if algorithm == "auto" and _is_one_product(grad.shape, weight.shape, input_shape, padding, dilation, groups):
        rows, matrix = grad.reshape(grad.shape[:2]), weight.reshape(weight.shape[0], -1)
        # By the pool of the extension: a BLAS's threads spin, on a busy machine for milliseconds.
        result = native.product(rows, matrix)
        return (rows.dot(matrix) if result is NotImplemented else result).reshape(input_shape)
    return native.conv_input_gradient(grad, weight, input_shape, stride, padding, dilation, groups, algorithm)


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
    if not serves_images(grad, input):
        return through_single(
            conv_weight_gradient, grad, input, weight_shape, stride, padding, dilation, groups, algorithm
        )
    return native.conv_weight_gradient(grad, input, weight_shape, stride, padding, dilation, groups, algorithm)


def im2col(input: Array, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Array:
    """Windows as columns: (N, C, *S) makes (N, C * window volume, windows), as ``torch.nn.functional.unfold``.

    Raises ValueError for sizes that do not fit together.
    """
    if not serves_images(input):
        return through_single(im2col, input, kernel_size, stride, padding, dilation)
    return native.im2col(input, kernel_size, stride, padding, dilation)


def col2im(
    columns: Array, input_shape: Sizes, kernel_size: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Array:
    """The adjoint of `im2col`: sums the columns back into an array of `input_shape`, as ``torch.nn.functional.fold``.

    Raises ValueError for sizes that do not fit together.
    """
    if not serves_images(columns):
        return through_single(col2im, columns, input_shape, kernel_size, stride, padding, dilation)
    return native.col2im(columns, input_shape, kernel_size, stride, padding, dilation)


def detail(operation: str, *arguments: Any) -> str | None:
    """What a profile tells of a call: the algorithm of a convolution, ``product`` where it is a single product of
    matrices; None for other operations."""
    if operation not in _DIRECTIONS:
        return None
    first, second, third, stride, padding, dilation, groups = arguments
    if operation == "conv":
        input_shape, weight_shape = first.shape, second.shape
    elif operation == "conv_input_gradient":
        input_shape, weight_shape = third, second.shape
        if _is_one_product(first.shape, second.shape, third, padding, dilation, groups):
            return "product"
    else:
        input_shape, weight_shape = second.shape, third
    direction = _DIRECTIONS[operation]
    computed = numpy.float32 if is_half(first.dtype) else first.dtype
    return conv_algorithm(direction, input_shape, weight_shape, stride, padding, dilation, groups, computed)


_DIRECTIONS = {
    "conv": "forward",
    "conv_input_gradient": "input_gradient",
    "conv_weight_gradient": "weight_gradient",
}

refusal = refusal_of_images
KERNELS = {kernel.__name__: kernel for kernel in (conv, conv_input_gradient, conv_weight_gradient, im2col, col2im)}
