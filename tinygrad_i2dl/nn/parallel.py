"""The interface of several devices on one: code that wraps its model runs, and the names in its state dict are the
same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..ops.movement import cat
from ..tensors import Tensor
from .module import Module

__all__ = [
    "DataParallel", "DistributedDataParallel", "data_parallel", "gather", "parallel_apply", "replicate", "scatter",
]  # fmt: skip


class DataParallel(Module):
    """Calls `module`: there is one device, and it computes the whole batch. The state dict's keys begin with
    ``module.``.
    """

    def __init__(
        self, module: Module, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.dim = dim
        self.module = module
        self.device_ids: list[Any] = []
        self.output_device = output_device

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """Calls `module`: there is one process, whose gradients are those of the whole batch. The state dict's keys begin
    with ``module.``. No process group is needed; the other arguments have no effect.
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, **options: Any) -> None:
        super().__init__()
        self.module = module
        self.device_ids = device_ids
        self.output_device = output_device

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Accumulate gradients as always: there is no other process to exchange them with."""
        yield


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Sequence[Any] | None = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """`module` of `inputs`, computed on the one device there is."""
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*arguments, **(module_kwargs or {}))


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> Any:
    """Split each tensor in nested tuples, lists and dictionaries along `dim`, one part for each of `target_gpus`.

    >>> import tinygrad_i2dl as torch
    >>> [part.shape for part in torch.nn.parallel.scatter(torch.ones(4, 3), ["cpu", "cpu"])]
    [torch.Size([2, 3]), torch.Size([2, 3])]
    """
    count = len(target_gpus)
    if isinstance(inputs, Tensor):
        parts: tuple[Any, ...] = inputs.chunk(count, dim)
        return tuple(part.to(place) for part, place in zip(parts, target_gpus, strict=False))
    if isinstance(inputs, tuple) and hasattr(inputs, "_fields"):
        return [type(inputs)(*each) for each in zip(*(scatter(one, target_gpus, dim) for one in inputs), strict=False)]
    if isinstance(inputs, tuple) and inputs:
        return list(zip(*(scatter(one, target_gpus, dim) for one in inputs), strict=False))
    if isinstance(inputs, list) and inputs:
        return [list(each) for each in zip(*(scatter(one, target_gpus, dim) for one in inputs), strict=False)]
    if isinstance(inputs, dict) and inputs:
        values = zip(*(scatter(one, target_gpus, dim) for one in inputs.values()), strict=False)
        return [type(inputs)(zip(inputs, each, strict=True)) for each in values]
    return [inputs] * count


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:
    """Join what `scatter` split: tensors are concatenated along `dim` (numbers of no dimension become a vector)."""
    first = outputs[0]
    if isinstance(first, Tensor):
        parts: list[Any] = [each.reshape(1) if each.ndim == 0 else each for each in outputs]
        return cat(parts, dim).to(target_device)
    if first is None:
        return None
    if isinstance(first, dict):
        if any(len(each) != len(first) for each in outputs):
            raise ValueError("gather() needs dictionaries with the same keys")
        return type(first)((key, gather([each[key] for each in outputs], target_device, dim)) for key in first)
    joined = (gather(each, target_device, dim) for each in zip(*outputs, strict=True))
    return type(first)(*joined) if hasattr(first, "_fields") else type(first)(joined)


def replicate(network: Module, devices: Sequence[Any], detach: bool = False) -> list[Module]:
    """One entry per device; with one device's memory all of them are the module itself."""
    return [network for _ in devices]


def parallel_apply(
    modules: Sequence[Module],
    inputs: Sequence[Any],
    kwargs_tup: Sequence[dict[str, Any]] | None = None,
    devices: Any = None,
) -> list[Any]:
    """Call each module with its own input, one after the other."""
    if len(modules) != len(inputs):
        raise AssertionError(f"parallel_apply() needs as many inputs as modules, got {len(inputs)} and {len(modules)}")
    keywords = kwargs_tup if kwargs_tup is not None else [{}] * len(modules)
    return [
        module(*(given if isinstance(given, (tuple, list)) else (given,)), **named)
        for module, given, named in zip(modules, inputs, keywords, strict=True)
    ]
