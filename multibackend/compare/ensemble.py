"""Ensembles: the finished records of one experiment, gathered, with what each of them lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from multibackend.compare.gaps import find_broken_ends, find_gaps
from multibackend.compare.measures import Array
from multibackend.compare.participants import sort_participants
from multibackend.compare.places import Problem
from multibackend.compare.repetitions import find_other_start
from multibackend.compare.silence import Silence, find_silence
from multibackend.experiments.choices import Precision, Task
from multibackend.records.record import Record


def is_training(record: Record) -> bool:
    """Say whether a record is of a training itself: no repetition, and no closer look."""
    return record.run.task == "training" and not record.run.perturbation


COMPARED = (
    "initial_weights",
    "initial_outputs",
    "initial",
    "gradients",
    "updates",
    "slots",
    "losses",
    "history",
    "test",
    "predictions",
    "continued",
)
"""Groups of arrays that the stages read: less than half of a record."""


@dataclass(frozen=True)
class Ensemble:
    """All finished trainings of one experiment: `base` by precision and backend, and the `perturbed` ones.

    `closer` holds the closer looks at them, by task, precision and backend. By precision and backend, `gaps` holds what
    is missing at each stage, and `silences` what says nothing. `truths` keeps each ground truth once it is established,
    because all pairs are judged against it.
    """

    experiment: str
    base: dict[tuple[Precision, str], Record]
    perturbed: tuple[Record, ...]
    closer: dict[tuple[Task, Precision, str], Record] = field(default_factory=dict)
    gaps: dict[tuple[Precision, str], dict[str, Problem]] = field(default_factory=dict)
    silences: dict[tuple[Precision, str], Silence] = field(default_factory=dict)
    truths: dict[Any, Array | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def read(self, groups: Collection[str] = COMPARED) -> Ensemble:
        """Read the arrays of these groups into memory; those that stay on disk are read each time they are needed."""
        base = {key: record.read(groups) for key, record in self.base.items()}
        return replace(self, base=base, perturbed=tuple(record.read(groups) for record in self.perturbed))

    def examine(self) -> Ensemble:
        """Read the arrays that the stages compare, and find what each training and each repetition lacks."""
        gaps: dict[tuple[Precision, str], dict[str, Problem]] = {}
        for record in (*self.base.values(), *self.perturbed):
            found = find_gaps(record) or find_broken_ends(record)
            ours = gaps.setdefault((record.run.precision, record.run.backend), {})
            for stage, problem in found.items():
                ours.setdefault(stage, _name_repetition(problem, record))
        read = replace(self, gaps=gaps).read()
        for record in read.perturbed:
            key = record.run.precision, record.run.backend
            if key in read.base and (other := find_other_start(read.base[key], record)):
                gaps[key].setdefault("initial weights", _name_repetition(other, record))
        silences = {key: find_silence(record) for key, record in read.base.items() if "structure" not in gaps[key]}
        return replace(read, silences=silences)

    def list_float64(self) -> list[Record]:
        """List the trainings from which the ground truth is taken."""
        names = sort_participants(backend for precision, backend in self.base if precision == "float64")
        return [self.base["float64", name] for name in names]

    def list_float32(self, backend: str) -> list[Record]:
        """List a backend's trainings in float32, the perturbed ones included."""
        base = [self.base["float32", backend]] if ("float32", backend) in self.base else []
        return base + self.list_repetitions("float32", backend)

    def list_repetitions(self, precision: Precision, backend: str) -> list[Record]:
        """List a backend's perturbed trainings in a precision."""
        return [r for r in self.perturbed if (r.run.precision, r.run.backend) == (precision, backend)]


def _name_repetition(problem: Problem, record: Record) -> Problem:
    """Add to a problem which repetition it is of, if it is of one."""
    repeated = f"of repetition {record.run.perturbation}, " if record.run.perturbation else ""
    return replace(problem, detail=repeated + problem.detail)


def gather_ensembles(records: Iterable[Record]) -> dict[str, Ensemble]:
    """Gather the finished records by experiment, in natural order: `A2` before `A10`."""
    by_name: dict[str, list[Record]] = {}
    for record in records:
        by_name.setdefault(record.run.experiment, []).append(record)
    ensembles = {}
    for name in sorted(by_name, key=_natural_key):
        finished = [record for record in by_name[name] if record.status == "finished"]
        base = {(r.run.precision, r.run.backend): r for r in finished if is_training(r)}
        perturbed = tuple(r for r in finished if r.run.perturbation and r.run.task == "training")
        closer: dict[tuple[Task, Precision, str], Record] = {
            (r.run.task, r.run.precision, r.run.backend): r for r in finished if r.run.task != "training"
        }
        ensembles[name] = Ensemble(name, base, perturbed, closer)
    return ensembles


def _natural_key(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
