"""The loop: one worker process for each backend, all at the same time, until every run has ended somehow.

A worker that crashed, was killed or hangs can't say how its run ended: its supervisor does, and starts another worker
for the runs that are left.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from multibackend.launch.child import stop, wait_for_any
from multibackend.launch.pool import Pool
from multibackend.launch.progress import Progress
from multibackend.launch.request import Request
from multibackend.launch.supervisor import Outcome, Supervisor
from multibackend.records.record import Run

TICK_SECONDS = 0.2
"""Seconds between two looks at limits of time and at signals, while no worker says anything."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a command: Ctrl-C, `kill`, and a terminal that is closed."""


class Interrupted(Exception):
    """The user or the system ended the command; `finished` of `total` runs are kept."""

    def __init__(self, finished: int, total: int) -> None:
        super().__init__(f"{finished} of {total}")
        self.finished = finished
        self.total = total


def launch(
    requests: Sequence[Request],
    progress: Progress,
    run_seconds: float,
    pool: Pool,
) -> list[Outcome]:
    """Train all runs of all requests, the backends at the same time; return the outcomes in the order of the runs.

    Runs that an earlier command finished under the same fingerprint are kept and not trained again. A worker that has
    done all waits in the pool.

    Raises:
        Interrupted: by Ctrl-C, or by SIGTERM or SIGHUP; no worker is left but those of the pool.
        MultibackendError: results can't be written, or a worker says that going on makes no sense.
    """
    outcomes: dict[Run, Outcome] = {}
    supervisors = [Supervisor(request, progress, outcomes, run_seconds, pool) for request in requests]
    total = sum(len(request.runs) for request in requests)
    with _interruption() as interrupted:
        try:
            for supervisor in supervisors:
                supervisor.keep()
            while active := [supervisor for supervisor in supervisors if supervisor.is_active]:
                if interrupted.is_set():
                    raise Interrupted(sum(outcome.status == "finished" for outcome in outcomes.values()), total)
                for supervisor in active:
                    supervisor.start_if_idle(len(active))
                wait_for_any([supervisor.child for supervisor in active if supervisor.child], TICK_SECONDS)
                for supervisor in active:
                    supervisor.advance()
        finally:
            stop([supervisor.child for supervisor in supervisors if supervisor.child])
    return [outcomes[run] for request in requests for run in request.runs]


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Set the event at Ctrl-C, SIGTERM and SIGHUP, in place of an exception that could be raised anywhere.

    So no worker is lost that was started but isn't known yet, and a second Ctrl-C doesn't interrupt the stopping. A
    signal that is ignored (nohup) stays ignored. Only the main thread receives signals.
    """
    interrupted = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in SIGNALS if main}
    heard = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    try:
        for number in heard:
            signal.signal(number, lambda _number, _frame: interrupted.set())
        yield interrupted
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
