"""The command line: train experiments in one process per backend, and compare what the records say.

Only Click is imported here at once; a command imports what it needs, and none of them Keras or a framework.
Exit codes: 0 as hoped, 1 a failure (said in one line), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multibackend import BACKENDS, __version__
from multibackend.errors import MultibackendError
from multibackend.options import BACKENDS_OPTION, PYTHON_OPTION, expand_precision, precision_option, training_options

if TYPE_CHECKING:
    from rich.console import Console

    from multibackend.engine import Device
    from multibackend.experiment import Profile
    from multibackend.record import Record
    from multibackend.supervisor import Outcome

NARROW_COLUMNS = 120
"""Width of tables where there is no terminal to fit, such as the log of a CI job."""


class Commands(click.Group):
    """Shows each mistake that a user or the machine can make as lines on standard error, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except MultibackendError as error:
            _say_error(str(error))
            ctx.exit(1)
        except BrokenPipeError:
            raise  # Click's: a reader such as `head` went away
        except OSError as error:
            _say_error(
                f"{error.filename or 'the system'}: {error.strerror or error}; mend that, or try another --output."
            )
            ctx.exit(1)
        except KeyboardInterrupt:
            _say("interrupted")
            ctx.exit(130)


def _say(line: str) -> None:
    click.echo(f"multibackend: {line}", err=True)


def _say_error(message: str) -> None:
    for line in message.splitlines():
        _say(f"error: {line}")


# ----------------------------------------------------------------------------------------- commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="multibackend")
def main() -> None:
    """Write a Keras 3 model once; train it on TensorFlow, PyTorch and JAX; prove what is the same."""


@main.command("list")
def list_experiments() -> None:
    """Show all experiments, with their titles."""
    from multibackend.experiment import known_experiments

    experiments = known_experiments()
    width = max(map(len, experiments), default=0)
    for name, title in experiments.items():
        click.echo(f"{name:<{width}}  {title}")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--backend", required=True, type=click.Choice(BACKENDS))
@precision_option("float32")
@training_options
def train(names: tuple[str, ...], backend: str, precision: str, **settings: Any) -> None:
    """Train experiments on one backend.

    NAMES are experiments (`multibackend list`), exercises such as A5, or models of your own as
    path/to/file.py:experiment; without any, all experiments are trained. `--precision both`
    trains all that `compare` wants: float64, float32, and float32 a second time from weights
    moved by rounding.
    """
    asked = os.environ.get("KERAS_BACKEND", backend)
    if asked != backend:
        raise MultibackendError(
            f"environment variable KERAS_BACKEND: got {asked!r}; expected {backend!r}, as --backend says, or none: "
            "unset KERAS_BACKEND"
        )
    outcomes, output = _train(names, [backend], _list_trainings(precision, repeated=precision == "both"), **settings)
    _print_trained(outcomes, output)
    sys.exit(_exit_code(outcomes, bool(names)))


@main.command()
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
        _say(f"note: KERAS_BACKEND={os.environ['KERAS_BACKEND']} is ignored; each backend's process gets its own.")
    precisions = expand_precision(precision)
    outcomes, output = _train(names, backends, _list_trainings(precision, repeated=True), **settings)
    experiments = list(dict.fromkeys(outcome.run.experiment for outcome in outcomes))
    passed = _compare(_read_records(outcomes, output), experiments, backends, precisions, output)
    sys.exit(_exit_code(outcomes, bool(names)) or int(not passed))


@main.command()
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
    sys.exit(int(not _compare(load_runs(list(runs)), None, backends, expand_precision(precision), output)))


@main.command()
@click.option("--devices", is_flag=True, help="Start each backend and ask what it would train on (slow).")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), show_default=True)
@PYTHON_OPTION
def doctor(devices: bool, output: Path, pythons: dict[str, str]) -> None:
    """Show what is installed and what is missing, and what to type to mend it.

    Exits with 0 if at least one backend can train and the output folder can be written.
    """
    from multibackend.doctor import examine, print_examination

    examination = examine(pythons, output, devices)
    print_examination(examination, _console())
    sys.exit(int(not examination.can_train))


# --------------------------------------------------------------------------------------------- steps


