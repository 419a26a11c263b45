"""Adaptive softmax, by PyTorch's path ``torch.nn.modules.adaptive``."""

from ..adaptive import AdaptiveLogSoftmaxWithLoss as AdaptiveLogSoftmaxWithLoss
