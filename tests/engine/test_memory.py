"""The graph is freed by reference count, as backward proceeds, and its depth costs neither recursion nor quadratic
time."""

import gc
import weakref

import numpy
import pytest

import tinygrad_i2dl as torch


@pytest.fixture(autouse=True)
def _without_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def tracked(tensor):
    """A weak reference to the memory of a tensor."""
    holder = weakref.ref(tensor)
    return holder


def graph(x):
    w = torch.randn(3, 3, requires_grad=True)
    hidden = (x @ w).tanh().exp()
    part = hidden[0] * 2
    picked = hidden[[0, 1, 0]]
    return hidden, part.sum() + picked.mean() + torch.cat([hidden, x]).max() + hidden.unbind(0)[1].sum()


@pytest.mark.parametrize("backward", [False, True])
def test_no_reference_cycles(backward):
    x = torch.randn(4, 3, requires_grad=True)
    hidden, loss = graph(x)
    if backward:
        loss.backward()
    references = [weakref.ref(hidden), weakref.ref(loss), weakref.ref(loss.grad_fn), weakref.ref(hidden.grad_fn)]
    del hidden, loss
    assert [r() for r in references] == [None] * 4  # without the collector


def test_no_reference_cycles_of_in_place_views_and_functions():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x * x
            ctx.save_for_backward(x, out)
            return out

        @staticmethod
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g

    x = torch.randn(4, requires_grad=True)
    y = x.clone()
    y[1:3].mul_(2.0)
    y[0] = x[1]
    z = Square.apply(y)
    z.sum().backward(create_graph=False)
    references = [weakref.ref(each) for each in (y, z, z.grad_fn, y.grad_fn)]
    del y, z
    assert [r() for r in references] == [None] * 4


def test_no_reference_cycles_under_create_graph():
    x = torch.randn(4, requires_grad=True)
    y = (x.exp() * x).sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    references = [weakref.ref(each) for each in (y, g, h, g.grad_fn)]
    del y, g, h
    assert [r() for r in references] == [None] * 4


def test_saved_values_are_freed_as_backward_proceeds():
    """When the gradient reaches the first operation, the later ones have let go of what they saved."""
    x = torch.ones(1000, requires_grad=True)
    first = x * 1.0
    a = first.exp()
    saved = weakref.ref(a._array)
    b = a.sin()
    alive = []
    first.register_hook(lambda g: alive.append(saved() is not None))
    loss = b.sum()
    del a, b
    assert saved() is not None  # exp saved its result, sin its input
    loss.backward()
    assert alive == [False]
    assert saved() is None


def test_retain_graph_keeps_saved_values():
    x = torch.ones(3, requires_grad=True)
    loss = x.exp().sum()
    loss.backward(retain_graph=True)
    loss.backward()
    numpy.testing.assert_allclose(x.grad.numpy(), 2 * numpy.e, rtol=1e-6)


def test_a_long_chain_neither_recurses_nor_piles_up():
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1
    del y  # freed without overflowing the stack


def test_a_long_chain_of_products_is_freed_without_recursion():
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    del y
    assert x.grad is None


def test_wide_and_shared_graphs_visit_each_node_once():
    """A ladder in which every value is used twice has 2**60 paths."""
    x = torch.ones((), dtype=torch.float64, requires_grad=True)
    y = x
    calls = []
    for _ in range(60):
        y = y + y
    y.register_hook(lambda g: calls.append(g.item()))
    y.backward()
    assert x.grad.item() == 2.0**60
    assert calls == [1.0]


def test_frozen_layer_runs_no_weight_kernel(monkeypatch):
    from tinygrad_i2dl.ops import linalg

    asked = []
    formula = linalg.linear.op.formulas[0]
    original = formula.function

    def counting(g, needs, *rest):
        asked.append(needs)
        return original(g, needs, *rest)

    monkeypatch.setattr(formula, "function", counting)
    frozen, trained = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)
    frozen.requires_grad_(False)
    x = torch.randn(5, 3)
    trained(frozen(x).tanh()).sum().backward()
    assert asked == [(False, True, True)]  # no gradient of the frozen layer's output, none of its weights
    asked.clear()
    frozen.requires_grad_(True)
    trained.requires_grad_(False)
    trained(frozen(x).tanh()).sum().backward()
    assert asked == [(True, False, False), (False, True, True)]


def test_gradient_only_of_what_is_asked(monkeypatch):
    from tinygrad_i2dl.ops import linalg

    asked = []
    formula = linalg.linear.op.formulas[0]
    original = formula.function
    monkeypatch.setattr(
        formula, "function", lambda g, needs, *rest: (asked.append(needs), original(g, needs, *rest))[1]
    )
    layer = torch.nn.Linear(3, 2)
    x = torch.randn(5, 3, requires_grad=True)
    torch.autograd.grad(layer(x).sum(), x)
    assert asked == [(True, False, False)]
    assert layer.weight.grad is None


def test_gradients_do_not_share_memory():
    a, b = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    seed = torch.ones(3)
    (a + b).backward(seed)
    a.grad.zero_()
    assert b.grad.tolist() == [1, 1, 1] and seed.tolist() == [1, 1, 1]
    c = torch.ones(3, requires_grad=True)
    c.reshape(3, 1).reshape(3).backward(seed)
    c.grad.fill_(7)
    assert seed.tolist() == [1, 1, 1]
    d = torch.ones(4, requires_grad=True)
    d.sum().backward()
    d.grad[0] = 5
    assert d.grad.tolist() == [5, 1, 1, 1]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x @ torch.ones(5, 2),
        lambda x: x + torch.ones(7),
        lambda x: x.add_(torch.ones(7)),
        lambda x: x.reshape(5, 5),
        lambda x: x[99],
        lambda x: x.sum(9),
        lambda x: torch.nn.functional.linear(x, torch.ones(2, 9)),
        lambda x: torch.nn.functional.softmax(numpy.ones(3).tolist(), dim=0),
    ],
)
def test_errors_name_a_cause_that_ends_and_keep_nothing_alive(call):
    x = torch.ones(4, 3)
    memory = weakref.ref(x)
    try:
        call(x)
    except Exception as error:
        chain = [error]
        while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
            assert all(cause is not each for each in chain)
            chain.append(cause)
        del chain, cause
    else:
        pytest.fail("this call is wrong")
    del x
    assert memory() is None  # without the collector
