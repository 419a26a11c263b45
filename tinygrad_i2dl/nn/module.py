"""The base class of all layers and models: keeps parameters, buffers and submodules, and what can be done with all of
them.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..autograd.function import Function
from ..backends.registry import namespace_of
from ..dtypes import dtype as dtype_class
from ..dtypes import to_numpy_dtype
from ..engine.mode import is_grad_enabled, no_grad
from ..engine.node import RemovableHandle
from ..ops.creation import zeros
from ..tensors import Parameter, Tensor, current_node, make

__all__ = ["Buffer", "Module", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


class Buffer(Tensor):
    """A tensor that assigning to a module's attribute registers as a buffer: state that is saved but not trained."""

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        super().__init__(*(() if data is None else (data,)))
        self.persistent = persistent


class _Uninitialized:
    """What parameters and buffers without a shape share: they may be cast and moved, and get their shape later."""

    __slots__ = ()

    _array: Any

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "an uninitialised parameter or buffer has no shape yet: run one batch through its lazy module first"
        )

    def detach(self) -> Any:
        return self

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary parameter or buffer of this shape."""
        array = namespace_of(type(self._array)).zeros(
            tuple(shape), dtype=self._array.dtype if dtype is None else to_numpy_dtype(dtype)
        )
        tensor: Any = self
        tensor.__class__ = Parameter if isinstance(self, Parameter) else Buffer
        tensor.data = make(array)  # the node that collects the gradient learns the shape too

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is decided by the first input that its lazy module gets."""

    __slots__ = ()

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(zeros(0, device=device, dtype=dtype), requires_grad)


