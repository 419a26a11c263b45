"""Functions of tensors under the names of ``torch.functional``; all of them are in ``torch`` itself too."""

from __future__ import annotations

from .missing import missing_name
from .ops.contraction import einsum as einsum
from .ops.contraction import tensordot as tensordot
from .ops.indexing import unravel_index as unravel_index
from .ops.linalg import chain_matmul as chain_matmul
from .ops.movement import atleast_1d as atleast_1d
from .ops.movement import atleast_2d as atleast_2d
from .ops.movement import atleast_3d as atleast_3d
from .ops.movement import block_diag as block_diag
from .ops.movement import broadcast_shapes as broadcast_shapes
from .ops.movement import broadcast_tensors as broadcast_tensors
from .ops.movement import cartesian_prod as cartesian_prod
from .ops.movement import meshgrid as meshgrid
from .ops.movement import split as split
from .ops.norm import cdist as cdist
from .ops.norm import norm as norm
from .ops.sorting import unique as unique
from .ops.sorting import unique_consecutive as unique_consecutive

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors",
    "cartesian_prod", "cdist", "chain_matmul", "einsum", "meshgrid", "norm", "split", "tensordot", "unique",
    "unique_consecutive", "unravel_index",
]  # fmt: skip

__getattr__ = missing_name("torch.functional", lambda: globals())
