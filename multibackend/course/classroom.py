"""Classroom: the folders of a class, what each student handed in, and what is left out and why.

Whatever is odd about a student's folder or file is said of that student alone. Folders and files are opened one within
the other, so that none can be put in another's place between two looks, and what was read is what is graded.
"""

from __future__ import annotations

import codecs
import io
import os
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from multibackend.course.exercise import Exercise
from multibackend.course.storage import Unreadable, opened_folder, read_plain
from multibackend.errors import MultibackendError

LARGEST_BYTES = 1 << 20
"""The largest submission; the longest solution of the course has some kilobytes."""

FEEDBACK = "feedback"
"""The folder beside the table of marks, in which each student has a folder."""

SLOW_ENCODINGS = ("idna", "punycode")
"""Their decoders take time that grows with the square of the length. Source: CVE-2022-45061."""


@dataclass(frozen=True)
class Entry:
    """A student's file for an exercise: its source, or None for the reason in `status`."""

    student: str
    exercise: Exercise
    status: str
    source: str | None


@dataclass(frozen=True)
class Classroom:
    """A class: what was handed in, and names that stand for no submission, with the reason as a key of the messages."""

    entries: tuple[Entry, ...]
    left_out: tuple[tuple[str, str], ...]

    def left_out_as(self, reason: str) -> list[str]:
        """The names that are left out for a reason."""
        return [name for name, why in self.left_out if why == reason]


def read_classroom(folder: Path, chosen: Sequence[Exercise], demanded: bool) -> Classroom:
    """Read a class's folder; `demanded` exercises that a student didn't hand in are entries, too.

    Raises:
        MultibackendError: the folder holds no folder of a student.
    """
    entries: list[Entry] = []
    left_out: list[tuple[str, str]] = []
    students = 0
    try:
        with opened_folder(folder.resolve()) as descriptor:
            for name, reason in _sort_out(descriptor):
                if reason:
                    left_out.append((name, reason))
                    continue
                students += 1
                found, reason = _read_student(descriptor, name, chosen, demanded)
                entries += found
                if reason:
                    left_out.append((name, reason))
    except OSError as error:
        raise MultibackendError(f"{folder}: can't be read ({error.strerror}); expected a folder of a class.") from error
    if not students:
        raise MultibackendError(
            f"{folder}: holds no folder; expected one for each student, with files such as {chosen[0].filename}."
        )
    return Classroom(tuple(entries), tuple(left_out))


def _sort_out(descriptor: int) -> Iterator[tuple[str, str]]:
    """List the names in a class's folder, with the reason why each is left out; empty for a student."""
    with os.scandir(descriptor) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_symlink():
            yield entry.name, "left_out_link"
        elif not entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("."):
                yield entry.name, "left_out_file"
        elif entry.name.startswith("."):
            yield entry.name, "left_out_hidden"
        elif entry.name.casefold() == FEEDBACK:
            yield entry.name, "left_out_feedback"
        else:
            yield entry.name, ""


def _read_student(classroom: int, student: str, chosen: Sequence[Exercise], demanded: bool) -> tuple[list[Entry], str]:
    """A student's entries, and the reason to name the student if there is none."""
    try:
        with opened_folder(student, within=classroom) as folder:
            read = [(exercise, *read_submission(exercise.filename, folder)) for exercise in chosen]
    except OSError:  # gone, or not to be opened
        read = [(exercise, "unreadable", None) for exercise in chosen if demanded]
        return [Entry(student, *one) for one in read], "left_out_unreadable"
    entries = [Entry(student, *one) for one in read if one[1] != "missing" or demanded]
    return entries, "" if entries else "left_out_empty"


def read_submission(path: Path | str, folder: int | None = None) -> tuple[str, str | None]:
    """A submission's status and source; links aren't followed, and hard links not read: they could be the solution."""
    try:
        return "graded", decode(read_plain(path, LARGEST_BYTES, folder=folder))
    except Unreadable as error:
        return error.status, None


def decode(content: bytes) -> str:
    """Turn the bytes of a Python file into text as Python does, by its mark or first lines, or as UTF-8.

    Raises:
        Unreadable: they are no text in that encoding.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        if codecs.lookup(encoding).name in SLOW_ENCODINGS:
            raise Unreadable("no text")
        source = content.decode(encoding)
        source.encode()  # some encodings can write halves of characters
    except (SyntaxError, ValueError, LookupError) as error:
        raise Unreadable("no text") from error
    if "\0" in source:
        raise Unreadable("no text")
    return source
