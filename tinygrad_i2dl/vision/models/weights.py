"""Names of published weights; the files are the user's to fetch."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ...dtypes import float32
from ...nn.module import Module
from ...tensors import Tensor
from ..pillow import is_pil
from ..transforms.conversion import convert_image_dtype, normalize, pil_to_tensor
from ..transforms.cropping import center_crop
from ..transforms.images import InterpolationMode
from ..transforms.resizing import resize

__all__ = ["ImageClassification", "Weights", "WeightsEnum", "refuse_pretrained", "weights_enum"]

_FOLDER = "https://download.pytorch.org/models/"


class ImageClassification(Module):
    """What published classifiers expect: resized, the middle cropped, scaled to [0, 1], normalized.

    Args:
        crop_size: height and width of the result.
        resize_size: of the smaller edge before.
        mean: of each channel.
        std: of each channel.
        interpolation: of the resizing.
        antialias: of the resizing of tensors.
    """

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: tuple[float, ...] = (0.485, 0.456, 0.406),
        std: tuple[float, ...] = (0.229, 0.224, 0.225),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Any) -> Tensor:
        img = resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        img = center_crop(img, self.crop_size)
        image = pil_to_tensor(img) if is_pil(img) else img
        return normalize(convert_image_dtype(image, float32), self.mean, self.std)


@dataclass
class Weights:
    """One published set of weights.

    Attributes:
        url: where its publishers offer it; nothing here fetches it.
        transforms: makes the preprocessing that goes with it.
        meta: facts about it.
    """

    url: str
    transforms: Callable[..., Any]
    meta: dict[str, Any] = field(default_factory=dict)


class WeightsEnum(enum.Enum):
    """The published weights of one model."""

    @property
    def url(self) -> str:
        """Where its publishers offer the file."""
        return self.value.url  # type: ignore[no-any-return]

    @property
    def transforms(self) -> Callable[..., Any]:
        """Makes the preprocessing that goes with these weights."""
        return self.value.transforms  # type: ignore[no-any-return]

    @property
    def meta(self) -> dict[str, Any]:
        """Facts about these weights."""
        return self.value.meta  # type: ignore[no-any-return]

    @classmethod
    def verify(cls, obj: Any) -> Any:
        """`obj` as a member of this enumeration, given itself, by name or None."""
        if obj is None or isinstance(obj, cls):
            return obj
        if isinstance(obj, str):
            return cls[obj.removeprefix(f"{cls.__name__}.")]
        raise TypeError(f"expected weights of {cls.__name__}, got {type(obj).__name__}")

    def get_state_dict(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises `RuntimeError`: fetch the file and load it."""
        refuse_pretrained(str(self), self.url)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


def weights_enum(
    name: str,
    module: str,
    files: dict[str, str],
    crop: int = 224,
    **preprocessing: Any,
) -> Any:
    """The enumeration `name` with the members `files` (name to file) and ``DEFAULT``, the last of them."""

    class Preprocessing:
        """Makes the preprocessing; arguments replace its numbers."""

        def __call__(self, **changes: Any) -> ImageClassification:
            return ImageClassification(**{"crop_size": crop, **preprocessing, **changes})

    members = {key: Weights(_FOLDER + file, Preprocessing()) for key, file in files.items()}
    members["DEFAULT"] = list(members.values())[-1]
    make: Any = WeightsEnum  # the functional form of enumerations, which a subclass's type does not show
    return make(name, members, module=module)


def refuse_pretrained(what: str, url: str) -> NoReturn:
    """Say how to use published weights.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(
        f"{what}: weights are not fetched here; download {url} and load it yourself: "
        "model = ...(weights=None); model.load_state_dict(torch.load(path))"
    )
