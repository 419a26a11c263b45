"""The base class of optimizers: parameter groups, per-parameter state, hooks and their files."""

from __future__ import annotations

import collections
import copy
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..engine.mode import enable_grad
from ..engine.node import RemovableHandle, add_hook
from ..ops.placement import beside, on_host
from ..tensors import Tensor, make, rebase

__all__ = ["Optimizer", "required"]

Array = Any
ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]

required = object()  # PyTorch's old marker of a group entry without default


class Optimizer:
    """Changes parameters by their gradients. Subclasses define `_update` or `_step_group`.

    Args:
        params: parameters, or dictionaries ``{"params": ..., "lr": ...}`` with options of their own, or (name,
        parameter) pairs. defaults: the options of groups that do not give them.

    Raises:
        ValueError: no parameters, or a parameter in more than one group.
        TypeError: something that is not a Tensor.
    """

    param_groups: list[dict[str, Any]]
    state: collections.defaultdict[Tensor, dict[str, Any]]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                f"params must be an iterable of Tensors or dicts, got a single {type(params).__name__}: wrap it in a "
                "list"
            )
        self.defaults = defaults
        self.state = collections.defaultdict(dict)
        self.param_groups = []
        self._step_pre_hooks: dict[int, Callable[..., Any]] = {}
        self._step_post_hooks: dict[int, Callable[..., Any]] = {}
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Train further parameters, with options of their own where the group gives them."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, got {type(param_group).__name__}")
        group = dict(param_group)
        params = group["params"]
        if isinstance(params, set):
            raise TypeError("params must be ordered: a set gives them in another order each time. Use a list")
        listed = [params] if isinstance(params, Tensor) else list(params)
        if listed and isinstance(listed[0], tuple):
            group["param_names"] = [name for name, _ in listed]
            listed = [parameter for _, parameter in listed]
        for parameter in listed:
            if not isinstance(parameter, Tensor):
                raise TypeError(f"an optimizer changes Tensors, got {type(parameter).__name__}")
            if not parameter.is_leaf:
                raise ValueError(
                    "can't optimize a non-leaf Tensor: it was computed from others, which are what to optimize"
                )
        if len({id(parameter) for parameter in listed}) != len(listed):
            warnings.warn("the same parameter stands twice in one group; each entry will be stepped", stacklevel=3)
        group["params"] = listed
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            group.setdefault(name, default)
        if self.param_groups and ("param_names" in group) != ("param_names" in self.param_groups[0]):
            raise ValueError("either all parameter groups have names (are made of (name, parameter) pairs) or none has")
        known = {id(parameter) for each in self.param_groups for parameter in each["params"]}
        if any(id(parameter) in known for parameter in listed):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter._grad is not None:
                    if set_to_none:
                        parameter._grad = None
                    else:
                        parameter._grad._node = None
                        parameter._grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        Args:
            closure: computes the loss anew (``zero_grad``, forward, ``backward``) and returns it.

        Returns:
            What `closure` returned, or None.
        """
        if self._step_pre_hooks:
            for hook in list(self._step_pre_hooks.values()):
                hook(self, (closure,), {})
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with numpy.errstate(all="ignore"):
            for group in self.param_groups:
                self._step_group(group)
        if self._step_post_hooks:
            for hook in list(self._step_post_hooks.values()):
                hook(self, (closure,), {})
        return loss

    def _step_group(self, group: dict[str, Any]) -> None:
        """Change the parameters of one group: together by a kernel, or one after the other by `_update`."""
        for parameter in group["params"]:
            gradient = parameter._grad
            if gradient is not None:
                self._update(parameter, gradient._array, self.state[parameter], group)
                rebase(parameter, None)

    def _update(self, parameter: Tensor, gradient: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change one parameter's array in place."""
        raise NotImplementedError

    # --- files ---

    def state_dict(self) -> dict[str, Any]:
        """Options and state as plain values, with parameters replaced by their numbers, in PyTorch's form."""
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {name: value for name, value in group.items() if name != "params"}
            for parameter in group["params"]:
                numbers.setdefault(id(parameter), len(numbers))
            packed["params"] = [numbers[id(parameter)] for parameter in group["params"]]
            groups.append(packed)
        state = {numbers[id(parameter)]: values for parameter, values in self.state.items() if id(parameter) in numbers}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave, also by PyTorch.

        Raises:
            ValueError: the number or the sizes of the groups differ.
        """
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"loaded state dict has {len(saved)} parameter groups, the optimizer has {len(self.param_groups)}"
            )
        for number, (ours, theirs) in enumerate(zip(self.param_groups, saved, strict=True)):
            if len(ours["params"]) != len(theirs["params"]):
                raise ValueError(
                    f"loaded state dict has {len(theirs['params'])} parameters in group {number}, "
                    f"the optimizer has {len(ours['params'])}"
                )
        parameters = {
            number: parameter
            for ours, theirs in zip(self.param_groups, saved, strict=True)
            for number, parameter in zip(theirs["params"], ours["params"], strict=True)
        }
        state: collections.defaultdict[Tensor, dict[str, Any]] = collections.defaultdict(dict)
        for number, values in state_dict["state"].items():
            if number in parameters:
                state[parameters[number]] = {
                    name: self._restored(name, value, parameters[number]) for name, value in values.items()
                }
        self.state = state
        for ours, theirs in zip(self.param_groups, saved, strict=True):
            params = ours["params"]
            names = ours.get("param_names")
            ours.clear()
            ours.update({**copy.deepcopy({n: v for n, v in theirs.items() if n != "params"}), "params": params})
            for name, default in self.defaults.items():
                ours.setdefault(name, default)  # saved by a version that did not have it
            if names is not None:
                ours["param_names"] = names

    def _restored(self, name: str, value: Any, parameter: Tensor) -> Any:
        """A state entry as the parameter needs it: its dtype, memory of its own."""
        if isinstance(value, Tensor):
            if name != "step" and parameter.dtype.is_floating_point and value.dtype.is_floating_point:
                return make(beside(on_host(value._array).astype(parameter._array.dtype), parameter._array))
            return make(value._array.copy())
        return copy.deepcopy(value)

    # --- hooks and text ---

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step."""
        return add_hook(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return add_hook(self._step_post_hooks, hook)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"\nParameter Group {number}" if number else "Parameter Group 0")
            lines.extend(f"    {name}: {group[name]}" for name in sorted(group) if name != "params")
        return "\n".join(lines) + "\n)"


