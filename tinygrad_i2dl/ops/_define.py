"""What makes a recorded operation of a kernel and its gradient formula.

A *kernel* computes arrays from arrays. A *formula* computes a gradient; its parameter names are the list of what is
saved: ``g`` (the gradient of the output) first, then any of

* the operation's inputs by name, ``<input>_shape``, ``<input>_dtype``,
* ``out``, the result (a tuple for operations with several outputs), or one of several outputs by its name,
* the operation's other arguments by name,
* ``needs`` in a joint formula: which of the gradients it covers are asked for.

Formulas use operators, ``.shape``, ``.ndim``, ``.dtype`` and other operations, so the same text runs on arrays (an
ordinary backward pass) and on Tensors (under ``create_graph``). Given arrays an operation returns arrays and records
nothing. Broadcasting of inputs is undone by the engine, once, for all operations.
"""

from __future__ import annotations

import collections
import functools
import inspect
import linecache
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from ..backends.registry import KernelTable, is_registered, namespace_of
from ..dtypes import FLOATING, from_numpy_dtype, get_default_dtype, result_numpy_dtype
from ..engine.mode import state
from ..engine.node import Node, Output, next_number
from ..errors import DeviceError, DtypeError, GraphError, ShapeError, UndefinedError
from ..tensors import (
    SEVERAL,
    UNRECORDED,
    Operations,
    Tensor,
    View,
    current_node,
    make,
    new_object,
    rebase,
    refuse_change,
    refuse_unrecorded_view,
    version_of,
)
from . import _short

Array = Any
ndarray = numpy.ndarray
BOOL, F32, F64 = numpy.dtype("bool"), numpy.dtype("float32"), numpy.dtype("float64")
SCALARS = (bool, int, float)
NUMBERS = (numpy.generic, *SCALARS)

# NaN and infinity are results, not reasons for a warning. `numpy.errstate` does this in 1 us per call; setting its
# context variable by hand in 0.15 us. The fall-back keeps a NumPy that moved these names working.
try:
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    ERRORS: Any = _extobj_contextvar
    IGNORE: Any = _make_extobj(all="ignore")
    set_errors, reset_errors = ERRORS.set, ERRORS.reset
except ImportError:
    ERRORS = IGNORE = None

    def set_errors(_: Any) -> Any:
        switch = numpy.errstate(all="ignore")
        switch.__enter__()
        return switch

    def reset_errors(token: Any) -> None:
        token.__exit__(None, None, None)


# Ufuncs that set no floating-point flag, or clear those they set: nothing to silence.
QUIET = frozenset(
    "negative absolute maximum minimum fmax fmin equal not_equal less less_equal greater greater_equal logical_and "
    "logical_or logical_not logical_xor isnan isinf isfinite signbit copysign".split()
)

# Anomaly detection: called with (operation, arrays in, arrays out, node) after each operation on Tensors.
observer: Callable[[Any, Sequence[Any], Any, Node | None], None] | None = None  # first an Op, or a like of it


def set_observer(function: Callable[[Any, Sequence[Any], Any, Node | None], None] | None) -> None:
    global observer
    observer = function
    _short.watch(function is not None)


BOTH = -2  # what an elementwise operation's formula saves: both operands


class Formula:
    """A gradient formula with what it wants saved."""

    __slots__ = ("covers", "function", "joint", "needs_at", "pick", "sources")

    def __init__(self, op: Op, function: Callable[..., Any], covers: tuple[int, ...], joint: bool) -> None:
        self.function = function
        self.covers = covers  # numbers of the inputs whose gradients it gives
        self.joint = joint
        self.needs_at: int | None = None
        names = list(inspect.signature(function).parameters)[1:]
        self.sources = tuple(self._source(op, name, place) for place, name in enumerate(names))
        # For the hot path of elementwise operations: the one value to save among (inputs..., result), -1 for none, BOTH
        # for the two operands; None for others.
        self.pick: int | None = None
        if not self.sources:
            self.pick = -1
        elif len(self.sources) == 1 and self.sources[0][0] in ("input", "out"):
            self.pick = len(op.inputs) if self.sources[0][0] == "out" else op.positions.index(self.sources[0][1])
        elif len(op.inputs) == 2 and [source[::2] for source in self.sources] == [("input", 0), ("input", 1)]:
            self.pick = BOTH

    def _source(self, op: Op, name: str, place: int) -> tuple[str, int, int]:
        """Where a parameter's value comes from: (kind, position, number of the input)."""
        if name == "needs" and self.joint:
            self.needs_at = place
            return "needs", 0, 0
        if name == "out":
            return "out", 0, 0
        if op.result is not None and name in op.result._fields:
            return "output", op.result._fields.index(name), 0
        if name in op.inputs:
            return "input", op.parameters.index(name), op.inputs.index(name)
        if name in op.parameters:
            return "static", op.parameters.index(name), 0
        for ending in ("_shape", "_dtype"):
            if name.endswith(ending) and name.removesuffix(ending) in op.inputs:
                return ending[1:], op.parameters.index(name.removesuffix(ending)), 0
        raise TypeError(f"formula of {op.name}: {name!r} is neither an input nor an argument of the operation")


MISSING: Any = object()  # no default


def named_result(name: str, *outputs: str) -> Any:
    """The class of an operation's several results: a named tuple that prints as PyTorch's does."""
    fields = collections.namedtuple(name, outputs)  # type: ignore[misc]

    def text(self: Any) -> str:
        return (
            f"torch.return_types.{name}(\n" + ",\n".join(f"{n}={v!r}" for n, v in zip(outputs, self, strict=True)) + ")"
        )

    return type(name, (fields,), {"__slots__": (), "__repr__": text, "__module__": "tinygrad_i2dl"})


