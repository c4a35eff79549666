"""The log of a worker: the last lines of the run in progress, of which what came before is no part."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from multibackend.text import sanitize
from multibackend.train.keeper import LOG_MARK

LOG_TAIL_BYTES = 1 << 14


def read_last_lines(log: Path) -> list[str]:
    """Return the last lines that a worker's last run left in its log, made safe to show; no empty ones."""
    tail = b"".join(_read_tail(path) for path in (Path(f"{log}.1"), log)).decode("utf-8", "replace")
    _, mark, after = f"\n{tail}".rpartition(f"\n{LOG_MARK}")
    lines = after.split("\n")[1:] if mark else after.split("\n")
    return [shown for line in lines if (shown := sanitize(line))]


def _read_tail(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(0, end - LOG_TAIL_BYTES))
        return log.read(LOG_TAIL_BYTES)
    return b""
