"""The caching allocator: memory comes back, whatever thread, process or moment frees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl.backends.native import extension
from tinygrad_i2dl.utils.data import DataLoader

MEGABYTE = 1 << 20
DEFAULT_LIMIT = 256 * MEGABYTE


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    torch.empty_cache()
    yield
    torch.set_caching_allocator(False, limit=DEFAULT_LIMIT)
    torch.empty_cache()


def statistics(name: str) -> int:
    return torch.caching_allocator_statistics()[name]


def test_off_until_it_is_asked_for() -> None:
    hits, misses = statistics("hits"), statistics("misses")
    numpy.ones(MEGABYTE)
    assert not torch.is_caching_allocator_enabled()
    assert (statistics("hits"), statistics("misses")) == (hits, misses)


def test_the_memory_of_a_freed_array_is_handed_out_again() -> None:
    with torch.caching_allocator():
        first = numpy.ones(MEGABYTE, numpy.float32)
        address = first.ctypes.data
        del first
        assert statistics("cached_bytes") == 4 * MEGABYTE
        hits = statistics("hits")
        second = numpy.full(MEGABYTE, 2, numpy.float32)
        assert second.ctypes.data == address
        assert statistics("hits") == hits + 1
        assert statistics("cached_bytes") == 0
    del second
    assert torch.empty_cache() == 4 * MEGABYTE
    assert statistics("cached_bytes") == 0


def test_tensors_and_the_results_of_kernels_use_it() -> None:
    x, w = torch.ones(8, 3, 32, 32), torch.ones(16, 3, 3, 3)
    with torch.caching_allocator(), torch.use_backend("native"):
        torch.nn.functional.conv2d(x, w)
        hits = statistics("hits")
        torch.nn.functional.conv2d(x, w)
        assert statistics("hits") > hits


@pytest.mark.parametrize("size", [0, 1, 63, 64, 4095, 4096, 4097, 5000, 262_143, 262_144, 3 * MEGABYTE + 1])
def test_sizes_contents_and_alignment(size: int) -> None:
    with torch.caching_allocator():
        for _ in range(3):
            dirty = numpy.full(size, 255, numpy.uint8)
            assert (dirty == 255).all()
            assert size < 4096 or dirty.ctypes.data % 64 == 0
            del dirty
            zeros = numpy.zeros(size, numpy.uint8)
            assert not zeros.any()
            del zeros


@pytest.mark.parametrize("before", [10, 4000, 5000, 300_000, 2 * MEGABYTE])
@pytest.mark.parametrize("after", [0, 20, 4090, 4100, 5001, 310_000, 3 * MEGABYTE])
def test_an_array_keeps_its_content_when_it_is_resized(before: int, after: int) -> None:
    with torch.caching_allocator():
        wanted = numpy.arange(before) % 251
        array = wanted.astype(numpy.uint8)
        array.resize(after, refcheck=False)
        kept = min(before, after)
        assert (array[:kept] == wanted[:kept]).all()
        assert not array[kept:].any()


def test_what_is_kept_is_bounded() -> None:
    with torch.caching_allocator(limit=10 * MEGABYTE):
        arrays = [numpy.ones(MEGABYTE, numpy.uint8) for _ in range(30)]
        arrays.clear()
        assert 9 * MEGABYTE <= statistics("cached_bytes") <= 10 * MEGABYTE
        numpy.ones(20 * MEGABYTE, numpy.uint8)  # larger than the limit: returned at once
        assert statistics("cached_bytes") <= 10 * MEGABYTE
    torch.set_caching_allocator(False, limit=0)
    assert statistics("cached_bytes") == 0


def test_what_is_in_use_and_what_is_kept_stay_near_the_peak() -> None:
    with torch.caching_allocator():
        numpy.ones(2 * statistics("peak_bytes") // 3 + 64 * MEGABYTE, numpy.uint8)  # kept, of a size never asked again
        peak = statistics("peak_bytes")
        others = [numpy.ones(3 * MEGABYTE, numpy.uint8) for _ in range(peak // (4 * MEGABYTE))]
        assert statistics("live_bytes") + statistics("cached_bytes") <= peak + 20 * MEGABYTE
        others.clear()


def test_an_array_outlives_the_switch() -> None:
    with torch.caching_allocator():
        array = numpy.arange(MEGABYTE)
        live = statistics("live_bytes")
    plain = numpy.arange(MEGABYTE)
    with torch.caching_allocator():
        del plain  # not of this allocator: must not reach it
        assert statistics("live_bytes") == live
    assert array.sum() == MEGABYTE * (MEGABYTE - 1) // 2
    del array
    assert statistics("live_bytes") == live - 8 * MEGABYTE


def test_switches_nest_and_survive_errors() -> None:
    with torch.caching_allocator():
        with torch.caching_allocator(False):
            assert not torch.is_caching_allocator_enabled()
        assert torch.is_caching_allocator_enabled()
        with pytest.raises(ZeroDivisionError), torch.caching_allocator(False):
            1 / 0
        assert torch.is_caching_allocator_enabled()
    assert not torch.is_caching_allocator_enabled()
    torch.set_caching_allocator(True)
    assert torch.is_caching_allocator_enabled()


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, got -1"):
        torch.set_caching_allocator(True, limit=-1)
    assert not torch.is_caching_allocator_enabled()


def test_threads_of_the_user_choose_for_themselves_and_threads_of_a_loader_follow() -> None:
    seen: dict[str, bool] = {}

    class Dataset(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> torch.Tensor:
            seen["loader"] = torch.is_caching_allocator_enabled()
            return torch.ones(3)

    with torch.caching_allocator():
        thread = threading.Thread(target=lambda: seen.update(user=torch.is_caching_allocator_enabled()))
        thread.start()
        thread.join()
        list(DataLoader(Dataset(), num_workers=2))
    assert seen == {"user": False, "loader": True}
    list(DataLoader(Dataset(), num_workers=2))
    assert seen["loader"] is False


def test_threads_free_each_others_arrays() -> None:
    shared: list[numpy.ndarray] = []
    wrong: list[str] = []
    lock = threading.Lock()

    def work(seed: int) -> None:
        generator = numpy.random.default_rng(seed)
        with torch.caching_allocator(bool(seed % 2)):
            for _ in range(400):
                value = int(generator.integers(256))
                array = numpy.full(int(generator.integers(1, 100_000)), value, numpy.uint8)
                with lock:
                    shared.append(array)
                    other = shared.pop(int(generator.integers(len(shared)))) if len(shared) > 20 else None
                if other is not None and not (other == other[0]).all():
                    wrong.append("an array was changed by another's memory")

    live = statistics("live_bytes")
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared.clear()
    assert not wrong
    assert statistics("live_bytes") == live


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_it_works_after_a_fork() -> None:
    with torch.caching_allocator():
        numpy.ones(MEGABYTE)
        array = numpy.ones(MEGABYTE)
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # a child that hangs dies
            del array
            right = numpy.ones(MEGABYTE).sum() == MEGABYTE and torch.is_caching_allocator_enabled()
            os._exit(0 if right else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert array.sum() == MEGABYTE


def test_arrays_may_live_until_the_interpreter_ends() -> None:
    script = """
