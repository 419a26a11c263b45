"""Tensors between devices, streams, graphs, memory figures and random numbers of a device."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import cupy
import numpy
import pytest

import tinygrad_i2dl as torch
from tests.cuda.standin import Library
from tinygrad_i2dl.backends import cupy as gpu
from tinygrad_i2dl.ops.device_random import _philox_words

cuda = torch.cuda


def test_import_leaves_cupy_alone() -> None:
    code = (
        "import sys, tinygrad_i2dl as torch; x = torch.ones(2).sum(); torch.manual_seed(0); print(torch.zeros(1)); "
        "assert 'cupy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(gpu.connect() is not None, reason="a GPU is there")
def test_without_a_gpu_the_reason_is_told() -> None:
    assert not cuda.is_available() and cuda.device_count() == 0
    with pytest.raises(RuntimeError, match=r"device 'cuda' is not available: CuPy.*nvidia-smi"):
        torch.zeros(2, device="cuda")
    with pytest.raises(RuntimeError, match="needs a GPU, and there is none here"):
        cuda.get_device_name()
    assert cuda.memory_allocated() == cuda.max_memory_allocated() == 0
    assert torch.zeros(2).pin_memory().is_pinned() is False


def test_moving(device: str) -> None:
    x = torch.arange(6.0).reshape(2, 3)
    y = x.to(device)
    assert str(y.device) == "cuda:0" and y.is_cuda and y.get_device() == 0
    assert y.to(device) is y and y.cuda() is y and x.cpu() is x
    assert torch.equal(y.cpu(), x) and repr(y).endswith("device='cuda:0')")
    assert torch.zeros(2, device=device).is_cuda and torch.zeros_like(y).is_cuda and y.new_ones(3).is_cuda
    assert torch.tensor([1.0], device=device).item() == 1.0 and y.tolist() == x.tolist()
    assert torch.as_tensor([1, 2], device=device).is_cuda and y.type() == "torch.cuda.FloatTensor"
    with pytest.raises(TypeError, match="cpu"):
        y.numpy()
    leaf = x.clone().requires_grad_()
    (leaf.to(device) * y).sum().backward()
    assert not leaf.grad.is_cuda and torch.equal(leaf.grad, x)
    z = torch.zeros(2, 3)
    z.copy_(y)
    y.copy_(torch.ones(2, 3), non_blocking=True)
    assert torch.equal(z, x) and y.sum().item() == 6


def test_mixed_devices_are_refused(device: str) -> None:
    here, there = torch.ones(3), torch.ones(3, device=device)
    for call in (
        lambda: here + there,
        lambda: there * here,
        lambda: torch.cat([here, there]),
        lambda: torch.nn.functional.linear(there, torch.ones(2, 3)),
        lambda: torch.where(there > 0, there, here),
    ):
        with pytest.raises(RuntimeError, match=r"same device, but found at least two devices, cuda:0 and cpu! \w+\(\)"):
            call()


def test_numbers_mix_with_every_device(device: str) -> None:
    there = torch.ones(3, device=device)
    number = torch.tensor(2.0, requires_grad=True)
    for result in (there * number, number * there, torch.where(there > 0, number, there)):
        assert result.is_cuda and result.tolist() == [2.0, 2.0, 2.0]
    (number * there).sum().backward()
    assert number.grad.item() == 3.0 and not number.grad.is_cuda
    assert (2.5 - there).tolist() == [1.5] * 3 and (there > 0.5).all() and (1 / there).is_cuda
    whole = torch.arange(3, device=device)
    assert (whole * 2.5).dtype is torch.float32 and (whole.to(torch.uint8) - 1).tolist() == [255, 0, 1]


def test_default_device(device: str) -> None:
    torch.set_default_device(device)
    try:
        assert torch.zeros(2).is_cuda and torch.rand(2).is_cuda and torch.arange(3).is_cuda
        layer = torch.nn.Linear(3, 2)
        assert layer.weight.is_cuda and layer(torch.ones(1, 3)).is_cuda
    finally:
        torch.set_default_device("cpu")
    assert not torch.zeros(2).is_cuda


@pytest.fixture
def two(request: pytest.FixtureRequest) -> Iterator[None]:
    undo = gpu.use(Library())
    yield
    undo()


@pytest.mark.usefixtures("two")
def test_two_gpus() -> None:
    assert cuda.device_count() == 2
    x = torch.ones(2, device="cuda:1")
    assert str(x.device) == "cuda:1" and cuda.current_device() == 0
    with pytest.raises(RuntimeError, match="cuda:0 and cuda:1"):
        x + torch.ones(2, device="cuda:0")
    leaf = torch.ones(2, device="cuda:1", requires_grad=True)
    y = (leaf * 3).sin().sum()
    y.backward()
    assert str(y.device) == str(leaf.grad.device) == "cuda:1"
    moved = leaf.detach().to("cuda:0")
    assert str((moved * 2).device) == "cuda:0" and moved.tolist() == [1.0, 1.0]
    with cuda.device(1):
        assert cuda.current_device() == 1 and str(torch.zeros(1, device="cuda").device) == "cuda:1"
    with pytest.raises(RuntimeError, match="there are 2 GPUs"):
        torch.zeros(1, device="cuda:2")


def test_properties_and_memory(device: str) -> None:
    assert cuda.is_available() and cuda.device_count() >= 1 and cuda.current_device() == 0
    found = cuda.get_device_properties(0)
    assert found.total_memory > 0 and cuda.get_device_name() == found.name
    assert cuda.get_device_capability() == (found.major, found.minor)
    cuda.reset_peak_memory_stats()
    kept = torch.zeros(1000, device=device)
    assert cuda.max_memory_allocated() >= cuda.memory_allocated() >= 0
    free, total = cuda.mem_get_info()
    assert 0 < free <= total and "allocated" in cuda.memory_summary()
    assert set(cuda.memory_stats()) >= {"allocated_bytes.all.peak"}
    del kept
    cuda.empty_cache()
    cuda.synchronize()


def test_streams_and_events(device: str) -> None:
    start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
    side = cuda.Stream()
    start.record()
    with cuda.stream(side):
        assert cuda.current_stream() == side
        x = torch.ones(100, device=device) * 2
        end.record()
    cuda.current_stream().wait_stream(side)
    end.synchronize()
    assert end.query() and start.elapsed_time(end) >= 0 and x.sum().item() == 200
    with cuda.stream(None):
        assert cuda.current_stream() == cuda.default_stream()
    with pytest.raises(RuntimeError, match="enable_timing"):
        cuda.Event().elapsed_time(end)


def test_graphs_are_captured(device: str) -> None:
    weight = torch.ones(3, device=device, requires_grad=True)
    x = torch.ones(3, device=device)

    def step() -> None:
        weight.grad = None
        (weight * x).sum().backward()
        with torch.no_grad():
            weight.sub_(weight.grad * 0.1)

    step()
    recorded = cuda.CUDAGraph()
    with pytest.raises(RuntimeError, match="recorded nothing"):
        recorded.replay()
    with pytest.raises(RuntimeError, match="default stream"):
        recorded.capture_begin()
    with cuda.graph(recorded):
        assert cuda.is_current_stream_capturing()
        step()
    recorded.replay()
    cuda.synchronize()
    with pytest.raises(RuntimeError, match="reset"), cuda.graph(recorded):
        pass


def test_what_a_capture_may_hold(device: str) -> None:
    """Nothing from or to main memory: plain SGD does without its table, the others refuse."""
    layer = torch.nn.Linear(3, 2).to(device)
    x, target = torch.ones(4, 3, device=device), torch.zeros(4, 2, device=device)
    before = copy.deepcopy(layer)

    def step(optimizer: Any) -> None:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(layer(x), target).backward()
        optimizer.step()

    sgd = torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9)
    step(sgd)
    with cuda.graph(cuda.CUDAGraph()):
        step(sgd)  # the stand-in runs it, a GPU only records
    if cuda.get_device_name() == "stand-in":
        reference, layer = layer, before
        sgd = torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9)
        step(sgd)
        step(sgd)
        for a, b in zip(reference.parameters(), layer.parameters(), strict=True):
            numpy.testing.assert_allclose(a.detach().cpu().numpy(), b.detach().cpu().numpy(), rtol=1e-6)
    adam = torch.optim.Adam(layer.parameters(), 0.1)
    step(adam)
    for forbidden, message in (
        (lambda: step(adam), "Adam cannot be captured"),
        (lambda: torch.randn(3, device=device), "random numbers cannot be captured"),
        (lambda: torch.nn.functional.dropout(x, 0.5), "random numbers cannot be captured"),
        (lambda: torch.tensor([1.0, 2.0], device=device), "capturing"),
        (lambda: x.sum().item(), "capturing"),
    ):
        with pytest.raises(RuntimeError, match=message), cuda.graph(cuda.CUDAGraph()):
            forbidden()


def test_generators_compute_on_their_own_device(device: str) -> None:
    if cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    torch.manual_seed(3)
    here = torch.randn(5, device="cuda:0")
    torch.manual_seed(3)
    there = torch.randn(5, device="cuda:1")
    assert str(there.device) == "cuda:1" and torch.equal(here.cpu(), there.cpu())
    assert torch.rand(3, device="cuda:1").device == torch.randint(0, 5, (3,), device="cuda:1").device == there.device
    with cuda.device(1):
        layer = torch.nn.Linear(5, 2).to("cuda:1")
        layer(there).sum().backward()
        torch.optim.SGD(layer.parameters(), 0.1).step()
        assert str(layer.weight.grad.device) == "cuda:1"
        assert torch.zeros(2, device="cuda:1").copy_(torch.ones(2, device="cuda:0")).tolist() == [1.0, 1.0]


def test_philox_known_answers() -> None:
    """The vectors that J. Salmon et al. publish with Random123."""
    like = numpy.zeros(0)
    assert _philox_words(numpy, like, 0, 0, 4).tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    words = _philox_words(numpy, like, 5, 3, 9)
    assert words.tolist() == _philox_words(numpy, like, 5, 0, 21)[12:].tolist() and words.dtype == numpy.uint32


def test_random_numbers(device: str) -> None:
    torch.manual_seed(3)
    first = torch.rand(5, device=device)
    torch.manual_seed(3)
    assert torch.equal(torch.rand(5, device=device), first) and first.is_cuda
    count = 20000
    for dtype in (torch.float16, torch.float32, torch.float64):
        uniform = torch.rand(count, device=device, dtype=dtype).double()
        assert 0 <= uniform.min() and uniform.max() < 1 and abs(uniform.mean() - 0.5) < 0.01
        normal = torch.randn(count + 1, device=device, dtype=dtype).double()
        assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.02 and abs((normal**3).mean()) < 0.1
    exponential = torch.empty(count, device=device).exponential_(2.0)
    assert abs(exponential.mean() - 0.5) < 0.02 and exponential.min() >= 0
    whole = torch.randint(-2, 3, (count,), device=device)
    assert whole.is_cuda and sorted(set(whole.tolist())) == [-2, -1, 0, 1, 2]
    assert abs(torch.bernoulli(torch.full((count,), 0.3, device=device)).mean() - 0.3) < 0.02
    assert sorted(torch.randperm(7, device=device).tolist()) == list(range(7))
    assert torch.multinomial(torch.tensor([0.0, 1.0], device=device), 3, True).tolist() == [1, 1, 1]
    dropped = torch.nn.functional.dropout(torch.ones(count, device=device), 0.25)
    assert set(dropped.tolist()) <= {0.0, numpy.float32(4 / 3)} and abs(dropped.mean() - 1) < 0.03


def test_generators_of_a_device(device: str) -> None:
    generator = torch.Generator(device).manual_seed(7)
    state = generator.get_state()
    first = torch.randn(4, device=device, generator=generator)
    generator.set_state(state)
    assert torch.equal(torch.randn(4, device=device, generator=generator), first)
    with pytest.raises(RuntimeError, match="generator of the device"):
        torch.randn(4, device=device, generator=torch.Generator())
    with pytest.raises(RuntimeError, match="generator of the device"):
        torch.randn(4, generator=generator)
    state = cuda.get_rng_state()
    drawn = torch.rand(3, device=device)
    cuda.set_rng_state(state)
    assert torch.equal(torch.rand(3, device=device), drawn)


USED = """
    cuda.Device cuda.Device.use cuda.Device.synchronize cuda.Device.mem_info cuda.runtime.getDevice
    cuda.runtime.getDeviceCount cuda.runtime.getDeviceProperties cuda.Stream cuda.Stream.null cuda.Stream.use
    cuda.Stream.done cuda.Stream.synchronize cuda.Stream.wait_event cuda.Stream.begin_capture cuda.Stream.end_capture
    cuda.Stream.is_capturing cuda.Event cuda.Event.record cuda.Event.synchronize cuda.Event.done cuda.get_elapsed_time
    cuda.get_current_stream cuda.MemoryPool cuda.MemoryPool.malloc cuda.MemoryPool.used_bytes
    cuda.MemoryPool.total_bytes cuda.MemoryPool.free_all_blocks cuda.MemoryHook cuda.MemoryHook.malloc_postprocess
    cuda.using_allocator cuda.alloc_pinned_memory cuda.Graph.launch get_default_memory_pool is_available
    ndarray._set_shape_and_strides RawModule RawModule.get_function
""".split()


@pytest.mark.parametrize("path", USED)
def test_names_that_are_used_exist_in_cupy(path: str) -> None:
    found: Any = cupy
    for name in path.split("."):
        found = getattr(found, name)
