"""Transforms against Pillow, NumPy, colorsys and PyTorch's own generator and interpolation."""

import colorsys
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch as oracle
from PIL import Image, ImageEnhance, ImageOps

import tinygrad_i2dl as torch
from tinygrad_i2dl.vision import transforms
from tinygrad_i2dl.vision.transforms import functional as F
from tinygrad_i2dl.vision.transforms import v2

NEAREST = transforms.InterpolationMode.NEAREST
BILINEAR = transforms.InterpolationMode.BILINEAR


def pixels(height: int = 20, width: int = 30, channels: int = 3) -> Any:
    array = numpy.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=numpy.uint8)
    return array if channels > 1 else array[:, :, 0]


def picture(*args: int) -> Any:
    return Image.fromarray(pixels(*args))


def array_of(image: Any) -> Any:
    """A PIL image or tensor as (height, width, channels)."""
    return numpy.asarray(image) if isinstance(image, Image.Image) else image.numpy().transpose(1, 2, 0)


def smooth_picture() -> Any:
    y, x = numpy.mgrid[0:40, 0:60]
    waves = [128 + 100 * numpy.sin(x / 9 + i) * numpy.cos(y / 11 - i) for i in range(3)]
    return Image.fromarray(numpy.stack(waves, axis=-1).astype(numpy.uint8))


# ------------------------------------------------------------------------------------------------------ conversion


def test_to_tensor_scales_bytes_and_puts_channels_first() -> None:
    expected = pixels().transpose(2, 0, 1).astype(numpy.float32) / 255
    for given in (picture(), pixels()):
        result = transforms.ToTensor()(given)
        assert result.dtype is torch.float32
        numpy.testing.assert_array_equal(result.numpy(), expected)
    floats = numpy.linspace(0, 2, 6).reshape(2, 3)
    numpy.testing.assert_array_equal(F.to_tensor(floats).numpy(), floats[None])
    assert F.to_tensor(floats).dtype is torch.float64


@pytest.mark.parametrize(
    ("mode", "values", "dtype"),
    [
        ("I", numpy.array([[70000, -5]], dtype=numpy.int32), torch.int32),
        ("F", numpy.array([[0.25, 3.5]], dtype=numpy.float32), torch.float32),
    ],
)
def test_wide_modes_keep_their_values(mode: str, values: Any, dtype: Any) -> None:
    image = Image.fromarray(values)
    assert image.mode == mode
    result = F.to_tensor(image)
    assert result.dtype is dtype
    numpy.testing.assert_array_equal(result.numpy(), values[None])


def test_black_and_white_becomes_zero_and_one() -> None:
    image = Image.fromarray(numpy.array([[0, 255]], dtype=numpy.uint8)).convert("1")
    assert F.to_tensor(image).tolist() == [[[0.0, 1.0]]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pil_images_survive_the_round_trip(channels: int) -> None:
    image = picture(5, 7, channels)
    assert numpy.array_equal(numpy.asarray(F.to_pil_image(F.pil_to_tensor(image))), numpy.asarray(image))
    assert numpy.array_equal(numpy.asarray(transforms.ToPILImage()(F.to_tensor(image))), numpy.asarray(image))
    assert transforms.ToPILImage()(F.to_tensor(image)).mode == image.mode


def test_wrong_inputs_of_conversions() -> None:
    with pytest.raises(TypeError, match="PIL image or a NumPy array, got str"):
        F.to_tensor("image.png")
    with pytest.raises(ValueError, match=r"2 or 3 dimensions, got shape \(2,\)"):
        F.to_tensor(numpy.zeros(2))
    with pytest.raises(ValueError, match="at most 4 channels, got 5"):
        F.to_pil_image(torch.zeros(5, 2, 2))
    with pytest.raises(ValueError, match="mode 'L' does not fit 3 channels"):
        F.to_pil_image(torch.zeros(3, 2, 2), mode="L")
    with pytest.raises(TypeError, match=r"no PIL mode holds 1 channel\(s\) of float64"):
        F.to_pil_image(numpy.zeros((2, 2)))


def test_normalize_against_numpy() -> None:
    image = torch.rand(2, 3, 4, 5)
    mean, std = [0.1, 0.2, 0.3], [0.5, 0.25, 2.0]
    expected = (image.numpy() - numpy.float32(mean)[:, None, None]) / numpy.float32(std)[:, None, None]
    numpy.testing.assert_allclose(transforms.Normalize(mean, std)(image).numpy(), expected, rtol=1e-6)
    recorded = F.normalize(image.clone().requires_grad_(), mean, std)
    numpy.testing.assert_array_equal(recorded.detach().numpy(), F.normalize(image, mean, std).numpy())
    given_tensors = F.normalize(image, torch.tensor(mean), torch.tensor(std))
    numpy.testing.assert_array_equal(given_tensors.numpy(), F.normalize(image, mean, std).numpy())
    before = image.clone()
    assert F.normalize(image, mean, std, inplace=True) is image
    assert not torch.equal(before, image)


def test_normalize_refuses_what_it_cannot_do() -> None:
    with pytest.raises(TypeError, match=r"put ToTensor\(\) before it"):
        F.normalize(picture(), [0.5], [0.5])
    with pytest.raises(TypeError, match=r"floating tensor, got torch.uint8"):
        F.normalize(torch.zeros(3, 2, 2, dtype=torch.uint8), [0.5], [0.5])
    with pytest.raises(ValueError, match="std must not contain 0"):
        F.normalize(torch.zeros(3, 2, 2), [0.5], [0.0])
    with pytest.raises(ValueError, match=r"got shape \(2, 2\)"):
        F.normalize(torch.zeros(2, 2), [0.5], [1.0])


def test_image_dtypes_are_rescaled() -> None:
    byte = torch.arange(256).to(torch.uint8)
    as_float = F.convert_image_dtype(byte, torch.float32)
    numpy.testing.assert_array_equal(as_float.numpy(), numpy.arange(256, dtype=numpy.float32) / 255)
    assert torch.equal(F.convert_image_dtype(as_float, torch.uint8), byte)
    assert F.convert_image_dtype(torch.tensor([255], dtype=torch.uint8), torch.int32).tolist() == [255 * 2**23]
    assert F.convert_image_dtype(torch.tensor([255 * 2**23], dtype=torch.int32), torch.uint8).tolist() == [255]
    with pytest.raises(RuntimeError, match="would be inexact"):
        F.convert_image_dtype(as_float, torch.int32)


# -------------------------------------------------------------------------------------------------------- geometry


@pytest.mark.parametrize("size", [(10, 15), (33, 7), 12, [25]])
@pytest.mark.parametrize("mode", list(transforms.InterpolationMode))
def test_resize_of_pil_images_is_pillows(size: Any, mode: Any) -> None:
    numbers = {"nearest": 0, "nearest-exact": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
    edge = size if isinstance(size, int) else size[0]
    height, width = size if isinstance(size, tuple) else (edge, int(edge * 30 / 20))
    expected = picture().resize((width, height), numbers[mode.value])
    assert numpy.array_equal(numpy.asarray(transforms.Resize(size, mode)(picture())), numpy.asarray(expected))


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [True, False])
def test_resize_of_tensors_is_pytorchs_interpolation(mode: str, antialias: bool) -> None:
    image = torch.rand(3, 20, 30)
    batch = oracle.tensor(image.numpy())[None]
    expected = oracle.nn.functional.interpolate(
        batch, size=(9, 41), mode=mode, align_corners=False, antialias=antialias
    )
    result = F.resize(image, (9, 41), transforms.InterpolationMode(mode), antialias=antialias)
    numpy.testing.assert_allclose(result.numpy(), expected[0].numpy(), rtol=1e-5, atol=1e-5)


def test_resize_of_byte_tensors_is_within_one_of_pillow() -> None:
    result = F.resize(F.pil_to_tensor(picture()), (11, 13))
    assert result.dtype is torch.uint8
    difference = array_of(result).astype(int) - numpy.asarray(picture().resize((13, 11), 2))
    assert numpy.abs(difference).max() <= 1


def test_resize_keeps_proportions_and_obeys_the_greatest_size() -> None:
    assert picture(20, 50).size == (50, 20)
    assert F.resize(picture(20, 50), 10).size == (25, 10)
    assert F.resize(picture(50, 20), 10).size == (10, 25)
    assert F.resize(picture(20, 50), 10, max_size=15).size == (15, 6)
    assert F.resize(torch.zeros(7, 20, 50), (4, 4)).shape == (7, 4, 4)
    assert F.resize(torch.zeros(20, 50), 10).shape == (10, 25)
    with pytest.raises(ValueError, match="max_size 10 must be greater"):
        F.resize(picture(), 10, max_size=10)
    with pytest.raises(ValueError, match="must have 1 or 2 values"):
        transforms.Resize((1, 2, 3))


@pytest.mark.parametrize("kind", ["pil", "tensor"])
def test_crops_flips_and_pads_move_pixels_exactly(kind: str) -> None:
    array = pixels()
    image = picture() if kind == "pil" else F.pil_to_tensor(picture())

    def check(result: Any, expected: Any) -> None:
        numpy.testing.assert_array_equal(array_of(result), expected)

    padded = numpy.pad(array, ((30, 30), (30, 30), (0, 0)))
    check(F.crop(image, 3, 4, 5, 6), array[3:8, 4:10])
    check(F.crop(image, -3, 25, 12, 10), padded[27:39, 55:65])
    check(F.crop(image, 40, 50, 3, 4), numpy.zeros((3, 4, 3), dtype=numpy.uint8))
    check(F.center_crop(image, 8), array[6:14, 11:19])
    check(F.center_crop(image, (7, 7)), array[6:13, 12:19])  # 6.5 and 11.5 go to the even number
    check(F.center_crop(image, (26, 10)), numpy.pad(array, ((3, 3), (0, 0), (0, 0)))[:, 10:20])
    check(F.hflip(image), array[:, ::-1])
    check(F.vflip(image), array[::-1])
    check(F.pad(image, 2), numpy.pad(array, ((2, 2), (2, 2), (0, 0))))
    check(F.pad(image, (1, 2), fill=9), numpy.pad(array, ((2, 2), (1, 1), (0, 0)), constant_values=9))
    for mode in ("edge", "reflect", "symmetric"):
        expected = numpy.pad(array, ((2, 4), (1, 3), (0, 0)), mode=mode)  # type: ignore[call-overload]
        check(F.pad(image, [1, 2, 3, 4], padding_mode=mode), expected)
    corners = F.five_crop(image, (4, 5))
    starts = [(0, 0), (0, 25), (16, 0), (16, 25), (8, 12)]
    for part, (top, left) in zip(corners, starts, strict=True):
        check(part, array[top : top + 4, left : left + 5])
    ten = transforms.TenCrop((4, 5))(image)
    assert len(ten) == 10
    check(ten[5], array[:4, ::-1][:, :5])


@pytest.mark.parametrize("angle", [0.0, 37.0, 90.0, -170.0])
@pytest.mark.parametrize("expand", [False, True])
def test_rotation_of_pil_images_is_pillows_and_of_tensors_alike(angle: float, expand: bool) -> None:
    image = smooth_picture()
    expected = numpy.asarray(image.rotate(angle, 2, expand))
    numpy.testing.assert_array_equal(numpy.asarray(F.rotate(image, angle, BILINEAR, expand)), expected)
    result = array_of(F.rotate(F.pil_to_tensor(image), angle, BILINEAR, expand, fill=0))
    assert abs(result.shape[0] - expected.shape[0]) <= 1 and abs(result.shape[1] - expected.shape[1]) <= 1
    if result.shape == expected.shape:
        inside = (
            slice(result.shape[0] // 3, -(result.shape[0] // 3)),
            slice(result.shape[1] // 3, -(result.shape[1] // 3)),
        )
        assert numpy.abs(result[inside].astype(int) - expected[inside]).max() <= 2


def test_quarter_turns_of_tensors_move_pixels_exactly() -> None:
    image = F.pil_to_tensor(picture(21, 21))
    for quarter in range(4):
        result = F.rotate(image, 90.0 * quarter)
        numpy.testing.assert_array_equal(result.numpy(), numpy.rot90(image.numpy(), quarter, axes=(1, 2)))
    wide = F.rotate(torch.ones(1, 4, 10), 90, expand=True)
    assert wide.shape == (1, 10, 4) and bool((wide == 1).all())


def test_affine_shifts_scales_and_turns_clockwise() -> None:
    array = pixels(21, 21)
    for image in (Image.fromarray(array), F.pil_to_tensor(Image.fromarray(array))):
        shifted = array_of(F.affine(image, 0.0, [3, -2], 1.0, [0.0, 0.0]))
        expected = numpy.zeros_like(array)
        expected[:-2, 3:] = array[2:, :-3]
        numpy.testing.assert_array_equal(shifted, expected)
        turned = array_of(F.affine(image, 90.0, [0, 0], 1.0, 0.0))
        numpy.testing.assert_array_equal(turned, numpy.rot90(array, -1))
        halved = array_of(F.affine(image, 0.0, [0, 0], 1 / 3, 0.0))
        numpy.testing.assert_array_equal(halved[7:14, 7:14], array[1::3, 1::3])
        assert not halved[:7].any()
    with pytest.raises(ValueError, match="scale must be positive"):
        F.affine(image, 0.0, [0, 0], 0.0, 0.0)


def test_affine_of_tensors_and_pil_images_agree_with_shear() -> None:
    image = smooth_picture()
    expected = numpy.asarray(F.affine(image, 20.0, [4, 3], 1.1, [8.0, -5.0], BILINEAR)).astype(int)
    result = array_of(F.affine(F.pil_to_tensor(image), 20.0, [4, 3], 1.1, [8.0, -5.0], BILINEAR)).astype(int)
    assert numpy.abs(result - expected)[12:28, 20:40].max() <= 2


def test_perspective_takes_corners_to_corners() -> None:
    image = smooth_picture()
    corners = [[0, 0], [59, 0], [59, 39], [0, 39]]
    same = numpy.asarray(F.perspective(image, corners, corners)).astype(int)
    assert numpy.abs(same - numpy.asarray(image)).max() <= 1  # Pillow cuts values off, instead of rounding them
    ends = [[4, 6], [50, 2], [55, 36], [8, 30]]
    expected = numpy.asarray(F.perspective(image, corners, ends)).astype(int)
    result = array_of(F.perspective(F.pil_to_tensor(image), corners, ends)).astype(int)
    assert numpy.abs(result - expected)[12:26, 16:44].max() <= 2
    assert abs(int(expected[18, 30, 0]) - int(expected[19, 30, 0])) < 30
    assert not expected[:2, :3].any()


def test_fill_is_the_value_outside() -> None:
    for image in (Image.new("RGB", (9, 9)), torch.zeros(3, 9, 9, dtype=torch.uint8)):
        assert array_of(F.rotate(image, 45, fill=[10, 20, 30]))[0, 0].tolist() == [10, 20, 30]
        assert array_of(F.rotate(image, 45, fill=7))[0, 0].tolist() == [7, 7, 7]
        with pytest.raises(ValueError, match="fill has 2 values"):
            F.rotate(image, 45, fill=[1, 2])


# ---------------------------------------------------------------------------------------------------------- colors


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.7])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "sharpness"])
def test_adjustments_are_pillows_and_tensors_follow(name: str, factor: float) -> None:
    kinds = {"brightness": "Brightness", "contrast": "Contrast", "saturation": "Color", "sharpness": "Sharpness"}
    expected = numpy.asarray(getattr(ImageEnhance, kinds[name])(picture()).enhance(factor)).astype(int)
    change = getattr(F, f"adjust_{name}")
    numpy.testing.assert_array_equal(numpy.asarray(change(picture(), factor)), expected)
    result = array_of(change(F.pil_to_tensor(picture()), factor)).astype(int)
    assert numpy.abs(result - expected).max() <= 2
    with pytest.raises(ValueError, match="must not be negative"):
        change(picture(), -1.0)


