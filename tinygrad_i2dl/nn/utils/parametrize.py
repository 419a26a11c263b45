"""Parameters that are computed from others (``torch.nn.utils.parametrize``)."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any

from ...engine.mode import no_grad
from ...tensors import Parameter, Tensor
from ..container import ModuleDict, ModuleList
from ..module import Module

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]


class _Cache:
    """Values computed while `cached` is open; a class so that there is one place that holds them."""

    depth = 0
    values: dict[tuple[int, str], Any] = {}


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """While this is open, a parametrized tensor is computed once and kept."""
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values.clear()


def _register(module: Module, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _check_same(what: str, before: Any, after: Any) -> None:
    """Raise ValueError unless `after` is a tensor of the dtype and shape of `before`."""
    if not isinstance(after, Tensor):
        raise ValueError(f"{what} must return a tensor, got {type(after).__name__}")
    if after.dtype != before.dtype or after.shape != before.shape:
        raise ValueError(
            f"{what} must keep dtype and shape ({before.dtype}, {tuple(before.shape)}) unless unsafe=True, "
            f"got {after.dtype}, {tuple(after.shape)}"
        )


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, and what it is computed from: ``original``, or ``original0``,
    ``original1``, and so on.
    """

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("a ParametrizationList needs at least one module")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            new = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with contextlib.suppress(NotImplementedError):
                        new = module.right_inverse(new)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(f"right_inverse must return a tensor or a sequence of tensors, got {type(new).__name__}")
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if new.dtype != original.dtype:  # type: ignore[union-attr]
                raise ValueError(f"right_inverse must keep the dtype {original.dtype}, got {new.dtype}")  # type: ignore[union-attr]
            before = original.detach()
            original.data = new
            _register(self, "original", original)
        else:
            before = original
            for number, each in enumerate(new):
                if not isinstance(each, Tensor):
                    raise ValueError(
                        f"right_inverse must return tensors, got {type(each).__name__} at position {number}"
                    )
                if isinstance(original, Parameter):
                    each = Parameter(each, original.requires_grad)
                _register(self, f"original{number}", each)
        if not unsafe:
            _check_same("a parametrization", before, self())

    def _originals(self) -> list[Any]:
        return [self.original] if self.is_tensor else [getattr(self, f"original{n}") for n in range(self.ntensors)]

    def right_inverse(self, value: Any) -> None:
        """Set the originals so that the parametrized tensor becomes `value`.

        Raises:
            RuntimeError: a parametrization has no right_inverse.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"the parametrization {type(module).__name__} does not implement right_inverse")
                value = module.right_inverse(value)
            values = [value] if self.is_tensor else list(value)
            if len(values) != self.ntensors:
                raise ValueError(f"right_inverse must return {self.ntensors} tensors, got {len(values)}")
            for original, each in zip(self._originals(), values, strict=True):
                if not isinstance(each, Tensor):
                    raise ValueError(f"right_inverse must return tensors, got {type(each).__name__}")
                if each.dtype != original.dtype:
                    raise ValueError(f"right_inverse must keep the dtype {original.dtype}, got {each.dtype}")
                original.data = each

    def forward(self) -> Any:
        """The tensor, computed from the originals."""
        modules = list(self)
        result = modules[0](*self._originals())
        for module in modules[1:]:
            result = module(result)
        return result


def _inject_class(module: Module) -> None:
    """Give the module a class of its own, for properties to live in."""
    base = module.__class__

    def deep_copy(self: Any, memo: dict[int, Any]) -> Any:
        replica = self.__new__(self.__class__)
        memo[id(self)] = replica
        replica.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return replica

    def get_state(self: Any) -> Any:
        raise RuntimeError("a parametrized module can be saved by its state_dict() only")

    members: dict[str, Any] = {"__getstate__": get_state}
    if not hasattr(base, "__deepcopy__"):
        members["__deepcopy__"] = deep_copy
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), members)


def _inject_property(module: Module, name: str) -> None:
    def get(self: Any) -> Any:
        parametrization = self.parametrizations[name]
        if not _Cache.depth:
            return parametrization()
        key = (id(self), name)
        if key not in _Cache.values:
            _Cache.values[key] = parametrization()
        return _Cache.values[key]

    def put(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(module.__class__, name, property(get, put))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute the parameter or buffer `tensor_name` of `module` by `parametrization` from now on.

    Args:
        module: whose tensor; it gets a submodule ``parametrizations`` that holds the original values.
        tensor_name: of the tensor; several parametrizations follow each other.
        parametrization: a module from the original tensor(s) to the tensor; its ``right_inverse``, if there is one,
            gives the originals from the present value, and lets the tensor be assigned to.
        unsafe: do not check that dtype and shape stay.

    >>> import tinygrad_i2dl as torch
    >>> class Symmetric(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).transpose(0, 1)
    >>> layer = torch.nn.Linear(3, 3)
    >>> _ = torch.nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
    >>> torch.equal(layer.weight, layer.weight.T)
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        chain: Any = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            after = parametrization(before)
            _check_same("a parametrization", before, after)
            if hasattr(parametrization, "right_inverse"):
                with contextlib.suppress(NotImplementedError):
                    _check_same("right_inverse", before, parametrization.right_inverse(after))
        chain.append(parametrization)
        chain.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        chain = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _inject_class(module)
            module.parametrizations = ModuleDict()
        _inject_property(module, tensor_name)
        module.parametrizations[tensor_name] = chain
    else:
        raise ValueError(f"{module} has no parameter, buffer or parametrized tensor {tensor_name!r}")
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a tensor of `module` (or this one) is parametrized."""
    known = module.__dict__.get("_modules", {}).get("parametrizations")
    if not isinstance(known, ModuleDict):
        return False
    return len(known) > 0 if tensor_name is None else tensor_name in known


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make `tensor_name` an ordinary tensor again, with its present value or, without `leave_parametrized`, the
    original.

    Raises:
        ValueError: the tensor is not parametrized, or has several originals and `leave_parametrized` is False.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"{module} has no parametrization of {tensor_name!r}")
    known: Any = module.parametrizations
    chain = known[tensor_name]
    if chain.is_tensor:
        original = chain.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name)
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(f"{tensor_name!r} is computed from several tensors: leave_parametrized=False has no meaning")
    delattr(module.__class__, tensor_name)
    del known[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = module.__class__.__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class without its parametrizations."""
    return module.__class__.__bases__[0] if is_parametrized(module) else type(module)
