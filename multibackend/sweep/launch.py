"""Launch: a worker for each backend at once; where one dies, another goes on behind the case that it died of."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from multibackend.engine.backends import environment_for_one_run, get_backend
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import Precision
from multibackend.launch.child import Child, stop, wait_for_any
from multibackend.launch.output_folder import OutputFolder
from multibackend.sweep.case import Case
from multibackend.sweep.request import CaseRun, Request
from multibackend.sweep.results import Outcome, load_parts

TICK_SECONDS = 0.5

CASE_SECONDS = 300.0
"""Seconds for one case, and for a worker's start: the slowest case took 10 s on a machine busy with others."""

WORKER = ("-P", "-m", "multibackend.sweep.worker")


@dataclass
class Sweeper:
    """One backend's runs: those that are left, and the worker that does them."""

    backend: str
    python: str
    output: Path
    moves: bool
    left: list[CaseRun]
    lock: int | None
    died: list[Outcome] = field(default_factory=list)
    child: Child | None = None
    part: int = 0
    running: CaseRun | None = None
    heard: float = 0.0

    @property
    def results(self) -> Path:
        """The folder of its parts."""
        return self.output / "results" / self.backend

    def start(self) -> None:
        """Start a worker for what is left."""
        request = Request(self.backend, 1, tuple(self.left), self.moves, str(self.results), self.part)
        environment = environment_for_one_run(self.backend, "cpu", 1)
        log = self.output / "logs" / f"{self.backend}.log"
        self.child = Child([self.python, *WORKER], environment, log, asdict(request), self.lock)
        self.running, self.heard = None, time.monotonic()

    def advance(self) -> None:
        """Take what the worker said; close one that is over or over its time, and name the case it died of.

        Raises:
            MultibackendError: it ended before any case, or without a case that is to blame.
        """
        assert self.child is not None
        over = self.child.has_exited
        for event in self.child.read_events():
            self._take(event)
        late = time.monotonic() - self.heard > CASE_SECONDS
        if not over and not late:
            return
        ending, log = self.child.close(), self.child.log
        self.child = None
        if not self.left:
            return
        if self.running is None or self.running not in self.left:
            raise MultibackendError(f"sweep on {self.backend}: {ending} before any case; its log says why: {log}.")
        why = f"no end after {CASE_SECONDS:g} s" if late else str(ending)
        died = Outcome(self.running.case, self.backend, self.running.precision, error=f"process died: {why}")
        self.died.append(died)
        self.left.remove(self.running)

    def _take(self, event: dict[str, Any]) -> None:
        self.heard = time.monotonic()
        match event:
            case {"event": "start", "run": dict(run)}:
                self.running = CaseRun(**run)
            case {"event": "saved", "runs": list(runs), "part": int(part)}:
                saved = {CaseRun(**run) for run in runs}
                self.left = [run for run in self.left if run not in saved]
                self.part, self.running = part + 1, None


def launch(
    cases: Sequence[Case],
    pythons: dict[str, str],
    precisions: Sequence[Precision],
    output: OutputFolder,
    tell: Callable[[dict[str, int]], None],
) -> list[Outcome]:
    """Run cases on backends beside one another; `tell` hears how many runs each has left.

    Raises:
        MultibackendError: results can't be written, or a worker ends before its first case.
    """
    shutil.rmtree(output.path / "results", ignore_errors=True)
    runs = [CaseRun(p, str(case)) for p in precisions for case in cases if p in case.precisions]
    moving = choose_moving(list(pythons))
    sweepers = [
        Sweeper(backend, python, output.path, backend in moving, list(runs), output.lock)
        for backend, python in pythons.items()
    ]
    try:
        while active := [s for s in sweepers if s.left or s.child]:
            for sweeper in active:
                if sweeper.child is None:
                    sweeper.start()
            wait_for_any([s.child for s in active if s.child], TICK_SECONDS)
            for sweeper in active:
                sweeper.advance()
            tell({s.backend: len(s.left) for s in sweepers})
    finally:
        stop([s.child for s in sweepers if s.child])
    return [outcome for s in sweepers for outcome in (*load_parts(s.results), *s.died)]


def choose_moving(backends: list[str]) -> list[str]:
    """Choose the backends that repeat cases with inputs moved by rounding: those that compile nothing for it.

    Two are enough for an envelope that leaves any one backend out; where there are fewer, all backends repeat.
    """
    moving = [backend for backend in backends if not get_backend(backend).compiles_each_program]
    return moving if len(moving) >= 2 else backends
