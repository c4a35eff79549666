"""Locking: one command at a time has what a lock file stands for.

The lock is the kernel's. It goes when the last process that holds the descriptor has ended, however it ended. The words
in the file only tell other commands who has it.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from multibackend.errors import MultibackendError
from multibackend.text import sanitize

TICK_SECONDS = 0.05
"""The time between two tries to take a lock."""

MOST_WORDS = 120
"""Characters of another command that are shown."""


@dataclass(frozen=True)
class Holder:
    """The command that has a lock, as it writes itself into the lock's file."""

    pid: int
    host: str
    command: str
    since: str


@contextmanager
def locked(path: Path, what: str, cure: str, wait_seconds: float) -> Iterator[int | None]:
    """Hold the lock on a file, which is made where it is missing and stays; give its descriptor.

    Where the file system has no locks, as some network file systems, nothing is locked and None is given.
    `what` and `cure` are the beginning and the end of a refusal: "output folder runs", "give another --output".

    Raises:
        MultibackendError: another command still holds it after `wait_seconds`, or the file is no plain file of its own.
        OSError: the file can't be opened or written.
    """
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    try:
        state = os.fstat(number)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1:  # words are written into it
            raise MultibackendError(f"{what}: {path} is no plain file with one name; remove it, or {cure}.")
        has_locks = _take(number, what, cure, wait_seconds)
        yield number if has_locks else None
    finally:
        os.close(number)


def _take(number: int, what: str, cure: str, wait_seconds: float) -> bool:
    """Take the lock and leave word of who has it; return False where the file system has none."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise MultibackendError(
                    f"{what}: in use by {_describe_holder(number)}; wait for its end, or {cure}."
                ) from None
            time.sleep(TICK_SECONDS)
        except OSError:
            return False
    command = shlex.join(sys.argv).encode("utf-8", "backslashreplace").decode()  # a path may be any bytes
    holder = Holder(os.getpid(), socket.gethostname(), command, time.strftime("%H:%M"))
    os.ftruncate(number, 0)
    os.pwrite(number, msgspec.json.encode(holder), 0)
    return True


def _describe_holder(number: int) -> str:
    """Name the command that has the lock, from what it wrote in the file."""
    try:
        holder = msgspec.json.decode(os.pread(number, 1 << 16, 0), type=Holder)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "another command"
    command = sanitize(holder.command, MOST_WORDS)
    where = sanitize(f"process {holder.pid} on {holder.host} since {holder.since} ({command})")
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
