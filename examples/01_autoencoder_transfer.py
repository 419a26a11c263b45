"""Transfer from an autoencoder: what unlabelled images teach a classifier that has 300 labels.

An autoencoder learns to reproduce images, without any label. Its encoder, with a classifier on top, is then trained on
300 labelled images, and compared with the same network trained on the same labels from scratch.

    python examples/01_autoencoder_transfer.py                    scikit-learn's 1,797 digits, enlarged to 28x28
    python examples/01_autoencoder_transfer.py --data DIRECTORY   MNIST or Fashion-MNIST in IDX files found there

Written to --out: learning_curves.png, reconstructions.png, confusion_matrix.png, metrics.json, and checkpoint.pt, from
which --resume continues after an interruption at any moment.
"""

import argparse
import importlib
import itertools
import json
import pickle
import sys
import time
from pathlib import Path

import numpy
from tqdm import tqdm

import tinygrad_i2dl as torch
from tinygrad_i2dl import nn
from tinygrad_i2dl.archive import replaced_file
from tinygrad_i2dl.nn import functional as F
from tinygrad_i2dl.utils.data import DataLoader, TensorDataset, random_split
from tinygrad_i2dl.vision import read_idx

SIZES = [784, 392, 196, 98, 49, 32]
PARAMETERS = {"autoencoder": 824_702, "classifier": 591_185}
DEFAULTS = {
    "seed": 0, "labels": 300, "autoencoder_epochs": 40, "epochs": 50, "batch_size": 64, "lr": 5e-4,
    "weight_decay": 1e-4,
    "short": False, "images": 1198,
}  # fmt: skip
PHASES = ("autoencoder", "transfer", "scratch")


# ---------------------------------------------------------------- the networks


def encoder() -> nn.Sequential:
    """784 pixels to 32 numbers."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(SIZES[:-1]):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(SIZES[-2], SIZES[-1]))


def decoder() -> nn.Sequential:
    """32 numbers to 784 pixels: the encoder's mirror image."""
    sizes = SIZES[::-1]
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes[:-1]):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = encoder()
        self.decoder = decoder()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(images))


class Classifier(nn.Module):
    def __init__(self, encoder: nn.Module, classes: int = 10, width: int = 400, dropout: float = 0.2) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(
            nn.Linear(SIZES[-1], width), nn.BatchNorm1d(width), nn.LeakyReLU(), nn.Dropout(dropout),
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.LeakyReLU(), nn.Dropout(dropout),
            nn.Linear(width, classes),
        )  # fmt: skip

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(images))


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


# ---------------------------------------------------------------- the images


def find(directory: Path, name: str) -> Path:
    """The file `name` in `directory` or below it, compressed or not."""
    for pattern in (name, name + ".gz"):
        for path in sorted(directory.rglob(pattern)):
            return path
    raise FileNotFoundError(
        f"no {name} or {name}.gz in {directory} or below it: --data names a folder with MNIST's IDX files"
    )