class Op:
    """An operation: its kernels, its formulas and how its arguments are read."""

    def __init__(
        self,
        reference: Callable[..., Any],
        inputs: Sequence[str],
        *,
        ufunc: str | None = None,
        floating: bool = False,
        promotes: Sequence[str] = (),
        outputs: Sequence[str] = (),
    ) -> None:
        self.name = reference.__name__.removesuffix("_")
        self.doc = reference.__doc__
        signature = inspect.signature(reference)
        parameters = list(signature.parameters.values())
        if parameters and parameters[0].name == "xp":
            parameters = parameters[1:]
        self.signature = signature.replace(parameters=[p.replace(annotation=p.empty) for p in parameters])
        self.parameters = [p.name for p in parameters]
        self.defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        self.variadic = inputs[-1].removesuffix("*") if inputs and inputs[-1].endswith("*") else None
        self.inputs = tuple(name.removesuffix("*") for name in inputs)
        self.positions = tuple(self.parameters.index(name) for name in self.inputs)
        self.first = self.positions[0] if self.positions else 0
        self.tail = tuple(self.defaults.get(name, MISSING) for name in self.parameters)
        self.promoted = tuple(self.parameters.index(name) for name in promotes)
        self.kernels = KernelTable(self.name, ufunc if ufunc is not None else reference)
        self.ufunc = ufunc
        self.short: tuple[str, float] | None = None if ufunc is None else (ufunc, 0.0)  # see `_short.elementwise`
        self.floating = floating
        self.numbers = (True, True)  # of two operands: may the first, the second be a Python number
        self.bools = True  # whether tensors of bools are taken
        self.wraps = True  # whether a negative number wraps around to a tensor's unsigned integers
        self.result = named_result(self.name, *outputs) if outputs else None
        self.formulas: list[Formula] = []
        self.simple: Callable[..., Any] | None = None  # the formula of an operation that has one, for one input
        self.pair: tuple[Callable[..., Any], Callable[..., Any]] | None = (
            None  # both formulas of an operation of two inputs
        )
        # What `grad_fn` shows: PyTorch's name, or a function of the node where that depends on the call.
        self.title: str | Callable[[Any], str] = (
            "".join(word.capitalize() for word in self.name.strip("_").split("_")) + "Backward0"
        )

    def add_formulas(self, joint: Callable[..., Any] | None, single: dict[str, Callable[..., Any]]) -> None:
        if joint is not None:
            if len(self.inputs) == 1 and self.variadic is None:
                self.formulas.append(Formula(self, joint, (0,), False))
            else:
                self.formulas.append(Formula(self, joint, tuple(range(len(self.inputs))), True))
        for name, function in single.items():
            self.formulas.append(Formula(self, function, (self.inputs.index(name),), False))
        self.formulas.sort(key=lambda formula: formula.covers)
        alone = [formula.function for formula in self.formulas if not formula.joint]
        if self.result is None and self.variadic is None and len(alone) == len(self.formulas) == len(self.inputs):
            self.simple = alone[0] if len(alone) == 1 and len(self.inputs) == 1 else None
            self.pair = (alone[0], alone[1]) if len(alone) == 2 else None

    def picks(self) -> tuple[int | None, ...]:
        """What each input's formula saves, see `Formula.pick`: what `_short.elementwise` reads."""
        if self.formulas and self.simple is None and self.pair is None:
            return (None,) * len(self.inputs)
        return tuple(formula.pick for formula in self.formulas)

    def recipe(self) -> tuple[Any, ...]:
        """For each formula the input that it covers (-1: joint) and where its arguments come from: what
        `_short.operation` reads."""
        return tuple((-1 if formula.joint else formula.covers[0], formula.sources) for formula in self.formulas)

    def saves_first_input(self) -> bool:
        first = ("input", self.positions[0], 0)
        return any(source == first for formula in self.formulas for source in formula.sources)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """All arguments in the kernel's order, defaults filled in."""
        if len(args) > len(self.parameters):
            raise TypeError(
                f"{self.name}() takes at most {len(self.parameters)} arguments, got {len(args)}: {self.signature}"
            )
        bound = list(args)
        if not kwargs and MISSING not in (tail := self.tail[len(args) :]):
            bound.extend(tail)
            return bound
        kwargs = renamed(kwargs, self.parameters)
        for name in self.parameters[len(args) :]:
            if name in kwargs:
                bound.append(kwargs.pop(name))
            elif name in self.defaults:
                bound.append(self.defaults[name])
            else:
                raise TypeError(f"{self.name}() misses the argument {name!r}: {self.name}{self.signature}")
        if kwargs:
            wrong = next(iter(kwargs))
            why = "is given twice" if wrong in self.parameters else "is not an argument"
            raise TypeError(f"{self.name}(): {wrong!r} {why}: {self.name}{self.signature}")
        return bound


NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other", "a": "input"}


def renamed(kwargs: dict[str, Any], parameters: Sequence[str]) -> dict[str, Any]:
    """`kwargs` with NumPy's words replaced by PyTorch's, as PyTorch itself accepts them."""
    return {
        NUMPY_WORDS[name] if name in NUMPY_WORDS and name not in parameters else name: value
        for name, value in kwargs.items()
    }


# ---------------------------------------------------------------- the recorded node


class FormulaNode(Node):
    """A node whose gradients come from its operation's formulas."""

    __slots__ = ("guards", "op", "saved")

    def __init__(
        self,
        op: Op,
        parents: tuple[Node | None, ...],
        saved: Any,
        guards: Any,
        shape: tuple[int, ...] | None,
        dtype: Any,
    ) -> None:
        self.number = next_number()  # what Node.__init__ does, without the call: nodes are made by the million
        self.parents = parents
        self.shape = shape
        self.dtype = dtype
        self.hooks = None
        self.trace = None
        self.op = op
        self.saved = saved  # per formula its arguments after g, or None where no gradient that it covers is needed
        self.guards = guards  # (change counter, changes when saved) of every saved value

    def name(self) -> str:
        title = self.op.title
        return title if isinstance(title, str) else title(self)

    def argument(self, name: str) -> Any:
        """The plain argument `name` that the operation was called with, if a formula named it and it is still kept."""
        for formula, arguments in zip(self.op.formulas, self.saved or (), strict=False):
            for (kind, position, _), value in zip(formula.sources, arguments or (), strict=False):
                if kind == "static" and self.op.parameters[position] == name:
                    return value
        return None

    def release(self) -> None:
        if self.guards:  # tensors were saved; a node that kept only shapes and numbers may run backward again
            self.saved = None
            self.guards = ()

    def gradients(self, gradient: Any) -> Any:
        return gradient

    def backward(self, gradient: Any, needs: tuple[bool, ...] | None, recorded: bool) -> tuple[Any, ...]:
        saved = self.saved
        if saved is None:
            raise GraphError(
                f"the values that {self.name()} saved are gone: this graph was already run backward once. Pass "
                "retain_graph=True to the first backward() or grad() if you need a second one, or compute the loss anew"
            )
        for version, changes in self.guards:
            if version[0] != changes:
                self._refuse_changed(version[0] - changes)
        op = self.op
        if recorded:
            saved = self._as_tensors(saved)
        if op.simple is not None and self.shape is not None:  # one output
            return (op.simple(gradient, *saved[0]),)
        parents = self.parents
        if op.pair is not None:
            first, second = op.pair
            left, right = parents
            return (
                first(gradient, *saved[0]) if left is not None and (needs is None or needs[0]) else None,
                second(gradient, *saved[1]) if right is not None and (needs is None or needs[1]) else None,
            )
        gradient = self.gradients(gradient)
        shares: list[Any] = [None] * len(parents)
        for formula, arguments in zip(op.formulas, saved, strict=False):
            if arguments is None:
                continue
            if not formula.joint:
                place = formula.covers[0]
                if parents[place] is not None and (needs is None or needs[place]):
                    shares[place] = formula.function(gradient, *arguments)
                continue
            asked = tuple([parent is not None and (needs is None or needs[i]) for i, parent in enumerate(parents)])
            if formula.needs_at is not None:
                at = formula.needs_at
                arguments = (*arguments[:at], asked, *arguments[at + 1 :])
            shares[:] = formula.function(gradient, *arguments)
        return tuple(shares)

    def _as_tensors(self, saved: Any) -> Any:
        """The saved arrays as Tensors with their places in the graph, so that formulas computed on them are
        recorded."""
        return tuple(
            arguments  # nothing saved, or not needed
            if not arguments
            else tuple(
                self._as_tensor(kind, position, number, value)
                for (kind, position, number), value in zip(formula.sources, arguments, strict=True)
            )
            for formula, arguments in zip(self.op.formulas, saved, strict=False)
        )

    def _as_tensor(self, kind: str, position: int, number: int, value: Any) -> Any:
        if kind == "out":
            return self._output(value)
        if kind == "output" and value.dtype.kind not in "iub":
            return make(value, Output(self, position, value.shape, value.dtype))
        if kind != "input" or value is None:
            return value
        if self.op.variadic is not None and number == len(self.op.inputs) - 1:
            return [make(each, parent) for each, parent in zip(value, self.parents[number:], strict=True)]
        return (
            make(value, self.parents[number])
            if type(value) is numpy.ndarray or hasattr(value, "__cuda_array_interface__")
            else value
        )

    def _output(self, value: Any) -> Any:
        return make(value, self)

    def _refuse_changed(self, changes: int) -> None:
        raise GraphError(
            f"{self.name()} saved a value for the backward pass that was changed in place {changes} time(s) since. Use "
            "operations that return new tensors (x = x + 1 instead of x += 1), or clone() before the change; "
            "torch.autograd.set_detect_anomaly(True) shows where the operation was called"
        )


