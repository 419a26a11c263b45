"""The profile: which kernels ran, who provided them, and why a faster backend did not."""

import json
import os
import re
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl.backends import native, registry
from tinygrad_i2dl.engine import backward as engine
from tinygrad_i2dl.ops._define import OPERATIONS
from tinygrad_i2dl.profiling import Event

needs_native = pytest.mark.skipif(not native.available(), reason=f"the native backend is missing: {native.reason()}")


@pytest.fixture
def backend() -> Iterator[Callable[..., None]]:
    """Registers backends, and takes them away afterwards."""
    names = []

    def register(name: str, kernels: Any, **options: Any) -> None:
        torch.register_backend(name, kernels, **options)
        names.append(name)

    yield register
    for name in names:
        registry._backends.pop(name)
    registry.clear_tables()


def of(p: torch.profile, name: str) -> list[Event]:
    return [event for event in p.events if event.name == name]


def only(p: torch.profile, name: str) -> Event:
    (event,) = of(p, name)
    return event


def assert_nothing_is_left() -> None:
    """No kernel is wrapped, whether it was looked up before, and nobody watches the backward pass."""
    assert not registry._wrappers and engine.observer is None
    with torch.use_backend("numpy"):
        for name in ("exp", "mul"):
            assert OPERATIONS[name].op.kernels[numpy.ndarray] is getattr(numpy, {"mul": "multiply"}.get(name, name))


# ---------------------------------------------------------------- events


def test_forward_and_backward_of_each_operation_are_events() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    with torch.use_backend("numpy"), torch.profile() as p:
        (x.exp() * x).sum().backward()
    exp = only(p, "exp")
    assert (exp.direction, exp.provider, exp.bytes, exp.declined) == ("forward", "numpy", 2 * 3 * 4, "")
    node = only(p, "ExpBackward0")
    assert (node.direction, node.provider, node.bytes) == ("backward", "numpy", 2 * 3 * 4)
    assert [event.direction for event in of(p, "mul")] == ["forward"]  # backward multiplies by operators of arrays
    assert only(p, "MulBackward0").bytes == 2 * 2 * 3 * 4  # the gradients of both operands
    assert {event.thread for event in p.events} == {threading.get_native_id()}
    numpy.testing.assert_allclose(x.grad.numpy(), 2 * numpy.e, rtol=1e-6)


def test_a_node_of_a_users_function_is_seen() -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
            return g

    x = torch.ones(3, requires_grad=True)
    y = Double.apply(x)
    with torch.profile() as p:
        y.backward(torch.ones(3))
    (event,) = p.events
    assert (event.name, event.direction, event.provider) == ("DoubleBackward", "backward", "numpy")


def test_time_is_counted_once_where_kernels_run_inside_others() -> None:
    """A kernel inside a kernel inside a node: whole times nest, own times add up to those of the outermost but for the
    time that recording took."""
    x = torch.ones(50, 50, requires_grad=True)
    with torch.profile() as p:
        torch.linalg.solve(x + torch.eye(50), x).tanh().sum().backward()
    assert p.events and all(0 <= event.own_nanoseconds <= event.nanoseconds for event in p.events)
    assert all(event.start >= 0 and event.seconds >= event.own_seconds >= 0 for event in p.events)
    ends: int = 0
    outermost = 0
    for event in sorted(p.events, key=lambda event: (event.start, -event.nanoseconds)):
        if event.start >= ends:
            outermost += event.nanoseconds
            ends = event.start + event.nanoseconds
    assert sum(event.nanoseconds for event in p.events) > outermost >= sum(event.own_nanoseconds for event in p.events)
    assert 0 <= p.total_seconds <= outermost * 1e-9


def test_a_recorded_backward_pass_is_seen() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with torch.profile() as p:
        (first,) = torch.autograd.grad(x.exp(), x, create_graph=True)
        (second,) = torch.autograd.grad(first, x)
    assert first.item() == pytest.approx(second.item()) == pytest.approx(numpy.exp(2))
    assert len(of(p, "ExpBackward0")) == 2 and all(event.bytes == 4 for event in of(p, "ExpBackward0"))


def test_results_are_those_without_a_profile() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.GELU(), torch.nn.Linear(8, 3))
    x, target = torch.randn(5, 4), torch.tensor([0, 1, 2, 1, 0])

    def step() -> list[numpy.ndarray]:
        model.zero_grad()
        torch.nn.functional.cross_entropy(model(x), target).backward()
        return [parameter.grad.numpy().copy() for parameter in model.parameters()]

    expected = step()
    with torch.profile() as p:
        actual = step()
    for one, other in zip(actual, expected, strict=True):
        numpy.testing.assert_array_equal(one, other)
    assert {"forward", "backward"} == {event.direction for event in p.events}


