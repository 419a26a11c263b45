"""Models by name."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ...nn.module import Module
from .weights import WeightsEnum, refuse_pretrained

__all__ = ["get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models", "register_model"]

_BUILDERS: dict[str, Callable[..., Any]] = {}
_WEIGHTS: dict[str, Any] = {}

Builder = TypeVar("Builder", bound=Callable[..., Any])


def register_model(weights: Any) -> Callable[[Builder], Builder]:
    """List a builder under its name; it takes ``weights``, ``pretrained`` and ``progress`` besides its own arguments.

    Args:
        weights: the enumeration of the published weights. Asking for one of them raises `RuntimeError`.
    """

    def decorate(builder: Builder) -> Builder:
        name = builder.__name__

        @functools.wraps(builder)
        def build(*args: Any, **kwargs: Any) -> Any:
            # Named first or by position, as in torchvision: model(weights, progress, ...), earlier model(pretrained).
            wanted = args[0] if args else kwargs.pop("weights", None)
            pretrained = kwargs.pop("pretrained", False)
            kwargs.pop("progress", None)
            if len(args) > 2:
                raise TypeError(f"{name}() takes weights and progress by position, got {len(args)} arguments")
            if wanted is True or pretrained:
                wanted = weights.DEFAULT
            if wanted not in (None, False):
                member = weights.verify(wanted)
                refuse_pretrained(repr(member), member.url)
            return builder(**kwargs)

        _BUILDERS[name] = build
        _WEIGHTS[name] = weights
        return build  # type: ignore[return-value]

    return decorate


def list_models(module: Any = None, include: Any = None, exclude: Any = None) -> list[str]:
    """The names of the models, sorted.

    Args:
        module: only those of this module.
        include: only those that fit one of these patterns of the shell.
        exclude: none of those that fit one of these.

    >>> list_models(include="resnet1*")
    ['resnet101', 'resnet152', 'resnet18']
    """

    def fits(name: str, patterns: Iterable[str] | str) -> bool:
        return any(fnmatch.fnmatch(name, each) for each in ([patterns] if isinstance(patterns, str) else patterns))

    names = [name for name, builder in _BUILDERS.items() if module is None or builder.__module__ == module.__name__]
    if include:
        names = [name for name in names if fits(name, include)]
    if exclude:
        names = [name for name in names if not fits(name, exclude)]
    return sorted(names)


def get_model_builder(name: str) -> Callable[..., Module]:
    """The function that makes the model.

    Raises:
        ValueError: no model of that name.
    """
    try:
        return _BUILDERS[name.lower()]
    except KeyError:
        raise ValueError(f"no model {name!r}; there are {', '.join(list_models())}") from None


def get_model(name: str, **config: Any) -> Module:
    """The model of that name, made with the arguments `config`."""
    return get_model_builder(name)(**config)


def get_model_weights(name: Any) -> Any:
    """The enumeration of the published weights of a model, by its name or builder."""
    key = name if isinstance(name, str) else name.__name__
    get_model_builder(key)
    return _WEIGHTS[key.lower()]


def get_weight(name: str) -> WeightsEnum:
    """A member by its full name, such as ``ResNet18_Weights.DEFAULT``.

    Raises:
        ValueError: no such weights.
    """
    owner, _, member = name.partition(".")
    for weights in _WEIGHTS.values():
        if weights.__name__ == owner and member in weights.__members__:
            return weights[member]  # type: ignore[no-any-return]
    raise ValueError(f"no weights {name!r}; a full name is like ResNet18_Weights.DEFAULT")
