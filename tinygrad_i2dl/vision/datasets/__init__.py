"""Datasets of images (torchvision's ``datasets``)."""

from ...missing import missing_name
from . import folder as folder
from . import mnist as mnist
from .celeba import CelebA as CelebA
from .cifar import CIFAR10 as CIFAR10
from .cifar import CIFAR100 as CIFAR100
from .fake import FakeData as FakeData
from .folder import DatasetFolder as DatasetFolder
from .folder import ImageFolder as ImageFolder
from .food101 import Food101 as Food101
from .lsun import LSUN as LSUN
from .mnist import EMNIST as EMNIST
from .mnist import KMNIST as KMNIST
from .mnist import MNIST as MNIST
from .mnist import FashionMNIST as FashionMNIST
from .stl10 import STL10 as STL10
from .svhn import SVHN as SVHN
from .vision_dataset import VisionDataset as VisionDataset

__getattr__ = missing_name("torchvision.datasets", lambda: globals())
