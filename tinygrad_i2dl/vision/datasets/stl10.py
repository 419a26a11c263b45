"""STL-10."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from ..pillow import pillow
from .download import download_file, extract_archive
from .vision_dataset import VisionDataset, chosen

__all__ = ["STL10"]

_SHAPE = (3, 96, 96)


class STL10(VisionDataset):
    """Photographs of 96 by 96 pixels in ten classes, and many without a class (Coates, Lee and Ng, 2011).

    Args:
        root: the folder that holds ``stl10_binary``.
        split: ``train``, ``test``, ``unlabeled`` or ``train+unlabeled``; images without a class have the label -1.
        folds: one of the ten predefined folds (0 to 9) of ``train``, or None for all of it.
        transform: takes the PIL image.
        target_transform: takes the class.
        download: fetch and unpack the archive if files are missing.

    Attributes:
        data: uint8 array (images, 3, 96, 96).
        labels: int64 array (images,).
        classes: names.

    Raises:
        RuntimeError: files are missing; the message names them.
    """

    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        folds: int | None = None,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = chosen("split", split, self.splits)
        if folds is not None and not 0 <= folds < 10:
            raise ValueError(f"folds must be None or from 0 to 9, got {folds!r}")
        self.folds = folds
        self._folder = Path(self.root, self.base_folder)
        if download:
            self.download()
        parts = [self._part(name) for name in split.split("+")]
        self.data = numpy.concatenate([images for images, _ in parts])
        self.labels = numpy.concatenate([labels for _, labels in parts])
        if folds is not None and "train" in split:
            lines = self._file("fold_indices.txt").read_text().splitlines()
            places = numpy.array(lines[folds].split(), dtype=numpy.int64)
            rest = numpy.arange(len(parts[0][0]), len(self.data))  # the images without a class stay
            self.data, self.labels = (each[numpy.concatenate([places, rest])] for each in (self.data, self.labels))
        self.classes = self._file("class_names.txt").read_text().splitlines()

    def _file(self, name: str) -> Path:
        path = self._folder / name
        if not path.is_file():
            raise RuntimeError(
                f"STL10: {path} not found; unpack {self.filename} in {self.root!r} or pass download=True"
            )
        return path

    def _part(self, name: str) -> tuple[Any, Any]:
        pixels = numpy.fromfile(self._file(f"{name}_X.bin"), dtype=numpy.uint8)
        images = pixels.reshape(-1, *_SHAPE).transpose(0, 1, 3, 2)  # published column by column
        if name == "unlabeled":
            return images, numpy.full(len(images), -1, dtype=numpy.int64)
        return images, numpy.fromfile(self._file(f"{name}_y.bin"), dtype=numpy.uint8).astype(numpy.int64) - 1

    def download(self) -> None:
        """Fetch and unpack the archive, unless the files are there."""
        if (self._folder / "test_X.bin").is_file() and (self._folder / "class_names.txt").is_file():
            return
        archive = os.path.join(self.root, self.filename)
        download_file([self.url], archive, self.tgz_md5)
        extract_archive(archive, self.root)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = pillow().fromarray(numpy.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self._changed(image, int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
