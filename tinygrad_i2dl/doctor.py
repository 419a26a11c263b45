"""``python -m tinygrad_i2dl doctor``: what is installed, what is active, what is missing and what that costs.

The report never imports an optional package to learn its version (Numba's import alone takes half a second): the
installed distributions say it. Only the backends are asked for real: CuPy without a driver is still no GPU.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from dataclasses import dataclass
from typing import Any

import numpy
import threadpoolctl

from tinygrad_i2dl.backends import cudnn_library, cupy, native, registry

HELP = "print versions, CPU features, backends and threads, and the line that installs each missing thing"


@dataclass(frozen=True)
class Option:
    """An optional part: the distributions that can provide it, the extra that installs it, what its absence costs."""

    name: str
    distributions: tuple[str, ...]
    extra: str
    cost: str


OPTIONS = (
    Option(
        "numba", ("numba",), "numba", "no numba backend: chains of elementwise operations are not fused into one loop"
    ),
    Option(
        "cupy",
        ("cupy-cuda12x", "cupy-cuda13x", "cupy"),
        "cuda12",
        "no cupy backend: tensors stay on the CPU (the extra cuda13 is the one for CUDA 13 drivers)",
    ),
    Option(
        "cudnn",
        ("nvidia-cudnn-frontend",),
        "cudnn",
        "no cuDNN: convolutions on a GPU run on our own kernels (it needs nvidia-cudnn-cu12 or -cu13 as well)",
    ),
    Option("safetensors", ("safetensors",), "io", "no .safetensors files; torch.save and torch.load work without it"),
    Option(
        "Pillow", ("pillow",), "vision", "no reading or writing of image files; transforms of tensors work without it"
    ),
    Option("matplotlib", ("matplotlib",), "viz", "no plots"),
    Option("tensorboardX", ("tensorboardX",), "tensorboard", "no event files for TensorBoard"),
    Option("scikit-learn", ("scikit-learn",), "examples", "no embedded digits, which most examples train on"),
)

NATIVE_INSTALL = "apt-get install g++ python3-dev && pip install --force-reinstall --no-deps .  (in the source folder)"
NATIVE_COST = "no native backend: convolution and pooling run as NumPy expressions"

# The instruction sets that kernels are chosen by, as Linux spells them.
INSTRUCTION_SETS = (
    ("sse4_2", "avx", "f16c", "fma", "avx2")
    + ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_tile")
    + ("asimd", "sve", "sve2")
)

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMBA_THREADING_LAYER",
)


def installed_version(*distributions: str) -> str | None:
    """Return the version of the first of ``distributions`` that is installed, None if none is.

    >>> installed_version("no-such-distribution", "numpy") is not None
    True
    """
    for distribution in distributions:
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def install_line(extra: str) -> str:
    """Return the command that installs ``extra``, beside an installed package or in the source folder.

    >>> install_line("numba").endswith('[numba]"')
    True
    """
    package = "tinygrad_i2dl" if installed_version("tinygrad_i2dl") else "."
    return f'pip install "{package}[{extra}]"'


def processor() -> tuple[str, list[str]]:
    """Return the processor's name and which of ``INSTRUCTION_SETS`` it has; without Linux, what the platform says."""
    facts: dict[str, str] = {}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                facts.setdefault(name.strip(), value.strip())
    except OSError:
        pass
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    model = facts.get("model name") or platform.processor() or platform.machine()
    return model, [name for name in INSTRUCTION_SETS if name in flags]


def usable_cores() -> int:
    """Return how many cores this process may run on, which in a container is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def backends() -> dict[str, str | None]:
    """Return each backend's name with None if it is ready, else the reason why it is not."""
    available: dict[str, str | None] = getattr(
        registry, "available_backends", lambda: {"numpy": None, "native": native.reason()}
    )()
    return available


