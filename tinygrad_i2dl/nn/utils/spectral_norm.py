"""Spectral normalization by hooks: a weight divided by its largest singular value (T. Miyato et al., 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ...engine.mode import no_grad
from ...ops.device_random import generator_beside
from ...ops.distance import normalize
from ...ops.linalg import dot, mv
from ...tensors import Parameter, make
from ..convolution import _ConvTransposeNd
from ..module import Module, is_lazy

__all__ = ["remove_spectral_norm", "spectral_norm"]

M = TypeVar("M", bound=Module)


def as_matrix(weight: Any, dim: int) -> Any:
    """`weight` with dimension `dim` as rows and all others as columns."""
    if dim != 0:
        weight = weight.permute(dim, *[d for d in range(weight.ndim) if d != dim])
    return weight.reshape(weight.shape[0], -1)


def random_direction(matrix: Any, size: int, eps: float) -> Any:
    """A random vector of length 1, of the matrix's dtype."""
    return normalize(make(generator_beside(matrix._array).normal((size,), matrix._array.dtype)), dim=0, eps=eps)


def output_dimension(module: Module) -> int:
    """The dimension of a layer's weight that counts its outputs."""
    return 1 if isinstance(module, _ConvTransposeNd) else 0


class SpectralNorm:
    """Before each call, ``weight = weight_orig / (u^T weight_orig v)``, u and v by power iteration in training."""

    _version = 1

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        if n_power_iterations <= 0:
            raise ValueError(f"n_power_iterations must be positive, got {n_power_iterations}")
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Any:
        """The weight over its largest singular value; the buffers u and v move on with `do_power_iteration`."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(mv(matrix.t(), u), dim=0, eps=self.eps))
                    u.copy_(normalize(mv(matrix, v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # a second call before backward changes the buffers
        return weight / dot(u, mv(matrix, v))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))

    def remove(self, module: Module) -> None:
        """Make the weight an ordinary parameter again."""
        with no_grad():
            weight = self.compute_weight(module, False)
        for name in (self.name, self.name + "_u", self.name + "_v", self.name + "_orig"):
            delattr(module, name)
        module.register_parameter(self.name, Parameter(weight.detach()))


class _VersionHook:
    """Notes in the state dict's metadata that u and v are saved."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(
        self, module: Module, state_dict: Mapping[str, Any], prefix: str, local_metadata: dict[str, Any]
    ) -> None:
        local_metadata.setdefault("spectral_norm", {})[self.name + ".version"] = SpectralNorm._version


def _key_of(hooks: dict[int, Any], kind: type, name: str) -> int | None:
    return next((key for key, hook in hooks.items() if isinstance(hook, kind) and hook.name == name), None)  # type: ignore[attr-defined]


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide the parameter `name` by its largest singular value before each call.

    Args:
        module: whose parameter; it gets a parameter `name`_orig and buffers `name`_u and `name`_v.
        name: of the parameter.
        n_power_iterations: steps of the power iteration for each call in training.
        eps: keeps norms from being zero.
        dim: the dimension of outputs, by default 1 for transposed convolutions, else 0.
    """
    if _key_of(module.__dict__["_forward_pre_hooks"], SpectralNorm, name) is not None:
        raise RuntimeError(f"the parameter {name!r} has spectral normalization already")
    hook = SpectralNorm(name, n_power_iterations, output_dimension(module) if dim is None else dim, eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"spectral_norm cannot be applied: the parameter {name!r} is None")
    if is_lazy(weight):
        raise ValueError(f"the parameter {name!r} has no shape yet: call the module once before spectral_norm")
    with no_grad():
        matrix = as_matrix(weight, hook.dim)
        u = random_direction(matrix, matrix.shape[0], eps)
        v = random_direction(matrix, matrix.shape[1], eps)
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    module._register_state_dict_hook(_VersionHook(name))
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Undo `spectral_norm`. Raises ValueError if there is none."""
    hooks = module.__dict__["_forward_pre_hooks"]
    key = _key_of(hooks, SpectralNorm, name)
    if key is None:
        raise ValueError(f"spectral_norm of {name!r} not found in {module}")
    hooks.pop(key).remove(module)
    state_hooks = module.__dict__["_state_dict_hooks"]
    noted = _key_of(state_hooks, _VersionHook, name)
    if noted is not None:
        del state_hooks[noted]
    return module
