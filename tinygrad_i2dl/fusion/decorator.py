"""The decorator `fuse`: which calls run as one loop, and why the others do not."""

from __future__ import annotations

import functools
import importlib
import sys
import threading
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from ..backends import registry
from ..dtypes import get_default_dtype
from ..engine.mode import no_grad, state
from ..ops import _define
from ..tensors import Tensor, current_node
from .cuda_source import cuda_source
from .environment import Environment
from .loop import loop_of
from .operation import Plan, fused
from .program import Program
from .randomness import drawing_nothing
from .symbolic import NotPointwise
from .tracing import Signature, Trace, traced

__all__ = ["Fused", "fuse"]

Function = Callable[..., Any]
# A loop costs 8 us forward and 20 us with its gradients more than one ordinary operation (see README.md).
FEWEST = 1 << 12  # elements: below, a function is not even traced
WORTH = 1 << 18  # elements times operations: below, ordinary operations are as fast
MOST_PLANS = 256
MOST_NUMBERS = 8  # loops that differ by their numbers alone: compiling them costs more than they save
SERVED = {numpy.ndarray: ("float32", "float64", "bool")}
SERVED_ON_DEVICE = ("float16", "float32", "float64", "bool")
PLAIN = (bool, int, float, str, type(None))


@functools.cache
def _why_not_numba() -> str | None:
    """Why Numba cannot be used, None if it can; asked when a large tensor comes, as the answer takes milliseconds."""
    answer: str | None = importlib.import_module("..backends.numba.availability", __package__).reason()
    if answer is None:
        try:
            importlib.import_module("numba")
        except Exception as error:  # versions that do not fit together
            return f"Numba is installed but cannot be imported: {error}"
    return answer


class _Quiet(str):
    """A reason that is no news to whoever wrote the function: no warning tells it."""


SMALL = _Quiet("its tensors are so small that ordinary operations are as fast")


