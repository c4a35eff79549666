"""`multibackend reduce`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibackend.cli.options import (
    BACKENDS_OPTION,
    PrecisionChoice,
    TrainingOptions,
    expand_precision,
    precision_option,
    training_options,
)
from multibackend.cli.output import say, say_error, show

if TYPE_CHECKING:
    from multibackend.reduce.difference import Difference

REDUCE_SECONDS = 240.0


@click.command(name="reduce")
@click.argument("name")
@BACKENDS_OPTION
@precision_option("both")
@click.option(
    "--script",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("repro.py"),
    show_default=True,
    help="The script to write.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A results.json that says where it differs; without one it is trained and compared first.",
)
@click.option(
    "--preload",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Python to run before the script on each backend, such as a patched Keras; without it the script must pass.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=REDUCE_SECONDS,
    show_default=True,
    help="How long to reduce at most; training, where needed, comes before.",
)
@training_options
def reduce(
    name: str,
    backends: list[str],
    precision: PrecisionChoice,
    script: Path,
    results: Path | None,
    preload: Path | None,
    seconds: float,
    options: TrainingOptions,
) -> None:
    """Write a script of at most 30 lines that shows where a model differs between backends.

    NAME is as for `train`, of one experiment. The script needs Keras and NumPy alone; it fails on the
    backend that differs and prints OK on the others, which is tested. Exits with 0 if there is such a
    script, or if nothing differs; with 1 if nothing that small fails.
    """
    from multibackend.errors import MultibackendError
    from multibackend.experiments.catalogue import select_experiments
    from multibackend.launch.choosing import require

    names = select_experiments([name])
    if len(names) != 1:
        raise MultibackendError(f"{name}: stands for {', '.join(names)}; expected one. Name one of these.")
    pythons = {i.backend: i.python for i in require({backend: options.pythons[backend] for backend in backends})}
    difference = _find_difference(names[0], backends, precision, results, options)
    if difference is None:
        say(f"{names[0]}: nothing to reduce, no backend differs")
        return
    where = f"{' or '.join(difference.suspects)} at {difference.stage}"
    say(f"{names[0]}: {where}, in {' and '.join(difference.precisions)}; reducing for {seconds:.0f} s at most")
    sys.exit(_reduce(names[0], difference, pythons, script, preload, seconds, options))


def _find_difference(
    name: str, backends: list[str], precision: PrecisionChoice, results: Path | None, options: TrainingOptions
) -> Difference | None:
    """Find where an experiment differs: in these results, or by training and comparing it."""
    from multibackend.compare import compare_records
    from multibackend.reduce.difference import find_difference, read_results

    if results is not None:
        return find_difference(read_results(results), name, backends)
    from multibackend.cli.trainings import opened_execution
    from multibackend.launch.dispatch import list_trainings, read_records, run_trainings

    wanted = list_trainings(expand_precision(precision), repeated=True)
    with opened_execution(options) as execution:
        outcomes = run_trainings([name], backends, wanted, options.settings, execution)
        records = read_records(outcomes, options.folder)
    compared = compare_records(records, [name], backends=backends, precisions=expand_precision(precision))
    return find_difference(compared.findings, name, backends)


def _reduce(
    name: str,
    difference: Difference,
    pythons: dict[str, str],
    script: Path,
    preload: Path | None,
    seconds: float,
    options: TrainingOptions,
) -> int:
    """Reduce, write the script, say how it ended on each backend; return the exit code."""
    from multibackend.cli.trainings import opened_output
    from multibackend.reduce import reduce_experiment
    from multibackend.reduce.oracle import Oracle

    output = options.output or Path("runs") / "reduce"
    began = time.monotonic()
    with opened_output(output), Oracle(pythons, output / "logs", preload, difference.suspects) as oracle:
        settings = options.settings
        made = reduce_experiment(
            name, difference, oracle, script, profile=settings.profile, seed=settings.seed, seconds=seconds
        )
    for setup, run in made.runs.items():
        say(f"{setup}: {run.ended}: {run.line}")
    if made.problem:
        kept = f"; the smallest that fails is kept in {script}" if made.script else ""
        say_error(f"{name}: not reduced: {made.problem}{kept}")
        return 1
    say(f"{made.lines} lines in {time.monotonic() - began:.0f} s")
    show(str(script))
    return 0
