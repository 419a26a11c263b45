"""nn.utils against PyTorch: clipping, vectors of parameters, normalized weights, parametrizations, functional_call."""

from __future__ import annotations

import copy
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tests.nn.oracle import assert_close, assert_same_state, compare, copy_state, oracle, random, theirs_of, to_array


def with_gradients(library: Any, scale: float = 1.0) -> list[Any]:
    rng = numpy.random.default_rng(0)
    parameters = [library.nn.Parameter(library.zeros(shape)) for shape in ((3, 4), (5,), ())] + [
        library.nn.Parameter(library.zeros(2))
    ]
    for parameter in parameters[:-1]:
        values = numpy.asarray(rng.standard_normal(tuple(parameter.shape)) * scale, dtype=numpy.float32)
        parameter.grad = library.from_numpy(values)
    return parameters


@pytest.mark.parametrize("norm_type", [2.0, 1, 3.0, float("inf"), 0.5])
@pytest.mark.parametrize("max_norm", [0.1, 1e6])
def test_clipping_by_norm(norm_type: float, max_norm: float) -> None:
    ours, theirs = with_gradients(torch), with_gradients(oracle)
    total = torch.nn.utils.clip_grad_norm_(ours, max_norm, norm_type)
    expected = oracle.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert_close(total, expected, rtol=1e-5)
    for a, b in zip(ours[:-1], theirs[:-1], strict=True):
        assert_close(a.grad, b.grad, rtol=1e-5)
    assert ours[-1].grad is None


def test_clipping_by_value_and_total_norm() -> None:
    ours, theirs = with_gradients(torch), with_gradients(oracle)
    norm = torch.nn.utils.get_total_norm([p.grad for p in ours[:-1]])
    assert_close(norm, oracle.nn.utils.get_total_norm([p.grad for p in theirs[:-1]]), rtol=1e-6)
    torch.nn.utils.clip_grad_value_(ours, 0.5)
    oracle.nn.utils.clip_grad_value_(theirs, 0.5)
    for a, b in zip(ours[:-1], theirs[:-1], strict=True):
        assert_close(a.grad, b.grad)


def test_clipping_at_the_edges() -> None:
    one = with_gradients(torch)[0]
    assert torch.nn.utils.clip_grad_norm_(one, 1.0).item() > 1
    assert torch.nn.utils.clip_grad_norm_([], 1.0).item() == 0
    with pytest.warns(UserWarning, match="empty"):
        torch.nn.utils.clip_grad_norm_((p for p in []), 1.0)
    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        torch.nn.utils.clip_grad_norm([one], 1.0)
    one.grad.fill_(float("nan"))
    with pytest.raises(RuntimeError, match="nan"):
        torch.nn.utils.clip_grad_norm_(one, 1.0, error_if_nonfinite=True)
    half = torch.nn.Parameter(torch.zeros(4, dtype=torch.float16))
    half.grad = torch.full((4,), 20000.0, dtype=torch.float16)
    assert torch.nn.utils.clip_grad_norm_(half, 1.0).item() == 40000.0  # the squares overflow float16


def test_parameters_as_a_vector() -> None:
    model = torch.nn.Linear(3, 2)
    vector = torch.nn.utils.parameters_to_vector(model.parameters())
    assert to_array(vector).tolist() == [*to_array(model.weight).ravel(), *to_array(model.bias)]
    (vector * vector).sum().backward()
    numpy.testing.assert_allclose(to_array(model.weight.grad), 2 * to_array(model.weight))
    torch.nn.utils.vector_to_parameters(torch.arange(8.0), model.parameters())
    assert to_array(model.weight).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert to_array(model.bias).tolist() == [6, 7]
    assert model.weight.requires_grad
    with pytest.raises(TypeError, match="list"):
        torch.nn.utils.vector_to_parameters([1.0], model.parameters())


def layers(name: str) -> tuple[Any, Any]:
    args = (3, 4) if name == "Linear" else (3, 4, 2)
    ours, theirs = getattr(torch.nn, name)(*args).double(), getattr(oracle.nn, name)(*args).double()
    copy_state(ours, theirs)
    return ours, theirs


