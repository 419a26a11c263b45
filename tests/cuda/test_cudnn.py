"""Convolution by cuDNN: what is asked of its package, what falls back and why, on a stand-in; and the same calls to the
real package's graphs, up to where they would need a GPU."""

from __future__ import annotations

import inspect
import os
import pathlib
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
import torch as oracle

import tinygrad_i2dl as torch
from tests.cuda.cudnn_standin import Cudnn, Graph
from tests.cuda.test_kernels import CONVOLUTIONS, check
from tinygrad_i2dl.backends import cudnn as switches
from tinygrad_i2dl.backends import cudnn_library, registry
from tinygrad_i2dl.backends.cupy import cudnn_convolution

F, G = torch.nn.functional, oracle.nn.functional


@pytest.fixture
def cudnn(device: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cudnn]:
    """The stand-in of cuDNN's package."""
    if torch.cuda.get_device_name() != "stand-in":
        pytest.skip("the stand-in of cuDNN computes in main memory")
    monkeypatch.setattr(cudnn_convolution, "_thread", cudnn_convolution._Thread())
    library = Cudnn()
    undo = cudnn_library.use(library)
    registry.clear_tables()
    yield library
    undo()
    registry.clear_tables()


def tensors(shape: tuple[int, ...] = (2, 3, 9, 8), weight: tuple[int, ...] = (5, 3, 3, 3), **options: Any) -> list[Any]:
    return [torch.randn(each, **options).to("cuda").requires_grad_() for each in (shape, weight)]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_values(name: str, dtype: str, cudnn: Cudnn, launched: Counter[str]) -> None:
    input, weight, options = CONVOLUTIONS[name]
    dims = len(input) - 2
    ours, theirs = getattr(F, f"conv{dims}d"), getattr(G, f"conv{dims}d")
    check(
        lambda x, w, b: ours(x, w, b, **options), lambda x, w, b: theirs(x, w, b, **options),
        [input, weight, weight[:1]], dtype,
    )  # fmt: skip
    assert sorted(cudnn.runs) == ["forward", "input", "weight"] and not launched


def test_second_derivatives_and_transposed(cudnn: Cudnn) -> None:
    x, w = tensors()
    here = torch.autograd.grad(F.conv2d(x, w).square().sum(), (x, w), create_graph=True)
    sum(each.square().sum() for each in here).backward()
    a, b = (oracle.from_numpy(each.detach().cpu().numpy()).double().requires_grad_() for each in (x, w))
    there = oracle.autograd.grad(G.conv2d(a, b).square().sum(), (a, b), create_graph=True)
    sum(each.square().sum() for each in there).backward()
    numpy.testing.assert_allclose(x.grad.cpu().numpy(), a.grad.numpy(), rtol=1e-4, atol=1e-2)
    numpy.testing.assert_allclose(w.grad.cpu().numpy(), b.grad.numpy(), rtol=1e-4, atol=1e-2)
    before = len(cudnn.runs)
    check(
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1),
        lambda x, w: G.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1),
        [(2, 6, 5, 4), (6, 3, 3, 3)], "float32",
    )  # fmt: skip
    assert len(cudnn.runs) - before == 3


def test_layouts(cudnn: Cudnn) -> None:
    """Arrays that do not lie in order, or from an address that plans do not take, are copied."""
    x, w = torch.randn(3, 9, 8, 2), torch.randn(5, 3, 3, 3)
    expected = G.conv2d(oracle.from_numpy(x.numpy()).permute(3, 0, 1, 2), oracle.from_numpy(w.numpy())).numpy()
    found = F.conv2d(x.to("cuda").permute(3, 0, 1, 2), w.to("cuda"))
    numpy.testing.assert_allclose(found.cpu().numpy(), expected, rtol=1e-4, atol=1e-4)
    flat = torch.cat([torch.zeros(1), w.reshape(-1)]).to("cuda")
    again = F.conv2d(x.to("cuda").permute(3, 0, 1, 2), flat[1:].reshape(5, 3, 3, 3))
    assert torch.equal(again, found) and cudnn.runs == ["forward"] * 2