def test_hue_against_colorsys() -> None:
    image = torch.rand(3, 4, 5)
    result = F.adjust_hue(image, 0.3).numpy()
    for row in range(4):
        for column in range(5):
            hue, saturation, value = colorsys.rgb_to_hsv(*(float(each) for each in image[:, row, column]))
            expected = colorsys.hsv_to_rgb((hue + 0.3) % 1.0, saturation, value)
            numpy.testing.assert_allclose(result[:, row, column], expected, atol=1e-5)
    numpy.testing.assert_allclose(F.adjust_hue(image, 0.0).numpy(), image.numpy(), atol=1e-6)
    with pytest.raises(ValueError, match=r"within \[-0.5, 0.5\]"):
        F.adjust_hue(image, 0.6)


def test_hue_of_pil_images_turns_the_hue_channel() -> None:
    before = numpy.asarray(picture().convert("HSV")).copy()
    for factor in (0.25, -0.25):
        turned = before.copy()
        turned[..., 0] = (before[..., 0].astype(int) + int(factor * 255)) % 256
        channels = [Image.fromarray(numpy.ascontiguousarray(turned[..., i])) for i in range(3)]
        expected = Image.merge("HSV", channels).convert("RGB")
        numpy.testing.assert_array_equal(numpy.asarray(F.adjust_hue(picture(), factor)), numpy.asarray(expected))


