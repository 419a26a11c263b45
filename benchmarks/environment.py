"""What a figure depends on besides the code: processor, versions, threads."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def fix_threads(count: int) -> None:
    """Let every library that is imported after this call use `count` threads; the libraries read this at import
    only."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(count)


def set_threads_of(library: Any, count: int) -> None:
    """The same for a library with PyTorch's ``set_num_threads``."""
    setter = getattr(library, "set_num_threads", None)
    if setter is not None:
        setter(count)


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def version_of(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def describe(threads: int, clock: str, caching: bool = False) -> dict[str, Any]:
    """The environment block that stands above every table and in every file of results."""
    versions = {name: version_of(name) for name in ("tinygrad_i2dl", "numpy", "numba", "torch")}
    return {
        "processor": processor(),
        "processors available": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version for name, version in versions.items() if version is not None},
        "threads": threads,
        "caching allocator": caching,
        "clock": clock,
        "load average before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }
