"""Samples of convolutions and their transposes."""

from __future__ import annotations

from typing import Any

import torch

from . import array, case, raises, sample


def convolved(
    input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int, grad: Any = None
) -> Any:
    """PyTorch's convolution of any number of dimensions, and its gradients by input and weight."""
    tensors = [torch.tensor(each, requires_grad=True) for each in (input, weight)]
    function = (torch.conv1d, torch.conv2d, torch.conv3d)[input.ndim - 3]
    result = function(*tensors, None if bias is None else torch.tensor(bias), stride, padding, dilation, groups)
    if grad is None:
        return result.detach().numpy()
    return [each.numpy() for each in torch.autograd.grad(result, tensors, torch.tensor(grad))]


def input_gradient(grad: Any, weight: Any, input_shape: Any, *steps: Any) -> Any:
    return convolved(torch.zeros(input_shape, dtype=torch.float64).numpy(), weight, None, *steps, grad)[0]


def weight_gradient(grad: Any, input: Any, weight_shape: Any, *steps: Any) -> Any:
    return convolved(input, torch.zeros(weight_shape, dtype=torch.float64).numpy(), None, *steps, grad)[1]


sample(
    "conv",
    lambda make: [
        case(make(2, 3, 5, 4), make(4, 3, 2, 3), make(4), (2, 1), (1, 0), (1, 1), 1),
        case(make(2, 4, 6), make(6, 2, 3), None, (1,), (2,), (2,), 2),
        case(make(1, 2, 3, 4, 3), make(2, 2, 2, 2, 2), make(2), (1, 2, 1), (0, 1, 0), (1, 1, 1), 1),
        case(make(2, 3, 5, 5), make(6, 1, 3, 3), make(6), (1, 1), (1, 1), (1, 1), 3),  # depthwise
        case(make(2, 3, 4, 4), make(5, 3, 1, 1), None, (1, 1), (0, 0), (1, 1), 1),  # pointwise
        case(make(0, 2, 4), make(3, 2, 2), None, (1,), (0,), (1,), 1),
    ],
    oracle=convolved,
)
sample(
    "conv_input_gradient",
    lambda make: [
        case(make(2, 4, 2, 2), make(4, 3, 2, 3), (2, 3, 5, 4), (2, 1), (0, 0), (1, 1), 1),
        case(make(2, 6, 6), make(6, 2, 3), (2, 4, 6), (1,), (2,), (2,), 2),
        case(make(2, 6, 5, 5), make(6, 1, 3, 3), (2, 3, 5, 5), (1, 1), (1, 1), (1, 1), 3),
        case(make(2, 5, 4, 4), make(5, 3, 1, 1), (2, 3, 4, 4), (1, 1), (0, 0), (1, 1), 1),
    ],
    oracle=input_gradient,
)
sample(
    "conv_weight_gradient",
    lambda make: [
        case(make(2, 4, 2, 2), make(2, 3, 5, 4), (4, 3, 2, 3), (2, 1), (0, 0), (1, 1), 1),
        case(make(2, 6, 6), make(2, 4, 6), (6, 2, 3), (1,), (2,), (2,), 2),
        case(make(2, 6, 5, 5), make(2, 3, 5, 5), (6, 1, 3, 3), (1, 1), (1, 1), (1, 1), 3),
    ],
    oracle=weight_gradient,
)
sample(
    "conv1d",
    lambda make: [
        case(make(2, 3, 6), make(4, 3, 3), make(4)),
        case(make(3, 6), make(4, 3, 3), None, 1, "same"),
        case(make(2, 4, 7), make(4, 2, 3), make(4), stride=2, padding=1, groups=2),
    ],
    oracle="torch.nn.functional.conv1d",
    errors=[
        raises(RuntimeError, "weight must have 3 dimensions", array(1, 1, 4), array(1, 1)),
        raises(RuntimeError, "groups must be positive", array(1, 1, 4), array(1, 1, 2), groups=0),
    ],
)
sample(
    "conv2d",
    lambda make: [
        case(make(2, 3, 5, 6), make(4, 3, 3, 2), make(4)),
        case(make(3, 5, 5), make(2, 3, 3, 3), None, 2, 1),
        case(make(2, 4, 5, 5), make(2, 4, 2, 3), None, padding="same", dilation=2),
        case(make(2, 4, 5, 5), make(4, 1, 3, 3), make(4), (2, 1), (1, 2), 1, 4),
        case(make(1, 1, 5, 5), make(1, 1, 5, 5), padding="valid"),
    ],
    oracle="torch.nn.functional.conv2d",
    errors=[
        raises(RuntimeError, r"kernel 5x5 is larger than the padded input 3x3", array(1, 1, 3, 3), array(1, 1, 5, 5)),
        raises(RuntimeError, r"needs an input of 2 channels, got 3", array(1, 3, 4, 4), array(1, 2, 2, 2)),
        raises(RuntimeError, "padding='same' needs stride 1", array(1, 1, 4, 4), array(1, 1, 2, 2), None, 2, "same"),
        raises(RuntimeError, "one dtype", array(1, 1, 4, 4), array(1, 1, 2, 2, dtype="float32")),
        raises(RuntimeError, r"bias must have shape \(1,\)", array(1, 1, 4, 4), array(1, 1, 2, 2), array(2)),
        raises(RuntimeError, "stride must be positive", array(1, 1, 4, 4), array(1, 1, 2, 2), stride=0),
    ],
)
sample(
    "conv3d",
    lambda make: [
        case(make(1, 2, 3, 4, 3), make(3, 2, 2, 2, 2), make(3)),
        case(make(2, 4, 4, 3), make(2, 2, 2, 1, 2), None, stride=(2, 1, 1), padding=(1, 0, 1)),
    ],
    oracle="torch.nn.functional.conv3d",
)
sample(
    "conv_transpose1d",
    lambda make: [
        case(make(2, 3, 4), make(3, 4, 3), make(4), 2, 1, 1),
        case(make(4, 4), make(4, 2, 3), None, 1, 0, 2, 2, 3),  # output_padding beyond the stride
    ],
    oracle="torch.nn.functional.conv_transpose1d",
)
sample(
    "conv_transpose2d",
    lambda make: [
        case(make(2, 3, 3, 4), make(3, 4, 3, 2), make(4)),
        case(make(2, 4, 3, 3), make(4, 2, 3, 3), make(4), 2, 1, 1, 2),
        case(make(3, 3, 3), make(3, 2, 2, 2), None, (2, 1), dilation=2),
    ],
    oracle="torch.nn.functional.conv_transpose2d",
    errors=[
        raises(
            RuntimeError,
            "output_padding must be smaller than stride or dilation",
            array(1, 1, 3, 3),
            array(1, 1, 2, 2),
            output_padding=1,
        ),
        raises(RuntimeError, "takes away more", array(1, 1, 1, 1), array(1, 1, 2, 2), padding=2),
    ],
)
sample(
    "conv_transpose3d",
    lambda make: [case(make(1, 2, 2, 3, 2), make(2, 3, 2, 2, 2), make(3), 2, 1, (1, 0, 1))],
    oracle="torch.nn.functional.conv_transpose3d",
)
