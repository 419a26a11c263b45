"""Files made to harm: each is refused with a clear error, quickly, and without allocating what it claims.

Every test runs under a limit on Python's allocations: what a few bytes of file claim must not be allocated.
"""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import tracemalloc
import zipfile
import zlib
from pickle import UnpicklingError

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from tinygrad_i2dl.archive import read_archive, unpickling, write_archive

REFUSALS = (UnpicklingError, RuntimeError, EOFError)
MEMORY_LIMIT = 32 << 20


@pytest.fixture(autouse=True)
def bounded_memory():
    """Fail a test whose Python allocations (NumPy's included) ever exceed the limit."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_LIMIT, f"{peak:,} bytes were allocated"


def archive(pickled: bytes, storages: dict[str, bytes] | None = None, compression=zipfile.ZIP_STORED) -> io.BytesIO:
    """Build a checkpoint around any bytes as its pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        target.writestr("archive/data.pkl", pickled)
        target.writestr("archive/version", "3\n")
        target.writestr("archive/byteorder", "little")
        for key, content in (storages or {}).items():
            target.writestr(f"archive/data/{key}", content)
    file.seek(0)
    return file


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    encoded = pickle.encode_long(value)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def numbers(values) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(
    elements=6, size=(2, 3), stride=(3, 1), offset=0, key="0", storage="FloatStorage", requires_grad=b"\x89", hooks=b"N"
) -> bytes:
    """Pickle one tensor with any claims."""
    storage_id = (
        b"(" + text("storage") + f"ctorch\n{storage}\n".encode() + text(key) + text("cpu") + number(elements) + b"tQ"
    )
    rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n"
    return (
        rebuild + b"(" + storage_id + number(offset) + numbers(size) + numbers(stride) + requires_grad + hooks + b"tR"
    )


def refused(file, says: str, error=UnpicklingError):
    with pytest.raises(error, match=says):
        read_archive(file)


SIX_FLOATS = {"0": np.arange(6, dtype=np.float32).tobytes()}


def test_the_honest_file_is_read():
    loaded = read_archive(archive(b"\x80\x02" + tensor() + b".", SIX_FLOATS))
    np.testing.assert_array_equal(loaded, np.arange(6.0).reshape(2, 3))


# ------------------------------------------------------------------------------------------------- code


