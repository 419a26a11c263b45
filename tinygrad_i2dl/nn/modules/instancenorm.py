"""Instance normalization, by PyTorch's path ``torch.nn.modules.instancenorm``."""

from ..instance_normalization import InstanceNorm1d as InstanceNorm1d
from ..instance_normalization import InstanceNorm2d as InstanceNorm2d
from ..instance_normalization import InstanceNorm3d as InstanceNorm3d
from ..instance_normalization import LazyInstanceNorm1d as LazyInstanceNorm1d
from ..instance_normalization import LazyInstanceNorm2d as LazyInstanceNorm2d
from ..instance_normalization import LazyInstanceNorm3d as LazyInstanceNorm3d
from ..instance_normalization import _InstanceNorm as _InstanceNorm
