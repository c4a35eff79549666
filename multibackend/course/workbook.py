"""Workbook: a student's folder, with a file for each exercise that was started, and what has been reached."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from multibackend.course.classroom import LARGEST_BYTES, decode
from multibackend.course.exercise import Exercise
from multibackend.course.feedback import explain_status
from multibackend.course.names import shown
from multibackend.course.storage import Unreadable, read_plain
from multibackend.course.words import Language, messages
from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.text import sanitize

PROGRESS_FILE = ".multibackend-progress.json"


@dataclass(frozen=True)
class Progress:
    """Of one exercise: a check's best marks, those that could be reached, hints read, backends it is solved on."""

    marks: int = 0
    most: int = 0
    hints: int = 0
    solved: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workbook:
    """A folder."""

    folder: Path = field(default_factory=Path)

    def file(self, exercise: Exercise) -> Path:
        """Where the student's file of an exercise is, or would be."""
        return self.folder / exercise.filename

    def start(self, exercise: Exercise, starter: str) -> Path:
        """Write the starter.

        Raises:
            MultibackendError: the file is already there.
        """
        path = self.file(exercise)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(starter)
        except FileExistsError as error:
            raise MultibackendError(
                f"{path}: is there already, and stays as it is; `multibackend check {exercise.id}` checks it, "
                f"`multibackend reset {exercise.id}` starts anew."
            ) from error
        return path

    def reset(self, exercise: Exercise, starter: str) -> Path | None:
        """Write the starter anew; returns where the file that was there is kept, None if there was none."""
        path = self.file(exercise)
        kept = None
        if path.exists():
            names = (path.with_name(f"{path.stem}.old{i or ''}{path.suffix}") for i in range(1000))
            kept = next(name for name in names if not name.exists())
            path.rename(kept)
        self.start(exercise, starter)
        return kept

    def progress(self) -> dict[str, Progress]:
        """What has been reached, by exercise.

        Raises:
            MultibackendError: the file isn't one of ours.
        """
        path = self.folder / PROGRESS_FILE
        why: Exception
        try:
            table = json.loads(read_plain(path, LARGEST_BYTES, links=True))
            return {id: _read_progress(entry) for id, entry in table.items()}
        except Unreadable as error:
            if error.status == "missing":
                return {}
            why = error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            why = error
        raise MultibackendError(f"{shown(path)}: no progress of the course ({why}); remove that file.") from why

    def record(self, exercise: Exercise, reached: Progress) -> None:
        """Keep what has been reached in one exercise; the file is replaced whole or not at all."""
        table = {id: asdict(entry) for id, entry in (self.progress() | {exercise.id: reached}).items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix=".progress-", delete=False) as file:
            json.dump(table, file, indent=1)
        Path(file.name).replace(self.folder / PROGRESS_FILE)

    def take_hint(self, exercise: Exercise, hints: Sequence[str]) -> tuple[int, str] | None:
        """The next hint with its number, from 1; None when all have been read."""
        reached = self.progress().get(exercise.id, Progress())
        if reached.hints >= len(hints):
            return None
        self.record(exercise, Progress(**{**asdict(reached), "hints": reached.hints + 1}))
        return reached.hints + 1, hints[reached.hints]

    def take_marks(self, exercise: Exercise, backend: str, marks: int, most: int) -> None:
        """Keep a check's marks, if they are the best so far."""
        reached = self.progress().get(exercise.id, Progress())
        solved = tuple(sorted({*reached.solved, backend})) if marks == most > 0 else reached.solved
        best = max(marks, reached.marks if reached.most == most else 0)
        self.record(exercise, Progress(best, most, reached.hints, solved))

    def forget(self) -> None:
        """Remove what has been reached."""
        (self.folder / PROGRESS_FILE).unlink(missing_ok=True)


def _read_progress(entry: Any) -> Progress:
    read = Progress(**{**entry, "solved": tuple(entry["solved"])})
    numbers, names = (read.marks, read.most, read.hints), read.solved
    if not all(type(number) is int for number in numbers) or not all(name in BACKENDS for name in names):
        raise TypeError(f"got {sanitize(str(entry))}")
    return read


def read_own(exercise: Exercise, path: Path, language: Language) -> str:
    """Read a student's own file, for the student; links to it are followed.

    Raises:
        MultibackendError: it can't be read; says why, in the student's language.
    """
    said = messages(language)
    try:
        return decode(read_plain(path, LARGEST_BYTES, links=True))
    except Unreadable as error:
        if error.status == "missing":
            raise MultibackendError(said["no_such_file"].format(file=shown(path), id=exercise.id)) from error
        why = explain_status(error.status, shown(path), language)
        raise MultibackendError(said["no_submission"].format(why=why)) from error
