"""The old constructors of tensors on the GPU, such as ``torch.cuda.FloatTensor(2, 3)``."""

from __future__ import annotations

from ..ops.creation import CPU_TYPES, TensorType

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor",
    "LongTensor", "ShortTensor",
]  # fmt: skip


def _on_gpu(name: str) -> TensorType:
    return TensorType(name, CPU_TYPES[name].dtype, "cuda")


BFloat16Tensor = _on_gpu("BFloat16Tensor")
BoolTensor = _on_gpu("BoolTensor")
ByteTensor = _on_gpu("ByteTensor")
CharTensor = _on_gpu("CharTensor")
DoubleTensor = _on_gpu("DoubleTensor")
FloatTensor = _on_gpu("FloatTensor")
HalfTensor = _on_gpu("HalfTensor")
IntTensor = _on_gpu("IntTensor")
LongTensor = _on_gpu("LongTensor")
ShortTensor = _on_gpu("ShortTensor")
