"""Softmax over many classes of which few are frequent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy

from ..ops.movement import cat
from ..ops.placement import beside, on_host
from ..tensors import Tensor, make
from . import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _Result(NamedTuple):
    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of targets by a small softmax over frequent classes and clusters of rare ones (E. Grave et
    al., 2017).

    Args:
        in_features: size of the input.
        n_classes: number of classes, sorted by falling frequency.
        cutoffs: first class of each cluster, in rising order.
        div_value: each cluster's projection is smaller than the last one's by this factor.
        head_bias: a bias for the small softmax.
        device: where the parameters live.
        dtype: of the parameters.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs must hold at least one number")
        if (
            cutoffs != sorted(set(cutoffs))
            or any(int(each) != each for each in cutoffs)
            or cutoffs[0] <= 0
            or cutoffs[-1] > n_classes - 1
        ):
            raise ValueError(f"cutoffs must be rising integers between 1 and {n_classes - 1}, got {cutoffs}")
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for number in range(self.n_clusters):
            inner = int(in_features // (div_value ** (number + 1)))
            outer = self.cutoffs[number + 1] - self.cutoffs[number]
            self.tail.append(
                Sequential(
                    Linear(in_features, inner, bias=False, device=device, dtype=dtype),
                    Linear(inner, outer, bias=False, device=device, dtype=dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> Any:
        """``(N, in_features)`` and classes ``(N,)`` to the targets' log-probabilities ``(N,)`` and their mean's
        negative.

        Raises:
            RuntimeError: shapes that do not fit, or classes out of range.
        """
        if target_.ndim not in (0, 1) or input_.ndim != target_.ndim + 1:
            raise RuntimeError(
                f"expected input (N, in_features) and target (N,), or both without N, got {tuple(input_.shape)} and "
                f"{tuple(target_.shape)}"
            )
        batched = target_.ndim == 1
        input = input_ if batched else input_.unsqueeze(0)
        target = target_ if batched else target_.unsqueeze(0)
        if input.shape[0] != target.shape[0]:
            raise RuntimeError(
                f"input and target must have the same batch size, got {input.shape[0]} and {target.shape[0]}"
            )
        classes = on_host(target._array)
        if classes.size and (classes.min() < 0 or classes.max() >= self.n_classes):
            raise RuntimeError(f"targets must be in [0, {self.n_classes - 1}], got [{classes.min()}, {classes.max()}]")
        head: Any = F.log_softmax(self.head(input), 1)
        cluster = numpy.searchsorted(numpy.array(self.cutoffs), classes, side="right")
        in_head = numpy.where(cluster == 0, classes, self.shortlist_size + cluster - 1)
        output = head.gather(1, make(beside(in_head[:, None], input._array))).squeeze(1)
        order, parts = [], []
        for number in range(self.n_clusters + 1):
            rows = numpy.flatnonzero(cluster == number)
            if not rows.size:
                continue
            part = output[make(beside(rows, input._array))]
            if number:
                scores = F.log_softmax(self.tail[number - 1](input[make(beside(rows, input._array))]), 1)
                relative = make(beside(classes[rows] - self.cutoffs[number - 1], input._array))
                part = part + scores.gather(1, relative.unsqueeze(1)).squeeze(1)
            order.append(rows)
            parts.append(part)
        if parts:
            output = cat(parts, 0)[make(beside(numpy.argsort(numpy.concatenate(order), kind="stable"), input._array))]
        loss = (-output).mean()
        return _Result(output if batched else output.squeeze(0), loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """Log-probabilities of all classes, ``(N, n_classes)``."""
        head: Any = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for number in range(self.n_clusters):
            scores = F.log_softmax(self.tail[number](input), 1)
            parts.append(scores + head[:, self.shortlist_size + number].unsqueeze(1))
        return cat(parts, 1)  # type: ignore[no-any-return]

    def predict(self, input: Tensor) -> Tensor:
        """The likeliest class of each sample, ``(N,)``."""
        scores: Any = self.log_prob(input)
        return scores.argmax(1)  # type: ignore[no-any-return]
