"""Workbook: a student's folder, with a file for each exercise that was started, and the progress in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from multibackend.course.classroom import LARGEST_BYTES, NoText, decode
from multibackend.course.exercise import Exercise
from multibackend.course.feedback import explain_status
from multibackend.course.names import shown
from multibackend.course.words import Language, messages
from multibackend.engine.backends import DESCRIPTORS
from multibackend.errors import MultibackendError
from multibackend.files.reading import Unreadable, read_plain
from multibackend.files.writing import write_whole
from multibackend.text import sanitize

PROGRESS_FILE = ".multibackend-progress.json"


@dataclass(frozen=True)
class Progress:
    """The progress in one exercise: the best marks, the most there are, hints read, and backends it is solved on."""

    marks: int = 0
    most: int = 0
    hints: int = 0
    solved: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hint:
    """A hint and its number, from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Workbook:
    """A student's folder."""

    folder: Path = field(default_factory=Path)

    def file(self, exercise: Exercise) -> Path:
        """Return the path of the student's file of an exercise, which may not be there."""
        return self.folder / exercise.filename

    def start(self, exercise: Exercise, starter: str) -> Path:
        """Write the starter, and return its path.

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
        """Write the starter anew. Return the path that the older file is kept under, None if there was none."""
        path = self.file(exercise)
        kept = None
        if path.exists():
            names = (path.with_name(f"{path.stem}.old{i or ''}{path.suffix}") for i in range(1000))
            kept = next(name for name in names if not name.exists())
            path.rename(kept)
        self.start(exercise, starter)
        return kept

    def progress(self) -> dict[str, Progress]:
        """Read the progress in each exercise, by its id.

        Raises:
            MultibackendError: the file isn't one of ours.
        """
        path = self.folder / PROGRESS_FILE
        why: Exception
        try:
            content = read_plain(path, LARGEST_BYTES, links="any")
            reached = msgspec.json.decode(content, type=dict[str, Progress])
            if unknown := {name for entry in reached.values() for name in entry.solved} - DESCRIPTORS.keys():
                raise ValueError(f"unknown backends {sanitize(str(sorted(unknown)))}")
            return reached
        except Unreadable as error:
            if error.status == "missing":
                return {}
            why = error
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            why = error
        reason = sanitize(str(why))
        raise MultibackendError(f"{shown(path)}: no progress of the course ({reason}); remove that file.") from why

    def record(self, exercise: Exercise, reached: Progress) -> None:
        """Write the progress in one exercise; the file is replaced whole or not at all."""
        table = self.progress() | {exercise.id: reached}
        write_whole(self.folder / PROGRESS_FILE, msgspec.json.format(msgspec.json.encode(table), indent=1))

    def take_hint(self, exercise: Exercise, hints: Sequence[str]) -> Hint | None:
        """Note that the next hint is read, and return it; None when all have been read."""
        reached = self.progress().get(exercise.id, Progress())
        if reached.hints >= len(hints):
            return None
        self.record(exercise, replace(reached, hints=reached.hints + 1))
        return Hint(reached.hints + 1, hints[reached.hints])

    def take_marks(self, exercise: Exercise, backend: str, marks: int, most: int) -> None:
        """Note a check's marks, if they are the best so far."""
        reached = self.progress().get(exercise.id, Progress())
        solved = tuple(sorted({*reached.solved, backend})) if marks == most > 0 else reached.solved
        best = max(marks, reached.marks if reached.most == most else 0)
        self.record(exercise, Progress(best, most, reached.hints, solved))

    def forget(self) -> None:
        """Remove the progress in all exercises."""
        (self.folder / PROGRESS_FILE).unlink(missing_ok=True)


def read_own(exercise: Exercise, path: Path, language: Language) -> str:
    """Read a student's own file, for that student; links are followed.

    Raises:
        MultibackendError: it can't be read; the message says why, in the student's language.
    """
    said = messages(language)
    try:
        return decode(read_plain(path, LARGEST_BYTES, links="any"))
    except (Unreadable, NoText) as error:
        status = error.status if isinstance(error, Unreadable) else "no text"
        if status == "missing":
            raise MultibackendError(said["no_such_file"].format(file=shown(path), id=exercise.id)) from error
        why = explain_status(status, shown(path), language)
        raise MultibackendError(said["no_submission"].format(why=why)) from error
