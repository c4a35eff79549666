"""What one session of pytest trains: each model once, those that are trained alike together, and who shares it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multibackend.api import refer, train_and_compare
from multibackend.compare import Comparison
from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.experiments.catalogue import select_experiments
from multibackend.launch.choosing import name_pythons
from multibackend.launch.dispatch import RUN_SECONDS
from multibackend.launch.output_folder import OutputFolder, open_folder
from multibackend.launch.probing import probe_all, problem_of

if TYPE_CHECKING:
    from multibackend.engine.backend import Device
    from multibackend.experiments.experiment import Profile

CHOICES = {"precision": ("both", "float64", "float32"), "profile": ("quick", "full"), "device": ("auto", "cpu", "cuda")}


@dataclass(frozen=True)
class Settings:
    """What a marker or a call of the fixture may set."""

    precision: str = "both"
    profile: Profile = "quick"
    device: Device = "auto"
    seed: int = 0
    threads: int = 1
    workarounds: bool = True

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions that are trained, float64 first."""
        return ("float64", "float32") if self.precision == "both" else (self.precision,)

    def update(self, given: Mapping[str, Any]) -> Settings:
        """The same with what was given.

        Raises:
            MultibackendError: there is no such setting, or not with such a value.
        """
        for name, value in given.items():
            if name not in self.__dataclass_fields__:
                known = ", ".join(self.__dataclass_fields__)
                raise MultibackendError(f"parity: got {name}={value!r}; expected some of data, {known}.")
            if value not in CHOICES.get(name, (value,)):
                raise MultibackendError(f"parity: got {name}={value!r}; expected one of {', '.join(CHOICES[name])}.")
        return replace(self, **given)


class ParitySession:
    """The backends that there are, and the comparisons made so far; records go below `folder`.

    `backends` are those asked for: one that can't be trained on is an error. None stands for those that are found.

    Raises:
        MultibackendError: an unknown backend, or fewer than two were asked for.
    """

    def __init__(self, backends: Sequence[str] | None, pythons: Sequence[str], folder: Path) -> None:
        self._pythons = name_pythons(pythons)
        self._folder = folder
        self._comparisons: dict[tuple[str, Settings], Comparison | MultibackendError] = {}
        self._problems: dict[str, str] = {}
        if backends is None:
            answers = probe_all(self._pythons)
            self._problems = {name: problem for name in BACKENDS if (problem := problem_of(answers[name]))}
            backends = [name for name in BACKENDS if name not in self._problems]
        elif unknown := [name for name in backends if name not in BACKENDS]:
            raise MultibackendError(f"--parity-backends: got {unknown[0]!r}; expected some of {', '.join(BACKENDS)}.")
        elif len(set(backends)) < 2:
            raise MultibackendError(f"--parity-backends: got {', '.join(backends) or 'none'}; expected at least two.")
        self.backends = tuple(name for name in BACKENDS if name in backends)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs that are compared; where there is none, all, so that each can say what is missing."""
        return list(combinations(BACKENDS if self.missing else self.backends, 2))

    @property
    def missing(self) -> str:
        """Why nothing can be compared, or ""."""
        if len(self.backends) > 1:
            return ""
        return "two backends are needed; " + "; ".join(self._problems.values())

    def describe(self) -> str:
        """Which backends are compared, and why others are not."""
        others = "".join(f"; {problem}" for problem in self._problems.values())
        return f"parity: compared {', '.join(self.backends) or 'nothing'}{others}"

    def refer(self, model: Any, data: Any) -> str:
        """The name by which a model's training is known, here and to the processes that train."""
        return refer(model, data, self._folder)

    def compare(self, name: str, together: Sequence[str], settings: Settings) -> Comparison:
        """The comparison of what a name stands for, alone.

        Models `together` are trained at the same time if they must be trained at all: a framework is imported once.

        Raises:
            MultibackendError: the training can't be asked for.
        """
        if (name, settings) not in self._comparisons:
            group = [n for n in dict.fromkeys([name, *together]) if (n, settings) not in self._comparisons]
            found = self._train(group, settings)
            if isinstance(found, MultibackendError) and len(group) > 1:  # of whichever: each for itself then
                group, found = [name], self._train([name], settings)
            self._comparisons |= dict.fromkeys([(n, settings) for n in group], found)
        comparison = self._comparisons[name, settings]
        if isinstance(comparison, MultibackendError):
            raise comparison
        return comparison.restrict(select_experiments([name]))

    def _train(self, names: list[str], settings: Settings) -> Comparison | MultibackendError:
        try:
            with self._alone() as folder:
                return train_and_compare(
                    names,
                    self.backends,
                    settings.precisions,
                    profile=settings.profile,
                    seed=settings.seed,
                    device=settings.device,
                    threads=settings.threads,
                    workarounds=settings.workarounds,
                    output=folder,
                    time_limit=RUN_SECONDS,
                    pythons=self._pythons,
                )[0]
        except MultibackendError as error:
            return error

    @contextmanager
    def _alone(self) -> Iterator[OutputFolder]:
        """Let one process at a time train into the folder; the next finds what the first has trained.

        Those of one session wait for each other; a command that isn't a session's is refused, or refuses us.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with open_folder(self._folder) as folder:
                yield folder
