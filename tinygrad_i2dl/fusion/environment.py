"""What a function reads besides its arguments: numbers, settings, other functions.

A loop keeps what the function found while it was traced, so it may serve a call only as long as all of that is the
same. The bytecode names the global variables, the variables of enclosing functions and the attributes of both that a
function reads, and the functions that it calls, which are looked through in turn. At each call the values are looked up
again, and are part of what a loop is found by. What cannot be compared (a tensor, an object of an unknown class, a
clock) makes the function run as ordinary operations.
"""

from __future__ import annotations

import builtins
import dis
import enum
import functools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy

from ..dtypes import get_default_dtype
from ..tensors import Tensor
from .symbolic import NotPointwise

__all__ = ["Environment"]

LIBRARY = __name__.partition(".")[0]
MOST_ELEMENTS = 64  # of a list or dictionary that is compared at each call
DEEPEST = 16  # containers in containers and the attributes of modules in modules
CONSTANTS = (int, bool, str, bytes, complex, type(None), type(Ellipsis), type(NotImplemented), range)
CONTAINERS = (tuple, list, dict, set, frozenset)
LOOKING = frozenset(("get", "keys", "values", "items", "index", "count", "copy"))  # methods that change no container
DESCRIPTORS = (
    types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType,
    types.GetSetDescriptorType, types.GenericAlias, types.UnionType,
)  # fmt: skip
# Python's own modules and functions that tell something else at every call, or may.
CHANGING_MODULES = frozenset(("datetime", "io", "os", "pathlib", "random", "secrets", "socket", "time", "uuid"))
CHANGING = frozenset(
    getattr(builtins, name) for name in ("eval", "exec", "globals", "input", "locals", "open", "setattr", "vars")
)
# Attributes that differ between a tensor and the stand-in that a function is traced with.
OF_THE_TENSOR = frozenset(("_version", "data_ptr", "grad", "grad_fn", "is_leaf", "storage", "stride"))
MISSING = object()


class Place(NamedTuple):
    """Where a value is: a variable and the attributes that lead on from it."""

    variables: Any  # a dictionary, a cell, or None for the object `name` itself
    name: Any
    attributes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        root = self.name
        if self.variables is None:
            root = (root if isinstance(root, type) else type(root)).__name__
        return ".".join([root, *self.attributes])

    def value(self) -> Any:
        """What is there now; MISSING if nothing is. Attributes are followed up to the first constant or container."""
        variables, value, attributes = self
        if type(variables) is dict:
            value = variables.get(value, MISSING)
        elif variables is not None:
            try:
                value = variables.cell_contents
            except ValueError:  # not filled yet
                return MISSING
        for attribute in attributes:
            kind = type(value)
            if kind is types.ModuleType:
                if _is_trusted(value.__name__) and (value is not numpy or attribute != "random"):
                    break
            elif kind in CONTAINERS:
                if attribute not in LOOKING:
                    raise NotPointwise(f"it may change {self.text.rpartition('.')[0]}, which is not its own")
                break
            elif kind in CONSTANTS or kind is float or isinstance(value, Tensor):
                break
            elif _is_trusted(kind.__module__) and not hasattr(value, "__dict__"):
                break
            value = getattr(value, attribute, MISSING)
        return value


# ---------------------------------------------------------------- values that can be compared


def _is_trusted(module: str) -> bool:
    """Whether the functions and classes of a module stay as they are: the library's, NumPy's, Python's own."""
    root = module.partition(".")[0]
    if root == "numpy":
        return not module.startswith("numpy.random")
    return root == LIBRARY or (root in sys.stdlib_module_names and root not in CHANGING_MODULES)


def _is_trusted_function(function: types.FunctionType) -> bool:
    return _is_trusted(str(function.__globals__.get("__name__", "")))  # a decorator copies `__module__`


