"""Random tensors and random fills, with PyTorch's values for the same seed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..devices import CPU, is_cpu
from ..devices import device as Device
from ..dtypes import from_numpy_dtype, get_default_dtype, to_numpy_dtype
from ..errors import DtypeError
from ..generator import Generator as Source
from ..generator import default_generator
from ..tensors import Operations, Tensor, make
from ._define import primitive, write_out
from .creation import get_default_device, placed, shape_from
from .device_random import DeviceGenerator, generator_of, seed_all
from .layout import preserve_format, strided
from .pointwise import zeros_of

__all__ = [
    "Generator", "bernoulli", "binomial", "default_generator", "get_rng_state", "initial_seed", "manual_seed",
    "multinomial", "normal", "poisson", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm", "seed", "set_rng_state",
]  # fmt: skip

Array = Any

# ---------------------------------------------------------------- the stream


class Generator(Source):
    """Source of random numbers with its own state, given to random functions as ``generator=``; for tensors on a GPU
    it must be one of that device.

    >>> import tinygrad_i2dl as torch
    >>> torch.rand(2, generator=torch.Generator().manual_seed(0))
    tensor([0.4963, 0.7682])
    """

    def __new__(cls, device: Any = "cpu") -> Any:
        return object.__new__(GpuGenerator if cls is Generator and Device(device).type == "cuda" else cls)

    def get_state(self) -> Tensor:
        """The state as a tensor of bytes."""
        return make(super().get_state())

    def set_state(self, new_state: Tensor) -> None:
        """Continue from a state that `get_state` returned."""
        super().set_state(new_state._array)


def manual_seed(seed: int) -> Source:
    """Start the default stream of random numbers from `seed`: the numbers that follow are PyTorch's for that seed.

    >>> import tinygrad_i2dl as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.rand(2)
    tensor([0.4963, 0.7682])
    """
    default_generator.manual_seed(seed)
    seed_all(default_generator.initial_seed())
    return default_generator


def seed() -> int:
    """Start the default stream from a number of the operating system, which is returned."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default stream was started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default stream as a tensor of bytes."""
    return make(default_generator.get_state())


def set_rng_state(new_state: Tensor) -> None:
    """Continue the default stream from a state that `get_rng_state` returned."""
    default_generator.set_state(new_state._array)


class GpuGenerator(Generator):
    """What ``torch.Generator("cuda")`` makes: the numbers come from the GPU."""

    def __init__(self, device: Any) -> None:
        self.device = Device(device)
        self.source = DeviceGenerator(self.device.index or 0)

    def manual_seed(self, seed: int) -> GpuGenerator:
        self.source.manual_seed(seed)
        return self

    def seed(self) -> int:
        drawn = secrets.randbits(63)
        self.source.manual_seed(drawn)
        return drawn

    def initial_seed(self) -> int:
        return self.source.initial_seed()

    def get_state(self) -> Tensor:
        return make(self.source.get_state())

    def set_state(self, new_state: Tensor) -> None:
        self.source.set_state(new_state._array)


def drawing(generator: Any, place: Any = CPU) -> Any:
    """The generator to draw from for tensors on the device `place`: its default one for None.

    Raises:
        RuntimeError: the generator is that of another device.
    """
    here = place is CPU or is_cpu(place)
    if generator is None:
        return default_generator if here else generator_of(Device(place).index)
    if not isinstance(generator, Source):
        raise TypeError(f"generator must be a torch.Generator or None, got {type(generator).__name__}")
    if here is isinstance(generator, GpuGenerator):
        raise RuntimeError(
            f"expected a generator of the device {str(place)!r}, got one of {str(generator.device)!r}: make it by "
            f"torch.Generator({str(place)!r})"
        )
    return generator.source if isinstance(generator, GpuGenerator) else generator


def _place(device: Any, out: Any = None) -> Any:
    return out.device if out is not None else get_default_device() if device is None else device


# ---------------------------------------------------------------- tensors of a shape


