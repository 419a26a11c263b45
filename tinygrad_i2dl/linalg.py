"""Linear algebra: norms, solutions, factorisations and functions of matrices.

>>> import tinygrad_i2dl as torch
>>> torch.linalg.norm(torch.tensor([3.0, 4.0]))
tensor(5.)
"""

from __future__ import annotations

from .missing import missing_name
from .ops.linalg import LinAlgError as LinAlgError
from .ops.linalg import cholesky_of as cholesky
from .ops.linalg import cond as cond
from .ops.linalg import cross_of as cross
from .ops.linalg import det as det
from .ops.linalg import diagonal_of as diagonal
from .ops.linalg import eigh as eigh
from .ops.linalg import eigvalsh as eigvalsh
from .ops.linalg import inv as inv
from .ops.linalg import lstsq as lstsq
from .ops.linalg import matmul as matmul
from .ops.linalg import matrix_exp as matrix_exp
from .ops.linalg import matrix_norm as matrix_norm
from .ops.linalg import matrix_power as matrix_power
from .ops.linalg import matrix_rank as matrix_rank
from .ops.linalg import multi_dot as multi_dot
from .ops.linalg import norm_of as norm
from .ops.linalg import pinv as pinv
from .ops.linalg import qr_of as qr
from .ops.linalg import slogdet as slogdet
from .ops.linalg import solve as solve
from .ops.linalg import solve_triangular as solve_triangular
from .ops.linalg import svd_of as svd
from .ops.linalg import svdvals as svdvals
from .ops.linalg import vander as vander
from .ops.linalg import vecdot as vecdot
from .ops.linalg import vector_norm as vector_norm

__all__ = [
    "LinAlgError", "cholesky", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "lstsq", "matmul",
    "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve",
    "solve_triangular", "svd", "svdvals", "vander", "vecdot", "vector_norm",
]  # fmt: skip

__getattr__ = missing_name("torch.linalg", lambda: globals())
