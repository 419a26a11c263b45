"""One loop of an elementwise function: written as ordinary operations, compiled, compared and timed.

A smooth, gated activation of five operations is decorated with `torch.fuse`. The script shows the loop that was written
for it and the one for its gradients, checks values and gradients against the ordinary operations and a second
derivative against the formula, and takes the times of both.

    python examples/03_fuse.py                   a million elements
    python examples/03_fuse.py --elements 10000000

Without Numba the function runs as ordinary operations, and the script says so. Written to --out: the loops (forward.py,
backward.py), the same as a CUDA kernel (forward.cu), and times.json.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import tinygrad_i2dl as torch
from tinygrad_i2dl.archive import replaced_file


@torch.fuse
def gated(x: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """``x * sigmoid(slope * x)`` plus a bit of a bell; `slope` broadcasts along the rows."""
    return x * torch.sigmoid(slope * x) + 0.1 * torch.exp(-x * x)


def milliseconds(function: Callable[[], object], repeats: int = 7) -> float:
    """The median of some runs, after one to warm up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[repeats // 2]


def step(function: Callable[..., torch.Tensor], x: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """Forward and backward."""
    x.grad = slope.grad = None
    result = function(x, slope)
    result.sum().backward()
    return result.detach()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elements", type=int, default=1_000_000, help="of the input, rounded to rows of 100")
    parser.add_argument("--short", action="store_true", help="200,000 elements")
    parser.add_argument("--out", type=Path, default=Path("results/fuse"), help="where files are written")
    options = parser.parse_args()
    elements = 200_000 if options.short else options.elements
    if elements < 100_000:
        sys.exit(f"{parser.prog}: a loop pays from some 100,000 elements on, got --elements {elements}")
    torch.manual_seed(0)
    x = torch.randn(elements // 100, 100, requires_grad=True)
    slope = torch.linspace(0.5, 2.0, 100).requires_grad_()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reason is printed below
        fused = step(gated, x, slope)
    if gated.reason is not None:
        print(f"not fused: {gated.reason}")
    written = {
        "forward.py": gated.source(x, slope),
        "backward.py": gated.source(x, slope, backward=True),
        "forward.cu": gated.source(x, slope, language="cuda"),
    }
    print(written["forward.py"], written["backward.py"], sep="\n")
    slopes = x.grad.clone(), slope.grad.clone()
    ordinary = step(gated.function, x, slope)
    assert (fused - ordinary).abs().max() < 1e-5, "the loop computes something else"
    assert (slopes[0] - x.grad).abs().max() < 1e-4
    assert ((slopes[1] - slope.grad).abs() / slope.grad.abs()).max() < 1e-3

    # Derivatives of higher order work as for every operation: that of a square is two.
    square = torch.fuse(lambda a: a * a)
    a = torch.ones(200_000, requires_grad=True)
    (first,) = torch.autograd.grad(square(a).sum(), a, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), a)
    assert bool((second == 2).all())

    contenders = {"ordinary operations": gated.function, "fused": gated}
    times = {name: milliseconds(lambda f=function: step(f, x, slope)) for name, function in contenders.items()}
    print(f"{elements:,} elements, forward and backward")
    for name, each in times.items():
        print(f"  {name:20} {each:8.2f} ms")
    written["times.json"] = json.dumps({"elements": elements, "milliseconds": times}, indent=2)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        with replaced_file(options.out / name) as file:
            file.write(text.encode())


if __name__ == "__main__":
    main()
