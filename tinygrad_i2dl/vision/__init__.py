"""Image data and transforms (torchvision's names)."""

from .idx import read_idx as read_idx