INPUTS = {"Linear": (5, 3), "Conv2d": (2, 3, 4, 4), "ConvTranspose1d": (2, 3, 4)}


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
@pytest.mark.parametrize("name", list(INPUTS))
@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("place", ["hook", "parametrization"])
def test_weight_norm(name: str, dim: Any, place: str) -> None:
    ours, theirs = layers(name)
    for library, layer in ((torch, ours), (oracle, theirs)):
        utils = library.nn.utils if place == "hook" else library.nn.utils.parametrizations
        assert utils.weight_norm(layer, dim=dim) is layer
    for (key, a), (other, b) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert key == other
        assert_close(a, b)
    compare(ours, theirs, random(*INPUTS[name], requires_grad=True))
    for library, layer in ((torch, ours), (oracle, theirs)):
        if place == "hook":
            library.nn.utils.remove_weight_norm(layer)
        else:
            library.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert repr(ours) == repr(theirs)
    assert_close(ours.weight, theirs.weight)
    assert isinstance(ours.weight, torch.nn.Parameter)


@pytest.mark.parametrize("name", list(INPUTS))
@pytest.mark.parametrize("place", ["hook", "parametrization"])
def test_spectral_norm(name: str, place: str) -> None:
    ours, theirs = layers(name)
    for library, layer in ((torch, ours), (oracle, theirs)):
        library.manual_seed(7)
        utils = library.nn.utils if place == "hook" else library.nn.utils.parametrizations
        utils.spectral_norm(layer, n_power_iterations=2)
    for (key, a), (other, b) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert key == other
        assert_close(a, b, rtol=1e-6, atol=1e-7)
    compare(ours, theirs, random(*INPUTS[name], requires_grad=True))
    for _ in range(400):
        ours(random(*INPUTS[name]))
    ours.eval(), theirs.eval()
    copy_state(ours, theirs)
    x = random(*INPUTS[name])
    assert_close(ours(x), theirs(theirs_of(x)))
    weight = to_array(ours.weight)
    matrix = numpy.moveaxis(weight, 1 if name.startswith("ConvTranspose") else 0, 0).reshape(
        weight.shape[1 if "Tr" in name else 0], -1
    )
    numpy.testing.assert_allclose(numpy.linalg.norm(matrix, 2), 1.0, atol=1e-5)
    if place == "hook":
        assert dict(ours.state_dict()._metadata[""]) == dict(theirs.state_dict()._metadata[""])
        torch.nn.utils.remove_spectral_norm(ours)
        assert [n for n, _ in ours.named_parameters()] == ["bias", "weight"]


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
def test_a_checkpoint_of_the_older_weight_norm_loads_into_the_newer() -> None:
    old = torch.nn.Sequential(torch.nn.utils.weight_norm(torch.nn.Linear(3, 4)))
    new = torch.nn.Sequential(torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 4)))
    new.load_state_dict(old.state_dict())
    x = torch.ones(2, 3)
    numpy.testing.assert_allclose(to_array(new(x)), to_array(old(x)), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
def test_refusals_of_normalized_weights() -> None:
    layer = torch.nn.utils.weight_norm(torch.nn.Linear(2, 2))
    with pytest.raises(RuntimeError, match="already"):
        torch.nn.utils.weight_norm(layer, "weight_v") and torch.nn.utils.weight_norm(layer)
    with pytest.raises(ValueError, match="not found"):
        torch.nn.utils.remove_spectral_norm(layer)
    with pytest.raises(ValueError, match="positive"):
        torch.nn.utils.spectral_norm(torch.nn.Linear(2, 2), n_power_iterations=0)
    with pytest.raises(ValueError, match="shape yet"):
        torch.nn.utils.weight_norm(torch.nn.LazyLinear(2))


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("use_trivialization", [True, False])
def test_orthogonal_parametrization(shape: tuple[int, int], orthogonal_map: str, use_trivialization: bool) -> None:
    ours, theirs = torch.nn.Linear(shape[1], shape[0]).double(), oracle.nn.Linear(shape[1], shape[0]).double()
    torch.nn.init.orthogonal_(ours.weight)
    copy_state(ours, theirs)
    options = {"orthogonal_map": orthogonal_map, "use_trivialization": use_trivialization}
    for library, layer in ((torch, ours), (oracle, theirs)):
        library.manual_seed(1)
        library.nn.utils.parametrizations.orthogonal(layer, **options)
    assert_close(ours.weight, theirs.weight, atol=1e-8)
    weight = to_array(ours.weight)
    small = weight @ weight.T if shape[0] < shape[1] else weight.T @ weight
    numpy.testing.assert_allclose(small, numpy.eye(min(shape)), atol=1e-10)
    x = random(2, shape[1])
    (ours(x) ** 3).sum().backward()
    (theirs(theirs_of(x)) ** 3).sum().backward()
    assert_close(
        ours.parametrizations.weight.original.grad, theirs.parametrizations.weight.original.grad, rtol=1e-6, atol=1e-8
    )


def symmetric(library: Any) -> Any:
    class Symmetric(library.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            return x.triu() + x.triu(1).transpose(0, 1)

        def right_inverse(self, x: Any) -> Any:
            return x.triu()

    class Doubled(library.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            return x * 2

    return Symmetric(), Doubled()


def test_parametrizations() -> None:
    ours, theirs = layers("Linear")
    ours, theirs = torch.nn.Linear(3, 3).double(), oracle.nn.Linear(3, 3).double()
    copy_state(ours, theirs)
    for library, layer in ((torch, ours), (oracle, theirs)):
        parametrize = library.nn.utils.parametrize
        first, second = symmetric(library)
        parametrize.register_parametrization(layer, "weight", first)
        assert parametrize.is_parametrized(layer, "weight")
        assert not parametrize.is_parametrized(layer, "bias")
        layer.weight = library.ones(3, 3, dtype=library.float64) * 2
        parametrize.register_parametrization(layer, "weight", second)
        with parametrize.cached():
            assert layer.weight is layer.weight
        assert layer.weight is not layer.weight
        assert parametrize.type_before_parametrizations(layer) is library.nn.Linear
        with pytest.raises(RuntimeError):
            layer.__getstate__()
        with pytest.raises(RuntimeError):
            layer.weight = library.zeros(3, 3, dtype=library.float64)
        with pytest.raises(ValueError, match="missing"):
            parametrize.register_parametrization(layer, "missing", first)
    assert repr(ours) == repr(theirs)
    assert_same_state(ours, theirs)
    compare(ours, theirs, random(2, 3, requires_grad=True))
    twin = copy.deepcopy(ours)
    twin.parametrizations.weight.original.data.fill_(0.0)
    assert to_array(twin.weight).sum() == 0
    assert to_array(ours.weight).sum() == 36
    for library, layer in ((torch, ours), (oracle, theirs)):
        library.nn.utils.parametrize.remove_parametrizations(layer, "weight")
        assert type(layer) is library.nn.Linear
    assert_same_state(ours, theirs)
    assert repr(ours) == repr(theirs)


def test_calls_with_other_parameters() -> None:
    ours = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).double()
    theirs = oracle.nn.Sequential(oracle.nn.Linear(3, 4), oracle.nn.BatchNorm1d(4)).double()
    copy_state(ours, theirs)
    weight = random(4, 3, requires_grad=True, seed=2)
    mean = random(4, seed=3)
    x = random(5, 3)
    twin_weight, twin_mean = theirs_of(weight), theirs_of(mean)
    own = ours[0].weight
    result = torch.nn.utils.stateless.functional_call(ours, {"0.weight": weight, "1.running_mean": mean}, x)
    expected = oracle.func.functional_call(theirs, {"0.weight": twin_weight, "1.running_mean": twin_mean}, theirs_of(x))
    assert_close(result, expected)
    (result**3).sum().backward()
    (expected**3).sum().backward()
    assert_close(weight.grad, twin_weight.grad, rtol=1e-7)
    assert own.grad is None
    assert ours[0].weight is own
    assert_close(mean, twin_mean)  # batch norm wrote into the given buffer
    assert_close(ours[1].running_mean, theirs[1].running_mean)


def test_refusals_of_calls_with_other_parameters() -> None:
    call = torch.nn.utils.stateless.functional_call
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False))
    x = torch.ones(1, 2)
    with pytest.raises(AttributeError, match="missing"):
        call(model, {"missing": x}, x)
    with pytest.raises(RuntimeError, match=r"Missing key\(s\): .1.weight"):
        call(model, {"0.weight": torch.ones(2, 2)}, x, strict=True)
    model[1].weight = model[0].weight
    tied = call(model, {"0.weight": torch.ones(2, 2)}, x)
    assert to_array(tied).tolist() == [[4.0, 4.0]]
    with pytest.raises(ValueError, match="one tensor"):
        call(model, {"0.weight": torch.ones(2, 2), "1.weight": torch.zeros(2, 2)}, x)
    before = model[0].weight
    with pytest.raises(RuntimeError):
        call(model, {"0.weight": torch.ones(2, 2)}, torch.ones(1, 3))
    assert model[0].weight is before, "put back after an error too"