def test_plans_are_built_once_for_sizes_and_switches(cudnn: Cudnn, monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = tensors()
    for _ in range(3):
        F.conv2d(x, w)
    assert len(cudnn.built) == len(cudnn.handles) == 1 and len(cudnn.runs) == 3
    F.conv2d(x[:1], w)
    F.conv2d(x, w, padding=1)
    assert len(cudnn.built) == 3
    assert cudnn.refused == [["down"]] * 3  # TF32 is allowed by default, as in PyTorch
    assert {graph.chosen for graph in cudnn.built} == {("reduced", "core")}
    monkeypatch.setattr(switches, "allow_tf32", False)
    F.conv2d(x, w)
    monkeypatch.setattr(switches, "deterministic", True)
    F.conv2d(x, w)
    F.conv2d(x.half(), w.half())
    assert cudnn.refused[3:] == [["down", "core"], ["down", "core", "random"], ["reduced", "random"]]
    assert [graph.chosen for graph in cudnn.built[3:]] == [("random",), (), ("down",)]
    thread = threading.Thread(target=lambda: F.conv2d(x, w))
    thread.start()
    thread.join()
    assert len(cudnn.handles) == 2  # a handle belongs to one thread
    monkeypatch.setattr(cudnn_convolution, "KEPT", 2)
    F.conv2d(x, w, stride=2)
    assert len(cudnn_convolution._thread.plans) == 2


def test_it_runs_on_the_current_stream(cudnn: Cudnn) -> None:
    x, w = tensors()
    F.conv2d(x, w)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        F.conv2d(x, w)
    assert cudnn.streams == [0, stream.cuda_stream]


def reasons(run: Any) -> str:
    with torch.profile() as p:
        run()
    assert all(event.provider != "cudnn" for event in p.events if event.name == "conv")
    return "".join(event.declined for event in p.events if event.name == "conv")


def test_what_falls_back_says_why(cudnn: Cudnn, launched: Counter[str], monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = tensors()
    assert "cudnn: float64 is none of float16" in reasons(lambda: F.conv2d(x.double(), w.double()))
    one = torch.randn(5, 3, 1, 1).to("cuda")
    assert "product of matrices" in reasons(lambda: F.conv2d(x, one))
    with torch.cuda.graph(torch.cuda.CUDAGraph()):
        assert "run the step once outside" in reasons(lambda: F.conv2d(x, w))
    F.conv2d(x, w)
    with torch.cuda.graph(torch.cuda.CUDAGraph()):
        F.conv2d(x, w)
    assert cudnn.runs == ["forward"] * 2
    monkeypatch.setattr(switches, "enabled", False)
    assert "enabled is False" in reasons(lambda: F.conv2d(x, w))
    monkeypatch.setattr(switches, "enabled", True)
    cudnn.unsupported, before = True, launched["conv"]
    expected = "no plan for it (RuntimeError: Deselecting execution plan; no engine supports this graph)"
    for _ in range(2):
        assert expected in reasons(lambda: F.conv2d(x, w, padding=1))
    cudnn.unsupported = False  # the refusal is remembered
    assert expected in reasons(lambda: F.conv2d(x, w, padding=1)) and launched["conv"] == before + 3
    cudnn.workspace = 1 << 40
    assert "a workspace of 1099511627776 bytes" in reasons(lambda: F.conv2d(x, w, padding=2))
    cudnn.workspace, cudnn.failing = 0, True
    assert "failed to run its plan (RuntimeError: CUDNN_STATUS" in reasons(lambda: F.conv2d(x, w, stride=2))


def test_profile_names_it(cudnn: Cudnn) -> None:
    x, w = tensors()
    with torch.profile() as p:
        F.conv2d(x, w).sum().backward()
    found = {event.name: event for event in p.events if event.provider == "cudnn"}
    assert {"conv", "conv_input_gradient", "conv_weight_gradient"} <= set(found)
    assert found["conv"].detail == "workspace of 512 bytes"
    with torch.use_backend("numpy"):
        F.conv2d(x, w)
    assert len(cudnn.runs) == 3


def test_switches(cudnn: Cudnn) -> None:
    assert torch.backends.cudnn.is_available() and torch.backends.cudnn.version() == 91300
    assert torch.backends.cudnn.enabled and torch.backends.cudnn.allow_tf32


def test_without_it_the_reason_is_told(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cudnn_library, "_asked", False)
    monkeypatch.setattr(cudnn_library, "_library", None)
    monkeypatch.setattr(cudnn_library, "_version", None)
    monkeypatch.setitem(sys.modules, "cudnn", None)
    registry.clear_tables()
    assert "nvidia-cudnn-frontend is not installed" in str(cudnn_library.reason())
    assert not switches.is_available() and switches.version() is None
    x, w = tensors()
    assert "cudnn is missing: the package" in reasons(lambda: F.conv2d(x, w))
    registry.clear_tables()


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_values_on_a_gpu(name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not switches.is_available():
        pytest.skip(f"cuDNN cannot be used: {cudnn_library.reason()}")
    monkeypatch.setattr(switches, "allow_tf32", False)
    input, weight, options = CONVOLUTIONS[name]
    ours, theirs = (getattr(each, f"conv{len(input) - 2}d") for each in (F, G))
    with torch.profile() as p:
        check(lambda x, w: ours(x, w, **options), lambda x, w: theirs(x, w, **options), [input, weight], dtype)
    assert any(event.provider == "cudnn" for event in p.events), {event.declined for event in p.events}


# ---------------------------------------------------------------- the real package


STUB = """
#include <stddef.h>
size_t cudnnGetVersion(void) { return 91300; }
const char* cudnnGetErrorString(int status) { return "none"; }
void cudnnGetLastErrorString(char* text, size_t size) { if (size) text[0] = 0; }
"""

VALIDATED = """
import itertools, math
import cudnn
from tinygrad_i2dl.backends import cudnn_library
from tinygrad_i2dl.backends.cupy import cudnn_convolution as ours
assert cudnn_library.version() == 91300, cudnn_library.reason()
handle = cudnn.Handle(1, 0, 0)
cases = [
    ((2, 4, 9, 9), (6, 4, 3, 3), (2, 6, 9, 9), (1, 1), (1, 1), (1, 1)),
    ((2, 4, 9, 8), (6, 2, 3, 3), (2, 6, 5, 4), (2, 2), (1, 1), (1, 1)),
    ((2, 4, 9, 9), (4, 1, 3, 3), (2, 4, 5, 5), (1, 1), (0, 0), (2, 2)),
    ((2, 4, 1, 9), (6, 4, 1, 3), (2, 6, 1, 4), (1, 2), (0, 0), (1, 1)),
    ((2, 4, 5, 6, 7), (6, 4, 3, 3, 3), (2, 6, 5, 6, 7), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
]
for (image, filter, outcome, stride, padding, dilation), direction, dtype in itertools.product(
    cases, ("forward", "input", "weight"), ours.DTYPES
):
    problem = ours.Problem(direction, dtype, image, filter, outcome, stride, padding, dilation, True, True)
    graph = ours.graph_of(cudnn, problem, handle)  # shapes are inferred and checked by the package
    assert {tensor.uid for tensor in (*graph.get_inputs(), *graph.get_outputs())} == {1, 2, 3}
    (result,) = [tensor for tensor in graph.get_outputs() if not tensor.is_virtual]
    assert tuple(result.dim) == problem.operands()[2]
    assert result.data_type == getattr(cudnn.data_type, ours.DTYPES[dtype])
    assert len(ours.refused_notes(cudnn, problem)) == 2
    try:
        graph.build_operation_graph()
    except RuntimeError as error:  # from here on NVIDIA's library is needed
        assert "cudnnBackendCreateDescriptor" in str(error), error
    else:
        raise AssertionError("the stub built a graph")
print("validated", len(cases))
"""


def real() -> Any:
    return pytest.importorskip("cudnn", reason="the package nvidia-cudnn-frontend is not installed")


def test_graphs_are_valid_for_the_real_package(tmp_path: pathlib.Path) -> None:
    real()
    (tmp_path / "stub.c").write_text(STUB)
    command = ["g++", "-x", "c", "-shared", "-fPIC", str(tmp_path / "stub.c"), "-o", str(tmp_path / "libcudnn.so.9")]
    subprocess.run(command, check=True)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", VALIDATED], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "validated 5" in done.stdout, done.stderr[-2000:]


def test_the_stand_in_has_the_real_packages_calls() -> None:
    package = real()
    for name in vars(Graph):
        if name.startswith("_") or name.startswith("conv_"):
            continue
        ours = set(inspect.signature(getattr(Graph, name)).parameters)
        assert ours <= set(inspect.signature(getattr(package.pygraph, name)).parameters), name
    ours = set(inspect.signature(Cudnn.pygraph).parameters)
    assert ours <= set(inspect.signature(package.pygraph.__init__).parameters)
    for name in ("create_handle", "set_stream", "backend_version"):
        assert callable(getattr(package, name))
    for kind in ("data_type", "heur_mode", "numerical_note"):
        assert all(hasattr(getattr(package, kind), name) for name in vars(getattr(Cudnn, kind))), kind
    assert issubclass(package.cudnnGraphNotSupportedError, Exception)