def test_gray_has_the_weights_of_bt_601() -> None:
    numpy.testing.assert_array_equal(numpy.asarray(F.to_grayscale(picture())), numpy.asarray(picture().convert("L")))
    image = torch.rand(3, 4, 5)
    expected = numpy.tensordot([0.2989, 0.587, 0.114], image.numpy(), axes=1)
    for channels in (1, 3):
        gray = transforms.Grayscale(channels)(image)
        assert gray.shape == (channels, 4, 5)
        numpy.testing.assert_allclose(gray.numpy(), numpy.broadcast_to(expected, (channels, 4, 5)), rtol=1e-5)
    assert transforms.Grayscale(3)(picture()).mode == "RGB"


@pytest.mark.parametrize(
    ("change", "reference"),
    [
        (F.invert, ImageOps.invert),
        (F.equalize, ImageOps.equalize),
        (F.autocontrast, ImageOps.autocontrast),
        (lambda image: F.posterize(image, 3), lambda image: ImageOps.posterize(image, 3)),
        (lambda image: F.solarize(image, 90), lambda image: ImageOps.solarize(image, 90)),
    ],
)
def test_tables_of_values_are_pillows(change: Callable[[Any], Any], reference: Callable[[Any], Any]) -> None:
    for image in (picture(), smooth_picture()):
        expected = numpy.asarray(reference(image))
        numpy.testing.assert_array_equal(numpy.asarray(change(image)), expected)
        difference = array_of(change(F.pil_to_tensor(image))).astype(int) - expected
        assert numpy.abs(difference).max() <= (1 if change is F.autocontrast else 0)


