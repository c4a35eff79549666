"""`multibackend sweep`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibackend.cli.options import BACKENDS_OPTION, PYTHON_OPTION, PrecisionChoice, expand_precision, precision_option
from multibackend.cli.output import console, say, show

if TYPE_CHECKING:
    from multibackend.launch.probing import Interpreter
    from multibackend.sweep.case import Case
    from multibackend.sweep.report import Sweep
    from multibackend.sweep.results import Outcome

TELL_SECONDS = 30.0


@click.command()
@click.argument("patterns", nargs=-1)
@BACKENDS_OPTION
@precision_option("both")
@click.option("--list", "only_list", is_flag=True, help="Show the cases' names, and run nothing.")
@click.option(
    "--known",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file of known divergences to use in place of ours.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/sweep"),
    show_default=True,
    help="Where results and logs go.",
)
@PYTHON_OPTION
def sweep(
    patterns: tuple[str, ...],
    backends: list[str],
    precision: PrecisionChoice,
    only_list: bool,
    known: Path | None,
    output: Path,
    pythons: dict[str, str],
) -> None:
    """Compare Keras itself: each public layer, activation, loss, metric, optimizer, initializer and constraint.

    Each runs on all backends, forward and gradient, in typical and unusual configurations and on
    typical and unusual inputs (constant, tied, far from zero). PATTERNS choose cases by their names,
    such as `AveragePooling2D` or `losses.*`. Exits with 0 only if every difference is known, and
    every known divergence still occurs.
    """
    from multibackend.cli.trainings import opened_output
    from multibackend.launch.choosing import require
    from multibackend.sweep.cases import select_cases
    from multibackend.sweep.launch import launch
    from multibackend.sweep.report import print_sweep, write_sweep

    cases = select_cases(patterns)
    if only_list:
        show("\n".join(str(case) for case in cases))
        return
    interpreters = require({backend: pythons[backend] for backend in backends})
    precisions, start, told = expand_precision(precision), time.monotonic(), [time.monotonic()]

    def tell(left: dict[str, int]) -> None:
        if time.monotonic() - told[0] > TELL_SECONDS:
            told[0] = time.monotonic()
            say("left: " + ", ".join(f"{count} on {backend}" for backend, count in left.items()))

    with opened_output(output) as folder:
        outcomes = launch(cases, {i.backend: i.python for i in interpreters}, precisions, folder, tell)
        judged = _judge(cases, outcomes, interpreters, precisions, known, time.monotonic() - start)
        paths = write_sweep(judged, output)
    print_sweep(judged, console())
    for path in paths:
        show(str(path))
    sys.exit(int(not judged.passed))


def _judge(
    cases: tuple[Case, ...],
    outcomes: list[Outcome],
    interpreters: list[Interpreter],
    precisions: Sequence[str],
    known: Path | None,
    seconds: float,
) -> Sweep:
    from multibackend.sweep.cases import CASES
    from multibackend.sweep.judge import judge_all
    from multibackend.sweep.known import KNOWN_FILE, apply_known, find_stale, group, load_known
    from multibackend.sweep.report import Sweep

    backends = [interpreter.backend for interpreter in interpreters]
    keras = str(interpreters[0].versions["keras"])
    entries = load_known(known or KNOWN_FILE)
    verdicts = judge_all(cases, outcomes, backends, precisions)
    groups = apply_known(group(verdicts), entries, keras)
    stale = find_stale(groups, entries, keras, cases, CASES, backends, precisions)
    packages = {interpreter.backend: dict(interpreter.versions) for interpreter in interpreters}
    return Sweep(tuple(verdicts), tuple(groups), tuple(stale), entries, packages, seconds)
