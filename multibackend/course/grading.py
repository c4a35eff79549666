"""Grading: a class's folder, with a folder in it for each student, submission by submission."""

from __future__ import annotations

import hashlib
import os
import queue
import secrets
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from multibackend.course.examination import Examiner, Result, Submission
from multibackend.course.exercise import Exercise
from multibackend.course.feedback import explain
from multibackend.course.grades import Grade
from multibackend.course.limits import Limits
from multibackend.course.words import Language, messages
from multibackend.errors import MultibackendError

LARGEST_BYTES = 1 << 20
"""Of a submission; the longest solution of the course has some kilobytes."""


@dataclass(frozen=True)
class Job:
    """A submission to be graded on a backend; `source` is None where there is none, for the reason in `status`."""

    student: str
    exercise: Exercise
    backend: str
    status: str
    source: str | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is a job of."""
        return self.student, self.exercise.id, self.backend

    def is_graded(self, grades: Mapping[tuple[str, str, str], Grade]) -> bool:
        """Whether there is a grade of just this submission."""
        return self.key in grades and grades[self.key].fingerprint == self.fingerprint

    @property
    def fingerprint(self) -> str:
        """A SHA-256 sum over all that decides the marks."""
        parts = (self.exercise.id, self.backend, self.status, self.source or "", self.exercise.checks)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def grade(self, result: Result) -> Grade:
        """The row for a result."""
        return Grade(
            self.student, self.exercise.id, self.backend, self.status, result.marks, result.most, self.fingerprint
        )


def find_jobs(folder: Path, chosen: Sequence[Exercise], demanded: bool, backends: Sequence[str]) -> list[Job]:
    """All submissions of a class; `demanded` exercises that a student didn't hand in are there, too.

    Raises:
        MultibackendError: the folder holds no folder of a student.
    """
    try:
        students = sorted(p for p in folder.iterdir() if p.is_dir() and not p.is_symlink() and p.name[0] != ".")
    except OSError as error:
        raise MultibackendError(f"{folder}: can't be read ({error.strerror}); expected a folder of a class.") from error
    if not students:
        raise MultibackendError(
            f"{folder}: holds no folder; expected one for each student, with files such as {chosen[0].filename}."
        )
    jobs = []
    for student in students:
        for exercise in chosen:
            status, source = read_submission(student / exercise.filename)
            if status != "missing" or demanded:
                jobs += [Job(student.name, exercise, backend, status, source) for backend in backends]
    return jobs


def read_submission(path: Path) -> tuple[str, str | None]:
    """A submission's status and source; links aren't followed, for they could lead to the solution."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return "missing", None
    except OSError:
        return "no file", None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return "no file", None
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        return "too large", None
    try:
        return "graded", content.decode("utf-8")
    except UnicodeDecodeError:
        return "no text", None


class Graders:
    """Threads, each with an examiner of each backend, that grade jobs beside one another."""

    def __init__(self, pythons: Mapping[str, str], number: int, limits: Limits, isolate: bool) -> None:
        self._pythons = pythons
        self._number = number
        self._limits = limits
        self._isolate = isolate
        self._examiners: list[Examiner] = []
        self._starting = threading.Lock()

    def grade(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
        """Each job with its result, in the order in which they end.

        Raises:
            NoIsolation: isolation is wanted and can't be had.
        """
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[Job, Result] | Exception] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._work, args=(waiting, done, stop), daemon=True)
            for _ in range(min(self._number, len(jobs)))
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in jobs:
                answer = done.get()
                if isinstance(answer, Exception):
                    raise answer
                yield answer
        finally:
            with self._starting:  # none is started after this
                stop.set()
            for examiner in self._examiners:  # and with it the submission it has in hand
                examiner.close()
            for thread in threads:
                thread.join()

    def _work(
        self,
        waiting: queue.SimpleQueue[Job],
        done: queue.SimpleQueue[tuple[Job, Result] | Exception],
        stop: threading.Event,
    ) -> None:
        examiners: dict[str, Examiner] = {}
        try:
            while not stop.is_set():
                job = waiting.get_nowait()
                if job.backend not in examiners:
                    with self._starting:
                        if stop.is_set():
                            return
                        examiners[job.backend] = Examiner(job.backend, self._pythons[job.backend])
                        self._examiners.append(examiners[job.backend])
                done.put((job, self._examine(job, examiners[job.backend])))
        except queue.Empty:
            return
        except Exception as error:  # handed to the thread that waits
            done.put(error)

    def _examine(self, job: Job, examiner: Examiner) -> Result:
        if job.source is None:
            return Result.nothing(job.exercise.points())
        submission = Submission(job.exercise.filename, job.source)
        # Other inputs for each submission, so that none can be learned from another's.
        seed = secrets.randbits(32)
        return examiner.examine(submission, job.exercise.points(), self._limits, self._isolate, seed)


def write_feedback(folder: Path, job: Job, result: Result, language: Language, limits: Limits) -> None:
    """What the student is told, point by point, in Markdown, in a folder of their own."""
    words, said = job.exercise.words(language), messages(language)
    if job.source is None:
        lines = [said[f"submission_{job.status.replace(' ', '_')}"].format(file=job.exercise.filename)]
    else:
        lines = [line.replace("```", "'''") for line in explain(result, words, language, limits)]
    text = [f"# {job.exercise.id}. {words.title} ({job.backend})", "", "```", *lines, "```", ""]
    path = folder / job.student / f"{job.exercise.id}-{job.backend}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(text), encoding="utf-8")
