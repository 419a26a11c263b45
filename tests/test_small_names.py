"""Modules of PyTorch that programs name and hardly use: compilation, export, processes."""

import multiprocessing
import sys

import numpy
import pytest
import torch as reference

import tinygrad_i2dl as torch
from tinygrad_i2dl import checking
from tinygrad_i2dl.errors import MissingNameError


def test_compiling_gives_the_function_itself():
    def double(x):
        return x + x

    layer = torch.nn.Linear(2, 3)
    assert torch.jit.script(double) is double and torch.jit.script(layer) is layer
    assert torch.jit.trace(layer, torch.ones(1, 2)) is layer
    assert torch.jit.export(double) is double and torch.jit.unused(double) is double
    assert torch.jit.ignore(double) is double and torch.jit.ignore(drop=True)(double) is double
    assert not torch.jit.is_scripting() and not torch.jit.is_tracing()
    assert torch.jit.annotate(int, 3) == 3


def test_files_of_compiled_programs_are_refused():
    with pytest.raises(RuntimeError, match=r"state_dict"):
        torch.jit.save(torch.nn.Linear(2, 3), "x.pt")
    with pytest.raises(RuntimeError, match=r"load_state_dict"):
        torch.jit.load("x.pt")
    with pytest.raises(RuntimeError, match=r"onnx\.export\(Linear, \.\.\.\)"):
        torch.onnx.export(torch.nn.Linear(2, 3), torch.ones(1, 2), "x.onnx", opset_version=17)


def test_processes_are_those_of_python():
    mine = torch.multiprocessing
    for name in ("Process", "Queue", "Pool", "cpu_count", "set_start_method", "get_start_method", "get_context"):
        assert getattr(mine, name) == getattr(multiprocessing, name)
        assert hasattr(reference.multiprocessing, name)
    assert mine.get_all_sharing_strategies() == reference.multiprocessing.get_all_sharing_strategies()
    before = mine.get_sharing_strategy()
    mine.set_sharing_strategy("file_system")
    assert mine.get_sharing_strategy() == "file_system"
    mine.set_sharing_strategy(before)
    with pytest.raises(ValueError, match="got 'telepathy'"):
        mine.set_sharing_strategy("telepathy")


@pytest.mark.parametrize(
    ("holder", "name"),
    [
        (torch, "missin"), (torch, "setting"), (torch, "tensors_"), (torch, "dtype_s"), (torch, "error"),
        (torch, "operation"), (torch, "check"), (torch, "printin"), (torch.nn, "activations"), (torch.nn, "losses"),
    ],
)  # fmt: skip
def test_no_module_of_ours_alone_is_suggested(holder, name):
    with pytest.raises(MissingNameError) as raised:
        getattr(holder, name)
    _, _, nearest = str(raised.value).partition("nearest: ")
    for each in filter(None, nearest.split(", ")):
        last = each.rpartition(".")[2]
        assert last != "missing_name"
        if isinstance(getattr(holder, last), type(torch)):
            original = reference.nn if holder is torch.nn else reference
            assert hasattr(original, last), each


def test_modules_of_pytorch_are_suggested():
    with pytest.raises(MissingNameError, match=r"torch\.nn\.functional"):
        torch.nn.functionall


# ---------------------------------------------------------------- one process in place of several


def test_distributed_data_parallel_is_its_module():
    layer = torch.nn.Linear(2, 3)
    model = torch.nn.parallel.DistributedDataParallel(layer, device_ids=None, find_unused_parameters=True)
    assert list(model.state_dict()) == ["module.weight", "module.bias"] and model.module is layer
    x = torch.ones(1, 2)
    with model.no_sync():
        assert torch.equal(model(x), layer(x))


@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"seed": 5}, {"drop_last": True}])
@pytest.mark.parametrize(("count", "replicas"), [(10, 3), (12, 4), (2, 5), (30000, 2)])
def test_distributed_sampler_gives_the_order_of_pytorch(options, count, replicas):
    for rank in range(replicas):
        for epoch in (0, 3):
            samplers = [
                lib.utils.data.DistributedSampler(range(count), replicas, rank, **options) for lib in (torch, reference)
            ]
            if options.get("drop_last") and count < replicas:  # PyTorch's length is a quirk of its rounding
                assert list(samplers[0]) == []
                continue
            for each in samplers:
                each.set_epoch(epoch)
            assert list(samplers[0]) == list(samplers[1]) and len(samplers[0]) == len(samplers[1])


