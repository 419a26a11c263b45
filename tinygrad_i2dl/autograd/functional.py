"""Jacobians, Hessians and products with them, of functions of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine.mode import enable_grad
from ..ops.creation import zeros
from ..ops.movement import reshape, stack
from ..ops.reduction import sum as sum_of
from ..tensors import Tensor, current_node, make
from .differentiation import grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _as_tuple(value: Any, what: str) -> tuple[Tensor, ...]:
    several = value if isinstance(value, (tuple, list)) else (value,)
    for number, each in enumerate(several):
        if not isinstance(each, Tensor):
            raise TypeError(
                f"{what} must be a Tensor or a tuple of Tensors, got {type(each).__name__} at position {number}"
            )
    return tuple(several)


def _prepared(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    """Inputs to differentiate with respect to: views of the given ones if their graph is wanted, else fresh leaves."""
    if create_graph:
        return tuple(
            each.view_as(each) if current_node(each) is not None else each.detach().requires_grad_() for each in inputs
        )
    return tuple(make(each._array).requires_grad_() for each in inputs)


def _outputs(func: Callable[..., Any], inputs: tuple[Tensor, ...], strict: bool) -> tuple[tuple[Tensor, ...], bool]:
    returned = func(*inputs)
    outputs = _as_tuple(returned, "the function's result")
    if strict:
        for number, each in enumerate(outputs):
            if current_node(each) is None:
                raise RuntimeError(f"output {number} of the function does not depend on the inputs (strict=True)")
    return outputs, isinstance(returned, (tuple, list))


def _grads(
    outputs: tuple[Tensor, ...],
    inputs: tuple[Tensor, ...],
    vectors: Any,
    create_graph: bool,
    strict: bool,
    retain: bool = True,
) -> tuple[Tensor, ...]:
    """`grad` that gives zeros where there is no dependence."""
    pairs = [(o, v) for o, v in zip(outputs, vectors, strict=True) if current_node(o) is not None]
    if not pairs:
        return tuple(make(each._array * 0) for each in inputs)
    found = grad(
        [o for o, _ in pairs],
        inputs,
        [v for _, v in pairs],
        retain_graph=retain,
        create_graph=create_graph,
        allow_unused=True,
    )
    if strict and any(each is None for each in found):
        number = next(i for i, each in enumerate(found) if each is None)
        raise RuntimeError(f"the function's result does not depend on input {number} (strict=True)")
    return tuple(make(i._array * 0) if g is None else g for g, i in zip(found, inputs, strict=True))


def _vectors(v: Any, like: tuple[Tensor, ...], what: str) -> tuple[Tensor, ...]:
    if v is None:
        if len(like) != 1 or like[0]._array.size != 1:
            shapes = ", ".join(str(tuple(each.shape)) for each in like)
            raise RuntimeError(
                f"the vector v may be left out only for a single {what} with one element, here they have shape {shapes}"
            )
        return (make(like[0]._array * 0 + 1),)
    vectors = _as_tuple(v, "v")
    if len(vectors) != len(like):
        raise RuntimeError(f"v must have one tensor for each {what}: expected {len(like)}, got {len(vectors)}")
    for number, (each, other) in enumerate(zip(vectors, like, strict=True)):
        if each.shape != other.shape:
            raise RuntimeError(
                f"v[{number}] must have the shape {tuple(other.shape)} of its {what}, got {tuple(each.shape)}"
            )
    return vectors


def _finished(tensors: tuple[Tensor, ...], several: bool, create_graph: bool) -> Any:
    result = tensors if create_graph else tuple(each.detach() for each in tensors)
    return result if several else result[0]


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Outputs of `func` and the product of the vector `v` (of the outputs' shapes) with the Jacobian, ``v^T J``.

    >>> import tinygrad_i2dl as torch
    >>> torch.autograd.functional.vjp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        given = _as_tuple(inputs, "inputs")
        prepared = _prepared(given, create_graph)
        outputs, several = _outputs(func, prepared, strict)
        products = _grads(outputs, prepared, _vectors(v, outputs, "output"), create_graph, strict)
    return _finished(outputs, several, create_graph), _finished(
        products, isinstance(inputs, (tuple, list)), create_graph
    )


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Outputs of `func` and the product of the Jacobian with the vector `v` (of the inputs' shapes), ``J v``.

    By the double-backward trick: the derivative of ``w^T J`` with respect to ``w``, in the direction `v` (Townsend
    2017).
    """
    with enable_grad():
        given = _as_tuple(inputs, "inputs")
        prepared = _prepared(given, create_graph)
        vectors = _vectors(v, prepared, "input")
        outputs, several = _outputs(func, prepared, strict)
        weights = tuple(make(o._array * 0).requires_grad_() for o in outputs)
        products = _grads(outputs, prepared, weights, True, strict)
        linear = [(p, w) for p, w in zip(products, vectors, strict=True) if current_node(p) is not None]
        if linear:
            found = grad(
                [p for p, _ in linear], weights, [w for _, w in linear], create_graph=create_graph, allow_unused=True
            )
        else:
            found = (None,) * len(weights)
        results = tuple(make(o._array * 0) if f is None else f for f, o in zip(found, outputs, strict=True))
    return _finished(outputs, several, create_graph), _finished(results, several, create_graph)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """All first derivatives of `func` at `inputs`.

    Returns:
        For one output and one input a tensor of shape ``output.shape + input.shape``; a tuple over inputs and, outside
        of it, a tuple over outputs where there are several of them. Computed one output element at a time, whatever
        `vectorize` and `strategy` say.

    >>> import tinygrad_i2dl as torch
    >>> torch.autograd.functional.jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(f"strategy must be 'reverse-mode' or 'forward-mode', got {strategy!r}")
    with enable_grad():
        given = _as_tuple(inputs, "inputs")
        prepared = _prepared(given, create_graph)
        outputs, several = _outputs(func, prepared, strict)
        rows: list[tuple[Tensor, ...]] = []
        for output in outputs:
            flat = reshape(output, (-1,))
            of_elements = [_grads((flat[i],), prepared, (None,), create_graph, strict) for i in range(flat._array.size)]
            blocks = []
            for number, each in enumerate(prepared):
                shape = (*output._array.shape, *each._array.shape)
                if of_elements:
                    block = reshape(stack([element[number] for element in of_elements]), shape)
                else:
                    block = zeros(shape, dtype=each.dtype)
                blocks.append(block if create_graph else block.detach())
            rows.append(tuple(blocks))
    inner = rows if isinstance(inputs, (tuple, list)) else [row[0] for row in rows]
    return tuple(inner) if several else inner[0]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """All second derivatives of a function with a single output element, of shape ``input.shape + input.shape``.

    >>> import tinygrad_i2dl as torch
    >>> torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    several = isinstance(inputs, (tuple, list))

    def gradient(*arguments: Tensor) -> Any:
        value = _scalar(func(*arguments))
        result = _grads((value,), arguments, (None,), True, strict)
        return result if several else result[0]

    return jacobian(gradient, inputs, create_graph=create_graph, strict=strict)


def _scalar(value: Any) -> Tensor:
    if not isinstance(value, Tensor) or value._array.size != 1:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise RuntimeError(f"the function must return a single tensor with one element, got {got}")
    return sum_of(value)  # type: ignore[no-any-return]


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Value of a scalar function and the product of the vector `v` with its Hessian, ``v^T H``."""
    with enable_grad():
        given = _as_tuple(inputs, "inputs")
        prepared = _prepared(given, create_graph)
        vectors = _vectors(v, prepared, "input")
        value = _scalar(func(*prepared))
        first = _grads((value,), prepared, (None,), True, strict)
        products = _grads(first, prepared, vectors, create_graph, strict)
    several = isinstance(inputs, (tuple, list))
    return _finished((value,), False, create_graph), _finished(products, several, create_graph)


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Value of a scalar function and the product of its Hessian with the vector `v`, ``H v``, which equals ``v^T
    H``."""
    return vhp(func, inputs, v, create_graph, strict)
