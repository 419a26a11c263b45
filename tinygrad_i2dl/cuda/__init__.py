"""The GPU, as far as this installation has one (PyTorch's ``torch.cuda``)."""

from ..missing import missing_name
from . import amp as amp
from .graphs import CUDAGraph as CUDAGraph
from .graphs import graph as graph
from .graphs import graph_pool_handle as graph_pool_handle
from .graphs import is_current_stream_capturing as is_current_stream_capturing
from .memory import empty_cache as empty_cache
from .memory import ipc_collect as ipc_collect
from .memory import max_memory_allocated as max_memory_allocated
from .memory import max_memory_reserved as max_memory_reserved
from .memory import mem_get_info as mem_get_info
from .memory import memory_allocated as memory_allocated
from .memory import memory_reserved as memory_reserved
from .memory import memory_stats as memory_stats
from .memory import memory_summary as memory_summary
from .memory import reset_max_memory_allocated as reset_max_memory_allocated
from .memory import reset_peak_memory_stats as reset_peak_memory_stats
from .presence import current_device as current_device
from .presence import device_count as device_count
from .presence import get_device_capability as get_device_capability
from .presence import get_device_name as get_device_name
from .presence import get_device_properties as get_device_properties
from .presence import init as init
from .presence import is_available as is_available
from .presence import is_bf16_supported as is_bf16_supported
from .presence import is_initialized as is_initialized
from .presence import set_device as set_device
from .presence import synchronize as synchronize
from .seeds import get_rng_state as get_rng_state
from .seeds import get_rng_state_all as get_rng_state_all
from .seeds import initial_seed as initial_seed
from .seeds import manual_seed as manual_seed
from .seeds import manual_seed_all as manual_seed_all
from .seeds import seed as seed
from .seeds import seed_all as seed_all
from .seeds import set_rng_state as set_rng_state
from .seeds import set_rng_state_all as set_rng_state_all
from .streams import Event as Event
from .streams import Stream as Stream
from .streams import current_stream as current_stream
from .streams import default_stream as default_stream
from .streams import device as device
from .streams import set_stream as set_stream
from .streams import stream as stream
from .types import BFloat16Tensor as BFloat16Tensor
from .types import BoolTensor as BoolTensor
from .types import ByteTensor as ByteTensor
from .types import CharTensor as CharTensor
from .types import DoubleTensor as DoubleTensor
from .types import FloatTensor as FloatTensor
from .types import HalfTensor as HalfTensor
from .types import IntTensor as IntTensor
from .types import LongTensor as LongTensor
from .types import ShortTensor as ShortTensor

__getattr__ = missing_name("torch.cuda", lambda: globals())
