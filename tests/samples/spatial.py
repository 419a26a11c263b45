"""Samples of sampling grids and shuffles of channels and pixels."""

from __future__ import annotations

from . import array, case, raises, sample

sample(
    "grid_sample",
    lambda make: (
        [
            case(
                make(2, 3, 4, 5),
                make(2, 3, 2, 2, low=-1.4, high=1.4),
                align_corners=align,
                padding_mode=padding,
                mode=mode,
            )
            for align in (False, True)
            for padding in ("zeros", "border", "reflection")
            for mode in ("bilinear", "nearest", "bicubic")
        ]
        + [
            case(
                make(1, 2, 3, 4, 3), make(1, 2, 2, 2, 3, low=-1.4, high=1.4), padding_mode=padding, align_corners=False
            )
            for padding in ("zeros", "border", "reflection")
        ]
    ),
    oracle="torch.nn.functional.grid_sample",
    errors=[
        raises(ValueError, "mode must be", array(1, 1, 2, 2), array(1, 2, 2, 2), mode="cubic"),
        raises(RuntimeError, "needs input", array(1, 1, 2, 2), array(1, 2, 2, 3)),
        raises(RuntimeError, "one dtype", array(1, 1, 2, 2), array(1, 2, 2, 2, dtype="float32")),
    ],
)
sample(
    "affine_grid",
    lambda make: [
        case(make(2, 2, 3), (2, 1, 3, 4), align_corners=False),
        case(make(2, 2, 3), (2, 1, 2, 4), align_corners=True),
        case(make(1, 3, 4), (1, 1, 2, 3, 2), align_corners=False),
    ],
    oracle="torch.nn.functional.affine_grid",
    errors=[raises(ValueError, "theta must have shape", array(1, 2, 2), (1, 1, 2, 2))],
)
sample(
    "pixel_shuffle",
    lambda make: [case(make(2, 8, 2, 3), 2), case(make(9, 2, 2), 3)],
    oracle="torch.pixel_shuffle",
    errors=[raises(RuntimeError, "multiple of upscale_factor squared", array(6, 2, 2), 2)],
)
sample(
    "pixel_unshuffle",
    lambda make: [case(make(2, 2, 4, 6), 2), case(make(1, 3, 6), 3)],
    oracle="torch.pixel_unshuffle",
    errors=[raises(RuntimeError, "multiples of downscale_factor", array(1, 3, 4), 2)],
)
sample(
    "channel_shuffle",
    lambda make: [case(make(2, 6, 2, 3), 2), case(make(2, 6, 2), 3)],
    oracle="torch.channel_shuffle",
    errors=[raises(RuntimeError, "multiple of groups", array(1, 3, 4), 2)],
)
sample(
    "grid_sampler",
    lambda make: [
        case(make(1, 2, 3, 4), make(1, 2, 3, 2), mode, padding, False) for mode in (0, 1, 2) for padding in (0, 1)
    ],
    oracle="torch.grid_sampler",
)
sample(
    "affine_grid_generator",
    lambda make: [case(make(2, 2, 3), (2, 1, 3, 4), False)],
    oracle="torch.affine_grid_generator",
)
