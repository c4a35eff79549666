"""`multibackend train`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibackend.cli.options import (
    PrecisionChoice,
    TrainingOptions,
    expand_precision,
    precision_option,
    training_options,
)
from multibackend.cli.output import console
from multibackend.cli.trainings import exit_code, opened_execution
from multibackend.engine.backends import DESCRIPTORS
from multibackend.errors import MultibackendError
from multibackend.text import sanitize

if TYPE_CHECKING:
    from multibackend.launch.supervisor import Outcome
    from multibackend.records.record import Record


@click.command()
@click.argument("names", nargs=-1)
@click.option("--backend", required=True, type=click.Choice(list(DESCRIPTORS)))
@precision_option("float32")
@training_options
def train(names: tuple[str, ...], backend: str, precision: PrecisionChoice, options: TrainingOptions) -> None:
    """Train experiments on one backend.

    NAMES are experiments (`multibackend list`), exercises such as A5, or models of your own as path/to/file.py:name.
    Without any, all experiments are trained. `--precision both` trains what `compare` needs: float64, float32, and
    float32 a second time from weights moved by one unit in the last place.
    """
    asked = os.environ.get("KERAS_BACKEND", backend)
    if asked != backend:
        raise MultibackendError(
            f"environment variable KERAS_BACKEND: got {asked!r}; expected {backend!r}, as --backend says, or none: "
            "unset KERAS_BACKEND"
        )
    from multibackend.launch.dispatch import list_trainings, run_trainings

    wanted = list_trainings(expand_precision(precision), repeated=precision == "both")
    with opened_execution(options) as execution:
        outcomes = run_trainings(names, [backend], wanted, options.settings, execution)
        _print_trained(outcomes, options.folder)
    sys.exit(exit_code(outcomes, bool(names)))


def _print_trained(outcomes: Sequence[Outcome], output: Path) -> None:
    from rich.table import Table

    from multibackend.launch.progress import describe
    from multibackend.records.record import load_record
    from multibackend.report.console import plain

    table = Table(title=plain(f"Trained; records in {output / 'records'}"), title_justify="left")
    table.add_column("training", overflow="fold")
    table.add_column("status")
    table.add_column("final loss", justify="right")
    table.add_column("on the test rows")
    table.add_column("seconds", justify="right")
    for outcome in outcomes:
        status = "kept" if outcome.kept else outcome.status
        cells = ["", "", ""]
        if outcome.status == "finished":
            cells = _reached(load_record(output / "records" / outcome.run.folder))
        table.add_row(plain(describe(outcome.run)), status, *cells)
    console().print(table)


def _reached(record: Record) -> list[str]:
    """Return the final training loss, the test metrics and the seconds, as text."""
    history = record.group("history").get("loss")
    loss = "" if history is None or not len(history) else f"{history[-1]:.6g}"
    metrics = "  ".join(f"{sanitize(name)} {value.item():.6g}" for name, value in record.group("test").items())
    return [loss, metrics, f"{sum(record.wall_seconds.values()):.1f}"]
