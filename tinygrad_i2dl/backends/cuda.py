"""Switches of PyTorch's GPU products: accepted, so that scripts that set them run; they change nothing here."""

from types import SimpleNamespace

__all__ = ["is_built", "matmul"]

matmul = SimpleNamespace(allow_tf32=False)


def is_built() -> bool:
    """False: the library is not built for one kind of GPU; see `torch.cuda.is_available`."""
    return False
