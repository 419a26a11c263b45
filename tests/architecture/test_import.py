"""Importing the package prints nothing, changes no global state, and loads no optional or slow library."""

import json
import subprocess
import sys
import textwrap

import pytest

from tests.architecture.sources import PACKAGE, ROOT, modules
from tinygrad_i2dl.missing import MODULES

# None of these may be loaded by the import: they are optional, slow to import, or needed on first use only.
NOT_AT_IMPORT = (
    "PIL",
    "cupy",
    "hypothesis",
    "matplotlib",
    "ml_dtypes",
    "numba",
    "pandas",
    "pytest",
    "safetensors",
    "scipy",
    "sklearn",
    "tensorboardX",
    "torch",
    "tqdm",
)

SNAPSHOT = textwrap.dedent(
    """
    import builtins, contextlib, decimal, faulthandler, gc, io, json, locale, logging, multiprocessing, os, random
    import signal, sys, threading, types, warnings
    import numpy
    import threadpoolctl

    def public_numpy():
        # NumPy loads some of its submodules on first use: that is no change. A replaced or added function is.
        return {name: id(value) for name, value in vars(numpy).items() if not isinstance(value, types.ModuleType)}

    def snapshot():
        return {
            "numpy error state": numpy.geterr(),
            "numpy error callback": repr(numpy.geterrcall()),
            "numpy buffer size": numpy.getbufsize(),
            "numpy print options": {name: repr(value) for name, value in numpy.get_printoptions().items()},
            "numpy random state": [numpy.random.get_state()[0], numpy.random.get_state()[1].tolist()],
            "numpy memory handler": numpy._core.multiarray.get_handler_name(),
            "numpy names": public_numpy(),
            "numpy ndarray": sorted(vars(numpy.ndarray)),
            "random state": repr(random.getstate()),
            "warnings": [repr(rule) for rule in warnings.filters] + [repr(warnings.showwarning)],
            "environment": dict(os.environ),
            "working folder": os.getcwd(),
            "search path": list(sys.path),
            "import hooks": [repr(sys.meta_path), repr(sys.path_hooks)],
            "builtins": {name: id(value) for name, value in vars(builtins).items()},
            "hooks": [repr(hook) for hook in (sys.excepthook, sys.displayhook, threading.excepthook, sys.gettrace())],
            "recursion limit": sys.getrecursionlimit(),
            "switch interval": sys.getswitchinterval(),
            "garbage collector": [gc.isenabled(), gc.get_threshold(), gc.get_debug(), len(gc.callbacks)],
            "threads": [thread.name for thread in threading.enumerate()],
            "start method": multiprocessing.get_start_method(allow_none=True),
            "signal handlers": [repr(signal.getsignal(number)) for number in signal.valid_signals()],
            "logging": [len(logging.root.handlers), logging.root.level, logging.raiseExceptions],
            "locale": locale.setlocale(locale.LC_ALL),
            "decimal": repr(decimal.getcontext()),
            "faulthandler": faulthandler.is_enabled(),
            "streams": [id(sys.stdin), id(sys.stdout), id(sys.stderr)],
            "BLAS and OpenMP threads": [
                (pool["filepath"], pool["num_threads"])
                for pool in threadpoolctl.threadpool_info()
                if pool["filepath"] in known_pools
            ],
        }

    known_pools = [pool["filepath"] for pool in threadpoolctl.threadpool_info()]
    """
)


def run_python(script: str) -> subprocess.CompletedProcess[str]:
    """Run ``script`` in a fresh interpreter that turns every warning into an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_import_prints_nothing_and_warns_of_nothing() -> None:
    done = run_python(f"import {PACKAGE}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_import_changes_no_global_state() -> None:
    # The first snapshot is taken twice, so that whatever taking it changes is not blamed on the import.
    done = run_python(
        SNAPSHOT
        + textwrap.dedent(
            f"""
            snapshot()
            before = snapshot()
            import {PACKAGE}
            after = snapshot()
            print(json.dumps([name for name in before if before[name] != after[name]]))
            """
        )
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ("numpy.seterr(all='ignore')", "numpy error state"),
        ("numpy.set_printoptions(precision=4)", "numpy print options"),
        ("numpy.random.rand()", "numpy random state"),
        ("numpy.own = lambda: 0", "numpy names"),
        ("random.random()", "random state"),
        ("warnings.simplefilter('ignore')", "warnings"),
        ("os.environ['OMP_NUM_THREADS'] = '3'", "environment"),
        ("sys.setrecursionlimit(9999)", "recursion limit"),
        (
            "threadpoolctl.threadpool_limits(1 + (threadpoolctl.threadpool_info()[0]['num_threads'] == 1))",
            "BLAS and OpenMP threads",
        ),
    ],
)
def test_the_snapshot_notices_a_change(change: str, noticed: str) -> None:
    script = SNAPSHOT + f"snapshot()\nbefore = snapshot()\nlimits = {change}\nafter = snapshot()\n"
    done = run_python(script + "print(json.dumps([name for name in before if before[name] != after[name]]))")
    assert done.returncode == 0, done.stderr
    assert noticed in json.loads(done.stdout)


def test_import_loads_no_optional_library() -> None:
    done = run_python(
        f"import json, sys, {PACKAGE}; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    assert done.returncode == 0, done.stderr
    assert not set(NOT_AT_IMPORT) & set(json.loads(done.stdout))


def test_every_public_submodule_is_an_attribute_without_being_imported_first() -> None:
    known = MODULES | {"vision", "safetensors"}
    paths = [name.partition(".")[2] for name in modules()]
    public = [path for path in paths if path and set(path.split(".")) <= known]
    assert {"vision.transforms.v2", "utils.data", "nn.utils", "optim.lr_scheduler"} <= set(public)
    done = run_python(
        f"import functools, {PACKAGE}\n"
        f"for path in {public}:\n"
        f"    module = functools.reduce(getattr, path.split('.'), {PACKAGE})\n"
        f"    print(getattr(module, '__name__', None) == '{PACKAGE}.' + path, path)"
    )
    assert done.returncode == 0, done.stderr
    found = done.stdout.splitlines()
    assert len(found) == len(public)
    assert not [line for line in found if line.startswith("False")]