class FormulaNodeOfSeveral(FormulaNode):
    """The same for an operation with several outputs: receives a dictionary of gradients by output number."""

    __slots__ = ("outputs",)
    outputs: tuple[tuple[Any, Any], ...]  # each output's shape and dtype

    def gradients(self, gradient: Any) -> Any:
        known = next(iter(gradient.values()))
        if isinstance(known, Tensor):
            xp: Any = namespace_of(type(known._array))
            wrap: Callable[[Any], Any] | None = make
        else:
            xp = numpy if isinstance(known, numpy.generic) else namespace_of(type(known))
            wrap = None

        def empty(output: tuple[Any, Any]) -> Any:
            zeros = xp.zeros(*output)
            return zeros if wrap is None else wrap(zeros)

        return tuple(
            gradient.get(i) if i in gradient else (empty(s) if s[1].kind != "i" else None)
            for i, s in enumerate(self.outputs)
        )

    def _output(self, value: Any) -> Any:
        return tuple(make(v, Output(self, i, v.shape, v.dtype)) for i, v in enumerate(value))


EMPTY: Any = ((), ())  # what a node has saved whose formulas need nothing: it may run backward again and again


# ---------------------------------------------------------------- reading arguments


def as_array(value: Any) -> Array:
    """NumPy's reductions return scalars where an array without dimensions is meant."""
    return numpy.asarray(value) if isinstance(value, NUMBERS) else value


def device_text(array: Array) -> str:
    """Where an array is, as texts name devices."""
    return f"cuda:{array.device.id}" if hasattr(array, "__cuda_array_interface__") else "cpu"


def describe(value: Any) -> str:
    """An argument as error messages show it."""
    if isinstance(value, Tensor):
        value = value._array
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, (list, tuple)) and value and hasattr(value[0], "shape"):
        return "[" + ", ".join(describe(each) for each in value) + "]"
    return repr(value)


def names_cause(explain: Callable[..., Exception]) -> Callable[..., Exception]:
    """``explain(what, error, ...)`` with `error` as the cause of what it returns, unless it returns `error` itself.

    ``raise error from error`` would be a chain without an end, which keeps alive what its frames hold.
    """

    @functools.wraps(explain)
    def call(what: Any, error: Exception, *rest: Any) -> Exception:
        explained = explain(what, error, *rest)
        if explained is not error:
            explained.__cause__ = error
        return explained

    return call


@names_cause
def explain(op: Op, error: Exception, arguments: Sequence[Any]) -> Exception:
    """The error to raise for a kernel's failure: what the operation was given, and the class that PyTorch raises."""
    if isinstance(error, (RuntimeError, IndexError, MemoryError, NotImplementedError, KeyError)):
        return error
    if isinstance(error, AttributeError):
        return explain_argument(op.name, error, dict(zip(op.parameters, arguments, strict=False)))
    arrays = [a for a in arguments if hasattr(a, "shape")]
    arrays += [a for listed in arguments if isinstance(listed, (list, tuple)) for a in listed if hasattr(a, "shape")]
    places = {device_text(a) for a in arrays if not isinstance(a, numpy.generic)}
    if len(places) > 1:
        found = " and ".join(sorted(places, key=lambda place: (place == "cpu", place)))
        return DeviceError(
            f"Expected all tensors to be on the same device, but found at least two devices, {found}! "
            f"{op.name}() needs all tensors on one device, got {', '.join(map(describe, arguments))}: move them by "
            ".to(device)"
        )
    got = f"{op.name}({', '.join(f'{n}={describe(a)}' for n, a in zip(op.parameters, arguments, strict=False))})"
    if isinstance(error, numpy.exceptions.AxisError):
        return IndexError(f"{got}: a dimension is out of range; a tensor of n dimensions has dimensions -n to n-1")
    if isinstance(error, TypeError):
        if arrays and "numpy boolean" in str(error):  # negative and subtract
            return DtypeError(
                f"{got}: the `-` operator on bool tensors is not supported; to invert a mask use the `~` operator or "
                "logical_not(), to compare two masks logical_xor()"
            )
        if arrays and "ufunc" in str(error):
            return UndefinedError(f"{got}: not defined for these dtypes")
        return TypeError(f"{got}: {error}")
    if isinstance(error, ValueError):
        return ShapeError(f"{got}: shapes or values do not fit: {error}")
    if isinstance(error, OverflowError):
        return RuntimeError(f"{got}: {error}")
    return error


@names_cause
def explain_argument(name: str, error: AttributeError, arguments: dict[str, Any]) -> Exception:
    """The error to raise for an attribute that was missing: whether an argument is no Tensor where one is meant."""
    for parameter, value in arguments.items():
        if not isinstance(value, Tensor) and (value is error.obj or isinstance(value, ndarray)):
            return TypeError(
                f"{name}(): {parameter!r} must be a Tensor, got {type(value).__name__}: convert it with torch.tensor() "
                "or torch.from_numpy()"
            )
    return error


def promote(op: Op, values: Sequence[Any]) -> list[Any]:
    """Arrays and Python numbers brought to their common dtype (a floating-point one for operations that need it)."""
    operands = []
    for value in values:
        if type(value) in SCALARS:
            operands.append((type(value), 0))
        elif value is not None:
            operands.append((value.dtype, 2 if value.ndim else 1))
    wanted = result_numpy_dtype(*operands)
    if not op.bools and any(
        value is True or value is False or getattr(value, "dtype", None) == BOOL for value in values
    ):
        raise DtypeError(
            f"{op.name}({', '.join(map(describe, values))}): not defined for tensors of bools; use ^, ~ or "
            "logical_not(), or convert them, as in x.float()"
        )
    if op.floating and wanted.kind in "biu":
        wanted = get_default_dtype().numpy
    result: list[Any] = []
    for value in values:
        if value is None:
            result.append(None)
        elif type(value) in SCALARS:
            if (
                wanted.kind == "V"
                or (wanted.kind in "iu" and not -128 <= value <= 127)
                or (wanted.kind == "u" and value < 0 and op.wraps)
            ):
                value = numpy.asarray(value).astype(wanted)  # bfloat16; an integer that may wrap around
            result.append(value)
        else:
            result.append(value if value.dtype is wanted else value.astype(wanted))
    return result


def operand(op: Op, value: Any, name: str = "other") -> Any:
    """An operand that is not a Tensor: a Python number, or an array used as a constant. None if it is neither."""
    if type(value) in SCALARS or type(value) is numpy.ndarray:
        return value
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, numpy.ndarray):
        return numpy.asarray(value).view(numpy.ndarray)
    if isinstance(value, SCALARS):  # enumerations and other subclasses of numbers
        return int(value) if isinstance(value, int) else float(value)
    if hasattr(value, "__cuda_array_interface__"):
        return value
    return None


