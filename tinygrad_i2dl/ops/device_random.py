"""Random numbers on the GPU: Philox 4x32-10, a generator for each device.

The numbers are a function of the seed and of a counter alone (J. Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", 2011), so every element is computed for itself. They are not those of the CPU's stream for the same seed, and
not those of PyTorch's GPUs, whose counters follow the launch of threads. What is rarely drawn (permutations, Poisson,
gamma, binomial and multinomial numbers) is drawn by a generator in main memory, seeded alike, and moved.
"""

from __future__ import annotations

import functools
import math
import secrets
from collections.abc import Callable
from typing import Any

import numpy

from ..backends import cupy as gpu
from ..backends.registry import KernelTable, namespace_of
from ..generator import Generator as HostGenerator
from ..generator import default_generator
from .placement import on_host

Array = Any
Shape = Any

__all__ = ["DeviceGenerator", "generator_beside", "generator_of", "philox_words", "seed_all"]

M0, M1 = numpy.uint64(0xD2511F53), numpy.uint64(0xCD9E8D57)  # multipliers
W0, W1 = 0x9E3779B9, 0xBB67AE85  # what the key grows by in each round
LOW = 0xFFFFFFFF


def _philox_words(xp: Any, like: Array, seed: int, offset: int, count: int) -> Array:
    """`count` words of 32 bits: those of the counters `offset`, `offset + 1`, ..., four each, under the key `seed`.

    >>> _philox_words(numpy, numpy.zeros(0), 0, 0, 4).tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    True
    """
    counter = xp.arange(-(-count // 4), dtype=numpy.uint64) + numpy.uint64(offset)
    a, b = counter & numpy.uint64(LOW), counter >> numpy.uint64(32)
    c = d = xp.zeros_like(counter)
    key0, key1 = seed & LOW, (seed >> 32) & LOW
    for _ in range(10):
        left, right = a * M0, c * M1
        a, b, c, d = (
            (right >> numpy.uint64(32)) ^ b ^ numpy.uint64(key0),
            right & numpy.uint64(LOW),
            (left >> numpy.uint64(32)) ^ d ^ numpy.uint64(key1),
            left & numpy.uint64(LOW),
        )
        key0, key1 = (key0 + W0) & LOW, (key1 + W1) & LOW
    return xp.stack([a, b, c, d], axis=1).astype(numpy.uint32).ravel()[:count]


philox_words = KernelTable("philox_words", _philox_words)


def _count(shape: Shape) -> int:
    return math.prod(shape) if isinstance(shape, (tuple, list)) else int(shape)


def on_its_gpu(method: Callable[..., Array]) -> Callable[..., Array]:
    """A method of a generator that computes on the generator's GPU, whichever is the current one."""

    @functools.wraps(method)
    def call(self: DeviceGenerator, *arguments: Any, **keywords: Any) -> Array:
        with gpu.on_gpu(self.index):
            return method(self, *arguments, **keywords)

    return call


class DeviceGenerator:
    """The random numbers of one GPU."""

    def __init__(self, index: int, seed: int | None = None) -> None:
        self.index = index
        self.manual_seed(secrets.randbits(63) if seed is None else seed)

    def manual_seed(self, seed: int) -> DeviceGenerator:
        """Start from `seed`."""
        self._seed, self._offset = seed & ((1 << 64) - 1), 0
        self._host: HostGenerator | None = None
        return self

    def initial_seed(self) -> int:
        """The seed that this stream was started from."""
        return self._seed

    def get_state(self) -> Array:
        """Seed and counter as 16 bytes; what was drawn in main memory is not part of it."""
        return numpy.array([self._seed, self._offset], dtype=numpy.uint64).view(numpy.uint8)

    def set_state(self, state: Array) -> None:
        """Continue from a state that `get_state` returned. Raises `RuntimeError` if it is none."""
        if state.dtype != numpy.uint8 or state.size != 16:
            raise RuntimeError(f"the state of a GPU's generator is 16 bytes, got {state.size} of {state.dtype}")
        seed, offset = numpy.ascontiguousarray(state).view(numpy.uint64).tolist()
        self.manual_seed(seed)
        self._offset = offset

    @on_its_gpu
    def words(self, count: int) -> Array:
        """The next `count` words of 32 bits. Raises `RuntimeError` while a CUDA graph is recorded."""
        xp = gpu.required("the GPU's random numbers")
        if xp.cuda.get_current_stream().is_capturing():
            raise RuntimeError(
                "random numbers cannot be captured in a CUDA graph: every replay would draw the same ones. Draw them "
                "outside and copy them into a tensor that the graph reads"
            )
        with gpu.on_gpu(self.index):
            like = xp.empty(0, dtype=numpy.uint32)
            drawn = philox_words[type(like)](like, self._seed, self._offset, count)
        self._offset += -(-count // 4)
        return drawn

    def _fractions(self, count: int, dtype: Any) -> Array:
        """Uniform numbers in [0, 1), with as many bits as the dtype holds."""
        if dtype == numpy.float64:
            words = self.words(2 * count).astype(numpy.float64).reshape(2, count)
            return xp_floor(words[0] / 32.0) * 2.0**-27 + xp_floor(words[1] / 64.0) * 2.0**-53
        bits = 11 if numpy.dtype(dtype).itemsize == 2 else 24
        return (self.words(count) >> numpy.uint32(32 - bits)).astype(numpy.float32) * 2.0**-bits

    @on_its_gpu
    def uniform(self, shape: Shape, dtype: Any = numpy.float32, low: float = 0.0, high: float = 1.0) -> Array:
        """Uniform numbers in [low, high)."""
        drawn = self._fractions(_count(shape), dtype)
        if (low, high) != (0.0, 1.0):
            drawn = drawn * (high - low) + low
        return drawn.astype(dtype, copy=False).reshape(shape)

    @on_its_gpu
    def normal(self, shape: Shape, dtype: Any = numpy.float32, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normal numbers, by the method of G. Box and M. Muller (1958)."""
        if std < 0:
            raise RuntimeError(f"normal() expected a standard deviation that is not negative, got {std}")
        count, work = _count(shape), numpy.float64 if dtype == numpy.float64 else numpy.float32
        half = -(-count // 2)
        fractions = self._fractions(2 * half, work)
        xp = namespace_of(type(fractions))
        radius, angle = xp.sqrt(xp.log(1 - fractions[:half]) * -2.0), fractions[half:] * (2 * math.pi)
        drawn = xp.concatenate([radius * xp.cos(angle), radius * xp.sin(angle)])[:count]
        return (drawn * std + mean).astype(dtype, copy=False).reshape(shape)

    @on_its_gpu
    def normal_elementwise(self, mean: Any, std: Any) -> Array:
        """Normal numbers whose means and standard deviations are arrays or numbers."""
        leading = mean if hasattr(mean, "shape") else std
        xp = namespace_of(type(leading))
        if hasattr(std, "shape") and bool((std < 0).any()):
            raise RuntimeError("normal() expected standard deviations that are not negative")
        shapes = [getattr(each, "shape", ()) for each in (mean, std)]
        return self.normal(numpy.broadcast_shapes(*shapes), leading.dtype) * xp.asarray(std) + xp.asarray(mean)

    @on_its_gpu
    def exponential(self, shape: Shape, dtype: Any = numpy.float32, rate: float = 1.0) -> Array:
        """Exponential numbers."""
        work = numpy.float64 if dtype == numpy.float64 else numpy.float32
        fractions = self._fractions(_count(shape), work)
        return (namespace_of(type(fractions)).log(1 - fractions) * (-1.0 / rate)).astype(dtype).reshape(shape)

    @on_its_gpu
    def bernoulli(self, p: Any, shape: Shape = None, dtype: Any = None) -> Array:
        """Ones with probability `p`, a number or an array, else zeros."""
        shape = p.shape if shape is None else shape
        dtype = p.dtype if dtype is None else dtype
        if hasattr(p, "shape"):
            if bool(((p < 0) | (p > 1) | (p != p)).any()):
                raise RuntimeError("bernoulli() expected probabilities between 0 and 1")
        elif not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli() expected a probability between 0 and 1, got {p}")
        return (self._fractions(_count(shape), numpy.float32).reshape(shape) < p).astype(dtype)

    @on_its_gpu
    def integers(self, shape: Shape, low: int, high: int | None, dtype: Any = numpy.int64) -> Array:
        """Integers in [low, high)."""
        if high is None or low >= high:
            raise RuntimeError(f"random integers need from < to, got from={low} and to={high}")
        span, count = high - low, _count(shape)
        if span <= 1 << 32:
            drawn = self.words(count).astype(numpy.uint64)
        else:
            drawn = self.words(2 * count).view(numpy.uint64)
        return ((drawn % numpy.uint64(span)).astype(numpy.int64) + low).astype(dtype).reshape(shape)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._host is None:
            self._host = HostGenerator().manual_seed(self._seed & ((1 << 63) - 1))
        method = getattr(self._host, name)

        def draw(*arguments: Any, **keywords: Any) -> Any:
            here = [on_host(each) if hasattr(each, "__cuda_array_interface__") else each for each in arguments]
            drawn = method(*here, **keywords)
            with gpu.on_gpu(self.index):
                return gpu.required().asarray(drawn) if isinstance(drawn, numpy.ndarray) else drawn

        return draw


def xp_floor(array: Array) -> Array:
    """The integer part of numbers that are not negative."""
    return namespace_of(type(array)).floor(array)


_generators: dict[int, DeviceGenerator] = {}
_seed: int | None = None  # that new generators start from


def generator_of(index: int | None = None) -> DeviceGenerator:
    """The default generator of a GPU, the current one for None."""
    if index is None:
        index = int(gpu.required("the GPU's random numbers").cuda.runtime.getDevice())
    found = _generators.get(index)
    if found is None:
        found = _generators[index] = DeviceGenerator(index, _seed)
    return found


def generator_beside(array: Array) -> Any:
    """The default generator of the device that an array is on."""
    return default_generator if type(array) is numpy.ndarray else generator_of(array.device.id)


def seed_all(seed: int) -> None:
    """Start the generators of all GPUs from `seed`; asks for none."""
    global _seed
    _seed = seed
    for generator in _generators.values():
        generator.manual_seed(seed)
