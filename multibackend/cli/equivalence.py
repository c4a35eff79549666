"""`multibackend equivalence`."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from multibackend.cli.options import (
    BACKENDS_OPTION,
    PrecisionChoice,
    TrainingOptions,
    expand_precision,
    precision_option,
    training_options,
)
from multibackend.cli.output import console, show
from multibackend.cli.trainings import exit_code, opened_execution


@click.command()
@click.argument("names", nargs=-1)
@click.option("--seeds", type=int, default=5, show_default=True, help="How many seeds, from --seed on; at least 5.")
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    default=0.05,
    show_default=True,
    help="The largest relative difference of two losses that count as the same; 0.05 is 5 %.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(min=0, max=0.5, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Level of each one-sided test: the chance to call two equivalent whose difference is the margin.",
)
@BACKENDS_OPTION
@precision_option("float32")
@training_options
def equivalence(
    names: tuple[str, ...],
    seeds: int,
    margin: float,
    alpha: float,
    backends: list[str],
    precision: PrecisionChoice,
    options: TrainingOptions,
) -> None:
    """Train with several seeds on all backends, and test whether they converge to the same loss.

    Each pair of backends is tested on each converged loss (training, validation, test), with two one-sided paired
    t-tests (TOST). Slower convergence fails as faster does; so do too few seeds to tell. A second command goes on where
    the first one stopped. NAMES are as for `train`. Exits with 0 only if all are equivalent, or differ from a known
    cause in Keras or a framework.
    """
    from multibackend.compare import load_known
    from multibackend.compare.equivalence import Criterion, check_seeds
    from multibackend.compare.studies import study_equivalence
    from multibackend.launch.dispatch import list_trainings, read_records, run_trainings
    from multibackend.report.equivalence import print_study, write_study

    check_seeds(seeds)
    criterion = Criterion(margin, alpha)
    options = replace(options, settings=replace(options.settings, seeds=seeds))
    wanted = list_trainings(expand_precision(precision), repeated=False)
    with opened_execution(options) as execution:
        outcomes = run_trainings(names, backends, wanted, options.settings, execution)
        records = {
            seed: read_records([o for o in outcomes if o.run.seed == seed], options.folder / f"seed-{seed}")
            for seed in sorted({outcome.run.seed for outcome in outcomes})
        }
        study = study_equivalence(records, backends, expand_precision(precision), criterion, load_known())
        path = write_study(study, options.folder)
    print_study(study, console())
    show(str(path))
    sys.exit(exit_code(outcomes, bool(names)) or int(not study.passed))
