"""Schedulers made of schedulers: rates, and what is warned about, as in PyTorch."""

import warnings

import pytest
import torch as reference

import tinygrad_i2dl as torch


def optimizer(lib):
    return lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=1.0)


def history(lib, build):
    """The rates of ten steps, and how many warnings there were."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        owner = optimizer(lib)
        scheduler = build(lib.optim.lr_scheduler, owner)
        rates = [scheduler.get_last_lr()]
        for _ in range(9):
            owner.step()
            scheduler.step()
            rates.append(scheduler.get_last_lr())
    return rates, len(caught)


@pytest.mark.parametrize(
    "build",
    [
        lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=2), s.CosineAnnealingLR(o, 4)], [2]),
        lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1), s.ExponentialLR(o, 0.5)], [0]),
        lambda s, o: s.SequentialLR(
            o, [s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.5)], [2]), s.StepLR(o, 2, 0.5)], [5]
        ),
        lambda s, o: s.SequentialLR(
            o, [s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.5)]), s.StepLR(o, 2, 0.5)], [5]
        ),
        lambda s, o: s.ChainedScheduler(
            [s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.5)], [2]), s.StepLR(o, 2, 0.5)]
        ),
    ],
    ids=["sequence", "from the second on", "sequence in a sequence", "chain in a sequence", "sequence in a chain"],
)
def test_schedulers_of_schedulers(build):
    ours, our_warnings = history(torch, build)
    theirs, their_warnings = history(reference, build)
    assert ours == [pytest.approx(rates, rel=1e-12, abs=1e-12) for rates in theirs]
    assert our_warnings == their_warnings