class UninitializedBuffer(_Uninitialized, Buffer):
    """A buffer whose shape is decided by the first input that its lazy module gets."""

    __slots__ = ()

    def __init__(
        self, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> None:
        super().__init__(zeros(0, device=device, dtype=dtype), persistent=persistent)


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer still waits for its shape."""
    return isinstance(param, _Uninitialized)


class IncompatibleKeys(collections.namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` returns: keys that the file lacks, and keys that the module does not know."""

    __slots__ = ()

    def __repr__(self) -> str:
        return (
            "<All keys matched successfully>"
            if not self.missing_keys and not self.unexpected_keys
            else f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"
        )

    __str__ = __repr__


class Module:
    """A layer or a model. Subclasses assign parameters and submodules in ``__init__`` and define ``forward``.

    >>> import tinygrad_i2dl as torch
    >>> class Line(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = torch.nn.Parameter(torch.tensor(2.0))
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> line = Line()
    >>> line(torch.tensor([1.0, 2.0])).detach(), [name for name, _ in line.named_parameters()]
    (tensor([2., 4.]), ['slope'])
    """

    training: bool
    dump_patches = False
    _version = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Parameters, buffers and modules stand in these dictionaries, which give their order, and in the instance's
        # own, which makes reading them as fast as any attribute.
        fields = self.__dict__
        fields["training"] = True
        fields["_parameters"] = {}
        fields["_buffers"] = {}
        fields["_non_persistent_buffers_set"] = set()
        fields["_modules"] = {}
        fields["_hooked"] = False  # whether any of the dictionaries below has ever been used
        for name in _HOOKS:
            fields[name] = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass defines it. Call the module itself, which also runs hooks."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._hooked and not _global_hooks:
            return self.forward(*args, **kwargs)
        return self._call_with_hooks(args, kwargs)

    # --- registering ---

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        if isinstance(value, Parameter):
            self._need_init("parameters")
            self._forget(name, "_parameters")  # a new one takes the place of the old one in the order
            fields["_parameters"][name] = value
            fields[name] = value
        elif isinstance(value, Module):
            self._need_init("modules")
            self._forget(name, "_modules")
            fields["_modules"][name] = value
            fields[name] = value
        elif isinstance(value, Buffer):
            self._forget(name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        else:
            registered = fields.get("_parameters")
            if registered is not None:
                if name in registered:
                    if value is not None:
                        raise TypeError(
                            f"cannot assign a {type(value).__name__} as parameter {name!r}: "
                            "it must be a torch.nn.Parameter or None (del it first to make it something else)"
                        )
                    registered[name] = None
                elif name in fields["_modules"]:
                    if value is not None:
                        raise TypeError(
                            f"cannot assign a {type(value).__name__} as submodule {name!r}: it must be a Module or None"
                        )
                    fields["_modules"][name] = None
                elif name in fields["_buffers"]:
                    if value is not None and not isinstance(value, Tensor):
                        raise TypeError(
                            f"cannot assign a {type(value).__name__} as buffer {name!r}: it must be a Tensor or None"
                        )
                    fields["_buffers"][name] = value
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        # Reached only for what is not in the instance: somebody wrote into the dictionaries directly.
        fields = self.__dict__
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in fields.get(kind, ()):
                return fields[kind][name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        found = self._forget(name)
        if name in self.__dict__ or not found:
            object.__delattr__(self, name)

    def _need_init(self, what: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(
                f"cannot assign {what} before Module.__init__() was called: call super().__init__() first"
            )

    def _forget(self, name: str, keep: str = "") -> bool:
        """Remove what is registered by this name, except in the dictionary `keep`."""
        fields = self.__dict__
        found = False
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind != keep and name in fields.get(kind, ()):
                del fields[kind][name]
                found = True
        if found:
            fields.pop(name, None)
            fields["_non_persistent_buffers_set"].discard(name)
        return found

    def _check_name(self, name: str, kind: str, known: Mapping[str, Any]) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(
                f"cannot register a {kind} before Module.__init__() was called: call super().__init__() first"
            )
        if not isinstance(name, str):
            raise TypeError(f"the name of a {kind} must be a string, got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'the name of a {kind} cannot contain ".", got {name!r}')
        if name == "":
            raise KeyError(f"the name of a {kind} cannot be empty")
        if hasattr(self, name) and name not in known:
            raise KeyError(f"attribute {name!r} already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or None for one that this instance does without."""
        self._check_name(name, "parameter", self.__dict__.get("_parameters", {}))
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot register a {type(param).__name__} as parameter {name!r}: it must be a torch.nn.Parameter or "
                f"None"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(f"parameter {name!r} must be a leaf: it was computed from other tensors")
        self._parameters[name] = param
        self.__dict__[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the state but not trained; `persistent`: saved in `state_dict`."""
        self._check_name(name, "buffer", self.__dict__.get("_buffers", {}))
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot register a {type(tensor).__name__} as buffer {name!r}: it must be a Tensor or None"
            )
        self._buffers[name] = tensor
        self.__dict__[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_name(name, "module", self.__dict__.get("_modules", {}))
        self._modules[name] = module
        self.__dict__[name] = module

    register_module = add_module

    # --- finding ---

    def _named(
        self, members: Callable[[Module], Mapping[str, Any]], prefix: str, recurse: bool, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, module in (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        ):
            for name, member in members(module).items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield (path + "." if path else "") + name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Parameters of this module and its submodules with their names, each once."""
        return self._named(lambda module: module._parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Parameters of this module and its submodules, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Buffers of this module and its submodules with their names."""
        return self._named(lambda module: module._buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Buffers of this module and its submodules."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Direct submodules with their names."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        """Direct submodules."""
        for _, module in self.named_children():
            yield module

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, with their paths."""
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, (prefix + "." if prefix else "") + name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        for _, module in self.named_modules():
            yield module

    def get_submodule(self, target: str) -> Module:
        """The submodule at a path such as ``"encoder.0"``. Raises `AttributeError` if there is none."""
        module: Any = self
        for part in target.split(".") if target else ():
            if part not in module._modules and not hasattr(module, part):
                raise AttributeError(f"{type(module).__name__} has no attribute {part!r}")
            module = module._modules[part] if part in module._modules else getattr(module, part)
            if not isinstance(module, Module):
                raise AttributeError(f"{part!r} is not a Module")
        return module  # type: ignore[no-any-return]

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``"encoder.0.weight"``."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if module._parameters.get(name) is None:
            raise AttributeError(f"{type(module).__name__} has no parameter {name!r}")
        return module._parameters[name]  # type: ignore[return-value]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``"norm.running_mean"``."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if module._buffers.get(name) is None:
            raise AttributeError(f"{type(module).__name__} has no buffer {name!r}")
        return module._buffers[name]  # type: ignore[return-value]

    # --- changing all of it ---

    def apply(self, fn: Callable[[Module], Any]) -> Module:
        """Call `fn` on every submodule and then on this module; returns it."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, convert: Callable[[Tensor], Tensor], recurse: bool = True) -> Module:
        """Convert all parameters and buffers (dtype or device), keeping the parameters' identity."""
        for module in self.children() if recurse else ():
            module._apply(convert)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is not None:
                    parameter.data = convert(parameter)
                    if parameter._grad is not None:
                        gradient = convert(parameter._grad)
                        parameter._grad = make(gradient._array)
            for name, buffer in list(self._buffers.items()):
                if buffer is not None:
                    self._buffers[name] = self.__dict__[name] = convert(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Module:
        """Move and/or cast parameters and buffers: ``to(device)``, ``to(dtype)``, ``to(device, dtype)``,
        ``to(tensor)``.

        A dtype applies to floating-point tensors only; anything but a floating-point dtype is refused.
        """
        wanted = kwargs.get("dtype") or next((a for a in args if isinstance(a, dtype_class)), None)
        like = kwargs.get("tensor") or next((a for a in args if isinstance(a, Tensor)), None)
        device = kwargs.get("device", next((a for a in args if not isinstance(a, (dtype_class, Tensor, bool))), None))
        if like is not None:
            wanted, device = like.dtype, like.device
        if wanted is not None and not wanted.is_floating_point:
            raise TypeError(f"Module.to() only casts to floating-point dtypes, got {wanted}")

        def convert(tensor: Tensor) -> Tensor:
            result: Any = tensor
            if wanted is not None and tensor.dtype.is_floating_point:
                result = result.to(wanted)
            return result if device is None else result.to(device)  # type: ignore[no-any-return]

        return self._apply(convert)

    def _cast(self, wanted: str) -> Module:
        return self._apply(lambda t: getattr(t, wanted)() if t.dtype.is_floating_point else t)

    def float(self) -> Module:
        """Cast floating-point parameters and buffers to float32."""
        return self._cast("float")

    def double(self) -> Module:
        """Cast floating-point parameters and buffers to float64."""
        return self._cast("double")

    def half(self) -> Module:
        """Cast floating-point parameters and buffers to float16."""
        return self._cast("half")

    def bfloat16(self) -> Module:
        """Cast floating-point parameters and buffers to bfloat16."""
        return self._cast("bfloat16")

    def type(self, dst_type: Any) -> Module:
        """Cast all parameters and buffers to `dst_type`."""
        return self._apply(lambda t: t.type(dst_type))

    def cpu(self) -> Module:
        """Move everything to main memory."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: Any = None) -> Module:
        """Move everything to the GPU."""
        return self._apply(lambda t: t.cuda(device))

    def share_memory(self) -> Module:
        """Does nothing: data-loader workers are threads and share memory already."""
        return self

    def to_empty(self, *, device: Any, recurse: bool = True) -> Module:
        """Move to `device` without copying values."""
        return self.to(device)

    def train(self, mode: bool = True) -> Module:
        """Switch this module and all below it to training (dropout drops, batch norm measures) or, with False,
        evaluation.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Module:
        """Switch to evaluation: ``train(False)``."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Train (or freeze) all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for parameter in self.parameters():
            if parameter._grad is not None:
                if set_to_none:
                    parameter._grad = None
                else:
                    parameter._grad._node = None
                    parameter._grad.zero_()

    # --- state ---

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Parameters and persistent buffers by path, in the order and with the keys of PyTorch; tensors share the
        memory.
        """
        if args:
            destination = args[0]
            prefix = args[1] if len(args) > 1 else prefix
            keep_vars = args[2] if len(args) > 2 else keep_vars
        if destination is None:
            destination = collections.OrderedDict()
            destination._metadata = collections.OrderedDict()
        local = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local
        for pre_hook in self._state_dict_pre_hooks.values():
            pre_hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=prefix + name + ".", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, local)
            if result is not None:
                destination = result
        return destination  # type: ignore[no-any-return]

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        for name, parameter in self._parameters.items():
            if parameter is not None:
                destination[prefix + name] = parameter if keep_vars else parameter.detach()
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                destination[prefix + name] = buffer if keep_vars else buffer.detach()
        if type(self).get_extra_state is not Module.get_extra_state:
            destination[prefix + "_extra_state"] = self.get_extra_state()

    def get_extra_state(self) -> Any:
        """Further state to put into `state_dict`; subclasses that define it also define `set_extra_state`."""
        raise RuntimeError(f"{type(self).__name__} has no extra state")

    def set_extra_state(self, state: Any) -> None:
        """Restore what `get_extra_state` gave."""
        raise RuntimeError(f"{type(self).__name__} has no extra state")

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy parameters and buffers from `state_dict` into this module and all below it.

        Nothing is changed unless everything fits.

        Args:
            state_dict: as `state_dict` gives it.
            strict: keys that are missing or unexpected are errors.
            assign: take the tensors themselves instead of copying their values.

        Raises:
            RuntimeError: with the list of missing and unexpected keys and of all tensors of a wrong shape.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"expected state_dict to be dict-like, got {type(state_dict)}")
        metadata = getattr(state_dict, "_metadata", None)
        state_dict = collections.OrderedDict(state_dict)  # hooks may change it
        missing: list[str] = []
        unexpected: list[str] = []
        problems: list[str] = []
        known: set[str] = set()
        changes: list[Callable[[], None]] = []
        for path, module in self.named_modules(remove_duplicate=False):
            prefix = path + "." if path else ""
            local = {} if metadata is None else metadata.get(path, {})
            for pre_hook in module._load_state_dict_pre_hooks.values():
                leading = (module,) if isinstance(pre_hook, _HookOfModule) else ()
                pre_hook(*leading, state_dict, prefix, local, strict, missing, unexpected, problems)
            module._collect_loading(state_dict, prefix, local, assign, missing, problems, known, changes)
        unexpected += [key for key in state_dict if key not in known]
        if strict:
            if unexpected:
                problems.insert(0, f"Unexpected key(s) in state_dict: {_quoted(unexpected)}.")
            if missing:
                problems.insert(0, f"Missing key(s) in state_dict: {_quoted(missing)}.")
        if problems:
            details = "".join(f"\n\t{problem}" for problem in problems)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:{details}")
        with no_grad():
            for change in changes:
                change()
        keys = IncompatibleKeys(missing, unexpected)
        for module in self.modules():
            for post_hook in module._load_state_dict_post_hooks.values():
                post_hook(module, keys)
        return keys

    def _collect_loading(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        metadata: Mapping[str, Any],
        assign: bool,
        missing: list[str],
        problems: list[str],
        known: set[str],
        changes: list[Callable[[], None]],
    ) -> None:
        """Note what is to be copied into this module alone, and what is wrong."""
        own: dict[str, Any] = dict(self._parameters)
        own.update({n: b for n, b in self._buffers.items() if n not in self._non_persistent_buffers_set})
        for name, target in own.items():
            if target is None:
                continue
            key = prefix + name
            known.add(key)
            if key not in state_dict:
                if not self._may_miss(name, metadata):
                    missing.append(key)
                continue
            value = state_dict[key]
            if not isinstance(value, Tensor):
                problems.append(
                    f"While copying the parameter named {key!r}: expected a Tensor, got {type(value).__name__}."
                )
            elif is_lazy(target):
                changes.append(functools.partial(self._take, name, value, True))
            elif value._array.shape != target._array.shape and not (target.ndim == 0 and tuple(value.shape) == (1,)):
                problems.append(
                    f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
                    f"the shape in current model is {target.shape}."
                )
            else:
                changes.append(functools.partial(self._take, name, value, assign))
        if type(self).set_extra_state is not Module.set_extra_state:
            key = prefix + "_extra_state"
            known.add(key)
            if key in state_dict:
                changes.append(functools.partial(self.set_extra_state, state_dict[key]))
            else:
                missing.append(key)

    def _may_miss(self, name: str, metadata: Mapping[str, Any]) -> bool:
        """Whether a checkpoint of an older version may do without this entry."""
        return False

    def _take(self, name: str, value: Tensor, assign: bool) -> None:
        target = self._parameters.get(name)
        if target is None:
            buffer = self._buffers[name]
            assert buffer is not None
            if assign:
                self._buffers[name] = self.__dict__[name] = value
            else:
                buffer.copy_(value.reshape(buffer.shape))
        elif assign:
            taken = value if isinstance(value, Parameter) else Parameter(value.detach(), target.requires_grad)
            self._parameters[name] = self.__dict__[name] = taken
        else:
            target.copy_(value.reshape(target.shape))

    # --- hooks ---

    def _hook(self, kind: str, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        self.__dict__["_hooked"] = True
        hooks = self.__dict__[kind]
        handle = RemovableHandle(hooks)
        if prepend:
            rest = dict(hooks)
            hooks.clear()
            hooks[handle.id] = hook
            hooks.update(rest)
        else:
            hooks[handle.id] = hook
        return handle

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns, unless None, replaces the arguments."""
        return self._hook("_forward_pre_hooks", _with_kwargs(hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; what it returns, unless None, replaces the output."""
        return self._hook("_forward_hooks", _with_kwargs(hook, with_kwargs), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before gradients pass this module; a returned tuple replaces them."""
        return self._hook("_backward_pre_hooks", hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the module's inputs are known; a
        returned tuple replaces ``grad_input``."""
        return self._hook("_backward_hooks", hook, prepend)

    register_backward_hook = register_full_backward_hook

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict` collects."""
        return self._hook("_state_dict_pre_hooks", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict` collected."""
        return self._hook("_state_dict_hooks", hook)

    _register_state_dict_hook = register_state_dict_post_hook

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, ...)`` before `load_state_dict` reads."""
        return self._hook("_load_state_dict_pre_hooks", _HookOfModule(hook))

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        return self._hook("_load_state_dict_pre_hooks", _HookOfModule(hook) if with_module else hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after `load_state_dict`."""
        return self._hook("_load_state_dict_post_hooks", hook)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for hook in (*_hooks_of_all("before"), *self._forward_pre_hooks.values()):
            if isinstance(hook, _KeywordHook):
                changed = hook.function(self, args, kwargs)
                if changed is not None:
                    args, kwargs = changed
            else:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        backward_hooks = self._backward_hooks or self._backward_pre_hooks
        watching = _BackwardHooks(self) if backward_hooks else None
        if watching is not None:
            args = watching.mark_inputs(args)
        output = self.forward(*args, **kwargs)
        for hook in (*_hooks_of_all("after"), *self._forward_hooks.values()):
            if isinstance(hook, _KeywordHook):
                changed = hook.function(self, args, kwargs, output)
            else:
                changed = hook(self, args, output)
            if changed is not None:
                output = changed
        if watching is not None:
            output = watching.mark_outputs(output)
        return output

    # --- text ---

    def extra_repr(self) -> str:
        """What stands between the parentheses of the module's text."""
        return ""

    def _get_name(self) -> str:
        return self.__class__.__name__

    def __repr__(self) -> str:
        lines = self.extra_repr().split("\n") if self.extra_repr() else []
        children = [f"({name}): " + repr(module).replace("\n", "\n  ") for name, module in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({''.join(lines)})"
        return f"{self._get_name()}(\n  " + "\n  ".join([*lines, *children]) + "\n)"

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._parameters, *self._buffers, *self._modules})

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        fields = self.__dict__
        fields.update(state)
        for name in _HOOKS:
            fields.setdefault(name, {})
        fields.setdefault("_non_persistent_buffers_set", set())
        fields.setdefault("_hooked", any(fields[name] for name in _HOOKS))
        for kind in ("_parameters", "_buffers", "_modules"):  # PyTorch's pickles have them in these dictionaries only
            for name, value in fields[kind].items():
                fields.setdefault(name, value)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing: modules run eagerly."""


_HOOKS = (
    "_forward_pre_hooks",
    "_forward_hooks",
    "_backward_pre_hooks",
    "_backward_hooks",
    "_state_dict_pre_hooks",
    "_state_dict_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)
_global_hooks: dict[int, tuple[str, Callable[..., Any]]] = {}  # "before" or "after" the forward of every module


def _hooks_of_all(when: str) -> list[Callable[..., Any]]:
    return [hook for each, hook in _global_hooks.values() if each == when]


def _global_hook(when: str, hook: Callable[..., Any]) -> RemovableHandle:
    handle = RemovableHandle(_global_hooks)
    _global_hooks[handle.id] = (when, hook)
    return handle


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before `forward` of every module there is, until the handle is removed."""
    return _global_hook("before", hook)


def register_module_forward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after `forward` of every module there is, until the handle is removed."""
    return _global_hook("after", hook)


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


class _HookOfModule:
    """A hook that gets the module it was registered on as its first argument."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


class _KeywordHook:
    """A hook that also gets the keyword arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function


def _with_kwargs(hook: Callable[..., Any], with_kwargs: bool) -> Any:
    return _KeywordHook(hook) if with_kwargs else hook


class _ModuleBoundary(Function):
    """Tensors as they came; on the way back `change` is given all their gradients at once."""

    @staticmethod
    def forward(ctx: Any, change: Callable[..., Any], zeros_for_none: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.change = change
        ctx.set_materialize_grads(zeros_for_none)
        return tuple(each.detach() for each in tensors)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        return (None, None, *ctx.change(gradients))


class _BackwardHooks:
    """The backward hooks of one call of a module: they see the gradients of its outputs, then those of its inputs.

    Positions are those of the arguments and outputs; None stands where there is no tensor with a gradient.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.inputs = 0
        self.watched: list[int] = []  # arguments with a gradient
        self.outgoing: tuple[Tensor | None, ...] = ()

    def mark_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.inputs = len(args)
        self.watched = _differentiable(args)
        return tuple(self._marked(args, self.watched, self.on_inputs, True))

    def mark_outputs(self, output: Any) -> Any:
        outputs = [output] if isinstance(output, Tensor) else output
        if not isinstance(outputs, (tuple, list)):
            return output
        places = _differentiable(outputs)
        count = len(outputs)
        rebuilt = self._marked(outputs, places, lambda gradients: self.on_outputs(gradients, places, count), False)
        if isinstance(output, Tensor):
            return rebuilt[0]
        return type(output)(*rebuilt) if hasattr(output, "_fields") else type(output)(rebuilt)

    @staticmethod
    def _marked(values: Any, places: list[int], change: Callable[..., Any], zeros_for_none: bool) -> list[Any]:
        result = list(values)
        if places:
            passed = _ModuleBoundary.apply(change, zeros_for_none, *[result[place] for place in places])
            for place, each in zip(places, passed, strict=True):
                result[place] = each
        return result

    def on_outputs(self, gradients: Any, places: list[int], count: int) -> list[Tensor | None]:
        arrived = _at(places, gradients, count)
        for hook in list(self.module._backward_pre_hooks.values()):
            arrived = _replaced(hook(self.module, arrived), arrived, "grad_output")
        self.outgoing = arrived
        if not self.watched:
            self._call((None,) * self.inputs)
        return [arrived[place] for place in places]

    def on_inputs(self, gradients: Any) -> list[Tensor | None]:
        arrived = self._call(_at(self.watched, gradients, self.inputs))
        return [arrived[place] for place in self.watched]

    def _call(self, arrived: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        for hook in list(self.module._backward_hooks.values()):
            arrived = _replaced(hook(self.module, arrived, self.outgoing), arrived, "grad_input")
        self.outgoing = ()
        return arrived


def _differentiable(values: Any) -> list[int]:
    """Positions of the tensors that gradients flow to."""
    if not is_grad_enabled():
        return []
    return [place for place, each in enumerate(values) if isinstance(each, Tensor) and current_node(each) is not None]


def _at(places: list[int], values: Any, count: int) -> tuple[Any, ...]:
    """`values` at their places among `count`, None elsewhere."""
    result = [None] * count
    for place, value in zip(places, values, strict=True):
        result[place] = value
    return tuple(result)


def _replaced(returned: Any, current: tuple[Any, ...], which: str) -> tuple[Any, ...]:
    """The gradients after a hook returned `returned`."""
    if returned is None:
        return current
    several = tuple(returned) if isinstance(returned, (tuple, list)) else (returned,)
    if len(several) != len(current):
        raise RuntimeError(
            f"a backward hook must return None or {len(current)} gradients, as many as {which} has, got {len(several)}"
        )
    for each in several:
        if each is not None and not isinstance(each, Tensor):
            kind = type(each).__name__
            raise TypeError(f"a backward hook must return None or Tensors in place of {which}, got {kind}")
    return several
