"""Checks of one entry of ``module_db``: initial state, both modes, gradients by inputs and parameters, errors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from types import ModuleType
from typing import Any

import torch
from torch.testing._internal.common_modules import ModuleErrorEnum, ModuleInfo, ModuleInput, module_db

from .ambiguity import LOG_PROBABILITIES
from .comparison import Mismatch, assert_raises, assert_same, describe_call
from .conversion import Converter
from .derivatives import Derivatives, assert_same_derivatives, derivatives
from .entries import Entry
from .exclusions import TOLERANCE_FACTORS, exclude_values, reason_of_entry
from .resolution import lookup, seed
from .sampling import choose, form_of, seed_everything
from .tally import Tally, exclude, run_checks

CAPS = {"initial": 12, "forward": 40, "evaluation": 16, "gradient": 16, "second": 6, "errors": 40}


@cache
def databases() -> dict[str, ModuleInfo]:
    """Entries of ``module_db`` by name."""
    return {info.name: info for info in module_db}


def check_module(entry: Entry, library: ModuleType) -> Tally:
    """Run every check of a module entry."""
    tally = Tally(entry)
    if exclude(tally, reason_of_entry(entry)):
        return tally
    info = databases()[entry.name]
    checks = (check_initial, check_training, check_evaluation, check_gradients, check_errors)
    run_checks(tally, [partial(check, tally, info, library) for check in checks])
    return tally


def form_of_sample(sample: ModuleInput) -> Any:
    """What distinguishes one sample from another."""
    parts = [sample.constructor_input] + ([sample.forward_input] if sample.forward_input else [])
    return tuple((form_of(part.args), form_of(part.kwargs)) for part in parts)


def samples_of(info: ModuleInfo, dtype: torch.dtype, check: str, *, training: bool = True) -> Sequence[ModuleInput]:
    """The samples of a dtype and mode that run."""
    seed_everything()
    gradient = check in {"gradient", "second"}
    samples = list(info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=gradient, training=training))
    return choose(samples, CAPS[check], form_of_sample)


def construct(library: ModuleType, info: ModuleInfo, sample: ModuleInput) -> Any:
    """Module of a sample, built after seeding."""
    convert = Converter(library)
    args, kwargs = convert(sample.constructor_input.args), convert(sample.constructor_input.kwargs)
    make = lookup(library, info.name)
    seed(library)
    return make(*args, **kwargs)


def construct_equal(library: ModuleType, info: ModuleInfo, sample: ModuleInput, model: torch.nn.Module) -> Any:
    """Module of a sample with the state and mode of PyTorch's."""
    twin = construct(library, info, sample).train(model.training)
    if not info.is_lazy:
        twin.load_state_dict(Converter(library)(dict(model.state_dict())))
    return twin


def forward(
    library: ModuleType, module: Any, sample: ModuleInput, *, log_softmax: int | None = None
) -> tuple[Any, Converter]:
    """Result of a sample's forward call, and what went in; ``log_softmax``: applied first, over this dimension."""
    convert = Converter(library)
    args, kwargs = convert(sample.forward_input.args), convert(sample.forward_input.kwargs)
    if log_softmax is not None:
        args = (args[0].log_softmax(log_softmax), *args[1:])
    seed(library)
    return module(*args, **kwargs), convert


def text(info: ModuleInfo, sample: ModuleInput) -> str:
    """The calls of a sample, to be read and typed."""
    built = describe_call(f"torch.{info.name}", sample.constructor_input.args, sample.constructor_input.kwargs)
    return (
        built
        if sample.forward_input is None
        else describe_call(built, sample.forward_input.args, sample.forward_input.kwargs)
    )


def factor_of(info: ModuleInfo) -> float:
    """Multiple of PyTorch's tolerances granted to a name."""
    return TOLERANCE_FACTORS.get(info.name, (1.0, ""))[0]


def exclude_sample(sample: ModuleInput, *more: Any) -> None:
    """Raise Excluded for a sample outside the scope."""
    exclude_values(sample.constructor_input.args, sample.constructor_input.kwargs)
    if sample.forward_input is not None:
        exclude_values(sample.forward_input.args, sample.forward_input.kwargs)
    exclude_values(*more)


def assert_same_state(module: Any, model: torch.nn.Module, library: ModuleType, factor: float) -> None:
    """State dicts agree in keys, order, shapes, dtypes and values."""
    actual, expected = dict(module.state_dict()), dict(model.state_dict())
    if list(actual) != list(expected):
        raise Mismatch(f"state_dict keys are {list(actual)}, expected {list(expected)}")
    assert_same(actual, expected, library, factor=factor, where="state_dict")
    names, others = [name for name, _ in module.named_parameters()], [name for name, _ in model.named_parameters()]
    if names != others:
        raise Mismatch(f"parameters are {names}, expected {others}")


def check_initial(tally: Tally, info: ModuleInfo, library: ModuleType) -> None:
    """A new module has PyTorch's names and, from the same seed, PyTorch's numbers."""
    if info.is_lazy:
        return
    for sample in samples_of(info, torch.float32, "initial"):
        with tally.sample("initial", text(info, sample)):
            exclude_sample(sample)
            assert_same_state(
                construct(library, info, sample), construct(torch, info, sample), library, factor_of(info)
            )


def check_training(tally: Tally, info: ModuleInfo, library: ModuleType) -> None:
    """Result and state after one call in training mode."""
    check_forward(tally, info, library, "forward", training=True)


def check_evaluation(tally: Tally, info: ModuleInfo, library: ModuleType) -> None:
    """Result and state after one call in evaluation mode."""
    check_forward(tally, info, library, "evaluation", training=False)


def check_forward(tally: Tally, info: ModuleInfo, library: ModuleType, check: str, *, training: bool) -> None:
    """Result and state after one call, from equal parameters."""
    for sample in samples_of(info, torch.float32, check, training=training):
        if sample.forward_input is None:
            continue
        try:
            model = construct(torch, info, sample).train(training)
            state = {key: value.clone() for key, value in model.state_dict().items()} if not info.is_lazy else None
            expected, _ = forward(torch, model, sample)
        except Exception:  # not a call that PyTorch has
            continue
        with tally.sample(check, text(info, sample)):
            exclude_sample(sample, expected)
            twin = construct(library, info, sample).train(training)
            if state is not None:
                twin.load_state_dict(Converter(library)(state))
            actual, _ = forward(library, twin, sample)
            assert_same(actual, expected, library, factor=factor_of(info))
            assert_same_state(twin, model, library, factor_of(info))


def gradients(
    library: ModuleType,
    info: ModuleInfo,
    module: Any,
    sample: ModuleInput,
    *,
    order: int,
    like: Derivatives | None = None,
) -> Derivatives:
    """Derivatives of one call by its inputs and the module's parameters."""
    result, inputs = forward(library, module, sample, log_softmax=LOG_PROBABILITIES.get(info.name))
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return derivatives(library, result, [*inputs.leaves, *parameters], order, like)


def check_gradients(tally: Tally, info: ModuleInfo, library: ModuleType) -> None:
    """First and second derivatives in float64, by inputs and parameters."""
    if info.is_lazy:  # the class that it becomes is checked under its own name
        return
    for check, order in (("gradient", 1), ("second", 2)):
        if order == 2 and not info.supports_gradgrad:
            continue
        for sample in samples_of(info, torch.float64, check):
            if sample.forward_input is None:
                continue
            try:
                model = construct(torch, info, sample).double()
                expected = gradients(torch, info, model, sample, order=order)
            except Exception:  # not differentiable in PyTorch
                continue
            if not any(expected.recorded):
                continue
            with tally.sample(check, text(info, sample)):
                exclude_sample(sample, expected.first, expected.second)
                twin = construct(library, info, sample).double()
                twin.load_state_dict(Converter(library)(dict(construct(torch, info, sample).double().state_dict())))
                actual = gradients(library, info, twin, sample, order=order, like=expected)
                assert_same_derivatives(actual, expected, library, factor_of(info))


def check_errors(tally: Tally, info: ModuleInfo, library: ModuleType) -> None:
    """Errors of PyTorch's class, on construction or on the call."""
    if info.module_error_inputs_func is None:
        return
    seed_everything()
    inputs = info.module_error_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=False, training=True)
    for error_input in inputs:
        sample = error_input.module_error_input

        def action(where: ModuleType, sample: ModuleInput = sample, error_input: Any = error_input) -> None:
            module = construct(where, info, sample)
            if error_input.error_on is ModuleErrorEnum.FORWARD_ERROR:
                forward(where, module, sample)

        try:
            action(torch)
        except Exception as error:
            expected = error
        else:
            continue
        with tally.sample("errors", text(info, sample)):
            exclude_sample(sample)
            lookup(library, info.name)
            assert_raises(lambda action=action: action(library), error_input.error_type, expected)
