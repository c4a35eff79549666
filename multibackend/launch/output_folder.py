"""The output folder: opened by one command at a time, so that none overwrites the records of another.

The lock is the kernel's, on the file `.lock` of the folder. It is released when the command ends, however it ends. The
keepers of its workers hold it too: the next command begins once the last worker of this one is dead.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from multibackend.errors import MultibackendError
from multibackend.files import restore_folders
from multibackend.text import sanitize

LOCK_FILE = ".lock"

WAIT_SECONDS = 3.0
"""Seconds to wait for the workers of a command that was killed to end, and for a command that is about to end."""

TICK_SECONDS = 0.05

WRITABLE_BYTES = 1 << 20
"""The size of the file that is written to try a folder."""

MOST_WORDS = 120
"""The most characters of another command that are shown."""


@dataclass(frozen=True)
class Holder:
    """The command that has a folder's lock, as it writes itself into the lock's file."""

    pid: int
    host: str
    command: str
    since: str


@dataclass(frozen=True)
class OutputFolder:
    """A folder that this command has opened for itself.

    `lock` is the descriptor of the lock, None where the file system has no locks. `path` is absolute: a model may
    change the working folder.
    """

    path: Path
    lock: int | None = None

    @property
    def notice(self) -> str:
        """A warning for the user; mostly empty."""
        if self.lock is not None:
            return ""
        return f"output folder {self.path}: its file system has no locks; start no second command there meanwhile"


@contextmanager
def open_folder(path: Path) -> Iterator[OutputFolder]:
    """Open a folder for this command alone, and tidy what killed commands left in it.

    Raises:
        MultibackendError: it can't be written, or another command has opened it.
    """
    check_writable(path)
    try:
        number = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        if locked := _lock(number, path):
            restore_folders(
                [path, path / "data", path / "figures", *path.glob("records/*"), *path.glob("seed-*/records/*")]
            )
        yield OutputFolder(path.absolute(), number if locked else None)
    finally:
        os.close(number)


def _lock(number: int, path: Path) -> bool:
    """Take the lock and write who has it; return False where the file system has no locks (some network ones)."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise MultibackendError(
                    f"output folder {path}: in use by {_describe_holder(number)}; wait for its end, or give another "
                    "folder with --output DIR"
                ) from None
            time.sleep(TICK_SECONDS)
        except OSError:
            return False
    holder = Holder(os.getpid(), socket.gethostname(), shlex.join(sys.argv), time.strftime("%H:%M"))
    os.ftruncate(number, 0)
    os.pwrite(number, msgspec.json.encode(holder), 0)
    return True


def _describe_holder(number: int) -> str:
    """Name the command that has the lock, from what it wrote in the file."""
    try:
        holder = msgspec.json.decode(os.pread(number, 1 << 16, 0), type=Holder)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "another command"
    command = sanitize(holder.command, MOST_WORDS)
    where = sanitize(f"process {holder.pid} on {holder.host} since {holder.since} ({command})", 500)
    is_here = holder.host == socket.gethostname()
    return f"what is left of {where}" if is_here and not _is_alive(holder.pid) else where


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # another user's
    except (OverflowError, ProcessLookupError):
        return False
    return True


def check_writable(folder: Path) -> None:
    """Make the folder and write a file there, which is then removed.

    Raises:
        MultibackendError: that isn't possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as scratch:
            scratch.write(bytes(WRITABLE_BYTES))
            scratch.flush()
            os.fsync(scratch.fileno())
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> MultibackendError:
    return MultibackendError(
        f"output folder {folder}: can't be written ({error.strerror}); "
        "make room there, or give another with --output DIR"
    )
