"""Comparison of computed derivatives with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..ops.placement import beside, on_host
from ..tensors import Tensor, current_node, make
from .differentiation import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

WORST = 5  # rows of the table in an error message


class GradcheckError(RuntimeError):
    """Computed and numerical derivatives differ."""


def _tensors(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _promoted(inputs: Any) -> tuple[Any, ...]:
    """The inputs as float64 leaves, each with memory of its own; what needs no gradient stays as it is."""
    result = []
    for each in _tensors(inputs):
        if isinstance(each, Tensor) and current_node(each) is not None:
            array = each._array
            copy = array.astype(numpy.float64, order="C")
            if not array.flags.c_contiguous and array.size:  # keep strides: they may be what is tested
                copy = namespace_of(type(array)).empty_like(array, dtype=numpy.float64)
                copy[...] = array
            result.append(make(copy).requires_grad_())
        else:
            result.append(each)
    return tuple(result)


def _call(func: Callable[..., Any], inputs: Sequence[Any]) -> list[Tensor]:
    return [each for each in _tensors(func(*inputs)) if isinstance(each, Tensor) and each.dtype.is_floating_point]


def _flat(tensor: Tensor) -> Any:
    """The elements in main memory, in float64."""
    return numpy.array(on_host(tensor._array), dtype=numpy.float64).ravel()


def _numerical(func: Callable[..., Any], inputs: Sequence[Any], place: int, eps: float) -> list[Any]:
    """Central differences: for each output an array (elements of the input, elements of the output)."""
    original = inputs[place]._array
    rows: list[list[Any]] = []
    for index in numpy.ndindex(original.shape):
        values = []
        for sign in (1.0, -1.0):
            moved = original.copy(order="K")
            moved[index] += sign * eps
            arguments = [make(moved).requires_grad_() if i == place else each for i, each in enumerate(inputs)]
            values.append([_flat(each) for each in _call(func, arguments)])
        rows.append([(plus - minus) / (2 * eps) for plus, minus in zip(*values, strict=True)])
    if not rows:
        return []
    return [numpy.stack([row[k] for row in rows]) for k in range(len(rows[0]))]


def _computed(outputs: list[Tensor], inputs: Sequence[Any], place: int, number: int) -> Any:
    """The same array from the graph, one output element at a time."""
    output, leaf = outputs[number], inputs[place]
    table = numpy.zeros((leaf._array.size, output._array.size))
    if current_node(output) is None:
        return table
    for column in range(output._array.size):
        seed = numpy.zeros(output._array.shape, dtype=output._array.dtype)
        seed.ravel()[column] = 1.0
        (found,) = grad(output, leaf, make(beside(seed, output._array)), retain_graph=True, allow_unused=True)
        if found is not None:
            table[:, column] = _flat(found)
    return table


def _one_sided(
    func: Callable[..., Any], inputs: Sequence[Any], place: int, index: Any, column: int, number: int, eps: float
) -> Any:
    """Forward and backward difference quotients of one element: they disagree at a kink."""
    original = inputs[place]._array
    values = []
    for sign in (-1.0, 0.0, 1.0):
        moved = original.copy(order="K")
        moved[index] += sign * eps
        arguments = [make(moved).requires_grad_() if i == place else each for i, each in enumerate(inputs)]
        values.append(float(_flat(_call(func, arguments)[number])[column]))
    return (values[2] - values[1]) / eps, (values[1] - values[0]) / eps


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **compatible: Any,
) -> bool:
    """Compare the derivatives that the graph gives with central differences ``(f(x + eps) - f(x - eps)) / (2 eps)``.

    Inputs that require gradients are converted to float64 first, because in float32 the difference quotients have
    hardly any correct digits. The other keywords that PyTorch's gradcheck has are accepted and change nothing.

    Returns:
        True. With ``raise_exception=False`` False where they differ.

    Raises:
        GradcheckError: they differ by more than ``atol + rtol * |numerical|``; the message has a table of the worst
            elements and says where the function has a kink.
        ValueError: no input requires a gradient.

    >>> import tinygrad_i2dl as torch
    >>> torch.autograd.gradcheck(torch.tanh, torch.tensor([0.5], requires_grad=True))
    True
    """
    promoted = _promoted(inputs)
    places = [i for i, each in enumerate(promoted) if isinstance(each, Tensor) and current_node(each) is not None]
    if not places:
        raise ValueError("gradcheck() needs at least one input tensor that requires a gradient")
    outputs = _call(func, promoted)
    for place in places:
        numerical = _numerical(func, promoted, place, eps)
        for number, expected in enumerate(numerical):
            computed = _computed(outputs, promoted, place, number)
            error = abs(computed - expected)
            wrong = ~(error <= atol + rtol * abs(expected)) & ~(numpy.isnan(computed) & numpy.isnan(expected))
            if wrong.any():
                if not raise_exception:
                    return False
                raise GradcheckError(_report(func, promoted, place, number, computed, expected, wrong, eps, outputs))
    return True


def _report(
    func: Callable[..., Any],
    inputs: Sequence[Any],
    place: int,
    number: int,
    computed: Any,
    expected: Any,
    wrong: Any,
    eps: float,
    outputs: list[Tensor],
) -> str:
    shape, out_shape = inputs[place]._array.shape, outputs[number]._array.shape
    error = numpy.where(wrong, abs(computed - expected), -1.0)
    error = numpy.where(numpy.isnan(error), numpy.inf, error)
    lines = [
        (
            f"computed and numerical derivatives of output {number} (shape {tuple(out_shape)}) with respect to input "
            f"{place} (shape {tuple(shape)}) differ in {int(wrong.sum())} of {wrong.size} elements; the worst:"
        ),
        f"{'input element':>16} {'output element':>16} {'computed':>14} {'numerical':>14} {'difference':>12}",
    ]
    kinks = 0
    for flat in numpy.argsort(-error, axis=None)[: min(WORST, int(wrong.sum()))]:
        row, column = numpy.unravel_index(flat, error.shape)
        index = tuple(int(i) for i in numpy.unravel_index(row, shape))
        place_out = tuple(int(i) for i in numpy.unravel_index(column, out_shape))
        ahead, behind = _one_sided(func, inputs, place, index, int(column), number, eps)
        kink = abs(ahead - behind) > 1e-2 * max(1.0, abs(ahead), abs(behind))
        kinks += kink
        note = f"  kink: slope {behind:.4g} below, {ahead:.4g} above" if kink else ""
        lines.append(
            f"{index!s:>16} {place_out!s:>16} {computed[row, column]:14.6g} {expected[row, column]:14.6g} "
            f"{abs(computed[row, column] - expected[row, column]):12.3g}{note}"
        )
    if kinks:
        lines.append("At a kink the derivative does not exist: move the inputs away from it.")
    ratio = computed[wrong] / numpy.where(expected[wrong] == 0, numpy.nan, expected[wrong])
    if numpy.isfinite(ratio).all() and ratio.size > 1 and numpy.ptp(ratio) < 1e-3 * abs(ratio).max():
        lines.append(
            f"All of them are off by the same factor {ratio.mean():.6g}: is something scaled or summed twice in "
            "backward?"
        )
    return "\n".join(lines)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **compatible: Any,
) -> bool:
    """Compare second derivatives: `gradcheck` of the function that computes the first ones.

    `grad_outputs` are what the first derivatives are taken along, by default reproducible random tensors of the
    outputs' shapes.
    """
    promoted = _promoted(inputs)
    outputs = _call(func, promoted)
    places = [i for i, each in enumerate(promoted) if isinstance(each, Tensor) and current_node(each) is not None]
    if grad_outputs is None:
        random = numpy.random.default_rng(0)
        seeds = tuple(
            make(beside(random.uniform(0.5, 1.5, each._array.shape), each._array)).requires_grad_() for each in outputs
        )
    else:
        seeds = _promoted(grad_outputs)

    def first(*arguments: Any) -> Any:
        split = len(arguments) - len(seeds)
        given, along = arguments[:split], arguments[split:]
        results = [(o, s) for o, s in zip(_call(func, given), along, strict=True) if current_node(o) is not None]
        if not results:
            return tuple(given[i] * 0 for i in places)
        found = grad(
            [o for o, _ in results],
            [given[i] for i in places],
            [s for _, s in results],
            create_graph=True,
            allow_unused=True,
        )
        return tuple(given[i] * 0 if f is None else f for f, i in zip(found, places, strict=True))

    return gradcheck(first, (*promoted, *seeds), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception)