def refuse_operand(op: Op, value: Any, name: str) -> TypeError:
    what = (
        "a Tensor or a number" if name not in op.parameters[:2] or op.numbers[op.parameters.index(name)] else "a Tensor"
    )
    return TypeError(f"{op.name}(): {name!r} must be {what}, got {type(value).__name__}: {op.name}{op.signature}")


def node_of(tensor: Tensor) -> Node | None:
    return tensor._node if tensor._view is None else current_node(tensor)


# ---------------------------------------------------------------- recording


def record(
    op: Op, values: Sequence[Any], tensors: Sequence[Tensor | None], parents: tuple[Node | None, ...], out: Any
) -> Any:
    """The Tensor (or tuple of Tensors) of result `out`, with a node that saves what the formulas name.

    `values` are the arguments in the kernel's order, arrays for tensors; `tensors` the inputs they came from.
    """
    several = isinstance(out, (tuple, list))
    node: FormulaNode
    if several:
        node = FormulaNodeOfSeveral(op, parents, (), (), None, None)
        node.outputs = tuple((o.shape, o.dtype) for o in out)
        results = [
            make(o, Output(node, i, o.shape, o.dtype)) if o.dtype.kind not in "iub" else make(o)
            for i, o in enumerate(out)
        ]
    else:
        node = FormulaNode(op, parents, (), (), out.shape, out.dtype)
        results = [make(out, node)]
    save(node, op, values, tensors, parents, out, results)
    return (op.result(*results) if op.result is not None else tuple(results)) if several else results[0]


def save(
    node: FormulaNode,
    op: Op,
    values: Sequence[Any],
    tensors: Sequence[Tensor | None],
    parents: tuple[Node | None, ...],
    out: Any,
    results: Sequence[Tensor],
) -> None:
    """Give `node` the arguments of its formulas and the guards that notice in-place changes of them."""
    saved: list[Any] = []
    guards: list[tuple[list[int], int]] = []
    several_from = -1 if op.variadic is None else len(op.inputs) - 1
    for formula in op.formulas:
        if not formula.joint and parents[formula.covers[0]] is None:
            saved.append(None)
            continue
        arguments: list[Any] = []
        for kind, position, number in formula.sources:
            if kind == "input":
                value = values[position]
                for tensor in tensors[number:] if number == several_from else (tensors[number],):
                    if tensor is not None:
                        version = tensor._version or version_of(tensor)
                        guards.append((version, version[0]))
            elif kind == "static":
                value = values[position]
            elif kind == "needs":
                value = None
            elif kind == "out":
                value = out
                for tensor in results:
                    version = version_of(tensor)
                    guards.append((version, version[0]))
            elif kind == "output":
                value = out[position]
                version = version_of(results[position])
                guards.append((version, version[0]))
            else:  # shape or dtype of an input
                value = values[position]
                if op.variadic is not None and op.parameters[position] == op.variadic:
                    value = tuple([getattr(each, kind) for each in value])
                else:
                    value = getattr(value, kind, () if kind == "shape" else None)
            arguments.append(value)
        saved.append(tuple(arguments))
    node.saved = EMPTY if len(saved) <= 2 and not any(saved) else tuple(saved)
    node.guards = guards


# ---------------------------------------------------------------- the callables

_short.tell_classes(FormulaNode, nothing_saved=EMPTY, missing=MISSING, errors=ERRORS, silent=IGNORE)


def unary_function(op: Op) -> Callable[..., Any]:
    kernels, floating, formulas, quiet = op.kernels, op.floating, op.formulas, op.ufunc in QUIET

    def call(input: Any, *, out: Any = None) -> Any:
        if type(input) is ndarray:  # in a formula
            return formula_result(op, kernels.numpy, (input,))
        if not isinstance(input, Tensor):
            return on_arrays(op, [input])
        array = input._array
        if floating and (dtype := array.dtype) is not F32 and dtype is not F64 and dtype.kind in "iub":
            array = array.astype(get_default_dtype().numpy)
        token = None if quiet else set_errors(IGNORE)
        try:
            result = kernels.numpy(array) if type(array) is ndarray else kernels[type(array)](array)
        except Exception as error:
            raise explain(op, error, (array,))
        finally:
            if token is not None:
                reset_errors(token)
        if type(result) is not ndarray:
            result = as_array(result)
        if out is not None:
            return write_out(op, result, out, (input,))
        node = input._node if input._view is None else current_node(input)
        if node is None or not formulas or not state.recording:
            tensor = new_object(Tensor)  # `make`, without the call
            tensor._array = result
            tensor._node = tensor._grad = tensor._version = tensor._view = None
        else:  # what `record` does in general, for one input and one formula
            recorded = FormulaNode(op, (node,), EMPTY, (), result.shape, result.dtype)
            tensor = make(result, recorded)
            pick = formulas[0].pick
            if pick == 1:
                tensor._version = version = [0, 0]
                recorded.saved = ((result,),)
                recorded.guards = ((version, 0),)
            elif pick == 0:
                version = input._version or version_of(input)
                recorded.saved = ((array,),)
                recorded.guards = ((version, version[0]),)
            elif pick is None:
                save(recorded, op, (array,), (input,), (node,), result, (tensor,))
        if observer is not None:
            observer(op, (array,), result, tensor._node)
        return tensor

    return named(_short.elementwise(call, op), op)


