"""Samples of elementwise arithmetic and functions."""

from __future__ import annotations

from . import array, case, raises, sample

sample(
    "mul",
    lambda make: [case(make(3, 4), make(3, 4)), case(make(3, 4), make(4)), case(make(2, 1, 3), make(5, 1)), case(make(3), 2.5), case(make(2, 0), make(2, 1)), case(make(), make())],
    oracle="torch.mul",
    errors=[raises(RuntimeError, r"\(3,\) and \(4,\) do not broadcast", array(3), array(4))],
)
sample("exp", lambda make: [case(make(3, 4)), case(make()), case(make(0))], oracle="torch.exp")
