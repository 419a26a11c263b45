"""Pixel shuffle, by PyTorch's path ``torch.nn.modules.pixelshuffle``."""

from ..pixel_shuffle import PixelShuffle as PixelShuffle
from ..pixel_shuffle import PixelUnshuffle as PixelUnshuffle
