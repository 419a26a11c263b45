"""A backend from scratch: three kernels that count what they compute, and a network trained on them.

A backend is a set of functions on arrays, named like the operations. This one has kernels of its own for the three
operations that do nearly all the work of a multilayer perceptron. Every other call it notes and passes on, by returning
NotImplemented, to the reference kernels.

    python examples/02_own_backend.py            train on scikit-learn's digits, 64 - 32 - 10

The network is trained twice, on this backend and on NumPy's. The counts must be those that the network's shape
predicts, and both must end with the same weights. Written to --out: counts.json, and trace.json with one training step
for chrome://tracing or https://ui.perfetto.dev.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy

import tinygrad_i2dl as torch
from tinygrad_i2dl import nn
from tinygrad_i2dl.archive import replaced_file
from tinygrad_i2dl.nn import functional as F

# ---------------------------------------------------------------- the backend


class CountingBackend:
    """Kernels of three operations that count their runs and multiply-adds; all other operations are counted and passed
    on."""

    def __init__(self) -> None:
        self.ran: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.multiply_adds = 0

    # Kernels: an operation's name and arguments, arrays in, an array out.

    def linear(self, input: numpy.ndarray, weight: numpy.ndarray, bias: numpy.ndarray | None) -> numpy.ndarray:
        if input.ndim != 2 or weight.ndim != 2:
            return NotImplemented  # the reference kernel knows the other cases
        self.ran["linear"] += 1
        self.multiply_adds += self.cost(input, weight.T)
        product = input @ weight.T
        return product if bias is None else product + bias

    def linear_backward(
        self, g: numpy.ndarray, input: numpy.ndarray, weight: numpy.ndarray, needs: tuple[bool, bool, bool]
    ) -> tuple[numpy.ndarray | None, ...]:
        """The gradients of `linear` for its three inputs, given that of its result; None for those nobody needs."""
        if input.ndim != 2 or weight.ndim != 2:
            return NotImplemented
        self.ran["linear_backward"] += 1
        self.multiply_adds += self.cost(g, weight) * needs[0] + self.cost(g.T, input) * needs[1]
        return g @ weight if needs[0] else None, g.T @ input if needs[1] else None, g.sum(0) if needs[2] else None

    def relu(self, input: numpy.ndarray) -> numpy.ndarray:
        if input.dtype.kind != "f":
            return NotImplemented
        self.ran["relu"] += 1
        return numpy.maximum(input, 0)

    def __getattr__(self, name: str) -> Callable[..., object]:
        """The kernel of any other operation: counted and passed on."""
        if name.startswith("_") or name.isupper():  # Python's own questions, and the optional table KERNELS
            raise AttributeError(name)

        def kernel(*arguments: object) -> object:
            self.passed[name] += 1
            return NotImplemented

        return kernel

    # What torch.profile() shows; both are optional.

    def detail(self, operation: str, *arguments: numpy.ndarray) -> str | None:
        if operation == "linear":
            return f"{self.cost(arguments[0], arguments[1].T):,} multiply-adds"
        return None

    def refusal(self, operation: str, *arguments: object) -> str:
        return "counts it only"

    @staticmethod
    def cost(left: numpy.ndarray, right: numpy.ndarray) -> int:
        return left.shape[0] * left.shape[1] * right.shape[1]


# ---------------------------------------------------------------- the network

SIZES = (64, 32, 10)


def digits() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """scikit-learn's 1,797 digits of 8x8 pixels; every fifth one is for the test."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images, labels = torch.from_numpy(found.images.reshape(-1, 64) / 16).float(), torch.from_numpy(found.target).long()
    test = torch.arange(len(images)) % 5 == 0
    return images[~test], labels[~test], images[test], labels[test]


def train(epochs: int, batch_size: int = 64) -> tuple[nn.Module, float, int]:
    """The trained network, its accuracy on the test images, and the number of steps."""
    torch.manual_seed(0)
    images, labels, test_images, test_labels = digits()
    model = nn.Sequential(nn.Linear(SIZES[0], SIZES[1]), nn.ReLU(), nn.Linear(SIZES[1], SIZES[2]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    steps = 0
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
            steps += 1
    with torch.no_grad():
        accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
    return model, accuracy, steps


def expected(epochs: int, steps: int) -> tuple[dict[str, int], int]:
    """Runs of each kernel and multiply-adds in all, from the network's shape.

    A step runs each layer once. Its backward pass takes the gradients of both weights, and that of the second layer's
    input alone: nobody asks for the gradient of the images. The test at the end is one more run of both layers.
    """
    images, _, test_images, _ = digits()
    first, second = SIZES[0] * SIZES[1], SIZES[1] * SIZES[2]
    runs = {"linear": 2 * (steps + 1), "relu": steps + 1, "linear_backward": 2 * steps}
    return runs, epochs * len(images) * (2 * first + 3 * second) + len(test_images) * (first + second)


# ---------------------------------------------------------------- the comparison


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="two epochs: shows that everything runs")
    parser.add_argument("--out", type=Path, default=Path("results/own_backend"), help="folder (default: %(default)s)")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    epochs = 2 if options.short else 20

    backend = CountingBackend()
    torch.register_backend("counting", backend)
    with torch.use_backend("counting"):
        model, accuracy, steps = train(epochs)
    with torch.use_backend("numpy"):
        reference, reference_accuracy, _ = train(epochs)

    runs, multiply_adds = expected(epochs, steps)
    assert backend.ran == runs, f"the kernels ran {dict(backend.ran)}, expected {runs}"
    assert backend.multiply_adds == multiply_adds, f"{backend.multiply_adds:,} multiply-adds, not {multiply_adds:,}"
    # Each step's gradient of the activation, which this backend has no kernel for, was passed on.
    assert backend.passed["relu_backward"] == steps, backend.passed
    differences = [
        (ours - theirs).abs().max().item()
        for ours, theirs in zip(model.parameters(), reference.parameters(), strict=True)
    ]
    assert max(differences) <= 1e-5, f"the weights differ by up to {max(differences)}"
    assert accuracy == reference_accuracy, (accuracy, reference_accuracy)
    assert accuracy > (0.7 if options.short else 0.95), f"only {accuracy:.1%} of the test images are recognised"

    results = {
        "steps": steps,
        "runs": dict(backend.ran),
        "passed_on": dict(backend.passed.most_common()),
        "multiply_adds": backend.multiply_adds,
        "accuracy": accuracy,
        "largest_difference": max(differences),
    }
    with replaced_file(options.out / "counts.json") as file:
        file.write(json.dumps(results, indent=2).encode())

    with torch.use_backend("counting"), torch.profile() as p:
        F.cross_entropy(model(torch.rand(64, 64)), torch.arange(64) % 10).backward()
    providers = {event.name: event.provider for event in p.events}
    assert {providers[name] for name in runs} == {"counting"} and providers["relu_backward"] == "numpy"
    p.export_chrome_trace(options.out / "trace.json")

    print(f"{steps} steps, {accuracy:.1%} of the test images recognised, as on NumPy's backend")
    print(f"{multiply_adds:,} multiply-adds in {sum(runs.values()):,} runs of own kernels")
    print(f"\none step:\n{p.table(limit=8)}\n\nresults in {options.out}/: counts.json, trace.json")
    return results


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}: pip install 'tinygrad_i2dl[examples]'")
    except (OSError, ValueError, RuntimeError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
