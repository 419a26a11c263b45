"""Losses: old parameters, warnings, extreme scores and what is refused."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl

torch = pytest.importorskip("torch")

functional = tinygrad_i2dl.nn.functional


def test_shapes_that_broadcast_draw_a_warning() -> None:
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        with pytest.warns(UserWarning, match="broadcast"):
            result = getattr(functional, name)(tinygrad_i2dl.ones(3, 1), tinygrad_i2dl.zeros(3))
        assert result.shape == ()


@pytest.mark.parametrize("size_average", [None, True, False])
@pytest.mark.parametrize("reduce", [None, True, False])
def test_old_parameters_mean_what_they_meant(size_average: bool | None, reduce: bool | None) -> None:
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        x, y = library.tensor([1.0, 2.0, 4.0]), library.tensor([0.0, 0.0, 1.0])
        if size_average is None and reduce is None:
            outcomes.append(library.nn.functional.mse_loss(x, y, size_average, reduce).tolist())
            continue
        with pytest.warns(UserWarning, match="reduction"):
            outcomes.append(library.nn.functional.mse_loss(x, y, size_average, reduce).tolist())
    assert outcomes[0] == outcomes[1]


def test_extreme_scores_stay_finite() -> None:
    scores = numpy.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]])
    target = numpy.array([1, 2])
    outcomes: list[Any] = []
    for library in (tinygrad_i2dl, torch):
        x = library.tensor(scores, requires_grad=True)
        loss = library.nn.functional.cross_entropy(x, library.tensor(target))
        loss.backward()
        outcomes.append((loss.item(), x.grad.tolist()))
    assert outcomes[0] == outcomes[1]
    logits = numpy.array([1e4, -1e4])
    for library in (tinygrad_i2dl, torch):
        x = library.tensor(logits, requires_grad=True)
        loss = library.nn.functional.binary_cross_entropy_with_logits(x, library.tensor([0.0, 1.0]).double())
        loss.backward()
        outcomes.append((loss.item(), x.grad.tolist()))
    assert outcomes[2] == outcomes[3]


def test_all_targets_ignored_is_nan_as_in_pytorch() -> None:
    target = tinygrad_i2dl.tensor([-100, -100])
    assert numpy.isnan(functional.cross_entropy(tinygrad_i2dl.zeros(2, 3), target).item())
    assert functional.cross_entropy(tinygrad_i2dl.zeros(2, 3), target, reduction="sum").item() == 0


@pytest.mark.parametrize("backend", ["numpy", "native", "numba"])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_ignored_samples_count_for_nothing_whatever_their_scores_are(
    smoothing: float, reduction: str, backend: str
) -> None:
    scores = numpy.random.default_rng(0).normal(size=(6, 700)).astype(numpy.float32)
    scores[0, 0], scores[1], scores[2, 3], scores[3, :300] = -numpy.inf, numpy.nan, numpy.inf, -numpy.inf
    for ignore_index in (-100, 7):
        target = numpy.array([ignore_index] * 4 + [1, 699])
        weight = numpy.linspace(0, 2, 700, dtype=numpy.float32)
        for chosen in (None, weight):
            results = []
            for library in (tinygrad_i2dl, torch):
                with tinygrad_i2dl.use_backend(backend):
                    results.append(
                        library.nn.functional.cross_entropy(
                            library.tensor(scores),
                            library.tensor(target),
                            None if chosen is None else library.tensor(chosen),
                            ignore_index=ignore_index,
                            reduction=reduction,
                            label_smoothing=smoothing,
                        ).numpy()
                    )
            numpy.testing.assert_allclose(*results, rtol=1e-5)
            assert not numpy.isnan(results[0]).any()


def test_ignored_log_probabilities_and_classes_without_weight() -> None:
    outcomes: list[Any] = []
    for library in (tinygrad_i2dl, torch):
        scores = library.tensor([[[0.0, -float("inf")], [1.0, 2.0]]], requires_grad=True)
        target = library.tensor([[1, -1]])
        loss = library.nn.functional.nll_loss(scores, target, ignore_index=-1)
        loss.backward()
        outcomes.append((loss.item(), scores.grad.tolist()))
        # a class without weight still takes its share of the smoothing
        rows, classes, weight = library.tensor([[1.0, 2.0, 4.0]] * 2), library.tensor([0, 1]), [0.0, 1.0, 2.0]
        outcomes[-1] += (
            library.nn.functional.cross_entropy(
                rows, classes, library.tensor(weight), reduction="none", label_smoothing=0.5
            ).tolist(),
        )
    assert outcomes[0][:2] == outcomes[1][:2]
    assert outcomes[0][2] == pytest.approx(outcomes[1][2])


def test_gradients_flow_twice_through_a_retained_graph() -> None:
    x = tinygrad_i2dl.tensor([[1.0, 2.0], [0.0, 1.0]], requires_grad=True)
    loss = functional.cross_entropy(x, tinygrad_i2dl.tensor([0, 1]))
    loss.backward(retain_graph=True)
    first = x.grad.clone()
    loss.backward()
    assert (x.grad - 2 * first).abs().max().item() < 1e-7


def test_infinite_ctc_losses() -> None:
    outcomes = []
    for library in (tinygrad_i2dl, torch):
        scores = numpy.random.default_rng(0).standard_normal((6, 2, 4))
        x = library.tensor(scores, requires_grad=True)
        losses = library.nn.functional.ctc_loss(
            x.log_softmax(2),
            library.tensor([[1, 1, 2], [1, 2, 3]]),
            (2, 6),
            (3, 3),
            reduction="none",
            zero_infinity=True,
        )
        losses.sum().backward()
        outcomes.append((losses.detach().numpy(), x.grad.numpy()))
    assert outcomes[0][0][0] == 0
    for ours, theirs in zip(*outcomes, strict=True):
        numpy.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_second_derivative_of_ctc() -> None:
    """Against central differences of the first."""
    random = numpy.random.default_rng(1)
    scores, direction = random.standard_normal((2, 7, 2, 4))

    def gradient(values: Any, order: int) -> Any:
        x = tinygrad_i2dl.tensor(values, requires_grad=True)
        loss = functional.ctc_loss(
            x.log_softmax(2), tinygrad_i2dl.tensor([[1, 1], [3, 2]]), (7, 6), (2, 2), reduction="sum"
        )
        (first,) = tinygrad_i2dl.autograd.grad(loss, x, create_graph=order == 2)
        if order == 1:
            return first.numpy()
        (second,) = tinygrad_i2dl.autograd.grad((first * tinygrad_i2dl.tensor(direction)).sum(), x)
        return second.numpy()

    step = 1e-6
    expected = (gradient(scores + step * direction, 1) - gradient(scores - step * direction, 1)) / (2 * step)
    numpy.testing.assert_allclose(gradient(scores, 2), expected, atol=1e-7)


INTEGERS = ["mse_loss", "l1_loss", "layer_norm", "batch_norm", "softmax", "gelu", "log_softmax"]


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_are_refused_where_pytorch_refuses_them(name: str) -> None:
    for library in (tinygrad_i2dl, torch):
        x = library.arange(6).reshape(2, 3)
        rest = {"layer_norm": ([3],), "softmax": (1,), "log_softmax": (1,), "batch_norm": (None, None), "gelu": ()}
        options = {"training": True} if name == "batch_norm" else {}
        with pytest.raises(RuntimeError):  # NotImplementedError is one
            getattr(library.nn.functional, name)(x, *rest.get(name, (x,)), **options)


@pytest.mark.parametrize("layer", ["LayerNorm", "BatchNorm1d"])
def test_a_normalization_needs_one_dtype(layer: str) -> None:
    for library in (tinygrad_i2dl, torch):
        with pytest.raises(RuntimeError, match="dtype"):
            getattr(library.nn, layer)(3)(library.ones(2, 3, dtype=library.float64))


@pytest.mark.parametrize("target", [2.0, -0.5, float("nan")])
def test_binary_targets_outside_of_the_unit_interval_are_refused(target: float) -> None:
    for library in (tinygrad_i2dl, torch):
        with pytest.raises(RuntimeError, match="between 0 and 1"):
            library.nn.functional.binary_cross_entropy(library.tensor([0.5]), library.tensor([target]))


def test_an_array_in_place_of_a_tensor_is_named() -> None:
    for library in (tinygrad_i2dl, torch):
        with pytest.raises(TypeError, match=r"'target'.* must be"):
            library.nn.functional.cross_entropy(library.ones(2, 2), numpy.array([0, 1]))


@pytest.mark.parametrize("shape", [(8, 5), (8, 5, 3)])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"ignore_index": 2}], ids=str)
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_targets_may_change_before_the_backward_pass(name: str, options: Any, shape: Any) -> None:
    if name == "nll_loss" and "label_smoothing" in options:
        options = {}
    scores = numpy.random.default_rng(0).standard_normal(shape)
    classes = numpy.random.default_rng(1).integers(0, 5, (8, *shape[2:]))
    x = tinygrad_i2dl.tensor(scores, requires_grad=True)
    target = tinygrad_i2dl.tensor(classes)
    loss = getattr(functional, name)(x, target, **options)
    target.fill_(1 << 40)  # no class: nothing is read or written there
    loss.backward()
    expected = torch.tensor(scores, requires_grad=True)
    getattr(torch.nn.functional, name)(expected, torch.tensor(classes), **options).backward()
    numpy.testing.assert_allclose(x.grad.numpy(), expected.grad.numpy(), rtol=1e-10, atol=1e-12)
