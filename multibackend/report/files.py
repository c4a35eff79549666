"""Files: written whole or not at all, so that a reader never meets half a report."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from multibackend.errors import MultibackendError
from multibackend.experiment import shorten_name

MOST_NAMES = 4
"""How many experiments are named in a line."""


def write_file(path: Path, content: bytes) -> Path:
    """Write a file beside its place and move it there; an older one is replaced.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    scratch = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except OSError as error:
        if scratch:
            Path(scratch).unlink(missing_ok=True)
        raise MultibackendError(
            f"report: can't be written to {path}: {error}. Give another folder with --output, or make room."
        ) from error
    return path


def join_names(experiments: Sequence[str]) -> str:
    """The experiments' names in a line, or their number where they are many."""
    if len(experiments) > MOST_NAMES:
        return f"{len(experiments)} experiments"
    return ", ".join(map(shorten_name, experiments))
