"""MNIST and the datasets in its format."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...ops.creation import from_numpy
from ..idx import read_idx
from ..pillow import pillow
from .download import download_file
from .vision_dataset import VisionDataset, chosen

__all__ = ["KMNIST", "MNIST", "EMNIST", "FashionMNIST"]

_TRAINING, _TEST = "train", "t10k"


class MNIST(VisionDataset):
    """Handwritten digits (LeCun, Cortes and Burges): 60,000 and 10,000 images of 28 by 28 pixels in ten classes.

    The files ``train-images-idx3-ubyte`` and so on are looked for, compressed (``.gz``) or not, in ``root/MNIST/raw``
    (for subclasses their own name), then in `root` itself.

    Args:
        root: the folder that holds the data.
        train: the training images, else the test images.
        transform: takes the PIL image.
        target_transform: takes the class.
        download: fetch missing files into ``root/MNIST/raw``.

    Attributes:
        data: uint8 tensor (images, 28, 28).
        targets: int64 tensor (images,).
        classes: names.
        class_to_idx: number of each name.

    Raises:
        RuntimeError: files are missing; the message names them and the folders.
        ValueError: a file is damaged, or images and labels do not fit.
    """

    mirrors: Sequence[str] = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    )
    # The compressed files of the publishers, by their MD5 sum; looked at in downloads only: others compress anew.
    resources: Sequence[tuple[str, str]] = (
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    )
    classes: Sequence[str] = [
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
    ]

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
        self.data, self.targets = self._load()

    @property
    def raw_folder(self) -> str:
        """Where the files as published lie."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def processed_folder(self) -> str:
        """Where an early form kept prepared files; unused."""
        return os.path.join(self.root, type(self).__name__, "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: number for number, name in enumerate(self.classes)}

    @property
    def train_data(self) -> Any:
        """`data`, by an old name."""
        return self.data

    @property
    def train_labels(self) -> Any:
        """`targets`, by an old name."""
        return self.targets

    test_data = train_data
    test_labels = train_labels

    def _stem(self) -> str:
        return _TRAINING if self.train else _TEST

    def _find(self, name: str) -> Path | None:
        folders = (Path(self.raw_folder), Path(self.root))
        return next((f for folder in folders for f in (folder / name, folder / f"{name}.gz") if f.is_file()), None)

    def _check_exists(self) -> bool:
        return all(self._find(name.removesuffix(".gz")) for name, _ in self.resources)

    def download(self) -> None:
        """Fetch the files that are missing."""
        for name, md5 in self.resources:
            if self._find(name.removesuffix(".gz")) is None:
                download_file([mirror + name for mirror in self.mirrors], os.path.join(self.raw_folder, name), md5)

    def _load(self) -> tuple[Any, Any]:
        names = [f"{self._stem()}-images-idx3-ubyte", f"{self._stem()}-labels-idx1-ubyte"]
        paths = [self._find(name) for name in names]
        missing = [name for name, path in zip(names, paths, strict=True) if path is None]
        if missing:
            raise RuntimeError(
                f"{type(self).__name__}: {' and '.join(missing)} (or with the ending .gz) not found in "
                f"{self.raw_folder!r} or {self.root!r}; put them there or pass download=True"
            )
        images, labels = (read_idx(path) for path in paths if path is not None)
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or images.dtype.name != "uint8":
            raise ValueError(
                f"{paths[0]} and {paths[1]}: expected uint8 images (n, height, width) and n labels, got "
                f"{images.dtype} {images.shape} and {labels.shape}"
            )
        return from_numpy(images), from_numpy(labels.astype("int64"))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = pillow().fromarray(self.data[index].numpy())
        return self._changed(image, int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """Pictures of clothes in MNIST's format (Xiao, Rasul and Vollgraf, 2017: Fashion-MNIST)."""

    mirrors = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    )
    classes = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


class KMNIST(MNIST):
    """Cursive Japanese characters in MNIST's format (Clanuwat et al., 2018: Kuzushiji-MNIST)."""

    mirrors = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    )
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


_DIGITS = [str(number) for number in range(10)]
_CAPITALS = [chr(ord("A") + number) for number in range(26)]
_SMALL = [letter.lower() for letter in _CAPITALS]
# Small letters that look like their capitals are one class with them.
_DISTINCT = [letter for letter in _SMALL if letter not in set("cijklmopsuvwxyz")]


class EMNIST(MNIST):
    """Handwritten letters and digits in MNIST's format (Cohen et al., 2017: EMNIST), transposed as published.

    Args:
        root: holds ``EMNIST/raw/emnist-<split>-train-images-idx3-ubyte`` and so on.
        split: ``byclass``, ``bymerge``, ``balanced``, ``letters``, ``digits`` or ``mnist``.
        **kwargs: as for `MNIST`.
    """

    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict = {
        "byclass": _DIGITS + _CAPITALS + _SMALL,
        "bymerge": sorted(_DIGITS + _CAPITALS + _DISTINCT),
        "balanced": sorted(_DIGITS + _CAPITALS + _DISTINCT),
        "letters": ["N/A", *_SMALL],
        "digits": _DIGITS,
        "mnist": _DIGITS,
    }

    def __init__(self, root: str | os.PathLike[str], split: str, **kwargs: Any) -> None:
        self.split = chosen("split", split, self.splits)
        self.classes = self.classes_split_dict[self.split]
        super().__init__(root, **kwargs)

    def _stem(self) -> str:
        return f"emnist-{self.split}-{'train' if self.train else 'test'}"

    def download(self) -> None:
        """Raises `RuntimeError` where files are missing: they are published inside one archive of all splits."""
        if not all(self._find(f"{self._stem()}-{kind}") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")):
            raise RuntimeError(
                "EMNIST is published as one archive, gzip.zip, at https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/: "
                f"unpack its files {self._stem()}-*.gz into {self.raw_folder!r}"
            )
