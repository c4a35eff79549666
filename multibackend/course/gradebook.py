"""Gradebook: a class's table of marks and the pages of feedback beside it, while a run fills them.

One run at a time can open it. Rows of earlier runs stay, unless they are graded again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from multibackend.course.classroom import FEEDBACK
from multibackend.course.exercise import exercises
from multibackend.course.feedback import write_feedback
from multibackend.course.grades import Grade, read_grades, write_grades
from multibackend.course.grading import Outcome
from multibackend.course.names import folder_names
from multibackend.errors import MultibackendError
from multibackend.files.locking import locked
from multibackend.files.reading import opened_folder
from multibackend.files.writing import made_folder

WRITING_SECONDS = 1.0
"""The time between two writings of the table. A process that is killed loses what it graded in that time, no more."""

WAIT_SECONDS = 0.0
"""The time to wait for another command's lock: no worker outlives its `grade`, so there is nothing to wait for."""


class Gradebook:
    """An open gradebook: the grades by key, with the open folders of the table and of the feedback."""

    def __init__(self, output: Path, folder: int, feedback: int) -> None:
        self.grades = read_grades(output)
        self._output = output
        self._folder = folder
        self._feedback = feedback
        self._written = 0.0
        self._changed = False

    def take(self, outcome: Outcome, page: Callable[[], str], folder: str) -> Outcome:
        """Keep a grade, write the student's page in a folder of the feedback, and return the outcome.

        Where the page can't be written, the outcome that is returned has a fault: its marks count, and another run
        tries it again.
        """
        name = f"{outcome.job.exercise.id}-{outcome.job.backend}.md"
        try:
            write_feedback(self._feedback, folder, name, page())
        except Exception as error:  # whatever it is, it concerns this submission alone
            fault = f"{FEEDBACK}/{folder}/{name}: {getattr(error, 'strerror', None) or repr(error)}"
            outcome = replace(outcome, fault=outcome.fault or fault)
        self.grades[outcome.job.key] = outcome.grade()
        self._changed = True
        if time.monotonic() - self._written > WRITING_SECONDS:
            self.write()
        return outcome

    def write(self) -> None:
        """Write the table if it has changed, in the order of students, exercises and backends."""
        if not self._changed:
            return
        order = {id: place for place, id in enumerate(exercises())}
        rows = sorted(
            self.grades.values(), key=lambda row: (row.student, order.get(row.exercise, len(order)), row.backend)
        )
        write_grades(self._folder, self._output.name, rows)
        self._written, self._changed = time.monotonic(), False

    def altered(self) -> list[Grade]:
        """List the rows that aren't as they were written."""
        return [grade for grade in self.grades.values() if grade.is_altered]

    def folder_names(self, students: Iterable[str]) -> dict[str, str]:
        """Name a folder for each student's feedback, which is nobody else's, in the table either."""
        return folder_names({*students, *(grade.student for grade in self.grades.values())})


@contextmanager
def opened_gradebook(output: Path) -> Iterator[Gradebook]:
    """Open a table of marks and the folder of feedback beside it. What was graded is written, however this ends.

    Raises:
        MultibackendError: another run has it, the file is something else, there is no folder for feedback, or the file
            system can't keep other runs away.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    lock = output.with_name(f".{output.name}.lock")
    with ExitStack() as stack:
        if stack.enter_context(locked(lock, str(output), "give another --output", WAIT_SECONDS)) is None:
            raise MultibackendError(
                f"{output}: its file system has no locks, and two runs would spoil the table; give another --output."
            )
        folder = stack.enter_context(opened_folder(output.parent.resolve()))
        try:
            feedback = stack.enter_context(made_folder(FEEDBACK, within=folder))
        except OSError as error:
            raise MultibackendError(
                f"{output.parent / FEEDBACK}: {error.strerror}; expected a folder that is no link, or none. Remove it, "
                "or give another --output."
            ) from error
        book = Gradebook(output, folder, feedback)
        try:
            yield book
        finally:
            book.write()
