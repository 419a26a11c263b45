"""The old place of `torch.amp`'s classes."""

from ..amp import GradScaler as GradScaler
from ..amp import autocast as autocast
from ..amp import custom_bwd as custom_bwd
from ..amp import custom_fwd as custom_fwd
