"""Builds the optional extension ``tinygrad_i2dl._native``; all else about the package is in pyproject.toml.

Without a C++17 compiler the install goes on with one line of warning, unless ``TINYGRAD_I2DL_REQUIRE_NATIVE=1`` is set.
"""

import os
import platform
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCES = Path("csrc")
FLAGS = ["-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fvisibility=hidden"]
FLAGS += ["-g0"]  # Python's own flags ask for debug information, 47 of 50 MB
X86 = platform.machine().lower() in ("x86_64", "amd64")
# The flags of one file alone. Nothing else may be built for a newer processor than the baseline.
INSTRUCTION_SETS = {"avx2": ["-march=x86-64-v3"], "avx512": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}
VARIANTS = {name: sorted(str(path) for path in SOURCES.glob(f"*_{name}.cpp")) for name in INSTRUCTION_SETS}
# Files compiled at a time, by as many processes as may run; one of them takes up to 0.4 GB of memory.
JOBS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
REQUIRED = os.environ.get("TINYGRAD_I2DL_REQUIRE_NATIVE") == "1"


class BuildNative(build_ext):
    """Compiles each file of inner loops with its own flags; a failure is a warning unless the extension is required."""

    def build_extension(self, ext: Extension) -> None:
        """Build one extension.

        Raises:
            Exception: whatever the compiler raised, if ``TINYGRAD_I2DL_REQUIRE_NATIVE=1``.
        """
        try:
            import numpy
            import pybind11
            from pybind11.setup_helpers import ParallelCompile

            ext.include_dirs += [pybind11.get_include(), numpy.get_include()]
            with ParallelCompile(default=JOBS):
                if X86:
                    for name, sources in VARIANTS.items():
                        ext.extra_objects += self.compiler.compile(
                            sources,
                            output_dir=self.build_temp,
                            include_dirs=ext.include_dirs,
                            macros=ext.define_macros,
                            extra_postargs=[*FLAGS, *INSTRUCTION_SETS[name]],
                            depends=ext.depends,
                        )
                super().build_extension(ext)
        except Exception as error:
            if REQUIRED:
                raise
            print(
                f"warning: tinygrad_i2dl was installed without its C++ kernels ({type(error).__name__}: {error}); "
                "convolution and pooling will be slower. A C++17 compiler (g++ or clang++) is needed to build them.",
                file=sys.stderr,
            )

    def copy_extensions_to_source(self) -> None:
        """Copy what was built into the source tree; nothing if nothing was."""
        built = [ext for ext in self.extensions if Path(self.build_lib, self.get_ext_filename(ext.name)).exists()]
        wanted, self.extensions = self.extensions, built
        super().copy_extensions_to_source()
        self.extensions = wanted


native = Extension(
    "tinygrad_i2dl._native",
    sources=sorted(str(path) for path in SOURCES.glob("*.cpp") if path.stem.rpartition("_")[2] not in VARIANTS),
    depends=sorted(str(path) for path in SOURCES.glob("*.h")),
    define_macros=[("I2DL_HAVE_X86_VARIANTS", "1")] if X86 else [],
    extra_compile_args=FLAGS,
    extra_link_args=["-pthread"],
    language="c++",
)

setup(ext_modules=[native], cmdclass={"build_ext": BuildNative})