def binary_function(op: Op, operator: bool = False) -> Callable[..., Any]:
    """The function of two operands; as an `operator` it returns NotImplemented where it cannot compute."""
    kernels, floating, formulas, quiet = op.kernels, op.floating, op.formulas, op.ufunc in QUIET
    first_number, second_number = op.numbers if not operator else (True, True)

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        left = right = None
        if isinstance(input, Tensor):
            a = input._array
            left = input._node if input._view is None else current_node(input)
            dtype = a.dtype
            if isinstance(other, Tensor):
                b = other._array
                right = other._node if other._view is None else current_node(other)
                if b.dtype is not dtype or (floating and dtype.kind in "iub"):
                    a, b = promote(op, (a, b))
            elif dtype is F32 and second_number and (type(other) is float or type(other) is int) and other:
                b = FLOAT32_CONSTANTS.get(other)
                if b is None:
                    b = float32_constant(other)
                other = None
            else:
                b = operand(op, other)
                if b is None or (not second_number and type(b) in SCALARS):
                    if operator:
                        return NotImplemented
                    raise refuse_operand(op, other, op.parameters[1])
                other = None
                a, b = promote(op, (a, b))
        elif isinstance(other, Tensor):
            b = other._array
            right = other._node if other._view is None else current_node(other)
            a = operand(op, input)
            if a is None or (not first_number and type(a) in SCALARS):
                if operator:
                    return NotImplemented
                raise refuse_operand(op, input, op.parameters[0])
            input = None
            if type(a) is float and a and b.dtype is F32:
                a = FLOAT32_CONSTANTS[a] if a in FLOAT32_CONSTANTS else float32_constant(a)
            else:
                a, b = promote(op, (a, b))
        elif type(input) is ndarray or type(other) is ndarray:
            return formula_result(op, kernels.numpy, (input, other))
        else:
            return on_arrays(op, [input, other])
        token = None if quiet else set_errors(IGNORE)
        try:
            if type(b if input is None else a) is ndarray:
                result = kernels.numpy(a, b)
            else:
                a, b = device_operands(a, b, input, other)
                result = kernels[type(b if input is None else a)](a, b)
        except Exception as error:
            if type(a) is not type(b) and (both := on_one_device((input, other))) is not None:
                return call(*both, out=out)
            raise explain_broadcast(op, error, a, b)
        finally:
            if token is not None:
                reset_errors(token)
        if type(result) is not ndarray:
            result = as_array(result)
        if out is not None:
            return write_out(op, result, out, (input, other))
        if (left is None and right is None) or not formulas or not state.recording:
            tensor = new_object(Tensor)  # `make`, without the call
            tensor._array = result
            tensor._node = tensor._grad = tensor._version = tensor._view = None
        else:  # what `record` does in general, for two formulas that mostly save one value each
            parents = (left, right)
            recorded = FormulaNode(op, parents, EMPTY, (), result.shape, result.dtype)
            tensor = make(result, recorded)
            saved_left: tuple[Any, ...] = ()
            saved_right: tuple[Any, ...] = ()
            guards = []
            if left is not None:
                pick = formulas[0].pick
                if pick == 1:
                    saved_left = (b,)
                    if other is not None:
                        version = other._version or version_of(other)
                        guards.append((version, version[0]))
                elif pick == BOTH:
                    saved_left = (a, b)
                    guard_both(guards, input, other)
                elif pick is None or pick >= 0:
                    save(recorded, op, (a, b), (input, other), parents, result, (tensor,))
                    return tensor if observer is None else seen(op, (a, b), tensor)
            if right is not None:
                pick = formulas[1].pick
                if pick == 0:
                    saved_right = (a,)
                    if input is not None:
                        version = input._version or version_of(input)
                        guards.append((version, version[0]))
                elif pick == BOTH:
                    saved_right = (a, b)
                    guard_both(guards, input, other)
                elif pick is None or pick > 0:
                    save(recorded, op, (a, b), (input, other), parents, result, (tensor,))
                    return tensor if observer is None else seen(op, (a, b), tensor)
            if saved_left or saved_right:
                recorded.saved = (saved_left if left is not None else None, saved_right if right is not None else None)
                recorded.guards = guards
        return tensor if observer is None else seen(op, (a, b), tensor)

    return named(_short.elementwise(call, op, (first_number, second_number)), op)


def device_operands(a: Any, b: Any, input: Any, other: Any) -> tuple[Any, Any]:
    """Two operands for a kernel of device arrays: what stands for a Python number, as NumPy's array, is one again."""
    if input is None and type(a) is ndarray and a.ndim == 0:
        a = a.item()
    if other is None and type(b) is ndarray and b.ndim == 0:
        b = b.item()
    return a, b


# Moves tensors without dimensions from the CPU to the GPU where the others are; None if that is not what is wrong. Set
# by `conversion`, which owns the operation that records it.
on_one_device: Callable[[Sequence[Any]], list[Any] | None] = lambda values: None  # noqa: E731


def guard_both(guards: list[Any], input: Tensor | None, other: Tensor | None) -> None:
    """Note the change counters of the operands that are Tensors."""
    for tensor in (input, other):
        if tensor is not None:
            version = tensor._version or version_of(tensor)
            guards.append((version, version[0]))


def seen(op: Op, values: Sequence[Any], tensor: Tensor) -> Tensor:
    """Show a result to the observer."""
    assert observer is not None
    observer(op, values, tensor._array, tensor._node)
    return tensor


# Python numbers as arrays without dimensions: NumPy takes 0.25 us less for an operation with one of these than with a
# float.
FLOAT32_CONSTANTS: dict[float, Array] = {}


def float32_constant(value: float) -> Array:
    token = set_errors(IGNORE)
    try:
        constant = numpy.array(value, numpy.float32)
    except OverflowError:  # an integer beyond all floating-point numbers
        constant = numpy.array(numpy.inf if value > 0 else -numpy.inf, numpy.float32)
    reset_errors(token)
    if len(FLOAT32_CONSTANTS) < 1000:  # zero is not kept: 0.0 and -0.0 are one key
        constant.flags.writeable = False
        FLOAT32_CONSTANTS[value] = constant
    return constant


def general_function(op: Op) -> Callable[..., Any]:
    count, leading, kernels = len(op.parameters), op.first, op.kernels
    alone = len(op.inputs) == 1 and op.variadic is None
    positions = op.positions
    variadic = -1 if op.variadic is None else op.parameters.index(op.variadic)

    def call(*args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None) if kwargs else None
        values = op.bind(args, kwargs) if kwargs or len(args) != count else list(args)
        if type(values[leading]) is ndarray and (
            alone or not any([isinstance(values[p], Tensor) for p in op.positions])
        ):
            return formula_result(op, kernels.numpy, values)
        tensors: list[Tensor | None] = []
        constants = found = False
        for position in positions:
            value = values[position]
            if isinstance(value, Tensor):
                tensors.append(value)
                values[position] = value._array
                found = True
            elif position == variadic:
                tensors.extend([each if isinstance(each, Tensor) else None for each in value])
                values[position] = [each._array if isinstance(each, Tensor) else as_array(each) for each in value]
                found = found or any([isinstance(each, Tensor) for each in value])
            else:
                tensors.append(None)
                constants = constants or value is not None
        if not found:
            return on_arrays(op, values)
        if constants:  # numbers and arrays among tensors
            for number, position in enumerate(positions):
                value = values[position]
                if value is None or tensors[number] is not None or isinstance(value, list):
                    continue
                known = operand(op, value)
                if known is None:
                    raise refuse_operand(op, value, op.parameters[position])
                values[position] = known
        if op.promoted:
            bring_together(op, values)
        elif op.floating:
            first = values[op.positions[0]]
            if first.dtype.kind in "iub":
                values[op.positions[0]] = first.astype(get_default_dtype().numpy)
        try:
            result = run_kernel(op, values)
        except DeviceError:
            same = on_one_device(args)
            if same is None:
                raise
            return call(*same, **kwargs) if out is None else call(*same, out=out, **kwargs)
        if out is not None:
            return write_out(op, result, out, [t for t in tensors if t is not None])
        if op.formulas and state.recording:
            parents = tuple([None if t is None else t._node if t._view is None else current_node(t) for t in tensors])
            if parents.count(None) != len(parents):  # a generator expression takes three times as long
                outcome: Any
                if type(result) is ndarray:  # what `record` does in general, for one result
                    node = FormulaNode(op, parents, (), (), result.shape, result.dtype)
                    outcome = make(result, node)
                    save(node, op, values, tensors, parents, result, (outcome,))
                else:
                    outcome = record(op, values, tensors, parents, result)
                if observer is not None:
                    observer(op, values, result, outcome[0]._node if isinstance(outcome, tuple) else outcome._node)
                return outcome
        if observer is not None:
            observer(op, values, result, None)
        if isinstance(result, (tuple, list)):
            made = [make(each) for each in result]
            return op.result(*made) if op.result is not None else tuple(made)
        return make(result)

    return named(_short.operation(call, op), op)


