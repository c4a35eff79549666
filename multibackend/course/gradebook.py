"""Gradebook: a class's table of marks and the pages of feedback beside it, while a run fills them.

One run has it at a time. Rows of earlier runs stay, unless they are graded again.
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
from multibackend.course.storage import lock, opened_folder
from multibackend.errors import MultibackendError

WRITING_SECONDS = 1.0
"""The time between two writings of the table: a process that is killed loses no more than it graded in that time."""


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
        """Keep a grade, and write the student's page in a folder of the feedback.

        The outcome that is returned has a fault where the page can't be written: its marks count, and another run
        tries it again.
        """
        name = f"{outcome.job.exercise.id}-{outcome.job.backend}.md"
        try:
            write_feedback(self._feedback, folder, name, page())
        except Exception as error:  # of any kind: it is this submission's alone
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
        """The rows that aren't as they were written."""
        return [grade for grade in self.grades.values() if grade.is_altered]

    def folder_names(self, students: Iterable[str]) -> dict[str, str]:
        """The folder of each student's feedback, which isn't that of anybody else in the table either."""
        return folder_names({*students, *(grade.student for grade in self.grades.values())})


@contextmanager
def opened_gradebook(output: Path) -> Iterator[Gradebook]:
    """Open a table of marks and the folder of feedback beside it; what was graded is written, however this ends.

    Raises:
        MultibackendError: another run has it, the file is something else, or there is no folder for feedback.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(lock(output))
        folder = stack.enter_context(opened_folder(output.parent.resolve()))
        try:
            feedback = stack.enter_context(opened_folder(FEEDBACK, within=folder, make=True))
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
