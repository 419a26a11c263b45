"""``Generator``: the random number stream of PyTorch's CPU device, and the distributions drawn from it, as NumPy arrays.

The engine is the 32-bit Mersenne Twister (M. Matsumoto and T. Nishimura, Mersenne Twister, ACM TOMACS 8, 1998) seeded by init_genrand;
NumPy's engine gives the same words. Every method draws as many words, in the same order, as PyTorch's method of that purpose, so that
after any sequence of draws the next number is PyTorch's again.
"""

from __future__ import annotations

import math
import operator
import os
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_i2dl.devices import device as Device
from tinygrad_i2dl.generator import rejection
from tinygrad_i2dl.generator.rounding import multiply_add
from tinygrad_i2dl.generator.shuffle import apply_swaps

__all__ = ["Generator", "default_generator"]

Array = Any  # numpy.ndarray
DTypeLike = Any
Shape = int | Sequence[int]

_DEFAULT_SEED = 67280421310721  # what a new torch.Generator() starts from
_STATE_WORDS = 624
_BLOCK = 1 << 15  # words at a time: with their intermediate results they stay in the second-level cache
_FEW_WORDS = 512  # below, NumPy's raw words are the faster way, although 64 bits wide
_WIDE_RANGE = 1 << 28  # from this many integers on, 64 random bits are reduced to the range, not 32
_WIDE_PERMUTATION = 0xFFFFFFFF // 20  # the same for permutations
_MAX_CATEGORIES = 1 << 24
_TWO_PI = 2.0 * math.pi
_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1

# Floating types by name (bfloat16 is not NumPy's own): bits of the significand and largest number
_FLOATS: dict[str, tuple[int, float]] = {
    "float16": (11, 65504.0),
    "bfloat16": (8, (2.0 - 2.0**-7) * 2.0**127),
    "float32": (24, float(np.finfo(np.float32).max)),
    "float64": (53, float(np.finfo(np.float64).max)),
}

# PyTorch's 5056 bytes: a C structure kept from Lua times (64-bit words, one unused normal) and two fields after it
_STATE_LAYOUT = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),  # words until the next refill, plus one
        ("seeded", "<i4"),
        ("next", "<u8"),  # index of the next word
        ("words", "<u8", (_STATE_WORDS,)),
        ("normal_x", "<f8"),
        ("normal_y", "<f8"),  # the normal number kept for the next draw
        ("normal_rho", "<f8"),
        ("normal_is_valid", "<i4"),
        ("padding", "<i4"),
        ("float_normal", "<f4"),
        ("float_normal_is_valid", "<i4"),
    ]
)


