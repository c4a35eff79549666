"""Trainings: what the commands that train do, from names to records."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from multibackend import dispatch
from multibackend.cli.options import expand_precision
from multibackend.cli.output import console, say, say_error
from multibackend.dispatch import read_records

if TYPE_CHECKING:
    from multibackend.engine import Device
    from multibackend.experiment import Profile
    from multibackend.supervisor import Outcome

__all__ = ["exit_code", "list_trainings", "read_records", "run_trainings"]


def list_trainings(precision: str, repeated: bool) -> list[tuple[str, int]]:
    """The precision and perturbation of each training that `--precision` stands for."""
    return dispatch.list_trainings(expand_precision(precision), repeated)


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
    """Train experiments x backends x (precision, perturbation); return how each ended, and the output folder."""
    output = output or name_output(profile, seed, seeds, mends)
    with saying_what_is_kept(output):
        outcomes = dispatch.run_trainings(
            names,
            backends,
            wanted,
            profile=profile,
            seed=seed,
            seeds=seeds,
            device=device,
            threads=threads,
            mends=mends,
            output=output,
            time_limit=time_limit,
            pythons=pythons,
            console=console(),
        )
    return outcomes, output


def name_output(profile: Profile, seed: int, seeds: int, mends: bool) -> Path:
    """Where records and results go unless the user says."""
    named = f"{profile}-seed{seed}" if seeds == 1 else f"{profile}-seeds{seed}-{seed + seeds - 1}"
    return Path("runs") / f"{named}{'' if mends else '-no-mends'}"


@contextmanager
def saying_what_is_kept(output: Path) -> Iterator[None]:
    """At Ctrl-C, say what was finished, and exit as interrupted."""
    from multibackend.launch import Interrupted

    try:
        yield
    except Interrupted as interrupted:
        say(
            f"interrupted: {interrupted.finished} of {interrupted.total} trainings finished and kept in {output}; "
            "the same command goes on from there"
        )
        sys.exit(130)


def is_ci() -> bool:
    """Whether this runs in a CI job, where what can't be run is a failure."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def exit_code(outcomes: Sequence[Outcome], by_name: bool) -> int:
    """Say what failed and what couldn't be run; 1 for a failure, and for a run that was asked for, or is in CI."""
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    not_run = {outcome.run.experiment: outcome.reason for outcome in outcomes if outcome.status == "not-run"}
    demanded = by_name or is_ci()
    if failed:
        say_error(f"{failed} of {len(outcomes)} trainings failed; the lines above say why")
    for experiment, reason in not_run.items():
        line = f"NOT RUN: {experiment}: {' '.join(reason.split())}"
        say(f"error: {line}" if demanded else line)
    return int(bool(failed or (not_run and demanded)))
