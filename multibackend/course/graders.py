"""Graders: threads that grade a class's submissions at the same time, each with an examiner for each backend.

An error with one submission concerns that submission alone: an examiner that failed is replaced. Each new examiner is
tried with an empty file first. The grading ends only where even that can't be examined.
"""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Generator, Mapping, Sequence

from multibackend.course.examination import Examiner
from multibackend.course.grading import Job, Outcome
from multibackend.course.isolation import NoIsolation
from multibackend.course.limits import Limits
from multibackend.course.verdict import Result, Submission
from multibackend.errors import MultibackendError

TRIES = 2
"""The number of times a submission is tried: an earlier one, or the system, may have broken its examiner."""

STARTS = 3
"""The number of examiners that are started in a row before their backend counts as unable to check here."""

EMPTY = Submission("empty.py", "")


class Stopped(Exception):
    """The grading has been ended."""


class Graders:
    """Threads that grade jobs at the same time, each with an examiner for each backend."""

    def __init__(self, pythons: Mapping[str, str], number: int, limits: Limits, isolate: bool) -> None:
        self._pythons = pythons
        self._number = number
        self._limits = limits
        self._isolate = isolate
        self._examiners: set[Examiner] = set()
        self._changing = threading.Lock()
        self._stopped = False

    def grade(self, jobs: Sequence[Job]) -> Generator[Outcome]:
        """Grade jobs, and yield each outcome once it is known; jobs without a submission come last.

        Raises:
            NoIsolation: isolation is wanted and can't be had.
            MultibackendError: a backend's Python can't check anything.
        """
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        done: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        submitted = [job for job in jobs if job.source is not None]
        for job in submitted:
            waiting.put(job)
        threads = [
            threading.Thread(target=self._work, args=(waiting, done), daemon=True)
            for _ in range(min(self._number, len(submitted)))
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in submitted:
                answer = done.get()
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
        finally:
            with self._changing:  # none is started after this
                self._stopped = True
                left, self._examiners = self._examiners, set()
            for examiner in left:  # and with it the submission it has in hand
                examiner.close()
            for thread in threads:
                thread.join()
        yield from (Outcome.nothing(job) for job in jobs if job.source is None)

    def _work(self, waiting: queue.SimpleQueue[Job], done: queue.SimpleQueue[Outcome | BaseException]) -> None:
        desk: dict[str, Examiner] = {}
        try:
            while not self._stopped:
                done.put(self._judge(waiting.get_nowait(), desk))
        except (queue.Empty, Stopped):
            return
        except BaseException as error:  # handed to the thread that waits
            done.put(error)

    def _judge(self, job: Job, desk: dict[str, Examiner]) -> Outcome:
        """Judge a job with the examiners of a thread, and replace one that fails."""
        for _ in range(TRIES):
            if job.backend not in desk:
                desk[job.backend] = self._start(job.backend)
            try:
                return Outcome(job, self._examine(job, desk[job.backend]))
            except Exception as error:  # it concerns this submission alone, or the next examiner fails, too
                failure = Outcome.failure(job, error)
            self._close(desk.pop(job.backend))
        return failure

    def _examine(self, job: Job, examiner: Examiner) -> Result:
        submission = Submission(job.exercise.filename, job.source or "")
        # Other inputs for each submission, so that none can be learned from another's.
        seed = secrets.randbits(32)
        return examiner.examine(submission, job.exercise.points(), self._limits, self._isolate, seed)

    def _start(self, backend: str) -> Examiner:
        """Start an examiner, and try it.

        Raises:
            NoIsolation: isolation is wanted and can't be had.
            MultibackendError: none that was started works.
        """
        for _ in range(STARTS):
            examiner = self._open(backend)
            try:
                examiner.examine(EMPTY, (), self._limits, self._isolate)
                return examiner
            except NoIsolation:
                raise
            except Exception as error:
                failure = error
            self._close(examiner)
        raise MultibackendError(f"{failure} It was tried {STARTS} times.") from failure

    def _open(self, backend: str) -> Examiner:
        with self._changing:
            if self._stopped:
                raise Stopped
            examiner = Examiner(backend, self._pythons[backend])
            self._examiners.add(examiner)
        return examiner

    def _close(self, examiner: Examiner) -> None:
        with self._changing:
            if examiner not in self._examiners:
                raise Stopped  # which closed it, too
            self._examiners.remove(examiner)
        examiner.close()