def formula_result(op: Op, kernel: Any, values: Sequence[Any]) -> Any:
    """The operation on arrays, as formulas call it: the backward pass has silenced NumPy's warnings already."""
    try:
        result = kernel(*values)
    except Exception as error:
        raise explain(op, error, values)
    if type(result) is ndarray:
        return result
    if type(result) is tuple or type(result) is list:
        return tuple([as_array(each) for each in result])
    return as_array(result)


def view_function(op: Op, several: bool) -> Callable[..., Any]:
    count, kernels, formulas = len(op.parameters), op.kernels, op.formulas

    def call(*args: Any, **kwargs: Any) -> Any:
        values = op.bind(args, kwargs) if kwargs or len(args) != count else list(args)
        input = values[0]
        if type(input) is ndarray:
            return formula_result(op, kernels.numpy, values)
        if not isinstance(input, Tensor):
            return on_arrays(op, values)
        array = values[0] = input._array
        try:
            result = kernels.numpy(*values) if type(array) is ndarray else kernels[type(array)](*values)
        except Exception as error:
            raise explain(op, error, values)
        node = input._node if input._view is None else current_node(input)
        outcome: Any
        if node is None or not formulas or not state.recording:
            outcome = tuple([make(r) for r in result]) if several else make(as_array(result))
        elif several or type(result) is not ndarray:
            outcome = record(op, values, (input,), (node,), tuple(result) if several else as_array(result))
        else:  # what `record` does in general, for one formula that saves shapes and plain arguments at most
            recorded = FormulaNode(op, (node,), EMPTY, (), result.shape, result.dtype)
            outcome = make(result, recorded)
            if formulas[0].pick is None:
                sources = formulas[0].sources
                for kind, _, _ in sources:
                    if kind not in ("static", "shape"):
                        save(recorded, op, values, (input,), (node,), result, (outcome,))
                        break
                else:
                    kept = [array.shape if kind == "shape" else values[at] for kind, at, _ in sources]
                    recorded.saved = (tuple(kept),)
            elif formulas[0].pick >= 0:
                save(recorded, op, values, (input,), (node,), result, (outcome,))
        arguments = tuple(values[1:])
        for number, tensor in enumerate(outcome if several else (outcome,)):
            made = tensor._array
            base = made.base
            if made is not array and (base is None or (base is not array and base is not array.base)):
                continue  # the kernel had to copy: not a view
            tensor._version = version = version_of(input)
            special = SEVERAL if several else UNRECORDED if node is not None and tensor._node is None else ""
            parent = input._view
            steps = ((nth, (call, arguments, number)) if several else (call, arguments),)
            if parent is None:
                tensor._view = View(input, steps, version[1], special)
            else:
                tensor._view = View(parent.base, parent.steps + steps, version[1], special or parent.special)
        return outcome

    return named(call if several else _short.operation(call, op, view=True), op)


def nth(base: Any, function: Callable[..., Any], arguments: tuple[Any, ...], number: int) -> Any:
    """One of the views that `function` makes of `base`: how such a view is replayed."""
    return function(base, *arguments)[number]


def recorded_now(self: Tensor, other: Any) -> bool:
    """Whether an operation on the two would be recorded."""
    if not state.recording:
        return False
    if self._node is not None or self._view is not None:
        return True
    return isinstance(other, Tensor) and (other._node is not None or other._view is not None)


def inplace_function(op: Op) -> Callable[..., Any]:
    """``x.op_(...)``: writes the result into the first input's memory and takes its place in the graph."""
    count = len(op.parameters)
    title = op.name + "_"
    of_two = op.ufunc is not None and len(op.inputs) == count == 2
    kernels = op.kernels

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if 0 in self._array.strides:
            refuse_overlap(title, self._array)
        if of_two and not kwargs and len(args) == 1 and not recorded_now(self, args[0]):
            array, b = self._array, args[0]
            dtype = array.dtype
            if dtype is F32 or dtype is F64:  # the optimizers' case: nothing to record, promote or cast
                if isinstance(b, Tensor):
                    b = b._array
                    fits = b.dtype is dtype
                else:
                    fits = type(b) is float or type(b) is int
                if fits:
                    token = set_errors(IGNORE)
                    try:
                        kernels[type(array)](array, b, out=array)
                    except Exception as error:
                        raise explain_inplace(op, error, array, (array, b))
                    finally:
                        reset_errors(token)
                    rebase(self, None)
                    return self
        values = op.bind((self, *args), kwargs) if kwargs or len(args) + 1 != count else [self, *args]
        tensors: list[Tensor | None] = []
        for position in op.positions:
            value = values[position]
            if isinstance(value, Tensor):
                tensors.append(value)
                values[position] = value._array
            else:
                tensors.append(None)
                if value is not None:
                    values[position] = operand(op, value)
                    if values[position] is None:
                        raise refuse_operand(op, value, op.parameters[position])
        array = self._array
        parents: tuple[Node | None, ...] = ()
        if state.recording and op.formulas:
            parents = tuple([None if t is None else t._node if t._view is None else current_node(t) for t in tensors])
        recorded = any(parent is not None for parent in parents)
        if recorded:
            refuse_change(self, title)
            if op.saves_first_input():
                values[0] = array.copy()
                tensors[0] = None  # the copy is ours: nobody can change it
        elif parents and self._view is not None:
            refuse_unrecorded_view(self, title)
        if op.promoted:
            bring_together(op, values)
        elif op.floating and array.dtype.kind in "iub":
            values[op.positions[0]] = array.astype(get_default_dtype().numpy)
        if (
            op.ufunc is not None
            and len(values) <= 2
            and all(getattr(v, "dtype", array.dtype) is array.dtype for v in values)
        ):
            token = set_errors(IGNORE)
            try:
                op.kernels[type(array)](*values, out=array)
            except Exception as error:
                raise explain_inplace(op, error, array, values)
            finally:
                reset_errors(token)
        else:
            store(op, array, run_kernel(op, values))
        if not recorded:
            rebase(self, None)
            return self
        node = FormulaNode(op, parents, (), (), array.shape, array.dtype)
        rebase(self, node)
        save(node, op, values, tensors, parents, array, (self,))
        return self

    named(call, op)
    call.__name__ = call.__qualname__ = title
    return call


# ---------------------------------------------------------------- pieces of the callables


def kernel_for(op: Op, values: Sequence[Any]) -> Any:
    """The kernel for the array class of the first input that is an array."""
    for position in op.positions:
        value = values[position]
        if type(value) is ndarray:
            return op.kernels.numpy
        if isinstance(value, list) and value:
            value = value[0]
        if hasattr(value, "shape"):
            return op.kernels[type(value)]
    return op.kernels.numpy


def run_kernel(op: Op, values: Sequence[Any]) -> Any:
    """Run the kernel for these arguments; scalars that NumPy returns become arrays."""
    kernel = op.kernels.numpy if type(values[op.first]) is ndarray else kernel_for(op, values)
    token = set_errors(IGNORE)
    try:
        result = kernel(*values)
    except Exception as error:
        raise explain(op, error, values)
    finally:
        reset_errors(token)
    if type(result) is ndarray:
        return result
    if type(result) is tuple or type(result) is list:
        return tuple([as_array(each) for each in result])
    return as_array(result)


