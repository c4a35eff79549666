"""Grades: a class's table, which is also what a second run goes on from.

A row stands as long as the student's file, the exercise's checks and the backend are what they were.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from multibackend.errors import MultibackendError


@dataclass(frozen=True)
class Grade:
    """A row of the table.

    `status` is "graded", or why there is nothing to grade: "missing", "no file", "too large", "no text".
    """

    student: str
    exercise: str
    backend: str
    status: str
    marks: int
    most: int
    fingerprint: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is the grade of."""
        return self.student, self.exercise, self.backend


def read_grades(path: Path) -> dict[tuple[str, str, str], Grade]:
    """The grades of an earlier run.

    Raises:
        MultibackendError: the file is another table.
    """
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [_read_row(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MultibackendError(f"{path}: no table of grades ({error}); give another --output.") from error
    return {grade.key: grade for grade in rows}


def write_grades(path: Path, grades: Sequence[Grade]) -> None:
    """Write the table, whole or not at all."""
    scratch = path.with_name(f".{path.name}.writing")
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Grade)])
        writer.writeheader()
        writer.writerows(asdict(grade) for grade in grades)
    scratch.replace(path)


def _read_row(row: dict[str, Any]) -> Grade:
    return Grade(**{**row, "marks": int(row["marks"]), "most": int(row["most"])})
