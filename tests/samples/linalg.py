"""Samples of matrix products and linear algebra."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, raises, sample, symmetric

# ---------------------------------------------------------------- products

sample(
    "matmul",
    lambda make: [
        case(make(2, 3), make(3, 4)),
        case(make(3), make(3)),
        case(make(3), make(3, 2)),
        case(make(5, 2, 3), make(3)),
        case(make(5, 2, 3), make(3, 4)),
        case(make(5, 1, 2, 3), make(4, 3, 2)),
        case(make(3, 2).T, make(4, 3).T),
        case(make(2, 0), make(0, 3)),
    ],
    oracle="torch.matmul",
    errors=[
        raises(RuntimeError, r"\(2, 3\) and \(2, 3\) cannot be multiplied", array(2, 3), array(2, 3)),
        raises(RuntimeError, "one dtype, got float64 and float32", array(2, 3), array(3, 2, dtype="float32")),
        raises(RuntimeError, "at least one dimension", array(), array(3)),
    ],
)
sample(
    "mm",
    lambda make: [case(make(2, 3), make(3, 4)), case(make(3, 2).T, make(4, 3).T)],
    oracle="torch.mm",
    errors=[
        raises(RuntimeError, r"needs 2 dimension\(s\), got shape \(3,\)", array(2, 3), array(3)),
        raises(RuntimeError, r"\(2, 3\) and \(2, 3\)", array(2, 3), array(2, 3)),
    ],
)
sample(
    "bmm",
    lambda make: [case(make(5, 2, 3), make(5, 3, 4)), case(make(0, 2, 3), make(0, 3, 4))],
    oracle="torch.bmm",
    errors=[raises(RuntimeError, "same number of matrices", array(2, 2, 3), array(3, 3, 2))],
)
sample("mv", lambda make: [case(make(2, 3), make(3))], oracle="torch.mv")
sample(
    "dot",
    lambda make: [case(make(3), make(3)), case(make(0), make(0))],
    oracle="torch.dot",
    errors=[raises(RuntimeError, "cannot be multiplied", array(3), array(4))],
)
sample("vdot", lambda make: [case(make(3), make(3))], oracle="torch.vdot")
for _name in ("outer", "ger"):
    sample(_name, lambda make: [case(make(3), make(2))], oracle=f"torch.{_name}")
sample(
    "inner",
    lambda make: [case(make(2, 3), make(4, 5, 3)), case(make(3), make(3)), case(make(), make(2))],
    oracle="torch.inner",
)


def _plus(first: tuple[int, ...], *others: tuple[int, ...]) -> Any:
    return lambda make: [
        case(make(*first), *[make(*each) for each in others]),
        case(make(1), *[make(*each) for each in others], beta=0.5, alpha=-2.0),
        case(make(*first), *[make(*each) for each in others], beta=0),
    ]


sample(
    "addmm",
    _plus((2, 4), (2, 3), (3, 4)),
    oracle="torch.addmm",
    errors=[raises(RuntimeError, "does not broadcast", array(3), array(2, 3), array(3, 4))],
)
sample("addmv", _plus((2,), (2, 3), (3,)), oracle="torch.addmv")
sample("addr", _plus((2, 3), (2,), (3,)), oracle="torch.addr")
sample("baddbmm", _plus((5, 2, 4), (5, 2, 3), (5, 3, 4)), oracle="torch.baddbmm")
sample("addbmm", _plus((2, 4), (5, 2, 3), (5, 3, 4)), oracle="torch.addbmm")
sample("chain_matmul", lambda make: [case(make(2, 3), make(3, 4), make(4, 1))], oracle="torch.chain_matmul")
sample(
    "linalg.multi_dot",
    lambda make: [case([make(2, 3), make(3, 4), make(4, 1)]), case([make(3), make(3, 4), make(4)])],
    oracle="torch.linalg.multi_dot",
    errors=[raises(RuntimeError, "cannot be multiplied", [array(2, 3), array(2, 3)])],
)
sample(
    "nn.functional.linear",
    lambda make: [
        case(make(2, 3), make(4, 3), make(4)),
        case(make(5, 2, 3), make(4, 3)),
        case(make(3), make(4, 3), make(4)),
        case(make(2, 3), make(3)),
        case(make(0, 3), make(4, 3), make(4)),
    ],
    oracle="torch.nn.functional.linear",
    errors=[
        raises(RuntimeError, r"input of shape \(2, 3\), weight \(4, 2\)", array(2, 3), array(4, 2)),
        raises(RuntimeError, "one dtype", array(2, 3), array(4, 3, dtype="float32")),
    ],
)
sample(
    "einsum",
    lambda make: [
        case("ij,jk->ik", make(2, 3), make(3, 4)),
        case("ij,jk", make(2, 3), make(3, 4)),
        case("bij,bjk->bik", make(5, 2, 3), make(5, 3, 4)),
        case("ii->i", make(3, 3)),
        case("ii", make(3, 3)),
        case("ij->ji", make(2, 3)),
        case("i,j,k->kji", make(2), make(3), make(4)),
        case("...ij,...jk->...ik", make(5, 1, 2, 3), make(4, 3, 2)),
        case("bhqd,bhkd->bhqk", make(2, 2, 3, 4), make(2, 2, 5, 4)),
        case("ij,ij->", make(2, 3), make(2, 3)),
        case("i...,i...->...", make(3, 2), make(3, 2)),
        case("bn,anm,bm->ba", make(2, 3), make(4, 3, 5), make(2, 5)),
    ],
    oracle="torch.einsum",
    errors=[
        raises(RuntimeError, "names 2 tensors, got 1", "ij,jk->ik", array(2, 3)),
        raises(RuntimeError, "does not fit a tensor of shape", "ijk->i", array(2, 3)),
        raises(RuntimeError, "has sizes 3 and 4", "i,i->i", array(3), array(4)),
        raises(RuntimeError, "in none of the inputs", "i->j", array(3)),
    ],
)
sample(
    "tensordot",
    lambda make: [
        case(make(2, 3, 4), make(3, 4, 5), 2),
        case(make(2, 3, 4), make(4, 2), dims=([0, 2], [1, 0])),
        case(make(2), make(3), 0),
    ],
    oracle="torch.tensordot",
    errors=[raises(RuntimeError, "differ in size", array(2, 3), array(2, 3), 1)],
)
sample("kron", lambda make: [case(make(2, 3), make(3, 2)), case(make(2), make(2, 2))], oracle="torch.kron")
sample(
    "cross",
    lambda make: [case(make(2, 3), make(2, 3), 1), case(make(3, 2), make(3, 2)), case(make(1, 3), make(2, 3), -1)],
    oracle="torch.cross",
    errors=[raises(RuntimeError, "size 3", array(2, 2), array(2, 2))],
)
sample("linalg.cross", lambda make: [case(make(2, 3), make(1, 3))], oracle="torch.linalg.cross")
sample(
    "linalg.vecdot",
    lambda make: [case(make(2, 3), make(3)), case(make(2, 3), make(2, 3), dim=0)],
    oracle="torch.linalg.vecdot",
)
sample(
    "trace",
    lambda make: [case(make(3, 4))],
    oracle="torch.trace",
    errors=[raises(RuntimeError, "2 dimension", array(3))],
)
sample("linalg.vander", lambda make: [case(make(3)), case(make(2, 3), N=4)], oracle="torch.linalg.vander")

# ---------------------------------------------------------------- norms and distances

sample(
    "norm",
    lambda make: [
        case(make(2, 3)),
        case(make(2, 3), 1),
        case(make(2, 3), 3.5, 1),
        case(make(2, 3), float("inf"), 0, True),
        case(make(2, 3), "fro", (0, 1)),
        case(make(3, 2), "nuc"),
    ],
    oracle="torch.norm",
    errors=[raises(RuntimeError, "'fro' or 'nuc'", array(3), "no")],
)
sample(
    "linalg.vector_norm",
    lambda make: (
        [
            case(make(2, 3), order, dim, keepdim)
            for order, dim, keepdim in (
                (2, None, False),
                (1, 0, True),
                (-2.5, 1, False),
                (float("inf"), None, False),
                (-float("inf"), 1, False),
            )
        ]
        + [case(make(3), 0.5)]
    ),
    oracle="torch.linalg.vector_norm",
)
sample(
    "linalg.matrix_norm",
    lambda make: (
        [case(make(4, 2, 3), order) for order in ("fro", "nuc", 2, -2, 1, -1, float("inf"), -float("inf"))]
        + [case(make(2, 3, 4), 1, (0, 2), True)]
    ),
    oracle="torch.linalg.matrix_norm",
    errors=[raises(RuntimeError, "must differ", array(2, 2), "fro", (0, 0))],
)
sample(
    "linalg.norm",
    lambda make: [case(make(2, 3)), case(make(2, 3), 1), case(make(3), 3), case(make(2, 3), 2, 1)],
    oracle="torch.linalg.norm",
)
sample(
    "cdist",
    lambda make: [
        case(make(3, 2), make(4, 2)),
        case(make(5, 3, 2), make(1, 4, 2), p=1.0),
        case(make(3, 2), make(4, 2), p=3.0),
    ],
    oracle="torch.cdist",
    errors=[raises(RuntimeError, "as many coordinates", array(3, 2), array(3, 3))],
)

# ---------------------------------------------------------------- determinants, solutions, factorisations


def _regular(make: Any, *batch: int, size: int = 3) -> Any:
    """Well-conditioned square matrices."""
    return make(*batch, size, size) + 3 * numpy.eye(size)


def _definite(make: Any, *batch: int, size: int = 3) -> Any:
    """Symmetric positive-definite matrices with distinct eigenvalues."""
    factor = make(*batch, size, size)
    return factor @ factor.swapaxes(-1, -2) + numpy.diag(numpy.arange(1.0, size + 1))


for _name in ("det", "linalg.det", "inverse", "linalg.inv", "logdet", "slogdet", "linalg.slogdet", "matrix_exp"):
    sample(
        _name,
        lambda make: [case(_regular(make)), case(_regular(make, 2, size=2)), case(_regular(make, size=1))],
        oracle=f"torch.{_name}",
        errors=[raises(RuntimeError, "square", array(2, 3))],
    )
sample(
    "linalg.matrix_power",
    lambda make: [case(_regular(make), n) for n in (0, 1, 3, -2)],
    oracle="torch.linalg.matrix_power",
)
sample(
    "linalg.solve",
    lambda make: [
        case(_regular(make), make(3, 2)),
        case(_regular(make, 2), make(2, 3)),
        case(_regular(make), make(2, 3), left=False),
    ],
    oracle="torch.linalg.solve",
    errors=[
        raises(RuntimeError, "do not fit", array(3, 3), array(2, 2)),
        raises(RuntimeError, "[Ss]ingular", array(2, 2), array(2, 1)),
    ],
)
sample(
    "linalg.solve_triangular",
    lambda make: [
        case(_regular(make), make(3, 2), upper=True),
        case(_regular(make), make(2, 3), upper=False, left=False),
        case(_regular(make), make(3, 2), upper=True, unitriangular=True),
    ],
    oracle="torch.linalg.solve_triangular",
)
sample(
    "triangular_solve",
    lambda make: [case(make(3, 2), _regular(make)), case(make(3, 2), _regular(make), False, True)],
    oracle="torch.triangular_solve",
)


sample(
    "linalg.cholesky",
    lambda make: [case(_definite(make)), case(_definite(make, 2), upper=True)],
    oracle="torch.linalg.cholesky",
    through=symmetric,
    errors=[raises(RuntimeError, "positive definite", -numpy.eye(2))],
)
sample(
    "cholesky_solve",
    lambda make: [case(make(3, 2), numpy.linalg.cholesky(_definite(make)))],
    oracle="torch.cholesky_solve",
)
sample(
    "linalg.eigvalsh",
    lambda make: [case(_definite(make)), case(_definite(make, 2), UPLO="U")],
    oracle="torch.linalg.eigvalsh",
    through=symmetric,
)
sample(
    "linalg.eigh",
    lambda make: [case(_definite(make)), case(_definite(make, 2), UPLO="U")],
    oracle="torch.linalg.eigh",
    through=symmetric,
    determined=lambda found: (found[0], found[1] * found[1]),
    errors=[
        raises(RuntimeError, "square", array(2, 3)),
        raises(RuntimeError, "UPLO", array(2, 2), UPLO="X"),
    ],
)
sample(
    "cholesky",
    lambda make: [case(_definite(make)), case(_definite(make, 2), True)],
    oracle="torch.cholesky",
    through=symmetric,
)
sample(
    "cholesky_inverse",
    lambda make: [case(numpy.linalg.cholesky(_definite(make))), case(numpy.linalg.cholesky(_definite(make)).T, True)],
    oracle="torch.cholesky_inverse",
)
sample(
    "linalg.qr",
    lambda make: [case(make(3, 3)), case(make(2, 4, 3)), case(make(3, 3), "complete")],
    oracle="torch.linalg.qr",
    errors=[
        raises(RuntimeError, "at least two dimensions", array(2)),
        raises(RuntimeError, "'reduced', 'complete' or 'r'", array(2, 2), "no"),
    ],
)
sample("qr", lambda make: [case(make(3, 3)), case(make(4, 3), True)], oracle="torch.qr")
sample(
    "linalg.svd",
    lambda make: [case(make(3, 3)), case(make(2, 4, 3), full_matrices=False), case(make(2, 3), False)],
    oracle="torch.linalg.svd",
    determined=lambda found: (found[0] * found[0], found[1], found[2] * found[2]),
    errors=[raises(RuntimeError, "at least two dimensions", array(2))],
)
sample(
    "svd",
    lambda make: [case(make(3, 3)), case(make(4, 3))],
    oracle="torch.svd",
    determined=lambda found: (found[0] * found[0], found[1], found[2] * found[2]),
)
sample(
    "linalg.lstsq",
    lambda make: [case(make(4, 3), make(4, 2)), case(make(2, 3, 3) + 3 * numpy.eye(3), make(2, 3, 1))],
    oracle="torch.linalg.lstsq",
    errors=[
        raises(RuntimeError, "driver", array(3, 2), array(3, 1), driver="no"),
        raises(RuntimeError, "do not fit", array(3, 2), array(2, 1)),
    ],
)
sample("pinverse", lambda make: [case(make(3, 2)), case(make(2, 3))], oracle="torch.pinverse")
sample(
    "frobenius_norm",
    lambda make: [case(make(2, 3), (0, 1)), case(make(2, 3), 1, True)],
    oracle=lambda input, dim, keepdim=False: numpy.sqrt((input**2).sum(axis=dim, keepdims=keepdim)),
)
sample("linalg.svdvals", lambda make: [case(make(3, 2)), case(make(2, 2, 4))], oracle="torch.linalg.svdvals")
sample(
    "linalg.pinv",
    lambda make: [case(make(3, 2)), case(make(2, 2, 4)), case(_regular(make))],
    oracle="torch.linalg.pinv",
)
sample(
    "linalg.matrix_rank",
    lambda make: [case(make(3, 2)), case(numpy.ones((3, 3))), case(_definite(make), hermitian=True)],
    oracle="torch.linalg.matrix_rank",
    gradient=False,
)
sample("linalg.cond", lambda make: [case(_regular(make)), case(_regular(make), 1)], oracle="torch.linalg.cond")
sample("linalg.diagonal", lambda make: [case(make(2, 3, 4), offset=1)], oracle="torch.linalg.diagonal")
