"""Grading: the jobs of grading a class, one for each submission and backend, and their outcomes.

`graders.py` does the jobs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from multibackend.course.classroom import Entry
from multibackend.course.exercise import Exercise
from multibackend.course.grades import Grade, Key
from multibackend.course.verdict import Result

ERROR = "error"
"""The status of a submission that couldn't be judged, through no fault of the student."""

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
        """The identity of its row in the table."""
        return Key(self.student, self.exercise.id, self.backend)

    def is_graded(self, grades: Mapping[Key, Grade]) -> bool:
        """Tell whether the table has a valid grade of exactly this submission."""
        grade = grades.get(self.key)
        if grade is None or grade.is_altered or grade.of != self.fingerprint:
            return False
        return grade.most == sum(point.marks for point in self.exercise.points())

    @property
    def fingerprint(self) -> str:
        """A SHA-256 sum over everything that decides the marks."""
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
        """Make the outcome of a job without a submission: no marks."""
        return cls(job, Result.nothing(job.exercise.points()))

    @classmethod
    def failure(cls, job: Job, error: Exception) -> Outcome:
        """Make the outcome of a job whose grading failed: no marks, until another run can grade it."""
        fault = f"{type(error).__name__}: {error}"
        return cls(replace(job, status=ERROR, source=None), Result.nothing(job.exercise.points()), fault)

    def grade(self) -> Grade:
        """Make the row for the table."""
        job, result = self.job, self.result
        of = UNFINISHED if self.fault else job.fingerprint
        return Grade.seal(job.student, job.exercise.id, job.backend, job.status, result.marks, result.most, of)


def make_jobs(entries: Iterable[Entry], backends: Sequence[str]) -> list[Job]:
    """Make a job for each entry on each backend."""
    return [
        Job(entry.student, entry.exercise, backend, entry.status, entry.source)
        for entry in entries
        for backend in backends
    ]
