"""Between PIL images, arrays and tensors; dtypes; normalization."""

from __future__ import annotations

from typing import Any

import numpy

from ...dtypes import dtype as Dtype
from ...dtypes import float32, float64, get_default_dtype, int32, int64, uint8
from ...ops.creation import as_tensor, from_numpy
from ...ops.linalg import mm
from ...tensors import Tensor
from ..pillow import is_pil, pillow
from .images import Transform

__all__ = [
    "ConvertImageDtype",
    "LinearTransformation",
    "Normalize",
    "PILToTensor",
    "ToPILImage",
    "ToTensor",
    "convert_image_dtype",
    "normalize",
    "pil_to_tensor",
    "to_pil_image",
    "to_tensor",
]

_ARRAY_DTYPES: dict[Dtype, Any] = {float32: numpy.float32, float64: numpy.float64}
_ARRAYS_OF_MODES = {"I": numpy.int32, "I;16": numpy.uint16, "I;16B": numpy.uint16, "F": numpy.float32}


def channels_first(array: Any) -> Any:
    if array.ndim == 2:
        array = array[:, :, None]
    return numpy.ascontiguousarray(array.transpose(2, 0, 1))


def _array_of(image: Any) -> Any:
    """A PIL image as a new (channels, height, width) array."""
    array = numpy.array(image, dtype=_ARRAYS_OF_MODES.get(image.mode), copy=True)
    if image.mode == "1":
        array = array.astype(numpy.uint8) * 255
    return channels_first(array)


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL image as a (channels, height, width) tensor with the values unchanged, mostly uint8."""
    if not is_pil(pic):
        raise TypeError(f"pil_to_tensor expects a PIL image, got {type(pic).__name__}")
    return from_numpy(_array_of(pic))


def to_tensor(pic: Any) -> Tensor:
    """A PIL image or (height, width[, channels]) array as a (channels, height, width) tensor; uint8 becomes [0, 1].

    Raises:
        TypeError: neither a PIL image nor a NumPy array.
        ValueError: an array that has not 2 or 3 dimensions.

    >>> import numpy
    >>> to_tensor(numpy.array([[0, 255], [51, 102]], dtype=numpy.uint8))
    tensor([[[0.0000, 1.0000],
             [0.2000, 0.4000]]])
    """
    if is_pil(pic):
        array = _array_of(pic)
    elif isinstance(pic, numpy.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"to_tensor expects an array of 2 or 3 dimensions, got shape {pic.shape}")
        array = channels_first(pic)
    else:
        raise TypeError(f"to_tensor expects a PIL image or a NumPy array, got {type(pic).__name__}")
    if array.dtype == numpy.uint8:
        wanted = get_default_dtype()
        if wanted in _ARRAY_DTYPES:  # scaled as an array: a loader does this for every image
            return from_numpy(numpy.true_divide(array, 255, dtype=_ARRAY_DTYPES[wanted]))
        return from_numpy(array).to(wanted).div(255)
    return from_numpy(array)


def convert_image_dtype(image: Any, dtype: Dtype = float32) -> Tensor:
    """`image` in another dtype, with values rescaled: 1.0 in floats is the greatest integer.

    Raises:
        RuntimeError: float32 to int32 or int64, float64 to int64: the greatest integer would not be exact.
    """
    source: Dtype = image.dtype
    if source is dtype:
        return image  # type: ignore[no-any-return]
    if source.is_floating_point and dtype.is_floating_point:
        return image.to(dtype)  # type: ignore[no-any-return]
    if source.is_floating_point:
        if (source is float32 and dtype in (int32, int64)) or (source is float64 and dtype is int64):
            raise RuntimeError(f"the cast from {source} to {dtype} would be inexact; go through another dtype")
        # Equal shares of [0, 1] for the integers; the small term keeps 1.0 inside the last share.
        return image.mul(_greatest(dtype) + 1.0 - 1e-3).to(dtype)  # type: ignore[no-any-return]
    if dtype.is_floating_point:
        return image.to(dtype) / _greatest(source)  # type: ignore[no-any-return]
    greatest_in, greatest_out = _greatest(source), _greatest(dtype)
    if greatest_in > greatest_out:
        return image.div((greatest_in + 1) // (greatest_out + 1), rounding_mode="floor").to(dtype)  # type: ignore[no-any-return]
    return image.to(dtype) * ((greatest_out + 1) // (greatest_in + 1))  # type: ignore[no-any-return]


def _greatest(dtype: Dtype) -> int:
    name = str(dtype).removeprefix("torch.")
    return 1 if name == "bool" else int(numpy.iinfo(name).max)


_MODES_OF_DTYPES = {"uint8": "L", "int16": "I;16", "uint16": "I;16", "int32": "I", "float32": "F"}
_DEFAULT_MODES = {2: "LA", 3: "RGB", 4: "RGBA"}
_ALLOWED_MODES = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV", "LAB"), 4: ("RGBA", "CMYK", "RGBX")}


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A (channels, height, width) tensor or (height, width, channels) array as a PIL image.

    Args:
        pic: floating tensors with one to four channels hold values in [0, 1]; integers are taken as they are.
        mode: a mode of Pillow; by default from the channels and the dtype.

    Raises:
        TypeError: not a tensor or array, or a dtype that no mode holds.
        ValueError: wrong dimensions, more than four channels, or a mode that does not fit.
    """
    if not isinstance(pic, Tensor | numpy.ndarray):
        raise TypeError(f"to_pil_image expects a tensor or an array, got {type(pic).__name__}")
    given: Any = pic
    if given.ndim not in (2, 3):
        raise ValueError(f"to_pil_image expects 2 or 3 dimensions, got shape {tuple(given.shape)}")
    if isinstance(pic, Tensor):
        if given.ndim == 2:
            given = given.unsqueeze(0)
        channels = given.shape[0]
        if given.is_floating_point() and mode != "F":
            given = given.mul(255).to(uint8)
        array = given.detach().cpu().numpy().transpose(1, 2, 0)
    else:
        array = given[:, :, None] if given.ndim == 2 else given
        channels = array.shape[2]
    if channels > 4:
        raise ValueError(f"an image has at most 4 channels, got {channels} in shape {tuple(pic.shape)}")
    if channels == 1:
        array = array[:, :, 0]
        natural = _MODES_OF_DTYPES.get(array.dtype.name)
        if mode is not None and mode != natural:
            raise ValueError(f"mode {mode!r} does not fit one channel of {array.dtype}; expected {natural!r}")
        mode = natural
    else:
        if mode is not None and mode not in _ALLOWED_MODES[channels]:
            raise ValueError(
                f"mode {mode!r} does not fit {channels} channels; expected one of {_ALLOWED_MODES[channels]}"
            )
        mode = (mode or _DEFAULT_MODES[channels]) if array.dtype == numpy.uint8 else None
    if mode is None:
        raise TypeError(f"no PIL mode holds {channels} channel(s) of {array.dtype}")
    array = numpy.ascontiguousarray(array)
    if mode == "I;16" and array.dtype == numpy.int16:
        array = array.view(numpy.uint16)
    return pillow().frombytes(mode, (array.shape[1], array.shape[0]), array.tobytes())