def _finished(array: Array, out: Any, device: Any, requires_grad: bool, name: str) -> Tensor:
    if out is not None:
        result: Tensor = write_out(name, array, out, ())
        return result
    return placed(array, device, requires_grad)


def _floating_or_default(name: str, wanted: Any) -> Any:
    numpy_dtype = get_default_dtype().numpy if wanted is None else to_numpy_dtype(wanted)
    if not from_numpy_dtype(numpy_dtype).is_floating_point:
        raise NotImplementedError(f"{name}() needs a floating-point dtype, got {from_numpy_dtype(numpy_dtype)}")
    return numpy_dtype


def rand(
    *size: Any, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **more: Any,
) -> Tensor:  # fmt: skip
    """A tensor of uniform numbers in [0, 1).

    >>> import tinygrad_i2dl as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.rand(2, 2)
    tensor([[0.4963, 0.7682],
            [0.0885, 0.1320]])
    """
    shape = shape_from(size, more.pop("size", None))
    return _finished(
        drawing(generator, _place(device, out)).uniform(shape, _floating_or_default("rand", dtype)),
        out,
        device,
        requires_grad,
        "rand",
    )


def randn(
    *size: Any, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **more: Any,
) -> Tensor:  # fmt: skip
    """A tensor of normal numbers with mean 0 and standard deviation 1."""
    shape = shape_from(size, more.pop("size", None))
    return _finished(
        drawing(generator, _place(device, out)).normal(shape, _floating_or_default("randn", dtype)),
        out,
        device,
        requires_grad,
        "randn",
    )


def randint(
    low: Any = None, high: Any = None, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = strided, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of shape `size` of random integers from `low` (0 if only one bound is given) up to but not including
    `high`.

    >>> import tinygrad_i2dl as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.randint(10, (3,))
    tensor([4, 9, 3])

    Raises:
        RuntimeError: there is no integer between the bounds.
    """
    if size is None and not isinstance(high, (int, numpy.integer)):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    low = 0 if low is None else low
    if size is None or high is None:
        raise TypeError("randint() needs a size: randint(high, size) or randint(low, high, size)")
    wanted = numpy.dtype("int64") if dtype is None else to_numpy_dtype(dtype)
    low, high = _bound(low), _bound(high)
    return _finished(
        drawing(generator, _place(device, out)).integers(shape_from((size,)), low, high, wanted),
        out,
        device,
        requires_grad,
        "randint",
    )


def _bound(value: Any) -> int:
    return int(value.item() if isinstance(value, Tensor) else value)


def randperm(
    n: int, *, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A random permutation of the integers from 0 to ``n - 1``.

    >>> import tinygrad_i2dl as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.randperm(4)
    tensor([0, 1, 3, 2])
    """
    wanted = numpy.dtype("int64") if dtype is None else to_numpy_dtype(dtype)
    return _finished(
        drawing(generator, _place(device, out)).permutation(n, wanted), out, device, requires_grad, "randperm"
    )


def _like(input: Any, dtype: Any, name: str) -> Any:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}() needs a Tensor, got {type(input).__name__}")
    return input._array.dtype if dtype is None else to_numpy_dtype(dtype)


def rand_like(
    input: Tensor, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = preserve_format,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1) of the shape, dtype and device of `input`, unless others are given."""
    wanted = _floating_or_default("rand_like", from_numpy_dtype(_like(input, dtype, "rand_like")))
    place = device or input.device
    return placed(drawing(generator, place).uniform(input._array.shape, wanted), place, requires_grad)


def randn_like(
    input: Tensor, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = preserve_format,
) -> Tensor:  # fmt: skip
    """Normal numbers of the shape, dtype and device of `input`, unless others are given."""
    wanted = _floating_or_default("randn_like", from_numpy_dtype(_like(input, dtype, "randn_like")))
    place = device or input.device
    return placed(drawing(generator, place).normal(input._array.shape, wanted), place, requires_grad)


def randint_like(
    input: Tensor, low: Any, high: Any = None, *, generator: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, memory_format: Any = preserve_format,
) -> Tensor:  # fmt: skip
    """Random integers from `low` (0 if only one bound is given) below `high`, of the shape, dtype and device of
    `input`."""
    if high is None:
        low, high = 0, low
    wanted = _like(input, dtype, "randint_like")
    place = device or input.device
    drawn = drawing(generator, place).integers(input._array.shape, _bound(low), _bound(high), wanted)
    return placed(drawn, place, requires_grad)


# ---------------------------------------------------------------- tensors of parameters


@primitive("input")
def draw(xp: Any, input: Any, sample: Callable[[Array], Array]) -> Any:
    """Random numbers whose parameters are the elements of `input`; the gradient is zero."""
    return xp.asarray(sample(input))


draw.gradient(lambda g: zeros_of(g))


def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = strided, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers with means `mean` and standard deviations `std`: tensors, or with `size` numbers.

    >>> import tinygrad_i2dl as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.normal(10.0, 1.0, (2,))
    tensor([11.5410,  9.7066])

    Raises:
        RuntimeError: a standard deviation is negative.
    """
    if isinstance(mean, Tensor) or isinstance(std, Tensor):
        if size is not None:
            raise TypeError("normal() takes a size only with numbers for mean and std")
        leading = mean if isinstance(mean, Tensor) else std
        source = drawing(generator, leading.device)
        if not leading.dtype.is_floating_point:
            raise RuntimeError(f"normal() needs floating-point means and standard deviations, got {leading.dtype}")
        of_mean = mean._array if isinstance(mean, Tensor) else float(mean)
        of_std = std._array if isinstance(std, Tensor) else float(std)
        array = source.normal_elementwise(of_mean, of_std)
        result = _finished(array, out, leading.device, False, "normal")
        tracked = [each for each in (mean, std) if isinstance(each, Tensor) and each.requires_grad]
        return (
            draw(tracked[0].detach().requires_grad_(), lambda _: result._array) if tracked and out is None else result
        )
    if size is None:
        raise TypeError("normal() of two numbers needs a size")
    wanted = _floating_or_default("normal", dtype)
    source = drawing(generator, _place(device, out))
    return _finished(
        source.normal(shape_from((size,)), wanted, float(mean), float(std)), out, device, requires_grad, "normal"
    )


def bernoulli(input: Tensor, p: float | None = None, *, generator: Any = None, out: Any = None) -> Tensor:
    """Ones with probability ``input`` (or `p` everywhere), else zeros, of the shape and dtype of `input`; the gradient
    is zero.

    >>> import tinygrad_i2dl as torch
    >>> torch.bernoulli(torch.tensor([0.0, 1.0]))
    tensor([0., 1.])

    Raises:
        RuntimeError: a probability is not in [0, 1], or of integer dtype.
    """
    source = drawing(generator, input.device)
    if p is None and not input.dtype.is_floating_point:
        raise RuntimeError(f"bernoulli() needs floating-point probabilities, got {input.dtype}")

    def sample(array: Array) -> Array:
        return source.bernoulli(array) if p is None else source.bernoulli(p, array.shape, array.dtype)

    result: Tensor = draw(input, sample, out=out) if out is not None else draw(input, sample)
    return result


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """Poisson numbers with the rates `input`, of its shape and dtype; the gradient is zero."""
    result: Tensor = draw(input, drawing(generator, input.device).poisson)
    return result


def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Tensor:
    """Number of successes in `count` trials of probability `prob`, elementwise with broadcasting."""
    trials, chance = namespace_of(type(count._array)).broadcast_arrays(count._array, prob._array)
    return make(drawing(generator, count.device).binomial(trials, chance))


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None, out: Any = None
) -> Tensor:
    """Indices drawn with probabilities proportional to each row of `input`: shape ``(num_samples,)`` or
    ``(rows, num_samples)``.

    >>> import tinygrad_i2dl as torch
    >>> torch.multinomial(torch.tensor([0.0, 1.0, 0.0]), 1)
    tensor([1])

    Raises:
        RuntimeError: weights are negative, not finite or all zero, or there are too few for `num_samples` without
        replacement.
    """
    if out is not None and out._array.dtype != numpy.int64:
        raise DtypeError(f"multinomial() draws indices: out= must be of torch.int64, got {out.dtype}")
    drawn = drawing(generator, input.device).multinomial(input._array, num_samples, replacement)
    return _finished(drawn, out, input.device if out is None else None, False, "multinomial")


