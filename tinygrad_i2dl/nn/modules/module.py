"""The base class of modules, by PyTorch's path ``torch.nn.modules.module``."""

from ..module import Module as Module
from ..module import register_module_forward_hook as register_module_forward_hook
from ..module import register_module_forward_pre_hook as register_module_forward_pre_hook
