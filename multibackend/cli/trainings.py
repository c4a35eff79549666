"""Trainings: what the commands that train do, from names to records."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from multibackend.cli.options import expand_precision
from multibackend.cli.output import console, say, say_error

if TYPE_CHECKING:
    from multibackend.engine import Device
    from multibackend.experiment import Profile
    from multibackend.record import Record
    from multibackend.supervisor import Outcome


def list_trainings(precision: str, repeated: bool) -> list[tuple[str, int]]:
    """The precision and perturbation of each training; float32 is repeated once, where wanted, to measure rounding."""
    repetitions = {"float64": (0,), "float32": (0, 1) if repeated else (0,)}
    return [(p, k) for p in expand_precision(precision) for k in repetitions[p]]


def run_trainings(
    names: Sequence[str],
    backends: Sequence[str],
    wanted: Sequence[tuple[str, int]],
    *,
    profile: Profile,
    seed: int,
    seeds: int = 1,
    device: Device,
    threads: int,
    mends: bool,
    output: Path | None,
    time_limit: float,
    pythons: dict[str, str],
) -> tuple[list[Outcome], Path]:
    """Train experiments x backends x (precision, perturbation); return how each ended, and the output folder.

    With several seeds, from `seed` on, each backend still has one process, and each seed a folder of records.
    """
    from multibackend.catalogue import select_experiments
    from multibackend.interpreters import fingerprint, require
    from multibackend.launch import Interrupted, check_writable, launch
    from multibackend.progress import Progress
    from multibackend.record import Run
    from multibackend.supervisor import Request

    experiments = select_experiments(names)
    named = f"{profile}-seed{seed}" if seeds == 1 else f"{profile}-seeds{seed}-{seed + seeds - 1}"
    output = output or Path("runs") / f"{named}{'' if mends else '-no-mends'}"
    check_writable(output)
    requests = []
    for interpreter in require({backend: pythons[backend] for backend in backends}):
        backend = interpreter.backend
        runs = tuple(
            Run(name, backend, p, profile, s, k)
            for name in experiments
            for p, k in wanted
            for s in range(seed, seed + seeds)
        )
        print_ = fingerprint(interpreter, device, threads, mends, experiments)
        requests.append(
            Request(backend, interpreter.python, profile, device, threads, mends, print_, output, runs, seeds > 1)
        )
    try:
        with Progress(console(), {request.backend: len(request.runs) for request in requests}) as progress:
            return launch(requests, progress, time_limit), output
    except Interrupted as interrupted:
        say(
            f"interrupted: {interrupted.finished} of {interrupted.total} trainings finished and kept in {output}; "
            "the same command goes on from there"
        )
        sys.exit(130)


def read_records(outcomes: Sequence[Outcome], output: Path) -> list[Record]:
    """The records of these outcomes alone; the folder may hold others, of earlier commands."""
    from multibackend.compare import load_runs
    from multibackend.record import RECORD_FILE

    folders = [output / "records" / outcome.run.folder for outcome in outcomes]
    return load_runs([folder for folder in folders if (folder / RECORD_FILE).is_file()])


def exit_code(outcomes: Sequence[Outcome], by_name: bool) -> int:
    """Say what failed and what couldn't be run; 1 for a failure, and for a run that was asked for, or is in CI."""
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    not_run = {outcome.run.experiment: outcome.reason for outcome in outcomes if outcome.status == "not-run"}
    demanded = by_name or os.environ.get("CI", "").lower() not in ("", "0", "false")
    if failed:
        say_error(f"{failed} of {len(outcomes)} trainings failed; the lines above say why")
    for experiment, reason in not_run.items():
        line = f"NOT RUN: {experiment}: {' '.join(reason.split())}"
        say(f"error: {line}" if demanded else line)
    return int(bool(failed or (not_run and demanded)))
