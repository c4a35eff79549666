"""Grades: the table of a class's marks. A second run goes on from it.

A row stays valid while the student's file, the exercise's checks and the backend are the same, and while nobody has
altered the row. A run replaces the rows that it grades, and keeps all others.

Everything in a cell is printable, and no cell begins as a formula does, whatever a student's folder is called. Reading
undoes that.
"""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from multibackend.course.names import escape, unescape
from multibackend.errors import MultibackendError
from multibackend.files.reading import Unreadable, read_plain
from multibackend.files.writing import write_within

LARGEST_BYTES = 1 << 28
"""The largest table; a row has some 150 bytes."""

FORMULA_SIGNS = "=+-@\u2212"
"""Signs that begin a formula in a spreadsheet, in full width too. Source: OWASP, "CSV Injection"."""

SKIPPED = " \"'"
"""Characters that spreadsheets may skip before such a sign."""

SEAL_CHARACTERS = 32
"""Characters of the sum that tells whether a row was altered."""


@dataclass(frozen=True)
class Key:
    """The identity of a row: the table has one row of each student, exercise and backend."""

    student: str
    exercise: str
    backend: str


@dataclass(frozen=True)
class Grade:
    """A row of the table.

    `status` is "graded", or the reason why there was nothing to grade: "missing", "no file", "hard link", "too large",
    "no text", "unreadable", or "error" where the grading itself failed. `fingerprint` is a sum over what was graded,
    and a sum over the row.
    """

    student: str
    exercise: str
    backend: str
    status: str
    marks: int
    most: int
    fingerprint: str

    @classmethod
    def seal(cls, student: str, exercise: str, backend: str, status: str, marks: int, most: int, of: str) -> Grade:
        """Make a row. `of` is the fingerprint of what was graded; the row's own sum tells whether it was altered."""
        parts = (student, exercise, backend, status, str(marks), str(most), of)
        seal = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        return cls(student, exercise, backend, status, marks, most, f"{of}:{seal[:SEAL_CHARACTERS]}")

    @property
    def key(self) -> Key:
        """The identity of the row."""
        return Key(self.student, self.exercise, self.backend)

    @property
    def of(self) -> str:
        """The fingerprint of what was graded."""
        return self.fingerprint.partition(":")[0]

    @property
    def is_altered(self) -> bool:
        """True where the row isn't as it was written."""
        details = {name: value for name, value in asdict(self).items() if name != "fingerprint"}
        return not 0 <= self.marks <= self.most or self != Grade.seal(**details, of=self.of)


COLUMNS = [field.name for field in fields(Grade)]


def read_grades(path: Path) -> dict[Key, Grade]:
    """Read the grades of earlier runs.

    Raises:
        MultibackendError: the file is something else, or holds two rows of the same.
    """
    try:
        content = read_plain(path, LARGEST_BYTES, links="none")
    except Unreadable as error:
        if error.status == "missing":
            return {}
        raise MultibackendError(
            f"{path}: can't be read ({error.status}); expected a plain file, or none; give another --output."
        ) from error
    grades: dict[Key, Grade] = {}
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if list(rows.fieldnames or COLUMNS) != COLUMNS:
            raise ValueError(f"got the columns {rows.fieldnames}; expected {COLUMNS}")
        for row in rows:
            grade = _read_row(row)
            if grade.key in grades:
                raise ValueError(f"line {rows.line_num}: a second row of the same student, exercise and backend")
            grades[grade.key] = grade
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise MultibackendError(f"{path}: no table of grades ({error}); give another --output.") from error
    return grades


def write_grades(folder: int, name: str, grades: Iterable[Grade]) -> None:
    """Write the table in an open folder, whole or not at all."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({key: _write_cell(value) for key, value in asdict(grade).items()} for grade in grades)
    write_within(folder, name, text.getvalue().encode())


def _read_row(row: dict[str, Any]) -> Grade:
    numbers = {name: int(row[name]) for name in ("marks", "most")}
    texts: dict[str, Any] = {name: _read_cell(text) for name, text in row.items() if name not in numbers}
    return Grade(**{**texts, **numbers})


def _write_cell(value: str | int) -> str:
    """Write a cell that is no formula, and stays one cell where the separator is a semicolon."""
    text = escape(str(value)).replace(";", "\\u003b")
    first = unicodedata.normalize("NFKC", text.lstrip(SKIPPED)[:1])
    return "'" + text if text.startswith("'") or (first and first in FORMULA_SIGNS) else text


def _read_cell(text: str) -> str:
    return unescape(text.removeprefix("'"))