def graphics_processor() -> dict[str, Any]:
    """Return what there is of a GPU: which one and whose libraries, or why none can be used."""
    why = cupy.reason()
    if why is not None:
        return {"usable": why}
    xp = cupy.required()
    found: dict[str, Any] = {"usable": "yes", "CuPy": xp.__version__, "GPUs": cupy.device_count()}
    found["cuDNN"] = cudnn_library.version() or cudnn_library.reason()
    try:
        properties = xp.cuda.runtime.getDeviceProperties(0)
        found["name"] = properties["name"].decode()
        found["capability"] = f"{properties['major']}.{properties['minor']}"
        found["driver"], found["runtime"] = xp.cuda.runtime.driverGetVersion(), xp.cuda.runtime.runtimeGetVersion()
        found["compiler"] = "NVRTC " + ".".join(map(str, xp.cuda.nvrtc.getVersion()))
    except Exception as error:  # whatever a broken installation raises is what the user must see
        found["broken"] = f"{type(error).__name__}: {error}; reinstall CuPy with its CUDA libraries: {cupy.INSTALL}"
    return found


def native_kernels() -> dict[str, Any]:
    """Return which C++ kernels there are, the instruction set they use and on how many threads; empty if not built."""
    if not native.available():
        return {}
    return {
        "kernels": sorted(native.KERNELS),
        "instruction_set": native.instruction_set(),
        "possible": native.instruction_sets(),
        "threads": native.get_num_threads(),
    }


def collect() -> dict[str, Any]:
    """Gather everything that the report says, as plain values that JSON can hold.

    >>> sorted(collect())
    ['backends', 'cpu', 'environment', 'gpu', 'missing', 'native', 'packages', 'system', 'threads']
    """
    numpy_config: Any = numpy.show_config(mode="dicts")
    blas = numpy_config["Build Dependencies"]["blas"]
    model, features = processor()
    ready = backends()
    packages = {option.name: installed_version(*option.distributions) for option in OPTIONS}
    missing = [
        {"name": option.name, "install": install_line(option.extra), "cost": option.cost}
        for option in OPTIONS
        if packages[option.name] is None
    ]
    if ready.get("native") is not None:
        missing.insert(0, {"name": "native kernels", "install": NATIVE_INSTALL, "cost": NATIVE_COST})
    return {
        "system": {
            "tinygrad_i2dl": installed_version("tinygrad_i2dl") or "not installed (running from its source folder)",
            "folder": os.path.dirname(os.path.abspath(__file__)),
            "python": f"{platform.python_version()} ({platform.python_implementation()}, {sys.executable})",
            "platform": platform.platform(),
            "numpy": numpy.__version__,
            "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        },
        "cpu": {
            "model": model,
            "cores": usable_cores(),
            "features": features,
        },
        "backends": ready,
        "native": native_kernels(),
        "gpu": graphics_processor(),
        "packages": packages,
        "threads": [
            {
                "library": pool["internal_api"],
                "threads": pool["num_threads"],
                "version": pool["version"],
                "file": pool["filepath"],
            }
            for pool in threadpoolctl.threadpool_info()
        ],
        "environment": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ},
        "missing": missing,
    }


def render(report: dict[str, Any]) -> str:
    """Write what :func:`collect` gathered as text for a terminal."""

    def table(rows: dict[str, Any]) -> list[str]:
        width = max((len(name) for name in rows), default=0)
        return [f"  {name:<{width}}  {value}" for name, value in rows.items()]

    cpu = report["cpu"]
    sections: dict[str, list[str]] = {
        "System": table(report["system"]),
        "CPU": table({"model": cpu["model"], "cores": cpu["cores"], "features": " ".join(cpu["features"])}),
        "Backends": table({name: reason or "ready" for name, reason in report["backends"].items()}),
        "Native kernels": table(
            {name: " ".join(value) if isinstance(value, list) else value for name, value in report["native"].items()}
        )
        or ["  none"],
        "GPU": table(report["gpu"]),
        "Optional packages": table({name: version or "-" for name, version in report["packages"].items()}),
        "Threads": table({f"{pool['library']} {pool['version']}": pool["threads"] for pool in report["threads"]})
        + table(report["environment"]),
        "Missing": [
            line
            for item in report["missing"]
            for line in (f"  {item['name']}: {item['cost']}", f"    {item['install']}")
        ]
        or ["  nothing"],
    }
    return "\n\n".join("\n".join([title, *lines]) for title, lines in sections.items())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``doctor``."""
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the report; the exit status is 0, since a missing optional part is no failure."""
    report = collect()
    print(json.dumps(report, indent=2) if arguments.json else render(report))
    return 0
