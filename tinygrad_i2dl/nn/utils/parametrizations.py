"""Ready-made parametrizations: weight normalization, spectral normalization, orthogonal matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from ...engine.mode import no_grad
from ...generator import default_generator
from ...ops.distance import normalize
from ...ops.factorization import matrix_exp, solve
from ...ops.linalg import dot, mv
from ...ops.movement import cat
from ...ops.placement import beside
from ...tensors import Tensor, make
from ..module import Module
from .parametrize import register_parametrization
from .spectral_norm import as_matrix, output_dimension, random_direction
from .weight_norm import norm_except_dim

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _tensor_of(module: Module, name: str) -> Any:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"{module} has no parameter or buffer {name!r}")
    return weight


class _WeightNorm(Module):
    """Length (original0) times direction (original1)."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return weight_v * (weight_g / norm_except_dim(weight_v, self.dim))

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        """Length and direction of a weight."""
        return norm_except_dim(weight, self.dim), weight


def _renaming_hook(name: str) -> Callable[..., None]:
    """What lets a state dict of the older, hook-based weight_norm be loaded."""

    def rename(state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
        old = (f"{prefix}{name}_g", f"{prefix}{name}_v")
        if all(key in state_dict for key in old):
            for number, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{number}"] = state_dict.pop(key)

    return rename


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn length and direction of a weight separately, one length per index of `dim` (T. Salimans and D. Kingma,
    2016).
    """
    _tensor_of(module, name)
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module._register_load_state_dict_pre_hook(_renaming_hook(name))
    return module


class _SpectralNorm(Module):
    """A weight over its largest singular value, which power iteration follows."""

    _u: Any
    _v: Any

    def __init__(self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(f"dim must be between {-weight.ndim} and {weight.ndim - 1}, got {dim}")
        if n_power_iterations <= 0:
            raise ValueError(f"n_power_iterations must be positive, got {n_power_iterations}")
        self.dim = dim % weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            with no_grad():
                matrix = as_matrix(weight, self.dim)
                rows, columns = matrix.shape
                u = random_direction(matrix, rows, eps)
                self.register_buffer("_u", u)
                self.register_buffer("_v", random_direction(matrix, columns, eps))
            self._power_method(matrix, 15)

    def _power_method(self, matrix: Any, count: int) -> None:
        with no_grad():
            for _ in range(count):
                self._u.copy_(normalize(mv(matrix, self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(mv(matrix.t(), self._u), dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next call changes the buffers, backward needs these
        return weight / dot(u, mv(matrix, v))

    def right_inverse(self, value: Any) -> Any:
        """The weight itself: any weight is taken as not yet divided."""
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a weight by its largest singular value (T. Miyato et al., 2018)."""
    weight = _tensor_of(module, name)
    chosen = output_dimension(module) if dim is None else dim
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, chosen, eps))


def _orthogonalized(matrix: Any) -> Any:
    """The Q of a QR decomposition whose R has a positive diagonal."""
    q, r = numpy.linalg.qr(matrix)
    return q * numpy.sign(numpy.diagonal(r, axis1=-2, axis2=-1))[..., None, :]


class _Orthogonal(Module):
    """Orthogonal matrices (or with orthonormal columns, or rows) of unconstrained ones, by a map from PyTorch's
    choice.
    """

    base: Any

    def __init__(self, weight: Any, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape = tuple(weight.shape)
        self.orthogonal_map = orthogonal_map
        self.use_trivialization = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        wide = X.shape[-2] < X.shape[-1]
        if wide:
            X = X.mT
        n, k = X.shape[-2], X.shape[-1]
        if self.orthogonal_map == "householder":
            vectors = X.tril(-1)
            factors = 2.0 / (1.0 + (vectors * vectors).sum(-2))
            columns = vectors + make(beside(numpy.eye(n, k, dtype=X._array.dtype), X._array))
            Q = make(numpy.broadcast_to(numpy.eye(n, k, dtype=X._array.dtype), tuple(X.shape)).copy()).to(X.device)
            for number in reversed(range(k)):  # Q = H_1 ... H_k [I; 0], from the right
                v = columns[..., number : number + 1]
                Q = Q - (factors[..., number : number + 1].unsqueeze(-1) * v) @ (v.mT @ Q)
            Q = Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            A = X.tril()
            if n != k:
                rest = numpy.zeros((*X.shape[:-1], n - k), dtype=X._array.dtype)
                A = cat([A, make(rest)], -1)
            A = A - A.mT
            if self.orthogonal_map == "matrix_exp":
                Q = matrix_exp(A)
            else:
                identity = make(beside(numpy.eye(n, dtype=X._array.dtype), X._array))
                Q = solve(identity - A * 0.5, identity + A * 0.5)
            Q = Q[..., :k] if n != k else Q
        if self.use_trivialization and self.base is not None:
            Q = self.base @ Q
        return Q.mT if wide else Q

    def right_inverse(self, Q: Any) -> Any:
        """The unconstrained matrix for an orthogonal one; with trivialization `Q` becomes the base."""
        if tuple(Q.shape) != self.shape:
            raise ValueError(f"expected matrices of shape {self.shape}, got {tuple(Q.shape)}")
        wide = Q.shape[-2] < Q.shape[-1]
        array = Q._array.swapaxes(-1, -2) if wide else Q._array
        n, k = array.shape[-2:]
        if not self.use_trivialization:
            if self.orthogonal_map != "householder":
                raise NotImplementedError(f"with use_trivialization=False, {self.orthogonal_map} has no right inverse")
            return self._householder_form(array, wide)
        if n == k:
            identity = numpy.eye(k, dtype=array.dtype)
            near = numpy.allclose(
                array.swapaxes(-1, -2) @ array, identity, atol=10.0 * n * numpy.finfo(array.dtype).eps
            )
            base = array.copy() if near else _orthogonalized(array)
        else:
            more = default_generator.normal((*array.shape[:-2], n, n - k), array.dtype)
            base = _orthogonalized(numpy.concatenate([array, more], axis=-1))
        self.base = make(numpy.ascontiguousarray(base))
        negative = numpy.zeros(self.shape, dtype=array.dtype)
        steps = numpy.arange(min(self.shape[-2:]))
        negative[..., steps, steps] = -1.0
        return make(negative)

    @staticmethod
    def _householder_form(array: Any, wide: bool) -> Any:
        raw, tau = numpy.linalg.qr(array, mode="raw")
        A = raw.swapaxes(-1, -2).copy()
        steps = numpy.arange(tau.shape[-1])
        signs = numpy.sign(A[..., steps, steps])
        A[..., steps, steps] = numpy.where(tau == 0.0, -signs, signs)
        return make(numpy.ascontiguousarray(A.swapaxes(-1, -2) if wide else A).astype(array.dtype))


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Keep a matrix orthogonal (or its columns, or rows, orthonormal) while it is trained (M. Lezcano-Casado, 2019).

    Args:
        module: whose tensor.
        name: of the tensor.
        orthogonal_map: ``"matrix_exp"`` (the default for square matrices), ``"cayley"`` or ``"householder"``.
        use_trivialization: move around a base point, so that the tensor can be assigned to.
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"expected a matrix or several, got shape {tuple(weight.shape)}")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(f"orthogonal_map must be 'matrix_exp', 'cayley' or 'householder', got {orthogonal_map!r}")
    return register_parametrization(module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True)
