"""Initial values of parameters: the namespace ``torch.nn.init``.

Every function fills its tensor in place, unrecorded, and returns it. From the same seed the numbers are PyTorch's.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy

from ..engine.mode import no_grad
from ..generator import Generator, default_generator
from ..missing import missing_name
from ..ops.creation import zeros
from ..ops.placement import beside
from ..ops.random import drawing
from ..tensors import Parameter, Tensor, make

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

_GAIN_ONE = frozenset(
    (
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "sigmoid",
    )
)


def new_parameter(*shape: int, device: Any = None, dtype: Any = None) -> Parameter:
    """A parameter whose values its module sets next (``reset_parameters``)."""
    return Parameter(zeros(shape, device=device, dtype=dtype))


def _write(tensor: Tensor, values: Any) -> Tensor:
    """Store an array in `tensor`, unrecorded."""
    with no_grad():
        tensor.copy_(make(beside(values, tensor._array)))
    return tensor


def _fill(tensor: Tensor, value: Any) -> Tensor:
    with no_grad():
        tensor.fill_(value)
    return tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which the standard deviation of weights before a non-linearity grows so that signals keep their
    size.

    1 for linear layers and sigmoid, 5/3 for tanh, ``sqrt(2)`` for relu, ``sqrt(2 / (1 + slope**2))`` for leaky_relu
    (`param` is the slope, 0.01 by default) and 3/4 for selu (K. He et al., Delving deep into rectifiers, 2015).

    >>> calculate_gain("leaky_relu", 1.0)
    1.0

    Raises:
        ValueError: an unknown name, or a slope that is not a number.
    """
    if nonlinearity in _GAIN_ONE:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope must be a number, got {param!r}")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    known = sorted((*_GAIN_ONE, "tanh", "relu", "leaky_relu", "selu"))
    raise ValueError(f"unsupported nonlinearity {nonlinearity!r}: expected one of {', '.join(known)}")


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers drawn uniformly from ``[a, b)``.

    >>> import tinygrad_i2dl as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.init.uniform_(torch.zeros(2), -1.0, 1.0)
    tensor([-0.0075,  0.5364])
    """
    array = tensor._array
    return _write(tensor, drawing(generator, tensor.device).uniform(array.shape, array.dtype, a, b))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers drawn from the normal distribution of this mean and standard deviation."""
    array = tensor._array
    return _write(tensor, drawing(generator, tensor.device).normal(array.shape, array.dtype, mean, std))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with numbers of the normal distribution that lie in ``[a, b]``; others are drawn again.

    Where more than 30 % of the distribution lies inside, normal numbers are drawn until they fit; else uniform
    numbers of
    ``[a, b]`` are accepted with probability ``pdf(x) / max pdf`` (rejection sampling, J. von Neumann, 1951).
    """

    def below(x: float) -> float:
        return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0

    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            f"trunc_normal_: the mean ({mean}) lies more than 2 std from [{a}, {b}]; the values may be distributed "
            f"wrongly",
            stacklevel=2,
        )
    source = generator or default_generator
    shape, dtype = tensor._array.shape, tensor._array.dtype
    if below((b - mean) / std) - below((a - mean) / std) > 0.3:
        low, high = dtype.type(a), dtype.type(b)
        values = source.normal(shape, dtype, mean, std)
        while (outside := (values < low) | (values > high)).any():
            values = numpy.where(outside, source.normal(shape, dtype, mean, std), values)
        return _write(tensor, values)
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2

    def accepted(candidates: Any) -> Any:
        with numpy.errstate(divide="ignore"):
            return numpy.log(source.uniform(shape, dtype)) <= ((candidates - mean) / std) ** 2 * -0.5 - peak

    values = source.uniform(shape, dtype, a, b)
    pending = ~accepted(values)
    while pending.any():
        candidates = source.uniform(shape, dtype, a, b)
        values = numpy.where(pending, candidates, values)
        pending &= ~accepted(candidates)
    return _write(tensor, values)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with `val`."""
    return _fill(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1."""
    return _fill(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return _fill(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: a linear layer then passes its input on.

    Raises:
        ValueError: the tensor does not have 2 dimensions.
    """
    _need_matrix("eye_", tensor)
    return _write(tensor, numpy.eye(*tensor._array.shape, dtype=tensor._array.dtype))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight ``(out, in, *kernel)`` so that it passes its input on: 1 in the middle of the
    kernel of channel i to i.

    Raises:
        ValueError: not 3, 4 or 5 dimensions, or dimension 0 is not divisible by `groups`.
    """
    shape = tensor._array.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"dirac_ needs a tensor of 3, 4 or 5 dimensions, got shape {shape}")
    if shape[0] % groups:
        raise ValueError(f"dirac_: dimension 0 must be divisible by groups, got {shape[0]} and groups={groups}")
    per_group = shape[0] // groups
    values = numpy.zeros(shape, dtype=tensor._array.dtype)
    middle = tuple(size // 2 for size in shape[2:])
    for group in range(groups):
        for channel in range(min(per_group, shape[1])):
            values[(group * per_group + channel, channel, *middle)] = 1
    return _write(tensor, values)


def _need_matrix(name: str, tensor: Tensor) -> None:
    if tensor.ndim != 2:
        raise ValueError(f"{name} needs a tensor of 2 dimensions, got shape {tuple(tensor.shape)}")


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed one output, and how many outputs one input feeds, of a weight ``(out, in, *kernel)``."""
    shape = tensor._array.shape
    if len(shape) < 2:
        raise ValueError(f"fan in and fan out need a tensor of at least 2 dimensions, got shape {shape}")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    lowered = mode.lower()
    if lowered not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if lowered == "fan_in" else fan_out


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill uniformly from ``[-a, a]``, ``a = gain * sqrt(6 / (fan_in + fan_out))`` (X. Glorot and Y. Bengio, 2010)."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill from the normal distribution of standard deviation ``gain * sqrt(2 / (fan_in + fan_out))`` (X. Glorot and
    Y. Bengio, 2010).
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill uniformly from ``[-b, b]``, ``b = gain * sqrt(3 / fan)`` (K. He et al., 2015).

    Args:
        tensor: a weight ``(out, in, *kernel)``.
        a: slope of leaky_relu's negative half.
        mode: ``"fan_in"`` keeps the size of signals, ``"fan_out"`` that of gradients.
        nonlinearity: what follows the layer; see `calculate_gain`.
        generator: where the numbers come from.
    """
    if 0 in tensor._array.shape:
        warnings.warn("a tensor without elements has nothing to initialise", stacklevel=2)
        return tensor
    fan = _calculate_correct_fan(tensor, mode)
    std = calculate_gain(nonlinearity, a) / math.sqrt(fan)
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill from the normal distribution of standard deviation ``gain / sqrt(fan)`` (K. He et al., 2015); see
    `kaiming_uniform_`.
    """
    if 0 in tensor._array.shape:
        warnings.warn("a tensor without elements has nothing to initialise", stacklevel=2)
        return tensor
    fan = _calculate_correct_fan(tensor, mode)
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(fan), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with a (semi-)orthogonal matrix times `gain`; further dimensions count as columns (A. Saxe et al., 2013).

    The matrix is the Q of a QR decomposition of normal numbers, with signs such that it is uniformly distributed.

    Raises:
        ValueError: fewer than 2 dimensions.
    """
    array = tensor._array
    if array.ndim < 2:
        raise ValueError(f"orthogonal_ needs a tensor of at least 2 dimensions, got shape {array.shape}")
    if array.size == 0:
        return tensor
    rows = array.shape[0]
    flat = (generator or default_generator).normal((rows, array.size // rows), array.dtype)
    wide = flat.shape[0] < flat.shape[1]
    work = numpy.float64 if flat.dtype == numpy.float64 else numpy.float32
    q, r = numpy.linalg.qr((flat.T if wide else flat).astype(work))
    q = q * numpy.sign(numpy.diag(r))
    return _write(tensor, ((q.T if wide else q) * work(gain)).astype(array.dtype).reshape(array.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers of which in each column the share `sparsity` is zero (J. Martens, 2010).

    Raises:
        ValueError: not 2 dimensions.
    """
    _need_matrix("sparse_", tensor)
    source = generator or default_generator
    rows, columns = tensor._array.shape
    count = math.ceil(sparsity * rows)
    values = source.normal((rows, columns), tensor._array.dtype, 0.0, std)
    for column in range(columns):
        values[source_permutation(rows)[:count], column] = 0
    return _write(tensor, values)


def source_permutation(count: int) -> Any:
    """A random order; PyTorch draws it from the default generator even where another one is given."""
    return default_generator.permutation(count)


def _under_old_name(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same function by its name without underscore, which PyTorch deprecated."""
    new = function.__name__
    old = new[:-1]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(f"nn.init.{old} is deprecated: use nn.init.{new}", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = old
    call.__doc__ = f"Deprecated name of `{new}`."
    return call


uniform = _under_old_name(uniform_)
normal = _under_old_name(normal_)
constant = _under_old_name(constant_)
eye = _under_old_name(eye_)
dirac = _under_old_name(dirac_)
xavier_uniform = _under_old_name(xavier_uniform_)
xavier_normal = _under_old_name(xavier_normal_)
kaiming_uniform = _under_old_name(kaiming_uniform_)
kaiming_normal = _under_old_name(kaiming_normal_)
orthogonal = _under_old_name(orthogonal_)
sparse = _under_old_name(sparse_)

__getattr__ = missing_name("torch.nn.init", lambda: globals())
