"""Datasets from small files in the published formats, and downloads from a server on this machine."""

import gzip
import hashlib
import http.server
import io
import json
import pickle
import struct
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import tinygrad_i2dl as torch
from tinygrad_i2dl.vision import datasets, transforms
from tinygrad_i2dl.vision.datasets.download import download_file, extract_archive

RANDOM = numpy.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (7, 28, 28), dtype=numpy.uint8)
LABELS = numpy.array([3, 1, 4, 1, 5, 9, 2], dtype=numpy.uint8)


def idx(array: Any) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_mnist(folder: Path, compressed: bool = True, stems: tuple[str, ...] = ("train", "t10k")) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stem in stems:
        for name, array in (("images-idx3", IMAGES), ("labels-idx1", LABELS)):
            path = folder / f"{stem}-{name}-ubyte{'.gz' if compressed else ''}"
            path.write_bytes(gzip.compress(idx(array)) if compressed else idx(array))


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder, its address on this machine, and the paths asked for so far."""
    folder = tmp_path / "served"
    folder.mkdir()
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, format: str, *args: Any) -> None:
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}/", asked
    server.shutdown()
    server.server_close()
    thread.join()


# ----------------------------------------------------------------------------------------------------------- MNIST


@pytest.mark.parametrize("place", ["MNIST/raw", "."])
@pytest.mark.parametrize("compressed", [True, False])
def test_mnist_reads_its_folder_or_the_root(tmp_path: Path, place: str, compressed: bool) -> None:
    write_mnist(tmp_path / place, compressed)
    for train in (True, False):
        data = datasets.MNIST(tmp_path, train=train)
        assert len(data) == 7
        assert data.data.dtype is torch.uint8 and data.targets.dtype is torch.int64
        numpy.testing.assert_array_equal(data.data.numpy(), IMAGES)
        assert data.targets.tolist() == LABELS.tolist()
        image, target = data[2]
        assert image.mode == "L" and type(target) is int and target == 4
        numpy.testing.assert_array_equal(numpy.asarray(image), IMAGES[2])
    assert data.classes[4] == "4 - four" and data.class_to_idx["4 - four"] == 4
    assert f"Root location: {tmp_path}" in repr(data) and "Split: Test" in repr(data)


def test_mnist_through_a_loader(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    data = datasets.MNIST(str(tmp_path), transform=change, target_transform=lambda target: target + 1)
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    images, targets = next(iter(loader))
    expected = (IMAGES[:4, None].astype(numpy.float32) / 255 - 0.5) / 0.5
    numpy.testing.assert_allclose(images.numpy(), expected, atol=1e-6)
    assert targets.tolist() == (LABELS[:4] + 1).tolist()
    data.transform = None  # as courses do, to show the bare image
    assert isinstance(data[0][0], Image.Image)


def test_relatives_of_mnist_have_their_own_folders_and_classes(tmp_path: Path) -> None:
    write_mnist(tmp_path / "FashionMNIST" / "raw")
    write_mnist(tmp_path / "KMNIST" / "raw")
    write_mnist(tmp_path / "EMNIST" / "raw", stems=("emnist-letters-train", "emnist-letters-test"))
    assert datasets.FashionMNIST(tmp_path).classes[9] == "Ankle boot"
    assert datasets.KMNIST(tmp_path, train=False).classes[1] == "ki"
    letters = datasets.EMNIST(tmp_path, "letters", train=False)
    assert letters.classes[3] == "c" and len(letters) == 7
    with pytest.raises(ValueError, match="split must be one of"):
        datasets.EMNIST(tmp_path, "numbers")
    assert [len(each) for each in datasets.EMNIST.classes_split_dict.values()] == [62, 47, 47, 27, 10, 10]


def test_files_compressed_anew_are_not_fetched_again(
    tmp_path: Path, served: tuple[Path, str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mnist(tmp_path / "root")
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", (served[1],))
    data = datasets.FashionMNIST(tmp_path / "root", download=True)
    assert len(data) == 7 and served[2] == []


def test_missing_mnist_says_which_files_and_where(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"train-images-idx3-ubyte and train-labels.* not found in .*download=True"):
        datasets.MNIST(tmp_path)
    write_mnist(tmp_path, compressed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS[:3]))
    with pytest.raises(ValueError, match=r"expected uint8 images .* got uint8 \(7, 28, 28\) and \(3,\)"):
        datasets.MNIST(tmp_path, train=False)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(IMAGES)[:-5])
    with pytest.raises(ValueError, match="cut short"):
        datasets.MNIST(tmp_path)


def test_mnist_is_fetched_from_the_first_mirror_that_gives_it_whole(
    tmp_path: Path, served: tuple[Path, str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address, asked = served
    write_mnist(folder / "good")
    write_mnist(folder / "bad")
    for path in (folder / "bad").iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    resources = [(path.name, md5(path.read_bytes())) for path in sorted((folder / "good").iterdir())]
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(datasets.MNIST, "mirrors", (f"{address}absent/", f"{address}bad/", f"{address}good/"))
    root = tmp_path / "root"
    data = datasets.MNIST(root, download=True)
    numpy.testing.assert_array_equal(data.data.numpy(), IMAGES)
    assert sorted(path.name for path in (root / "MNIST" / "raw").iterdir()) == [name for name, _ in resources]
    count = len(asked)
    assert count >= 12
    datasets.MNIST(root, download=True)
    assert len(asked) == count  # nothing is fetched twice


# -------------------------------------------------------------------------------------------------------- downloads


def test_a_failed_download_leaves_the_old_file_and_names_every_mirror(
    tmp_path: Path, served: tuple[Path, str, list[str]]
) -> None:
    folder, address, _ = served
    (folder / "file").write_bytes(b"other")
    target = tmp_path / "file"
    target.write_bytes(b"old")
    urls = [f"{address}absent", f"{address}file", "http://127.0.0.1:9/refused"]
    with pytest.raises(RuntimeError) as caught:
        download_file(urls, target, md5(b"expected"))
    message = str(caught.value)
    assert "404" in message and f"expected the MD5 sum {md5(b'expected')}, got {md5(b'other')}" in message
    assert all(url in message for url in urls) and f"put it at {target}" in message
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "served"]


def test_a_connection_that_ends_early_is_noticed(tmp_path: Path) -> None:
    class Short(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"only this")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Short)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        with pytest.raises(RuntimeError, match=r"9 of 100 bytes|IncompleteRead|91 more expected"):
            download_file([f"http://127.0.0.1:{server.server_address[1]}/"], tmp_path / "file")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert list(tmp_path.iterdir()) == []


def test_archives_cannot_write_outside_their_folder(tmp_path: Path) -> None:
    path = tmp_path / "archive.tar.gz"
    (tmp_path / "inside").mkdir()
    for name in ("../outside", str(tmp_path / "outside"), "within/../../outside"):
        with tarfile.open(path, "w:gz") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = 3
            archive.addfile(entry, io.BytesIO(b"bad"))
        with pytest.raises(ValueError, match="outside"):
            extract_archive(path, tmp_path / "inside")
        assert not (tmp_path / "outside").exists()
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        entry = tarfile.TarInfo("link/outside")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"bad"))
    with pytest.raises(ValueError, match="link"):
        extract_archive(path, tmp_path / "inside")
    assert not (tmp_path / "outside").exists()
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(ValueError, match="neither a tar nor a zip archive"):
        extract_archive(tmp_path / "text", tmp_path)


# ----------------------------------------------------------------------------------------------------------- CIFAR


def cifar_files(count: int = 4) -> tuple[dict[str, bytes], Any, list[int]]:
    planes = RANDOM.integers(0, 256, (6 * count, 3072), dtype=numpy.uint8)
    labels = [int(each) for each in RANDOM.integers(0, 10, 6 * count)]
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    files = {}
    for i, name in enumerate(names):
        part = slice(i * count, (i + 1) * count)
        files[name] = pickle.dumps({"data": planes[part], "labels": labels[part]}, protocol=2)
    files["batches.meta"] = pickle.dumps({"label_names": [f"class {i}" for i in range(10)]}, protocol=2)
    return files, planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels


def test_cifar_reads_its_batches(tmp_path: Path) -> None:
    files, images, labels = cifar_files()
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    train, test = datasets.CIFAR10(tmp_path), datasets.CIFAR10(tmp_path, train=False, transform=transforms.ToTensor())
    numpy.testing.assert_array_equal(train.data, images[:20])
    numpy.testing.assert_array_equal(numpy.asarray(train[3][0]), images[3])
    assert train.targets == labels[:20] and train.class_to_idx["class 7"] == 7
    assert len(test) == 4 and test[1][0].shape == (3, 32, 32) and test[1][1] == labels[21]
    (folder / "data_batch_3").write_bytes(files["data_batch_3"][:100])
    with pytest.raises(ValueError, match=r"data_batch_3: damaged or cut short"):
        datasets.CIFAR10(tmp_path)
    (folder / "data_batch_3").unlink()
    with pytest.raises(RuntimeError, match=r"data_batch_3 not found; unpack cifar-10-python.tar.gz"):
        datasets.CIFAR10(tmp_path)


def test_cifar_100_has_fine_labels(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    content = {"data": numpy.zeros((2, 3072), dtype=numpy.uint8), "fine_labels": [99, 3], "coarse_labels": [1, 2]}
    for name in ("train", "test"):
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": [str(i) for i in range(100)]}, protocol=2))
    assert datasets.CIFAR100(tmp_path).targets == [99, 3]


def test_cifar_files_cannot_run_code(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    files, _, _ = cifar_files()
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "batches.meta").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ValueError, match="which no CIFAR file needs"):
        datasets.CIFAR10(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_cifar_is_fetched_and_unpacked(
    tmp_path: Path, served: tuple[Path, str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address, asked = served
    files, images, _ = cifar_files()
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    monkeypatch.setattr(datasets.CIFAR10, "url", f"{address}cifar-10-python.tar.gz")
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5((folder / "cifar-10-python.tar.gz").read_bytes()))
    data = datasets.CIFAR10(tmp_path / "root", download=True)
    numpy.testing.assert_array_equal(data.data, images[:20])
    datasets.CIFAR10(tmp_path / "root", download=True)
    assert len(asked) == 1  # the archive on disk is used again


# --------------------------------------------------------------------------------------------------------- folders


def write_images(folder: Path, names: list[str]) -> None:
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), i).save(path)


def test_image_folders_are_sorted_and_read_as_rgb(tmp_path: Path) -> None:
    write_images(tmp_path, ["dog/2.png", "dog/1.PNG", "cat/deep/9.jpg", "cat/1.bmp"])
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    (tmp_path / "file").write_text("no class")
    data = datasets.ImageFolder(tmp_path, transform=transforms.ToTensor())
    names = [str(Path(path).relative_to(tmp_path)) for path, _ in data.samples]
    assert names == ["cat/1.bmp", "cat/deep/9.jpg", "dog/1.PNG", "dog/2.png"]
    assert data.targets == [0, 0, 1, 1] and data.classes == ["cat", "dog"] and data.imgs is data.samples
    assert data[3][0].shape == (3, 3, 4) and data[3][1] == 1
    chosen = datasets.ImageFolder(tmp_path, is_valid_file=lambda path: path.endswith((".png", ".bmp")))
    assert len(chosen) == 2
    texts = datasets.DatasetFolder(tmp_path, lambda path: Path(path).read_text(), (".txt",), allow_empty=True)
    assert texts[0] == ("no image", 0)


def test_folders_without_classes_or_images(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="has no subfolders"):
        datasets.ImageFolder(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"with an ending of .jpg.* for the classes empty"):
        datasets.ImageFolder(tmp_path)
    assert len(datasets.ImageFolder(tmp_path, allow_empty=True)) == 0
    with pytest.raises(ValueError, match="either extensions or is_valid_file"):
        datasets.DatasetFolder(tmp_path, str)


def test_fake_data_repeat_themselves_and_leave_the_generator_alone() -> None:
    data = datasets.FakeData(5, (3, 6, 7), num_classes=4, transform=transforms.ToTensor())
    torch.manual_seed(1)
    first, target = data[2]
    number = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), number)
    assert torch.equal(data[2][0], first) and data[2][1] == target and 0 <= target < 4
    assert first.shape == (3, 6, 7) and not torch.equal(data[3][0], first)
    with pytest.raises(IndexError, match="out of range for 5 images"):
        data[5]


def test_stl10_reads_columns_first(tmp_path: Path) -> None:
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    images = RANDOM.integers(0, 256, (3, 3, 96, 96), dtype=numpy.uint8)
    for name in ("train", "test", "unlabeled"):
        (folder / f"{name}_X.bin").write_bytes(images.transpose(0, 1, 3, 2).tobytes())
        if name != "unlabeled":
            (folder / f"{name}_y.bin").write_bytes(bytes([1, 10, 2]))
    (folder / "class_names.txt").write_text("airplane\nbird\n")
    (folder / "fold_indices.txt").write_text("\n".join(["0 2"] + ["1"] * 9))
    data = datasets.STL10(tmp_path, "test")
    numpy.testing.assert_array_equal(data.data, images)
    numpy.testing.assert_array_equal(numpy.asarray(data[1][0]), images[1].transpose(1, 2, 0))
    assert data[1][1] == 9 and data.classes == ["airplane", "bird"]
    assert datasets.STL10(tmp_path, "train", folds=0).labels.tolist() == [0, 1]
    assert datasets.STL10(tmp_path, "train+unlabeled").labels.tolist() == [0, 9, 1, -1, -1, -1]
    with pytest.raises(RuntimeError, match=r"unlabeled_X.bin not found; unpack stl10_binary.tar.gz"):
        (folder / "unlabeled_X.bin").unlink()
        datasets.STL10(tmp_path, "unlabeled")


def test_celeba_reads_the_published_lists(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"list_eval_partition.txt, .*img_align_celeba not found"):
        datasets.CelebA(tmp_path)
    folder = tmp_path / "celeba"
    write_images(folder / "img_align_celeba", [f"00000{i}.jpg" for i in range(1, 4)])
    names = [f"00000{i}.jpg" for i in range(1, 4)]
    (folder / "list_eval_partition.txt").write_text(
        "".join(f"{n} {i}\n" for n, i in zip(names, (0, 2, 0), strict=True))
    )
    (folder / "identity_CelebA.txt").write_text("".join(f"{n} {i}\n" for n, i in zip(names, (7, 8, 9), strict=True)))
    rows = "".join(f"{n}  1 -1\n" for n in names)
    (folder / "list_attr_celeba.txt").write_text(f"3\nBald Smiling\n{rows}")
    data = datasets.CelebA(tmp_path, target_type=["attr", "identity"], transform=transforms.ToTensor())
    assert data.filename == ["000001.jpg", "000003.jpg"] and data.attr_names == ["Bald", "Smiling"]
    image, (attributes, identity) = data[1]
    assert image.shape == (3, 3, 4) and attributes.tolist() == [1, 0] and int(identity) == 9
    assert datasets.CelebA(tmp_path, "test", target_type=[])[0][1] is None
    with pytest.raises(ValueError, match="target_type must be one of"):
        datasets.CelebA(tmp_path, target_type="hair")


def test_food101_reads_its_tables(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"train.json or .*images not found"):
        datasets.Food101(tmp_path)
    write_images(tmp_path / "food-101" / "images", ["soup/1.jpg", "apple/2.jpg"])
    (tmp_path / "food-101" / "meta").mkdir()
    (tmp_path / "food-101" / "meta" / "train.json").write_text(json.dumps({"soup": ["soup/1"], "apple": ["apple/2"]}))
    data = datasets.Food101(tmp_path)
    assert len(data) == 2 and data.classes == ["apple", "soup"] and data[0][1] == 1
    assert data[0][0].size == (4, 3)


def test_svhn_reads_matlab_files(tmp_path: Path) -> None:
    matlab = pytest.importorskip("scipy.io", reason="SciPy, which comes with scikit-learn, writes the file")
    with pytest.raises(RuntimeError, match=r"train_32x32.mat' not found"):
        datasets.SVHN(tmp_path)
    images = RANDOM.integers(0, 256, (32, 32, 3, 3), dtype=numpy.uint8)
    matlab.savemat(tmp_path / "test_32x32.mat", {"X": images, "y": numpy.array([[10], [1], [9]], dtype=numpy.uint8)})
    data = datasets.SVHN(tmp_path, split="test")
    assert data.labels.tolist() == [0, 1, 9] and data.data.shape == (3, 3, 32, 32)
    numpy.testing.assert_array_equal(numpy.asarray(data[2][0]), images[..., 2])


def test_lsun_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="bedroom_train_lmdb not found"):
        datasets.LSUN(tmp_path, classes=["bedroom_train"])


def test_text_and_arguments_shared_by_all() -> None:
    with pytest.raises(ValueError, match="either transforms, or transform and target_transform"):
        datasets.VisionDataset("", transforms=lambda x, y: (x, y), transform=lambda x: x)
    data = datasets.FakeData(3, (1, 2, 2), transform=transforms.Compose([transforms.ToTensor()]))
    assert repr(data).splitlines() == [
        "Dataset FakeData",
        "    Number of datapoints: 3",
        "    StandardTransform",
        "    Transform: Compose(",
        "                   ToTensor()",
        "               )",
    ]
    with pytest.raises(AttributeError, match=r"no torchvision.datasets.MNIS; nearest: torchvision.datasets.MNIST"):
        _ = datasets.MNIS
