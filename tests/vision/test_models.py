"""Models: documented parameter counts, the keys of published state dicts, shapes, training, and what is refused."""

from typing import Any

import numpy
import pytest
from PIL import Image

import tinygrad_i2dl as torch
from tinygrad_i2dl import nn
from tinygrad_i2dl.vision import models

# The numbers of parameters in torchvision's documentation.
COUNTS = {
    "alexnet": 61_100_840,
    "densenet121": 7_978_856,
    "densenet161": 28_681_000,
    "densenet169": 14_149_480,
    "densenet201": 20_013_928,
    "efficientnet_b0": 5_288_548,
    "efficientnet_b1": 7_794_184,
    "efficientnet_b2": 9_109_994,
    "efficientnet_b3": 12_233_232,
    "efficientnet_b4": 19_341_616,
    "googlenet": 13_004_888,  # with the auxiliary classifiers; documented without: 6,624,904
    "inception_v3": 27_161_264,
    "mobilenet_v2": 3_504_872,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnext101_32x8d": 88_791_336,
    "resnext50_32x4d": 25_028_904,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "vgg11": 132_863_336,
    "vgg11_bn": 132_868_840,
    "vgg13": 133_047_848,
    "vgg13_bn": 133_053_736,
    "vgg16": 138_357_544,
    "vgg16_bn": 138_365_992,
    "vgg19": 143_667_240,
    "vgg19_bn": 143_678_248,
    "vit_b_16": 86_567_656,
    "vit_b_32": 88_224_232,
    "vit_l_16": 304_326_632,
    "vit_l_32": 306_535_400,
    "wide_resnet101_2": 126_886_696,
    "wide_resnet50_2": 68_883_240,
}


