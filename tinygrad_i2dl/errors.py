"""Errors that carry what was expected, what came and what to do.

Each class derives from the class that PyTorch raises in the same place, so that ``except RuntimeError`` in existing
code keeps working.
"""

from __future__ import annotations

__all__ = [
    "DeviceError", "DtypeError", "GraphError", "MissingNameError", "NonFiniteError", "ShapeError", "UndefinedError",
]  # fmt: skip


class ShapeError(RuntimeError):
    """Shapes that do not fit together."""


class DtypeError(RuntimeError):
    """A dtype that an operation cannot work with, or a cast that would lose information silently."""


class UndefinedError(DtypeError, NotImplementedError):
    """A dtype that an operation is not defined for."""


class DeviceError(RuntimeError):
    """Tensors on different devices, or a device that this machine does not offer."""


class GraphError(RuntimeError):
    """A backward pass that the recorded graph cannot serve."""


class NonFiniteError(RuntimeError):
    """A NaN or an infinity found by anomaly detection."""


class MissingNameError(AttributeError):
    """A name that PyTorch has and this library does not."""
