"""Requests: what one backend is to train, and the worker that is started for it.

A worker is `PYTHON -m multibackend.train.worker`. Its first request comes on its standard input, so that no other
command's can be taken for it; when it has done that, it waits for another (`pool.py`). It answers with events
(`answers.py`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from multibackend.engine.backends import environment_variables
from multibackend.launch.child import Child
from multibackend.launch.settings import Settings
from multibackend.records.record import Run

WORKER = ("-P", "-m", "multibackend.train.worker")
"""The worker's options and module. With -P, a `numpy.py` in the working folder, such as one of records from
elsewhere, isn't taken for NumPy."""


@dataclass(frozen=True)
class Request:
    """The runs that one backend is to train, with which Python and settings; results go below `output`.

    `sources` are folders of records that its runs start from. `lock` is the output folder's, which the worker's keeper
    holds too.
    """

    backend: str
    python: str
    settings: Settings
    fingerprint: str
    output: Path
    runs: tuple[Run, ...]
    sources: tuple[Path, ...] = ()
    lock: int | None = None

    def records(self, run: Run) -> Path:
        """Return the folder of records below which a run's record has its own folder.

        With several seeds each seed has such a folder, as their records differ in nothing else.
        """
        return (self.output / f"seed-{run.seed}" if self.settings.seeds > 1 else self.output) / "records"

    @property
    def log(self) -> Path:
        """The file that its worker's output goes to."""
        return self.output / "logs" / f"{self.backend}.log"

    @property
    def process(self) -> tuple[object, ...]:
        """What decides how its worker is started; a worker of an equal one can do it, too."""
        return self.backend, self.python, self.settings.device, self.settings.threads, self.log, self.lock

    def describe(self, workers: int) -> dict[str, Any]:
        """Describe it to a worker; `workers` train at the same time, that one included."""
        return {
            "backend": self.backend,
            "threads": self.settings.threads,
            "workarounds": self.settings.workarounds,
            "fingerprint": self.fingerprint,
            "runs": [asdict(run) for run in self.runs],
            "records": [str(self.records(run).absolute()) for run in self.runs],
            "sources": [str(path.absolute()) for path in self.sources],
            "workers": workers,
        }


def start_worker(request: Request, workers: int = 1, worker_command: Sequence[str] = WORKER) -> Child:
    """Start the process that trains a request's runs in order; `workers` train at the same time, it included."""
    settings = request.settings
    environment = {**os.environ, **environment_variables(request.backend, settings.device, settings.threads)}
    command = [request.python, *worker_command]
    return Child(command, environment, request.log, request.describe(workers), request.lock)
