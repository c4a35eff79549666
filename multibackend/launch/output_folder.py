"""The output folder: opened by one command at a time, so that none trains, or overwrites, what another asked for.

The lock is the kernel's, on the file `.lock` of the folder. It goes when the command ends, however it does, and the
keepers of its workers hold it too: the next command begins once the last worker of this one is dead.
"""

from __future__ import annotations

import fcntl
import json
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

from multibackend.errors import MultibackendError
from multibackend.files import restore_folders
from multibackend.text import sanitize

LOCK_FILE = ".lock"

WAIT_SECONDS = 3.0
"""For the workers of a command that was killed to be gone, and for a command that is about to end."""

TICK_SECONDS = 0.05

WRITABLE_BYTES = 1 << 20

MOST_WORDS = 120
"""Characters of another command that are shown."""


@dataclass(frozen=True)
class OutputFolder:
    """A folder that is this command's; `lock` is the descriptor that says so, None where the file system has no locks.

    `path` is absolute: a model may change the working folder.
    """

    path: Path
    lock: int | None = None

    @property
    def notice(self) -> str:
        """What a user should know; mostly nothing."""
        if self.lock is not None:
            return ""
        return f"output folder {self.path}: its file system has no locks; start no second command there meanwhile"


@contextmanager
def open_folder(path: Path) -> Iterator[OutputFolder]:
    """Make a folder this command's own, and tidy what killed commands left in it.

    Raises:
        MultibackendError: it can't be written, or another command has it.
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
    """Take the lock and leave word of who has it; False where the file system has none (some network file systems)."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise MultibackendError(
                    f"output folder {path}: in use by {_describe_holder(number)}; wait for its end, or give another "
                    "folder with --output DIR."
                ) from None
            time.sleep(TICK_SECONDS)
        except OSError:
            return False
    words = {"pid": os.getpid(), "host": socket.gethostname(), "command": shlex.join(sys.argv)}
    os.ftruncate(number, 0)
    os.pwrite(number, json.dumps(words | {"since": time.strftime("%H:%M")}).encode(), 0)
    return True


def _describe_holder(number: int) -> str:
    """Name the command that has the lock, by what it wrote in the file."""
    try:
        words = json.loads(os.pread(number, 1 << 16, 0))
        command = sanitize(str(words["command"]), MOST_WORDS)
        where = sanitize(f"process {words['pid']} on {words['host']} since {words['since']} ({command})", 500)
        here = words["host"] == socket.gethostname()
    except (ValueError, KeyError, TypeError):
        return "another command"
    return where if not here or _is_alive(words["pid"]) else f"what is left of {where}"


def _is_alive(pid: object) -> bool:
    try:
        os.kill(int(str(pid)), 0)
    except PermissionError:
        return True  # another user's
    except (ValueError, OverflowError, ProcessLookupError):
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
        "give another with --output DIR, or make room there."
    )
