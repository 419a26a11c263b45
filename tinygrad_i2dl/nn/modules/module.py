"""The base class of modules, by PyTorch's path ``torch.nn.modules.module``."""

from ..module import Module as Module
