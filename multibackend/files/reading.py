"""Reading: files from elsewhere, opened only where they are regular files of a bounded size.

A named pipe, a device or a folder in place of a file would hang a program or end it in a traceback; so would a file
that outgrows the memory. A folder that others can write to may have any of them wherever a file is expected, and links
that lead to somebody else's file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

Links = Literal["any", "hard", "none"]
"""The links that a file may be read through: symbolic and hard ones, hard ones (a second name), or none."""

Status = Literal["missing", "no file", "hard link", "too large", "unreadable"]
"""The reason why a file isn't read."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}

CHUNK_BYTES = 1 << 20
"""The part of a file that is hashed at a time."""


class Unreadable(Exception):
    """A file that isn't read: `status` is the reason, `detail` says it in words, such as "it is a named pipe"."""

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@contextmanager
def open_plain(path: Path | str, most: int, *, links: Links, within: int | None = None) -> Iterator[BinaryIO]:
    """Open a regular file of at most `most` bytes, without waiting for a pipe.

    `within` is an open folder that the path starts from, None for the working folder.

    Raises:
        Unreadable: it is missing, something else, a link that isn't wanted, or larger; or the system refuses.
    """
    follow = 0 if links == "any" else os.O_NOFOLLOW
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | follow, dir_fd=within)
    except OSError as error:
        raise _explain(path, within, error) from error
    with _closing_after_failure(descriptor):
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise Unreadable("no file", f"it is {_name_kind(state.st_mode)}")
        if state.st_nlink > 1 and links == "none":
            raise Unreadable("hard link", "it has a second name")
        if state.st_size > most:
            raise Unreadable("too large", f"it has {state.st_size:,} bytes; expected at most {most:,}")
        file = os.fdopen(descriptor, "rb")
    with file:
        yield file


def read_plain(path: Path | str, most: int, *, links: Links, within: int | None = None) -> bytes:
    """Read the whole of a regular file; parameters as of `open_plain`.

    Raises:
        Unreadable: as from `open_plain`, or the file grew meanwhile.
    """
    with open_plain(path, most, links=links, within=within) as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            raise Unreadable("unreadable", f"it can't be read ({error.strerror})") from error
    if len(content) > most:
        raise Unreadable("too large", f"it has more than {most:,} bytes; expected at most {most:,}")
    return content


def digest_file(file: BinaryIO) -> str:
    """Compute the SHA-256 of an open file, from its start, a piece at a time."""
    digest, piece = hashlib.sha256(), memoryview(bytearray(CHUNK_BYTES))
    file.seek(0)
    while count := file.readinto(piece):  # type: ignore[attr-defined]
        digest.update(piece[:count])
    return digest.hexdigest()


@contextmanager
def opened_folder(path: Path | str, *, within: int | None = None) -> Iterator[int]:
    """Open a folder, and give its descriptor; `within` is an open folder that the path starts from.

    Files that are opened relative to the descriptor stay in this folder, whatever is put in its place meanwhile.

    Raises:
        OSError: there is none, or a link is in its place.
    """
    descriptor = os.open(path, FOLDER, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _closing_after_failure(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def _explain(path: Path | str, within: int | None, error: OSError) -> Unreadable:
    match error.errno:
        case errno.ENOENT:
            return Unreadable("missing", "missing")
        case errno.EACCES | errno.EPERM:
            return Unreadable("unreadable", f"it can't be opened ({error.strerror})")
        case errno.ENXIO | errno.EOPNOTSUPP | errno.ELOOP:  # a socket; a link
            with suppress(OSError):
                mode = os.stat(path, dir_fd=within, follow_symlinks=False).st_mode
                return Unreadable("no file", f"it is {_name_kind(mode)}")
            return Unreadable("no file", "it can't be opened")
    return Unreadable("no file", f"it can't be opened ({error.strerror})")


def _name_kind(mode: int) -> str:
    return KINDS.get(stat.S_IFMT(mode), "no regular file")
