"""L-BFGS."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..engine.mode import enable_grad
from ..tensors import Tensor, make, rebase
from .optimizer import Array, Optimizer, ParamsT, check_range, number

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Limited-memory BFGS: a quasi-Newton method for full batches, with a closure that computes the loss anew.

    The direction comes from the last ``history_size`` pairs of steps and gradient changes by the two-loop recursion
    (Nocedal and Wright,
    *Numerical Optimization*, algorithm 7.4), its length is ``lr``, or found by a line search with the strong Wolfe
    conditions (algorithms 3.5 and 3.6, with cubic interpolation) for ``line_search_fn="strong_wolfe"``. Arguments as in
    PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_range("learning rate", lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError(f"line_search_fn must be None or 'strong_wolfe', got {line_search_fn!r}")
        self._params = self.param_groups[0]["params"]

    def _gradient(self) -> Array:
        xp = namespace_of(type(self._params[0]._array))
        return xp.concatenate(
            [(xp.zeros_like(p._array) if p._grad is None else p._grad._array).reshape(-1) for p in self._params]
        )

    def _move(self, length: float, direction: Array) -> None:
        start = 0
        for parameter in self._params:
            size = parameter._array.size
            parameter._array[...] += (direction[start : start + size] * length).reshape(parameter._array.shape)
            rebase(parameter, None)
            start += size

    def _evaluate(
        self, closure: Callable[[], Any], saved: list[Array], length: float, direction: Array
    ) -> tuple[float, Array]:
        """Loss and gradient at a point of the search line; the parameters are put back."""
        self._move(length, direction)
        with enable_grad():
            loss = float(closure())
        gradient = self._gradient()
        for parameter, array in zip(self._params, saved, strict=True):
            parameter._array[...] = array
        return loss, gradient

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Run up to ``max_iter`` iterations; returns the loss that `closure` gave first."""
        if closure is None:
            raise TypeError("LBFGS.step() needs a closure that computes the loss and its gradients anew")
        group = self.param_groups[0]
        lr, change_limit = number(group["lr"]), group["tolerance_change"]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with enable_grad():
            first_loss = closure()
        loss = float(first_loss)
        evaluations = 1
        state["func_evals"] += 1
        gradient = self._gradient()
        if abs(gradient).max() <= group["tolerance_grad"]:
            return first_loss
        direction, length = _array(state.get("d")), number(state.get("t"))
        steps, changes = _arrays(state.get("old_stps")), _arrays(state.get("old_dirs"))
        inverses = [each.item() for each in state.get("ro") or ()]
        scale = state["H_diag"].item() if "H_diag" in state else 1.0
        previous, previous_loss = _array(state.get("prev_flat_grad")), state.get("prev_loss")
        iterations = 0
        while iterations < group["max_iter"]:
            iterations += 1
            state["n_iter"] += 1
            if state["n_iter"] == 1 or direction is None:
                direction, steps, changes, inverses, scale = -gradient, [], [], [], 1.0
                weights = []
            else:
                change, last_step = gradient - previous, direction * length
                curvature = float(change @ last_step)
                if curvature > 1e-10:
                    if len(changes) == group["history_size"]:
                        changes.pop(0), steps.pop(0), inverses.pop(0)
                    changes.append(change)
                    steps.append(last_step)
                    inverses.append(1.0 / curvature)
                    scale = curvature / float(change @ change)
                direction, weights = _two_loops(gradient, steps, changes, inverses, scale)
            previous, previous_loss = gradient.copy(), loss
            length = min(1.0, 1.0 / float(abs(gradient).sum())) * lr if state["n_iter"] == 1 else lr
            slope = float(gradient @ direction)
            if slope > -change_limit:
                break
            used = 0
            if group["line_search_fn"] is not None:
                saved = [parameter._array.copy() for parameter in self._params]

                def evaluate(at: float, saved: list[Array] = saved, along: Array = direction) -> tuple[float, Array]:
                    return self._evaluate(closure, saved, at, along)

                loss, gradient, length, used = _strong_wolfe(
                    evaluate, length, direction, loss, gradient, slope, change_limit
                )
                self._move(length, direction)
            else:
                self._move(length, direction)
                if iterations != group["max_iter"]:
                    with enable_grad():
                        loss = float(closure())
                    gradient = self._gradient()
                    used = 1
            evaluations += used
            state["func_evals"] += used
            if (
                iterations == group["max_iter"]
                or evaluations >= group["max_eval"]
                or abs(gradient).max() <= group["tolerance_grad"]
                or abs(direction * length).max() <= change_limit
                or abs(loss - previous_loss) < change_limit
            ):
                break
        used_weights = [make(numpy.asarray(each, direction.dtype)) for each in weights]
        state.update(
            d=make(direction),
            t=make(numpy.asarray(length, numpy.float32)) if isinstance(group["lr"], Tensor) else length,
            old_dirs=[make(each) for each in changes],
            old_stps=[make(each) for each in steps],
            ro=[make(numpy.asarray(each, direction.dtype)) for each in inverses],
            H_diag=make(numpy.asarray(scale, direction.dtype)),
            prev_flat_grad=make(previous),
            prev_loss=previous_loss,
            al=used_weights
            + [None] * (group["history_size"] - len(used_weights)),  # a working space, part of PyTorch's files
        )
        return first_loss


