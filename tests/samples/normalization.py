"""Samples of normalization layers."""

from __future__ import annotations

from . import array, case, raises, sample

sample(
    "batch_norm",
    lambda make: [
        case(make(5, 3), None, None, make(3), make(3), training=True),
        case(make(2, 3, 4), None, None, make(3), make(3), training=True, eps=0.1),
        case(make(2, 3, 2, 2), None, None, training=True),
        case(make(40, 2, 4, 4), None, None, make(2), make(2), training=True),
    ],
    oracle="torch.nn.functional.batch_norm",
    errors=[
        raises(ValueError, "more than one element per channel", array(1, 3), None, None, training=True),
        raises(RuntimeError, "needs running_mean", array(2, 3), None, None),
        raises(RuntimeError, r"weight of shape \(3,\)", array(2, 3), None, None, array(2), training=True),
    ],
)
sample(
    "instance_norm",
    lambda make: [case(make(2, 3, 4)), case(make(2, 3, 2, 3), None, None, make(3), make(3))],
    oracle="torch.nn.functional.instance_norm",
    errors=[raises(ValueError, "more than one element", array(2, 3, 1))],
)
sample(
    "layer_norm",
    lambda make: [
        case(make(3, 5), (5,), make(5), make(5)),
        case(make(2, 3, 4), (3, 4), make(3, 4), make(3, 4), eps=0.1),
        case(make(2, 3), (3,)),
        case(make(0, 3), (3,)),
    ],
    oracle="torch.nn.functional.layer_norm",
    errors=[
        raises(RuntimeError, "expected an input of shape", array(2, 3), (4,)),
        raises(RuntimeError, "weight of normalized_shape", array(2, 3), (3,), array(2)),
    ],
)
sample(
    "rms_norm",
    lambda make: [case(make(3, 5), (5,), make(5)), case(make(2, 3, 4), (3, 4), eps=0.1)],
    oracle="torch.nn.functional.rms_norm",
    errors=[raises(RuntimeError, "expected an input of shape", array(2, 3), (4,))],
)
sample(
    "group_norm",
    lambda make: [
        case(make(2, 4, 3), 2, make(4), make(4)),
        case(make(3, 4), 1),
        case(make(2, 6, 2, 2), 3, make(6), make(6), eps=0.1),
    ],
    oracle="torch.nn.functional.group_norm",
    errors=[raises(RuntimeError, "divisible by num_groups=2", array(2, 3, 4), 2)],
)
sample(
    "local_response_norm",
    lambda make: [case(make(2, 5, 3), 3), case(make(2, 5, 3, 2), 4, alpha=0.5, beta=0.5, k=2.0)],
    oracle="torch.nn.functional.local_response_norm",
    errors=[raises(ValueError, "3 dimensions or more", array(2, 3), 2)],
)
