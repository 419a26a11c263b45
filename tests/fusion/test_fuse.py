"""Fused functions against PyTorch, and against the ordinary operations."""

import copy
import pickle
import threading
import warnings

import numpy
import pytest

torch = pytest.importorskip("torch")

import tinygrad_i2dl  # noqa: E402
from tests.fusion.expressions import EXPRESSIONS, SINGLE  # noqa: E402
from tinygrad_i2dl import fuse  # noqa: E402
from tinygrad_i2dl.errors import GraphError  # noqa: E402

# Relative to the largest magnitude on the way, which is below 100 for values and below 1000 for gradients.
TOLERANCE = {"float32": (3e-5, 2e-4), "float64": (1e-11, 1e-10)}


def draw(shapes, dtype, positive=False, seed=0):
    random = numpy.random.default_rng(seed)
    return [numpy.asarray(random.uniform(0.2 if positive else -3, 3, shape)).astype(dtype) for shape in shapes]


@pytest.mark.parametrize(
    "name, dtype",
    [(name, "float32") for name in EXPRESSIONS] + [(name, "float64") for name in EXPRESSIONS if name not in SINGLE],
)
def test_values_and_gradients_are_pytorchs(name, dtype):
    function, *shapes = EXPRESSIONS[name]
    arrays = draw(shapes, dtype, name.endswith("+"))
    ours = [tinygrad_i2dl.tensor(each, requires_grad=True) for each in arrays]
    theirs = [torch.tensor(each, requires_grad=True) for each in arrays]
    fused = fuse(lambda *tensors: function(tinygrad_i2dl, *tensors))
    result, expected = fused(*ours), function(torch, *theirs)
    assert fused.reason is None
    assert str(result.dtype) == str(expected.dtype) and result.requires_grad == expected.requires_grad
    value, slope = TOLERANCE[dtype]
    numpy.testing.assert_allclose(result.detach().numpy(), expected.detach().numpy(), rtol=value, atol=value / 10)
    g = draw([expected.shape], dtype, seed=1)[0]
    result.backward(tinygrad_i2dl.tensor(g))
    expected.backward(torch.tensor(g))
    for our, their in zip(ours, theirs, strict=True):
        numpy.testing.assert_allclose(our.grad.numpy(), their.grad.numpy(), rtol=slope, atol=slope / 10)


SPECIAL = [numpy.nan, numpy.inf, -numpy.inf, 0.0, -0.0, 1.0, -1.0, 88.0, -88.0, 1e30, -1e30, 1e-30]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_nan_and_infinity_are_what_reference_kernels_give(name):
    function, *shapes = EXPRESSIONS[name]
    if shapes.count(shapes[0]) != len(shapes):
        shapes = [(144,)] * len(shapes)
    grid = numpy.meshgrid(SPECIAL, SPECIAL)
    arrays = [grid[place % 2].reshape(-1).astype(numpy.float32) for place in range(len(shapes))]
    if name in ("channels", "middle"):
        arrays = [each.reshape(1, 3, 12, 4) for each in arrays]

    def run(call):
        tensors = [tinygrad_i2dl.tensor(each, requires_grad=True) for each in arrays]
        result = call(*tensors)
        result.sum().backward() if result.dtype.is_floating_point else None
        return result.detach().numpy(), [each.grad.numpy() for each in tensors]

    fused = fuse(lambda *tensors: function(tinygrad_i2dl, *tensors))
    value, slopes = run(fused)
    assert fused.reason is None
    with tinygrad_i2dl.use_backend("numpy"):
        expected, expected_slopes = run(fused.function)
    check_alike(value, expected, 1e-37)
    for slope, expected_slope in zip(slopes, expected_slopes, strict=True):
        check_alike(slope, expected_slope, 1e-6)


def check_alike(value, expected, tolerance):
    """NaN and infinity in the same places; numbers near."""
    numpy.testing.assert_array_equal(numpy.isnan(value), numpy.isnan(expected))
    numpy.testing.assert_allclose(value, expected, rtol=1e-4, atol=tolerance)


