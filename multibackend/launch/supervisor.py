"""The supervisor: one backend's runs, the worker that trains them, and how each ends when the worker can't say."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from multibackend.errors import MultibackendError
from multibackend.launch.answers import Answer, Done, End, Epoch, Fatal, Ready, Start, read_answer
from multibackend.launch.child import Child
from multibackend.launch.kept import find_kept
from multibackend.launch.pool import Pool
from multibackend.launch.progress import Progress
from multibackend.launch.request import Request
from multibackend.records.record import Record, Run, Status, save_record
from multibackend.text import sanitize

START_SECONDS = 300.0
"""Limit from a worker's start to its first run, and between runs: a cold import of a framework takes up to a minute."""

END_SECONDS = 30.0
"""Limit from the last run's end until the worker says that it has done all."""

LONGEST_REASON = 2000
"""The most characters of a worker's reason that are kept; it may hold a model's words."""


@dataclass(frozen=True)
class Outcome:
    """The end of a run; `kept` says that the record is an earlier command's."""

    run: Run
    status: Status
    reason: str = ""
    wall_seconds: float = 0.0
    kept: bool = False


class Supervisor:
    """The runs that one backend has still to train, and the worker that trains them."""

    def __init__(
        self,
        request: Request,
        progress: Progress,
        outcomes: dict[Run, Outcome],
        run_seconds: float,
        pool: Pool,
    ) -> None:
        self.child: Child | None = None
        self._request = request
        self._progress = progress
        self._outcomes = outcomes
        self._run_seconds = run_seconds
        self._pool = pool
        self._remaining = list(request.runs)
        self._forget_worker()

    @property
    def is_active(self) -> bool:
        """True while a run is left to train, or a worker to end."""
        return bool(self._remaining) or self.child is not None

    def keep(self) -> None:
        """Take over what an earlier command finished."""
        for run in find_kept(self._request):
            self._record_outcome(Outcome(run, "finished", kept=True))

    def start_if_idle(self, workers: int) -> None:
        """Take or start a worker for the runs that are left, unless it has one; `workers` train at the same time."""
        if self.child is None:
            request = replace(self._request, runs=tuple(self._remaining))
            self.child, self._has_worked = self._pool.take(request, workers)
            self._ready = self._has_worked
            self._expect_within(START_SECONDS)

    def advance(self) -> None:
        """Read what the worker said; let it go when it has done all, has ended, or took too long."""
        assert self.child is not None
        over = self.child.has_exited  # asked before reading, so that nothing it said last is missed
        for event in self.child.read_events():
            self._take(read_answer(event))
        if over:
            self._close("")
        elif self._ended and not self._remaining:
            self._pool.give_back(self._request, self.child)
            self._forget_worker()
        elif time.monotonic() > self._deadline:
            self._close(f"no end after {self._limit:g} s, stopped")

    def _forget_worker(self) -> None:
        self.child = None
        self._ready = False
        self._running: Run | None = None
        self._started = 0.0
        self._has_worked = False
        self._ended = False

    def _expect_within(self, seconds: float) -> None:
        self._limit = seconds
        self._deadline = time.monotonic() + seconds

    def _take(self, answer: Answer | None) -> None:
        match answer:
            case Ready(device=device):
                self._ready = True
                self._progress.ready(self._request.backend, sanitize(device))
            case Start(run=run) if run in self._remaining:
                self._running, self._started = run, time.monotonic()
                self._expect_within(self._run_seconds)
                self._progress.start(run)
            case Epoch(run=run) if run == self._running:
                self._progress.epoch(run, answer.epoch, answer.epochs, answer.loss)
            case Done(run=run) if run in self._remaining:
                self._progress.note(run, [sanitize(note) for note in answer.notes])
                self._finish(run, answer.status, sanitize(answer.reason, LONGEST_REASON))
            case Fatal(reason=reason):
                raise MultibackendError(sanitize(reason, LONGEST_REASON))
            case End():
                self._ended = True
                self._expect_within(END_SECONDS)

    def _finish(self, run: Run, status: Status, reason: str) -> None:
        seconds = time.monotonic() - self._started if run == self._running else 0.0
        self._running = None
        self._has_worked = True
        self._record_outcome(Outcome(run, status, reason, seconds))
        self._expect_within(START_SECONDS if self._remaining else END_SECONDS)

    def _record_outcome(self, outcome: Outcome) -> None:
        self._remaining.remove(outcome.run)
        self._outcomes[outcome.run] = outcome
        self._progress.done(outcome.run, outcome.status, outcome.reason, outcome.wall_seconds, outcome.kept)

    def _close(self, why: str) -> None:
        """Let the running run fail; all runs if the worker never was ready; else the next run.

        So each worker leaves fewer runs than it was given, and restarts come to an end.
        """
        assert self.child is not None
        ending = self.child.close()
        reason = self._explain(why or str(ending))
        if self._running is not None:
            blamed = [self._running]
        elif not self._ready:
            blamed = list(self._remaining)
        else:
            blamed = [] if self._has_worked else self._remaining[:1]
        seconds = time.monotonic() - self._started if self._running else 0.0
        for run in blamed:
            record = Record(run=run, status="failed", reason=reason, fingerprint=self._request.fingerprint)
            save_record(record, self._request.records(run))
            self._record_outcome(Outcome(run, "failed", reason, seconds))
        self._forget_worker()

    def _explain(self, why: str) -> str:
        assert self.child is not None
        when = "" if self._ready else "before its first run: "
        line = self.child.last_log_line()
        return f"{when}{why}; " + (f"last words: {line!r}; " if line else "") + f"log: {self.child.log}"
