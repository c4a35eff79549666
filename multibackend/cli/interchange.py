"""`multibackend interchange`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from multibackend.cli.options import TrainingOptions, training_options
from multibackend.cli.trainings import exit_code, opened_execution


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--experiment",
    "wanted",
    metavar="NAME",
    multiple=True,
    help="Only this one, named as for `train`; repeat for more. A model of your own must be named: it is Python that "
    "runs, and a record's word isn't enough.  [default: the course's experiments in RUNS]",
)
@training_options
def interchange(runs: tuple[Path, ...], wanted: tuple[str, ...], options: TrainingOptions) -> None:
    """Let each backend load what the others saved, from records that were trained apart, as in several CI jobs.

    RUNS are folders of records. What each backend makes of each model is recorded in the output folder, to be compared
    with them: `multibackend compare RUNS OUTPUT`. `multibackend parity` does this by itself.
    """
    from multibackend.compare import load_runs
    from multibackend.engine.backends import BACKENDS
    from multibackend.errors import MultibackendError
    from multibackend.experiments.choices import PRECISIONS
    from multibackend.launch.dispatch import run_trainings
    from multibackend.launch.settings import Training

    profile, seed = options.settings.profile, options.settings.seed
    records = [r for r in load_runs(list(runs)) if r.status == "finished" and r.run.task == "training"]
    if not records:
        raise MultibackendError(f"records {', '.join(map(str, runs))}: none finished; train first: multibackend train.")
    if wrong := [r.run for r in records if (r.run.profile, r.run.seed) != (profile, seed)]:
        raise MultibackendError(
            f"record {wrong[0]}: profile {wrong[0].profile}, seed {wrong[0].seed}; expected {profile} and "
            f"{seed}. Give --profile {wrong[0].profile} --seed {wrong[0].seed}."
        )
    names = choose_experiments([record.run.experiment for record in records], wanted)
    records = [record for record in records if record.run.experiment in names]
    backends = [b for b in BACKENDS if any(record.run.backend == b for record in records)]
    precisions = [p for p in PRECISIONS if any(record.run.precision == p for record in records)]
    sources = [folder for run in runs for folder in (run, run / "records") if folder.is_dir()]
    trainings = [Training(precision, task="interchange") for precision in precisions]
    with opened_execution(options, sources) as execution:
        outcomes = run_trainings(names, backends, trainings, options.settings, execution)
    sys.exit(exit_code(outcomes, by_name=bool(wanted)))


def choose_experiments(recorded: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Which of the experiments in records to import: those wanted, or else all, if all are the course's.

    Raises:
        MultibackendError: a record names a file, which only the user may do; or what is wanted isn't in the records.
    """
    from multibackend.errors import MultibackendError
    from multibackend.experiments.catalogue import known_experiments, select_experiments

    names = list(dict.fromkeys(recorded))
    if wanted:
        chosen = select_experiments(wanted)
        if missing := [name for name in chosen if name not in names]:
            raise MultibackendError(
                f"--experiment: no finished record of {missing[0]}; expected some of {', '.join(names)}."
            )
        return chosen
    if foreign := [name for name in names if name not in known_experiments()]:
        raise MultibackendError(
            f"records: one is of {foreign[0]}, no experiment of the course; a record alone makes no file run. If you "
            f"trust that file, name it: --experiment {shlex.quote(foreign[0])}"
        )
    return names