def test_a_function_in_the_middle_of_a_graph():
    x = tinygrad_i2dl.tensor([0.5, -1.0, 2.0], dtype=tinygrad_i2dl.float64, requires_grad=True)
    f = fuse(lambda a, b: a * tinygrad_i2dl.exp(b))
    (f(x * 2, x.sum()) ** 2).sum().backward()
    y = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
    ((y * 2 * torch.exp(y.sum())) ** 2).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12)
    assert f.reason is None


def test_a_tensor_given_twice():
    x = tinygrad_i2dl.tensor([0.5, -1.0], dtype=tinygrad_i2dl.float64, requires_grad=True)
    f = fuse(lambda a, b: a * b * b)
    f(x, x).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), 3 * x.detach().numpy() ** 2)


@pytest.mark.parametrize("layout", ["transposed", "sliced", "expanded", "empty", "offset", "read only"])
def test_layouts(layout):
    base = numpy.random.default_rng(0).standard_normal((6, 8))
    array = {
        "transposed": base.T, "sliced": base[::2, 1::3],
        "expanded": numpy.broadcast_to(base[:, :1], (6, 8)), "empty": base[:, :0],
        "offset": numpy.frombuffer(b"\0" + base.tobytes(), numpy.uint8)[1:].view(numpy.float64).reshape(6, 8),
        "read only": base,
    }[layout]  # fmt: skip
    if layout == "read only":
        array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = tinygrad_i2dl.from_numpy(array).requires_grad_()
    other = tinygrad_i2dl.tensor(numpy.arange(array.shape[1], dtype=float), requires_grad=True)
    f = fuse(lambda a, b: tinygrad_i2dl.tanh(a) * b + a)
    result = f(x, other)
    assert f.reason is None and result.shape == x.shape
    numpy.testing.assert_allclose(
        result.detach().numpy(), numpy.tanh(array) * other.detach().numpy() + array, rtol=1e-13
    )
    result.sum().backward()
    numpy.testing.assert_allclose(
        x.grad.numpy(), (1 - numpy.tanh(array) ** 2) * other.detach().numpy() + 1, rtol=1e-9, atol=1e-12
    )
    numpy.testing.assert_allclose(other.grad.numpy(), numpy.tanh(array).sum(0), rtol=1e-12)


# ---------------------------------------------------------------- derivatives of higher order


@pytest.mark.parametrize(
    "name", ["the README's", "gate", "where", "row and column", "channels", "gelu by tanh", "power of tensors+"]
)
def test_second_derivatives(name):
    function, *shapes = EXPRESSIONS[name]
    arrays = draw([tuple(min(size, 2) for size in shape) for shape in shapes], "float64", name.endswith("+"))
    tensors = [tinygrad_i2dl.tensor(each, requires_grad=True) for each in arrays]
    fused = fuse(lambda *given: function(tinygrad_i2dl, *given))
    assert tinygrad_i2dl.autograd.gradcheck(fused, tensors)
    assert tinygrad_i2dl.autograd.gradgradcheck(fused, tensors)
    assert fused.reason is None


def test_third_derivative():
    f = fuse(lambda a: tinygrad_i2dl.sin(2 * a) * a)
    x = tinygrad_i2dl.tensor([0.3, 1.2], dtype=tinygrad_i2dl.float64, requires_grad=True)
    g = f(x)
    for _ in range(3):
        (g,) = tinygrad_i2dl.autograd.grad(g.sum(), x, create_graph=True)
    a = numpy.array([0.3, 1.2])
    numpy.testing.assert_allclose(g.detach().numpy(), -12 * numpy.sin(2 * a) - 8 * a * numpy.cos(2 * a), rtol=1e-10)


# ---------------------------------------------------------------- the engine's rules


def test_a_changed_input_is_refused_backward():
    x = tinygrad_i2dl.ones(3, requires_grad=True)
    y = tinygrad_i2dl.ones(3)
    result = fuse(lambda a, b: a * b)(x, y)
    y.add_(1)
    with pytest.raises(GraphError, match="changed in place 1 time"):
        result.sum().backward()


def test_backward_twice_needs_retain_graph():
    x = tinygrad_i2dl.ones(3, requires_grad=True)
    result = fuse(lambda a: a * a)(x).sum()
    result.backward(retain_graph=True)
    result.backward()
    with pytest.raises(GraphError, match="retain_graph"):
        result.backward()
    numpy.testing.assert_array_equal(x.grad.numpy(), [4, 4, 4])


