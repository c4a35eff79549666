"""Dispatch: from experiments, backends and settings to records, whoever asks: the command line, Python or pytest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from multibackend.engine.backend import Device
    from multibackend.experiments.experiment import Profile
    from multibackend.launch.output_folder import OutputFolder
    from multibackend.launch.supervisor import Outcome
    from multibackend.records.record import Record, Task

RUN_SECONDS = 1800.0
"""Default limit for one training, from its start to its end."""


def list_trainings(precisions: Sequence[str], repeated: bool) -> list[tuple[str, int]]:
    """The precision and perturbation of each training; float32 is repeated once, where wanted, to measure rounding."""
    repetitions = {"float64": (0,), "float32": (0, 1) if repeated else (0,)}
    return [(p, k) for p in precisions for k in repetitions[p]]


def run_trainings(
    names: Sequence[str],
    backends: Sequence[str],
    wanted: Sequence[tuple[str, int] | tuple[str, int, Task]],
    *,
    profile: Profile,
    seed: int,
    seeds: int = 1,
    device: Device,
    threads: int,
    workarounds: bool,
    output: OutputFolder,
    time_limit: float,
    pythons: Mapping[str, str],
    console: Console,
    sources: Sequence[Path] = (),
) -> list[Outcome]:
    """Train experiments x backends x (precision, perturbation); return how each ended. Progress goes to the console.

    A third item of what is wanted names another task than training, which starts from the records in `sources`, by
    default those in the output folder.

    With several seeds, from `seed` on, each backend still has one process, and each seed a folder of records.

    Raises:
        Interrupted: by the user or the system; what was trained is kept.
        MultibackendError: a name or an interpreter is not as needed.
    """
    from multibackend.experiments.catalogue import select_experiments
    from multibackend.launch.choosing import require
    from multibackend.launch.fingerprint import fingerprint
    from multibackend.launch.loop import launch
    from multibackend.launch.progress import Progress
    from multibackend.launch.request import Request
    from multibackend.records.record import Run

    experiments = select_experiments(names)
    requests = []
    for interpreter in require({backend: pythons[backend] for backend in backends}):
        backend = interpreter.backend
        runs = tuple(
            Run(name, backend, precision, profile, s, *rest)
            for name in experiments
            for precision, *rest in wanted
            for s in range(seed, seed + seeds)
        )
        print_ = fingerprint(interpreter, device, threads, workarounds, experiments)
        requests.append(
            Request(
                backend,
                interpreter.python,
                profile,
                device,
                threads,
                workarounds,
                print_,
                output.path,
                runs,
                by_seed=seeds > 1,
                sources=tuple(sources) or (output.path / "records",),
                lock=output.lock,
            )
        )
    with Progress(console, {request.backend: len(request.runs) for request in requests}) as progress:
        return launch(requests, progress, time_limit)


def read_records(outcomes: Sequence[Outcome], output: Path) -> list[Record]:
    """The records of these outcomes alone; the folder may hold others, of earlier commands."""
    from multibackend.compare import load_runs
    from multibackend.records.record import RECORD_FILE

    folders = [output / "records" / outcome.run.folder for outcome in outcomes]
    return load_runs([folder for folder in folders if (folder / RECORD_FILE).is_file()])
