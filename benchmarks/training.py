"""One training step (or one inference) of a workload, with a library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from .workloads import Library, Workload

SEED = 0


def fill(torch: Library, model: Any) -> None:
    """Give the model weights that depend on their place and shape alone: the same ones in every library."""
    generator = numpy.random.default_rng(SEED)
    with torch.no_grad():
        for parameter in model.parameters():
            shape = tuple(parameter.shape)
            if len(shape) > 1:
                bound = numpy.sqrt(3 / numpy.prod(shape[1:]))
                array = generator.uniform(-bound, bound, shape).astype(numpy.float32)
            else:
                scale = parameter.detach().numpy() == 1  # the factors of normalization layers start from one
                array = scale + generator.uniform(-0.05, 0.05, shape).astype(numpy.float32)
            parameter.copy_(torch.from_numpy(array))


def contender_of(workload: Workload, torch: Library, device: str = "cpu") -> Callable[[], Any]:
    """A function without arguments that does one step and returns the loss (inference: the sum of the outputs)."""
    return steps_of(workload, torch, workload.batch(numpy.random.default_rng(SEED + 1)), device)


def steps_of(workload: Workload, torch: Library, arrays: Sequence[Any], device: str = "cpu") -> Callable[[], Any]:
    """The same for a given batch."""
    batch = [torch.from_numpy(array).to(device) for array in arrays]
    model = workload.model(torch)
    fill(torch, model)
    model.to(device)
    if workload.loss is None:
        model.eval()
        (input,) = batch

        def infer() -> Any:
            with torch.no_grad():
                return model(input).sum()

        return infer
    kind, rate = workload.optimizer
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=rate)
    loss_of = getattr(torch.nn.functional, workload.loss)
    input, target = batch

    def train() -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(input), target)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return train