import threading, numpy, tinygrad_i2dl as torch
torch.set_caching_allocator(True)
x = torch.ones(1000, 1000, requires_grad=True)
(x * x).sum().backward()
numpy.kept = numpy.ones(1 << 20)
class Late:
    array = numpy.ones(1 << 20)
    def __del__(self):
        numpy.ones(1 << 18) + 1
late = Late(); late.itself = late
forever = threading.Event()
threading.Thread(target=lambda array=numpy.ones(1 << 20): forever.wait(), daemon=True).start()
print(float(x.grad.sum()))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (result.returncode, result.stdout.strip()) == (0, "2000000.0"), result.stderr


def test_without_the_extension_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extension, "native", None)
    monkeypatch.setattr(extension, "_reason", "the C++ extension was not built (for a test)")
    with pytest.raises(RuntimeError, match=r"was not built .* C\+\+17 compiler"):
        torch.set_caching_allocator(True)
    with pytest.raises(RuntimeError, match="was not built"), torch.caching_allocator():
        pass
    with torch.caching_allocator(torch.backends.native.available()):
        assert not torch.is_caching_allocator_enabled()
    torch.set_caching_allocator(False)
    assert torch.empty_cache() == 0
    assert set(torch.caching_allocator_statistics().values()) == {0}


def test_a_training_step_gives_the_same_numbers() -> None:
    def losses() -> list[float]:
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(72, 4)
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        x, y = torch.rand(64, 3, 8, 8), torch.randint(4, (64,))
        found = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        return found

    plain = losses()
    with torch.caching_allocator():
        assert losses() == plain