def test_in_place_operations_and_several_results() -> None:
    with torch.profile() as p:
        x = torch.ones(4)
        x.mul_(2).add_(1)
        values, indices = torch.tensor([[1.0, 3.0]]).max(1)
    assert x.tolist() == [3, 3, 3, 3] and (values.item(), indices.item()) == (3, 1)
    assert only(p, "mul").bytes == only(p, "add").bytes == 16
    assert 4 + 8 in {event.bytes for event in p.events}  # a float32 and an int64


# ---------------------------------------------------------------- providers and refusals


def test_provider_of_another_backend_and_what_it_lacks(backend: Callable[..., None]) -> None:
    backend("toy", types.SimpleNamespace(exp=lambda input: numpy.exp(input)))
    with torch.use_backend("toy"), torch.profile() as p:
        torch.ones(3).exp().sin()
    assert (only(p, "exp").provider, only(p, "exp").declined) == ("toy", "")
    assert (only(p, "sin").provider, only(p, "sin").declined) == ("numpy", "toy: has no such kernel")


def test_refusals_say_why(backend: Callable[..., None]) -> None:
    def refusal(operation: str, *arguments: Any) -> str | None:
        return "fewer than 10 elements" if operation == "exp" else None

    def passes(*arguments: Any) -> Any:
        return NotImplemented

    backend("second", {"exp": passes, "sin": passes})
    backend("first", types.SimpleNamespace(KERNELS={"exp": passes, "sin": passes}, refusal=refusal), after=("second",))
    with torch.use_backend("first"), torch.profile() as p:
        torch.ones(2, 3).exp()
        torch.ones(2, 3).t().sin()
    assert only(p, "exp").provider == only(p, "sin").provider == "numpy"
    assert only(p, "exp").declined == (
        "first: fewer than 10 elements; second: returned NotImplemented for float32[2, 3]"
    )
    expected = "returned NotImplemented for float32[3, 2] not contiguous"
    assert only(p, "sin").declined == f"first: {expected}; second: {expected}"
    assert "first: fewer than 10 elements; second" in p.table()


def test_in_place_forms_say_that_they_bypass_a_backend(backend: Callable[..., None]) -> None:
    backend("toy", types.SimpleNamespace(exp=lambda input: numpy.exp(input)))
    with torch.use_backend("toy"), torch.profile() as p:
        torch.zeros(3).exp_()
    assert only(p, "exp").provider == "numpy" and "in place" in only(p, "exp").declined


