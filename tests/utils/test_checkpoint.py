"""utils.checkpoint: the same gradients, computed twice."""

import pytest
import torch as oracle
from torch.utils.checkpoint import checkpoint as reference

import tinygrad_i2dl as torch
from tinygrad_i2dl.utils.checkpoint import checkpoint, checkpoint_sequential


def test_same_gradients_of_inputs_and_of_parameters_inside():
    w = torch.randn(3, 3, requires_grad=True)
    x = torch.randn(2, 3, requires_grad=True)
    calls = []

    def block(x, scale):
        calls.append(1)
        return (x @ w).tanh() * scale, x.sum()

    for run in (lambda: block(x, 2.0), lambda: checkpoint(block, x, 2.0, use_reentrant=False)):
        a, b = run()
        (a.sum() * b).backward()
    gradients = x.grad.clone(), w.grad.clone()
    x.grad = w.grad = None
    a, b = block(x, 2.0)
    (a.sum() * b).backward()
    assert (gradients[0] - 2 * x.grad).abs().max().item() < 1e-5 and (
        gradients[1] - 2 * w.grad
    ).abs().max().item() < 1e-5
    assert len(calls) == 4  # twice by hand, once forward and once backward in the checkpoint


def test_parameters_get_gradients_when_no_input_needs_one():
    w = torch.ones(2, requires_grad=True)
    checkpoint(lambda x: (x * w).sum(), torch.tensor([3.0, 4.0])).backward()
    assert w.grad.tolist() == [3, 4]


def test_random_numbers_come_out_the_same():
    x = torch.ones(1000, requires_grad=True)
    y = checkpoint(lambda x: torch.nn.functional.dropout(x, 0.5), x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())


def test_what_is_inside_is_not_kept():
    import weakref

    x = torch.ones(10, requires_grad=True)
    inner = []

    def block(x):
        y = x.exp()
        inner.append(weakref.ref(y._array))
        return y.sum()

    loss = checkpoint(block, x)
    assert inner[0]() is None
    loss.backward()
    assert x.grad is not None


def test_sequential_and_refusals():
    x = torch.ones(4, requires_grad=True)
    checkpoint_sequential([torch.exp, torch.tanh, torch.sqrt, torch.sum], 2, x).backward()
    y = torch.ones(4, requires_grad=True)
    torch.ones(4).exp().tanh()
    torch.sum(torch.sqrt(torch.tanh(torch.exp(y)))).backward()
    assert torch.allclose(x.grad, y.grad)
    with pytest.raises(RuntimeError, match="create_graph"):
        torch.autograd.grad(checkpoint(torch.exp, x).sum(), x, create_graph=True)


def test_a_result_that_ends_as_a_view_may_be_changed_in_place():
    def gradients(lib, checkpoint):
        x = lib.ones(2, 3, requires_grad=True)
        y = checkpoint(lambda a: (a * 2).view(-1), x, use_reentrant=False)
        y += 1
        y[0] *= 3
        y.pow(2).sum().backward()
        return x.grad.tolist()

    assert gradients(torch, checkpoint) == gradients(oracle, reference)


def test_gradients_flow_from_tensors_nested_in_the_result():
    """Such as the states of a recurrent layer, which come in a tuple beside the output."""

    def gradients(lib, checkpoint):
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        state = checkpoint(lambda a: (a * 2, [a * a, {"third": a * a * a, "text": "kept"}], 7), x, use_reentrant=False)
        output, (square, named), seven = state
        loss = output.sum() + square.sum() * 10 + named["third"].sum() * 100
        flags = [each.requires_grad for each in (output, square, named["third"])]
        loss.backward()
        return x.grad.tolist(), flags, named["text"], seven, [type(each).__name__ for each in state[1:]]

    assert gradients(torch, checkpoint) == gradients(oracle, reference)


def test_gradients_flow_from_the_states_of_a_recurrent_layer():
    lstm = torch.nn.LSTM(3, 2)
    input = torch.randn(4, 1, 3)
    lstm(input)[1][1].sum().backward()
    expected = [parameter.grad.clone() for parameter in lstm.parameters()]
    lstm.zero_grad()
    checkpoint(lstm, input)[1][1].sum().backward()
    assert any(each.any() for each in expected)
    for parameter, gradient in zip(lstm.parameters(), expected, strict=True):
        assert torch.allclose(parameter.grad, gradient)
