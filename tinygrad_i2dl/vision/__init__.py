"""Image data, transforms and models (torchvision's names)."""

from ..missing import missing_name
from . import datasets as datasets
from . import io as io
from . import models as models
from . import transforms as transforms
from . import utils as utils
from .idx import read_idx as read_idx
from .image_backend import get_image_backend as get_image_backend
from .image_backend import set_image_backend as set_image_backend

# The version of torchvision whose names and behaviour these are.
__version__ = "0.21.0"
__getattr__ = missing_name("torchvision", lambda: globals())
