"""The backend ``native``: kernels in C++ for NumPy arrays.

Each file holds the kernels of one family, its table ``KERNELS``, and, where there is something to tell the profile,
functions ``detail`` and ``refusal``. A kernel returns NotImplemented for what the extension does not serve, and always
does so where the extension was not built: the reference kernel then runs.
"""

from .convolution import col2im as col2im
from .convolution import conv as conv
from .convolution import conv_algorithm as conv_algorithm
from .convolution import conv_input_gradient as conv_input_gradient
from .convolution import conv_weight_gradient as conv_weight_gradient
from .convolution import im2col as im2col
from .extension import available as available
from .extension import get_num_threads as get_num_threads
from .extension import instruction_set as instruction_set
from .extension import instruction_sets as instruction_sets
from .extension import reason as reason
from .extension import set_instruction_set as set_instruction_set
from .extension import set_num_threads as set_num_threads
from .pooling import avg_pool as avg_pool
from .pooling import avg_pool_backward as avg_pool_backward
from .pooling import max_pool as max_pool
from .pooling import max_pool_backward as max_pool_backward
from .telling import KERNELS as KERNELS
from .telling import detail as detail
from .telling import refusal as refusal
