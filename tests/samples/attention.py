"""Samples of attention."""

from __future__ import annotations

from typing import Any

import numpy

from . import array, case, raises, sample


def heads(make: Any, *, packed: bool = True, **more: Any) -> Any:
    """A call of multi_head_attention_forward with all its weights: width 4, two heads."""
    width = 4
    query, key = make(3, 2, width), make(5, 2, width)
    value = make(5, 2, width)
    weights = {
        "embed_dim_to_check": width, "num_heads": 2, "in_proj_bias": make(3 * width), "bias_k": None, "bias_v": None,
        "add_zero_attn": False, "dropout_p": 0.0, "out_proj_weight": make(width, width), "out_proj_bias": make(width),
        "in_proj_weight": make(3 * width, width) if packed else None,
    }  # fmt: skip
    if not packed:
        weights["use_separate_proj_weight"] = True
        for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weights[name] = make(width, width)
    return case(query, key, value, **weights | more)


PADDING = numpy.array([[False, True, False, False, True], [False, False, True, False, False]])
CAUSAL = numpy.triu(numpy.ones((3, 5), bool), 1)

sample(
    "scaled_dot_product_attention",
    lambda make: [
        case(make(2, 3, 4), make(2, 5, 4), make(2, 5, 3)),
        case(make(2, 2, 3, 4), make(2, 2, 3, 4), make(2, 2, 3, 4), is_causal=True),
        case(make(2, 3, 4), make(2, 5, 4), make(2, 5, 3), make(3, 5)),
        case(make(2, 3, 4), make(2, 5, 4), make(2, 5, 3), ~CAUSAL, scale=0.7),
        case(make(2, 3, 4), make(2, 5, 4), make(2, 5, 3), numpy.zeros((3, 5), bool)),  # nobody may look anywhere
        case(make(1, 4, 3, 2), make(1, 2, 3, 2), make(1, 2, 3, 2), enable_gqa=True),
    ],
    oracle="torch.nn.functional.scaled_dot_product_attention",
    errors=[
        raises(RuntimeError, "makes its own mask", array(3, 4), array(3, 4), array(3, 4), array(3, 3), is_causal=True),
        raises(RuntimeError, r"needs query \(..., L, E\)", array(3, 4), array(3, 5), array(3, 4)),
    ],
)
sample(
    "multi_head_attention_forward",
    lambda make: [
        heads(make),
        heads(make, packed=False, need_weights=False),
        heads(make, key_padding_mask=PADDING, attn_mask=CAUSAL, average_attn_weights=False),
        heads(make, attn_mask=make(4, 3, 5), need_weights=False),
        heads(make, bias_k=make(1, 1, 4), bias_v=make(1, 1, 4), add_zero_attn=True, key_padding_mask=PADDING),
        heads(make, static_k=make(4, 6, 2), static_v=make(4, 6, 2)),
    ],
    oracle="torch.nn.functional.multi_head_attention_forward",
    errors=[
        raises(AssertionError, "query must be", array(3), *[None] * 3, 1, *[None] * 4, False, 0.0, None, None),
    ],
)
