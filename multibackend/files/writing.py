"""Writing: files and folders are written whole or not at all.

No reader meets half of one, not even after a command was killed. While something is being written, its name begins with
`.writing-`. What it replaces has, for a moment, a name that begins with `.replaced-`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multibackend.files.reading import opened_folder

WRITING, REPLACED = ".writing-", ".replaced-"


@contextmanager
def writing_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it becomes `path` at the end, unless an exception is raised.

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
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened_folder(path.parent.resolve()) as folder:
        write_within(folder, path.name, content)


def write_within(folder: int, name: str, content: bytes) -> None:
    """Write a file in an open folder whole or not at all; an older one, or a link in its place, is replaced.

    Raises:
        OSError: the folder can't be written, or the disk is full.
    """
    scratch = f"{WRITING}{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(scratch, flags, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # else a file may be empty after a power failure
        os.rename(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(scratch, dir_fd=folder)
        raise
    with suppress(OSError):  # some file systems can't; then a power failure may bring the older file back
        os.fsync(folder)


@contextmanager
def made_folder(name: str, *, within: int) -> Iterator[int]:
    """Open a folder in another open one, and make it first where it is missing.

    Raises:
        OSError: it can't be made, or a link is in its place.
    """
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=within)
    with opened_folder(name, within=within) as folder:
        yield folder


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
    """Remove what killed commands left half-written in these folders, and put back what they had set aside.

    Nobody may be writing there.
    """
    for parent in parents:
        for half in list(parent.glob(f"{WRITING}*")):
            if half.is_dir() and not half.is_symlink():
                shutil.rmtree(half, ignore_errors=True)
            else:
                half.unlink(missing_ok=True)
        for aside in list(parent.glob(f"{REPLACED}*")):
            target = aside.with_name(aside.name.removeprefix(REPLACED))
            if target.exists():
                shutil.rmtree(aside, ignore_errors=True)
            else:
                aside.replace(target)


def is_unfinished(path: Path, root: Path) -> bool:
    """Tell whether a path below `root` is being written, or being replaced."""
    return any(part.startswith((WRITING, REPLACED)) for part in path.relative_to(root).parts)
