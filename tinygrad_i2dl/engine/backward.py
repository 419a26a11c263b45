"""The backward pass: one loop over the graph, newest node first.

A gradient that reaches a node is added to those that came before it; when the node's turn comes all its gradients have
come, because whoever sends one is newer. Sums are made in place only in arrays made here: a formula may well return the
very gradient it was given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy

from ..errors import GraphError, ShapeError
from .mode import state
from .node import AccumulateGrad, Node, Output

Array = Any
Gradient = Any


def _no_tensors(array: Array) -> Any:
    raise GraphError("there is no class of tensors yet: import tinygrad_i2dl, not its engine alone")


# Makes a Tensor of an array; set by the floor above, which owns the class.
wrap_array: Callable[[Array], Any] = _no_tensors
# What sees each node's backward call: it is given the node, the gradient that arrived and the call, and returns what
# the call returns.
Observer = Callable[[Node, Gradient, Callable[[], tuple[Any, ...]]], tuple[Any, ...]]
observer: Observer | None = None  # all that were added, as one
_observers: tuple[Observer, ...] = ()


def add_observer(function: Observer) -> None:
    """Let `function` see each node's backward call, around those that see it already."""
    _observe_with((*_observers, function))


def remove_observer(function: Observer) -> None:
    """Take back what `add_observer` added last of `function`; the others stay, whatever their order."""
    kept = list(_observers)
    del kept[len(kept) - 1 - kept[::-1].index(function)]
    _observe_with(tuple(kept))


def _observe_with(functions: tuple[Observer, ...]) -> None:
    global observer, _observers
    _observers = functions
    observer = functools.reduce(_around, functions) if functions else None


def _around(inner: Observer, outer: Observer) -> Observer:
    return lambda node, gradient, run: outer(node, gradient, lambda: inner(node, gradient, run))


def sum_to_shape(array: Array, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: sum `array` over the axes along which `shape` was stretched to the array's shape."""
    extra = array.ndim - len(shape)
    stretched = tuple(range(extra)) + tuple(
        axis + extra for axis, size in enumerate(shape) if size == 1 and array.shape[axis + extra] != 1
    )
    return array.sum(axis=stretched, dtype=array.dtype).reshape(shape)


def _broadcasts(shape: Sequence[int], to: Sequence[int]) -> bool:
    return len(shape) <= len(to) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(to), strict=False))


def _fit(gradient: Gradient, parent: Node, sender: Node, recorded: bool) -> Gradient:
    """Bring a gradient to the shape and dtype of what it is the gradient of."""
    shape, array = parent.shape, gradient._array if recorded else gradient
    assert shape is not None
    if array.shape != shape:
        if not _broadcasts(shape, array.shape):
            raise ShapeError(
                f"{sender.name()} returned a gradient of shape {tuple(array.shape)} for an input of shape "
                f"{tuple(shape)}; they must be equal, or the input's must broadcast to the gradient's"
            )
        gradient = gradient.sum_to_size(shape) if recorded else sum_to_shape(array, shape)
        array = gradient._array if recorded else gradient
    if array.dtype is not parent.dtype and array.dtype != parent.dtype:
        gradient = gradient._cast(parent.dtype) if recorded else array.astype(parent.dtype)
    return gradient


def _on_the_way(roots: Iterable[Node], targets: frozenset[int]) -> set[int]:
    """Numbers of the nodes from which a target can be reached."""
    oldest = min(targets)
    seen: dict[int, Node] = {}
    stack = [node for node in roots if node.number >= oldest]
    while stack:
        node = stack.pop()
        if node.number not in seen:
            seen[node.number] = node
            stack.extend(p for p in node.parents if p is not None and p.number >= oldest and p.number not in seen)
    reaching: set[int] = set()
    for number in sorted(seen):  # oldest first: a node's parents are decided before the node
        if number in targets or any(p is not None and p.number in reaching for p in seen[number].parents):
            reaching.add(number)
    return reaching


