"""Pruning: weights of which a part is held at zero by a mask (``torch.nn.utils.prune``).

A pruned parameter `weight` becomes the parameter ``weight_orig`` and the buffer ``weight_mask``; before each call of
the module, ``weight = weight_orig * weight_mask``. Pruning again keeps what is pruned and counts amounts among what is
left.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from ...backends.registry import namespace_of
from ...engine.mode import no_grad
from ...generator import default_generator
from ...ops.placement import beside
from ...tensors import make
from ..module import Module

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]

M = TypeVar("M", bound=Module)


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"the amount to prune must be a number, got {amount!r}")
    if float(amount) < 0 or (not isinstance(amount, numbers.Integral) and float(amount) > 1):
        raise ValueError(f"the amount to prune must be a share between 0 and 1 or a count of at least 0, got {amount}")


def _count(amount: Any, size: int) -> int:
    """How many of `size` things `amount` means."""
    count = int(amount) if isinstance(amount, numbers.Integral) else round(amount * size)
    if count > size:
        raise ValueError(f"cannot prune {count} of {size}")
    return count


class BasePruningMethod:
    """A way to choose what is pruned. Subclasses define `compute_mask` and ``PRUNING_TYPE``.

    ``PRUNING_TYPE`` is ``"unstructured"`` (single elements), ``"structured"`` (slices along ``self.dim``) or
    ``"global"`` (the mask is used as it is).
    """

    PRUNING_TYPE = "unstructured"
    _tensor_name: str

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The new mask of a tensor of scores `t` that had `default_mask`; what was 0 stays 0."""
        raise NotImplementedError(f"{type(self).__name__} must define compute_mask")

    def apply_mask(self, module: Module) -> Any:
        """The pruned tensor."""
        original: Any = getattr(module, self._tensor_name + "_orig")
        return getattr(module, self._tensor_name + "_mask").to(dtype=original.dtype) * original

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    def _combined(self, scores: Any, mask: Any) -> Any:
        """The mask that also prunes, by this method, among what `mask` leaves."""
        left: Any
        if self.PRUNING_TYPE == "unstructured":
            left = mask._array != 0
        elif self.PRUNING_TYPE == "structured":
            dim: int = self.dim % scores.ndim  # type: ignore[attr-defined]
            kept = mask._array.any(axis=tuple(d for d in range(scores.ndim) if d != dim))
            left = tuple(kept if d == dim else slice(None) for d in range(scores.ndim))
        elif self.PRUNING_TYPE == "global":
            left = ...
        else:
            raise ValueError(
                f"PRUNING_TYPE must be 'unstructured', 'structured' or 'global', got {self.PRUNING_TYPE!r}"
            )
        part = self.compute_mask(make(scores._array[left]), make(mask._array[left]))
        result = mask._array.copy()
        result[left] = part._array
        return make(result)

    @classmethod
    def apply(cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any) -> Any:
        """Prune the parameter `name` of `module`, on top of what is pruned already.

        Raises:
            AssertionError: the scores have another shape than the parameter.
        """
        method = cls(*args, **kwargs)
        method._tensor_name = name
        tensor = getattr(module, name)
        scores = tensor if importance_scores is None else importance_scores
        if scores.shape != tensor.shape:
            raise AssertionError(
                f"the scores need the shape {tuple(tensor.shape)} of {name}, got {tuple(scores.shape)}"
            )
        key = _hook_of(module, name)
        with no_grad():
            if key is None:
                mask = method.compute_mask(
                    make(scores._array), make(namespace_of(type(tensor._array)).ones_like(tensor._array))
                )
                delattr(module, name)
                module.register_parameter(name + "_orig", tensor)
            else:
                mask = method._combined(scores, getattr(module, name + "_mask"))
                del module.__dict__["_forward_pre_hooks"][key]
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """`t` with what this method chooses set to zero."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError(f"the scores need the tensor's shape {tuple(t.shape)}, got {tuple(scores.shape)}")
        mask = make(namespace_of(type(t._array)).ones_like(t._array)) if default_mask is None else default_mask
        return t * self.compute_mask(make(scores._array), mask)

    def remove(self, module: Module) -> None:
        """Make the pruned tensor an ordinary parameter again: the zeros stay, the mask goes."""
        with no_grad():
            value = self.apply_mask(module)
        original = getattr(module, self._tensor_name + "_orig")
        for name in (self._tensor_name, self._tensor_name + "_orig", self._tensor_name + "_mask"):
            delattr(module, name)
        original.data = value
        setattr(module, self._tensor_name, original)


class Identity(BasePruningMethod):
    """Prunes nothing: the parameter gets a mask of ones."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return default_mask


