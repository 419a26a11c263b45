"""backward(), grad(), leaves, hooks, versions and modes, against PyTorch where it has an answer."""

import pytest
import torch as reference

import tinygrad_i2dl as torch
from tinygrad_i2dl.errors import GraphError


def both(program):
    """Run `program(library)` with both libraries and compare what it returns: nested lists, numbers, bools, texts."""
    ours, theirs = program(torch), program(reference)
    assert _plain(ours) == _plain(theirs)
    return ours


def _plain(value):
    if isinstance(value, (torch.Tensor, reference.Tensor)):
        return value.detach().tolist()
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value


# --- backward and grad


def test_accumulates_into_leaves():
    def program(lib):
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        (x * x).sum().backward()
        (x * 3).sum().backward()
        return x.grad

    both(program)


def test_leaves_that_receive_one_array_do_not_share_it():
    """A sum's formula returns one array for both operands: each leaf accumulates in memory of its own."""

    def program(lib):
        a, b, c = (lib.zeros(3, requires_grad=True) for _ in range(3))
        seen = []
        c.register_hook(seen.append)
        for _ in range(3):
            ((a + b) * 2).sum().backward()
            (c * 2).sum().backward()
        given = lib.ones(3)
        d = lib.zeros(3, requires_grad=True)
        d.backward(given)
        d.backward(given)
        return a.grad, b.grad, c.grad, seen, given, d.grad

    both(program)
    layer = torch.nn.LSTM(16, 16)  # whose two biases have one gradient
    input = torch.randn(5, 4, 16)
    layer(input)[0].sum().backward()
    first = [parameter.grad.clone() for parameter in layer.parameters()]
    layer(input)[0].sum().backward()
    for parameter, once in zip(layer.parameters(), first, strict=True):
        assert torch.allclose(parameter.grad, 2 * once)


@pytest.mark.filterwarnings("ignore:Using backward")  # PyTorch's advice on memory
def test_recorded_gradients_of_leaves_are_their_own():
    def program(lib):
        a, b, c = (lib.zeros(3, requires_grad=True) for _ in range(3))
        given = lib.ones(3)
        ((a + b) * 2).sum().backward(create_graph=True)
        c.view(3).backward(given, create_graph=True)
        with lib.no_grad():
            a.grad.mul_(3)
            c.grad.mul_(5)
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        (x * x * x).sum().backward(create_graph=True)
        x.grad.sum().backward()
        return a.grad, b.grad, c.grad, given, x.grad

    both(program)


@pytest.mark.filterwarnings("ignore:Using backward")  # PyTorch's advice on memory
def test_retained_gradients_are_their_own():
    def program(lib):
        x, given = lib.ones(2, requires_grad=True), lib.ones(2)
        y = x * 3
        y.retain_grad()
        y.backward(given, create_graph=True)
        with lib.no_grad():
            y.grad.mul_(5)
        return y.grad, given, x.grad

    both(program)


def test_a_view_as_a_leaf():
    """What `reshape` returned may be made a leaf: nothing recorded changes it in place, or makes it forget that."""

    def leaf(lib):
        return lib.arange(6.0).reshape(2, 3).requires_grad_()

    changes = (
        lambda x, w: x[0].mul_(2),
        lambda x, w: x[1:].mul_(w),
        lambda x, w: x.view(-1)[0].add_(w),
        lambda x, w: x.__setitem__(0, 1.0),
        lambda x, w: x.t().unsqueeze_(0),
        lambda x, w: x.mul_(w),
    )

    for lib in (torch, reference):
        for change in changes:
            with pytest.raises(RuntimeError, match="leaf"):
                change(leaf(lib), lib.tensor(2.0, requires_grad=True))

    def program(lib):
        w = lib.tensor(2.0, requires_grad=True)
        x = leaf(lib)
        x.detach()[0].mul_(w)  # a recorded change of the same memory
        flags = [x.requires_grad, x.is_leaf]
        (x * x).sum().backward()
        base = lib.arange(6.0)
        z = base.reshape(2, 3).requires_grad_()
        base.mul_(w)  # gives the base a history, and with it all its views
        flags += [z.requires_grad, z.is_leaf, base.requires_grad]
        z.sum().backward()
        return flags, x.grad, z.grad if z.is_leaf else None, w.grad

    both(program)