class Generator:
    """Source of random numbers with PyTorch's CPU values for the same seed.

    Every drawing method returns a fresh array of the given shape and dtype. One lock per generator: threads may share it.
    PyTorch's values are reproduced bit for bit, except where a logarithm, exponential, sine, cosine or tangent is taken: there, to
    the last bits.

    >>> generator = Generator().manual_seed(0)
    >>> generator.uniform(3, np.float32)
    array([0.4963, 0.7682, 0.0885], dtype=float32)
    >>> generator.permutation(4)
    array([0, 2, 3, 1])

    Raises:
        RuntimeError: ``device`` is not the CPU.
    """

    def __init__(self, device: str | Device = "cpu") -> None:
        self.device = Device(device)
        if self.device.type != "cpu":
            raise RuntimeError(f"expected device 'cpu', got {str(device)!r}: random numbers of a GPU come from its own generator")
        self._lock = threading.RLock()
        self._seed: int | None = _DEFAULT_SEED
        self._engine: Any = None  # made at the first draw: importing numpy.random takes 10 ms
        self._bulk: Any = None
        self._kept_normal: float | None = None

    def __repr__(self) -> str:
        return f"<Generator device={self.device!s}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_state, (self.get_state(),)

    # ------------------------------------------------------------------------------------------------ seed and state

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of ``seed``; its low 32 bits choose the stream, negative numbers count from 2**64. Returns the generator.

        >>> Generator().manual_seed(-1).initial_seed() == 2**64 - 1
        True

        Raises:
            TypeError: ``seed`` is not an integer.
            RuntimeError: ``seed`` is outside [-2**63, 2**64 - 1].
        """
        try:
            number = operator.index(seed)
        except TypeError:
            raise TypeError(f"manual_seed expected an int, got {seed!r} of type {type(seed).__name__}") from None
        if not _INT64_MIN <= number < 1 << 64:
            raise RuntimeError(f"manual_seed expected a seed in [-2**63, 2**64 - 1], got {number}")
        with self._lock:
            self._start(number % (1 << 64))
        return self

    def seed(self) -> int:
        """Start the stream of a seed taken from the operating system, and return that seed (53 bits)."""
        with self._lock:
            seed = int.from_bytes(os.urandom(8), "little") >> 11
            self._start(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the stream was started from.

        >>> Generator().manual_seed(7).initial_seed()
        7
        """
        with self._lock:
            if self._seed is None:
                self.seed()
            assert self._seed is not None
            return self._seed

    def get_state(self) -> Array:
        """The state as uint8 array of shape ``(5056,)``, laid out as PyTorch's ``get_rng_state()``."""
        with self._lock:
            engine = self._ready()
            inner = engine.state["state"]
            position = int(inner["pos"])
            state = np.zeros((), dtype=_STATE_LAYOUT)
            state["seed"] = self.initial_seed()
            state["left"] = _STATE_WORDS + 1 - position
            state["seeded"] = 1
            # After seeding PyTorch has the index at 0, after the last word of a block at 624; both mean that a refill is due.
            state["next"] = 0 if position == _STATE_WORDS and self._is_fresh(inner["key"]) else position
            state["words"] = inner["key"]
            if self._kept_normal is not None:
                state["normal_y"] = self._kept_normal
                state["normal_is_valid"] = 1
        return np.frombuffer(state.tobytes(), dtype=np.uint8).copy()

    def set_state(self, state: Array) -> None:
        """Continue from ``state``, a uint8 array of shape ``(5056,)`` from ``get_state()``, ours or PyTorch's.

        >>> generator = Generator().manual_seed(1)
        >>> state = generator.get_state()
        >>> first = generator.normal(5, np.float64)
        >>> generator.set_state(state)
        >>> bool((generator.normal(5, np.float64) == first).all())
        True

        Raises:
            TypeError: ``state`` is not a uint8 array.
            RuntimeError: it has another size, or is not a state of a Mersenne Twister.
        """
        array = np.asarray(state)
        if array.dtype != np.uint8:
            raise TypeError(f"set_state expected a uint8 array, got dtype {array.dtype}")
        if array.size != _STATE_LAYOUT.itemsize:
            raise RuntimeError(f"set_state expected {_STATE_LAYOUT.itemsize} bytes, got shape {array.shape}")
        fields = np.frombuffer(array.tobytes(), dtype=_STATE_LAYOUT)[0]
        left, position = int(fields["left"]), int(fields["next"])
        if not (0 < left <= _STATE_WORDS and position <= _STATE_WORDS and fields["seeded"]):
            raise RuntimeError(
                "set_state expected the state of a seeded Mersenne Twister (left in 1..624, next in 0..624), "
                f"got left={left}, next={position}, seeded={int(fields['seeded'])}"
            )
        with self._lock:
            self._start(int(fields["seed"]))
            key = fields["words"].astype(np.uint32)
            self._engine.state = {
                "bit_generator": "MT19937",
                "state": {"key": key, "pos": _STATE_WORDS if left == 1 else position},
            }
            self._kept_normal = float(fields["normal_y"]) if fields["normal_is_valid"] else None

    def clone_state(self) -> Generator:
        """A new generator that continues this stream independently."""
        return _from_state(self.get_state())

    def _start(self, seed: int) -> None:
        if self._engine is None:
            self._engine = np.random.MT19937(0)
            self._bulk = np.random.Generator(self._engine)
        self._engine._legacy_seeding(seed & 0xFFFFFFFF)
        self._seed = seed
        self._kept_normal = None

    def _ready(self) -> Any:
        """The engine, seeded by the operating system where nobody chose a seed."""
        if self._engine is None:
            if self._seed is None:
                self.seed()
            else:
                self._start(self._seed)
        return self._engine

    def _is_fresh(self, key: Array) -> bool:
        assert self._seed is not None
        first = self._seed & 0xFFFFFFFF
        second = (1812433253 * (first ^ (first >> 30)) + 1) & 0xFFFFFFFF  # init_genrand's recurrence
        return int(key[0]) == first and int(key[1]) == second

    # ------------------------------------------------------------------------------------------------ words

    def _words(self, count: int) -> Array:
        """The next ``count`` words of the engine: uint32, fresh."""
        if count < _FEW_WORDS:
            return self._ready().random_raw(count).astype(np.uint32)
        self._ready()
        return self._bulk.integers(0, 1 << 32, count, dtype=np.uint32)

    def _double_words(self, count: int) -> Array:
        """The next ``count`` pairs of words as uint64; the first word of a pair is the high half."""
        words = self._words(2 * count)
        return (words[0::2].astype(np.uint64) << np.uint64(32)) | words[1::2]

    def _fill_uniform(self, out: Array) -> None:
        """Fill ``out`` (1-D, float32 or float64) with uniform numbers in [0, 1): as many low bits as a significand has."""
        size = len(out)
        single = out.dtype == np.float32
        for start in range(0, size, _BLOCK):
            part = out[start : start + _BLOCK]
            if single:
                words = self._words(len(part))
                np.bitwise_and(words, np.uint32(0xFFFFFF), out=words)
                np.copyto(part, words.view(np.int32), casting="unsafe")  # from int32: one instruction for eight numbers
                np.multiply(part, np.float32(2.0**-24), out=part)
            else:
                words = self._words(2 * len(part)).view(np.int32)
                # high half: 21 bits; low half: 32 bits, taken as signed and moved up, which is exact in float64
                high = words[0::2] & np.int32(0x1FFFFF)
                np.copyto(part, words[1::2], casting="unsafe")
                part += np.where(words[1::2] < 0, 2.0**32, 0.0)
                part *= 2.0**-53
                part += high * 2.0**-21

    def _uniform(self, size: int, dtype: Any = np.float64) -> Array:
        out = np.empty(size, dtype=dtype)
        self._fill_uniform(out)
        return out

    # ------------------------------------------------------------------------------------------------ uniform and normal

    def uniform(self, shape: Shape, dtype: DTypeLike = np.float32, low: float = 0.0, high: float = 1.0) -> Array:
        """Uniform numbers in [low, high): ``u * (high - low) + low``, rounded once; ``rand`` and ``uniform_``.

        ``u`` is ``(word mod 2**24) / 2**24`` for float32 and narrower types, ``(two words mod 2**53) / 2**53`` for float64.

        >>> Generator().manual_seed(0).uniform((1, 2), np.float64, -1.0, 1.0)
        array([[0.940, 0.416]])

        Raises:
            RuntimeError: ``low > high``, a bound or the width is outside ``dtype``, or ``dtype`` is not a floating type.
        """
        dtype, (_, largest) = _floating("uniform", dtype)
        if not (abs(low) <= largest and abs(high) <= largest):
            raise RuntimeError(f"uniform expected bounds within {dtype} (up to {largest}), got low={low}, high={high}")
        if not (low <= high and high - low <= largest):
            raise RuntimeError(f"uniform expected low <= high and a width within {dtype}, got low={low}, high={high}")
        shape, size = _shape(shape)
        work = np.dtype(np.float64 if dtype == np.float64 else np.float32)
        with self._lock:
            out = self._uniform(size, work)
        if low != 0.0 or high != 1.0:
            low, high = work.type(low), work.type(high)
            width = high - low
            for start in range(0, size, _BLOCK):
                part = out[start : start + _BLOCK]
                if low == 0.0:
                    part *= width
                else:
                    part[:] = multiply_add(part, width, low)
        if dtype != work:
            out = out.astype(dtype)
        if dtype != work or low != 0.0 or high != 1.0:
            out[out == np.asarray(high).astype(dtype)] = np.asarray(low).astype(dtype)  # what was rounded up to the open end
        return out.reshape(shape)

    def normal(self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normal numbers ``mean + std * z``; ``randn`` and ``normal_``.

        ``z`` comes in pairs from two uniform numbers (G. E. P. Box and M. E. Muller, 1958):
        ``sqrt(-2 log(1 - u)) cos(2 pi v)`` and ``sqrt(-2 log(1 - u)) sin(2 pi v)``. Sixteen or more numbers are drawn in groups of
        8 pairs, and a last incomplete group is drawn again as the last 16; fewer are drawn pair by pair in float64, and an unused
        second number waits for the next such draw.

        >>> Generator().manual_seed(0).normal(3)
        array([ 1.541, -0.2934, -2.1788], dtype=float32)

        Raises:
            RuntimeError: ``std`` is negative or ``dtype`` is not a floating type.
        """
        dtype, _ = _floating("normal", dtype)
        if not std >= 0.0:
            raise RuntimeError(f"normal expected std >= 0, got std={std}")
        shape, size = _shape(shape)
        with self._lock:
            if size < 16:
                return _convert(self._normal_pairs(size, mean, std), dtype).reshape(shape)
            work = np.dtype(np.float64 if dtype == np.float64 else np.float32)
            out = np.empty(size, dtype=work)
            full = size - size % 16
            for start in range(0, full, _BLOCK):
                self._fill_normal(out[start : min(start + _BLOCK, full)], mean, std)
            if size != full:
                if dtype == work:
                    self._words((size - full) * (work.itemsize // 4))  # overwritten in PyTorch, but drawn; narrow types do not
                self._fill_normal(out[size - 16 :], mean, std)
        return (out if dtype == work else out.astype(dtype)).reshape(shape)

    def _fill_normal(self, out: Array, mean: float, std: float) -> None:
        """Fill ``out``, whose size is a multiple of 16: in each group u are the first 8 numbers, v the last 8."""
        kind = out.dtype.type
        self._fill_uniform(out)
        # Eight numbers at a time are one item, which NumPy copies as fast as memory allows.
        groups = out.view(np.dtype((np.void, 8 * out.itemsize)))
        radius = groups[0::2].copy().view(kind)
        angle = groups[1::2].copy().view(kind)
        np.subtract(kind(1.0), radius, out=radius)
        np.log(radius, out=radius)
        np.multiply(radius, kind(-2.0), out=radius)
        np.sqrt(radius, out=radius)
        np.multiply(angle, kind(_TWO_PI), out=angle)
        wave = np.cos(angle)
        np.multiply(wave, radius, out=wave)
        np.sin(angle, out=angle)
        np.multiply(angle, radius, out=angle)
        groups[0::2] = wave.view(groups.dtype)
        groups[1::2] = angle.view(groups.dtype)
        if mean == 0.0:
            if std != 1.0:
                np.multiply(out, kind(std), out=out)
        else:
            out[:] = multiply_add(out, kind(std), kind(mean))

    def _normal_pairs(self, size: int, mean: float = 0.0, std: float = 1.0) -> Array:
        """``size`` normal float64 numbers drawn pair by pair; a number left over is kept in the generator."""
        if size == 0:
            return np.empty(0)
        kept = [] if self._kept_normal is None else [self._kept_normal]
        pairs = (size - len(kept) + 1) // 2
        uniform = self._uniform(2 * pairs)
        radius = np.sqrt(-2.0 * np.log1p(-uniform[1::2]))
        angle = _TWO_PI * uniform[0::2]
        values = np.empty(len(kept) + 2 * pairs)
        values[: len(kept)] = kept
        values[len(kept) :: 2] = radius * np.cos(angle)
        values[len(kept) + 1 :: 2] = radius * np.sin(angle)
        self._kept_normal = float(values[size]) if len(values) > size else None
        values = values[:size]
        return values * std if mean == 0.0 else multiply_add(values, std, mean)

    def normal_elementwise(self, mean: Array | float, std: Array | float) -> Array:
        """Normal numbers with a mean and standard deviation for each: ``mean + std * z``; ``torch.normal`` of tensors.

        At least one of the two is an array; the result has their broadcast shape and the dtype of ``mean``, or of ``std`` where ``mean``
        is a number.

        >>> Generator().manual_seed(0).normal_elementwise(np.array([100.0, 200.0]), 0.5).round(2)
        array([100.77, 199.85])

        Raises:
            RuntimeError: an entry of ``std`` is negative, or the dtype is not a floating type.
        """
        leading = mean if isinstance(mean, np.ndarray) else std
        if not isinstance(leading, np.ndarray):
            raise TypeError("normal_elementwise expected an array for mean or std; for two numbers call normal(shape, dtype, mean, std)")
        dtype, _ = _floating("normal", leading.dtype)
        if isinstance(std, np.ndarray):
            if std.size and not (std >= 0).all():
                raise RuntimeError(f"normal expected every std >= 0, got a smallest std of {std.min()}")
            scaled = self.normal(np.broadcast_shapes(np.shape(mean), std.shape), dtype) * std
        else:
            scaled = self.normal(leading.shape, dtype, 0.0, std)
        return np.asarray(scaled + (mean if isinstance(mean, np.ndarray) else dtype.type(mean)), dtype=dtype)

    # ------------------------------------------------------------------------------------------------ integers

    def integers(self, shape: Shape, low: int, high: int | None, dtype: DTypeLike = np.int64) -> Array:
        """Integers ``low + (bits mod (high - low))`` in [low, high), of any dtype; ``randint`` and ``random_(low, high)``.

        ``high=None`` goes up to the largest number of ``dtype`` (2**significand bits for floating types), included. ``bits`` are one
        word, or two when the range has 2**28 integers or more.

        >>> Generator().manual_seed(0).integers(5, 0, 10)
        array([4, 9, 3, 0, 3])

        Raises:
            RuntimeError: ``low >= high``, or a bound is outside ``dtype``.
        """
        dtype = np.dtype(dtype)
        low = operator.index(low)
        floating = _FLOATS.get(dtype.name)
        if floating is None and dtype.kind not in "iub":
            raise RuntimeError(f"integers expected an integer, floating or bool dtype, got {dtype}")
        everything = high is None and low == _INT64_MIN
        if high is None:
            last = _last_integer(dtype)
        else:
            high = operator.index(high)
            if low >= high:
                raise RuntimeError(f"integers expected low < high, got low={low}, high={high}")
            if floating is not None:
                high = _representable_end(high, dtype)
            last = high - 1
        if floating is not None and not everything:
            low = _representable_start(low, dtype)
            if low > last:
                raise RuntimeError(f"integers expected low < high after rounding to {dtype}, got low={low}, high={last + 1}")
        if not everything:
            _check_integer_bounds(low, last, dtype)
        shape, size = _shape(shape)
        if size == 0:
            return np.empty(shape, dtype=dtype)
        extent = last - low + 1
        with self._lock:
            if everything:
                if dtype.name not in ("int64", "float64", "float32", "bfloat16"):
                    raise RuntimeError(f"integers over all 64 bits expected int64, float64, float32 or bfloat16, got {dtype}")
                drawn = self._double_words(size)
                low = 0
            elif extent >= _WIDE_RANGE:
                drawn = self._double_words(size)
                if extent < 1 << 64:
                    drawn %= np.uint64(extent)
            else:
                drawn = self._words(size)
                # libdivide makes division by one number fast, NumPy has no such loop for the remainder
                drawn -= (drawn // np.uint32(extent)) * np.uint32(extent)
        return _convert_integers(drawn, low, dtype).reshape(shape)

    def random(self, shape: Shape, dtype: DTypeLike = np.int64) -> Array:
        """Integers over the whole non-negative range of ``dtype``; ``random_()`` without bounds.

        [0, largest] for integer types, [0, 2**significand bits] for floating types, both ends included.

        >>> Generator().manual_seed(0).random(2, np.uint8)
        array([172,  47], dtype=uint8)

        Raises:
            RuntimeError: ``dtype`` is none of bool, uint8, int8 to int64, or a floating type.
        """
        dtype = np.dtype(dtype)
        if dtype.kind == "u" and dtype != np.uint8:
            raise RuntimeError(f"random expected bool, uint8, a signed integer or a floating dtype, got {dtype}")
        last = _last_integer(dtype)
        shape, size = _shape(shape)
        with self._lock:
            wide = dtype == np.int64 or dtype == np.float64
            drawn = self._double_words(size) if wide else self._words(size)
        drawn %= drawn.dtype.type(last + 1)
        return _convert_integers(drawn, 0, dtype).reshape(shape)

    def permutation(self, n: int, dtype: DTypeLike = np.int64) -> Array:
        """A random permutation of ``0, ..., n - 1``, shape ``(n,)``: the Fisher-Yates shuffle; ``randperm``.

        >>> Generator().manual_seed(42).permutation(6)
        array([0, 3, 2, 4, 1, 5])

        Raises:
            RuntimeError: ``n`` is negative or ``dtype`` cannot count so far.
        """
        n = operator.index(n)
        dtype = np.dtype(dtype)
        if n < 0:
            raise RuntimeError(f"permutation expected n >= 0, got n={n}")
        if n > 1 and n > _last_integer(dtype) + (dtype.kind in "iub"):
            raise RuntimeError(f"permutation expected a dtype that holds 0 to n - 1, got n={n} with {dtype}")
        if n == 0:
            return np.empty(0, dtype=dtype)
        with self._lock:
            wide = n >= _WIDE_PERMUTATION
            drawn = self._double_words(n - 1) if wide else self._words(n - 1)
        drawn %= np.arange(n, 1, -1).astype(drawn.dtype)
        targets = np.arange(n)
        targets[:-1] += drawn.astype(np.int64)
        return _convert(apply_swaps(targets), dtype)

    # ------------------------------------------------------------------------------------------------ other distributions

    def bernoulli(self, p: Array | float, shape: Shape | None = None, dtype: DTypeLike = None) -> Array:
        """Ones with probability ``p``, else zeros: ``u < p``; ``bernoulli_``, ``torch.bernoulli`` and the mask of dropout.

        A number ``p`` is compared with float64 uniforms, an array with uniforms of its own precision (float64, else float32), and
        broadcast to ``shape``. ``dtype`` is the array's where it is not given, and float32 for a number.

        >>> Generator().manual_seed(0).bernoulli(0.5, 6, np.bool_)
        array([False, False,  True, False, False, False])

        Raises:
            RuntimeError: ``p`` is outside [0, 1], or an array that is not of a floating type.
        """
        if isinstance(p, np.ndarray):
            return self._bernoulli_array(p, p.shape if shape is None else shape, p.dtype if dtype is None else np.dtype(dtype))
        if not 0.0 <= p <= 1.0:
            raise RuntimeError(f"bernoulli expected p in [0, 1], got p={p}")
        if shape is None:
            raise TypeError("bernoulli expected a shape beside a number p")
        dtype = np.dtype(np.float32 if dtype is None else dtype)
        shape, size = _shape(shape)
        out = np.empty(size, dtype=dtype)
        # u < p means k < ceil(p * 2**53) for the integer k = u * 2**53. The 21 high bits of k decide, but for one in two million.
        high_limit, low_limit = divmod(math.ceil(p * 2.0**53), 1 << 32)
        with self._lock:
            for start in range(0, size, _BLOCK):
                part = out[start : start + _BLOCK]
                words = self._words(2 * len(part))
                high = words[0::2] & np.uint32(0x1FFFFF)
                ones = high < np.uint32(high_limit)
                if low_limit:
                    undecided = high == np.uint32(high_limit)
                    if undecided.any():
                        ones[undecided] = words[1::2][undecided] < np.uint32(low_limit)
                part[...] = ones
        return out.reshape(shape)

    def _bernoulli_array(self, p: Array, shape: Shape, dtype: Any) -> Array:
        _floating("bernoulli", p.dtype)
        if p.size and not ((p >= 0) & (p <= 1)).all():
            raise RuntimeError(f"bernoulli expected every p in [0, 1], got {p.min()} to {p.max()}")
        shape, size = _shape(shape)
        work = np.float64 if p.dtype == np.float64 else np.float32
        with self._lock:
            uniform = self._uniform(size, work).reshape(shape)
        return (uniform < p.astype(work)).astype(dtype)

    def exponential(self, shape: Shape, dtype: DTypeLike = np.float32, rate: float = 1.0) -> Array:
        """Exponential numbers ``-log(1 - u) / rate``, computed in float64; ``exponential_``.

        Raises:
            RuntimeError: ``rate`` is not positive, or ``dtype`` is not a floating type.
        """
        if not rate > 0.0:
            raise RuntimeError(f"exponential expected a rate > 0, got {rate}")

        def transform(u: Array) -> Array:
            np.negative(u, out=u)
            np.log1p(u, out=u)
            return np.multiply(u, -1.0 / rate, out=u)

        return self._transformed("exponential", shape, dtype, transform)

    def cauchy(self, shape: Shape, dtype: DTypeLike = np.float32, median: float = 0.0, sigma: float = 1.0) -> Array:
        """Cauchy numbers ``median + sigma tan(pi (u - 1/2))``, computed in float64; ``cauchy_``.

        Raises:
            RuntimeError: ``sigma`` is not positive, or ``dtype`` is not a floating type.
        """
        if not sigma > 0.0:
            raise RuntimeError(f"cauchy expected sigma > 0, got {sigma}")

        def transform(u: Array) -> Array:
            tangent = np.tan(math.pi * (u - 0.5))
            return tangent * sigma if median == 0.0 else multiply_add(tangent, sigma, median)

        return self._transformed("cauchy", shape, dtype, transform)

    def geometric(self, shape: Shape, p: float, dtype: DTypeLike = np.float32) -> Array:
        """Number of trials up to the first success, ``ceil(log u / log(1 - p))``; any dtype but bool; ``geometric_``.

        Raises:
            RuntimeError: ``p`` is outside (0, 1).
        """
        if not 0.0 < p < 1.0:
            raise RuntimeError(f"geometric expected p in (0, 1), got p={p}")

        def transform(u: Array) -> Array:
            with np.errstate(divide="ignore"):
                return np.ceil(np.log(u) / math.log1p(-p))

        dtype = np.dtype(dtype)
        if dtype.kind not in "iu":
            return self._transformed("geometric", shape, dtype, transform)
        return self._transformed("geometric", shape, np.float64, transform).astype(dtype)

    def log_normal(self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0) -> Array:
        """``exp(mean + std * z)`` with normal ``z`` drawn pair by pair in float64; ``log_normal_``.

        Raises:
            RuntimeError: ``std`` is not positive, or ``dtype`` is not a floating type.
        """
        if not std > 0.0:
            raise RuntimeError(f"log_normal expected std > 0, got {std}")
        dtype, _ = _floating("log_normal", dtype)
        shape, size = _shape(shape)
        with self._lock:
            values = self._normal_pairs(size, mean, std)
        with np.errstate(over="ignore"):
            return _convert(np.exp(values), dtype).reshape(shape)

    def _transformed(self, name: str, shape: Shape, dtype: DTypeLike, transform: Callable[[Array], Array]) -> Array:
        dtype, _ = _floating(name, dtype)
        shape, size = _shape(shape)
        out = np.empty(size, dtype=dtype)
        with self._lock:
            for start in range(0, size, _BLOCK):
                part = out[start : start + _BLOCK]
                part[...] = _convert(transform(self._uniform(len(part))), dtype)
        return out.reshape(shape)

    def multinomial(self, weights: Array, num_samples: int, replacement: bool = False) -> Array:
        """Indices drawn with probabilities proportional to ``weights``; int64 of shape ``(num_samples,)`` or ``(rows, num_samples)``.

        ``weights`` has shape ``(categories,)`` or ``(rows, categories)``. With replacement: where a float64 uniform falls in the cumulative
        weights. Without: the largest entries of ``weights / q``, ``q`` exponential, in descending order (the exponential race).

        >>> Generator().manual_seed(0).multinomial(np.array([0.1, 0.2, 0.7]), 2)
        array([2, 1])

        Raises:
            RuntimeError: ``weights`` has another rank or dtype, a negative, infinite or NaN entry, or a row that sums to 0; ``num_samples`` is
                below 1 or, without replacement, above the number of categories.
        """
        if weights.ndim not in (1, 2) or weights.size == 0 and weights.shape[-1] == 0:
            raise RuntimeError(f"multinomial expected weights of shape (categories,) or (rows, categories), got {weights.shape}")
        dtype, _ = _floating("multinomial", weights.dtype)
        categories = weights.shape[-1]
        if num_samples <= 0:
            raise RuntimeError(f"multinomial expected num_samples > 0, got {num_samples}")
        if not replacement and num_samples > categories:
            raise RuntimeError(
                f"multinomial expected num_samples <= {categories} categories without replacement, got {num_samples}"
            )
        if categories > _MAX_CATEGORIES:
            raise RuntimeError(f"multinomial expected at most 2**24 categories, got {categories}")
        shape = (*weights.shape[:-1], num_samples)
        if weights.size == 0:
            return np.empty(shape, dtype=np.int64)
        work = np.dtype(np.float64 if dtype == np.float64 else np.float32)
        rows = weights.reshape(-1, categories).astype(work)
        if not ((rows >= 0) & (rows < np.inf)).all():
            raise RuntimeError("multinomial expected finite weights >= 0, got an entry that is negative, infinite or NaN")
        if (rows.sum(axis=1) == 0).any():
            raise RuntimeError("multinomial expected weights with a positive sum in each row, got a row of zeros")
        if replacement and num_samples > 1:
            return self._multinomial_cumulative(rows, num_samples).reshape(shape)
        race = self.exponential(rows.shape, dtype).astype(work)
        with np.errstate(divide="ignore", over="ignore"):
            np.divide(rows, race, out=race)
        race = race.astype(dtype).astype(work)
        if num_samples == 1:
            return np.argmax(race, axis=1).reshape(shape)
        np.negative(race, out=race)
        return np.argsort(race, axis=1, kind="stable")[:, :num_samples].reshape(shape)

    def _multinomial_cumulative(self, rows: Array, num_samples: int) -> Array:
        with self._lock:
            uniform = self._uniform(len(rows) * num_samples).reshape(len(rows), num_samples)
        cumulative = np.cumsum(rows, axis=1, dtype=rows.dtype)
        cumulative /= cumulative[:, -1:].copy()
        cumulative = cumulative.astype(np.float64)
        return np.stack([np.searchsorted(row, u, side="left") for row, u in zip(cumulative, uniform, strict=True)])

    def poisson(self, rate: Array) -> Array:
        """Poisson counts, one for each entry of ``rate``, of its shape and floating dtype; ``torch.poisson``.

        Below a rate of 10 a product of uniforms, else transformed rejection (W. Hörmann, 1993); about 1 us each.

        Raises:
            RuntimeError: an entry of ``rate`` is negative, or the dtype is not a floating type.
        """
        dtype, _ = _floating("poisson", rate.dtype)
        rates = rate.astype(np.float64).ravel()
        if rates.size and not (rates >= 0).all():
            raise RuntimeError(f"poisson expected every rate >= 0, got a smallest rate of {rates.min()}")
        with self._lock, _Scalars(self, 2 * rates.size) as scalars:
            values = [rejection.poisson(r, scalars.uniform) for r in rates.tolist()]
        return _convert(np.array(values, dtype=np.float64), dtype).reshape(rate.shape)

    def gamma(self, alpha: Array) -> Array:
        """Gamma(alpha, 1) numbers, one for each entry of ``alpha``, float32 or float64 as it is; PyTorch's ``_standard_gamma``.

        Rejection from a transformed normal number (G. Marsaglia and W. W. Tsang, 2000); about 2 us each.

        Raises:
            RuntimeError: the dtype is neither float32 nor float64.
        """
        _single_or_double("gamma", alpha)
        smallest = np.finfo(alpha.dtype).tiny
        with self._lock, _Scalars(self, 3 * alpha.size) as scalars:
            values = [rejection.gamma(a, scalars.uniform, scalars.normal) for a in alpha.ravel()]
        return np.maximum(np.array(values).astype(alpha.dtype), smallest).reshape(alpha.shape)

    def dirichlet(self, alpha: Array) -> Array:
        """Dirichlet numbers, ``g / sum(g)`` along the last axis with ``g`` of Gamma(alpha, 1); PyTorch's ``_sample_dirichlet``.

        Raises:
            RuntimeError: the dtype is neither float32 nor float64.
        """
        _single_or_double("dirichlet", alpha)
        drawn = self.gamma(alpha.astype(np.float64))
        share = (drawn / drawn.sum(axis=-1, keepdims=True)).astype(alpha.dtype)
        below_one = np.nextafter(alpha.dtype.type(1.0), alpha.dtype.type(0.0))
        return np.clip(share, np.finfo(alpha.dtype).tiny, below_one)

    def binomial(self, count: Array, p: Array) -> Array:
        """Successes in ``count`` trials of probability ``p``, arrays of one shape and dtype float32 or float64; ``torch.binomial``.

        Below a mean of 10 the gaps between successes, else transformed rejection (W. Hörmann, 1993); about 2 us each.

        Raises:
            RuntimeError: the arrays differ in shape or dtype, or are neither float32 nor float64.
        """
        _single_or_double("binomial", count)
        if count.dtype != p.dtype or count.shape != p.shape:
            raise RuntimeError(
                "binomial expected count and p of one shape and dtype, "
                f"got {count.shape} {count.dtype} and {p.shape} {p.dtype}"
            )
        with self._lock, _Scalars(self, 4 * count.size) as scalars:
            values = [rejection.binomial(c, q, scalars.uniform) for c, q in zip(count.ravel(), p.ravel(), strict=True)]
        return np.array(values, dtype=np.float64).astype(count.dtype).reshape(count.shape)


class _Scalars:
    """Uniform and normal float64 numbers one at a time: drawn ahead in blocks, and the unused ones given back at the end."""

    def __init__(self, generator: Generator, expected: int) -> None:
        self._generator = generator
        self._block = max(16, min(expected, _BLOCK))

    def __enter__(self) -> _Scalars:
        self._start = self._generator._ready().state
        self._values: list[float] = []
        self._position = 0
        self._used = 0
        return self

    def __exit__(self, *_: object) -> None:
        used = self._used + self._position
        self._generator._engine.state = self._start
        self._generator._engine.random_raw(2 * used, output=False)

    def uniform(self) -> float:
        if self._position == len(self._values):
            self._used += self._position
            self._values = self._generator._uniform(self._block).tolist()
            self._position = 0
        value = self._values[self._position]
        self._position += 1
        return value

    def normal(self) -> float:
        kept = self._generator._kept_normal
        if kept is not None:
            self._generator._kept_normal = None
            return kept
        angle = _TWO_PI * self.uniform()
        radius = math.sqrt(-2.0 * math.log1p(-self.uniform()))
        self._generator._kept_normal = radius * math.sin(angle)
        return radius * math.cos(angle)


def _from_state(state: Array) -> Generator:
    generator = Generator()
    generator.set_state(state)
    return generator


def _shape(shape: Shape) -> tuple[tuple[int, ...], int]:
    """The shape as a tuple, and its number of elements."""
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    sizes = tuple(operator.index(size) for size in sizes)
    if any(size < 0 for size in sizes):
        raise RuntimeError(f"expected sizes >= 0, got shape {sizes}")
    return sizes, math.prod(sizes)


def _floating(name: str, dtype: DTypeLike) -> tuple[Any, tuple[int, float]]:
    dtype = np.dtype(dtype)
    facts = _FLOATS.get(dtype.name)
    if facts is None:
        raise RuntimeError(f"{name} expected a floating dtype (float16, bfloat16, float32, float64), got {dtype}")
    return dtype, facts


def _single_or_double(name: str, array: Array) -> None:
    if array.dtype not in (np.float32, np.float64):
        raise RuntimeError(f"{name} expected an array of float32 or float64, got {array.dtype}")


def _convert(values: Array, dtype: Any) -> Array:
    """``values`` as ``dtype``; narrow floating types are reached through float32, as PyTorch's constructors do."""
    with np.errstate(over="ignore"):
        if dtype.name in ("float16", "bfloat16"):
            values = values.astype(np.float32)
        return values.astype(dtype, copy=False)


def _convert_integers(drawn: Array, low: int, dtype: Any) -> Array:
    """``drawn + low``, drawn unsigned, as ``dtype``: through int64, wrapping around."""
    if drawn.dtype == np.uint32 and low == 0 and dtype.kind in "iu":
        return drawn.astype(dtype)
    values = drawn.astype(np.uint64)
    values += np.uint64(low % (1 << 64))
    return _convert(values.view(np.int64), dtype)


def _last_integer(dtype: Any) -> int:
    """The largest integer drawn for a dtype: its largest number, or the end of the integers that a floating type holds without gaps."""
    facts = _FLOATS.get(dtype.name)
    if facts is not None:
        return 1 << facts[0]
    if dtype.kind == "b":
        return 1
    if dtype.kind not in "iu":
        raise RuntimeError(f"expected an integer, floating or bool dtype, got {dtype}")
    return min(int(np.iinfo(dtype).max), _INT64_MAX)


def _rounded(value: int, dtype: Any) -> int:
    """``value`` rounded to a floating ``dtype``; itself where that overflows."""
    rounded = float(_convert(np.array(value, dtype=np.float64), dtype))
    return int(rounded) if math.isfinite(rounded) else value


def _representable_start(low: int, dtype: Any) -> int:
    """``low``, or the next number of the floating ``dtype`` above it, where rounding would fall below the interval."""
    rounded = _rounded(low + 1, dtype)
    if rounded < low:
        return rounded + (1 << (abs(low + 1).bit_length() - _FLOATS[dtype.name][0]))
    return low


def _representable_end(high: int, dtype: Any) -> int:
    """``high``, or the next number of the floating ``dtype`` below it, where rounding would reach the open end of the interval."""
    rounded = _rounded(high - 1, dtype)
    if rounded >= high:
        return rounded - (1 << (abs(high - 1).bit_length() - _FLOATS[dtype.name][0]))
    return high


def _check_integer_bounds(low: int, last: int, dtype: Any) -> None:
    facts = _FLOATS.get(dtype.name)
    if facts is not None:
        digits, largest = facts
        if low < -largest or last > largest:
            raise RuntimeError(f"integers expected bounds within {dtype}, got low={low}, high={last + 1}")
        if low < -(1 << digits) or last > 1 << digits:
            warnings.warn(
                f"{dtype} holds all integers only in [-2**{digits}, 2**{digits}]: numbers from low={low}, high={last + 1} are rounded",
                stacklevel=3,
            )
        return
    first_held = 0 if dtype.kind in "bu" else int(np.iinfo(dtype).min)
    last_held = _last_integer(dtype)
    if low < first_held or last > last_held:
        raise RuntimeError(
            f"integers expected low and high - 1 in [{first_held}, {last_held}] for {dtype}, got low={low}, high={last + 1}"
        )


def _unseeded() -> Generator:
    generator = Generator()
    generator._seed = None
    return generator


default_generator = _unseeded()
"""The process-wide generator; the operating system seeds it at the first draw, unless ``manual_seed`` came first."""
