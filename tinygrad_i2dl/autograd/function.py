"""Custom differentiable functions: a forward and a backward of the user's own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..engine.mode import no_grad, state
from ..engine.node import Node, Output
from ..errors import GraphError, ShapeError
from ..ops import _define
from ..tensors import Tensor, current_node, make, rebase, refuse_change, version_of

__all__ = ["Function", "FunctionCtx", "numeric_grad", "once_differentiable"]


class FunctionCtx:
    """What `Function.forward` leaves for `Function.backward`; any attribute may be set on it."""

    def __init__(self) -> None:
        self.needs_input_grad: tuple[bool, ...] = ()
        self._to_save: tuple[Any, ...] = ()
        self._saved: list[tuple[str, Any, Any, Any, int]] | None = []
        self._dirty: tuple[Tensor, ...] = ()
        self._non_differentiable: tuple[Tensor, ...] = ()
        self._materialize = True
        self._node: Any = None  # set while backward runs only: a lasting reference would be a cycle

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors (inputs, outputs or others; None too) for `backward`, where `saved_tensors` gives them back.

        Unlike attributes of ctx, they are freed after the backward pass, in-place changes of them are noticed, and
        outputs make no reference cycle.
        """
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward() keeps tensors, got {type(tensor).__name__}: set other values as attributes, "
                    "ctx.name = value"
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Accepted for compatibility; forward-mode differentiation does not use it."""

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say that `forward` changed these inputs in place (and returns them)."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say that these outputs have no derivative."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """With False, `backward` gets None, not zeros, for outputs that nothing was computed from."""
        self._materialize = bool(value)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors given to `save_for_backward`, in that order.

        Raises:
            RuntimeError: they were freed by an earlier backward pass, or one of them was changed in place since.
        """
        if self._saved is None:
            raise GraphError(
                "the tensors saved by save_for_backward() are gone: this graph was already run backward once. "
                "Pass retain_graph=True to the first backward() if you need a second one"
            )
        return tuple(self._unpack(*entry) for entry in self._saved)

    def _unpack(self, kind: str, array: Any, source: Any, version: Any, changes: int) -> Tensor | None:
        if kind == "none":
            return None
        if version is not None and version[0] != changes:
            raise GraphError(
                f"a tensor of shape {tuple(array.shape)} saved by save_for_backward() was changed in place "
                f"{version[0] - changes} time(s) since: clone() it before the change"
            )
        if kind == "out":
            node = self._node
            if node is not None and node.shape is None:
                node = Output(node, source, array.shape, array.dtype)
            return make(array, node)
        return make(array, source)

    def _keep(self, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """Turn what `save_for_backward` was given into arrays with their places in the graph."""
        entries: list[tuple[str, Any, Any, Any, int]] = []
        for tensor in self._to_save:
            if tensor is None:
                entries.append(("none", None, None, None, 0))
                continue
            version = version_of(tensor)
            number = next((i for i, output in enumerate(outputs) if output is tensor), None)
            if number is not None:
                entries.append(("out", tensor._array, number, version, version[0]))
            else:
                entries.append(("in", tensor._array, current_node(tensor), version, version[0]))
        self._saved = entries
        self._to_save = ()


class _Everywhere(Node):
    """Stands for "something that requires a gradient": makes visible whether a result still depends on its input."""

    __slots__ = ()

    def backward(self, gradient: Any, needs: Any, recorded: bool) -> tuple[Any, ...]:
        return ()


class FunctionNode(Node):
    """The recorded call of a user's Function. Attributes set on ctx are readable on it, as in PyTorch."""

    __slots__ = ("arguments", "ctx", "function", "outputs", "positions")

    def __init__(
        self,
        function: type[Function],
        ctx: FunctionCtx,
        parents: tuple[Node | None, ...],
        positions: tuple[int, ...],
        outputs: list[tuple[tuple[int, ...], Any]],
        arguments: list[tuple[int, ...]],
        count: int,
    ) -> None:
        single = len(outputs) == 1
        super().__init__(parents, outputs[0][0] if single else None, outputs[0][1] if single else None)
        self.function = function
        self.ctx = ctx
        self.positions = positions  # which arguments of apply() the parents belong to
        self.outputs = outputs  # shape and dtype of each output
        self.arguments = (arguments, count)  # shapes of the tensor arguments, number of all arguments

    def name(self) -> str:
        return f"{self.function.__name__}Backward"

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "ctx"), name)

    def release(self) -> None:
        self.ctx._saved = None

    def backward(self, gradient: Any, needs: tuple[bool, ...] | None, recorded: bool) -> tuple[Any, ...]:
        arrived = {0: gradient} if self.shape is not None else gradient
        gradients: list[Tensor | None] = []
        known = next(iter(arrived.values()))
        xp = numpy if isinstance(known, numpy.generic) else namespace_of(type(known._array if recorded else known))
        for number, (shape, dtype) in enumerate(self.outputs):
            each = arrived.get(number)
            if each is None:
                gradients.append(make(xp.zeros(shape, dtype)) if self.ctx._materialize else None)
            elif recorded:
                gradients.append(each)
            else:
                gradients.append(make(numpy.asarray(each) if isinstance(each, numpy.generic) else each))
        if recorded:  # a result that does not depend on any of these has left the graph
            gradients = [
                make(g._array, _Everywhere((), g._array.shape, g._array.dtype))
                if g is not None and g._node is None
                else g
                for g in gradients
            ]
        ctx = self.ctx
        if self.function.backward is Function.backward:
            raise NotImplementedError(
                f"{self.function.__name__} has no backward: define a static backward(ctx, ...), which returns one "
                "gradient for each argument of forward"
            )
        ctx._node = self
        try:
            returned = self.function.backward(ctx, *gradients)
        finally:
            ctx._node = None
        return self._check(returned, recorded)

    def _check(self, returned: Any, recorded: bool) -> tuple[Any, ...]:
        """Shares for the parents, after making sure that the user's backward returned what it must."""
        who = f"{self.function.__name__}.backward()"
        shapes, count = self.arguments
        if not isinstance(returned, tuple):
            returned = tuple(returned) if isinstance(returned, list) else (returned,)
        while len(returned) > count and returned[-1] is None:
            returned = returned[:-1]
        if len(returned) != count:
            raise GraphError(
                f"{who} must return one gradient (or None) for each of the {count} arguments of "
                f"{self.function.__name__}.apply(), got {len(returned)}"
            )
        shares: list[Any] = []
        for parent, position, shape in zip(self.parents, self.positions, shapes, strict=True):
            share = returned[position]
            if share is None or parent is None:
                shares.append(None)
                continue
            if not isinstance(share, Tensor):
                raise TypeError(f"{who} must return Tensors or None, got {type(share).__name__} for input {position}")
            if share._array.shape != shape and not _stretched(shape, share._array.shape):
                raise ShapeError(
                    f"{who} returned a gradient of shape {tuple(share.shape)} for input {position}, which has shape "
                    f"{tuple(shape)}; they must be equal"
                )
            if recorded and share._node is None and share._array.any():
                raise GraphError(
                    f"{who} left the graph: under create_graph its gradient for input {position} must be computed from "
                    "its arguments by recorded operations, or second derivatives would be silently wrong. Use torch "
                    "operations instead of .data, .detach(), .numpy() or no_grad() in backward, or mark it with "
                    "@once_differentiable"
                )
            shares.append(share if recorded else share._array)
        return tuple(shares)


