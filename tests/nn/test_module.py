"""nn.Module: registering, hooks, state dicts, conversion, copies."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import weakref
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tests.nn.oracle import assert_close, copy_state, oracle, random, theirs_of, to_array


def network(library: Any) -> Any:
    nn = library.nn
    return nn.Sequential(
        nn.Linear(3, 5),
        nn.BatchNorm1d(5),
        nn.Tanh(),
        nn.Sequential(nn.Linear(5, 4, bias=False), nn.ReLU()),
        nn.Linear(4, 2),
    )


def networks() -> tuple[Any, Any]:
    ours, theirs = network(torch).double(), network(oracle).double()
    copy_state(ours, theirs)
    return ours, theirs


def order_of(library: Any) -> dict[str, list[str]]:
    """The names that a module with all kinds of members gives, after some were replaced and some deleted."""
    nn = library.nn

    class Model(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 2)
            self.scale = nn.Parameter(library.ones(1))
            self.register_buffer("steps", library.zeros(1))
            self.register_buffer("cache", library.zeros(1), persistent=False)
            self.second = nn.Linear(2, 3)
            self.shared = self.first
            self.register_parameter("nothing", None)
            self.first = nn.Linear(2, 4)
            self.scale = nn.Parameter(library.zeros(2))
            self.steps = library.ones(3)
            self.gone = nn.Parameter(library.ones(1))
            del self.gone
            self.added = nn.Parameter(library.ones(1))

    model = Model()
    return {
        "parameters": [name for name, _ in model.named_parameters()],
        "all parameters": [name for name, _ in model.named_parameters(remove_duplicate=False)],
        "own parameters": [name for name, _ in model.named_parameters(recurse=False)],
        "prefixed": [name for name, _ in model.named_parameters(prefix="net")],
        "buffers": [name for name, _ in model.named_buffers()],
        "modules": [name for name, _ in model.named_modules()],
        "all modules": [name for name, _ in model.named_modules(remove_duplicate=False)],
        "children": [name for name, _ in model.named_children()],
        "state": list(model.state_dict()),
        "text": repr(model).split("\n"),
        "sizes": [str(tuple(each.shape)) for each in model.parameters()],
    }


def test_members_come_in_pytorchs_order_also_after_replacing() -> None:
    assert order_of(torch) == order_of(oracle)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda m, lib: setattr(m, "weight", lib.zeros(2)), TypeError),
        (lambda m, lib: setattr(m, "child", 3), TypeError),
        (lambda m, lib: setattr(m, "buffer", 3), TypeError),
        (lambda m, lib: m.register_parameter("weight2", lib.zeros(2)), TypeError),
        (lambda m, lib: m.register_parameter("a.b", None), KeyError),
        (lambda m, lib: m.register_parameter("", None), KeyError),
        (lambda m, lib: m.register_parameter("forward", None), KeyError),
        (lambda m, lib: m.register_parameter("computed", lib.nn.Parameter(lib.ones(1)) * 2), TypeError),
        (lambda m, lib: m.register_buffer("forward", lib.zeros(2)), KeyError),
        (lambda m, lib: m.register_buffer("other", 2), TypeError),
        (lambda m, lib: m.add_module("other", 2), TypeError),
        (lambda m, lib: m.add_module("weight", lib.nn.ReLU()), KeyError),
        (lambda m, lib: m.missing, AttributeError),
        (lambda m, lib: delattr(m, "missing"), AttributeError),
        (lambda m, lib: m.get_submodule("child.none"), AttributeError),
        (lambda m, lib: m.get_parameter("child"), AttributeError),
        (lambda m, lib: m.get_buffer("weight"), AttributeError),
        (lambda m, lib: m.train("yes"), ValueError),
        (lambda m, lib: m.to(lib.int64), TypeError),
        (lambda m, lib: m(1), NotImplementedError),
        (lambda m, lib: m.load_state_dict([1]), TypeError),
    ],
)
def test_refusals_have_pytorchs_class(act: Any, error: type[Exception]) -> None:
    for library in (oracle, torch):
        module = library.nn.Module()
        module.weight = library.nn.Parameter(library.zeros(2))
        module.register_buffer("buffer", library.zeros(2))
        module.child = library.nn.Linear(1, 1)
        with pytest.raises(error):
            act(module, library)


def test_members_need_the_base_class_constructor() -> None:
    class Careless(torch.nn.Module):
        def __init__(self) -> None:
            self.layer = torch.nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"super\(\).__init__"):
        Careless()


# ---------------------------------------------------------------- hooks


def test_forward_hooks_run_in_order_and_replace() -> None:
    def run(library: Any) -> tuple[list[Any], Any]:
        seen: list[Any] = []
        layer = library.nn.Linear(2, 1, bias=False)
        with library.no_grad():
            layer.weight.fill_(1.0)

        def before(module: Any, args: Any) -> Any:
            seen.append(("before", len(args)))
            return args[0] * 2

        def after(module: Any, args: Any, output: Any) -> Any:
            seen.append(("after", args[0].tolist(), output.tolist()))
            return output + 1

        def watch(module: Any, args: Any, kwargs: Any, output: Any) -> None:
            seen.append(("watch", sorted(kwargs), output.tolist()))

        handles = [layer.register_forward_pre_hook(before), layer.register_forward_hook(after)]
        handles.append(layer.register_forward_hook(watch, with_kwargs=True))
        handles.append(layer.register_forward_hook(lambda *_: seen.append("first"), prepend=True))
        result = layer(library.ones(1, 2)).tolist()
        for handle in handles:
            handle.remove()
        return seen, (result, layer(library.ones(1, 2)).tolist())

    assert run(torch) == run(oracle)


def test_hooks_of_all_modules() -> None:
    def run(library: Any) -> list[Any]:
        seen: list[Any] = []
        hooks = library.nn.modules.module
        before = hooks.register_module_forward_pre_hook(
            lambda module, args: seen.append(("before", type(module).__name__))
        )
        after = hooks.register_module_forward_hook(
            lambda module, args, output: seen.append(type(module).__name__) or output + 1
        )
        model = library.nn.Sequential(library.nn.ReLU(), library.nn.Identity())
        seen.append(model(library.zeros(2)).tolist())
        before.remove(), after.remove()
        seen.append(model(library.zeros(2)).tolist())
        return seen

    assert run(torch) == run(oracle)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.parametrize("input_needs", [True, False])
def test_full_backward_hooks_see_and_replace_gradients(input_needs: bool) -> None:
    def run(library: Any, x: Any) -> tuple[list[Any], list[Any]]:
        model = library.nn.Sequential(library.nn.Linear(2, 3), library.nn.Tanh(), library.nn.Linear(3, 1)).double()
        with library.no_grad():
            for number, parameter in enumerate(model.parameters()):
                parameter.fill_(0.1 * (number + 1))
        seen: list[Any] = []

        def values(gradients: Any) -> list[Any]:
            return [None if each is None else numpy.round(to_array(each), 12).tolist() for each in gradients]

        def hook(module: Any, grad_input: Any, grad_output: Any) -> None:
            seen.append((type(module).__name__, values(grad_input), values(grad_output)))

        def doubling(module: Any, grad_input: Any, grad_output: Any) -> Any:
            return tuple(None if each is None else each * 2 for each in grad_input)

        for child in model:
            child.register_full_backward_hook(hook)
        model[1].register_full_backward_hook(doubling)
        model[2].register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 3,))
        model(x).sum().backward()
        gradients = [numpy.round(to_array(each.grad), 12).tolist() for each in model.parameters()]
        return seen, gradients + ([numpy.round(to_array(x.grad), 12).tolist()] if input_needs else [])

    ours = random(4, 2, requires_grad=input_needs)
    assert run(torch, ours) == run(oracle, theirs_of(random(4, 2, requires_grad=input_needs)))


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.parametrize("which", ["both", "first", "inputs fixed"])
def test_backward_hooks_of_modules_with_several_inputs_and_outputs(which: str) -> None:
    def run(library: Any) -> tuple[list[Any], list[Any]]:
        class Pair(library.nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.weight = library.nn.Parameter(library.ones(2))

            def forward(self, a: Any, scale: int, b: Any) -> Any:
                return a * scale * self.weight, {"not": "a tensor"}, b * 3

        seen: list[Any] = []

        def values(gradients: Any) -> list[Any]:
            return [None if each is None else each.tolist() for each in gradients]

        def scaled(gradients: Any, factor: int) -> tuple[Any, ...]:
            return tuple(None if each is None else each * factor for each in gradients)

        def after(module: Any, grad_input: Any, grad_output: Any) -> Any:
            seen.append((values(grad_input), values(grad_output)))
            return scaled(grad_input, 10)

        module = Pair()
        module.register_full_backward_pre_hook(lambda module, grad_output: scaled(grad_output, 7))
        module.register_full_backward_hook(after)
        a, b = (library.ones(2, requires_grad=which != "inputs fixed") for _ in range(2))
        first, _, second = module(a, 2, b)
        (first + second if which == "both" else first).sum().backward()
        grads = [each.grad for each in (a, b, module.weight) if each.grad is not None]
        return seen, values(grads)

    ours = run(torch)
    assert ours == run(oracle)
    assert len(ours[0]) == 1


def test_backward_hook_with_another_number_of_gradients_is_refused() -> None:
    for library in (torch, oracle):
        module = library.nn.Linear(2, 2)
        module.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0], grad_input[0]))
        with pytest.raises(RuntimeError, match="grad_input"):
            module(library.ones(1, 2, requires_grad=True)).sum().backward()


def test_backward_hook_that_returns_no_tensor_is_refused() -> None:
    module = torch.nn.Linear(2, 2)
    module.register_full_backward_hook(lambda module, grad_input, grad_output: 3)
    with pytest.raises(TypeError, match="backward hook must return None or Tensors in place of grad_input, got int"):
        module(torch.ones(1, 2, requires_grad=True)).sum().backward()


def test_state_dict_hooks() -> None:
    def run(library: Any) -> tuple[list[Any], list[str]]:
        seen: list[Any] = []
        model = library.nn.Sequential(library.nn.Linear(1, 1))
        model[0].register_state_dict_pre_hook(lambda module, prefix, keep_vars: seen.append(("pre", prefix, keep_vars)))

        def post(module: Any, state: Any, prefix: str, metadata: Any) -> None:
            state[prefix + "extra"] = library.ones(1)

        handle = model[0].register_state_dict_post_hook(post)
        keys = list(model.state_dict())
        handle.remove()

        def rename(module: Any, state: Any, prefix: str, *_: Any) -> None:
            seen.append(("load", type(module).__name__, prefix))
            for key in list(state):
                state[key.replace("old.", "")] = state.pop(key)

        model.register_load_state_dict_pre_hook(rename)
        model.register_load_state_dict_post_hook(lambda module, keys: seen.append(("loaded", keys.missing_keys)))
        model.load_state_dict({"old." + key: value for key, value in model.state_dict().items()})
        return seen, keys

    assert run(torch) == run(oracle)


# ---------------------------------------------------------------- state


def test_state_dict_round_trip_and_sharing() -> None:
    ours, theirs = networks()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert dict(ours.state_dict()._metadata) == dict(theirs.state_dict()._metadata)
    other = network(torch).double()
    assert str(other.load_state_dict(ours.state_dict())) == "<All keys matched successfully>"
    x = random(4, 3)
    assert numpy.array_equal(to_array(other(x)), to_array(ours(x)))
    state = ours.state_dict()
    assert not state["0.weight"].requires_grad
    state["0.weight"].fill_(7.0)
    assert to_array(ours[0].weight).tolist() == [[7.0] * 3] * 5
    assert ours.state_dict(keep_vars=True)["0.weight"] is ours[0].weight


def test_reports_of_load_state_dict() -> None:
    ours, theirs = networks()

    def change(state: dict[str, Any], library: Any) -> dict[str, Any]:
        state = dict(state)
        del state["4.bias"], state["1.running_var"]
        state["surplus"] = library.zeros(1)
        state["0.weight"] = library.zeros(5, 2)
        state["3.0.weight"] = library.zeros(1)
        return state

    before = {key: to_array(value).copy() for key, value in ours.state_dict().items()}
    with pytest.raises(RuntimeError) as expected:
        theirs.load_state_dict(change(theirs.state_dict(), oracle))
    with pytest.raises(RuntimeError) as raised:
        ours.load_state_dict(change(ours.state_dict(), torch))
    assert str(raised.value).split() == str(expected.value).split()
    for key, value in ours.state_dict().items():
        assert numpy.array_equal(to_array(value), before[key]), "a failed load changes nothing"
    for library, model in ((torch, ours), (oracle, theirs)):
        state = dict(model.state_dict())
        del state["4.bias"]
        state["surplus"] = library.zeros(1)
        keys = model.load_state_dict(state, strict=False)
        assert keys == (["4.bias"], ["surplus"])


def test_assign_takes_the_tensors_themselves() -> None:
    for library in (torch, oracle):
        layer = library.nn.Linear(2, 2)
        state = {"weight": library.ones(2, 2), "bias": library.zeros(2)}
        layer.load_state_dict(state, assign=True)
        assert layer.weight.requires_grad
        assert isinstance(layer.weight, library.nn.Parameter)
        state["weight"].fill_(5.0)
        assert layer.weight.sum().item() == 20.0


def test_a_batch_norm_without_count_of_batches_loads_if_it_is_old() -> None:
    layer = torch.nn.BatchNorm1d(2)
    state = layer.state_dict()
    del state["num_batches_tracked"]
    with pytest.raises(RuntimeError, match="num_batches_tracked"):
        layer.load_state_dict(state)
    layer.load_state_dict({key: value for key, value in state.items()})  # a plain dictionary has no version: an old one


def test_extra_state() -> None:
    class Counter(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        def get_extra_state(self) -> Any:
            return {"count": self.count}

        def set_extra_state(self, state: Any) -> None:
            self.count = state["count"]

    one, other = torch.nn.Sequential(Counter()), torch.nn.Sequential(Counter())
    one[0].count = 3
    assert list(one.state_dict()) == ["0._extra_state"]
    other.load_state_dict(one.state_dict())
    assert other[0].count == 3
    with pytest.raises(RuntimeError, match=r"0\._extra_state"):
        other.load_state_dict({})


# ---------------------------------------------------------------- all of it at once


def test_training_and_evaluation() -> None:
    ours, theirs = networks()
    x = random(6, 3)
    for mode in (True, False):
        ours.train(mode), theirs.train(mode)
        assert {m.training for m in ours.modules()} == {mode}
        assert_close(ours(x), theirs(theirs_of(x)))
    assert_close(tuple(ours.buffers()), tuple(theirs.buffers()))


def test_conversion_keeps_parameters_and_casts_gradients() -> None:
    model = network(torch)
    weight = model[0].weight
    model(torch.ones(4, 3)).sum().backward()
    assert model.double() is model
    assert model[0].weight is weight
    assert {str(t.dtype) for t in model.state_dict().values()} == {"torch.float64", "torch.int64"}
    assert weight.grad.dtype == torch.float64
    assert {each.dtype for each in model.half().parameters()} == {torch.float16}
    assert {each.dtype for each in model.to(dtype=torch.float32).parameters()} == {torch.float32}
    assert {each.dtype for each in model.to("cpu", torch.float64).parameters()} == {torch.float64}
    assert model.to(torch.ones(1, dtype=torch.float32))[0].weight.dtype == torch.float32


def test_apply_visits_children_first() -> None:
    def visited(library: Any) -> list[str]:
        names: list[str] = []
        model = network(library)
        assert model.apply(lambda module: names.append(type(module).__name__)) is model
        return names

    assert visited(torch) == visited(oracle)


def test_freezing_and_zeroing() -> None:
    model = network(torch)
    model(torch.ones(4, 3)).sum().backward()
    model.zero_grad(set_to_none=False)
    assert all(to_array(each.grad).sum() == 0 for each in model.parameters())
    model.zero_grad()
    assert all(each.grad is None for each in model.parameters())
    assert not any(each.requires_grad for each in model.requires_grad_(False).parameters())
    assert not model(torch.ones(4, 3)).requires_grad


def test_a_deep_copy_has_parameters_of_its_own() -> None:
    model = network(torch)
    model[0].tied = model[4].weight
    model(torch.ones(4, 3)).sum().backward()
    twin = copy.deepcopy(model)
    assert repr(twin) == repr(model)
    assert twin[0].tied is twin[4].weight
    before = to_array(model[0].weight.grad).copy()
    twin(torch.ones(4, 3)).sum().backward()
    assert numpy.array_equal(to_array(model[0].weight.grad), before), "the copy's gradient went to the original"
    assert not numpy.shares_memory(to_array(twin[0].weight), to_array(model[0].weight))


def test_pickling() -> None:
    model = network(torch)
    twin = pickle.loads(pickle.dumps(model))
    x = torch.ones(4, 3)
    assert numpy.array_equal(to_array(twin(x)), to_array(model(x)))
    assert [name for name, _ in twin.named_parameters()] == [name for name, _ in model.named_parameters()]
    twin(x).sum().backward()
    assert twin[0].weight.grad is not None


def test_functions_that_a_module_holds_are_pickled_by_name(tmp_path: Any) -> None:
    functional = torch.nn.functional
    for name in functional.__all__:
        assert pickle.loads(pickle.dumps(getattr(functional, name))) is getattr(functional, name)
    layer = torch.nn.TransformerEncoderLayer(8, 2, activation="gelu")
    torch.save(layer, tmp_path / "layer.pt")
    assert torch.load(tmp_path / "layer.pt", weights_only=False).activation is functional.gelu


def test_a_module_is_freed_without_the_collector() -> None:
    gc.disable()
    try:
        model = network(torch)
        model(torch.ones(4, 3)).sum().backward()
        alive = weakref.ref(model[0])
        del model
        assert alive() is None
    finally:
        gc.enable()


# ---------------------------------------------------------------- containers and lazy modules


def test_containers_as_lists_and_dictionaries() -> None:
    def run(library: Any) -> list[str]:
        nn = library.nn
        chain = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
        chain.append(nn.Linear(2, 3)).insert(1, nn.Tanh())
        chain.extend([nn.Sigmoid()])
        popped = chain.pop(0)
        layers = nn.ModuleList([nn.Linear(1, 1) for _ in range(3)])
        layers += [nn.ReLU(), nn.ReLU()]
        layers.insert(1, nn.Tanh())
        del layers[0]
        named = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Tanh()})
        named.update([("c", nn.Linear(1, 1))])
        parameters = nn.ParameterList([library.ones(2), nn.Parameter(library.zeros(3, 4))])
        parameters.append(library.zeros(1))
        mapping = nn.ParameterDict({"x": library.ones(2)})
        texts = [
            repr(each)
            for each in (chain, popped, layers, layers[1:3], chain[1:], named, chain + chain, parameters, mapping)
        ]
        texts += [str(list(named)), str(len(layers)), str("a" in named), str(named.pop("a")), str(list(named.keys()))]
        texts += [str([name for name, _ in nn.Sequential(parameters, mapping).named_parameters()])]
        return texts

    assert run(torch) == run(oracle)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda nn: nn.LazyLinear(4), (2, 3)),
        (lambda nn: nn.LazyConv1d(4, 3), (2, 3, 8)),
        (lambda nn: nn.LazyConv2d(4, 3, groups=3 - 2), (3, 8, 8)),
        (lambda nn: nn.LazyConv3d(4, 3, bias=False), (2, 3, 5, 5, 5)),
        (lambda nn: nn.LazyConvTranspose2d(4, 3), (2, 3, 5, 5)),
        (lambda nn: nn.LazyBatchNorm1d(), (2, 3)),
        (lambda nn: nn.LazyBatchNorm2d(affine=False), (2, 3, 4, 4)),
        (lambda nn: nn.LazyInstanceNorm2d(), (2, 3, 4, 4)),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_lazy_modules_become_ordinary_ones(make: Any, shape: tuple[int, ...]) -> None:
    results = []
    for library in (torch, oracle):
        layer = make(library.nn)
        if any(True for _ in layer.parameters()):
            with pytest.raises(RuntimeError):
                next(iter(layer.parameters())).shape
        library.manual_seed(0)
        output = layer(library.from_numpy(to_array(random(*shape, dtype=numpy.float32))))
        results.append([repr(layer), type(layer).__name__, list(layer.state_dict()), to_array(output)])
        if library is torch:
            assert not layer._hooked, "nothing is left that every call would pay for"
        if any(True for _ in layer.parameters()):
            (output**2).sum().backward()
            results[-1] += [to_array(each.grad) for each in layer.parameters()]
            library.optim.SGD(layer.parameters(), lr=0.1).step()
            results[-1] += [to_array(each) for each in layer.parameters()]
    assert results[0][:3] == results[1][:3]
    for ours, theirs in zip(results[0][3:], results[1][3:], strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_lazy_module_takes_a_state_dict() -> None:
    full = torch.nn.Linear(3, 4)
    lazy = torch.nn.LazyLinear(4)
    lazy.load_state_dict(full.state_dict())
    x = torch.ones(2, 3)
    assert numpy.array_equal(to_array(lazy(x)), to_array(full(x)))
    assert repr(lazy) == repr(full)


def test_a_copied_lazy_module_and_its_original_become_ordinary_by_themselves() -> None:
    lazy = torch.nn.Sequential(torch.nn.LazyLinear(3))
    for twin in (copy.deepcopy(lazy), pickle.loads(pickle.dumps(lazy))):
        twin(torch.ones(2, 4))
        assert repr(twin[0]) == "Linear(in_features=4, out_features=3, bias=True)"
    assert repr(lazy[0]) == "LazyLinear(in_features=0, out_features=3, bias=True)"
    lazy(torch.ones(2, 5))
    assert repr(lazy[0]) == "Linear(in_features=5, out_features=3, bias=True)"


def test_copies_of_parameters_start_without_a_gradient() -> None:
    for library in (torch, oracle):
        model = library.nn.Linear(2, 1)
        model(library.ones(1, 2)).sum().backward()
        twin = copy.deepcopy(model)
        assert all(each.grad is None for each in twin.parameters())
        assert all(each.grad is not None for each in model.parameters())
        x = library.ones(2, requires_grad=True)
        x.sum().backward()
        assert copy.deepcopy(x).grad.tolist() == [1.0, 1.0]


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
@pytest.mark.parametrize("of_model", [True, False])
def test_zero_grad_to_zeros_is_in_place_and_clears_nan(of_model: bool) -> None:
    for library in (torch, oracle):
        model = library.nn.Linear(2, 1)
        (model(library.ones(1, 2)).sum() * math.inf * 0).backward(create_graph=True)
        held = model.weight.grad
        assert held.isnan().all()
        owner = model if of_model else library.optim.SGD(model.parameters(), lr=0.1)
        owner.zero_grad(set_to_none=False)
        assert model.weight.grad is held
        assert held.tolist() == [[0.0, 0.0]] and not held.requires_grad


@pytest.mark.parametrize(
    "call",
    [
        lambda library: library.nn.Linear(3, 4)([1, 2, 3]),
        lambda library: library.nn.Sequential(library.nn.Linear(3, 4))(3),
        lambda library: library.nn.Embedding(3, 4)([1]),
        lambda library: library.nn.Dropout()(3.0),
        lambda library: library.nn.functional.cross_entropy(library.zeros(2, 3), [1, 2]),
        lambda library: library.nn.functional.cross_entropy(numpy.zeros((2, 3)), library.tensor([1, 2])),
        lambda library: library.softmax([1.0, 2.0], 0),
        lambda library: library.sum([1, 2]),
        lambda library: library.mean(3.0),
        lambda library: library.argmax([1, 2]),
    ],
)
def test_what_is_no_tensor_is_refused_by_name(call: Any) -> None:
    with pytest.raises(TypeError):
        call(oracle)
    with pytest.raises(TypeError, match=r"must be a Tensor, got (list|int|float|ndarray)"):
        call(torch)