def _frozen(value: Any, place: Place, depth: int = 0) -> Any:
    """Something hashable that is equal as long as a function computes the same of `value`."""
    kind = type(value)
    if kind is float:
        return repr(value)  # 0.0 equals -0.0, and NaN not itself
    if kind in CONSTANTS:
        return kind, value
    if kind is types.FunctionType or kind is types.MethodType or kind in DESCRIPTORS or value is MISSING:
        return value
    if isinstance(value, Tensor):
        raise NotPointwise(f"it uses a tensor that is not one of its arguments: pass {place.text} as one")
    if isinstance(value, numpy.generic):
        return kind, value.tobytes()
    if isinstance(value, types.ModuleType):
        if _is_trusted(value.__name__):
            return value
    elif isinstance(value, types.BuiltinFunctionType):
        home = value.__self__.__name__ if isinstance(value.__self__, types.ModuleType) else value.__module__
        if home and _is_trusted(home) and value not in CHANGING:
            return value
        raise NotPointwise(f"it calls {place.text}(), whose result may be another one in every call")
    elif isinstance(value, (type, enum.Enum)):
        if isinstance(value, enum.Enum) or _is_trusted(value.__module__):
            return value
    elif isinstance(value, CONTAINERS):
        if len(value) <= MOST_ELEMENTS and depth < DEEPEST:
            elements = value.items() if isinstance(value, dict) else value
            return kind, tuple([_frozen(each, place, depth + 1) for each in elements])
    elif isinstance(value, functools.partial) or _wrapped(value) is not None:
        return value  # what it calls is looked through
    elif kind.__module__.partition(".")[0] in (LIBRARY, "numpy") and not isinstance(value, numpy.ndarray):
        if _is_trusted(kind.__module__):  # such as the module of an activation, without parameters and hooks
            return value, _frozen(getattr(value, "__dict__", None), place, depth + 1)
    raise NotPointwise(
        f"it uses {place.text} (of type {kind.__name__}), which may change: pass what it needs as an argument"
    )


def _wrapped(value: Any) -> Any:
    """The function in a fused or cached one; None for other objects."""
    return getattr(value, "__wrapped__", None) if _is_trusted(type(value).__module__) else None


# ---------------------------------------------------------------- what the bytecode says


class _Reader:
    """Goes through a function and the functions that it calls, and collects the places that they read."""

    def __init__(self) -> None:
        self.places: dict[Any, Place] = {}
        self._seen: set[Any] = set()

    def add(self, place: Place) -> None:
        key = id(place.variables), id(place.name) if place.variables is None else place.name, place.attributes
        if key not in self.places:
            self.places[key] = place
            self.look_through(place.value())

    def look_through(self, value: Any) -> None:
        """Follow what can be called."""
        if isinstance(value, types.FunctionType):
            self.function(value)
        elif isinstance(value, types.MethodType):
            if isinstance(value.__func__, types.FunctionType) and not _is_trusted_function(value.__func__):
                self.function(value.__func__, value.__self__)
            else:
                self.add(Place(None, value.__self__))
        elif isinstance(value, functools.partial):
            for each in (value.func, *value.args, *value.keywords.values()):
                self.add(Place(None, each))
        elif _wrapped(value) is not None:
            self.look_through(_wrapped(value))

    def function(self, function: types.FunctionType, own: Any = MISSING) -> None:
        """`own` is what a method belongs to: its first parameter."""
        if (function, id(own)) in self._seen:
            return
        self._seen.add((function, id(own)))
        if _is_trusted_function(function):
            self.look_through(getattr(function, "__wrapped__", None))
            return
        for defaults in ("__defaults__", "__kwdefaults__"):
            if getattr(function, defaults):
                self.add(Place(None, function, (defaults,)))
        code = function.__code__
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        first = None
        if own is not MISSING:
            if not code.co_argcount:  # it is among ``*args``
                self.add(Place(None, own))
            else:
                first = Place(None, own), code.co_varnames[0]
        self.code(code, cells, function.__globals__, first)

    def code(
        self, code: types.CodeType, cells: dict[str, Any], known: dict[str, Any], first: tuple[Place, str] | None
    ) -> None:
        for step, name, attributes, is_written in _uses(code):
            local = name in code.co_cellvars or name in code.co_varnames
            if step == "IMPORT_NAME":
                if not _is_trusted(name):
                    raise NotPointwise(f"it imports {name}, which may change")
                continue
            if "GLOBAL" in step or step == "LOAD_NAME":
                place = Place(known, name, attributes)
            elif first is not None and name == first[1]:
                place = first[0]._replace(attributes=attributes)
            elif "DEREF" in step and name in cells and not local:
                place = Place(cells[name], name, attributes)
            else:
                if OF_THE_TENSOR.intersection(attributes):
                    raise NotPointwise(f"it looks at {attributes[0]}, which is not elementwise")
                continue
            if is_written:
                raise NotPointwise(f"it changes {place.text}, which is not its own")
            if place.variables is known and name not in known and getattr(builtins, name, None) in CHANGING:
                raise NotPointwise(f"it calls {name}()")
            self.add(place)
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType):
                outside = {name: cell for name, cell in cells.items() if name not in code.co_cellvars}
                self.code(inner, outside, known, first if first and first[1] in inner.co_freevars else None)


