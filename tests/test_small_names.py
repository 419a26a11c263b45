"""Modules of PyTorch that programs name and hardly use: compilation, export, processes."""

import multiprocessing

import pytest
import torch as reference

import tinygrad_i2dl as torch
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
