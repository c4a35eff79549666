"""The output folder: opened by one command at a time, so that none overwrites the records of another.

The lock is the kernel's, on the file `.lock` of the folder. It is released when the command ends, however it ends. The
keepers of its workers hold it too: the next command begins once the last worker of this one is dead.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from multibackend.errors import MultibackendError
from multibackend.files import restore_folders
from multibackend.files.locking import locked

LOCK_FILE = ".lock"

WAIT_SECONDS = 3.0
"""Seconds to wait for the workers of a command that was killed to end, and for a command that is about to end."""

WRITABLE_BYTES = 1 << 20
"""The size of the file that is written to try a folder."""


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
    with ExitStack() as stack:
        try:
            lock = locked(
                path / LOCK_FILE, f"output folder {path}", "give another folder with --output DIR", WAIT_SECONDS
            )
            number = stack.enter_context(lock)
        except OSError as error:
            raise _unwritable(path, error) from error
        if number is not None:
            restore_folders(
                [path, path / "data", path / "figures", *path.glob("records/*"), *path.glob("seed-*/records/*")]
            )
        yield OutputFolder(path.absolute(), number)


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