def run_backward(
    roots: Sequence[tuple[Node, Gradient]],
    *,
    create_graph: bool,
    retain_graph: bool,
    targets: frozenset[int] | None = None,
    accumulate: bool = True,
) -> dict[int, Gradient]:
    """Send gradients from `roots` back through the graph.

    Args:
        roots: nodes with the gradient that each starts from: arrays, or Tensors under `create_graph`.
        create_graph: record the pass itself, so that its results can be differentiated.
        retain_graph: keep saved values for another pass.
        targets: numbers of the nodes whose gradients are wanted; None means every leaf.
        accumulate: add to the leaves' ``grad``; otherwise the targets' gradients are returned.

    Returns:
        The gradients that arrived at the targets, by node number (empty if `accumulate`).
    """
    outer_mode = state.recording
    state.recording = create_graph
    try:
        first = roots[0][1]
        array = first._array if create_graph else first
        if isinstance(array, (numpy.ndarray, numpy.generic)):
            place: Any = numpy.errstate(all="ignore")  # NaN and infinities are results here, as in PyTorch
        else:
            place = array.device  # formulas compute on the GPU that the graph is on
        with place:
            return _run(roots, create_graph, retain_graph, targets, accumulate)
    finally:
        state.recording = outer_mode


def _run(
    roots: Sequence[tuple[Node, Gradient]],
    recorded: bool,
    retain_graph: bool,
    targets: frozenset[int] | None,
    accumulate: bool,
) -> dict[int, Gradient]:
    captured: dict[int, Gradient] = {}
    wanted = None if targets is None else _on_the_way((node for node, _ in roots), targets)
    waiting: dict[int, Node] = {}
    pending: dict[int, Any] = {}
    ours: set[int] = set()  # numbers whose pending gradient is an array made by this loop
    heap: list[int] = []
    for node, gradient in roots:
        number = node.number
        if wanted is not None and number not in wanted:
            continue
        if number in pending:
            pending[number] = pending[number] + gradient
        else:
            pending[number] = gradient
            waiting[number] = node
            heappush(heap, -number)
    gradient = None
    look = observer
    while heap:
        number = -heappop(heap)
        node = waiting.pop(number)
        gradient = pending.pop(number)
        hooks = node.hooks
        if hooks is not None:
            gradient = _run_hooks_before(node, gradient, recorded)
        if targets is not None and not accumulate and number in targets:
            captured[number] = gradient
        if type(node) is AccumulateGrad:
            if accumulate and (targets is None or number in targets):
                if not recorded and type(gradient) is not numpy.ndarray:
                    gradient = _as_array(gradient)
                node.accumulate(gradient, recorded, wrap_array)
            continue
        parents = node.parents
        if type(node) is Output:
            receiver = parents[0]
            assert receiver is not None
            if wanted is not None and receiver.number not in wanted:
                continue
            if receiver.number not in pending:
                pending[receiver.number] = {}
                waiting[receiver.number] = receiver
                heappush(heap, -receiver.number)
            of_outputs = pending[receiver.number]
            held = of_outputs.get(node.index)  # an output named again by a recorded backward pass has a node of its own
            of_outputs[node.index] = gradient if held is None else held + gradient
            held = of_outputs = None
            continue
        needs = None
        if wanted is not None:
            needs = tuple([parent is not None and parent.number in wanted for parent in parents])
            if True not in needs:
                continue
        if look is None:
            shares: Any = node.backward(gradient, needs, recorded)
        else:
            shares = look(node, gradient, lambda n=node, g=gradient, w=needs: n.backward(g, w, recorded))  # type: ignore[misc]
        if hooks is not None and hooks.after:
            shares = _run_hooks_after(node, shares, gradient, recorded)
        if not retain_graph:
            node.release()
        position = 0
        for share in shares:
            parent = parents[position]
            position += 1
            if share is None or parent is None:
                continue
            number = parent.number
            if wanted is not None and number not in wanted:
                continue
            if recorded:
                if share._array.shape != parent.shape or share._array.dtype is not parent.dtype:
                    share = _fit(share, parent, node, True)
            elif share.dtype is not parent.dtype or share.shape != parent.shape:
                share = _fit(share, parent, node, False)
            held = pending.get(number)
            if held is None:
                pending[number] = share
                waiting[number] = parent
                heappush(heap, -number)
            elif number in ours:
                held += share
                pending[number] = held  # a NumPy scalar is not changed in place
            else:
                pending[number] = held + share
                if not recorded:
                    ours.add(number)
        shares = share = held = gradient = None  # so that a leaf can see that it holds the only reference
    return captured