@pytest.fixture
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters stay zero: the pages of zeros are never touched, so that large models cost nothing."""

    def leave(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        return tensor

    for name in ("uniform_", "normal_", "trunc_normal_", "constant_", "zeros_", "ones_"):
        monkeypatch.setattr(nn.init, name, leave)
    for name in ("kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_"):
        monkeypatch.setattr(nn.init, name, leave)


@pytest.mark.usefixtures("no_drawing")
@pytest.mark.parametrize("name", sorted(COUNTS))
def test_documented_numbers_of_parameters(name: str) -> None:
    model = models.get_model(name, weights=None)
    assert sum(parameter.numel() for parameter in model.parameters()) == COUNTS[name]


def test_every_model_has_its_number_here() -> None:
    assert models.list_models() == sorted(COUNTS)


# Entries of the published files: how many, and some of their names and shapes.
STATES: dict[str, tuple[int, dict[str, tuple[int, ...]]]] = {
    "alexnet": (16, {"features.10.bias": (256,), "classifier.1.weight": (4096, 9216), "classifier.6.bias": (1000,)}),
    "resnet18": (122, {"layer2.0.downsample.0.weight": (128, 64, 1, 1), "bn1.running_mean": (64,), "fc.bias": (1000,)}),
    "resnet50": (320, {"layer4.2.conv3.weight": (2048, 512, 1, 1), "layer1.0.bn2.num_batches_tracked": ()}),
    "densenet121": (
        727,
        {
            "features.denseblock4.denselayer16.conv2.weight": (32, 128, 3, 3),
            "features.transition3.conv.weight": (512, 1024, 1, 1),
            "features.norm5.bias": (1024,),
            "classifier.weight": (1000, 1024),
        },
    ),
    "mobilenet_v2": (
        314,
        {
            "features.0.0.weight": (32, 3, 3, 3),
            "features.1.conv.1.weight": (16, 32, 1, 1),
            "features.17.conv.0.0.weight": (960, 160, 1, 1),
            "features.18.1.running_var": (1280,),
            "classifier.1.weight": (1000, 1280),
        },
    ),
    "squeezenet1_1": (52, {"features.12.expand3x3.weight": (256, 64, 3, 3), "classifier.1.weight": (1000, 512, 1, 1)}),
    "efficientnet_b0": (
        360,
        {
            "features.1.0.block.1.fc1.weight": (8, 32, 1, 1),
            "features.4.2.block.2.fc2.bias": (480,),
            "features.7.0.block.3.0.weight": (320, 1152, 1, 1),
            "features.8.0.weight": (1280, 320, 1, 1),
        },
    ),
    "googlenet": (
        57 * 6 + 2 + 2 * 10,  # convolutions with normalization, the linear layer, two auxiliary classifiers
        {"inception4e.branch3.1.conv.weight": (128, 32, 3, 3), "aux2.fc1.weight": (1024, 2048)},
    ),
    "inception_v3": (
        580,
        {"Mixed_6b.branch7x7dbl_5.conv.weight": (192, 128, 1, 7), "AuxLogits.conv1.bn.weight": (768,)},
    ),
    "vit_b_16": (
        152,
        {
            "class_token": (1, 1, 768),
            "conv_proj.weight": (768, 3, 16, 16),
            "encoder.pos_embedding": (1, 197, 768),
            "encoder.layers.encoder_layer_11.self_attention.in_proj_weight": (2304, 768),
            "encoder.layers.encoder_layer_0.mlp.0.weight": (3072, 768),
            "encoder.layers.encoder_layer_0.mlp.3.bias": (768,),
            "encoder.ln.weight": (768,),
            "heads.head.weight": (1000, 768),
        },
    ),
}  # fmt: skip


@pytest.mark.usefixtures("no_drawing")
@pytest.mark.parametrize("name", sorted(STATES))
def test_keys_of_published_state_dicts(name: str) -> None:
    state = models.get_model(name).state_dict()
    count, shapes = STATES[name]
    assert len(state) == count
    assert {key: tuple(state[key].shape) for key in shapes} == shapes


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet18", 64),
        ("resnext50_32x4d", 32),
        ("densenet121", 32),
        ("mobilenet_v2", 32),
        ("squeezenet1_0", 64),
        ("squeezenet1_1", 64),
        ("efficientnet_b0", 32),
        ("googlenet", 64),
        ("inception_v3", 96),
    ],
)
def test_models_give_finite_scores_and_gradients_to_all_parameters(name: str, size: int) -> None:
    arguments = {"aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    model = models.get_model(name, num_classes=7, **arguments).eval()
    scores: Any = model(torch.randn(2, 3, size, size))
    assert scores.shape == (2, 7)
    assert bool(torch.isfinite(scores).all())
    scores.square().sum().backward()
    missing = [key for key, parameter in model.named_parameters() if parameter.grad is None]
    assert not missing


def test_vgg_and_alexnet_forward_with_few_features() -> None:
    features = models.vgg.make_layers("A", batch_norm=True)
    assert features(torch.randn(1, 3, 32, 32)).shape == (1, 512, 1, 1)
    assert [type(each).__name__ for each in features][:4] == ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"]


def test_a_small_vision_transformer_depends_on_every_patch_and_its_place() -> None:
    model = models.VisionTransformer(8, 4, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16, num_classes=3).eval()
    nn.init.normal_(model.heads.head.weight)
    image = torch.randn(1, 3, 8, 8, requires_grad=True)
    model(image)[0, 0].backward()
    assert bool((image.grad != 0).all())
    moved = torch.cat([image[..., 4:], image[..., :4]], dim=-1)
    assert not torch.allclose(model(moved), model(image))
    with pytest.raises(ValueError, match="images of 8 by 8"):
        model(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ValueError, match="must be a multiple of patch_size 3"):
        models.VisionTransformer(8, 3, 1, 1, 8, 8)


def test_auxiliary_classifiers_answer_in_training() -> None:
    model = models.googlenet(num_classes=4, init_weights=False).train()
    answers = model(torch.randn(2, 3, 64, 64))
    assert [tuple(each.shape) for each in answers] == [(2, 4)] * 3
    assert answers._fields == ("logits", "aux_logits2", "aux_logits1")
    inception = models.inception.InceptionAux(768, 4).train()
    assert inception(torch.randn(2, 768, 17, 17)).shape == (2, 4)


def test_residual_options() -> None:
    calm = models.resnet18(num_classes=2, zero_init_residual=True)
    assert not calm.layer1[0].bn2.weight.any()
    dilated = models.ResNet(models.resnet.Bottleneck, [1, 1, 1, 1], 2, replace_stride_with_dilation=[False, True, True])
    assert dilated.layer4[0].conv2.dilation == (2, 2) and dilated.layer4[0].conv2.stride == (1, 1)
    grouped = models.resnet18(num_classes=2, norm_layer=lambda channels: nn.GroupNorm(2, channels))
    assert isinstance(grouped.layer4[1].bn2, nn.GroupNorm)
    with pytest.raises(ValueError, match="must be None or have 3 values"):
        models.resnet18(replace_stride_with_dilation=[True])


def test_a_frozen_network_with_a_new_head_trains_the_head_alone() -> None:
    model = models.resnet18(weights=None)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, 2)
    optimizer = torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=0.1)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.eval()
    nn.functional.cross_entropy(model(torch.randn(2, 3, 32, 32)), torch.tensor([0, 1])).backward()
    optimizer.step()
    changed = [key for key, value in model.state_dict().items() if not torch.equal(value, before[key])]
    assert changed == ["fc.weight", "fc.bias"]


def test_stochastic_depth_drops_whole_samples_and_keeps_the_mean() -> None:
    layer = models.efficientnet.StochasticDepth(0.25)
    result = layer.train()(torch.ones(4000, 3))
    rows = result.numpy()
    assert set(numpy.unique(rows)) == {numpy.float32(0), numpy.float32(1 / 0.75)}
    assert (rows == rows[:, :1]).all()
    assert abs(rows.mean() - 1) < 0.05
    assert bool((layer.eval()(torch.ones(3, 2)) == 1).all())


@pytest.mark.parametrize("weights", ["DEFAULT", "IMAGENET1K_V1", models.ResNet18_Weights.DEFAULT])
def test_published_weights_are_refused_with_the_way_to_load_them(weights: Any) -> None:
    advice = r"download https://download.pytorch.org/models/resnet18-f37072fd.pth .* model.load_state_dict"
    with pytest.raises(RuntimeError, match=advice):
        models.resnet18(weights=weights)
    with pytest.raises(RuntimeError, match=advice):
        models.resnet18(pretrained=True)
    with pytest.raises(RuntimeError, match=advice):
        models.resnet18(True)
    with pytest.raises(RuntimeError, match=advice):
        models.ResNet18_Weights.DEFAULT.get_state_dict(progress=True)


def test_weights_by_name() -> None:
    assert models.ResNet50_Weights.DEFAULT is models.ResNet50_Weights.IMAGENET1K_V2
    assert models.get_weight("ViT_B_16_Weights.IMAGENET1K_V1") is models.ViT_B_16_Weights.DEFAULT
    assert models.get_model_weights("efficientnet_b2") is models.EfficientNet_B2_Weights
    with pytest.raises(ValueError, match=r"no weights 'ResNet18_Weights.V9'"):
        models.get_weight("ResNet18_Weights.V9")
    with pytest.raises(TypeError, match="expected weights of ResNet18_Weights"):
        models.resnet18(weights=models.VGG16_Weights.DEFAULT)


def test_preprocessing_of_the_weights() -> None:
    values = numpy.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=numpy.uint8)
    change = models.ResNet18_Weights.DEFAULT.transforms()
    result = change(Image.fromarray(values))
    small = numpy.asarray(Image.fromarray(values).resize((341, 256), 2))[16:240, 58:282]
    expected = (small / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    numpy.testing.assert_allclose(result.numpy(), expected.transpose(2, 0, 1), atol=1e-5)
    assert models.EfficientNet_B2_Weights.DEFAULT.transforms().crop_size == [288]


def test_models_by_name() -> None:
    assert models.list_models(include="vgg*", exclude="*_bn") == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert isinstance(models.get_model("SqueezeNet1_1", num_classes=3), models.SqueezeNet)
    with pytest.raises(ValueError, match="no model 'resnet19'; there are alexnet"):
        models.get_model("resnet19")
