"""What datasets of images share: their folder and transforms."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ...utils.data.dataset import Dataset

__all__ = ["StandardTransform", "VisionDataset", "chosen"]


class StandardTransform:
    """One transform for the image and one for the target."""

    def __init__(
        self, transform: Callable[[Any], Any] | None = None, target_transform: Callable[[Any], Any] | None = None
    ) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        lines = ["StandardTransform"]
        for name, transform in (("Transform", self.transform), ("Target transform", self.target_transform)):
            if transform is not None:
                first, *rest = repr(transform).splitlines()
                lines += [f"{name}: {first}", *(" " * (len(name) + 2) + line for line in rest)]
        return "\n".join(lines)


class VisionDataset(Dataset[Any]):
    """Images in a folder; subclasses define ``__getitem__`` and ``__len__``.

    Args:
        root: the folder.
        transforms: takes image and target together.
        transform: takes the image alone.
        target_transform: takes the target alone.

    Raises:
        ValueError: both `transforms` and one of the others.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] = "",
        transforms: Callable[..., Any] | None = None,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.root = os.path.expanduser(os.fspath(root))
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError("pass either transforms, or transform and target_transform")
        self.transform = transform
        self.target_transform = target_transform
        if transforms is None and (transform is not None or target_transform is not None):
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def __len__(self) -> int:
        raise NotImplementedError("subclasses of VisionDataset must define __len__")

    def _changed(self, image: Any, target: Any) -> tuple[Any, Any]:
        """A sample after its transforms, as they are set now."""
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        if self.transforms is not None and not isinstance(self.transforms, StandardTransform):
            image, target = self.transforms(image, target)
        return image, target

    def extra_repr(self) -> str:
        """More lines for the text of the dataset."""
        return ""

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:
            body += repr(self.transforms).splitlines()
        return "\n".join([f"Dataset {type(self).__name__}", *(f"    {line}" for line in body)])


def chosen(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """`value`, if it is one of `allowed`.

    Raises:
        ValueError: it is not.
    """
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
    return value
