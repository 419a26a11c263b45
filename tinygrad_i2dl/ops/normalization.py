"""Normalization: activations brought to mean 0 and variance 1 over a batch, a sample, or groups of channels.

With mean mu and deviation s over m elements the result is ``y = weight * h + bias``, ``h = (x - mu) / s``, and its
gradient is ``dx = (u - mean(u) - h * mean(u * h)) / s`` with ``u = weight * dy`` (S. Ioffe and C. Szegedy, 2015, for a
batch; the other layers differ only in what the means are taken over). The kernels save mu and 1 / s; ``h`` is computed
anew from the input.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..errors import DtypeError, UndefinedError
from ..tensors import rebase
from ._define import composite, primitive
from .memory_order import contiguous
from .movement import reshape_to
from .pointwise import sqrt
from .precision import half_as_single, is_half
from .reduction import mean_over, sum_over
from .row_reduction import row_dot, row_sum

__all__ = ["group_norm", "instance_norm", "layer_norm", "rms_norm"]

Array = Any
Shape = tuple[int, ...]


def _wide(array: Array) -> Array:
    return array.astype(numpy.float32) if is_half(array) else array


def _vector(vector: Any, shape: Shape) -> Any:
    """A vector as it broadcasts along axis 1 of an array of `shape`."""
    return vector if len(shape) == 2 else reshape_to(vector, (shape[1],) + (1,) * (len(shape) - 2))


def _sums_beside_axis_1(xp: Any, array: Array) -> Array:
    """Sums over every axis but the second of a 2- or 3-dimensional array."""
    if array.ndim == 2:
        return xp.ones(array.shape[0], dtype=array.dtype) @ array
    return row_sum(xp, array).sum(axis=0)


def _dots_beside_axis_1(xp: Any, left: Array, right: Array) -> Array:
    """Sums of products over every axis but the second of 2- or 3-dimensional arrays."""
    if left.ndim == 2:
        return xp.einsum("nc,nc->c", left, right)
    return row_dot(xp, left, right).sum(axis=0)


# ---------------------------------------------------------------- over rows: layers, groups and instances


def _one_floating_dtype(input: Array, *vectors: Array) -> None:
    """Raise unless `input` is of floating-point numbers and the vectors, or None, are of its dtype."""
    if input.dtype.kind in "iub":
        raise UndefinedError(f"a normalization is not defined for {input.dtype} tensors: convert with .float()")
    for vector in vectors:
        if vector is not None and vector.dtype != input.dtype:
            raise DtypeError(
                f"a normalization needs one dtype, got an input of {input.dtype} and a weight or bias of "
                f"{vector.dtype}: convert the input, as in x.to(layer.weight.dtype)"
            )


@primitive("input", "weight", "bias")
@contiguous
@half_as_single
def normalize_rows(
    xp: Any,
    input: Array,
    weight: Array,
    bias: Array,
    length: int,
    affine: Shape,
    eps: float,
    centred: bool,
    saved: list[Any],
) -> Array:
    """``(x - mean) / sqrt(var + eps)`` of every row of `length` elements, then scaled and shifted.

    Args:
        weight, bias: vectors along axis 1 of the shape `affine`, or None.
        centred: False leaves the mean out, and divides by the root of the mean square.
        saved: receives the rows' means (None unless `centred`) and reciprocal deviations.
    """
    _one_floating_dtype(input, weight, bias)
    rows = input.reshape(-1, length)
    mean = None
    if centred:
        mean = row_sum(xp, rows) / rows.dtype.type(length)
        result = rows - mean[:, None]
        scale = row_dot(xp, result, result)
    else:
        scale = row_dot(xp, rows, rows)
    scale = 1 / xp.sqrt(scale / scale.dtype.type(length) + scale.dtype.type(eps))
    saved[:] = mean, scale
    result = rows * scale[:, None] if mean is None else xp.multiply(result, scale[:, None], out=result)
    result = result.reshape(affine)
    if weight is not None:
        result *= _vector(weight, affine)
    if bias is not None:
        result += _vector(bias, affine)
    return result.reshape(input.shape)


def _normalize_rows_backward(
    xp: Any,
    g: Array,
    input: Array,
    weight: Array,
    length: int,
    affine: Shape,
    eps: float,
    centred: bool,
    saved: Any,
    needs: Any,
) -> Any:
    mean, scale = saved
    dtype = input.dtype
    g = _wide(g).reshape(affine)
    rows = _wide(input).reshape(-1, length)
    of_bias = _sums_beside_axis_1(xp, g) if needs[2] else None
    if not (needs[0] or needs[1]):
        return None, None, of_bias
    if mean is None or _far_from_zero(mean, scale):
        if mean is not None:
            rows = rows - mean[:, None]
        mean = xp.zeros_like(scale)
    if len(affine) == 2:
        of_rows, of_weight = _rows_backward_by_products(xp, g, rows, weight, mean, scale, centred, needs)
    else:
        of_rows, of_weight = _rows_backward(xp, g, rows, weight, mean, scale, affine, needs)
    return None if of_rows is None else of_rows.reshape(input.shape).astype(dtype, copy=False), of_weight, of_bias


def _far_from_zero(mean: Array, scale: Array) -> bool:
    """Whether some mean exceeds 30 deviations: sums of products would lose digits, so the input is centred first."""
    return bool((abs(mean) * scale).max() > 30)


def _rows_backward_by_products(
    xp: Any, g: Array, rows: Array, weight: Array, mean: Array, scale: Array, centred: bool, needs: tuple[bool, ...]
) -> tuple[Any, Any]:
    """Gradients where the weight lies along the rows: all sums are products of a matrix and a vector.

    ``dx = s u + b x + c`` with ``u = weight g``, ``b = -s^2 mean(u h)`` and a number c for each row.
    """
    product = g * rows
    of_weight = None
    if needs[1]:
        of_weight = scale @ product - (mean * scale) @ g
    if not needs[0]:
        return None, of_weight
    wide = None if weight is None else _wide(weight)
    count = rows.dtype.type(rows.shape[1])
    sums = row_sum(xp, g) if wide is None else g @ wide
    dots = row_sum(xp, product) if wide is None else product @ wide
    dots = (dots - mean * sums) * scale / count
    slope = scale * scale * dots
    offset = slope * mean - scale * sums / count if centred else slope * mean
    xp.multiply(rows, slope[:, None], out=product)
    result = g * scale[:, None]
    if wide is not None:
        result *= wide
    result -= product
    if centred:
        result += offset[:, None]
    return result, of_weight


def _rows_backward(
    xp: Any, g: Array, rows: Array, weight: Array, mean: Array, scale: Array, affine: Shape, needs: tuple[bool, ...]
) -> tuple[Any, Any]:
    """Gradients where the weight lies along axis 1 of ``(N, C, S)``."""
    h = rows - mean[:, None]
    h *= scale[:, None]
    of_weight = _dots_beside_axis_1(xp, g, h.reshape(affine)) if needs[1] else None
    if not needs[0]:
        return None, of_weight
    u = (g if weight is None else g * _vector(_wide(weight), affine)).reshape(rows.shape)
    count = rows.dtype.type(rows.shape[1])
    h *= (row_dot(xp, u, h) / -count)[:, None]
    h += u
    h -= (row_sum(xp, u) / count)[:, None]
    h *= scale[:, None]
    return h, of_weight


@composite(fused=_normalize_rows_backward)
def normalize_rows_backward(
    g: Any, input: Any, weight: Any, length: int, affine: Shape, eps: float, centred: bool, saved: list[Any], needs: Any
) -> Any:
    """Gradients of `normalize_rows` by input, weight and bias (None where not in `needs`)."""
    rows = reshape_to(input, (-1, length) if length else (0, 0))
    deviation = rows - mean_over(rows, (1,), True) if centred else rows
    scale = 1 / sqrt(mean_over(deviation * deviation, (1,), True) + eps)
    h = deviation * scale
    g = reshape_to(g, affine)
    others = tuple(axis for axis in range(len(affine)) if axis != 1)
    of_bias = sum_over(g, others, False) if needs[2] else None
    of_weight = sum_over(g * reshape_to(h, affine), others, False) if needs[1] else None
    if not needs[0]:
        return None, of_weight, of_bias
    u = reshape_to(g if weight is None else g * _vector(weight, affine), tuple(rows.shape))
    of_rows = u - h * mean_over(u * h, (1,), True)
    if centred:
        of_rows = of_rows - mean_over(u, (1,), True)
    return reshape_to(of_rows * scale, tuple(input.shape)), of_weight, of_bias


@normalize_rows.gradient
def _(
    g: Any, needs: Any, input: Any, weight: Any, length: int, affine: Shape, eps: float, centred: bool, saved: list[Any]
) -> Any:
    return normalize_rows_backward(g, input, weight, length, affine, eps, centred, saved, needs)


normalize_rows.op.title = "NativeLayerNormBackward0"


def _trailing(name: str, input: Any, normalized_shape: Any, **parameters: Any) -> tuple[int, Shape]:
    """Length of the rows and the shape ``(rows, length)``; checks the sizes."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(int(size) for size in normalized_shape)
    if not shape:
        raise RuntimeError(f"{name}() expected normalized_shape to have at least one size, got {normalized_shape}")
    if tuple(input.shape[-len(shape) :]) != shape or input.ndim < len(shape):
        raise RuntimeError(
            f"{name}() expected an input of shape (*, {', '.join(map(str, shape))}), got {tuple(input.shape)}"
        )
    for parameter, vector in parameters.items():
        if vector is not None and tuple(vector.shape) != shape:
            raise RuntimeError(f"{name}() expected {parameter} of normalized_shape {shape}, got {tuple(vector.shape)}")
    length = math.prod(shape)
    return length, (math.prod(input.shape[: input.ndim - len(shape)]), length)


