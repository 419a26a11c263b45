"""An autograd engine with PyTorch's interface and pluggable compute backends.

>>> import tinygrad_i2dl as torch
>>> x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4., 6.])
"""

from . import accelerator as accelerator
from . import amp as amp
from . import autograd as autograd
from . import backends as backends
from . import cuda as cuda
from . import distributions as distributions
from . import func as func
from . import functional as functional
from . import fusion as fusion
from . import hub as hub
from . import jit as jit
from . import linalg as linalg
from . import mps as mps
from . import multiprocessing as multiprocessing
from . import nn as nn
from . import onnx as onnx
from . import optim as optim
from . import profiler as profiler
from . import random as random
from . import special as special
from . import utils as utils
from . import version as version
from .allocation import *
from .amp import autocast as autocast
from .autograd import set_detect_anomaly as set_detect_anomaly
from .backends.registry import available_backends as available_backends
from .backends.registry import get_backend as get_backend
from .backends.registry import register_backend as register_backend
from .backends.registry import set_backend as set_backend
from .backends.registry import use_backend as use_backend
from .devices import *
from .dtypes import *
from .dtypes import bool_ as bool
from .dtypes import float16 as half
from .dtypes import float32 as float
from .dtypes import float64 as double
from .dtypes import int16 as short
from .dtypes import int32 as int
from .dtypes import int64 as long
from .engine.mode import *
from .func import vmap as vmap
from .fusion import fuse as fuse
from .missing import missing_name
from .neighbours import from_dlpack as from_dlpack
from .neighbours import to_dlpack as to_dlpack
from .ops.activation import *
from .ops.bilinear import *
from .ops.comparison import *
from .ops.contraction import *
from .ops.conversion import *
from .ops.convolution import *
from .ops.creation import *
from .ops.distance import *
from .ops.dropout import *
from .ops.factorization import *
from .ops.indexing import *
from .ops.inplace import *
from .ops.layout import *
from .ops.linalg import *
from .ops.movement import *
from .ops.norm import *
from .ops.normalization import *
from .ops.padding import *
from .ops.pointwise import *
from .ops.pooling import *
from .ops.random import *
from .ops.recurrent import *
from .ops.reduction import *
from .ops.sorting import *
from .ops.spatial import *
from .ops.special_functions import *
from .ops.statistics import *
from .ops.storage import *
from .ops.tapering import *
from .profiling import profile as profile
from .serialization import load as load
from .serialization import save as save
from .settings import *
from .substitution import install_as_torch as install_as_torch
from .substitution import load_ipython_extension as load_ipython_extension
from .tensors import Size, Tensor
from .version import __version__ as __version__

__getattr__ = missing_name("torch", lambda: globals(), later=("safetensors", "vision"))
