"""What operations attach to Tensor.

The class is empty here: every operation in `ops` attaches its methods when it is defined. `operations.pyi`, written by
tools/generate_stubs.py from the live class, tells editors and mypy what it then holds.
"""

from __future__ import annotations

__all__ = ["Operations"]


class Operations:
    """Where operations attach their methods. Empty on purpose."""

    __slots__ = ()