def test_blur_is_a_convolution_with_the_normal_density() -> None:
    image = torch.rand(1, 9, 11)
    x = numpy.arange(-2, 3)
    weights = numpy.exp(-0.5 * (x / 1.3) ** 2)
    weights /= weights.sum()
    padded = numpy.pad(image.numpy()[0].astype(float), 2, mode="reflect")
    rows = numpy.apply_along_axis(lambda line: numpy.convolve(line, weights, mode="valid"), 1, padded)
    expected = numpy.apply_along_axis(lambda line: numpy.convolve(line, weights, mode="valid"), 0, rows)
    numpy.testing.assert_allclose(F.gaussian_blur(image, 5, 1.3).numpy()[0], expected, rtol=1e-5)
    assert transforms.GaussianBlur(3)(picture()).size == (30, 20)
    with pytest.raises(ValueError, match="odd and positive"):
        transforms.GaussianBlur(4)


# ------------------------------------------------------------------------- the same seed, the same draws as PyTorch


def seeded(seed: int) -> None:
    torch.manual_seed(seed)
    oracle.manual_seed(seed)


def drawn_uniform(low: float, high: float) -> float:
    return float(oracle.empty(1).uniform_(low, high).item())


def drawn_integer(low: int, high: int) -> int:
    return int(oracle.randint(low, high, size=(1,)).item())


@pytest.mark.parametrize("seed", range(5))
def test_flips_draw_one_number(seed: int) -> None:
    seeded(seed)
    image = F.pil_to_tensor(picture())
    for kind, change in ((transforms.RandomHorizontalFlip, F.hflip), (transforms.RandomVerticalFlip, F.vflip)):
        expected = change(image) if bool(oracle.rand(1) < 0.4) else image
        assert torch.equal(kind(0.4)(image), expected)