def _array(tensor: Tensor | None) -> Array:
    return None if tensor is None else tensor._array


def _arrays(tensors: list[Tensor] | None) -> list[Array]:
    return [each._array for each in tensors or ()]


def _two_loops(gradient: Array, steps: list[Array], changes: list[Array], inverses: list[float], scale: float) -> Any:
    """The quasi-Newton direction from the history of steps and gradient changes; also the first loop's weights, oldest
    first."""
    weights = []
    direction = -gradient
    for step, change, inverse in zip(reversed(steps), reversed(changes), reversed(inverses), strict=True):
        weight = float(step @ direction) * inverse
        weights.append(weight)
        direction = direction - change * weight
    direction = direction * scale
    for step, change, inverse, weight in zip(steps, changes, inverses, reversed(weights), strict=True):
        direction = direction + step * (weight - float(change @ direction) * inverse)
    return direction, weights[::-1]


def _cubic_minimum(
    x1: float, f1: float, g1: float, x2: float, f2: float, g2: float, bounds: tuple[float, float] | None = None
) -> float:
    """Minimum, within `bounds`, of the cubic with these values and slopes (Nocedal and Wright, equation 3.59)."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1 * d1 - g1 * g2
    if square < 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    if x1 <= x2:
        best = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        best = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(best, low), high)


def _strong_wolfe(
    evaluate: Callable[[float], tuple[float, Array]],
    t: float,
    direction: Array,
    f: float,
    g: Array,
    slope: float,
    change_limit: float,
    c1: float = 1e-4,
    c2: float = 0.9,
    max_ls: int = 25,
) -> tuple[float, Array, float, int]:
    """A step length with enough descent (c1) and a small enough slope (c2): loss, gradient, length, evaluations."""
    size = float(abs(direction).max())
    g = g.copy()
    f_new, g_new = evaluate(t)
    evaluations = 1
    slope_new = float(g_new @ direction)
    t_previous, f_previous, g_previous, slope_previous = 0.0, f, g, slope
    done = False
    iteration = 0
    # Bracket a point that satisfies the conditions.
    while iteration < max_ls:
        if f_new > f + c1 * t * slope or (iteration > 1 and f_new >= f_previous):
            bracket, values = [t_previous, t], [f_previous, f_new]
            gradients, slopes = [g_previous, g_new.copy()], [slope_previous, slope_new]
            break
        if abs(slope_new) <= -c2 * slope:
            bracket, values, gradients, slopes = [t], [f_new], [g_new], [slope_new]
            done = True
            break
        if slope_new >= 0:
            bracket, values = [t_previous, t], [f_previous, f_new]
            gradients, slopes = [g_previous, g_new.copy()], [slope_previous, slope_new]
            break
        bounds = (t + 0.01 * (t - t_previous), t * 10)
        earlier = t
        t = _cubic_minimum(t_previous, f_previous, slope_previous, t, f_new, slope_new, bounds)
        t_previous, f_previous, g_previous, slope_previous = earlier, f_new, g_new.copy(), slope_new
        f_new, g_new = evaluate(t)
        evaluations += 1
        slope_new = float(g_new @ direction)
        iteration += 1
    if iteration == max_ls:
        bracket, values, gradients, slopes = [0.0, t], [f, f_new], [g, g_new], [slope, slope_new]
    # Close in on it.
    insufficient = False
    low, high = (0, 1) if values[0] <= values[-1] else (1, 0)
    while not done and iteration < max_ls:
        if abs(bracket[1] - bracket[0]) * size < change_limit:
            break
        t = _cubic_minimum(bracket[0], values[0], slopes[0], bracket[1], values[1], slopes[1])
        margin = 0.1 * (max(bracket) - min(bracket))
        if min(max(bracket) - t, t - min(bracket)) < margin:
            if insufficient or t >= max(bracket) or t <= min(bracket):
                t = max(bracket) - margin if abs(t - max(bracket)) < abs(t - min(bracket)) else min(bracket) + margin
                insufficient = False
            else:
                insufficient = True
        else:
            insufficient = False
        f_new, g_new = evaluate(t)
        evaluations += 1
        slope_new = float(g_new @ direction)
        iteration += 1
        if f_new > f + c1 * t * slope or f_new >= values[low]:
            bracket[high], values[high], gradients[high], slopes[high] = t, f_new, g_new.copy(), slope_new
            low, high = (0, 1) if values[0] <= values[1] else (1, 0)
        else:
            if abs(slope_new) <= -c2 * slope:
                done = True
            elif slope_new * (bracket[high] - bracket[low]) >= 0:
                bracket[high], values[high], gradients[high], slopes[high] = (
                    bracket[low],
                    values[low],
                    gradients[low],
                    slopes[low],
                )
            bracket[low], values[low], gradients[low], slopes[low] = t, f_new, g_new.copy(), slope_new
    low = low if len(bracket) > 1 else 0
    return values[low], gradients[low], bracket[low], evaluations
