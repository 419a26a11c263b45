"""Affine layers, by PyTorch's path ``torch.nn.modules.linear``."""

from ..linear import Bilinear as Bilinear
from ..linear import Identity as Identity
from ..linear import LazyLinear as LazyLinear
from ..linear import Linear as Linear
from ..linear import NonDynamicallyQuantizableLinear as NonDynamicallyQuantizableLinear