@pytest.mark.parametrize("seed", range(5))
def test_crops_draw_top_then_left(seed: int) -> None:
    seeded(seed)
    top, left = drawn_integer(0, 20 + 8 - 16 + 1), drawn_integer(0, 30 + 8 - 12 + 1)
    result = transforms.RandomCrop((16, 12), padding=4)(picture())
    padded = numpy.pad(pixels(), ((4, 4), (4, 4), (0, 0)))
    numpy.testing.assert_array_equal(numpy.asarray(result), padded[top : top + 16, left : left + 12])


@pytest.mark.parametrize("seed", range(8))
def test_resized_crops_draw_area_and_logarithm_of_the_ratio(seed: int) -> None:
    seeded(seed)
    expected = None
    logarithms = oracle.log(oracle.tensor([0.5, 2.0]))
    for _ in range(10):
        area = 20 * 30 * drawn_uniform(0.3, 1.0)
        ratio = float(oracle.exp(oracle.empty(1).uniform_(float(logarithms[0]), float(logarithms[1]))).item())
        width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < width <= 30 and 0 < height <= 20:
            expected = (drawn_integer(0, 20 - height + 1), drawn_integer(0, 30 - width + 1), height, width)
            break
    params = transforms.RandomResizedCrop.get_params(picture(), [0.3, 1.0], [0.5, 2.0])
    assert params == (expected or (0, 0, 20, 30))


def test_resized_crop_falls_back_to_the_middle() -> None:
    # No area fits: a ratio of 10 or more needs more width than there is.
    assert transforms.RandomResizedCrop.get_params(picture(20, 20), [1.0, 1.0], [10.0, 12.0]) == (9, 0, 2, 20)


@pytest.mark.parametrize("seed", range(4))
def test_affine_rotation_and_perspective_draw_in_order(seed: int) -> None:
    seeded(seed)
    assert transforms.RandomRotation.get_params([-30.0, 40.0]) == drawn_uniform(-30.0, 40.0)
    expected = (
        drawn_uniform(-10.0, 10.0),
        (round(drawn_uniform(-3.0, 3.0)), round(drawn_uniform(-4.0, 4.0))),
        drawn_uniform(0.8, 1.2),
        (drawn_uniform(-5.0, 5.0), drawn_uniform(-2.0, 2.0)),
    )
    params = transforms.RandomAffine.get_params([-10, 10], [0.1, 0.2], [0.8, 1.2], [-5, 5, -2, 2], [30, 20])
    assert params == expected
    low_x, low_y = int(0.5 * 15), int(0.5 * 10)
    ends = [
        [drawn_integer(0, low_x + 1), drawn_integer(0, low_y + 1)],
        [drawn_integer(30 - low_x - 1, 30), drawn_integer(0, low_y + 1)],
        [drawn_integer(30 - low_x - 1, 30), drawn_integer(20 - low_y - 1, 20)],
        [drawn_integer(0, low_x + 1), drawn_integer(20 - low_y - 1, 20)],
    ]
    assert transforms.RandomPerspective.get_params(30, 20, 0.5)[1] == ends


@pytest.mark.parametrize("seed", range(4))
def test_color_jitter_draws_an_order_and_four_factors(seed: int) -> None:
    seeded(seed)
    order = oracle.randperm(4).tolist()
    factors = [drawn_uniform(*each) for each in ((0.6, 1.4), (0.5, 1.5), (0.9, 1.1), (-0.1, 0.1))]
    state = torch.get_rng_state()
    jitter = transforms.ColorJitter(0.4, 0.5, (0.9, 1.1), 0.1)
    result = jitter(picture())
    torch.set_rng_state(state)
    given = jitter.get_params(jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)
    assert given[0].tolist() == order
    assert list(given[1:]) == pytest.approx(factors, rel=1e-6)
    expected = picture()
    for i in order:
        expected = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue][i](
            expected, given[1 + i]
        )
    numpy.testing.assert_array_equal(numpy.asarray(result), numpy.asarray(expected))