class Fused:
    """A function of tensors that runs as one loop where it can; made by `fuse`.

    Attributes:
        function: the function as it was written.
        reason: why the last call ran as ordinary operations; None if it ran as one loop.
    """

    def __init__(self, function: Function) -> None:
        if not callable(function):
            raise TypeError(f"fuse decorates a function of tensors, got {type(function).__name__}")
        functools.update_wrapper(self, function)
        self.function = function
        self.reason: str | None = "it has not been called yet"
        self._name = getattr(function, "__name__", type(function).__name__)
        self._environment = Environment(function)
        self._loops: dict[Any, set[str]] = {}
        self._plans: dict[Any, Plan | str] = {}
        self._lock = threading.RLock()
        self._warned = False

    def __repr__(self) -> str:
        state_of = "as one loop" if self.reason is None else f"as ordinary operations: {self.reason}"
        return f"<fused {self._name}: {state_of}>"

    def __reduce__(self) -> Any:
        # A decorated function is found by its name, as functions are; copies are itself.
        name = getattr(self, "__qualname__", "")
        home = sys.modules.get(getattr(self, "__module__", ""))
        return name if home is not None and getattr(home, name, None) is self else (fuse, (self.function,))

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tensors: list[Tensor] = []
        found = self._prepared(args, kwargs, tensors)
        if isinstance(found, str):
            self.reason = str(found)
            if type(found) is str and not self._warned:
                self._warned = True
                warnings.warn(f"fuse: {self._name}() runs as ordinary operations: {found}", stacklevel=2)
            return self.function(*args, **kwargs)
        self.reason = None
        if found.detached:
            with no_grad():
                return fused(tensors, found)
        return fused(tensors, found)

    # ---------------------------------------------------------------- how a call is computed

    def _prepared(self, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: list[Tensor]) -> Plan | str:
        """The plan of a call, or the reason why there is none. `tensors` is filled with the tensors among the
        arguments."""
        for each in (*args, *kwargs.values()) if kwargs else args:
            if isinstance(each, Tensor):
                tensors.append(each)
        if not tensors:
            return _Quiet("none of its arguments is a tensor")
        largest, kind = 0, type(tensors[0]._array)
        for tensor in tensors:
            array = tensor._array
            if type(array) is not kind:
                return "its tensors are on different devices"
            if array.size > largest:
                largest = array.size
        if traced(tensors[0]):
            return _Quiet("it is part of another fused function")
        if largest < FEWEST:
            return SMALL
        if _define.observer is not None:
            return _Quiet("anomaly detection looks at each operation")
        if kind is numpy.ndarray:
            if registry.get_backend() == "numpy":
                return _Quiet("the backend numpy is chosen, which has the reference kernels alone")
            missing = _why_not_numba()
            if missing is not None:
                return missing
        try:
            return self._plan(args, kwargs, tensors, largest)
        except NotPointwise as refusal:
            return str(refusal)

    def _plan(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: Sequence[Tensor], largest: int
    ) -> Plan | str:
        recording = state.recording
        key: list[Any] = [get_default_dtype(), recording]
        for name, each in [*((None, each) for each in args), *kwargs.items()]:
            if isinstance(each, Tensor):
                array = each._array
                required = recording and (each._node if each._view is None else current_node(each)) is not None
                key.append((name, array.shape, array.dtype, required, type(array)))
            elif type(each) in PLAIN:
                # a float is known by its text: 0.0 equals -0.0, and NaN not itself
                key.append((name, type(each), repr(each) if type(each) is float else each))
            else:
                return f"an argument is a {type(each).__name__}: pass tensors and numbers"
        found = self._plans.get((*key, self._environment.values()))
        if found is None:
            with self._lock:
                self._environment.look()
                known = (*key, self._environment.values())
                found = self._plans.get(known)
                if found is None:
                    if len(self._plans) >= MOST_PLANS:
                        self._plans.clear()
                    found = self._plans[known] = self._traced(args, kwargs, tensors, recording, known[-1])
        if isinstance(found, Plan) and largest * found.operations < WORTH:
            return SMALL
        return found

    def _traced(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: Sequence[Tensor], recording: bool, read: Any
    ) -> Plan | str:
        """The plan of a call in which the function reads the values `read` from outside."""
        function = self.function
        kind = type(tensors[0]._array)
        arrays = [tensor._array for tensor in tensors]
        for array in arrays:
            served = SERVED.get(kind, SERVED_ON_DEVICE)
            if array.dtype.name not in served:
                return f"an argument has the dtype {array.dtype.name}; loops are written for {', '.join(served)}"
        template = [None if isinstance(each, Tensor) else each for each in args]
        places = [place for place, each in enumerate(args) if isinstance(each, Tensor)]
        keywords = {name: None if isinstance(each, Tensor) else each for name, each in kwargs.items()}
        named = [name for name, each in kwargs.items() if isinstance(each, Tensor)]

        def call(given: Sequence[Tensor]) -> Any:
            positional, by_name = list(template), dict(keywords)
            for place, tensor in zip(places, given, strict=False):
                positional[place] = tensor
            for name, tensor in zip(named, given[len(places) :], strict=True):
                by_name[name] = tensor
            return function(*positional, **by_name)

        required = tuple(recording and current_node(tensor) is not None for tensor in tensors)
        signature = Signature(tuple(array.shape for array in arrays), tuple(array.dtype for array in arrays), required)
        try:
            with numpy.errstate(all="ignore"):
                trace = drawing_nothing(lambda: Trace(call, signature))
                programs = [trace.forward, trace.backward(trace.differentiable)]
        except NotPointwise as refusal:
            return str(refusal)
        except Exception as error:  # the ordinary call will raise it, if it is the function's own
            return f"it could not be traced: {error}"
        if self._environment.values() != read:
            return "it changes what it reads besides its arguments"
        if kind is numpy.ndarray and any(step.dtype == "float16" for each in programs for step in each.instructions):
            return "it computes in float16, which has no loops on a CPU"
        if self._numbers_change(trace.forward):
            return "its numbers change from call to call: pass them as tensors without dimensions"
        return Plan(call, trace, self._name, self._environment.unchanged())

    def _numbers_change(self, program: Program) -> bool:
        """Whether one more loop would be compiled for other numbers, after many."""
        steps = tuple(step._replace(value=None) for step in program.instructions)
        texts = self._loops.setdefault(steps, set())
        if len(texts) < MOST_NUMBERS:
            texts.add(program.text)
        return program.text not in texts

    # ---------------------------------------------------------------- what was written

    def source(self, *args: Any, language: str = "numba", backward: bool = False, **kwargs: Any) -> str:
        """The text of the loop that serves a call with these arguments.

        Args:
            language: ``numba``, a Python function that Numba compiles, or ``cuda``, a CUDA kernel.
            backward: the loop of the gradients of the tensors that require one; the last of its inputs is the gradient
                of the result.

        Raises:
            ValueError: another language.
            RuntimeError: the call cannot be fused, with the reason; or nothing requires a gradient.

        >>> import tinygrad_i2dl as torch
        >>> @torch.fuse
        ... def f(x):
        ...     return 2 * x + 1
        >>> print(f.source(torch.zeros(3)).partition("def ")[2])
        loop(x0, out0):
            for i in range(out0.shape[0]):
                v0 = x0[i]
                v2 = v0 * c1
                v4 = v2 + c3
                out0[i] = v4
        <BLANKLINE>
        """
        if language not in ("numba", "cuda"):
            raise ValueError(f"language must be 'numba' or 'cuda', got {language!r}")
        tensors = [each for each in (*args, *kwargs.values()) if isinstance(each, Tensor)]
        if not tensors:
            raise RuntimeError(f"{self._name}() has no loop: none of the arguments is a tensor")
        try:
            self._environment.look()
            found = self._traced(args, kwargs, tensors, state.recording, self._environment.values())
        except NotPointwise as refusal:
            found = str(refusal)
        if isinstance(found, str):
            raise RuntimeError(f"{self._name}() has no loop: {found}")
        if backward and not any(found.trace.differentiable):
            raise RuntimeError(f"{self._name}() has no loop backward: no tensor that it depends on requires a gradient")
        program = found.backward(found.trace.differentiable) if backward else found.forward
        return cuda_source(program) if language == "cuda" else loop_of(program).source()


