"""Watching a file: an event for each time it is saved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

LOOK_SECONDS = 0.1
"""The time between two looks at a file: a tenth of the second within which a save is to be answered."""


def saves(path: Path) -> Iterator[None]:
    """Yield now, and again after each save. An editor may rewrite the file, or put another one in its place."""
    seen = None
    while True:
        now = _stamp(path)
        if now is not None and now != seen and now == _settled(path):
            seen = now
            yield
        time.sleep(LOOK_SECONDS)


def _settled(path: Path) -> tuple[int, int, int] | None:
    """Return the stamp of a moment later: a file that is being written is looked at once it is whole."""
    time.sleep(LOOK_SECONDS / 2)
    return _stamp(path)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
