"""Requests: what one backend shall train, the worker that is started for it, and what it says.

A worker is `PYTHON -m multibackend.train.worker`; the request comes on its standard input, so that no other command's
can be taken for it, and it answers with events.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from multibackend.engine.backend import Device
from multibackend.engine.backends import environment_variables
from multibackend.experiments.experiment import Profile
from multibackend.launch.child import Child
from multibackend.records.record import Run

WORKER = ("-P", "-m", "multibackend.train.worker")
"""With -P, a `numpy.py` in the working folder, such as one of records from elsewhere, isn't taken for NumPy."""


@dataclass(frozen=True)
class Request:
    """What one backend shall train, with which Python and settings; results go below `output`.

    `sources` are folders of records that its runs start from.
    `by_seed` gives the records of each seed a folder of their own, for trainings that differ in nothing else.
    `lock` is the output folder's, which the worker's keeper holds too.
    """

    backend: str
    python: str
    profile: Profile
    device: Device
    threads: int
    workarounds: bool
    fingerprint: str
    output: Path
    runs: tuple[Run, ...]
    by_seed: bool = False
    sources: tuple[Path, ...] = ()
    lock: int | None = None

    def records(self, run: Run) -> Path:
        """Where a run's record goes, in its own folder there."""
        return (self.output / f"seed-{run.seed}" if self.by_seed else self.output) / "records"

    @property
    def log(self) -> Path:
        """Where its standard error goes."""
        return self.output / "logs" / f"{self.backend}.log"


def start_worker(request: Request, workers: int = 1, worker_command: Sequence[str] = WORKER) -> Child:
    """Start the process that trains a request's runs, in order; `workers` train beside one another, it included."""
    hidden = ("python", "output", "by_seed", "lock")
    content = {key: value for key, value in asdict(request).items() if key not in hidden}
    content["sources"] = [str(path.absolute()) for path in request.sources]
    content |= {"records": [str(request.records(run).absolute()) for run in request.runs], "workers": workers}
    environment = {
        **os.environ,
        "KERAS_BACKEND": request.backend,
        "PYTHONUNBUFFERED": "1",
        **environment_variables(request.backend, request.device, request.threads),
    }
    return Child([request.python, *worker_command], environment, request.log, content, request.lock)


def parse_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with its run read; an empty one where that is no run."""
    try:
        return {**event, "run": Run(**event["run"])} if "run" in event else dict(event)
    except TypeError:
        return {}
