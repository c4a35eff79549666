"""Files of a report, and how names are shown in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from multibackend.errors import MultibackendError
from multibackend.experiment import shorten_name
from multibackend.files import write_whole

MOST_NAMES = 4
"""How many experiments are named in a line."""


def write_file(path: Path, content: bytes) -> Path:
    """Write a report whole or not at all; an older one is replaced.

    Raises:
        MultibackendError: the folder can't be written, or the disk is full.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise MultibackendError(
            f"report: can't be written to {path}: {error}. Give another folder with --output, or make room."
        ) from error
    return path


def join_names(experiments: Sequence[str]) -> str:
    """The experiments' names in a line, or their number where they are many."""
    if len(experiments) > MOST_NAMES:
        return f"{len(experiments)} experiments"
    return ", ".join(map(shorten_name, experiments))
