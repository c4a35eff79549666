"""Names: how experiments and runs are shown to people, in every report alike.

A name is shown without its folders, unless two experiments would then read alike: these are shown in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from multibackend.compare import Comparison
from multibackend.experiments.experiment import shorten_name
from multibackend.records.record import Run
from multibackend.text import sanitize, tell_apart

MOST_NAMES = 4
"""The most experiments that are named in a line."""


class Names:
    """The names of the experiments of one report, each of which reads otherwise than every other."""

    def __init__(self, experiments: Iterable[str]) -> None:
        every = list(dict.fromkeys(experiments))
        short = Counter(map(shorten_name, every))

        def show(name: str) -> str:
            return sanitize(shorten_name(name) if short[shorten_name(name)] == 1 else name)

        self._shown = tell_apart(every, show)

    def show(self, experiment: str) -> str:
        """Show an experiment's name; one that the report doesn't know is shortened alone."""
        return self._shown.get(experiment, sanitize(shorten_name(experiment)))

    def show_run(self, run: Run) -> str:
        """Show a run: its experiment, backend, precision, repetition and task."""
        return f"{self.show(run.experiment)} {run.words}"

    def join(self, experiments: Sequence[str]) -> str:
        """List experiments in a line, or give their number where they are many."""
        if len(experiments) > MOST_NAMES:
            return f"{len(experiments)} experiments"
        return ", ".join(map(self.show, experiments))


def name_experiments(comparison: Comparison) -> Names:
    """Name every experiment that a comparison speaks of."""
    absences = [absence.run.experiment for absence in (*comparison.failed, *comparison.not_run)]
    noted = [note.experiment for note in comparison.notes]
    known = [name for effect in comparison.known for name in effect.experiments]
    return Names([*comparison.experiments, *absences, *noted, *comparison.drawn, *known])


def group_notes(comparison: Comparison, names: Names) -> dict[str, str]:
    """Group the notes by their text, with the experiments and precisions that each is about in a line."""
    grouped: dict[str, list[str]] = {}
    for note in comparison.notes:
        grouped.setdefault(note.text, []).append(f"{names.show(note.experiment)} {note.precision}".strip())
    return {
        text: ", ".join(about) if len(about) <= MOST_NAMES else f"{len(about)} experiments"
        for text, about in grouped.items()
    }


@dataclass(frozen=True)
class NotRun:
    """The trainings of an experiment that were not run for one reason; `whole` says whether these are all of it."""

    experiment: str
    reason: str
    runs: tuple[str, ...]
    whole: bool


def group_not_run(comparison: Comparison) -> list[NotRun]:
    """Group the trainings that were not run by experiment and reason; a repetition counts with what it repeats."""
    grouped: dict[tuple[str, str], dict[str, None]] = {}
    for absence in comparison.not_run:
        run = replace(absence.run, perturbation=0)
        grouped.setdefault((run.experiment, absence.reason), {})[run.words] = None
    return [
        NotRun(experiment, reason, tuple(runs), len(runs) == _count_runs(comparison, experiment))
        for (experiment, reason), runs in grouped.items()
    ]


def _count_runs(comparison: Comparison, experiment: str) -> int:
    findings = comparison.select(experiment)
    return len({(finding.precision, name) for finding in findings for name in finding.pair})
