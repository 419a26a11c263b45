"""The Tensor: an array, the node that made it, and the gradient that arrived. No mathematics.

Every operation lives in `ops` and attaches itself to `Operations`, the empty class that Tensor derives from; so this
file does not know the operations, and the operations know this file.

Fields of a Tensor
    _array    the NumPy or CuPy array, always of exactly that class
    _node     the graph node whose output this is; `AccumulateGrad` for a leaf that requires a gradient; None otherwise
    _grad     the accumulated gradient, a Tensor or None
    _version  ``[changes, rewrites]`` shared with everything that shares the memory, or None while nobody asked for it:
              in-place changes so far, and how many of them changed the history of the base
    _view     for a differentiable view: its base and the steps that lead from the base to it
"""

from __future__ import annotations

import copy
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy

from . import operations, printing
from .backends.registry import namespace_of
from .devices import CPU, device
from .dtypes import dtype, from_numpy_dtype, get_default_dtype, to_numpy_dtype
from .engine import backward as engine
from .engine.mode import enable_grad, state
from .engine.node import AccumulateGrad, Node, RemovableHandle, add_hook
from .errors import GraphError, ShapeError

__all__ = ["Parameter", "Size", "Tensor", "differentiate", "make"]

Array = Any
new_object = object.__new__


class Size(tuple[int, ...]):
    """Shape of a tensor: a tuple of its sizes.

    >>> import tinygrad_i2dl as torch
    >>> torch.ones(2, 3).shape, torch.ones(2, 3).shape.numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def numel(self) -> int:
        """Number of elements of a tensor of this shape."""
        product = 1
        for size in self:
            product *= size
        return product

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple(other) + tuple(self))

    def __mul__(self, times: Any) -> Size:
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __reduce__(self) -> Any:
        return Size, (tuple(self),)


class View:
    """How a view came from its base: what to apply, in order, and at which state of the base's history."""

    __slots__ = ("base", "rewrites", "special", "steps")

    def __init__(self, base: Tensor, steps: tuple[Any, ...], rewrites: int, special: str) -> None:
        self.base = base
        self.steps = steps
        self.rewrites = rewrites
        self.special = special  # SEVERAL, UNRECORDED or "": how it was made, if that forbids changing it in place


SEVERAL = "an operation that returns several views (unbind, split, chunk)"
UNRECORDED = "an operation that was not recorded (under no_grad)"


def replay(steps: tuple[Any, ...], base: Any) -> Any:
    """Apply a view's steps to another tensor or array of its base's shape."""
    for function, arguments in steps:
        base = function(base, *arguments)
    return base


Operations: Any = operations.Operations  # of no type here, so that operations may attach what its stub declares


