"""Functions of functions: derivatives as functions, and calls of modules with given parameters (``torch.func``).

Arguments may be tensors or nested tuples, lists and dictionaries of them, such as ``dict(model.named_parameters())``.
Derivatives nest. A result that depends on tensors which require gradients, among the arguments, stays differentiable by
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .autograd import functional
from .autograd.differentiation import grad as differentiate
from .engine.mode import enable_grad, state
from .nn.utils.stateless import functional_call as functional_call
from .ops.movement import stack
from .tensors import Tensor

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "vjp", "vmap"]


def _mapped(function: Callable[[Tensor], Any], tree: Any) -> Any:
    """`tree` with `function` of each tensor in it."""
    if isinstance(tree, Tensor):
        return function(tree)
    if isinstance(tree, dict):
        return type(tree)((key, _mapped(function, each)) for key, each in tree.items())
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_mapped(function, each) for each in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(_mapped(function, each) for each in tree)
    return tree


def _tensors(tree: Any) -> list[Any]:
    """The tensors in `tree`, in order."""
    found: list[Any] = []
    _mapped(found.append, tree)
    return found


def _watched(tensor: Any) -> Tensor:
    """The same values to differentiate by, connected to where they came from."""
    if tensor.requires_grad:
        return tensor.view_as(tensor)  # type: ignore[no-any-return]
    return tensor.detach().requires_grad_()  # type: ignore[no-any-return]


def _positions(argnums: int | tuple[int, ...], count: int) -> tuple[int, ...]:
    several = argnums if isinstance(argnums, tuple) else (argnums,)
    if not several or any(not -count <= each < count for each in several):
        raise RuntimeError(f"argnums must be positions of the {count} positional arguments, got {argnums}")
    return tuple(each % count for each in several)


def _is_nested(args: Any) -> bool:
    return state.recording and any(each.requires_grad for each in _tensors(args))


def _derived(func: Callable[..., Any], argnums: Any, has_aux: bool, args: Any, kwargs: Any) -> tuple[Any, Any, Any]:
    """Gradient, value and auxiliary result."""
    positions = _positions(argnums, len(args))
    nested = _is_nested((args, kwargs))
    with enable_grad():
        given = list(args)
        for position in positions:
            given[position] = _mapped(_watched, given[position])
        result = func(*given, **kwargs)
        value, aux = result if has_aux else (result, None)
        if not isinstance(value, Tensor) or value.ndim != 0:
            got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
            raise RuntimeError(f"the function must return a tensor without dimensions to be differentiated, got {got}")
        sources = [tensor for position in positions for tensor in _tensors(given[position])]
        found = iter(
            differentiate(value, sources, create_graph=nested, allow_unused=True, materialize_grads=True)
            if value.requires_grad
            else [each * 0 for each in sources]
        )
    gradients = tuple(_mapped(lambda _: next(found), args[position]) for position in positions)
    if not nested:
        gradients, value, aux = (_mapped(lambda tensor: tensor.detach(), each) for each in (gradients, value, aux))
    return (gradients if isinstance(argnums, tuple) else gradients[0]), value, aux


def grad(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradient of `func` by the argument(s) at `argnums`.

    Args:
        func: returns a tensor without dimensions, and something else with `has_aux`.
        argnums: position of the argument, or a tuple of several.
        has_aux: `func` returns a pair of which only the first is differentiated; the result is a pair too.

    >>> import tinygrad_i2dl as torch
    >>> torch.func.grad(torch.func.grad(lambda x: x**3))(torch.tensor(2.0))
    tensor(12.)
    """

    def gradient(*args: Any, **kwargs: Any) -> Any:
        result, _, aux = _derived(func, argnums, has_aux, args, kwargs)
        return (result, aux) if has_aux else result

    return gradient


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient and the value of `func`; with `has_aux`, ``(gradient, (value, aux))``."""

    def both(*args: Any, **kwargs: Any) -> Any:
        result, value, aux = _derived(func, argnums, has_aux, args, kwargs)
        return (result, (value, aux)) if has_aux else (result, value)

    return both


def jacrev(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that gives all first derivatives of `func` by the tensor(s) at `argnums`, by backward passes."""

    def derivatives(*args: Any) -> Any:
        positions = _positions(argnums, len(args))
        chosen = tuple(args[position] for position in positions)

        def of_chosen(*tensors: Any) -> Any:
            given = list(args)
            for position, tensor in zip(positions, tensors, strict=True):
                given[position] = tensor
            return func(*given)

        inputs = chosen if isinstance(argnums, tuple) else chosen[0]
        return functional.jacobian(of_chosen, inputs, create_graph=_is_nested(args))

    return derivatives


