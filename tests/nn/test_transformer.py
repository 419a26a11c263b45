"""Attention and the Transformer against PyTorch: results, gradients, masks, evaluation without gradients."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tests.nn.oracle import assert_close, compare, copy_state, oracle, random, theirs_of

CAUSAL = torch.nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)
PADDING = torch.tensor([[False, False, False, True, True], [False] * 5])


def attention(**options: Any) -> tuple[Any, Any]:
    return torch.nn.MultiheadAttention(8, 2, **options), oracle.nn.MultiheadAttention(8, 2, **options)


@pytest.mark.parametrize("options", [{}, {"add_bias_kv": True, "add_zero_attn": True}, {"bias": False}], ids=str)
@pytest.mark.parametrize("call", [{}, {"need_weights": False}, {"average_attn_weights": False}], ids=str)
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_attention(options: dict[str, Any], call: dict[str, Any], masked: bool, batch_first: bool) -> None:
    ours, theirs = attention(batch_first=batch_first, **options)
    shape = (2, 5, 8) if batch_first else (5, 2, 8)
    inputs = [random(*shape, requires_grad=True, seed=seed) for seed in (1, 2, 3)]
    masks = {"key_padding_mask": PADDING, "attn_mask": CAUSAL != 0} if masked else {}
    compare(ours, theirs, *inputs, **call, **masks)


def test_attention_to_other_sizes() -> None:
    ours, theirs = attention(kdim=3, vdim=5)
    compare(
        ours,
        theirs,
        random(4, 2, 8, requires_grad=True),
        random(6, 2, 3, requires_grad=True),
        random(6, 2, 5, requires_grad=True),
    )


def test_unbatched_attention_with_a_mask_per_head() -> None:
    ours, theirs = attention()
    mask = random(2, 4, 6, seed=3)
    compare(ours, theirs, random(4, 8, requires_grad=True), random(6, 8), random(6, 8), attn_mask=mask)


def test_dropped_attention_weights_are_those_of_pytorch() -> None:
    ours, theirs = attention(dropout=0.5)
    copy_state(ours, theirs)
    x = random(5, 2, 8, dtype=numpy.float32)
    torch.manual_seed(1)
    oracle.manual_seed(1)
    assert_close(ours(x, x, x), theirs(*(theirs_of(x),) * 3), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"norm_first": True, "activation": "gelu"}, {"bias": False}], ids=str)
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_layers(options: dict[str, Any]) -> None:
    args = (8, 2, 16, 0.0)
    encoder = torch.nn.TransformerEncoderLayer(*args, batch_first=True, **options)
    their_encoder = oracle.nn.TransformerEncoderLayer(*args, batch_first=True, **options)
    x = random(2, 5, 8, requires_grad=True)
    compare(encoder, their_encoder, x, src_mask=CAUSAL, src_key_padding_mask=PADDING.double() * -1e9)
    decoder = torch.nn.TransformerDecoderLayer(*args, **options)
    compare(
        decoder,
        oracle.nn.TransformerDecoderLayer(*args, **options),
        random(5, 2, 8, requires_grad=True),
        random(3, 2, 8, requires_grad=True, seed=4),
        tgt_mask=CAUSAL,
        tgt_is_causal=True,
    )


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_the_whole_model(batch_first: bool) -> None:
    options = {
        "d_model": 8,
        "nhead": 2,
        "num_encoder_layers": 2,
        "num_decoder_layers": 2,
        "dim_feedforward": 16,
        "dropout": 0.0,
    }
    ours = torch.nn.Transformer(batch_first=batch_first, **options)
    theirs = oracle.nn.Transformer(batch_first=batch_first, **options)
    src = random(*((2, 6, 8) if batch_first else (6, 2, 8)), requires_grad=True)
    tgt = random(*((2, 5, 8) if batch_first else (5, 2, 8)), requires_grad=True, seed=5)
    # Gradients pass ten normalizations, of which float64 keeps eight digits.
    compare(ours, theirs, src, tgt, tgt_mask=CAUSAL, tgt_key_padding_mask=PADDING.double() * -1e9, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_padding_in_evaluation(gradients: bool, nested: bool) -> None:
    def build(library: Any) -> Any:
        nn = library.nn
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        return nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=nested).eval()

    ours, theirs = build(torch), build(oracle)
    copy_state(ours, theirs)
    x = random(2, 5, 8, dtype=numpy.float32)
    with torch.set_grad_enabled(gradients), oracle.set_grad_enabled(gradients):
        result = ours(x, src_key_padding_mask=PADDING)
        expected = theirs(theirs_of(x), src_key_padding_mask=theirs_of(PADDING))
    assert_close(result, expected, rtol=1e-4, atol=1e-5)


def test_layers_of_an_encoder_are_copies() -> None:
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16)
    encoder = torch.nn.TransformerEncoder(layer, 2)
    first, second = (each.linear1.weight for each in encoder.layers)
    assert first is not second
    assert first is not layer.linear1.weight
    encoder(torch.ones(3, 1, 8)).sum().backward()
    assert layer.linear1.weight.grad is None
    assert first.grad is not None


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda nn, lib: nn.MultiheadAttention(8, 3), AssertionError),
        (lambda nn, lib: nn.MultiheadAttention(0, 1), ValueError),
        (lambda nn, lib: nn.TransformerEncoderLayer(8, 2, activation="cube"), RuntimeError),
        (lambda nn, lib: nn.Transformer(8, 2, 1, 1, 8)(lib.zeros(3, 2, 8), lib.zeros(3, 1, 8)), RuntimeError),
        (lambda nn, lib: nn.Transformer(8, 2, 1, 1, 8)(lib.zeros(3, 2, 8), lib.zeros(3, 2, 4)), RuntimeError),
        (
            lambda nn, lib: nn.MultiheadAttention(8, 2)(*(lib.zeros(3, 2, 8),) * 3, attn_mask=lib.zeros(2, 2)),
            RuntimeError,
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_refusals_have_pytorchs_class(act: Any, error: type[Exception]) -> None:
    for library in (oracle, torch):
        with pytest.raises(error):
            act(library.nn, library)
