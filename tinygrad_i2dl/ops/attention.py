"""Scaled dot-product attention and multi-head attention."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..errors import ShapeError
from ..tensors import make
from ._define import composite, primitive
from .activation import softmax_along, softmax_backward
from .dropout import dropout
from .linalg import linear, matrix_product
from .movement import (
    cat,
    expand_view,
    permute,
    repeat_interleave,
    reshape_to,
    split_sizes,
    transpose,
    unbind,
    unsqueeze,
)
from .padding import constant_pad
from .placement import beside
from .precision import half_as_single
from .reduction import mean

Array = Any

__all__: list[str] = []


@primitive("scores", "mask")
@half_as_single
def attention_weights(xp: Any, scores: Array, mask: Array) -> Array:
    """Softmax of the last dimension over the keys that `mask` lets through; zeros where it lets none through.

    Args:
        scores: ``(..., queries, keys)``.
        mask: broadcasts to it: bool, True for keys that take part, or numbers that are added.
    """
    if mask.dtype.kind == "b":
        result = xp.where(mask, scores, scores.dtype.type(-xp.inf))
    else:
        result = scores + mask.astype(scores.dtype, copy=False)
    highest = (
        result.max(axis=-1, keepdims=True)
        if result.shape[-1]
        else xp.zeros((*result.shape[:-1], 1), dtype=result.dtype)
    )
    empty = highest == -xp.inf
    nothing = bool(empty.any())
    if nothing:
        highest = xp.where(empty, highest.dtype.type(0), highest)
    result -= highest
    xp.exp(result, out=result)
    sums = result.sum(axis=-1, keepdims=True)
    if nothing:
        sums += empty
    result /= sums
    return result


attention_weights.gradient(
    scores=lambda g, out: softmax_backward(g, out, -1),
    mask=lambda g, out: softmax_backward(g, out, -1),
)


@functools.lru_cache(maxsize=32)
def causal_mask(queries: int, keys: int) -> numpy.ndarray:
    """True where a query may look: at the keys up to its own place."""
    mask = numpy.tri(queries, keys, dtype=bool)
    mask.flags.writeable = False
    return mask


@composite
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """``softmax(query @ key.T * scale + mask) @ value`` (Vaswani et al., "Attention is all you need", 2017).

    Args:
        query: ``(..., L, E)``. key: ``(..., S, E)``. value: ``(..., S, Ev)``.
        attn_mask: broadcasts to ``(..., L, S)``: bool, True where a query may look, or numbers that are added.
        dropout_p: probability with which weights are set to zero; always applied, so pass 0 outside of training.
        is_causal: each query looks at the keys up to its own place.
        scale: ``1 / sqrt(E)`` if left out.
        enable_gqa: key and value may have fewer heads (dimension -3), each serving several of the query's.

    Raises:
        RuntimeError: shapes or dtypes do not fit together, or `is_causal` comes with a mask.

    >>> import tinygrad_i2dl as torch
    >>> q = torch.zeros(1, 2, 4)
    >>> v = torch.tensor([[[1.0], [3.0]]])
    >>> torch.nn.functional.scaled_dot_product_attention(q, q, v, is_causal=True)
    tensor([[[1.],
             [2.]]])
    """
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        if tensor.ndim < 2:
            raise ShapeError(
                f"scaled_dot_product_attention(): {name} must have at least 2 dimensions, got shape "
                f"{tuple(tensor.shape)}"
            )
        if tensor.dtype != query.dtype:
            raise RuntimeError(
                f"scaled_dot_product_attention(): query, key and value must have one dtype, got {query.dtype}, "
                f"{key.dtype}, {value.dtype}"
            )
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            "scaled_dot_product_attention(): needs query (..., L, E), key (..., S, E) and value (..., S, Ev), got "
            f"{tuple(query.shape)}, {tuple(key.shape)} and {tuple(value.shape)}"
        )
    if is_causal and attn_mask is not None:
        raise RuntimeError(
            "scaled_dot_product_attention(): is_causal=True makes its own mask; do not pass attn_mask with it"
        )
    if enable_gqa:
        heads = query.shape[-3]
        if heads % key.shape[-3] or heads % value.shape[-3]:
            raise RuntimeError(
                f"scaled_dot_product_attention(): the query's {heads} heads must be a multiple of those of key "
                f"({key.shape[-3]}) "
                f"and value ({value.shape[-3]})"
            )
        key = repeat_interleave(key, heads // key.shape[-3], dim=-3)
        value = repeat_interleave(value, heads // value.shape[-3], dim=-3)
    factor = (
        1.0 / math.sqrt(query.shape[-1])
        if scale is None and query.shape[-1]
        else 1.0
        if scale is None
        else float(scale)
    )
    scores = matrix_product(query * factor, transpose(key, -2, -1))
    if is_causal:
        attn_mask = make(beside(causal_mask(query.shape[-2], key.shape[-2]), query._array))
    elif attn_mask is not None and not attn_mask.dtype.is_floating_point and attn_mask._array.dtype.kind != "b":
        raise RuntimeError(
            f"scaled_dot_product_attention(): attn_mask must be bool or floating point, got {attn_mask.dtype}"
        )
    weights = softmax_along(scores, -1) if attn_mask is None else attention_weights(scores, attn_mask)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p, True)
    return matrix_product(weights, value)


# ---------------------------------------------------------------- several heads


def additive(mask: Any, dtype: Any, name: str) -> Any:
    """A mask as numbers to add: where a bool mask is True, nobody may look, minus infinity."""
    if mask is None or mask.dtype.is_floating_point:
        return mask
    if mask._array.dtype.kind != "b":
        raise AssertionError(f"multi_head_attention_forward(): {name} must be bool or floating point, got {mask.dtype}")
    return make(namespace_of(type(mask._array)).where(mask._array, -math.inf, 0.0).astype(dtype))


def check_attention_shapes(
    query: Any, key: Any, value: Any, key_padding_mask: Any, attn_mask: Any, num_heads: int
) -> bool:
    """Whether there is a batch dimension. Raises AssertionError, as PyTorch does, where the shapes do not fit
    together."""
    rank = query.ndim
    if rank not in (2, 3):
        raise AssertionError(f"query must be (L, N, E) or (L, E), got shape {tuple(query.shape)}")
    if key.ndim != rank or value.ndim != rank:
        raise AssertionError(
            f"query, key and value must all have a batch dimension or none, got {tuple(query.shape)}, "
            f"{tuple(key.shape)}, {tuple(value.shape)}"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != rank - 1:
        raise AssertionError(
            f"key_padding_mask must be {'(N, S)' if rank == 3 else '(S,)'}, got shape {tuple(key_padding_mask.shape)}"
        )
    if attn_mask is not None:
        if attn_mask.ndim not in (2, 3):
            raise AssertionError(f"attn_mask must be (L, S) or (N * heads, L, S), got shape {tuple(attn_mask.shape)}")
        expected = (num_heads, query.shape[0], key.shape[0])
        if rank == 2 and attn_mask.ndim == 3 and tuple(attn_mask.shape) != expected:
            raise AssertionError(f"attn_mask must be {expected}, got shape {tuple(attn_mask.shape)}")
    return bool(rank == 3)


def project(query: Any, key: Any, value: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    """Query, key and value times their thirds of `weight`: in one product if all are one tensor."""
    width = weight.shape[1]
    if query is key and key is value:
        joint = linear(query, weight, bias)
        q, k, v = unbind(reshape_to(joint, (*joint.shape[:-1], 3, width)), joint.ndim - 1)
        return q, k, v
    weights = split_sizes(weight, (width,) * 3, 0)
    biases = (None,) * 3 if bias is None else split_sizes(bias, (width,) * 3, 0)
    if key is value:
        joint_bias = None if bias is None else split_sizes(bias, (width, 2 * width), 0)[1]
        joint = linear(key, split_sizes(weight, (width, 2 * width), 0)[1], joint_bias)
        k, v = unbind(reshape_to(joint, (*joint.shape[:-1], 2, width)), joint.ndim - 1)
        return linear(query, weights[0], biases[0]), k, v
    q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))
    return q, k, v


def by_head(tensor: Any, heads: int) -> Any:
    """``(L, N, heads * D)`` as ``(N, heads, L, D)``, a view."""
    length, samples, width = tensor.shape
    return permute(reshape_to(tensor, (length, samples, heads, width // heads)), (1, 2, 0, 3))


def one_more(mask: Any) -> Any:
    """A mask with a column for a key that everybody may look at."""
    return None if mask is None else constant_pad(mask, (0, 1), 0)


def merged_mask(attn_mask: Any, key_padding_mask: Any, samples: int, heads: int, queries: int, keys: int) -> Any:
    """Both masks as one that broadcasts to ``(N, heads, L, S)``."""
    if attn_mask is not None:
        expected = (queries, keys) if attn_mask.ndim == 2 else (samples * heads, queries, keys)
        if tuple(attn_mask.shape) != expected:
            raise RuntimeError(
                f"multi_head_attention_forward(): attn_mask must have shape {expected}, got {tuple(attn_mask.shape)}"
            )
        attn_mask = reshape_to(
            attn_mask, (1, 1, queries, keys) if attn_mask.ndim == 2 else (samples, heads, queries, keys)
        )
    if key_padding_mask is None:
        return attn_mask
    if tuple(key_padding_mask.shape) != (samples, keys):
        raise AssertionError(f"key_padding_mask must have shape {(samples, keys)}, got {tuple(key_padding_mask.shape)}")
    padding = reshape_to(key_padding_mask, (samples, 1, 1, keys))
    return padding if attn_mask is None else attn_mask + padding


@composite
def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:
    """Attention in `num_heads` subspaces (Vaswani et al., "Attention is all you need", 2017): what
    nn.MultiheadAttention computes.

    Args:
        query: ``(L, N, E)`` or ``(L, E)``. key, value: ``(S, N, E)`` or ``(S, E)``.
        in_proj_weight: ``(3 * E, E)``, or with `use_separate_proj_weight` the three `q_proj_weight`, `k_proj_weight`,
            `v_proj_weight`; in_proj_bias: ``(3 * E,)`` or None.
        bias_k, bias_v: one more key and value for all samples, ``(1, 1, E)``. add_zero_attn: one more of zeros.
        key_padding_mask: ``(N, S)``, True (or minus infinity) for keys to be ignored.
        attn_mask: ``(L, S)`` or ``(N * num_heads, L, S)``, True (or minus infinity) where a query may not look.
        need_weights: also return the weights, averaged over the heads or not (`average_attn_weights`).
        static_k, static_v: use these as projected key and value, ``(N * num_heads, S, E / num_heads)``.
        is_causal: a hint that `attn_mask` is the causal one.

    Returns:
        ``(L, N, E)`` and the weights ``(N, L, S)``, ``(N, num_heads, L, S)`` or None.

    Raises:
        AssertionError, RuntimeError: shapes that do not fit together, as PyTorch raises them.
    """
    batched = check_attention_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same_key, same_value = key is query, value is key
        query = unsqueeze(query, 1)
        key = query if same_key else unsqueeze(key, 1)
        value = key if same_value else unsqueeze(value, 1)
        key_padding_mask = None if key_padding_mask is None else unsqueeze(key_padding_mask, 0)
    length, samples, width = query.shape
    if width != embed_dim_to_check:
        raise AssertionError(f"query must have width {embed_dim_to_check}, got shape {tuple(query.shape)}")
    head_width = width // num_heads
    if head_width * num_heads != width:
        raise AssertionError(f"the width {width} must be a multiple of num_heads {num_heads}")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "multi_head_attention_forward(): is_causal is a hint that attn_mask is causal: pass that mask too"
        )
    if (key.shape[:2] if use_separate_proj_weight else key.shape) != (
        value.shape[:2] if use_separate_proj_weight else value.shape
    ):
        raise AssertionError(f"key and value must fit together, got shapes {tuple(key.shape)} and {tuple(value.shape)}")
    dtype = query._array.dtype
    attn_mask = additive(attn_mask, dtype, "attn_mask")
    key_padding_mask = additive(key_padding_mask, dtype, "key_padding_mask")

    if use_separate_proj_weight:
        if q_proj_weight is None or k_proj_weight is None or v_proj_weight is None:
            raise AssertionError("use_separate_proj_weight needs q_proj_weight, k_proj_weight and v_proj_weight")
        biases = (
            (None,) * 3 if in_proj_bias is None else split_sizes(in_proj_bias, (in_proj_bias.shape[0] // 3,) * 3, 0)
        )
        q, k, v = (
            linear(tensor, weight, bias)
            for tensor, weight, bias in zip(
                (query, key, value), (q_proj_weight, k_proj_weight, v_proj_weight), biases, strict=True
            )
        )
    else:
        if in_proj_weight is None:
            raise AssertionError("in_proj_weight is needed where use_separate_proj_weight is False")
        q, k, v = project(query, key, value, in_proj_weight, in_proj_bias)

    if (bias_k is None) != (bias_v is None):
        raise AssertionError("bias_k and bias_v must be given together")
    if attn_mask is not None:  # its shape is checked before columns are added
        merged_mask(attn_mask, None, samples, num_heads, length, k.shape[0] if static_k is None else static_k.shape[1])
    if bias_k is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias_k and bias_v cannot be combined with static_k and static_v")
        k = cat([k, expand_view(bias_k, (1, samples, width))])
        v = cat([v, expand_view(bias_v, (1, samples, width))])
        attn_mask, key_padding_mask = one_more(attn_mask), one_more(key_padding_mask)
    q = by_head(q, num_heads)
    heads = []
    for name, projected, static in (("static_k", k, static_k), ("static_v", v, static_v)):
        if static is None:
            heads.append(by_head(projected, num_heads))
            continue
        if static.shape[0] != samples * num_heads or static.shape[2] != head_width:
            raise AssertionError(
                f"{name} must have shape ({samples * num_heads}, S, {head_width}), got {tuple(static.shape)}"
            )
        heads.append(reshape_to(static, (samples, num_heads, *static.shape[1:])))
    k, v = heads
    if add_zero_attn:
        zeros = make(namespace_of(type(k._array)).zeros((samples, num_heads, 1, head_width), dtype))
        k, v = cat([k, zeros], dim=2), cat([v, zeros], dim=2)
        attn_mask, key_padding_mask = one_more(attn_mask), one_more(key_padding_mask)
    mask = merged_mask(attn_mask, key_padding_mask, samples, num_heads, length, k.shape[2])
    if not training:
        dropout_p = 0.0

    weights = None
    if need_weights:
        scores = matrix_product(q * (1.0 / math.sqrt(head_width)), transpose(k, 2, 3))
        weights = softmax_along(scores if mask is None else scores + mask, -1)
        if dropout_p > 0.0:
            weights = dropout(weights, dropout_p, True)
        output = matrix_product(weights, v)
    else:
        output = scaled_dot_product_attention(q, k, v, mask, dropout_p)
    output = reshape_to(permute(output, (2, 0, 1, 3)), (length, samples, width))
    output = linear(output, out_proj_weight, out_proj_bias)
    if weights is not None and average_attn_weights:
        weights = mean(weights, 1)
    if not batched:
        output = reshape_to(output, (length, output.shape[-1]))
        weights = None if weights is None else reshape_to(weights, tuple(weights.shape[1:]))
    return output, weights
