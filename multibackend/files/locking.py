"""Locking: one command at a time has what a lock file stands for.

The lock is the kernel's. It goes when the last process that holds the descriptor has ended, however it ended. The words
in the file only tell other commands who has it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from multibackend.errors import MultibackendError
from multibackend.text import sanitize

TICK_SECONDS = 0.05
"""The time between two tries to take a lock."""

MOST_WORDS = 120
"""Characters of another command that are shown."""


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
    except (ValueError, KeyError, TypeError, RecursionError):
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
