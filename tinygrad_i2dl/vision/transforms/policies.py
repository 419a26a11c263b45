"""Augmentation by one change, or a few, out of a fixed set."""

from __future__ import annotations

import enum
import math
from typing import Any

import numpy

from ...ops.random import rand, randint
from .color import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    adjust_sharpness,
    autocontrast,
    equalize,
    invert,
    posterize,
    solarize,
)
from .images import Image, InterpolationMode, Transform, get_image_size, whole
from .warping import affine, rotate

__all__ = ["AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide"]

_FACTORS = {
    "Brightness": adjust_brightness,
    "Color": adjust_saturation,
    "Contrast": adjust_contrast,
    "Sharpness": adjust_sharpness,
}
_PLAIN = {"AutoContrast": autocontrast, "Equalize": equalize, "Invert": invert}


def changed(img: Image, name: str, magnitude: float, interpolation: InterpolationMode, fill: Any) -> Image:
    """`img` after the change `name`, as strong as `magnitude` says."""
    more: dict[str, Any] = {"interpolation": interpolation, "fill": fill}
    if name == "Identity":
        return img
    if name in ("ShearX", "ShearY"):  # a magnitude is the shift for each row: the tangent of the angle
        tilt = math.degrees(math.atan(magnitude))
        shear = [tilt, 0.0] if name == "ShearX" else [0.0, tilt]
        return affine(img, 0.0, [0, 0], 1.0, shear, center=[0, 0], **more)
    if name in ("TranslateX", "TranslateY"):
        shift = [int(magnitude), 0] if name == "TranslateX" else [0, int(magnitude)]
        return affine(img, 0.0, shift, 1.0, [0.0, 0.0], **more)
    if name == "Rotate":
        return rotate(img, magnitude, **more)
    if name in _FACTORS:
        return _FACTORS[name](img, 1.0 + magnitude)
    if name == "Posterize":
        return posterize(img, int(magnitude))
    if name == "Solarize":
        return solarize(img, magnitude)
    return _PLAIN[name](img)


def _steps(greatest: float, bins: int) -> Any:
    return numpy.linspace(0.0, greatest, bins, dtype=numpy.float32)


def _bits(bins: int, lost: int) -> Any:
    return 8 - numpy.rint(numpy.arange(bins) / ((bins - 1) / lost)).astype(int)


# Name, magnitudes by bin, whether the sign is drawn too.
Space = dict[str, tuple[Any, bool]]


def _paper_space(bins: int, size: list[int]) -> Space:
    """The ranges of Cubuk et al., 2019: AutoAugment, table 6; shifts are there for images of 331 pixels."""
    width, height = size
    return {
        "ShearX": (_steps(0.3, bins), True),
        "ShearY": (_steps(0.3, bins), True),
        "TranslateX": (_steps(150.0 / 331.0 * width, bins), True),
        "TranslateY": (_steps(150.0 / 331.0 * height, bins), True),
        "Rotate": (_steps(30.0, bins), True),
        **{name: (_steps(0.9, bins), True) for name in ("Brightness", "Color", "Contrast", "Sharpness")},
        "Posterize": (_bits(bins, 4), False),
        "Solarize": (_steps(255.0, bins)[::-1], False),
        "AutoContrast": (None, False),
        "Equalize": (None, False),
    }


def _wide_space(bins: int) -> Space:
    """The wide ranges of Müller and Hutter, 2021: TrivialAugment, table 1."""
    return {
        "Identity": (None, False),
        "ShearX": (_steps(0.99, bins), True),
        "ShearY": (_steps(0.99, bins), True),
        "TranslateX": (_steps(32.0, bins), True),
        "TranslateY": (_steps(32.0, bins), True),
        "Rotate": (_steps(135.0, bins), True),
        **{name: (_steps(0.99, bins), True) for name in ("Brightness", "Color", "Contrast", "Sharpness")},
        "Posterize": (_bits(bins, 6), False),
        "Solarize": (_steps(255.0, bins)[::-1], False),
        "AutoContrast": (None, False),
        "Equalize": (None, False),
    }


def _drawn(count: int) -> int:
    return whole(0, count)


class TrivialAugmentWide(Transform):
    """One random change of random strength (Müller and Hutter, 2021), for PIL images and uint8 tensors."""

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__()
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img: Image) -> Image:
        space = _wide_space(self.num_magnitude_bins)
        name = list(space)[_drawn(len(space))]
        magnitudes, signed = space[name]
        magnitude = 0.0 if magnitudes is None else float(magnitudes[_drawn(len(magnitudes))])
        if signed and _drawn(2):
            magnitude = -magnitude
        return changed(img, name, magnitude, self.interpolation, self.fill)

    def described(self) -> str:
        return f"num_magnitude_bins={self.num_magnitude_bins}, interpolation={self.interpolation}, fill={self.fill}"


class RandAugment(Transform):
    """A few random changes of one strength (Cubuk et al., 2020: RandAugment); for PIL images and uint8 tensors."""

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__()
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img: Image) -> Image:
        for _ in range(self.num_ops):
            space: Space = {"Identity": (None, False), **_paper_space(self.num_magnitude_bins, get_image_size(img))}
            name = list(space)[_drawn(len(space))]
            magnitudes, signed = space[name]
            magnitude = 0.0 if magnitudes is None else float(magnitudes[self.magnitude])
            if signed and _drawn(2):
                magnitude = -magnitude
            img = changed(img, name, magnitude, self.interpolation, self.fill)
        return img

    def described(self) -> str:
        return (
            f"num_ops={self.num_ops}, magnitude={self.magnitude}, num_magnitude_bins={self.num_magnitude_bins}, "
            f"interpolation={self.interpolation}, fill={self.fill}"
        )