READING = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FAST", "LOAD_FROM_DICT", "LOAD_ATTR",
           "LOAD_METHOD")  # fmt: skip
WRITING = ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF", "IMPORT_NAME")


def _uses(code: types.CodeType) -> Iterator[tuple[str, str, tuple[str, ...], bool]]:
    """How bytecode uses variables: the instruction, the variable (empty for the value of an expression), the attributes
    read from it one after the other, and whether it is written to."""
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    cells = {*code.co_cellvars, *code.co_freevars}
    number = 0
    while number < len(steps):
        operation, name = steps[number].opname, steps[number].argval
        number += 1
        if operation.startswith(WRITING):
            yield operation, name, (), operation != "IMPORT_NAME"
        if not operation.startswith(READING) or (operation.startswith("LOAD_FAST") and name in cells):
            continue  # from Python 3.13 on "fast" is how a cell itself is handed to an inner function
        attributes = []
        if operation in ("LOAD_ATTR", "LOAD_METHOD"):
            attributes.append(name)
            name = ""
        elif isinstance(name, tuple):  # two variables in one step
            yield operation, name[0], (), False
            name = name[1]
        while number < len(steps) and steps[number].opname in ("LOAD_ATTR", "LOAD_METHOD"):
            attributes.append(steps[number].argval)
            number += 1
        is_written = number < len(steps) and steps[number].opname in ("STORE_ATTR", "DELETE_ATTR")
        if is_written:
            attributes.append(steps[number].argval)
        yield operation, name, tuple(attributes), is_written


class Environment:
    """What a function reads besides its arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._places: tuple[Place, ...] = ()

    def look(self) -> None:
        """Find the places, which depend on the functions that are called at present.

        Raises:
            NotPointwise: it reads what cannot be compared.
        """
        reader, function = _Reader(), self._function
        known = isinstance(function, (types.FunctionType, types.MethodType, functools.partial))
        if known or _wrapped(function) is not None:
            reader.look_through(function)
        elif isinstance(function, types.BuiltinFunctionType) or _is_trusted(type(function).__module__):
            reader.add(Place(None, function))
        else:  # an object of a class with `__call__`
            reader.look_through(types.MethodType(type(function).__call__, function))
        self._places = tuple(reader.places.values())

    def values(self) -> tuple[Any, ...]:
        """What is in the places now, to be compared.

        Raises:
            NotPointwise: it cannot be compared.
        """
        return tuple([_frozen(place.value(), place) for place in self._places])

    def unchanged(self) -> Callable[[], bool]:
        """A function that tells whether all values are still what they are now."""
        places, before, dtype = self._places, self.values(), get_default_dtype()

        def check() -> bool:
            try:
                return (
                    get_default_dtype() is dtype and tuple([_frozen(each.value(), each) for each in places]) == before
                )
            except NotPointwise:
                return False

        return check
