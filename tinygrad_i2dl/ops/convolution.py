"""Convolutions of one, two and three spatial dimensions, and their transposes.

Three primitives carry everything: `conv`, `conv_input_gradient` and `conv_weight_gradient`. Each is linear in both of
its tensors, and the derivatives of each are the two others, so that every order of differentiation stays among them.
Transposed convolution is `conv_input_gradient` under its public name.
"""

from __future__ import annotations

import functools
from math import prod
from typing import Any

from ..errors import DtypeError, ShapeError
from ._define import composite, primitive
from .movement import reshape_to
from .padding import constant_pad
from .precision import half_as_single
from .reduction import sum_over
from .windows import (
    Sizes,
    add_flat_windows,
    add_windows,
    count_windows,
    flat_reach,
    flat_windows,
    offsets,
    padded,
    sizes_of,
    slices_at,
    span,
    text,
    unpadded,
    windows,
)

Array = Any

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

CHUNK = 1 << 18  # elements of unfolded windows made at a time: 1 MB of float32, which stays in the cache


# ---------------------------------------------------------------- kernels


def is_depthwise(channels: int, groups: int) -> bool:
    """Whether each group has a single input channel: then sums of shifted copies beat products of unfolded windows."""
    return groups > 1 and channels == groups


def is_pointwise(kernel: Sizes, stride: Sizes, padding: Sizes) -> bool:
    """Whether windows are single elements: then the input is its own unfolding."""
    return not any(padding) and set(kernel) == {1} == set(stride)


def lines_of(room: Sizes, counts: Sizes, stride: Sizes) -> Sizes | None:
    """Size of the result's planes with lines as long as the padded input's, if working on such lines pays; else None.

    With windows at distance 1, flattened planes can be worked on as a whole, including the windows that run over the
    end of a line and mean nothing: worth it while those are few.
    """
    lines = (counts[0], *room[1:])
    return lines if len(counts) > 1 and set(stride) == {1} and prod(lines) <= 2 * prod(counts) else None


def cropped(array: Array, counts: Sizes) -> Array:
    """The part of planes with long lines that means something."""
    return array[(Ellipsis, *[slice(n) for n in counts])]


def with_long_lines(xp: Any, grad: Array, lines: Sizes, reach: int) -> Array:
    """``(N, O, *counts)`` with zeros at the end of each line, planes flattened: ``(N, O, reach)``."""
    wide = xp.zeros((*grad.shape[:2], *lines), dtype=grad.dtype)
    cropped(wide, grad.shape[2:])[...] = grad
    return wide.reshape(*grad.shape[:2], prod(lines))[..., :reach]


