"""Parts of modules that PyTorch's sample database leaves out: results and gradients in float64 against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tests.nn.oracle import assert_close, compare, copy_state, oracle, random, theirs_of, to_array

Case = tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]
CASES: list[Case] = [
    ("Conv1d", (3, 4, 3), {"padding": 1, "padding_mode": "circular"}, (2, 3, 7)),
    ("Conv2d", (3, 4, 3), {"padding": (1, 2), "padding_mode": "reflect", "stride": 2}, (2, 3, 7, 8)),
    ("Conv2d", (4, 4, 3), {"padding": "same", "dilation": 2, "groups": 4}, (4, 7, 8)),
    ("Conv2d", (3, 4, 4), {"padding": "same", "padding_mode": "replicate"}, (2, 3, 7, 8)),
    ("Conv3d", (2, 3, 2), {"stride": (1, 2, 1)}, (2, 2, 4, 5, 4)),
    ("ConvTranspose1d", (3, 4, 3), {"stride": 3, "padding": 1, "output_padding": 2}, (2, 3, 5)),
    ("ConvTranspose2d", (4, 6, 3), {"stride": 2, "groups": 2, "dilation": 2}, (2, 4, 5, 4)),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, (2, 3, 8, 7)),
    ("AvgPool2d", (3,), {"padding": 1, "count_include_pad": False, "stride": 2}, (2, 3, 8, 7)),
    ("AdaptiveAvgPool2d", ((3, None),), {}, (2, 3, 8, 7)),
    ("BatchNorm1d", (4,), {"momentum": None}, (6, 4)),
    ("BatchNorm2d", (3,), {"track_running_stats": False}, (4, 3, 5, 5)),
    ("InstanceNorm2d", (3,), {"affine": True, "track_running_stats": True}, (2, 3, 5, 5)),
    ("InstanceNorm1d", (3,), {}, (3, 7)),
    ("LayerNorm", ([3, 5],), {"bias": False}, (2, 3, 5)),
    ("RMSNorm", (5,), {"eps": 1e-3}, (2, 3, 5)),
    ("GroupNorm", (2, 4), {}, (3, 4, 5)),
    ("LocalResponseNorm", (3,), {"alpha": 0.5}, (2, 6, 4)),
    ("PReLU", (3,), {}, (2, 3, 4)),
    ("Flatten", (0, 1), {}, (2, 3, 4)),
    ("Unflatten", (1, (2, 3)), {}, (2, 6)),
    ("Fold", ((4, 5), 2), {}, (2, 12, 12)),
    ("Unfold", ((2, 3),), {"padding": 1, "stride": 2, "dilation": 2}, (2, 3, 8, 9)),
    ("PixelShuffle", (2,), {}, (2, 8, 3, 4)),
    ("PixelUnshuffle", (2,), {}, (2, 2, 4, 6)),
    ("ChannelShuffle", (3,), {}, (2, 6, 4)),
    ("Upsample", (), {"scale_factor": 2.0, "mode": "bilinear"}, (2, 3, 4, 5)),
    ("Upsample", (), {"size": (7, 9), "mode": "bicubic", "align_corners": True}, (2, 3, 4, 5)),
    ("Upsample", (), {"scale_factor": (2.0, 3.0)}, (2, 3, 4, 5)),
    ("UpsamplingBilinear2d", (), {"scale_factor": 2}, (2, 3, 4, 5)),
    ("UpsamplingNearest2d", ((7, 9),), {}, (2, 3, 4, 5)),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "shape"), CASES, ids=str)
def test_results_and_gradients(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], shape: tuple[int, ...]
) -> None:
    ours, theirs = getattr(torch.nn, name)(*args, **kwargs), getattr(oracle.nn, name)(*args, **kwargs)
    compare(ours, theirs, random(*shape, requires_grad=True))
    ours.eval(), theirs.eval()
    x = random(*shape, seed=9)
    assert_close(ours(x), theirs(theirs_of(x)))


@pytest.mark.parametrize(("dimensions", "size"), [(1, [12]), (2, [10, 11]), (3, (2, 4, 9, 10, 11))])
def test_output_size_of_transposed_convolutions(dimensions: int, size: Any) -> None:
    name = f"ConvTranspose{dimensions}d"
    ours, theirs = getattr(torch.nn, name)(3, 4, 3, stride=2), getattr(oracle.nn, name)(3, 4, 3, stride=2)
    inputs = {1: (2, 3, 5), 2: (2, 3, 4, 5), 3: (2, 3, 4, 4, 5)}
    compare(ours, theirs, random(*inputs[dimensions], requires_grad=True), output_size=size)
    for library, layer in ((oracle, theirs), (torch, ours)):
        with pytest.raises(ValueError, match=r"output size|output_size"):
            layer(library.zeros(*inputs[dimensions], dtype=library.float64), output_size=[30] * dimensions)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_pooling_and_back(dimensions: int) -> None:
    shape = (2, 3, *(6, 7, 8)[:dimensions])
    x = random(*shape, requires_grad=True)
    twin = theirs_of(x)
    results = []
    for library, tensor in ((torch, x), (oracle, twin)):
        nn = library.nn
        pooled, indices = getattr(nn, f"MaxPool{dimensions}d")(2, return_indices=True)(tensor)
        restored = getattr(nn, f"MaxUnpool{dimensions}d")(2)(pooled, indices, output_size=tensor.shape)
        (restored * restored * 2).sum().backward()
        results.append((indices, restored))
    assert_close(*results)
    assert_close(x.grad, twin.grad)


def test_embeddings() -> None:
    numbers = torch.tensor([[1, 2, 1], [0, 4, 2]])
    for options in ({}, {"padding_idx": 2}, {"scale_grad_by_freq": True}):
        compare(torch.nn.Embedding(5, 3, **options), oracle.nn.Embedding(5, 3, **options), numbers)
    for mode in ("sum", "mean", "max"):
        compare(torch.nn.EmbeddingBag(5, 3, mode=mode), oracle.nn.EmbeddingBag(5, 3, mode=mode), numbers)
        compare(
            torch.nn.EmbeddingBag(5, 3, mode=mode),
            oracle.nn.EmbeddingBag(5, 3, mode=mode),
            torch.tensor([1, 2, 4, 0]),
            torch.tensor([0, 1, 1]),
        )


def test_embeddings_of_given_vectors() -> None:
    vectors = random(4, 3)
    frozen = torch.nn.Embedding.from_pretrained(vectors)
    assert not frozen.weight.requires_grad
    assert numpy.array_equal(to_array(frozen(torch.tensor([2]))), to_array(vectors)[[2]])
    assert torch.nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=-1).padding_idx == 3
    assert torch.nn.EmbeddingBag.from_pretrained(vectors, mode="sum").mode == "sum"
    with pytest.raises(AssertionError):
        torch.nn.Embedding.from_pretrained(torch.zeros(3))
    with pytest.raises(AssertionError):
        torch.nn.Embedding(3, 2, padding_idx=3)


def test_adaptive_softmax() -> None:
    args = (8, 20, [5, 10])
    ours, theirs = (
        torch.nn.AdaptiveLogSoftmaxWithLoss(*args, div_value=2.0),
        oracle.nn.AdaptiveLogSoftmaxWithLoss(*args, div_value=2.0),
    )
    x, targets = random(7, 8, requires_grad=True), torch.tensor([0, 4, 5, 9, 10, 19, 3])
    compare(ours, theirs, x, targets)
    assert_close(ours.log_prob(x), theirs.log_prob(theirs_of(x)))
    assert_close(ours.predict(x), theirs.predict(theirs_of(x)))
    with pytest.raises(RuntimeError, match=r"\[0, 19\]"):
        ours(x, targets + 1)
    with pytest.raises(ValueError, match="rising"):
        torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [10, 5])


@pytest.mark.parametrize(
    "name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout", "RReLU"]
)
def test_random_layers_draw_as_pytorch(name: str) -> None:
    shape = {"Dropout1d": (4, 6, 5), "Dropout3d": (3, 4, 2, 3, 2)}.get(name, (4, 6, 3, 2))
    x = random(*shape, dtype=numpy.float32)
    ours, theirs = getattr(torch.nn, name)(), getattr(oracle.nn, name)()
    torch.manual_seed(4)
    oracle.manual_seed(4)
    assert_close(ours(x), theirs(theirs_of(x)), rtol=1e-6, atol=1e-7)
    assert_close(ours.eval()(x), theirs.eval()(theirs_of(x)), rtol=1e-6, atol=1e-7)


def test_losses_of_early_versions_take_size_average_and_reduce() -> None:
    x, y = random(3, 2), random(3, 2, seed=1)
    for kwargs in ({"size_average": False}, {"reduce": False}, {"size_average": True, "reduce": True}):
        with pytest.warns(UserWarning, match="reduction="):
            ours = torch.nn.MSELoss(**kwargs)
        with pytest.warns(UserWarning, match="reduction="):
            theirs = oracle.nn.MSELoss(**kwargs)
        assert ours.reduction == theirs.reduction
        assert_close(ours(x, y), theirs(theirs_of(x), theirs_of(y)))


def test_synchronised_batch_norm_is_batch_norm_in_one_process() -> None:
    model = torch.nn.Sequential(torch.nn.BatchNorm2d(3), torch.nn.ReLU()).double()
    model(random(4, 3, 2, 2))
    twin = torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert isinstance(twin[0], torch.nn.SyncBatchNorm)
    theirs = oracle.nn.BatchNorm2d(3)
    copy_state(twin[0], theirs.double())
    x = random(4, 3, 2, 2, requires_grad=True)
    compare(twin[0], theirs, x)


def test_data_parallel_passes_on() -> None:
    layer = torch.nn.Linear(2, 3)
    wrapped = torch.nn.DataParallel(layer)
    x = torch.ones(4, 2)
    assert numpy.array_equal(to_array(wrapped(x)), to_array(layer(x)))
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    parts = torch.nn.parallel.scatter({"a": (x, 3)}, ["cpu", "cpu"])
    assert [tuple(part["a"][0].shape) for part in parts] == [(2, 2), (2, 2)]
    joined = torch.nn.parallel.gather(torch.nn.parallel.parallel_apply([layer, layer], [x[:2], x[2:]]), "cpu")
    assert numpy.array_equal(to_array(joined), to_array(layer(x)))
    assert numpy.array_equal(to_array(torch.nn.parallel.data_parallel(layer, x)), to_array(layer(x)))