def fuse(function: Function) -> Fused:
    """Decorator: compile an elementwise function of tensors into one loop, and its gradient into another.

    The function is written with ordinary operations: operators, comparisons, `torch.tanh`, `torch.where` and whatever
    else works element by element, on tensors that broadcast, and numbers. It is run once on stand-ins for each kind of
    arguments (shapes, dtypes, numbers), and what it computes becomes one loop: each element is read once and written
    once, where ordinary operations go through memory once each. The gradient comes from the same formulas as ever, so
    it is exact, and derivatives of higher order work. On a CPU the loops are compiled by Numba (half a second; the
    machine code is kept on disk for the next process), on a GPU they are CUDA kernels.

    What cannot be one loop runs as ordinary operations: functions that reduce, multiply matrices, index, look at values
    (``if x.sum() > 0``), change arguments in place; dtypes other than float32, float64 and bool; small tensors, for
    which it would not pay. The attribute ``reason`` says why, and a warning does so once, except for small tensors.
    ``source()`` shows the loop.

    What a function reads besides its arguments (numbers, settings, other functions, attributes) is compared at each
    call, and where that cannot be done (tensors, objects as a whole) it runs as ordinary operations. A number that is
    another one in every call belongs into a tensor without dimensions, as each needs a loop of its own. Do not rely on
    a function's side effects, such as printing: they happen when it is traced, and not in every call.

    >>> import tinygrad_i2dl as torch
    >>> @torch.fuse
    ... def f(x, y):
    ...     return torch.tanh(1.5 * x + 0.1) * 0.5 + y
    >>> x, y = torch.linspace(-1, 1, 100_000), torch.zeros(100_000)
    >>> bool((f(x, y) - (torch.tanh(1.5 * x + 0.1) * 0.5 + y)).abs().max() < 1e-6), f.reason
    (True, None)

    Raises:
        TypeError: what is decorated cannot be called.
    """
    return Fused(function)
