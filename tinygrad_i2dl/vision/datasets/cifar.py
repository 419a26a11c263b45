"""CIFAR-10 and CIFAR-100."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from ..pillow import pillow
from .download import download_file, extract_archive, has_md5
from .vision_dataset import VisionDataset

__all__ = ["CIFAR10", "CIFAR100"]


class _ArraysOnly(pickle.Unpickler):
    """Reads the pickles of these datasets: plain containers and NumPy arrays, and nothing that could run code."""

    _ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(
                f"the file asks for {module}.{name}, which no CIFAR file needs; it is not read"
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


class CIFAR10(VisionDataset):
    """Photographs of 32 by 32 pixels in ten classes (Krizhevsky, 2009): 50,000 for training, 10,000 for tests.

    Args:
        root: the folder that holds ``cifar-10-batches-py``, or the archive ``cifar-10-python.tar.gz``.
        train: the training images, else the test images.
        transform: takes the PIL image.
        target_transform: takes the class.
        download: fetch and unpack the archive if the files are missing.

    Attributes:
        data: uint8 array (images, 32, 32, 3).
        targets: list of integers.
        classes: names.
        class_to_idx: number of each name.

    Raises:
        RuntimeError: files are missing; the message names them.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: Sequence[Sequence[str]] = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list: Sequence[Sequence[str]] = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888"}

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        names = [entry[0] for entry in (self.train_list if train else self.test_list)]
        wanted = [os.path.join(self.root, self.base_folder, name) for name in [*names, self.meta["filename"]]]
        missing = [path for path in wanted if not os.path.isfile(path)]
        if missing:
            raise RuntimeError(
                f"{type(self).__name__}: {', '.join(missing)} not found; unpack {self.filename} there or pass "
                "download=True"
            )
        parts = [self._read(path) for path in wanted[:-1]]
        planes = numpy.vstack([part["data"] for part in parts]).reshape(-1, 3, 32, 32)
        self.data = numpy.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        self.targets: list[int] = []
        for part in parts:
            self.targets += [int(each) for each in (part["labels"] if "labels" in part else part["fine_labels"])]
        if len(self.targets) != len(self.data):
            raise ValueError(f"{wanted[0]}: {len(self.data)} images but {len(self.targets)} labels; fetch it again")
        self.classes: list[str] = self._read(wanted[-1])[self.meta["key"]]
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}

    @staticmethod
    def _read(path: str) -> dict[str, Any]:
        try:
            with open(path, "rb") as file:
                return _ArraysOnly(file, encoding="latin1").load()  # type: ignore[no-any-return]
        except (EOFError, pickle.UnpicklingError, ValueError) as error:
            raise ValueError(f"{path}: damaged or cut short ({error}); fetch it again") from error

    def _check_integrity(self) -> bool:
        files = [*self.train_list, *self.test_list, (self.meta["filename"], self.meta["md5"])]
        return all(has_md5(os.path.join(self.root, self.base_folder, name), md5) for name, md5 in files)

    def download(self) -> None:
        """Fetch and unpack the archive, unless all files are there, undamaged."""
        if self._check_integrity():
            return
        archive = os.path.join(self.root, self.filename)
        if not has_md5(archive, self.tgz_md5):
            download_file([self.url], archive, self.tgz_md5)
        extract_archive(archive, self.root)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._changed(pillow().fromarray(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class CIFAR100(CIFAR10):
    """Photographs of 32 by 32 pixels in a hundred classes; as `CIFAR10`, in ``cifar-100-python``."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta = {"filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48"}