class AutoAugmentPolicy(enum.Enum):
    """The data on which a policy was found."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


# The policies of Cubuk et al., 2019, tables 7 to 9: pairs of (change, probability, bin of the magnitude).
_POLICIES = {
    AutoAugmentPolicy.IMAGENET: """
        Posterize .4 8 Rotate .6 9 | Solarize .6 5 AutoContrast .6 - | Equalize .8 - Equalize .6 -
        Posterize .6 7 Posterize .6 6 | Equalize .4 - Solarize .2 4 | Equalize .4 - Rotate .8 8
        Solarize .6 3 Equalize .6 - | Posterize .8 5 Equalize 1 - | Rotate .2 3 Solarize .6 8
        Equalize .6 - Posterize .4 6 | Rotate .8 8 Color .4 0 | Rotate .4 9 Equalize .6 -
        Equalize 0 - Equalize .8 - | Invert .6 - Equalize 1 - | Color .6 4 Contrast 1 8
        Rotate .8 8 Color 1 2 | Color .8 8 Solarize .8 7 | Sharpness .4 7 Invert .6 -
        ShearX .6 5 Equalize 1 - | Color .4 0 Equalize .6 - | Equalize .4 - Solarize .2 4
        Solarize .6 5 AutoContrast .6 - | Invert .6 - Equalize 1 - | Color .6 4 Contrast 1 8
        Equalize .8 - Equalize .6 -""",
    AutoAugmentPolicy.CIFAR10: """
        Invert .1 - Contrast .2 6 | Rotate .7 2 TranslateX .3 9 | Sharpness .8 1 Sharpness .9 3
        ShearY .5 8 TranslateY .7 9 | AutoContrast .5 - Equalize .9 - | ShearY .2 7 Posterize .3 7
        Color .4 3 Brightness .6 7 | Sharpness .3 9 Brightness .7 9 | Equalize .6 - Equalize .5 -
        Contrast .6 7 Sharpness .6 5 | Color .7 7 TranslateX .5 8 | Equalize .3 - AutoContrast .4 -
        TranslateY .4 3 Sharpness .2 6 | Brightness .9 6 Color .2 8 | Solarize .5 2 Invert 0 -
        Equalize .2 - AutoContrast .6 - | Equalize .2 - Equalize .6 - | Color .9 9 Equalize .6 -
        AutoContrast .8 - Solarize .2 8 | Brightness .1 3 Color .7 0 | Solarize .4 5 AutoContrast .9 -
        TranslateY .9 9 TranslateY .7 9 | AutoContrast .9 - Solarize .8 3 | Equalize .8 - Invert .1 -
        TranslateY .7 9 AutoContrast .9 -""",
    AutoAugmentPolicy.SVHN: """
        ShearX .9 4 Invert .2 - | ShearY .9 8 Invert .7 - | Equalize .6 - Solarize .6 6
        Invert .9 - Equalize .6 - | Equalize .6 - Rotate .9 3 | ShearX .9 4 AutoContrast .8 -
        ShearY .9 8 Invert .4 - | ShearY .9 5 Solarize .2 6 | Invert .9 - AutoContrast .8 -
        Equalize .6 - Rotate .9 3 | ShearX .9 4 Solarize .3 3 | ShearY .8 8 Invert .7 -
        Equalize .9 - TranslateY .6 6 | Invert .9 - Equalize .6 - | Contrast .3 3 Rotate .8 4
        Invert .8 - TranslateY 0 2 | ShearY .7 6 Solarize .4 8 | Invert .6 - Rotate .8 4
        ShearY .3 7 TranslateX .9 3 | ShearX .1 6 Invert .6 - | Solarize .7 2 TranslateY .6 7
        ShearY .8 4 Invert .8 - | ShearX .7 9 TranslateY .8 3 | ShearY .8 5 AutoContrast .7 -
        ShearX .7 2 Invert .1 -""",
}
Step = tuple[str, float, int | None]


def _parsed(text: str) -> list[tuple[Step, Step]]:
    words = text.replace("|", " ").split()
    steps: list[Step] = [
        (words[i], float(words[i + 1]), None if words[i + 2] == "-" else int(words[i + 2]))
        for i in range(0, len(words), 3)
    ]
    return list(zip(steps[::2], steps[1::2], strict=True))


class AutoAugment(Transform):
    """Two changes of a learned policy (Cubuk et al., 2019: AutoAugment); for PIL images and uint8 tensors."""

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__()
        if not isinstance(policy, AutoAugmentPolicy):
            raise ValueError(f"policy must be an AutoAugmentPolicy, got {policy!r}")
        self.policy = policy
        self.interpolation = interpolation
        self.fill = fill
        self.policies = _parsed(_POLICIES[policy])

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, Any, Any]:
        """A random (policy's number, two numbers in [0, 1) for the probabilities, two signs)."""
        return _drawn(transform_num), rand((2,)), randint(2, (2,))

    def forward(self, img: Image) -> Image:
        number, chances, signs = self.get_params(len(self.policies))
        for i, (name, probability, step) in enumerate(self.policies[number]):
            if not chances[i] <= probability:
                continue
            space: Space = {**_paper_space(10, get_image_size(img)), "Invert": (None, False)}
            magnitudes, signed = space[name]
            magnitude = 0.0 if step is None else float(magnitudes[step])
            if signed and signs[i] == 0:
                magnitude = -magnitude
            img = changed(img, name, magnitude, self.interpolation, self.fill)
        return img

    def described(self) -> str:
        return f"policy={self.policy}, fill={self.fill}"
