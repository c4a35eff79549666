"""Trainings: what the commands that train do, from names to records."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from multibackend.cli.options import expand_precision
from multibackend.cli.output import say, say_error
from multibackend.launch import dispatch

if TYPE_CHECKING:
    from multibackend.experiments.experiment import Profile
    from multibackend.launch.output_folder import OutputFolder
    from multibackend.launch.supervisor import Outcome


def list_trainings(precision: str, repeated: bool) -> list[tuple[str, int]]:
    """The precision and perturbation of each training that `--precision` stands for."""
    return dispatch.list_trainings(expand_precision(precision), repeated)


@contextmanager
def opened_output(path: Path) -> Iterator[OutputFolder]:
    """The output folder, for this command alone; at Ctrl-C, say what was finished, and exit as interrupted."""
    from multibackend.launch.loop import Interrupted
    from multibackend.launch.output_folder import open_folder

    with open_folder(path) as folder:
        if folder.notice:
            say(folder.notice)
        try:
            yield folder
        except Interrupted as interrupted:
            say(
                f"interrupted: {interrupted.finished} of {interrupted.total} trainings finished and kept in {path}; "
                "the same command goes on from there"
            )
            sys.exit(130)


def name_output(profile: Profile, seed: int, workarounds: bool, seeds: int = 1) -> Path:
    """Where records and results go unless the user says."""
    named = f"{profile}-seed{seed}" if seeds == 1 else f"{profile}-seeds{seed}-{seed + seeds - 1}"
    return Path("runs") / f"{named}{'' if workarounds else '-no-workarounds'}"


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
