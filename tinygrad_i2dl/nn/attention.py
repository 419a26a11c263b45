"""Multi-head attention."""

from __future__ import annotations

from typing import Any

from ..tensors import Tensor
from . import functional as F
from . import init
from .init import new_parameter
from .linear import NonDynamicallyQuantizableLinear
from .module import Module

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """``concat(head_1 .. head_h) W_O``, ``head_i = softmax(Q_i K_i^T / sqrt(d)) V_i`` (A. Vaswani et al., Attention
    is all you need, 2017).

    Args:
        embed_dim: size of queries and of the output.
        num_heads: h; each head has ``d = embed_dim / num_heads``.
        dropout: probability of dropping an attention weight in training.
        bias: of the projections.
        add_bias_kv: add a learned key and value to each sequence.
        add_zero_attn: add a zero key and value to each sequence.
        kdim: size of the keys, by default `embed_dim`.
        vdim: size of the values, by default `embed_dim`.
        batch_first: ``(N, L, E)`` instead of ``(L, N, E)``.
        device: where the parameters live.
        dtype: of the parameters.

    Attributes:
        in_proj_weight: the three projections in one, ``(3 embed_dim, embed_dim)``; ``q_proj_weight``,
            ``k_proj_weight`` and ``v_proj_weight`` instead where kdim or vdim differ.
        in_proj_bias: ``(3 embed_dim,)``.
        out_proj: the layer W_O.

    >>> import tinygrad_i2dl as torch
    >>> attention = torch.nn.MultiheadAttention(4, 2, batch_first=True)
    >>> x = torch.ones(1, 3, 4)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    (torch.Size([1, 3, 4]), torch.Size([1, 3, 3]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got {embed_dim} and {num_heads}")
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(f"embed_dim ({embed_dim}) must be divisible by num_heads ({num_heads})")
        place = {"device": device, "dtype": dtype}
        self.in_proj_weight: Any
        self.in_proj_bias: Any
        self.q_proj_weight: Any
        self.k_proj_weight: Any
        self.v_proj_weight: Any
        self.bias_k: Any
        self.bias_v: Any
        if self._qkv_same_embed_dim:
            self.in_proj_weight = new_parameter(3 * embed_dim, embed_dim, **place)
            for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
                self.register_parameter(name, None)
        else:
            self.q_proj_weight = new_parameter(embed_dim, embed_dim, **place)
            self.k_proj_weight = new_parameter(embed_dim, self.kdim, **place)
            self.v_proj_weight = new_parameter(embed_dim, self.vdim, **place)
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", new_parameter(3 * embed_dim, **place) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **place)
        if add_bias_kv:
            self.bias_k = new_parameter(1, 1, embed_dim, **place)
            self.bias_v = new_parameter(1, 1, embed_dim, **place)
        else:
            self.bias_k = self.bias_v = None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("_qkv_same_embed_dim", True)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend to `key` and `value`.

        Args:
            query: ``(L, N, E)``, ``(N, L, E)`` with `batch_first`, or ``(L, E)``.
            key: ``(S, N, kdim)``, and so on.
            value: ``(S, N, vdim)``, and so on.
            key_padding_mask: ``(N, S)``: True (or a number to add) where a key must not be seen.
            need_weights: return the attention weights too; without them it is faster.
            attn_mask: ``(L, S)`` or ``(N h, L, S)``: True where a query must not see a key, or numbers to add.
            average_attn_weights: return the mean over heads, ``(N, L, S)``, instead of ``(N, h, L, S)``.
            is_causal: `attn_mask` is the causal one.
        """
        batched = query.ndim == 3
        q: Any = query
        k: Any = key
        v: Any = value
        if self.batch_first and batched:
            swapped = q.transpose(0, 1)  # equal inputs stay the same object, which allows one projection for all
            same_key, same_value = k is q, v is k
            k = swapped if same_key else k.transpose(0, 1)
            v = k if same_value else v.transpose(0, 1)
            q = swapped
        output, weights = F.multi_head_attention_forward(
            q,
            k,
            v,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        if self.batch_first and batched:
            output = output.transpose(0, 1)
        return output, weights