def test_a_missing_backend_is_named_with_its_reason(
    backend: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend("absent", types.SimpleNamespace(exp=numpy.exp), reason=lambda: "its compiler is missing")
    monkeypatch.setattr(registry, "AUTOMATIC", ("absent",))
    with torch.profile() as p:
        torch.ones(3).exp().sin()
    assert only(p, "exp").declined == "absent is missing: its compiler is missing"
    assert only(p, "sin").declined == ""
    assert "absent is not available: its compiler is missing" in p.table()


@needs_native
def test_convolution_shows_its_algorithm() -> None:
    x = torch.randn(2, 8, 16, 16, requires_grad=True)
    w = torch.randn(8, 8, 3, 3, requires_grad=True)
    with torch.use_backend("native"), torch.profile() as p:
        torch.nn.functional.conv2d(x, w, padding=1).sum().backward()
    settings = ((2, 8, 16, 16), (8, 8, 3, 3), (1, 1), (1, 1), (1, 1), 1)
    for name, direction in (
        ("conv", "forward"),
        ("conv_input_gradient", "input_gradient"),
        ("conv_weight_gradient", "weight_gradient"),
    ):
        event = only(p, name)
        assert (event.provider, event.detail) == ("native", native.conv_algorithm(direction, *settings)), name
        assert event.direction == ("forward" if name == "conv" else "backward")
    assert "native" in only(p, "ConvolutionBackward0").provider


@needs_native
def test_native_kernels_say_why_they_pass() -> None:
    with torch.use_backend("native"), torch.profile() as p:
        torch.nn.functional.conv1d(torch.ones(1, 1, 4, dtype=torch.int64), torch.ones(1, 1, 2, dtype=torch.int64))
        torch.nn.functional.max_pool2d(torch.ones(1, 1, 4, 4, dtype=torch.int32), 2)
        torch.nn.functional.avg_pool2d(torch.ones(1, 1, 4, 4), 2)
    assert (only(p, "conv").provider, only(p, "conv").declined) == ("numpy", "native: dtype int64")
    assert (only(p, "max_pool").provider, only(p, "max_pool").declined) == ("numpy", "native: dtype int32")
    assert (only(p, "avg_pool").provider, only(p, "avg_pool").declined) == ("native", "")


@needs_native
@pytest.mark.parametrize(
    ("operation", "arguments", "reason"),
    [
        ("conv", (numpy.ones((1, 1, 4)), numpy.ones((1, 1, 2), "float32"), None), "dtypes float64, float32"),
        ("im2col", (numpy.ones((4, 4)),), "2 dimensions"),
        ("max_pool_backward", (numpy.ones((1, 1, 2)), numpy.ones((1, 1, 2), "int32")), "dtype int32 of the indices"),
        ("avg_pool", (numpy.ones((1, 1, 4)),), None),
    ],
)
def test_reasons_of_native_kernels(operation: str, arguments: tuple[Any, ...], reason: str | None) -> None:
    """A reason is given exactly where the kernel passes."""
    assert native.refusal(operation, *arguments) == reason
    serves = native.extension.serves_images(
        *[array for array in arguments if array is not None][: 1 + (operation == "conv")]
    )
    assert serves is (reason is None or "indices" in reason)


# ---------------------------------------------------------------- a backend's kernels


def test_only_what_is_listed_is_a_kernel(backend: Callable[..., None]) -> None:
    """A module's other functions are not taken for kernels of operations that happen to be called so."""
    assert registry._backends["native"].kernel("available") is None
    assert registry._backends["native"].kernel("conv") is native.conv
    backend("listed", types.SimpleNamespace(exp=lambda input: input * 0, KERNELS={"sin": lambda input: input * 0}))
    with torch.use_backend("listed"):
        assert torch.zeros(2).exp().tolist() == [1, 1]
        assert torch.ones(2).sin().tolist() == [0, 0]


# ---------------------------------------------------------------- switching on and off


def test_nothing_is_left_afterwards() -> None:
    x = torch.ones(3, requires_grad=True)
    with torch.profile() as p:
        x.exp().mul(2).sum().backward()
    count = len(p.events)
    assert_nothing_is_left()
    x.exp().mul(2).sum().backward()
    assert len(p.events) == count > 0


def test_errors_pass_through_and_leave_nothing() -> None:
    p = torch.profile()
    with pytest.raises(ZeroDivisionError), p:
        torch.ones(2).exp()
        raise ZeroDivisionError
    assert_nothing_is_left()
    with pytest.raises(RuntimeError, match="do not broadcast"), p:
        torch.ones(2) + torch.ones(3)
    assert_nothing_is_left()
    assert len(p.events) == len(of(p, "exp")) == 1 and not p._thread.frames  # kernels that failed are no events

    x = torch.ones(2, requires_grad=True)

    def fail(gradient: torch.Tensor) -> None:
        raise ZeroDivisionError

    y = x.exp()
    y.register_hook(fail)
    with pytest.raises(ZeroDivisionError), p:
        y.sum().backward()
    assert_nothing_is_left()
    assert only(p, "SumBackward0").direction == "backward"


def test_a_profile_may_be_entered_again_but_not_while_it_runs() -> None:
    p = torch.profile()
    for _ in range(2):
        with p:
            torch.ones(2).exp()
    assert len(of(p, "exp")) == 2 and of(p, "exp")[0].start < of(p, "exp")[1].start
    with p, pytest.raises(RuntimeError, match="runs already"), p:
        pass
    assert_nothing_is_left()


def test_profiles_nest() -> None:
    x = torch.ones(3, requires_grad=True)
    with torch.profile() as outer:
        y = x.exp()
        with torch.profile() as inner:
            y.sum().backward()
        x.detach().sin()
    assert not of(inner, "exp") and not of(inner, "sin")
    assert only(outer, "exp") and only(outer, "sin") and only(outer, "ExpBackward0") and only(inner, "ExpBackward0")
    assert_nothing_is_left()


def test_the_outer_of_two_profiles_may_end_first() -> None:
    first, second = torch.profile(), torch.profile()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    torch.ones(1, requires_grad=True).exp().backward()
    second.__exit__(None, None, None)
    assert not first.events and only(second, "ExpBackward0")
    assert_nothing_is_left()


@pytest.mark.parametrize("profile_first", [True, False])
def test_works_together_with_anomaly_detection(profile_first: bool) -> None:
    p = torch.profile()
    x = torch.zeros(2, requires_grad=True)
    managers = [p, torch.autograd.detect_anomaly()]
    outer, inner = managers if profile_first else managers[::-1]
    with outer:
        with inner:
            with pytest.raises(RuntimeError, match="SqrtBackward0 returned an infinity"):
                x.sqrt().sum().backward()
            (x + 1).exp().sum().backward()
        (x + 1).sin().sum().backward()
    assert only(p, "ExpBackward0").seconds >= 0
    assert len(of(p, "SinBackward0")) == (1 if profile_first else 0)
    assert_nothing_is_left()


def test_backends_may_change_inside() -> None:
    with torch.profile() as p:
        for name in ("numpy", "auto"):
            with torch.use_backend(name):
                torch.ones(2).exp()
    assert [event.provider for event in of(p, "exp")] == ["numpy", "numpy"]
    assert_nothing_is_left()


def test_threads_are_kept_apart() -> None:
    started = threading.Barrier(4)
    numbers: list[int] = []

    def work() -> None:
        numbers.append(threading.get_native_id())
        started.wait()
        for _ in range(50):
            x = torch.ones(4, requires_grad=True)
            torch.logsumexp(x.exp(), 0).backward()

    with torch.profile() as p:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(numbers)) == 4 and {event.thread for event in p.events} == set(numbers)
    for number in numbers:
        mine = [event for event in p.events if event.thread == number]
        assert sum(event.name == "ExpBackward0" for event in mine) == 50
        assert sum(event.name == "exp" and event.direction == "forward" for event in mine) >= 50
        assert all(event.own_nanoseconds >= 0 for event in mine)
    assert_nothing_is_left()


