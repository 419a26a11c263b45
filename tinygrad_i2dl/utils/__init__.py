"""Data loading and tools (PyTorch's ``torch.utils``)."""

from . import checkpoint as checkpoint
from . import data as data
