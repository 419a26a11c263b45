"""Special functions under the names of ``torch.special``."""

from .missing import missing_name
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
from .ops.reduction import logsumexp as logsumexp
from .ops.special_functions import digamma as digamma
from .ops.special_functions import digamma as psi
from .ops.special_functions import entr as entr
from .ops.special_functions import erfcx as erfcx
from .ops.special_functions import lgamma as gammaln
from .ops.special_functions import log_ndtr as log_ndtr
from .ops.special_functions import mvlgamma as multigammaln
from .ops.special_functions import ndtr as ndtr
from .ops.special_functions import ndtri as ndtri
from .ops.special_functions import polygamma as polygamma
from .ops.special_functions import xlog1py as xlog1py

__all__ = [
    "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1", "gammaln", "log1p", "log_ndtr",
    "log_softmax", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round", "sinc",
    "softmax", "xlog1py", "xlogy",
]  # fmt: skip

__getattr__ = missing_name("torch.special", lambda: globals())
