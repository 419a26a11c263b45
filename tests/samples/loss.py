"""Samples of loss functions."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, raises, sample

REDUCTIONS = ("mean", "sum", "none")


def _elementwise(low: float, high: float, target_low: float, target_high: float, **more: Any) -> Any:
    def cases(make: Any) -> Any:
        result = [
            case(make(3, 4, low=low, high=high), make(3, 4, low=target_low, high=target_high), reduction=reduction)
            for reduction in REDUCTIONS
        ]
        if more:
            result.append(case(make(5, low=low, high=high), make(5, low=target_low, high=target_high), **more))
        return result

    return cases


# Inputs and targets lie apart where the loss has a kink at their difference.
for _name, _facts, _more in (
    ("mse_loss", (-1, 1, -1, 1), {}),
    ("l1_loss", (-1, -0.1, 0.1, 1), {}),
    ("smooth_l1_loss", (-0.4, 0, 0.1, 0.4), {"beta": 0.05}),
    ("huber_loss", (-0.4, 0, 0.1, 0.4), {"delta": 0.05}),
    ("binary_cross_entropy", (0.1, 0.9, 0.2, 0.8), {}),
    ("binary_cross_entropy_with_logits", (-4, 4, 0.2, 0.8), {}),
    ("kl_div", (-3, -0.1, 0.1, 1), {"log_target": True}),
    ("poisson_nll_loss", (0.2, 2, 1.5, 3), {"log_input": False, "full": True}),
    ("multilabel_soft_margin_loss", (-2, 2, 0.2, 0.8), {}),
):
    sample(
        _name,
        _elementwise(*_facts, **_more),
        oracle=f"torch.nn.functional.{_name}",
        errors=[raises(ValueError, "reduction", array(3), array(3), reduction="median")]
        + ([raises(ValueError, "shape", array(3), array(4))] if _name.startswith("binary") else []),
    )

sample(
    "gaussian_nll_loss",
    lambda make: [
        case(make(3, 4), make(3, 4), make(3, 4, low=0.5, high=2), full=True),
        case(make(3, 4), make(3, 4), make(3, low=0.5, high=2), reduction="none"),
        case(make(3, 4), make(3, 4), make(3, 1, low=0.5, high=2), reduction="sum"),
    ],
    oracle="torch.nn.functional.gaussian_nll_loss",
    errors=[
        raises(ValueError, "shape", array(3, 4), array(3, 4), array(2)),
        raises(ValueError, "negative", array(3), array(3), -array(3)),
    ],
)


def _classes(make: Any, *shape: int, count: int) -> Any:
    return make(*shape, low=0, high=count, dtype="int64")


def _of_classes(make: Any) -> Any:
    ignored = _classes(make, 6, count=4)
    ignored[::2] = -100
    return [
        case(make(5, 4), _classes(make, 5, count=4)),
        case(make(5, 4), _classes(make, 5, count=4), reduction="sum"),
        case(make(5, 4), _classes(make, 5, count=4), reduction="none"),
        case(make(5, 60), _classes(make, 5, count=60)),
        case(make(4), _classes(make, count=4)),
        case(make(2, 3, 4), _classes(make, 2, 4, count=3)),
        case(make(2, 3, 2, 2), _classes(make, 2, 2, 2, count=3), reduction="none"),
        case(make(6, 4), ignored),
        case(make(6, 4), _classes(make, 6, count=4), ignore_index=1),
    ]


_CLASS_ERRORS = [
    raises(ValueError, "as many targets as samples", array(3, 4), array(2, dtype="int64")),
    raises(IndexError, "out of bounds", array(3, 4), 4 * array(3, dtype="int64")),
    raises(RuntimeError, r"\.long\(\)", array(3, 4), array(3, dtype="int32")),
]
sample("nll_loss", _of_classes, oracle="torch.nn.functional.nll_loss", errors=_CLASS_ERRORS)
sample(
    "cross_entropy",
    lambda make: [
        *_of_classes(make),
        case(make(5, 4), _classes(make, 5, count=4), label_smoothing=0.2),
        case(make(5, 4), make(5, 4, low=0, high=1)),
        case(make(2, 4, 3), make(2, 4, 3, low=0, high=1), reduction="none", label_smoothing=0.1),
    ],
    oracle="torch.nn.functional.cross_entropy",
    errors=[
        *_CLASS_ERRORS,
        raises(RuntimeError, "label_smoothing", array(3, 4), array(3, dtype="int64"), label_smoothing=2.0),
    ],
)

# ---------------------------------------------------------------- margins

_SIGNS = numpy.array([1.0, -1, 1, -1])


def _signs() -> Any:
    return _SIGNS.astype("int64")


sample(
    "soft_margin_loss",
    lambda make: [case(make(4), _signs(), reduction=reduction) for reduction in REDUCTIONS],
    oracle="torch.nn.functional.soft_margin_loss",
)
sample(
    "hinge_embedding_loss",
    lambda make: [case(make(4, low=0.1, high=0.9), _signs(), reduction=reduction) for reduction in REDUCTIONS],
    oracle="torch.nn.functional.hinge_embedding_loss",
)
sample(
    "margin_ranking_loss",
    lambda make: [case(make(4), make(4), _signs(), margin=5.0, reduction=reduction) for reduction in REDUCTIONS],
    oracle="torch.nn.functional.margin_ranking_loss",
    errors=[raises(RuntimeError, "same number of dimensions", array(3), array(3, 1), array(3))],
)
sample(
    "cosine_embedding_loss",
    lambda make: [case(make(4, 5), make(4, 5), _signs(), margin=-0.9, reduction=reduction) for reduction in REDUCTIONS],
    oracle="torch.nn.functional.cosine_embedding_loss",
    errors=[raises(RuntimeError, "expected shapes", array(3), array(3, 1), array(3))],
)
sample(
    "multi_margin_loss",
    lambda make: [
        case(make(4, 5), _classes(make, 4, count=5), margin=3.0),
        case(make(4, 5), _classes(make, 4, count=5), p=2, margin=3.0, reduction="none"),
        case(make(5), _classes(make, count=5), margin=3.0, reduction="sum"),
    ],
    oracle="torch.nn.functional.multi_margin_loss",
    errors=[raises(ValueError, "p to be 1 or 2", array(2, 3), array(2, dtype="int64"), p=3)],
)
sample(
    "multilabel_margin_loss",
    lambda make: [
        case(make(2, 4) * 0.3, numpy.array([[3, 0, -1, 1], [2, -1, -1, -1]])),
        case(make(2, 4) * 0.3, numpy.array([[3, 0, -1, 1], [0, 1, 2, 3]]), reduction="none"),
    ],
    oracle="torch.nn.functional.multilabel_margin_loss",
    errors=[raises(RuntimeError, "one shape", array(2, 3), array(2, 4, dtype="int64"))],
)
for _name in ("triplet_margin_loss", "triplet_margin_with_distance_loss"):
    sample(
        _name,
        lambda make: [
            case(make(4, 5), make(4, 5), make(4, 5), margin=5.0),
            case(make(4, 5), make(4, 5), make(4, 5), margin=5.0, swap=True, reduction="none"),
        ],
        oracle=f"torch.nn.functional.{_name}",
        errors=[
            raises(ValueError, "margin > 0", array(2, 3), array(2, 3), array(2, 3), margin=-1.0),
            raises(RuntimeError, "same number of dimensions", array(2, 3), array(3), array(2, 3)),
        ],
    )


def _alignable(make: Any) -> Any:
    """Log-probabilities as they come out of log_softmax: there PyTorch's gradient, too, is the derivative."""
    scores = make(9, 2, 4)
    return scores - numpy.log(numpy.exp(scores).sum(axis=2, keepdims=True))


sample(
    "ctc_loss",
    lambda make: [
        case(_alignable(make), numpy.array([[1, 2, 2], [3, 1, 0]]), (9, 7), (3, 2), reduction=reduction)
        for reduction in REDUCTIONS
    ],
    oracle="torch.nn.functional.ctc_loss",
    through=lambda scores: scores.log_softmax(2),  # the derivative is that behind it
    errors=[raises(RuntimeError, "expected blank", array(5, 1, 3), array(1, 2, dtype="int64"), (5,), (2,), blank=3)],
)
