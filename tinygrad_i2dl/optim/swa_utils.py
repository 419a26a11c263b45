"""Averages of a model's weights over training (PyTorch's ``torch.optim.swa_utils``)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

from ..engine.mode import no_grad
from ..nn.module import Module
from ..ops.creation import tensor
from ..tensors import Tensor
from .lr_scheduler import LRScheduler
from .optimizer import Optimizer

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "update_bn"]

Average = Callable[[Tensor, Tensor, Any], Tensor]


def get_swa_avg_fn() -> Average:
    """The running mean: ``average + (value - average) / (count + 1)`` (Izmailov et al. 2018)."""

    def swa_update(averaged: Any, current: Any, count: Any) -> Any:
        return averaged + (current - averaged) / (count + 1)

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential mean: ``decay * average + (1 - decay) * value``."""
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"invalid decay value {decay}: it must be in [0, 1]")

    def ema_update(averaged: Any, current: Any, count: Any) -> Any:
        return averaged * decay + current * (1 - decay)

    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[list[Any], list[Any], Any], None]:
    """The exponential mean of many tensors, in place."""
    update = get_ema_avg_fn(decay)

    def ema_update(averaged: list[Any], current: list[Any], count: Any) -> None:
        for mean, value in zip(averaged, current, strict=True):
            mean.copy_(update(mean, value, count))

    return ema_update


class AveragedModel(Module):
    """A copy of a model that holds the average of its weights; `update_parameters` adds the present ones.

    >>> import tinygrad_i2dl as torch
    >>> model = torch.nn.Linear(1, 1)
    >>> averaged = torch.optim.swa_utils.AveragedModel(model)
    >>> averaged.update_parameters(model)
    >>> averaged.n_averaged
    tensor(1)
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Callable[[list[Any], list[Any], Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Add the model's present weights to the average."""
        ours, theirs = list(self.module.parameters()), list(model.parameters())
        if self.use_buffers:
            ours, theirs = [*ours, *self.module.buffers()], [*theirs, *model.buffers()]  # type: ignore[list-item]
        count = int(self.n_averaged)
        with no_grad():
            if count > 0 and self.multi_avg_fn is not None:
                self.multi_avg_fn([each.detach() for each in ours], [each.detach() for each in theirs], count)
            else:
                average = self.avg_fn or get_swa_avg_fn()
                for mean, parameter in zip(ours, theirs, strict=True):
                    value = parameter.detach()
                    mean.copy_(value if count == 0 else average(mean.detach(), value, count))
            if not self.use_buffers:
                for mean_buffer, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                    mean_buffer.copy_(buffer)
            self.n_averaged += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Measure the running statistics of all batch norms in `model` anew, in one pass over `loader`."""
    norms = [module for module in model.modules() if hasattr(module, "running_mean") and hasattr(module, "momentum")]
    if not norms:
        return
    was_training, momenta = model.training, [module.momentum for module in norms]
    for module in norms:
        module.reset_running_stats()
        module.momentum = None
    model.train()
    with no_grad():
        for batch in loader:
            data = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(data if device is None else data.to(device))
    for module, momentum in zip(norms, momenta, strict=True):
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the present rate to `swa_lr` in `anneal_epochs` steps, then constant."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must by one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        rates = swa_lr if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(optimizer.param_groups)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _part(self, time: float) -> float:
        time = max(0.0, min(1.0, time))
        return (1 - math.cos(math.pi * time)) / 2 if self._anneal_strategy == "cos" else time

    def get_lr(self) -> list[Any]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before = self._part(max(0.0, min(1.0, (step - 1) / max(1, self.anneal_epochs))))
        now = self._part(max(0.0, min(1.0, step / max(1, self.anneal_epochs))))
        rates = []
        for group in self.optimizer.param_groups:
            target = group["swa_lr"]
            # The rate before annealing, from the present one, so that other schedulers may act as well.
            origin = target if before == 1 else (group["lr"] - before * target) / (1 - before)
            rates.append(target * now + origin * (1 - now))
        return rates
