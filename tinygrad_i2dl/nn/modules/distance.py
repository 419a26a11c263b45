"""Distances, by PyTorch's path ``torch.nn.modules.distance``."""

from ..distance import CosineSimilarity as CosineSimilarity
from ..distance import PairwiseDistance as PairwiseDistance