def _stretched(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    return len(shape) <= len(to) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(to), strict=False))


class _Called:
    """What an observer of operations reads of the call of a Function."""

    def __init__(self, function: type[Function]) -> None:
        self.name = f"{function.__name__}.forward"
        names = list(inspect.signature(function.forward).parameters)
        self.parameters = names if function.setup_context is not Function.setup_context else names[1:]


class Function:
    """Base class of custom differentiable functions. Call them by ``apply``, never directly.

    >>> import tinygrad_i2dl as torch
    >>> class Square(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * grad_output
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> Square.apply(x).backward(); x.grad
    tensor(6.)

    `forward` may also be written without ctx, together with ``setup_context(ctx, inputs, output)``. `backward` gets one
    gradient for each output and returns one, or None, for each argument. Written with torch operations it can be
    differentiated itself.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"{type(self).__name__} is a Function with static forward and backward: call "
            f"{type(self).__name__}.apply(...), do not make an instance"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; the first argument is ctx unless `setup_context` is defined."""
        raise NotImplementedError("a Function must define a static forward(ctx, ...)")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save for `backward` what `forward`, written without ctx, computed."""
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Gradients of the arguments from the gradients of the outputs."""
        raise NotImplementedError("a Function must define a static backward(ctx, ...) to be differentiated")

    @staticmethod
    def vjp(ctx: Any, *grad_outputs: Any) -> Any:
        """Another name that PyTorch gives `backward`."""
        raise NotImplementedError

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record the call. Arguments may be named as `forward` names them."""
        if kwargs:
            args = cls._in_order(args, kwargs)
        ctx = FunctionCtx()
        positions = tuple(i for i, each in enumerate(args) if isinstance(each, Tensor))
        parents = tuple(current_node(args[i]) for i in positions)
        recorded = state.recording and any(parent is not None for parent in parents)
        needs = [False] * len(args)
        for position, parent in zip(positions, parents, strict=True):
            needs[position] = parent is not None
        ctx.needs_input_grad = tuple(needs)
        arguments = [args[i]._array.shape for i in positions]
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                returned = cls.forward(*args)
                cls.setup_context(ctx, args, returned)
            else:
                returned = cls.forward(ctx, *args)
        outputs = returned if isinstance(returned, tuple) else (returned,)
        for tensor in ctx._dirty:
            if not any(tensor is each for each in outputs):
                raise RuntimeError(f"{cls.__name__}.forward(): a tensor given to mark_dirty() must be returned")
        dirty = {id(tensor) for tensor in ctx._dirty}
        for tensor in ctx._dirty:
            if recorded:
                refuse_change(tensor, cls.__name__)
            rebase(tensor, None)
        # An input returned as it came becomes an output of its own on the same memory.
        given = {id(args[i]) for i in positions}
        outputs = tuple(
            each.detach() if isinstance(each, Tensor) and id(each) in given and id(each) not in dirty else each
            for each in outputs
        )
        ctx._keep(args, outputs)
        if recorded:
            inputs = [args[i] for i in positions]
            known = {id(each if each._view is None else each._view.base) for each in inputs}
            cls._record(ctx, parents, positions, outputs, arguments, len(args), dirty, known)
        if _define.observer is not None:
            cls._show(args, outputs)
        return outputs if isinstance(returned, tuple) else outputs[0]

    @classmethod
    def _show(cls, args: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """Show the call to the observer, as that of an operation."""
        tensors = [each for each in outputs if isinstance(each, Tensor)]
        node = next((each._node for each in tensors if each._node is not None), None)
        values = tuple(each._array if isinstance(each, Tensor) else each for each in args)
        assert _define.observer is not None
        _define.observer(_Called(cls), values, tuple(each._array for each in tensors), node)

    @classmethod
    def _in_order(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of `forward` by position, as `backward` counts them."""
        signature = inspect.signature(cls.forward)
        if cls.setup_context is Function.setup_context:  # the first is ctx
            signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.apply(): {error}; forward takes {signature}") from None
        if bound.kwargs:
            raise TypeError(
                f"{cls.__name__}.apply(): {next(iter(bound.kwargs))!r} comes after an argument that was left out, or "
                "can only be given by name; backward() returns gradients by position, so give all before it: "
                f"forward{signature}"
            )
        return bound.args

    @classmethod
    def _record(
        cls,
        ctx: FunctionCtx,
        parents: tuple[Node | None, ...],
        positions: tuple[int, ...],
        outputs: tuple[Any, ...],
        arguments: list[tuple[int, ...]],
        count: int,
        dirty: set[int],
        known: set[int],
    ) -> None:
        tensors = [each for each in outputs if isinstance(each, Tensor)]
        shapes = [
            (each._array.shape, each._array.dtype) if isinstance(each, Tensor) else ((), numpy.dtype("float32"))
            for each in outputs
        ]
        if not tensors:
            return
        node = FunctionNode(cls, ctx, parents, positions, shapes, arguments, count)
        constant = {id(each) for each in ctx._non_differentiable}
        for number, each in enumerate(outputs):
            if not isinstance(each, Tensor) or id(each) in constant or not each.dtype.is_floating_point:
                continue
            own: Node = node if len(outputs) == 1 else Output(node, number, each._array.shape, each._array.dtype)
            if id(each) in dirty:
                version = version_of(each)
                rebase(each, own)
                version[0] -= 1  # the change was counted before the values were saved
            else:
                each._node = own
                view = each._view
                if view is not None and view.base._node is None and id(view.base) not in known:
                    each._view = None  # of what forward made: no history but the call's, so it may be changed in place


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a Function's backward as not differentiable itself: differentiating its result raises a clear error.

    Used below ``@staticmethod``. Inside, nothing is recorded, so NumPy may be used freely.
    """

    @functools.wraps(backward)
    def once(ctx: Any, *gradients: Any) -> Any:
        recorded = state.recording
        with no_grad():
            returned = backward(ctx, *[None if g is None else g.detach() for g in gradients])
        if not recorded:
            return returned
        results = returned if isinstance(returned, tuple) else (returned,)
        name = getattr(backward, "__qualname__", "backward")
        parents = ctx._node.parents
        ended = tuple(
            make(r._array, _Ended(parents, name, r._array.shape, r._array.dtype)) if isinstance(r, Tensor) else r
            for r in results
        )
        return ended if isinstance(returned, tuple) else ended[0]

    return once


class _Ended(Node):
    """The end of what can be differentiated."""

    __slots__ = ("what",)

    def __init__(self, parents: tuple[Node | None, ...], what: str, shape: tuple[int, ...], dtype: Any) -> None:
        super().__init__(parents, shape, dtype)  # the inputs' nodes, so that a search for the inputs comes by here
        self.what = what

    def backward(self, gradient: Any, needs: Any, recorded: bool) -> tuple[Any, ...]:
        raise GraphError(f"{self.what} is marked with @once_differentiable and cannot be differentiated a second time")


def numeric_grad(function: Callable[..., Any], eps: float | None = None) -> Callable[..., Any]:
    """Make a black-box function of tensors differentiable, by central differences.

    `function` may use anything (NumPy, tables, a simulation); it is called with detached tensors, once forward and
    twice for each element of each input backward: for small inputs only. Computed in the inputs' own dtype with the
    step ``eps`` (default: the cube root of the dtype's machine epsilon, times the element's magnitude where that
    exceeds one, which balances truncation against rounding). First derivatives only: differentiating the gradient again
    raises.

    >>> import tinygrad_i2dl as torch
    >>> cube = torch.autograd.numeric_grad(lambda x: torch.tensor(x.numpy() ** 3))
    >>> x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    >>> cube(x).sum().backward(); x.grad
    tensor([ 3.0000, 12.0000], dtype=torch.float64)
    """

    class NumericGradient(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.save_for_backward(*[each if isinstance(each, Tensor) else None for each in inputs])
            ctx.inputs = [None if isinstance(each, Tensor) else each for each in inputs]
            result = function(*[each.detach() if isinstance(each, Tensor) else each for each in inputs])
            if not isinstance(result, Tensor):
                raise TypeError(f"numeric_grad: the function must return one Tensor, got {type(result).__name__}")
            return result

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            inputs = [s.detach() if s is not None else o for s, o in zip(ctx.saved_tensors, ctx.inputs, strict=True)]
            shares: list[Tensor | None] = []
            for place, each in enumerate(inputs):
                if not ctx.needs_input_grad[place]:
                    shares.append(None)
                    continue
                original = each._array
                share = numpy.zeros_like(original)
                for index in numpy.ndindex(original.shape):
                    step = eps or float(numpy.finfo(original.dtype).eps) ** (1 / 3) * max(
                        1.0, abs(float(original[index]))
                    )
                    values = []
                    for sign in (1, -1):
                        moved = original.copy()
                        moved[index] += sign * step
                        arguments = [make(moved) if i == place else other for i, other in enumerate(inputs)]
                        values.append(function(*arguments)._array.astype(numpy.float64))
                    share[index] = ((values[0] - values[1]) * gradient._array).sum() / (2 * step)
                shares.append(make(share))
            return tuple(shares)

    return NumericGradient.apply