def normalize(tensor: Any, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    """``(tensor - mean) / std``, channel by channel.

    Args:
        tensor: floating, (..., channels, height, width).
        mean: one number for each channel.
        std: one number for each channel.
        inplace: write into `tensor`.

    Raises:
        TypeError: not a floating tensor.
        ValueError: fewer than 3 dimensions, or a standard deviation of 0.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"normalize expects a tensor, got {type(tensor).__name__}: put ToTensor() before it")
    if not tensor.dtype.is_floating_point:
        raise TypeError(f"normalize expects a floating tensor, got {tensor.dtype}")
    if tensor.ndim < 3:
        raise ValueError(f"normalize expects (..., channels, height, width), got shape {tuple(tensor.shape)}")
    plain = not inplace and not tensor.requires_grad and tensor.device.type == "cpu" and tensor.dtype in _ARRAY_DTYPES
    if plain and not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        # The same on arrays, at a third of the cost for small images: a loader does this for every one.
        array = tensor.numpy()
        middle, spread = (_by_channel(numpy.asarray(each, dtype=array.dtype)) for each in (mean, std))
        _need_spread(spread, std)
        return from_numpy((array - middle) / spread)
    means: Any = _by_channel(as_tensor(mean, dtype=tensor.dtype, device=tensor.device))
    spreads: Any = _by_channel(as_tensor(std, dtype=tensor.dtype, device=tensor.device))
    _need_spread(spreads, std)
    image: Any = tensor
    return (image if inplace else image.clone()).sub_(means).div_(spreads)  # type: ignore[no-any-return]


def _by_channel(numbers: Any) -> Any:
    return numbers.reshape(-1, 1, 1) if numbers.ndim == 1 else numbers


def _need_spread(numbers: Any, given: Any) -> None:
    if bool((numbers == 0).any()):
        raise ValueError(f"std must not contain 0 in {numbers.dtype}, got {given!r}")


class ToTensor:
    """`to_tensor` as an object.

    >>> import numpy
    >>> ToTensor()(numpy.zeros((4, 5, 3), dtype=numpy.uint8)).shape
    torch.Size([3, 4, 5])
    """

    def __call__(self, pic: Any) -> Tensor:
        return to_tensor(pic)

    def __repr__(self) -> str:
        return "ToTensor()"


class PILToTensor:
    """`pil_to_tensor` as an object."""

    def __call__(self, pic: Any) -> Tensor:
        return pil_to_tensor(pic)

    def __repr__(self) -> str:
        return "PILToTensor()"


class ToPILImage:
    """`to_pil_image` as an object."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"ToPILImage({'' if self.mode is None else f'mode={self.mode}'})"


class ConvertImageDtype(Transform):
    """`convert_image_dtype` as an object."""

    def __init__(self, dtype: Dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return convert_image_dtype(image, self.dtype)


class Normalize(Transform):
    """``(x - mean) / std``, channel by channel; see `normalize`.

    >>> import tinygrad_i2dl as torch
    >>> Normalize((0.5,), (0.25,))(torch.ones(1, 1, 2))
    tensor([[[2., 2.]]])
    """

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return normalize(tensor, self.mean, self.std, self.inplace)

    def described(self) -> str:
        return f"mean={self.mean}, std={self.std}"


class LinearTransformation:
    """``(flattened image - mean_vector) @ transformation_matrix`` in the image's shape, for whitening.

    Raises:
        ValueError: the matrix is not square, or the vector or an image has another length.
    """

    def __init__(self, transformation_matrix: Any, mean_vector: Any) -> None:
        rows, columns = transformation_matrix.shape
        if rows != columns or tuple(mean_vector.shape) != (rows,):
            raise ValueError(
                f"expected a square matrix and a vector of its length, got {tuple(transformation_matrix.shape)} "
                f"and {tuple(mean_vector.shape)}"
            )
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def __call__(self, tensor: Any) -> Tensor:
        count = tensor.shape[-3] * tensor.shape[-2] * tensor.shape[-1]
        if count != self.mean_vector.shape[0]:
            raise ValueError(f"expected {self.mean_vector.shape[0]} elements, got {tuple(tensor.shape)}")
        flat = tensor.reshape(-1, count) - self.mean_vector
        return mm(flat, self.transformation_matrix).reshape(tensor.shape)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return (
            f"LinearTransformation(transformation_matrix={self.transformation_matrix.tolist()}, "
            f"mean_vector={self.mean_vector.tolist()})"
        )
