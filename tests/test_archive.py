"""Checkpoints both ways: PyTorch reads what we write with weights_only=True, and we read what PyTorch writes."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import textwrap
import zipfile
from collections import Counter, OrderedDict, defaultdict
from pickle import PicklingError, UnpicklingError

import hypothesis.strategies as st
import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from tinygrad_i2dl.archive import Builders, StoredTensor, TorchCall, TorchName, container, read_archive, write_archive

NUMPY_DTYPES = [
    *map(np.dtype, ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")),
    *map(np.dtype, ("complex64", "complex128", "uint16", "uint32", "uint64", ml_dtypes.bfloat16)),
]


def written(obj, **options) -> io.BytesIO:
    file = io.BytesIO()
    write_archive(obj, file, **options)
    file.seek(0)
    return file


def saved(obj, **options) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(obj, file, **options)
    file.seek(0)
    return file


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.numpy()


def sample(dtype: np.dtype, shape=(3, 4)) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 100, shape)
    return values.astype(bool if dtype.kind == "b" else np.float32 if dtype.kind == "V" else dtype).astype(dtype)


class Parameter:
    """A leaf that is no array: what a tensor class looks like to the archive."""

    def __init__(self, array, requires_grad=True):
        self.array, self.requires_grad = array, requires_grad


def to_stored(leaf):
    if isinstance(leaf, Parameter):
        return StoredTensor(leaf.array, leaf.requires_grad, is_parameter=True)
    return (
        StoredTensor(leaf)
        if isinstance(leaf, np.ndarray)
        else leaf
        if isinstance(leaf, (TorchName, TorchCall))
        else None
    )


RECORDING = Builders(
    tensor=lambda stored: stored,
    parameter=lambda stored, requires_grad: Parameter(stored.array, requires_grad),
)


# ------------------------------------------------------------------------------------------------- we write, PyTorch
# reads


@pytest.mark.parametrize("dtype", NUMPY_DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(3, 4), (), (0, 3), (1,)], ids=str)
def test_pytorch_reads_every_dtype(dtype, shape):
    array = sample(dtype, shape)
    tensor = torch.load(written({"a": array}), weights_only=True)["a"]
    assert str(tensor.dtype) == f"torch.{dtype.name}"
    assert tuple(tensor.shape) == shape
    assert as_numpy(tensor).tobytes() == array.tobytes()


def test_pytorch_reads_a_state_dict():
    state = OrderedDict(weight=np.float32([[1, 2], [3, 4]]), bias=np.float32([5, 6]))
    state._metadata = OrderedDict({"": {"version": 1}})
    module = torch.nn.Linear(2, 2)
    loaded = torch.load(written(state), weights_only=True)
    assert type(loaded) is OrderedDict and loaded._metadata == {"": {"version": 1}}
    module.load_state_dict(loaded)
    assert module.weight.tolist() == [[1, 2], [3, 4]] and module.bias.tolist() == [5, 6]


PLAIN = {
    "none": None,
    "bools": [True, False],
    "ints": [0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63, -(2**63), 2**200],
    "floats": (0.0, -0.0, 1.5, float("inf"), 1e-300),
    "text": ["", "weight", "Gewicht μ 重み 🙂"],
    "bytes": b"\x00\xff abc",
    "bytearray": bytearray(b"\x00\xff"),
    "complex": 1 - 2j,
    "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    "set": {1, "two"},
    "counter": Counter("abca"),
    3: {"nested": [[[]], {}]},
    "long": list(range(2500)),
    "many": {f"key{i}": i for i in range(2500)},
}


def test_pytorch_reads_plain_values():
    loaded = torch.load(written(PLAIN), weights_only=True)
    assert loaded == PLAIN
    assert [type(value) for value in loaded.values()] == [type(value) for value in PLAIN.values()]
    assert str(loaded["floats"][1]) == "-0.0"


def test_we_read_plain_values_that_either_wrote():
    for file in (written(PLAIN), saved(PLAIN)):
        loaded = read_archive(file)
        assert loaded == PLAIN
        assert [type(value) for value in loaded.values()] == [type(value) for value in PLAIN.values()]


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(-(2**63), 2**63), inner)
    ),
)


@settings(max_examples=200, deadline=None)
@given(value=plain_values, protocol=st.integers(2, 5))
def test_any_plain_value_both_ways(value, protocol):
    assert torch.load(written(value), weights_only=True) == value
    assert read_archive(saved(value, pickle_protocol=protocol)) == value


def test_pytorch_reads_parameters_and_requires_grad():
    leaves = {
        "p": Parameter(np.ones(2)),
        "frozen": Parameter(np.ones(2), requires_grad=False),
        "half": Parameter(sample(np.dtype(ml_dtypes.bfloat16))),
    }
    loaded = torch.load(written(leaves, to_stored=to_stored), weights_only=True)
    assert [type(value) for value in loaded.values()] == [torch.nn.Parameter] * 3
    assert [value.requires_grad for value in loaded.values()] == [True, False, True]
    tensor = torch.load(
        written(np.ones(2), to_stored=lambda leaf: StoredTensor(leaf, requires_grad=True)), weights_only=True
    )
    assert type(tensor) is torch.Tensor and tensor.requires_grad


def test_pytorch_reads_dtypes_devices_and_sizes():
    values = [
        TorchName("torch", "bfloat16"),
        TorchCall(TorchName("torch", "device"), ("cpu",)),
        TorchCall(TorchName("torch", "Size"), ((2, 3),)),
    ]
    expected = [torch.bfloat16, torch.device("cpu"), torch.Size([2, 3])]
    assert torch.load(written(values, to_stored=to_stored), weights_only=True) == expected
    assert read_archive(saved(expected)) == [values[0], values[1], (2, 3)]


def test_shared_memory_stays_shared_and_is_written_once():
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    views = {
        "base": base,
        "t": base.T,
        "row": base[1],
        "column": base[:, 2],
        "steps": base[::2, 1::2],
        "point": base[3, 5:].reshape(()),
    }
    file = written({**views, "other": np.ones(3), "same": base})
    names = zipfile.ZipFile(io.BytesIO(file.getvalue())).namelist()
    assert [name for name in names if "/data/" in name] == ["archive/data/0", "archive/data/1"]
    for loaded in (torch.load(file, weights_only=True), read_archive(written(views))):
        for name, array in views.items():
            np.testing.assert_array_equal(np.asarray(loaded[name]), array)
        loaded["base"][1, 2] = 100
        file.seek(0)
        assert float(loaded["t"][2, 1]) == float(loaded["row"][2]) == float(loaded["column"][1]) == 100
    loaded = read_archive(file)
    assert loaded["same"] is loaded["base"]


def test_a_small_view_does_not_bring_its_base_along():
    base = np.zeros((1000, 1000))
    file = written([base[3, :5], base[7:9, 2:4], base[500:500]])
    assert len(file.getvalue()) < 20_000
    loaded = torch.load(file, weights_only=True)
    assert [tuple(tensor.shape) for tensor in loaded] == [(5,), (2, 2), (0, 1000)]


def test_chains_of_overlapping_views_share_one_storage():
    base = np.arange(10.0)
    loaded = torch.load(written([base[6:9], base[0:4], base[3:7], base[9:]]), weights_only=True)
    assert [tensor.tolist() for tensor in loaded] == [[6, 7, 8], [0, 1, 2, 3], [3, 4, 5, 6], [9]]
    pointers = [tensor.untyped_storage().data_ptr() for tensor in loaded]
    assert pointers[0] == pointers[1] == pointers[2] != pointers[3]


def test_expanded_arrays_keep_their_stride_of_zero():
    loaded = torch.load(written(np.broadcast_to(np.float32(3), (1000, 1000))), weights_only=True)
    assert loaded.stride() == (0, 0) and loaded.sum() == 3e6


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_strided_views_both_ways(data):
    base = np.arange(120.0).reshape(2, 3, 4, 5)
    tensor = torch.from_numpy(base)
    ours, theirs = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        index = tuple(
            slice(data.draw(st.integers(0, size)), data.draw(st.integers(0, size)), data.draw(st.integers(1, 3)))
            for size in base.shape
        )
        axes = data.draw(st.permutations(range(4)))
        ours.append(base[index].transpose(axes))
        theirs.append(tensor[index].permute(*axes))
    for loaded in (
        torch.load(written(ours), weights_only=True),
        read_archive(saved(theirs)),
        read_archive(written(ours)),
    ):
        for array, expected in zip(loaded, ours, strict=True):
            np.testing.assert_array_equal(np.asarray(array), expected)


def test_identity_and_cycles_survive():
    inner = [1]
    outer = {"a": inner, "b": inner, "t": (inner, inner)}
    outer["self"] = outer
    through_tuple = []
    through_tuple.append((through_tuple, 1))
    outer["through_tuple"] = through_tuple
    for loaded in (
        torch.load(written(outer), weights_only=False),
        read_archive(written(outer)),
        read_archive(saved(outer)),
    ):
        assert loaded["a"] is loaded["b"] is loaded["t"][0] is loaded["t"][1]
        assert loaded["self"] is loaded
        assert loaded["through_tuple"][0][0] is loaded["through_tuple"]


def test_storages_are_aligned():
    file = written([np.ones(n, np.uint8) for n in (1, 3, 100, 64)])
    content = file.getvalue()
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            start = info.header_offset + 30 + int.from_bytes(content[info.header_offset + 26 :][:2], "little")
            start += int.from_bytes(content[info.header_offset + 28 :][:2], "little")
            assert start % 64 == 0 and info.compress_type == zipfile.ZIP_STORED
            assert content[start : start + info.file_size] == archive.read(info)


def test_members_are_those_that_pytorch_writes():
    ours, theirs = zipfile.ZipFile(written([np.ones(1)])), zipfile.ZipFile(saved([torch.ones(1)]))
    left_out = {"archive/.data/serialization_id"}  # a hash for PyTorch's own logs
    assert set(ours.namelist()) == set(theirs.namelist()) - left_out
    for name in ("version", "byteorder", ".format_version", ".storage_alignment"):
        assert ours.read(f"archive/{name}") == theirs.read(f"archive/{name}")


def test_equal_values_make_equal_files():
    assert written({"a": np.ones(3)}).getvalue() == written({"a": np.ones(3)}).getvalue()


def test_fields_of_64_bits(monkeypatch):
    """Sizes and offsets beyond 4 GiB use other fields; a lowered border tests them without 4 GiB."""
    monkeypatch.setattr(container, "LARGEST_32_BIT", 1000)
    monkeypatch.setattr(container, "LARGEST_COUNT", 3)

    def with_real_marker(struct_class):
        return lambda *values: struct_class.pack(*[0xFFFFFFFF if value == 1000 else value for value in values])

    class Marked:
        def __init__(self, real):
            self.pack, self.size = with_real_marker(real), real.size

    for name in ("LOCAL_HEADER", "DIRECTORY_ENTRY", "DIRECTORY_END"):
        monkeypatch.setattr(container, name, Marked(getattr(container, name)))
    arrays = [np.arange(300.0), np.arange(2.0), np.arange(500.0)]
    file = written(arrays)
    assert b"PK\6\6" in file.getvalue() and b"PK\6\7" in file.getvalue()
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        assert archive.testzip() is None
    for loaded in (torch.load(file, weights_only=True), read_archive(io.BytesIO(file.getvalue()))):
        for array, expected in zip(loaded, arrays, strict=True):
            np.testing.assert_array_equal(np.asarray(array), expected)


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (np.ones(3)[::-1], TypeError, r"strides \(-8,\)"),
        (np.array(["text"]), TypeError, "dtype <U4"),
        (np.ones(3, ">f4"), TypeError, "byte order"),
        (np.zeros(4, [("a", "u1"), ("b", "f4")])["b"], TypeError, "fractions of an element"),
        (lambda: 1, PicklingError, "lambdas are not"),
        (open, PicklingError, None),
        ((i for i in range(3)), PicklingError, "cannot save a generator"),
    ],
    ids=["negative strides", "text", "byte order", "field of a record", "lambda", "built-in", "generator"],
)
def test_what_cannot_be_saved(value, error, says, tmp_path):
    path = tmp_path / "file.pt"
    path.write_bytes(b"old")
    if says is None:
        write_archive(value, path)  # a function with a name can be saved
        return
    with pytest.raises(error, match=says):
        write_archive({"a": value}, path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file.pt"]


def test_overlapping_tensors_of_two_dtypes_are_refused_as_by_pytorch():
    array = np.ones(4, np.float32)
    with pytest.raises(RuntimeError, match="share memory as different dtypes"):
        written([array, array.view(np.int32)])
    tensor = torch.ones(4)
    with pytest.raises(RuntimeError):
        saved([tensor, tensor.view(torch.int32)])


def test_deep_nesting_is_refused_with_advice():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(RecursionError, match="flatten them"):
        written(value)


class Custom:
    """An object that only Python's reduce protocol describes."""

    def __init__(self, array):
        self.array = array


