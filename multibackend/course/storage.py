"""Storage: files that are read only where they are plain, and written whole or not at all, never through a link.

A class's folder may be shared with its students, who can put a pipe, a device or a link wherever a file is expected.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multibackend.errors import MultibackendError

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Unreadable(Exception):
    """A file that isn't read; `status` is "missing", "no file", "hard link", "too large" or "unreadable"."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


def read_plain(path: Path | str, most_bytes: int, *, folder: int | None = None, links: bool = False) -> bytes:
    """Read a plain file, relative to an open folder if one is given; `links` says whether to follow links.

    Raises:
        Unreadable: it is missing, no plain file, larger than `most_bytes`, or the system refuses.
    """
    follow = 0 if links else os.O_NOFOLLOW
    try:  # without waiting: a pipe that nobody writes to would never open
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | follow, dir_fd=folder)
    except FileNotFoundError as error:
        raise Unreadable("missing") from error
    except PermissionError as error:
        raise Unreadable("unreadable") from error
    except OSError as error:  # a link, a socket, a device without a driver
        raise Unreadable("no file") from error
    try:
        return _read(descriptor, most_bytes, links)
    except OSError as error:
        raise Unreadable("unreadable") from error
    finally:
        os.close(descriptor)


def _read(descriptor: int, most_bytes: int, links: bool) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("no file")
    if status.st_nlink > 1 and not links:
        raise Unreadable("hard link")
    content = bytearray()
    while len(content) <= most_bytes and (part := os.read(descriptor, most_bytes + 1 - len(content))):
        content += part
    if len(content) > most_bytes:
        raise Unreadable("too large")
    return bytes(content)


@contextmanager
def opened_folder(path: Path | str, *, within: int | None = None, make: bool = False) -> Iterator[int]:
    """Open a folder, relative to another if one is given; a link in its place is an OSError.

    With `make`, it is made where it is missing.
    """
    if make:
        with suppress(FileExistsError):
            os.mkdir(path, dir_fd=within)
    descriptor = os.open(path, FOLDER, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_whole(folder: int, name: str, text: str) -> None:
    """Write a file in an open folder, in UTF-8: what is there under its name is whole at any time."""
    scratch = f".writing-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(scratch, flags, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(scratch, dir_fd=folder)
        raise
    os.fsync(folder)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Keep other processes that lock the same path away, until this one is done or gone; a hidden file stays beside it.

    Raises:
        MultibackendError: another process holds the lock.
    """
    beside = path.with_name(f".{path.name}.lock")
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MultibackendError(
                f"{path}: another command is writing it; wait for its end, or give another --output."
            ) from error
        yield
    finally:
        os.close(descriptor)
