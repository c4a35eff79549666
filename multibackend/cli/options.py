"""Options: what the commands that train have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

import click

from multibackend.engine.backend import DEVICES, Device
from multibackend.engine.backends import BACKENDS, DESCRIPTORS
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import PRECISIONS, PROFILES, Precision, Profile
from multibackend.launch.settings import RUN_SECONDS, Settings

Command = TypeVar("Command", bound=Callable[..., Any])

PrecisionChoice = Literal["float64", "float32", "both"]
"""The values of `--precision`."""


def _parse_pythons(_ctx: click.Context, _option: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    """Name the Python of each backend; an option has precedence over the environment variable, for its backend."""
    from multibackend.launch.choosing import name_pythons

    try:
        return name_pythons(values)
    except MultibackendError as error:
        raise click.BadParameter(str(error)) from error


def _backends_option(able: Sequence[str], words: str) -> Callable[[Command], Command]:
    """Make the option that names the backends to compare, of those that are able to do what the command asks."""

    def parse(_ctx: click.Context, _option: click.Parameter, value: str) -> list[str]:
        from multibackend.launch.choosing import find_backend_problem

        names = [name.strip() for name in value.split(",") if name.strip()]
        if problem := find_backend_problem(names, able):
            raise click.BadParameter(f"{problem} Write them with commas between: --backends NAME,NAME")
        return [backend for backend in able if backend in names]

    return click.option(
        "--backends",
        default=",".join(BACKENDS),
        show_default=True,
        callback=parse,
        metavar="NAME,NAME",
        help=f"The backends to compare, at least two{words}.",
    )


BACKENDS_OPTION = _backends_option(BACKENDS, "")

_INFERRING = ", ".join(name for name in DESCRIPTORS if name not in BACKENDS)

PARTICIPANTS_OPTION = _backends_option(
    tuple(DESCRIPTORS), f"; {_INFERRING} can take part, as far as it goes without training" if _INFERRING else ""
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

USUAL = Settings()

TRAINING_OPTIONS = (
    click.option("--profile", type=click.Choice(PROFILES), default=USUAL.profile, show_default=True),
    click.option("--seed", type=click.IntRange(min=0), default=USUAL.seed, show_default=True),
    click.option("--device", type=click.Choice(DEVICES), default=USUAL.device, show_default=True),
    click.option(
        "--threads", type=click.IntRange(min=1), default=USUAL.threads, show_default=True, help="For each backend."
    ),
    click.option(
        "--workarounds/--no-workarounds",
        default=USUAL.workarounds,
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


@dataclass(frozen=True)
class TrainingOptions:
    """The values of the options of training; `output` is None where the user gave none."""

    settings: Settings
    pythons: Mapping[str, str]
    run_seconds: float
    output: Path | None

    @property
    def folder(self) -> Path:
        """The output folder: as the user says, or else one that is named for the settings."""
        return self.output or name_output(self.settings)


def name_output(settings: Settings) -> Path:
    """Name the folder of records and results for the settings."""
    last = settings.seed + settings.seeds - 1
    seeds = f"seed{settings.seed}" if settings.seeds == 1 else f"seeds{settings.seed}-{last}"
    return Path("runs") / f"{settings.profile}-{seeds}{'' if settings.workarounds else '-no-workarounds'}"


def training_options(command: Command) -> Command:
    """Give a command all options of training; it gets their values as one argument, `options`."""

    @wraps(command)
    def gather(
        *,
        profile: Profile,
        seed: int,
        device: Device,
        threads: int,
        workarounds: bool,
        output: Path | None,
        time_limit: float,
        pythons: dict[str, str],
        **others: Any,
    ) -> Any:
        settings = Settings(profile, seed, device, threads, workarounds)
        return command(options=TrainingOptions(settings, pythons, time_limit, output), **others)

    for option in reversed(TRAINING_OPTIONS):
        gather = option(gather)
    return cast("Command", gather)


def precision_option(default: PrecisionChoice) -> Callable[[Command], Command]:
    """Give a command the choice of precisions."""
    choice = click.Choice(get_args(PrecisionChoice))
    return click.option("--precision", type=choice, default=default, show_default=True)


def expand_precision(precision: PrecisionChoice) -> list[Precision]:
    """List what `--precision` stands for, float64 first."""
    return list(PRECISIONS) if precision == "both" else [precision]
