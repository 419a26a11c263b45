"""The text of arrays against the text PyTorch gives the same values, character for character."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.extra.numpy as npst
import hypothesis.strategies as st
import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings

import tinygrad_i2dl
from tinygrad_i2dl import printing
from tinygrad_i2dl.printing import (
    PrintOptions,
    format_array,
    get_printoptions,
    printoptions,
    set_printoptions,
    tensor_repr,
)

TORCH_DTYPES = {
    "float16": torch.float16,
    "float32": torch.float32,
    "float64": torch.float64,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "uint8": torch.uint8,
    "bool": torch.bool,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}


@pytest.fixture(autouse=True)
def restored_options():
    """Leave both libraries' options as they were."""
    torch_options = dict(torch._tensor_str.get_printoptions())
    ours = printing._options
    yield
    torch.set_printoptions(**torch_options)
    printing._options = ours


def both(array: np.ndarray, options: PrintOptions | None = None, **facts) -> tuple[str, str]:
    """Return our text and PyTorch's for one NumPy array."""
    tensor = torch.from_numpy(np.array(array))
    if facts.get("requires_grad"):
        tensor.requires_grad_()
    if "grad_fn_name" in facts:
        tensor = tensor.requires_grad_().clone()
        facts["grad_fn_name"] = type(tensor.grad_fn).__name__
    if options is not None:
        torch.set_printoptions(
            precision=options.precision,
            threshold=options.threshold,
            edgeitems=options.edgeitems,
            linewidth=options.linewidth,
            sci_mode=options.sci_mode,
        )
    try:
        expected = repr(tensor)
    finally:
        torch.set_printoptions(profile="default")
    return tensor_repr(array, dtype_name=str(tensor.dtype), options=options, **facts), expected


shapes = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)
long_shapes = st.sampled_from(
    [(1000,), (1001,), (7, 200), (2, 3, 300), (1200, 1), (1, 1, 1, 1001), (12, 11, 10), (6, 6, 7, 7)]
)
print_options = st.builds(
    PrintOptions,
    precision=st.integers(0, 8),
    threshold=st.sampled_from([0, 5, 40, 1000, math.inf]),
    edgeitems=st.integers(0, 5),
    linewidth=st.sampled_from([0, 10, 20, 33, 40, 57, 80, 120]),
    sci_mode=st.sampled_from([None, True, False]),
)