def test_threads_that_run_while_profiles_come_and_go_keep_no_wrapped_kernel() -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                x = torch.ones(4, requires_grad=True)
                x.exp().mul(2).sum().backward()
                assert x.grad.shape == (4,)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    with torch.use_backend("numpy"):  # whose kernels of these two are NumPy's own functions
        for thread in threads:
            thread.start()
        for _ in range(50):
            with torch.profile():
                pass
        found = [OPERATIONS[name].op.kernels for name in ("exp", "mul")]
        torch.ones(2).exp().mul(2)
        wrapped = [table.name for table in found if not isinstance(table.numpy, numpy.ufunc)]
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures and not wrapped
    assert_nothing_is_left()


# ---------------------------------------------------------------- reports


def test_table() -> None:
    x = torch.ones(16, 16)
    with torch.use_backend("numpy"), torch.profile() as p:
        for _ in range(3):
            x.exp()
        x.sin()
    lines = p.table(sort_by="calls").splitlines()
    assert lines[0].split()[:8] == ["operation", "direction", "provider", "calls", "time", "own", "mean", "bytes"]
    assert re.match(r"exp +forward +numpy +3 .* 3\.0 KiB$", lines[2])
    assert re.match(r"sin +forward +numpy +1 .* 1\.0 KiB$", lines[3])
    assert any("in operations" in line for line in lines[-2:])  # below it may stand which backend is missing
    assert str(p) == p.table(sort_by="time")
    assert [line.split()[0] for line in p.table(sort_by="name").splitlines()[2:4]] == ["exp", "sin"]
    assert p.table(sort_by="bytes", limit=1).count("forward") == 1 and "1 more row" in p.table(limit=1)
    times = [event.nanoseconds for event in p.events]
    slowest = "exp" if sum(times[:3]) >= times[3] else "sin"
    assert p.table(sort_by="time").splitlines()[2].startswith(slowest)
    assert repr(p).startswith("<profile of 4 events")


def test_table_of_nothing_and_wrong_arguments() -> None:
    with torch.profile() as p:
        pass
    assert p.total_seconds == 0 and "0.000 us in operations" in p.table()
    with pytest.raises(ValueError, match=r"sort_by must be one of time, own.*got 'speed'"):
        p.table(sort_by="speed")
    with pytest.raises(ValueError, match="at least 1"):
        p.table(limit=0)


def test_chrome_trace(tmp_path: Any) -> None:
    x = torch.ones(8, requires_grad=True)
    with torch.use_backend("numpy"), torch.profile() as p:
        x.exp().sum().backward()
    path = tmp_path / "trace.json"
    path.write_text("old")
    p.export_chrome_trace(path)
    trace = json.loads(path.read_text())
    assert os.listdir(tmp_path) == ["trace.json"]  # the temporary file is gone
    assert len(trace["traceEvents"]) == len(p.events)
    for entry in trace["traceEvents"]:
        assert entry["ph"] == "X" and entry["pid"] == os.getpid() and entry["tid"] == threading.get_native_id()
        assert entry["ts"] >= 0 and entry["dur"] >= 0 and entry["cat"] in ("forward", "backward")
    (exp,) = [entry for entry in trace["traceEvents"] if entry["name"] == "exp"]
    assert exp["args"] == {"provider": "numpy", "bytes": 32}
    assert exp["dur"] == only(p, "exp").nanoseconds / 1000
    with pytest.raises(RuntimeError, match="does not exist"):
        p.export_chrome_trace(tmp_path / "nowhere" / "trace.json")
