"""Samples of windows as columns."""

from __future__ import annotations

from . import array, case, raises, sample

sample(
    "unfold",
    lambda make: [
        case(make(2, 3, 4, 5), 2),
        case(make(2, 3, 4, 5), (2, 3), padding=1, stride=2),
        case(make(3, 5, 5), 2, 2),
    ],
    oracle="torch.nn.functional.unfold",
    errors=[
        raises(RuntimeError, "window 3x3 is larger", array(1, 1, 2, 2), 3),
        raises(RuntimeError, "stride must be positive", array(1, 1, 2, 2), 2, stride=0),
    ],
)
sample(
    "fold",
    lambda make: [
        case(make(2, 12, 12), (4, 5), 2),
        case(make(2, 18, 9), (4, 5), (2, 3), padding=1, stride=2),
        case(make(12, 9), (5, 5), 2, 2),
    ],
    oracle="torch.nn.functional.fold",
    errors=[
        raises(RuntimeError, "multiple of the window volume 4", array(1, 3, 4), (3, 3), 2),
        raises(RuntimeError, "has 2x2 windows", array(1, 4, 5), (3, 3), 2),
    ],
)
