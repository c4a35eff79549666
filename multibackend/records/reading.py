"""Reading: a record's files, which may come from anywhere, are opened only where they are regular and not too large."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from multibackend.errors import RecordError
from multibackend.files.reading import Unreadable, open_plain, read_plain


@contextmanager
def open_regular(path: Path, most: int) -> Iterator[BinaryIO]:
    """Open a regular file of at most `most` bytes; no link is followed, and no pipe waited for.

    Raises:
        RecordError: there is none, it is something else, or it is larger.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_plain(path, most, links="hard"))
        except Unreadable as error:
            raise _refuse(path, error) from error
        yield file


def read_regular(path: Path, most: int) -> bytes:
    """Read the whole of a regular file.

    Raises:
        RecordError: as from `open_regular`, or the file grew meanwhile, or can't be read.
    """
    try:
        return read_plain(path, most, links="hard")
    except Unreadable as error:
        raise _refuse(path, error) from error


def _refuse(path: Path, error: Unreadable) -> RecordError:
    expected = "" if error.status == "too large" else "; expected a regular file"
    return RecordError(f"{path.name}: {error.detail}{expected}")
