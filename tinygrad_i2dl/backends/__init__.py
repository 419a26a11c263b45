"""Compute backends; also the switches that PyTorch keeps under ``torch.backends``."""

from . import cuda as cuda
from . import cudnn as cudnn
from . import mps as mps
