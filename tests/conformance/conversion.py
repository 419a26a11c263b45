"""Values from PyTorch to a library and back, through NumPy.

A converted tensor has the values, dtype, shape, strides, storage sharing and ``requires_grad`` of its origin, and
never shares memory with it. The same code makes the fresh copies that PyTorch itself is given, so that both sides
take the same path.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided

from .resolution import rebind

# dtypes that NumPy has, and that both libraries therefore can exchange
DTYPES = {
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
}


def dtype_name(dtype: Any) -> str:
    """``float32`` of ``torch.float32``, whichever library it is from."""
    return str(dtype).rsplit(".", 1)[-1]


class Converter:
    """Converts one set of values from PyTorch to ``library``; tensors that share a storage do so afterwards."""

    def __init__(self, library: ModuleType) -> None:
        self.library = library
        self.storages: dict[int, np.ndarray] = {}
        self.tensors: dict[int, Any] = {}
        self.leaves: list[Any] = []  # tensors that require a gradient, in order of first appearance
        self.originals: list[torch.Tensor] = []  # keeps ids valid

    def __call__(self, value: Any) -> Any:
        library = self.library
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        if isinstance(value, torch.nn.utils.rnn.PackedSequence):
            return library.nn.utils.rnn.PackedSequence(*(self(field) for field in value))
        if isinstance(value, torch.Size):
            return library.Size(tuple(value))
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, tuple):
            return tuple(self(item) for item in value)
        if isinstance(value, dict):
            return {self(key): self(item) for key, item in value.items()}
        if isinstance(value, slice):
            return slice(self(value.start), self(value.stop), self(value.step))
        if isinstance(value, torch.nn.Module):
            return self.module(value)
        if library is torch:
            return torch.Generator().manual_seed(value.initial_seed()) if isinstance(value, torch.Generator) else value
        if isinstance(value, torch.dtype):
            return getattr(library, dtype_name(value))
        if isinstance(value, torch.device):
            return library.device(str(value))
        if isinstance(value, torch.layout | torch.memory_format):
            return getattr(library, str(value).rsplit(".", 1)[-1])
        if isinstance(value, torch.Generator):
            return library.Generator().manual_seed(value.initial_seed())
        if callable(value):
            return rebind(value, library)
        return value

    def tensor(self, value: torch.Tensor) -> Any:
        if id(value) in self.tensors:
            return self.tensors[id(value)]
        array = self.array(value.detach())
        result = self.library.from_numpy(array)
        if isinstance(value, torch.nn.Parameter):
            result = self.library.nn.Parameter(result, requires_grad=value.requires_grad)
        elif value.requires_grad:
            result = result.requires_grad_(True)
        if value.requires_grad:
            self.leaves.append(result)
        self.tensors[id(value)] = result
        self.originals.append(value)
        return result

    def array(self, value: torch.Tensor) -> np.ndarray:
        value = value.resolve_conj().resolve_neg()
        if value._is_zerotensor():
            return np.zeros(tuple(value.shape), dtype=value.numpy(force=True).dtype)
        storage = value.untyped_storage()
        if storage.nbytes() == 0 or value.numel() == 0:
            return np.empty(tuple(value.shape), dtype=value.numpy().dtype)
        key = storage.data_ptr()
        if key not in self.storages:
            length = storage.nbytes() // value.element_size()
            whole = torch.empty(0, dtype=value.dtype).set_(storage, 0, (length,), (1,))
            self.storages[key] = whole.numpy().copy()
            self.originals.append(whole)
        base = self.storages[key].view(value.numpy().dtype)
        strides = tuple(stride * base.itemsize for stride in value.stride())
        return as_strided(base[value.storage_offset() :], tuple(value.shape), strides)

    def module(self, value: torch.nn.Module) -> Any:
        """Module passed to another module's constructor, e.g. the layer of a ``TransformerEncoder``."""
        if not isinstance(value, torch.nn.TransformerEncoderLayer | torch.nn.TransformerDecoderLayer):
            make = functools.reduce(getattr, ("nn", type(value).__name__), self.library)
            return make()
        make = getattr(self.library.nn, type(value).__name__)
        activation = getattr(value, "activation", None) or torch.nn.functional.relu
        twin = make(
            value.self_attn.embed_dim,
            value.self_attn.num_heads,
            value.linear1.out_features,
            value.dropout.p,
            self(activation),
            value.norm1.eps,
            value.self_attn.batch_first,
            value.norm_first,
            value.linear1.bias is not None,
            dtype=self(value.linear1.weight.dtype),
        )
        twin.load_state_dict(self(dict(value.state_dict())))
        return twin.train(value.training)


def to_array(value: Any) -> np.ndarray:
    """Array of a tensor of either library."""
    value = value.detach()
    if isinstance(value, torch.Tensor):
        value = value.resolve_conj().resolve_neg()
        return (value.float() if value.dtype is torch.bfloat16 else value).numpy(
            force=True
        )  # force: zero tensors have no memory
    if dtype_name(value.dtype) == "bfloat16":
        value = value.float()
    return np.asarray(value.numpy())
