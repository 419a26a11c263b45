"""Sizes repeated per dimension, by PyTorch's path ``torch.nn.modules.utils``."""

from ..convolution import _pair as _pair
from ..convolution import _single as _single
from ..convolution import _triple as _triple
