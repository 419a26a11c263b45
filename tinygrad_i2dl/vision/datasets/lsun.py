"""LSUN."""

from __future__ import annotations

import importlib
import io
import os
from collections.abc import Callable
from typing import Any

from ..pillow import pillow
from .vision_dataset import VisionDataset, chosen

__all__ = ["LSUN"]

_CATEGORIES = (
    "bedroom", "bridge", "church_outdoor", "classroom", "conference_room", "dining_room", "kitchen", "living_room",
    "restaurant", "tower",
)  # fmt: skip


class LSUN(VisionDataset):
    """Photographs of places (Yu et al., 2015: LSUN), in LMDB databases (``pip install lmdb``).

    Args:
        root: the folder that holds ``bedroom_train_lmdb`` and so on.
        classes: ``train``, ``val`` or ``test``, or a list such as ``["bedroom_train", "tower_train"]``.
        transform: takes the PIL image.
        target_transform: takes the class.

    Raises:
        RuntimeError: a database is missing.
        ModuleNotFoundError: the package lmdb is.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        classes: str | list[str] = "train",
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if isinstance(classes, str):
            chosen("classes", classes, ("train", "val", "test"))
            classes = ["test"] if classes == "test" else [f"{category}_{classes}" for category in _CATEGORIES]
        self.classes = classes
        paths = [os.path.join(self.root, f"{name}_lmdb") for name in classes]
        missing = [path for path in paths if not os.path.isdir(path)]
        if missing:
            raise RuntimeError(f"LSUN: {', '.join(missing)} not found; unpack https://www.yf.io/p/lsun there")
        try:
            lmdb = importlib.import_module("lmdb")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("reading LSUN's databases needs lmdb: pip install lmdb") from error
        options = {"max_readers": 1, "readonly": True, "lock": False, "readahead": False, "meminit": False}
        self._databases = [lmdb.open(path, **options) for path in paths]
        self._places: list[tuple[int, bytes]] = []
        for number, database in enumerate(self._databases):
            with database.begin(write=False) as transaction:
                self._places += [(number, key) for key in transaction.cursor().iternext(keys=True, values=False)]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        number, key = self._places[index]
        with self._databases[number].begin(write=False) as transaction:
            content = transaction.get(key)
        return self._changed(pillow().open(io.BytesIO(content)).convert("RGB"), number)

    def __len__(self) -> int:
        return len(self._places)

    def extra_repr(self) -> str:
        return f"Classes: {self.classes}"
