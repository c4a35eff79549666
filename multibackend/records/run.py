"""Runs: the identity of a record. Two runs are compared by their fields, never by the words that people read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from multibackend.experiments.choices import Precision, Profile, Task
from multibackend.experiments.experiment import name_file, shorten_name


@dataclass(frozen=True)
class Run:
    """One run of an experiment on one backend, in one precision.

    `perturbation` 0 is the training itself. k > 0 is its k-th repetition, from initial weights moved by one unit in the
    last place, which measures how far rounding error alone carries. A `task` other than "training" is a closer look:

    | task | what is recorded |
    |---|---|
    | trace | one training step, with the values that pass through each layer |
    | isolation | the same step, with each layer run alone on the traced values |
    | interchange | predictions and further steps of the models that the backends saved |
    """

    experiment: str
    backend: str
    precision: Precision
    profile: Profile
    seed: int
    perturbation: int = 0
    task: Task = "training"

    @property
    def folder(self) -> Path:
        """The folder of its record, below `records/`."""
        suffix = f"-perturbed-{self.perturbation}" if self.perturbation else ""
        suffix += f"-{self.task}" if self.task != "training" else ""
        return Path(name_file(self.experiment)) / f"{self.backend}-{self.precision}{suffix}"

    @property
    def words(self) -> str:
        """Backend, precision, repetition and task in words; the task is named unless it is the training itself."""
        suffix = f" perturbed {self.perturbation}" if self.perturbation else ""
        suffix += f" {self.task}" if self.task != "training" else ""
        return f"{self.backend} {self.precision}{suffix}"

    def __str__(self) -> str:
        return f"{shorten_name(self.experiment)} {self.words}"