def test_t_of_a_vector_is_a_view_of_it():
    def program(lib):
        x = lib.ones(3, requires_grad=True)
        y, scalar = x.t(), lib.ones(()).t()
        z = lib.ones(3)
        z.t().unsqueeze_(0)
        y.sum().backward()
        return y is x, y.is_leaf, scalar, z, x.grad

    both(program)


def test_a_leaf_frozen_after_the_forward_pass_receives_nothing():
    def program(lib):
        kept = []
        for change in (lambda x: x.requires_grad_(False), lambda x: x.detach_(), lambda x: None):
            x, w = lib.ones(3, requires_grad=True), lib.ones(3, requires_grad=True)
            y = (x * w * 2).sum()
            change(x)
            y.backward()
            kept += [x.grad is None, w.grad]
        x = lib.ones(3, requires_grad=True)
        y = (x * 2).sum()
        x.requires_grad_(False)
        x.requires_grad_(True)
        y.backward()
        return kept, x.grad

    both(program)


def test_a_parameter_made_of_a_tensor_counts_its_changes():
    x = torch.ones(3, requires_grad=True)
    y = (x * x).sum()
    parameter = torch.nn.Parameter(x.detach())
    with torch.no_grad():
        parameter.mul_(2)
    with pytest.raises(GraphError, match="changed in place"):
        y.backward()


def test_detach_in_place():
    """States of recurrent layers end as views of arrays that nobody knows: they may be detached, others not."""

    def program(lib):
        flags = []
        for kind, cells in ((lib.nn.LSTM, 2), (lib.nn.GRU, 1), (lib.nn.RNN, 1)):
            output, state = kind(2, 3)(lib.ones(5, 4, 2))
            for each in (output, *(state if cells == 2 else (state,))):
                each.detach_()
                flags += [each.requires_grad, each.is_leaf]
        x = lib.ones(4, requires_grad=True)
        y = x * 2
        for view in (y[0], y.view(2, 2), x[1:]):
            with pytest.raises(RuntimeError, match="detach"):
                view.detach_()
        repeated = x.repeat(2)
        repeated.detach_()
        repeated.mul_(3)
        return flags, repeated, repeated.requires_grad, x

    both(program)


def test_saved_values_are_not_taken_for_gradients():
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.save_for_backward(factor)
            return (x * factor).sum()

        @staticmethod
        def backward(ctx, g):
            return ctx.saved_tensors[0], None

    x, factor = torch.ones(3, requires_grad=True), torch.full((3,), 5.0)
    y = Scaled.apply(x, factor)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [10.0] * 3 and factor.tolist() == [5.0] * 3


def test_gradient_argument_and_inputs():
    def program(lib):
        x, w = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 4.0], requires_grad=True)
        (x * w).backward(lib.tensor([1.0, 10.0]), inputs=[w])
        return x.grad is None, w.grad

    both(program)


def test_grad_of_intermediate_unused_and_several_outputs():
    def program(lib):
        x, unused = lib.tensor([1.0, 2.0], requires_grad=True), lib.ones(3, requires_grad=True)
        y = x * 2
        z = y * y
        first = lib.autograd.grad(z.sum(), [y, x], retain_graph=True)
        second = lib.autograd.grad([z.sum(), y.sum()], [x, unused], allow_unused=True, retain_graph=True)
        third = lib.autograd.grad(z, x, grad_outputs=lib.ones(2), retain_graph=True)
        zeros = lib.autograd.grad(z.sum(), [x, unused], materialize_grads=True)
        return first, second[0], second[1] is None, third, zeros, x.grad is None

    both(program)


def test_third_derivative():
    def program(lib):
        x = lib.tensor(2.0, dtype=lib.float64, requires_grad=True)
        y = x * x * x * x
        derivatives = []
        for _ in range(4):
            (y,) = lib.autograd.grad(y, x, create_graph=True)
            derivatives.append(y.item())
        return derivatives

    assert both(program) == [32, 48, 48, 24]


