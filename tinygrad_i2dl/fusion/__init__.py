"""Elementwise functions of tensors as one loop, forward and backward; see README.md."""

from .decorator import Fused as Fused
from .decorator import fuse as fuse
