"""Layer, group and local response normalization, by PyTorch's path ``torch.nn.modules.normalization``."""

from ..normalization import CrossMapLRN2d as CrossMapLRN2d
from ..normalization import GroupNorm as GroupNorm
from ..normalization import LayerNorm as LayerNorm
from ..normalization import LocalResponseNorm as LocalResponseNorm
from ..normalization import RMSNorm as RMSNorm
