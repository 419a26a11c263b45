"""The backend ``numba``: loops compiled by Numba for NumPy arrays.

Each file holds the kernels of one family and its table ``KERNELS``: functions that look at their arguments and call a
loop of the module of the same name in ``loops``. Those import Numba, the kernels do not: it is imported when the first
loop runs, or by `prepare`.
"""

from .availability import reason as reason
from .preparation import compile_everything as compile_everything
from .preparation import prepare as prepare
from .serving import limits as limits
from .telling import KERNELS as KERNELS
from .telling import refusal as refusal