@pytest.mark.filterwarnings("ignore:Using backward")  # PyTorch's advice on memory
def test_create_graph_accumulates_differentiable_gradients():
    def program(lib):
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        (x**3).sum().backward(create_graph=True)
        penalty = (x.grad**2).sum()
        (g,) = lib.autograd.grad(penalty, x)
        return g

    both(program)


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (lambda: torch.ones(3, requires_grad=True).exp().backward(), r"scalar.*\(3,\).*sum\(\)"),
        (lambda: torch.ones(3).sum().backward(), "does not require a gradient"),
        (lambda: torch.autograd.grad(torch.ones(2, requires_grad=True).sum(), torch.ones(2)), "does not require"),
        (
            lambda: torch.autograd.grad(torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)),
            "allow_unused",
        ),
        (lambda: torch.ones(2, requires_grad=True).exp().backward(torch.ones(3)), r"\(3,\).*\(2,\)"),
        (lambda: torch.autograd.grad(torch.ones(1, requires_grad=True), [], is_grads_batched=True), "is_grads_batched"),
    ],
)
def test_errors_explain(make, pattern):
    with pytest.raises(RuntimeError, match=pattern):
        make()


def test_second_backward_is_refused_with_advice():
    x = torch.ones(2, requires_grad=True)
    loss = x.exp().sum()
    loss.backward()
    with pytest.raises(GraphError, match="retain_graph=True"):
        loss.backward()


# --- leaves


def test_leaf_properties():
    def program(lib):
        x = lib.ones(2, requires_grad=True)
        y = x * 2
        z = y.detach()
        with lib.no_grad():
            w = x * 2
        return [t.is_leaf for t in (x, y, z, w)], [t.requires_grad for t in (x, y, z, w)]

    both(program)


def test_retain_grad_and_hooks_order():
    def program(lib):
        seen = []
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: seen.append(("first", g.tolist())) or g * 2)
        y.register_hook(lambda g: seen.append(("second", g.tolist())))
        y.retain_grad()
        y.register_hook(lambda g: g * 5)
        x.register_hook(lambda g: seen.append(("leaf", g.tolist())))
        x.register_post_accumulate_grad_hook(lambda t: seen.append(("accumulated", t.grad.tolist())))
        (y * 3).sum().backward()
        return y.grad, x.grad, str(seen)

    both(program)


def test_removed_hook_is_not_called():
    x = torch.ones(2, requires_grad=True)
    with x.register_hook(lambda g: g * 100):
        x.sum().backward()
    x.sum().backward()
    assert x.grad.tolist() == [101, 101]


def test_node_hooks():
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    seen = []
    y.grad_fn.register_prehook(lambda outputs: seen.append(outputs[0].tolist()))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10, *inputs[1:]))
    y.sum().backward()
    assert seen == [[1, 1]] and x.grad.tolist() == [30, 30]


def test_grad_fn_tells_the_graph():
    x, y = torch.ones(2, requires_grad=True), torch.ones(2)
    z = (x * y).sum()
    assert z.grad_fn.name() == "SumBackward0"
    (product, number), *_ = z.grad_fn.next_functions
    assert product.name() == "MulBackward0" and number == 0
    assert product.next_functions[0][0].variable is x and product.next_functions[1] == (None, 0)
    assert "MulBackward0" in repr(product)


# --- versions


@pytest.mark.parametrize(
    "change",
    [
        lambda lib, x, y: y.add_(1),
        lambda lib, x, y: y.detach().zero_(),
        lambda lib, x, y: y[0].fill_(3.0),
        lambda lib, x, y: y.__setitem__(slice(0, 1), 5.0),
    ],
)
def test_overwriting_a_saved_value_is_noticed(change):
    for lib in (torch, reference):
        x = lib.ones(2, requires_grad=True)
        y = x.exp()
        loss = y.sum()
        with lib.no_grad():
            change(lib, x, y)
        with pytest.raises(RuntimeError, match=r"in.?place"):
            loss.backward()


def test_overwriting_an_input_that_is_not_needed_is_allowed():
    def program(lib):
        x = lib.ones(2, requires_grad=True)
        y = x * 1
        z = y + 2
        y.zero_()
        z.sum().backward()
        return x.grad

    both(program)


