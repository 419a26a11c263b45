"""Data loading and tools (PyTorch's ``torch.utils``)."""

from ..missing import missing_name
from . import checkpoint as checkpoint
from . import data as data
from . import tensorboard as tensorboard

__getattr__ = missing_name("torch.utils", lambda: globals())