def test_other_objects_follow_the_reduce_protocol():
    value = [Custom(np.ones(2)), defaultdict(list, a=[1]), np.float32(2.5), range(3), OrderedDict, len]
    loaded = torch.load(written(value), weights_only=False)
    assert type(loaded[0]) is Custom and loaded[0].array.tolist() == [1, 1]
    assert loaded[1:] == value[1:] and loaded[1].default_factory is list
    with pytest.raises(UnpicklingError, match=r"Custom, which is not on the list.*from the script|Custom"):
        read_archive(written(value))

    def find(module, name):
        return getattr(sys.modules[module], name)

    again = read_archive(written(value), trusted_find=find)
    assert type(again[0]) is Custom and again[0].array.tolist() == [1, 1] and again[1:] == value[1:]


# ------------------------------------------------------------------------------------------------- files


def test_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "model.pt"
    write_archive({"a": 1}, path)
    assert torch.load(path, weights_only=True) == read_archive(str(path)) == {"a": 1}
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    first = path.stat().st_ino
    write_archive({"a": 2}, path)
    assert read_archive(path) == {"a": 2}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640 and path.stat().st_ino != first
    assert os.listdir(tmp_path) == ["model.pt"]


def test_links_keep_pointing_at_the_file(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a.pt", tmp_path / "latest.pt"
    write_archive(1, target)
    link.symlink_to(target)
    write_archive(2, link)
    assert link.is_symlink() and read_archive(target) == 2 and os.listdir(tmp_path / "real") == ["a.pt"]


def test_missing_folder_and_folder_as_file(tmp_path):
    with pytest.raises(RuntimeError, match="does not exist; create it first"):
        write_archive(1, tmp_path / "no" / "a.pt")
    with pytest.raises(IsADirectoryError):
        write_archive(1, tmp_path)
    with pytest.raises(IsADirectoryError):
        read_archive(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_archive(tmp_path / "no.pt")
    with pytest.raises(TypeError, match="expected a path or a file object"):
        write_archive(1, 5)
    with pytest.raises(TypeError, match=r"io\.BytesIO"):
        read_archive(5)


def test_full_disk_keeps_the_old_file(tmp_path):
    """The system refuses to let the file grow, in the middle of writing, as a full disk does."""
    path = tmp_path / "model.pt"
    write_archive({"old": True}, path)
    script = f"""
        import resource, numpy, errno
        from tinygrad_i2dl.archive import write_archive
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        try:
            write_archive([numpy.ones(1000), numpy.ones(1_000_000)], {str(path)!r})
        except OSError as error:
            assert error.errno == errno.EFBIG, error
            print("refused")
    """
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout == "refused\n", process.stderr
    assert read_archive(path) == {"old": True} and os.listdir(tmp_path) == ["model.pt"]


def test_an_interrupt_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    write_archive({"old": True}, path)

    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_archive({"new": True}, path)
    monkeypatch.undo()
    assert read_archive(path) == {"old": True} and os.listdir(tmp_path) == ["model.pt"]


def test_file_and_folder_are_synced_before_and_after_the_rename(tmp_path, monkeypatch):
    steps = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor):
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def replace(source, target):
        steps.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_archive(1, tmp_path / "a.pt")
    assert steps == ["file", "rename", "folder"]


def test_streams_that_cannot_seek(tmp_path):
    write_archive(1, "/dev/null")
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "wb") as stream:
        write_archive({"a": np.arange(3)}, stream)
    with os.fdopen(read_end, "rb") as stream:
        loaded = torch.load(io.BytesIO(stream.read()), weights_only=True)
    assert loaded["a"].tolist() == [0, 1, 2]