@st.composite
def float_arrays(draw, shapes=shapes):
    """Floats whose magnitudes straddle every border between notations, with zeros, NaN and infinities among them."""
    shape = draw(shapes)
    dtype = draw(st.sampled_from(["float16", "float32", "float64"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low = draw(st.integers(-7, 9))
    high = low + draw(st.sampled_from([0, 1, 2, 3, 4, 8]))
    values = rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(low, high, shape)
    if draw(st.booleans()):
        values = np.round(values)
    if draw(st.booleans()):
        values = np.abs(values)
    if draw(st.booleans()):
        values = np.where(rng.random(shape) < 0.3, rng.choice([0.0, -0.0, np.nan, np.inf, -np.inf], shape), values)
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(dtype)


@settings(max_examples=400, deadline=None)
@given(array=float_arrays(), grad=st.sampled_from([{}, {"requires_grad": True}, {"grad_fn_name": ""}]))
def test_floats_print_as_in_pytorch(array, grad):
    ours, expected = both(array, **grad)
    assert ours == expected


@settings(max_examples=400, deadline=None)
@given(array=float_arrays(), options=print_options)
def test_floats_with_options_print_as_in_pytorch(array, options):
    ours, expected = both(array, options)
    assert ours == expected


@settings(max_examples=60, deadline=None)
@given(array=float_arrays(long_shapes), options=st.none() | print_options)
def test_long_floats_are_summarised_as_in_pytorch(array, options):
    ours, expected = both(array, options)
    assert ours == expected


@settings(max_examples=300, deadline=None)
@given(
    array=st.sampled_from(["int8", "int16", "int32", "int64", "uint8", "bool"]).flatmap(
        lambda dtype: npst.arrays(dtype, shapes)
    ),
    options=st.none() | print_options,
)
def test_integers_and_bools_print_as_in_pytorch(array, options):
    ours, expected = both(array, options)
    assert ours == expected


@settings(max_examples=300, deadline=None)
@given(array=npst.arrays("float64", npst.array_shapes(min_dims=0, max_side=5)))
def test_any_float64_prints_as_in_pytorch(array):
    ours, expected = both(array)
    assert ours == expected


@settings(max_examples=300, deadline=None)
@given(real=float_arrays(), imaginary_seed=st.integers(0, 1000), options=st.none() | print_options)
def test_complex_numbers_print_as_in_pytorch(real, imaginary_seed, options):
    imaginary = np.random.default_rng(imaginary_seed).permutation(np.asarray(real).ravel()).reshape(real.shape)
    array = np.empty(real.shape, "complex64" if real.dtype != np.float64 else "complex128")
    array.real, array.imag = real, imaginary
    ours, expected = both(array, options)
    assert ours == expected


@settings(max_examples=100, deadline=None)
@given(array=float_arrays())
def test_bfloat16_prints_as_in_pytorch(array):
    tensor = torch.from_numpy(array.astype(np.float32)).to(torch.bfloat16)
    ours = array.astype(np.float32).astype(ml_dtypes.bfloat16)
    assert tensor_repr(ours, dtype_name="torch.bfloat16") == repr(tensor)


@pytest.mark.parametrize(
    ("tensor", "facts"),
    [
        (torch.tensor(1.0), {}),
        (torch.tensor([[0.1, 2.0], [3.0, 4.0]]), {}),
        (torch.tensor([]), {}),
        (torch.zeros(0, 3), {}),
        (torch.zeros(2, 0, dtype=torch.int32), {}),
        (torch.zeros(0, dtype=torch.int64), {}),
        (torch.zeros(0, dtype=torch.bool), {}),
        (torch.tensor([1, 2], dtype=torch.int32), {}),
        (torch.arange(28), {}),
        (torch.arange(28.0, requires_grad=True), {"requires_grad": True}),
        (torch.arange(1e6).view(10, 100, 1000), {}),
        (torch.linspace(0, 1, 100).view(2, 2, 5, 5), {}),
        (torch.ones(3, 4).t(), {}),
        (torch.ones(1).expand(50, 50), {}),
    ],
)
def test_examples_print_as_in_pytorch(tensor, facts):
    assert tensor_repr(tensor.detach().numpy(), dtype_name=str(tensor.dtype), **facts) == repr(tensor)


@pytest.mark.parametrize("default", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", TORCH_DTYPES)
@pytest.mark.parametrize("shape", [(0,), (2, 0), (2,), ()])
def test_dtype_is_named_where_pytorch_names_it(default, name, shape):
    tensor = torch.ones(shape, dtype=TORCH_DTYPES[name])
    before = torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        expected = repr(tensor)
    finally:
        torch.set_default_dtype(before)
    assert tensor_repr(tensor.numpy(), dtype_name=str(tensor.dtype), default_dtype_name=str(default)) == expected


@settings(max_examples=200, deadline=None)
@given(count=st.integers(0, 40), linewidth=st.integers(20, 90), grad=st.booleans())
def test_suffixes_break_lines_where_pytorch_breaks_them(count, linewidth, grad):
    facts = {"requires_grad": True} if grad else {"grad_fn_name": ""}
    ours, expected = both(np.ones(count), PrintOptions(linewidth=linewidth), **facts)
    assert ours == expected


def test_dtype_names_with_and_without_prefix():
    for dtype in (torch.int64, torch.float32, torch.float64, torch.int32):
        bare = tensor_repr(torch.ones(2, dtype=dtype).numpy(), dtype_name=str(dtype).removeprefix("torch."))
        assert bare == repr(torch.ones(2, dtype=dtype))


def test_device_is_named_before_everything_else():
    meta = torch.zeros(3, device="meta", dtype=torch.float64, requires_grad=True)
    expected = repr(meta).replace("..., ", "[0., 0., 0.], ").replace("meta", "cuda:0").replace("size=(3,), ", "")
    ours = tensor_repr(np.zeros(3), dtype_name="torch.float64", device_text="cuda:0", requires_grad=True)
    assert ours == expected == "tensor([0., 0., 0.], device='cuda:0', dtype=torch.float64, requires_grad=True)"


def test_parameter():
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.5]))
    text = tensor_repr(parameter.detach().numpy(), requires_grad=True)
    assert printing.parameter_repr(text) == repr(parameter)


def test_summary_reads_only_the_edges():
    """An array whose slices are counted: a summary of 10^12 virtual elements must touch only the corners."""
    array = np.broadcast_to(np.float32(0.5), (10**4, 10**4, 10**4))
    assert format_array(array).count("0.5000") == 6**3


def test_device_arrays_are_fetched_after_the_cut():
    fetched = []

    class DeviceArray:
        """The part of CuPy's interface that printing uses: slicing stays on the device, `get` copies to the host."""

        def __init__(self, array):
            self.array, self.shape, self.dtype, self.ndim = array, array.shape, array.dtype, array.ndim

        def __getitem__(self, index):
            return DeviceArray(self.array[index])

        def get(self):
            fetched.append(self.array.size)
            return self.array

    host = np.arange(5000.0).reshape(50, 100)
    assert format_array(DeviceArray(host)) == format_array(host)
    assert sum(fetched) == 36


@pytest.mark.parametrize(
    "changes",
    [
        {"profile": "short"},
        {"profile": "full"},
        {"profile": "short", "precision": 7},
        {"sci_mode": True},
        {"precision": 1, "threshold": 10, "edgeitems": 1, "linewidth": 30},
        {"threshold": math.inf},
    ],
)
def test_set_printoptions_does_what_pytorchs_does(changes):
    values = np.linspace(0.01, 5, 1500).reshape(3, 500)
    torch.set_printoptions(**changes)
    set_printoptions(**changes)
    assert get_printoptions() == torch._tensor_str.get_printoptions()
    assert tensor_repr(values, dtype_name="torch.float64") == repr(torch.from_numpy(values))
    torch.set_printoptions(linewidth=100)
    set_printoptions(linewidth=100)
    assert get_printoptions() == torch._tensor_str.get_printoptions()


def test_printoptions_restores_after_an_error():
    set_printoptions(sci_mode=False)
    before = get_printoptions()
    with pytest.raises(ZeroDivisionError), printoptions(precision=1, sci_mode=True):
        assert tensor_repr(np.float32(0.25)) == "tensor(2.5e-01)"
        raise ZeroDivisionError
    assert get_printoptions() == before


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"precision": -1}, ValueError, "precision must be at least 0, got -1"),
        ({"precision": 2.5}, TypeError, r"precision must be an integer, got 2\.5 of type float"),
        ({"edgeitems": True}, TypeError, "edgeitems must be an integer"),
        ({"linewidth": -3}, ValueError, "linewidth must be at least 0"),
        ({"threshold": "many"}, TypeError, "threshold must be a number, got 'many' of type str"),
        ({"threshold": math.nan}, ValueError, "not NaN"),
        ({"profile": "long"}, ValueError, "'default', 'short', 'full', got 'long'"),
        ({"sci_mode": "yes"}, TypeError, "sci_mode must be True, False or None, got 'yes'"),
    ],
)
def test_bad_options_are_refused_and_change_nothing(changes, error, says):
    before = get_printoptions()
    with pytest.raises(error, match=says):
        set_printoptions(**{"precision": 3, **changes})
    assert get_printoptions() == before


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array(["2020-01-01"], "datetime64[D]")])
def test_arrays_without_numbers_are_refused(array):
    with pytest.raises(TypeError, match="cannot print an array of dtype"):
        format_array(array)


@pytest.mark.parametrize("value", [3.14159, 7, True, -0.0, float("inf")])
def test_a_single_value_is_formatted_as_its_number(value: float) -> None:
    ours, theirs = tinygrad_i2dl.tensor(value), torch.tensor(value)
    assert f"{ours}" == f"{theirs}"
    assert "{:>12}|{!r}".format(ours, ours) == "{:>12}|{!r}".format(theirs, theirs)  # noqa: UP032


def test_what_is_not_a_single_value_is_formatted_as_its_text() -> None:
    for library in (tinygrad_i2dl, torch):
        parameter = library.nn.Parameter(library.tensor(2.0))
        assert f"{parameter}" == "Parameter containing:\ntensor(2., requires_grad=True)"
        assert f"{library.ones(1)}" == "tensor([1.])"
        with pytest.raises(TypeError):
            f"{library.ones(2):.2f}"


def test_optimizers_distributions_and_key_lists_print_as_theirs() -> None:
    def texts(library: Any) -> list[str]:
        layers = [library.nn.Linear(2, 1), library.nn.Linear(1, 1)]
        optimizer = library.optim.SGD([{"params": layer.parameters(), "lr": 0.1} for layer in layers], lr=0.2)
        choice = library.distributions.Categorical(library.tensor([0.2, 0.8]))
        choice.entropy()
        return [
            str(choice),
            repr(layers[0].load_state_dict({"other": library.ones(1)}, strict=False)),
            str(library.linalg.qr(library.eye(2)))[:40],
            str(optimizer).split("dampening")[0] + str(optimizer).count("\n\n") * "|",
        ]

    assert texts(tinygrad_i2dl) == texts(torch)
    assert str(tinygrad_i2dl.qr(tinygrad_i2dl.eye(2))).startswith("torch.return_types.qr(")
