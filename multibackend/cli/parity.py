"""`multibackend parity` and `multibackend compare`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibackend.cli.options import (
    PARTICIPANTS_OPTION,
    PrecisionChoice,
    TrainingOptions,
    expand_precision,
    precision_option,
    training_options,
)
from multibackend.cli.output import console, say, say_error, show
from multibackend.cli.trainings import exit_code, opened_execution, opened_output
from multibackend.machine import is_ci

if TYPE_CHECKING:
    from multibackend.compare import Comparison
    from multibackend.records.record import Record


@click.command()
@click.argument("names", nargs=-1)
@PARTICIPANTS_OPTION
@precision_option("both")
@training_options
def parity(names: tuple[str, ...], backends: list[str], precision: PrecisionChoice, options: TrainingOptions) -> None:
    """Train on all backends and compare every pair of them.

    float64 decides whether they are the same, within a tight bound. float32 is compared with float64, and trained twice
    to measure rounding error. A second command goes on where the first one stopped. NAMES are as for `train`. Exits
    with 0 only if every comparison passes.
    """
    if ignored := os.environ.get("KERAS_BACKEND"):
        say(f"note: KERAS_BACKEND={ignored} is ignored, as each backend's process gets its own: unset KERAS_BACKEND")
    from multibackend.launch.ladder import climb

    with opened_execution(options) as execution:
        ascent = climb(names, backends, expand_precision(precision), options.settings, execution)
        report_comparison(ascent.comparison, ascent.records, options.folder)
    sys.exit(exit_code(ascent.outcomes, bool(names)) or int(not ascent.comparison.passed))


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@PARTICIPANTS_OPTION
@precision_option("both")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/compared"),
    show_default=True,
    help="Where results go.",
)
def compare(runs: tuple[Path, ...], backends: list[str], precision: PrecisionChoice, output: Path) -> None:
    """Compare records of earlier trainings, for instance a folder from each CI job; nothing is trained.

    Each experiment needs a record of each of these backends and precisions; a missing one is a failure. So is a
    training that was not run while others of its experiment were; in CI, also one that was run nowhere.
    """
    from multibackend.compare import compare_records, load_runs

    with opened_output(output):
        records = load_runs(list(runs))
        comparison = compare_records(records, None, backends=backends, precisions=expand_precision(precision))
        report_comparison(comparison, records, output)
    not_run = {absence.run.experiment: absence.reason for absence in comparison.not_run} if is_ci() else {}
    for experiment, reason in not_run.items():
        say_error(f"NOT RUN: {experiment}: {reason}")
    sys.exit(int(bool(not_run) or not comparison.passed))


def report_comparison(comparison: Comparison, records: list[Record], output: Path) -> None:
    """Print and write what was found."""
    from multibackend.report import print_comparison, write_results

    paths = write_results(comparison, records, output)
    print_comparison(comparison, console())
    for path in paths:
        show(str(path))
