"""Networks, losses and optimizers on a device give what they give on the CPU."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl import nn, safetensors

F = nn.functional


def arrays_of(tensors: Any) -> list[Any]:
    return [each.detach().cpu().numpy() for each in tensors]


def compare(ours: Any, expected: Any, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    for a, b in zip(arrays_of(ours), arrays_of(expected), strict=True):
        numpy.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


class Recurrent(nn.Module):
    def __init__(self, kind: type[Any]) -> None:
        super().__init__()
        self.cells = kind(5, 7, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(14, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.cells(x)[0][:, -1])


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(11, 6, padding_idx=0)
        self.bag = nn.EmbeddingBag(11, 6, mode="mean")
        self.head = nn.Linear(12, 3)

    def forward(self, x: Any) -> Any:
        return self.head(torch.cat([self.table(x).sum(1), self.bag(x)], 1))


def images() -> Any:
    return torch.randn(4, 3, 12, 12)


NETWORKS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "mlp": (
        lambda: nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 3)),
        lambda: torch.randn(4, 8),
    ),
    "convolutional": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, stride=2, groups=8), nn.GroupNorm(2, 8), nn.SiLU(), nn.AvgPool2d(2),
            nn.Flatten(), nn.Linear(8, 3),
        ),
        images,
    ),
    "autoencoder": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3, 2, 1), nn.LeakyReLU(0.1), nn.ConvTranspose2d(4, 3, 4, 2, 1),
            nn.Upsample(scale_factor=0.5, mode="bilinear"), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        ),
        images,
    ),
    "rnn": (lambda: Recurrent(nn.RNN), lambda: torch.randn(4, 6, 5)),
    "lstm": (lambda: Recurrent(nn.LSTM), lambda: torch.randn(4, 6, 5)),
    "gru": (lambda: Recurrent(nn.GRU), lambda: torch.randn(4, 6, 5)),
    "transformer": (
        lambda: nn.Sequential(
            nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True), 2),
            nn.Flatten(), nn.Linear(48, 3),
        ),
        lambda: torch.randn(4, 6, 8),
    ),
    "words": (Words, lambda: torch.randint(0, 11, (4, 5))),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_train_as_on_the_cpu(name: str, device: str) -> None:
    build, data = NETWORKS[name]
    network, x = build(), data()
    other = copy.deepcopy(network).to(device)
    assert all(p.is_cuda for p in other.parameters())
    target = torch.tensor([0, 2, 1, 2])
    for model, batch, labels in ((network, x, target), (other, x.to(device), target.to(device))):
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        for _ in range(3):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(batch), labels, label_smoothing=0.1)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        assert loss.device.type == batch.device.type
    compare(other.parameters(), network.parameters(), rtol=2e-3, atol=1e-4)
    compare(other.buffers(), network.buffers(), rtol=2e-3, atol=1e-4)


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
    "sgd plain": lambda p: torch.optim.SGD(p, 0.1),
    "adam": lambda p: torch.optim.Adam(p, 0.1, weight_decay=0.1, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, 0.1, maximize=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, 0.1),
    "adadelta": lambda p: torch.optim.Adadelta(p, 0.1),
    "adamax": lambda p: torch.optim.Adamax(p, 0.1),
    "nadam": lambda p: torch.optim.NAdam(p, 0.1),
    "radam": lambda p: torch.optim.RAdam(p, 0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.1, momentum=0.9, centered=True),
    "rprop": lambda p: torch.optim.Rprop(p, 0.1),
    "asgd": lambda p: torch.optim.ASGD(p, 0.1),
    "adafactor": lambda p: torch.optim.Adafactor(p, 0.1),
    "muon": lambda p: torch.optim.Muon([each for each in p if each.ndim == 2], 0.1),
    "lbfgs": lambda p: torch.optim.LBFGS(p, 0.1, line_search_fn="strong_wolfe"),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_step_as_on_the_cpu(name: str, device: str) -> None:
    # L-BFGS divides by small differences of gradients, in which sums of another order show: more digits for it.
    dtype = torch.float64 if name == "lbfgs" else torch.float32
    starts = [torch.randn(4, 3, dtype=dtype), torch.randn(5, dtype=dtype), torch.randn(2, 2, dtype=dtype)]
    found = []
    for place in ("cpu", device):
        parameters = [each.clone().to(place).requires_grad_() for each in starts]
        optimizer = OPTIMIZERS[name](parameters)

        def closure(parameters: Any = parameters, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = sum(((p - 1) ** 2).sum() + (p**4).sum() * 0.01 for p in parameters)
            loss.backward()
            return loss

        for _ in range(4):
            optimizer.step(closure)
        again = OPTIMIZERS[name](parameters)
        again.load_state_dict(optimizer.state_dict())
        again.step(closure)
        found.append(parameters)
    assert all(p.is_cuda for p in found[1])
    # Muon's iterations round to bfloat16: a last bit of the gradient can become a last bit of bfloat16.
    compare(found[1], found[0], rtol=1e-4 if name != "muon" else 2e-2, atol=1e-5 if name != "muon" else 2e-2)


def test_losses_refuse_targets_out_of_range(device: str) -> None:
    scores = torch.randn(2, 3).to(device)
    with pytest.raises(IndexError, match="out of bounds"):
        F.cross_entropy(scores, torch.tensor([0, 3]).to(device))
    with pytest.raises(IndexError, match="expected indices"):
        nn.Embedding(3, 2).to(device)(torch.tensor([3]).to(device))
    with pytest.raises(IndexError, match="out of bounds"):
        scores[torch.tensor([2])]


def test_packed_sequences(device: str) -> None:
    cells, x = nn.LSTM(3, 4, batch_first=True), torch.randn(3, 5, 3)
    outcomes = []
    for place in ("cpu", device):
        model = copy.deepcopy(cells).to(place)
        packed = nn.utils.rnn.pack_padded_sequence(x.to(place), [2, 5, 3], batch_first=True, enforce_sorted=False)
        out, lengths = nn.utils.rnn.pad_packed_sequence(model(packed)[0], batch_first=True)
        assert lengths.tolist() == [2, 5, 3]
        outcomes.append([out])
    compare(outcomes[1], outcomes[0])


def test_pruning_and_weight_norm(device: str) -> None:
    layer = nn.Linear(4, 3)
    outcomes = []
    for place in ("cpu", device):
        pruned = copy.deepcopy(layer).to(place)
        nn.utils.prune.l1_unstructured(pruned, "weight", 5)
        normed = nn.utils.parametrizations.weight_norm(copy.deepcopy(layer).to(place))
        x = torch.ones(2, 4, device=place)
        outcomes.append([pruned(x), normed(x)])
    compare(outcomes[1], outcomes[0])


def test_checkpoints_move_between_devices(device: str) -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).to(device)
    file = io.BytesIO()
    torch.save({"model": network.state_dict(), "x": torch.ones(2, device=device)}, file)
    file.seek(0)
    here = torch.load(file, map_location="cpu")
    assert here["x"].device.type == "cpu"
    file.seek(0)
    there = torch.load(file)
    assert there["x"].device.type == "cuda"
    for source in (here, there):
        fresh = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).to(device)
        fresh.load_state_dict(source["model"])
        compare(fresh.state_dict().values(), network.state_dict().values())
        on_cpu = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
        on_cpu.load_state_dict(source["model"])
        assert not on_cpu[0].weight.is_cuda


def test_safetensors(device: str, tmp_path: Any) -> None:
    pytest.importorskip("safetensors")
    x = torch.arange(6.0).reshape(2, 3).t().to(device)
    safetensors.save_file({"x": x}, str(tmp_path / "x.safetensors"))
    compare([safetensors.load_file(str(tmp_path / "x.safetensors"))["x"]], [x])


def test_own_functions_hooks_and_checkpointing(device: str) -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 3 * x * x * g

    x = torch.tensor([1.0, 2.0], device=device, requires_grad=True)
    seen: list[Any] = []
    y = Cube.apply(x)
    y.register_hook(seen.append)
    torch.utils.checkpoint.checkpoint(lambda y: (y * y).sum(), y, use_reentrant=False).backward()
    assert x.grad.tolist() == [6.0, 192.0] and seen[0].is_cuda
    with pytest.raises(RuntimeError, match=r"[Nn]a[Nn]"), torch.autograd.detect_anomaly():
        torch.sqrt(x - 5).sum().backward()


def test_data_loader_pins(device: str) -> None:
    data = torch.utils.data.TensorDataset(torch.randn(6, 2), torch.arange(6))
    for workers in (0, 2):
        loader = torch.utils.data.DataLoader(data, batch_size=4, pin_memory=True, num_workers=workers)
        batches = [(x.to(device, non_blocking=True), y.to(device, non_blocking=True)) for x, y in loader]
        assert all(x.is_pinned() for x, _ in loader)
        assert torch.cat([y for _, y in batches]).tolist() == [0, 1, 2, 3, 4, 5]


def test_distributions(device: str) -> None:
    loc, scale = torch.zeros(3, device=device), torch.ones(3, device=device)
    normal = torch.distributions.Normal(loc, scale)
    assert normal.rsample((2,)).is_cuda
    compare([normal.log_prob(loc)], [torch.distributions.Normal(loc.cpu(), scale.cpu()).log_prob(loc.cpu())])
    categorical = torch.distributions.Categorical(logits=torch.randn(4, 3).to(device))
    assert categorical.sample().is_cuda and categorical.entropy().is_cuda


def test_half_precision(device: str) -> None:
    a, b = torch.randn(8, 16), torch.randn(16, 4)
    product = a.half().to(device) @ b.half().to(device)
    assert product.dtype is torch.float16
    compare([product.float()], [a @ b], rtol=2e-2, atol=2e-2)
    layer = nn.Linear(16, 4).half().to(device)
    layer(a.half().to(device)).sum().backward()
    assert layer.weight.grad.dtype is torch.float16
    with pytest.raises(RuntimeError, match="bfloat16"):
        a.bfloat16().to(device)
