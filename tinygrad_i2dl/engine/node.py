"""Nodes of the recorded graph.

A node stands for one recorded operation. It knows its parents (the nodes that made its inputs, or None where an input
needs no gradient), the shape and dtype of the gradient it receives, and how to turn that gradient into shares for its
parents. It does not know its output: tensors point to nodes, never the other way round, so that a graph is freed by
reference count.

Nodes are numbered as they are created. A node's parents are older than itself, so "newest first" is a topological order
and the backward pass needs no search.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

Array = Any
Gradient = Any  # an array, or a Tensor when the backward pass is itself recorded

next_number = itertools.count(1).__next__


class Hooks:
    """User functions called when a gradient passes a node; made only for nodes that have some."""

    __slots__ = ("after", "before", "retain", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, Callable[..., Any]] = {}  # gradient -> gradient or None
        self.retain: weakref.ref[Any] | None = None  # the non-leaf tensor that asked for `retain_grad`
        self.before: dict[int, Callable[..., Any]] = {}  # (gradients of outputs) -> the same or None
        self.after: dict[
            int, Callable[..., Any]
        ] = {}  # (gradients of inputs, gradients of outputs) -> the former or None


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away; also a context manager."""

    _next_id = itertools.count().__next__

    def __init__(self, hooks: dict[int, Any], *also: dict[int, Any]) -> None:
        self.id = RemovableHandle._next_id()
        self._hooks = hooks
        self._also = also

    def remove(self) -> None:
        self._hooks.pop(self.id, None)
        for each in self._also:
            each.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def add_hook(hooks: dict[int, Any], hook: Callable[..., Any]) -> RemovableHandle:
    """Put `hook` last into `hooks` and return the handle that removes it."""
    if not callable(hook):
        raise TypeError(f"a hook must be callable, got {hook!r}")
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


class Node:
    """One recorded operation. Subclasses say how a gradient becomes the gradients of the parents."""

    __slots__ = ("__weakref__", "dtype", "hooks", "number", "parents", "shape", "trace")

    parents: tuple[Node | None, ...]
    shape: tuple[int, ...] | None  # None: the node has several outputs and receives a list of gradients
    dtype: Any
    hooks: Hooks | None
    trace: Any  # where the user's code made this node: kept by anomaly detection only

    def __init__(self, parents: tuple[Node | None, ...], shape: tuple[int, ...] | None, dtype: Any) -> None:
        self.number = next_number()
        self.parents = parents
        self.shape = shape
        self.dtype = dtype
        self.hooks = None
        self.trace = None

    def backward(
        self, gradient: Gradient, needs: tuple[bool, ...] | None, recorded: bool
    ) -> tuple[Gradient | None, ...]:
        """Gradients for the parents; None where `needs` (None: all parents there are) does not ask or there is none.

        `recorded` is True under ``create_graph``: gradients are then Tensors and the computation is recorded.
        """
        raise NotImplementedError

    def release(self) -> None:
        """Let go of saved values once the backward pass has used them."""

    def own_hooks(self) -> Hooks:
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks

    # What `tensor.grad_fn` shows.

    def name(self) -> str:
        """Name of the operation, such as ``MulBackward0``."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that the gradients go to, each with the number of the output they belong to."""
        return tuple(
            (parent.public(), parent.output_number()) if parent is not None else (None, 0) for parent in self.parents
        )

    def public(self) -> Node:
        """The node that users see for a gradient that arrives here."""
        return self

    def output_number(self) -> int:
        return 0

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)`` before this node runs; a tuple that it returns replaces them."""
        return add_hook(self.own_hooks().before, hook)

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after this node ran; a tuple that it returns replaces
        ``grad_inputs``."""
        return add_hook(self.own_hooks().after, hook)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {hex(id(self))}>"


class Output(Node):
    """One output of a node with several: hands its gradient to the node's list."""

    __slots__ = ("index",)

    def __init__(self, node: Node, index: int, shape: tuple[int, ...], dtype: Any) -> None:
        super().__init__((node,), shape, dtype)
        self.index = index

    def name(self) -> str:
        return self.public().name()

    def public(self) -> Node:
        node = self.parents[0]
        assert node is not None
        return node

    def output_number(self) -> int:
        return self.index


_accumulation = threading.Lock()  # two threads may reach the same leaf at once


def _renew_lock() -> None:
    global _accumulation
    _accumulation = threading.Lock()


if hasattr(os, "register_at_fork"):  # a thread that held the lock does not exist in the child
    os.register_at_fork(after_in_child=_renew_lock)

# References to a gradient that nothing but the backward pass itself holds: the loop's variable, `accumulate`'s
# parameter and the argument of getrefcount. One more may be another leaf's gradient, and of two leaves that shared an
# array each would receive what is added to the other. Python 3.14 does not count all of these: there all are copied.
_UNSHARED = 3 if sys.version_info < (3, 14) else 0


class AccumulateGrad(Node):
    """Adds what arrives to the ``grad`` of a leaf. Knows its leaf weakly: the leaf owns this node."""

    __slots__ = ("accumulated", "tensor")

    def __init__(self, tensor: Any, shape: tuple[int, ...], dtype: Any) -> None:
        super().__init__((), shape, dtype)
        self.tensor = weakref.ref(tensor)
        self.accumulated: dict[int, Callable[..., Any]] | None = None  # post-accumulate hooks

    @property
    def variable(self) -> Any:
        """The leaf."""
        return self.tensor()

    def accumulate(self, gradient: Gradient, recorded: bool, wrap: Callable[..., Any]) -> None:
        """Add `gradient` to the leaf's ``grad``, in place where that is not recorded."""
        leaf = self.tensor()
        if leaf is None or leaf._node is None:  # nobody can ask for its gradient, or asks for it any more
            return
        with _accumulation:
            held = leaf._grad
            if recorded:
                # A Tensor of the leaf's own: the graph, another leaf or the caller may hold the one that arrived.
                leaf._grad = gradient.clone() if held is None else held + gradient
            elif held is None:
                # The array becomes the gradient itself when nobody else can see it, else a copy does.
                if getattr(gradient, "base", None) is not None or sys.getrefcount(gradient) > _UNSHARED:
                    gradient = gradient.copy()
                leaf._grad = wrap(gradient)
            else:
                held._add_array(gradient)
        if self.accumulated:
            for hook in list(self.accumulated.values()):
                hook(leaf)