def on_arrays(op: Op, values: list[Any]) -> Any:
    """The operation on arrays: no recording, an array comes back."""
    for position in op.positions:
        value = values[position]
        if type(value) is ndarray:
            break
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, numpy.generic) and value is values[position]:
            value = values[position] = numpy.asarray(value)
        if isinstance(value, (numpy.ndarray, numpy.generic)) or hasattr(value, "__cuda_array_interface__"):
            break
        if is_registered(type(value)):
            break
    else:
        name = op.inputs[0] if op.inputs else "input"
        got = values[op.positions[0]]
        raise TypeError(f"{op.name}(): {name!r} must be a Tensor, got {type(got).__name__}: {op.name}{op.signature}")
    return run_kernel(op, values)


def bring_together(op: Op, values: list[Any]) -> None:
    """Promote the inputs that must have one dtype, in `values` itself."""
    common: Any = None
    for position in op.promoted:  # one floating-point dtype, and numbers: nothing to do
        value = values[position]
        if type(value) is ndarray:
            if common is None:
                common = value.dtype
            elif common is not value.dtype:
                break
        elif value is not None and type(value) not in SCALARS:
            break
    else:
        if common is F32 or common is F64:
            return
    chosen = [values[position] for position in op.promoted]
    dtypes = {value.dtype if hasattr(value, "dtype") else type(value) for value in chosen if value is not None}
    if len(dtypes) == 1 and not (op.floating and next(iter(dtypes)) in _INTEGERS):
        return
    for position, value in zip(op.promoted, promote(op, chosen), strict=True):
        values[position] = value


_INTEGERS = frozenset(numpy.dtype(name) for name in ("bool", "uint8", "int8", "int16", "int32", "int64"))


@names_cause
def explain_broadcast(op: Op, error: Exception, a: Any, b: Any) -> Exception:
    if isinstance(error, ValueError) and hasattr(a, "shape") and hasattr(b, "shape"):
        for place, (m, n) in enumerate(zip(reversed(a.shape), reversed(b.shape), strict=False)):
            if m != n and 1 not in (m, n):
                dimension = max(a.ndim, b.ndim) - 1 - place
                return ShapeError(
                    f"{op.name}(): shapes {tuple(a.shape)} and {tuple(b.shape)} do not broadcast: the size of the "
                    f"first ({m}) must match the size of the second ({n}) at dimension {dimension}, or one of them "
                    "must be 1"
                )
    return explain(op, error, (a, b))


@names_cause
def explain_inplace(op: Op, error: Exception, array: Array, values: Sequence[Any]) -> Exception:
    if isinstance(error, ValueError) and len(values) == 2:
        return ShapeError(
            f"{op.name}_(): the result of {describe(values[0])} with {describe(values[1])} does not fit in place into "
            f"shape {tuple(array.shape)}"
        )
    return explain(op, error, values)


def store(op: Op, array: Array, result: Array) -> None:
    """Write `result` into `array`; a cast to a lower category (float to integer) and another shape are refused."""
    if isinstance(result, tuple):
        raise TypeError(f"{op.name} has several results and no in-place form")
    if result.dtype is not array.dtype:
        source, target = from_numpy_dtype(result.dtype), from_numpy_dtype(array.dtype)
        if source.category > target.category:
            raise DtypeError(f"{op.name}_(): a result of {source} cannot be stored in place in a tensor of {target}")
    if result.shape != array.shape:
        raise ShapeError(
            f"{op.name}_(): the result has shape {tuple(result.shape)}, which does not fit in place into shape "
            f"{tuple(array.shape)}"
        )
    array[...] = result


def refuse_overlap(name: str, array: Array) -> None:
    """Raise if elements of `array`, which `name` would change, share memory, as in an expanded tensor."""
    if array.size and any(not step and size > 1 for step, size in zip(array.strides, array.shape, strict=True)):
        raise RuntimeError(
            f"{name} would write to a tensor of shape {tuple(array.shape)} of which several elements share one place "
            "in memory, as after expand(): clone() it first"
        )


def write_out(op: Any, result: Any, out: Any, inputs: Sequence[Any]) -> Any:
    """Store the result in the tensor(s) that the user gave as ``out=``, resizing it to the result's shape as PyTorch
    does."""
    name = op if isinstance(op, str) else op.name
    if isinstance(out, (tuple, list)):
        if len(out) != len(result):
            raise TypeError(f"{name}(out=...) needs {len(result)} tensors, got {len(out)}")
        written = [write_out(op, each, into, inputs) for each, into in zip(result, out, strict=True)]
        return op.result(*written) if isinstance(op, Op) and op.result is not None else tuple(written)
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): out must be a Tensor, got {type(out).__name__}")
    if state.recording and any(isinstance(t, Tensor) and t.requires_grad for t in (*inputs, out)):
        raise RuntimeError(
            f"{name}(out=...) does not support gradients, but one of the tensors requires one: leave out= away"
        )
    source, target = from_numpy_dtype(result.dtype), out.dtype
    if source.category > target.category:
        raise DtypeError(f"{name}(): a result of {source} cannot be stored in out= of {target}")
    refuse_overlap(f"{name}(out=...)", out._array)
    if out._array.shape != result.shape:
        out._array = namespace_of(type(result)).empty(result.shape, dtype=out._array.dtype)
    out._array[...] = result
    rebase(out, None)
    return out


def named(function: Any, op: Op) -> Callable[..., Any]:
    """Give a callable its operation's name, signature and documentation."""
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = op.doc
    function.__signature__ = op.signature
    function.__module__ = "tinygrad_i2dl"
    function.op = op
    result: Callable[..., Any] = function
    return result


# ---------------------------------------------------------------- decorators


def attach(function: Any, name: str, method: bool | str, inplace: Any) -> None:
    if method:
        setattr(Operations, method if isinstance(method, str) else name, function)
    if inplace is not None:
        setattr(Operations, (method if isinstance(method, str) else name) + "_", inplace)


def alias(function: Any, name: str, method: bool = True) -> Any:
    """`function` itself, attached to Tensor under another name too."""
    attach(function, name, method, function.in_place if method else None)
    return function


OPERATIONS: dict[
    str, Any
] = {}  # every primitive and composite by name: what completeness tests and backends go through


def finish(function: Any, op: Op, method: bool | str, inplace: bool) -> Any:
    OPERATIONS[op.name] = function
    in_place_form = inplace_function(op) if inplace else None
    function.in_place = in_place_form
    attach(function, op.name, method, in_place_form if method else None)  # without method: `function.in_place` alone

    def gradient(joint: Callable[..., Any] | None = None, **single: Callable[..., Any]) -> Any:
        op.add_formulas(joint, single)
        return joint

    function.gradient = gradient
    return function


def unary(
    *,
    method: bool | str = True,
    inplace: bool = True,
    floating: bool = False,
    ufunc: str | None = None,
    short: tuple[str, float] | None = None,
) -> Any:
    """Primitive of one tensor, elementwise. `floating`: integers are computed in the default dtype. `ufunc`: the name
    of the array namespace's own function that is the kernel, so that no Python stands between. `short`: a ufunc of two
    operands and the second operand that compute the same for floating-point numbers."""

    def decorate(reference: Callable[..., Any]) -> Any:
        op = Op(reference, ("input",), floating=floating, ufunc=ufunc)
        op.short = short if short is not None else op.short
        return finish(unary_function(op), op, method, inplace)

    return decorate


