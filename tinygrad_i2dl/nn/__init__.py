"""Layers, losses and what belongs to them (PyTorch's ``torch.nn``)."""

from .module import Module as Module
from .module import Parameter as Parameter
