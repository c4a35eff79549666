"""Launch: a worker a backend at once; where one dies, another goes on behind the case that it died of."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from multibackend.engine.backends import environment_for_one_run, get_backend
from multibackend.errors import MultibackendError
from multibackend.launch.child import Child, stop, wait_for_any
from multibackend.launch.output_folder import OutputFolder
from multibackend.sweep.case import Case
from multibackend.sweep.results import Outcome, load_parts

TICK_SECONDS = 0.5

CASE_SECONDS = 300.0
"""Limit for one case, and for a worker's start: the slowest case took 10 s on a machine busy with others."""

Runs = list[tuple[str, str]]
"""Precision and case."""


@dataclass
class Sweeper:
    """One backend's runs: what is left, and the worker that does it."""

    backend: str
    python: str
    output: Path
    moves: bool
    left: Runs
    lock: int | None
    died: list[Outcome] = field(default_factory=list)
    child: Child | None = None
    part: int = 0
    running: tuple[str, str] | None = None
    heard: float = 0.0

    @property
    def results(self) -> Path:
        """Where its parts go."""
        return self.output / "results" / self.backend

    def start(self) -> None:
        """Start a worker for what is left."""
        content = {"backend": self.backend, "threads": 1, "runs": self.left, "moves": self.moves}
        content |= {"first_part": self.part, "results": str(self.results)}
        environment = environment_for_one_run(self.backend, "cpu", 1)
        command = [self.python, "-P", "-m", "multibackend.sweep.worker"]
        self.child = Child(command, environment, self.output / "logs" / f"{self.backend}.log", content, self.lock)
        self.running, self.heard = None, time.monotonic()

    def advance(self) -> None:
        """Take what the worker said; close one that is over or over its time, and name the case it died of."""
        assert self.child is not None
        over = self.child.has_exited
        for event in self.child.read_events():
            self._take(event)
        late = time.monotonic() - self.heard > CASE_SECONDS
        if not over and not late:
            return
        ending = self.child.close()
        self.child = None
        if not self.left:
            return
        if self.running is None or self.running not in self.left:
            log = self.output / "logs" / f"{self.backend}.log"
            raise MultibackendError(f"sweep on {self.backend}: {ending} before any case; its log is {log}.")
        precision, case = self.running
        why = f"no end after {CASE_SECONDS:g} s" if late else ending
        self.died.append(Outcome(case, self.backend, precision, error=f"process died: {why}"))
        self.left.remove(self.running)

    def _take(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        self.heard = time.monotonic()
        if kind == "start":
            self.running = (event["run"][0], event["run"][1])
        elif kind == "saved":
            saved = {(precision, case) for precision, case in event["runs"]}
            self.left = [run for run in self.left if run not in saved]
            self.part, self.running = event["part"] + 1, None


def launch(
    cases: Sequence[Case],
    pythons: dict[str, str],
    precisions: Sequence[str],
    output: OutputFolder,
    tell: Callable[[dict[str, int]], None],
) -> list[Outcome]:
    """Run cases on backends beside one another; `tell` hears how many runs each has left.

    Raises:
        MultibackendError: results can't be written, or a worker ends before its first case.
    """
    shutil.rmtree(output.path / "results", ignore_errors=True)
    runs = [(p, str(case)) for p in precisions for case in cases if p in case.precisions]
    # Two backends that repeat cases with inputs moved by rounding are enough for an envelope without any one backend.
    moving = [backend for backend in pythons if not get_backend(backend).compiles_each_program]
    if len(moving) < 2:
        moving = list(pythons)
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