def check_range(name: str, value: Any, low: float = 0.0, high: float | None = None) -> None:
    """Raise `ValueError` unless ``low <= value`` and, if given, ``value < high``."""
    if isinstance(value, Tensor) and value._array.size != 1:
        raise ValueError(f"invalid {name}: a Tensor must have 1 element, got shape {tuple(value.shape)}")
    if not low <= number(value) or (high is not None and not number(value) < high):
        bound = f"at least {low}" if high is None else f"in [{low}, {high})"
        raise ValueError(f"invalid {name}: {value}, it must be {bound}")


def check_foreach(foreach: bool | None, capturable: bool = False, **options: Any) -> None:
    """Raise `ValueError` for options given as Tensors together with ``foreach=True``, which PyTorch refuses as well."""
    for name, value in options.items():
        if isinstance(value, Tensor) and foreach and not capturable:
            raise ValueError(
                f"{name} as a Tensor is not supported for capturable=False and foreach=True: pass a number"
            )


def check_betas(betas: tuple[float, float]) -> None:
    """Raise `ValueError` unless both decay rates are in [0, 1)."""
    if len({isinstance(beta, Tensor) for beta in betas}) > 1:
        raise ValueError(f"betas must be either both floats or both Tensors, got {betas}")
    for place, beta in enumerate(betas):
        check_range(f"beta parameter at index {place}", beta, 0.0, 1.0)


def descent(gradient: Array, parameter: Array, group: dict[str, Any], lr: float | None = None) -> Array:
    """The gradient to step against: negated to maximize, with the weight decay added.

    With `lr` and the group's ``decoupled_weight_decay`` the parameter itself is shrunk instead.
    """
    if group["maximize"]:
        gradient = -gradient
    decay = group["weight_decay"]
    if decay != 0:
        if lr is not None and group["decoupled_weight_decay"]:
            parameter *= 1 - lr * decay
        else:
            gradient = gradient + parameter * decay
    return gradient


def number(value: Any) -> float:
    """An option that may be a Tensor, as a Python number."""
    return value.item() if isinstance(value, Tensor) else value  # type: ignore[no-any-return]


def counted(state: dict[str, Any]) -> int:
    """Add one to the state's ``step`` and return it."""
    step = state.get("step")
    if step is None:
        step = state["step"] = make(numpy.zeros((), numpy.float32))
    elif not isinstance(step, Tensor):
        step = state["step"] = make(numpy.asarray(step, numpy.float32))
    step._array += 1
    return int(step._array)


def filled_like(parameter: Tensor, value: float) -> Tensor:
    """A tensor of the parameter's shape, dtype and device filled with a number."""
    return make(namespace_of(type(parameter._array)).full_like(parameter._array, value))


def zeros_in(state: dict[str, Any], name: str, parameter: Tensor) -> Array:
    """The state entry `name` as an array of the parameter's shape, zeros when it is new."""
    entry = state.get(name)
    if entry is None:
        entry = state[name] = make(namespace_of(type(parameter._array)).zeros_like(parameter._array))
    return entry._array
