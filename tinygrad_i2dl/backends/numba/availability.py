"""Whether Numba can be used; asking does not import it."""

from __future__ import annotations

import functools
import importlib.util
import os


@functools.cache
def reason() -> str | None:
    """Why the kernels here cannot be used, with the line that installs what is missing; None if they can.

    >>> reason() is None or "Numba" in reason()
    True
    """
    try:
        found = importlib.util.find_spec("numba") is not None
    except ImportError:  # an import hook that forbids it
        found = False
    if not found:
        return 'Numba is not installed: pip install "tinygrad_i2dl[numba]"'
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return "Numba compiles nothing: unset the environment variable NUMBA_DISABLE_JIT"
    return None
