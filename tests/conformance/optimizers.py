"""Checks of one entry of ``optim_db``: parameters after every step, state, resuming, groups, flags, errors.

The gradients are given, not differentiated: each is computed with NumPy from the parameters' values, so that only
the optimizer is compared.
"""

from __future__ import annotations

import warnings
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_optimizers import OptimizerErrorEnum, OptimizerInfo, OptimizerInput, optim_db

from .comparison import Mismatch, assert_raises, assert_same, describe_call
from .conversion import Converter, to_array
from .entries import Entry
from .exclusions import exclude_values, reason_of_entry
from .resolution import lookup
from .sampling import seed_everything
from .tally import Tally, exclude, run_checks

STEPS = 12
MATRICES_ONLY = {"Muon"}


@cache
def databases() -> dict[str, OptimizerInfo]:
    """Entries of ``optim_db`` by name."""
    return {f"optim.{info.name}": info for info in optim_db}


def check_optimizer(entry: Entry, library: ModuleType) -> Tally:
    """Run every check of an optimizer entry."""
    tally = Tally(entry)
    if exclude(tally, reason_of_entry(entry)):
        return tally
    info = databases()[entry.name]
    checks = (check_steps, check_groups, check_flags, check_errors)
    run_checks(tally, [partial(check, tally, info, library) for check in checks])
    return tally


class Problem:
    """Parameters of one library, with the gradients of a fixed non-quadratic function."""

    def __init__(self, library: ModuleType, dtype: torch.dtype, *, matrices_only: bool = False) -> None:
        self.library = library
        generator = torch.Generator().manual_seed(3)
        shapes: list[tuple[int, ...]] = [(3, 4), (2, 2)] if matrices_only else [(3, 4), (5,), (2, 1, 3), ()]
        values = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
        self.targets = [value.numpy() * 0.5 - 1.0 for value in values]
        self.parameters = [Converter(library)(value.to(dtype).requires_grad_(True)) for value in values]

    def set_gradients(self, step: int, *, skip: bool) -> float:
        """Give every parameter its gradient and return the value; ``skip``: the second lacks it at every third step."""
        total = 0.0
        for position, (parameter, target) in enumerate(zip(self.parameters, self.targets, strict=True)):
            value = to_array(parameter)
            difference = value.astype(np.float64) - target
            total += float((0.5 * difference**2 + 0.025 * difference**4).sum()) * (position + 1)
            gradient = ((difference + 0.1 * difference**3) * (position + 1)).astype(value.dtype)
            parameter.grad = self.library.from_numpy(np.array(gradient))
            if skip and position == 1 and step % 3 == 2:
                parameter.grad = None
        return total

    def step(self, optimizer: Any, step: int, *, closure: bool) -> Any:
        """One step of the optimizer; what it returned."""
        if not closure:
            self.set_gradients(step, skip=True)
            return optimizer.step()
        dtype = self.parameters[0].dtype
        return optimizer.step(lambda: self.library.tensor(self.set_gradients(step, skip=False), dtype=dtype))


class Run:
    """An optimizer at work on a problem."""

    def __init__(
        self,
        library: ModuleType,
        info: OptimizerInfo,
        kwargs: dict[str, Any],
        dtype: torch.dtype,
        *,
        groups: bool = False,
    ) -> None:
        self.info = info
        self.problem = Problem(library, dtype, matrices_only=info.name in MATRICES_ONLY)
        parameters: list[Any] = self.problem.parameters
        if groups:
            parameters = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.003}]
        self.optimizer = lookup(library, f"optim.{info.name}")(parameters, **Converter(library)(kwargs))

    def steps(self, first: int, last: int) -> list[list[Any]]:
        """Parameters after each of the steps ``first`` to ``last - 1``."""
        history = []
        for step in range(first, last):
            self.problem.step(self.optimizer, step, closure=self.info.step_requires_closure)
            history.append([parameter.detach().clone() for parameter in self.problem.parameters])
        return history


def inputs_of(info: OptimizerInfo) -> list[OptimizerInput]:
    """The samples: keyword arguments for the constructor."""
    seed_everything()
    return list(info.optim_inputs_func(device="cpu"))


def text(info: OptimizerInfo, kwargs: dict[str, Any], dtype: torch.dtype) -> str:
    """The call of a sample."""
    return describe_call(f"torch.optim.{info.name}", (f"<{str(dtype).removeprefix('torch.')} parameters>",), kwargs)


def check_steps(tally: Tally, info: OptimizerInfo, library: ModuleType) -> None:
    """Parameters after every step, the state dict, and going on from PyTorch's state dict."""
    for sample in inputs_of(info):
        for dtype in (torch.float64, torch.float32):
            with tally.sample("forward", text(info, sample.kwargs, dtype)):
                exclude_values(sample.kwargs)
                reference, run = Run(torch, info, sample.kwargs, dtype), Run(library, info, sample.kwargs, dtype)
                expected, actual = reference.steps(0, STEPS), run.steps(0, STEPS)
                for step, (one, other) in enumerate(zip(actual, expected, strict=True)):
                    assert_same(one, other, library, where=f"parameters after step {step + 1}")
        with tally.sample("state", text(info, sample.kwargs, torch.float64)):
            reference, run = (
                Run(torch, info, sample.kwargs, torch.float64),
                Run(library, info, sample.kwargs, torch.float64),
            )
            reference.steps(0, 4)
            run.steps(0, 4)
            assert_same_state(run.optimizer.state_dict(), reference.optimizer.state_dict(), library)
        with tally.sample("resume", text(info, sample.kwargs, torch.float64)):
            reference, run = (
                Run(torch, info, sample.kwargs, torch.float64),
                Run(library, info, sample.kwargs, torch.float64),
            )
            reference.steps(0, 4)
            convert = Converter(library)
            run.problem.parameters[:] = [
                own.detach().copy_(convert(theirs.detach())).requires_grad_(True)
                for own, theirs in zip(run.problem.parameters, reference.problem.parameters, strict=True)
            ]
            run.optimizer = lookup(library, f"optim.{info.name}")(run.problem.parameters, **convert(sample.kwargs))
            run.optimizer.load_state_dict(convert(reference.optimizer.state_dict()))
            assert_same(run.steps(4, 9), reference.steps(4, 9), library, where="parameters after resuming, by step")


def assert_same_state(actual: Any, expected: dict[str, Any], library: ModuleType) -> None:
    """State dicts of optimizers agree."""
    if list(actual) != list(expected):
        raise Mismatch(f"state_dict keys are {list(actual)}, expected {list(expected)}")
    assert_same(actual["state"], expected["state"], library, where="state_dict['state']")
    assert_same(actual["param_groups"], expected["param_groups"], library, where="state_dict['param_groups']")


def check_groups(tally: Tally, info: OptimizerInfo, library: ModuleType) -> None:
    """Two parameter groups with learning rates of their own."""
    if not info.supports_param_groups:
        return
    for sample in inputs_of(info):
        with tally.sample("groups", text(info, sample.kwargs, torch.float64)):
            reference = Run(torch, info, sample.kwargs, torch.float64, groups=True)
            run = Run(library, info, sample.kwargs, torch.float64, groups=True)
            assert_same(run.steps(0, 5), reference.steps(0, 5), library, where="parameters by step")
            assert_same_state(run.optimizer.state_dict(), reference.optimizer.state_dict(), library)


def check_flags(tally: Tally, info: OptimizerInfo, library: ModuleType) -> None:
    """``foreach`` and ``fused`` are accepted and change no number."""
    flags = [flag for flag in ("foreach", "fused") if flag in info.supported_impls]
    if "cpu" not in info.supports_fused_on:
        flags = [flag for flag in flags if flag != "fused"]
    for sample in inputs_of(info):
        for flag in flags:
            kwargs = {**sample.kwargs, flag: True}
            try:
                expected = Run(torch, info, kwargs, torch.float64).steps(0, 3)
            except Exception:  # not a combination that PyTorch has
                continue
            with tally.sample("flags", text(info, kwargs, torch.float64)):
                assert_same(
                    Run(library, info, kwargs, torch.float64).steps(0, 3), expected, library, where="parameters by step"
                )


def check_errors(tally: Tally, info: OptimizerInfo, library: ModuleType) -> None:
    """Errors and warnings of PyTorch's class, on construction or on the first step."""
    seed_everything()
    for error_input in info.optim_error_inputs_func(device="cpu", dtype=torch.float32):
        sample = error_input.optimizer_error_input

        def action(where: ModuleType, sample: OptimizerInput = sample, error_input: Any = error_input) -> None:
            convert = Converter(where)
            default = torch.ones(2, 2).requires_grad_(True)
            parameters = convert([default] if sample.params is None else sample.params)
            make = lookup(where, f"optim.{info.name}")
            with warnings.catch_warnings():
                warnings.simplefilter("error" if issubclass(error_input.error_type, Warning) else "ignore")
                optimizer = make(parameters, **convert(sample.kwargs))
                if error_input.error_on is OptimizerErrorEnum.STEP_ERROR:
                    optimizer.step()

        try:
            action(torch)
        except Exception as error:
            expected = error
        else:
            continue
        with tally.sample(
            "errors", f"{sample.desc}: {describe_call(f'torch.optim.{info.name}', (sample.params,), sample.kwargs)}"
        ):
            exclude_values(sample.params, sample.kwargs)
            lookup(library, f"optim.{info.name}")
            assert_raises(lambda action=action: action(library), error_input.error_type, expected)