Operations.bernoulli = bernoulli
Operations.multinomial = multinomial


# ---------------------------------------------------------------- in place


@primitive("input", "values", inplace=True)
def refill(xp: Any, input: Any, values: Any) -> Any:
    """`values` in place of `input`, to which no gradient passes."""
    return values


refill.op.title = "CopyBackwards"
refill.gradient(input=lambda g: zeros_of(g))


def _fill(name: str, sample: Callable[..., Array], what: str) -> None:
    """Attach ``name``: fills a tensor with what `sample` draws for its shape and dtype; no gradient passes."""

    def call(self: Tensor, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        array = self._array
        values = sample(drawing(generator, self.device), array, *args, **kwargs)
        result: Tensor = refill.in_place(self, values)
        return result

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Fill the tensor with {what}; returns it."
    setattr(Operations, name, call)


def _floating_only(name: str, array: Array) -> None:
    if array.dtype.kind in "iub":
        raise NotImplementedError(f"{name}() needs a floating-point tensor, got {from_numpy_dtype(array.dtype)}")


def _lower(name: str, given: Any, more: dict[str, Any]) -> Any:
    """The lower bound, whose public name ``from`` is no name that Python lets a parameter have."""
    lower = more.pop("from", given)
    if more:
        raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(more))!r}")
    return lower


def _uniform(source: Source, array: Array, from_: float = 0.0, to: float = 1.0, **bound: float) -> Array:
    _floating_only("uniform_", array)
    return source.uniform(array.shape, array.dtype, float(_lower("uniform_", from_, bound)), float(to))


def _normal(source: Source, array: Array, mean: float = 0.0, std: float = 1.0) -> Array:
    _floating_only("normal_", array)
    return source.normal(array.shape, array.dtype, float(mean), float(std))


def _random(source: Source, array: Array, from_: Any = None, to: Any = None, **bound: Any) -> Array:
    from_ = _lower("random_", from_, bound)
    if from_ is None and to is None:
        return source.random(array.shape, array.dtype)
    if to is None:
        from_, to = 0, from_
    return source.integers(array.shape, int(from_ or 0), int(to), array.dtype)


def _bernoulli(source: Source, array: Array, p: Any = 0.5) -> Array:
    return source.bernoulli(p._array if isinstance(p, Tensor) else float(p), array.shape, array.dtype)


def _exponential(source: Source, array: Array, lambd: float = 1.0) -> Array:
    _floating_only("exponential_", array)
    return source.exponential(array.shape, array.dtype, float(lambd))


def _geometric(source: Source, array: Array, p: float) -> Array:
    return source.geometric(array.shape, float(p), array.dtype)


def _cauchy(source: Source, array: Array, median: float = 0.0, sigma: float = 1.0) -> Array:
    _floating_only("cauchy_", array)
    return source.cauchy(array.shape, array.dtype, float(median), float(sigma))


def _log_normal(source: Source, array: Array, mean: float = 1.0, std: float = 2.0) -> Array:
    _floating_only("log_normal_", array)
    return source.log_normal(array.shape, array.dtype, float(mean), float(std))


_fill("uniform_", _uniform, "uniform numbers in [from, to), by default [0, 1)")
_fill("normal_", _normal, "normal numbers of the given mean and standard deviation")
_fill("random_", _random, "random integers in [from, to), by default over the dtype's range")
_fill("bernoulli_", _bernoulli, "ones with probability p (a number or a tensor), else zeros")
_fill("exponential_", _exponential, "exponential numbers of rate lambd")
_fill("geometric_", _geometric, "the number of trials up to the first success of probability p")
_fill("cauchy_", _cauchy, "Cauchy numbers of the given median and scale")
_fill("log_normal_", _log_normal, "exponentials of normal numbers of the given mean and standard deviation")
