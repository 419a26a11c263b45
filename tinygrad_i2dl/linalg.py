"""Linear algebra: norms, solutions, factorisations and functions of matrices.

>>> import tinygrad_i2dl as torch
>>> torch.linalg.norm(torch.tensor([3.0, 4.0]))
tensor(5.)
"""

from __future__ import annotations

from .missing import missing_name
from .ops.contraction import cross_of as cross
from .ops.contraction import vecdot as vecdot
from .ops.factorization import LinAlgError as LinAlgError
from .ops.factorization import cholesky_of as cholesky
from .ops.factorization import det as det
from .ops.factorization import diagonal_of as diagonal
from .ops.factorization import eigh as eigh
from .ops.factorization import eigvalsh as eigvalsh
from .ops.factorization import inv as inv
from .ops.factorization import lstsq as lstsq
from .ops.factorization import matrix_exp as matrix_exp
from .ops.factorization import matrix_power as matrix_power
from .ops.factorization import matrix_rank as matrix_rank
from .ops.factorization import pinv as pinv
from .ops.factorization import qr_of as qr
from .ops.factorization import slogdet as slogdet
from .ops.factorization import solve as solve
from .ops.factorization import solve_triangular as solve_triangular
from .ops.factorization import svd_of as svd
from .ops.factorization import svdvals as svdvals
from .ops.factorization import vander as vander
from .ops.linalg import matmul as matmul
from .ops.linalg import multi_dot as multi_dot
from .ops.norm import cond as cond
from .ops.norm import matrix_norm as matrix_norm
from .ops.norm import norm_of as norm
from .ops.norm import vector_norm as vector_norm

__all__ = [
    "LinAlgError", "cholesky", "cond", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "lstsq", "matmul",
    "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve",
    "solve_triangular", "svd", "svdvals", "vander", "vecdot", "vector_norm",
]  # fmt: skip

__getattr__ = missing_name("torch.linalg", lambda: globals())
