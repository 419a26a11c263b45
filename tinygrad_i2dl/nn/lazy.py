"""Modules that learn their input size from the first input."""

from __future__ import annotations

from typing import Any

from ..tensors import Tensor
from .module import Module, is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin(Module):
    """Base of modules with uninitialised parameters.

    The first call runs `initialize_parameters` with the same arguments, and then turns the module into
    ``cls_to_become``.
    Make the optimizer after that call: before it, the parameters have no shape.
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.__dict__["_initialize_hook"] = self.register_forward_pre_hook(_infer_parameters, with_kwargs=True)

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer of this module still has no shape."""
        return any(is_lazy(each) for each in (*self._parameters.values(), *self._buffers.values()))

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes by the arguments of the first call; every lazy class defines it."""
        raise NotImplementedError(f"{type(self).__name__} must define initialize_parameters")


def _infer_parameters(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    kwargs = kwargs or {}
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(f"{type(module).__name__}: parameters are still uninitialised after initialize_parameters")
    module.__dict__.pop("_initialize_hook").remove()
    if not any(
        module.__dict__[kind]
        for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    ):
        module.__dict__["_hooked"] = False  # the other kinds of hooks do not concern calls
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


def first_tensor(name: str, input: Any) -> Tensor:
    """The input that decides a lazy module's size."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name} needs a Tensor as its first input, got {type(input).__name__}")
    return input
