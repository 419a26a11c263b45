"""Switches of PyTorch's GPU convolutions: accepted, so that scripts that set them run; they change nothing here."""

__all__ = ["allow_tf32", "benchmark", "deterministic", "enabled", "is_available", "version"]

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """False: convolutions here are the library's own."""
    return False


def version() -> int | None:
    """None: there is no cuDNN."""
    return None
