"""The harness itself: it passes PyTorch, finds planted mistakes, and its lists name entries that exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import SampleInput

from . import exclusions
from .ambiguity import FACTORS, ILL_CONDITIONED, LOG_PROBABILITIES, TIES, is_as_exact, is_tie
from .conversion import Converter, to_array
from .entries import all_entries
from .harness import run
from .modules import databases as modules
from .operators import databases as operators
from .optimizers import databases as optimizers


class Impostor(ModuleType):
    """Library that is PyTorch in all but the names given."""

    def __init__(self, **names: Any) -> None:
        super().__init__("impostor")
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        if self.__dict__.get(name, ...) is None:
            raise AttributeError(name)
        return getattr(torch, name)


@pytest.fixture(autouse=True)
def generator_state() -> Iterator[None]:
    """Leave PyTorch's generator as it was."""
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def only(name: str) -> Any:
    """The entry of a ``name`` or ``name:variant``."""
    return next(entry for entry in all_entries() if entry.key.split(":", 1)[1] == name)


@pytest.mark.parametrize(
    "name",
    [
        "add",
        "T",
        "__getitem__",
        "normal",
        "nn.functional.dropout",
        "svd",
        "max:reduction_with_dim",
        "nn.LSTM",
        "nn.LazyConv2d",
        "nn.TransformerEncoder",
        "optim.Adam",
        "optim.LBFGS",
        "optim.lr_scheduler.CyclicLR",
        "optim.lr_scheduler.with.SGD",
    ],
)
def test_pytorch_conforms_with_itself(name: str) -> None:
    """Every sample passes when the library is PyTorch under another name."""
    tally = run(only(name), Impostor())
    assert tally.passes, tally.failures


class WrongAbs(torch.autograd.Function):
    """Absolute value whose gradient at 0 and sign is wrong."""

    @staticmethod
    def forward(ctx: Any, input: torch.Tensor) -> torch.Tensor:
        return input.abs()

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
        return g


def wrong_values(input: Any, **kwargs: Any) -> Any:
    """Off by a little more than the tolerance."""
    return torch.floor(input, **kwargs) * (1 + 2e-5) + 2e-5


def wrong_dtype(input: Any, *args: Any, **kwargs: Any) -> Any:
    """Indices in the wrong dtype."""
    return torch.argmax(input, *args, **kwargs).int()


def wrong_shape(input: Any, *args: Any, **kwargs: Any) -> Any:
    """Keeps a dimension it should not."""
    return torch.trace(input, *args, **kwargs).reshape(1)


def no_error(input: Any, *args: Any, **kwargs: Any) -> Any:
    """Swallows every error."""
    try:
        return torch.fmod(input, *args, **kwargs)
    except Exception:
        return input


def changes_input(input: Any, *args: Any, **kwargs: Any) -> Any:
    """Writes into its argument."""
    result = torch.frac(input, *args, **kwargs)
    with torch.no_grad():
        input += 1
    return result