def test_leaf_in_place_is_refused():
    for lib in (torch, reference):
        x = lib.ones(2, requires_grad=True)
        for change in (lambda x: x.add_(1), lambda x: x[0].mul_(2), lambda x: x.__setitem__(0, 1.0)):
            with pytest.raises(RuntimeError, match=r"leaf"):
                change(x)
        with lib.no_grad():
            x.add_(1)
        assert x.tolist() == [2, 2]


def test_in_place_through_views():
    def program(lib):
        x = lib.arange(6.0).requires_grad_()
        base = x * 1
        matrix = base.view(2, 3)
        row, column = matrix[0], matrix[:, 1]
        row.mul_(2)
        column += 10
        matrix.t()[2].neg_()
        base[4:] = base[:2] * 3
        weights = lib.arange(1.0, 7.0)
        ((base * weights).sum() + (matrix * matrix).sum() + row.sum() + column.prod()).backward()
        return base, matrix, row, column, x.grad

    both(program)


def test_in_place_on_base_is_seen_by_views():
    def program(lib):
        x = lib.ones(3, requires_grad=True)
        base = x.clone()
        view = base[1:]
        base.mul_(lib.tensor([2.0, 3.0, 4.0]))
        view.sum().backward()
        return view, x.grad

    both(program)


def test_in_place_makes_a_constant_require_gradients():
    def program(lib):
        w = lib.tensor(3.0, requires_grad=True)
        buffer = lib.zeros(4)
        half = buffer[:2]
        buffer[1:3] = w * 2
        buffer.mul_(2)
        (half * 5).sum().backward()
        return buffer.requires_grad, half.requires_grad, w.grad

    both(program)


def test_views_of_several_refuse_in_place():
    x = torch.ones(4, requires_grad=True)
    for part in ((x * 1).unbind(0)[0], (x * 1).split(2)[0], (x * 1).chunk(2)[1]):
        with pytest.raises(RuntimeError, match="several views"):
            part.add_(1)


@pytest.mark.parametrize("change", ["mul_", "setitem", "base"])
def test_changing_a_view_made_under_no_grad_is_refused(change):
    for lib in (torch, reference):
        x = lib.ones(3, requires_grad=True)
        base = x * 1
        with lib.no_grad():
            view = base[0:2]
            view.mul_(2)  # both unrecorded: as the user wants it
        with pytest.raises(RuntimeError, match=r"no_grad"):
            if change == "mul_":
                view.mul_(2)
            elif change == "setitem":
                view[0] = 1.0
            else:
                base.mul_(2)
                repr(view.grad_fn)
        assert base.tolist() == ([4, 4, 2] if change == "base" else [2, 2, 1])


def test_backward_accumulates_into_tensors_that_are_no_leaves():
    def program(lib):
        x = lib.arange(1.0, 4.0).requires_grad_()
        y = x * 2
        first, rest = y.split([1, 2])
        z = (y * y).sum() + first.prod() + (rest**3).sum()
        z.backward(inputs=[y, rest], retain_graph=True)
        z.backward(inputs=[y, x, z], retain_graph=True)
        results = [t.grad for t in (x, y, rest, z)]
        kept = x * 3
        kept.retain_grad()
        kept.register_hook(lambda g: g * 10)
        (kept * kept).sum().backward(inputs=[kept])
        return [*results, kept.grad]

    both(program)


@pytest.mark.filterwarnings("ignore:Using backward")  # PyTorch's advice on memory
def test_backward_into_tensors_that_are_no_leaves_can_be_recorded():
    def program(lib):
        x = lib.arange(1.0, 4.0).requires_grad_()
        y = x * 2
        (y**3).sum().backward(inputs=[y], create_graph=True)
        return lib.autograd.grad(y.grad.sum(), x)[0], x.grad

    both(program)


def test_gradients_accumulated_elsewhere_have_memory_of_their_own():
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    z = y + 1
    z.sum().backward(inputs=[y, z])
    y.grad.mul_(5)
    assert z.grad.tolist() == [1, 1]


