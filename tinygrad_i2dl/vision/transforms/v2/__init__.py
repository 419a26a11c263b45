"""The changes under the names of torchvision's ``transforms.v2``; they take images, no boxes or masks."""

from ....missing import missing_name
from ..blurring import GaussianBlur as GaussianBlur
from ..color import ColorJitter as ColorJitter
from ..color import Grayscale as Grayscale
from ..color import RandomAdjustSharpness as RandomAdjustSharpness
from ..color import RandomAutocontrast as RandomAutocontrast
from ..color import RandomEqualize as RandomEqualize
from ..color import RandomGrayscale as RandomGrayscale
from ..color import RandomInvert as RandomInvert
from ..color import RandomPosterize as RandomPosterize
from ..color import RandomSolarize as RandomSolarize
from ..composition import Compose as Compose
from ..composition import Lambda as Lambda
from ..composition import RandomApply as RandomApply
from ..composition import RandomChoice as RandomChoice
from ..composition import RandomOrder as RandomOrder
from ..conversion import ConvertImageDtype as ConvertImageDtype
from ..conversion import LinearTransformation as LinearTransformation
from ..conversion import Normalize as Normalize
from ..conversion import PILToTensor as PILToTensor
from ..conversion import ToPILImage as ToPILImage
from ..conversion import ToTensor as ToTensor
from ..cropping import CenterCrop as CenterCrop
from ..cropping import FiveCrop as FiveCrop
from ..cropping import RandomCrop as RandomCrop
from ..cropping import RandomResizedCrop as RandomResizedCrop
from ..cropping import TenCrop as TenCrop
from ..erasing import RandomErasing as RandomErasing
from ..flipping import RandomHorizontalFlip as RandomHorizontalFlip
from ..flipping import RandomVerticalFlip as RandomVerticalFlip
from ..images import InterpolationMode as InterpolationMode
from ..padding import Pad as Pad
from ..policies import AutoAugment as AutoAugment
from ..policies import AutoAugmentPolicy as AutoAugmentPolicy
from ..policies import RandAugment as RandAugment
from ..policies import TrivialAugmentWide as TrivialAugmentWide
from ..resizing import Resize as Resize
from ..warping import RandomAffine as RandomAffine
from ..warping import RandomPerspective as RandomPerspective
from ..warping import RandomRotation as RandomRotation
from . import functional as functional
from .types import Identity as Identity
from .types import ToDtype as ToDtype
from .types import ToImage as ToImage
from .types import ToPureTensor as ToPureTensor

__getattr__ = missing_name("torchvision.transforms.v2", lambda: globals())
