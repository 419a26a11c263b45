"""Determinants, solutions, factorisations and functions of matrices.

Gradients follow Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008), and Townsend, "Differentiating the singular value decomposition" (2016), where no other source is named.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..errors import ShapeError
from ..tensors import Operations, Tensor, make
from ._define import as_array, composite, named_result, primitive
from .comparison import choose
from .linalg import matrix_product, swapped
from .movement import (
    cast,
    cat,
    clone,
    diag_embed,
    diagonal,
    expand_view,
    narrow_view,
    reshape_to,
    stack,
    tril,
    triu,
    unsqueeze,
)
from .placement import beside, on_host
from .reduction import sum_over

__all__ = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "det", "inverse", "logdet", "matrix_exp", "matrix_power",
    "pinverse", "qr", "slogdet", "svd", "triangular_solve",
]  # fmt: skip


Array = Any
Shape = tuple[int, ...]


# ---------------------------------------------------------------- determinant and inverse


def check_square(name: str, A: Any) -> None:
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"{name}() needs square matrices (..., n, n), got shape {tuple(A.shape)}")
    if (A._array if isinstance(A, Tensor) else A).dtype.kind in "iub":
        raise RuntimeError(f"{name}() needs floating-point elements, got {A.dtype}: convert with .float()")


def _refused(name: str, error: Exception) -> Exception:
    """What LAPACK's refusal becomes (numpy.linalg.LinAlgError is a ValueError, PyTorch's is a RuntimeError)."""
    return LinAlgError(f"linalg.{name}(): {error}")


class LinAlgError(RuntimeError):
    """A matrix that an algorithm cannot work with, such as a singular one."""


@primitive("input")
def matrix_inverse(xp: Any, input: Any) -> Any:
    """Inverses of square matrices."""
    try:
        return xp.linalg.inv(input)
    except numpy.linalg.LinAlgError as error:
        raise _refused("inv", error) from error


matrix_inverse.op.title = "LinalgInvExBackward0"


@matrix_inverse.gradient
def _(g: Any, out: Any) -> Any:
    return -matrix_product(swapped(out), matrix_product(g, swapped(out)))  # Giles 2008, section 2.2.3


@composite
def inv(A: Any) -> Any:
    """Inverses of square matrices ``(..., n, n)``.

    Raises:
        RuntimeError: a matrix is not square or has no inverse.
    """
    check_square("linalg.inv", A)
    return matrix_inverse(A)


def _inverse_function(input: Any) -> Any:
    """Inverses of square matrices ``(..., n, n)``."""
    return inv(input)


_inverse_function.__name__ = _inverse_function.__qualname__ = "inverse"
inverse = composite(_inverse_function, method=True)


@primitive("input", outputs=("sign", "logabsdet"))
def sign_and_log_determinant(xp: Any, input: Any) -> Any:
    """Sign and logarithm of the magnitude of determinants."""
    return tuple(xp.linalg.slogdet(input))


sign_and_log_determinant.op.title = "LinalgSlogdetBackward0"


@sign_and_log_determinant.gradient
def _(g: Any, input: Any) -> Any:
    return reshape_to(g[1], (*g[1].shape, 1, 1)) * swapped(matrix_inverse(input))  # Giles 2008, section 2.2.4


_SLOGDET = named_result("slogdet", "sign", "logabsdet")


@composite(method=True)
def slogdet(A: Any) -> Any:
    """Sign and logarithm of the magnitude of determinants: a named tuple ``(sign, logabsdet)``."""
    check_square("linalg.slogdet", A)
    return _SLOGDET(*sign_and_log_determinant(A))


@composite(method=True)
def logdet(input: Any) -> Any:
    """Logarithm of determinants; NaN where one is negative, minus infinity where it is zero."""
    check_square("logdet", input)
    result = sign_and_log_determinant(input)
    return choose(result.sign == -1, math.nan, result.logabsdet)


@primitive("input")
def determinant(xp: Any, input: Any) -> Any:
    """Determinants of square matrices."""
    return xp.linalg.det(input)


determinant.op.title = "LinalgDetBackward0"


@determinant.gradient
def _(g: Any, input: Any, out: Any) -> Any:
    return reshape_to(g, (*out.shape, 1, 1)) * cofactors(input)


def cofactors(input: Any) -> Any:
    """Gradients of determinants: ``det(A) * inv(A).T``, and by minors where a matrix is singular."""
    array = input._array if isinstance(input, Tensor) else input
    if not array.size:
        return input * 0
    with numpy.errstate(all="ignore"):
        values = namespace_of(type(array)).linalg.svd(array.astype(numpy.float64), compute_uv=False)
    if (values[..., -1] > values[..., 0] * 1e-10).all():
        out = determinant(input)
        return reshape_to(out, (*out.shape, 1, 1)) * swapped(matrix_inverse(input))
    size = array.shape[-1]
    if size == 1:
        return input * 0 + 1
    rows = []
    for i in range(size):  # singular matrices are rare: n * n smaller determinants
        row = []
        for j in range(size):
            minor = _without(_without(input, i, -2), j, -1)
            row.append(determinant(minor) * (-1.0) ** (i + j))
        rows.append(stack(row, -1) if isinstance(row[0], Tensor) else namespace_of(type(array)).stack(row, -1))
    return stack(rows, -2) if isinstance(rows[0], Tensor) else namespace_of(type(array)).stack(rows, -2)


def _without(matrix: Any, place: int, dim: int) -> Any:
    dim += len(matrix.shape)
    size = matrix.shape[dim]
    parts = [narrow_view(matrix, dim, 0, place), narrow_view(matrix, dim, place + 1, size)]
    return cat(parts, dim) if isinstance(matrix, Tensor) else namespace_of(type(matrix)).concatenate(parts, dim)


@composite(method=True)
def det(A: Any) -> Any:
    """Determinants of square matrices ``(..., n, n)``.

    >>> import tinygrad_i2dl as torch
    >>> torch.det(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2.)
    """
    check_square("linalg.det", A)
    return determinant(A)


@primitive("A", "B")
def solve_matrices(xp: Any, A: Any, B: Any) -> Any:
    """Solutions X of ``A @ X = B`` for stacks of matrices."""
    try:
        return xp.linalg.solve(A, B)
    except numpy.linalg.LinAlgError as error:
        raise _refused("solve", error) from error


solve_matrices.op.title = "LinalgSolveExBackward0"


@solve_matrices.gradient
def _(g: Any, needs: tuple[bool, ...], A: Any, out: Any) -> Any:
    of_right = solve_matrices(swapped(A), g)
    return -matrix_product(of_right, swapped(out)) if needs[0] else None, of_right


@composite
def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """Solution X of ``A @ X = B`` (or ``X @ A = B`` if not `left`) for square matrices; B may hold vectors.

    Raises:
        RuntimeError: the shapes do not fit, or a matrix has no inverse.
    """
    check_square("linalg.solve", A)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    if vector and not left:
        raise RuntimeError("linalg.solve(left=False) needs matrices on the right-hand side, not vectors")
    right = unsqueeze(B, -1) if vector else B
    if A.dtype != B.dtype:
        raise RuntimeError(f"linalg.solve() needs one dtype, got {A.dtype} and {B.dtype}")
    if right.shape[-2 if left else -1] != A.shape[-1]:
        raise RuntimeError(f"linalg.solve(): shapes {tuple(A.shape)} and {tuple(B.shape)} do not fit")
    matrix = A
    if not left:
        matrix, right = swapped(A), swapped(right)
    batch = _common("linalg.solve", matrix.shape[:-2], right.shape[:-2])
    matrix, right = expand_view(matrix, (*batch, *matrix.shape[-2:])), expand_view(right, (*batch, *right.shape[-2:]))
    result = solve_matrices(matrix, right)
    return reshape_to(result, tuple(result.shape[:-1])) if vector else result if left else swapped(result)


def _common(name: str, a: Any, b: Any) -> Shape:
    try:
        return numpy.broadcast_shapes(tuple(a), tuple(b))
    except ValueError as error:
        raise ShapeError(f"{name}(): leading dimensions {tuple(a)} and {tuple(b)} do not broadcast") from error


# ---------------------------------------------------------------- triangular systems


@primitive("A", "B")
def solve_triangle(xp: Any, A: Any, B: Any, upper: bool, unitriangular: bool) -> Any:
    """Solutions X of ``A @ X = B`` for triangular matrices of one leading shape."""
    matrix = xp.triu(A) if upper else xp.tril(A)
    if unitriangular:
        eye = xp.eye(A.shape[-1], dtype=A.dtype)
        matrix = matrix * (1 - eye) + eye
    try:
        return xp.linalg.solve(matrix, B)
    except numpy.linalg.LinAlgError:
        return xp.full(B.shape, xp.nan, dtype=B.dtype)


solve_triangle.op.title = "LinalgSolveTriangularBackward0"


@solve_triangle.gradient
def _(g: Any, needs: tuple[bool, ...], A: Any, out: Any, upper: bool, unitriangular: bool) -> Any:
    of_right = solve_triangle(swapped(A), g, not upper, unitriangular)
    if not needs[0]:
        return None, of_right
    full = -matrix_product(of_right, swapped(out))
    inside = 1 if unitriangular else 0
    return triu(full, inside) if upper else tril(full, -inside), of_right


@composite
def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """Solution X of ``A @ X = B`` (or ``X @ A = B``) where only the upper (or lower) triangle of A counts."""
    check_square("linalg.solve_triangular", A)
    if B.ndim < 2:
        raise RuntimeError(
            f"linalg.solve_triangular() needs matrices on the right-hand side, got shape {tuple(B.shape)}"
        )
    if A.dtype != B.dtype:
        raise RuntimeError(f"linalg.solve_triangular() needs one dtype, got {A.dtype} and {B.dtype}")
    if B.shape[-2 if left else -1] != A.shape[-1]:
        raise RuntimeError(f"linalg.solve_triangular(): shapes {tuple(A.shape)} and {tuple(B.shape)} do not fit")
    matrix, right, side = A, B, bool(upper)
    if not left:
        matrix, right, side = swapped(A), swapped(B), not side
    batch = _common("linalg.solve_triangular", matrix.shape[:-2], right.shape[:-2])
    matrix, right = expand_view(matrix, (*batch, *matrix.shape[-2:])), expand_view(right, (*batch, *right.shape[-2:]))
    result = solve_triangle(matrix, right, side, unitriangular)
    return result if left else swapped(result)


_TRIANGULAR = named_result("triangular_solve", "solution", "cloned_coefficient")


@composite(method=True)
def triangular_solve(b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> Any:
    """Solution X of ``A @ X = b`` for triangular A: a named tuple ``(solution, cloned_coefficient)``."""
    matrix = swapped(A) if transpose else A
    solution = solve_triangular(matrix, b, upper=upper != transpose, unitriangular=unitriangular)
    return _TRIANGULAR(solution, clone(A))


# ---------------------------------------------------------------- factorisations


@primitive("input")
def cholesky_lower(xp: Any, input: Any) -> Any:
    """Lower triangular L with ``L @ L.T = input`` for symmetric positive-definite matrices."""
    try:
        return xp.linalg.cholesky(input)
    except numpy.linalg.LinAlgError as error:
        raise LinAlgError(f"linalg.cholesky(): the matrix is not positive definite: {error}") from error


cholesky_lower.op.title = "LinalgCholeskyExBackward0"


@cholesky_lower.gradient
def _(g: Any, out: Any) -> Any:
    # Murray, "Differentiation of the Cholesky decomposition" (2016): symmetric part of L^-T phi(L^T g) L^-1
    inside = matrix_product(swapped(out), g)
    half = tril(inside) - diag_embed(diagonal(inside, 0, -2, -1)) * 0.5
    full = solve_triangle(swapped(out), half, True, False)  # L^-T phi
    full = swapped(solve_triangle(swapped(out), swapped(full), True, False))  # times L^-1
    return (full + swapped(full)) * 0.5


@composite
def cholesky_of(A: Any, *, upper: bool = False) -> Any:
    """Triangular L with ``L @ L.T = A`` (U with ``U.T @ U = A`` if `upper`) for symmetric positive-definite matrices.

    Raises:
        RuntimeError: a matrix is not square or not positive definite.
    """
    check_square("linalg.cholesky", A)
    factor = cholesky_lower(A)
    return swapped(factor) if upper else factor


def _cholesky_function(input: Any, upper: bool = False) -> Any:
    """Triangular factor of symmetric positive-definite matrices; see ``linalg.cholesky``."""
    return cholesky_of(input, upper=upper)


_cholesky_function.__name__ = _cholesky_function.__qualname__ = "cholesky"
cholesky = composite(_cholesky_function, method=True)


@composite(method=True)
def cholesky_solve(input: Any, L: Any, upper: bool = False) -> Any:
    """Solution X of ``A @ X = input`` from the triangular factor of A."""
    factor = swapped(L) if upper else L
    half = solve_triangular(factor, input, upper=False)
    return solve_triangular(swapped(factor), half, upper=True)


@composite(method=True)
def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """Inverse of A from its triangular factor."""
    check_square("cholesky_inverse", L)
    eye = make(namespace_of(type(L._array)).eye(L.shape[-1], dtype=L._array.dtype))
    return cholesky_solve(expand_view(eye, tuple(L.shape)), L, upper)


@primitive("input", outputs=("Q", "R"))
def qr_reduced(xp: Any, input: Any, complete: bool) -> Any:
    """Orthonormal columns Q and upper triangular R with ``Q @ R = input``."""
    return tuple(xp.linalg.qr(input, mode="complete" if complete else "reduced"))


qr_reduced.op.title = "LinalgQrBackward0"


@qr_reduced.gradient
def _(g: Any, out: Any, input_shape: Shape, complete: bool) -> Any:
    # Walter and Lehmann, "Algorithmic differentiation of linear algebra functions" (2018), section 3
    q, r = out
    rows, columns = input_shape[-2:]
    if complete and rows > columns:
        raise RuntimeError("linalg.qr(mode='complete') has a gradient only for matrices with no more rows than columns")
    of_q, of_r = g
    if rows >= columns:
        inside = matrix_product(r, swapped(of_r)) - matrix_product(swapped(of_q), q)
        return _times_inverse(of_q + matrix_product(q, _mirrored(inside)), r)
    # wide: input = Q @ [U, V], where U is square
    square, rest = narrow_view(r, r.ndim - 1, 0, rows), narrow_view(input_of(q, r), r.ndim - 1, rows, columns)
    of_square, of_rest = narrow_view(of_r, of_r.ndim - 1, 0, rows), narrow_view(of_r, of_r.ndim - 1, rows, columns)
    total = of_q + matrix_product(rest, swapped(of_rest))
    inside = matrix_product(square, swapped(of_square)) - matrix_product(swapped(total), q)
    first = _times_inverse(total + matrix_product(q, _mirrored(inside)), square)
    parts = [first, matrix_product(q, of_rest)]
    return _joined(parts, first.ndim - 1)


def input_of(q: Any, r: Any) -> Any:
    """What was factorised."""
    return matrix_product(q, r)


def _mirrored(matrix: Any) -> Any:
    """The lower triangle, mirrored to the upper."""
    lower = tril(matrix, -1)
    return lower + swapped(lower) + diag_embed(diagonal(matrix, 0, -2, -1))


def _times_inverse(matrix: Any, r: Any) -> Any:
    """``matrix @ inv(r).T`` for upper triangular `r`."""
    return swapped(solve_triangle(r, swapped(matrix), True, False))


_QR = named_result("qr", "Q", "R")
_QR_OF = named_result("linalg_qr", "Q", "R")


@composite
def qr_of(A: Any, mode: str = "reduced") -> Any:
    """Orthonormal Q and upper triangular R with ``Q @ R = A``, named; `mode`: ``reduced``, ``complete`` or ``r``."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.qr() needs at least two dimensions, got {A.ndim}")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"linalg.qr(): mode is 'reduced', 'complete' or 'r', got {mode!r}")
    q, r = qr_reduced(A, mode == "complete")
    if mode == "r":
        return _QR_OF(make(namespace_of(type(A._array)).zeros(0, dtype=A._array.dtype)), make(r._array))
    return _QR_OF(q, r)