def test_distributed_sampler_refuses():
    with pytest.raises(RuntimeError, match="num_replicas=1, rank=0"):
        torch.utils.data.DistributedSampler(range(3))
    with pytest.raises(ValueError, match="got 2"):
        torch.utils.data.distributed.DistributedSampler(range(3), 2, 2)


def test_skip_init_draws_nothing():
    torch.manual_seed(0)
    layer = torch.nn.utils.skip_init(torch.nn.Linear, 4, 3, bias=False)
    assert layer.weight.shape == (3, 4) and layer.weight.requires_grad and layer.bias is None
    after = torch.rand(2)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(2))
    with pytest.raises(RuntimeError, match="subclass of torch"):
        torch.nn.utils.skip_init(int)


def test_states_of_gpus_are_harmless():
    torch.manual_seed(3)
    state = torch.cuda.get_rng_state()
    first = torch.rand(2)
    torch.cuda.set_rng_state(state)
    torch.cuda.set_rng_state_all(torch.cuda.get_rng_state_all())
    torch.set_rng_state(state)
    assert torch.equal(first, torch.rand(2))


def test_no_class_is_added_to_what_files_may_hold():
    serialization = torch.serialization
    serialization.add_safe_globals([])
    with serialization.safe_globals([]):
        assert serialization.get_safe_globals() == []
    serialization.clear_safe_globals()
    with pytest.raises(RuntimeError, match=r"plain data.*weights_only=False"):
        serialization.add_safe_globals([range])
    with pytest.raises(RuntimeError, match="plain data"), serialization.safe_globals([range]):
        pass


def test_summary_writer_without_tensorboardx(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ModuleNotFoundError, match="pip install tensorboardX"):
        torch.utils.tensorboard.SummaryWriter
    with pytest.raises(MissingNameError, match="SummaryWriter"):
        torch.utils.tensorboard.SumaryWriter
    assert checking.present("torch.utils.tensorboard.SummaryWriter")


def test_summary_writer_takes_tensors(tmp_path):
    """What is in the files is read back by tensorboardX's own messages."""
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event

    weight = torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    with torch.utils.tensorboard.SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", (weight * weight).sum(), torch.tensor(3))
        writer.add_scalar("half", torch.tensor([0.5], dtype=torch.bfloat16))
        writer.add_scalars("both", {"train": torch.tensor(1.5)}, 1)
        writer.add_histogram("weights", weight, 1)
        writer.add_image("image", torch.rand(3, 4, 4), 1)
        writer.add_images("images", torch.rand(2, 1, 4, 4), 1)
        writer.add_pr_curve("curve", labels=torch.tensor([0, 1]), predictions=torch.tensor([0.2, 0.7]))
        writer.add_embedding(weight, metadata=["a", "b"])
        writer.add_hparams({"lr": 0.1, "width": torch.tensor(8)}, {"accuracy": torch.tensor(0.75)})
        with pytest.raises(NotImplementedError, match="add_text"):
            writer.add_graph(torch.nn.Linear(2, 2), weight)
    found = {}
    for path in tmp_path.rglob("events.out.*"):
        content, at = path.read_bytes(), 0
        while at < len(content):  # a record: its length in 8 bytes, 4 of checksum, the message, 4 of checksum
            size = int.from_bytes(content[at : at + 8], "little")
            event = Event.FromString(content[at + 12 : at + 12 + size])
            found |= {value.tag: (event.step, value) for value in event.summary.value}
            at += size + 16
    assert (found["loss"][0], found["loss"][1].simple_value) == (3, 30.0)
    assert found["half"][1].simple_value == 0.5
    assert found["both"][1].simple_value == 1.5
    assert (found["weights"][1].histo.num, found["weights"][1].histo.sum) == (4, 10.0)
    assert (found["image"][1].image.height, found["image"][1].image.colorspace) == (4, 3)
    assert found["accuracy"][1].simple_value == 0.75
    assert {"images", "curve"} <= set(found)


# ---------------------------------------------------------------- vmap