def test_only_gradients_that_are_needed_are_computed():
    x, y = tinygrad_i2dl.ones(3, requires_grad=True), tinygrad_i2dl.ones(3)
    f = fuse(lambda a, b: a * b)
    result = f(x, y)
    result.sum().backward()
    assert y.grad is None and x.grad is not None
    assert "out1" not in f.source(x, y, backward=True)


def test_an_input_without_influence_gets_no_gradient():
    x, y = tinygrad_i2dl.ones(3, requires_grad=True), tinygrad_i2dl.ones(3, requires_grad=True)
    fuse(lambda a, b: a * 2 + b.detach())(x, y).sum().backward()
    assert y.grad is None
    numpy.testing.assert_array_equal(x.grad.numpy(), [2, 2, 2])


def test_without_recording():
    x = tinygrad_i2dl.ones(3, requires_grad=True)
    f = fuse(lambda a: a * 2)
    with tinygrad_i2dl.no_grad():
        assert not f(x).requires_grad
    assert f(x).requires_grad and f.reason is None
    compare = fuse(lambda a: a > 0)
    assert compare(x).dtype is tinygrad_i2dl.bool and not compare(x).requires_grad and compare.reason is None


def test_mixed_dtypes_are_promoted():
    x = tinygrad_i2dl.ones(3, requires_grad=True)
    y = tinygrad_i2dl.ones(3, dtype=tinygrad_i2dl.float64, requires_grad=True)
    mask = tinygrad_i2dl.tensor([True, False, True])
    f = fuse(lambda a, b, m: tinygrad_i2dl.where(m, a * b, b.float()) * 3)
    result = f(x, y, mask)
    assert f.reason is None and result.dtype is tinygrad_i2dl.float64
    result.sum().backward()
    assert x.grad.dtype is tinygrad_i2dl.float32 and y.grad.dtype is tinygrad_i2dl.float64
    numpy.testing.assert_array_equal(x.grad.numpy(), [3, 0, 3])


def test_the_profile_names_the_loop_and_who_ran_it():
    x = tinygrad_i2dl.ones(3, requires_grad=True)
    f = fuse(lambda a: tinygrad_i2dl.exp(a) * 2)
    f(x).sum().backward()
    with tinygrad_i2dl.profile() as profile:
        f(x).sum().backward()
    events = [
        (event.name, event.direction, event.provider) for event in profile.events if "fused" in event.name.lower()
    ]
    assert ("fused", "forward", "numba") in events and ("fused_backward", "backward", "numba") in events
    assert not [event for event in profile.events if event.name == "exp"]


def test_reference_kernels_run_what_a_loop_recorded():
    x = tinygrad_i2dl.tensor([0.5, -1.0], requires_grad=True)
    f = fuse(lambda a: tinygrad_i2dl.tanh(a) * a)
    result = f(x)
    with tinygrad_i2dl.use_backend("numpy"):
        result.sum().backward()
        f(x)
        assert "backend numpy" in f.reason
    a = x.detach().numpy()
    numpy.testing.assert_allclose(x.grad.numpy(), numpy.tanh(a) + a * (1 - numpy.tanh(a) ** 2), rtol=1e-5)


# ---------------------------------------------------------------- arguments


def test_numbers_keywords_and_defaults():
    @fuse
    def f(x, scale=2.0, *, shift=0, y=None):
        return x * scale + shift if y is None else x * y

    x = tinygrad_i2dl.tensor([1.0, 2.0])
    cases = [((x,), {}), ((x, 3.0), {}), ((x,), {"shift": 1}), ((x,), {"y": x}), ((), {"x": x, "scale": 5})]
    for args, kwargs in cases:
        expected = f.function(*args, **kwargs)
        numpy.testing.assert_array_equal(f(*args, **kwargs).numpy(), expected.numpy())
        assert f.reason is None


FACTOR = 2.0


def test_numbers_from_outside_are_noticed_when_they_change(monkeypatch):
    shift = 1.0

    @fuse
    def f(x):
        return x * FACTOR + shift

    x = tinygrad_i2dl.ones(3)
    assert f(x).tolist() == [3.0] * 3
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert f(x).tolist() == [6.0] * 3
    shift = 0.5
    assert f(x).tolist() == [5.5] * 3 and f.reason is None


