"""Checks of the learning-rate schedulers: the sequence of every group's settings, the state dict, and resuming from it.

``with.X`` entries are the combinations that ``optim_db`` lists for optimizer X; the others are configurations of one
scheduler, below.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import torch

from .comparison import Mismatch, assert_raises, assert_same, describe_call
from .conversion import Converter
from .entries import Entry
from .exclusions import reason_of_entry
from .optimizers import databases as optimizer_databases
from .resolution import lookup, rebind
from .tally import Tally, exclude, run_checks

STEPS = 30
METRICS = [
    1.0,
    0.9,
    0.9,
    0.91,
    0.5,
    0.5,
    0.6,
    0.4999,
    0.3,
    0.31,
    0.32,
    0.33,
    0.33,
    0.2,
    0.2,
    0.2,
    0.2,
    0.2,
    0.2,
    0.2,
] * 2

# configurations of each scheduler; the lambda gets the namespace of schedulers and the optimizer
Make = Callable[[Any, Any], Any]
CONFIGURATIONS: dict[str, list[Make]] = {
    "StepLR": [
        lambda s, o: s.StepLR(o, 3),
        lambda s, o: s.StepLR(o, step_size=5, gamma=0.5),
        lambda s, o: s.StepLR(o, 1, gamma=0.9),
    ],
    "LambdaLR": [
        lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
        lambda s, o: s.LambdaLR(o, lr_lambda=[lambda epoch: 1 / (1 + epoch), lambda epoch: 1.0 - epoch / 100]),
    ],
    "MultiplicativeLR": [
        lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.95),
        lambda s, o: s.MultiplicativeLR(o, lr_lambda=[lambda epoch: 0.9, lambda epoch: 1 - epoch / 100]),
    ],
    "MultiStepLR": [
        lambda s, o: s.MultiStepLR(o, [2, 5, 9]),
        lambda s, o: s.MultiStepLR(o, milestones=[9, 2, 2], gamma=0.5),
    ],
    "ConstantLR": [lambda s, o: s.ConstantLR(o), lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=8)],
    "LinearLR": [
        lambda s, o: s.LinearLR(o),
        lambda s, o: s.LinearLR(o, start_factor=0.1, end_factor=0.8, total_iters=12),
    ],
    "ExponentialLR": [lambda s, o: s.ExponentialLR(o, 0.9), lambda s, o: s.ExponentialLR(o, gamma=0.5)],
    "PolynomialLR": [lambda s, o: s.PolynomialLR(o), lambda s, o: s.PolynomialLR(o, total_iters=10, power=2.0)],
    "CosineAnnealingLR": [
        lambda s, o: s.CosineAnnealingLR(o, 10),
        lambda s, o: s.CosineAnnealingLR(o, T_max=7, eta_min=0.01),
        lambda s, o: s.CosineAnnealingLR(o, T_max=100),
    ],
    "CosineAnnealingWarmRestarts": [
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 5),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.001),
    ],
    "CyclicLR": [
        lambda s, o: s.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=4),
        lambda s, o: s.CyclicLR(o, 0.01, 0.1, step_size_up=3, step_size_down=5, mode="triangular2"),
        lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], step_size_up=4, mode="exp_range", gamma=0.95),
        lambda s, o: s.CyclicLR(
            o, 0.01, 0.1, step_size_up=4, scale_fn=lambda x: 0.5**x, scale_mode="iterations", cycle_momentum=False
        ),
    ],
    "OneCycleLR": [
        lambda s, o: s.OneCycleLR(o, max_lr=0.1, total_steps=40),
        lambda s, o: s.OneCycleLR(
            o, max_lr=[0.1, 0.2], epochs=4, steps_per_epoch=10, pct_start=0.2, anneal_strategy="linear"
        ),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=40, three_phase=True, div_factor=10.0, final_div_factor=100.0),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=40, cycle_momentum=False),
    ],
    "ReduceLROnPlateau": [
        lambda s, o: s.ReduceLROnPlateau(o),
        lambda s, o: s.ReduceLROnPlateau(o, "min", factor=0.5, patience=1),
        lambda s, o: s.ReduceLROnPlateau(
            o, mode="max", factor=0.3, patience=2, threshold=0.1, threshold_mode="abs", cooldown=2
        ),
        lambda s, o: s.ReduceLROnPlateau(o, patience=0, min_lr=[0.01, 0.001], eps=1e-4),
    ],
    "SequentialLR": [
        lambda s, o: s.SequentialLR(
            o, [s.ConstantLR(o, factor=0.1, total_iters=2), s.ExponentialLR(o, gamma=0.9)], milestones=[4]
        ),
        lambda s, o: s.SequentialLR(
            o,
            schedulers=[s.LinearLR(o, total_iters=5), s.StepLR(o, 2), s.CosineAnnealingLR(o, 10)],
            milestones=[5, 12],
        ),
    ],
    "ChainedScheduler": [
        lambda s, o: s.ChainedScheduler([s.ConstantLR(o, factor=0.1, total_iters=5), s.ExponentialLR(o, gamma=0.9)]),
        lambda s, o: s.ChainedScheduler([s.StepLR(o, 3), s.CosineAnnealingLR(o, 20), s.LinearLR(o)]),
    ],
}

# calls that PyTorch refuses
ERRORS: dict[str, list[Make]] = {
    "LambdaLR": [lambda s, o: s.LambdaLR(o, [lambda epoch: 1.0])],
    "MultiplicativeLR": [lambda s, o: s.MultiplicativeLR(o, [lambda epoch: 1.0])],
    "ConstantLR": [lambda s, o: s.ConstantLR(o, factor=2.0)],
    "LinearLR": [lambda s, o: s.LinearLR(o, start_factor=0.0), lambda s, o: s.LinearLR(o, end_factor=-1.0)],
    "CosineAnnealingWarmRestarts": [
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, T_mult=0),
    ],
    "CyclicLR": [
        lambda s, o: s.CyclicLR(o, 0.1, 0.2, mode="square"),
        lambda s, o: s.CyclicLR(o, [0.1], 0.2),
    ],
    "OneCycleLR": [
        lambda s, o: s.OneCycleLR(o, 0.1),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=-1),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=10, pct_start=2.0),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=10, anneal_strategy="square"),
        lambda s, o: [scheduler.step() for scheduler in [s.OneCycleLR(o, 0.1, total_steps=3)] * 9],
    ],
    "ReduceLROnPlateau": [
        lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
        lambda s, o: s.ReduceLROnPlateau(o, mode="mean"),
        lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]),
    ],
    "SequentialLR": [
        lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1), s.StepLR(o, 2)], milestones=[1, 2]),
        lambda s, o: s.SequentialLR(o, [], milestones=[]),
    ],
    "ChainedScheduler": [lambda s, o: s.ChainedScheduler([])],
}


def check_scheduler(entry: Entry, library: ModuleType) -> Tally:
    """Run every check of a scheduler entry."""
    tally = Tally(entry)
    if exclude(tally, reason_of_entry(entry)):
        return tally
    name = entry.name.removeprefix("optim.lr_scheduler.")
    if name.startswith("with."):
        check = partial(check_combinations, tally, library, name.removeprefix("with."))
    else:
        check = partial(check_configurations, tally, library, name)
    run_checks(tally, [check])
    return tally


def optimizer_of(library: ModuleType, name: str = "SGD", **kwargs: Any) -> Any:
    """Optimizer with two groups (one, where it takes no more), each of one parameter that has a gradient."""
    convert = Converter(library)
    parameters = [convert(torch.ones(2, 2).requires_grad_(True)) for _ in range(2)]
    for parameter in parameters:
        parameter.grad = convert(torch.full((2, 2), 0.5))
    make = lookup(library, f"optim.{name}")
    if name == "LBFGS":
        return make(parameters, lr=0.5)
    return make([{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.07}], lr=0.3, **kwargs)


def settings(optimizer: Any) -> list[dict[str, Any]]:
    """What schedulers change, of each group."""
    return [
        {key: group[key] for key in ("lr", "momentum", "betas", "initial_lr") if key in group}
        for group in optimizer.param_groups
    ]


def advance(library: ModuleType, optimizer: Any, schedulers: list[Any], first: int, last: int) -> list[Any]:
    """Settings and ``get_last_lr`` after each step."""
    history: list[Any] = []
    plateau = lookup(library, "optim.lr_scheduler.ReduceLROnPlateau")
    for step in range(first, last):
        optimizer.step(lambda: library.tensor(0.5))
        for scheduler in schedulers:
            if isinstance(scheduler, plateau):
                scheduler.step(METRICS[step])
            else:
                scheduler.step()
        history.append(
            (settings(optimizer), [[float(rate) for rate in scheduler.get_last_lr()] for scheduler in schedulers])
        )
    return history


def check_combinations(tally: Tally, library: ModuleType, name: str) -> None:
    """The combinations of schedulers that ``optim_db`` lists for one optimizer."""
    for makers in optimizer_databases()[f"optim.{name}"].scheduler_inputs:
        with tally.sample("forward", f"torch.optim.{name} with {' and '.join(names_of(makers))}"):
            expected = run_combination(torch, name, makers)
            assert_same(run_combination(library, name, makers), expected, library, where="settings by step")


def names_of(makers: list[Callable[[Any], Any]]) -> list[str]:
    """Names of the schedulers that some lambdas of the database make."""
    return [next(part for part in maker.__code__.co_names if part[0].isupper()) for maker in makers]


def run_combination(library: ModuleType, name: str, makers: list[Callable[[Any], Any]]) -> list[Any]:
    """Settings after each step of an optimizer with several schedulers."""
    optimizer = optimizer_of(library, name)
    schedulers = [rebind(make, library)(optimizer) for make in makers]
    return [settings(optimizer), *advance(library, optimizer, schedulers, 0, STEPS)]


def check_configurations(tally: Tally, library: ModuleType, name: str) -> None:
    """Sequences, state, resuming and errors of one scheduler."""
    for position, make in enumerate(CONFIGURATIONS[name]):
        label = f"{name}, configuration {position}"
        for optimizer_name, kwargs in (("SGD", {"momentum": 0.9}), ("Adam", {})):
            with tally.sample("forward", f"{label}, {optimizer_name}"):
                expected = run_configuration(torch, make, optimizer_name, kwargs)
                actual = run_configuration(library, make, optimizer_name, kwargs)
                assert_same(actual, expected, library, where="settings by step")
        with tally.sample("state", label):
            states = []
            for where in (library, torch):
                optimizer = optimizer_of(where, momentum=0.9)
                scheduler = make(where.optim.lr_scheduler, optimizer)
                advance(where, optimizer, [scheduler], 0, 5)
                states.append(scheduler.state_dict())
            actual_keys, expected_keys = set(states[0]), {key for key in states[1] if not key.startswith("_")}
            if missing := expected_keys - actual_keys:
                raise Mismatch(f"state_dict has no {sorted(missing)}, but {sorted(actual_keys)}")
        with tally.sample("resume", label):
            expected = run_configuration(torch, make, "SGD", {"momentum": 0.9})[6:]
            optimizer = optimizer_of(library, momentum=0.9)
            scheduler = make(library.optim.lr_scheduler, optimizer)
            advance(library, optimizer, [scheduler], 0, 5)
            other = optimizer_of(library, momentum=0.9)
            resumed = make(library.optim.lr_scheduler, other)
            other.load_state_dict(optimizer.state_dict())
            resumed.load_state_dict(scheduler.state_dict())
            assert_same(
                advance(library, other, [resumed], 5, STEPS),
                expected,
                library,
                where="settings after resuming, by step",
            )
    for position, make in enumerate(ERRORS.get(name, [])):
        try:
            make(torch.optim.lr_scheduler, optimizer_of(torch, momentum=0.9))
        except Exception as error:
            expected_error = error
        else:
            raise AssertionError(f"PyTorch takes error configuration {position} of {name}")
        with tally.sample("errors", describe_call(name, (f"error configuration {position}",), {})):
            namespace = lookup(library, "optim.lr_scheduler")
            lookup(library, f"optim.lr_scheduler.{name}")
            optimizer = optimizer_of(library, momentum=0.9)
            assert_raises(
                lambda make=make, namespace=namespace, optimizer=optimizer: make(namespace, optimizer),
                type(expected_error),
                expected_error,
            )


def run_configuration(library: ModuleType, make: Make, name: str, kwargs: dict[str, Any]) -> list[Any]:
    """Settings at the start and after each step."""
    optimizer = optimizer_of(library, name, **kwargs)
    scheduler = make(lookup(library, "optim.lr_scheduler"), optimizer)
    return [settings(optimizer), *advance(library, optimizer, [scheduler], 0, STEPS)]
