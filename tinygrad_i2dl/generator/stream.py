"""``Stream``: the words of a 32-bit Mersenne Twister in PyTorch's order, their seed and their state.

The engine is the 32-bit Mersenne Twister (M. Matsumoto and T. Nishimura, Mersenne Twister, ACM TOMACS 8, 1998) seeded
by init_genrand; NumPy's engine gives the same words.
"""

from __future__ import annotations

import math
import operator
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

__all__ = ["BLOCK", "SIGNIFICAND_UNIT", "Scalars", "Stream", "blocks", "normal_pair"]

Array = Any  # numpy.ndarray

BLOCK = 1 << 16
"""Numbers drawn at a time: with their intermediate results they stay near the processor."""

SIGNIFICAND_UNIT: dict[Any, Any] = {
    np.dtype(np.float32): np.float32(2.0**-24),
    np.dtype(np.float64): np.float64(2.0**-53),
}
"""What a random significand is multiplied with to lie in [0, 1)."""

_DEFAULT_SEED = 67280421310721  # what a new torch.Generator() starts from
_STATE_WORDS = 624
_FEW_WORDS = 512  # below, NumPy's raw words are the faster way, although 64 bits wide
_INT64_MIN = -(1 << 63)

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


class Stream:
    """Words of one seed, in order, and a normal number that may wait for the next draw.

    One lock per stream; a drawing method holds it while it takes words.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._seed: int | None = _DEFAULT_SEED
        self._engine: Any = None  # made at the first draw: importing numpy.random takes 10 ms
        self._bulk: Any = None  # the engine's words many at a time
        self._seeder: Any = None  # the engine's init_genrand
        self._kept_normal: float | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_state, (type(self), self.get_state())

    # --------------------------------------------------------------------------------------------------- seed and state

    def manual_seed(self, seed: int) -> Self:
        """Start the stream of ``seed``; its low 32 bits choose the stream, negative numbers count from 2**64.

        >>> Stream().manual_seed(-1).initial_seed() == 2**64 - 1
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

        >>> Stream().manual_seed(7).initial_seed()
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
            # After seeding PyTorch has the index at 0, after the last word of a block at 624; both mean that a refill
            # is due.
            state["next"] = 0 if position == _STATE_WORDS and self._is_fresh(inner["key"]) else position
            state["words"] = inner["key"]
            if self._kept_normal is not None:
                state["normal_y"] = self._kept_normal
                state["normal_is_valid"] = 1
        return np.frombuffer(state.tobytes(), dtype=np.uint8).copy()

    def set_state(self, state: Array) -> None:
        """Continue from ``state``, a uint8 array of shape ``(5056,)`` from ``get_state()``, ours or PyTorch's.

        >>> stream = Stream().manual_seed(1)
        >>> state = stream.get_state()
        >>> first = stream._words(5)
        >>> stream.set_state(state)
        >>> bool((stream._words(5) == first).all())
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

    def clone_state(self) -> Self:
        """A new generator that continues this stream independently."""
        clone: Self = _from_state(type(self), self.get_state())
        return clone

    def _start(self, seed: int) -> None:
        if self._engine is None:
            self._engine = np.random.MT19937(0)
            self._bulk = np.random.Generator(self._engine)
            self._seeder = np.random.RandomState(self._engine)
        self._seeder.seed(seed & 0xFFFFFFFF)
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

    # ------------------------------------------------------------------------------------------------------------ words

    def _words(self, count: int) -> Array:
        """The next ``count`` words of the engine: uint32, fresh."""
        engine = self._ready()
        if count < _FEW_WORDS:
            return engine.random_raw(count).astype(np.uint32)
        return self._bulk.integers(0, 1 << 32, count, dtype=np.uint32)

    def _double_words(self, count: int) -> Array:
        """The next ``count`` pairs of words as uint64: the first word of a pair is the high half."""
        pairs = self._words(2 * count).view(np.uint64)
        if sys.byteorder == "big":
            return pairs
        first = pairs << np.uint64(32)
        pairs >>= np.uint64(32)
        pairs |= first
        return pairs

    def _significands(self, count: int, dtype: Any) -> Array:
        """``count`` random significands of float32 or float64: one word mod 2**24, or two words mod 2**53.

        int32 or int64, although never negative: from signed integers one instruction converts eight numbers.
        """
        if dtype == np.float32:
            words = self._words(count)
            np.bitwise_and(words, np.uint32((1 << 24) - 1), out=words)
            return words.view(np.int32)
        words = self._double_words(count)
        np.bitwise_and(words, np.uint64((1 << 53) - 1), out=words)
        return words.view(np.int64)

    def _fill_uniform(self, out: Array) -> None:
        """Fill ``out`` (1-D, float32 or float64) with uniform numbers in [0, 1)."""
        for part in blocks(out):
            np.copyto(part, self._significands(len(part), out.dtype), casting="unsafe")
            np.multiply(part, SIGNIFICAND_UNIT[out.dtype], out=part)

    def _uniform(self, size: int, dtype: Any = np.float64) -> Array:
        out = np.empty(size, dtype=dtype)
        self._fill_uniform(out)
        return out


class Scalars:
    """Uniform and normal float64 numbers one at a time: drawn ahead in blocks, unused ones given back at the end."""

    def __init__(self, stream: Stream, expected: int) -> None:
        self._stream = stream
        self._block = max(16, min(expected, BLOCK))

    def __enter__(self) -> Scalars:
        self._start = self._stream._ready().state
        self._values: list[float] = []
        self._position = 0
        self._used = 0
        return self

    def __exit__(self, *_: object) -> None:
        used = self._used + self._position
        self._stream._engine.state = self._start
        self._stream._engine.random_raw(2 * used, output=False)

    def uniform(self) -> float:
        if self._position == len(self._values):
            self._used += self._position
            self._values = self._stream._uniform(self._block).tolist()
            self._position = 0
        value = self._values[self._position]
        self._position += 1
        return value

    def normal(self) -> float:
        kept = self._stream._kept_normal
        if kept is not None:
            self._stream._kept_normal = None
            return kept
        value, self._stream._kept_normal = normal_pair(self.uniform(), self.uniform())
        return value


def normal_pair(u: float, v: float) -> tuple[float, float]:
    """Two independent standard normal numbers of two uniform ones (G. E. P. Box and M. E. Muller, 1958)."""
    angle = 2.0 * math.pi * u
    radius = math.sqrt(-2.0 * math.log1p(-v))
    return radius * math.cos(angle), radius * math.sin(angle)


def blocks(out: Array) -> Iterator[Array]:
    """Consecutive parts of a 1-D array, each small enough for the second-level cache."""
    for start in range(0, len(out), BLOCK):
        yield out[start : start + BLOCK]


def _from_state(kind: type[Any], state: Array) -> Any:
    stream = kind()
    stream.set_state(state)
    return stream