def _qr_function(input: Any, some: bool = True) -> Any:
    """QR factorisation; see ``linalg.qr``."""
    return _QR(*qr_of(input, "reduced" if some else "complete"))


_qr_function.__name__ = _qr_function.__qualname__ = "qr"
qr = composite(_qr_function, method=True)


@primitive("input", outputs=("U", "S", "Vh"))
def svd_reduced(xp: Any, input: Any) -> Any:
    """Singular value decomposition ``U @ diag(S) @ Vh``."""
    try:
        return tuple(xp.linalg.svd(input, full_matrices=False))
    except numpy.linalg.LinAlgError as error:
        raise _refused("svd", error) from error


svd_reduced.op.title = "LinalgSvdBackward0"


@svd_reduced.gradient
def _(g: Any, out: Any, input_shape: Shape) -> Any:
    # Townsend 2016: U (skew(U^T gU) / E S + S skew(V^T gV) / E + gS) V^T, and the parts outside of the spans of U and V
    u, s, vh = out
    of_u, of_s, of_vh = g
    rows, columns = input_shape[-2:]
    wide = unsqueeze(s, -2)
    gaps = (wide - unsqueeze(s, -1)) * (wide + unsqueeze(s, -1))
    gaps = choose(gaps == 0, 1.0, gaps)  # on the diagonal, where what is divided is zero
    left, right = matrix_product(swapped(u), of_u), matrix_product(vh, swapped(of_vh))
    middle = ((left - swapped(left)) / gaps) * wide + unsqueeze(s, -1) * ((right - swapped(right)) / gaps)
    result = matrix_product(u, matrix_product(middle + diag_embed(of_s), vh))
    if rows > columns:
        scaled = of_u / wide
        result = result + matrix_product(scaled - matrix_product(u, matrix_product(swapped(u), scaled)), vh)
    if columns > rows:
        scaled = of_vh / unsqueeze(s, -1)
        result = result + matrix_product(u, scaled - matrix_product(matrix_product(scaled, swapped(vh)), vh))
    return result


