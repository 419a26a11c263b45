"""Folders whose subfolders are the classes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from ..pillow import pillow
from .vision_dataset import VisionDataset

__all__ = ["IMG_EXTENSIONS", "DatasetFolder", "ImageFolder", "default_loader", "make_dataset", "pil_loader"]

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def pil_loader(path: str | os.PathLike[str]) -> Any:
    """An image file as a PIL image in RGB."""
    with open(path, "rb") as file:
        return pillow().open(file).convert("RGB")


default_loader = pil_loader


def find_classes(directory: str | os.PathLike[str]) -> tuple[list[str], dict[str, int]]:
    """The names of the subfolders, sorted, and the number of each.

    Raises:
        FileNotFoundError: there is no subfolder.
    """
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"{os.fspath(directory)!r} has no subfolders: each class is expected in one of its own")
    return classes, {name: number for number, name in enumerate(classes)}


def make_dataset(
    directory: str | os.PathLike[str],
    class_to_idx: dict[str, int] | None = None,
    extensions: str | Sequence[str] | None = None,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> list[tuple[str, int]]:
    """All files of the classes as (path, class), sorted.

    Raises:
        ValueError: not exactly one of `extensions` and `is_valid_file`.
        FileNotFoundError: a class without a file, unless `allow_empty`.
    """
    directory = os.path.expanduser(os.fspath(directory))
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    if not class_to_idx:
        raise ValueError("class_to_idx must name at least one class")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("pass either extensions or is_valid_file")
    endings = () if extensions is None else (extensions,) if isinstance(extensions, str) else tuple(extensions)
    valid = is_valid_file or (lambda path: path.lower().endswith(endings))
    samples: list[tuple[str, int]] = []
    empty = []
    for name in sorted(class_to_idx):
        before = len(samples)
        for folder, _, files in sorted(os.walk(os.path.join(directory, name), followlinks=True)):
            paths = (os.path.join(folder, file) for file in sorted(files))
            samples += [(path, class_to_idx[name]) for path in paths if valid(path)]
        if len(samples) == before:
            empty.append(name)
    if empty and not allow_empty:
        expected = f" with an ending of {', '.join(endings)}" if endings else ""
        raise FileNotFoundError(f"no file{expected} for the classes {', '.join(empty)} in {directory!r}")
    return samples


class DatasetFolder(VisionDataset):
    """Samples in files ``root/class/.../name``.

    Args:
        root: the folder.
        loader: reads a file, given its path.
        extensions: endings of the files to take; or
        transform: takes what `loader` gives.
        target_transform: takes the class.
        is_valid_file: says by the path whether to take a file.
        allow_empty: let classes have no file.

    Attributes:
        samples: (path, class) of each.
        targets: class of each.
        classes: names.
        class_to_idx: number of each name.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        loader: Callable[[str], Any],
        extensions: Sequence[str] | None = None,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader = loader
        self.extensions = extensions
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(self.root, self.class_to_idx, extensions, is_valid_file, allow_empty)
        self.targets = [target for _, target in self.samples]

    def find_classes(self, directory: str | os.PathLike[str]) -> tuple[list[str], dict[str, int]]:
        """The classes; override it to take fewer."""
        return find_classes(directory)

    make_dataset = staticmethod(make_dataset)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self._changed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Images in files ``root/class/.../name``; see `DatasetFolder`. ``imgs`` is another name of ``samples``."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(root, loader, extensions, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
