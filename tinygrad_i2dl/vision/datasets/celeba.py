"""CelebA."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy

from ...ops.creation import from_numpy
from .folder import pil_loader
from .vision_dataset import VisionDataset, chosen

__all__ = ["CelebA"]

_SPLITS = {"train": 0, "valid": 1, "test": 2, "all": None}
_FILES = {
    "attr": "list_attr_celeba.txt",
    "identity": "identity_CelebA.txt",
    "bbox": "list_bbox_celeba.txt",
    "landmarks": "list_landmarks_align_celeba.txt",
}


class CelebA(VisionDataset):
    """Faces with attributes (Liu et al., 2015: Deep learning face attributes in the wild).

    Args:
        root: the folder that holds ``celeba/img_align_celeba`` and the lists, as published.
        split: ``train``, ``valid``, ``test`` or ``all``.
        target_type: ``attr`` (40 numbers, 0 or 1), ``identity``, ``bbox`` (x, y, width, height) or ``landmarks`` (x and
            y of five points), or several of them, which makes the target a tuple; none makes it None.
        transform: takes the PIL image.
        target_transform: takes the target.
        download: the files are offered behind a form only; True raises an error where they are missing.

    Attributes:
        filename: names of the images.
        attr: int64 tensor (images, 40); likewise ``identity``, ``bbox`` and ``landmarks_align``, if asked for.
        attr_names: names of the attributes.

    Raises:
        RuntimeError: files are missing; the message names them.
    """

    base_folder = "celeba"

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        target_type: str | Sequence[str] = "attr",
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        number = _SPLITS[chosen("split", split.lower(), tuple(_SPLITS))]
        self.split = split
        self.target_type = [target_type] if isinstance(target_type, str) else list(target_type)
        for each in self.target_type:
            chosen("target_type", each, tuple(_FILES))
        if not self.target_type and target_transform is not None:
            raise RuntimeError("target_transform is given, but target_type is empty")
        folder = Path(self.root, self.base_folder)
        files = {kind: folder / _FILES[kind] for kind in self.target_type}
        partition = folder / "list_eval_partition.txt"
        missing = [str(path) for path in [partition, *files.values()] if not path.is_file()]
        if not (folder / "img_align_celeba").is_dir():
            missing.append(str(folder / "img_align_celeba"))
        if missing:
            raise RuntimeError(
                f"CelebA: {', '.join(missing)} not found; the files are not fetched here: download them from "
                "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html and unpack them there"
            )
        self._images = folder / "img_align_celeba"
        rows = [line.split() for line in partition.read_text().splitlines() if line.strip()]
        kept = [i for i, row in enumerate(rows) if number is None or int(row[1]) == number]
        self.filename = [rows[i][0] for i in kept]
        self.attr_names: list[str] = []
        self._targets: dict[str, Any] = {}
        for kind, path in files.items():
            names, values = self._table(path, header=kind != "identity")
            if len(values) != len(rows):
                raise ValueError(f"{path}: expected {len(rows)} rows as in {partition}, got {len(values)}")
            kept_values = values[kept]
            if kind == "attr":
                self.attr_names = names
                kept_values = (kept_values + 1) // 2  # published as -1 and 1
            self._targets[kind] = from_numpy(numpy.ascontiguousarray(kept_values))
        self.attr = self._targets.get("attr")
        self.identity = self._targets.get("identity")
        self.bbox = self._targets.get("bbox")
        self.landmarks_align = self._targets.get("landmarks")

    @staticmethod
    def _table(path: Path, header: bool) -> tuple[list[str], Any]:
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        names = lines[1].split() if header else []
        rows = [line.split()[1:] for line in (lines[2:] if header else lines)]
        return names, numpy.array(rows, dtype=numpy.int64)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = pil_loader(self._images / self.filename[index])
        targets = [self._targets[kind][index] for kind in self.target_type]
        if "identity" in self.target_type:
            place = self.target_type.index("identity")
            targets[place] = targets[place][0]
        target = tuple(targets) if len(targets) > 1 else targets[0] if targets else None
        if target is None:
            return (image if self.transform is None else self.transform(image)), None
        return self._changed(image, target)

    def __len__(self) -> int:
        return len(self.filename)

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}\nSplit: {self.split}"
