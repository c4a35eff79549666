"""`multibackend parity` and `multibackend compare`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multibackend.cli.options import BACKENDS_OPTION, expand_precision, precision_option, training_options
from multibackend.cli.output import console, say
from multibackend.cli.trainings import exit_code, list_trainings, read_records, run_trainings

if TYPE_CHECKING:
    from multibackend.record import Record


@click.command()
@click.argument("names", nargs=-1)
@BACKENDS_OPTION
@precision_option("both")
@training_options
def parity(names: tuple[str, ...], backends: list[str], precision: str, **settings: Any) -> None:
    """Train on all backends and compare every pair of them.

    float64 decides whether they are the same, with a tight bound; float32, trained twice to
    measure what rounding alone does, is judged against it. A second run goes on from where the
    first one stopped. NAMES are as for `train`. Exits with 0 only if every comparison passes.
    """
    if "KERAS_BACKEND" in os.environ:
        say(f"note: KERAS_BACKEND={os.environ['KERAS_BACKEND']} is ignored; each backend's process gets its own.")
    precisions = expand_precision(precision)
    outcomes, output = run_trainings(names, backends, list_trainings(precision, repeated=True), **settings)
    experiments = list(dict.fromkeys(outcome.run.experiment for outcome in outcomes))
    passed = report_comparison(read_records(outcomes, output), experiments, backends, precisions, output)
    sys.exit(exit_code(outcomes, bool(names)) or int(not passed))


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@BACKENDS_OPTION
@precision_option("both")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/compared"),
    show_default=True,
    help="Where results go.",
)
def compare(runs: tuple[Path, ...], backends: list[str], precision: str, output: Path) -> None:
    """Compare records that were trained before, for instance one folder for each CI job; trains nothing.

    A record that is missing of one of these backends and precisions is a failure.
    """
    from multibackend.compare import load_runs
    from multibackend.launch import check_writable

    check_writable(output)
    sys.exit(int(not report_comparison(load_runs(list(runs)), None, backends, expand_precision(precision), output)))


def report_comparison(
    records: list[Record], experiments: list[str] | None, backends: list[str], precisions: list[str], output: Path
) -> bool:
    """Compare records, print and write what was found; return whether it passed."""
    from multibackend.compare import compare_records
    from multibackend.report import print_comparison, write_results

    comparison = compare_records(records, experiments, backends=backends, precisions=precisions)
    paths = write_results(comparison, records, output)
    print_comparison(comparison, console())
    for path in paths:
        click.echo(str(path))
    return comparison.passed
