"""PyTorch's checkpoint files, read and written as arrays and plain Python values; see README.md beside this file."""

from tinygrad_i2dl.archive.reading import read_archive
from tinygrad_i2dl.archive.records import Builders, Storage, StoredTensor, TorchCall, TorchName
from tinygrad_i2dl.archive.replacement import replaced_file
from tinygrad_i2dl.archive.writing import write_archive

__all__ = [
    "Builders",
    "Storage",
    "StoredTensor",
    "TorchCall",
    "TorchName",
    "read_archive",
    "replaced_file",
    "write_archive",
]