class Tensor(operations.Operations):
    """Multi-dimensional array of one dtype that records what is computed from it.

    Make tensors by `torch.tensor`, `torch.zeros`, `torch.randn` and others. Calling the class itself follows PyTorch's
    old constructor: ``Tensor(2, 3)`` is an uninitialised tensor of that shape, ``Tensor([1, 2])`` holds these values,
    always in the default dtype.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__dict__", "__weakref__", "_array", "_grad", "_node", "_version", "_view")

    _array: Array
    _node: Node | None
    _grad: Tensor | None
    _version: list[int] | None
    _view: View | None
    __array_priority__ = 1000  # ndarray * tensor asks the tensor

    def __init__(self, *data: Any, dtype: dtype | None = None, device: Any = None) -> None:
        wanted = (get_default_dtype() if dtype is None else dtype).numpy
        if len(data) == 1 and isinstance(data[0], Tensor):
            self._array = data[0]._array
        elif len(data) == 1 and not isinstance(data[0], (int, Size)):
            self._array = numpy.array(data[0], dtype=wanted, subok=False)
        else:
            shape = data[0] if len(data) == 1 and isinstance(data[0], Size) else data
            self._array = numpy.empty(shape, dtype=wanted) if data else numpy.empty(0, dtype=wanted)
        self._node = self._grad = self._version = self._view = None

    # --- what it is ---

    @property
    def shape(self) -> Size:
        return Size(self._array.shape)

    @property
    def ndim(self) -> int:
        return int(self._array.ndim)

    @property
    def dtype(self) -> dtype:
        return from_numpy_dtype(self._array.dtype)

    @property
    def device(self) -> device:
        return CPU if type(self._array) is numpy.ndarray else device("cuda", self._array.device.id)

    @property
    def is_cuda(self) -> bool:
        return type(self._array) is not numpy.ndarray

    @property
    def is_leaf(self) -> bool:
        node = current_node(self)
        return node is None or type(node) is AccumulateGrad

    @property
    def requires_grad(self) -> bool:
        return current_node(self) is not None

    @requires_grad.setter
    def requires_grad(self, requires_grad: bool) -> None:
        self.requires_grad_(requires_grad)

    @property
    def grad_fn(self) -> Node | None:
        """The graph node that made this tensor; None for leaves."""
        node = current_node(self)
        return None if node is None or type(node) is AccumulateGrad else node.public()

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by `backward()`, or None."""
        return self._grad

    @grad.setter
    def grad(self, gradient: Tensor | None) -> None:
        if gradient is not None:
            if not isinstance(gradient, Tensor):
                raise TypeError(f"grad must be a Tensor or None, got {type(gradient).__name__}")
            if gradient is self:
                raise RuntimeError("a tensor cannot be its own grad")
            if gradient._array.shape != self._array.shape or gradient._array.dtype != self._array.dtype:
                raise RuntimeError(
                    f"grad must have the tensor's shape {tuple(self.shape)} and dtype {self.dtype}, "
                    f"got shape {tuple(gradient.shape)} and dtype {gradient.dtype}"
                )
        self._grad = gradient

    @property
    def data(self) -> Tensor:
        """The same memory as a tensor without history; changes made through it are not noticed by a pending backward
        pass."""
        return make(self._array)

    @data.setter
    def data(self, data: Tensor) -> None:
        if not isinstance(data, Tensor):
            raise TypeError(f"data must be a Tensor, got {type(data).__name__}")
        self._array = data._array
        node = self._node
        if type(node) is AccumulateGrad:
            node.shape, node.dtype = data._array.shape, data._array.dtype

    @property
    def is_view(self) -> bool:
        return self._view is not None

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    # --- history ---

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start (or stop) asking for this leaf's gradient; returns the tensor itself.

        Raises:
            RuntimeError: the dtype is not floating point, or the tensor is not a leaf and `requires_grad` is False.
        """
        node = current_node(self)
        if not requires_grad:
            if node is not None and type(node) is not AccumulateGrad:
                raise RuntimeError(
                    f"requires_grad can only be switched off for leaf tensors; this one was made by {node.name()}. "
                    "Use detach() for a tensor outside of the graph"
                )
            self._node = None
        elif node is None:
            if not self.dtype.is_floating_point:
                raise RuntimeError(
                    f"only tensors of floating-point dtype can require gradients, this one is {self.dtype}"
                )
            self._node = AccumulateGrad(self, self._array.shape, self._array.dtype)
        return self

    def detach(self) -> Tensor:
        """The same memory as a tensor outside of the graph. In-place changes of either are seen by both and noticed by
        backward."""
        result = make(self._array)
        result._version = version_of(self)
        return result

    def detach_(self) -> Tensor:
        """Take this tensor out of the graph that made it: it becomes a leaf that requires no gradient.

        Raises:
            RuntimeError: it is a view of another tensor.
        """
        view = self._view
        if view is not None:
            # A base that only this view knows is no tensor of the user's: operations end by reshaping their result. Two
            # references: the view's, and the argument.
            if sys.getrefcount(view.base) > 2:
                raise RuntimeError(
                    "detach_() cannot be used on a view; use detach() for a new tensor outside of the graph"
                )
            self._view = None
        self._node = None
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf tensor in ``grad`` when it is computed."""
        node = current_node(self)
        if node is None:
            raise RuntimeError("retain_grad() needs a tensor that requires a gradient")
        if type(node) is not AccumulateGrad:
            node.own_hooks().retain = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        node = current_node(self)
        hooks = None if node is None else node.hooks
        return hooks is not None and hooks.retain is not None and hooks.retain() is self

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with this tensor's gradient whenever it is computed; a tensor that it returns replaces the
        gradient.

        >>> import tinygrad_i2dl as torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> handle = x.register_hook(lambda g: g * 10)
        >>> x.sum().backward(); x.grad
        tensor([10., 10.])
        >>> handle.remove()
        """
        node = current_node(self)
        if node is None:
            raise RuntimeError("a hook can only be registered on a tensor that requires a gradient")
        return add_hook(node.own_hooks().tensor, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` after a gradient was added to this leaf's ``grad``."""
        node = current_node(self)
        if type(node) is not AccumulateGrad:
            raise RuntimeError("post-accumulate hooks need a leaf tensor that requires a gradient")
        if node.accumulated is None:
            node.accumulated = {}
        return add_hook(node.accumulated, hook)

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add the derivative of this tensor to the ``grad`` of every leaf it was computed from.

        Args:
            gradient: what to multiply the derivative with from the left (the vector of the vector-Jacobian product), of
                this tensor's shape; may be left out when the tensor has one element.
            retain_graph: keep what the graph saved, for another pass. Default: the value of `create_graph`.
            create_graph: record the pass itself, so that gradients can be differentiated again.
            inputs: only these tensors accumulate; on those that are no leaves `retain_grad` is called.

        Raises:
            RuntimeError: the tensor requires no gradient, has more than one element and no `gradient` is given, or the
                graph was already freed by an earlier pass.
        """
        differentiate([self], [gradient], retain_graph, create_graph, inputs=inputs)

    # --- values ---

    def numpy(self, *, force: bool = False) -> Array:
        """The values as a NumPy array that shares memory with this tensor (a copy if it had to be moved or `force`).

        Raises:
            RuntimeError: the tensor requires a gradient (use ``detach().numpy()``), outside of `no_grad`.
            TypeError: the tensor is not on the CPU (use ``cpu().numpy()``).
        """
        if not force and state.recording and current_node(self) is not None:
            raise RuntimeError(
                "numpy() cannot be called on a tensor that requires a gradient: use tensor.detach().numpy()"
            )
        if self.is_cuda:
            if not force:
                raise TypeError(
                    f"numpy() needs a tensor in main memory, this one is on {self.device}: use tensor.cpu().numpy()"
                )
            return self._array.get()
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        return numpy.array(array, dtype=dtype, copy=copy)

    def item(self) -> Any:
        """The value of a tensor with one element as a Python number.

        Raises:
            RuntimeError: the tensor has more or fewer elements.
        """
        array = self._array
        if array.size != 1:
            raise RuntimeError(
                f"item() needs a tensor with exactly one element, this one has shape {tuple(array.shape)}"
            )
        value = array.item()
        return value if isinstance(value, (bool, int, float)) else float(value)

    def tolist(self) -> Any:
        """The values as nested Python lists, or a number for a tensor without dimensions."""
        array = self._array.get() if self.is_cuda else self._array
        if array.dtype.kind not in "biuf":  # bfloat16 would give its own scalars
            array = array.astype(numpy.float32)
        return array.tolist()

    def __delitem__(self, index: Any) -> None:
        raise TypeError("elements of a tensor cannot be deleted: select those that stay, as in x[mask]")

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise RuntimeError(
                f"the truth value of a tensor of shape {tuple(self._array.shape)} is ambiguous: use tensor.any() or "
                "tensor.all()"
            )
        return bool(self._array.item())

    def __float__(self) -> float:
        return float(self._number("float"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def __complex__(self) -> complex:
        return complex(self._number("complex"))

    def _number(self, kind: str) -> Any:
        """The value for Python's conversions, which raise another class than `item`."""
        if self._array.size != 1:
            raise ValueError(
                f"{kind}() needs a tensor with exactly one element, this one has shape {tuple(self._array.shape)}"
            )
        return self.item()

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iub" or self._array.size != 1:
            raise TypeError(
                f"only integer tensors of a single element can be converted to an index, "
                f"this one is {self.dtype} of shape {tuple(self.shape)}"
            )
        return int(self._array.item())

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a tensor without dimensions")
        return int(self._array.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a tensor without dimensions")
        return iter(self.unbind(0))

    def __contains__(self, element: Any) -> bool:
        return bool((self._array == getattr(element, "_array", element)).any())

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        array = self._array.get() if self.is_cuda else self._array
        node = current_node(self)
        return printing.tensor_repr(
            array,
            dtype_name=self.dtype.name,
            default_dtype_name=get_default_dtype().name,
            device_text=str(self.device) if self.is_cuda else None,
            requires_grad=type(node) is AccumulateGrad,
            grad_fn_name=None if node is None or type(node) is AccumulateGrad else node.public().name(),
        )

    def __format__(self, specification: str) -> str:
        if self._array.ndim == 0 and type(self) is Tensor:
            return format(self.item(), specification)
        return object.__format__(self, specification)

    # --- copies ---

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A leaf of its own with copies of values and gradient."""
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        if not self.is_leaf:
            raise RuntimeError(
                "only leaf tensors can be deep-copied, this one was computed from others: use detach().clone(), or "
                "clone()"
            )
        copied = _restored(type(self), self._array.copy("K"), self.requires_grad, {})
        memo[id(self)] = copied
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        copied._grad = copy.deepcopy(self._grad, memo)
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Leaves can be pickled: values, whether they require a gradient, and attributes; the gradient is left out."""
        if not self.is_leaf:
            raise RuntimeError("only leaf tensors can be pickled, this one was computed from others: detach() it first")
        return _restored, (type(self), self._array, self.requires_grad, self.__dict__)

    # --- for the engine ---

    def _add_array(self, array: Array) -> None:
        """Add `array` in place, unrecorded: gradients accumulate here."""
        self._array += array
        if self._version is not None:
            self._version[0] += 1


class Parameter(Tensor):
    """A tensor that a module trains: assigning it to a module's attribute registers it.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            self._array = numpy.empty(0, dtype=get_default_dtype().numpy)
        elif isinstance(data, Tensor):
            self._array = data._array
        else:
            raise TypeError(
                f"a Parameter is made from a Tensor, got {type(data).__name__}: use torch.tensor(...) first"
            )
        self._node = self._grad = self._version = self._view = None
        if data is not None:
            self._version = version_of(data)  # one memory: what was computed from the one notices changes of the other
        if requires_grad:
            self.requires_grad_(True)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A parameter of its own with a copy of the values; it starts without a gradient."""
        known = id(self) in memo
        copied = super().__deepcopy__(memo)
        if not known:
            copied._grad = None
        return copied

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


def _restored(kind: type[Tensor], array: Array, requires_grad: bool, attributes: dict[str, Any]) -> Tensor:
    """A leaf of class `kind`, as copies and pickles need it."""
    tensor: Tensor = new_object(kind)
    tensor._array = array
    tensor._node = tensor._grad = tensor._version = tensor._view = None
    tensor.__dict__.update(attributes)
    return tensor.requires_grad_() if requires_grad else tensor


def make(array: Array, node: Node | None = None) -> Tensor:
    """A Tensor of an array and the node that made it. `array` must be of exactly its backend's array class."""
    tensor = new_object(Tensor)
    tensor._array = array
    tensor._node = node
    tensor._grad = None
    tensor._version = None
    tensor._view = None
    return tensor


engine.wrap_array = make


def version_of(tensor: Tensor) -> list[int]:
    """The change counter shared by all tensors on this memory."""
    version = tensor._version
    if version is None:
        version = tensor._version = [0, 0]
    return version


def current_node(tensor: Tensor) -> Node | None:
    """The node that made `tensor`; for a view whose base was changed in place since, the node of that view of the new
    base."""
    view = tensor._view
    if view is not None and view.rewrites != tensor._version[1]:  # type: ignore[index]
        if view.base._node is None:
            # No history to replay: a view may itself be the leaf, as in reshape().requires_grad_().
            view.rewrites = tensor._version[1]  # type: ignore[index]
            return tensor._node
        if view.special is UNRECORDED:
            raise _of_unrecorded_view(
                "a view made under no_grad, whose base was changed in place since by a recorded one"
            )
        former = tensor._node
        with enable_grad():
            tensor._node = replay(view.steps, view.base)._node
        _keep_retaining(tensor, former)
        view.rewrites = tensor._version[1]  # type: ignore[index]
    return tensor._node


class _ChangedView(Node):
    """A base of which a view was changed in place: the gradient of the changed part goes to the change, the rest to the
    old base.

    Parents: the base's former node, the node of the changed view.
    """

    __slots__ = ("steps",)

    def __init__(self, base: Node | None, change: Node, steps: tuple[Any, ...], array: Array) -> None:
        super().__init__((base, change), array.shape, array.dtype)
        self.steps = steps  # not the View, which knows the base, which knows this node

    def name(self) -> str:
        return "CopySlices"

    def backward(self, gradient: Any, needs: tuple[bool, ...] | None, recorded: bool) -> tuple[Any, ...]:
        rest = (
            gradient.contiguous().clone()
            if recorded
            else numpy.array(gradient)
            if isinstance(gradient, numpy.generic)
            else gradient.copy("C")
        )
        part = replay(self.steps, rest)
        if recorded:
            share = part.clone()
            part.zero_()
        else:
            share = part.copy()
            part[...] = 0
        return rest, share


def refuse_change(tensor: Tensor, name: str) -> None:
    """Raise if `tensor` may not be changed in place by the recorded operation `name`."""
    view = tensor._view
    if view is not None and view.special:
        if view.special is UNRECORDED:
            refuse_unrecorded_view(tensor, name)
        raise RuntimeError(
            f"{name} would change in place a view made by {view.special}; gradients cannot follow that. Use the "
            "operation that returns a new tensor, or index the base instead"
        )
    if type(tensor._node) is AccumulateGrad:
        raise RuntimeError(
            f"a leaf tensor that requires a gradient cannot be changed in place by {name}: "
            "wrap the change in torch.no_grad(), or use the operation that returns a new tensor"
        )
    if view is None:
        return
    base = view.base._node  # None: the leaf is a view of what requires no gradient, and `tensor` a view of the leaf
    if type(base) is AccumulateGrad or (base is None and tensor._node is not None):
        raise RuntimeError(
            f"{name} would change in place a view of a leaf tensor that requires a gradient: "
            "wrap the change in torch.no_grad(), or clone the leaf first"
        )


def refuse_unrecorded_view(tensor: Tensor, name: str) -> None:
    """Raise if `tensor` is a view made unrecorded of a base that requires a gradient: a change of it that is recorded
    would be missing from the base's history."""
    view = tensor._view
    if view is not None and view.special is UNRECORDED and view.base._node is not None:
        raise _of_unrecorded_view(f"{name} would change in place a view made under no_grad")


def _of_unrecorded_view(what: str) -> RuntimeError:
    return RuntimeError(
        f"{what}: whether its gradient should follow the change cannot be known. Make the view and the change both "
        "inside no_grad() or both outside, or detach() the view"
    )


def rebase(tensor: Tensor, node: Node | None) -> None:
    """Note that `tensor`'s memory was changed in place by the operation that `node` records (None: not recorded)."""
    version = version_of(tensor)
    version[0] += 1
    if node is None:
        return
    view = tensor._view
    version[1] += 1
    changed = tensor if view is None else view.base
    former = changed._node
    changed._node = node if view is None else _ChangedView(former, node, view.steps, changed._array)
    _keep_retaining(changed, former)


def _keep_retaining(tensor: Tensor, former: Node | None) -> None:
    """After `tensor` got another node than `former`: what `retain_grad` keeps is the gradient of its values now."""
    if former is None or former.hooks is None:
        return
    retain = former.hooks.retain
    if retain is not None and retain() is tensor and tensor._node is not None:
        former.hooks.retain = None
        tensor._node.own_hooks().retain = retain


def _ones_like(array: Array) -> Array:
    if type(array) is numpy.ndarray:
        return numpy.ones_like(array)
    with array.device:
        return namespace_of(type(array)).ones_like(array)


def differentiate(
    outputs: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Tensor | Sequence[Tensor] | None = None,
    accumulate: bool = True,
) -> list[Tensor | None]:
    """Run the backward pass from `outputs`; return the gradients of `inputs` unless they accumulate."""
    roots: list[tuple[Node, Any]] = []
    for output, gradient in zip(outputs, gradients, strict=True):
        node = current_node(output)
        if node is None:
            raise GraphError(
                f"a tensor of shape {tuple(output.shape)} does not require a gradient and was not computed from one "
                "that does: there is nothing to differentiate. Was it made under no_grad(), detached, or from an "
                "operation on integers?"
            )
        if gradient is None:
            if output._array.size != 1:
                raise GraphError(
                    f"gradients start from a scalar, but the tensor has shape {tuple(output.shape)}: reduce it, for "
                    "example by .sum() or .mean(), or pass gradient= of that shape"
                )
            gradient = make(_ones_like(output._array))
        elif not isinstance(gradient, Tensor):
            raise TypeError(f"gradient must be a Tensor or None, got {type(gradient).__name__}")
        elif gradient._array.shape != output._array.shape:
            raise ShapeError(
                f"gradient has shape {tuple(gradient.shape)}, the tensor to differentiate has {tuple(output.shape)}; "
                "they must be equal"
            )
        if gradient._array.dtype != output._array.dtype:
            gradient = make(gradient._array.astype(output._array.dtype))
        roots.append((node, gradient if create_graph else gradient._array))
    targets = None
    nodes: list[Node | None] = []
    if inputs is not None:
        tensors = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        if not tensors:
            raise RuntimeError("inputs must name at least one tensor, got an empty sequence")
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                raise GraphError(f"inputs must be Tensors, got {type(tensor).__name__}")
        nodes = [current_node(tensor) for tensor in tensors]
        for tensor, each in zip(tensors, nodes, strict=True):
            if each is None:
                raise GraphError(f"an input of shape {tuple(tensor.shape)} does not require a gradient")
            if accumulate:
                tensor.retain_grad()
        targets = frozenset(each.number for each in nodes if each is not None)
    captured = engine.run_backward(
        roots,
        create_graph=create_graph,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        targets=targets,
        accumulate=accumulate,
    )
    if accumulate:
        return []
    found = [captured.get(node.number) for node in nodes if node is not None]
    if create_graph:
        return found
    return [None if g is None else make(numpy.asarray(g) if isinstance(g, numpy.generic) else g) for g in found]


def numpy_dtype_or_default(wanted: Any) -> Any:
    """NumPy dtype of `wanted`, the default floating-point one for None."""
    return get_default_dtype().numpy if wanted is None else to_numpy_dtype(wanted)


def recording() -> bool:
    """Whether this thread records."""
    return state.recording