# ------------------------------------------------------------------------------------------------- PyTorch writes, we
# read


@pytest.mark.parametrize("new_format", [True, False])
@pytest.mark.parametrize("dtype", NUMPY_DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(3, 4), (), (0, 3)], ids=str)
def test_we_read_every_dtype(dtype, shape, new_format):
    array = sample(dtype, shape)
    tensor = (
        torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        if dtype.name == "bfloat16"
        else torch.from_numpy(np.array(array))
    )
    loaded = read_archive(saved({"a": tensor}, _use_new_zipfile_serialization=new_format))["a"]
    assert loaded.dtype == dtype and loaded.shape == shape and loaded.flags.writeable
    assert loaded.tobytes() == array.tobytes()


@pytest.mark.parametrize("new_format", [True, False])
def test_we_read_a_module_and_its_optimizer(new_format):
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Flatten(), torch.nn.LazyLinear(5)
    )
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    module(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    checkpoint = {
        "model": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "rng": torch.get_rng_state(),
    }
    loaded = read_archive(saved(checkpoint, _use_new_zipfile_serialization=new_format))
    assert list(loaded["model"]) == list(checkpoint["model"]) and loaded["epoch"] == 3
    assert loaded["model"]._metadata == checkpoint["model"]._metadata
    for name, tensor in checkpoint["model"].items():
        np.testing.assert_array_equal(loaded["model"][name], tensor.numpy())
    assert loaded["optimizer"]["param_groups"] == checkpoint["optimizer"]["param_groups"]
    for number, state in checkpoint["optimizer"]["state"].items():
        for name, tensor in state.items():
            np.testing.assert_array_equal(loaded["optimizer"]["state"][number][name], tensor.numpy())
    np.testing.assert_array_equal(loaded["rng"], checkpoint["rng"].numpy())


@pytest.mark.parametrize("new_format", [True, False])
def test_views_and_sharing_that_pytorch_wrote(new_format):
    base = torch.arange(24.0).view(4, 6)
    views = [base, base.t(), base[1:, 2], base[:, :1].expand(4, 5), base[::2], base.unfold(1, 3, 2)]
    loaded = read_archive(saved(views, _use_new_zipfile_serialization=new_format))
    for array, tensor in zip(loaded, views, strict=True):
        np.testing.assert_array_equal(array, tensor.numpy())
        assert tuple(stride // 4 for stride in array.strides) == tensor.stride()
    loaded[0][1, 2] = 100
    assert loaded[1][2, 1] == loaded[2][0] == 100


def test_parameters_requires_grad_and_locations():
    values = {
        "p": torch.nn.Parameter(torch.ones(2)),
        "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
        "leaf": torch.ones(2, requires_grad=True),
        "plain": torch.ones(2),
    }
    loaded = read_archive(saved(values), RECORDING)
    assert [type(value) for value in loaded.values()] == [Parameter, Parameter, StoredTensor, StoredTensor]
    assert [value.requires_grad for value in loaded.values()] == [True, False, True, False]
    assert loaded["plain"].location == "cpu"


def test_python_attributes_of_tensors():
    tensor, parameter = torch.ones(2), torch.nn.Parameter(torch.ones(3))
    tensor.label, parameter.decay = "x", False
    builders = RECORDING._replace(attributes=lambda value, attributes: (value, attributes))
    loaded = read_archive(saved([tensor, parameter]), builders)
    assert [attributes for _, attributes in loaded] == [{"label": "x"}, {"decay": False}]
    with pytest.raises(UnpicklingError, match=r"Python attributes \(label\)"):
        read_archive(saved(tensor))


@pytest.mark.parametrize(
    ("map_location", "expected"),
    [
        (None, "cuda:0"),
        ("cpu", "cpu"),
        (torch.device("cpu"), "cpu"),
        ({"cuda:0": "cpu"}, "cpu"),
        ({"cuda:1": "cpu"}, "cuda:0"),
        (lambda storage, location: storage, "cpu"),
        (lambda storage, location: storage.cuda(1), "cuda:1"),
        (lambda storage, location: None, "cuda:0"),
    ],
)
def test_map_location(map_location, expected):
    file = written(np.ones(2), to_stored=lambda leaf: StoredTensor(leaf, location="cuda:0"))
    stored = read_archive(file, RECORDING, map_location)
    assert stored.location == expected and stored.array.tolist() == [1, 1]
    file.seek(0)
    if expected == "cpu":
        assert torch.load(file, map_location, weights_only=True).tolist() == [1, 1]


def test_numpy_numbers_and_arrays():
    """PyTorch's weights_only mode refuses these unless asked; they are as harmless as tensors."""
    arrays = [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.zeros((0, 2)),
        np.array(True),
    ]
    values = {
        "loss": np.float32(0.25),
        "steps": np.int64(7),
        "flag": np.bool_(True),
        "arrays": arrays,
        "same": arrays[0],
    }
    for protocol in (2, 4):
        loaded = read_archive(saved(values, pickle_protocol=protocol))
        assert [loaded["loss"], loaded["steps"], loaded["flag"]] == [0.25, 7, True]
        assert type(loaded["loss"]) is np.float32 and loaded["same"] is loaded["arrays"][0]
        for array, expected in zip(loaded["arrays"], arrays, strict=True):
            np.testing.assert_array_equal(array, expected)
            assert array.dtype == expected.dtype and array.shape == expected.shape


def test_defaultdict_of_harmless_kinds():
    loaded = read_archive(saved({"history": defaultdict(list, loss=[1.0])}))
    assert loaded["history"] == {"loss": [1.0]} and loaded["history"].default_factory is list


def test_compressed_members_are_read():
    tensor = torch.randn(1000)
    with zipfile.ZipFile(saved({"a": tensor})) as source:
        members = {name: source.read(name) for name in source.namelist()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    file.seek(0)
    np.testing.assert_array_equal(read_archive(file)["a"], tensor.numpy())


def test_file_object_at_its_end():
    file = io.BytesIO()
    write_archive(1, file)
    with pytest.raises(EOFError, match=r"call seek\(0\)"):
        read_archive(file)


def test_several_archives_in_one_file():
    """Only the last can be found from the file's end; a reader that stands before another one must not return it."""
    file = io.BytesIO()
    write_archive({"first": 1}, file)
    second = file.tell()
    write_archive({"second": np.arange(3)}, file)
    file.seek(0)
    with pytest.raises(RuntimeError, match="a file of its own"):
        read_archive(file)
    file.seek(second)
    assert read_archive(file)["second"].tolist() == [0, 1, 2]


class OurLinear:
    """What a library's own class looks like that takes the place of PyTorch's when a whole module is loaded."""

    def __setstate__(self, state):
        self.__dict__ = state


def test_whole_modules_load_where_code_may_run():
    module = torch.nn.Linear(2, 2)
    module.weight.note = "attribute"
    with pytest.raises(UnpicklingError, match="a whole module was saved"):
        read_archive(saved(module))

    def find(module_name, name):
        return (
            OurLinear
            if (module_name, name) == ("torch.nn.modules.linear", "Linear")
            else getattr(sys.modules[module_name], name)
        )

    notes = []
    builders = Builders(attributes=lambda value, attributes: notes.append(attributes) or value)
    loaded = read_archive(saved(module), builders, trusted_find=find)
    assert type(loaded) is OurLinear and notes == [{"note": "attribute"}]
    np.testing.assert_array_equal(loaded._parameters["weight"], module.weight.detach().numpy())


def test_dtypes_without_a_storage_class_in_one_file():
    values = {"a": torch.arange(6).to(torch.uint16)[2:], "b": torch.arange(4).to(torch.uint64), "d": torch.uint32}
    for new_format in (True, False):
        loaded = read_archive(saved(values, _use_new_zipfile_serialization=new_format))
        assert loaded["a"].tolist() == [2, 3, 4, 5] and loaded["b"].tolist() == [0, 1, 2, 3]
        assert [loaded["a"].dtype, loaded["b"].dtype, loaded["d"]] == [
            np.uint16,
            np.uint64,
            TorchName("torch", "uint32"),
        ]
