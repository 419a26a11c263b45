"""Calling a module with other parameters than its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..module import Module
from ..parallel import DataParallel

__all__ = ["functional_call"]


def _with_tied_names(module: Module, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, where a tensor that has several names in `module` is replaced under all of them."""
    names_of: dict[int, list[str]] = {}
    for name, tensor in [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]:
        names_of.setdefault(id(tensor), []).append(name)
    result = dict(given)
    for names in names_of.values():
        chosen = [name for name in names if name in given]
        if len(names) < 2 or not chosen:
            continue
        if len({id(given[name]) for name in chosen}) > 1:
            raise ValueError(
                f"functional_call got several values for {sorted(names)}, which are one tensor in the module"
            )
        result.update((name, given[chosen[0]]) for name in names)
    return result


@contextlib.contextmanager
def _replaced(module: Module, tensors: Mapping[str, Any]) -> Iterator[None]:
    """The module with `tensors` in place of its own; afterwards with its own again."""
    before: list[tuple[dict[str, Any], dict[str, Any], str, Any]] = []
    try:
        for path, tensor in tensors.items():
            prefix, _, name = path.rpartition(".")
            owner = module.get_submodule(prefix)
            registered: Any = owner._parameters if name in owner._parameters else owner._buffers
            if name not in registered:
                raise AttributeError(f"{module._get_name()} has no parameter or buffer {path!r}")
            before.append((registered, owner.__dict__, name, registered[name]))
            registered[name] = owner.__dict__[name] = tensor
        yield
    finally:
        for registered, fields, name, own in reversed(before):
            registered[name] = fields[name] = own


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call `module` with the given tensors in place of its parameters and buffers; gradients flow to these tensors.

    Args:
        module: what is called.
        parameter_and_buffer_dicts: tensors by path such as ``"encoder.0.weight"``, or several such dictionaries.
        args: the argument, or a tuple of them.
        kwargs: keyword arguments.
        tie_weights: a tensor that stands at several places is replaced at all of them.
        strict: every parameter and buffer must be given, and nothing else.

    Raises:
        RuntimeError: `strict`, and keys are missing or unexpected.

    >>> import tinygrad_i2dl as torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> torch.nn.utils.stateless.functional_call(layer, {"weight": torch.ones(1, 2)}, torch.tensor([[1.0, 2.0]]))
    tensor([[3.]])
    """
    if isinstance(module, DataParallel):
        raise RuntimeError("functional_call does not take a DataParallel: give it the wrapped module")
    several = (
        [parameter_and_buffer_dicts] if isinstance(parameter_and_buffer_dicts, Mapping) else parameter_and_buffer_dicts
    )
    given: dict[str, Any] = {}
    for one in several:
        repeated = given.keys() & one.keys()
        if repeated:
            raise ValueError(f"functional_call got {sorted(repeated)} in several dictionaries")
        given.update(one)
    if tie_weights:
        given = _with_tied_names(module, given)
    if strict:
        known = {name for name, _ in [*module.named_parameters(), *module.named_buffers()]}
        every = known | {
            name
            for name, _ in [
                *module.named_parameters(remove_duplicate=False),
                *module.named_buffers(remove_duplicate=False),
            ]
        }
        unexpected, missing = sorted(given.keys() - every), sorted(known - given.keys())
        if unexpected or missing:
            parts = [("Unexpected", unexpected), ("Missing", missing)]
            text = "\n\t".join(f"{what} key(s): {', '.join(map(repr, keys))}." for what, keys in parts if keys)
            raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t{text}")
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, given):
        return module(*arguments, **(kwargs or {}))
