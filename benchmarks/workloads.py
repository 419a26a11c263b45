"""The models that are trained, each defined once for any library with PyTorch's API.

A workload builds its model from a library given as an argument, and its batch as NumPy arrays, so that every library
trains the same weights on the same numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

Array = Any
Library = Any  # `torch` or `tinygrad_i2dl`


class Workload(NamedTuple):
    """A model, a batch and what is done with them.

    Attributes:
        target: the time over PyTorch's that the project aims at.
        model: makes the model with a library.
        batch: makes inputs and, for training, targets.
        loss: name of the loss in ``nn.functional``; None for inference.
        optimizer: name of the class in ``optim`` and its learning rate.
        flops: floating-point operations of the matrix products of a step (a product of matrices of n by k and k by m
            has 2 n k m), for those that products bound.
    """

    name: str
    target: float
    model: Callable[[Library], Any]
    batch: Callable[[numpy.random.Generator], tuple[Array, ...]]
    loss: str | None
    optimizer: tuple[str, float] = ("SGD", 0.01)
    flops: int | None = None


# ---------------------------------------------------------------- models


def perceptron(*sizes: int, activation: str = "ReLU") -> Callable[[Library], Any]:
    """Linear layers of these widths with an activation between them."""

    def model(torch: Library) -> Any:
        nn = torch.nn
        layers = []
        for inside, outside in itertools.pairwise(sizes):
            layers += [nn.Linear(inside, outside), getattr(nn, activation)()]
        return nn.Sequential(*layers[:-1])

    return model


def lenet(torch: Library) -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def convolutional_autoencoder(torch: Library) -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 64, 7), nn.ReLU(), nn.ConvTranspose2d(64, 32, 7), nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid(),
    )  # fmt: skip


def keypoints(torch: Library) -> Any:
    nn = torch.nn
    layers = []
    for inside, outside in ((1, 32), (32, 64), (64, 128), (128, 256)):
        layers += [nn.Conv2d(inside, outside, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(256 * 36, 256), nn.ReLU(), nn.Linear(256, 30))


def small_resnet(torch: Library) -> Any:
    nn = torch.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, inside: int, outside: int, stride: int) -> None:
            super().__init__()
            self.first = nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False)
            self.first_norm = nn.BatchNorm2d(outside)
            self.second = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
            self.second_norm = nn.BatchNorm2d(outside)
            self.activation = nn.ReLU()
            self.shortcut = nn.Identity()
            if stride != 1 or inside != outside:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(inside, outside, 1, stride=stride, bias=False), nn.BatchNorm2d(outside)
                )

        def forward(self, input: Any) -> Any:
            hidden = self.activation(self.first_norm(self.first(input)))
            return self.activation(self.second_norm(self.second(hidden)) + self.shortcut(input))

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def depthwise_net(torch: Library) -> Any:
    nn = torch.nn
    layers = [nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU6()]
    for inside, outside, stride in ((16, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2)):
        layers += [
            nn.Conv2d(inside, inside, 3, stride=stride, padding=1, groups=inside, bias=False), nn.BatchNorm2d(inside),
            nn.ReLU6(), nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU6(),
        ]  # fmt: skip
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def recurrent(kind: str) -> Callable[[Library], Any]:
    """A recurrent layer, 128 wide, and a linear layer on its last output."""

    def model(torch: Library) -> Any:
        nn = torch.nn

        class Sequence(nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.cells = getattr(nn, kind)(128, 128, batch_first=True)
                self.head = nn.Linear(128, 10)

            def forward(self, input: Any) -> Any:
                return self.head(self.cells(input)[0][:, -1])

        return Sequence()

    return model


def transformer(torch: Library) -> Any:
    nn = torch.nn
    layer = nn.TransformerEncoderLayer(64, 4, 256, dropout=0.0, batch_first=True)

    class Encoder(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.head = nn.Linear(64, 10)

        def forward(self, input: Any) -> Any:
            return self.head(self.layers(input).mean(1))

    return Encoder()


# ---------------------------------------------------------------- batches


def values(*shape: int) -> Callable[[numpy.random.Generator], Array]:
    return lambda generator: generator.random(shape, numpy.float32)


def classes(size: int) -> Callable[[numpy.random.Generator], Array]:
    return lambda generator: generator.integers(0, 10, size)


def batch_of(
    *makers: Callable[[numpy.random.Generator], Array],
) -> Callable[[numpy.random.Generator], tuple[Array, ...]]:
    return lambda generator: tuple(make(generator) for make in makers)


def mirrored(*shape: int) -> Callable[[numpy.random.Generator], tuple[Array, ...]]:
    """A batch whose target is its input, as autoencoders have it."""

    def batch(generator: numpy.random.Generator) -> tuple[Array, ...]:
        input = values(*shape)(generator)
        return input, input

    return batch


# ---------------------------------------------------------------- products

# A product takes part in forward once and in each of its two gradients once; nobody asks for the gradient of a batch.


def perceptron_flops(batch: int, *sizes: int) -> int:
    products = [2 * batch * inside * outside for inside, outside in itertools.pairwise(sizes)]
    return 3 * sum(products) - products[0]


def recurrent_flops(gates: int, batch: int, steps: int, width: int) -> int:
    return 2 * batch * steps * gates * width * width * (2 + 3)  # of the inputs, of the hidden states


def transformer_flops(layers: int, batch: int, steps: int, width: int, hidden: int) -> int:
    tokens = batch * steps
    layer = 2 * tokens * (4 * width * width + 2 * width * hidden) + 2 * 2 * batch * steps * steps * width
    return 3 * layers * layer - 2 * tokens * 3 * width * width


DIGITS = (784, 256, 128, 10)
ENCODER = (784, 392, 196, 98, 49, 32)

WORKLOADS = [
    Workload("tiny MLP", 0.4, perceptron(2, 16, 1, activation="Tanh"),
             batch_of(values(16, 2), values(16, 1)), "mse_loss"),
    Workload("MLP, batch 1", 0.7, perceptron(*DIGITS), batch_of(values(1, 784), classes(1)), "cross_entropy"),
    Workload("MLP, batch 32", 0.7, perceptron(*DIGITS), batch_of(values(32, 784), classes(32)), "cross_entropy"),
    Workload("MLP, batch 256", 1.0, perceptron(*DIGITS), batch_of(values(256, 784), classes(256)), "cross_entropy",
             flops=perceptron_flops(256, *DIGITS)),
    Workload("autoencoder", 0.7, perceptron(*ENCODER, *ENCODER[-2::-1]), mirrored(128, 784),
             "mse_loss", ("Adam", 1e-3), perceptron_flops(128, *ENCODER, *ENCODER[-2::-1])),
    Workload("LeNet", 0.8, lenet, batch_of(values(64, 1, 28, 28), classes(64)), "cross_entropy"),
    Workload("convolutional autoencoder", 0.8, convolutional_autoencoder, mirrored(32, 1, 28, 28),
             "mse_loss", ("Adam", 1e-3)),
    Workload("keypoints CNN", 0.85, keypoints, batch_of(values(32, 1, 96, 96), values(32, 30)),
             "mse_loss", ("Adam", 1e-4)),
    Workload("small ResNet", 0.85, small_resnet, batch_of(values(32, 3, 32, 32), classes(32)), "cross_entropy"),
    Workload("depthwise net", 0.8, depthwise_net, batch_of(values(32, 3, 32, 32), classes(32)), "cross_entropy"),
    Workload("RNN", 1.0, recurrent("RNN"), batch_of(values(32, 50, 128), classes(32)), "cross_entropy",
             flops=recurrent_flops(1, 32, 50, 128)),
    Workload("LSTM", 1.0, recurrent("LSTM"), batch_of(values(32, 50, 128), classes(32)), "cross_entropy",
             flops=recurrent_flops(4, 32, 50, 128)),
    Workload("GRU", 1.0, recurrent("GRU"), batch_of(values(32, 50, 128), classes(32)), "cross_entropy",
             flops=recurrent_flops(3, 32, 50, 128)),
    Workload("transformer", 1.0, transformer, batch_of(values(16, 64, 64), classes(16)),
             "cross_entropy", ("Adam", 1e-4), transformer_flops(2, 16, 64, 64, 256)),
    Workload("inference MLP, batch 1", 0.4, perceptron(*DIGITS), batch_of(values(1, 784)), None),
    Workload("inference LeNet, batch 1", 0.4, lenet, batch_of(values(1, 1, 28, 28)), None),
]  # fmt: skip
