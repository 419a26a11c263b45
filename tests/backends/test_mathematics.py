"""The elementary functions of the Numba backend against NumPy's in extended precision, over all magnitudes."""

import math

import numpy
import pytest

numba = pytest.importorskip("numba", reason="Numba is not installed")

from tinygrad_i2dl.backends.numba import mathematics  # noqa: E402

WIDE = numpy.longdouble
REFERENCES = {
    "exp": numpy.exp,
    "exp2": numpy.exp2,
    "expm1": numpy.expm1,
    "log": numpy.log,
    "log1p": numpy.log1p,
    "tanh": numpy.tanh,
    "sigmoid": lambda x: 1 / (1 + numpy.exp(-x)),
}
# What the module's table states, in units in the last place.
ERRORS = {
    "exp": (1.5, 1.5), "exp2": (1.5, 1.5), "log": (1.5, 1.5), "expm1": (2, 2), "log1p": (2, 2), "tanh": (5, 3),
    "sigmoid": (2.5, 2.5),
}  # fmt: skip


def loop_of(name, bits):
    function = getattr(mathematics, name + bits, None) or getattr(mathematics, f"{name}_{bits}")

    @numba.njit(error_model="numpy", fastmath={"contract"})
    def loop(x, out):
        for i in range(x.shape[0]):
            out[i] = function(x[i])

    def run(x):
        before = x.copy()
        out = numpy.empty_like(x)
        loop(x, out)
        assert numpy.array_equal(x, before, equal_nan=True)
        return out

    return run


def points(dtype):
    random = numpy.random.default_rng(0)
    limit = 38 if dtype == numpy.float32 else 300
    scales = random.choice([0.01, 0.1, 1, 2, 5, 10, 20, 90, 750], 50_000)
    signs = random.choice([-1, 1], 50_000)
    parts = [
        random.uniform(-1, 1, 50_000) * scales,
        10.0 ** random.uniform(-8, 3, 50_000) * signs,
        10.0 ** random.uniform(-limit - 2, limit, 50_000),  # with subnormal numbers of 32 bits
    ]
    return numpy.concatenate(parts).astype(dtype)


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("name", REFERENCES)
def test_errors_are_below_those_stated(name, dtype):
    x = points(dtype)
    if name == "log":
        x = numpy.abs(x)
    if name == "log1p":
        x = numpy.where(x < -1, -x, x)
    bits = "32" if dtype == numpy.float32 else "64"
    out = loop_of(name, bits)(x)
    with numpy.errstate(all="ignore"):
        exact = REFERENCES[name](x.astype(WIDE))
        rounded = exact.astype(dtype)
        error = numpy.abs(out.astype(WIDE) - exact) / numpy.spacing(numpy.abs(rounded))
    counted = numpy.isfinite(rounded)
    numpy.testing.assert_array_equal(out[~counted], rounded[~counted])
    if name == "sigmoid":
        counted &= rounded >= numpy.finfo(dtype).tiny
        assert (out[rounded < numpy.finfo(dtype).tiny] <= numpy.finfo(dtype).tiny).all()
    worst = numpy.argmax(numpy.where(counted, error, 0))
    assert error[worst] <= ERRORS[name][dtype == numpy.float64], f"{error[worst]} units at {x[worst]!r}"


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize(("name", "single", "double"), [("erf", 6, 5), ("erfc", 2, 8)])
def test_error_functions_are_within_their_errors_of_the_c_library(name, single, double, dtype):
    x = numpy.concatenate([points(dtype)[:20_000], numpy.linspace(-6, 6, 20_001).astype(dtype)])
    exact = numpy.array([getattr(math, name)(float(each)) for each in x])
    out = loop_of(name, "32" if dtype == numpy.float32 else "64")(x)
    error = numpy.abs(out.astype(numpy.float64) - exact) / numpy.spacing(numpy.abs(exact.astype(dtype)))
    assert error[numpy.abs(exact) >= numpy.finfo(dtype).tiny].max() <= (single if dtype == numpy.float32 else double)


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("name", [*REFERENCES, "erf", "erfc"])
def test_special_values(name, dtype):
    x = numpy.array([numpy.nan, numpy.inf, -numpy.inf, 0.0, -0.0], dtype)
    with numpy.errstate(all="ignore"):
        expected = {
            "erf": lambda _: numpy.array([numpy.nan, 1, -1, 0.0, -0.0], dtype),
            "erfc": lambda _: numpy.array([numpy.nan, 0, 2, 1, 1], dtype),
        }.get(name, REFERENCES.get(name))(x)
    out = loop_of(name, "32" if dtype == numpy.float32 else "64")(x)
    numpy.testing.assert_array_equal(out, expected)
    numpy.testing.assert_array_equal(numpy.signbit(out[3:]), numpy.signbit(expected[3:]))


def test_whole_powers_of_two_are_exact():
    whole = numpy.arange(-140, 128, dtype=numpy.float32)
    numpy.testing.assert_array_equal(loop_of("exp2", "32")(whole), numpy.ldexp(numpy.float32(1), whole.astype(int)))
