"""Windows of images, by PyTorch's path ``torch.nn.modules.fold``."""

from ..folding import Fold as Fold
from ..folding import Unfold as Unfold
