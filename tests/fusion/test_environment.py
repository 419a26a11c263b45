"""A fused function gives what the function would give, whatever it reads besides its arguments, and whenever that
changes."""

import functools
import random
import re
import types
import warnings

import numpy
import pytest

import tinygrad_i2dl as torch

NUMBER, LATE, MODE = 2.0, None, "abs"
NUMPY_NUMBER = numpy.float64(2.0)
LISTED, NAMED = [2.0, {"a": 3.0}], {"scale": 2.0}
SETTINGS = types.ModuleType("settings")
SETTINGS.scale = 2.0
TENSOR = torch.tensor(2.0)


class Scale:
    factor = 2.0

    def __init__(self):
        self.own = 3.0

    def __call__(self, x):
        return x * self.own

    def method(self, x):
        return (lambda y: y * self.own)(x) * self.factor

    @property
    def twice(self):
        return 2 * self.own


OBJECT = Scale()


def scaled(x):
    return x * NUMBER


def other(x):
    return x * 7


@functools.lru_cache
def cached(number):
    return number * NUMBER


def with_defaults(x, scale=2.0, *, shift=1.0):
    return x * scale + shift


def by_mode(x):
    return torch.abs(x) if MODE == "abs" else torch.neg(x)


def set_global(name, value):
    return lambda patch: patch.setitem(globals(), name, value)


