"""Sample inputs of every operation: the one place besides its definition where an operation is named.

A block per operation::

    sample("mul", lambda make: [case(make(3, 4), make(4)), case(make(2, 0), 2.5)], oracle="torch.mul",
           errors=[raises(RuntimeError, "do not broadcast", make_array(3), make_array(4))])

``make(*shape, low=-1, high=1, dtype="float64", away_from=None)`` gives a NumPy array of reproducible random numbers
(`away_from`: a value such as a kink that no element comes nearer to than 0.1); `kink` makes a case where finite
differences mean nothing. Floating-point arrays become tensors that require gradients, others constants. From the blocks
`tests/test_ops.py` derives: forward against the oracle (a dotted path into PyTorch, or a function of float64 NumPy
arrays), first and second order gradcheck, gradients on arrays = gradients on Tensors, function = method = in-place
form, non-contiguous and empty inputs, error texts, and every available backend against the reference.

``determined=function`` is for operations whose result is defined up to a choice, such as the signs of eigenvectors:
everything is tested of what the function makes of the result. ``through=function`` is for operations whose derivative
is that on a subset, such as symmetric matrices: derivatives are those of the composition with a function that leads
into the subset.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

__all__ = ["SAMPLES", "Case", "Samples", "array", "case", "kink", "load_all", "raises", "sample", "symmetric"]


@dataclass(frozen=True)
class Case:
    """One call: positional arguments (arrays for tensors, also inside lists) and keywords."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    smooth: bool = True  # False where no derivative exists at these arguments: a kink, a tie, NaN


@dataclass(frozen=True)
class Failure:
    """A call that must raise `error` with a text that matches `pattern`."""

    error: type[Exception]
    pattern: str
    call: Case


@dataclass(frozen=True)
class Samples:
    """All that is known of one operation for testing it."""

    name: str
    cases: Callable[[Callable[..., Any]], list[Case]]
    oracle: str | Callable[..., Any]
    errors: Sequence[Failure] = ()
    gradient: bool = True  # False: no derivative (comparisons, indices)
    second: bool = True  # False: with the reason in `why`
    rtol: float = 1e-7
    why: str = field(default="")  # reason of every departure from the defaults
    determined: Callable[[Any], Any] | None = None  # of a result, what does not depend on an arbitrary choice
    through: Callable[[Any], Any] | None = None  # for derivatives only: what the first tensor goes through before


SAMPLES: dict[str, Samples] = {}


def sample(
    name: str, cases: Callable[[Callable[..., Any]], list[Case]], *, oracle: str | Callable[..., Any], **more: Any
) -> None:
    """Register the block of an operation. Raises if it has one already or departs from a default without saying why."""
    if name in SAMPLES:
        raise ValueError(f"{name} has two sample blocks")
    block = Samples(name, cases, oracle, **more)
    if (not block.second or block.rtol > 1e-7) and block.gradient and not block.why:
        raise ValueError(f"{name}: say why the default is departed from")
    SAMPLES[name] = block


def case(*args: Any, **kwargs: Any) -> Case:
    return Case(args, kwargs)


def kink(*args: Any, **kwargs: Any) -> Case:
    """A call where no derivative exists (ties, NaN): the gradient is compared with the oracle's choice alone."""
    return Case(args, kwargs, smooth=False)


def raises(error: type[Exception], pattern: str, *args: Any, **kwargs: Any) -> Failure:
    return Failure(error, pattern, Case(args, kwargs))


class Maker:
    """Reproducible random arrays; every case list gets a fresh one."""

    def __init__(self, seed: int = 0) -> None:
        self.random = numpy.random.default_rng(seed)

    def __call__(
        self, *shape: int, low: float = -1.0, high: float = 1.0, dtype: str = "float64", away_from: float | None = None
    ) -> Any:
        if numpy.dtype(dtype).kind in "iu":
            return self.random.integers(int(low), int(high), shape).astype(dtype)
        if dtype == "bool":
            return self.random.random(shape) < 0.5
        values = self.random.uniform(low, high, shape)
        if away_from is not None:
            near = abs(values - away_from) < 0.1
            side = numpy.where(values < away_from, -0.1, 0.1)
            values = numpy.where(near, away_from + side + (values - away_from), values)
        return numpy.asarray(values, dtype=dtype)


def symmetric(matrices: Any) -> Any:
    """Symmetric part of square matrices of either library."""
    return (matrices + matrices.transpose(-2, -1)) / 2


def array(*shape: int, dtype: str = "float64") -> Any:
    """An array for error cases, where values do not matter."""
    return numpy.ones(shape, dtype=dtype)


def load_all() -> dict[str, Samples]:
    """Import every block."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return SAMPLES
