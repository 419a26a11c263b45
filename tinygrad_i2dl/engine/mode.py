"""Whether operations are recorded: a switch per thread."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = [
    "enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled",
    "state",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    recording = True
    inference = False


state = _State()


class _Switch:
    """Context manager and decorator that sets `state.recording` and restores what was there."""

    recording = True
    inference: bool | None = None
    # What each entry found: both settings, and what the entry before it had found. Nothing is made until the first.
    _found: tuple[bool, bool, Any] | None = None

    def _fresh(self) -> _Switch:
        return type(self)()

    def __enter__(self) -> None:
        self._found = (state.recording, state.inference, self._found)
        state.recording = self.recording
        if self.inference is not None:
            state.inference = self.inference

    def __exit__(self, *exception: object) -> None:
        assert self._found is not None, "left without having been entered"
        state.recording, state.inference, self._found = self._found

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            raise TypeError(
                f"{type(self).__name__} decorates functions, not classes; got the class {function.__name__}"
            )
        if inspect.isgeneratorfunction(function):
            return self._decorate_generator(function)  # type: ignore[no-any-return]

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return inside  # type: ignore[return-value]

    def _decorate_generator(self, function: Any) -> Any:
        """Switch only while the generator runs, so that the code between two of its values keeps its own mode."""

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume, argument = generator.send, None
            while True:
                try:
                    with self._fresh():
                        value = resume(argument)
                except StopIteration as end:
                    return end.value
                try:
                    argument = yield value
                    resume = generator.send
                except GeneratorExit:
                    generator.close()
                    raise
                except BaseException as error:
                    resume, argument = generator.throw, error

        return inside


class no_grad(_Switch):
    """Do not record operations: results do not require gradients. A context manager and a decorator.

    >>> import tinygrad_i2dl as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    recording = False

    def __new__(cls, function: Any = None) -> Any:
        self = object.__new__(cls)
        return self if function is None else self(function)  # used as `@no_grad` without parentheses


class enable_grad(no_grad):
    """Record operations, also inside `no_grad`. A context manager and a decorator."""

    recording = True


class set_grad_enabled(_Switch):
    """Record operations or not, at once and, as a context manager, until its end.

    >>> import tinygrad_i2dl as torch
    >>> with torch.set_grad_enabled(False):
    ...     torch.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.recording = bool(mode)
        self._outer = (state.recording, state.inference)
        state.recording = self.recording

    def _fresh(self) -> _Switch:
        return set_grad_enabled(self.recording)

    def __enter__(self) -> None:
        self._found = (*self._outer, self._found)
        state.recording = self.recording

    def __call__(self, function: F) -> F:
        state.recording, state.inference = self._outer  # as a decorator it must not switch anything now
        return super().__call__(function)


class inference_mode(_Switch):
    """Like `no_grad`: for code that never needs gradients. ``inference_mode(False)`` records."""

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if not callable(mode):
            return self
        self.__init__(True)  # type: ignore[misc]
        return self(mode)

    def __init__(self, mode: bool = True) -> None:
        self.inference = bool(mode)
        self.recording = not mode

    def _fresh(self) -> _Switch:
        return inference_mode(bool(self.inference))


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread."""
    return state.recording


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return state.inference
