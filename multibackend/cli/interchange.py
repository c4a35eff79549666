"""`multibackend interchange`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from multibackend.cli.options import training_options
from multibackend.cli.output import console
from multibackend.cli.trainings import exit_code, name_output, opened_output


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@training_options
def interchange(runs: tuple[Path, ...], **settings: Any) -> None:
    """Let each backend load what the others saved, from records that were trained apart, as in several CI jobs.

    RUNS are folders of records. What each backend makes of each model is recorded in the output folder, to be compared
    with them: `multibackend compare RUNS OUTPUT`. `multibackend parity` does this by itself.
    """
    from multibackend import BACKENDS
    from multibackend.compare import PRECISIONS, load_runs
    from multibackend.dispatch import run_trainings
    from multibackend.errors import MultibackendError

    records = [r for r in load_runs(list(runs)) if r.status == "finished" and r.run.task == "training"]
    if wrong := [r.run for r in records if (r.run.profile, r.run.seed) != (settings["profile"], settings["seed"])]:
        raise MultibackendError(
            f"record {wrong[0]}: profile {wrong[0].profile}, seed {wrong[0].seed}; expected {settings['profile']} and "
            f"{settings['seed']}. Give --profile {wrong[0].profile} --seed {wrong[0].seed}."
        )
    names = list(dict.fromkeys(record.run.experiment for record in records))
    backends = [b for b in BACKENDS if any(record.run.backend == b for record in records)]
    precisions = [p for p in PRECISIONS if any(record.run.precision == p for record in records)]
    if not names:
        raise MultibackendError(f"records {', '.join(map(str, runs))}: none finished; train first: multibackend train.")
    output = settings.pop("output") or name_output(settings["profile"], settings["seed"], settings["mends"])
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
    sys.exit(exit_code(outcomes, by_name=False))
