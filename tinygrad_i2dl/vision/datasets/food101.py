"""Food-101."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .download import download_file, extract_archive
from .folder import pil_loader
from .vision_dataset import VisionDataset, chosen

__all__ = ["Food101"]


class Food101(VisionDataset):
    """Photographs of dishes in 101 classes (Bossard, Guillaumin and Van Gool, 2014): 75,750 and 25,250 of varied sizes.

    Args:
        root: the folder that holds ``food-101`` with ``images`` and ``meta``.
        split: ``train`` or ``test``.
        transform: takes the PIL image.
        target_transform: takes the class.
        download: fetch and unpack the archive of 5 GB if the folder is missing.

    Attributes:
        classes: names.
        class_to_idx: number of each name.

    Raises:
        RuntimeError: files are missing; the message names them.
    """

    _URL = "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"
    _MD5 = "85eeb15f3717b99a5da872d97d918f87"

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._split = chosen("split", split, ("train", "test"))
        base = Path(self.root, "food-101")
        table = base / "meta" / f"{split}.json"
        if download and not (table.is_file() and (base / "images").is_dir()):
            archive = os.path.join(self.root, "food-101.tar.gz")
            download_file([self._URL], archive, self._MD5)
            extract_archive(archive, self.root)
        if not table.is_file() or not (base / "images").is_dir():
            raise RuntimeError(
                f"Food101: {table} or {base / 'images'} not found; unpack food-101.tar.gz in {self.root!r} or pass "
                "download=True"
            )
        content: dict[str, list[str]] = json.loads(table.read_text())
        self.classes = sorted(content)
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        self._image_files = [base / "images" / f"{image}.jpg" for images in content.values() for image in images]
        self._labels = [self.class_to_idx[name] for name, images in content.items() for _ in images]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._changed(pil_loader(self._image_files[index]), self._labels[index])

    def __len__(self) -> int:
        return len(self._image_files)

    def extra_repr(self) -> str:
        return f"split={self._split}"
