"""Channel shuffle, by PyTorch's path ``torch.nn.modules.channelshuffle``."""

from ..pixel_shuffle import ChannelShuffle as ChannelShuffle
