"""Reading: files from elsewhere, opened only where they are regular files of a bounded size.

A named pipe, a device or a folder in place of a file would hang a program or end it in a traceback; so would a file
that outgrows the memory.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from multibackend.errors import RecordError

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}

CHUNK_BYTES = 1 << 20
"""How much of a file is hashed at a time."""


@contextmanager
def open_regular(path: Path, most: int) -> Iterator[BinaryIO]:
    """Open a regular file of at most `most` bytes; no link is followed, and no pipe waited for.

    Raises:
        RecordError: there is none, it is something else, or it is larger.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RecordError(f"{path.name}: {_describe_failure(path, error)}; expected a regular file") from error
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        raise RecordError(f"{path.name}: it is {_name_kind(state.st_mode)}; expected a regular file")
    with os.fdopen(descriptor, "rb") as file:
        if state.st_size > most:
            raise RecordError(f"{path.name}: it has {state.st_size:,} bytes; expected at most {most:,}")
        yield file


def read_regular(path: Path, most: int) -> bytes:
    """Read the whole of a regular file.

    Raises:
        RecordError: as `open_regular`, or the file grew meanwhile.
    """
    with open_regular(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise RecordError(f"{path.name}: it has more than {most:,} bytes; expected at most {most:,}")
    return content


def digest_file(file: BinaryIO) -> str:
    """Compute the SHA-256 of an open file, from its start, a piece at a time."""
    digest, piece = hashlib.sha256(), memoryview(bytearray(CHUNK_BYTES))
    file.seek(0)
    while count := file.readinto(piece):  # type: ignore[attr-defined]
        digest.update(piece[:count])
    return digest.hexdigest()


def _describe_failure(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENXIO, errno.EOPNOTSUPP, errno.ELOOP):  # a socket; a link
        try:
            return f"it is {_name_kind(path.lstat().st_mode)}"
        except OSError:
            return "it can't be opened"
    return "missing" if error.errno == errno.ENOENT else f"it can't be opened ({error.strerror})"


def _name_kind(mode: int) -> str:
    return KINDS.get(stat.S_IFMT(mode), "no regular file")
