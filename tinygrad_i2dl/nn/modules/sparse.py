"""Embeddings, by PyTorch's path ``torch.nn.modules.sparse``."""

from ..embedding import Embedding as Embedding
from ..embedding import EmbeddingBag as EmbeddingBag