def _as_array(gradient: Any) -> Array:
    """NumPy's reductions return scalars where an array without dimensions is meant."""
    return numpy.asarray(gradient) if isinstance(gradient, numpy.generic) else gradient


def _run_hooks_before(node: Node, gradient: Any, recorded: bool) -> Any:
    """Tensor hooks (each may replace the gradient), then `retain_grad`, then the node's pre-hooks."""
    hooks = node.hooks
    assert hooks is not None
    if node.shape is not None:
        tensor = gradient if recorded else wrap_array(_as_array(gradient))
        for hook in list(hooks.tensor.values()):
            tensor = _replacement(hook(tensor), tensor, "a tensor hook")
        if hooks.retain is not None and (owner := hooks.retain()) is not None:
            kept = tensor.clone() if recorded else wrap_array(tensor._array.copy())
            owner._grad = kept if owner._grad is None else owner._grad + kept
        if hooks.before:
            tensors = (tensor,)
            for hook in list(hooks.before.values()):
                tensors = _replacements(hook(tensors), tensors, "a node pre-hook")
            tensor = tensors[0]
        return tensor if recorded else tensor._array
    if hooks.before:
        count = max(gradient) + 1
        several = tuple(_wrapped(gradient.get(i), recorded) for i in range(count))
        for hook in list(hooks.before.values()):
            several = _replacements(hook(several), several, "a node pre-hook")
        return {i: t if recorded else t._array for i, t in enumerate(several) if t is not None}
    return gradient


def _wrapped(gradient: Any, recorded: bool) -> Any:
    return gradient if recorded or gradient is None else wrap_array(_as_array(gradient))


def _run_hooks_after(node: Node, shares: Sequence[Any], gradient: Any, recorded: bool) -> tuple[Any, ...]:
    hooks = node.hooks
    assert hooks is not None
    inputs = tuple(_wrapped(share, recorded) for share in shares)
    if node.shape is None:
        outputs = tuple(_wrapped(gradient.get(i), recorded) for i in range(max(gradient) + 1))
    else:
        outputs = (_wrapped(gradient, recorded),)
    for hook in list(hooks.after.values()):
        inputs = _replacements(hook(inputs, outputs), inputs, "a node hook")
    return tuple(t if recorded or t is None else t._array for t in inputs)


def _replacement(returned: Any, current: Any, who: str) -> Any:
    if returned is None:
        return current
    if not hasattr(returned, "_array"):
        raise TypeError(f"{who} must return None or a Tensor that replaces the gradient, got {type(returned).__name__}")
    if returned._array.shape != current._array.shape:
        raise ShapeError(
            f"{who} returned a gradient of shape {tuple(returned.shape)} in place of one of shape "
            f"{tuple(current.shape)}"
        )
    return returned


def _replacements(returned: Any, current: tuple[Any, ...], who: str) -> tuple[Any, ...]:
    if returned is None:
        return current
    if hasattr(returned, "_array"):
        returned = (returned,)
    if len(returned) != len(current):
        raise GraphError(f"{who} must return {len(current)} gradients, as many as it was given, got {len(returned)}")
    return tuple(returned)
