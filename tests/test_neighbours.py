"""NumPy, DLPack and safetensors: what other libraries make of tensors, and tensors of theirs."""

import subprocess
import sys

import numpy
import pytest
import torch as reference

import tinygrad_i2dl as torch
from tinygrad_i2dl import safetensors


def test_from_numpy_and_numpy_share_memory():
    array = numpy.zeros(3, dtype="float32")
    tensor = torch.from_numpy(array)
    tensor[0] = 1
    array[1] = 2
    assert tensor.tolist() == [1, 2, 0] and tensor.numpy() is not None
    tensor.numpy()[2] = 3
    assert array.tolist() == [1, 2, 3]


# PyTorch's own methods of these names are of NumPy 1's form
@pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
def test_numpy_functions_and_operators_give_tensors():
    for lib in (torch, reference):
        t = lib.tensor([1.0, 4.0])
        for result in (numpy.sqrt(t), t * numpy.float32(2), numpy.float32(2) * t, t + numpy.ones(2), numpy.exp(t) > 3):
            assert isinstance(result, lib.Tensor), lib
        assert numpy.sqrt(t).tolist() == [1, 2] and (t + numpy.ones(2)).dtype == lib.float64
        assert numpy.asarray(t).tolist() == [1, 4] and numpy.array(t, dtype="int64").tolist() == [1, 4]
        assert numpy.mean(numpy.asarray(t)) == 2.5
    product = numpy.array([2.0, 3.0], dtype="float32") * torch.tensor(
        [1.0, 4.0]
    )  # PyTorch refuses an array on the left
    assert isinstance(product, torch.Tensor) and product.tolist() == [2, 12]


def test_numpy_refuses_tensors_in_the_graph():
    t = torch.ones(2, requires_grad=True)
    for use in (lambda: t.numpy(), lambda: numpy.asarray(t), lambda: numpy.exp(t)):
        with pytest.raises(RuntimeError, match="detach"):
            use()
    product = numpy.array([2.0, 3.0], dtype="float32") * t  # an operator of ours: recorded
    product.sum().backward()
    assert t.grad.tolist() == [2, 3]


def test_numpy_takes_tensors_that_require_a_gradient_where_nothing_is_recorded():
    for lib in (torch, reference):
        parameter = lib.nn.Parameter(lib.ones(2))
        with lib.no_grad():
            array = parameter.numpy()
            assert numpy.asarray(parameter).tolist() == [1, 1]
        with lib.inference_mode():
            assert (parameter * 2).numpy().tolist() == [2, 2] and parameter.numpy() is not None
        array[0] = 7
        assert parameter.tolist() == [7, 1]


def test_dlpack_both_ways():
    t = torch.arange(6.0).view(2, 3)
    theirs = reference.from_dlpack(t)
    theirs[0, 0] = 9
    assert t[0, 0].item() == 9
    ours = torch.from_dlpack(reference.arange(4))
    assert ours.tolist() == [0, 1, 2, 3] and ours.dtype == torch.int64
    assert numpy.from_dlpack(t).shape == (2, 3)
    with pytest.raises(TypeError, match="__dlpack__"):
        torch.from_dlpack([1, 2])
    with pytest.raises(BufferError, match="detach"):
        reference.from_dlpack(torch.ones(1, requires_grad=True))


def test_no_cuda_interface_in_main_memory():
    assert not hasattr(torch.ones(1), "__cuda_array_interface__")


def test_safetensors_round_trip_and_with_the_numpy_flavour(tmp_path):
    from safetensors.numpy import load_file, save_file

    tensors = {
        "transposed": torch.arange(6.0).view(2, 3).t(),
        "half": torch.ones(2, dtype=torch.float16),
        "brain": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "integers": torch.tensor([[1, 2]], dtype=torch.int32),
        "flags": torch.tensor([True, False]),
        "scalar": torch.tensor(3.0),
        "empty": torch.zeros(0, 3),
    }
    path = tmp_path / "t.safetensors"
    safetensors.save_file(tensors, path, {"made": "here"})
    back = safetensors.load_file(path)
    for name, tensor in tensors.items():
        assert back[name].dtype == tensor.dtype and back[name].shape == tensor.shape
        assert back[name].tolist() == tensor.tolist(), name
    back["scalar"].add_(1)  # writable memory
    theirs = load_file(path) if "brain" not in tensors else None
    del tensors["brain"]
    safetensors.save_file(tensors, path)
    theirs = load_file(path)
    assert theirs["transposed"].tolist() == tensors["transposed"].tolist()
    save_file({"x": numpy.eye(2)}, path)
    assert safetensors.load_file(path)["x"].tolist() == [[1, 0], [0, 1]]


def test_safetensors_of_models_and_refusals(tmp_path):
    model, other = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    safetensors.save_model(model, tmp_path / "m.safetensors")
    assert safetensors.load_model(other, tmp_path / "m.safetensors") == ([], [])
    assert torch.equal(model.weight, other.weight)
    before = (tmp_path / "m.safetensors").read_bytes()
    with pytest.raises(TypeError, match="'x', got int"):
        safetensors.save_file({"x": 1}, tmp_path / "m.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == before
    (tmp_path / "m.safetensors").write_bytes(before[: len(before) // 2])
    with pytest.raises(Exception, match=r"(?i)incomplete|header|invalid"):
        safetensors.load_file(tmp_path / "m.safetensors")


def test_safetensors_torch_is_ours_when_standing_in():
    code = (
        "import tinygrad_i2dl; tinygrad_i2dl.install_as_torch()\n"
        "import torch\nfrom safetensors.torch import save, load\n"
        "print(load(save({'x': torch.ones(2)})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "{'x': tensor([1., 1.])}", done.stderr