CHANGES = {
    "number": (lambda x: x * NUMBER, set_global("NUMBER", 5.0)),
    "sign of zero": (lambda x: torch.copysign(x, x * 0 + NUMBER), set_global("NUMBER", -0.0)),
    "set later": (lambda x: x * (LATE or 1.0), set_global("LATE", 5.0)),
    "text": (by_mode, set_global("MODE", "neg")),
    "number of NumPy": (lambda x: x * NUMPY_NUMBER, set_global("NUMPY_NUMBER", numpy.float64(5))),
    "list": (
        lambda x: x * LISTED[0] + LISTED[1]["a"],
        lambda patch: patch.setitem(globals(), "LISTED", [5.0, LISTED[1]]),
    ),
    "dictionary in a list": (lambda x: x * LISTED[1]["a"], lambda patch: patch.setitem(LISTED[1], "a", 5.0)),
    "dictionary": (lambda x: x * NAMED["scale"], lambda patch: patch.setitem(NAMED, "scale", 5.0)),
    "get": (lambda x: x * NAMED.get("scale"), lambda patch: patch.setitem(NAMED, "scale", 5.0)),
    "module": (lambda x: x * SETTINGS.scale, lambda patch: patch.setattr(SETTINGS, "scale", 5.0)),
    "attribute": (lambda x: x * OBJECT.own, lambda patch: patch.setattr(OBJECT, "own", 5.0)),
    "property": (lambda x: x * OBJECT.twice, lambda patch: patch.setattr(OBJECT, "own", 5.0)),
    "attribute of a class": (lambda x: x * Scale.factor, lambda patch: patch.setattr(Scale, "factor", 5.0)),
    "method": (lambda x: OBJECT.method(x), lambda patch: patch.setattr(OBJECT, "own", 5.0)),
    "bound method": (OBJECT.method, lambda patch: patch.setattr(Scale, "factor", 5.0)),
    "object that is called": (OBJECT, lambda patch: patch.setattr(OBJECT, "own", 5.0)),
    "number of a function called": (lambda x: scaled(x), set_global("NUMBER", 5.0)),
    "function called": (lambda x: scaled(x), set_global("scaled", other)),
    "inner function": (lambda x: sum(scaled(y) for y in (x, x)), set_global("NUMBER", 5.0)),
    "partial function": (functools.partial(lambda x, y: x * y * NUMBER, y=2.0), set_global("NUMBER", 5.0)),
    "cached function": (lambda x: x * cached(3.0) * NUMBER, set_global("NUMBER", 5.0)),
    "fused function": (torch.fuse(scaled), set_global("NUMBER", 5.0)),
    "decorated function": (torch.no_grad()(scaled), set_global("NUMBER", 5.0)),
    "defaults": (with_defaults, lambda patch: patch.setattr(with_defaults, "__defaults__", (5.0,))),
    "defaults by name": (with_defaults, lambda patch: patch.setattr(with_defaults, "__kwdefaults__", {"shift": 5.0})),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_noticed(name, monkeypatch):
    function, change = CHANGES[name]
    f = torch.fuse(function)
    x = torch.tensor([0.5, -1.0, 2.0])
    first = f(x)
    assert f.reason is None
    assert first.tolist() == f(x).tolist() == function(x).tolist()
    change(monkeypatch)
    if name == "cached function":
        cached.cache_clear()
    assert f(x).tolist() == function(x).tolist() != first.tolist()
    assert f.reason is None


def test_variables_of_enclosing_functions_are_noticed():
    scale, options, mode = 2.0, [1.0], "abs"

    @torch.fuse
    def f(x):
        def inner(y):
            return (torch.abs(y) if mode == "abs" else y) * scale

        return inner(x) + options[0]

    x = torch.tensor([0.5, -1.0])
    found = []
    for number in range(4):
        scale, mode = (3.0 if number else 2.0), ("none" if number > 1 else "abs")
        options[0] = float(number == 3)
        found.append(f(x).tolist())
        assert found[-1] == f.function(x).tolist() and f.reason is None
    assert len({tuple(each) for each in found}) == 4


def test_modules_are_noticed():
    slope, drop = torch.nn.LeakyReLU(0.5), torch.nn.Dropout(0.5).eval()
    f, g = torch.fuse(slope), torch.fuse(lambda x: drop(x) * 2)
    x = -torch.ones(64)
    assert f(x)[0] == -0.5 and g(x)[0] == -2 and f.reason is None and g.reason is None
    slope.negative_slope = 0.25
    assert f(x)[0] == -0.25 and f.reason is None
    drop.train()
    with pytest.warns(UserWarning, match="runs as ordinary operations"):
        assert {float(each) for each in g(x)} == {0.0, -4.0}
    chain = torch.fuse(torch.nn.Sequential(torch.nn.ReLU(), slope))
    chain(x)
    assert chain.reason is None
    drop.eval()
    assert set(g(x).tolist()) == {-2.0} and g.reason is None


def test_recording_is_noticed():
    f = torch.fuse(lambda x: x * (2.0 if torch.is_grad_enabled() else 3.0))
    x = torch.ones(3)
    assert f(x).tolist() == [2.0] * 3
    with torch.no_grad():
        assert f(x).tolist() == [3.0] * 3


COUNT, GROWING, KEPT = 0, [], {}


def counting(x):
    global COUNT
    COUNT += 1
    return x * COUNT


def remembering(x):
    GROWING.append(1.0)
    return x * len(GROWING)


def keeping(x):
    KEPT["calls"] = KEPT.get("calls", 0) + 1
    return x * KEPT["calls"]


def importing(x):
    import time

    return x * time.perf_counter()


class Custom(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 5


REFUSED = {
    "tensor's number": (lambda x: x * TENSOR.item(), "pass TENSOR.item as one"),
    "object as a whole": (lambda x: OBJECT(x), r"OBJECT (of type Scale)"),
    "Python's random numbers": (lambda x: x * random.random(), "random.random"),
    "NumPy's random numbers": (lambda x: x * numpy.random.rand(), "RandomState"),
    "random numbers": (lambda x: x * torch.rand(1).item(), "draws random numbers"),
    "clock": (importing, "imports time"),
    "counter": (counting, "changes COUNT"),
    "list that grows": (remembering, "change GROWING"),
    "dictionary that grows": (keeping, "changes what it reads"),
    "evaluated text": (lambda x: x * eval("NUMBER"), "eval"),
    "own gradient": (Custom.apply, "Custom"),
    "gradient that is there": (lambda x: x if x.grad is None else x * x.grad, "looks at grad"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_compared_runs_as_ordinary_operations(name):
    function, reason = REFUSED[name]
    f = torch.fuse(function)
    x = torch.ones(3)
    with pytest.warns(UserWarning, match=re.escape(reason)):
        f(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it was told once
        f(x)
    assert reason in f.reason
    with pytest.raises(RuntimeError, match=re.escape(reason)):
        f.source(x)


def test_tracing_draws_no_random_numbers():
    f = torch.fuse(lambda x: x * torch.rand(3) * random.random() * float(numpy.random.rand()))
    g = torch.fuse(lambda x: x * torch.rand(1).item())
    for each in (f, g):
        found = []
        for call in (each, each.function):
            torch.manual_seed(0)
            random.seed(0)
            numpy.random.seed(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.append(call(torch.ones(3)).tolist())
        assert found[0] == found[1]


def test_a_change_before_derivatives_of_derivatives_is_refused(monkeypatch):
    f = torch.fuse(lambda x: x * x * NUMBER)
    x = torch.ones(3, requires_grad=True)
    first, second = f(x).sum(), f(x).sum()
    (g,) = torch.autograd.grad(first, x, create_graph=True)
    assert torch.autograd.grad(g.sum(), x)[0].tolist() == [4.0] * 3
    monkeypatch.setitem(globals(), "NUMBER", 5.0)
    with pytest.raises(torch.errors.GraphError, match="changed since it was called"):
        torch.autograd.grad(second, x, create_graph=True)
    assert torch.autograd.grad(second, x)[0].tolist() == [4.0] * 3  # the loop has the number of its call