def per_chunk(columns_per_sample: int, samples: int) -> int:
    return max(1, min(samples, CHUNK // max(1, columns_per_sample)))


@primitive("input", "weight", "bias")
@half_as_single
def conv(
    xp: Any,
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """Convolution (in the field's sense: cross-correlation) over the last dimensions.

    ``out[n, o, q] = bias[o] + sum over c, k of weight[o, c, k] * input[n, c, q * stride + k * dilation - padding]``
    (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016).

    Args:
        input: ``(N, C, *spatial)``.
        weight: ``(O, C / groups, *kernel)``.
        bias: ``(O,)`` or None.
        stride, padding, dilation: one integer for each spatial dimension.
    """
    kernel, samples, outputs = weight.shape[2:], input.shape[0], weight.shape[0]
    counts = count_windows(input.shape[2:], kernel, stride, padding, dilation)
    source = padded(xp, input, padding)
    result = xp.empty((samples, outputs, *counts), dtype=input.dtype)
    if is_depthwise(input.shape[1], groups):
        many = result.reshape(samples, groups, outputs // groups, *counts)
        many[...] = 0
        factors = weight.reshape(groups, outputs // groups, *kernel)
        ones = (1,) * len(kernel)
        share = xp.empty_like(many)
        for offset in offsets(kernel):
            factor = factors[(slice(None), slice(None), *offset)].reshape(groups, outputs // groups, *ones)
            taken = source[slices_at(offset, counts, stride, dilation)][:, :, None]
            many += xp.multiply(taken, factor, out=share)
    else:
        rows = prod(weight.shape[1:])
        matrices = weight.reshape(groups, outputs // groups, rows)
        if is_pointwise(kernel, stride, padding):
            xp.matmul(
                matrices,
                source.reshape(samples, groups, rows, prod(counts)),
                out=result.reshape(samples, groups, outputs // groups, prod(counts)),
            )
        else:
            lines = lines_of(source.shape[2:], counts, stride)
            if lines is None:
                view = windows(xp, source, kernel, counts, stride, dilation)
            else:
                view = flat_windows(xp, source, kernel, counts, dilation)
            size = prod(counts) if lines is None else view.shape[-1]
            step = per_chunk(rows * groups * size, samples)
            columns = xp.empty((step, *view.shape[1:]), dtype=input.dtype)
            wide = None if lines is None else xp.empty((step, outputs, prod(lines)), dtype=input.dtype)
            for start in range(0, samples, step):
                part = result[start : start + step]
                some = part.shape[0]
                xp.copyto(columns[:some], view[start : start + step])
                unfolded = columns[:some].reshape(some, groups, rows, size)
                if lines is None or wide is None:
                    xp.matmul(matrices, unfolded, out=part.reshape(some, groups, outputs // groups, size))
                else:
                    into = wide[:some]
                    xp.matmul(matrices, unfolded, out=into.reshape(some, groups, outputs // groups, -1)[..., :size])
                    part[...] = cropped(into.reshape(some, outputs, *lines), counts)
    if bias is not None:
        result += bias.reshape(-1, *(1,) * len(kernel))
    return result


@primitive("grad", "weight")
@half_as_single
def conv_input_gradient(
    xp: Any, grad: Array, weight: Array, input_shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    """Gradient of `conv` by its input, for the gradient `grad` of its result: transposed convolution.

    Args:
        grad: ``(N, O, *counts)``.
        weight: ``(O, C / groups, *kernel)``.
        input_shape: ``(N, C, *spatial)``, the shape of the result.
    """
    kernel, samples, outputs = weight.shape[2:], grad.shape[0], weight.shape[0]
    spatial, counts = tuple(input_shape[2:]), grad.shape[2:]
    if is_depthwise(input_shape[1], groups):
        shape = tuple([n + 2 * p for n, p in zip(spatial, padding, strict=True)])
        sums = xp.zeros((samples, groups, *shape), dtype=grad.dtype)
        many = grad.reshape(samples, groups, outputs // groups, *counts)
        factors = weight.reshape(groups, outputs // groups, *kernel)
        share = xp.empty_like(many)
        for offset in offsets(kernel):
            factor = factors[(slice(None), slice(None), *offset)].reshape(
                groups, outputs // groups, *(1,) * len(kernel)
            )
            xp.multiply(many, factor, out=share)
            sums[slices_at(offset, counts, stride, dilation)] += (
                share[:, :, 0] if outputs == groups else share.sum(axis=2)
            )
        return unpadded(sums, padding, spatial)
    rows = prod(weight.shape[1:])
    matrices = weight.reshape(groups, outputs // groups, rows).swapaxes(1, 2)
    if is_pointwise(kernel, stride, padding) and spatial == counts:
        per_group = grad.reshape(samples, groups, outputs // groups, prod(counts))
        return xp.matmul(matrices, per_group).reshape(input_shape)
    room = tuple([n + 2 * p for n, p in zip(spatial, padding, strict=True)])
    lines = lines_of(room, counts, stride)
    size = prod(counts) if lines is None else flat_reach(room, counts)
    step = per_chunk(rows * groups * size, samples)
    result = xp.empty(input_shape, dtype=grad.dtype)
    for start in range(0, samples, step):
        part = grad[start : start + step]
        if lines is not None:
            part = with_long_lines(xp, part, lines, size)
        columns = xp.matmul(matrices, part.reshape(part.shape[0], groups, outputs // groups, size))
        if lines is None:
            columns = columns.reshape(columns.shape[0], input_shape[1], *kernel, *counts)
            result[start : start + step] = add_windows(xp, columns, spatial, kernel, stride, padding, dilation)
        else:
            columns = columns.reshape(columns.shape[0], input_shape[1], *kernel, size)
            sums = add_flat_windows(xp, columns, room, kernel, dilation)
            result[start : start + step] = unpadded(sums, padding, spatial)
    return result


@primitive("grad", "input")
@half_as_single
def conv_weight_gradient(
    xp: Any, grad: Array, input: Array, weight_shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    """Gradient of `conv` by its weight, for the gradient `grad` of its result.

    Args:
        grad: ``(N, O, *counts)``.
        input: ``(N, C, *spatial)``.
        weight_shape: ``(O, C / groups, *kernel)``, the shape of the result.
    """
    kernel, samples, outputs = tuple(weight_shape[2:]), grad.shape[0], weight_shape[0]
    counts, dims = grad.shape[2:], len(weight_shape) - 2
    per_output = outputs // groups
    source = padded(xp, input, padding)
    if is_depthwise(input.shape[1], groups):
        result = xp.empty(weight_shape, dtype=grad.dtype)
        many = grad.reshape(samples, groups, per_output, prod(counts))
        for offset in offsets(kernel):
            taken = source[slices_at(offset, counts, stride, dilation)].reshape(samples, groups, prod(counts), 1)
            result[(slice(None), 0, *offset)] = xp.matmul(many, taken).sum(axis=0).reshape(outputs)
        return result
    rows = prod(weight_shape[1:])
    lines = lines_of(source.shape[2:], counts, stride)
    if lines is None:
        view = windows(xp, source, kernel, counts, stride, dilation)
    else:
        view = flat_windows(xp, source, kernel, counts, dilation)
    size = prod(counts) if lines is None else view.shape[-1]
    # channels and offsets first, samples with the windows
    order = (1, *range(2, 2 + dims), 0, *range(2 + dims, view.ndim))
    step = per_chunk(rows * groups * size, samples)
    total = xp.zeros((groups, per_output, rows), dtype=grad.dtype)
    for start in range(0, samples, step):
        columns = view[start : start + step].transpose(order).reshape(groups, rows, -1)
        part = grad[start : start + step]
        if lines is not None:
            part = with_long_lines(xp, part, lines, size)
        part = part.swapaxes(0, 1).reshape(groups, per_output, -1)
        total += xp.matmul(part, columns.swapaxes(1, 2))
    return total.reshape(weight_shape)


conv.op.title = "ConvolutionBackward0"
conv.gradient(
    input=lambda g, weight, input_shape, stride, padding, dilation, groups: conv_input_gradient(
        g, weight, input_shape, stride, padding, dilation, groups
    ),
    weight=lambda g, input, weight_shape, stride, padding, dilation, groups: conv_weight_gradient(
        g, input, weight_shape, stride, padding, dilation, groups
    ),
    bias=lambda g: sum_over(g, (0, *range(2, g.ndim)), False),
)
conv_input_gradient.op.title = "ConvolutionBackward0"
conv_input_gradient.gradient(
    grad=lambda g, weight, stride, padding, dilation, groups: conv(g, weight, None, stride, padding, dilation, groups),
    weight=lambda g, grad, weight_shape, stride, padding, dilation, groups: conv_weight_gradient(
        grad, g, weight_shape, stride, padding, dilation, groups
    ),
)
conv_weight_gradient.gradient(
    grad=lambda g, input, stride, padding, dilation, groups: conv(input, g, None, stride, padding, dilation, groups),
    input=lambda g, grad, input_shape, stride, padding, dilation, groups: conv_input_gradient(
        grad, g, input_shape, stride, padding, dilation, groups
    ),
)


# ---------------------------------------------------------------- public functions


def check(op: str, dims: int, input: Any, weight: Any, bias: Any, groups: int, transposed: bool = False) -> None:
    """Raise unless the ranks, dtypes and channels of a convolution's tensors fit together."""
    check_shapes(op, dims, input.shape, weight.shape, None if bias is None else bias.shape, groups, transposed)
    if input.dtype != weight.dtype or (bias is not None and bias.dtype != weight.dtype):
        got = f"{input.dtype}, {weight.dtype}" + ("" if bias is None else f", {bias.dtype}")
        raise DtypeError(f"{op}(): input, weight and bias must have one dtype, got {got}")


@functools.lru_cache(maxsize=1024)  # a network asks for the same few shapes again and again
def check_shapes(
    op: str, dims: int, input: Sizes, weight: Sizes, bias: Sizes | None, groups: int, transposed: bool
) -> None:
    """Raise unless the shapes of a convolution's tensors have the right ranks and channels."""
    if len(weight) != dims + 2:
        shape = "(in, out / groups, *kernel)" if transposed else "(out, in / groups, *kernel)"
        raise ShapeError(f"{op}(): weight must have {dims + 2} dimensions {shape}, got shape {tuple(weight)}")
    if len(input) not in (dims + 1, dims + 2):
        raise ShapeError(
            f"{op}(): input must have {dims + 2} dimensions (batch, channels, *spatial), or {dims + 1} without a "
            "batch, "
            f"got shape {tuple(input)}"
        )
    if groups < 1:
        raise RuntimeError(f"{op}(): groups must be positive, got {groups}")
    if weight[0] % groups or weight[0] < groups:
        raise ShapeError(
            f"{op}(): the first size of weight must be a multiple of groups={groups}, got weight of shape "
            f"{tuple(weight)}"
        )
    channels = input[len(input) - dims - 1]
    expected = weight[0] if transposed else weight[1] * groups
    if channels != expected:
        raise ShapeError(
            f"{op}(): weight of shape {tuple(weight)} with groups={groups} needs an input of {expected} "
            "channels, "
            f"got {channels} in input of shape {tuple(input)}"
        )
    outputs = weight[1] * groups if transposed else weight[0]
    if bias is not None and tuple(bias) != (outputs,):
        raise ShapeError(f"{op}(): bias must have shape ({outputs},), one for each output channel, got {tuple(bias)}")


@functools.lru_cache(maxsize=1024)
def check_windows(op: str, input: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> None:
    """Raise unless a window of a convolution fits into its padded input, given by its shape."""
    check_steps(op, stride, padding, dilation)
    room = tuple([n + 2 * p for n, p in zip(input[len(input) - len(kernel) :], padding, strict=True)])
    reach = span(kernel, dilation)
    if any(r > n for r, n in zip(reach, room, strict=True)):
        gaps = f" (it reaches over {text(reach)} with dilation {dilation})" if reach != kernel else ""
        raise ShapeError(
            f"{op}(): kernel {text(kernel)}{gaps} is larger than the padded input {text(room)} "
            f"(input of shape {tuple(input)}, padding {padding})"
        )


def check_steps(op: str, stride: Sizes, padding: Sizes, dilation: Sizes) -> None:
    if min(stride) < 1:
        raise RuntimeError(f"{op}(): stride must be positive, got {stride}")
    if min(padding) < 0:
        raise RuntimeError(f"{op}(): padding must not be negative, got {padding}")
    if min(dilation) < 1:
        raise RuntimeError(f"{op}(): dilation must be positive, got {dilation}")


def convolve(
    op: str, dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """What conv1d, conv2d and conv3d share."""
    check(op, dims, input, weight, bias, groups)
    stride = sizes_of(stride, dims, op, "stride")
    dilation = sizes_of(dilation, dims, op, "dilation")
    shape = tuple(input.shape)
    kernel = tuple(weight.shape[2:])
    batched = len(shape) == dims + 2
    if not batched:
        input = reshape_to(input, (1, *shape))
    if isinstance(padding, str):
        if padding == "same":
            if set(stride) != {1}:
                raise RuntimeError(
                    f"{op}(): padding='same' needs stride 1, got {stride}: windows further apart cannot keep the size"
                )
            if min(dilation) < 1:
                raise RuntimeError(f"{op}(): dilation must be positive, got {dilation}")
            totals = tuple([reach - 1 for reach in span(kernel, dilation)])
            padding = tuple([total // 2 for total in totals])
            if any(total % 2 for total in totals):  # an odd total: one more on the far side
                input = constant_pad(input, tuple([x for total in reversed(totals) for x in (0, total % 2)]), 0)
        elif padding == "valid":
            padding = (0,) * dims
        else:
            raise RuntimeError(f"{op}(): padding must be integers, 'same' or 'valid', got {padding!r}")
    else:
        padding = sizes_of(padding, dims, op, "padding")
    check_windows(op, input.shape, kernel, stride, padding, dilation)
    result = conv(input, weight, bias, stride, padding, dilation, groups)
    return result if batched else reshape_to(result, tuple(result.shape[1:]))


@composite
def conv1d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Convolution over the last dimension; arguments as `conv2d`'s with one spatial dimension.

    >>> import tinygrad_i2dl as torch
    >>> torch.conv1d(torch.arange(4.0).reshape(1, 1, 4), torch.ones(1, 1, 2))
    tensor([[[1., 3., 5.]]])
    """
    return convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@composite
def conv2d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Convolution over the last two dimensions.

    ``out[n, o, q] = bias[o] + sum over c, k of weight[o, c, k] * input[n, c, q * stride + k * dilation - padding]``
    (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016).

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        weight: ``(O, C / groups, kH, kW)``.
        bias: ``(O,)`` or None.
        stride: distance of the windows, an integer or one for each dimension.
        padding: zeros added on both sides; ``"same"`` keeps the size (stride 1 only), ``"valid"`` adds none.
        dilation: distance of the elements inside a window.
        groups: input and output channels are connected in so many separate groups.

    Raises:
        RuntimeError: shapes, dtypes or sizes do not fit together.

    >>> import tinygrad_i2dl as torch
    >>> torch.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2), torch.tensor([0.5]))
    tensor([[[[4.5000, 4.5000],
              [4.5000, 4.5000]]]])
    """
    return convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@composite
def conv3d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Convolution over the last three dimensions; arguments as `conv2d`'s with three spatial dimensions."""
    return convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def convolve_transposed(
    op: str,
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    """What conv_transpose1d, conv_transpose2d and conv_transpose3d share."""
    check(op, dims, input, weight, bias, groups, transposed=True)
    stride = sizes_of(stride, dims, op, "stride")
    padding = sizes_of(padding, dims, op, "padding")
    dilation = sizes_of(dilation, dims, op, "dilation")
    extra = sizes_of(output_padding, dims, op, "output_padding")
    check_steps(op, stride, padding, dilation)
    if min(extra) < 0:
        raise RuntimeError(f"{op}(): output_padding must not be negative, got {extra}")
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise RuntimeError(
            f"{op}(): output_padding must be smaller than stride or dilation, got output_padding {extra}, stride "
            f"{stride}, "
            f"dilation {dilation}"
        )
    batched = input.ndim == dims + 2
    if not batched:
        input = reshape_to(input, (1, *input.shape))
    reach = span(tuple(weight.shape[2:]), dilation)
    spatial = tuple(
        [
            (n - 1) * s - 2 * p + r + e
            for n, s, p, r, e in zip(input.shape[2:], stride, padding, reach, extra, strict=True)
        ]
    )
    if min(spatial) < 1:
        raise ShapeError(
            f"{op}(): the result would have size {text(spatial)}: padding {padding} takes away more than input of "
            "shape "
            f"{tuple(input.shape)} and kernel {text(tuple(weight.shape[2:]))} make"
        )
    if any(e >= s for e, s in zip(extra, stride, strict=True)):  # room for more windows than there are: these are zero
        more = [e // s for e, s in zip(extra, stride, strict=True)]
        input = constant_pad(input, tuple([x for m in reversed(more) for x in (0, m)]), 0)
    shape = (input.shape[0], weight.shape[1] * groups, *spatial)
    result = conv_input_gradient(input, weight, shape, stride, padding, dilation, groups)
    if bias is not None:
        result = result + reshape_to(bias, (bias.shape[0], *(1,) * dims))
    return result if batched else reshape_to(result, tuple(result.shape[1:]))


@composite
def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Transposed convolution over the last dimension; arguments as `conv_transpose2d`'s with one spatial dimension."""
    return convolve_transposed(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@composite
def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Transposed convolution over the last two dimensions: the gradient of a convolution by its input, used as a layer.

    The result has the size ``(size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``
    (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016).

    Args:
        input: ``(N, C, H, W)`` or ``(C, H, W)``.
        weight: ``(C, O / groups, kH, kW)``.
        bias: ``(O,)`` or None.
        output_padding: added to the result's size on one side; decides among the sizes that one convolution maps to the
            same.

    Raises:
        RuntimeError: shapes, dtypes or sizes do not fit together.

    >>> import tinygrad_i2dl as torch
    >>> torch.conv_transpose2d(torch.ones(1, 1, 1, 2), torch.ones(1, 1, 1, 2), stride=(1, 2))
    tensor([[[[1., 1., 1., 1.]]]])
    """
    return convolve_transposed(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@composite
def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Transposed convolution over the last three dimensions; arguments as `conv_transpose2d`'s with three spatial
    dimensions."""
    return convolve_transposed(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )
