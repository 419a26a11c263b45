"""Checks of one entry of ``op_db``: forward, gradients, method, in-place and other forms, errors, ``out=``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import OpInfo, SampleInput

from .ambiguity import FACTORS, is_as_exact, is_tie
from .comparison import Mismatch, assert_raises, assert_same, describe_call, tensors_of
from .conversion import Converter
from .derivatives import Derivatives, assert_same_derivatives, derivatives
from .entries import Entry
from .exclusions import DESCRIPTOR, NOT_TWICE, TOLERANCE_FACTORS, exclude_values, reason_of_entry
from .resolution import counterpart, rebind, seed
from .sampling import CAPS, choose, form_of, seed_everything
from .tally import Excluded, Tally, exclude, run_checks

INTEGERS = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class Form(NamedTuple):
    """One way to call an op: as a function, a method, in place, an operator, under another name."""

    check: str
    name: str
    function: Callable[..., Any]
    path: str | None  # public path; None: the database's own function


@cache
def databases() -> dict[tuple[str, str], OpInfo]:
    """Entries of ``op_db`` by name and variant."""
    return {(info.name, info.variant_test_name): info for info in op_db}


def check_op(entry: Entry, library: ModuleType) -> Tally:
    """Run every check of an op entry."""
    tally = Tally(entry)
    if exclude(tally, reason_of_entry(entry)):
        return tally
    info = databases()[entry.name, entry.variant]
    forms = forms_of(info)
    function = forms[0]
    checks: list[Callable[[], None]] = [
        lambda: check_forward(tally, info, library, function, "forward", torch.float32),
        lambda: check_integers(tally, info, library, function),
        lambda: check_gradients(tally, info, library, function),
        lambda: check_errors(tally, info, library, function),
        lambda: check_out(tally, info, library, function),
    ]
    for form in forms[1:]:
        if form.check == "inplace":
            checks.append(lambda form=form: check_inplace(tally, info, library, form))
            checks.append(lambda form=form: check_inplace_gradients(tally, info, library, form))
        else:
            checks.append(lambda form=form: check_forward(tally, info, library, form, form.check, torch.float32))
    run_checks(tally, checks)
    return tally


def forms_of(info: OpInfo) -> list[Form]:
    """All ways to call the op, the function itself first."""
    forms = [Form("forward", f"torch.{info.name}", info.op, info.name)]
    if info.method_variant is not None and info.method_variant is not info.op:
        forms.append(Form("method", f"Tensor.{info.name}", info.method_variant, f"Tensor.{info.name}"))
    if info.inplace_variant is not None:
        forms.append(Form("inplace", f"Tensor.{info.name}_", info.inplace_variant, f"Tensor.{info.name}_"))
    if info.operator_variant is not None:
        forms.append(Form("operator", info.operator_variant.__name__, info.operator_variant, None))
    if info.inplace_operator_variant is not None:
        function = info.inplace_operator_variant
        forms.append(Form("inplace", function.__name__, function, None))
    for alias in info.aliases:
        if alias.op is not None:
            forms.append(Form("alias", f"torch.{alias.name}", alias.op, alias.name))
        if alias.method_variant is not None:
            forms.append(Form("alias", f"Tensor.{alias.name}", alias.method_variant, f"Tensor.{alias.name}"))
        if alias.inplace_variant is not None:
            forms.append(Form("inplace", f"Tensor.{alias.name}_", alias.inplace_variant, f"Tensor.{alias.name}_"))
    return forms


def samples_of(info: OpInfo, dtype: torch.dtype, cap: int, *, requires_grad: bool = False) -> list[SampleInput]:
    """The samples of a dtype that run."""
    seed_everything()
    samples = list(info.sample_inputs("cpu", dtype, requires_grad=requires_grad))
    return choose(samples, cap, lambda sample: form_of((sample.input, sample.args, sample.kwargs)))


class Call(NamedTuple):
    """One call that was made: what came back, and the tensors that went in."""

    result: Any
    inputs: Converter
    first: Any


def call(library: ModuleType, function: Callable[..., Any], sample: SampleInput, *, clone: bool = False) -> Call:
    """Convert a sample to the library, seed its generator, and call."""
    inputs = Converter(library)
    first = inputs(sample.input)
    args, kwargs = inputs(sample.args), inputs(sample.kwargs)
    if clone:
        first = first.clone()
    seed(library)
    return Call(function(first, *args, **kwargs), inputs, first)


def text(form: Form, sample: SampleInput) -> str:
    """The call of a sample, to be read and typed."""
    return describe_call(form.name, (sample.input, *sample.args), sample.kwargs)


def factor_of(info: OpInfo) -> float:
    """Multiple of PyTorch's tolerances granted to a name."""
    return TOLERANCE_FACTORS.get(info.name, (1.0, ""))[0]


def assert_same_inputs(actual: Call, expected: Call, library: ModuleType, factor: float) -> None:
    """The call left its inputs as PyTorch leaves them (changed alike, or not at all)."""
    pairs = zip(actual.inputs.tensors.values(), expected.inputs.tensors.values(), strict=True)
    for position, (one, other) in enumerate(pairs):
        assert_same(one, other, library, factor=factor, where=f"tensor {position} of the inputs after the call")


def assert_same_result(info: OpInfo, sample: SampleInput, actual: Any, expected: Any, library: ModuleType) -> None:
    """``assert_same``, less what the definition of the op leaves open."""
    factor = factor_of(info)
    if info.name in FACTORS:
        assert_same(actual, expected, library, values=False)
        process = sample.output_process_fn_grad
        actual, expected = rebind(process, library)(actual), process(expected)
    try:
        assert_same(actual, expected, library, factor=factor, values=not info.has_nondeterministic_output)
    except Mismatch:
        if not is_tie(info.name, sample, actual, expected) and not is_as_exact(info, sample, actual, expected):
            raise


def check_forward(tally: Tally, info: OpInfo, library: ModuleType, form: Form, check: str, dtype: torch.dtype) -> None:
    """Result of a form on samples of one dtype."""
    if dtype not in info.dtypes:
        if dtype is not torch.float32:
            return
        dtype = next((other for other in (torch.float64, *INTEGERS[::-1]) if other in info.dtypes), torch.float32)
    for sample in samples_of(info, dtype, CAPS[check]):
        if (
            check in {"method", "alias"}
            and form.name.startswith("Tensor.")
            and not isinstance(sample.input, torch.Tensor)
        ):
            continue
        if check == "operator" and (len(sample.args) > 1 or sample.kwargs):
            continue
        try:
            expected = call(torch, form.function, sample)
        except Exception:  # not a call that PyTorch has
            continue
        with tally.sample(check, text(form, sample)):
            exclude_values(sample.input, sample.args, sample.kwargs, expected.result)
            function = counterpart(form.function, library, form.path)
            actual = call(library, function, sample)
            assert_same_result(info, sample, actual.result, expected.result, library)
            if not info.has_nondeterministic_output:
                assert_same_inputs(actual, expected, library, factor_of(info))


def check_integers(tally: Tally, info: OpInfo, library: ModuleType, form: Form) -> None:
    """Result of the function on samples of each integer dtype and bool."""
    for dtype in INTEGERS:
        if dtype in info.dtypes:
            check_forward(tally, info, library, form, "integer", dtype)


def check_inplace(tally: Tally, info: OpInfo, library: ModuleType, form: Form) -> None:
    """In-place form: value and identity of the result, or the error PyTorch raises (broadcasting, dtype)."""
    dtype = torch.float32 if torch.float32 in info.dtypes else next(d for d in INTEGERS[::-1] if d in info.dtypes)
    for sample in samples_of(info, dtype, CAPS["inplace"]):
        if not isinstance(sample.input, torch.Tensor):
            continue
        if form.path is None and (len(sample.args) > 1 or sample.kwargs):
            continue
        error: Exception | None = None
        try:
            expected = call(torch, form.function, sample, clone=True)
        except Exception as raised:
            error = raised
        if isinstance(error, TypeError):  # not a call that PyTorch has
            continue
        with tally.sample("inplace", text(form, sample)):
            exclude_values(sample.input, sample.args, sample.kwargs)
            function = counterpart(form.function, library, form.path)
            if error is not None:
                assert_raises(partial(call, library, function, sample, clone=True), type(error), error)
                continue
            actual = call(library, function, sample, clone=True)
            assert_same(actual.result, expected.result, library, factor=factor_of(info))
            if expected.result is expected.first and actual.result is not actual.first:
                raise Mismatch("result is not the tensor itself, as an in-place form's must be")
            assert_same(actual.first, expected.first, library, factor=factor_of(info), where="tensor after the call")


def gradients(
    library: ModuleType,
    info: OpInfo,
    function: Callable[..., Any],
    sample: SampleInput,
    *,
    order: int = 1,
    clone: bool = False,
    like: Derivatives | None = None,
) -> Derivatives:
    """Derivatives of one call by every input that requires a gradient; ``clone``: on a copy of the first input."""
    inputs = Converter(library)
    first = inputs(sample.input)
    args, kwargs = inputs(sample.args), inputs(sample.kwargs)
    wrapper, process = rebind(info.gradcheck_wrapper, library), rebind(sample.output_process_fn_grad, library)
    seed(library)
    result = process(wrapper(function, first.clone() if clone else first, *args, **kwargs))
    return derivatives(library, result, inputs.leaves, order, like)


