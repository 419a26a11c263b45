"""Choosing backends, and plugging in one's own."""

import os
import subprocess
import sys
import types

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl.backends import registry


@pytest.fixture
def toy(request):
    """A backend that counts its calls and passes on arrays of more than two dimensions."""
    calls = []

    def exp(input):
        if input.ndim > 2:
            return NotImplemented
        calls.append("exp")
        return numpy.exp(input)

    def sum_over(input, dims, keepdim):
        calls.append("sum")
        return input.sum(axis=dims, keepdims=keepdim)

    torch.register_backend("toy", types.SimpleNamespace(exp=exp, sum_over=sum_over))
    yield calls
    registry._backends.pop("toy")
    registry.clear_tables()


def test_a_backend_overrides_what_it_has(toy):
    x = torch.ones(2, 3, requires_grad=True)
    with torch.use_backend("toy"):
        assert torch.get_backend() == "toy"
        y = x.exp().sum()
        assert toy == ["exp", "sum"]
        (x * 2).tanh()  # not in the toy: the reference kernels
        x.detach().view(1, 2, 3).exp()  # refused by the toy's kernel
        assert toy == ["exp", "sum"]
    x.exp()
    assert toy == ["exp", "sum"] and torch.get_backend() == "auto"
    y.backward()
    numpy.testing.assert_allclose(x.grad.numpy(), numpy.e, rtol=1e-6)


def test_in_place_operations_work_under_a_backend(toy):
    with torch.use_backend("toy"):
        x = torch.zeros(3)
        x.exp_().mul_(2)
        assert x.tolist() == [2, 2, 2]


def test_backend_is_restored_after_an_error(toy):
    with pytest.raises(ZeroDivisionError), torch.use_backend("toy"):
        raise ZeroDivisionError
    assert torch.get_backend() == "auto"


def test_unknown_and_missing_backends_are_explained():
    with pytest.raises(ValueError, match=r"'nmpy', which is none of auto, numpy.*did you mean 'numpy'"):
        torch.set_backend("nmpy")
    torch.register_backend("broken", types.SimpleNamespace(), reason=lambda: "its compiler is missing")
    try:
        with pytest.raises(RuntimeError, match="its compiler is missing"):
            torch.set_backend("broken")
        assert torch.available_backends()["broken"] == "its compiler is missing"
    finally:
        registry._backends.pop("broken")
    with pytest.raises(ValueError, match="identifier"):
        torch.register_backend("auto", types.SimpleNamespace())


@pytest.fixture
def mine():
    """Registers a backend `mine`, which is gone afterwards."""

    def register(kernels, **options):
        torch.register_backend("mine", kernels, **options)

    yield register
    registry._backends.pop("mine", None)
    registry.clear_tables()


def test_names_that_are_none():
    with pytest.raises(TypeError, match="by its name, a str, got None"):
        torch.set_backend(None)


def test_kernels_that_are_no_functions_are_refused(mine):
    with pytest.raises(TypeError, match="kernels of the backend 'mine' must be functions, those of exp, relu are not"):
        mine({"relu": 3, "exp": None, "log": numpy.log})
    assert "mine" not in torch.available_backends()


def test_kernels_of_no_operation_are_told(mine):
    mine({"rellu": abs, "exp": numpy.exp})
    with (
        pytest.warns(UserWarning, match="no operation is called rellu; did you mean 'relu'"),
        torch.use_backend("mine"),
    ):
        assert torch.zeros(1).exp().item() == 1


@pytest.mark.parametrize("name", ["native", "numba"])
def test_every_kernel_of_ours_belongs_to_an_operation(name):
    if torch.available_backends()[name] is None:
        assert registry._backends[name].unknown() == []


@pytest.mark.parametrize("result", [None, 3.0, torch.ones(2)])
@pytest.mark.parametrize("recorded", [False, True])
def test_results_that_are_no_arrays_are_told(mine, result, recorded):
    mine({"exp": lambda input: result, "sum_over": lambda *arguments: result})
    x = torch.ones(2, requires_grad=recorded)
    for use in (torch.exp, torch.sum):
        with (
            torch.use_backend("mine"),
            pytest.raises(
                TypeError, match=rf"of the backend 'mine' returned {type(result).__name__}: expected a NumPy"
            ),
        ):
            use(x)


def test_optimizer_steps_of_other_backends_return_nothing(mine):
    steps = []

    def sgd_step(parameters, gradients, momentum_buffers, lr, *rest):
        steps.append(len(parameters))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= lr * gradient

    mine({"sgd_step": sgd_step})
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.grad = torch.ones(2)
    with torch.use_backend("mine"):
        torch.optim.SGD([parameter], lr=0.5).step()
    assert parameter.tolist() == [0.5, 0.5] and steps == [1]


def test_what_is_asked_next_must_exist(mine):
    mine({"exp": lambda input: NotImplemented}, after=("nativ",))
    with pytest.raises(ValueError, match=r"'mine' is to be followed by the backend 'nativ', .* did you mean 'native'"):
        torch.set_backend("mine")
    assert torch.get_backend() == "auto"
    mine({"exp": lambda input: NotImplemented}, after="numpy")
    with torch.use_backend("mine"):
        assert [each.name for each in registry.chain()] == ["mine", "numpy"]


def test_numpy_and_native_share_tensors():
    x = torch.randn(2, 3, 8, 8)
    w = torch.randn(4, 3, 3, 3)
    results = []
    for name, missing in torch.available_backends().items():
        if missing is None:
            with torch.use_backend(name):
                results.append(torch.nn.functional.conv2d(x, w).numpy())
    assert len(results) >= 1
    for each in results[1:]:
        numpy.testing.assert_allclose(each, results[0], rtol=1e-4, atol=1e-5)


def in_fresh_process(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_environment_variable_chooses():
    done = in_fresh_process("import tinygrad_i2dl as t; print(t.get_backend())", TINYGRAD_I2DL_BACKEND="numpy")
    assert done.stdout.strip() == "numpy", done.stderr
    done = in_fresh_process("import tinygrad_i2dl as t; t.ones(1).exp()", TINYGRAD_I2DL_BACKEND="nothing")
    assert "TINYGRAD_I2DL_BACKEND names the backend 'nothing'" in done.stderr


def test_entry_point(tmp_path):
    """A distribution's entry point is enough: nobody imports it before."""
    (tmp_path / "counting.py").write_text(
        "import numpy\ndef exp(input):\n    print('counted')\n    return numpy.exp(input)\n"
    )
    info = tmp_path / "counting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: counting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tinygrad_i2dl.backends]\ncounting = counting\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", ""), os.getcwd()])
    done = in_fresh_process(
        "import tinygrad_i2dl as t; t.set_backend('counting'); t.ones(1).exp()",
        PYTHONPATH=path,
        TINYGRAD_I2DL_BACKEND="",
    )
    assert done.stdout.strip() == "counted", done.stderr
