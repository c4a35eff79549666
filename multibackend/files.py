"""Files and folders, written whole or not at all: a reader, or a command that was killed, never meets half of one.

What is being written has a name that begins with `.writing-`, and what it replaces, for a moment, one that begins
with `.replaced-`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

WRITING, REPLACED = ".writing-", ".replaced-"


@contextmanager
def writing_file(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it becomes `path` at the end, unless an exception is raised.

    Raises:
        OSError: the folder can't be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=WRITING, dir=path.parent) as folder:
        scratch = Path(folder, path.name)
        yield scratch
        with scratch.open("rb") as written:
            os.fsync(written.fileno())  # else a file may be empty after a power failure
        scratch.replace(path)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; an older one is replaced.

    Raises:
        OSError: the folder can't be written, or the disk is full.
    """
    with writing_file(path) as scratch:
        scratch.write_bytes(content)


def replace_folder(scratch: Path, target: Path) -> None:
    """Move a folder to its place; an older one there goes only once the new one has taken it.

    A command that is killed in between leaves the older one aside, where `restore_folders` finds it. A folder isn't
    forced to the disk: whoever reads it after a power failure must check it.
    """
    aside = target.with_name(REPLACED + target.name)
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.replace(aside)
    scratch.replace(target)
    shutil.rmtree(aside, ignore_errors=True)


def restore_folders(parents: Iterable[Path]) -> None:
    """Tidy what killed commands left in these folders: half-written goes, and a folder that lost its place comes back.

    Nobody may be writing there.
    """
    for parent in parents:
        for half in list(parent.glob(f"{WRITING}*")):
            shutil.rmtree(half, ignore_errors=True)
        for aside in list(parent.glob(f"{REPLACED}*")):
            target = aside.with_name(aside.name.removeprefix(REPLACED))
            if target.exists():
                shutil.rmtree(aside, ignore_errors=True)
            else:
                aside.replace(target)


def is_unfinished(path: Path, root: Path) -> bool:
    """Whether a path below `root` is being written, or being replaced."""
    return any(part.startswith((WRITING, REPLACED)) for part in path.relative_to(root).parts)
