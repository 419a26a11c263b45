"""Random numbers: PyTorch's CPU stream, reproduced on NumPy arrays."""

from tinygrad_i2dl.generator.generator import Generator, default_generator

__all__ = ["Generator", "default_generator"]
