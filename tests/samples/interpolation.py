"""Samples of interpolation."""

from __future__ import annotations

import torch
from torch.nn.functional import interpolate

from . import array, case, raises, sample

sample(
    "interpolate",
    lambda make: [
        case(make(2, 3, 4), 7),
        case(make(2, 3, 4, 5), scale_factor=(2, 0.6)),
        case(make(1, 2, 2, 3, 2), (3, 2, 4)),
        case(make(2, 3, 4, 5), (7, 3), mode="nearest-exact"),
        case(make(2, 3, 4, 5), (3, 2), mode="area"),
        case(make(2, 3, 4), 6, mode="linear"),
        case(make(2, 3, 4, 5), (7, 3), mode="bilinear"),
        case(make(2, 3, 4, 5), scale_factor=1.7, mode="bilinear", recompute_scale_factor=True),
        case(make(2, 3, 4, 5), scale_factor=1.7, mode="bilinear", align_corners=True),
        case(make(2, 1, 6, 7), (4, 9), mode="bilinear", antialias=True),
        case(make(2, 1, 4, 5), (7, 3), mode="bicubic"),
        case(make(2, 1, 4, 5), (7, 3), mode="bicubic", align_corners=True),
        case(make(2, 1, 6, 7), (3, 9), mode="bicubic", antialias=True),
        case(make(1, 1, 2, 3, 2), (3, 2, 4), mode="trilinear", align_corners=True),
        case(make(1, 2, 4, 5, low=0, high=255, dtype="uint8"), (7, 3), mode="bilinear"),
    ],
    oracle="torch.nn.functional.interpolate",
    errors=[
        raises(ValueError, "either size or scale_factor", array(1, 1, 2)),
        raises(ValueError, "align_corners has no meaning", array(1, 1, 2), 3, align_corners=True),
        raises(ValueError, "size must hold 2 numbers", array(1, 1, 2, 2), (3, 3, 3)),
        raises(NotImplementedError, "needs an input of 4 dimensions", array(1, 1, 2), 3, mode="bilinear"),
        raises(NotImplementedError, "mode must be", array(1, 1, 2), 3, mode="sinc"),
        raises(RuntimeError, "sizes must be positive", array(1, 1, 2), 0),
    ],
)
sample(
    "upsample_nearest",
    lambda make: [case(make(1, 2, 3, 3), scale_factor=2)],
    oracle="torch.nn.functional.interpolate",
)
sample(
    "upsample_bilinear",
    lambda make: [case(make(1, 2, 3, 3), (5, 4))],
    oracle=lambda input, size: interpolate(torch.tensor(input), size, mode="bilinear", align_corners=True).numpy(),
)
sample(
    "upsample",
    lambda make: [case(make(1, 2, 3, 3), (5, 4), mode="bilinear", align_corners=True)],
    oracle="torch.nn.functional.interpolate",
)