def test_the_default_dtype_is_noticed():
    f = fuse(lambda x: tinygrad_i2dl.where(x > 0, 1.5, 0.5))
    x = tinygrad_i2dl.ones(3)
    assert f(x).dtype is tinygrad_i2dl.float32
    tinygrad_i2dl.set_default_dtype(tinygrad_i2dl.float64)
    try:
        assert f(x).dtype is f.function(x).dtype
    finally:
        tinygrad_i2dl.set_default_dtype(tinygrad_i2dl.float32)


def test_fused_functions_inside_one_another():
    inner = fuse(lambda x: tinygrad_i2dl.tanh(x) * 2)
    outer = fuse(lambda x: inner(x) + x)
    x = tinygrad_i2dl.ones(3, requires_grad=True)
    result = outer(x)
    assert outer.reason is None and inner.reason == "it is part of another fused function"
    numpy.testing.assert_allclose(result.detach().numpy(), numpy.tanh(1) * 2 + 1, rtol=1e-6)


def test_copies_and_pickles_compute_the_same():
    x = tinygrad_i2dl.ones(2, requires_grad=True)
    module = tinygrad_i2dl.nn.Module()
    module.named, module.unnamed = doubled, fuse(lambda x: x * 3)
    twin = copy.deepcopy(module)
    assert twin.named is doubled and twin.unnamed(x).tolist() == [3.0, 3.0]
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert pickle.loads(pickle.dumps(fuse(tinygrad_i2dl.sigmoid)))(x).tolist() == tinygrad_i2dl.sigmoid(x).tolist()


@fuse
def doubled(x):
    return x * 2


def test_parameters_and_modules_use_it():
    class Gate(tinygrad_i2dl.nn.Module):
        def __init__(self):
            super().__init__()
            self.slope = tinygrad_i2dl.nn.Parameter(tinygrad_i2dl.ones(4))

        def forward(self, x):
            return gate(x, self.slope)

    gate = fuse(lambda x, slope: x * tinygrad_i2dl.sigmoid(slope * x))
    module = Gate()
    module(tinygrad_i2dl.ones(3, 4)).sum().backward()
    assert module.slope.grad.shape == (4,) and gate.reason is None


# ---------------------------------------------------------------- what is not fused, and why

X = numpy.random.default_rng(0).standard_normal((3, 3)).astype(numpy.float32)
CAPTURED = tinygrad_i2dl.ones(3)

