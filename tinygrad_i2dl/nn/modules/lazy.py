"""Lazy modules, by PyTorch's path ``torch.nn.modules.lazy``."""

from ..lazy import LazyModuleMixin as LazyModuleMixin
