"""Batch normalization, by PyTorch's path ``torch.nn.modules.batchnorm``."""

from ..batch_normalization import BatchNorm1d as BatchNorm1d
from ..batch_normalization import BatchNorm2d as BatchNorm2d
from ..batch_normalization import BatchNorm3d as BatchNorm3d
from ..batch_normalization import LazyBatchNorm1d as LazyBatchNorm1d
from ..batch_normalization import LazyBatchNorm2d as LazyBatchNorm2d
from ..batch_normalization import LazyBatchNorm3d as LazyBatchNorm3d
from ..batch_normalization import SyncBatchNorm as SyncBatchNorm
from ..batch_normalization import _BatchNorm as _BatchNorm
from ..batch_normalization import _NormBase as _NormBase
