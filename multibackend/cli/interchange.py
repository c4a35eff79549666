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
    help="Only this experiment, named as for `train`; repeat for more. A model of your own must be named, because its "
    "file is run, and a record alone mustn't run anything.  [default: the experiments of the catalogue in RUNS]",
)
@training_options
def interchange(runs: tuple[Path, ...], wanted: tuple[str, ...], options: TrainingOptions) -> None:
    """Let each backend load the models that the others saved, after several CI jobs each trained one backend.

    RUNS are folders of records. Each backend's predictions and further losses with each model are recorded in the
    output folder. To compare them: `multibackend compare RUNS OUTPUT`. `multibackend parity` does all this by itself.
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
    """Choose the experiments in records to import: those wanted, or else all, if all are in the catalogue.

    Raises:
        MultibackendError: a record names a file, which only the user may do; or a wanted one isn't in the records.
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
            f"records: one is of {foreign[0]}, which is not in the catalogue; a record alone makes no file run. If you "
            f"trust that file, name it: --experiment {shlex.quote(foreign[0])}"
        )
    return names
