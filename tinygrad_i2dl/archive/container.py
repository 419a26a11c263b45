"""The zip container of a checkpoint: members stored uncompressed, each starting at a multiple of 64 bytes.

Writing needs no seeking: every size and checksum is known before its bytes go out, so pipes work, and an error leaves
no half-open archive object behind. Reading goes through the standard library's parser, after whose work everything that
a hostile file could lie about is checked against the file's real length, before anything is allocated.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np

__all__ = ["ALIGNMENT", "Container", "write_container"]

ALIGNMENT = 64  # a cache line: storages can be mapped into memory and used by vector instructions in place
LARGEST_32_BIT = 0xFFFFFFFF  # this value itself says "see the 64-bit field"
LARGEST_COUNT = 0xFFFF

LOCAL_HEADER = struct.Struct("<4s5H3I2H")
DIRECTORY_ENTRY = struct.Struct("<4s6H3I5H2I")
DIRECTORY_END_64 = struct.Struct("<4sQ2H2I4Q")
DIRECTORY_LOCATOR_64 = struct.Struct("<4sIQI")
DIRECTORY_END = struct.Struct("<4s4H2IH")
UTF8_NAMES = 0x800
FIRST_OF_1980 = 0x21  # the zip format's smallest date: equal contents make equal files
PADDING_FIELD = 0x4246  # the extra field that PyTorch uses for alignment

# zlib at its best packs 1,032 to 1. PyTorch itself does not compress; re-packed archives of real weights stay below 10.
LARGEST_COMPRESSION = 100
COPY_STEP = 1 << 20


def write_container(stream: Any, folder: str, members: Iterable[tuple[str, memoryview]]) -> None:
    """Write a zip archive of `members`, (name, bytes) pairs under `folder`, to a stream that needs only ``write``."""
    offset, count, directory = 0, 0, bytearray()
    for name, content in members:
        path, size, checksum = f"{folder}/{name}".encode(), content.nbytes, zlib.crc32(content)
        large = size >= LARGEST_32_BIT
        size_field = LARGEST_32_BIT if large else size
        extra = struct.pack("<2H2Q", 1, 16, size, size) if large else b""
        padding = -(offset + LOCAL_HEADER.size + len(path) + len(extra) + 4) % ALIGNMENT
        extra += struct.pack("<2H", PADDING_FIELD, padding) + bytes(padding)
        needed = 45 if large else 20
        common = (UTF8_NAMES, zipfile.ZIP_STORED, 0, FIRST_OF_1980, checksum, size_field, size_field, len(path))
        stream.write(LOCAL_HEADER.pack(b"PK\3\4", needed, *common, len(extra)) + path + extra)
        stream.write(content)

        fields = [size, size] if large else []
        if offset >= LARGEST_32_BIT:
            fields.append(offset)
        entry_extra = struct.pack(f"<2H{len(fields)}Q", 1, 8 * len(fields), *fields) if fields else b""
        needed = 45 if fields else 20
        offset_field = min(offset, LARGEST_32_BIT)
        directory += DIRECTORY_ENTRY.pack(
            b"PK\1\2", needed, needed, *common, len(entry_extra), 0, 0, 0, 0, offset_field
        )
        directory += path + entry_extra
        offset += LOCAL_HEADER.size + len(path) + len(extra) + size
        count += 1

    stream.write(directory)
    if offset >= LARGEST_32_BIT or count >= LARGEST_COUNT or len(directory) >= LARGEST_32_BIT:
        end = offset + len(directory)
        stream.write(
            DIRECTORY_END_64.pack(
                b"PK\6\6", DIRECTORY_END_64.size - 12, 45, 45, 0, 0, count, count, len(directory), offset
            )
        )
        stream.write(DIRECTORY_LOCATOR_64.pack(b"PK\6\7", 0, end, 1))
    short_count = min(count, LARGEST_COUNT)
    sizes = (min(len(directory), LARGEST_32_BIT), min(offset, LARGEST_32_BIT))
    stream.write(DIRECTORY_END.pack(b"PK\5\6", 0, 0, short_count, short_count, *sizes, 0))


@contextlib.contextmanager
def _damage_named(source: str) -> Iterator[None]:
    """Turn everything the zip parser raises on damaged input into one error that says what happened."""
    try:
        yield
    except RuntimeError as error:
        if type(error) is RuntimeError:
            raise  # ours
        raise RuntimeError(f"{source} is not a readable zip archive: {error}") from error
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError, IndexError) as error:
        raise RuntimeError(
            f"{source} is a damaged zip archive ({error}): it was cut short or changed after saving; "
            "copy or download it again"
        ) from error


class Container:
    """The members of a checkpoint's zip archive, checked when opened and read on demand.

    Args:
        file: a seekable file object.
        source: how errors name it.
        start: where in the file the archive starts.

    Raises:
        RuntimeError: the archive is damaged, is no checkpoint, or claims what it does not hold.
    """

    def __init__(self, file: BinaryIO, source: str, start: int = 0) -> None:
        self._source = source
        file.seek(0, io.SEEK_END)
        length = file.tell()
        with _damage_named(source):
            self._archive = zipfile.ZipFile(file)
            self._members = self._checked_members(start, length)

    def _checked_members(self, start: int, length: int) -> dict[str, zipfile.ZipInfo]:
        members: dict[str, zipfile.ZipInfo] = {}
        folder = None
        end_of_previous, previous = start, None
        infos = sorted(self._archive.infolist(), key=lambda info: info.header_offset)
        if infos and infos[0].header_offset != start:
            raise RuntimeError(
                f"{self._source}: its last zip archive starts at byte {infos[0].header_offset:,}, "
                f"but reading starts at byte {start:,}; save each checkpoint to a file of its own or seek() to the last"
            )
        for info in infos:
            path = info.orig_filename
            parts = path.split("/")
            # Nothing is ever unpacked to disk; still, a path that tries to leave its folder was not written by PyTorch.
            if path.startswith("/") or "\\" in path or "\0" in path or ".." in parts or "." in parts or ":" in parts[0]:
                raise RuntimeError(f"{self._source} holds a member with the unsafe path {path!r}; it is refused")
            if info.is_dir():
                continue
            name = path.partition("/")[2]
            folder = parts[0] if folder is None else folder
            if not name or parts[0] != folder:
                raise RuntimeError(
                    f"{self._source} is a zip archive but no checkpoint: all members must lie in one folder, found "
                    f"{path!r} beside {folder!r}"
                )
            if name in members:
                raise RuntimeError(f"{self._source} holds the member {name!r} twice; it is refused")
            if info.flag_bits & 0x1:
                raise RuntimeError(f"{self._source}: member {name!r} is encrypted, which checkpoints never are")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise RuntimeError(
                    f"{self._source}: member {name!r} uses compression method {info.compress_type}; expected none"
                )
            if info.header_offset < end_of_previous:
                raise RuntimeError(f"{self._source}: members {previous!r} and {name!r} overlap; the archive is refused")
            end_of_previous, previous = info.header_offset + LOCAL_HEADER.size + len(path) + info.compress_size, name
            if end_of_previous > length:
                raise RuntimeError(
                    f"{self._source}: member {name!r} claims {info.compress_size:,} bytes, but the whole file has "
                    f"{length:,}; it was cut short or changed"
                )
            largest = info.compress_size * (1 if info.compress_type == zipfile.ZIP_STORED else LARGEST_COMPRESSION)
            if info.file_size > largest:
                raise RuntimeError(
                    f"{self._source}: member {name!r} claims to unpack {info.compress_size:,} bytes into "
                    f"{info.file_size:,}, more than {LARGEST_COMPRESSION} to 1, which weights never reach"
                )
            members[name] = info
        return members

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        """Return the size of a member in bytes, known to be backed by the file."""
        if name not in self._members:
            raise RuntimeError(f"{self._source} lacks the member {name!r}; it is damaged or was not written by PyTorch")
        return self._members[name].file_size

    def read(self, name: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Read a member into fresh memory; the parser checks its checksum with the last byte."""
        memory = np.empty(self.size(name), np.uint8)
        filled = 0
        with _damage_named(self._source), self._archive.open(self._members[name]) as content:
            while filled < memory.size:
                part = content.read(min(COPY_STEP, memory.size - filled))
                if not part:
                    raise RuntimeError(
                        f"{self._source}: member {name!r} ends after {filled:,} of {memory.size:,} bytes"
                    )
                memory[filled : filled + len(part)] = np.frombuffer(part, np.uint8)
                filled += len(part)
        return memory