def idx_images(directory: Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """MNIST's or Fashion-MNIST's training images, training labels, test images, test labels."""
    if not directory.is_dir():
        raise FileNotFoundError(f"--data {directory}: no such folder")
    parts = []
    for part in ("train", "t10k"):
        images = read_idx(find(directory, f"{part}-images-idx3-ubyte"))
        labels = read_idx(find(directory, f"{part}-labels-idx1-ubyte"))
        if images.ndim != 3 or images.shape[1:] != (28, 28) or labels.shape != images.shape[:1]:
            raise ValueError(
                f"{directory}: expected N x 28 x 28 images and N labels, got {images.shape} and {labels.shape} for "
                f"{part}"
            )
        parts += [
            torch.from_numpy(images.reshape(len(images), -1) / numpy.float32(255)),
            torch.tensor(labels, dtype=torch.int64),
        ]
    return tuple(parts)


def digits(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """scikit-learn's digits, 8x8 enlarged to 28x28 by bilinear interpolation; a third of them, at random, for the
    test."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = F.interpolate(torch.from_numpy(found.images / 16).float().unsqueeze(1), size=(28, 28), mode="bilinear")
    images, labels = images.flatten(1), torch.from_numpy(found.target).long()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, test = order[: 2 * len(order) // 3], order[2 * len(order) // 3 :]
    return images[train], labels[train], images[test], labels[test]


# ---------------------------------------------------------------- training


class Run:
    """All that a run is made of, so that it can be saved after each epoch and taken up again."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        torch.manual_seed(options.seed)
        loaded = idx_images(options.data) if options.data else digits(options.seed)
        self.images, labels, self.test_images, self.test_labels = loaded
        if options.short:
            self.images, labels = self.images[:1000], labels[:1000]
        if len(self.images) < options.labels:
            raise ValueError(f"--labels {options.labels}: there are only {len(self.images)} training images")
        labelled, _ = random_split(
            TensorDataset(self.images, labels), [options.labels, len(self.images) - options.labels],
            generator=torch.Generator().manual_seed(options.seed),
        )  # fmt: skip
        self.labelled = labelled
        self.autoencoder = Autoencoder()
        self.models: dict[str, nn.Module] = {
            "autoencoder": self.autoencoder,
            "transfer": Classifier(encoder()),
            "scratch": Classifier(encoder()),
        }
        # the same start for both
        self.models["transfer"].head.load_state_dict(self.models["scratch"].head.state_dict())
        self.optimizers = {
            name: torch.optim.Adam(model.parameters(), lr=options.lr, weight_decay=options.weight_decay)
            for name, model in self.models.items()
        }
        self.epochs = {"autoencoder": options.autoencoder_epochs, "transfer": options.epochs, "scratch": options.epochs}
        # With 300 images the loss is soon so small that Adam's steps at the full rate throw the network about: the rate
        # goes down.
        self.schedulers = {
            name: torch.optim.lr_scheduler.CosineAnnealingLR(
                optimizer, T_max=self.epochs[name], eta_min=options.lr / 100
            )
            for name, optimizer in self.optimizers.items()
        }
        self.history: dict[str, list[dict[str, float]]] = {name: [] for name in PHASES}
        self.seconds = 0.0

    def train(self) -> None:
        for phase in PHASES:
            done = len(self.history[phase])
            if phase == "transfer" and done == 0:
                self.models["transfer"].encoder.load_state_dict(self.autoencoder.encoder.state_dict())
            with tqdm(
                range(done, self.epochs[phase]), desc=phase, unit="epoch", initial=done, total=self.epochs[phase]
            ) as bar:
                for epoch in bar:
                    started = time.perf_counter()
                    # Every epoch has its own seed: a resumed run sees the batches that an uninterrupted one sees.
                    torch.manual_seed(hash((self.options.seed, PHASES.index(phase), epoch)) % 2**63)
                    entry = self.epoch(phase)
                    self.schedulers[phase].step()
                    self.seconds += time.perf_counter() - started
                    self.history[phase].append(entry)
                    bar.set_postfix({name: f"{value:.4f}" for name, value in entry.items()})
                    self.save()

    def epoch(self, phase: str) -> dict[str, float]:
        """One pass over the images that this phase learns from; the losses and, for classifiers, the test accuracy."""
        model, optimizer = self.models[phase], self.optimizers[phase]
        data = TensorDataset(self.images) if phase == "autoencoder" else self.labelled
        model.train()
        total = torch.zeros(())
        seen = 0
        for batch in DataLoader(data, batch_size=self.options.batch_size, shuffle=True):
            if len(batch[0]) == 1:  # batch normalization has no variance to measure in a batch of one
                continue
            optimizer.zero_grad()
            if phase == "autoencoder":
                loss = F.mse_loss(model(batch[0]), batch[0])
            else:
                loss = F.cross_entropy(model(batch[0]), batch[1])
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(batch[0])
            seen += len(batch[0])
        entry = {"train_loss": total.item() / seen}
        outputs = self.outputs(phase)
        if phase == "autoencoder":
            entry["test_loss"] = F.mse_loss(outputs, self.test_images).item()
        else:
            entry["test_loss"] = F.cross_entropy(outputs, self.test_labels).item()
            entry["test_accuracy"] = (outputs.argmax(1) == self.test_labels).float().mean().item()
        return entry

    @torch.no_grad()
    def outputs(self, phase: str) -> torch.Tensor:
        """What a model makes of the test images."""
        model = self.models[phase].eval()
        return torch.cat([model(images) for images in self.test_images.split(1000)])

    # --- checkpoints

    def identity(self) -> dict[str, object]:
        """The options that a checkpoint must agree with."""
        names = ("seed", "labels", "autoencoder_epochs", "epochs", "batch_size", "lr", "weight_decay", "short")
        return {**{name: getattr(self.options, name) for name in names}, "images": len(self.images)}

    def save(self) -> None:
        torch.save(
            {
                "identity": self.identity(),
                "models": {name: model.state_dict() for name, model in self.models.items()},
                "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
                "schedulers": {name: scheduler.state_dict() for name, scheduler in self.schedulers.items()},
                "history": self.history,
                "seconds": self.seconds,
            },
            self.options.out / "checkpoint.pt",
        )

    def resume(self) -> None:
        path = self.options.out / "checkpoint.pt"
        if not path.exists():
            raise FileNotFoundError(f"--resume: there is no {path}; start without --resume")
        try:
            saved = torch.load(path)
            identity = saved["identity"]
        except (EOFError, KeyError, TypeError, RuntimeError, pickle.UnpicklingError) as error:
            raise ValueError(f"--resume: {path} is not a checkpoint of this program, or damaged: {error}") from error
        if identity != self.identity():
            differing = [name for name, value in self.identity().items() if identity.get(name) != value]
            raise ValueError(f"--resume: {path} is of a run with other options: {', '.join(differing)}")
        for name in PHASES:
            self.models[name].load_state_dict(saved["models"][name])
            self.optimizers[name].load_state_dict(saved["optimizers"][name])
            self.schedulers[name].load_state_dict(saved["schedulers"][name])
        self.history, self.seconds = saved["history"], saved["seconds"]


# ---------------------------------------------------------------- results


def draw(run: Run) -> None:
    """The pictures of the lecture: learning curves, reconstructions, confusion matrix."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (losses, accuracies) = pyplot.subplots(1, 2, figsize=(11, 4))
    for name in ("train_loss", "test_loss"):
        losses.plot(
            range(1, run.epochs["autoencoder"] + 1), [entry[name] for entry in run.history["autoencoder"]], label=name
        )
    losses.set(title="autoencoder", xlabel="epoch", ylabel="mean squared error")
    losses.legend()
    for phase in ("transfer", "scratch"):
        accuracies.plot(
            range(1, run.epochs[phase] + 1), [entry["test_accuracy"] for entry in run.history[phase]], label=phase
        )
    accuracies.set(title=f"classifier, {run.options.labels} labels", xlabel="epoch", ylabel="test accuracy")
    accuracies.legend()
    keep(figure, run.options.out / "learning_curves.png")

    shown = 10
    copies = run.outputs("autoencoder")[:shown]
    figure, rows = pyplot.subplots(2, shown, figsize=(shown, 2.3))
    for column in range(shown):
        for row, images in zip(rows, (run.test_images, copies), strict=True):
            row[column].imshow(images[column].view(28, 28).numpy(), cmap="gray_r", vmin=0, vmax=1)
            row[column].axis("off")
    figure.suptitle("test images (top) and their reconstructions from 32 numbers", fontsize=9)
    keep(figure, run.options.out / "reconstructions.png")

    table = confusion(run)
    figure, axes = pyplot.subplots(figsize=(5, 4.6))
    axes.imshow(table, cmap="Blues")
    for actual in range(10):
        for predicted in range(10):
            if table[actual, predicted]:
                colour = "white" if table[actual, predicted] > table.max() / 2 else "black"
                axes.text(
                    predicted, actual, int(table[actual, predicted]), ha="center", va="center", color=colour, fontsize=8
                )
    axes.set(title="encoder + classifier", xlabel="predicted", ylabel="actual", xticks=range(10), yticks=range(10))
    keep(figure, run.options.out / "confusion_matrix.png")
    pyplot.close("all")


def keep(figure: object, path: Path) -> None:
    """Save a figure whole or not at all."""
    with replaced_file(path) as file:
        figure.savefig(file, format="png", dpi=110, bbox_inches="tight")  # type: ignore[attr-defined]


def confusion(run: Run) -> numpy.ndarray:
    """How many test images of each class (rows) were taken for each class (columns)."""
    predicted = run.outputs("transfer").argmax(1)
    return torch.bincount(run.test_labels * 10 + predicted, minlength=100).view(10, 10).numpy()


def results(run: Run) -> dict[str, object]:
    best = {phase: max(entry["test_accuracy"] for entry in run.history[phase]) for phase in ("transfer", "scratch")}
    last = {
        phase: numpy.mean([e["test_accuracy"] for e in run.history[phase][-5:]]).item()
        for phase in ("transfer", "scratch")
    }
    return {
        "parameters": {"autoencoder": count(run.autoencoder), "classifier": count(run.models["transfer"])},
        "images": {"unlabelled": len(run.images), "labelled": run.options.labels, "test": len(run.test_images)},
        "reconstruction_error": run.history["autoencoder"][-1]["test_loss"],
        "accuracy": last,
        "best_accuracy": best,
        "training_seconds": round(run.seconds, 1),
        "backend": torch.get_backend(),
        "options": {**run.identity()},
        "history": run.history,
    }


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, help="folder with MNIST's or Fashion-MNIST's IDX files (default: scikit-learn's digits)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("results/autoencoder_transfer"), help="folder for the results (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of everything random (%(default)s)")
    parser.add_argument("--backend", default="auto", help="compute backend: auto, numpy, native, ... (%(default)s)")
    parser.add_argument("--labels", type=int, default=300, help="labelled images (%(default)s)")
    parser.add_argument("--autoencoder-epochs", type=int, help="default: 5, or 40 for the small set of digits")
    parser.add_argument("--epochs", type=int, default=50, help="of the classifiers (%(default)s)")
    parser.add_argument("--batch-size", type=int, default=64, help="(%(default)s)")
    parser.add_argument("--lr", type=float, default=5e-4, help="learning rate (%(default)s)")
    parser.add_argument("--weight-decay", type=float, default=1e-4, help="(%(default)s)")
    parser.add_argument("--short", action="store_true", help="a few epochs on 1,000 images: shows that everything runs")
    parser.add_argument("--resume", action="store_true", help="continue the run whose checkpoint is in --out")
    options = parser.parse_args(arguments)
    if options.autoencoder_epochs is None:
        options.autoencoder_epochs = 5 if options.data else 40
    if options.short:
        options.autoencoder_epochs, options.epochs = min(options.autoencoder_epochs, 3), min(options.epochs, 5)
    for name in ("autoencoder_epochs", "epochs", "batch_size", "labels"):
        if getattr(options, name) < (2 if name == "batch_size" else 1):
            parser.error(f"--{name.replace('_', '-')} {getattr(options, name)} is too small")
    return options


def main(arguments: list[str] | None = None) -> dict[str, object]:
    options = parse(arguments)
    torch.set_backend(options.backend)
    importlib.import_module("matplotlib")  # missing, it is missed before the training and not after it
    options.out.mkdir(parents=True, exist_ok=True)
    run = Run(options)
    found = {"autoencoder": count(run.autoencoder), "classifier": count(run.models["transfer"])}
    assert found == PARAMETERS, f"expected {PARAMETERS} parameters, the networks have {found}"
    if options.resume:
        run.resume()
    with torch.caching_allocator(torch.backends.native.available()):  # each step takes the memory of the one before
        run.train()
    draw(run)
    metrics = results(run)
    with replaced_file(options.out / "metrics.json") as file:
        file.write(json.dumps(metrics, indent=2).encode())
    accuracy = metrics["accuracy"]
    print(
        f"test accuracy with {options.labels} labels: {accuracy['transfer']:.3f} on the encoder, "
        f"{accuracy['scratch']:.3f} from scratch"
    )
    print(f"results in {options.out}/: learning_curves.png, reconstructions.png, confusion_matrix.png, metrics.json")
    if accuracy["transfer"] <= accuracy["scratch"]:
        print("with these options the encoder did not help; with the default ones it must")
        assert metrics["options"] != DEFAULTS or options.data, "the encoder did not help"
    return metrics


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}: pip install 'tinygrad_i2dl[examples]'")
    except (FileNotFoundError, ValueError, RuntimeError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
