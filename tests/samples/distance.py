"""Samples of distances and similarities."""

from __future__ import annotations

import math

from . import array, case, raises, sample

sample(
    "normalize",
    lambda make: [
        case(make(3, 4)),
        case(make(3, 4), dim=0),
        case(make(3, 4, low=0.1, high=1), p=1.0),
        case(make(3, 4, low=0.1, high=1), p=3.0, dim=-1),
        case(make(2, 3, 2), dim=2, eps=10.0),
    ],
    oracle="torch.nn.functional.normalize",
)
sample(
    "cosine_similarity",
    lambda make: [
        case(make(3, 4), make(3, 4)),
        case(make(3, 4), make(4), dim=-1),
        case(make(2, 1, 3), make(4, 3), dim=1),
    ],
    oracle="torch.nn.functional.cosine_similarity",
    errors=[raises(RuntimeError, "do not broadcast", array(3, 4), array(3, 5))],
)
sample(
    "pairwise_distance",
    lambda make: [
        case(make(3, 4), make(3, 4)),
        case(make(3, 4), make(4), keepdim=True),
        case(make(4), make(4), p=3.0),
        case(make(3, 4), make(3, 4), p=math.inf),
    ],
    oracle="torch.nn.functional.pairwise_distance",
)
sample(
    "pdist",
    lambda make: [case(make(4, 3)), case(make(4, 3), 1.0), case(make(1, 3))],
    oracle="torch.nn.functional.pdist",
    errors=[raises(RuntimeError, "expected a matrix", array(3))],
)