NODES = [
    "x + 1", "x.sum()", "x.sum(0)", "x.mean()", "x.mean(1)", "x[0]", "x[:, 1]", "x[0:1]", "x[None]", "x[0, 1:]",
    "x[...]", "x.max()", "x.amax()", "x.amax(0)", "x.max(0)[0]", "x.flatten()", "x.view(6)", "x.narrow(0, 0, 1)",
    "x.clamp(0, 1)", "x.log1p()", "x @ x.T", "torch.bmm(x[None], x.T[None])", "nn.Linear(3, 2)(x)",
    "nn.Linear(3, 2, bias=False)(x)",
    "nn.Linear(3, 2)(x[None])", "nn.Linear(3, 2, bias=False)(x[None])", "nn.functional.max_pool2d(x[None, None], 2)",
    "nn.functional.avg_pool2d(x[None, None], 2)", "nn.functional.mse_loss(x, x)",
    "nn.MarginRankingLoss()(x, x, x.sign())",
]  # fmt: skip


@pytest.mark.parametrize("expression", NODES)
def test_grad_fn_has_the_name_that_programs_print(expression):
    def program(lib):
        x = lib.rand(2, 3, requires_grad=True)
        return eval(expression, {"torch": lib, "nn": lib.nn, "x": x}).grad_fn.name()

    both(program)


# --- modes


def test_modes_nest_and_restore_after_errors():
    with pytest.raises(ZeroDivisionError), torch.no_grad(), torch.enable_grad():
        assert torch.is_grad_enabled()
        raise ZeroDivisionError
    assert torch.is_grad_enabled()
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with torch.inference_mode():
        assert torch.is_inference_mode_enabled() and not torch.ones(1, requires_grad=True).exp().requires_grad
    assert not torch.is_inference_mode_enabled()


def test_modes_decorate_functions_and_generators():
    @torch.no_grad()
    def plain():
        return torch.is_grad_enabled()

    @torch.no_grad
    def bare():
        return torch.is_grad_enabled()

    @torch.no_grad()
    def generator():
        yield torch.is_grad_enabled()
        yield torch.is_grad_enabled()

    assert plain() is False and bare() is False
    seen = [(inside, torch.is_grad_enabled()) for inside in generator()]
    assert seen == [(False, True), (False, True)]

    @torch.set_grad_enabled(False)
    def switched():
        return torch.is_grad_enabled()

    assert torch.is_grad_enabled() and switched() is False


def test_data_shares_memory_without_being_noticed():
    def program(lib):
        x = lib.ones(2, requires_grad=True)
        x.data.mul_(3)
        x.data = x.data + 1
        y = (x * x).sum()
        y.backward()
        return x, x.grad

    both(program)


def test_retain_grad_keeps_the_gradient_of_the_values_after_changes_in_place():
    def program(lib):
        x = lib.ones(3, requires_grad=True)
        y, z, w = x * 2, x * 3, x * 4
        part = w[1:]
        for each in (y, z, w, part):
            each.retain_grad()
        y.mul_(3)
        z[1:].mul_(5)
        w.mul_(7)
        (y.sum() + z.sum() + w.sum() + part.sum()).backward()
        return x.grad, y.grad, y.retains_grad, z.grad, w.grad, part.grad

    both(program)


@pytest.mark.parametrize(
    "change", [lambda t: t.add_(1), lambda t: t.mul_(t), lambda t: t.clamp_(0, 1), lambda t: t.t().exp_()]
)
def test_changes_of_elements_that_share_memory_are_refused(change):
    for lib in (torch, reference):
        with pytest.raises(RuntimeError, match="memory"):
            change(lib.ones(3, 1).expand(3, 4))
        assert change(lib.ones(3, 1).expand(3, 1)).shape[0] in (1, 3)


def test_a_graph_that_saved_no_tensor_runs_backward_twice():
    def program(lib):
        x = lib.ones(3, requires_grad=True)
        y = (x + x).reshape(3, 1).sum()
        y.backward()
        y.backward()
        return x.grad

    both(program)


def test_assignment_by_lists_needs_one_dtype():
    for lib in (torch, reference):
        x = lib.zeros(3, dtype=lib.int64)
        with pytest.raises(RuntimeError, match="dtype"):
            x[[0, 1]] = lib.tensor([1.5, 2.5])
        x[[0, 1]] = 7  # numbers are converted
        x[2] = lib.tensor(3.9)  # and what a basic index names
        assert x.tolist() == [7, 7, 3]
