"""Trainings: what the commands that train have in common, from the output folder to the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from multibackend.cli.output import console, say, say_error
from multibackend.launch.settings import Execution

if TYPE_CHECKING:
    from multibackend.cli.options import TrainingOptions
    from multibackend.launch.output_folder import OutputFolder
    from multibackend.launch.supervisor import Outcome


@contextmanager
def opened_output(path: Path) -> Iterator[OutputFolder]:
    """Open the output folder for this command alone; at Ctrl-C, say what was finished, and exit as interrupted."""
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


@contextmanager
def opened_execution(options: TrainingOptions, sources: Sequence[Path] = ()) -> Iterator[Execution]:
    """Open the output folder of a command that trains; see `opened_output`."""
    with opened_output(options.folder) as folder:
        yield Execution(options.pythons, folder, console(), options.run_seconds, tuple(sources))


def is_ci() -> bool:
    """Tell if this runs in a CI job, where a training that can't be run is a failure."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def exit_code(outcomes: Sequence[Outcome], by_name: bool) -> int:
    """Say what failed and what couldn't be run; return the exit code.

    It is 1 for a failure, and for a run that couldn't be run though it was asked for by name, or in CI.
    """
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    not_run = {outcome.run.experiment: outcome.reason for outcome in outcomes if outcome.status == "not-run"}
    demanded = by_name or is_ci()
    if failed:
        say_error(f"{failed} of {len(outcomes)} trainings failed; the lines above say why")
    for experiment, reason in not_run.items():
        line = f"NOT RUN: {experiment}: {' '.join(reason.split())}"
        say(f"error: {line}" if demanded else line)
    return int(bool(failed or (not_run and demanded)))
