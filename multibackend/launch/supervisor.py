"""Supervisor: one backend's runs, the worker that trains them, and what becomes of each when the worker can't say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from multibackend.errors import MultibackendError
from multibackend.launch.child import Child
from multibackend.launch.kept import find_kept
from multibackend.launch.progress import Progress
from multibackend.launch.request import Request, parse_event, start_worker
from multibackend.records.record import Record, Run, Status, save_record
from multibackend.text import sanitize

START_SECONDS = 300.0
"""From a worker's start to its first run, and between runs: a cold import of a framework takes up to a minute."""

END_SECONDS = 30.0
"""From the last run's end to the worker's own."""

LONGEST_REASON = 2000
"""Characters of a worker's reason; what it says may hold a model's words."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended; `kept` says that it is an earlier command's record."""

    run: Run
    status: Status
    reason: str = ""
    wall_seconds: float = 0.0
    kept: bool = False


class Supervisor:
    """What one backend has still to train, and the worker that does it."""

    def __init__(
        self,
        request: Request,
        progress: Progress,
        outcomes: dict[Run, Outcome],
        run_seconds: float,
        worker_command: Sequence[str],
    ) -> None:
        self.child: Child | None = None
        self._request = request
        self._progress = progress
        self._outcomes = outcomes
        self._run_seconds = run_seconds
        self._worker_command = worker_command
        self._remaining = list(request.runs)
        self._forget_worker()

    @property
    def is_active(self) -> bool:
        """Whether something is left to train, or a worker to end."""
        return bool(self._remaining) or self.child is not None

    def keep(self) -> None:
        """Take over what an earlier command finished."""
        for run in find_kept(self._request):
            self._record_outcome(Outcome(run, "finished", kept=True))

    def start_if_idle(self, workers: int) -> None:
        """Start a worker for the runs that are left, unless there is one; so many train beside one another."""
        if self.child is None:
            request = replace(self._request, runs=tuple(self._remaining))
            self.child = start_worker(request, workers, self._worker_command)
            self._expect_within(START_SECONDS)

    def advance(self) -> None:
        """Take what the worker said; close one that is over, or over its time."""
        assert self.child is not None
        over = self.child.has_exited  # asked before reading, so that nothing it said last is missed
        for event in self.child.read_events():
            self._take(parse_event(event))
        if over:
            self._close("")
        elif time.monotonic() > self._deadline:
            self._close(f"no end after {self._limit:g} s, stopped")

    def _forget_worker(self) -> None:
        self.child = None
        self._ready = False
        self._running: Run | None = None
        self._started = 0.0
        self._done_by_worker = 0

    def _expect_within(self, seconds: float) -> None:
        self._limit = seconds
        self._deadline = time.monotonic() + seconds

    def _take(self, event: dict[str, Any]) -> None:
        match event:
            case {"event": "ready", "device": str(device)}:
                self._ready = True
                self._progress.ready(self._request.backend, sanitize(device))
            case {"event": "start", "run": Run() as run} if run in self._remaining:
                self._running, self._started = run, time.monotonic()
                self._expect_within(self._run_seconds)
                self._progress.start(run)
            case {"event": "epoch", "run": Run() as run, "epoch": int(epoch), "epochs": int(epochs), "loss": loss} if (
                run == self._running and isinstance(loss, (int, float, type(None)))
            ):
                self._progress.epoch(run, epoch, epochs, loss)
            case {"event": "done", "run": Run() as run, "status": status} if (
                run in self._remaining and status in get_args(Status)
            ):
                self._progress.note(run, [sanitize(str(note)) for note in event.get("notes", ())])
                self._finish(run, status, sanitize(str(event.get("reason", "")), LONGEST_REASON))
            case {"event": "fatal"}:
                raise MultibackendError(sanitize(str(event.get("reason", "the worker gave no reason")), LONGEST_REASON))
            case {"event": "end"}:
                self._expect_within(END_SECONDS)

    def _finish(self, run: Run, status: Status, reason: str) -> None:
        seconds = time.monotonic() - self._started if run == self._running else 0.0
        self._running = None
        self._done_by_worker += 1
        self._record_outcome(Outcome(run, status, reason, seconds))
        self._expect_within(START_SECONDS if self._remaining else END_SECONDS)

    def _record_outcome(self, outcome: Outcome) -> None:
        self._remaining.remove(outcome.run)
        self._outcomes[outcome.run] = outcome
        self._progress.done(outcome.run, outcome.status, outcome.reason, outcome.wall_seconds, outcome.kept)

    def _close(self, why: str) -> None:
        """Blame the worker's end on the run in flight, on all if it never was ready, else on the next one.

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
            blamed = [] if self._done_by_worker else self._remaining[:1]
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