def jacfwd(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """As `jacrev`, with the same result: there is no forward mode to compute it with."""
    return jacrev(func, argnums)


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that gives all second derivatives of `func` by the tensor(s) at `argnums`.

    >>> import tinygrad_i2dl as torch
    >>> torch.func.hessian(lambda x: (x**3).sum())(torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of `func`, and the function from a cotangent of the output to the gradients by `primals`.

    >>> import tinygrad_i2dl as torch
    >>> value, pull = torch.func.vjp(lambda x: x**2, torch.tensor([1.0, 2.0]))
    >>> pull(torch.ones(2))
    (tensor([2., 4.]),)
    """
    nested = _is_nested(primals)
    with enable_grad():
        given = tuple(_mapped(_watched, each) for each in primals)
        result = func(*given)
        output, aux = result if has_aux else (result, None)
    outputs = _tensors(output)
    sources = _tensors(given)

    def pull(cotangents: Any) -> Any:
        weights = _tensors(cotangents)
        if len(weights) != len(outputs):
            raise RuntimeError(f"expected a cotangent for each of the {len(outputs)} outputs, got {len(weights)}")
        pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
        create = nested or any(each.requires_grad for each in weights)
        found = iter(
            differentiate(
                [o for o, _ in pairs],
                sources,
                [w for _, w in pairs],
                retain_graph=True,
                create_graph=create,
                allow_unused=True,
                materialize_grads=True,
            )
            if pairs
            else [each * 0 for each in sources]
        )
        return _mapped(lambda _: next(found), primals)

    shown = output if nested else _mapped(lambda tensor: tensor.detach(), output)
    return (shown, pull, aux) if has_aux else (shown, pull)


def jvp(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """The value of `func` at `primals`, and its derivative in the direction of `tangents`."""
    return functional.jvp(func, primals, tangents, create_graph=_is_nested((primals, tangents)))


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """`func` for each index along a dimension of its arguments, with the results stacked.

    This is a loop: `func` is called once for each index, so that it costs what a Python loop costs. Random numbers are
    drawn anew in each call.

    Args:
        in_dims: the dimension of each tensor that is mapped over, None for arguments that are the same in each call:
            one for all arguments, or a tuple with one for each argument (for a nested argument, one for all inside).
            Keyword arguments are the same in each call.
        out_dims: where the mapped dimension comes to lie: one for all results, or a tuple with one for each.
        randomness, chunk_size: accepted; nothing depends on them.

    Raises:
        ValueError: nothing is mapped over, sizes differ, or `in_dims` does not fit the arguments.

    >>> import tinygrad_i2dl as torch
    >>> from tinygrad_i2dl.func import vmap
    >>> vmap(torch.dot)(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.ones(2, 2))
    tensor([3., 7.])
    """

    def mapped(*args: Any, **kwargs: Any) -> Any:
        dims = tuple(in_dims) if isinstance(in_dims, (tuple, list)) else (in_dims,) * len(args)
        if len(dims) != len(args) or not all(dim is None or isinstance(dim, int) for dim in dims):
            raise ValueError(
                f"vmap() needs in_dims with an int or None for each of the {len(args)} arguments, got {in_dims}"
            )
        sizes = [
            each.shape[dim] for arg, dim in zip(args, dims, strict=True) if dim is not None for each in _tensors(arg)
        ]
        if not sizes or len(set(sizes)) > 1 or sizes[0] == 0:
            raise ValueError(f"vmap() maps over one size of at least 1 that all tensors share, got sizes {sizes}")
        results = [
            func(*(_selected(arg, dim, index) for arg, dim in zip(args, dims, strict=True)), **kwargs)
            for index in range(sizes[0])
        ]
        return _stacked(results, out_dims)

    return mapped


def _selected(tree: Any, dim: int | None, index: int) -> Any:
    return tree if dim is None else _mapped(lambda tensor: tensor.select(dim, index), tree)


def _stacked(results: list[Any], dims: Any) -> Any:
    """Equal nested results joined tensor by tensor."""
    first = results[0]
    if isinstance(first, Tensor):
        return stack(results, dims)
    if isinstance(first, dict):
        return type(first)((key, _stacked([each[key] for each in results], dims)) for key in first)
    if isinstance(first, (tuple, list)):
        several = dims if isinstance(dims, tuple) else (dims,) * len(first)
        if len(several) != len(first):
            raise ValueError(f"vmap() needs out_dims for {len(first)} results, got {dims}")
        parts = [_stacked(list(each), dim) for each, dim in zip(zip(*results, strict=True), several, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    raise ValueError(f"vmap() needs a function that returns tensors, got a result of type {type(first).__name__}")
