"""Options: what the commands that train have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.launch.dispatch import RUN_SECONDS

Command = TypeVar("Command", bound=Callable[..., Any])


def _parse_pythons(_ctx: click.Context, _option: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    """Name the Python of each backend; an option outdoes the variable, backend by backend."""
    from multibackend.launch.interpreters import name_pythons

    try:
        return name_pythons(values)
    except MultibackendError as error:
        raise click.BadParameter(str(error)) from error


def parse_backends(_ctx: click.Context, _option: click.Parameter, value: str) -> list[str]:
    """Read names with commas between; return them in the order of every table."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := [name for name in names if name not in BACKENDS]:
        raise click.BadParameter(f"got {unknown[0]!r}; expected names from {','.join(BACKENDS)}, with commas between.")
    if len(set(names)) < 2:
        raise click.BadParameter(f"got {value!r}; expected two or three of {','.join(BACKENDS)}, to be compared.")
    return [backend for backend in BACKENDS if backend in names]


BACKENDS_OPTION = click.option(
    "--backends",
    default=",".join(BACKENDS),
    show_default=True,
    callback=parse_backends,
    metavar="NAME,NAME",
    help="Which to compare.",
)


PYTHON_OPTION = click.option(
    "--python",
    "pythons",
    metavar="BACKEND=PATH",
    multiple=True,
    envvar="MULTIBACKEND_PYTHON",
    show_envvar=True,
    callback=_parse_pythons,
    help="The Python that runs a backend; by default, this one. Repeat for each.",
)

TRAINING_OPTIONS = (
    click.option("--profile", type=click.Choice(["quick", "full"]), default="quick", show_default=True),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
    click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True),
    click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="For each backend."),
    click.option(
        "--workarounds/--no-workarounds",
        default=True,
        help="Work around known faults of Keras in float64.  [default: workarounds]",
    ),
    click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where records, logs and results go.  [default: runs/PROFILE-seedSEED]",
    ),
    click.option(
        "--time-limit",
        type=click.FloatRange(min=0, min_open=True),
        default=RUN_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="For each training; one that takes longer is stopped and counts as failed.",
    ),
    PYTHON_OPTION,
)


def training_options(command: Command) -> Command:
    """Give a command all options of training."""
    for option in reversed(TRAINING_OPTIONS):
        command = option(command)
    return command


def precision_option(default: str) -> Callable[[Command], Command]:
    """Give a command the choice of precisions."""
    choice = click.Choice(["float64", "float32", "both"])
    return click.option("--precision", type=choice, default=default, show_default=True)


def expand_precision(precision: str) -> list[str]:
    """List what `--precision` stands for, float64 first."""
    return ["float64", "float32"] if precision == "both" else [precision]
