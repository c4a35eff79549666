"""The trainings of one session of pytest: each model once, and models with the same settings together."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

from multibackend.api import refer, train_and_compare
from multibackend.compare import Comparison
from multibackend.engine.backends import BACKENDS, DESCRIPTORS
from multibackend.errors import MultibackendError
from multibackend.experiments.catalogue import select_experiments
from multibackend.launch.choosing import find_backend_problem, name_pythons
from multibackend.launch.output_folder import OutputFolder, open_folder
from multibackend.launch.probing import probe_all, problem_of
from multibackend.launch.settings import Execution
from multibackend.pytest_plugin.settings import ParitySettings
from multibackend.report.console import make_console


class ParitySession:
    """The backends of a session, and its comparisons so far; records go below `folder`.

    `backends` are those asked for: one that can't train is an error. None stands for those that are found.

    Raises:
        MultibackendError: an unknown backend, or fewer than two were asked for.
    """

    def __init__(self, backends: Sequence[str] | None, pythons: Sequence[str], folder: Path) -> None:
        self._pythons = name_pythons(pythons)
        self._folder = folder
        self._comparisons: dict[tuple[str, ParitySettings], Comparison | MultibackendError] = {}
        self._problems: dict[str, str] = {}
        if backends is None:
            answers = probe_all({name: self._pythons[name] for name in BACKENDS})
            self._problems = {name: problem for name in BACKENDS if (problem := problem_of(answers[name]))}
            backends = [name for name in BACKENDS if name not in self._problems]
        elif problem := find_backend_problem(backends, tuple(DESCRIPTORS)):
            raise MultibackendError(f"--parity-backends: {problem}")
        self.backends = tuple(name for name in DESCRIPTORS if name in backends)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs that are compared; if there is none, all pairs, as the test of each says what is missing."""
        return list(combinations(BACKENDS if self.missing else self.backends, 2))

    @property
    def missing(self) -> str:
        """The reason why nothing can be compared, or ""."""
        if len(self.backends) > 1:
            return ""
        return "two backends are needed; " + "; ".join(self._problems.values())

    def describe(self) -> str:
        """Say which backends are compared, and why others are not."""
        others = "".join(f"; {problem}" for problem in self._problems.values())
        return f"parity: compared {', '.join(self.backends) or 'nothing'}{others}"

    def refer(self, model: Any, data: Any) -> str:
        """Name a model's training, for this process and for those that train."""
        return refer(model, data, self._folder)

    def compare(self, name: str, together: Sequence[str], settings: ParitySettings) -> Comparison:
        """Compare the trainings of what a name stands for, and return only these findings.

        The models of `together` are trained with it if they aren't trained yet: a framework is imported once.

        Raises:
            MultibackendError: the training can't be asked for.
        """
        if (name, settings) not in self._comparisons:
            group = [n for n in dict.fromkeys([name, *together]) if (n, settings) not in self._comparisons]
            found = self._train(group, settings)
            if isinstance(found, MultibackendError) and len(group) > 1:  # any model may be the cause: each alone
                group, found = [name], self._train([name], settings)
            self._comparisons |= dict.fromkeys([(n, settings) for n in group], found)
        comparison = self._comparisons[name, settings]
        if isinstance(comparison, MultibackendError):
            raise comparison
        return comparison.restrict(select_experiments([name]))

    def _train(self, names: list[str], settings: ParitySettings) -> Comparison | MultibackendError:
        try:
            with self._alone() as folder:
                execution = Execution(self._pythons, folder, make_console(quiet=True))
                precisions, training = settings.precisions, settings.training
                return train_and_compare(names, self.backends, precisions, training, execution).comparison
        except MultibackendError as error:
            return error

    @contextmanager
    def _alone(self) -> Iterator[OutputFolder]:
        """Let one process at a time train into the folder; the next process finds what the first has trained.

        Processes of sessions wait for each other. Another command there is refused, or this one is.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with open_folder(self._folder) as folder:
                yield folder
