"""Differentiation: `grad`, custom functions, checks and diagnosis (PyTorch's ``torch.autograd``)."""

from ..engine.mode import enable_grad as enable_grad
from ..engine.mode import inference_mode as inference_mode
from ..engine.mode import no_grad as no_grad
from ..engine.mode import set_grad_enabled as set_grad_enabled
from ..missing import missing_name
from . import anomaly as anomaly
from . import function as function
from . import functional as functional
from . import profiler as profiler
from .anomaly import detect_anomaly as detect_anomaly
from .anomaly import is_anomaly_enabled as is_anomaly_enabled
from .anomaly import set_detect_anomaly as set_detect_anomaly
from .differentiation import backward as backward
from .differentiation import grad as grad
from .function import Function as Function
from .function import numeric_grad as numeric_grad
from .gradcheck import GradcheckError as GradcheckError
from .gradcheck import gradcheck as gradcheck
from .gradcheck import gradgradcheck as gradgradcheck
from .variable import Variable as Variable

__getattr__ = missing_name("torch.autograd", lambda: globals())