@primitive("input")
def singular_values(xp: Any, input: Any) -> Any:
    """Singular values in descending order."""
    return xp.linalg.svd(input, compute_uv=False)


singular_values.op.title = "LinalgSvdBackward0"


@singular_values.gradient
def _(g: Any, input: Any) -> Any:
    u, _, vh = svd_reduced(input)
    return matrix_product(u * unsqueeze(g, -2), vh)


_SVD_OF = named_result("linalg_svd", "U", "S", "Vh")
_SVD = named_result("svd", "U", "S", "V")


@composite
def svd_of(A: Any, full_matrices: bool = True) -> Any:
    """Singular value decomposition ``A = U @ diag(S) @ Vh``: a named tuple ``(U, S, Vh)``, S in descending order."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.svd() needs at least two dimensions, got {A.ndim}")
    u, s, vh = svd_reduced(A)
    if full_matrices and A.shape[-1] != A.shape[-2]:
        a, b = A.shape[-2:]
        k = min(a, b)
        whole_u, _, whole_vh = namespace_of(type(A._array)).linalg.svd(A._array, full_matrices=True)
        # the further columns are constants here: no derivative of theirs is determined
        if a > b:
            u = cat([u, make(whole_u[..., k:])], u.ndim - 1)
        else:
            vh = cat([vh, make(whole_vh[..., k:, :])], vh.ndim - 2)
    return _SVD_OF(u, s, vh)


@composite
def svdvals(A: Any) -> Any:
    """Singular values of matrices in descending order."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.svdvals() needs at least two dimensions, got {A.ndim}")
    return singular_values(A)