def vmapped(lib):
    x = lib.arange(24.0).reshape(2, 3, 4).requires_grad_()
    y = lib.linspace(0, 1, 3)
    vmap = lib.func.vmap
    results = [
        vmap(lambda a, b: (a * b[:, None]).sum(0), in_dims=(0, None))(x, y),
        vmap(lambda a, b: a.sum() * b, in_dims=(1, 0), out_dims=-1)(x, y),
        *vmap(lambda a: (a.sin(), a.t()), in_dims=2, out_dims=(1, 0))(x),
        vmap(lambda a: {"sum": a["x"].sum()})({"x": x})["sum"],
        vmap(vmap(lib.dot))(x, x),
        vmap(lambda a, scale: a * scale)(x, scale=lib.arange(4)),
    ]
    gradient = lib.func.vmap(lib.func.grad(lambda a: (a**3).sum()))(x.detach())
    (of_first,) = lib.autograd.grad(results[0].sum(), x)
    return [*results, gradient, of_first]


def test_vmap():
    for mine, theirs in zip(vmapped(torch), vmapped(reference), strict=True):
        numpy.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-6, atol=1e-6)


def test_vmap_refuses():
    for call in (
        lambda: torch.func.vmap(torch.add)(torch.ones(2), torch.ones(3)),
        lambda: torch.func.vmap(torch.add, in_dims=(0,))(torch.ones(2), torch.ones(2)),
        lambda: torch.func.vmap(torch.add, in_dims=None)(torch.ones(2), torch.ones(2)),
        lambda: torch.func.vmap(lambda x: 3)(torch.ones(2)),
        lambda: torch.func.vmap(lambda x: (x, x), out_dims=(0,))(torch.ones(2)),
    ):
        with pytest.raises(ValueError, match=r"vmap\(\)"):
            call()


# ---------------------------------------------------------------- profiles


def test_profile_under_the_names_of_pytorch(tmp_path):
    profiler = torch.profiler
    x = torch.ones(3, requires_grad=True)
    with profiler.profile(activities=[profiler.ProfilerActivity.CPU], record_shapes=True) as p:
        with profiler.record_function("step"):
            x.exp().sum().backward()
        p.step()
    assert p.key_averages(group_by_input_shape=True).table(sort_by="self_cpu_time_total") == p.table("own")
    assert p.key_averages().table(row_limit=1, sort_by="count") == p.table("calls", 1)
    assert "exp" in str(p.key_averages())
    p.export_chrome_trace(str(tmp_path / "trace.json"))
    assert (tmp_path / "trace.json").stat().st_size > 0
    with pytest.raises(ValueError, match="cpu_time_total"):
        p.key_averages().table(sort_by="beauty")
    with pytest.raises(RuntimeError, match="schedule"):
        profiler.profile(schedule=lambda step: None)
    with torch.autograd.profiler.profile(use_cuda=False) as other:
        x.exp()
    assert [event.name for event in other.events] == ["exp"]
    other.start()
    x.sin()
    other.stop()
    assert [event.name for event in other.events] == ["exp", "sin"]


# ---------------------------------------------------------------- windows and powers


@pytest.mark.parametrize("name", ["hann_window", "hamming_window", "bartlett_window", "blackman_window"])
@pytest.mark.parametrize("length", [0, 1, 2, 5, 8, 400])
@pytest.mark.parametrize("periodic", [True, False])
def test_windows(name, length, periodic):
    for dtype in ("float32", "float64"):
        mine, theirs = (
            getattr(lib, name)(length, periodic, dtype=getattr(lib, dtype), requires_grad=True)
            for lib in (torch, reference)
        )
        assert str(mine.dtype) == str(theirs.dtype) and mine.requires_grad and mine.is_leaf
        numpy.testing.assert_allclose(
            mine.detach().numpy(), theirs.detach().numpy(), atol=1e-6 if "32" in dtype else 1e-12
        )
    assert getattr(torch, name)(3).dtype == torch.float32
    for bad in ((-1,), (3, True)):
        with pytest.raises(RuntimeError, match=name):
            getattr(torch, name)(*bad, **({} if len(bad) == 1 else {"dtype": torch.int64}))


def test_hamming_window_with_other_weights():
    mine, theirs = (lib.hamming_window(6, False, 0.6, beta=0.3) for lib in (torch, reference))
    numpy.testing.assert_allclose(mine.numpy(), theirs.numpy(), atol=1e-6)