def _flat(vector: Any) -> Any:
    return vector if vector is None or vector.ndim == 1 else reshape_to(vector, (-1,))


@composite
def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Each sample's last dimensions brought to mean 0 and variance 1 (J. L. Ba et al., 2016).

    Args:
        input: ``(*, *normalized_shape)``.
        weight, bias: of `normalized_shape`, or None.

    >>> import tinygrad_i2dl as torch
    >>> torch.layer_norm(torch.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    length, affine = _trailing("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    if 0 in affine:
        return _without_elements(input, weight, bias)
    return normalize_rows(input, _flat(weight), _flat(bias), length, affine, eps, True, [])


@composite
def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """Each sample's last dimensions divided by the root of their mean square (B. Zhang and R. Sennrich, 2019).

    Args:
        input: ``(*, *normalized_shape)``.
        weight: of `normalized_shape`, or None.
        eps: added to the mean square; the machine epsilon of the input's dtype where it is None.
    """
    length, affine = _trailing("rms_norm", input, normalized_shape, weight=weight)
    if 0 in affine:
        return _without_elements(input, weight, None)
    if eps is None:
        dtype = input._array.dtype
        eps = float(numpy.finfo(dtype if dtype.kind == "f" and dtype.itemsize > 2 else numpy.float32).eps)
    return normalize_rows(input, _flat(weight), None, length, affine, eps, False, [])


def _without_elements(input: Any, weight: Any, bias: Any) -> Any:
    """What is left of a normalization where there is nothing to normalize, with its gradients of zeros."""
    result = input * 1
    for vector in (weight, bias):
        if vector is not None:
            result = result + sum_over(vector * 0, tuple(range(vector.ndim)), False)
    return result


def _check_channels(name: str, channels: int, **vectors: Any) -> None:
    for parameter, vector in vectors.items():
        if vector is not None and tuple(vector.shape) != (channels,):
            raise RuntimeError(
                f"{name}() expected {parameter} of shape ({channels},), one for each channel, got {tuple(vector.shape)}"
            )


@composite
def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Each sample's groups of channels brought to mean 0 and variance 1 (Y. Wu and K. He, 2018).

    Args:
        input: ``(N, C, *)``, C divisible by `num_groups`.
        weight, bias: ``(C,)`` or None.
    """
    if input.ndim < 2:
        raise RuntimeError(f"group_norm() expected an input of shape (N, C, *), got {tuple(input.shape)}")
    samples, channels = input.shape[:2]
    if num_groups <= 0 or channels % num_groups:
        raise RuntimeError(
            f"group_norm() expected a number of channels divisible by num_groups={num_groups}, got {channels}"
        )
    _check_channels("group_norm", channels, weight=weight, bias=bias)
    positions = math.prod(input.shape[2:])
    if not samples * channels * positions:
        return _without_elements(input, weight, bias)
    affine = (samples, channels, positions)
    return normalize_rows(input, weight, bias, channels // num_groups * positions, affine, eps, True, [])


@composite
def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel of each sample brought to mean 0 and variance 1 (D. Ulyanov et al., 2016).

    Args:
        input: ``(N, C, *)``.
        running_mean, running_var: ``(C,)`` or None; updated in place with the batch's averages, or used where not
            `use_input_stats`.
        weight, bias: ``(C,)`` or None.

    Raises:
        ValueError: there is one element per channel only, whose variance is zero.
    """
    if input.ndim < 2:
        raise RuntimeError(f"instance_norm() expected an input of shape (N, C, *), got {tuple(input.shape)}")
    samples, channels = input.shape[:2]
    positions = math.prod(input.shape[2:])
    _check_channels(
        "instance_norm", channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError("instance_norm() needs running_mean and running_var where use_input_stats is False")
        return _with_running_statistics(input, running_mean, running_var, weight, bias, eps)
    if positions == 1:
        raise ValueError(
            f"instance_norm() expected more than one element per channel, got an input of shape {tuple(input.shape)}"
        )
    if not samples * channels * positions:
        return _without_elements(input, weight, bias)
    saved: list[Any] = []
    result = normalize_rows(input, weight, bias, positions, (samples, channels, positions), eps, True, saved)
    if running_mean is not None or running_var is not None:
        mean, scale = (each.reshape(samples, channels) for each in saved)
        variance = 1 / (scale * scale) - eps
        _update(running_mean, running_var, mean.mean(axis=0), variance.mean(axis=0), positions, momentum)
    return result


# ---------------------------------------------------------------- over channels: batches


@primitive("input", "weight", "bias")
@contiguous
@half_as_single
def normalize_channels(xp: Any, input: Array, weight: Array, bias: Array, eps: float, saved: list[Any]) -> Array:
    """``(x - mean) / sqrt(var + eps)`` of every channel, then scaled and shifted.

    Args:
        input: ``(N, C)`` or ``(N, C, S)``.
        weight, bias: ``(C,)`` or None.
        saved: receives the channels' means, variances and reciprocal deviations.
    """
    _one_floating_dtype(input, weight, bias)
    shape = input.shape
    count = input.dtype.type(input.size // shape[1])
    mean = _sums_beside_axis_1(xp, input) / count
    result = input - _vector(mean, shape)
    variance = _dots_beside_axis_1(xp, result, result) / count
    scale = 1 / xp.sqrt(variance + variance.dtype.type(eps))
    saved[:] = mean, variance, scale
    result *= _vector(scale if weight is None else scale * weight, shape)
    if bias is not None:
        result += _vector(bias, shape)
    return result


def _worth_samples(xp: Any, array: Array) -> bool:
    """Whether ``(N, C, S)`` exceeds the cache but a sample does not: steps then run faster one sample at a time."""
    if xp is not numpy or array.ndim != 3 or array.size < 1 << 20 or array.dtype.itemsize < 4:
        return False
    return 1 << 13 <= int(array[0].size) <= 1 << 18


def _normalize_channels_backward(
    xp: Any, g: Array, input: Array, weight: Array, eps: float, saved: list[Any], needs: tuple[bool, ...]
) -> Any:
    """``dx = a g + b x + c`` with a number of each for every channel."""
    mean, _, scale = saved
    dtype, shape = input.dtype, input.shape
    g, x = _wide(g), _wide(input)
    sums = _sums_beside_axis_1(xp, g)
    if not (needs[0] or needs[1]):
        return None, None, sums
    if _far_from_zero(mean, scale):
        x, mean = x - _vector(mean, shape), xp.zeros_like(mean)
    dots = (_dots_beside_axis_1(xp, g, x) - mean * sums) * scale
    if not needs[0]:
        return None, dots, sums
    count = mean.dtype.type(input.size // shape[1])
    a = scale if weight is None else scale * _wide(weight)
    b = a * scale * dots / -count
    c = _vector(-a * sums / count - b * mean, shape)
    a, b = _vector(a, shape), _vector(b, shape)
    if _worth_samples(xp, x):
        result, part = numpy.empty_like(x), numpy.empty_like(x[0])
        for of_sample, each, slope in zip(result, x, g, strict=True):
            numpy.multiply(each, b, out=of_sample)
            of_sample += c
            of_sample += numpy.multiply(slope, a, out=part)
    else:
        result = x * b
        result += c
        result += g * a
    return result.astype(dtype, copy=False), dots if needs[1] else None, sums if needs[2] else None


@composite(fused=_normalize_channels_backward)
def normalize_channels_backward(
    g: Any, input: Any, weight: Any, eps: float, saved: list[Any], needs: tuple[bool, ...]
) -> Any:
    """Gradients of `normalize_channels` by input, weight and bias (None where not in `needs`)."""
    shape = tuple(input.shape)
    others = tuple(axis for axis in range(len(shape)) if axis != 1)
    deviation = input - mean_over(input, others, True)
    scale = 1 / sqrt(mean_over(deviation * deviation, others, True) + eps)
    h = deviation * scale
    of_bias = sum_over(g, others, False) if needs[2] else None
    of_weight = sum_over(g * h, others, False) if needs[1] else None
    if not needs[0]:
        return None, of_weight, of_bias
    u = g if weight is None else g * _vector(weight, shape)
    return (u - mean_over(u, others, True) - h * mean_over(u * h, others, True)) * scale, of_weight, of_bias


@normalize_channels.gradient
def _(g: Any, needs: Any, input: Any, weight: Any, eps: float, saved: list[Any]) -> Any:
    return normalize_channels_backward(g, input, weight, eps, saved, needs)


normalize_channels.op.title = "NativeBatchNormBackward0"


@primitive("input", "scale", "shift")
@contiguous
@half_as_single
def scale_channels(xp: Any, input: Array, scale: Array, shift: Array) -> Array:
    """``input * scale + shift`` with vectors along axis 1."""
    scale, shift = _vector(scale, input.shape), _vector(shift, input.shape)
    if _worth_samples(xp, input):
        result = xp.empty_like(input)
        for of_sample, sample in zip(result, input, strict=True):
            xp.multiply(sample, scale, out=of_sample)
            of_sample += shift
        return result
    result = input * scale
    result += shift
    return result


@scale_channels.gradient
def _(g: Any, needs: Any, input: Any, scale: Any) -> Any:
    others = tuple(axis for axis in range(g.ndim) if axis != 1)
    return (
        g * _vector(scale, tuple(g.shape)) if needs[0] else None,
        sum_over(g * input, others, False) if needs[1] else None,
        sum_over(g, others, False) if needs[2] else None,
    )


def _with_running_statistics(input: Any, mean: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Any:
    scale = 1 / sqrt(variance + eps)
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale
    shape = tuple(input.shape)
    flat = input if len(shape) <= 3 else reshape_to(input, (*shape[:2], math.prod(shape[2:])))
    result = scale_channels(flat, scale, shift if bias is None else shift + bias)
    return result if len(shape) <= 3 else reshape_to(result, shape)


def _update(running_mean: Any, running_var: Any, mean: Array, variance: Array, count: int, momentum: float) -> None:
    """Move the running statistics towards the batch's (the unbiased variance), in place."""
    for running, value in (
        (running_mean, mean),
        (running_var, variance * (count / (count - 1)) if count > 1 else variance * math.nan),
    ):
        if running is not None:
            array = running._array
            array *= array.dtype.type(1 - momentum)
            array += (momentum * value).astype(array.dtype, copy=False)
            rebase(running, None)


@composite
def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel brought to mean 0 and variance 1 over the batch (S. Ioffe and C. Szegedy, 2015).

    Args:
        input: ``(N, C, *)``.
        running_mean, running_var: ``(C,)`` or None; moved in place by `momentum` towards the batch's mean and unbiased
            variance if `training`, else used in their place.
        weight, bias: ``(C,)`` or None.

    Raises:
        ValueError: `training` with one element per channel, whose variance is zero.
        RuntimeError: a size does not fit, or statistics are missing outside of training.
    """
    if input.ndim < 2:
        if not input._array.size:
            return _without_elements(input, weight, bias)
        raise RuntimeError(f"batch_norm() expected an input of shape (N, C, *), got {tuple(input.shape)}")
    shape = tuple(input.shape)
    channels = shape[1]
    count = shape[0] * math.prod(shape[2:])
    if training and eps <= 0:
        raise ValueError(f"batch_norm() expected eps > 0 for training, got {eps}")
    if training and count == 1:
        raise ValueError(
            f"batch_norm() expected more than one element per channel for training, got an input of shape {shape}"
        )
    _check_channels(
        "batch_norm", channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("batch_norm() needs running_mean and running_var outside of training")
        return _with_running_statistics(input, running_mean, running_var, weight, bias, eps)
    if not count * channels:
        return _without_elements(input, weight, bias)
    saved: list[Any] = []
    flat = input if input.ndim <= 3 else reshape_to(input, (shape[0], channels, count // shape[0]))
    result = normalize_channels(flat, weight, bias, eps, saved)
    if running_mean is not None or running_var is not None:
        _update(running_mean, running_var, saved[0], saved[1], count, momentum)
    return result if input.ndim <= 3 else reshape_to(result, shape)


# ---------------------------------------------------------------- across channels


@primitive("input")
@half_as_single
def sum_window(xp: Any, input: Array, before: int, after: int) -> Array:
    """Sums over the channels ``c - before`` to ``c + after`` (those that exist) of ``(N, C, *)``."""
    channels = input.shape[1]
    result = input.copy()
    for step in range(1, min(before, channels - 1) + 1):
        result[:, step:] += input[:, :-step]
    for step in range(1, min(after, channels - 1) + 1):
        result[:, :-step] += input[:, step:]
    return result


sum_window.gradient(lambda g, before, after: sum_window(g, after, before))


@composite
def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """``x / (k + alpha * mean(x^2))^beta``, the mean over `size` neighbouring channels (A. Krizhevsky et al., 2012).

    Args:
        input: ``(N, C, *)`` with at least three dimensions.

    Raises:
        ValueError: `input` has fewer dimensions.
    """
    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm() expected an input of shape (N, C, *) with 3 dimensions or more, got "
            f"{tuple(input.shape)}"
        )
    if not math.prod(input.shape):
        return input
    total = sum_window(input * input, size // 2, (size - 1) // 2)
    mean = total / size if input.dtype.is_floating_point else total // size
    return input / (mean * alpha + k) ** beta
