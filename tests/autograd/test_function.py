"""Custom Functions, against PyTorch running the same class bodies."""

import numpy
import pytest
import torch as reference

import tinygrad_i2dl as torch

LIBRARIES = [torch, reference]


def both(program):
    ours, theirs = (_plain(program(lib)) for lib in LIBRARIES)
    assert ours == theirs
    return ours


def _plain(value):
    if isinstance(value, (torch.Tensor, reference.Tensor)):
        return value.detach().tolist()
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value


def scaled_product(lib):
    class ScaledProduct(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, b, factor=1.0, flag=None):
            ctx.save_for_backward(a, b)
            ctx.factor = factor
            return a * b * factor, a + b

        @staticmethod
        def backward(ctx, of_product, of_sum):
            a, b = ctx.saved_tensors
            of_a = of_product * b * ctx.factor + of_sum if ctx.needs_input_grad[0] else None
            of_b = of_product * a * ctx.factor + of_sum if ctx.needs_input_grad[1] else None
            return of_a, of_b, None, None

    return ScaledProduct


def test_several_outputs_and_other_arguments():
    def program(lib):
        a, b = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 4.0], requires_grad=True)
        product, total = scaled_product(lib).apply(a, b, 2.0, "flag")
        (product.sum() + (total * total).sum()).backward()
        return product, total, a.grad, b.grad

    both(program)


def test_only_one_output_used_and_only_one_input_needed():
    def program(lib):
        a, b = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 4.0])
        product, _ = scaled_product(lib).apply(a, b)
        product.sum().backward()
        return a.grad, b.grad is None

    both(program)


def test_gradcheck_and_gradgradcheck():
    a = torch.randn(3, requires_grad=True)
    b = torch.randn(3, requires_grad=True)
    apply = scaled_product(torch).apply
    assert torch.autograd.gradcheck(lambda a, b: apply(a, b, 1.5), (a, b))
    assert torch.autograd.gradgradcheck(lambda a, b: apply(a, b, 1.5), (a, b))


