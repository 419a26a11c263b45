"""The speed of the machine's own matrix product, which what is bound by products is measured against."""

from __future__ import annotations

from collections.abc import Callable

SIZE = 1024
REPEATS = 20


def sgemm_gflops(clock: Callable[[], float]) -> float:
    """The best of some products of float32 matrices of 1024 rows and columns by NumPy's BLAS, in 1e9 operations a
    second."""
    import numpy

    generator = numpy.random.default_rng(0)
    a, b = (generator.random((SIZE, SIZE), numpy.float32) for _ in range(2))
    out = numpy.empty_like(a)
    best = float("inf")
    for _ in range(REPEATS):
        start = clock()
        numpy.dot(a, b, out=out)
        best = min(best, clock() - start)
    return 2 * SIZE**3 / best / 1e9
