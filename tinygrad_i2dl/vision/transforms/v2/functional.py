"""The changes as functions, under the names of torchvision's ``transforms.v2.functional``."""

from ....missing import missing_name
from ..blurring import gaussian_blur as gaussian_blur
from ..color import adjust_brightness as adjust_brightness
from ..color import adjust_contrast as adjust_contrast
from ..color import adjust_gamma as adjust_gamma
from ..color import adjust_hue as adjust_hue
from ..color import adjust_saturation as adjust_saturation
from ..color import adjust_sharpness as adjust_sharpness
from ..color import autocontrast as autocontrast
from ..color import equalize as equalize
from ..color import invert as invert
from ..color import posterize as posterize
from ..color import rgb_to_grayscale as rgb_to_grayscale
from ..color import solarize as solarize
from ..color import to_grayscale as to_grayscale
from ..conversion import convert_image_dtype as convert_image_dtype
from ..conversion import normalize as normalize
from ..conversion import pil_to_tensor as pil_to_tensor
from ..conversion import to_pil_image as to_pil_image
from ..conversion import to_tensor as to_tensor
from ..cropping import center_crop as center_crop
from ..cropping import crop as crop
from ..cropping import five_crop as five_crop
from ..cropping import resized_crop as resized_crop
from ..cropping import ten_crop as ten_crop
from ..erasing import erase as erase
from ..flipping import hflip as hflip
from ..flipping import vflip as vflip
from ..images import InterpolationMode as InterpolationMode
from ..images import get_dimensions as get_dimensions
from ..images import get_image_num_channels as get_image_num_channels
from ..images import get_image_size as get_image_size
from ..padding import pad as pad
from ..resizing import resize as resize
from ..warping import affine as affine
from ..warping import perspective as perspective
from ..warping import rotate as rotate
from .types import to_dtype as to_dtype
from .types import to_image as to_image

# The second version's longer names.
horizontal_flip = hflip
vertical_flip = vflip
get_size = get_image_size

__getattr__ = missing_name("torchvision.transforms.v2.functional", lambda: globals())
