"""The IDX format of MNIST and its relatives: a magic number, sizes, then the elements."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy

__all__ = ["read_idx"]

# Element types by the magic number's third byte (LeCun, Cortes and Burges: the MNIST database); big-endian in the file.
ELEMENTS = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> Any:
    """Read an IDX file, gzip-compressed or not, into a NumPy array.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is no IDX file, or its length differs from what its sizes say; the message gives both.
    """
    path = Path(path)
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{path}: the compressed file is damaged or cut short ({error}); fetch it again"
            ) from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in ELEMENTS:
        raise ValueError(
            f"{path}: not an IDX file: expected the first bytes 0, 0 and an element type, got {list(content[:4])}"
        )
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(
            f"{path}: expected {dimensions} sizes in a header of {start} bytes, the file has {len(content)}"
        )
    shape = tuple(int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions))
    element = numpy.dtype(ELEMENTS[content[2]])
    expected = start + math.prod(shape) * element.itemsize
    if len(content) != expected:
        raise ValueError(
            f"{path}: expected {expected} bytes for {' x '.join(map(str, shape))} elements, the file has "
            f"{len(content)}: it is cut short or damaged; fetch it again"
        )
    return numpy.frombuffer(content, element, offset=start).reshape(shape).astype(element.newbyteorder("="))