class Runs:
    """An object whose pickle runs what it is told to."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("new_format", [True, False])
def test_code_in_the_pickle_never_runs(protocol, new_format, tmp_path):
    evidence = tmp_path / "evidence"
    for function, argument in (
        (os.system, f"touch {evidence}"),
        (os.mkdir, str(evidence)),
        (exec, f"open({str(evidence)!r}, 'w')"),
    ):
        file = io.BytesIO()
        torch.save(Runs(function, argument), file, pickle_protocol=protocol, _use_new_zipfile_serialization=new_format)
        file.seek(0)
        with pytest.raises(UnpicklingError):
            read_archive(file)
        assert not evidence.exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (b"posix\nsystem", r"posix\.system.*would run code.*weights_only=False"),
        (b"builtins\neval", r"builtins\.eval"),
        (b"__builtin__\ngetattr", r"__builtin__\.getattr"),
        (b"collections\nOrderedDict.fromkeys", r"OrderedDict\.fromkeys"),
        (b"torch\nhub.load", r"torch\.hub\.load"),
        (b"torch.nn.modules.linear\nLinear", r"whole module was saved.*save its state_dict\(\)"),
        (b"torchvision.models.resnet\nResNet", "whole model was saved"),
        (b"torch._utils\n_rebuild_sparse_tensor", r"to_dense\(\)"),
        (b"torch\nQInt8Storage", r"dequantize\(\)"),
        (b"argparse\nNamespace", r"vars\(args\)"),
        (b"pathlib\nPosixPath", r"str\(path\)"),
        (b"__main__\nConfig", "from the script that saved it"),
        (b"numpy.random._pickle\n__randomstate_ctor", "NumPy object other than arrays"),
        (b"tinygrad_i2dl.archive.reading\nread_archive", "would run code"),
    ],
)
def test_names_off_the_list_are_explained(name, says):
    refused(archive(b"\x80\x02c" + name + b"\n)R."), says)
    refused(archive(b"\x80\x04" + b"".join(text(part.decode()) for part in name.split(b"\n")) + b"\x93)R."), says)


@pytest.mark.parametrize(
    "pickled",
    [
        b"N)R",  # calls None
        text("os.system") + b")R",
        b"ctorch\nfloat32\n)R",
        b"ctorch\nFloatStorage\n)R",
        b"ctorch\nTensor\n)R",
        b"numpy\nndarray\n)R",
        b"ccollections\nOrderedDict\n)R)R",  # calls a dict
        b"ccollections\nOrderedDict\nNR",  # no tuple of arguments
        b"ccollections\nOrderedDict\n]R",
        b"ccollections\nOrderedDict\n)\x81",  # NEWOBJ
        b"(ccollections\nOrderedDict\no",  # OBJ
        b"(icollections\nOrderedDict\n",  # INST
        b"\x82\x01",  # EXT1
        b"c__builtin__\nlist\n" + b"(K\x01tR",  # named only as a default
        b"ccollections\ndefaultdict\nccollections\nOrderedDict\n\x85R",
        b"ccollections\ndefaultdict\nctorch._utils\n_rebuild_tensor_v2\n\x85R",
    ],
)
def test_only_listed_functions_are_called(pickled):
    refused(archive(b"\x80\x02" + pickled + b"."), "cannot load the file object")


@pytest.mark.parametrize(
    "pickled",
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n}" + text("__defaults__") + b"Nsb",
        b"ctorch._utils\n_rebuild_tensor_v2\nN}" + text("__code__") + b"Ns\x86b",
        b"]}" + text("a") + b"K\x01sb",
        b"ccollections\nOrderedDict\n)R}" + text("items") + b"K\x01sb",
        b"ccollections\nOrderedDict\n)R}" + text("__class__") + b"K\x01sb",
        b"ccollections\nOrderedDict\n)RN}" + text("x") + b"K\x01s\x86b",
        b"ccollections\nOrderedDict\n}" + text("x") + b"K\x01sb",
        tensor() + b"}" + text("shape") + b"K\x01sb",
    ],
)
def test_state_is_set_only_where_it_is_data(pickled):
    refused(archive(b"\x80\x02" + pickled + b".", SIX_FLOATS), "sets the")


# ------------------------------------------------------------------------------------------------- claims about tensors


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"size": (2, 4)}, "needs 7 elements, but its storage holds 6"),
        ({"offset": 1}, "needs 7 elements, but its storage holds 6"),
        ({"stride": (1 << 40, 1)}, "its storage holds 6"),
        ({"size": (1 << 40, 3)}, "its storage holds 6"),
        ({"size": (1 << 62, 1 << 62)}, "its storage holds 6"),
        ({"size": (1 << 40, 1 << 20), "stride": (0, 0)}, "claims .* elements over a storage of 6"),
        ({"size": (1 << 63,), "stride": (0,)}, "below 2\\^63"),
        ({"offset": -1}, "offset must"),
        ({"size": (-2, 3)}, "size must"),
        ({"stride": (-3, 1)}, "stride must"),
        ({"size": (2, 3, 1)}, "their lengths differ"),
        ({"size": (1,) * 65, "stride": (1,) * 65}, "at most 64"),
        ({"elements": 7}, "has 24 bytes"),
        ({"elements": 5}, "has 24 bytes"),
        ({"elements": 1 << 50}, "has 24 bytes"),
        ({"elements": 1 << 70}, "expected an integer of at least 0"),
        ({"elements": -1}, "expected an integer of at least 0"),
        ({"storage": "DoubleStorage"}, "has 24 bytes"),
        ({"storage": "float32"}, "whose class is none of PyTorch's"),
        ({"key": "../../../etc/passwd"}, "expected letters and digits"),
        ({"key": "0/../../version"}, "expected letters and digits"),
        ({"key": ""}, "expected letters and digits"),
        ({"key": "k" * 1000}, "expected letters and digits"),
        ({"requires_grad": b"K\x01"}, "must be a bool"),
        ({"hooks": b"(K\x01t"}, "backward hooks"),
    ],
    ids=str,
)
def test_claims_are_checked_against_the_storage(claims, says):
    refused(archive(b"\x80\x02" + tensor(**claims) + b".", SIX_FLOATS), says)


def test_missing_storage():
    refused(archive(b"\x80\x02" + tensor(key="1") + b".", SIX_FLOATS), r"lacks the member 'data/1'", RuntimeError)


def test_bytes_of_bools_become_bools():
    pickled = b"\x80\x02" + tensor(4, (4,), (1,), storage="BoolStorage") + b"."
    loaded = read_archive(archive(pickled, {"0": b"\x00\x01\x02\xff"}))
    assert loaded.view(np.uint8).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize(
    "pickled",
    [
        b"cnumpy\ndtype\n" + text("O8") + b"\x85R",
        b"cnumpy\ndtype\n" + text("f4,(1000000000,)f4") + b"\x85R",
        b"cnumpy\ndtype\n" + text("f4") + b"\x85R",  # never completed
        b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + numbers([1 << 40]) + b"C\x01b\x87R",
        b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + numbers([0]) + b"C\x01b\x87R("
        b"K\x01"
        + numbers([1 << 40])
        + b"cnumpy\ndtype\n"
        + text("f4")
        + b"\x85R(K\x03"
        + text("<")
        + b"tb\x89C\x01btb",
        b"c__builtin__\nbytearray\n" + number(1 << 40) + b"\x85R",
        b"c__builtin__\nbytes\n" + number(1 << 40) + b"\x85R",
        b"c__builtin__\ncomplex\n" + text("1" * 100) + b"\x85R",
        b"c_codecs\nencode\n" + text("aaaa") + text("zlib") + b"\x86R",
        b"ctorch\nSize\n" + number(1 << 40) + b"\x85R",
    ],
)
def test_constructors_do_not_allocate_what_they_are_told(pickled):
    refused(archive(b"\x80\x02" + pickled + b"."), "cannot load")


# ------------------------------------------------------------------------------------------------- pickle bombs


@pytest.mark.parametrize(
    "pickled",
    [
        b"h\x05",
        b"j\xff\xff\xff\xff",
        b"X\xff\xff\xff\x7f",
        b"B\xff\xff\xff\xff",
        b"\x8d" + b"\xff" * 8,
        b"\x8e" + b"\xff" * 7 + b"\x7f",
        b"\x96" + b"\xff" * 7 + b"\x7f",
        b"\x8b\xff\xff\xff\x7f",
        b"\x8b\xff\xff\xff\xff",
        b"T\xff\xff\xff\xff",
        b"c" + b"a" * 5000,
        b"\x80\x09N",
        b"",
        b"(",
        b"NN",
        b"(N",
        b"(t(",
        b"N(\x85",
        b"(R",
        b"t",
        b"e",
        b"u",
        b"s",
        b"b",
        b"R",
        b"Q",
        b"\x93",
        b"Na",
        b"](Nu",
        b"}(Nu",
        b"}]Ns",
        b"\x8f(]\x90",
        b"X\x01\x00\x00\x00\xff",
        b"\x80",
        b"K",
        b"G\x00",
        b"NQ",
        b"K\x01K\x02\x93",
        b"F1.5\n",
        b"Vtext\n",
        b"2",
    ],
    ids=repr,
)
def test_malformed_pickles(pickled):
    refused(archive(b"\x80\x02" + pickled + b"."), "byte|refers")


def test_a_large_memo_number_costs_nothing():
    """Python's own unpickler allocates 8 GiB for these nine bytes."""
    assert read_archive(archive(b"\x80\x02Nr\xff\xff\xff\x1f.")) is None


