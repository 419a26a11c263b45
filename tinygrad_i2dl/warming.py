"""``python -m tinygrad_i2dl warmup``: compile all loops of the Numba backend once, so that no program waits for it."""

import argparse
import sys
import time

from tqdm import tqdm

from tinygrad_i2dl.backends import numba

HELP = "compile the kernels of the Numba backend and keep them on disk, which takes about a minute, once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``warmup``."""
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Compile, with a progress bar, and say how long it took; the exit status is 1 where Numba is missing."""
    missing = numba.reason()
    if missing is not None:
        print(f"nothing to compile: {missing}", file=sys.stderr)
        return 1
    started = time.perf_counter()
    names = []
    with tqdm(unit="kernel", disable=arguments.quiet) as bar:

        def notice(name: str, count: int) -> None:
            names.append(name)
            bar.total = count
            bar.set_description(name)
            bar.update()

        folder = numba.compile_everything(notice)
    took = f"{time.perf_counter() - started:.1f} s"
    if folder is None:
        print(
            f"compiled in {took}, but no folder can be written, so every process will compile again: let the "
            "environment variable NUMBA_CACHE_DIR name one",
            file=sys.stderr,
        )
        return 1
    print(f"{len(names)} kernels are ready after {took} in {folder}")
    return 0