@pytest.mark.parametrize(
    ("name", "mistake", "check"),
    [
        ("floor", {"floor": wrong_values}, "forward"),
        ("argmax", {"argmax": wrong_dtype}, "forward"),
        ("trace", {"trace": wrong_shape}, "forward"),
        ("frac", {"frac": changes_input}, "forward"),
        ("abs", {"abs": WrongAbs.apply}, "gradient"),
        ("fmod", {"fmod": no_error}, "errors"),
        ("cos", {"cos": None}, "forward"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_found(name: str, mistake: dict[str, Callable[..., Any]], check: str) -> None:
    """A planted mistake fails samples of the check it belongs to."""
    tally = run(only(name), Impostor(**mistake))
    assert tally.samples[check]
    assert tally.failing(check) > 0
    assert any(kind == check for kind, _ in tally.failures)
    assert not tally.passes


def test_conversion_keeps_form() -> None:
    """Values, strides, sharing and requires_grad survive; memory is not shared with the origin."""
    whole = torch.arange(24.0).reshape(4, 6)
    originals = [
        whole,
        whole.t()[1:4],
        torch.tensor(2.0).expand(3),
        torch.empty(0, 3),
        torch.tensor(5),
        whole[1].clone().requires_grad_(),
    ]
    convert = Converter(torch)
    copies = convert(originals)
    for copy, original in zip(copies, originals, strict=True):
        assert torch.equal(copy, original)
        assert copy.dtype is original.dtype
        assert copy.stride() == original.stride() or copy.numel() == 0
        assert copy.requires_grad == original.requires_grad
    copies[0][1, 2] = -1.0
    assert copies[1][1, 1] == -1.0
    assert whole[1, 2] == 8.0
    assert convert.leaves == [copies[5]]
    assert to_array(copies[1]).shape == (3, 4)


def test_the_lists_name_entries_that_exist() -> None:
    """samples.csv is what PyTorch ships; exclusions and tolerance factors name some of it; no factor is above 3."""
    entries = {(entry.name, entry.variant) for entry in all_entries() if entry.kind == "op"}
    assert entries == set(operators())
    assert {entry.name for entry in all_entries() if entry.kind == "module"} == set(modules())
    assert {entry.name for entry in all_entries() if entry.kind == "optimizer"} == set(optimizers())
    names = {entry.name for entry in all_entries()} | {f"{entry.name}:{entry.variant}" for entry in all_entries()}
    assert set(exclusions.NAMES) <= names
    assert set(exclusions.TOLERANCE_FACTORS) | set(TIES) | FACTORS | ILL_CONDITIONED | set(LOG_PROBABILITIES) <= names
    assert all(1 < factor <= 3 and reason for factor, reason in exclusions.TOLERANCE_FACTORS.values())


def test_only_ties_are_left_open() -> None:
    """Other indices of equal values conform; of other values, repeated, or from a stable sort, they do not."""
    sample = SampleInput(torch.tensor([2, 1, 1, 3]))
    values, indices = torch.sort(sample.input)
    assert indices.tolist() == [1, 2, 0, 3]
    assert is_tie("sort", sample, (values, torch.tensor([2, 1, 0, 3])), (values, indices))
    assert not is_tie("sort", sample, (values, torch.tensor([1, 2, 3, 0])), (values, indices))
    assert not is_tie("sort", sample, (values, torch.tensor([1, 1, 0, 3])), (values, indices))
    assert not is_tie("sort", sample, (values + 1, torch.tensor([2, 1, 0, 3])), (values, indices))
    stable = SampleInput(sample.input, stable=True)
    assert not is_tie("sort", stable, (values, torch.tensor([2, 1, 0, 3])), (values, indices))
    assert not is_tie("cumsum", sample, values, values + 1)


def test_rounding_is_left_open_only_towards_the_exact_result() -> None:
    """A value between PyTorch's float32 and its float64 result conforms; one farther off, or of another name, not."""
    info = next(info for info in op_db if info.name == "cov")
    rows = torch.tensor([[-8.478373527526855, -1.765825867652893, -4.3228044509887695]])
    sample = SampleInput(rows, correction=2, aweights=torch.tensor([0.3666413426399231, 0.0583007335662841, 0.7006447]))
    theirs = torch.cov(rows, **sample.kwargs)
    exact = torch.cov(rows.double(), correction=2, aweights=sample.kwargs["aweights"].double())
    assert theirs != exact.float(), "the sample is not ill-conditioned"
    assert is_as_exact(info, sample, ((theirs + exact) / 2).float(), theirs)
    assert not is_as_exact(info, sample, (theirs + 1.5 * (theirs - exact)).float(), theirs)
    assert not is_as_exact(info, sample, (exact - 1.5 * (theirs - exact)).float(), theirs)
    assert not is_as_exact(info, sample, torch.stack([exact.float()] * 2), theirs)
    other = next(info for info in op_db if info.name == "corrcoef")
    assert not is_as_exact(other, sample, theirs, theirs)