def binary(
    *,
    method: bool | str = True,
    inplace: bool = True,
    floating: bool = False,
    ufunc: str | None = None,
    operator: str = "",
    alpha: bool = False,
    numbers: tuple[bool, bool] = (True, True),
) -> Any:
    """Primitive of two tensors or numbers, elementwise with broadcasting.

    `operator`: the stem of Python's operator methods. `alpha`: the public function has a keyword `alpha` that scales
    `other`. `numbers`: whether the first and the second operand may be Python numbers.
    """

    def decorate(reference: Callable[..., Any]) -> Any:
        op = Op(reference, tuple(inspect.signature(reference).parameters)[1:3], floating=floating, ufunc=ufunc)
        op.promoted = (0, 1)
        op.numbers = numbers
        function = finish(binary_function(op), op, method, inplace and not alpha)
        if operator:
            attach_operator(operator, op, binary_function(op, operator=True), inplace_function(op) if inplace else None)
        if alpha:
            return attach_scaled(function, op, method, inplace)
        return function

    return decorate


def attach_scaled(function: Any, op: Op, method: bool | str, inplace: bool) -> Any:
    """The public form of `function`, with the keyword `alpha`, as function, method and in-place method."""
    in_place = inplace_function(op)

    def scaled(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
        return function(input, other if _is_one(alpha) else _scale(op, other, alpha, input), out=out)

    def scaled_(self: Tensor, other: Any, *, alpha: Any = 1) -> Any:
        return in_place(self, other if _is_one(alpha) else _scale(op, other, alpha, self))

    named(scaled, op)
    scaled.__signature__ = inspect.signature(scaled)  # type: ignore[attr-defined]
    scaled_.__name__ = scaled_.__qualname__ = op.name + "_"
    scaled.op, scaled.in_place, scaled.gradient = op, scaled_, function.gradient  # type: ignore[attr-defined]
    OPERATIONS[op.name] = scaled
    attach(scaled, op.name, method, scaled_ if inplace else None)
    return scaled


def _is_one(alpha: Any) -> bool:
    return type(alpha) is int and alpha == 1


def _scale(op: Op, other: Any, alpha: Any, input: Any) -> Any:
    both = [t for t in (input, other) if isinstance(t, Tensor)]
    if type(alpha) is float and all(t._array.dtype.kind in "iub" for t in both):
        raise DtypeError(
            f"{op.name}(): alpha={alpha} is not an integer, but the tensors are {', '.join(str(t.dtype) for t in both)}"
        )
    return other * alpha


def attach_operator(stem: str, op: Op, function: Callable[..., Any], in_place: Callable[..., Any] | None) -> None:
    """``__stem__``, ``__rstem__`` and ``__istem__`` of Tensors."""

    def reflected(self: Any, other: Any) -> Any:
        if not isinstance(self, Tensor):
            raise TypeError(f"__r{stem}__() is a method of Tensors, got {type(self).__name__}")
        return function(other, self)

    def swapped(self: Any, other: Any) -> Any:
        if not isinstance(self, Tensor):
            raise TypeError(f"__r{stem}__() is a method of Tensors, got {type(self).__name__}")
        return function(self, other)

    setattr(Operations, f"__{stem}__", function)
    # Where the order does not matter the tensor goes first, so that `grad_fn.next_functions` lists it first.
    commutes = stem in ("add", "mul")
    short = _short.elementwise(swapped if commutes else reflected, op, swapped=not commutes)
    setattr(Operations, f"__r{stem}__", short)
    if in_place is not None:
        setattr(Operations, f"__i{stem}__", in_place)


def primitive(
    *inputs: str,
    method: bool | str = False,
    inplace: bool = False,
    floating: bool = False,
    promotes: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Any:
    """Primitive whose parameters named `inputs` are tensors (the last may end in ``*``: a sequence of them)."""

    def decorate(reference: Callable[..., Any]) -> Any:
        op = Op(reference, inputs, floating=floating, promotes=promotes, outputs=outputs)
        return finish(general_function(op), op, method, inplace)

    return decorate


def view(*, method: bool | str = False, several: bool = False) -> Any:
    """Primitive whose result shares its first parameter's memory (`several`: a sequence of such results)."""

    def decorate(reference: Callable[..., Any]) -> Any:
        op = Op(reference, (list(inspect.signature(reference).parameters)[1],))
        return finish(view_function(op, several), op, method, False)

    return decorate


def composite(
    function: Any = None, *, method: bool | str = False, inplace: bool = False, fused: bool | Callable[..., Any] = False
) -> Any:
    """Operation composed of others: no formula, derivatives of every order.

    `method` and `inplace` attach it to Tensor. `fused`: backends may offer one kernel for the whole, used on arrays; a
    function of (xp, ...) given here is the reference kernel, in place of the composition.
    """
    if function is None:
        return functools.partial(composite, method=method, inplace=inplace, fused=fused)
    name = function.__name__
    signature = inspect.signature(function)
    parameters = list(signature.parameters)
    takes_out = "out" in parameters
    variadic = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    table = KernelTable(name, fused if callable(fused) else lambda xp, *args: function(*args)) if fused else None
    if table is not None:
        table.composition = function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            if not variadic:
                kwargs = renamed(kwargs, parameters)
            if not takes_out and "out" in kwargs:
                out = kwargs.pop("out")
                if out is not None:
                    return out_of_composite(name, function(*args, **kwargs), out, args)
        elif table is not None and args and not isinstance(args[0], Tensor):
            if len(args) != len(parameters):
                bound = signature.bind(*args)
                bound.apply_defaults()
                args = bound.args
            return table[type(args[0])](*args)
        try:
            return function(*args, **kwargs)
        except AttributeError as error:
            raise explain_argument(name, error, {**dict(zip(parameters, args, strict=False)), **kwargs})

    in_place_form = inplace_composite(name, call) if inplace else None
    call.in_place = in_place_form  # type: ignore[attr-defined]
    call.__module__ = "tinygrad_i2dl"
    OPERATIONS[name] = call
    attach(call, name, method, in_place_form)
    return call


def out_of_composite(name: str, result: Any, out: Any, inputs: Sequence[Any]) -> Any:
    if isinstance(result, tuple):
        written = write_out(name, tuple(r._array for r in result), out, inputs)
        return type(result)(*written) if hasattr(result, "_fields") else written
    return write_out(name, result._array, out, inputs)


def inplace_composite(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""
        recorded = state.recording and node_of(self) is not None
        result = function(self.clone() if recorded else self, *args, **kwargs)
        source = result._array
        if source.shape != self._array.shape:
            raise ShapeError(
                f"{name}_(): the result has shape {tuple(source.shape)}, which does not fit in place into "
                f"{tuple(self.shape)}"
            )
        if from_numpy_dtype(source.dtype).category > self.dtype.category:
            raise DtypeError(
                f"{name}_(): a result of {result.dtype} cannot be stored in place in a tensor of {self.dtype}"
            )
        return self.copy_(result)

    call.__name__ = call.__qualname__ = name + "_"
    return call


def user_frame() -> tuple[str, int, str, str]:
    """File, line, function and text of the innermost call outside of this package."""
    frame: Any = sys._getframe(1)
    package = __name__.partition(".")[0]
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame = frame.f_back
    code = frame.f_code
    return code.co_filename, frame.f_lineno, code.co_name, linecache.getline(code.co_filename, frame.f_lineno).strip()


__all__ = ["FLOATING", "OPERATIONS", "Op", "alias", "binary", "composite", "primitive", "unary", "view"]
