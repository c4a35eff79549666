"""Dispatch: from experiments, backends and settings to records, whoever asks: the command line, Python or pytest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from multibackend.engine.backends import get_backend
from multibackend.experiments.choices import Precision
from multibackend.launch.settings import Execution, Settings, Training

if TYPE_CHECKING:
    from multibackend.launch.pool import Pool
    from multibackend.launch.probing import Interpreter
    from multibackend.launch.request import Request
    from multibackend.launch.supervisor import Outcome
    from multibackend.records.record import Record

REPEATED: Mapping[Precision, tuple[int, ...]] = {"float64": (0,), "float32": (0, 1)}
"""The perturbations of each precision that a comparison wants: float32's second run measures rounding error."""


def list_trainings(precisions: Sequence[Precision], repeated: bool) -> list[Training]:
    """List a training for each precision and, where `repeated`, what measures its rounding error."""
    return [Training(p, k) for p in precisions for k in (REPEATED[p] if repeated else (0,))]


def run_trainings(
    names: Sequence[str],
    backends: Sequence[str],
    wanted: Sequence[Training],
    settings: Settings,
    execution: Execution,
    pool: Pool | None = None,
) -> list[Outcome]:
    """Train each experiment on each backend in each way that is wanted; return how each ended.

    Each backend has one process, also with several seeds; then each seed has a folder of records. With a `pool`, that
    process is one that waits there, if it can be, and waits there again.

    Raises:
        Interrupted: by the user or the system; what was trained is kept.
        MultibackendError: a name or an interpreter is not as needed.
    """
    from multibackend.experiments.catalogue import select_experiments
    from multibackend.launch.choosing import require
    from multibackend.launch.loop import launch
    from multibackend.launch.pool import Pool
    from multibackend.launch.progress import Progress

    experiments = select_experiments(names)
    interpreters = require({backend: execution.pythons[backend] for backend in backends})
    requests = [
        _make_request(each, experiments, able, settings, execution)
        for each in interpreters
        if (able := [one for one in wanted if is_able(each.backend, one)])
    ]
    totals = {request.backend: len(request.runs) for request in requests}
    with Progress(execution.console, totals) as progress, nullcontext(pool) if pool else Pool() as workers:
        return launch(requests, progress, execution.run_seconds, workers)


def is_able(backend: str, training: Training) -> bool:
    """Tell if a backend can do a training, or an inference in its place, or a closer look."""
    can = get_backend(backend).can
    closer = training.task in ("trace", "isolation")
    return (training.precision != "float64" or "float64" in can) and (not closer or {"gradients", "training"} <= can)


def _make_request(
    interpreter: Interpreter,
    experiments: Sequence[str],
    wanted: Sequence[Training],
    settings: Settings,
    execution: Execution,
) -> Request:
    from multibackend.launch.fingerprint import fingerprint
    from multibackend.launch.request import Request
    from multibackend.records.record import Run

    runs = tuple(
        Run(name, interpreter.backend, one.precision, settings.profile, seed, one.perturbation, one.task)
        for name in experiments
        for one in wanted
        for seed in range(settings.seed, settings.seed + settings.seeds)
    )
    folder = execution.output.path
    return Request(
        interpreter.backend,
        interpreter.python,
        settings,
        fingerprint(interpreter, settings, experiments),
        folder,
        runs,
        sources=execution.sources or (folder / "records",),
        lock=execution.output.lock,
    )


def read_records(outcomes: Sequence[Outcome], output: Path) -> list[Record]:
    """Read the records of these outcomes alone; the folder may hold others, of earlier commands."""
    from multibackend.compare import load_runs
    from multibackend.records.record import RECORD_FILE

    folders = [output / "records" / outcome.run.folder for outcome in outcomes]
    return load_runs([folder for folder in folders if (folder / RECORD_FILE).is_file()])