def test_deep_nesting_is_read_without_recursion():
    depth = 200_000
    loaded = read_archive(archive(b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."))
    for _ in range(depth - 1):
        (loaded,) = loaded
    assert loaded == []


def test_deeply_nested_keys_are_refused():
    """Hashing nested tuples recurses in C without a limit, or takes time exponential in their depth."""
    refused(archive(b"\x80\x02})" + b"\x85" * 500_000 + b"Ns."), "key that is a tuple")
    refused(archive(b"\x80\x02})" + b"q\x00h\x00\x86" * 40 + b"Ns."), "key that is a tuple")
    refused(archive(b"\x80\x02}\x8b" + struct.pack("<i", 1 << 20) + b"\x01" * (1 << 20) + b"Ns."), "integer of .* bits")


@pytest.mark.parametrize("unit", [b"]", b"}", b"N", b"(", b"N\x94", b"N(", b"\x8f"])
def test_what_a_byte_costs_is_bounded(unit, monkeypatch):
    """The limits on containers, memo and depth, lowered in proportion to a pickle of 1 MB in place of 64."""
    for name in ("CONTAINER_LIMIT", "MEMO_LIMIT"):
        monkeypatch.setattr(unpickling, name, getattr(unpickling, name) // 64)
    refused(archive(b"\x80\x02" + unit * ((1 << 20) // len(unit)) + b"."), "byte")


def test_large_pickles_are_refused_before_they_are_read():
    """A sparse member: the zip directory claims a pickle of 65 MiB, and the file is that long."""
    size = 65 << 20
    crc = 0
    chunk = bytes(1 << 20)
    for _ in range(65):
        crc = zlib.crc32(chunk, crc)
    name = b"archive/data.pkl"
    fields = (0, 0, 0, 0x21, crc, size, size, len(name), 0)
    header = struct.pack("<4s5H3I2H", b"PK\3\4", 20, *fields) + name
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, *fields, 0, 0, 0, 0, 0) + name
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(header) + size, 0)

    class Sparse(io.RawIOBase):
        """A file of zeros between a head and a tail."""

        length = len(header) + size + len(entry) + len(end)
        position = 0

        def readable(self):
            return True

        def seekable(self):
            return True

        def tell(self):
            return self.position

        def seek(self, offset, whence=0):
            self.position = offset + (0, self.position, self.length)[whence]
            return self.position

        def read(self, count=-1):
            count = self.length - self.position if count < 0 else min(count, self.length - self.position)
            assert count < 1 << 20, "the large member was read"
            start, tail = self.position, len(header) + size
            self.position += count
            whole = (header + entry + end)[start : start + count] if start < len(header) else b""
            return whole if start < len(header) else (entry + end)[start - tail : start - tail + count]

    refused(Sparse(), "more than the 67,108,864 that are allowed", RuntimeError)


# ------------------------------------------------------------------------------------------------- the zip container


def honest() -> bytes:
    file = io.BytesIO()
    write_archive({"a": np.arange(100.0), "b": [1, "text"]}, file)
    return file.getvalue()


def test_truncated_at_every_length():
    content = honest()
    for length in range(len(content)):
        with pytest.raises(REFUSALS):
            read_archive(io.BytesIO(content[:length]))


def test_every_changed_byte_is_noticed_or_harmless():
    """One wrong byte: the checksum, the parser or the checks refuse it, or the value is the same (dates, padding)."""
    content = honest()
    noticed = 0
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 0x55
        try:
            loaded = read_archive(io.BytesIO(bytes(changed)))
        except REFUSALS:
            noticed += 1
        else:
            assert loaded["b"] == [1, "text"] and loaded["a"].tolist() == list(range(100))
    assert noticed > len(content) // 2


def test_wrong_checksum_of_a_storage():
    content = honest().replace(np.arange(100.0).tobytes(), np.arange(1, 101.0).tobytes())
    refused(io.BytesIO(content), "damaged zip archive.*CRC", RuntimeError)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_wrong_checksum_in_the_directory(compression):
    content = np.random.default_rng(0).random(500_000).astype(np.float32).tobytes()  # longer than one step of reading
    pickled = b"\x80\x02" + tensor(500_000, (500_000,), (1,)) + b"."
    file = archive(pickled, {"0": content}, compression).getvalue()
    assert read_archive(io.BytesIO(file)).tobytes() == content
    checksum = struct.pack("<I", zlib.crc32(content))
    assert file.count(checksum) == 2
    refused(io.BytesIO(file.replace(checksum, struct.pack("<I", 12345))), "damaged zip archive.*CRC", RuntimeError)


@pytest.mark.parametrize(
    "path", ["/data/0", "archive/../../evil", "archive\\data", "C:/data", "archive/./x", "../archive/data"]
)
def test_paths_that_leave_their_folder(path):
    file = archive(b"\x80\x02N.")
    with zipfile.ZipFile(file, "a") as target:
        info = zipfile.ZipInfo("x")
        info.filename = info.orig_filename = path
        target.writestr(info, b"")
    file.seek(0)
    refused(file, "unsafe path", RuntimeError)


def test_names_that_parsers_read_differently():
    file = archive(b"\x80\x02N.")
    with zipfile.ZipFile(file, "a") as target, pytest.warns(UserWarning, match="Duplicate name"):
        target.writestr("archive/data.pkl", b"\x80\x02K\x01.")
    file.seek(0)
    refused(file, "twice", RuntimeError)
    file = archive(b"\x80\x02N.")
    with zipfile.ZipFile(file, "a") as target:
        target.writestr("other/data.pkl", b"\x80\x02K\x01.")
    file.seek(0)
    refused(file, "must lie in one folder", RuntimeError)


def test_zip_bomb_by_compression():
    bomb = archive(b"\x80\x02" + tensor(1 << 22, (1 << 22,), (1,)) + b".", {"0": bytes(4 << 22)}, zipfile.ZIP_DEFLATED)
    assert len(bomb.getvalue()) < 50_000
    tracemalloc.reset_peak()
    refused(bomb, "claims to unpack", RuntimeError)
    assert tracemalloc.get_traced_memory()[1] < 1 << 26


def test_zip_bomb_by_overlapping_members():
    """Many directory entries over the same bytes: each is honest about its size, all together are not."""
    file = archive(b"\x80\x02N.", {"0": bytes(1 << 16)})
    target = zipfile.ZipFile(file, "a")
    original = target.getinfo("archive/data/0")
    for key in range(1, 100):
        copy = zipfile.ZipInfo(f"archive/data/{key}")
        copy.header_offset, copy.CRC = original.header_offset, original.CRC
        copy.file_size = copy.compress_size = original.file_size
        target.filelist.append(copy)
        target.NameToInfo[copy.filename] = copy
    target._didModify = True
    target.close()
    file.seek(0)
    refused(file, "overlap", RuntimeError)


def test_sizes_that_the_directory_lies_about():
    content = bytearray(honest())
    entry = content.index(b"PK\1\2", content.index(b"PK\1\2") + 4)  # the second directory entry
    content[entry + 20 : entry + 28] = struct.pack("<2I", 0xFFFFFF00, 0xFFFFFF00)
    refused(io.BytesIO(bytes(content)), "the whole file has|overlap", RuntimeError)


def test_encrypted_and_exotic_members():
    content = bytearray(honest())
    entry = content.index(b"PK\1\2")
    content[entry + 8] |= 1
    refused(io.BytesIO(bytes(content)), "encrypted", RuntimeError)
    refused(archive(b"\x80\x02N.", compression=zipfile.ZIP_BZIP2), "compression method 12", RuntimeError)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"a.npy": b""}, "no checkpoint|without a data.pkl"),
        ({"x/a.npy": b""}, "without a data.pkl"),
        ({"m/data.pkl": b"\x80\x02N.", "m/constants.pkl": b"", "m/version": b"3\n"}, "TorchScript"),
        ({"m/data.pkl": b"\x80\x02N.", "m/byteorder": b"big"}, "byte order b'big'"),
        ({"m/data.pkl": b"\x80\x02N.", "m/byteorder": b"b" * 5000}, "no short text"),
    ],
)
def test_other_zip_archives(members, says):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for name, content in members.items():
            target.writestr(name, content)
    file.seek(0)
    refused(file, says, RuntimeError)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!DOCTYPE html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x93NUMPY\x01", r"numpy\.load"),
        (b"hello", "starts with b'hello'"),
        (pickle.dumps({"a": 1}), "no checkpoint of PyTorch"),
    ],
)
def test_other_files(content, says):
    refused(io.BytesIO(content), says)
    with pytest.raises(EOFError, match="nothing to read"):
        read_archive(io.BytesIO())


