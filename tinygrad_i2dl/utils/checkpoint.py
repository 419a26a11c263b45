"""Trading time for memory: what is inside is computed again in the backward pass instead of being kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from ..autograd.function import Function
from ..engine.mode import enable_grad, state
from ..generator import default_generator
from ..tensors import Tensor, current_node, differentiate, make

__all__ = ["checkpoint", "checkpoint_sequential"]


def _spread(value: Any, into: list[Any]) -> Callable[[Sequence[Any]], Any]:
    """Append what is inside of nested tuples, lists and dictionaries to `into`; return what nests the like again."""
    kind = type(value)
    if isinstance(value, dict):
        parts = {key: _spread(each, into) for key, each in value.items()}
        return lambda flat: kind({key: part(flat) for key, part in parts.items()})
    if isinstance(value, (tuple, list)):
        several = [_spread(each, into) for each in value]
        if hasattr(kind, "_fields"):
            return lambda flat: kind(*[part(flat) for part in several])
        return lambda flat: kind(part(flat) for part in several)
    place = len(into)
    into.append(value)
    return lambda flat: flat[place]


class _Recompute(Function):
    @staticmethod
    def forward(
        ctx: Any, run: Callable[..., Any], preserve: bool, nesting: list[Any], witness: Tensor, *args: Any
    ) -> Any:
        ctx.run = run
        ctx.state = default_generator.get_state() if preserve else None
        ctx.tensors = [isinstance(each, Tensor) for each in args]
        ctx.others = [None if isinstance(each, Tensor) else each for each in args]
        ctx.save_for_backward(*[each if isinstance(each, Tensor) else None for each in args])
        outputs: list[Any] = []
        nesting.append(_spread(run(*args), outputs))
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        if state.recording:
            raise RuntimeError("checkpoint() does not support create_graph: compute this part without checkpoint()")
        args = []
        for saved, other, is_tensor in zip(ctx.saved_tensors, ctx.others, ctx.tensors, strict=True):
            if is_tensor:
                fresh = saved.detach()
                args.append(fresh.requires_grad_() if current_node(saved) is not None else fresh)
            else:
                args.append(other)
        outside = default_generator.get_state()
        if ctx.state is not None:
            default_generator.set_state(ctx.state)
        try:
            with enable_grad():
                returned = ctx.run(*args)
        finally:
            if ctx.state is not None:
                default_generator.set_state(outside)
        outputs: list[Any] = []
        _spread(returned, outputs)
        pairs = [
            (o, g)
            for o, g in zip(outputs, gradients, strict=True)
            if isinstance(o, Tensor) and current_node(o) is not None
        ]
        if pairs:
            differentiate([o for o, _ in pairs], [g for _, g in pairs], None, False)
        return (None, None, None, None, *[each.grad if isinstance(each, Tensor) else None for each in args])


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args)`` without keeping what its backward pass needs: that is computed again when the gradient comes.

    Args:
        function: of tensors; random numbers in it come out the same the second time if `preserve_rng_state`.
        use_reentrant: accepted; there is one implementation.

    Parameters used inside get their gradients too.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> torch.utils.checkpoint.checkpoint(lambda x: x.exp().sum(), x).backward()
    >>> x.grad
    tensor([2.7183, 2.7183])
    """
    run = (lambda *given: function(*given, **kwargs)) if kwargs else function
    witness = make(numpy.zeros((), numpy.float32)).requires_grad_()  # parameters inside need the call recorded
    nesting: list[Callable[[Sequence[Any]], Any]] = []
    outputs = _Recompute.apply(run, preserve_rng_state, nesting, witness, *args)
    return nesting[0](outputs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Run a Sequential (or a list of functions) in `segments` parts, each but the last by `checkpoint`."""
    steps = list(functions)
    size = max(1, len(steps) // segments)

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            for step in steps[start:end]:
                value = step(value)
            return value

        return run

    start = 0
    for _ in range(segments - 1):
        input = checkpoint(part(start, start + size), input, use_reentrant=use_reentrant, **kwargs)
        start += size
    return part(start, len(steps))(input)
