"""Replace a file in one step, so that whoever reads it finds the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["replaced_file"]


@contextlib.contextmanager
def replaced_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when the ``with`` block ends without an error.

    The bytes go to a temporary file in the same folder, which is synced to disk and renamed over `path`; then the
    folder is synced. On any error, a full disk included, `path` stays what it was and the temporary file is removed.
    Permissions of an existing file are kept, and a symbolic link keeps pointing at the file that is replaced. What is
    no regular file (a pipe, ``/dev/null``) is written directly.

    Raises:
        RuntimeError: the folder does not exist.
        IsADirectoryError: `path` is a folder.
        OSError: as the system reports it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replaced_file(f"{folder}/name") as file:
    ...         _ = file.write(b"content")
    ...     os.listdir(folder)
    ['name']
    """
    target = os.path.realpath(os.fspath(path))
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        raise RuntimeError(f"cannot write {os.fspath(path)!r}: the folder {folder!r} does not exist; create it first")
    try:
        mode: int | None = os.stat(target).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as file:  # a folder is refused here, by the system
            yield file
        return

    # Long names are cut: the suffix must not push a legal name over the system's limit.
    temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(8)}.temporary")
    # Created by os.open and not by the module tempfile, whose files are private whatever the user's umask says.
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Make a rename in `folder` survive a power cut, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot sync a folder
            raise
    finally:
        os.close(descriptor)
