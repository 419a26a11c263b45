"""Derivatives of tensors: ``grad`` returns them, ``backward`` adds them to the leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import GraphError
from ..tensors import Tensor, differentiate, make

__all__ = ["backward", "grad"]


def _listed(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) or tensors is None else list(tensors)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add to the leaves' ``grad`` the derivative of the sum of `tensors`, each multiplied by its entry of
    `grad_tensors`.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> torch.autograd.backward([x * 2, x * 3], [torch.ones(2), torch.ones(2)])
    >>> x.grad
    tensor([5., 5.])
    """
    outputs = _listed(tensors)
    given = grad_tensors if grad_tensors is not None else grad_variables
    gradients = [None] * len(outputs) if given is None else _listed(given)
    if len(gradients) != len(outputs):
        raise GraphError(
            f"got {len(outputs)} tensors and {len(gradients)} grad_tensors; there must be one for each (or None)"
        )
    differentiate(outputs, gradients, retain_graph, create_graph, inputs=inputs)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Derivatives of the sum of `outputs` with respect to `inputs`, as a tuple; nothing is added to ``grad``.

    Args:
        outputs: tensors to differentiate.
        inputs: tensors to differentiate with respect to; need not be leaves.
        grad_outputs: what to multiply each output's derivative with; needed for outputs with more than one element.
        retain_graph: keep the graph for another pass. Default: the value of `create_graph`.
        create_graph: record the computation of the derivatives, so that they can be differentiated again.
        allow_unused: give None for an input that the outputs do not depend on, instead of raising.
        materialize_grads: give zeros for such an input.

    Raises:
        RuntimeError: an input was not used and `allow_unused` is not set; or `is_grads_batched` (call `grad` in a loop,
            or `autograd.functional.jacobian`).

    >>> import tinygrad_i2dl as torch
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> (first,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> torch.autograd.grad(first, x)
    (tensor(12.),)
    """
    if is_grads_batched:
        raise RuntimeError(
            "grad(is_grads_batched=True) is not supported: call grad() once for each gradient, with retain_graph=True, "
            "or use torch.autograd.functional.jacobian"
        )
    if not only_inputs:
        raise RuntimeError("grad(only_inputs=False) is not supported: use backward() to accumulate into the leaves")
    if materialize_grads and allow_unused is False:
        raise ValueError("materialize_grads=True gives zeros for unused inputs and so contradicts allow_unused=False")
    tensors, wanted = _listed(outputs), _listed(inputs)
    gradients = [None] * len(tensors) if grad_outputs is None else _listed(grad_outputs)
    if len(gradients) != len(tensors):
        raise GraphError(
            f"got {len(tensors)} outputs and {len(gradients)} grad_outputs; there must be one for each (or None)"
        )
    found = differentiate(tensors, gradients, retain_graph, create_graph, inputs=wanted, accumulate=False)
    results: list[Tensor | None] = []
    for number, (each, gradient) in enumerate(zip(wanted, found, strict=True)):
        if gradient is None and materialize_grads:
            gradient = make(each._array * 0)
        elif gradient is None and not allow_unused:
            raise GraphError(
                f"input {number}, of shape {tuple(each.shape)}, was not used to compute the outputs, so it has no "
                "gradient: pass allow_unused=True if None is what you want"
            )
        elif gradient is not None and not create_graph and getattr(gradient._array, "base", None) is not None:
            gradient = make(gradient._array.copy())  # may be a stretched view, in which elements share memory
        results.append(gradient)
    return tuple(results)
