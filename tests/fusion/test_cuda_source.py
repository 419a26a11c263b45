"""The CUDA kernels of fused functions without a GPU: NVIDIA's compiler accepts them, and a C++ compiler runs them."""

import ctypes
import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import tinygrad_i2dl
from tests.fusion.expressions import EXPRESSIONS, SINGLE
from tinygrad_i2dl.fusion.cuda_source import cuda_source
from tinygrad_i2dl.fusion.device_loop import DeviceLoop
from tinygrad_i2dl.fusion.layout import Layout
from tinygrad_i2dl.fusion.tracing import Signature, Trace

ALL = {**EXPRESSIONS, "sum of bools": (lambda t, x: (x > 0) | (x < -1), (6, 5))}

# What CUDA gives a kernel, for one thread at a time.
SHIM = """\
#include <cmath>
#define __global__
struct Place { int x; };
extern "C" { Place blockIdx{0}, threadIdx{0}, blockDim{1}, gridDim{1}; }
"""
GRID, BLOCK = 2, 3


def traced(name, dtype):
    function, *shapes = ALL[name]
    signature = Signature(tuple(shapes), (numpy.dtype(dtype),) * len(shapes), (True,) * len(shapes))
    return Trace(lambda tensors: function(tinygrad_i2dl, *tensors), signature), shapes


def programs():
    """All programs, forward and backward, in float32 and float64."""
    for name, dtype in itertools.product(ALL, ("float32", "float64")):
        trace, shapes = traced(name, dtype)
        random = numpy.random.default_rng(0)
        low = 0.2 if name.endswith("+") else -3
        arrays = [numpy.asarray(random.uniform(low, 3, shape)).astype(dtype) for shape in (*shapes, trace.shape)]
        yield f"{name}, {dtype}, forward", trace.forward, arrays, trace.shape
        if any(trace.differentiable):
            yield f"{name}, {dtype}, backward", trace.backward(trace.differentiable), arrays, trace.shape


def test_kernels_run_as_cpp_give_what_numpy_gives(tmp_path):
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    cases = list(programs())
    texts = []
    for number, (_, program, arrays, shape) in enumerate(cases):
        layout = Layout([arrays[each] for each in program.inputs], shape)
        texts.append(cuda_source(program, layout.repeated, len(layout.sizes)).replace(" loop(", f" loop{number}("))
    (tmp_path / "kernels.cpp").write_text(SHIM + "".join(texts))
    options = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, "kernels.cpp", "-o", "kernels.so"], cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(tmp_path / "kernels.so"))
    for name, extent in (("gridDim", GRID), ("blockDim", BLOCK)):
        ctypes.c_int.in_dll(library, name).value = extent

    class Kernel:
        """What CuPy's RawKernel does: all threads of all blocks."""

        def __init__(self, number):
            self.function = getattr(library, f"loop{number}")

        def __call__(self, grid, block, arguments):
            given = [
                ctypes.c_void_p(each.ctypes.data) if each.ndim else ctypes.c_longlong(int(each)) for each in arguments
            ]
            for one, other in itertools.product(range(GRID), range(BLOCK)):
                ctypes.c_int.in_dll(library, "blockIdx").value = one
                ctypes.c_int.in_dll(library, "threadIdx").value = other
                self.function(*given)

    for number, (title, program, arrays, shape) in enumerate(cases):

        class Library:
            """CuPy's part in running a loop."""

            int64 = numpy.int64

            @staticmethod
            def RawKernel(source, name, options):
                assert name == "loop" and options == ("--fmad=false",)
                return Kernel(number)  # noqa: B023

        outputs = [numpy.empty(shape or (1,), program.instructions[each].dtype) for each in program.outputs]
        DeviceLoop(program).run(Library, [arrays[each] for each in program.inputs], outputs, shape)
        bound = 2e-5 if "float32" in title else 1e-11
        for output, expected in zip(outputs, program.evaluated(arrays, shape), strict=True):
            if output.dtype == bool:
                numpy.testing.assert_array_equal(output.reshape(shape), expected)
            else:
                numpy.testing.assert_allclose(output.reshape(shape), expected, rtol=bound, atol=bound, err_msg=title)


def include_folder():
    """Where the header of half-precision numbers is, among the packages that may bring it."""
    for path in map(Path, sys.path):
        for folder in (path / "nvidia" / "cuda_runtime" / "include", path / "numba" / "cuda"):
            if (folder / "cuda_fp16.h").exists():
                return folder
    return None


@pytest.mark.parametrize("architecture", ["75", "80", "90"])
def test_nvidias_compiler_accepts_the_kernels(architecture):
    nvrtc = pytest.importorskip("cuda.bindings.nvrtc", reason="cuda-bindings is not installed")
    sources = [
        cuda_source(program, repeated, dimensions).replace(" loop(", f" loop{number}_{dimensions}(")
        for number, (title, program, arrays, shape) in enumerate(programs())
        for repeated, dimensions in ((None, 0), ((True,) + (False,) * (len(program.inputs) - 1), 2))
        if (program.inputs and architecture == "80") or ("float64" in title and title.partition(",")[0] not in SINGLE)
    ]
    folder = include_folder()
    if folder is not None:
        for name in ("the README's", "gate", "where"):
            trace, _ = traced(name, "float16")
            for program in (trace.forward, trace.backward(trace.differentiable)):
                sources.append(cuda_source(program).replace(" loop(", f" loop{len(sources)}_half("))
    error, compiled = nvrtc.nvrtcCreateProgram("\n".join(sources).encode(), b"fused.cu", 0, [], [])
    assert error == nvrtc.nvrtcResult.NVRTC_SUCCESS
    options = [f"--gpu-architecture=compute_{architecture}".encode(), b"--fmad=false"]
    options += [] if folder is None else [f"--include-path={folder}".encode()]
    (error,) = nvrtc.nvrtcCompileProgram(compiled, len(options), options)
    _, size = nvrtc.nvrtcGetProgramLogSize(compiled)
    log = bytearray(size)  # of its own: Python shares a bytes object of one byte with everyone who reads that byte
    nvrtc.nvrtcGetProgramLog(compiled, log)
    nvrtc.nvrtcDestroyProgram(compiled)
    assert error == nvrtc.nvrtcResult.NVRTC_SUCCESS, "\n".join(
        line for line in log.decode().splitlines() if "error" in line
    )


def test_half_precision_is_computed_in_float():
    trace, _ = traced("gate", "float16")
    source = cuda_source(trace.forward)
    assert "#include <cuda_fp16.h>" in source and "const float v0 = __half2float(x0[i]);" in source
    assert "out0[i] = __float2half(" in source and "tanhf(" in source