class _OfAmount(BasePruningMethod):
    """Prunes a share (float) or a number (int) of elements."""

    def __init__(self, amount: Any) -> None:
        _check_amount(amount)
        self.amount = amount

    def _scores(self, array: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define _scores")

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        array = t._array
        count = _count(self.amount, array.size)
        mask = default_mask._array.copy()
        if count:
            mask.reshape(-1)[self._scores(array).reshape(-1).argsort(kind="stable")[:count]] = 0
        return make(mask)


class RandomUnstructured(_OfAmount):
    """Prunes elements at random."""

    def _scores(self, array: Any) -> Any:
        return beside(-default_generator.uniform(array.shape, array.dtype), array)


class L1Unstructured(_OfAmount):
    """Prunes the elements of least size."""

    def _scores(self, array: Any) -> Any:
        return abs(array)


class _Structured(BasePruningMethod):
    """Prunes a share or a number of the slices along `dim`."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def _scores(self, array: Any, dim: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define _scores")

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        array = t._array
        if array.ndim <= 1:
            raise ValueError(f"slices can be pruned of tensors of 2 or more dimensions, got shape {array.shape}")
        if not -array.ndim <= self.dim < array.ndim:
            raise IndexError(f"dim must be between {-array.ndim} and {array.ndim - 1}, got {self.dim}")
        dim = self.dim % array.ndim
        count = _count(self.amount, array.shape[dim])
        mask = default_mask._array.copy()
        if count:
            lowest = self._scores(array, dim).argsort(kind="stable")[:count]
            mask[tuple(lowest if d == dim else slice(None) for d in range(array.ndim))] = 0
        return make(mask)


class RandomStructured(_Structured):
    """Prunes slices at random."""

    def _scores(self, array: Any, dim: int) -> Any:
        return beside(default_generator.uniform((array.shape[dim],)), array)


class LnStructured(_Structured):
    """Prunes the slices of least n-norm."""

    def __init__(self, amount: Any, n: float, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _scores(self, array: Any, dim: int) -> Any:
        xp = namespace_of(type(array))
        return xp.linalg.norm(xp.moveaxis(array, dim, 0).reshape(array.shape[dim], -1), self.n, axis=1)


class CustomFromMask(BasePruningMethod):
    """Prunes where a given mask is 0."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(f"the mask needs the shape {tuple(default_mask.shape)}, got {tuple(self.mask.shape)}")
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def identity(module: M, name: str) -> M:
    """Give the parameter `name` a mask of ones."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: M, name: str, amount: Any) -> M:
    """Prune a share (float) or a number (int) of elements, chosen at random."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: M, name: str, amount: Any, importance_scores: Any = None) -> M:
    """Prune a share (float) or a number (int) of elements, those of least size (or score).

    >>> import tinygrad_i2dl as torch
    >>> layer = torch.nn.utils.prune.l1_unstructured(torch.nn.Linear(4, 5), "weight", amount=0.3)
    >>> int((layer.weight == 0).sum()), sorted(layer.state_dict())
    (6, ['bias', 'weight_mask', 'weight_orig'])
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: M, name: str, amount: Any, dim: int) -> M:
    """Prune a share or a number of the slices along `dim`, chosen at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module: M, name: str, amount: Any, n: float, dim: int, importance_scores: Any = None) -> M:
    """Prune a share or a number of the slices along `dim`, those of least n-norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: M, name: str, mask: Any) -> M:
    """Prune where `mask` is 0."""
    CustomFromMask.apply(module, name, mask)
    return module


def _xp(array: Any) -> Any:
    return namespace_of(type(array))


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Any] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several parameters together: the amount counts among all their elements.

    Args:
        parameters: pairs of a module and the name of its parameter.
        pruning_method: an unstructured method such as `L1Unstructured`.
        importance_scores: scores in place of the values, for each such pair.
        **kwargs: for the method, such as ``amount=0.2``.

    Raises:
        TypeError: the method is structured, or an argument has the wrong type.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError(f"global_unstructured() needs pairs of modules and names, got {type(parameters).__name__}")
    if importance_scores is not None and not isinstance(importance_scores, dict):
        raise TypeError(f"importance_scores must be a dict, got {type(importance_scores).__name__}")
    pairs: Sequence[tuple[Module, str]] = list(parameters)
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(f"global_unstructured() needs an unstructured method, got {pruning_method.__name__}")
    given = importance_scores or {}
    scores = [given.get(pair, getattr(*pair))._array for pair in pairs]
    masks = [
        getattr(module, name + "_mask")._array
        if hasattr(module, name + "_mask")
        else namespace_of(type(score)).ones_like(score)
        for (module, name), score in zip(pairs, scores, strict=True)
    ]
    joined = [
        make(namespace_of(type(arrays[0])).concatenate([array.reshape(-1) for array in arrays]))
        for arrays in (scores, masks)
    ]
    mask = method._combined(*joined)._array
    position = 0
    for (module, name), score in zip(pairs, scores, strict=True):
        custom_from_mask(module, name, make(mask[position : position + score.size].reshape(score.shape).copy()))
        position += score.size


def _hook_of(module: Module, name: str) -> int | None:
    for key, hook in module.__dict__["_forward_pre_hooks"].items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return int(key)
    return None


def remove(module: M, name: str) -> M:
    """Make pruning permanent: the zeros stay, mask and original go. Raises ValueError if `name` is not pruned."""
    key = _hook_of(module, name)
    if key is None:
        raise ValueError(f"the parameter {name!r} of {module} is not pruned")
    module.__dict__["_forward_pre_hooks"].pop(key).remove(module)
    return module


def is_pruned(module: Module) -> bool:
    """Whether a parameter of `module`, or of a module below it, is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for each in module.modules()
        for hook in each.__dict__["_forward_pre_hooks"].values()
    )
