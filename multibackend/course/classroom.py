"""Classroom: the folders of a class, what each student handed in, and what is left out and why.

Anything odd about a student's folder or file concerns that student alone. Folders and files are opened one within the
other, so nobody can put another one in their place between two looks. The file that was read is the one that is graded.
"""

from __future__ import annotations

import codecs
import io
import os
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from multibackend.course.exercise import Exercise
from multibackend.errors import MultibackendError
from multibackend.files.reading import Status as FileStatus
from multibackend.files.reading import Unreadable, opened_folder, read_plain

LARGEST_BYTES = 1 << 20
"""The largest submission; the longest solution of the course has some kilobytes."""

FEEDBACK = "feedback"
"""The folder beside the table of marks, in which each student has a folder."""

SLOW_ENCODINGS = ("idna", "punycode")
"""Encodings whose decoders take time that grows with the square of the length. Source: CVE-2022-45061."""

Status = Literal["graded", "no text"] | FileStatus
"""The status of a file that was handed in: "graded", or the reason why it can't be."""

Reason = Literal["link", "file", "hidden", "feedback", "unreadable", "empty"]
"""The reason why a name in a class's folder stands for no submission."""


class NoText(Exception):
    """A file that is no text as Python reads it."""


@dataclass(frozen=True)
class HandedIn:
    """A file that was looked for: its source, or None for the reason in `status`."""

    status: Status
    source: str | None


@dataclass(frozen=True)
class Entry:
    """A student's file for an exercise: its source, or None for the reason in `status`."""

    student: str
    exercise: Exercise
    status: Status
    source: str | None


@dataclass(frozen=True)
class LeftOut:
    """A name in a class's folder that stands for no submission, and the reason."""

    name: str
    reason: Reason


@dataclass(frozen=True)
class Classroom:
    """A class: what was handed in, and the names that stand for no submission."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]

    def left_out_as(self, reason: Reason) -> list[str]:
        """List the names that are left out for a reason."""
        return [one.name for one in self.left_out if one.reason == reason]


def read_classroom(folder: Path, chosen: Sequence[Exercise], demanded: bool) -> Classroom:
    """Read a class's folder. With `demanded`, an exercise that a student didn't hand in is an entry, too.

    Raises:
        MultibackendError: the folder holds no folder of a student.
    """
    entries: list[Entry] = []
    left_out: list[LeftOut] = []
    students = 0
    try:
        with opened_folder(folder.resolve()) as descriptor:
            for found in _sort_out(descriptor):
                if isinstance(found, LeftOut):
                    left_out.append(found)
                    continue
                students += 1
                own = _read_student(descriptor, found, chosen, demanded)
                entries += own.entries
                left_out += own.left_out
    except OSError as error:
        raise MultibackendError(f"{folder}: can't be read ({error.strerror}); expected a folder of a class.") from error
    if not students:
        raise MultibackendError(
            f"{folder}: holds no folder; expected one for each student, with files such as {chosen[0].filename}."
        )
    return Classroom(tuple(entries), tuple(left_out))


def _sort_out(descriptor: int) -> Iterator[str | LeftOut]:
    """List the students in a class's folder, and the names that are left out."""
    with os.scandir(descriptor) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_symlink():
            yield LeftOut(entry.name, "link")
        elif not entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("."):
                yield LeftOut(entry.name, "file")
        elif entry.name.startswith("."):
            yield LeftOut(entry.name, "hidden")
        elif entry.name.casefold() == FEEDBACK:
            yield LeftOut(entry.name, "feedback")
        else:
            yield entry.name


def _read_student(classroom: int, student: str, chosen: Sequence[Exercise], demanded: bool) -> Classroom:
    """Read one student's folder within the open folder of the class."""
    try:
        with opened_folder(student, within=classroom) as folder:
            read = [(exercise, read_submission(exercise.filename, folder)) for exercise in chosen]
    except OSError:  # it is gone, or can't be opened
        unread = tuple(Entry(student, exercise, "unreadable", None) for exercise in chosen if demanded)
        return Classroom(unread, (LeftOut(student, "unreadable"),))
    entries = tuple(
        Entry(student, exercise, found.status, found.source)
        for exercise, found in read
        if found.status != "missing" or demanded
    )
    return Classroom(entries, () if entries else (LeftOut(student, "empty"),))


def read_submission(path: Path | str, folder: int | None = None) -> HandedIn:
    """Read a submission, relative to an open folder if one is given.

    Links aren't followed, and hard links aren't read: they could lead to the solution.
    """
    try:
        return HandedIn("graded", decode(read_plain(path, LARGEST_BYTES, links="none", within=folder)))
    except Unreadable as error:
        return HandedIn(error.status, None)
    except NoText:
        return HandedIn("no text", None)


def decode(content: bytes) -> str:
    """Turn the bytes of a Python file into text as Python does: by its mark or first lines, or as UTF-8.

    Raises:
        NoText: they are no text in that encoding.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        if codecs.lookup(encoding).name in SLOW_ENCODINGS:
            raise NoText(f"encoding {encoding}")
        source = content.decode(encoding)
        source.encode()  # some encodings can write halves of characters
    except (SyntaxError, ValueError, LookupError) as error:
        raise NoText(str(error)) from error
    if "\0" in source:
        raise NoText("a null character")
    return source
