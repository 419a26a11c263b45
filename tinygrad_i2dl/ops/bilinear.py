"""The bilinear form of two inputs."""

from __future__ import annotations

from typing import Any

from ._define import composite
from .linalg import matmul, mm
from .movement import reshape_to

__all__ = ["bilinear"]


@composite
def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """``sum over i, j of input1[i] weight[o, i, j] input2[j] + bias[o]`` of the last dimensions.

    Args:
        input1, input2: ``(*, I)`` and ``(*, J)``.
        weight: ``(O, I, J)``.
        bias: ``(O,)`` or None.

    Raises:
        RuntimeError: the sizes do not fit.

    >>> import tinygrad_i2dl as torch
    >>> torch.bilinear(torch.ones(1, 2), torch.ones(1, 3), torch.ones(4, 2, 3))
    tensor([[6., 6., 6., 6.]])
    """
    shapes = ", ".join(str(tuple(each.shape)) for each in (input1, input2, weight))
    if weight.ndim != 3 or input1.ndim == 0 or tuple(input1.shape[:-1]) != tuple(input2.shape[:-1]):
        raise RuntimeError(f"bilinear() expected shapes (*, I), (*, J) and (O, I, J), got {shapes}")
    outputs, first, second = weight.shape
    if (input1.shape[-1], input2.shape[-1]) != (first, second):
        raise RuntimeError(f"bilinear() expected shapes (*, I), (*, J) and (O, I, J), got {shapes}")
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise RuntimeError(f"bilinear() expected bias of shape ({outputs},), got {tuple(bias.shape)}")
    batch = tuple(input1.shape[:-1])
    rows = 1
    for size in batch:
        rows *= size
    left, right = reshape_to(input1, (rows, first)), reshape_to(input2, (rows, second))
    # (rows, J) times (J, O I): what the weight makes of input2, then its product with input1.
    inner = mm(right, reshape_to(weight, (outputs * first, second)).t())
    result = matmul(reshape_to(inner, (rows, outputs, first)), reshape_to(left, (rows, first, 1)))
    result = reshape_to(result, (rows, outputs))
    if bias is not None:
        result = result + bias
    return reshape_to(result, (*batch, outputs))
