"""``Generator``: the distributions of PyTorch's CPU device, drawn from one stream of random words, as NumPy arrays.

Every method draws as many words, in the same order, as PyTorch's method of that purpose, so that after any sequence
of draws the next number is PyTorch's again.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_i2dl.devices import device as Device
from tinygrad_i2dl.generator import rejection
from tinygrad_i2dl.generator.conversion import (
    Shape,
    check_integer_bounds,
    check_single_or_double,
    float_facts,
    floating_dtype,
    integers_as,
    last_integer,
    representable_end,
    representable_start,
    sizes_of,
    values_as,
)
from tinygrad_i2dl.generator.rounding import multiply_add
from tinygrad_i2dl.generator.shuffle import apply_swaps
from tinygrad_i2dl.generator.stream import SIGNIFICAND_UNIT, Scalars, Stream, blocks, normal_pair

__all__ = ["Generator", "default_generator"]

Array = Any  # numpy.ndarray
DTypeLike = Any

_WIDE_RANGE = 1 << 28  # from this many integers on, 64 random bits are reduced to the range, not 32
_WIDE_PERMUTATION = 0xFFFFFFFF // 20  # the same for permutations
_MAX_CATEGORIES = 1 << 24
_TWO_PI = 2.0 * math.pi
_INT64_MIN = -(1 << 63)


class Generator(Stream):
    """Source of random numbers with PyTorch's CPU values for the same seed.

    Every drawing method returns a fresh array of the given shape and dtype. One lock per generator: threads may share
    it. PyTorch's values are reproduced bit for bit, except where a logarithm, exponential, sine, cosine or tangent is
    taken: there, to the last bits.

    >>> generator = Generator().manual_seed(0)
    >>> generator.uniform(3, np.float32)
    array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
    >>> generator.permutation(4)
    array([0, 2, 3, 1])

    Raises:
        RuntimeError: ``device`` is not the CPU.
    """

    def __init__(self, device: str | Device = "cpu") -> None:
        super().__init__()
        self.device = Device(device)
        if self.device.type != "cpu":
            raise RuntimeError(
                f"expected device 'cpu', got {str(device)!r}: random numbers of a GPU come from its own generator"
            )

    def __repr__(self) -> str:
        return f"<Generator device={self.device!s}>"

    # ----------------------------------------------------------------------------------------------- uniform and normal

    def uniform(self, shape: Shape, dtype: DTypeLike = np.float32, low: float = 0.0, high: float = 1.0) -> Array:
        """Uniform numbers in [low, high): ``u * (high - low) + low``, rounded once; ``rand`` and ``uniform_``.

        ``u`` is ``(word mod 2**24) / 2**24`` for float32 and narrower types, ``(two words mod 2**53) / 2**53`` for
        float64.

        >>> Generator().manual_seed(0).uniform((1, 2), np.float64, -1.0, 1.0)
        array([[0.940106  , 0.41563973]])

        Raises:
            RuntimeError: ``low > high``, a bound or the width is outside ``dtype``, or ``dtype`` is not a floating
                type.
        """
        dtype, largest = floating_dtype("uniform", dtype)
        if not (abs(low) <= largest and abs(high) <= largest):
            raise RuntimeError(f"uniform expected bounds within {dtype} (up to {largest}), got low={low}, high={high}")
        if not (low <= high and high - low <= largest):
            raise RuntimeError(f"uniform expected low <= high and a width within {dtype}, got low={low}, high={high}")
        shape, size = sizes_of(shape)
        work = np.dtype(np.float64 if dtype == np.float64 else np.float32)
        out = np.empty(size, dtype=dtype)
        start, end = work.type(low), work.type(high)
        width = end - start
        first, excluded = out.dtype.type(start), out.dtype.type(end)
        standard = low == 0.0 and high == 1.0
        with self._lock:
            for part in blocks(out):
                drawn = part if dtype == work else np.empty(len(part), dtype=work)
                self._fill_uniform(drawn)
                if not standard:
                    drawn[:] = multiply_add(drawn, width, start, fractions=True)
                if dtype != work:
                    part[:] = drawn
                if not standard or dtype != work:
                    np.copyto(part, first, where=part == excluded)  # what was rounded up to the open end
        return out.reshape(shape)

    def normal(self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normal numbers ``mean + std * z``; ``randn`` and ``normal_``.

        ``z`` comes in pairs from two uniform numbers (G. E. P. Box and M. E. Muller, 1958): ``sqrt(-2 log(1 - u))
        cos(2 pi v)`` and ``sqrt(-2 log(1 - u)) sin(2 pi v)``. Sixteen or more numbers are drawn in groups of 8 pairs,
        and a last incomplete group is drawn again as the last 16; fewer are drawn pair by pair in float64, and an
        unused second number waits for the next such draw.

        >>> Generator().manual_seed(0).normal(3)
        array([ 1.541, -0.2934, -2.1788], dtype=float32)

        Raises:
            RuntimeError: ``std`` is negative or ``dtype`` is not a floating type.
        """
        dtype, _ = floating_dtype("normal", dtype)
        if not std >= 0.0:
            raise RuntimeError(f"normal expected std >= 0, got std={std}")
        shape, size = sizes_of(shape)
        with self._lock, np.errstate(over="ignore", invalid="ignore"):
            if size < 16:
                return values_as(self._normal_pairs(size, mean, std), dtype).reshape(shape)
            work = np.dtype(np.float64 if dtype == np.float64 else np.float32)
            out = np.empty(size, dtype=work)
            full = size - size % 16
            for part in blocks(out[:full]):
                self._fill_normal(part, mean, std)
            if size != full:
                if dtype == work:
                    self._words(
                        (size - full) * (work.itemsize // 4)
                    )  # overwritten in PyTorch, but drawn; narrow types do not
                self._fill_normal(out[size - 16 :], mean, std)
        return values_as(out, dtype).reshape(shape)

    def _fill_normal(self, out: Array, mean: float, std: float) -> None:
        """Fill ``out``, whose size is a multiple of 16: in each group u are the first 8 numbers, v the last 8."""
        kind = out.dtype.type
        unit = SIGNIFICAND_UNIT[out.dtype]
        # Eight numbers at a time are one item, which NumPy copies as fast as memory allows.
        eight = np.dtype((np.void, 8 * out.itemsize))
        drawn = self._significands(len(out), out.dtype)
        groups = drawn.view(eight)
        first = groups[0::2].copy().view(drawn.dtype)
        second = groups[1::2].copy().view(drawn.dtype)
        np.subtract(round(1.0 / unit), first, out=first)  # 1 - u, exactly, as an integer
        radius = first.astype(kind)
        np.multiply(radius, unit, out=radius)
        np.log(radius, out=radius)
        np.multiply(radius, kind(-2.0), out=radius)
        np.sqrt(radius, out=radius)
        angle = second.astype(kind)
        np.multiply(angle, kind(_TWO_PI) * unit, out=angle)  # the unit is a power of two: rounded as (2 pi) v
        cosine = np.cos(angle)
        np.multiply(cosine, radius, out=cosine)
        sine = np.sin(angle, out=angle)
        np.multiply(sine, radius, out=sine)
        groups = out.view(eight)
        groups[0::2] = cosine.view(eight)
        groups[1::2] = sine.view(eight)
        if mean != 0.0:
            out[:] = multiply_add(out, kind(std), kind(mean))
        elif std != 1.0:
            np.multiply(out, kind(std), out=out)

    def _normal_pairs(self, size: int, mean: float = 0.0, std: float = 1.0) -> Array:
        """``size`` normal float64 numbers drawn pair by pair; a number left over is kept in the generator."""
        if size == 0:
            return np.empty(0)
        kept = [] if self._kept_normal is None else [self._kept_normal]
        pairs = (size - len(kept) + 1) // 2
        uniform = self._uniform(2 * pairs)
        values = np.empty(len(kept) + 2 * pairs)
        values[: len(kept)] = kept
        fresh = values[len(kept) :]
        if pairs <= 8:  # faster, and with the C library's last bits, which are PyTorch's
            u = uniform.tolist()
            fresh[:] = [value for i in range(0, 2 * pairs, 2) for value in normal_pair(u[i], u[i + 1])]
        else:
            radius = np.sqrt(-2.0 * np.log1p(-uniform[1::2]))
            angle = _TWO_PI * uniform[0::2]
            np.multiply(radius, np.cos(angle), out=fresh[0::2])
            np.multiply(radius, np.sin(angle), out=fresh[1::2])
        self._kept_normal = float(values[size]) if len(values) > size else None
        return multiply_add(values[:size], std, mean)

    def normal_elementwise(self, mean: Array | float, std: Array | float) -> Array:
        """Normal numbers with a mean and standard deviation for each: ``mean + std * z``; ``torch.normal`` of tensors.

        At least one of the two is an array; the result has their broadcast shape and the dtype of ``mean``, or of
        ``std`` where ``mean`` is a number.

        >>> Generator().manual_seed(0).normal_elementwise(np.array([100.0, 200.0]), 0.5).round(2)
        array([100.77, 199.85])

        Raises:
            RuntimeError: an entry of ``std`` is negative, or the dtype is not a floating type.
        """
        leading = mean if isinstance(mean, np.ndarray) else std
        if not isinstance(leading, np.ndarray):
            raise TypeError(
                "normal_elementwise expected an array for mean or std; with two numbers call normal(shape, ...)"
            )
        dtype, _ = floating_dtype("normal", leading.dtype)
        if isinstance(std, np.ndarray):
            if std.size and not (std >= 0).all():
                raise RuntimeError(f"normal expected every std >= 0, got a smallest std of {std.min()}")
            scaled = self.normal(np.broadcast_shapes(np.shape(mean), std.shape), dtype) * std
        else:
            scaled = self.normal(leading.shape, dtype, 0.0, std)
        return np.asarray(scaled + (mean if isinstance(mean, np.ndarray) else dtype.type(mean)), dtype=dtype)

    # --------------------------------------------------------------------------------------------------------- integers

    def integers(self, shape: Shape, low: int, high: int | None, dtype: DTypeLike = np.int64) -> Array:
        """Integers ``low + (bits mod (high - low))`` in [low, high), of any dtype; ``randint``, ``random_(low, high)``.

        ``high=None`` goes up to the largest number of ``dtype`` (2**significand bits for floating types), included.
        ``bits`` are one word, or two when the range has 2**28 integers or more.

        >>> Generator().manual_seed(0).integers(5, 0, 10)
        array([4, 9, 3, 0, 3])

        Raises:
            RuntimeError: ``low >= high``, or a bound is outside ``dtype``.
        """
        dtype = np.dtype(dtype)
        low = operator.index(low)
        floating = float_facts(dtype)
        if floating is None and dtype.kind not in "iub":
            raise RuntimeError(f"integers expected an integer, floating or bool dtype, got {dtype}")
        everything = high is None and low == _INT64_MIN
        if high is None:
            last = last_integer(dtype)
        else:
            high = operator.index(high)
            if low >= high:
                raise RuntimeError(f"integers expected low < high, got low={low}, high={high}")
            if floating is not None:
                high = representable_end(high, dtype)
            last = high - 1
        if floating is not None and not everything:
            low = representable_start(low, dtype)
            if low > last:
                raise RuntimeError(
                    f"integers expected low < high after rounding to {dtype}, got low={low}, high={last + 1}"
                )
        if not everything:
            check_integer_bounds(low, last, dtype)
        shape, size = sizes_of(shape)
        if size == 0:
            return np.empty(shape, dtype=dtype)
        extent = last - low + 1
        with self._lock:
            if everything:
                if dtype.name not in ("int64", "float64", "float32", "bfloat16"):
                    raise RuntimeError(
                        f"integers over all 64 bits expected int64, float64, float32 or bfloat16, got {dtype}"
                    )
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
        return integers_as(drawn, low, dtype).reshape(shape)

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
        last = last_integer(dtype)
        shape, size = sizes_of(shape)
        with self._lock:
            wide = dtype == np.int64 or dtype == np.float64
            drawn = self._double_words(size) if wide else self._words(size)
        if float_facts(dtype) is None:
            drawn &= drawn.dtype.type(last)  # 2**n - 1
        else:
            drawn %= drawn.dtype.type(last + 1)
        return integers_as(drawn, 0, dtype).reshape(shape)

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
        if n > 1 and n > last_integer(dtype) + (dtype.kind in "iub"):
            raise RuntimeError(f"permutation expected a dtype that holds 0 to n - 1, got n={n} with {dtype}")
        if n == 0:
            return np.empty(0, dtype=dtype)
        with self._lock:
            wide = n >= _WIDE_PERMUTATION
            drawn = self._double_words(n - 1) if wide else self._words(n - 1)
        drawn %= np.arange(n, 1, -1).astype(drawn.dtype)
        targets = np.arange(n)
        targets[:-1] += drawn.astype(np.int64)
        return values_as(apply_swaps(targets), dtype)

    # ---------------------------------------------------------------------------------------------- other distributions

    def bernoulli(self, p: Array | float, shape: Shape | None = None, dtype: DTypeLike = None) -> Array:
        """Ones with probability ``p``, else zeros: ``u < p``; ``bernoulli_``, ``torch.bernoulli``, dropout's mask.

        A number ``p`` is compared with float64 uniforms, an array with uniforms of its own precision (float64, else
        float32), and broadcast to ``shape``. ``dtype`` is the array's where it is not given, and float32 for a
        number.

        >>> Generator().manual_seed(0).bernoulli(0.5, 6, np.bool_)
        array([False, False,  True, False, False, False])

        Raises:
            RuntimeError: ``p`` is outside [0, 1], or an array that is not of a floating type.
        """
        if isinstance(p, np.ndarray):
            return self._bernoulli_array(
                p, p.shape if shape is None else shape, p.dtype if dtype is None else np.dtype(dtype)
            )
        if not 0.0 <= p <= 1.0:
            raise RuntimeError(f"bernoulli expected p in [0, 1], got p={p}")
        if shape is None:
            raise TypeError("bernoulli expected a shape beside a number p")
        dtype = np.dtype(np.float32 if dtype is None else dtype)
        shape, size = sizes_of(shape)
        out = np.empty(size, dtype=dtype)
        # u < p means k < ceil(p * 2**53) for the integer k = u * 2**53. The 21 high bits of k decide, but for one in
        # two million.
        high_limit, low_limit = divmod(math.ceil(p * 2.0**53), 1 << 32)
        with self._lock:
            for part in blocks(out):
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
        floating_dtype("bernoulli", p.dtype)
        if p.size and not ((p >= 0) & (p <= 1)).all():
            raise RuntimeError(f"bernoulli expected every p in [0, 1], got {p.min()} to {p.max()}")
        shape, size = sizes_of(shape)
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
            return multiply_add(tangent, sigma, median)

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
        trials = self._transformed("geometric", shape, np.float64, transform)
        with np.errstate(invalid="ignore"):
            return trials.astype(dtype)

    def log_normal(self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0) -> Array:
        """``exp(mean + std * z)`` with normal ``z`` drawn pair by pair in float64; ``log_normal_``.

        Raises:
            RuntimeError: ``std`` is not positive, or ``dtype`` is not a floating type.
        """
        if not std > 0.0:
            raise RuntimeError(f"log_normal expected std > 0, got {std}")
        dtype, _ = floating_dtype("log_normal", dtype)
        shape, size = sizes_of(shape)
        with self._lock:
            values = self._normal_pairs(size, mean, std)
        with np.errstate(over="ignore"):
            return values_as(np.exp(values), dtype).reshape(shape)

    def _transformed(self, name: str, shape: Shape, dtype: DTypeLike, transform: Callable[[Array], Array]) -> Array:
        dtype, _ = floating_dtype(name, dtype)
        shape, size = sizes_of(shape)
        out = np.empty(size, dtype=dtype)
        with self._lock:
            for part in blocks(out):
                part[...] = values_as(transform(self._uniform(len(part))), dtype)
        return out.reshape(shape)

    def multinomial(self, weights: Array, num_samples: int, replacement: bool = False) -> Array:
        """Indices drawn with probabilities proportional to ``weights``: int64, ``num_samples`` for each row.

        ``weights`` has shape ``(categories,)`` or ``(rows, categories)``, the result its shape with ``num_samples``
        last. With replacement: where a float64 uniform falls in the cumulative weights. Without: the largest entries
        of ``weights / q``, ``q`` exponential, in descending order (the exponential race); equal quotients by index,
        where PyTorch has no rule.

        >>> Generator().manual_seed(0).multinomial(np.array([0.1, 0.2, 0.7]), 2)
        array([2, 1])

        Raises:
            RuntimeError: ``weights`` has another rank or dtype, a negative, infinite or NaN entry, or a row that sums
                to 0; ``num_samples`` is below 1 or, without replacement, above the number of categories.
        """
        if weights.ndim not in (1, 2) or weights.shape[-1] == 0:
            raise RuntimeError(
                f"multinomial expected weights of shape (categories,) or (rows, categories), got {weights.shape}"
            )
        dtype, _ = floating_dtype("multinomial", weights.dtype)
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
            raise RuntimeError(
                "multinomial expected finite weights >= 0, got an entry that is negative, infinite or NaN"
            )
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
        dtype, _ = floating_dtype("poisson", rate.dtype)
        rates = rate.astype(np.float64).ravel()
        if rates.size and not (rates >= 0).all():
            raise RuntimeError(f"poisson expected every rate >= 0, got a smallest rate of {rates.min()}")
        with self._lock, Scalars(self, 2 * rates.size) as scalars:
            values = [rejection.poisson(r, scalars.uniform) for r in rates.tolist()]
        return values_as(np.array(values, dtype=np.float64), dtype).reshape(rate.shape)

    def gamma(self, alpha: Array) -> Array:
        """Gamma(alpha, 1) numbers, one for each entry of ``alpha``, of its shape and dtype; ``torch._standard_gamma``.

        Rejection from a transformed normal number (G. Marsaglia and W. W. Tsang, 2000); about 2 us each.

        Raises:
            RuntimeError: the dtype is neither float32 nor float64.
        """
        check_single_or_double("gamma", alpha)
        smallest = np.finfo(alpha.dtype).tiny
        with self._lock, Scalars(self, 3 * alpha.size) as scalars:
            values = [rejection.gamma(a, scalars.uniform, scalars.normal) for a in alpha.ravel()]
        return np.maximum(np.array(values).astype(alpha.dtype), smallest).reshape(alpha.shape)

    def dirichlet(self, alpha: Array) -> Array:
        """Dirichlet numbers, ``g / sum(g)`` over the last axis, ``g`` of Gamma(alpha, 1); ``torch._sample_dirichlet``.

        Raises:
            RuntimeError: the dtype is neither float32 nor float64.
        """
        check_single_or_double("dirichlet", alpha)
        drawn = self.gamma(alpha.astype(np.float64))
        share = (drawn / drawn.sum(axis=-1, keepdims=True)).astype(alpha.dtype)
        below_one = np.nextafter(alpha.dtype.type(1.0), alpha.dtype.type(0.0))
        return np.clip(share, np.finfo(alpha.dtype).tiny, below_one)

    def binomial(self, count: Array, p: Array) -> Array:
        """Successes in ``count`` trials of probability ``p``, arrays of one shape and dtype; ``torch.binomial``.

        Below a mean of 10 the gaps between successes, else transformed rejection (W. Hörmann, 1993); about 2 us each.

        Raises:
            RuntimeError: the arrays differ in shape or dtype, or are neither float32 nor float64.
        """
        check_single_or_double("binomial", count)
        if count.dtype != p.dtype or count.shape != p.shape:
            raise RuntimeError(
                "binomial expected count and p of one shape and dtype, "
                f"got {count.shape} {count.dtype} and {p.shape} {p.dtype}"
            )
        with self._lock, Scalars(self, 4 * count.size) as scalars:
            values = [rejection.binomial(c, q, scalars.uniform) for c, q in zip(count.ravel(), p.ravel(), strict=True)]
        return np.array(values, dtype=np.float64).astype(count.dtype).reshape(count.shape)


def _unseeded() -> Generator:
    generator = Generator()
    generator._seed = None
    return generator


default_generator = _unseeded()
"""The process-wide generator; the operating system seeds it at the first draw, unless ``manual_seed`` came first."""