def test_color_jitter_without_ranges_changes_nothing_and_checks_ranges() -> None:
    assert transforms.ColorJitter()(picture()) == picture()
    with pytest.raises(ValueError, match="hue must give factors within"):
        transforms.ColorJitter(hue=0.7)
    with pytest.raises(ValueError, match="must not be negative"):
        transforms.ColorJitter(brightness=-1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("value", [0, (0.1, 0.2, 0.3), "random"])
def test_erasing_draws_as_documented(seed: int, value: Any) -> None:
    seeded(seed)
    image = torch.ones(3, 20, 30)
    expected = image.numpy().copy()
    assert bool(oracle.rand(1) < 1.0)
    logarithms = oracle.log(oracle.tensor((0.3, 3.3)))
    for _ in range(10):
        area = 600 * drawn_uniform(0.02, 0.33)
        ratio = float(oracle.exp(oracle.empty(1).uniform_(float(logarithms[0]), float(logarithms[1]))).item())
        height, width = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if height < 20 and width < 30:
            if value == "random":
                values = oracle.empty([3, height, width]).normal_().numpy()
            else:
                values = numpy.broadcast_to(numpy.float32(value), 3)[:, None, None]
            top, left = drawn_integer(0, 20 - height + 1), drawn_integer(0, 30 - width + 1)
            expected[:, top : top + height, left : left + width] = values
            break
    result = transforms.RandomErasing(p=1.0, value=value)(image)
    numpy.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)
    assert bool((image == 1).all())


@pytest.mark.parametrize("policy", ["TrivialAugmentWide", "RandAugment", "AutoAugment"])
def test_policies_treat_pil_images_and_tensors_alike(policy: str) -> None:
    augment = getattr(transforms, policy)()
    changes = 0
    for seed in range(25):
        torch.manual_seed(seed)
        expected = numpy.asarray(augment(smooth_picture())).astype(int)
        torch.manual_seed(seed)
        result = array_of(augment(F.pil_to_tensor(smooth_picture()))).astype(int)
        assert result.shape == expected.shape
        assert numpy.median(numpy.abs(result - expected)) <= 1
        changes += not numpy.array_equal(expected, numpy.asarray(smooth_picture()))
    assert changes >= 15


def test_every_policy_has_25_pairs() -> None:
    for policy in transforms.AutoAugmentPolicy:
        assert len(transforms.AutoAugment(policy).policies) == 25


# ----------------------------------------------------------------------------------------------------- composition


def test_composition_and_its_text() -> None:
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    assert repr(change) == "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n)"
    expected = pixels(5, 5, 1).astype(numpy.float32) / 255 * 2 - 1
    numpy.testing.assert_allclose(change(picture(5, 5, 1)).numpy()[0], expected, atol=1e-6)
    assert transforms.Lambda(lambda x: x * 2)(21) == 42
    with pytest.raises(TypeError, match="expects a function, got int"):
        transforms.Lambda(3)  # type: ignore[arg-type]


def test_random_composition() -> None:
    def add(x: int) -> int:
        return x + 1

    def double(x: int) -> int:
        return x * 2

    assert transforms.RandomApply([add, double], p=1.0)(3) == 8
    assert transforms.RandomApply([add, double], p=0.0)(3) == 3
    assert {transforms.RandomOrder([add, double])(3) for _ in range(50)} == {7, 8}
    assert {transforms.RandomChoice([add, double])(3) for _ in range(50)} == {4, 6}
    assert transforms.RandomChoice([add, double], p=[0, 1])(3) == 6


def test_transforms_can_be_sent_to_workers() -> None:
    change = transforms.Compose([transforms.Resize(8), transforms.ColorJitter(0.1), transforms.ToTensor()])
    copy = pickle.loads(pickle.dumps(change))
    assert repr(copy) == repr(change)


def test_second_version_names() -> None:
    change = v2.Compose([v2.ToImage(), v2.Resize(8), v2.ToDtype(torch.float32, scale=True)])
    result = change(picture())
    assert result.shape == (3, 8, 12) and result.dtype is torch.float32
    numpy.testing.assert_array_equal(v2.functional.to_image(pixels()).numpy(), pixels().transpose(2, 0, 1))
    assert torch.equal(v2.functional.horizontal_flip(result), F.hflip(result))


def test_missing_names_say_so() -> None:
    with pytest.raises(
        AttributeError, match=r"no torchvision.transforms.Resise; nearest: torchvision.transforms.Resize"
    ):
        _ = transforms.Resise
