"""Samples of the bilinear form."""

from __future__ import annotations

from . import array, case, raises, sample

sample(
    "bilinear",
    lambda make: [
        case(make(4, 2), make(4, 3), make(5, 2, 3), make(5)),
        case(make(2, 4, 2), make(2, 4, 3), make(5, 2, 3)),
        case(make(2), make(3), make(5, 2, 3)),
        case(make(0, 2), make(0, 3), make(5, 2, 3)),
    ],
    oracle="torch.nn.functional.bilinear",
    errors=[raises(RuntimeError, "expected shapes", array(4, 2), array(3, 3), array(5, 2, 3))],
)
