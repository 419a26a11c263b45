"""What tables on the terminal and in the report say alike: units, verdicts, headings."""

from __future__ import annotations

from typing import Any

# A miss within this of its target is a near one: shown apart from those that are far off.
NEAR = 1.1

# What a step on two threads may take beside a busy loop, over the same step on one thread alone.
STEADY = 1.3

TITLES = {
    "train": "Training steps and inferences",
    "ops": "Single operations on large tensors",
    "conv": "Convolution and pooling",
    "memory": "Peak memory of a training step",
    "scaling": "Scaling curves",
    "overhead": "Overhead of an operation",
    "contention": "Steps beside a busy neighbour",
}
EXPLAINED = {
    "train": "One step: gradients cleared, forward, loss, backward, optimizer. Inferences run without recording.",
    "ops": "Float32; with a backward pass, it starts from a random gradient.",
    "conv": "Float32; with a backward pass, both gradients and the pass forward.",
    "memory": "Highest resident memory during five steps above that before the model was made, each contender in a "
    "process of its own that had loaded its code; median of three.",
    "scaling": "Time of a training step as one size grows. The exponent is the slope over the three largest sizes: 1 "
    "is linear.",
    "overhead": "Microseconds over NumPy's own time for the same operation on 16x16 numbers.",
    "contention": "A step on one thread; on two; and on two while a loop keeps one of the two cores busy.",
}


def seconds(value: float) -> str:
    """A time with three digits in the unit that fits.

    >>> seconds(0.00123), seconds(2.5e-5)
    ('1.23 ms', '25.0 us')
    """
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}" if value / scale >= 100 else f"{value / scale:#.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def size(value: float) -> str:
    """A number of bytes.

    >>> size(3 << 20)
    '3.00 MB'
    """
    for unit, scale in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if value >= scale:
            return f"{value / scale:#.3g} {unit}" if value / scale < 100 else f"{value / scale:.0f} {unit}"
    return f"{value:.0f} B"


def verdict(value: float, target: float | None) -> str:
    """``met``, ``near`` (within a tenth), ``missed``; without a target ``faster`` or ``slower``.

    >>> verdict(0.5, 0.7), verdict(0.75, 0.7), verdict(2.0, 0.7), verdict(0.9, None)
    ('met', 'near', 'missed', 'faster')
    """
    if target is None:
        return "faster" if value <= 1 else "slower"
    return "met" if value <= target else "near" if value <= target * NEAR else "missed"


def contenders_of(rows: list[dict[str, Any]]) -> list[str]:
    """Names in the order in which they were given."""
    for row in rows:
        for key in ("times", "bytes"):
            if key in row:
                return list(row[key])
    return []


def amount(row: dict[str, Any], name: str) -> tuple[str, float]:
    """What a contender took, as text, and the spread."""
    if "bytes" in row:
        return size(row["bytes"][name]["median"]), row["bytes"][name]["spread"]
    return seconds(row["times"][name]["median_s"]), row["times"][name]["spread"]
