"""What is not compared, each with its reason. Everything else counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from .conversion import DTYPES
from .entries import Entry
from .tally import Excluded

COMPLEX = "complex numbers: the library has real dtypes only"
SPARSE = "sparse layouts are outside the scope"
DESCRIPTOR = "calls a slot of a C type on a number; CPython refuses, before any library code"
NOT_TWICE = "PyTorch's second derivative is NaN: the function has none at this point"
PRIVATE = "private operator of PyTorch, not part of its public interface"

# whole entries, by name or name:variant
NAMES: dict[str, str] = {
    "optim.SparseAdam": SPARSE,
    "optim.lr_scheduler.with.SparseAdam": SPARSE,
    "sparse.mm": SPARSE,
    "sparse.sampled_addmm": SPARSE,
    "to_sparse": SPARSE,
    "jiterator_unary": "compiles CUDA source text",
    "jiterator_binary": "compiles CUDA source text",
    "jiterator_4inputs_with_extra_args": "compiles CUDA source text",
    "jiterator_binary_return_by_ref": "compiles CUDA source text",
    "jiterator_2inputs_2outputs": "compiles CUDA source text",
    "torch._scaled_mm": PRIVATE,
    "torch._scaled_mm_v2": PRIVATE,
    "torch.ops.aten._safe_softmax.default": PRIVATE,
    "torch.ops.aten._flash_attention_forward": PRIVATE,
    "torch.ops.aten._efficient_attention_forward": PRIVATE,
    "_softmax_backward_data": PRIVATE,
    "_batch_norm_with_update": PRIVATE,
    "_native_batch_norm_legit": PRIVATE,
    "_upsample_bilinear2d_aa": PRIVATE,
    "_segment_reduce": PRIVATE,
    "_chunk_cat": PRIVATE,
    "_unsafe_masked_index": PRIVATE,
    "_unsafe_masked_index_put_accumulate": PRIVATE,
    "max_pool2d_with_indices_backward": PRIVATE,
    "native_dropout_backward": PRIVATE,
    "slice": PRIVATE,
    "cdouble": COMPLEX,
    "cfloat": COMPLEX,
    "chalf": COMPLEX,
    "nn.functional.silu:complex": COMPLEX,
    "view_as_real": COMPLEX,
    "view_as_complex": COMPLEX,
    "complex": COMPLEX,
    "polar": COMPLEX,
    "stft": COMPLEX,
    "istft": COMPLEX,
    "imag": COMPLEX,
    "linalg.eig": COMPLEX,
    "linalg.eigvals": COMPLEX,
}

# names whose tolerances are a multiple (at most 3) of PyTorch's defaults: name -> (factor, reason)
SUMS = "float32 sums of products in another order: with inputs up to 9 they cancel, and round beyond the default"
TOLERANCE_FACTORS: dict[str, tuple[float, str]] = {
    "matmul": (3, SUMS),
    "__rmatmul__": (3, SUMS),
    "nn.functional.conv3d": (3, SUMS),
    "nn.functional.conv_transpose3d": (3, SUMS),
    "addbmm": (3, SUMS),
    "nn.functional.scaled_dot_product_attention": (
        3,
        SUMS + "; exponentials magnify that (PyTorch's own tests widen it too)",
    ),
}


def reason_of_entry(entry: Entry) -> str | None:
    """Why a whole entry is outside the scope; None if it is not."""
    return NAMES.get(entry.name) or NAMES.get(f"{entry.name}:{entry.variant}")


def exclude_values(*values: Any) -> None:
    """Raise Excluded when a value (of a sample, or of PyTorch's result) is of a kind that is outside the scope."""
    for value in leaves(values):
        reason = reason_of(value)
        if reason is not None:
            raise Excluded(reason)


def reason_of(value: Any) -> str | None:
    """Why a single value is outside the scope; None if it is not."""
    if isinstance(value, complex):
        return COMPLEX
    if isinstance(value, torch.dtype):
        if value.is_complex:
            return COMPLEX
        return (
            None
            if value in DTYPES | {torch.bfloat16}
            else f"{str(value).removeprefix('torch.')}: NumPy has no such dtype"
        )
    if isinstance(value, torch.Tensor):
        if value.is_quantized:
            return "quantized tensors are outside the scope"
        if value.dim() > 64:
            return "NumPy arrays have at most 64 dimensions"
        if value.is_nested:
            return "nested tensors are outside the scope"
        if value.layout is not torch.strided:
            return SPARSE
        if value.device.type != "cpu":
            return f"needs a device of type {value.device.type}"
        return reason_of(value.dtype)
    if isinstance(value, torch.device) and value.type != "cpu":
        return f"needs a device of type {value.type}"
    if isinstance(value, torch.layout) and value is not torch.strided:
        return SPARSE
    if isinstance(value, str) and value.split(":")[0] in {"cuda", "meta", "mps", "xpu"}:
        return f"needs a device of type {value.split(':')[0]}"
    return None


def leaves(value: Any) -> Iterator[Any]:
    """Values in nested lists, tuples, dicts and slices."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, slice):
        yield from leaves((value.start, value.stop, value.step))
    else:
        yield value