def _list_trainings(precision: str, repeated: bool) -> list[tuple[str, int]]:
    """The precision and perturbation of each training; float32 is repeated once, where wanted, to measure rounding."""
    repetitions = {"float64": (0,), "float32": (0, 1) if repeated else (0,)}
    return [(p, k) for p in expand_precision(precision) for k in repetitions[p]]


def _train(
    names: Sequence[str],
    backends: Sequence[str],
    wanted: Sequence[tuple[str, int]],
    *,
    profile: Profile,
    seed: int,
    device: Device,
    threads: int,
    mends: bool,
    output: Path | None,
    time_limit: float,
    pythons: dict[str, str],
) -> tuple[list[Outcome], Path]:
    """Train experiments x backends x (precision, perturbation); return how each ended, and the output folder."""
    from multibackend.experiment import select_experiments
    from multibackend.interpreters import fingerprint, require
    from multibackend.launch import Interrupted, check_writable, launch
    from multibackend.progress import Progress
    from multibackend.record import Run
    from multibackend.supervisor import Request

    experiments = select_experiments(names)
    output = output or Path("runs") / f"{profile}-seed{seed}{'' if mends else '-no-mends'}"
    check_writable(output)
    requests = []
    for interpreter in require({backend: pythons[backend] for backend in backends}):
        backend = interpreter.backend
        runs = tuple(Run(name, backend, p, profile, seed, k) for name in experiments for p, k in wanted)
        print_ = fingerprint(interpreter, device, threads, mends, experiments)
        requests.append(
            Request(backend, interpreter.python, profile, seed, device, threads, mends, print_, output, runs)
        )
    try:
        with Progress(_console(), {request.backend: len(request.runs) for request in requests}) as progress:
            return launch(requests, progress, time_limit), output
    except Interrupted as interrupted:
        _say(
            f"interrupted: {interrupted.finished} of {interrupted.total} trainings finished and kept in {output}; "
            "the same command goes on from there"
        )
        sys.exit(130)


def _read_records(outcomes: Sequence[Outcome], output: Path) -> list[Record]:
    """The records of these outcomes alone; the folder may hold others, of earlier commands."""
    from multibackend.compare import load_runs
    from multibackend.record import RECORD_FILE

    folders = [output / "records" / outcome.run.folder for outcome in outcomes]
    return load_runs([folder for folder in folders if (folder / RECORD_FILE).is_file()])


def _compare(
    records: list[Record], experiments: list[str] | None, backends: list[str], precisions: list[str], output: Path
) -> bool:
    from multibackend.compare import compare_records
    from multibackend.report import print_comparison, write_results

    comparison = compare_records(records, experiments, backends=backends, precisions=precisions)
    paths = write_results(comparison, records, output)
    print_comparison(comparison, _console())
    for path in paths:
        click.echo(str(path))
    return comparison.passed


def _exit_code(outcomes: Sequence[Outcome], by_name: bool) -> int:
    """Say what failed and what couldn't be run; 1 for a failure, and for a run that was asked for, or is in CI."""
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    not_run = {outcome.run.experiment: outcome.reason for outcome in outcomes if outcome.status == "not-run"}
    demanded = by_name or os.environ.get("CI", "").lower() not in ("", "0", "false")
    if failed:
        _say_error(f"{failed} of {len(outcomes)} trainings failed; the lines above say why")
    for experiment, reason in not_run.items():
        line = f"NOT RUN: {experiment}: {' '.join(reason.split())}"
        _say(f"error: {line}" if demanded else line)
    return int(bool(failed or (not_run and demanded)))


def _print_trained(outcomes: Sequence[Outcome], output: Path) -> None:
    from rich.table import Table

    from multibackend.progress import describe
    from multibackend.record import load_record

    table = Table(title=f"Trained; records in {output / 'records'}", title_justify="left")
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
        table.add_row(describe(outcome.run), status, *cells)
    _console().print(table)


def _reached(record: Record) -> list[str]:
    """Final training loss, test metrics, seconds; as text."""
    history = record.group("history").get("loss")
    loss = "" if history is None or not len(history) else f"{history[-1]:.6g}"
    metrics = "  ".join(f"{name} {value.item():.6g}" for name, value in record.group("test").items())
    return [loss, metrics, f"{sum(record.wall_seconds.values()):.1f}"]


def _console() -> Console:
    from rich.console import Console

    narrow = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=NARROW_COLUMNS if narrow else None, highlight=False)