# ------------------------------------------------------------------------------------------------- the older format


def older(value) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def test_older_format_truncated_at_every_length():
    content = older({"a": torch.arange(10.0), "b": torch.ones(3, dtype=torch.bool)})
    for length in range(len(content)):
        with pytest.raises(REFUSALS):
            read_archive(io.BytesIO(content[:length]))


def test_older_format_with_absurd_claims():
    content = older(torch.arange(10.0))
    for before, after, says in (
        (b"cpuq\x04K\x0aN", b"cpuq\x04J\xff\xff\xff\x7fN", "more than the whole file holds"),
        (b"cpuq\x04K\x0aN", b"cpuq\x04K\x0bN", "not where it should be|two ways"),
        (b"K\x00K\x0a\x85", b"K\x00K\x0b\x85", "its storage holds 10"),
        (b"K\x00K\x0a\x85", b"K\x01K\x0a\x85", "its storage holds 10"),
        (b"\nFloatStorage", b"\nDoubleStorage", "not where it should be|more than"),
    ):
        assert content.count(before) == 1, before
        refused(io.BytesIO(content.replace(before, after)), says)


# ------------------------------------------------------------------------------------------------- anything at all


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_random_pickles_are_read_or_refused(content):
    try:
        read_archive(archive(b"\x80\x02" + content + b"."))
    except REFUSALS:
        pass


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_mutated_pickles_are_read_or_refused(seed, changes):
    rng = random.Random(seed)
    source = io.BytesIO()
    torch.save({"w": torch.ones(2, 3), "p": torch.nn.Parameter(torch.ones(2)), "n": [np.float32(1), {1, 2}]}, source)
    with zipfile.ZipFile(source) as members:
        pickled = bytearray(members.read("archive/data.pkl"))
        storages = {key: members.read(f"archive/data/{key}") for key in ("0", "1")}
    for _ in range(changes):
        position = rng.randrange(len(pickled))
        choice = rng.randrange(3)
        if choice == 0:
            pickled[position] = rng.randrange(256)
        elif choice == 1:
            del pickled[position]
        else:
            pickled.insert(position, rng.choice(b"(tRbQ0q\x85]}aesu\x93cN"))
    try:
        read_archive(archive(bytes(pickled), storages))
    except REFUSALS:
        pass


def test_keys_with_equal_hashes_are_refused():
    """A dict of n such keys takes n^2 steps; integers of 64 bits and text cannot be made to collide like this."""
    assert hash(complex(1000003, 0)) == hash(complex(0, 1))
    keys = b"".join(
        b"h\x00G" + struct.pack(">d", 1000003.0 * i) + b"G" + struct.pack(">d", -i) + b"\x86RN" for i in range(9)
    )
    refused(archive(b"\x80\x02c__builtin__\ncomplex\nq\x000}(" + keys + b"u."), "key of type complex")