@pytest.mark.parametrize("count", [None, 0, 1, 2, 5])
@pytest.mark.parametrize("increasing", [True, False])
def test_vander(count, increasing):
    for values in ([1, 2, 3], [1.5, -2.0, 0.0]):
        mine, theirs = (lib.vander(lib.tensor(values), count, increasing) for lib in (torch, reference))
        assert str(mine.dtype) == str(theirs.dtype)
        numpy.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-6)
    with pytest.raises(RuntimeError, match="vector"):
        torch.vander(torch.ones(2, 2))
    with pytest.raises(RuntimeError, match="not negative"):
        torch.vander(torch.ones(2), -1)


@pytest.mark.parametrize("increasing", [True, False])
def test_gradient_of_vander(increasing):
    """PyTorch's own vander has none: it fails on a change in place."""
    x = torch.tensor([1.5, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    weights = torch.arange(12.0, dtype=torch.float64).reshape(3, 4)
    (torch.vander(x, 4, increasing) * weights).sum().backward()
    y = reference.tensor([1.5, -2.0, 0.5], dtype=reference.float64, requires_grad=True)
    orders = range(4) if increasing else range(3, -1, -1)
    (reference.stack([y**order for order in orders], 1) * reference.from_numpy(weights.numpy())).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12)


def test_functional_has_the_functions_of_torch():
    for name in torch.functional.__all__:
        assert getattr(torch.functional, name) is getattr(torch, name) and hasattr(reference.functional, name)


# ---------------------------------------------------------------- memory and elements


def test_storage_is_the_memory_that_views_share():
    for lib in (torch, reference):
        x = lib.arange(12, dtype=lib.float32).reshape(3, 4)
        view = x.t()[1:, 1:]
        storage, untyped = (lib.Tensor.untyped_storage(each) for each in (x, view))
        assert storage.data_ptr() == untyped.data_ptr() == x.data_ptr() and untyped.nbytes() == 48
        assert len(untyped) == untyped.size() == 48 and untyped.element_size() == 1
        assert untyped.tolist() == list(numpy.arange(12, dtype="float32").tobytes())
        assert view.data_ptr() == untyped.data_ptr() + view.storage_offset() * 4
        assert lib.empty(0).untyped_storage().size() == 0
        assert x.clone().untyped_storage().data_ptr() != storage.data_ptr()
    typed = view_of_mine().storage()
    assert typed.tolist() == list(typed) == [0, 1, 2, 3] and len(typed) == 4 and typed[2] == 2
    assert typed.dtype == torch.int64 and typed.element_size() == 8


def view_of_mine():
    return torch.arange(4)[1:3]


def test_apply_and_map():
    for lib in (torch, reference):
        x = lib.tensor([[1.0, 2.0], [3.0, 4.0]])
        column = x[:, 1]
        assert column.apply_(lambda value: value * 10) is column
        assert x.tolist() == [[1, 20], [3, 40]]
        x.t().map_(lib.tensor([[1.0], [2.0]]), lambda mine, other: mine - other)
        assert x.tolist() == [[0, 18], [2, 38]]
        assert lib.tensor([1, 2]).apply_(lambda value: value + 1).tolist() == [2, 3]
        with pytest.raises((RuntimeError, TypeError)):
            lib.ones(2, requires_grad=True).apply_(abs)
        with pytest.raises(RuntimeError):
            lib.ones(2).map_(lib.ones(3), max)


def test_set_takes_the_memory_of_another_tensor():
    for lib in (torch, reference):
        x, y = lib.zeros(2), lib.ones(2, 3)
        assert x.set_(y) is x and x.shape == (2, 3) and x.data_ptr() == y.data_ptr()
        y.mul_(3)
        assert x.tolist() == [[3.0] * 3] * 2
        with pytest.raises(RuntimeError):
            x.set_(lib.tensor([1, 2]))
        with pytest.raises(RuntimeError):
            lib.zeros(2, requires_grad=True).set_(y)
    with pytest.raises(RuntimeError, match="views"):
        torch.zeros(2)[:1].set_(torch.ones(2))
    with pytest.raises(TypeError, match="Storage"):
        torch.zeros(2).set_(torch.ones(2).storage())
