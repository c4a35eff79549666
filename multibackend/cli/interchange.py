"""`multibackend interchange`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from multibackend.cli.options import training_options
from multibackend.cli.output import console
from multibackend.cli.trainings import exit_code, name_output, opened_output


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
def interchange(runs: tuple[Path, ...], wanted: tuple[str, ...], **settings: Any) -> None:
    """Let each backend load what the others saved, from records that were trained apart, as in several CI jobs.

    RUNS are folders of records. What each backend makes of each model is recorded in the output folder, to be compared
    with them: `multibackend compare RUNS OUTPUT`. `multibackend parity` does this by itself.
    """
    from multibackend.compare import PRECISIONS, load_runs
    from multibackend.engine.backends import BACKENDS
    from multibackend.errors import MultibackendError
    from multibackend.launch.dispatch import run_trainings

    records = [r for r in load_runs(list(runs)) if r.status == "finished" and r.run.task == "training"]
    if not records:
        raise MultibackendError(f"records {', '.join(map(str, runs))}: none finished; train first: multibackend train.")
    if wrong := [r.run for r in records if (r.run.profile, r.run.seed) != (settings["profile"], settings["seed"])]:
        raise MultibackendError(
            f"record {wrong[0]}: profile {wrong[0].profile}, seed {wrong[0].seed}; expected {settings['profile']} and "
            f"{settings['seed']}. Give --profile {wrong[0].profile} --seed {wrong[0].seed}."
        )
    names = choose_experiments([record.run.experiment for record in records], wanted)
    records = [record for record in records if record.run.experiment in names]
    backends = [b for b in BACKENDS if any(record.run.backend == b for record in records)]
    precisions = [p for p in PRECISIONS if any(record.run.precision == p for record in records)]
    output = settings.pop("output") or name_output(settings["profile"], settings["seed"], settings["workarounds"])
    sources = [folder for run in runs for folder in (run, run / "records") if folder.is_dir()]
    with opened_output(output) as folder:
        outcomes = run_trainings(
            names,
            backends,
            [(precision, 0, "interchange") for precision in precisions],
            output=folder,
            sources=sources,
            console=console(),
            **settings,
        )
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
