"""Whether Numba is installed; asking does not import it."""

from __future__ import annotations

import functools
import importlib.util


@functools.cache
def reason() -> str | None:
    """Why the kernels here cannot be used, with the line that installs what is missing; None if they can.

    >>> import importlib.util
    >>> (reason() is None) == (importlib.util.find_spec("numba") is not None)
    True
    """
    try:
        found = importlib.util.find_spec("numba") is not None
    except ImportError:  # an import hook that forbids it
        found = False
    return None if found else 'Numba is not installed: pip install "tinygrad_i2dl[numba]"'
