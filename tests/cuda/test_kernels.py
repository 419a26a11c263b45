"""Our CUDA kernels without a GPU: NVRTC compiles each for three generations, and the CPU runs them.

`tests/cuda/test_operations.py` runs the whole suite of operations through them; here are shapes that it has not: rows
longer than a block, sizes that are no multiples of a tile, groups of all widths, half precision, empty padding.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import pathlib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import cupy
import numpy
import pytest
import torch as oracle
from cuda.bindings import nvrtc

import tinygrad_i2dl as torch
from tests import calls
from tinygrad_i2dl.backends.cupy import launch, namespace
from tinygrad_i2dl.backends.cupy.kernel_table import KERNELS
from tinygrad_i2dl.backends.registry import _tables

F, G = torch.nn.functional, oracle.nn.functional


# Every type of elements for the oldest generation, single precision for all: what a type changes is the same for each.
COMPILED = [(macro, "sm_75") for macro in launch.MACROS.values()]
COMPILED += [(launch.MACROS["float32"], architecture) for architecture in ("sm_80", "sm_90")]


@pytest.mark.parametrize(("macro", "architecture"), COMPILED)
@pytest.mark.parametrize("file", launch.kernel_files())
def test_nvrtc_compiles(file: str, macro: str, architecture: str) -> None:
    error, program = nvrtc.nvrtcCreateProgram(launch.source_of(file).encode(), file.encode(), 0, [], [])
    assert error == nvrtc.nvrtcResult.NVRTC_SUCCESS
    options = [f"--gpu-architecture={architecture}".encode(), macro.encode(), b"--std=c++17"]
    (result,) = nvrtc.nvrtcCompileProgram(program, len(options), options)
    _, size = nvrtc.nvrtcGetProgramLogSize(program)
    log = bytearray(size)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(program)
    assert result == nvrtc.nvrtcResult.NVRTC_SUCCESS, log.decode()


def test_every_file_of_kernels_is_installed() -> None:
    root = pathlib.Path(__file__).parents[2]
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    wanted = [*patterns["*"], *patterns["tinygrad_i2dl.backends.cupy"]]
    shipped = {path for pattern in wanted for path in launch.FOLDER.parent.glob(pattern)}
    assert set(launch.FOLDER.iterdir()) <= shipped and len(launch.kernel_files()) >= 8


def test_kernels_are_named_like_operations() -> None:
    signatures = {table.name: table.reference for table in _tables}
    for name, kernel in KERNELS.items():
        theirs = list(inspect.signature(signatures[name]).parameters)[1:]
        assert list(inspect.signature(kernel).parameters) == theirs, name


# ---------------------------------------------------------------- names of CuPy


def calls_of_namespace() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every ``xp.name(...)`` in the package with its keyword arguments."""
    for path in sorted(pathlib.Path(torch.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                chain, at = [], node.func
                while isinstance(at, ast.Attribute):
                    chain.append(at.attr)
                    at = at.value  # type: ignore[assignment]
                if isinstance(at, ast.Name) and at.id == "xp":
                    yield ".".join(reversed(chain)), tuple(k.arg for k in node.keywords if k.arg)


# What a namespace has of its own, and what is asked of NumPy's alone.
OWN = {name for name in vars(namespace.Namespace) if not name.startswith("_")} | {"lib.stride_tricks.as_strided"}
HOST_ONLY = {"kernels"}


@pytest.mark.parametrize(("name", "keywords"), sorted(set(calls_of_namespace())))
def test_every_function_of_a_reference_kernel_is_cupys(name: str, keywords: tuple[str, ...]) -> None:
    if name in OWN or name.partition(".")[0] in OWN | HOST_ONLY or name.endswith((".at", ".accumulate")):
        return
    found: Any = cupy
    for part in name.split("."):
        found = getattr(found, part)
    if isinstance(found, cupy.ufunc):
        assert set(keywords) <= {"out", "dtype", "casting"}
    elif keywords and callable(found) and not isinstance(found, type):
        parameters = inspect.signature(found).parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        assert takes_all or set(keywords) <= set(parameters), f"cupy.{name} takes {list(parameters)}"


def ufuncs_that_are_used() -> set[str]:
    """Names in the package, attributes or texts, that are ufuncs of both libraries."""
    found: set[str] = set()
    for path in pathlib.Path(torch.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(name, str) and isinstance(getattr(cupy, name, None), cupy.ufunc):
                found.add(name)
    return {name for name in found if isinstance(getattr(numpy, name, None), numpy.ufunc)}


def loop_of(types: list[str], given: tuple[str, ...]) -> str | None:
    """Dtypes of the results by CuPy's rule: of the first loop that all arguments can be cast to."""
    for each in types:
        taken, _, made = each.partition("->")
        if "E" not in each and all(numpy.can_cast(a, b) for a, b in zip(given, taken, strict=True)):
            return made
    return None


# On bools NumPy refuses these, and so do the operations that use them, before or after.
OF_BOOLS = {"gcd", "lcm", "negative", "positive", "sign", "subtract"}


def test_ufuncs_give_the_dtypes_of_numpys() -> None:
    used = ufuncs_that_are_used()
    assert {"exp", "add", "maximum", "floor_divide"} <= used
    for name in sorted(used):
        theirs, ours = getattr(cupy, name), getattr(numpy, name)
        for given in itertools.product("?bBhilefd", repeat=theirs.nin):
            if name in OF_BOOLS and set(given) == {"?"}:
                continue
            try:
                expected = "".join(
                    each.char for each in ours.resolve_dtypes((*map(numpy.dtype, given), *[None] * ours.nout))
                )
            except TypeError:
                expected = None
            found = loop_of(theirs.types, given)
            assert found == (None if expected is None else expected[theirs.nin :]), f"{name}{given}"


# ---------------------------------------------------------------- values


@pytest.fixture
def served(device: str, launched: Counter[str], monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of our kernels is launched, where nothing else is asked before them."""
    monkeypatch.setattr(torch.backends.cudnn, "enabled", False)
    return launched


TOLERANCES = {"float64": 1e-9, "float32": 2e-4, "float16": 2e-2}


def check(
    ours: Callable[..., Any], theirs: Callable[..., Any], shapes: list[tuple[int, ...] | None], dtype: str = "float64"
) -> None:
    """A function's value and gradients on the device against PyTorch's, which computes in float64."""
    random = numpy.random.default_rng(0)
    arrays = [None if shape is None else random.standard_normal(shape).astype(dtype) for shape in shapes]
    here = [None if a is None else torch.from_numpy(a).to("cuda").requires_grad_() for a in arrays]
    there = [None if a is None else oracle.from_numpy(a.astype("float64")).requires_grad_() for a in arrays]
    out, expected = ours(*here), theirs(*there)
    weights = random.uniform(0.5, 1.5, tuple(expected.shape))
    out.backward(torch.from_numpy(numpy.asarray(weights.astype(dtype))).to("cuda"))
    expected.backward(oracle.from_numpy(numpy.asarray(weights.astype(dtype).astype("float64"))))
    pairs = [(out, expected)] + [(a.grad, b.grad) for a, b in zip(here, there, strict=True) if a is not None]
    for number, (a, b) in enumerate(pairs):
        b = b.detach().numpy()
        tolerance = TOLERANCES[dtype] * max(1.0, float(abs(b).max()))
        numpy.testing.assert_allclose(
            calls.array_of(a).astype("float64"), b, rtol=TOLERANCES[dtype], atol=tolerance, err_msg=f"part {number}"
        )


DTYPES = list(TOLERANCES)
CONVOLUTIONS = {
    "one tile": ((2, 3, 9, 8), (5, 3, 3, 3), {}),
    "several tiles": ((2, 7, 13, 11), (70, 7, 3, 2), {"padding": (1, 0)}),
    "strided and dilated": ((2, 6, 17, 15), (8, 6, 3, 3), {"stride": (2, 3), "padding": 2, "dilation": (1, 2)}),
    "grouped": ((1, 12, 8, 8), (24, 4, 3, 3), {"groups": 3, "padding": 1}),
    "depthwise": ((2, 5, 9, 9), (10, 1, 3, 3), {"groups": 5, "stride": 2, "padding": 1}),
    "one dimension": ((2, 4, 30), (6, 4, 5), {"stride": 2, "padding": 3}),
    "three dimensions": ((1, 3, 6, 5, 7), (6, 3, 2, 3, 2), {"padding": (1, 1, 0), "stride": (1, 2, 1)}),
    "kernel as large as the input": ((2, 3, 4, 4), (6, 3, 4, 4), {}),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution(name: str, dtype: str, served: Counter[str]) -> None:
    input, weight, options = CONVOLUTIONS[name]
    dims = len(input) - 2
    ours, theirs = getattr(F, f"conv{dims}d"), getattr(G, f"conv{dims}d")
    check(
        lambda x, w, b: ours(x, w, b, **options), lambda x, w, b: theirs(x, w, b, **options),
        [input, weight, weight[:1]], dtype,
    )  # fmt: skip
    ending = "_direct" if weight[0] // options.get("groups", 1) <= 4 else ""
    assert served["conv" + ending] == served["conv_weight_gradient" + ending] == 1
    assert served["conv_input_gradient"] + served["conv_input_gradient_direct"] == 1


def test_transposed_convolution_and_folding(served: Counter[str]) -> None:
    check(
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1),
        lambda x, w: G.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1),
        [(2, 6, 5, 4), (6, 3, 3, 3)],
    )  # fmt: skip
    check(lambda x: F.unfold(x, 3, 2, 1, 2), lambda x: G.unfold(x, 3, 2, 1, 2), [(2, 3, 9, 8)])
    check(lambda x: F.fold(x, (6, 5), 2, 1, 1, 2), lambda x: G.fold(x, (6, 5), 2, 1, 1, 2), [(2, 12, 12)])
    assert served["im2col"] >= 2 and served["col2im"] >= 2


POOLS = {
    "plain": ((2, 3, 9, 8), {"kernel_size": 2}),
    "overlapping": ((2, 3, 9, 8), {"kernel_size": 3, "stride": (1, 2), "padding": 1}),
    "ceiling": ((1, 2, 7, 10), {"kernel_size": (3, 4), "stride": 3, "padding": (1, 2), "ceil_mode": True}),
    "one dimension": ((2, 3, 20), {"kernel_size": 4, "stride": 3}),
    "three dimensions": ((1, 2, 5, 6, 7), {"kernel_size": (2, 3, 2), "stride": 2, "padding": 1}),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", POOLS)
def test_pooling(name: str, dtype: str, served: Counter[str]) -> None:
    shape, options = POOLS[name]
    for kind in ("max", "avg"):
        ours, theirs = (getattr(each, f"{kind}_pool{len(shape) - 2}d") for each in (F, G))
        check(lambda x, f=ours: f(x, **options), lambda x, f=theirs: f(x, **options), [shape], dtype)
    assert all(served[each] for each in ("max_pool", "max_pool_backward", "avg_pool", "avg_pool_backward"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "dim"), [((3, 700), -1), ((2, 33, 5), 1), ((1, 1), 0)])
def test_softmax(shape: tuple[int, ...], dim: int, dtype: str, served: Counter[str]) -> None:
    check(lambda x: torch.softmax(x * 3, dim), lambda x: oracle.softmax(x * 3, dim), [shape], dtype)
    check(lambda x: torch.log_softmax(x * 3, dim), lambda x: oracle.log_softmax(x * 3, dim), [shape], dtype)
    assert served["softmax_along"] == served["softmax_backward"] == served["log_softmax_backward"] == 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy(reduction: str, dtype: str, served: Counter[str]) -> None:
    for shape in ((6, 300), (3, 5, 4, 2)):
        labels = numpy.random.default_rng(1).integers(0, shape[1], (shape[0], *shape[2:]))
        labels[0] = 2
        weight = numpy.linspace(0.5, 2, shape[1]).astype(dtype)
        here = [torch.from_numpy(each).to("cuda") for each in (labels, weight)]
        there = [oracle.from_numpy(each) for each in (labels, weight.astype("float64"))]
        for options in ({"reduction": reduction}, {"reduction": reduction, "ignore_index": 2}):
            check(
                lambda x, a=here, o=options: F.cross_entropy(x, *a, **o),
                lambda x, a=there, o=options: G.cross_entropy(x, *a, **o),
                [shape], dtype,
            )  # fmt: skip
    assert served["cross_entropy"] == served["cross_entropy_backward"] == 4


@pytest.mark.parametrize("dtype", DTYPES)
def test_normalization(dtype: str, served: Counter[str]) -> None:
    check(
        lambda x, w, b: F.layer_norm(x, (300,), w, b), lambda x, w, b: G.layer_norm(x, (300,), w, b),
        [(5, 300), (300,), (300,)], dtype,
    )  # fmt: skip
    check(
        lambda x, w, b: F.group_norm(x, 2, w, b), lambda x, w, b: G.group_norm(x, 2, w, b),
        [(3, 6, 5, 4), (6,), (6,)], dtype,
    )  # fmt: skip
    check(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        lambda x, w, b: G.batch_norm(x, None, None, w, b, True),
        [(7, 3, 10, 9), (3,), (3,)], dtype,
    )  # fmt: skip
    check(lambda x: F.rms_norm(x, (9,), eps=1e-5), lambda x: G.rms_norm(x, (9,), eps=1e-5), [(4, 9)], dtype)
    assert served["normalize_rows"] == served["normalize_rows_backward"] == 3
    assert served["normalize_channels"] == served["normalize_channels_backward"] == 1


def test_normalization_far_from_zero(device: str) -> None:
    x = torch.randn(4, 1000) + 1e4
    expected = G.layer_norm(oracle.from_numpy(x.numpy()).double(), (1000,)).numpy()
    found = F.layer_norm(x.to(device), (1000,)).cpu().numpy()
    numpy.testing.assert_allclose(found, expected, atol=2e-3)


def test_embedding(served: Counter[str]) -> None:
    index = numpy.array([[3, 0, 3], [3, 1, 3]])
    for dtype in DTYPES:
        check(
            lambda w: F.embedding(torch.from_numpy(index).to("cuda"), w),
            lambda w: G.embedding(oracle.from_numpy(index), w), [(5, 70)], dtype,
        )  # fmt: skip
    assert served["add_rows"] == 3


def test_random_words_are_the_reference_kernels(served: Counter[str]) -> None:
    from tinygrad_i2dl.ops.device_random import _philox_words

    drawn = torch.Generator("cuda").manual_seed(0x0123456789ABCDEF).source
    drawn._offset = (1 << 32) - 3
    expected = _philox_words(numpy, numpy.zeros(0), 0x0123456789ABCDEF, (1 << 32) - 3, 4099)
    assert numpy.array_equal(drawn.words(4099).get(), expected) and served["philox_words"] == 1


def test_optimizers_are_one_launch(served: Counter[str]) -> None:
    for make in (
        lambda p: torch.optim.Adam(p, 0.1, amsgrad=True, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, 0.1, maximize=True),
        lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=0.1, nesterov=True),
        lambda p: torch.optim.SGD(p, 0.1, 0.9, dampening=0.5),
    ):
        found = []
        for place in ("cpu", "cuda"):
            torch.manual_seed(0)
            parameters = [torch.randn(shape).to(place).requires_grad_() for shape in ((700,), (3, 5), (1,))]
            optimizer = make(parameters)
            before = sum(served.values())
            for step in range(3):
                for p in parameters:
                    p.grad = (p.detach() * 0.5 + step).clone()
                optimizer.step()
            assert sum(served.values()) - before == (3 if place == "cuda" else 0)
            found.append([p.detach().cpu().numpy() for p in parameters])
        for a, b in zip(*found, strict=True):
            numpy.testing.assert_allclose(b, a, rtol=2e-5, atol=1e-6)
