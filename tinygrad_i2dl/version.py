"""Versions, under the names that PyTorch keeps them."""

__all__ = ["__version__", "cuda", "debug", "git_version", "hip"]

__version__ = "0.1.0"
cuda = None  # of the GPU toolkit that PyTorch is built for: there is no such build here
hip = None
debug = False
git_version = "unknown"
