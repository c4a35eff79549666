"""Grading: which submissions of a class are to be graded on which backends, and what comes of each.

`Graders` take them one after another, several beside one another; see graders.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from multibackend.course.classroom import Entry
from multibackend.course.examination import Result
from multibackend.course.exercise import Exercise
from multibackend.course.grades import Grade, Key

ERROR = "error"
"""The status of a submission that couldn't be judged, for a reason that isn't the student's."""

UNFINISHED = "unfinished"
"""The fingerprint of a job that another run is to try again."""


@dataclass(frozen=True)
class Job:
    """A submission to be graded on a backend; `source` is None where there is none, for the reason in `status`."""

    student: str
    exercise: Exercise
    backend: str
    status: str
    source: str | None

    @property
    def key(self) -> Key:
        """The student, the exercise and the backend."""
        return self.student, self.exercise.id, self.backend

    def is_graded(self, grades: Mapping[Key, Grade]) -> bool:
        """Whether there is a grade of just this submission, as it was written."""
        grade = grades.get(self.key)
        if grade is None or grade.is_altered or grade.of != self.fingerprint:
            return False
        return grade.most == sum(point.marks for point in self.exercise.points())

    @property
    def fingerprint(self) -> str:
        """A SHA-256 sum over all that decides the marks."""
        parts = (self.exercise.id, self.backend, self.status, self.source or "", self.exercise.checks)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """The result of a job. `fault` says why another run must try it again; it is empty if none must."""

    job: Job
    result: Result
    fault: str = ""

    @classmethod
    def nothing(cls, job: Job) -> Outcome:
        """The outcome of a job without a submission: no marks."""
        return cls(job, Result.nothing(job.exercise.points()))

    @classmethod
    def failure(cls, job: Job, error: Exception) -> Outcome:
        """The outcome of a job whose grading failed: no marks, until another run can grade it."""
        fault = f"{type(error).__name__}: {error}"
        return cls(replace(job, status=ERROR, source=None), Result.nothing(job.exercise.points()), fault)

    def grade(self) -> Grade:
        """The row for the table."""
        job, result = self.job, self.result
        of = UNFINISHED if self.fault else job.fingerprint
        return Grade.seal(*job.key, job.status, result.marks, result.most, of)


def make_jobs(entries: Iterable[Entry], backends: Sequence[str]) -> list[Job]:
    """A job for each entry on each backend."""
    return [
        Job(entry.student, entry.exercise, backend, entry.status, entry.source)
        for entry in entries
        for backend in backends
    ]
