"""Files from the network, checked before they take their place, and archives unpacked."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ...archive import replaced_file

__all__ = ["download_file", "extract_archive", "has_md5"]

_CHUNK = 1 << 20
_SECONDS = 30.0


def has_md5(path: str | os.PathLike[str], md5: str) -> bool:
    """Whether the file is there with that MD5 sum, which guards against damage, not against intent."""
    if not os.path.isfile(path):
        return False
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == md5


def download_file(urls: Iterable[str], path: str | os.PathLike[str], md5: str | None = None) -> None:
    """Fetch one file from the first of the `urls` that gives it whole.

    The file takes its place only when all of it is there with the right sum; until then an older one stays.

    Args:
        urls: mirrors, tried in this order.
        path: the file; missing folders are made.
        md5: the sum that it must have.

    Raises:
        RuntimeError: no mirror gave it; the message says what each did, and where to put the file by hand.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for url in urls:
        try:
            _fetch(url, path, md5)
            return
        except (urllib.error.URLError, OSError, ValueError) as error:
            failures.append(f"{url}: {error}")
    raise RuntimeError(
        f"could not download {path.name}:\n  "
        + "\n  ".join(failures)
        + f"\nFetch it by another way and put it at {path}"
    )


def _fetch(url: str, path: Path, md5: str | None) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "tinygrad_i2dl"})
    digest = hashlib.md5(usedforsecurity=False)
    with urllib.request.urlopen(request, timeout=_SECONDS) as response, replaced_file(path) as file:
        expected = response.headers.get("Content-Length")
        count = 0
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            count += len(chunk)
        if expected is not None and count != int(expected):
            raise ValueError(f"the connection ended after {count} of {expected} bytes")
        if md5 is not None and digest.hexdigest() != md5:
            raise ValueError(f"expected the MD5 sum {md5}, got {digest.hexdigest()} ({count} bytes)")


def extract_archive(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> None:
    """Unpack a tar or zip archive of files and folders; what would land outside the folder is refused.

    Raises:
        ValueError: neither a tar nor a zip archive; or a member is a link, a device, or outside the folder.
    """
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            _extract_tar(tar, Path(folder))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    else:
        raise ValueError(f"{os.fspath(path)}: neither a tar nor a zip archive")


def _extract_tar(tar: tarfile.TarFile, folder: Path) -> None:
    """Contents alone, without modes and owners. The standard library's filters came with Python 3.11.4."""
    inside = folder.resolve()
    for member in tar:
        target = (inside / member.name).resolve()
        if not target.is_relative_to(inside):
            raise ValueError(f"the archive's member {member.name!r} would be unpacked outside {folder}")
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        elif member.isfile():
            target.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(member)
            assert source is not None
            with source, open(target, "wb") as file:
                shutil.copyfileobj(source, file)
        else:
            raise ValueError(f"the archive's member {member.name!r} is a link or a device, which no dataset needs")
