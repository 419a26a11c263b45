"""Special functions under the names of ``torch.special``."""

from .ops.activation import log_softmax as log_softmax
from .ops.activation import softmax as softmax
from .ops.pointwise import erf as erf
from .ops.pointwise import erfc as erfc
from .ops.pointwise import erfinv as erfinv
from .ops.pointwise import exp2 as exp2
from .ops.pointwise import expm1 as expm1
from .ops.pointwise import log1p as log1p
from .ops.pointwise import logit as logit
from .ops.pointwise import round as round
from .ops.pointwise import sigmoid as expit
from .ops.pointwise import sinc as sinc
from .ops.pointwise import xlogy as xlogy

__all__ = [
    "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "log1p", "log_softmax", "logit", "round", "sinc", "softmax",
    "xlogy",
]  # fmt: skip
