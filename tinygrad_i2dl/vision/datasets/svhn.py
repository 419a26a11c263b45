"""Street View House Numbers."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

import numpy

from ..pillow import pillow
from .download import download_file, has_md5
from .vision_dataset import VisionDataset, chosen

__all__ = ["SVHN"]


class SVHN(VisionDataset):
    """Photographs of house numbers, 32 by 32 pixels, in ten classes (Netzer et al., 2011).

    The files are Matlab's and read by SciPy (``pip install scipy``).

    Args:
        root: the folder that holds ``train_32x32.mat``, ``test_32x32.mat`` or ``extra_32x32.mat``.
        split: ``train``, ``test`` or ``extra``.
        transform: takes the PIL image.
        target_transform: takes the class.
        download: fetch the file if it is missing.

    Attributes:
        data: uint8 array (images, 3, 32, 32).
        labels: int64 array (images,); the digit 0 is class 0.

    Raises:
        RuntimeError: the file is missing.
        ModuleNotFoundError: SciPy is.
    """

    split_list = {
        "train": ("http://ufldl.stanford.edu/housenumbers/", "train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
        "test": ("http://ufldl.stanford.edu/housenumbers/", "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
        "extra": ("http://ufldl.stanford.edu/housenumbers/", "extra_32x32.mat", "a93ce644f1a588dc4d68dda5feec44a7"),
    }

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = chosen("split", split, tuple(self.split_list))
        _, self.filename, _ = self.split_list[split]
        if download:
            self.download()
        path = os.path.join(self.root, self.filename)
        if not os.path.isfile(path):
            raise RuntimeError(f"SVHN: {path!r} not found; put it there or pass download=True")
        try:
            matlab = importlib.import_module("scipy.io")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("reading SVHN's Matlab files needs SciPy: pip install scipy") from error
        content = matlab.loadmat(path)
        self.data = numpy.ascontiguousarray(content["X"].transpose(3, 2, 0, 1))
        self.labels = content["y"].astype(numpy.int64).reshape(-1) % 10  # the files say 10 for the digit 0

    def download(self) -> None:
        """Fetch the file of the split, unless it is there, undamaged."""
        folder, name, md5 = self.split_list[self.split]
        path = os.path.join(self.root, name)
        if not has_md5(path, md5):
            download_file([folder + name], path, md5)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = pillow().fromarray(numpy.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self._changed(image, int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
