"""Parameters and buffers by PyTorch's path ``torch.nn.parameter``."""

from .module import Buffer as Buffer
from .module import Parameter as Parameter
from .module import UninitializedBuffer as UninitializedBuffer
from .module import UninitializedParameter as UninitializedParameter
from .module import is_lazy as is_lazy
