"""The GPU: CuPy's arrays, its namespace completed, and our own CUDA kernels."""

from .connection import INSTALL as INSTALL
from .connection import connect as connect
from .connection import connected as connected
from .connection import device_count as device_count
from .connection import is_pinned as is_pinned
from .connection import on_gpu as on_gpu
from .connection import pinned as pinned
from .connection import reason as reason
from .connection import required as required
from .connection import to_gpu as to_gpu
from .connection import use as use
