"""Settings: what decides a training's numbers, and with which means a command runs its trainings.

`Settings` decide the numbers, and so belong to the fingerprint (except the profile and the seed, which name the run).
`Execution` decides none. `Training` names one training of an experiment on a backend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multibackend.engine.backend import DEVICES, Device
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import PROFILES, Precision, Profile, Task

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from multibackend.launch.output_folder import OutputFolder

RUN_SECONDS = 1800.0
"""Default limit for one training, from its start to its end."""


@dataclass(frozen=True)
class Settings:
    """The choices that decide a training's numbers, beside its experiment, its backend and its precision.

    Each experiment is trained with `seeds` seeds, from `seed` on. `threads` are those of each backend. `workarounds`
    says whether known faults of Keras are worked around in float64.

    Raises:
        MultibackendError: a value that no training can have.
    """

    profile: Profile = "quick"
    seed: int = 0
    device: Device = "auto"
    threads: int = 1
    workarounds: bool = True
    seeds: int = 1

    def __post_init__(self) -> None:
        for name, got, choices in (("profile", self.profile, PROFILES), ("device", self.device, DEVICES)):
            if got not in choices:
                raise MultibackendError(f"{name}: got {got!r}; expected one of {', '.join(choices)}.")
        for name, number, least in (("seed", self.seed, 0), ("threads", self.threads, 1), ("seeds", self.seeds, 1)):
            if type(number) is not int or number < least:
                raise MultibackendError(f"{name}: got {number!r}; expected a whole number of at least {least}.")


@dataclass(frozen=True)
class Execution:
    """The means with which a command runs its trainings; nothing here decides a number.

    `pythons` names the Python of each backend. Records and logs go to `output`, progress to the console. A training
    that takes longer than `run_seconds` is stopped. `sources` are folders of records that closer looks start from,
    beside those in the output folder.
    """

    pythons: Mapping[str, str]
    output: OutputFolder
    console: Console
    run_seconds: float = RUN_SECONDS
    sources: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Training:
    """One training of an experiment on a backend; `perturbation` and `task` are those of its `Run`."""

    precision: Precision
    perturbation: int = 0
    task: Task = "training"
