"""Random images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ops.random import get_rng_state, manual_seed, randint, randn, set_rng_state
from ..transforms.conversion import to_pil_image
from .vision_dataset import VisionDataset

__all__ = ["FakeData"]


class FakeData(VisionDataset):
    """Random images with random classes, the same for the same index.

    Args:
        size: number of images.
        image_size: (channels, height, width).
        num_classes: number of classes.
        transform: takes the PIL image.
        target_transform: takes the class.
        random_offset: added to the index to give the seed of an image.
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not 0 <= index < len(self):
            raise IndexError(f"index {index} is out of range for {len(self)} images")
        state = get_rng_state()
        try:
            manual_seed(index + self.random_offset)
            image = randn(*self.image_size)
            target = int(randint(0, self.num_classes, size=(1,)).item())
        finally:
            set_rng_state(state)
        return self._changed(to_pil_image(image), target)

    def __len__(self) -> int:
        return self.size