def _svd_function(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition ``input = U @ diag(S) @ V.T``: a named tuple ``(U, S, V)``.

    >>> import tinygrad_i2dl as torch
    >>> torch.svd(torch.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    if not compute_uv:
        rows, columns = input.shape[-2:]
        dtype, batch = input._array.dtype, tuple(input.shape[:-2])
        xp = namespace_of(type(input._array))
        return _SVD(
            make(xp.zeros((*batch, rows, rows), dtype=dtype)),
            svdvals(input),
            make(xp.zeros((*batch, columns, columns), dtype=dtype)),
        )
    u, s, vh = svd_of(input, full_matrices=not some)
    return _SVD(u, s, swapped(vh))


_svd_function.__name__ = _svd_function.__qualname__ = "svd"
svd = composite(_svd_function, method=True)


@primitive("input", outputs=("eigenvalues", "eigenvectors"))
def eigen_symmetric(xp: Any, input: Any, lower: bool) -> Any:
    """Eigenvalues, ascending, and eigenvectors, as columns, of symmetric matrices."""
    return tuple(xp.linalg.eigh(input, "L" if lower else "U"))


eigen_symmetric.op.title = "LinalgEighBackward0"


@eigen_symmetric.gradient
def _(g: Any, out: Any) -> Any:
    # Giles 2008, section 3.1, for symmetric matrices: V (diag(g_values) + V^T g_vectors / E) V^T
    values, vectors = out
    gaps = unsqueeze(values, -2) - unsqueeze(values, -1)
    array = values._array if isinstance(values, Tensor) else values
    eye = namespace_of(type(array)).eye(values.shape[-1], dtype=bool)
    inside = choose(
        make(eye) if isinstance(values, Tensor) else eye, 0.0, matrix_product(swapped(vectors), g[1]) / (gaps + eye)
    )
    return matrix_product(vectors, matrix_product(inside + diag_embed(g[0]), swapped(vectors)))


_EIGH = named_result("linalg_eigh", "eigenvalues", "eigenvectors")


def _lower(name: str, UPLO: str) -> bool:
    if UPLO not in ("L", "U", "l", "u"):
        raise RuntimeError(f"linalg.{name}(): UPLO is 'L' or 'U', got {UPLO!r}")
    return UPLO in "Ll"


@composite
def eigh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors, as columns, of symmetric matrices, named. Only one triangle is read."""
    check_square("linalg.eigh", A)
    return _EIGH(*eigen_symmetric(A, _lower("eigh", UPLO)))


@composite
def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of symmetric matrices in ascending order."""
    check_square("linalg.eigvalsh", A)
    return eigen_symmetric(A, _lower("eigvalsh", UPLO)).eigenvalues


# ---------------------------------------------------------------- functions of matrices


@primitive("input")
def pseudo_inverse(xp: Any, input: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    """Pseudo-inverses, from the singular values (or eigenvalues) above ``max(atol, rtol * largest)``."""
    if hermitian:
        values, left = xp.linalg.eigh(input)
        right = left.swapaxes(-1, -2)
    else:
        left, values, right = xp.linalg.svd(input, full_matrices=False)
    sizes = abs(values)
    large = sizes > _threshold(xp, sizes, atol, rtol)
    inverses = xp.where(large, 1 / xp.where(large, values, 1), 0)
    return xp.matmul(right.swapaxes(-1, -2) * inverses[..., None, :], left.swapaxes(-1, -2)).astype(
        input.dtype, copy=False
    )


pseudo_inverse.op.title = "LinalgPinvBackward0"


@pseudo_inverse.gradient
def _(g: Any, input: Any, out: Any) -> Any:
    # The transpose of the derivative in Golub and Pereyra, "The differentiation of pseudo-inverses" (1973), theorem 4.3
    turned, back = swapped(out), swapped(g)
    outside = matrix_product(back, matrix_product(out, turned))  # with what is not in the span of the columns
    inside = matrix_product(matrix_product(turned, out), back)
    return (
        outside
        - matrix_product(input, matrix_product(out, outside))
        + inside
        - matrix_product(matrix_product(inside, out), input)
        - matrix_product(turned, matrix_product(g, turned))
    )


def _threshold(xp: Any, values: Array, atol: Any, rtol: Any) -> Array:
    """Below what singular values count as zero."""
    if values.shape[-1]:
        rtol = values.max(axis=-1, keepdims=True) * rtol  # no singular value is negative
    else:
        rtol = xp.zeros((*values.shape[:-1], 1), dtype=values.dtype)
    return xp.maximum(atol, rtol)


def _tolerances(A: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """Tolerances as numbers or arrays; where none is given, the relative one is eps times the larger size."""
    if rtol is None:
        default = max(A.shape[-2:]) * float(numpy.finfo(A._array.dtype).eps)
        if atol is None:
            rtol = default
        else:
            given = on_host(atol._array) if isinstance(atol, Tensor) else numpy.asarray(atol)
            rtol = numpy.where(given > 0, 0.0, default)
            rtol = beside(rtol[..., None], A._array) if rtol.ndim else float(rtol)
    atol, rtol = [
        each._array[..., None] if isinstance(each, Tensor) else 0.0 if each is None else each for each in (atol, rtol)
    ]
    return atol, rtol


@composite
def pinv(A: Any, *, atol: Any = None, rtol: Any = None, rcond: Any = None, hermitian: bool = False) -> Any:
    """Pseudo-inverses of matrices.

    Singular values up to ``max(atol, rtol * largest)`` count as zero; `rtol` is eps times the larger size if neither
    is given.
    """
    if A.ndim < 2:
        raise RuntimeError(f"linalg.pinv() needs at least two dimensions, got {A.ndim}")
    if 0 in A.shape[-2:]:
        return swapped(clone(A))
    return pseudo_inverse(A, *_tolerances(A, atol, rcond if rtol is None else rtol), hermitian)


def _pinverse_function(input: Any, rcond: float = 1e-15) -> Any:
    """Pseudo-inverse; see ``linalg.pinv``."""
    return pinv(input, rtol=rcond)


_pinverse_function.__name__ = _pinverse_function.__qualname__ = "pinverse"
pinverse = composite(_pinverse_function, method=True)


@composite
def matrix_rank(A: Any, tol: Any = None, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    """Number of singular values above ``max(atol, rtol * largest)``."""
    if A.ndim < 2:
        raise RuntimeError(f"linalg.matrix_rank() needs at least two dimensions, got {A.ndim}")
    if tol is not None:
        atol, rtol = tol, 0.0
    xp = namespace_of(type(A._array))
    values = abs(xp.linalg.eigvalsh(A._array)) if hermitian else xp.linalg.svd(A._array, compute_uv=False)
    return make(as_array((values > _threshold(xp, values, *_tolerances(A, atol, rtol))).sum(axis=-1)))


@composite(method=True)
def matrix_power(A: Any, n: int) -> Any:
    """Product of `n` copies of square matrices; of the inverses for a negative `n`."""
    check_square("linalg.matrix_power", A)
    if n == 0:
        eye = namespace_of(type(A._array)).eye(A.shape[-1], dtype=A._array.dtype)
        return expand_view(make(eye), tuple(A.shape)) + A * 0
    base = inv(A) if n < 0 else A
    result, rest = None, abs(n)
    while rest:
        if rest & 1:
            result = base if result is None else matrix_product(result, base)
        rest >>= 1
        if rest:
            base = matrix_product(base, base)
    return result


@primitive("input")
def exponential_of_matrix(xp: Any, input: Any) -> Any:
    """Matrix exponentials by scaling and squaring of a Taylor polynomial of degree 18.

    Bader, Blanes, Casas, "Computing the matrix exponential with an optimized Taylor polynomial approximation" (2019),
    gives the
    degree; the norm is brought below 1 first.
    """
    if not input.size:
        return input.copy()
    given, input = input.dtype, input.astype(numpy.float64)  # squaring multiplies errors
    eye = xp.eye(input.shape[-1])
    norm = float(abs(input).sum(axis=-2).max())
    squarings = max(0, math.frexp(norm)[1]) if math.isfinite(norm) else 0
    scaled = input / 2.0**squarings
    result = eye + scaled / 18
    for degree in range(17, 0, -1):
        result = eye + xp.matmul(scaled, result) / degree
    for _ in range(squarings):
        result = xp.matmul(result, result)
    return result.astype(given, copy=False)


exponential_of_matrix.op.title = "LinalgMatrixExpBackward0"


@exponential_of_matrix.gradient
def _(g: Any, input: Any) -> Any:
    # exp([[A^T, G], [0, A^T]]) holds the derivative in its upper right block (Mathias 1996)
    size, axis = input.shape[-1], len(input.shape) - 1
    turned = swapped(input)
    both = cat if isinstance(input, Tensor) or isinstance(g, Tensor) else _joined
    top, bottom = both([turned, g], axis), both([turned * 0, turned], axis)
    whole = exponential_of_matrix(both([top, bottom], axis - 1))
    return narrow_view(narrow_view(whole, axis - 1, 0, size), axis, size, 2 * size)


def _joined(arrays: Any, axis: int) -> Any:
    first = arrays[0]
    return cat(arrays, axis) if isinstance(first, Tensor) else namespace_of(type(first)).concatenate(arrays, axis)


@composite(method=True)
def matrix_exp(input: Any) -> Any:
    """Exponentials ``sum A ** k / k!`` of square matrices."""
    check_square("matrix_exp", input)
    return exponential_of_matrix(input)


_LSTSQ = named_result("lstsq", "solution", "residuals", "rank", "singular_values")


@composite
def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """Least-squares solution X of ``A @ X = B``: a named tuple ``(solution, residuals, rank, singular_values)``.

    The solution has a gradient (through the pseudo-inverse).
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"linalg.lstsq(): driver is 'gels', 'gelsy', 'gelsd' or 'gelss', got {driver!r}")
    if A.ndim < 2:
        raise RuntimeError(f"linalg.lstsq() needs matrices, got shape {tuple(A.shape)}")
    vector = B.ndim == A.ndim - 1 and tuple(B.shape) == tuple(A.shape[:-1])
    right = unsqueeze(B, -1) if vector else B
    if right.ndim < 2 or right.shape[-2] != A.shape[-2]:
        raise RuntimeError(f"linalg.lstsq(): shapes {tuple(A.shape)} and {tuple(B.shape)} do not fit")
    eps = float(numpy.finfo(A._array.dtype).eps) * max(A.shape[-2:]) if rcond is None else rcond
    solution = matrix_product(pinv(A, rtol=eps), right)
    rows, columns = A.shape[-2:]
    xp = namespace_of(type(A._array))
    empty = xp.zeros(0, dtype=A._array.dtype)
    chosen = driver or "gelsy"
    rank = xp.zeros(0, dtype=numpy.int64) if chosen == "gels" else matrix_rank(A, rtol=eps)._array
    values = xp.linalg.svd(A._array, compute_uv=False) if chosen in ("gelsd", "gelss") else empty
    if rows > columns and (chosen == "gels" or (chosen != "gelsy" and bool((rank == columns).all()))):
        rest = right - matrix_product(A, solution)
        residuals = sum_over(rest * rest, (rest.ndim - 2,), False)
        if vector:
            residuals = reshape_to(residuals, tuple(residuals.shape[:-1]))
    else:
        residuals = narrow_view(reshape_to(solution, (-1,)), 0, 0, 0)
    if vector:
        solution = reshape_to(solution, tuple(solution.shape[:-1]))
    return _LSTSQ(solution, residuals, make(rank), make(values))


@composite
def diagonal_of(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """View of the diagonals of the matrices in the last two dimensions."""
    return diagonal(A, offset, dim1, dim2)


@composite
def vander(x: Any, N: int | None = None) -> Any:
    """Matrix of the powers 0, 1, ..., N - 1 of the elements, as rows."""
    if x.ndim == 0:
        x = reshape_to(x, (1,))
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError(f"linalg.vander() needs N > 1, got {count}")
    if x._array.dtype.kind in "iub":
        x = cast(x, numpy.dtype("int64"))
    powers = [x * 0 + 1]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    return stack(powers, -1)


Operations.inverse = inverse
