"""Samples of padding."""

from __future__ import annotations

from . import array, case, raises, sample

sample(
    "constant_pad_nd",
    lambda make: [
        case(make(2, 3), (1, 2)),
        case(make(2, 3), (-1, 2, 1, 0), 2.5),
        case(make(2, 0), (1, 1)),
        case(make(3), (-1, -1)),
    ],
    oracle="torch.constant_pad_nd",
    errors=[raises(RuntimeError, "cuts more than dimension 1", array(2, 3), (-2, -2))],
)
sample(
    "pad",
    lambda make: [
        case(make(2, 3, 4), (1, 2, 0, 1)),
        case(make(2, 3, 4), (2, 3), mode="reflect"),
        case(make(2, 2, 3, 4), (1, -2, 2, 2), mode="reflect"),
        case(make(2, 2, 3, 4), (4, 1, 0, 5), mode="replicate"),
        case(make(1, 2, 2, 3, 4), (1, 1, -1, 2, 1, 0), mode="replicate"),
        case(make(2, 2, 3, 4), (4, 1, 3, 0), mode="circular"),
        case(make(2, 5), (2, -1), mode="circular"),
    ],
    oracle="torch.nn.functional.pad",
    errors=[
        raises(RuntimeError, "must hold pairs", array(2, 3), (1,)),
        raises(NotImplementedError, "mode must be", array(2, 3), (1, 1), mode="mirror"),
        raises(RuntimeError, "takes no value", array(2, 3), (1, 1), mode="reflect", value=1.0),
        raises(RuntimeError, "fewer elements than there are", array(2, 3), (3, 0), mode="reflect"),
        raises(RuntimeError, "goes round at most once", array(2, 3), (4, 0), mode="circular"),
        raises(NotImplementedError, "one or two more", array(3), (1, 0), mode="reflect"),
    ],
)
