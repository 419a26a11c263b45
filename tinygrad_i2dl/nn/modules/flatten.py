"""Reshaping, by PyTorch's path ``torch.nn.modules.flatten``."""

from ..flatten import Flatten as Flatten
from ..flatten import Unflatten as Unflatten
