"""Conformance: PyTorch's own sample inputs, run through PyTorch and through this library, and compared."""