def test_double_backward_through_saved_output():
    def program(lib):
        class Exp(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                result = x.exp()
                ctx.save_for_backward(result)
                return result

            @staticmethod
            def backward(ctx, g):
                (result,) = ctx.saved_tensors
                return g * result

        x = lib.tensor([0.5, 1.0], dtype=lib.float64, requires_grad=True)
        y = Exp.apply(x).sum()
        results = [y]
        for _ in range(3):
            (y,) = lib.autograd.grad(y.sum(), x, create_graph=True)
            results.append(y)
        return [[round(v, 10) for v in numpy.ravel(r.tolist()).tolist()] for r in results]

    both(program)


def test_setup_context():
    def program(lib):
        class Cube(lib.autograd.Function):
            @staticmethod
            def forward(x, power):
                return x**power

            @staticmethod
            def setup_context(ctx, inputs, output):
                x, power = inputs
                ctx.save_for_backward(x)
                ctx.power = power

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * ctx.power * x ** (ctx.power - 1), None

        x = lib.tensor([2.0, 3.0], requires_grad=True)
        y = Cube.apply(x, 3)
        y.sum().backward()
        return y, x.grad

    both(program)


def test_mark_dirty():
    def program(lib):
        class Double(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                x.mul_(2)
                ctx.mark_dirty(x)
                return x

            @staticmethod
            def backward(ctx, g):
                return g * 2

        x = lib.tensor([1.0, 2.0], requires_grad=True)
        y = x * 3
        z = Double.apply(y)
        z.sum().backward()
        return z is y, y, x.grad

    both(program)


def test_mark_non_differentiable_and_integers():
    def program(lib):
        class SortWithPlaces(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                places = x.argsort()
                ctx.mark_non_differentiable(places)
                ctx.save_for_backward(places)
                return x[places], places

            @staticmethod
            def backward(ctx, g, _):
                (places,) = ctx.saved_tensors
                result = lib.zeros_like(g)
                result[places] = g
                return result

        x = lib.tensor([3.0, 1.0, 2.0], requires_grad=True)
        values, places = SortWithPlaces.apply(x)
        (values * lib.tensor([1.0, 10.0, 100.0])).sum().backward()
        return values, places, places.requires_grad, x.grad

    both(program)


def test_gradients_not_materialised():
    def program(lib):
        seen = []

        class Two(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.set_materialize_grads(False)
                return x * 1, x * 2

            @staticmethod
            def backward(ctx, a, b):
                seen.append((a is None, b is None))
                return b * 2

        x = lib.ones(2, requires_grad=True)
        Two.apply(x)[1].sum().backward()
        return str(seen), x.grad

    both(program)


def test_returned_input_is_a_new_tensor():
    def program(lib):
        class Identity(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x

            @staticmethod
            def backward(ctx, g):
                return -g

        x = lib.ones(2, requires_grad=True)
        y = Identity.apply(x)
        y.sum().backward()
        return y is x, x.is_leaf, x.grad

    both(program)


def function(backward, outputs=1):
    class Custom(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, other=None):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return backward(ctx, g)

    return Custom


@pytest.mark.parametrize(
    ("backward", "pattern"),
    [
        (lambda ctx, g: (g, None, g), r"Custom.backward\(\) must return one gradient .* 2 arguments .* got 3"),
        (lambda ctx, g: g, "2 arguments .* got 1"),
        (lambda ctx, g: (g[:2], None), r"Custom.backward\(\) .* shape \(2,\) for input 0, which has shape \(3,\)"),
        (lambda ctx, g: (1.0, None), "must return Tensors or None, got float for input 0"),
    ],
)
def test_wrong_results_of_backward_are_named(backward, pattern):
    x = torch.ones(3, requires_grad=True)
    with pytest.raises((RuntimeError, TypeError), match=pattern):
        function(backward).apply(x, 1).sum().backward()


@pytest.mark.parametrize(
    "backward",
    [
        lambda ctx, g: (g.detach() * 2, None),
        lambda ctx, g: (torch.tensor(g.detach().numpy() * 2), None),
        lambda ctx, g: (g.data * 2, None),
    ],
)
def test_leaving_the_graph_raises_under_create_graph(backward):
    x = torch.ones(3, requires_grad=True)
    function(backward).apply(x, 1).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="left the graph"):
        torch.autograd.grad(function(backward).apply(x, 1).sum(), x, create_graph=True)


def test_constant_gradient_does_not_leave_the_graph():
    x = torch.ones(3, requires_grad=True)
    (g,) = torch.autograd.grad(function(lambda ctx, g: (torch.zeros(3), None)).apply(x, 1).sum(), x, create_graph=True)
    assert g.tolist() == [0, 0, 0]
    (g,) = torch.autograd.grad(function(lambda ctx, g: (g * 2, None)).apply(x, 1).sum(), x, create_graph=True)
    assert g.tolist() == [2, 2, 2]


def test_once_differentiable():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return torch.from_numpy(2 * x.detach().numpy() * g.numpy())

    x = torch.tensor([3.0], requires_grad=True)
    Square.apply(x).sum().backward()
    assert x.grad.item() == 6
    (g,) = torch.autograd.grad(Square.apply(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        torch.autograd.grad(g.sum(), x)


def test_saved_tensors_notice_changes_and_release():
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    z = function(lambda ctx, g: (g * ctx.saved_tensors[0], None)).apply(y, 1).sum()
    z.backward(retain_graph=True)
    z.backward()
    with pytest.raises(RuntimeError, match="already run backward"):
        z.backward()
    y = x * 1
    z = function(lambda ctx, g: (g * ctx.saved_tensors[0], None)).apply(y, 1).sum()
    with torch.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.backward()


def test_instances_and_missing_methods_are_refused():
    with pytest.raises(RuntimeError, match=r"apply\(\.\.\.\)"):
        function(lambda ctx, g: (g, None))()
    with pytest.raises(NotImplementedError, match="forward"):
        torch.autograd.Function.apply(torch.ones(1))

    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x / 2

    with pytest.raises(NotImplementedError, match="Half has no backward"):
        Half.apply(torch.ones(1, requires_grad=True)).backward()


def test_grad_fn_carries_the_name():
    x = torch.ones(3, requires_grad=True)
    assert function(lambda ctx, g: (g, None)).apply(x, 1).grad_fn.name() == "CustomBackward"


def test_numeric_grad():
    black_box = torch.autograd.numeric_grad(lambda x, y: torch.tensor(numpy.sin(x.numpy()) * y.numpy() ** 2))
    x = torch.tensor([0.3, 1.2], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([2.0, -1.0], dtype=torch.float64, requires_grad=True)
    black_box(x, y).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), numpy.cos([0.3, 1.2]) * [4.0, 1.0], rtol=1e-8)
    numpy.testing.assert_allclose(y.grad.numpy(), numpy.sin([0.3, 1.2]) * [4.0, -2.0], rtol=1e-8)
    (g,) = torch.autograd.grad(black_box(x, y).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="second time"):
        g.sum().backward()


def test_arguments_by_name():
    def program(lib):
        Product = scaled_product(lib)
        a, b = (lib.tensor([2.0, 3.0], requires_grad=True) for _ in range(2))
        Product.apply(a, factor=3.0, b=b)[0].sum().backward()
        return a.grad, b.grad

    both(program)


@pytest.mark.parametrize("kwargs", [{"unknown": 1}, {"flag": True}, {"a": 1}])
def test_arguments_by_name_that_cannot_be_placed(kwargs):
    for lib in LIBRARIES:
        a, b = (lib.ones(2, requires_grad=True) for _ in range(2))
        with pytest.raises(TypeError):
            scaled_product(lib).apply(a, b, **kwargs)