REFUSED = {
    "sum": (lambda x: x - x.sum(), "'sum', which is not elementwise"),
    "mean": (lambda x: x - x.mean(0), "not elementwise"),
    "softmax": (lambda x: tinygrad_i2dl.softmax(x, -1), "not elementwise"),
    "matmul": (lambda x: x @ x, "matrix product|not elementwise"),
    "index": (lambda x: x * x[0], "parts of a tensor"),
    "transpose": (lambda x: x + x.T, "not elementwise"),
    "reshape": (lambda x: (x * 2).reshape(-1), "'reshape'"),
    "if": (lambda x: x * 2 if x.sum() > 0 else -x, "'sum'"),
    "bool": (lambda x: x * 2 if x[0, 0] > 0 else -x, "parts of a tensor"),
    "item": (lambda x: x * float(x.max().item()), "'max'"),
    "identity": (lambda x: x, "returns an argument"),
    "constant": (lambda x: tinygrad_i2dl.ones(3), "does not depend"),
    "two results": (lambda x: (x * 2, x * 3), "returns a tuple"),
    "number": (lambda x: 2.0, "returns a float"),
    "captured": (lambda x: x * CAPTURED, "not one of its arguments"),
    "captured scalar": (lambda x: x * CAPTURED[0], "not one of its arguments"),
    "random": (lambda x: x * tinygrad_i2dl.ones(3, 3).bernoulli(), "draws random numbers"),
    "integers inside": (lambda x: x * x.long(), "int64"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_elementwise_runs_as_ordinary_operations(name):
    function, reason = REFUSED[name]
    fused = fuse(function)
    x = tinygrad_i2dl.tensor(X)
    with pytest.warns(UserWarning, match="runs as ordinary operations"):
        result = fused(x)
    import re

    assert re.search(reason, fused.reason), fused.reason
    if isinstance(result, tinygrad_i2dl.Tensor) and name != "random":
        numpy.testing.assert_array_equal(result.numpy(), function(x).numpy())
    with pytest.raises(RuntimeError, match="has no loop: "):
        fused.source(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it was told once
        fused(x)


def test_a_change_of_an_argument_in_place_happens():
    f = fuse(lambda x: x.add_(1) * 2)
    x = tinygrad_i2dl.zeros(3)
    with pytest.warns(UserWarning, match="changes an argument in place"):
        result = f(x)
    assert x.tolist() == [1.0] * 3 and result.tolist() == [2.0] * 3
    f(x)
    assert x.tolist() == [2.0] * 3


def test_what_does_not_fit_in_place_is_refused():
    f = fuse(lambda b, x: (b * 2).add_(x))
    with pytest.warns(UserWarning, match="could not be traced"), pytest.raises(RuntimeError, match="does not fit"):
        f(tinygrad_i2dl.ones(4), tinygrad_i2dl.ones(3, 4))


def test_changing_whether_an_argument_requires_a_gradient_happens():
    x = tinygrad_i2dl.ones(3)
    f = fuse(lambda x: x.requires_grad_() * 2)
    with pytest.warns(UserWarning, match="changes whether an argument requires a gradient"):
        f(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


def test_a_copy_inside():
    x = tinygrad_i2dl.ones(3, requires_grad=True)
    f = fuse(lambda x: x.clone().mul_(2) * x)
    f(x).sum().backward()
    assert f.reason is None and x.grad.tolist() == [4.0] * 3


def test_filling_inside():
    x = tinygrad_i2dl.tensor([1.0, 2.0], requires_grad=True)
    f = fuse(lambda x: (x * 1).zero_() + (x * 1).fill_(3.0) * x)
    f(x).sum().backward()
    assert f.reason is None and f(x).tolist() == [3.0, 6.0] and x.grad.tolist() == [3.0, 3.0]


def test_numbers_that_change_in_every_call_are_compiled_a_few_times_only():
    f = fuse(lambda x, rate: x * rate + 0.25)
    x = tinygrad_i2dl.ones(3)
    for place in range(8):
        assert f(x, 1.5 + place).tolist() == [1.75 + place] * 3 and f.reason is None
    with pytest.warns(UserWarning, match="pass them as tensors without dimensions"):
        assert f(x, 10.5).tolist() == [10.75] * 3
    assert f(x, 1.5).tolist() == [1.75] * 3 and f.reason is None
    for place in range(10):
        assert f(x, tinygrad_i2dl.tensor(1.5 + place)).tolist() == [1.75 + place] * 3 and f.reason is None


def test_looking_at_one_value():
    f = fuse(lambda x: x * 2 if x > 0 else -x)
    for value in (1.0, -3.0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert f(tinygrad_i2dl.tensor(value)).item() == (2.0 if value > 0 else 3.0)
    assert "looks at the values" in f.reason


def test_hooks_are_not_lost():
    def function(x):
        y = x * 2
        if y.requires_grad:
            y.register_hook(lambda g: 10 * g)
        return y * y

    f = fuse(function)
    x = tinygrad_i2dl.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="registers hooks"):
        f(x).sum().backward()
    assert x.grad.tolist() == [80.0, 80.0]


def test_other_dtypes():
    f = fuse(lambda x: x * 2)
    with pytest.warns(UserWarning, match="dtype int64"):
        assert f(tinygrad_i2dl.tensor([1, 2])).tolist() == [2, 4]
    assert f(tinygrad_i2dl.ones(2, dtype=tinygrad_i2dl.float16)).dtype is tinygrad_i2dl.float16
    assert "float16" in f.reason


def test_other_arguments():
    f = fuse(lambda x, options: x * options["scale"])
    with pytest.warns(UserWarning, match="an argument is a dict"):
        assert f(tinygrad_i2dl.ones(2), {"scale": 3.0}).tolist() == [3.0, 3.0]
    assert fuse(lambda: 3)() == 3


def test_errors_are_the_functions_own():
    def function(x, y):
        return x * y

    f = fuse(function)
    with pytest.warns(UserWarning, match="could not be traced"), pytest.raises(RuntimeError, match="do not broadcast"):
        f(tinygrad_i2dl.ones(2), tinygrad_i2dl.ones(3))
    with pytest.raises(TypeError, match="fuse decorates a function"):
        fuse(3)
    with pytest.raises(ValueError, match="'numba' or 'cuda'"):
        f.source(tinygrad_i2dl.ones(2), tinygrad_i2dl.ones(2), language="c")


def test_without_numba(monkeypatch):
    from tinygrad_i2dl.fusion import decorator

    monkeypatch.setattr(decorator, "_why_not_numba", lambda: "Numba is not installed: pip install ...")
    f = fuse(lambda x: x * 2)
    with pytest.warns(UserWarning, match="Numba is not installed: pip install"):
        assert f(tinygrad_i2dl.ones(2)).tolist() == [2.0, 2.0]


def test_small_tensors_stay_with_ordinary_operations(monkeypatch):
    from tinygrad_i2dl.fusion import decorator

    monkeypatch.setattr(decorator, "FEWEST", 1 << 12)
    f = fuse(lambda x: x * 2)
    f(tinygrad_i2dl.ones(10))
    assert "small" in f.reason and "small" in repr(f)
    monkeypatch.setattr(decorator, "WORTH", 1 << 18)
    f(tinygrad_i2dl.ones(1 << 13))
    assert "small" in f.reason
    f(tinygrad_i2dl.ones(1 << 18))
    assert f.reason is None and "one loop" in repr(f)


# ---------------------------------------------------------------- threads, and the cache on disk


def test_many_threads_call_one_function():
    f = fuse(lambda a, b: tinygrad_i2dl.tanh(a) * b - a)
    array = numpy.random.default_rng(0).standard_normal(1000)
    expected = numpy.tanh(array) * 2 - array
    wrong = []

    def work():
        for _ in range(20):
            x = tinygrad_i2dl.tensor(array, requires_grad=True)
            result = f(x, tinygrad_i2dl.tensor(2.0, dtype=tinygrad_i2dl.float64))
            result.sum().backward()
            if not numpy.allclose(result.detach().numpy(), expected, rtol=1e-12) or x.grad is None:
                wrong.append(result)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("shapes", [((300, 1000), (300, 1000)), ((300, 1000), (1000,)), ((1, 300_000), (1, 1))])
def test_work_is_split_over_threads(shapes, monkeypatch):
    from tinygrad_i2dl.fusion import loop

    monkeypatch.setattr(loop, "allowed_threads", lambda: 3)
    monkeypatch.setattr(loop, "SPLIT_FROM", 1000)
    x, y = (tinygrad_i2dl.tensor(each, requires_grad=True) for each in draw(shapes, "float32"))
    f = fuse(lambda a, b: a * b + a)
    result = f(x, y)
    assert f.reason is None
    numpy.testing.assert_allclose(result.detach().numpy(), (x * y + x).detach().numpy(), rtol=1e-6, atol=1e-6)
    result.sum().backward()
    expected = numpy.broadcast_to(y.detach().numpy() + 1, x.shape)
    numpy.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-6, atol=1e-6)


def test_loops_are_kept_on_disk(cache_of_this_run):
    before = set(cache_of_this_run.glob("fused_*.py"))
    f = fuse(lambda a: a * 1.2345 + 6.789)
    f(tinygrad_i2dl.ones(3))
    (path,) = set(cache_of_this_run.glob("fused_*.py")) - before
    assert "c1 = f32(1.2345" in path.read_text()
    assert list(cache_of_this_run.rglob(f"{path.stem}*.nbi")), "Numba kept no machine code"
    assert not list(cache_of_this_run.rglob("*.temporary"))


def test_a_folder_that_cannot_be_written_to(monkeypatch):
    from tinygrad_i2dl.fusion import loop

    monkeypatch.setattr(loop, "cache_folder", lambda: None)
    f = fuse(lambda a: a * 2.3456 + 7.89)
    numpy.testing.assert_allclose(f(tinygrad_i2dl.ones(3)).numpy(), 2.3456 + 7.89, rtol=1e-6)
    assert f.reason is None


def test_importing_the_library_does_not_import_numba():
    import subprocess
    import sys

    text = "import sys, tinygrad_i2dl; tinygrad_i2dl.fuse(lambda x: x); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