def check_gradients(tally: Tally, info: OpInfo, library: ModuleType, form: Form) -> None:
    """First and second derivatives in float64."""
    if not info.supports_autograd or torch.float64 not in info.dtypes:
        return
    samples = samples_of(info, torch.float64, CAPS["gradient"], requires_grad=True)
    for sample in samples:
        compare_gradients(tally, info, library, form, sample, "gradient", order=1)
    if info.supports_gradgrad:
        for sample in choose(samples, CAPS["second"], lambda one: form_of((one.input, one.args, one.kwargs))):
            compare_gradients(tally, info, library, form, sample, "second", order=2)


def compare_gradients(
    tally: Tally,
    info: OpInfo,
    library: ModuleType,
    form: Form,
    sample: SampleInput,
    check: str,
    *,
    order: int,
    clone: bool = False,
) -> None:
    """Count one sample of a gradient check."""
    try:
        expected = gradients(torch, info, form.function, sample, order=order, clone=clone)
    except Exception:  # not differentiable in PyTorch
        return
    if not any(expected.recorded):
        return
    with tally.sample(check, text(form, sample)):
        exclude_values(sample.input, sample.args, sample.kwargs, expected.first, expected.second)
        if any(one is not None and bool(one.isnan().any()) for one in expected.second):
            raise Excluded(NOT_TWICE)
        function = counterpart(form.function, library, form.path)
        actual = gradients(library, info, function, sample, order=order, clone=clone, like=expected)
        assert_same_derivatives(actual, expected, library, factor_of(info))


def check_inplace_gradients(tally: Tally, info: OpInfo, library: ModuleType, form: Form) -> None:
    """First derivatives through the in-place form, on a copy of the input."""
    if not info.supports_inplace_autograd or torch.float64 not in info.dtypes:
        return
    for sample in samples_of(info, torch.float64, CAPS["inplace gradient"], requires_grad=True):
        if not isinstance(sample.input, torch.Tensor) or sample.broadcasts_input:
            continue
        if form.path is None and (len(sample.args) > 1 or sample.kwargs):
            continue
        compare_gradients(tally, info, library, form, sample, "inplace gradient", order=1, clone=True)


def check_errors(tally: Tally, info: OpInfo, library: ModuleType, form: Form) -> None:
    """The library raises an error of the class that PyTorch's own tests expect."""
    if info.error_inputs_func is None:
        return
    seed_everything()
    for error_input in choose(list(info.error_inputs("cpu")), CAPS["errors"], lambda one: str(one.error_regex)):
        sample = error_input.sample_input
        try:
            call(torch, form.function, sample)
        except Exception as error:
            expected = error
        else:
            continue
        with tally.sample("errors", text(form, sample)):
            exclude_values(sample.input, sample.args, sample.kwargs)
            if str(expected).startswith("descriptor '"):
                raise Excluded(DESCRIPTOR)
            function = counterpart(form.function, library, form.path)
            assert_raises(partial(call, library, function, sample), error_input.error_type, expected)


def check_out(tally: Tally, info: OpInfo, library: ModuleType, form: Form) -> None:
    """``out=`` receives the result, and is what is returned."""
    if not info.supports_out or torch.float32 not in info.dtypes:
        return
    for sample in samples_of(info, torch.float32, CAPS["out"]):
        if "out" in sample.kwargs:
            continue
        try:
            expected = call(torch, form.function, sample).result
            with_out(torch, form.function, sample, expected)
        except Exception:
            continue
        with tally.sample("out", text(form, sample)):
            exclude_values(sample.input, sample.args, sample.kwargs, expected)
            function = counterpart(form.function, library, form.path)
            result, out = with_out(library, function, sample, expected)
            assert_same_result(info, sample, result, expected, library)
            for one, other in zip(tensors_of(result, library), tensors_of(out, library), strict=True):
                if one is not other:
                    raise Mismatch("out= is not what was returned")


def with_out(library: ModuleType, function: Callable[..., Any], sample: SampleInput, expected: Any) -> tuple[Any, Any]:
    """Call with ``out=`` prepared to receive ``expected``; the result, and what was given as ``out``."""
    inputs = Converter(library)
    first, args, kwargs = inputs(sample.input), inputs(sample.args), inputs(sample.kwargs)
    tensors = [inputs(torch.zeros_like(one)) for one in tensors_of(expected, torch)]
    out = tensors[0] if isinstance(expected, torch.Tensor) else tuple(tensors)
    seed(library)
    return function(first, *args, **kwargs, out=out), out
